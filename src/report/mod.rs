//! What a run tells about itself.

mod chrome_trace;
mod hot_spots;
mod summary;
mod trace;

pub use chrome_trace::chrome_trace;
pub use hot_spots::{HotSpot, HotSpots};
pub use summary::{Run, Summary, WrittenFile};
pub use trace::{
    DEFAULT_TOLERANCE, Divergence, TraceComparison, TraceDocument, compare_traces, trace_lines,
};
