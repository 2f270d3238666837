//! A check of a refinement by itself: counts are simulated at the solution and refined again.

use rand_distr::{Distribution, Normal, Poisson};

use super::{RefineError, Refined, RefinedValue, Start, Wish, refine};
use crate::derivatives::Parameter;
use crate::random::PhiloxStream;
use crate::render::{Monitor, Renderer};

/// How far a variable is off that is refined again.
#[derive(Debug, Clone, PartialEq)]
pub struct Pull {
    /// Place of the variable among the refined values.
    pub place: usize,
    /// The value that was found in the simulated counts.
    pub value: f64,
    /// The difference from the value that they were simulated with, over its standard uncertainty.
    pub pull: f64,
}

/// What the deviates are for, part of their key.
const PURPOSE: u32 = 0x7265_6669;

/// Simulates counts at the solution, in the pixels that were fitted, and refines them from a start
/// that is moved away by amounts that follow from `seed`.
///
/// # Errors
/// As [`refine`].
pub fn simulate_check(
    renderer: &Renderer,
    starts: &[Start],
    refined: &Refined,
    wish: &Wish,
    seed: u64,
    monitor: &dyn Monitor,
) -> Result<Vec<Pull>, RefineError> {
    let mut simulated = Vec::new();
    for (number, (start, own)) in starts.iter().zip(&refined.frames).enumerate() {
        let mut stream = PhiloxStream::new(seed, 0, number as u32, PURPOSE);
        let mut frame = start.frame.clone();
        let readout = frame.readout.sqrt();
        for ((pixel, crystal), background) in own
            .boxes
            .pixels
            .iter()
            .zip(&own.crystal)
            .zip(&own.background)
        {
            let poisson = Poisson::new(crystal + background).map(|own| own.sample(&mut stream));
            let normal = Normal::new(0.0, readout).map(|own| own.sample(&mut stream));
            frame.photons[pixel.in_frame] = poisson.unwrap_or(0.0) + normal.unwrap_or(0.0);
        }
        let mut moved = Vec::new();
        let unit = Normal::new(0.0, 1.0);
        for variable in wish
            .variables
            .iter()
            .filter(|variable| !variable.is_scale())
        {
            let deviate: f64 = unit.as_ref().map_or(0.0, |unit| unit.sample(&mut stream));
            let value = own.parametrisation.value(variable.first())?;
            let value = match variable.first() {
                Parameter::Misset(_) => value + 0.03 * deviate,
                Parameter::CellEdge(_) | Parameter::CellAngle(_) => value * (1.0 + 1e-3 * deviate),
                Parameter::Cells(_) | Parameter::Mosaic | Parameter::MosaicSigma(_) => {
                    value * (0.1 * deviate).exp()
                }
                // The others stay: nobody knows how far they can be moved.
                _ => value,
            };
            moved.extend(
                variable
                    .drives
                    .iter()
                    .map(|(parameter, factor)| (*parameter, factor * value)),
            );
        }
        simulated.push(Start {
            frame,
            parametrisation: own.parametrisation.with(&moved)?,
        });
    }
    let again = refine(renderer, &simulated, wish, monitor)?;
    let values = refined.values.iter().enumerate();
    Ok(values
        .filter_map(|(place, put_in)| {
            // Of refined F those are left that are fitted in both.
            let alike =
                |own: &&RefinedValue| own.variable == put_in.variable && own.frame == put_in.frame;
            let found = again.values.iter().find(alike)?;
            Some(Pull {
                place,
                value: found.value,
                pull: (found.value - put_in.value) / found.sigma,
            })
        })
        .collect())
}
