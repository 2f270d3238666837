//! Traces as JSON documents.

use serde::Serialize;

use crate::scene::TermIndex;
use crate::trace::{Quantity, Trace};
use crate::validation::TraceComparison;

/// A trace, or two of them compared, as one JSON document. Numbers that are not finite are null.
#[derive(Debug, Serialize)]
pub struct TraceDocument {
    version: &'static str,
    pixel: [usize; 2],
    subpixel: [u32; 2],
    layer: u32,
    source: usize,
    phi: usize,
    domain: usize,
    columns: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerance: Option<f64>,
    /// Name of the first quantity that diverges; null where none does or nothing was compared.
    first_divergence: Option<&'static str>,
    quantities: Vec<Entry>,
}

/// A quantity with one column of values, or with a column for each side, null where a side has
/// none.
#[derive(Debug, Serialize)]
struct Entry {
    name: &'static str,
    unit: &'static str,
    values: Vec<Option<Vec<f64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<f64>,
    diverges: bool,
}

impl TraceDocument {
    /// The document of one trace, of the device named `column`.
    pub fn of_trace(index: TermIndex, column: String, trace: &Trace) -> TraceDocument {
        let entry = |quantity: &Quantity| Entry {
            name: quantity.name.as_str(),
            unit: quantity.unit,
            values: vec![Some(quantity.values.clone())],
            difference: None,
            diverges: false,
        };
        TraceDocument {
            columns: vec![column],
            quantities: trace.iter().map(entry).collect(),
            ..TraceDocument::empty(index)
        }
    }

    /// The document of a comparison.
    pub fn of_comparison(index: TermIndex, comparison: &TraceComparison) -> TraceDocument {
        let rows = comparison.rows.iter();
        let entries = rows.map(|row| Entry {
            name: row.name.as_str(),
            unit: row.unit,
            values: vec![row.ours.clone(), row.theirs.clone()],
            difference: row.difference,
            diverges: row.diverges(),
        });
        let first = comparison.first_disagreement();
        TraceDocument {
            columns: comparison.columns.to_vec(),
            tolerance: Some(comparison.tolerance),
            first_divergence: first.map(|first| first.name.as_str()),
            quantities: entries.collect(),
            ..TraceDocument::empty(index)
        }
    }

    fn empty(index: TermIndex) -> TraceDocument {
        TraceDocument {
            version: crate::version::NUMBER,
            pixel: index.pixel,
            subpixel: index.sub_pixel,
            layer: index.layer,
            source: index.source,
            phi: index.phi,
            domain: index.domain,
            columns: Vec::new(),
            tolerance: None,
            first_divergence: None,
            quantities: Vec::new(),
        }
    }
}
