//! Times of a benchmark against what was varied, as one picture.

mod backend;

use std::convert::Infallible;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange};
use plotters::prelude::{
    ChartBuilder, Circle, Color, DashedLineSeries, DrawingArea, DrawingAreaErrorKind, ErrorBar,
    IntoDrawingArea, LineSeries, RGBColor, Rectangle, ShapeStyle, Text, WHITE,
};

use super::benchmark::{Benchmark, Case, CaseResult, Measurement, Sweep, TimeRange};
use super::canvas::{Canvas, Font};
use crate::formats::Problem;
use backend::Drawing;

/// Columns and rows of a panel, pixels.
const PANEL: [u32; 2] = [600, 440];
/// Paper around a panel and beside the legend, pixels.
const MARGIN: u32 = 16;
/// Rows of a line of the legend, and columns of its colour, pixels.
const LINE: u32 = 22;
const KEY: u32 = 40;
/// Most ticks on an axis.
const MOST_TICKS: i32 = 9;
/// Font of ticks and legend, and of titles: families don't matter, sizes in pixels do.
const TEXT: (&str, i32) = ("", 15);
const TITLE: (&str, i32) = ("", 20);
const GRID: RGBColor = RGBColor(226, 226, 226);
/// The reference program, and lines that stand for no device.
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

type Area<'a> = DrawingArea<Drawing<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<Infallible>>;

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Solid, filled marks: the simulation alone.
    Simulation,
    /// Dashed, hollow marks: a whole render.
    Whole,
    /// Dotted, no marks: time that falls as the number of threads grows.
    Ideal,
}

/// Times of one device in one sweep.
struct Curve {
    colour: RGBColor,
    style: Style,
    /// What was varied, in order, and the time there.
    points: Vec<(f64, TimeRange)>,
}

/// What one panel shows.
struct Panel {
    sweep: Sweep,
    /// Edge of the detector where it is not varied, pixels.
    size: u32,
    curves: Vec<Curve>,
}

/// The times of `benchmark` against pixels, mosaic domains and threads, as a PNG: side by side a
/// panel of 600 pixels' width for each that was varied, and a legend under them. None where
/// nothing was varied, or no time can be drawn on a logarithmic axis.
///
/// # Errors
/// A [`Problem`] when the picture cannot be drawn, or is larger than the format takes.
pub fn scaling_figure(benchmark: &Benchmark) -> Result<Option<Vec<u8>>, Problem> {
    let devices = devices(benchmark);
    let panels: Vec<Panel> = Sweep::ALL
        .into_iter()
        .filter_map(|sweep| Panel::new(sweep, benchmark.sweep(sweep), &devices))
        .collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let legend = legend(benchmark, &devices);
    let width = PANEL[0] * panels.len() as u32;
    let height = PANEL[1] + legend.len() as u32 * LINE + MARGIN;
    let mut canvas = Canvas::new(width as usize, height as usize, [255; 3]);
    let mut draw = || -> Drawn {
        let paper = Drawing(&mut canvas).into_drawing_area();
        let (above, below) = paper.split_vertically(PANEL[1]);
        for (panel, area) in panels.iter().zip(above.split_evenly((1, panels.len()))) {
            panel.draw(&area)?;
        }
        draw_legend(&below, &legend, width)
    };
    draw().map_err(|error| Problem::with_file(format!("the figure: {error}")))?;
    canvas.to_png().map(Some)
}

/// The devices of `benchmark` with their colours, in the order in which they turn up.
fn devices(benchmark: &Benchmark) -> Vec<(&str, RGBColor)> {
    let mut names: Vec<&str> = Vec::new();
    for measured in benchmark.cases().flat_map(|result| &result.devices) {
        if !names.contains(&measured.device.as_str()) {
            names.push(&measured.device);
        }
    }
    names.into_iter().zip(DEVICES.into_iter().cycle()).collect()
}

