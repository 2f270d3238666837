//! Times of a benchmark against the size of the detector, as an SVG picture.

use std::ops::Range;

use anyhow::Context;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange};
use plotters::prelude::{
    ChartBuilder, Circle, Color, DashedLineSeries, ErrorBar, IntoDrawingArea, LineSeries, RGBColor,
    Rectangle, SVGBackend, ShapeStyle, Text, WHITE,
};

use super::benchmark::{Benchmark, Measurement, SizeResult, TimeRange};

/// Columns and rows of the panel, pixels.
const PANEL: [u32; 2] = [600, 440];
/// Paper around the panel and beside the legend, pixels.
const MARGIN: u32 = 16;
/// Rows of a line of the legend, and columns of its colour, pixels.
const LINE: u32 = 22;
const KEY: u32 = 40;
/// Most letters in a line of the legend.
const LETTERS: usize = 70;
/// Most ticks on an axis.
const MOST_TICKS: i32 = 9;
/// Font of ticks and legend, and of titles.
const TEXT: (&str, i32) = ("sans-serif", 15);
const TITLE: (&str, i32) = ("sans-serif", 20);
const GRID: RGBColor = RGBColor(226, 226, 226);
/// Colour of the reference program.
const GREY: RGBColor = RGBColor(90, 90, 90);
/// Colours of the devices, which most people tell apart (after Okabe and Ito). Further devices
/// begin again.
const DEVICES: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];

/// Times of one device, or of the reference program.
struct Curve {
    colour: RGBColor,
    /// Whole renders, dashed with hollow marks, rather than the simulation alone, solid with filled
    /// marks.
    whole: bool,
    /// Edge of the detector, pixels, and the time there.
    points: Vec<(f64, TimeRange)>,
}

impl Curve {
    /// The curve of what `time` finds at each size; none where it finds nothing that can be drawn.
    fn new(
        benchmark: &Benchmark,
        colour: RGBColor,
        whole: bool,
        time: impl Fn(&SizeResult) -> Option<TimeRange>,
    ) -> Option<Curve> {
        let sizes = benchmark.sizes.iter();
        let points = sizes.filter_map(|result| Some((f64::from(result.size), time(result)?)));
        let mut points: Vec<_> = points
            .filter(|(_, time)| [time.median, time.min, time.max].into_iter().all(drawable))
            .collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        (!points.is_empty()).then_some(Curve {
            colour,
            whole,
            points,
        })
    }
}

/// The times of `benchmark` against the size of the detector, as SVG, with a legend under them.
/// None where no device has times of two sizes that a logarithmic axis has a place for.
///
/// # Errors
/// An error when the picture cannot be drawn.
pub fn scaling_figure(benchmark: &Benchmark) -> anyhow::Result<Option<String>> {
    let mut names: Vec<&str> = Vec::new();
    for measured in benchmark.sizes.iter().flat_map(|result| &result.devices) {
        if !names.contains(&measured.device.as_str()) {
            names.push(&measured.device);
        }
    }
    let (mut curves, mut legend) = (Vec::new(), Vec::new());
    for (name, colour) in names.into_iter().zip(DEVICES.into_iter().cycle()) {
        let time = |result: &SizeResult, part: fn(&Measurement) -> TimeRange| {
            let mut devices = result.devices.iter();
            devices.find(|measured| measured.device == name).map(part)
        };
        curves.extend(Curve::new(benchmark, colour, true, |result| {
            time(result, |measured| measured.range(|times| times.wall_s))
        }));
        curves.extend(Curve::new(benchmark, colour, false, |result| {
            time(result, |measured| {
                measured.range(|times| times.simulation_s)
            })
        }));
        legend.push((Some(colour), name.to_string()));
    }
    curves.extend(Curve::new(benchmark, GREY, true, |result| {
        TimeRange::of(result.reference.as_ref()?.wall_s.iter().copied())
    }));
    if curves.iter().all(|curve| curve.points.len() < 2) {
        return Ok(None);
    }
    let mut sizes = benchmark.sizes.iter();
    legend.extend(sizes.find_map(|result| {
        let name = &result.reference.as_ref()?.program;
        Some((Some(GREY), format!("{name}, whole process")))
    }));
    let flags = shell_words::join(&benchmark.flags);
    let explained = [
        "solid: simulation alone; dashed: whole render, its file included".to_string(),
        format!(
            "marks: median of {} warm renders; bars: fastest to slowest",
            benchmark.iterations
        ),
        format!("{}: {flags}", benchmark.started),
    ];
    legend.extend(explained.map(|text| (None, text)));
    draw(&curves, &legend).context("the figure").map(Some)
}

