//! The solvent between the molecules: flat, and smeared at the edges.
//!
//! Its scattering is k exp(−B s²/4) times the transform of the mask, which is one where the solvent
//! is: wherever a probe that rolls over the atoms reaches (Jiang & Brünger, *J. Mol. Biol.* 243
//! (1994) 100). Points nearer to an atom than its radius and the probe's are out of reach of the
//! probe's centre; those of them that are near a point within reach are solvent after all.
//!
//! Points are of a grid, as in refinement programs, and are in or out. The rule's radii were found
//! with such grids and belong to them: on a finer one the same radii leave more to the solvent.

use rayon::prelude::*;

use super::grid::{Grid, Sphere, wrapped};
use super::{Atom, Element};
use crate::geometry::Operator;

/// Radius of the probe, m.
const PROBE_M: f64 = 1.1e-10;

/// How far the solvent reaches beyond the probe's centre, m.
const SHRINKAGE_M: f64 = 0.9e-10;

/// Step of the mask's grid, m, whatever the resolution: F of a low order is the same however far
/// a detector sees. It is a quarter of 2 Å, as refinement programs have it there.
pub(super) const STEP_M: f64 = 0.5e-10;

/// A flat bulk solvent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solvent {
    /// Density k of the solvent, electrons/m³.
    pub density_per_m3: f64,
    /// B factor of the solvent's edges, m².
    pub b_m2: f64,
}

impl Default for Solvent {
    /// 0.35 e/Å³ and 46 Å², the means over the Protein Data Bank (Fokine & Urzhumtsev, *Acta
    /// Cryst.* D58 (2002) 1387).
    fn default() -> Solvent {
        Solvent {
            density_per_m3: 0.35e30,
            b_m2: 46e-20,
        }
    }
}

impl Solvent {
    /// What the mask's transform is multiplied by, electrons/m³; none at spacings that its grid has
    /// no points for, where there is no solvent left.
    pub(super) fn contrast(&self, s_squared: f64) -> Option<f64> {
        const FINEST_M: f64 = 2.0 * STEP_M;
        let has_points = s_squared * FINEST_M * FINEST_M <= 1.0;
        has_points.then(|| self.density_per_m3 * (-self.b_m2 * s_squared / 4.0).exp())
    }
}

/// One where the solvent is, zero elsewhere.
pub(super) fn mask(grid: &Grid, atoms: &[Atom], operators: &[Operator]) -> Vec<f64> {
    let reached = reached(grid, atoms, operators);
    let near = neighbours(grid, SHRINKAGE_M);
    let [_, nv, nw] = grid.shape;
    let is_solvent = |place: usize| {
        let own = [place / (nv * nw), place / nw % nv, place % nw];
        near.iter().any(|apart| {
            let [u, v, w]: [usize; 3] = std::array::from_fn(|axis| {
                wrapped(own[axis] as i64 + apart[axis], grid.shape[axis])
            });
            reached[(u * nv + v) * nw + w]
        })
    };
    (0..reached.len())
        .into_par_iter()
        .map(|place| f64::from(u8::from(is_solvent(place))))
        .collect()
}

/// Whether the probe's centre reaches a point. Hydrogens do not count, as most files leave them
/// out.
fn reached(grid: &Grid, atoms: &[Atom], operators: &[Operator]) -> Vec<bool> {
    let counts = |atom: &&Atom| atom.occupancy > 0.0 && atom.form_factor.atomic_number > 1;
    let spheres: Vec<Sphere> = atoms
        .iter()
        .filter(counts)
        .flat_map(|atom| {
            let element = Element::of_number(atom.form_factor.atomic_number);
            let radius_m = element.map_or(0.0, Element::radius_m) + PROBE_M;
            operators.iter().map(move |operator| Sphere {
                centre: operator.on_position(atom.position),
                radius_m,
            })
        })
        .collect();
    let mut reached = vec![true; grid.points()];
    let row_length = grid.shape[2];
    grid.paint(&spheres, &mut reached, |row, _, points| {
        for point in points.ends[0]..=points.ends[1] {
            row[wrapped(point, row_length)] = false;
        }
    });
    reached
}

/// The steps to all points within a distance, shortest first.
fn neighbours(grid: &Grid, distance_m: f64) -> Vec<[i64; 3]> {
    let reach = grid.reach_of(distance_m);
    let range = |axis: usize| -reach[axis]..=reach[axis];
    let length_m = |step: &[i64; 3]| grid.step_m(*step).length();
    let mut steps: Vec<[i64; 3]> = range(0)
        .flat_map(|u| range(1).flat_map(move |v| range(2).map(move |w| [u, v, w])))
        .filter(|step| length_m(step) <= distance_m)
        .collect();
    steps.sort_by(|one, other| length_m(one).total_cmp(&length_m(other)));
    steps
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use glam::DVec3;

    use super::super::FormFactor;
    use super::super::transform::Transform;
    use super::*;
    use crate::geometry::UnitCell;

    fn carbon(position: DVec3) -> Atom {
        Atom {
            form_factor: FormFactor::of(6, 0).unwrap(),
            position,
            occupancy: 1.0,
            anisotropic: None,
            b_m2: 0.0,
        }
    }

    #[test]
    fn on_a_fine_grid_a_ball_in_solvent_is_a_ball_of_missing_solvent() {
        // Carbon keeps the solvent away.
        const RADIUS_M: f64 = 1.775e-10 + PROBE_M - SHRINKAGE_M;
        let edges = [10e-10, 11e-10, 12e-10];
        let cell = UnitCell::from_parameters(edges, [PI / 2.0; 3]).unwrap();
        let grid = Grid::new(&cell, Grid::shape(&cell, 0.1e-10));
        let centre = DVec3::new(0.37, 0.21, 0.68);
        let mask = mask(&grid, &[carbon(centre)], &[Operator::IDENTITY]);
        let transform = Transform::of(grid.shape, mask);
        let volume_m3 = cell.volume_m3();
        for index in [[1, 0, 0], [0, 2, 0], [0, 0, 3], [1, 1, 2], [-2, 1, 1]] {
            let s = (*cell.reciprocal() * DVec3::from_array(index.map(f64::from))).length();
            let x = 2.0 * PI * RADIUS_M * s;
            let ball = 4.0 * PI * RADIUS_M.powi(3) * (x.sin() - x * x.cos()) / x.powi(3);
            let found = transform.at(index).norm() * volume_m3;
            assert!(
                (found / ball - 1.0).abs() < 0.05,
                "{index:?} {found} {ball}"
            );
        }
    }
}
