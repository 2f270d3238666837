//! Text files: their lines, and numbers in columns.

use std::borrow::Cow;
use std::str::Utf8Error;

use super::{Problem, c_number};

/// Longest piece of a file that an error message quotes.
const QUOTED: usize = 40;

/// The byte order mark that some editors put before a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// `text` without the mark that it may start with.
pub(super) fn unmarked(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// `bytes` as text without a byte order mark, its lines ended by `\n`.
pub(super) fn as_text(bytes: &[u8]) -> Result<Cow<'_, str>, Utf8Error> {
    std::str::from_utf8(unmarked(bytes)).map(newlines)
}

/// `text` with `\n` for every `\r\n` and every lone `\r`: for readers that look for line ends.
pub(crate) fn newlines(text: &str) -> Cow<'_, str> {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    }
}

/// The lines of a text, whichever of `\n`, `\r\n` and `\r` ends them.
pub(super) fn text_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = bytes.split(|&byte| byte == b'\n');
    lines.flat_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line.split(|&byte| byte == b'\r')
    })
}

/// The lines of a text file that hold something, numbered from 1; what follows a `#` is left out.
///
/// # Errors
/// A [`Problem`] when the bytes are not text.
pub(super) fn lines(bytes: &[u8]) -> Result<impl Iterator<Item = (usize, &str)>, Problem> {
    let bytes = unmarked(bytes);
    let refused = |place: usize, what: &str| {
        let what = format!("{what}; expected a text file of numbers in columns");
        Problem::on_line(text_lines(&bytes[..place]).count(), what)
    };
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(refused(error.valid_up_to(), "not text"));
    }
    if let Some(place) = bytes.iter().position(|&byte| byte == 0) {
        return Err(refused(place, "binary data"));
    }
    let numbered = text_lines(bytes).enumerate().map(|(index, line)| {
        let line = std::str::from_utf8(line).unwrap_or_default();
        let content = line.split_once('#').map_or(line, |(before, _)| before);
        (index + 1, content.trim())
    });
    Ok(numbered.filter(|(_, line)| !line.is_empty()))
}

/// The finite number that `word` spells on line `line`.
pub(super) fn number(line: usize, word: &str) -> Result<f64, Problem> {
    match c_number::number(word) {
        Some(value) if value.is_finite() => Ok(value),
        Some(_) => Err(Problem::on_line(
            line,
            format!("{word} is not a finite number"),
        )),
        None => Err(Problem::on_line(
            line,
            format!("{} is not a number", quoted(word)),
        )),
    }
}

/// `word` in quotes, shortened and with control characters made visible.
pub(super) fn quoted(word: &str) -> String {
    let mut shown = String::new();
    for character in word.chars().take(QUOTED) {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    let rest = if word.chars().nth(QUOTED).is_some() {
        "…"
    } else {
        ""
    };
    format!("'{shown}{rest}'")
}
