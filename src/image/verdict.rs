//! Whether an image passes for its reference: the verdict of every command that gives one.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Comparison, Difference};

/// What float32 comes to: no gate asks two float32 images for more, but for that of bits.
pub const FLOAT32: f64 = 1e-5;

/// A pixel may be off by so many gates of the reference's maximum.
const WORST_PIXEL_GATES: f64 = 10.0;

/// How near an image A must come to its reference B. Images without a signal, flat ones, pass
/// none of these, and neither do images with pixels that are not finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gate {
    /// A correlation of at least R, and the scale of B to go with it: sums that differ by at most
    /// 1 − R, and an nrmse of at most √(1/R² − 1), that of noise which leaves the correlation R;
    /// neither below [`FLOAT32`].
    Likeness(f64),
    /// A correlation of at least R, at whatever scale.
    Correlation(f64),
    /// This nrmse at most, and no pixel off by more than ten times this part of B's maximum.
    Nrmse(f64),
    /// Spots with sharp edges, which may fall on either side of a pixel: this part of the pixels
    /// may differ, none by more than B's maximum.
    Edges(f64),
    /// Not a bit of difference.
    Bits,
}

/// Why an image does not pass for its reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shortcoming {
    /// Pixels of A and of B that are NaN or infinite.
    NonFinite([usize; 2]),
    /// Whether A and B have one value everywhere, of which one does.
    NoSignal([bool; 2]),
    /// The correlation, and the least that passes.
    Correlation(f64, f64),
    /// The ratio of the sums, and how far from 1 passes.
    Scale(f64, f64),
    /// The nrmse, and the most that passes.
    Nrmse(f64, f64),
    /// The largest difference over B's maximum, and the most that passes.
    WorstPixel(f64, f64),
    /// The part of the pixels that differ, and the most that passes.
    Differing(f64, f64),
    /// Not every bit is the reference's.
    Bits,
}

impl Gate {
    /// Whether images of this `difference` pass.
    ///
    /// # Errors
    /// What keeps them from it.
    pub fn check(self, difference: &Difference) -> Result<(), Shortcoming> {
        let Comparison {
            correlation,
            nrmse,
            flat,
            identical,
            differing,
            ..
        } = difference.comparison;
        if difference.non_finite != [0, 0] {
            return Err(Shortcoming::NonFinite(difference.non_finite));
        }
        if flat.contains(&true) {
            return Err(Shortcoming::NoSignal(flat));
        }
        // A NaN does not hold, whatever it is compared with.
        let require = |holds: bool, otherwise| if holds { Ok(()) } else { Err(otherwise) };
        let correlates = |least| {
            require(
                correlation >= least,
                Shortcoming::Correlation(correlation, least),
            )
        };
        let worst = difference.comparison.worst / difference.comparison.reference_max;
        let off = |most| require(worst <= most, Shortcoming::WorstPixel(worst, most));
        let noisy = |most| require(nrmse <= most, Shortcoming::Nrmse(nrmse, most));
        match self {
            Gate::Likeness(least) => {
                correlates(least)?;
                let (ratio, most) = (difference.sum_ratio(), FLOAT32.max(1.0 - least));
                require((ratio - 1.0).abs() <= most, Shortcoming::Scale(ratio, most))?;
                let noise = match least > 0.0 {
                    true => (1.0 / (least * least) - 1.0).sqrt(),
                    false => f64::INFINITY,
                };
                noisy(FLOAT32.max(noise))
            }
            Gate::Correlation(least) => correlates(least),
            Gate::Nrmse(gate) => {
                noisy(gate)?;
                off(WORST_PIXEL_GATES * gate)
            }
            Gate::Edges(part) => {
                require(differing <= part, Shortcoming::Differing(differing, part))?;
                off(1.0 + FLOAT32)
            }
            Gate::Bits => require(identical, Shortcoming::Bits),
        }
    }
}

