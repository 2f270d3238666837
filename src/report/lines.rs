//! Reports for people: lines of a label and a text, the labels in a column.

use std::fmt;

/// Lines of a report.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<(&'static str, String)>);

impl Lines {
    /// Adds a line. A line without a label goes on with the one before it.
    pub fn add(&mut self, label: &'static str, text: impl Into<String>) {
        self.0.push((label, text.into()));
    }

    /// Adds a line where there is something to say.
    pub fn add_some(&mut self, label: &'static str, text: Option<impl Into<String>>) {
        if let Some(text) = text {
            self.add(label, text);
        }
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (label, text)) in self.0.iter().enumerate() {
            let end = if number == 0 { "" } else { "\n" };
            write!(f, "{end}{label:10} {text}")?;
        }
        Ok(())
    }
}
