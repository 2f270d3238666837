//! What a benchmark measured, and the numbers derived from it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::timeline::Timeline;
use crate::image::Shortcoming;
use crate::profile::{FILES, INPUT, READ_BACK, RUN, SETUP, SIMULATION};

/// Where the time of one render went, s. The parts add up to the wall time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// Wall time.
    pub wall_s: f64,
    /// Flags and input files.
    pub input_s: f64,
    /// Threads, device, pipelines, scene and buffers.
    pub setup_s: f64,
    /// Evaluating terms.
    pub simulation_s: f64,
    /// Copying the image from a device to the host.
    pub read_back_s: f64,
    /// Making and writing the float file.
    pub files_s: f64,
    /// Time between these parts.
    pub other_s: f64,
}

impl Times {
    /// Times of the one run that `timeline` holds.
    pub fn of(timeline: &Timeline) -> Times {
        let longest = timeline.runs().map(|run| run.duration_ns).max();
        Times {
            wall_s: longest.unwrap_or(0) as f64 * 1e-9,
            input_s: timeline.seconds_of(INPUT),
            setup_s: timeline.seconds_of(SETUP),
            simulation_s: timeline.seconds_of(SIMULATION),
            read_back_s: timeline.seconds_of(READ_BACK),
            files_s: timeline.seconds_of(FILES),
            other_s: timeline.seconds_of(RUN),
        }
    }
}

/// Renders of one case on one device, in a process of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Name of the device.
    pub device: String,
    /// Threads of the CPU path.
    pub threads: usize,
    /// Pixels rendered.
    pub pixels: usize,
    /// Terms summed.
    pub terms: f64,
    /// The first render, from the start of the process.
    pub cold: Times,
    /// The renders that followed in the same process, with everything kept that can be.
    pub warm: Vec<Times>,
    /// Peak memory of the process, bytes, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// Notices of the renderer.
    pub notices: Vec<String>,
}

impl Measurement {
    /// Range of the time `part` of the warm renders; of the cold one where none is warm.
    pub fn range(&self, part: impl Fn(&Times) -> f64) -> TimeRange {
        let cold = TimeRange::exactly(part(&self.cold));
        TimeRange::of(self.warm.iter().map(part)).unwrap_or(cold)
    }

    /// Pixels per second of a whole render.
    pub fn pixels_per_second(&self) -> f64 {
        self.pixels as f64 / self.range(|times| times.wall_s).median
    }

    /// Terms per second of the simulation alone.
    pub fn terms_per_second(&self) -> f64 {
        self.terms / self.range(|times| times.simulation_s).median
    }
}

/// Median and extremes of some times, s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TimeRange {
    /// The middle one, or the mean of the two middle ones.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl TimeRange {
    /// Range of `values`; none where there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<TimeRange> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (&min, &max) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            (values[middle - 1] + values[middle]) / 2.0
        };
        Some(TimeRange { median, min, max })
    }

    /// Range of one time.
    pub fn exactly(time: f64) -> TimeRange {
        TimeRange {
            median: time,
            min: time,
            max: time,
        }
    }
}

/// Renders of one case with the reference program.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReferenceTimes {
    /// The program.
    pub program: String,
    /// Wall time of each of its processes, s.
    pub wall_s: Vec<f64>,
}

/// How far two images of one case agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Name of the device that rendered the image.
    pub image: String,
    /// Name of what rendered the image that differences are relative to.
    pub reference: String,
    /// Pearson's correlation.
    pub correlation: f64,
    /// rms(A − B)/rms(B).
    pub nrmse: f64,
    /// Sum of A over sum of B.
    pub sum_ratio: f64,
    /// Why A does not pass for B, if it does not.
    pub shortcoming: Option<Shortcoming>,
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (image, reference) = (&self.image, &self.reference);
        match self.shortcoming {
            None | Some(Shortcoming::Correlation(..)) => write!(
                f,
                "{image} correlates {:.9} with {reference}",
                self.correlation
            ),
            Some(other) => write!(f, "{image} against {reference}: {other}"),
        }
    }
}

/// Everything that was measured at one size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SizeResult {
    /// Edge of the square detector, pixels.
    pub size: u32,
    /// One measurement for each device.
    pub devices: Vec<Measurement>,
    /// Times of the reference program, if there is one.
    pub reference: Option<ReferenceTimes>,
    /// Agreement between the devices, and of each with the reference program.
    pub agreements: Vec<Agreement>,
}

