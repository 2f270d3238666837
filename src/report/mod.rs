//! What a run tells about itself.

mod benchmark;
mod benchmark_page;
mod canvas;
mod chrome_trace;
mod comparison;
mod conversion;
mod difference;
mod dry_run;
mod environment;
mod factor_origin;
mod figure;
mod hot_spots;
mod image_info;
mod noise;
mod rings;
mod sampling;
mod series;
mod setting;
mod sight;
mod stroke;
mod summary;
mod trace;

pub use benchmark::{Agreement, Benchmark, CaseResult, Measurement, ReferenceTimes, Spread, Times};
pub use benchmark_page::benchmark_page;
pub use canvas::{Canvas, Colour, Font};
pub use chrome_trace::chrome_trace;
pub use comparison::{ComparedImage, ComparisonSummary, PeakSearch, ProgramTimes, Verdict};
pub use conversion::{ConversionSummary, StoredImage};
pub use difference::difference_picture;
pub use dry_run::{DryRun, MemoryNeeds, PlannedFile, TimeNeeds};
pub use environment::Environment;
pub use figure::scaling_figure;
pub use hot_spots::{HotSpot, HotSpots};
pub use image_info::{DetectorInfo, ImageInfo};
pub use noise::NoiseSummary;
pub use rings::picture_with_rings;
pub use series::{SeriesFile, SeriesFrame, SeriesSummary};
pub use setting::Setting;
pub use sight::Sight;
pub use summary::{Run, Summary, WrittenFile};
pub use trace::{
    DEFAULT_TOLERANCE, Divergence, TraceComparison, TraceDocument, compare_traces, trace_lines,
};

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
