//! What a benchmark measured, and the figures drawn from it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::profile::{FILES, INPUT, Profile, READ_BACK, RUN, SETUP, SIMULATION};

/// Where the time of one render went, s; the parts add up to the wall time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// Wall time.
    pub wall_s: f64,
    /// Flags and input files.
    pub input_s: f64,
    /// Threads, device, pipelines, scene and buffers.
    pub setup_s: f64,
    /// Evaluating terms.
    pub simulation_s: f64,
    /// Bringing the image home from a device.
    pub read_back_s: f64,
    /// Making and writing the float file.
    pub files_s: f64,
    /// Whatever lies between these.
    pub other_s: f64,
}

impl Times {
    /// Of the one run that `profile` holds.
    pub fn of(profile: &Profile) -> Times {
        Times {
            wall_s: profile
                .root()
                .map_or(0.0, |root| root.duration_ns as f64 * 1e-9),
            input_s: profile.seconds_of(INPUT),
            setup_s: profile.seconds_of(SETUP),
            simulation_s: profile.seconds_of(SIMULATION),
            read_back_s: profile.seconds_of(READ_BACK),
            files_s: profile.seconds_of(FILES),
            other_s: profile.seconds_of(RUN),
        }
    }
}

/// Renders of one size on one device, in a process of their own.
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
    /// Those that followed in the same process, with everything kept that can be.
    pub warm: Vec<Times>,
    /// Most memory that the process held, bytes, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// What the renderer had to say.
    pub notices: Vec<String>,
}

/// Runs of the reference program at one size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReferenceTimes {
    /// The program.
    pub program: String,
    /// Wall time of each run, s.
    pub wall_s: Vec<f64>,
}

/// How far two images of one size agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// What made the one.
    pub image: String,
    /// What made the other, which differences are relative to.
    pub reference: String,
    /// Pearson's correlation.
    pub correlation: f64,
    /// rms(A − B)/rms(B).
    pub nrmse: f64,
}

/// Everything at one size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SizeResult {
    /// Edge of the square detector, pixels.
    pub size: usize,
    /// One for each device.
    pub devices: Vec<Measurement>,
    /// The reference program's, if there is one.
    pub reference: Option<ReferenceTimes>,
    /// Between the devices, and of each with the reference program.
    pub agreements: Vec<Agreement>,
}

/// The document of a benchmark, `benchmark_results.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Benchmark {
    /// When it was started, UTC.
    pub started: String,
    /// Flags of what was rendered, without the size.
    pub flags: Vec<String>,
    /// Warm renders of each.
    pub iterations: usize,
    /// Correlation that every pair of images must reach.
    pub threshold: f64,
    /// Why sizes are missing, if any are.
    pub failure: Option<String>,
    /// By size.
    pub sizes: Vec<SizeResult>,
}

/// Median and extremes of some times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one, or the mean of the two middle ones.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of `values`; none of none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (&min, &max) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            (values[middle - 1] + values[middle]) / 2.0
        };
        Some(Spread { median, min, max })
    }
}

/// The parts of a render's time, by the names that they have in documents.
const PARTS: [(&str, fn(&Times) -> f64); 7] = [
    ("wall_s", |times| times.wall_s),
    ("input_s", |times| times.input_s),
    ("setup_s", |times| times.setup_s),
    ("simulation_s", |times| times.simulation_s),
    ("read_back_s", |times| times.read_back_s),
    ("files_s", |times| times.files_s),
    ("other_s", |times| times.other_s),
];

impl Agreement {
    /// How much the two images correlate, for people.
    pub fn in_words(&self) -> String {
        let Agreement {
            image,
            reference,
            correlation,
            ..
        } = self;
        if correlation.is_nan() {
            return format!(
                "the correlation of {image} with {reference} is undefined, as one of them is flat or \
                 has pixels that are no numbers"
            );
        }
        format!("{image} correlates {correlation:.9} with {reference}")
    }
}

impl Measurement {
    /// Spread of what `part` takes of each warm render; of the cold one where none is warm.
    pub fn spread(&self, part: impl Fn(&Times) -> f64) -> Spread {
        let cold = part(&self.cold);
        Spread::of(self.warm.iter().map(&part)).unwrap_or(Spread {
            median: cold,
            min: cold,
            max: cold,
        })
    }

    /// Pixels per second of a whole render.
    pub fn pixels_per_second(&self) -> f64 {
        self.pixels as f64 / self.spread(|times| times.wall_s).median
    }

    /// Terms per second of the simulation alone.
    pub fn terms_per_second(&self) -> f64 {
        self.terms / self.spread(|times| times.simulation_s).median
    }
}

impl Benchmark {
    /// The pair that agrees least, with its size; none where there was nothing to compare. What is
    /// not a number agrees least of all.
    pub fn worst_agreement(&self) -> Option<(usize, &Agreement)> {
        let rank = |agreement: &Agreement| match agreement.correlation {
            correlation if correlation.is_nan() => f64::NEG_INFINITY,
            correlation => correlation,
        };
        let all = self.sizes.iter().flat_map(|result| {
            let size = result.size;
            result
                .agreements
                .iter()
                .map(move |agreement| (size, agreement))
        });
        all.min_by(|(_, one), (_, other)| rank(one).total_cmp(&rank(other)))
    }

    /// Whether all was rendered and every pair of images reaches the threshold; none where there
    /// was nothing to compare.
    pub fn passed(&self) -> Option<bool> {
        if self.failure.is_some() {
            return Some(false);
        }
        self.worst_agreement()
            .map(|(_, worst)| worst.correlation >= self.threshold)
    }

    /// The benchmark as JSON, with the verdict, and the median and extremes of every time.
    ///
    /// # Errors
    /// As `serde_json` has them; none is known that this document can cause.
    pub fn document(&self) -> serde_json::Result<Value> {
        let mut document = serde_json::to_value(self)?;
        document["passed"] = serde_json::to_value(self.passed())?;
        for (place, result) in self.sizes.iter().enumerate() {
            for (device, measured) in result.devices.iter().enumerate() {
                let spreads =
                    PARTS.map(|(name, part)| (name.to_string(), json!(measured.spread(part))));
                let spreads: Map<String, Value> = spreads.into_iter().collect();
                document["sizes"][place]["devices"][device]["spreads"] = spreads.into();
            }
        }
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        let spread = Spread::of([4.0, 1.0, 2.0, 9.0]).unwrap();
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 3.0, 9.0));
        assert_eq!(Spread::of([5.0, 1.0, 2.0]).unwrap().median, 2.0);
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn a_correlation_that_is_no_number_never_passes() {
        let agreement = |correlation| Agreement {
            image: "gpu".into(),
            reference: "cpu".into(),
            correlation,
            nrmse: 0.0,
        };
        let benchmark = |correlations: &[f64]| Benchmark {
            started: String::new(),
            flags: Vec::new(),
            iterations: 1,
            threshold: 0.99,
            failure: None,
            sizes: vec![SizeResult {
                size: 8,
                devices: Vec::new(),
                reference: None,
                agreements: correlations.iter().map(|&c| agreement(c)).collect(),
            }],
        };
        assert_eq!(benchmark(&[]).passed(), None);
        assert_eq!(benchmark(&[1.0, 0.99]).passed(), Some(true));
        assert_eq!(benchmark(&[1.0, 0.72]).passed(), Some(false));
        assert_eq!(benchmark(&[1.0, f64::NAN]).passed(), Some(false));
    }
}
