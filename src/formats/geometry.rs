//! What a file of a detector's geometry says, whatever its format, in our units.
//!
//! ```
//! use nanobragg::formats::geom;
//! use nanobragg::memory::Bytes;
//!
//! let file = "clen = 0.1\nphoton_energy = 9500\nres = 1e4\nfs = -x\nss = -y\nmin_fs = 0\n\
//!             max_fs = 63\nmin_ss = 0\nmax_ss = 31\ncorner_x = 32\nupper/corner_y = 33\n\
//!             lower/corner_y = -1\n";
//! let geometry = geom::parse(file.as_bytes(), None, Bytes(1 << 20))?;
//! let detector = geometry.detector()?;
//! assert_eq!(detector.panels[1].name, "lower");
//! assert_eq!(detector.panels[1].origin_m.y, -1e-4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use glam::DVec3;

use super::Problem;
use super::error::memory_for;
use crate::experiment::{Detector, ExperimentError, LabAxes, Mask, Panel};
use crate::geometry::UnitCell;
use crate::memory::Bytes;

/// The most panels that are read from one file.
pub(super) const MOST_PANELS: usize = 1 << 16;

/// The longest name of a panel, in bytes: errors repeat it.
pub(super) const LONGEST_NAME: usize = 100;

/// Panels, and what else the file says of the experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// The panels in the file's order. Their normals are fast × slow, whichever way that points.
    pub panels: Vec<Panel>,
    /// How many experiments the file has, of which this is one.
    pub experiments: usize,
    /// Direction in which the photons travel; any length.
    pub beam: DVec3,
    /// Direction of the electric field of polarised X-rays; any length.
    pub polarisation: DVec3,
    /// Kahn's polarisation factor.
    pub kahn_factor: Option<f64>,
    /// Wavelength, m.
    pub wavelength_m: Option<f64>,
    /// The spindle axis in the laboratory; any length.
    pub spindle: DVec3,
    /// The first image's start and range about the spindle, radians.
    pub oscillation_rad: Option<[f64; 2]>,
    /// The crystal's cell, as it is oriented where the spindle is at zero.
    pub cell: Option<UnitCell>,
    /// Notices about statements of the file that are ignored.
    pub notices: Vec<String>,
}

impl Geometry {
    /// The detector that the panels make.
    ///
    /// # Errors
    /// The errors of [`Detector::of_panels`].
    pub fn detector(&self) -> Result<Detector, ExperimentError> {
        Detector::of_panels(self.panels.clone(), self.beam)
    }

    /// The laboratory frame; the detector's axes are those of the first panel.
    pub fn axes(&self) -> LabAxes {
        let (beam, polarisation, spindle) = (self.beam, self.polarisation, self.spindle);
        let default = LabAxes::default();
        let first = self.panels.first();
        LabAxes {
            beam,
            polarisation,
            spindle,
            fast: first.map_or(default.fast, |panel| panel.fast),
            slow: first.map_or(default.slow, |panel| panel.slow),
            normal: first.map_or(default.normal, |panel| panel.normal),
            two_theta_axis: default.two_theta_axis,
        }
    }
}

/// An error message for a panel's axes, `fast` and `slow`, that span no plane to the digits of a file.
pub(super) fn parallel(fast: DVec3, slow: DVec3) -> Option<String> {
    /// Sine of the least angle between them.
    const LEAST: f64 = 1e-3;
    let sine = fast
        .normalize_or_zero()
        .cross(slow.normalize_or_zero())
        .length();
    (sine < LEAST).then(|| {
        let degrees = fast.angle_between(slow).to_degrees();
        format!("they are at {degrees:.4}° to each other, and span no panel")
    })
}

/// A rectangle of pixels that are not rendered: from the first along fast and slow, up to and
/// without the last.
pub(super) type Hole = [[usize; 2]; 2];