impl Panel {
    /// The panel of a sweep; none where nothing was varied in it.
    fn new(sweep: Sweep, cases: &[CaseResult], devices: &[(&str, RGBColor)]) -> Option<Panel> {
        let curve = |colour, style, time: &dyn Fn(&CaseResult) -> Option<TimeRange>| {
            let point = |result: &CaseResult| Some((varied(&result.case), time(result)?));
            let mut points: Vec<_> = cases.iter().filter_map(point).collect();
            points.retain(|(varied, time)| {
                let values = [*varied, time.median, time.min, time.max];
                values.into_iter().all(drawable)
            });
            points.sort_by(|one, other| one.0.total_cmp(&other.0));
            Curve {
                colour,
                style,
                points,
            }
        };
        let mut curves = Vec::new();
        for &(name, colour) in devices {
            let time = |result: &CaseResult, part: fn(&Measurement) -> TimeRange| {
                let mut devices = result.devices.iter();
                devices.find(|measured| measured.device == name).map(part)
            };
            curves.push(curve(colour, Style::Whole, &|result| {
                time(result, |measured| measured.range(|times| times.wall_s))
            }));
            curves.push(curve(colour, Style::Simulation, &|result| {
                time(result, |measured| {
                    measured.range(|times| times.simulation_s)
                })
            }));
        }
        curves.push(curve(GREY, Style::Whole, &|result| {
            TimeRange::of(result.reference.as_ref()?.wall_s.iter().copied())
        }));
        curves.retain(|curve| !curve.points.is_empty());
        let simulation = curves.iter().find(|curve| curve.style == Style::Simulation);
        if let (Sweep::Threads, Some(simulation)) = (sweep, simulation) {
            let (fewest, first) = simulation.points[0];
            let ideal = |threads| TimeRange::exactly(first.median * fewest / threads);
            let points = simulation.points.iter();
            let points = points.map(|&(threads, _)| (threads, ideal(threads)));
            curves.push(Curve {
                colour: GREY,
                style: Style::Ideal,
                points: points.collect(),
            });
        }
        let varies = |curve: &Curve| curve.points[0].0 < curve.points[curve.points.len() - 1].0;
        curves.iter().any(varies).then(|| Panel {
            sweep,
            size: cases[0].case.size,
            curves,
        })
    }

    fn draw(&self, area: &Area) -> Drawn {
        let size = self.size;
        let (title, base, label): (_, _, fn(f64) -> String) = match self.sweep {
            Sweep::Sizes => (
                "Time against pixels of the detector".into(),
                2.0,
                // Edges make rounder numbers than pixels, and the scale is the same.
                |edge| format!("{}²", count_label(edge)),
            ),
            Sweep::Domains => (
                format!("Time against mosaic domains, {size} × {size}"),
                10.0,
                count_label,
            ),
            Sweep::Threads => (
                format!("Time against threads, {size} × {size}"),
                2.0,
                count_label,
            ),
        };
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let across = axis(points().map(|(varied, _)| *varied), base);
        let up = axis(points().flat_map(|(_, time)| [time.min, time.max]), 10.0);
        let scale = |(ends, ticks): (Range<f64>, Vec<f64>)| ends.log_scale().with_key_points(ticks);
        let mut chart = ChartBuilder::on(area)
            .caption(title, TITLE)
            .margin(MARGIN)
            .margin_right(2 * MARGIN)
            .x_label_area_size(LINE + MARGIN)
            .y_label_area_size(4 * LINE)
            .build_cartesian_2d(scale(across), scale(up))?;
        chart
            .configure_mesh()
            .bold_line_style(GRID)
            .label_style(TEXT)
            .x_label_formatter(&|value| label(*value))
            .y_label_formatter(&|seconds| time_label(*seconds))
            .draw()?;
        for Curve {
            colour,
            style,
            points,
        } in &self.curves
        {
            let line = || points.iter().map(|(varied, time)| (*varied, time.median));
            let stroke = ShapeStyle::from(*colour).stroke_width(2);
            match style {
                Style::Simulation => chart
                    .draw_series(LineSeries::new(line(), stroke))
                    .map(drop)?,
                Style::Whole => chart
                    .draw_series(DashedLineSeries::new(line(), 7, 7, stroke))
                    .map(drop)?,
                Style::Ideal => chart
                    .draw_series(DashedLineSeries::new(line(), 2, 4, stroke))
                    .map(drop)?,
            }
            if *style == Style::Ideal {
                continue;
            }
            let bar = |(varied, time): &(f64, TimeRange)| {
                let TimeRange { median, min, max } = *time;
                ErrorBar::new_vertical(*varied, min, median, max, ShapeStyle::from(*colour), 9)
            };
            chart.draw_series(points.iter().map(bar))?;
            chart.draw_series(line().map(|place| Circle::new(place, 5, colour.filled())))?;
            if *style == Style::Whole {
                chart.draw_series(line().map(|place| Circle::new(place, 3, WHITE.filled())))?;
            }
        }
        Ok(())
    }
}

