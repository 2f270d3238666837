//! The coordinates that a scene moves in, and derivatives along them.
//!
//! Every derivative of an image goes through a few dozen numbers a pixel: how its photons change as
//! the crystal turns or its lattice is deformed, as the panel moves, as a spread widens. Those
//! numbers are the pixel's [`slots`](slot). They are sums over layers, sub-pixels, sources and
//! orientations, as the photons are, so that their cost does not grow with the number of parameters:
//! a parameter is a [`SceneVector`], and the derivative with respect to it is a product with the
//! slots. PHYSICS §17 has the formulas.

use std::ops::Range;

/// The places of a pixel's derivatives, and of the components of a [`SceneVector`] that all panels
/// share. Each says what moves by how much where the component is 1.
///
/// The Miller index of a scattering vector q is h = A·q; where the crystal moves, dh = dA·q.
pub mod slot {
    use std::ops::Range;

    /// The logarithm of all photons. The slot is the photons themselves.
    pub const SCALE: usize = 0;
    /// K, by columns: the crystal within its mosaic domains, dA = K·A. The domains' rotations, the
    /// spindle and the axes of the spreads stay. What follows from the cell's shape moves along: the
    /// metric of the spots, the volume and the axes of diffuse scattering.
    pub const INDEX: Range<usize> = 1..10;
    /// ω, radians about x, y and z of the laboratory at φ = 0: the crystal turns with its domains and
    /// the axes of its spreads, so that an edge a of it at the angle φ moves by (rot(φ)·ω) × a.
    pub const CRYSTAL_TURN: Range<usize> = 10..13;
    /// The logarithm of all wavelengths.
    pub const WAVELENGTH: usize = 13;
    /// Na, Nb, Nc, with N and the spots' metric, which follow from them.
    pub const CELLS: Range<usize> = 14..17;
    /// Nd, Ne, Nf, with all that follows from them.
    pub const COUPLED_CELLS: Range<usize> = 17..20;
    /// The factor on the width of the spots.
    pub const FUDGE: usize = 20;
    /// The spreads of the mosaicity, radians: one for each axis of the crystal, or the one that there
    /// is in the first place. Rotations of sampled domains are proportional to them.
    pub const MOSAIC: Range<usize> = 21..24;
    /// The bandwidth σ as a part of the wavelength, in closed form.
    pub const BANDWIDTH: usize = 24;
    /// The standard deviations of the directions along the electric and the magnetic field, radians,
    /// in closed form.
    pub const DIVERGENCE: Range<usize> = 25..27;
    /// B of the whole crystal, m².
    pub const B_FACTOR: usize = 27;
    /// F of an index that is in no grid.
    pub const DEFAULT_F: usize = 28;
    /// Rms displacements of diffuse scattering along the crystal's own axes, m.
    pub const DIFFUSE_SIGMA: Range<usize> = 29..32;
    /// Correlation lengths along them, m.
    pub const DIFFUSE_GAMMA: Range<usize> = 32..35;
    /// The logarithm of the flat background of the water.
    pub const WATER: usize = 35;
    /// How many there are.
    pub const COUNT: usize = 36;
}

/// A panel's shift along x, y and z, m, and its turn about x, y and z through the sample, radians.
pub const PANEL_SHIFT: Range<usize> = 0..3;
/// The turn's places among a panel's components.
pub const PANEL_TURN: Range<usize> = 3..6;
/// Components of a panel.
pub const PANEL_COUNT: usize = 6;

/// A vector in the coordinates that a scene moves in: a direction, or the gradient of a number that
/// depends on the image.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneVector {
    /// The components that all panels share.
    pub slots: [f64; slot::COUNT],
    /// The components of each panel: a rigid motion, which takes the whole panel along.
    pub panels: Vec<[f64; PANEL_COUNT]>,
    /// The logarithm of the weight of each amorphous material.
    pub materials: Vec<f64>,
    /// F of each reflection, in the order of the grid, for each energy channel in use. Empty where no
    /// F moves, or none is asked for.
    pub amplitudes: Vec<Vec<f64>>,
}

