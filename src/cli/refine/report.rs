//! What is told of a refinement: the JSON document, lines for people, the list of spots.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use crate::refine::{Pull, Refined, RefinedValue, STRONG, Start};

/// The JSON document.
#[derive(Debug, Serialize)]
pub struct Summary {
    version: &'static str,
    frames: Vec<FrameSummary>,
    values: Vec<ValueSummary>,
    /// By the order of the values.
    correlations: Vec<Vec<f64>>,
    strong_correlations: Vec<String>,
    undetermined: Vec<String>,
    evaluations: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    simulate_check: Option<Vec<PullSummary>>,
    notices: Vec<String>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct FrameSummary {
    name: String,
    cell_a_deg: [f64; 6],
    misset_deg: Vec<f64>,
    scale: f64,
    spots: usize,
    saturated_spots_left_out: usize,
    masked_spots_left_out: usize,
    pixels: usize,
    chi_squared: f64,
    chi_squared_of_spots: f64,
    spot_pixels: usize,
    strong_spots: usize,
    strong_spots_explained: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
}

#[derive(Debug, Serialize)]
struct ValueSummary {
    name: String,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<usize>,
    start: f64,
    value: f64,
    /// None where the data do not tell the value.
    standard_uncertainty: Option<f64>,
}

#[derive(Debug, Serialize)]
struct PullSummary {
    name: String,
    put_in: f64,
    found: f64,
    pull: f64,
}

/// What messages call a value.
fn name(value: &RefinedValue) -> String {
    match value.frame {
        None => value.variable.to_string(),
        Some(frame) => format!("{}[{}]", value.variable, frame + 1),
    }
}

impl Summary {
    /// The summary of a refinement that took so long.
    pub fn of(
        starts: &[Start],
        refined: &Refined,
        pulls: Option<&[Pull]>,
        notices: Vec<String>,
        taken: Duration,
    ) -> Summary {
        let values = &refined.values;
        let certainty = &refined.certainty;
        let several = starts.len() > 1;
        let called = |place: usize| match several {
            true => name(&values[place]),
            false => values[place].variable.to_string(),
        };
        let count = values.len();
        let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
        let strong = pairs.filter(|&pair| certainty.correlations[pair].abs() > STRONG);
        let strong = strong.map(|(one, other)| {
            let rho = certainty.correlations[(one, other)];
            format!("{} and {}: {rho:+.4}", called(one), called(other))
        });
        let undetermined = certainty.undetermined.iter().map(|own| {
            let names: Vec<String> = own.parts.iter().map(|(place, _)| called(*place)).collect();
            let together = match names.as_slice() {
                [one] => format!("{one} is not determined by these data"),
                [first, others @ ..] => format!(
                    "{first} cannot be told apart from {}: together they can change with next to no \
                     effect",
                    others.join(", ")
                ),
                [] => String::new(),
            };
            format!(
                "{together}; that combination is known {:.0} times worse than each of them with all \
                 others known",
                own.worse
            )
        });
        Summary {
            version: crate::version::NUMBER,
            frames: starts
                .iter()
                .zip(&refined.frames)
                .map(|(start, own)| {
                    let cell = &own.parametrisation.experiment().crystal().cell;
                    let [a, b, c] = cell.lengths_m().map(|metres| metres * 1e10);
                    let [alpha, beta, gamma] = cell.angles_rad().map(f64::to_degrees);
                    let misset =
                        crate::derivatives::AXES.map(crate::derivatives::Parameter::Misset);
                    let misset = misset.map(|own_angle| own.parametrisation.value(own_angle));
                    FrameSummary {
                        name: start.frame.name.clone(),
                        cell_a_deg: [a, b, c, alpha, beta, gamma],
                        misset_deg: misset.into_iter().flatten().collect(),
                        scale: own.scale,
                        spots: own.boxes.spots.len(),
                        saturated_spots_left_out: own.boxes.saturated,
                        masked_spots_left_out: own.boxes.masked,
                        pixels: own.boxes.pixels.len(),
                        chi_squared: own.quality.chi_squared,
                        chi_squared_of_spots: own.quality.chi_squared_of_spots,
                        spot_pixels: own.quality.spot_pixels,
                        strong_spots: own.quality.strong,
                        strong_spots_explained: own.quality.explained,
                        search: own.search.map(|(matched, of)| {
                            format!("{matched} of {of} strong spots on lattice points")
                        }),
                    }
                })
                .collect(),
            values: values
                .iter()
                .map(|own| ValueSummary {
                    name: own.variable.to_string(),
                    unit: own.variable.first().unit(),
                    frame: own.frame.filter(|_| several).map(|frame| frame + 1),
                    start: own.start,
                    value: own.value,
                    standard_uncertainty: Some(own.sigma).filter(|sigma| sigma.is_finite()),
                })
                .collect(),
            correlations: certainty
                .correlations
                .row_iter()
                .map(|row| row.iter().copied().collect())
                .collect(),
            strong_correlations: strong.collect(),
            undetermined: undetermined.collect(),
            evaluations: refined.evaluations,
            simulate_check: pulls.map(|pulls| {
                let of = |own: &Pull| PullSummary {
                    name: called(own.place),
                    put_in: values[own.place].value,
                    found: own.value,
                    pull: own.pull,
                };
                pulls.iter().map(of).collect()
            }),
            notices,
            seconds: taken.as_secs_f64(),
        }
    }

