//! What a run tells about itself.

mod summary;
mod trace;

pub use summary::{Run, Summary, WrittenFile};
pub use trace::{
    DEFAULT_TOLERANCE, Divergence, TraceComparison, TraceDocument, compare_traces, trace_lines,
};
