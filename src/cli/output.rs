//! Standard output for results, standard error for messages.

use std::borrow::Cow;
use std::io::{ErrorKind, Write};

use anstream::AutoStream;
use anyhow::Context;
use serde::Serialize;

use super::CliError;
use crate::report::text_of;

/// Prints `text`. A reader that has heard enough (`| head`) is no error.
///
/// # Errors
/// [`CliError::Failed`] when standard output cannot be written to.
pub fn print(text: &str) -> Result<(), CliError> {
    write(std::io::stdout().lock(), text)
}

/// Prints `text`, with its colours where they are wanted: on a terminal, unless NO_COLOR is set,
/// and wherever CLICOLOR_FORCE is.
///
/// # Errors
/// As [`print`].
pub fn print_coloured(text: &str) -> Result<(), CliError> {
    write(AutoStream::auto(std::io::stdout().lock()), text)
}

fn write(mut output: impl Write, text: &str) -> Result<(), CliError> {
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")?
        }
        _ => Ok(()),
    }
}

/// Prints `document` on standard output, as JSON.
///
/// # Errors
/// As [`print`].
pub fn print_json(document: &impl Serialize) -> Result<(), CliError> {
    print(&format!("{}\n", serde_json::to_string_pretty(document)?))
}

/// Prints `report` on standard output, as JSON or as lines for people.
///
/// # Errors
/// As [`print`].
pub fn print_report(report: &impl Serialize, json: bool) -> Result<(), CliError> {
    match json {
        true => print_json(report),
        false => print(&text_of(report)?),
    }
}

/// Prints `summary` of work that wrote files: as JSON on standard output, or, unless it is to be
/// `quiet`, as lines for people on standard error.
///
/// # Errors
/// As [`print`].
pub fn print_summary(summary: &impl Serialize, json: bool, quiet: bool) -> Result<(), CliError> {
    match json {
        true => print_json(summary)?,
        false if quiet => {}
        false => say(text_of(summary)?.trim_end()),
    }
    Ok(())
}

/// Puts lines on standard error, [`cut`], or nowhere if that is closed: an image is not worth less
/// for it.
pub fn say(lines: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{}", cut(&lines.to_string()));
}

/// `text` as people can read it, whatever it repeats of files and command lines: of a word that is
/// longer than any file's name its beginning, of a line that fills a screen its beginning and end.
fn cut(text: &str) -> Cow<'_, str> {
    /// The longest name of a file, bytes.
    const NAME: usize = 255;
    /// Characters of a longer word that are kept.
    const BEGINNING: usize = 40;
    /// The longest line, bytes.
    const LINE: usize = 4096;
    /// Characters of a longer line that are kept at either end.
    const END: usize = 1000;
    let is_between = |c: char| c.is_whitespace() || "/\\:;,".contains(c);
    let is_long = |word: &str| word.len() > NAME;
    if !text.split(is_between).any(is_long) && text.lines().all(|line| line.len() <= LINE) {
        return text.into();
    }
    let mut words = String::new();
    for piece in text.split_inclusive(is_between) {
        let word = piece.trim_end_matches(is_between);
        match word.char_indices().nth(BEGINNING) {
            Some((end, _)) if is_long(word) => {
                let more = word[end..].chars().count();
                words += &format!("{}… ({more} more)", &word[..end]);
            }
            _ => words += word,
        }
        words += &piece[word.len()..];
    }
    let lines = words.split('\n').map(|line| {
        let length = line.chars().count();
        if line.len() <= LINE || length <= 2 * END {
            return line.to_string();
        }
        let [beginning, end]: [String; 2] = [
            line.chars().take(END).collect(),
            line.chars().skip(length - END).collect(),
        ];
        format!("{beginning} … {end}")
    });
    lines.collect::<Vec<_>>().join("\n").into()
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn long_values_are_cut_and_the_rest_is_not() {
        let name = "n".repeat(255);
        let sound = format!("-hkl /data/{name}/{name}: it is missing; expected …\n{name}");
        assert_eq!(cut(&sound), sound);
        let digits = "1".repeat(100_000_000);
        let beginning = "1".repeat(40);
        assert_eq!(
            cut(&format!("-lambda {digits}: expected a number, Å")),
            format!("-lambda {beginning}… (99999960 more): expected a number, Å")
        );
        let list = "1, ".repeat(1_000_000);
        let said = cut(&format!("key = [{list}]: expected 3 values, Å")).into_owned();
        assert!(
            said.len() < 4096 && said.starts_with("key = [1, 1"),
            "{said}"
        );
        assert!(said.ends_with(", ]: expected 3 values, Å"), "{said}");
    }
}
