//! Traces as lines of text.

use std::fmt::{self, Write};

use crate::trace::Trace;
use crate::validation::{ComparedQuantity, Judgement, TraceComparison};

/// Columns of a name, where names stand in a column.
const NAME: usize = 23;
/// Columns of a value with 15 digits behind the point.
const VALUE: usize = 24;
/// Columns of a unit.
const UNIT: usize = 17;

/// One line a quantity: name, value or values with 15 digits behind the point, unit. Values stand
/// in columns if `aligned`.
pub fn trace_lines(trace: &Trace, aligned: bool) -> String {
    let (name_width, value_width) = if aligned { (NAME, VALUE) } else { (0, 0) };
    let mut text = String::new();
    for quantity in trace.iter() {
        let mut line = format!("{:name_width$}", quantity.name);
        for value in &quantity.values {
            line.push_str(&format!(" {:>value_width$}", format!("{value:.15e}")));
        }
        let line = format!("{line} {}", quantity.unit);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Both columns side by side, one line a component, and what diverges first.
impl fmt::Display for TraceComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [ours, theirs] = &self.columns;
        writeln!(
            f,
            "{:NAME$} {:UNIT$} {:>VALUE$} {:>VALUE$}  {:>10}",
            "quantity",
            "unit",
            shortened(ours),
            shortened(theirs),
            "difference"
        )?;
        for row in &self.rows {
            write!(f, "{}", lines(row))?;
        }
        match self.first_disagreement() {
            None => write!(
                f,
                "none of the {} quantities that both have diverges beyond {:e}",
                self.compared(),
                self.tolerance
            ),
            Some(first) => write!(f, "first divergence: {first}"),
        }
    }
}

/// A row, with a line for each component.
fn lines(row: &ComparedQuantity) -> String {
    let mut text = String::new();
    for component in 0..row.name.len() {
        let shown = |values: &Option<Vec<f64>>| {
            values.as_ref().map_or_else(
                || "-".to_string(),
                |values| format!("{:.15e}", values[component]),
            )
        };
        let (name, unit) = match component {
            0 => (row.name.as_str(), row.unit),
            _ => ("", ""),
        };
        let difference = match row.difference {
            _ if component > 0 => String::new(),
            None => "-".to_string(),
            Some(difference) => format!("{difference:.2e}"),
        };
        let mark = match row.verdict {
            Judgement::Diverges if component == 0 => "  diverges",
            Judgement::Follows if component == 0 => "  follows from hkl",
            _ => "",
        };
        let line = format!(
            "{name:NAME$} {unit:UNIT$} {:>VALUE$} {:>VALUE$}  {difference:>10}{mark}",
            shown(&row.ours),
            shown(&row.theirs)
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// A column's heading, no wider than the column.
fn shortened(heading: &str) -> String {
    if heading.chars().count() <= VALUE {
        return heading.to_string();
    }
    let kept: String = heading.chars().take(VALUE - 1).collect();
    format!("{kept}…")
}