impl SceneVector {
    /// Zero, for a scene of so many panels and amorphous materials.
    pub fn zero(panels: usize, materials: usize) -> SceneVector {
        SceneVector {
            slots: [0.0; slot::COUNT],
            panels: vec![[0.0; PANEL_COUNT]; panels],
            materials: vec![0.0; materials],
            amplitudes: Vec::new(),
        }
    }

    /// The product with `other`: how the number whose gradient one is changes along the other.
    pub fn dot(&self, other: &SceneVector) -> f64 {
        let amplitudes = self.amplitudes.iter().flatten();
        let pairs = (self.slots.iter().zip(&other.slots))
            .chain(
                self.panels
                    .iter()
                    .flatten()
                    .zip(other.panels.iter().flatten()),
            )
            .chain(self.materials.iter().zip(&other.materials))
            .chain(amplitudes.zip(other.amplitudes.iter().flatten()));
        pairs.map(|(one, other)| one * other).sum()
    }

    /// Multiplies it by `factor`.
    pub fn scale(&mut self, factor: f64) {
        let own = (self.slots.iter_mut())
            .chain(self.panels.iter_mut().flatten())
            .chain(&mut self.materials)
            .chain(self.amplitudes.iter_mut().flatten());
        own.for_each(|component| *component *= factor);
    }

    /// Adds `other` times `factor`.
    pub fn add(&mut self, other: &SceneVector, factor: f64) {
        if self.amplitudes.is_empty() {
            self.amplitudes = other
                .amplitudes
                .iter()
                .map(|own| vec![0.0; own.len()])
                .collect();
        }
        let amplitudes = self.amplitudes.iter_mut().flatten();
        let pairs = (self.slots.iter_mut().zip(&other.slots))
            .chain(
                self.panels
                    .iter_mut()
                    .flatten()
                    .zip(other.panels.iter().flatten()),
            )
            .chain(self.materials.iter_mut().zip(&other.materials))
            .chain(amplitudes.zip(other.amplitudes.iter().flatten()));
        pairs.for_each(|(one, other)| *one += factor * other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_side_by_side() {
        let ranges = [
            slot::SCALE..slot::SCALE + 1,
            slot::INDEX,
            slot::CRYSTAL_TURN,
            slot::WAVELENGTH..slot::WAVELENGTH + 1,
            slot::CELLS,
            slot::COUPLED_CELLS,
            slot::FUDGE..slot::FUDGE + 1,
            slot::MOSAIC,
            slot::BANDWIDTH..slot::BANDWIDTH + 1,
            slot::DIVERGENCE,
            slot::B_FACTOR..slot::B_FACTOR + 1,
            slot::DEFAULT_F..slot::DEFAULT_F + 1,
            slot::DIFFUSE_SIGMA,
            slot::DIFFUSE_GAMMA,
            slot::WATER..slot::COUNT,
        ];
        let places: Vec<usize> = ranges.into_iter().flatten().collect();
        assert!(places.into_iter().eq(0..slot::COUNT));
    }

    #[test]
    fn a_product_and_a_sum_take_every_component() {
        let ones = SceneVector {
            slots: [1.0; slot::COUNT],
            panels: vec![[1.0; PANEL_COUNT]; 2],
            materials: vec![1.0; 3],
            amplitudes: vec![vec![1.0; 4]; 2],
        };
        let count = (slot::COUNT + 2 * PANEL_COUNT + 3 + 8) as f64;
        assert_eq!(ones.dot(&ones), count);
        let mut sum = SceneVector::zero(2, 3);
        sum.add(&ones, 2.0);
        sum.add(&ones, 1.0);
        assert_eq!(sum.dot(&ones), 3.0 * count);
    }
}
