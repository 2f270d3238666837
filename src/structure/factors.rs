//! F of every reflection to a spacing: the transforms of atoms and solvent, made symmetric.

use std::f64::consts::TAU;

use rayon::prelude::*;
use rustfft::num_complex::Complex;

use super::density::{POINTS_PER_SPACING, blur_m2, density};
use super::grid::Grid;
use super::solvent::{self, Solvent};
use super::transform::Transform;
use super::{CrystalStructure, FINEST_SPACING_M, StructureError};
use crate::geometry::Operator;
use crate::memory::Bytes;

/// F of a reflection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StructureFactor {
    /// Miller index.
    pub index: [i32; 3],
    /// F, electrons.
    pub value: Complex<f64>,
}

/// F of all reflections with spacings from `d_min_m` on, Friedel mates included and 0 0 0, which
/// coincides with the beam, left out; with the solvent between the molecules, if there is any.
///
/// # Errors
/// [`StructureError`] when there is no such reflection, when more than `memory` is needed, and when
/// the cell has not the symmetry of its group.
pub fn structure_factors(
    structure: &CrystalStructure,
    d_min_m: f64,
    solvent: Option<&Solvent>,
    memory: Bytes,
) -> Result<Vec<StructureFactor>, StructureError> {
    let CrystalStructure {
        cell,
        space_group,
        atoms,
    } = structure;
    if !(FINEST_SPACING_M..f64::INFINITY).contains(&d_min_m) {
        return Err(StructureError::Resolution { d_min_m });
    }
    let operators: Vec<Operator> = space_group.operators().collect();
    space_group.check_cell(cell)?;
    let spacing_m = d_min_m / POINTS_PER_SPACING;
    let shape = Grid::shape(cell, spacing_m);
    let mask_shape = solvent.map(|_| Grid::shape(cell, solvent::STEP_M));
    let limits = cell.lengths_m().map(|length| (length / d_min_m).floor());
    check_memory((d_min_m, memory), shape, mask_shape, limits)?;

    let grid = Grid::new(cell, shape);
    let blur_m2 = blur_m2(atoms, d_min_m);
    let of_atoms = Transform::of(grid.shape, density(&grid, atoms, blur_m2));
    let of_solvent = solvent.zip(mask_shape).map(|(solvent, shape)| {
        let grid = Grid::new(cell, shape);
        let mask = solvent::mask(&grid, atoms, &operators);
        (solvent, Transform::of(grid.shape, mask))
    });

    let volume_m3 = cell.volume_m3();
    let share = (operators.len() as f64).recip();
    let at = |index: [i32; 3], s_squared: f64| {
        let unblurred = (blur_m2 * s_squared / 4.0).exp();
        let solvent = of_solvent.as_ref().and_then(|(solvent, mask)| {
            // The mask has the crystal's symmetry but for the grid's: operators average it.
            Some((share * solvent.contrast(s_squared)?, mask))
        });
        let turned = |operator: &Operator| {
            let index = operator.on_index(index);
            let atoms = of_atoms.at(index) * unblurred;
            solvent.map_or(atoms, |(contrast, mask)| atoms + contrast * mask.at(index))
        };
        let moved = |operator: &Operator| Complex::cis(TAU * operator.phase(index));
        let sum: Complex<f64> = operators.iter().map(|g| moved(g) * turned(g)).sum();
        sum * volume_m3
    };

    let s_max_squared = (d_min_m * d_min_m).recip();
    let [h_max, k_max, l_max] = limits.map(|limit| limit as i32);
    let list: Vec<StructureFactor> = (0..=h_max)
        .into_par_iter()
        .flat_map_iter(|h| {
            let columns =
                (-k_max..=k_max).flat_map(move |k| (-l_max..=l_max).map(move |l| [h, k, l]));
            // One of each pair of Friedel mates.
            columns.filter(|&index| index > [0; 3])
        })
        .filter_map(|index| {
            let s_squared = cell.scattering_vector(index).length_squared();
            (s_squared <= s_max_squared).then(|| (index, at(index, s_squared)))
        })
        .flat_map_iter(|(index, value)| {
            let mate = index.map(|component| -component);
            [(index, value), (mate, value.conj())]
                .map(|(index, value)| StructureFactor { index, value })
        })
        .collect();
    match list.is_empty() {
        true => Err(StructureError::NoReflections { d_min_m }),
        false => Ok(list),
    }
}

/// Checks that what is needed at once is no more than `memory`.
fn check_memory(
    (d_min_m, memory): (f64, Bytes),
    shape: [u64; 3],
    mask_shape: Option<[u64; 3]>,
    limits: [f64; 3],
) -> Result<(), StructureError> {
    let product = |counts: [u64; 3]| counts.into_iter().fold(1, u64::saturating_mul);
    let box_of_indices = product(limits.map(|limit| 2 * (limit as u64) + 1));
    let parts = [
        // A grid is held twice while it is transformed.
        Bytes::of::<[f64; 2]>(product(shape)),
        // The mask, held twice as well.
        Bytes::of::<[f64; 3]>(mask_shape.map_or(0, product)),
        // The list, the same as amplitudes, and the grid of these.
        Bytes::of::<[StructureFactor; 2]>(box_of_indices),
    ];
    let needed = Bytes(parts.iter().fold(0, |sum, part| sum.saturating_add(part.0)));
    if needed <= memory {
        return Ok(());
    }
    Err(StructureError::Memory {
        d_min_m,
        needed,
        available: memory,
    })
}