    /// The summary for people.
    pub fn lines(&self) -> String {
        let mut text = String::new();
        // Writing to a text does not fail.
        let mut line = |words: std::fmt::Arguments| {
            let _ = writeln!(text, "{words}");
        };
        for frame in &self.frames {
            line(format_args!(
                "{}: {} spots, chi-squared {:.3} (of spots {:.3}), {} of {} strong spots explained",
                frame.name,
                frame.spots,
                frame.chi_squared,
                frame.chi_squared_of_spots,
                frame.strong_spots_explained,
                frame.strong_spots
            ));
        }
        for value in &self.values {
            let frame = value
                .frame
                .map(|frame| format!("[{frame}]"))
                .unwrap_or_default();
            let sigma = match value.standard_uncertainty {
                Some(sigma) => format!("+- {sigma:.2e}"),
                None => "not determined".to_string(),
            };
            line(format_args!(
                "  {:<24} {:>14.6} {sigma:<16} {} (from {:.6})",
                format!("{}{frame}", value.name),
                value.value,
                value.unit,
                value.start
            ));
        }
        for told in &self.strong_correlations {
            line(format_args!("  correlation of {told}"));
        }
        for told in &self.undetermined {
            line(format_args!("  undetermined: {told}"));
        }
        for pull in self.simulate_check.iter().flatten() {
            line(format_args!("  pull of {}: {:+.2}", pull.name, pull.pull));
        }
        line(format_args!(
            "{} evaluations in {:.1} s",
            self.evaluations, self.seconds
        ));
        text
    }
}

/// The predicted spots, one a line.
pub fn spots(starts: &[Start], refined: &Refined) -> String {
    let mut text = String::from(
        "# frame h k l panel fast slow off_deg F photons_expected photons_measured: places are pixels \
         from the outer corner of the panel's first; photons without background, in the pixels that \
         were fitted\n",
    );
    for (number, (start, own)) in starts.iter().zip(&refined.frames).enumerate() {
        let _ = writeln!(text, "# frame {}: {}", number + 1, start.frame.name);
        let mut photons = vec![[0.0; 2]; own.boxes.spots.len()];
        for (place, pixel) in own.boxes.pixels.iter().enumerate() {
            photons[pixel.of][0] += own.crystal[place];
            photons[pixel.of][1] += own.measured[place].photons - own.background[place];
        }
        for (spot, [expected, measured]) in own.boxes.spots.iter().zip(photons) {
            let ([h, k, l], [fast, slow]) = (spot.index, spot.at);
            let _ = writeln!(
                text,
                "{} {h} {k} {l} {} {fast:.3} {slow:.3} {:.4} {:.3} {expected:.1} {measured:.1}",
                number + 1,
                spot.panel,
                spot.off_rad.to_degrees(),
                spot.amplitude
            );
        }
    }
    text
}
