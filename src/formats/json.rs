//! JSON documents that this program wrote earlier, told from others by their `schema`.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::error::read_with;
use super::text::unmarked;
use super::{FormatError, Problem};
use crate::memory::Bytes;

/// The schema number, which every document may state.
#[derive(Deserialize)]
struct Head {
    schema: Option<u32>,
}

/// Reads the document in `path`, whose layout has the number `schema`; `expected` says in words
/// what it should be.
///
/// # Errors
/// [`FormatError`] for a file that cannot be read, is no JSON, or is another document.
pub fn read<T: DeserializeOwned>(
    path: &Path,
    schema: u32,
    expected: &str,
    most: Bytes,
) -> Result<T, FormatError> {
    read_with(path, most, |bytes| parse(bytes, schema, expected))
}

/// Makes sense of `bytes`.
///
/// # Errors
/// A [`Problem`] as for [`read`].
pub fn parse<T: DeserializeOwned>(bytes: &[u8], schema: u32, expected: &str) -> Result<T, Problem> {
    let bytes = unmarked(bytes);
    let wrong = |error: serde_json::Error| problem(&error, expected);
    let head: Head = serde_json::from_slice(bytes).map_err(wrong)?;
    match head.schema {
        Some(found) if found == schema => serde_json::from_slice(bytes).map_err(wrong),
        found => Err(Problem::with_file(format!(
            "its schema is {}; expected {expected}, with schema {schema}: make it anew with this \
             version of the program",
            found.map_or_else(|| "missing".into(), |found| found.to_string())
        ))),
    }
}

/// The error for a file that is not the JSON that it should be; `expected` describes that JSON.
pub(super) fn problem(error: &serde_json::Error, expected: &str) -> Problem {
    // The line, which serde_json puts behind the message, is 0 where there is none.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let found = match error.classify() {
        Category::Eof => "it ends before its JSON does".into(),
        Category::Syntax => format!("no JSON at column {}", error.column()),
        Category::Data | Category::Io => error.to_string().replace(&place, ""),
    };
    let what = format!("{found}; expected {expected}");
    match error.line() {
        0 => Problem::with_file(what),
        line => Problem::on_line(line, what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Document {
        answer: u32,
    }

    fn said(text: &str) -> String {
        let parsed = parse::<Document>(text.as_bytes(), 7, "an answer");
        parsed.map_or_else(|problem| problem.to_string(), |d| d.answer.to_string())
    }

    #[test]
    fn only_the_document_asked_for_is_read() {
        assert_eq!(said(r#"{"schema": 7, "answer": 42}"#), "42");
        let missing = said(r#"{"schema": 7}"#);
        assert_eq!(
            missing,
            ", line 1: missing field `answer`; expected an answer"
        );
        assert!(said(r#"{"answer": 42}"#).contains("its schema is missing; expected an answer"));
        assert!(
            said(r#"{"schema": 8}"#).contains("its schema is 8; expected an answer, with schema 7")
        );
        assert!(said("{\n  nonsense").starts_with(", line 2: no JSON at column 3;"));
        for foreign in ["", "[]", "3", "[1, 2]", "{\"schema\": \"x\"}", "\0\u{1}"] {
            assert!(said(foreign).contains("expected an answer"), "{foreign:?}");
        }
    }
}
