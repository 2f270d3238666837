//! Traces in print, alone and compared.

mod document;
mod text;

pub use document::TraceDocument;
pub use text::trace_lines;
