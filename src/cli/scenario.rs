//! The flags behind `--`: what to render, for commands that render but write files of their own.

use super::flags::{self, Request};
use super::order::Order;
use super::{CliError, render};

/// What the flags `words`, given to `command` behind `--`, describe.
///
/// # Errors
/// [`CliError`] as for a render, and for flags of a render's files, printouts and program, which
/// would have no effect here.
pub fn scenario(command: &str, words: &[String]) -> Result<Request, CliError> {
    if words.is_empty() {
        return Err(CliError::usage(format!(
            "{command}: say what to render behind --, as in {command} -- -default_F 100 -cell 100 -N 5"
        )));
    }
    let matches = render::matches(words)?;
    let order = Order(&matches);
    let given = flags::flags_of_the_run()
        .into_iter()
        .find(|(id, _)| order.position(id).is_some());
    if let Some((_, flag)) = given {
        return Err(CliError::usage(format!(
            "{flag}: {command} has no use for it behind --, where only flags of the experiment go"
        )));
    }
    Request::new(&matches)
}

/// `words` with `seed`, where a random orientation would otherwise be another one each time.
pub fn seeded(words: &[String], seed: u64) -> Vec<String> {
    let mut words = words.to_vec();
    let is_seed = |word: &String| {
        let name = word.trim_start_matches('-');
        word.starts_with('-') && name.split('=').next() == Some("seed")
    };
    if !words.iter().any(is_seed) && words.iter().any(|word| word == "random") {
        words.extend(["-seed".to_string(), seed.to_string()]);
    }
    words
}
