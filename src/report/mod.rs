//! Results as people and programs read them: summaries, tables, pictures.
//!
//! A command has one document, which it prints with `--json`; [`text_of`] turns it into lines for
//! people. Documents that need work have a type here, the others are written out by their commands.

mod benchmark;
mod benchmark_page;
mod canvas;
mod comparison;
mod difference;
mod environment;
mod figure;
mod integrated;
mod residual_picture;
mod rings;
mod sampling;
mod series;
mod sight;
mod summary;
mod text;
mod timeline;
mod trace;
mod visible;

pub use benchmark::{
    Agreement, Benchmark, Measurement, ReferenceTimes, SizeResult, TimeRange, Times,
};
pub use benchmark_page::benchmark_page;
pub use comparison::{ComparedImage, ComparisonSummary, PeakSearch, ProgramTimes, Verdict};
pub use difference::difference_picture;
pub use environment::Environment;
pub use figure::scaling_figure;
pub use integrated::Integrated;
pub use residual_picture::residual_picture;
pub use rings::picture_with_rings;
pub use sampling::SamplingSummary;
pub use series::SeriesFrame;
pub use sight::Sight;
pub use summary::{Run, Summary, WrittenFile};
pub use text::text_of;
pub use timeline::{HotSpots, Recorder, Span, Timeline, chrome_json};
pub use trace::{TraceDocument, trace_lines};
pub use visible::{is_hidden, visible, visible_json, visible_lines};
