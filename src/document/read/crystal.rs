//! The crystal: cell, orientation, size, shape, mosaicity, and the scan about the spindle.

use std::path::Path;

use super::Reading;
use super::adopted::Adopted;
use super::file_cells::{FileCells, are_alike, shown};
use crate::document::choices::{Choice, Misset, MosaicDistribution};
use crate::document::error::DocumentError;
use crate::document::keys::{Key, key};
use crate::document::message::{Message, contradiction, message};
use crate::document::value::{Axes, Cells};
use crate::experiment::{
    Crystal, DEFAULT_MOSAIC_SEED, LabAxes, MosaicModel, Mosaicity, Scan, StepRequest,
};
use crate::formats;
use crate::formats::matrix::MatrixFile;
use crate::geometry::{UnitCell, angles_of, rotation_xyz};
use crate::random::{ParkMiller, random_rotation};

/// Spread of a random misset, in radians: the C program's 90, which it takes for degrees.
const RANDOM_MISSET_RAD: f64 = 90.0;

/// Angles of a random misset with this seed, about x, y and z, radians.
pub fn random_misset_rad(seed: i64) -> [f64; 3] {
    angles_of(&random_rotation(
        &mut ParkMiller::new(seed),
        RANDOM_MISSET_RAD,
    ))
}

