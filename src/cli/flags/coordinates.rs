//! Flags of structure factors from atoms: the file, the resolution, the solvent.

use std::path::{Path, PathBuf};

use clap::Args;
use glam::DVec3;

use super::super::{CliError, values};
use crate::experiment::{Beam, Detector, Reflection, Reflections, Source};
use crate::formats::coordinates::{self, CoordinateFile};
use crate::geometry::UnitCell;
use crate::memory::Bytes;
use crate::physics::position::position;
use crate::report::AtomOrigin;
use crate::structure::{FINEST_SPACING_M, Solvent, StructureError, structure_factors};

#[derive(Args)]
#[command(next_help_heading = "Crystal")]
pub struct CoordinateFlags {
    /// Structure factors from atoms: PDB or mmCIF, packed by gzip or not
    #[arg(long = "pdb", value_name = "FILE")]
    pdb: Option<PathBuf>,
    /// Finest spacing of structure factors from atoms, Å [default: what the detector's corners see]
    #[arg(long = "dmin-f", value_name = "Å", requires = "pdb", value_parser = values::positive)]
    dmin_f: Option<f64>,
    /// Density of the solvent between molecules, electrons/Å³ [default: 0.35]
    #[arg(long = "solvent-k", value_name = "DENSITY", requires = "pdb",
          value_parser = values::not_negative)]
    solvent_k: Option<f64>,
    /// B of the solvent's edges, Å² [default: 46]
    #[arg(long = "solvent-b", value_name = "Å²", requires = "pdb",
          value_parser = values::not_negative)]
    solvent_b: Option<f64>,
    /// Leave nothing between molecules
    #[arg(long = "no-solvent", requires = "pdb", conflicts_with_all = ["solvent_k", "solvent_b"])]
    no_solvent: bool,
}

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
}

impl CoordinateFlags {
    /// Whether a file of atoms is named.
    pub fn are_given(&self) -> bool {
        self.pdb.is_some()
    }

    /// F of the atoms, where flags name a file of them.
    pub fn calculated(&self, reach: &Reach) -> Result<Option<Calculated>, CliError> {
        let Some(path) = &self.pdb else {
            return Ok(None);
        };
        let CoordinateFile {
            format,
            structure,
            space_group,
            notices,
        } = coordinates::read(path, crate::cli::limit::file_limit())?;
        let d_min_m = match self.dmin_f {
            Some(angstrom) => angstrom * 1e-10,
            None => reach.d_min_m(&structure.cell),
        };
        let solvent = self.solvent();
        let factors = structure_factors(&structure, d_min_m, solvent.as_ref(), Bytes::available())
            .map_err(|error| blame(path, error))?;
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

    fn solvent(&self) -> Option<Solvent> {
        let usual = Solvent::default();
        (!self.no_solvent).then_some(Solvent {
            density_per_m3: self.solvent_k.map_or(usual.density_per_m3, |k| k * 1e30),
            b_m2: self.solvent_b.map_or(usual.b_m2, |b| b * 1e-20),
        })
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
    fn s_max(&self) -> f64 {
        let count = self.beam.source_count_bound();
        // More than fit in memory are refused later.
        let sources = match Bytes::of::<Source>(count).check() {
            Ok(()) => self.beam.sources(),
            Err(_) => Vec::new(),
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
fn blame(path: &Path, error: StructureError) -> CliError {
    let what = match &error {
        StructureError::Resolution { .. } | StructureError::NoReflections { .. } => {
            return CliError::usage(format!("--dmin-f: {}: {error}", path.display()));
        }
        StructureError::Memory { .. } => "; give a larger --dmin-f, or --no-solvent",
        StructureError::Symmetry { .. } => "",
    };
    CliError::Failed(anyhow::anyhow!("{}: {error}{what}", path.display()))
}
