//! One term of one pixel of the sum, by its indices.

use super::Scene;
use crate::experiment::panel_of_pixel;

/// Which term of which pixel, as a user counts: every index from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TermIndex {
    /// Fast and slow coordinate in the image.
    pub pixel: [usize; 2],
    /// Sub-pixel along fast and slow.
    pub sub_pixel: [u32; 2],
    /// Layer of the sensor.
    pub layer: u32,
    /// Source.
    pub source: usize,
    /// Step of the scan.
    pub phi: usize,
    /// Mosaic domain.
    pub domain: usize,
}

/// A [`TermIndex`] that the scene has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermPlace {
    index: TermIndex,
    panel: usize,
    pixel: [usize; 2],
    orientation: usize,
}

/// Why a scene has no such term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermIndexError {
    /// The image has no such pixel.
    #[error("pixel {} {}: the detector has {width} x {height} pixels, counted from 0", pixel[0], pixel[1])]
    Outside {
        /// The pixel.
        pixel: [usize; 2],
        /// Pixels along the fast axis.
        width: usize,
        /// Pixels along the slow axis.
        height: usize,
    },
    /// The pixel is masked or outside the region.
    #[error(
        "pixel {} {}: that pixel is not rendered: it is outside the region, or masked",
        .0[0], .0[1]
    )]
    NotRendered([usize; 2]),
    /// There are fewer of them.
    #[error("{what} {index}: there {}, counted from 0", counted(*.count))]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// The index.
        index: usize,
        /// How many there are.
        count: usize,
    },
}

fn counted(count: usize) -> String {
    match count {
        1 => "is 1".into(),
        _ => format!("are {count}"),
    }
}

impl TermPlace {
    /// The term at `index`.
    ///
    /// # Errors
    /// [`TermIndexError`] when `scene` has no such term, or does not render its pixel.
    pub fn new(scene: &Scene, index: TermIndex) -> Result<TermPlace, TermIndexError> {
        let (panel, pixel) = located(scene, index.pixel)?;
        let orientations = scene.orientations.len();
        let phi_steps = scene.phi_steps as usize;
        let domains = orientations / phi_steps;
        let [sub_fast, sub_slow] = index.sub_pixel.map(|sub| sub as usize);
        let per_edge = scene.oversample as usize;
        let indices = [
            ("subpixel", sub_fast, per_edge),
            ("subpixel", sub_slow, per_edge),
            ("layer", index.layer as usize, scene.layers as usize),
            ("source", index.source, scene.sources.len()),
            ("phi", index.phi, phi_steps),
            ("domain", index.domain, domains),
        ];
        for (what, index, count) in indices {
            if index >= count {
                return Err(TermIndexError::TooLarge { what, index, count });
            }
        }
        Ok(TermPlace {
            index,
            panel,
            pixel,
            orientation: index.phi * domains + index.domain,
        })
    }

    /// The last term of `pixel`: the last of everything.
    ///
    /// # Errors
    /// [`TermIndexError`] for a pixel that `scene` does not render.
    pub fn last(scene: &Scene, pixel: [usize; 2]) -> Result<TermPlace, TermIndexError> {
        let phi_steps = scene.phi_steps as usize;
        let index = TermIndex {
            pixel,
            sub_pixel: [scene.oversample - 1; 2],
            layer: scene.layers - 1,
            source: scene.sources.len() - 1,
            phi: phi_steps - 1,
            domain: scene.orientations.len() / phi_steps - 1,
        };
        TermPlace::new(scene, index)
    }

    /// As the user counts.
    pub fn index(&self) -> TermIndex {
        self.index
    }

    /// Index of the panel.
    pub fn panel(&self) -> usize {
        self.panel
    }

    /// Fast and slow coordinate on the panel.
    pub fn pixel(&self) -> [usize; 2] {
        self.pixel
    }

    /// Index of the orientation.
    pub fn orientation(&self) -> usize {
        self.orientation
    }
}

/// The panel that holds a rendered pixel of the image, and the pixel's coordinates there.
fn located(scene: &Scene, pixel: [usize; 2]) -> Result<(usize, [usize; 2]), TermIndexError> {
    let Some((index, [fast, slow])) = panel_of_pixel(&scene.panels, pixel) else {
        return Err(TermIndexError::Outside {
            pixel,
            width: scene.panels.iter().map(|p| p.shape[0]).max().unwrap_or(0),
            height: scene.panels.iter().map(|p| p.shape[1]).sum(),
        });
    };
    if scene.renders(&scene.panels[index], fast, slow) {
        Ok((index, [fast, slow]))
    } else {
        Err(TermIndexError::NotRendered(pixel))
    }
}
