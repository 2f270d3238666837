//! A part of a scene that costs what all of it does, term for term: to tell beforehand how long a
//! render will take.
//!
//! Theory: a term's cost depends on where it is. Spots that end are looked for and mostly not found,
//! near the beam there are more of them, and what lies beyond the resolution limit costs nothing.
//! Practice: patches of pixels all over the detector, as large as the devices' own blocks and tiles, and
//! where a pixel has more terms than that allows, sources and orientations from all over
//! their ranges.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Scene;
use crate::experiment::{Mask, Panel};

/// Height of a patch, and what its width is a multiple of, pixels: whole tiles of the GPU path, and
/// with twice that whole blocks of the CPU path.
const EDGE: usize = 16;
const WIDTH: usize = 32;

/// Patches that stand for a detector.
const PATCHES: usize = 64;

/// Orientations that stand for any number: below a few of them what is done once for all counts.
const ORIENTATIONS: usize = 128;

/// A part of a scene.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The part, its panels the patches; photons are not those of the whole scene.
    pub scene: Scene,
    /// Terms of the pixels that it renders.
    pub terms: f64,
}

impl Scene {
    /// Pixels that are rendered.
    pub fn rendered_pixels(&self) -> usize {
        self.panels
            .iter()
            .map(|panel| self.rendered_on(panel))
            .sum()
    }

    /// Pixels of `panel` that are rendered.
    fn rendered_on(&self, panel: &Panel) -> usize {
        let [width, height] = panel.shape;
        if self.region.is_none() && panel.mask.is_none() {
            return width * height;
        }
        let pixels = (0..height).flat_map(|slow| (0..width).map(move |fast| [fast, slow]));
        pixels
            .filter(|&[fast, slow]| self.renders(panel, fast, slow))
            .count()
    }

    /// A part of this scene with about `terms` of its terms, or all of it where it has no more.
    pub fn sample(&self, terms: f64) -> Sample {
        let pixels = self.rendered_pixels();
        let whole = self.terms_per_pixel() * pixels as f64;
        if terms >= whole {
            return Sample {
                scene: self.clone(),
                terms: whole,
            };
        }
        let wanted = pixels.min(PATCHES * EDGE * WIDTH) as f64;
        let mut scene = self.thinned(self.terms_per_pixel() * wanted / terms);
        let per_pixel = scene.terms_per_pixel();
        scene.panels = self.patches(terms / per_pixel).into();
        scene.region = None;
        let rendered = scene.rendered_pixels();
        Sample {
            terms: per_pixel * rendered as f64,
            scene,
        }
    }

    /// This scene with fewer terms a pixel, by about `factor`: sub-pixels and layers go first, then
    /// sources, then orientations, of which enough are kept.
    fn thinned(&self, factor: f64) -> Scene {
        let mut scene = self.clone();
        let left = |scene: &Scene| factor * scene.terms_per_pixel() / self.terms_per_pixel();
        let fewer = |count: f64, factor: f64| (count / factor.max(1.0)).ceil().max(1.0);
        scene.oversample = fewer(f64::from(self.oversample), left(&scene).sqrt()) as u32;
        scene.layers = fewer(f64::from(self.layers), left(&scene)) as u32;
        let sources = fewer(self.sources.len() as f64, left(&scene)) as usize;
        scene.sources = evenly_chosen(&self.sources, sources);
        let all = self.orientations.len();
        let orientations = fewer(all as f64, left(&scene)) as usize;
        scene.orientations =
            evenly_chosen(&self.orientations, orientations.max(all.min(ORIENTATIONS)));
        scene.phi_steps = 1;
        scene
    }

    /// Patches that hold about so many `pixels`, as panels.
    fn patches(&self, pixels: f64) -> Vec<Panel> {
        /// A step through a range that comes back to no place soon.
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        let width = (pixels / (PATCHES * EDGE * WIDTH) as f64).floor().max(1.0) as usize * WIDTH;
        let places = self.panels.iter().flat_map(|panel| {
            let [across, along] = panel.shape;
            let rows = (0..along).step_by(EDGE);
            rows.flat_map(move |slow| {
                let columns = (0..across).step_by(width);
                columns.map(move |fast| (panel, [fast, slow]))
            })
        });
        let places: Vec<(&Panel, [usize; 2])> = places.collect();
        let mut taken = BTreeSet::new();
        let (mut patches, mut held) = (Vec::new(), 0.0);
        // Where masks leave little, most patches are empty.
        for step in 0..4 * places.len() {
            let place = ((step as f64 * GOLDEN).fract() * places.len() as f64) as usize;
            if !taken.insert(place) {
                continue;
            }
            let (panel, first) = places[place];
            let (patch, rendered) = self.patch(panel, first, width);
            if rendered > 0 {
                patches.push(patch);
                held += rendered as f64;
            }
            if held >= pixels {
                break;
            }
        }
        patches
    }

    /// The pixels of `panel` from `first` on, `width` or as many as there are, as a panel of their
    /// own, and how many of them are rendered.
    fn patch(&self, panel: &Panel, first: [usize; 2], width: usize) -> (Panel, usize) {
        let shape = [
            width.min(panel.shape[0] - first[0]),
            EDGE.min(panel.shape[1] - first[1]),
        ];
        let partly = self.region.is_some() || panel.mask.is_some();
        let flags = (0..shape[1]).flat_map(|slow| (0..shape[0]).map(move |fast| [fast, slow]));
        let flags = flags.map(|[fast, slow]| self.renders(panel, first[0] + fast, first[1] + slow));
        let flags: Vec<bool> = flags.collect();
        let rendered = flags.iter().filter(|&&flag| flag).count();
        let mask = Mask::new(shape, flags).filter(|_| partly);
        let patch = Panel {
            origin_m: panel.point_m(first.map(|pixels| pixels as f64)),
            shape,
            mask: mask.map(Arc::new),
            ..panel.clone()
        };
        (patch, rendered)
    }
}

/// `count` of `items`, from all over.
fn evenly_chosen<T: Copy>(items: &[T], count: usize) -> Arc<[T]> {
    (0..count)
        .map(|place| items[place * items.len() / count])
        .collect()
}
