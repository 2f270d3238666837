//! The pixels about predicted spots, as a detector of their own: a small panel for each spot, so that
//! a render costs what these pixels cost.

use std::collections::HashMap;
use std::sync::Arc;

use super::frame::{Frame, Trust};
use super::spots::Spot;
use crate::experiment::{Detector, Experiment, ExperimentError, Mask, Panel};
use crate::scene::{PANEL_COUNT, SceneVector};

/// Rectangles of pixels about spots, all of one shape. A pixel is used once: by the nearest spot.
#[derive(Debug, Clone)]
pub struct Boxes {
    /// The spots.
    pub spots: Vec<Spot>,
    /// The first pixel of each spot's box, on the spot's panel.
    pub corners: Vec<[usize; 2]>,
    /// Pixels of a box along fast and slow.
    pub shape: [usize; 2],
    /// The pixels that are used, box after box.
    pub pixels: Vec<BoxPixel>,
    /// Spots that were left out for saturated pixels.
    pub saturated: usize,
    /// Spots that were left out for pixels that are masked or below the trusted range.
    pub masked: usize,
}

/// A pixel of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoxPixel {
    /// The box.
    pub of: usize,
    /// Fast and slow coordinate on the panel.
    pub at: [usize; 2],
    /// Place in the stack of boxes.
    pub place: usize,
    /// Place in the frame's image.
    pub in_frame: usize,
}

impl Boxes {
    /// Boxes that reach `half` pixels from their spots in every direction, as far as the panel goes,
    /// about those `spots` whose pixels `frame` can tell: no saturated pixel, and at least two
    /// thirds of the pixels good.
    pub fn about(spots: Vec<Spot>, frame: &Frame, half: usize) -> Boxes {
        let edge = 2 * half + 1;
        let smallest = |axis: usize| frame.panels.iter().map(|shape| shape[axis]).min();
        let shape = [0, 1].map(|axis| edge.min(smallest(axis).unwrap_or(edge)));
        let corner = |spot: &Spot| {
            [0, 1].map(|axis| {
                let last = frame.panels[spot.panel][axis] - shape[axis];
                (spot.at[axis].floor() as usize)
                    .saturating_sub(half)
                    .min(last)
            })
        };
        // The nearest spot of each pixel, by squared distance.
        let mut owners: HashMap<usize, (f64, usize)> = HashMap::new();
        let places = |of: usize, spot: &Spot| {
            let (panel, corner) = (spot.panel, corner(spot));
            (0..shape[0] * shape[1]).map(move |index| {
                let at = [corner[0] + index % shape[0], corner[1] + index / shape[0]];
                BoxPixel {
                    of,
                    at,
                    place: index,
                    in_frame: frame.pixel(panel, at),
                }
            })
        };
        let distance = |spot: &Spot, at: [usize; 2]| {
            let off = [0, 1].map(|axis| at[axis] as f64 + 0.5 - spot.at[axis]);
            off[0] * off[0] + off[1] * off[1]
        };
        for (of, spot) in spots.iter().enumerate() {
            for pixel in places(of, spot) {
                let own = (distance(spot, pixel.at), of);
                let nearest = owners.entry(pixel.in_frame).or_insert(own);
                if own < *nearest {
                    *nearest = own;
                }
            }
        }
        let mut boxes = Boxes {
            spots: Vec::new(),
            corners: Vec::new(),
            shape,
            pixels: Vec::new(),
            saturated: 0,
            masked: 0,
        };
        for (of, spot) in spots.iter().enumerate() {
            let own = places(of, spot).filter(|pixel| owners[&pixel.in_frame].1 == of);
            let own: Vec<BoxPixel> = own.collect();
            let is = |trust: Trust| move |pixel: &&BoxPixel| frame.trust[pixel.in_frame] == trust;
            if own.iter().any(|pixel| is(Trust::Saturated)(&pixel)) {
                boxes.saturated += 1;
                continue;
            }
            let good = own.iter().filter(is(Trust::Good));
            if own.is_empty() || 3 * good.clone().count() < 2 * own.len() {
                boxes.masked += 1;
                continue;
            }
            let number = boxes.spots.len();
            boxes.pixels.extend(good.map(|pixel| BoxPixel {
                of: number,
                place: number * shape[0] * shape[1] + pixel.place,
                ..*pixel
            }));
            boxes.spots.push(*spot);
            boxes.corners.push(corner(spot));
        }
        boxes
    }

    /// `whole` with these boxes for a detector, without what scatters beside the crystal.
    ///
    /// # Errors
    /// [`ExperimentError`] for what an experiment does not take.
    pub fn cut(&self, whole: &Experiment) -> Result<Experiment, ExperimentError> {
        let mut parts = whole.clone().into_description();
        // The small panels must not ask for other sub-pixels than the large ones.
        parts.sampling.oversample = Some(whole.oversample());
        parts.sampling.region = None;
        parts.background = Default::default();
        let mut flags = vec![vec![false; self.shape[0] * self.shape[1]]; self.spots.len()];
        for pixel in &self.pixels {
            flags[pixel.of][pixel.place % (self.shape[0] * self.shape[1])] = true;
        }
        let panels = self.spots.iter().zip(&self.corners).zip(flags);
        let panels = panels.map(|((spot, corner), flags)| {
            let panel = &whole.panels()[spot.panel];
            Panel {
                origin_m: panel.point_m(corner.map(|place| place as f64)),
                shape: self.shape,
                mask: Mask::new(self.shape, flags).map(Arc::new),
                ..panel.clone()
            }
        });
        parts.detector = Detector {
            panels: panels.collect(),
            ..parts.detector
        };
        Experiment::varied(parts)
    }

    /// A direction in which a whole scene moves, as one of the boxes' scene: each box moves with its
    /// panel.
    pub fn direction(&self, whole: &SceneVector) -> SceneVector {
        let none = [0.0; PANEL_COUNT];
        let of = |spot: &Spot| whole.panels.get(spot.panel).copied().unwrap_or(none);
        SceneVector {
            panels: self.spots.iter().map(of).collect(),
            materials: Vec::new(),
            ..whole.clone()
        }
    }
}