fn draw(curves: &[Curve], legend: &[(Option<RGBColor>, String)]) -> anyhow::Result<String> {
    let [width, height] = PANEL;
    let mut svg = String::new();
    let extent = (width, height + legend.len() as u32 * LINE + MARGIN);
    let paper = SVGBackend::with_string(&mut svg, extent).into_drawing_area();
    paper.fill(&WHITE)?;
    let (above, below) = paper.split_vertically(height);
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let across = axis(points().map(|(size, _)| *size), 2.0);
    let up = axis(points().flat_map(|(_, time)| [time.min, time.max]), 10.0);
    let scale = |(ends, ticks): (Range<f64>, Vec<f64>)| ends.log_scale().with_key_points(ticks);
    let mut chart = ChartBuilder::on(&above)
        .caption("Time against pixels of the detector", TITLE)
        .margin(MARGIN)
        .margin_right(2 * MARGIN)
        .x_label_area_size(LINE + MARGIN)
        .y_label_area_size(4 * LINE)
        .build_cartesian_2d(scale(across), scale(up))?;
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .label_style(TEXT)
        // Edges make rounder numbers than pixels, and the scale is the same.
        .x_label_formatter(&|edge| format!("{edge:.0}²"))
        .y_label_formatter(&|seconds| time_label(*seconds))
        .draw()?;
    for curve in curves {
        let colour = curve.colour;
        let line = || curve.points.iter().map(|(size, time)| (*size, time.median));
        let stroke = ShapeStyle::from(colour).stroke_width(2);
        match curve.whole {
            true => chart.draw_series(DashedLineSeries::new(line(), 7, 7, stroke))?,
            false => chart.draw_series(LineSeries::new(line(), stroke))?,
        };
        let bar = |(size, time): &(f64, TimeRange)| {
            let TimeRange { median, min, max } = *time;
            ErrorBar::new_vertical(*size, min, median, max, colour.filled(), 10)
        };
        chart.draw_series(curve.points.iter().map(bar))?;
        if curve.whole {
            chart.draw_series(line().map(|place| Circle::new(place, 3, WHITE.filled())))?;
        }
    }
    for (row, (colour, text)) in legend.iter().enumerate() {
        let (mut left, top) = (MARGIN as i32, (row as u32 * LINE) as i32);
        if let Some(colour) = colour {
            let corners = [(left, top + 4), (left + KEY as i32, top + 12)];
            below.draw(&Rectangle::new(corners, colour.filled()))?;
            left += (KEY + MARGIN / 2) as i32;
        }
        below.draw(&Text::new(shortened(text, LETTERS), (left, top), TEXT))?;
    }
    paper.present()?;
    drop((chart, above, below, paper));
    Ok(svg)
}

/// Whether a logarithmic axis has a place for `value`: far within what float64 holds.
fn drawable(value: f64) -> bool {
    (1e-100..=1e100).contains(&value)
}

/// Ends of a logarithmic axis around `values`, and its ticks: powers of `base`, at least two and
/// not too many.
fn axis(values: impl Iterator<Item = f64>, base: f64) -> (Range<f64>, Vec<f64>) {
    let exponents = values.map(|value| value.ln() / base.ln());
    let none = (f64::INFINITY, f64::NEG_INFINITY);
    let (low, high) = exponents.fold(none, |(low, high), exponent| {
        (low.min(exponent), high.max(exponent))
    });
    let margin = 0.05 * (1.0 + high - low);
    let (mut low, mut high) = (low - margin, high + margin);
    if high.floor() - low.ceil() < 1.0 {
        // One number alone tells no scale.
        (low, high) = (low.floor(), high.ceil());
    }
    let (first, last) = (low.ceil() as i32, high.floor() as i32);
    let stride = (last - first) / MOST_TICKS + 1;
    let powers = (first..=last).step_by(stride as usize);
    let ticks = powers.map(|power| base.powi(power)).collect();
    (base.powf(low)..base.powf(high), ticks)
}

/// A time, s, in the unit that makes it short.
fn time_label(seconds: f64) -> String {
    for (unit, name) in [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")] {
        if seconds >= unit * 0.999 && seconds < 1e6 {
            return format!("{:.0} {name}", seconds / unit);
        }
    }
    format!("{seconds:.0e} s")
}

/// `text`, with dots for its end where it has more than `most` letters.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_string();
    }
    let kept: String = text.chars().take(most.saturating_sub(3)).collect();
    format!("{kept}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_powers_and_at_least_two() {
        let size_label = |edge| format!("{edge:.0}");
        let labels = |values: [f64; 2], base, label: fn(f64) -> String| -> Vec<String> {
            axis(values.into_iter(), base)
                .1
                .into_iter()
                .map(label)
                .collect()
        };
        assert_eq!(
            labels([3e-4, 2.0], 10.0, time_label),
            ["1 ms", "10 ms", "100 ms", "1 s"]
        );
        assert_eq!(labels([0.06, 0.07], 10.0, time_label), ["10 ms", "100 ms"]);
        assert_eq!(
            labels([256.0, 2048.0], 2.0, size_label),
            ["256", "512", "1024", "2048"]
        );
        assert_eq!(labels([1.0, 6.0], 2.0, size_label), ["1", "2", "4"]);
        assert_eq!(labels([100.0, 120.0], 2.0, size_label), ["64", "128"]);
        for (low, factor) in [
            (1e-9, 1e3),
            (0.37, 1.0),
            (1e-90, 1e180),
            (7.0, 1.1),
            (999.0, 2.5),
        ] {
            for base in [2.0, 10.0] {
                let (ends, ticks) = axis([low, low * factor].into_iter(), base);
                assert!(
                    (2..=10).contains(&ticks.len()),
                    "{low} × {factor}: {ticks:?}"
                );
                assert!(ends.start < low && ends.end > low * factor, "{ends:?}");
            }
        }
        let nowhere = [0.0, f64::NAN, -1.0, f64::INFINITY];
        assert!(nowhere.into_iter().all(|value| !drawable(value)));
    }

    #[test]
    fn times_have_units() {
        let all = [2e-9, 1e-6, 5e-4, 0.1, 1.0, 1000.0].map(time_label);
        assert_eq!(all, ["2 ns", "1 µs", "500 µs", "100 ms", "1 s", "1000 s"]);
        assert_eq!(time_label(1e-12), "1e-12 s");
    }

    #[test]
    fn long_texts_are_shortened() {
        assert_eq!(shortened("muchtoolong", 8), "mucht...");
        assert_eq!(shortened("short", 8), "short");
    }
}
