//! From photons to shades: what part of an image's range a picture shows, and how.

use super::Image;

/// How a value between 0 and the upper limit becomes a shade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ToneScale {
    /// In proportion.
    #[default]
    Linear,
    /// By the logarithm, over four decades below the limit.
    Log,
    /// By the square root, which gives photon noise the same strength everywhere.
    Sqrt,
}

/// Decades that a logarithmic picture spans.
const LOG_DECADES: f32 = 4.0;

/// Maps photons to shades from 0 (none) to 1 (the limit and all above it).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToneMap {
    scale: ToneScale,
    limit: f32,
}

impl ToneMap {
    /// The map whose limit is the value that `percentile` percent of the rendered pixels do not
    /// exceed; the largest value where that one is not above 0.
    pub fn of(image: &Image, scale: ToneScale, percentile: f64) -> ToneMap {
        ToneMap::common(&[image], scale, percentile)
    }

    /// One map for several images, from the rendered pixels of all of them.
    pub fn common(images: &[&Image], scale: ToneScale, percentile: f64) -> ToneMap {
        let mut values: Vec<f32> = images
            .iter()
            .flat_map(|image| image.rendered())
            .map(|(_, value)| value)
            .filter(|value| value.is_finite())
            .collect();
        let Some(last) = values.len().checked_sub(1) else {
            return ToneMap { scale, limit: 1.0 };
        };
        let rank = (percentile / 100.0 * last as f64).round() as usize;
        let (_, &mut chosen, above) = values.select_nth_unstable_by(rank.min(last), f32::total_cmp);
        let limit = if chosen > 0.0 {
            chosen
        } else {
            above
                .iter()
                .copied()
                .max_by(f32::total_cmp)
                .unwrap_or(chosen)
        };
        ToneMap {
            scale,
            limit: if limit > 0.0 { limit } else { 1.0 },
        }
    }

    /// The value that has the last shade, above 0.
    pub fn limit(&self) -> f32 {
        self.limit
    }

    /// The shade of `photons`, 0 to 1.
    pub fn shade(&self, photons: f32) -> f32 {
        let part = photons / self.limit;
        let shade = match self.scale {
            ToneScale::Linear => part,
            ToneScale::Sqrt => part.max(0.0).sqrt(),
            ToneScale::Log => 1.0 + part.max(0.0).log10() / LOG_DECADES,
        };
        // NaN shows as nothing.
        if shade > 0.0 { shade.min(1.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[f32], scale: ToneScale, percentile: f64) -> ToneMap {
        ToneMap::of(
            &Image::new(values.len(), 1, values.to_vec(), None),
            scale,
            percentile,
        )
    }

    #[test]
    fn the_limit_is_the_percentile() {
        let values: Vec<f32> = (0..=100).map(|value| value as f32).collect();
        let tone = map(&values, ToneScale::Linear, 80.0);
        assert_eq!(
            (tone.shade(0.0), tone.shade(40.0), tone.shade(90.0)),
            (0.0, 0.5, 1.0)
        );
        let tone = map(&values, ToneScale::Sqrt, 100.0);
        assert_eq!((tone.shade(25.0), tone.shade(-3.0)), (0.5, 0.0));
        let tone = map(&values, ToneScale::Log, 100.0);
        assert_eq!(
            (tone.shade(1.0), tone.shade(0.0), tone.shade(f32::NAN)),
            (0.5, 0.0, 0.0)
        );
    }

    #[test]
    fn a_nearly_empty_image_still_shows_its_spots() {
        let mut values = vec![0.0; 1000];
        values[17] = 5.0;
        assert_eq!(map(&values, ToneScale::Linear, 99.5).shade(5.0), 1.0);
        assert_eq!(map(&[0.0; 4], ToneScale::Log, 99.5).shade(0.0), 0.0);
        assert_eq!(map(&[], ToneScale::Log, 99.5).shade(2.0), 1.0);
    }
}
