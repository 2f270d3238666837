//! Structure factors as text: a line `h k l F` per reflection; further columns, such as standard
//! deviations, phases and comments, are ignored, and so are blank lines and what follows a `#` or,
//! at the start of a line, a `!`.

use std::path::Path;

use super::error::read_with;
use super::text::{lines, number, quoted};
use super::{FormatError, Problem};
use crate::experiment::Reflection;
use crate::memory::Bytes;

/// Reads the reflections of the file at `path`.
///
/// # Errors
/// [`FormatError`], with the line to blame where there is one.
pub fn read(path: &Path, most: Bytes) -> Result<Vec<Reflection>, FormatError> {
    read_with(path, most, parse)
}

/// The reflections listed in `bytes`, in their order.
///
/// # Errors
/// A [`Problem`] when a line is not `h k l F` with integer indices and a finite F, or when there
/// is no reflection at all.
pub fn parse(bytes: &[u8]) -> Result<Vec<Reflection>, Problem> {
    let reflections = lines(bytes)?
        .filter(|(_, content)| !content.starts_with('!'))
        .map(|(line, content)| {
            let mut words = content.split_ascii_whitespace();
            let mut index = [0; 3];
            for component in &mut index {
                *component = integer(line, words.next().ok_or_else(|| too_short(line, content))?)?;
            }
            let amplitude = number(line, words.next().ok_or_else(|| too_short(line, content))?)?;
            Ok(Reflection { index, amplitude })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    if reflections.is_empty() {
        return Err(Problem::with_file(
            "no reflections; expected lines of h k l F",
        ));
    }
    Ok(reflections)
}

fn integer(line: usize, word: &str) -> Result<i32, Problem> {
    word.parse().map_err(|_| {
        let what = format!(
            "{} is not an integer Miller index; expected h k l F",
            quoted(word)
        );
        Problem::on_line(line, what)
    })
}

fn too_short(line: usize, content: &str) -> Problem {
    Problem::on_line(
        line,
        format!("{} is too short; expected h k l F", quoted(content)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blank_lines_and_further_columns_are_skipped() {
        let text = b"# h k l F sigma\n! by hand\n\n 1 -2  3 4.5 0.1 x\r\n0 0 1 1e3 # strong\n";
        let found = parse(text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0],
            Reflection {
                index: [1, -2, 3],
                amplitude: 4.5
            }
        );
        assert_eq!(
            found[1],
            Reflection {
                index: [0, 0, 1],
                amplitude: 1000.0
            }
        );
    }

    #[test]
    fn mistakes_are_found_where_they_are() {
        let said = |text: &[u8]| parse(text).unwrap_err().to_string();
        assert_eq!(
            said(b"1 2 3 4\n1.5 0 0 9"),
            ", line 2: '1.5' is not an integer Miller index; expected h k l F"
        );
        assert_eq!(
            said(b"1 2 3"),
            ", line 1: '1 2 3' is too short; expected h k l F"
        );
        assert_eq!(said(b"1 2 3 inf"), ", line 1: inf is not a finite number");
        assert_eq!(said(b"1 2 3 four"), ", line 1: 'four' is not a number");
        assert_eq!(said(b"1 2 99999999999 4").matches("line 1").count(), 1);
        assert_eq!(
            said(b"# nothing\n"),
            ": no reflections; expected lines of h k l F"
        );
        assert!(said(b"1 2 3 4\n\xff\xfe").starts_with(", line 2: not text"));
        assert!(said(b"1 2\0 3 4").starts_with(", line 1: binary data"));
    }
}