/// Lines of text, with a colour where they stand for a device.
fn legend(benchmark: &Benchmark, devices: &[(&str, RGBColor)]) -> Vec<(Option<RGBColor>, String)> {
    let keyed = |&(name, colour): &(&str, RGBColor)| (Some(colour), name.to_string());
    let mut legend: Vec<_> = devices.iter().map(keyed).collect();
    let reference = benchmark
        .cases()
        .find_map(|result| result.reference.as_ref());
    legend.extend(reference.map(|reference| {
        let name = format!("{}, whole process", reference.program);
        (Some(GREY), name)
    }));
    let iterations = benchmark.iterations;
    legend.extend(
        [
            "solid: simulation alone; dashed: whole render, its file included".to_string(),
            format!("marks: median of {iterations} warm renders; bars: fastest to slowest"),
        ]
        .map(|text| (None, text)),
    );
    if !benchmark.threads.is_empty() {
        legend.push((None, "dotted: ideal, 1/threads".into()));
    }
    let flags = shell_words::join(&benchmark.flags);
    legend.push((None, format!("{}: {flags}", benchmark.started)));
    legend
}

fn draw_legend(area: &Area, legend: &[(Option<RGBColor>, String)], width: u32) -> Drawn {
    let left = MARGIN as i32;
    for (row, (colour, text)) in legend.iter().enumerate() {
        let top = (row as u32 * LINE) as i32;
        let mut indent = 0;
        if let Some(colour) = colour {
            let corners = [(left, top + 4), (left + KEY as i32, top + 12)];
            area.draw(&Rectangle::new(corners, colour.filled()))?;
            indent = KEY + MARGIN / 2;
        }
        let room = (width - 2 * MARGIN - indent) as usize / Font::Medium.cell()[0];
        let place = (left + indent as i32, top);
        area.draw(&Text::new(shortened(text, room), place, TEXT))?;
    }
    Ok(())
}

/// What is varied in the sweep of `case`, as a place on an axis.
fn varied(case: &Case) -> f64 {
    f64::from(case.varied())
}

/// Whether a logarithmic axis has a place for `value`: far within what float64 holds.
fn drawable(value: f64) -> bool {
    (1e-100..=1e100).contains(&value)
}

/// Ends of a logarithmic axis around `values`, and its ticks: powers of `base`, at least two and not
/// too many.
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

/// A number of things, plain up to a million.
fn count_label(count: f64) -> String {
    if (1.0..1e6).contains(&count) {
        format!("{count:.0}")
    } else {
        format!("{count:e}")
    }
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
            labels([256.0, 2048.0], 2.0, count_label),
            ["256", "512", "1024", "2048"]
        );
        assert_eq!(labels([1.0, 6.0], 2.0, count_label), ["1", "2", "4"]);
        assert_eq!(labels([100.0, 120.0], 2.0, count_label), ["64", "128"]);
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
        assert_eq!([1e6, 0.5].map(count_label), ["1e6", "5e-1"]);
    }

    #[test]
    fn long_texts_are_shortened() {
        assert_eq!(shortened("muchtoolong", 8), "mucht...");
        assert_eq!(shortened("short", 8), "short");
    }
}
