//! The summary of a comparison, for people and, through serde, for programs.

use serde::Serialize;

use crate::image::{Difference, Gate, Image, PERCENTS, PeakMatches, Shortcoming};

/// Two images and how far they are apart. In JSON a number that is not finite is `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonSummary {
    version: &'static str,
    image: ComparedImage,
    reference: ComparedImage,
    width: usize,
    height: usize,
    pixels: usize,
    left_out: usize,
    non_finite: Both<usize>,
    correlation: f64,
    nrmse: f64,
    rmse: f64,
    worst: Worst,
    sum: Both<f64>,
    sum_ratio: f64,
    relative_difference: Option<Relative>,
    peaks: Peaks,
    /// Whether the images are alike enough, where that was asked.
    #[serde(flatten)]
    pub verdict: Option<Verdict>,
    /// How long two programs took for the images.
    pub times: Option<ProgramTimes>,
    /// Names of the files that tell more.
    pub files: Vec<String>,
}

/// An image that is compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedImage {
    /// The file of the image, or the program that rendered it.
    pub name: String,
    /// Format of the file.
    pub format: &'static str,
}

/// How peaks are looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeakSearch {
    /// How many of the highest peaks are matched.
    pub count: usize,
    /// How far from its partner a peak may be, pixels.
    pub radius: f64,
}

/// Whether the images are alike enough.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Verdict {
    /// The correlation asked for.
    pub threshold: f64,
    /// Whether images of another scale may pass too.
    pub correlation_only: bool,
    /// Whether the images are as alike as that.
    pub passed: bool,
    /// Why they are not.
    pub shortcoming: Option<Shortcoming>,
}

/// How long two programs took for the images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProgramTimes {
    /// Wall time of the other program, from its start to its end, s.
    pub reference_seconds: f64,
    /// Wall time of setting the device up, s.
    pub set_up_seconds: f64,
    /// Wall time of the render, s.
    pub render_seconds: f64,
    /// Name of the device that rendered.
    pub device: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Both<T> {
    image: T,
    reference: T,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Worst {
    difference: f64,
    at: [usize; 2],
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Relative {
    /// Pixels where the reference is not zero.
    pixels: usize,
    quantiles: Vec<Quantile>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Quantile {
    percent: f64,
    value: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Peaks {
    /// Peaks of the reference that were sought.
    sought: usize,
    radius: f64,
    matched: usize,
    missing: usize,
    extra: usize,
    agreement: Option<Agreement>,
    pairs: Vec<Pair>,
    missing_at: Vec<[f64; 2]>,
    extra_at: Vec<[f64; 2]>,
}

/// How far the peaks that were matched agree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Agreement {
    mean_shift: [f64; 2],
    mean_distance: f64,
    max_distance: f64,
    mean_intensity_ratio: f64,
    min_intensity_ratio: f64,
    max_intensity_ratio: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Pair {
    image: [f64; 2],
    reference: [f64; 2],
    distance: f64,
    intensity_ratio: f64,
}

impl ComparisonSummary {
    /// The summary of what `difference` and `matches` say of `image`, which is held against
    /// another; `sources` are where the two came from, the reference last.
    pub fn new(
        image: &Image,
        sources: [ComparedImage; 2],
        difference: &Difference,
        search: PeakSearch,
        matches: &PeakMatches,
    ) -> ComparisonSummary {
        let figures = &difference.comparison;
        let at = figures.worst_at;
        let [source, reference] = sources;
        let [in_image, in_reference] = difference.non_finite;
        ComparisonSummary {
            version: crate::version::NUMBER,
            image: source,
            reference,
            width: image.width(),
            height: image.height(),
            pixels: difference.pixels,
            left_out: difference.left_out,
            non_finite: Both {
                image: in_image,
                reference: in_reference,
            },
            correlation: figures.correlation,
            nrmse: figures.nrmse,
            rmse: figures.rmse,
            worst: Worst {
                difference: figures.worst,
                at: [at % image.width().max(1), at / image.width().max(1)],
            },
            sum: Both {
                image: figures.sum,
                reference: figures.reference_sum,
            },
            sum_ratio: difference.sum_ratio(),
            relative_difference: difference.relative.map(|quantiles| Relative {
                pixels: quantiles.count,
                quantiles: PERCENTS
                    .into_iter()
                    .zip(quantiles.values)
                    .map(|(percent, value)| Quantile { percent, value })
                    .collect(),
            }),
            peaks: Peaks::of(search, matches),
            verdict: None,
            times: None,
            files: Vec::new(),
        }
    }

    /// The verdict on images of this `difference`, which must be alike by `threshold`, or only
    /// correlate by it.
    pub fn judge(&mut self, difference: &Difference, threshold: f64, correlation_only: bool) {
        let gate = match correlation_only {
            true => Gate::Correlation(threshold),
            false => Gate::Likeness(threshold),
        };
        let shortcoming = gate.check(difference).err();
        self.verdict = Some(Verdict {
            threshold,
            correlation_only,
            passed: shortcoming.is_none(),
            shortcoming,
        });
    }
}

impl Peaks {
    fn of(search: PeakSearch, matches: &PeakMatches) -> Peaks {
        let pairs: Vec<Pair> = matches
            .matched
            .iter()
            .map(|pair| Pair {
                image: pair.image.at,
                reference: pair.reference.at,
                distance: pair.distance(),
                intensity_ratio: pair.ratio(),
            })
            .collect();
        let count = pairs.len() as f64;
        let mean = |of: &dyn Fn(&Pair) -> f64| pairs.iter().map(of).sum::<f64>() / count;
        let ratios = || pairs.iter().map(|pair| pair.intensity_ratio);
        let agreement = (!pairs.is_empty()).then(|| Agreement {
            mean_shift: [0, 1].map(|axis| mean(&|pair| pair.image[axis] - pair.reference[axis])),
            mean_distance: mean(&|pair| pair.distance),
            max_distance: pairs.iter().map(|pair| pair.distance).fold(0.0, f64::max),
            mean_intensity_ratio: mean(&|pair| pair.intensity_ratio),
            min_intensity_ratio: ratios().fold(f64::INFINITY, f64::min),
            max_intensity_ratio: ratios().fold(f64::NEG_INFINITY, f64::max),
        });
        Peaks {
            sought: matches.matched.len() + matches.missing.len(),
            radius: search.radius,
            matched: matches.matched.len(),
            missing: matches.missing.len(),
            extra: matches.extra.len(),
            agreement,
            pairs,
            missing_at: matches.missing.iter().map(|peak| peak.at).collect(),
            extra_at: matches.extra.iter().map(|peak| peak.at).collect(),
        }
    }
}