/// The document of a benchmark, `benchmark_results.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Benchmark {
    /// Version of this document's layout, [`Benchmark::SCHEMA`].
    pub schema: u32,
    /// When the benchmark was started, UTC.
    pub started: String,
    /// Flags of what was rendered, without the size.
    pub flags: Vec<String>,
    /// Warm renders at each size on each device.
    pub iterations: usize,
    /// Likeness that every pair of images must reach: [`Gate::Likeness`](crate::image::Gate).
    pub threshold: f64,
    /// Why sizes are missing, if any are.
    pub failure: Option<String>,
    /// The results, in the order of the sizes that were asked for.
    pub sizes: Vec<SizeResult>,
}

impl Benchmark {
    /// The layout that this program writes.
    pub const SCHEMA: u32 = 4;

    /// The pair of images that agrees least, with its size; none where there was nothing to
    /// compare. Images that do not pass come before those that do.
    pub fn worst_agreement(&self) -> Option<(u32, &Agreement)> {
        let rank = |agreement: &Agreement| match agreement.correlation {
            correlation if correlation.is_nan() => f64::NEG_INFINITY,
            correlation if agreement.shortcoming.is_some() => correlation - 2.0,
            correlation => correlation,
        };
        let all = self.sizes.iter().flat_map(|result| {
            let with_size = |agreement| (result.size, agreement);
            result.agreements.iter().map(with_size)
        });
        all.min_by(|(_, one), (_, other)| rank(one).total_cmp(&rank(other)))
    }

    /// Whether all was rendered and every pair of images passes; none where there
    /// was nothing to compare.
    pub fn passed(&self) -> Option<bool> {
        if self.failure.is_some() {
            return Some(false);
        }
        self.worst_agreement()
            .map(|(_, worst)| worst.shortcoming.is_none())
    }

    /// The benchmark as JSON, with the verdict, and the median and extremes of every time.
    ///
    /// # Errors
    /// An error of `serde_json`; none is known that this document can cause.
    pub fn document(&self) -> serde_json::Result<Value> {
        let mut document = serde_json::to_value(self)?;
        document["passed"] = json!(self.passed());
        for (place, result) in self.sizes.iter().enumerate() {
            for (device, measured) in result.devices.iter().enumerate() {
                let of_device = &mut document["sizes"][place]["devices"][device];
                of_device["spreads"] = ranges(measured)?;
            }
        }
        Ok(document)
    }
}

/// The range of every time of `measured`, by the names of the times.
fn ranges(measured: &Measurement) -> serde_json::Result<Value> {
    let Value::Object(names) = serde_json::to_value(measured.cold)? else {
        return Ok(Value::Null);
    };
    let mut ranges = Map::new();
    for name in names.keys() {
        let part = |times: &Times| json!(times)[name].as_f64().unwrap_or(f64::NAN);
        ranges.insert(name.clone(), json!(measured.range(part)));
    }
    Ok(ranges.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        let range = TimeRange::of([4.0, 1.0, 2.0, 9.0]).unwrap();
        assert_eq!((range.min, range.median, range.max), (1.0, 3.0, 9.0));
        assert_eq!(TimeRange::of([5.0, 1.0, 2.0]).unwrap().median, 2.0);
        assert_eq!(TimeRange::of([]), None);
    }

    #[test]
    fn one_pair_that_falls_short_fails_the_whole() {
        let agreement = |&(correlation, shortcoming): &(f64, Option<Shortcoming>)| Agreement {
            image: "gpu".into(),
            reference: "cpu".into(),
            correlation,
            nrmse: 0.0,
            sum_ratio: 1.0,
            shortcoming,
        };
        let benchmark = |pairs: &[(f64, Option<Shortcoming>)]| Benchmark {
            schema: Benchmark::SCHEMA,
            started: String::new(),
            flags: Vec::new(),
            iterations: 1,
            threshold: 0.99,
            failure: None,
            sizes: vec![SizeResult {
                size: 8,
                devices: Vec::new(),
                reference: None,
                agreements: pairs.iter().map(agreement).collect(),
            }],
        };
        let (low, flat) = (
            Some(Shortcoming::Correlation(0.72, 0.99)),
            Some(Shortcoming::NoSignal([true, true])),
        );
        let bright = Some(Shortcoming::Scale(10.0, 0.01));
        let passed = |pairs: &[_]| benchmark(pairs).passed();
        assert_eq!(passed(&[]), None);
        assert_eq!(passed(&[(1.0, None), (0.99, None)]), Some(true));
        assert_eq!(passed(&[(1.0, None), (0.72, low)]), Some(false));
        assert_eq!(passed(&[(1.0, None), (f64::NAN, flat)]), Some(false));
        let mixed = benchmark(&[(0.995, None), (1.0, bright)]);
        assert_eq!(mixed.passed(), Some(false));
        let (_, worst) = mixed.worst_agreement().unwrap();
        assert!(worst.to_string().contains("10.000000 times"), "{worst}");
    }
}
