//! What is wrong with a file that should hold JSON.

use serde_json::error::Category;

use super::Problem;

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
    use std::collections::BTreeMap;

    use super::problem;

    #[test]
    fn a_problem_names_the_line_and_what_was_expected() {
        for (text, found) in [
            ("{\n  nonsense", "line 2: no JSON at column 3"),
            ("{\"a\": 1,", "line 1: it ends before its JSON does"),
            (
                "{\"a\": []}",
                "line 1: invalid type: sequence, expected u32",
            ),
        ] {
            let error = serde_json::from_str::<BTreeMap<String, u32>>(text).unwrap_err();
            let said = problem(&error, "a number").to_string();
            assert_eq!(said, format!(", {found}; expected a number"));
        }
    }
}