impl Reading<'_> {
    /// The crystal of `cell` before the misset.
    pub fn crystal(&mut self, cell: &UnitCell, beam_size_m: f64) -> Result<Crystal, DocumentError> {
        let keys = &self.document.crystal;
        // Before the misset, which would round the lengths: a crystal has as many cells however it
        // is turned.
        let cells = self.cells(cell, beam_size_m)?;
        let cell = cell.rotated(&rotation_xyz(self.misset_rad()));
        let (shape, fudge) = (keys.shape.unwrap_or_default(), keys.fudge.unwrap_or(1.0));
        let metric = keys.gauss_metric.unwrap_or_default();
        Ok(Crystal {
            cells,
            coupled_cells: keys.cells_matrix.unwrap_or([0.0; 3]),
            shape,
            fudge,
            metric,
            b_factor_m2: keys.b_factor.unwrap_or(0.0) * 1e-20,
            mosaicity: self.mosaicity()?,
            ..Crystal::new(cell)
        })
    }

    /// The cell before the misset: that of a key or of a DIALS experiment, which structure factors
    /// must not contradict, or theirs.
    pub fn unit_cell(
        &mut self,
        file_cells: &FileCells,
        wavelength_m: f64,
        adopted: &Adopted,
    ) -> Result<UnitCell, DocumentError> {
        let Some((source, cell)) = self.given_cell(wavelength_m, adopted)? else {
            return file_cells.only();
        };
        file_cells.agree_with(&source, &cell)?;
        Ok(cell)
    }

    /// The cell that a key gives, and that key.
    fn given_cell(
        &mut self,
        wavelength_m: f64,
        adopted: &Adopted,
    ) -> Result<Option<(Message, UnitCell)>, DocumentError> {
        let keys = &self.document.crystal;
        if let Some(path) = &keys.matrix {
            self.inputs.push(path.clone());
            // The file holds the matrix times the wavelength in Å, whatever its unit.
            let matrix = formats::matrix::read(path, self.most())?;
            let MatrixFile { matrix, cell: own } = matrix;
            let cell = UnitCell::from_reciprocal(matrix * wavelength_m.recip())
                .map_err(|error| DocumentError::of_file(path.display(), error))?;
            check_edges(path, &cell)?;
            self.notices.extend(own.and_then(|own| {
                let notice = other_wavelength(&cell, &own, wavelength_m)?;
                Some(message!("{}: {}", path.display(), notice))
            }));
            let source = message!("{} {}", &key::crystal::matrix, path.display());
            let Some(given) = keys.cell.as_deref().map(parameters) else {
                return Ok(Some((source, cell)));
            };
            // Directions are the matrix's, lengths the parameters', as in the C program.
            let given = given?;
            if !are_alike(&cell, &given, 1e-4, 0.01) {
                self.notices.push(message!(
                    "{} gives the directions of the edges and {} their lengths, as in the C program; \
                     they disagree: {}",
                    &key::crystal::matrix,
                    &key::crystal::cell,
                    format!("{} and {}", shown(&cell), shown(&given))
                ));
            }
            let of_matrix = source.and(" with ").and(&key::crystal::cell);
            let both = cell.with_lengths(given.lengths_m());
            return both
                .map(|cell| Some((of_matrix, cell)))
                .map_err(|error| DocumentError::of_keys(&[&key::crystal::cell], error));
        }
        let Some(numbers) = &keys.cell else {
            let source = || message!("{}", &key::detector::dials_experiment);
            return Ok(adopted.cell.map(|cell| (source(), cell)));
        };
        let cell = parameters(numbers)?;
        Ok(Some((message!("{}", &key::crystal::cell), cell)))
    }

    /// Misorientation about x, y and z, radians.
    pub fn misset_rad(&self) -> [f64; 3] {
        let keys = &self.document.crystal;
        match keys.misset {
            None => [0.0; 3],
            Some(Misset::Random) => random_misset_rad(keys.misset_seed.unwrap_or(self.seed as i64)),
            Some(Misset::Angles(degrees)) => degrees.map(f64::to_radians),
        }
    }

    /// Cells along each axis.
    fn cells(&mut self, cell: &UnitCell, beam_size_m: f64) -> Result<[f64; 3], DocumentError> {
        let keys = &self.document.crystal;
        let Axes(counts) = keys.cells.unwrap_or(Axes([None; 3]));
        let Axes(sizes) = keys.size.unwrap_or(Axes([None; 3]));
        let lengths = cell.lengths_m();
        let mut cells = [1.0; 3];
        if counts.contains(&Some(Cells(0.0))) {
            self.notices.push(message!(
                "{}: 0 is taken as 1 cell, as the C program takes it",
                &key::crystal::cells
            ));
        }
        for axis in 0..3 {
            let size = sizes[axis].map(|mm| mm * 1e-3);
            cells[axis] = match (counts[axis], size) {
                (Some(Cells(0.0)), _) => 1.0,
                (Some(Cells(count)), _) => count,
                (None, None) => 1.0,
                (None, Some(mut metres)) => {
                    // The beam travels along x; what it does not bathe does not scatter.
                    if axis > 0 && metres > beam_size_m {
                        self.notices.push(message!(
                            "{}: the crystal's {} mm are cut to the beam's {} mm ({})",
                            (&key::crystal::size, axis),
                            metres * 1e3,
                            beam_size_m * 1e3,
                            &key::beam::size
                        ));
                        metres = beam_size_m;
                    }
                    let needed = (metres / lengths[axis]).ceil().max(1.0);
                    if needed > f64::from(u32::MAX) {
                        return Err(contradiction!(
                            "{}: {} cells; give {}, below 2^32",
                            (&key::crystal::size, axis),
                            format!("{needed:.3e}"),
                            (&key::crystal::cells, axis)
                        ));
                    }
                    needed
                }
            };
        }
        Ok(cells)
    }

    /// The scan about the spindle.
    pub fn scan(&self, axes: &LabAxes, adopted: &Adopted) -> Result<Scan, DocumentError> {
        use key::scan::{range, step};
        let keys = &self.document.scan;
        let phi = keys.start.or(adopted.phi_deg).unwrap_or(0.0);
        let request = StepRequest {
            range: keys.range.or(adopted.osc_deg).map(f64::to_radians),
            step: keys.step.map(f64::to_radians),
            count: keys.steps,
        };
        if let (Some(range_rad), Some(step_rad)) = (request.range, request.step)
            && (range_rad * step_rad < 0.0 || step_rad == 0.0)
        {
            return Err(contradiction!(
                "{} {} {} {}: the step must lead through the range, not away from it",
                &range,
                range_rad.to_degrees(),
                &step,
                step_rad.to_degrees()
            ));
        }
        let (range_rad, step_rad, steps) = request
            .scan("the phi scan", 1f64.to_radians())
            .map_err(|error| DocumentError::of_keys(&[&range, &step], error))?;
        Ok(Scan {
            spindle: axes.spindle,
            start_rad: phi.to_radians(),
            step_rad,
            steps,
            range_rad,
            sampling: keys.phi_sampling.unwrap_or_default(),
        })
    }

    /// The mosaic domains.
    fn mosaicity(&mut self) -> Result<Mosaicity, DocumentError> {
        let model = self.mosaic_model()?;
        let keys = &self.document.mosaicity;
        let mosaicity = Mosaicity {
            model,
            domains: keys.domains.unwrap_or(1),
            seed: keys.seed.unwrap_or(DEFAULT_MOSAIC_SEED),
        };
        let spread = mosaicity.spread_rad() > 0.0;
        let domains = keys.domains.unwrap_or(if spread { 10 } else { 1 });
        Ok(Mosaicity {
            domains,
            ..mosaicity
        })
    }

    fn mosaic_model(&mut self) -> Result<MosaicModel, DocumentError> {
        use key::mosaicity::{domains, model, rotations, sigmas, spread};
        let keys = &self.document.mosaicity;
        if let Some(path) = &keys.rotations {
            if self.document.sampling.analytic == Some(true) {
                return Err(contradiction!(
                    "{} and {}: rotations one by one have no closed form; leave one out",
                    &key::sampling::analytic,
                    &rotations
                ));
            }
            let others: [&'static Key; 4] = [&spread, &domains, &model, &sigmas];
            if let Some(given) = others.into_iter().find(|key| key.is_in(self.document)) {
                return Err(contradiction!(
                    "{} and {} both say how the domains are turned; leave one out",
                    given,
                    &rotations
                ));
            }
            self.inputs.push(path.clone());
            let listed = formats::rotations::read(path, self.most())?;
            return Ok(MosaicModel::Listed(listed.into()));
        }
        if keys.sigmas.is_some() && keys.spread.is_some() {
            return Err(contradiction!(
                "{} and {} both give the spread; leave one out",
                &spread,
                &sigmas
            ));
        }
        let spread_rad = keys.spread.unwrap_or(0.0).to_radians();
        let sigmas_rad = keys.sigmas.map(|degrees| degrees.map(f64::to_radians));
        let analytic = self.document.sampling.analytic == Some(true);
        let usual = match (analytic, sigmas_rad) {
            (true, _) => MosaicDistribution::Normal,
            (false, Some(_)) => MosaicDistribution::Gaussian,
            (false, None) => MosaicDistribution::Cap,
        };
        let (distribution, sigmas_rad) = (
            keys.model.unwrap_or(usual),
            sigmas_rad.unwrap_or([spread_rad; 3]),
        );
        if analytic && distribution != MosaicDistribution::Normal {
            return Err(contradiction!(
                "{} and {} {}: only misorientations that are normal about each axis have a closed \
                 form; give {} normal, or leave it out",
                &key::sampling::analytic,
                &model,
                distribution.word(),
                &model
            ));
        }
        Ok(match distribution {
            MosaicDistribution::Cap if keys.sigmas.is_some() => {
                return Err(contradiction!(
                    "{} are those of {} gaussian, normal and ellipsoid, not of cap; leave one out",
                    &sigmas,
                    &model
                ));
            }
            MosaicDistribution::Cap => MosaicModel::Cap { spread_rad },
            MosaicDistribution::Gaussian => MosaicModel::Gaussian { sigmas_rad },
            MosaicDistribution::Normal => MosaicModel::Normal { sigmas_rad },
            MosaicDistribution::Ellipsoid => MosaicModel::Ellipsoid { sigmas_rad },
        })
    }
}

