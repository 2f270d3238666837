//! The curves that a benchmark's cases make.

use super::axis::{Steps, count_label, drawable};
use crate::report::canvas::Colour;
use crate::report::{Benchmark, CaseResult, Measurement, Setting, Spread};

/// Colours that most people tell apart, after Okabe and Ito; further devices begin again.
const DEVICES: [Colour; 6] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [86, 180, 233],
    [230, 159, 0],
];
/// That of the reference program, and of keys that stand for every colour.
pub const GREY: Colour = [90, 90, 90];

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Solid with filled marks: the simulation alone.
    Simulation,
    /// Dashed with hollow marks: a whole render.
    Whole,
    /// Dotted without marks: what perfect sharing among threads would give.
    Ideal,
}

/// Values of one thing on one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its colour.
    pub colour: Colour,
    /// How it is drawn.
    pub style: Style,
    /// Where along the panel's axis, and the times there, s; in order.
    pub points: Vec<(f64, Spread)>,
}

/// A name in the legend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// A device, or the reference program.
    pub name: String,
    /// The colour of its curves.
    pub colour: Colour,
}

/// What one panel shows.
#[derive(Debug, Clone)]
pub struct Panel {
    /// What it is called.
    pub title: String,
    /// What was varied, with its unit.
    pub varied: &'static str,
    /// The steps of its axis.
    pub steps: Steps,
    /// How a value on that axis is written.
    pub label: fn(f64) -> String,
    /// What is drawn.
    pub curves: Vec<Curve>,
}

impl Panel {
    /// Panels of the sweeps of `benchmark` in which anything was varied, and who is in them.
    pub fn of(benchmark: &Benchmark) -> (Vec<Panel>, Vec<Series>) {
        let series = series(benchmark);
        let size = |cases: &[CaseResult]| cases.first().map_or(0, |case| case.setting.size);
        let [domains, threads] = [&benchmark.domains, &benchmark.threads].map(|cases| {
            let size = size(cases);
            format!("{size} × {size} pixels")
        });
        let panels = [
            Panel {
                title: "Time against pixels".into(),
                varied: "pixels of the detector",
                steps: Steps::Twos,
                // Edges make rounder numbers than pixels, and the scale is the same.
                label: |edge| format!("{}²", count_label(edge)),
                curves: curves(&benchmark.sizes, &series, |setting| {
                    Some(setting.size as f64)
                }),
            },
            Panel {
                title: format!("Time against domains, {domains}"),
                varied: "mosaic domains",
                steps: Steps::Tens,
                label: count_label,
                curves: curves(&benchmark.domains, &series, |setting| {
                    setting.domains.map(f64::from)
                }),
            },
            Panel {
                title: format!("Time against threads, {threads}"),
                varied: "threads of the CPU path",
                steps: Steps::Twos,
                label: count_label,
                curves: with_ideal(curves(&benchmark.threads, &series, |setting| {
                    setting.threads.map(f64::from)
                })),
            },
        ];
        let varies = |panel: &Panel| {
            let ends = |curve: &Curve| Some((curve.points.first()?.0, curve.points.last()?.0));
            let mut curves = panel.curves.iter().filter_map(ends);
            curves.any(|(first, last)| first < last)
        };
        (panels.into_iter().filter(varies).collect(), series)
    }
}

/// Everything that was measured, in the order in which it turns up.
fn series(benchmark: &Benchmark) -> Vec<Series> {
    let mut names: Vec<&String> = Vec::new();
    let devices = benchmark.cases().flat_map(|case| &case.devices);
    for measured in devices {
        if !names.contains(&&measured.device) {
            names.push(&measured.device);
        }
    }
    let colours = DEVICES.iter().cycle();
    let mut series: Vec<Series> = names
        .into_iter()
        .zip(colours)
        .map(|(name, &colour)| Series {
            name: name.clone(),
            colour,
        })
        .collect();
    let reference = benchmark.cases().find_map(|case| case.reference.as_ref());
    series.extend(reference.map(|reference| Series {
        name: format!("{}, whole process", reference.program),
        colour: GREY,
    }));
    series
}

/// The curves of every one of `series` in `cases`, each at the place that `place` gives.
fn curves(
    cases: &[CaseResult],
    series: &[Series],
    place: impl Fn(&Setting) -> Option<f64>,
) -> Vec<Curve> {
    let gather = |times: &dyn Fn(&CaseResult) -> Option<Spread>| {
        let point = |case: &CaseResult| Some((place(&case.setting)?, times(case)?));
        let whole = |(at, times): &(f64, Spread)| {
            let Spread { median, min, max } = *times;
            [*at, median, min, max].into_iter().all(drawable)
        };
        let mut points: Vec<_> = cases.iter().filter_map(point).filter(whole).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points
    };
    let mut curves = Vec::new();
    for Series { name, colour } in series {
        let of = |case: &CaseResult, time: fn(&Measurement) -> Spread| {
            let mut devices = case.devices.iter();
            devices.find(|measured| measured.device == *name).map(time)
        };
        let simulation =
            |case: &CaseResult| of(case, |measured| measured.spread(|times| times.simulation_s));
        let whole = |case: &CaseResult| of(case, |measured| measured.spread(|times| times.wall_s));
        for (style, points) in [
            (Style::Whole, gather(&whole)),
            (Style::Simulation, gather(&simulation)),
        ] {
            let colour = *colour;
            curves.push(Curve {
                colour,
                style,
                points,
            });
        }
    }
    let reference = |case: &CaseResult| {
        let reference = case.reference.as_ref()?;
        Spread::of(reference.wall_s.iter().copied())
    };
    curves.push(Curve {
        colour: GREY,
        style: Style::Whole,
        points: gather(&reference),
    });
    curves.retain(|curve| !curve.points.is_empty());
    curves
}

/// `curves` behind a line along which time falls as the number of threads grows, from the first
/// point of the simulation.
fn with_ideal(mut curves: Vec<Curve>) -> Vec<Curve> {
    let simulation = curves.iter().find(|curve| curve.style == Style::Simulation);
    let ideal = simulation.and_then(|curve| {
        let (fewest, times) = *curve.points.first()?;
        let points = curve.points.iter().map(|&(threads, _)| {
            let time = times.median * fewest / threads;
            let spread = Spread {
                median: time,
                min: time,
                max: time,
            };
            (threads, spread)
        });
        Some(Curve {
            colour: GREY,
            style: Style::Ideal,
            points: points.collect(),
        })
    });
    if let Some(ideal) = ideal {
        curves.insert(0, ideal);
    }
    curves
}
