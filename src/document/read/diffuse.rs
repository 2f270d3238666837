//! What follows from the crystal's symmetry: diffuse scattering, and shapes that have it.

use std::f64::consts::TAU;

use super::Reading;
use super::atoms::Reach;
use crate::document::choices::{Choice, Symmetry};
use crate::document::error::DocumentError;
use crate::document::keys::{Key, key};
use crate::document::message::{Message, contradiction, message};
use crate::experiment::{Crystal, Diffuse};
use crate::geometry::{LaueGroup, SpaceGroup};
use crate::physics::lattice_factor::Lattice;
use crate::physics::lattice_integral::beyond_cell;

impl Reading<'_> {
    /// `crystal` with its diffuse scattering and the symmetry of its shape, where files say that its
    /// symmetry is `space_group`.
    pub fn with_symmetry(
        &mut self,
        crystal: Crystal,
        space_group: Option<&SpaceGroup>,
        reach: &Reach,
    ) -> Result<Crystal, DocumentError> {
        use key::crystal::symmetric_shape;
        let crystal = Crystal {
            symmetric_shape: match self.document.crystal.symmetric_shape {
                None => None,
                Some(Symmetry::File) if space_group.is_none() => {
                    return Err(contradiction!(
                        "{}: no file says the crystal's symmetry; name its Laue group, as in {} mmm",
                        &symmetric_shape,
                        &symmetric_shape
                    ));
                }
                Some(named) => Some(self.group(&symmetric_shape, named, &crystal, space_group)),
            },
            ..crystal
        };
        Ok(Crystal {
            diffuse: self.diffuse(&crystal, space_group, reach)?,
            ..crystal
        })
    }

    /// The diffuse scattering of `crystal`.
    fn diffuse(
        &mut self,
        crystal: &Crystal,
        space_group: Option<&SpaceGroup>,
        reach: &Reach,
    ) -> Result<Option<Diffuse>, DocumentError> {
        use key::diffuse::{gamma, laue, sigma, stencil};
        let keys = &self.document.diffuse;
        let (sigma_angstrom, gamma_angstrom) = match (&keys.sigma, &keys.gamma) {
            (Some(own_sigma), Some(own_gamma)) => (
                along_axes(&sigma, own_sigma)?,
                along_axes(&gamma, own_gamma)?,
            ),
            (Some(_), None) => {
                return Err(contradiction!(
                    "{}: give the distance over which displacements are alike, too, with {}, Å",
                    &sigma,
                    &gamma
                ));
            }
            (None, _) => {
                let others: [&'static Key; 3] = [&gamma, &laue, &stencil];
                return match others.into_iter().find(|key| key.is_in(self.document)) {
                    None => Ok(None),
                    Some(other) => Err(contradiction!(
                        "{}: it is for diffuse scattering; give the displacement of atoms with {}, Å",
                        other,
                        &sigma
                    )),
                };
            }
        };
        let neighbours = keys.stencil.unwrap_or(0);
        let group = self.group(&laue, keys.laue.unwrap_or_default(), crystal, space_group);
        let diffuse = Diffuse {
            sigma_m: sigma_angstrom.map(|angstrom| angstrom * 1e-10),
            gamma_m: gamma_angstrom.map(|angstrom| angstrom * 1e-10),
            laue: group,
            stencil: neighbours,
        };
        if diffuse.scatters() {
            self.notices.extend(wide_spots(crystal));
            self.notices
                .extend(beyond_first_order(&diffuse, self.longest(reach)));
        }
        Ok(Some(diffuse))
    }

    /// The group that a key names, or that of the file.
    fn group(
        &mut self,
        key: &'static Key,
        named: Symmetry,
        crystal: &Crystal,
        space_group: Option<&SpaceGroup>,
    ) -> LaueGroup {
        /// Part by which the square of a length may change before the user is told.
        const NOTED: f64 = 1e-3;
        let listed = &self.document.crystal;
        let is_listed = listed.structure_factors.is_some()
            || listed.structure_factors_by_energy.is_some()
            || listed.atoms.is_some();
        let group = match (named, space_group) {
            (Symmetry::File, Some(space_group)) => LaueGroup::of(space_group),
            (Symmetry::File, None) => {
                if is_listed {
                    self.notices.push(message!(
                        "{}: no file says the crystal's symmetry, and -1 is taken; name its Laue group \
                         if it has another",
                        key
                    ));
                }
                LaueGroup::triclinic()
            }
            // Every word but the file's is a group's.
            _ => LaueGroup::named(named.word(), &crystal.cell).unwrap_or(LaueGroup::triclinic()),
        };
        let strain = group.strain(&crystal.cell);
        if strain > NOTED {
            self.notices.push(message!(
                "{}: the cell has the symmetry {} but for {}; operators act on indices as if it had it",
                key,
                group.name(),
                format!("{:.2} % of a length", strain * 50.0)
            ));
        }
        group
    }
}

/// Three values, or one for all axes.
fn along_axes(key: &'static Key, values: &[f64]) -> Result<[f64; 3], DocumentError> {
    match *values {
        [all] => Ok([all; 3]),
        [x, y, z] => Ok([x, y, z]),
        _ => Err(contradiction!(
            "{}: {} values; expected one for all axes, or three",
            key,
            values.len().to_string()
        )),
    }
}

/// A notice where x is above 1 at scattering vectors up to `longest` (1/m).
fn beyond_first_order(diffuse: &Diffuse, longest: f64) -> Option<Message> {
    let sigma_m = diffuse.sigma_m.into_iter().fold(0.0, f64::max);
    let x = (TAU * sigma_m * longest).powi(2);
    (x > 1.0).then(|| {
        message!(
            "{}: at {} Å, the highest resolution, x is up to {}; halos are of first order in x, and \
             above 1 the orders that they leave out are stronger",
            &key::diffuse::sigma,
            format!("{:.2}", 1e10 / longest),
            format!("{x:.3}")
        )
    })
}

/// A notice where spots are cut off at the faces of their reciprocal cells, so that halos, which hold x
/// times the whole spot, hold more than x times what there is of it.
fn wide_spots(crystal: &Crystal) -> Option<Message> {
    /// Part of a spot that nobody misses.
    const NOTED: f64 = 0.01;
    let beyond = beyond_cell(&Lattice::new(crystal));
    (beyond > NOTED).then(|| {
        message!(
            "{}: spots are so wide that up to {} of them lies beyond their reciprocal cells and is cut \
             off; halos are those of whole spots. Give more {}",
            &key::diffuse::sigma,
            format!("{:.0} %", beyond * 100.0),
            &key::crystal::cells
        )
    })
}