/// Makes `panels` as wide as the widest, for an image in which they are stacked, and gives each the
/// mask of its `holes`. The pixels beside a narrower panel are not rendered.
///
/// # Errors
/// A [`Problem`] when the masks would take more memory than what becomes of a file of `most` bytes.
pub(super) fn stacked<H: IntoIterator<Item = Hole>>(
    panels: &mut [Panel],
    holes: impl IntoIterator<Item = H>,
    most: Bytes,
) -> Result<(), Problem> {
    let width = panels.iter().map(|panel| panel.shape[0]).max().unwrap_or(0);
    let pixels = panels.iter().fold(0u64, |sum, panel| {
        sum.saturating_add((width as u64).saturating_mul(panel.shape[1] as u64))
    });
    // The sums over rectangles that masks are made from come on top.
    let memory = memory_for(most);
    if Bytes::of::<(bool, i32)>(pixels) > memory {
        return Err(Problem::with_file(format!(
            "its panels have {pixels:.2e} pixels in all, more than the {memory} of this machine can \
             hold",
            pixels = pixels as f64
        )));
    }
    for (panel, holes) in panels.iter_mut().zip(holes) {
        let own = std::mem::replace(&mut panel.shape[0], width);
        let beside = (own < width).then_some([[own, width], [0, panel.shape[1]]]);
        panel.mask = mask(panel.shape, holes.into_iter().chain(beside));
    }
    Ok(())
}

/// The mask of a panel of `shape` with these holes; `None` without any.
fn mask(shape: [usize; 2], holes: impl IntoIterator<Item = Hole>) -> Option<Arc<Mask>> {
    let mut holes = holes.into_iter().peekable();
    holes.peek()?;
    let [width, height] = shape;
    // How many more holes begin than end at each pixel along both axes: whatever their number, they
    // are summed once.
    let mut begun = vec![0i32; width * height];
    for [fast, slow] in holes {
        let [first_fast, last_fast] = fast.map(|edge| edge.min(width));
        let [first_slow, last_slow] = slow.map(|edge| edge.min(height));
        if first_fast >= last_fast || first_slow >= last_slow {
            continue;
        }
        for (row, step) in [(first_slow, 1), (last_slow, -1)] {
            for (column, sign) in [(first_fast, step), (last_fast, -step)] {
                if row < height && column < width {
                    begun[row * width + column] += sign;
                }
            }
        }
    }
    for row in begun.chunks_exact_mut(width) {
        for column in 1..width {
            row[column] += row[column - 1];
        }
    }
    for place in width..begun.len() {
        begun[place] += begun[place - width];
    }
    Mask::new(shape, begun.into_iter().map(|holes| holes == 0).collect()).map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_that_span_no_plane_are_told() {
        assert_eq!(parallel(DVec3::X, DVec3::new(-1.0, 1.0, 0.0)), None);
        let said = parallel(DVec3::X, DVec3::new(-2.0, 1e-4, 0.0)).unwrap();
        assert!(said.contains("179.9971°"), "{said}");
    }

    #[test]
    fn panels_of_two_widths_are_stacked_with_nothing_beside_the_narrow_one() {
        let panel =
            |shape| Panel::of_steps(String::new(), DVec3::Z, [DVec3::X, 2.0 * DVec3::Y], shape);
        let mut panels = [panel([2, 3]), panel([4, 1])];
        let holes = [vec![[[0, 1], [0, 1]]], vec![]];
        stacked(&mut panels, holes.clone(), Bytes(1 << 20)).unwrap();
        assert_eq!(panels.each_ref().map(|panel| panel.shape), [[4, 3], [4, 1]]);
        let rendered: Vec<bool> = (0..12).map(|i| panels[0].renders(i % 4, i / 4)).collect();
        let expected = ["ox..", "xx..", "xx.."].concat();
        assert_eq!(
            rendered,
            expected.chars().map(|c| c == 'x').collect::<Vec<_>>()
        );
        assert_eq!(panels[1].mask, None);
        let wide = [panel([1 << 20, 1]), panel([1, 1 << 20])];
        assert!(stacked(&mut wide.clone(), holes, Bytes(1 << 20)).is_err());
    }

    #[test]
    fn holes_may_overlap_and_reach_over_the_edge() {
        let holes = [
            [[1, 3], [0, 2]],
            [[2, 9], [1, 9]],
            [[4, 4], [0, 9]],
            [[7, 9], [0, 1]],
        ];
        let mask = mask([5, 4], holes).unwrap();
        let rows = [".xx..", ".xxxx", "..xxx", "..xxx"];
        for (slow, row) in rows.into_iter().enumerate() {
            for (fast, letter) in row.chars().enumerate() {
                assert_eq!(mask.renders(fast, slow), letter == '.', "{fast} {slow}");
            }
        }
        assert_eq!(super::mask([5, 4], []), None);
    }
}
