//! Structure factors from atoms: the file, the resolution, the solvent.

use std::path::{Path, PathBuf};

use glam::DVec3;

use super::Reading;
use crate::document::AtomOrigin;
use crate::document::error::DocumentError;
use crate::document::keys::{Key, key};
use crate::document::message::{contradiction, message};
use crate::experiment::{Beam, Detector, Reflection, Reflections, Source};
use crate::formats::coordinates::{self, CoordinateFile};
use crate::geometry::UnitCell;
use crate::memory::Bytes;
use crate::physics::position::position;
use crate::structure::{FINEST_SPACING_M, Solvent, StructureError, structure_factors};

/// Structure factors of a crystal whose atoms are known.
pub struct Calculated {
    /// The file.
    pub path: PathBuf,
    /// The reflections.
    pub reflections: Reflections,
    /// The cell.
    pub cell: UnitCell,
    /// The atoms, and what was made of them.
    pub origin: AtomOrigin,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// The finest scattering that a detector takes up from a beam.
pub struct Reach<'a> {
    /// The beam.
    pub beam: &'a Beam,
    /// The detector.
    pub detector: &'a Detector,
    /// Memory that the list of sources may take.
    pub memory: Bytes,
}

impl Reading<'_> {
    /// F of the atoms, where a key names a file of them.
    pub fn calculated(&self, reach: &Reach) -> Result<Option<Calculated>, DocumentError> {
        use key::crystal as of;
        let keys = &self.document.crystal;
        let Some(path) = &keys.atoms else {
            let of_atoms: [&'static Key; 4] = [
                &of::atoms_dmin,
                &of::solvent_density,
                &of::solvent_b,
                &of::solvent,
            ];
            let idle = |key: &&&'static Key| match ***key == of::solvent {
                true => keys.solvent == Some(false),
                false => key.is_in(self.document),
            };
            return match of_atoms.iter().find(idle) {
                None => Ok(None),
                Some(key) => Err(contradiction!(
                    "{}: it is for structure factors from atoms; name their file with {}",
                    *key,
                    &of::atoms
                )),
            };
        };
        let bare = keys.solvent == Some(false);
        let of_solvent: [&'static Key; 2] = [&of::solvent_density, &of::solvent_b];
        if let Some(given) = of_solvent
            .iter()
            .find(|key| bare && key.is_in(self.document))
        {
            return Err(contradiction!(
                "{} and {} do not go together; leave one of them out",
                &of::solvent,
                *given
            ));
        }
        let CoordinateFile {
            format,
            structure,
            space_group,
            notices,
        } = coordinates::read(path, self.most())?;
        let d_min_m = match keys.atoms_dmin {
            Some(angstrom) => angstrom * 1e-10,
            None => reach.d_min_m(&structure.cell),
        };
        let usual = Solvent::default();
        let solvent = (!bare).then_some(Solvent {
            density_per_m3: keys
                .solvent_density
                .map_or(usual.density_per_m3, |k| k * 1e30),
            b_m2: keys.solvent_b.map_or(usual.b_m2, |b| b * 1e-20),
        });
        let factors = structure_factors(&structure, d_min_m, solvent.as_ref(), self.memory)
            .map_err(|error| blame(path, &error))?;
        let origin = AtomOrigin {
            format,
            atoms: structure.atoms.len(),
            space_group,
            operators: structure.space_group.order(),
            d_min_angstrom: d_min_m * 1e10,
            solvent: solvent.as_ref().map(Into::into),
            in_p1: factors.len(),
        };
        let list = factors.iter().map(|factor| Reflection {
            index: factor.index,
            amplitude: factor.value.norm(),
        });
        Ok(Some(Calculated {
            path: path.clone(),
            reflections: Reflections {
                list: list.collect(),
                space_group: Some(structure.space_group),
            },
            cell: structure.cell,
            origin,
            notices,
        }))
    }
}

impl Reach<'_> {
    /// The spacing down to which F is needed: that of the finest scattering, and of the indices
    /// around it which a spot or an interpolation there takes its F from.
    fn d_min_m(&self, cell: &UnitCell) -> f64 {
        /// The furthest index of a four-point interpolation.
        const INDICES: f64 = 2.0;
        let reciprocal = cell.reciprocal();
        let edges = [reciprocal.x_axis, reciprocal.y_axis, reciprocal.z_axis];
        let around: f64 = edges.map(|edge| edge.length()).iter().sum();
        let s_max = self.s_max() + INDICES * around;
        s_max.recip().max(FINEST_SPACING_M)
    }

    /// The longest scattering vector that ends in a corner of a panel, 1/m.
    pub fn s_max(&self) -> f64 {
        let count = self.beam.source_count_bound();
        // More than fit in memory are refused later.
        let sources = match Bytes::of::<Source>(count) <= self.memory {
            true => self.beam.sources(),
            false => Vec::new(),
        };
        let corners = self.detector.panels.iter().flat_map(|panel| {
            let [fast, slow] = panel.shape.map(|count| count.saturating_sub(1));
            let pixels = [[0, 0], [fast, 0], [0, slow], [fast, slow]];
            pixels.map(|pixel| position(panel, 1, pixel, [0, 0], 0.0).normalize_or_zero())
        });
        let longest = |corner: DVec3| {
            let lengths = sources
                .iter()
                .map(|source| (corner - source.incident).length() / source.wavelength_m);
            lengths.fold(0.0, f64::max)
        };
        corners.map(longest).fold(0.0, f64::max)
    }
}

/// What went wrong, and what to do about it.
fn blame(path: &Path, error: &StructureError) -> DocumentError {
    let shown = path.display();
    match error {
        StructureError::Resolution { .. } | StructureError::NoReflections { .. } => {
            DocumentError::of_keys(&[&key::crystal::atoms_dmin], format!("{shown}: {error}"))
        }
        StructureError::Memory { .. } => DocumentError::File(message!(
            "{}: {}; give a larger {}, or {}",
            shown,
            error.to_string(),
            &key::crystal::atoms_dmin,
            &key::crystal::solvent
        )),
        StructureError::Symmetry(_) => DocumentError::of_file(shown, error),
    }
}
