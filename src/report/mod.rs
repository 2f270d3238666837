//! Results as people and programs read them: summaries, tables, pictures.
//!
//! Every command has one struct. Serialised, it is the document that the command prints with
//! `--json`; `text_of` turns that document into lines for people.

mod benchmark;
mod benchmark_page;
mod canvas;
mod comparison;
mod conversion;
mod difference;
mod dry_run;
mod environment;
mod figure;
mod image_info;
mod noise;
mod rings;
mod sampling;
mod series;
mod sight;
mod summary;
mod text;
mod timeline;
mod trace;

pub use benchmark::{
    Agreement, Benchmark, Measurement, ReferenceTimes, SizeResult, TimeRange, Times,
};
pub use benchmark_page::benchmark_page;
pub use comparison::{ComparedImage, ComparisonSummary, PeakSearch, ProgramTimes, Verdict};
pub use conversion::{ConversionSummary, StoredImage};
pub use difference::difference_picture;
pub use dry_run::{DryRun, MemoryNeeds, PlannedFile};
pub use environment::Environment;
pub use figure::scaling_figure;
pub use image_info::{DetectorInfo, ImageInfo};
pub use noise::NoiseSummary;
pub use rings::picture_with_rings;
pub use sampling::SamplingSummary;
pub use series::{SeriesFile, SeriesFrame, SeriesSummary};
pub use sight::Sight;
pub use summary::{Run, Summary, WrittenFile};
pub use text::text_of;
pub use timeline::{HotSpots, Recorder, Span, Timeline, chrome_json};
pub use trace::{TraceDocument, trace_lines};
