//! Results as people and programs read them: summaries, tables, pictures.
//!
//! Every command has one struct. Serialised it is the JSON document of the command, displayed its
//! lines.

mod benchmark;
mod benchmark_page;
mod canvas;
mod comparison;
mod conversion;
mod difference;
mod dry_run;
mod environment;
mod factor_origin;
mod figure;
mod image_info;
mod lines;
mod noise;
mod rings;
mod sampling;
mod series;
mod sight;
mod summary;
mod timeline;
mod trace;

pub use benchmark::{
    Agreement, Benchmark, Case, CaseResult, Measurement, ReferenceTimes, Sweep, TimeRange, Times,
};
pub use benchmark_page::benchmark_page;
pub use canvas::{Canvas, Colour, Font};
pub use comparison::{ComparedImage, ComparisonSummary, PeakSearch, ProgramTimes, Verdict};
pub use conversion::{ConversionSummary, StoredImage};
pub use difference::difference_picture;
pub use dry_run::{DryRun, MemoryNeeds, PlannedFile, TimeNeeds};
pub use environment::Environment;
pub use figure::scaling_figure;
pub use image_info::{DetectorInfo, ImageInfo};
pub use noise::NoiseSummary;
pub use rings::picture_with_rings;
pub use sampling::SamplingSummary;
pub use series::{SeriesFile, SeriesFrame, SeriesSummary};
pub use sight::Sight;
pub use summary::{Run, Summary, WrittenFile};
pub use timeline::{HotSpots, Recorder, Span, Timeline, chrome_json};
pub use trace::{TraceDocument, trace_lines};

/// `value` with six significant digits, and no zeros behind them.
fn six_digits(value: f64) -> String {
    let rounded = format!("{value:.5e}").parse::<f64>();
    rounded.unwrap_or(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::six_digits;

    #[test]
    fn six_digits_and_no_more() {
        for (value, shown) in [
            (0.200000000046475, "0.2"),
            (0.1, "0.1"),
            (7.000000000000001, "7"),
            (123456.7, "123457"),
            (0.01234567, "0.0123457"),
            (0.0, "0"),
        ] {
            assert_eq!(six_digits(value), shown);
        }
    }
}
