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

/// Step of the grid that surfaces are drawn on, m. It is the same whatever the resolution, as low
/// orders, which are small differences of atoms and solvent, follow it: by half a per cent here.
const STEP_M: f64 = 0.4e-10;

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

/// The spacing of the mask's grid for reflections to `d_min_m`, which it must have points for.
pub(super) fn spacing_m(d_min_m: f64) -> f64 {
    STEP_M.min(d_min_m / 2.0)
}

/// One where the solvent is, zero elsewhere, and between where the surface passes: how far a point
/// is inside the solvent, in steps of the grid. Hydrogens do not count, as most files leave them
/// out.
pub(super) fn mask(grid: &Grid, atoms: &[Atom], operators: &[Operator]) -> Vec<f64> {
    let step_m = grid.longest_step_m();
    let clearance_m = clearance_m(grid, step_m, atoms, operators);
    let near = neighbours(grid, SHRINKAGE_M + 1.5 * step_m);
    let [_, nv, nw] = grid.shape;
    let share = |place: usize| {
        // Of most points their own clearance tells.
        let own_m = f64::from(clearance_m[place]);
        if own_m >= 0.0 {
            return 1.0;
        }
        if own_m <= -(SHRINKAGE_M + step_m / 2.0) {
            return 0.0;
        }
        let own = [place / (nv * nw), place / nw % nv, place % nw];
        let mut inside_m = f64::NEG_INFINITY;
        for (length_m, apart) in &near {
            let [u, v, w]: [usize; 3] = std::array::from_fn(|axis| {
                wrapped(own[axis] as i64 + apart[axis], grid.shape[axis])
            });
            // A probe at a point within reach fits in as far as the next atom's surface.
            let clearance_m = f64::from(clearance_m[(u * nv + v) * nw + w]);
            if clearance_m >= 0.0 {
                inside_m = inside_m.max(SHRINKAGE_M + clearance_m - length_m);
            }
            if inside_m >= step_m / 2.0 {
                break;
            }
        }
        (0.5 + inside_m / step_m).clamp(0.0, 1.0)
    };
    (0..clearance_m.len()).into_par_iter().map(share).collect()
}

/// How far the probe's centre is from touching an atom, m, negative where it may not be; no more
/// than `most_m`.
fn clearance_m(grid: &Grid, most_m: f64, atoms: &[Atom], operators: &[Operator]) -> Vec<f32> {
    let counts = |atom: &&Atom| atom.occupancy > 0.0 && atom.form_factor.atomic_number > 1;
    let spheres: Vec<Sphere> = atoms
        .iter()
        .filter(counts)
        .flat_map(|atom| {
            let element = Element::of_number(atom.form_factor.atomic_number);
            let radius_m = element.map_or(0.0, Element::radius_m) + PROBE_M + most_m;
            operators.iter().map(move |operator| Sphere {
                centre: operator.on_position(atom.position),
                radius_m,
            })
        })
        .collect();
    let mut clearance_m = vec![most_m as f32; grid.points()];
    let row_length = grid.shape[2];
    grid.paint(&spheres, &mut clearance_m, |row, number, points| {
        let contact_m = spheres[number].radius_m - most_m;
        for point in points.ends[0]..=points.ends[1] {
            let along_m = points.beyond_foot_m + (point - points.nearest) as f64 * points.step_m;
            let distance_m = (points.across_m2 + along_m * along_m).sqrt();
            let known = &mut row[wrapped(point, row_length)];
            *known = known.min((distance_m - contact_m) as f32);
        }
    });
    clearance_m
}

/// The steps to all points within a distance, and their lengths in m, shortest first.
fn neighbours(grid: &Grid, distance_m: f64) -> Vec<(f64, [i64; 3])> {
    let reach = grid.reach_of(distance_m);
    let range = |axis: usize| -reach[axis]..=reach[axis];
    let mut steps: Vec<(f64, [i64; 3])> = range(0)
        .flat_map(|u| range(1).flat_map(move |v| range(2).map(move |w| [u, v, w])))
        .map(|step| (grid.step_m(step).length(), step))
        .filter(|(length_m, _)| *length_m <= distance_m)
        .collect();
    steps.sort_by(|one, other| one.0.total_cmp(&other.0));
    steps
}
