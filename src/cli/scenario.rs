//! The flags behind `--`: what to render, for commands that render but write files of their own.

use super::commands::Described;
use super::config::Line;
use super::flags::{Request, words_of};
use super::{CliError, crystals, render};
use crate::document::Key;

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
    render::help_if_asked(words, Described::render)?;
    let given = render::parsed(Line::of_experiment(words)?)?;
    let of_the_run = given.given.flags.iter().find(|flag| flag.is_of_the_run());
    if let Some(flag) = of_the_run {
        return Err(CliError::usage(format!(
            "{}: {command} has no use for it behind --, where only flags of the experiment go",
            flag.shown()
        )));
    }
    let request = given.request()?;
    crystals::require_one(&request)?;
    Ok(request)
}

/// The flags of `words` with those of their experiment file but for the keys `own`, for commands
/// that add to them.
///
/// # Errors
/// [`CliError`] for a file that is missing or bad, and for wrong flags beside one.
pub fn plain(words: &[String], own: &[&Key]) -> Result<Vec<String>, CliError> {
    let line = Line::of_experiment(words)?;
    if !line.has_file() {
        return Ok(line.words);
    }
    let flags = line.words.clone();
    let given = render::parsed(line)?.given;
    let mut below = given.spelling.of_file().clone();
    own.iter().for_each(|key| key.clear(&mut below));
    Ok([words_of(&below), flags].concat())
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
