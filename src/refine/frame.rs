//! A measured frame: photons, and which pixels can be trusted.

use super::likelihood::Measured;

/// Whether a pixel's counts can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// They can.
    Good,
    /// They are at the upper end of what the detector counts, or above what can be trusted.
    Saturated,
    /// They are below what the detector counts, or no number.
    Below,
    /// A mask, a region or the detector leaves the pixel out.
    Masked,
}

/// What a detector makes of photons: counts are gain·photons + offset, with a readout noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counting {
    /// Counts per photon.
    pub gain: f64,
    /// Counts of a pixel without photons.
    pub offset: f64,
    /// Standard deviation of the readout, counts.
    pub readout: f64,
    /// The least count that can be trusted, where there is one.
    pub least: Option<f64>,
    /// The first count that cannot be trusted, where there is one.
    pub saturation: Option<f64>,
}

/// A measured frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// What messages call it.
    pub name: String,
    /// Pixels along fast and slow of each panel; panels are stacked.
    pub panels: Vec<[usize; 2]>,
    /// Photons of each pixel: (counts − offset)/gain.
    pub photons: Vec<f64>,
    /// Whether each can be trusted.
    pub trust: Vec<Trust>,
    /// Variance of the readout, photons².
    pub readout: f64,
}

impl Frame {
    /// The frame of `counts`, of panels of these shapes, stacked; `None` unless there is one count a
    /// pixel. `masked` tells which pixels are left out whatever their counts.
    pub fn new(
        name: String,
        panels: Vec<[usize; 2]>,
        counts: impl Iterator<Item = f64>,
        counting: Counting,
        masked: impl Fn(usize) -> bool,
    ) -> Option<Frame> {
        let Counting {
            gain,
            offset,
            readout,
            least,
            saturation,
        } = counting;
        let (mut photons, mut trust) = (Vec::new(), Vec::new());
        for (pixel, count) in counts.enumerate() {
            trust.push(if masked(pixel) {
                Trust::Masked
            } else if !count.is_finite() || least.is_some_and(|least| count < least) {
                Trust::Below
            } else if saturation.is_some_and(|most| count >= most) {
                Trust::Saturated
            } else {
                Trust::Good
            });
            let counted = (count - offset) / gain;
            photons.push(if counted.is_finite() { counted } else { 0.0 });
        }
        let pixels: usize = panels.iter().map(|[fast, slow]| fast * slow).sum();
        (pixels == photons.len()).then_some(Frame {
            name,
            panels,
            photons,
            trust,
            readout: (readout / gain).powi(2),
        })
    }

    /// Whether something was counted in a pixel, if only too much.
    pub fn is_seen(&self, pixel: usize) -> bool {
        matches!(self.trust[pixel], Trust::Good | Trust::Saturated)
    }

    /// What was measured in a pixel.
    pub fn measured(&self, pixel: usize) -> Measured {
        Measured {
            photons: self.photons[pixel],
            readout: self.readout,
        }
    }

    /// How many pixels are so.
    pub fn count(&self, trust: Trust) -> usize {
        self.trust.iter().filter(|&&own| own == trust).count()
    }

    /// The pixel's place in the image of the pixel at these coordinates of a panel.
    pub fn pixel(&self, panel: usize, [fast, slow]: [usize; 2]) -> usize {
        let before: usize = self.panels[..panel]
            .iter()
            .map(|[fast, slow]| fast * slow)
            .sum();
        before + slow * self.panels[panel][0] + fast
    }
}
