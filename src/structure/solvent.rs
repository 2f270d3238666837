//! The solvent between the molecules: flat, and smeared at the edges.
//!
//! Its scattering is k exp(−B s²/4) times the transform of the mask, which is one where the solvent
//! is: wherever a probe that rolls over the atoms reaches (Jiang & Brünger, *J. Mol. Biol.* 243
//! (1994) 100). Points nearer to an atom than its radius and the probe's are out of reach of the
//! probe's centre; those of them that are near a point within reach are solvent after all.

use rayon::prelude::*;

use super::grid::{Grid, Sphere, wrapped};
use super::{Atom, Element};
use crate::geometry::Operator;

/// Radius of the probe, m.
const PROBE_M: f64 = 1.1e-10;

/// How far the solvent reaches beyond the probe's centre, m.
const SHRINKAGE_M: f64 = 0.9e-10;

/// Coarsest grid that surfaces are drawn on, m.
const COARSEST_M: f64 = 0.6e-10;

/// A flat bulk solvent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solvent {
    /// Its density k, electrons/m³.
    pub density_per_m3: f64,
    /// B of its edges, m².
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
    /// What the mask's transform is multiplied by, electrons/m³.
    pub(super) fn contrast(&self, s_squared: f64) -> f64 {
        self.density_per_m3 * (-self.b_m2 * s_squared / 4.0).exp()
    }
}

/// The spacing of the mask's grid where that of the atoms' is `spacing_m`.
pub(super) fn spacing_m(spacing_m: f64) -> f64 {
    spacing_m.min(COARSEST_M)
}

/// One where the solvent is, zero elsewhere. Hydrogens do not count, as most files leave them out.
pub(super) fn mask(grid: &Grid, atoms: &[Atom], operators: &[Operator]) -> Vec<f64> {
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
    let mut within_reach = vec![true; grid.points()];
    let row_length = grid.shape[2];
    grid.paint(&spheres, &mut within_reach, |row, _, points| {
        for point in points.ends[0]..=points.ends[1] {
            row[wrapped(point, row_length)] = false;
        }
    });
    shrunk(grid, &within_reach)
}

/// The mask of the points within reach and those near them.
fn shrunk(grid: &Grid, within_reach: &[bool]) -> Vec<f64> {
    let near = neighbours(grid);
    let [_, nv, nw] = grid.shape;
    let is_solvent = |place: usize| {
        let own = [place / (nv * nw), place / nw % nv, place % nw];
        let is_within_reach = |apart: &[i64; 3]| {
            let [u, v, w]: [usize; 3] = std::array::from_fn(|axis| {
                wrapped(own[axis] as i64 + apart[axis], grid.shape[axis])
            });
            within_reach[(u * nv + v) * nw + w]
        };
        within_reach[place] || near.iter().any(is_within_reach)
    };
    let places = 0..within_reach.len();
    places
        .into_par_iter()
        .map(|place| f64::from(u8::from(is_solvent(place))))
        .collect()
}

/// The steps to all points within the shrinkage, nearest first.
fn neighbours(grid: &Grid) -> Vec<[i64; 3]> {
    let reach = grid.reach_of(SHRINKAGE_M);
    let range = |axis: usize| -reach[axis]..=reach[axis];
    let mut steps: Vec<(f64, [i64; 3])> = range(0)
        .flat_map(|u| range(1).flat_map(move |v| range(2).map(move |w| [u, v, w])))
        .map(|step| (grid.step_m(step).length(), step))
        .filter(|(length, _)| *length <= SHRINKAGE_M)
        .collect();
    steps.sort_by(|one, other| one.0.total_cmp(&other.0));
    steps.into_iter().map(|(_, step)| step).collect()
}
