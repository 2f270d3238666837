//! Traces in print, and held against each other.

mod compare;
mod document;
mod scale;
mod text;

pub use compare::{DEFAULT_TOLERANCE, Divergence, TraceComparison, compare_traces};
pub use document::TraceDocument;
pub use text::trace_lines;