/// The cell of one to six numbers in Å and degrees, in its usual orientation.
fn parameters(numbers: &[f64]) -> Result<UnitCell, DocumentError> {
    let first = numbers.first().copied().unwrap_or_default();
    let length = |axis: usize| numbers.get(axis).unwrap_or(&first) * 1e-10;
    let angle = |axis: usize| numbers.get(axis).unwrap_or(&90.0).to_radians();
    let lengths = [length(0), length(1), length(2)];
    UnitCell::from_parameters(lengths, [angle(3), angle(4), angle(5)])
        .map_err(|error| DocumentError::of_keys(&[&key::crystal::cell], error))
}

/// A line where the cell that a matrix makes with this wavelength is not the one that its file
/// says: matrices hold the wavelength that they were made with.
fn other_wavelength(cell: &UnitCell, own: &UnitCell, wavelength_m: f64) -> Option<String> {
    if are_alike(cell, own, 1e-3, 0.1) {
        return None;
    }
    let [made, told] = [cell, own].map(|cell| cell.volume_m3().cbrt());
    Some(format!(
        "with a wavelength of {:.5} Å the matrix makes the cell {}, and the file says {}; a matrix \
         holds the wavelength that it was made with, here {:.5} Å",
        wavelength_m * 1e10,
        shown(cell),
        shown(own),
        wavelength_m * told / made * 1e10
    ))
}

/// Refuses a matrix whose cell is smaller than an atom: the file holds something else.
fn check_edges(path: &Path, cell: &UnitCell) -> Result<(), DocumentError> {
    /// Shortest edge, m; no crystal's is below 2 Å.
    const SHORTEST_M: f64 = 1e-10;
    let lengths = cell.lengths_m();
    if lengths.iter().all(|&length| length >= SHORTEST_M) {
        return Ok(());
    }
    let [a, b, c] = lengths.map(|length| length * 1e10);
    Err(DocumentError::of_file(
        path.display(),
        format!(
            "the matrix makes a cell of {a:.3} x {b:.3} x {c:.3} Å; expected a MOSFLM A matrix, the \
             reciprocal cell in 1/Å times the wavelength in Å"
        ),
    ))
}
