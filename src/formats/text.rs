//! Text files of numbers in columns.

use super::Problem;

/// Longest piece of a file that an error message quotes.
const QUOTED: usize = 40;

/// The byte order mark that some editors put before a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// `text` without the mark that it may start with.
pub(super) fn unmarked(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// The lines of a text file that hold something, numbered from 1; what follows a `#` is left out.
///
/// # Errors
/// A [`Problem`] when the bytes are not text.
pub(super) fn lines(bytes: &[u8]) -> Result<impl Iterator<Item = (usize, &str)>, Problem> {
    let bytes = unmarked(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1;
        Problem::on_line(line, "not text; expected a text file of numbers in columns")
    })?;
    if let Some(place) = text.find('\0') {
        let line = text[..place].matches('\n').count() + 1;
        return Err(Problem::on_line(
            line,
            "binary data; expected a text file of numbers in columns",
        ));
    }
    let numbered = text.lines().enumerate().map(|(index, line)| {
        let content = line.split_once('#').map_or(line, |(before, _)| before);
        (index + 1, content.trim())
    });
    Ok(numbered.filter(|(_, line)| !line.is_empty()))
}

/// The finite number that `word` spells on line `line`.
pub(super) fn number(line: usize, word: &str) -> Result<f64, Problem> {
    match word.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(Problem::on_line(
            line,
            format!("{word} is not a finite number"),
        )),
        Err(_) => Err(Problem::on_line(
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
