//! The crystal: cell and orientation, size, spot shape, mosaicity (PHYSICS §8, §11).

use std::f64::consts::TAU;

use glam::DMat3;

use super::ExperimentError;
use super::error::require;
use crate::geometry::UnitCell;
use crate::random::{ParkMiller, random_rotation};

/// The C program's seed of the mosaic domains.
pub const DEFAULT_MOSAIC_SEED: i64 = 12345678;

/// The crystal.
#[derive(Debug, Clone, PartialEq)]
pub struct Crystal {
    /// The unit cell in its orientation at φ = 0.
    pub cell: UnitCell,
    /// Cells along a, b and c, at least one each.
    pub cells: [u32; 3],
    /// The transform of the crystal's outer shape.
    pub shape: Shape,
    /// Factor on the width of the spots (of all shapes but [`Shape::Square`]).
    pub fudge: f64,
    /// Spread of the mosaic domains.
    pub mosaicity: Mosaicity,
}

/// The lattice factor: how a crystal of finite size spreads its reflections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// A parallelepiped: sin(πNδ)/sin(πδ) along each axis.
    #[default]
    Square,
    /// A sphere of the same volume.
    Round,
    /// Gaussian spots.
    Gauss,
    /// Spots of constant density with a sharp edge.
    TopHat,
}

/// Random misorientations of the crystal's domains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mosaicity {
    /// Largest misorientation, radians.
    pub spread_rad: f64,
    /// Number of domains, at least one.
    pub domains: u32,
    /// Seed of the draw.
    pub seed: i64,
}

impl Default for Mosaicity {
    fn default() -> Mosaicity {
        Mosaicity {
            spread_rad: 0.0,
            domains: 1,
            seed: DEFAULT_MOSAIC_SEED,
        }
    }
}

impl Mosaicity {
    /// The rotation of every domain, U_m; domain 0 is the identity.
    pub fn rotations(&self) -> Vec<DMat3> {
        let mut generator = ParkMiller::new(self.seed);
        let mut rotations: Vec<DMat3> = (0..self.domains)
            .map(|_| random_rotation(&mut generator, self.spread_rad))
            .collect();
        // Domain 0's deviates are drawn all the same, so that the others match the C program's.
        if let Some(first) = rotations.first_mut() {
            *first = DMat3::IDENTITY;
        }
        rotations
    }
}

impl Crystal {
    /// A single cell of `cell`, perfect and with the shape of its lattice.
    pub fn new(cell: UnitCell) -> Crystal {
        Crystal {
            cell,
            cells: [1; 3],
            shape: Shape::default(),
            fudge: 1.0,
            mosaicity: Mosaicity::default(),
        }
    }

    /// Edges of the whole crystal along a, b and c, m.
    pub fn edges_m(&self) -> [f64; 3] {
        let lengths = self.cell.lengths_m();
        std::array::from_fn(|axis| lengths[axis] * f64::from(self.cells[axis]))
    }

    /// The longest edge of the whole crystal, m.
    pub fn longest_edge_m(&self) -> f64 {
        self.edges_m().into_iter().fold(0.0, f64::max)
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        for cells in self.cells {
            let cells = f64::from(cells);
            require(
                "the number of cells along an axis",
                cells,
                "at least 1",
                cells >= 1.0,
            )?;
        }
        require(
            "the fudge factor",
            self.fudge,
            "positive, at most 1e12",
            self.fudge > 0.0 && self.fudge <= 1e12,
        )?;
        let Mosaicity {
            spread_rad,
            domains,
            ..
        } = self.mosaicity;
        require(
            "the mosaic spread in radians",
            spread_rad,
            "from 0 to 2π",
            (0.0..=TAU).contains(&spread_rad),
        )?;
        let domains = f64::from(domains);
        require(
            "the number of mosaic domains",
            domains,
            "at least 1",
            domains >= 1.0,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_stay_within_the_spread_and_the_first_is_unturned() {
        let mosaicity = Mosaicity {
            spread_rad: 0.02,
            domains: 100,
            seed: 3,
        };
        let rotations = mosaicity.rotations();
        assert_eq!(rotations[0], DMat3::IDENTITY);
        let angle =
            |turn: &DMat3| ((turn.x_axis.x + turn.y_axis.y + turn.z_axis.z - 1.0) / 2.0).acos();
        let widest = rotations.iter().map(angle).fold(0.0, f64::max);
        assert!(widest <= 0.02 * (1.0 + 1e-6) && widest > 0.015, "{widest}");
    }
}
