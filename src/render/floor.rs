//! From where on pixels are within the tolerance.

use serde::Serialize;

/// Floors of an image's pixels: what a pixel would hold if each of its terms were a fixed typical
/// one ([`Scene::floor`](crate::scene::Scene::floor)).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Floor {
    /// The tolerance: a pixel at or above its floor, and the total, are off by less than this part.
    pub tolerance: f64,
    /// Mean over the rendered pixels, photons.
    pub mean: f64,
    /// The highest of any pixel, photons.
    pub max: f64,
}

impl Floor {
    /// Of an image with these floors, where only the `rendered` pixels count.
    pub(super) fn of(tolerance: f64, floors: &[f32], rendered: Option<&[bool]>) -> Floor {
        let counts = |place: usize| rendered.is_none_or(|rendered| rendered[place]);
        let counted = floors.iter().enumerate();
        let counted = counted.filter(|(place, _)| counts(*place));
        let (mut count, mut sum, mut max) = (0u64, 0.0, 0.0);
        for (_, &floor) in counted {
            let floor = f64::from(floor);
            (count, sum, max) = (count + 1, sum + floor, floor.max(max));
        }
        Floor {
            tolerance,
            mean: if count > 0 { sum / count as f64 } else { 0.0 },
            max,
        }
    }

    /// The floor of an image that is the sum of two, of which one may have been rendered in full.
    pub(super) fn sum(one: Option<Floor>, other: Option<Floor>) -> Option<Floor> {
        let (Some(first), Some(second)) = (one, other) else {
            return one.or(other);
        };
        Some(Floor {
            tolerance: first.tolerance,
            mean: first.mean + second.mean,
            // Their highest need not be at one pixel.
            max: first.max + second.max,
        })
    }

    /// The floor of a scene whose typical term is `factor` times this one's.
    pub(super) fn scaled(&self, factor: f64) -> Floor {
        Floor {
            tolerance: self.tolerance,
            mean: factor * self.mean,
            max: factor * self.max,
        }
    }
}