impl Serialize for Shortcoming {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Shortcoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Shortcoming::NonFinite([image, reference]) => write!(
                f,
                "{image} pixel(s) of the image and {reference} of the reference are NaN or \
                 infinite; images with such pixels never pass"
            ),
            Shortcoming::NoSignal(flat) => {
                let which = match flat {
                    [true, true] => "both images are",
                    [true, false] => "the image is",
                    _ => "the reference is",
                };
                write!(
                    f,
                    "{which} flat, one value in every pixel; without a signal the correlation is \
                     undefined, and no threshold passes"
                )
            }
            Shortcoming::Correlation(found, least) => {
                write!(f, "the correlation is {found}, below {least}")
            }
            Shortcoming::Scale(ratio, most) => write!(
                f,
                "the image adds up to {ratio:.6} times the reference, more than {most:.1e} from 1"
            ),
            Shortcoming::Nrmse(found, most) => {
                write!(f, "the nrmse is {found:.3e}, above {most:.3e}")
            }
            Shortcoming::WorstPixel(found, most) => write!(
                f,
                "a pixel is off by {found:.1e} of the reference's maximum, above {most:.1e}"
            ),
            Shortcoming::Differing(found, most) => {
                write!(f, "{found:.1e} of the pixels differ, more than {most:.1e}")
            }
            Shortcoming::Bits => write!(f, "not every bit is the reference's"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Image;
    use super::*;

    const SPOTS: [f32; 8] = [0.0, 1.0, 9.0, 1.0, 0.0, 0.5, 4.0, 0.5];

    fn verdict(gate: Gate, image: &[f32], reference: &[f32]) -> Result<(), Shortcoming> {
        let [image, reference] =
            [image, reference].map(|values| Image::new(values.len(), 1, values.to_vec(), None));
        gate.check(&Difference::of(&image, &reference).unwrap())
    }

    const EVERY: [Gate; 5] = [
        Gate::Likeness(0.99),
        Gate::Correlation(-1.0),
        Gate::Nrmse(1e-5),
        Gate::Edges(1e-3),
        Gate::Bits,
    ];

    #[test]
    fn equal_images_pass_every_gate_and_those_without_a_signal_none() {
        for gate in EVERY {
            assert_eq!(verdict(gate, &SPOTS, &SPOTS), Ok(()), "{gate:?}");
            for value in [0.0, 7.5] {
                let flat = [value; 8];
                let both = Err(Shortcoming::NoSignal([true, true]));
                assert_eq!(verdict(gate, &flat, &flat), both, "{gate:?}");
                let one = Err(Shortcoming::NoSignal([false, true]));
                assert_eq!(verdict(gate, &SPOTS, &flat), one, "{gate:?}");
            }
            let mut hole = SPOTS;
            hole[1] = f32::NAN;
            let found = verdict(gate, &hole, &hole);
            assert_eq!(found, Err(Shortcoming::NonFinite([1, 1])), "{gate:?}");
        }
    }

    #[test]
    fn another_scale_passes_by_the_correlation_alone() {
        for factor in [10.0, 2.0, 1.02, 0.98, 0.1] {
            let scaled = SPOTS.map(|value| value * factor);
            for gate in EVERY {
                let passes = matches!(gate, Gate::Correlation(_));
                assert_eq!(
                    verdict(gate, &scaled, &SPOTS).is_ok(),
                    passes,
                    "{factor} {gate:?}"
                );
            }
            let found = verdict(Gate::Likeness(0.99), &scaled, &SPOTS);
            assert!(matches!(found, Err(Shortcoming::Scale(..))), "{found:?}");
        }
        // The sums are equal, and the contrast is a tenth.
        let mean = SPOTS.iter().sum::<f32>() / 8.0;
        let pale = SPOTS.map(|value| mean + 0.1 * (value - mean));
        let found = verdict(Gate::Likeness(0.99), &pale, &SPOTS);
        assert!(matches!(found, Err(Shortcoming::Nrmse(..))), "{found:?}");
    }

    #[test]
    fn noise_that_leaves_the_correlation_passes() {
        let noisy = SPOTS.map(|value| value + if value > 1.0 { 0.03 } else { -0.01 });
        assert_eq!(verdict(Gate::Likeness(0.999), &noisy, &SPOTS), Ok(()));
        let found = verdict(Gate::Likeness(1.0), &noisy, &SPOTS);
        assert!(
            matches!(found, Err(Shortcoming::Correlation(..))),
            "{found:?}"
        );
    }
}
