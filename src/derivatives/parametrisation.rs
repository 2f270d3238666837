//! An experiment as a point in its parameters: their values, and the experiment at other values.

use std::sync::Arc;

use glam::{DMat3, DVec3};

use super::mount::Mount;
use super::{AXES, Axis, Parameter, ParameterError};
use crate::experiment::{
    Beam, Crystal, Description, Experiment, ExperimentError, Interpolation, MosaicModel, Placement,
    Shape, Sources,
};
use crate::geometry::{UnitCell, rotation_about, rotation_xyz};

/// What an experiment does not tell of how it was made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Origin {
    /// Misset about x, y and z that is in the cell's orientation, radians.
    pub misset_rad: [f64; 3],
    /// What placed the detector; none where a file describes its panels.
    pub placement: Option<Placement>,
}

/// An experiment and what it was made from, as far as parameters change it.
///
/// What an experiment leaves to the program stays as it is here: the number of sub-pixels, whether F
/// is interpolated, the segments of a scan, the draw of the mosaic domains. An image is then smooth
/// in its parameters but where the nearest reflection of a pixel changes.
#[derive(Debug, Clone)]
pub struct Parametrisation {
    pub(super) experiment: Experiment,
    /// Misset about x, y and z, radians.
    pub(super) misset_rad: [f64; 3],
    pub(super) mount: Mount,
    /// Factor on the image.
    pub(super) scale: f64,
    /// The mosaic spread in the terms that it was given in, radians.
    pub(super) mosaic_rad: f64,
}

impl Parametrisation {
    /// The parameters of `experiment`, which has this `origin`.
    ///
    /// # Errors
    /// [`ExperimentError`] for a placement or a panel that is impossible.
    pub fn new(
        experiment: &Experiment,
        origin: Origin,
    ) -> Result<Parametrisation, ExperimentError> {
        let Origin {
            misset_rad,
            placement,
        } = origin;
        let (oversample, interpolates) = (experiment.oversample(), experiment.interpolates());
        let mut parts = experiment.clone().into_description();
        parts.sampling.oversample = Some(oversample);
        parts.structure_factors.interpolation = match interpolates {
            true => Interpolation::Tricubic,
            false => Interpolation::Nearest,
        };
        Ok(Parametrisation {
            misset_rad,
            mount: Mount::new(&parts.detector, placement, parts.beam.direction)?,
            scale: 1.0,
            mosaic_rad: parts.crystal.mosaicity.spread_rad(),
            experiment: Experiment::varied(parts)?,
        })
    }

    /// The experiment.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// Every parameter that this experiment has a derivative with respect to, but each F by itself.
    pub fn parameters(&self) -> Vec<Parameter> {
        let panels = 0..self.experiment.panels().len();
        let panels = panels.flat_map(|panel| {
            let shifts = AXES.map(|axis| Parameter::PanelShift(panel, axis));
            shifts
                .into_iter()
                .chain(AXES.map(|axis| Parameter::PanelTurn(panel, axis)))
        });
        let slabs = 0..self.experiment.background().slabs.len();
        let all = Parameter::named()
            .chain(panels)
            .chain(slabs.map(Parameter::Slab));
        all.filter(|parameter| self.value(*parameter).is_ok())
            .collect()
    }

    /// The value of `parameter`, in its [unit](Parameter::unit).
    ///
    /// # Errors
    /// [`ParameterError::Absent`] where the experiment has no such parameter, or no derivative with
    /// respect to it.
    pub fn value(&self, parameter: Parameter) -> Result<f64, ParameterError> {
        let absent = |reason: &str| ParameterError::absent(parameter, reason);
        let parts = &self.experiment;
        let (crystal, beam) = (parts.crystal(), parts.beam());
        if crystal.shape == Shape::TopHat {
            return Err(absent(
                "top-hat spots have edges, and no derivative; take another shape",
            ));
        }
        let analytic = parts.sampling().analytic.is_some();
        let crystal_scatters =
            parts.structure_factors().is_listed() || parts.structure_factors().default_f() != 0.0;
        if parameter.is_of_crystal() && !crystal_scatters {
            return Err(absent("no crystal scatters; give structure factors"));
        }
        let si = match parameter {
            Parameter::Misset(axis) => self.misset_rad[axis as usize],
            Parameter::CellEdge(axis) => crystal.cell.lengths_m()[axis as usize],
            Parameter::CellAngle(axis) => crystal.cell.angles_rad()[axis as usize],
            Parameter::Wavelength => mean_wavelength_m(parts.beam()),
            Parameter::Cells(axis) => crystal.cells[axis as usize],
            Parameter::CoupledCells(axis) => match crystal.takes_coupled_cells() {
                true => crystal.coupled_cells[axis as usize],
                false => {
                    return Err(absent(
                        "only Gaussian spots whose width is told in indices have it",
                    ));
                }
            },
            Parameter::Fudge => match crystal.shape {
                Shape::Square => {
                    return Err(absent(
                        "a square crystal does not heed it; take another shape",
                    ));
                }
                _ => crystal.fudge,
            },
            Parameter::Mosaic | Parameter::MosaicSigma(_)
                if self.mosaic_rad == 0.0 && !analytic =>
            {
                return Err(absent("there is no mosaicity; give a spread, and domains"));
            }
            Parameter::Mosaic => self.mosaic_rad,
            Parameter::MosaicSigma(axis) => match (&crystal.mosaicity.model, analytic) {
                (
                    MosaicModel::Gaussian { sigmas_rad }
                    | MosaicModel::Normal { sigmas_rad }
                    | MosaicModel::Ellipsoid { sigmas_rad },
                    _,
                ) => sigmas_rad[axis as usize],
                // Without a spread, whatever its model.
                (_, true) => 0.0,
                (_, false) => {
                    return Err(absent(
                        "the domains have one spread, mosaic; give three sigmas, or a model that has \
                         them",
                    ));
                }
            },
            Parameter::Bandwidth | Parameter::DivergenceH | Parameter::DivergenceV if !analytic => {
                return Err(absent(
                    "sampled sources have none; ask for spots in closed form",
                ));
            }
            Parameter::Bandwidth => beam.bandwidth,
            Parameter::DivergenceH => beam.divergence_sigma_rad[0],
            Parameter::DivergenceV => beam.divergence_sigma_rad[1],
            Parameter::Phi => parts.scan().start_rad,
            Parameter::BFactor => crystal.b_factor_m2,
            Parameter::DiffuseSigma
            | Parameter::DiffuseSigmaAlong(_)
            | Parameter::DiffuseGamma
            | Parameter::DiffuseGammaAlong(_) => {
                let diffuse = crystal.diffuse.as_ref().filter(|own| own.scatters());
                let diffuse = diffuse.ok_or_else(|| {
                    absent("nothing scatters diffusely; give the displacement of atoms")
                })?;
                match parameter {
                    Parameter::DiffuseSigma => largest(diffuse.sigma_m),
                    Parameter::DiffuseSigmaAlong(axis) => diffuse.sigma_m[axis as usize],
                    Parameter::DiffuseGammaAlong(axis) => diffuse.gamma_m[axis as usize],
                    _ => largest(diffuse.gamma_m),
                }
            }
            Parameter::Scale => self.scale,
            Parameter::DefaultF => {
                let factors = parts.structure_factors();
                if !factors.channels().is_empty() {
                    return Err(absent(
                        "F depends on the energy, and no more than two lists are in memory at once",
                    ));
                }
                if factors.is_listed() && factors.default_f() == 0.0 {
                    return Err(absent(
                        "it is 0, and then nobody asks which reflections are absent by symmetry; start \
                         from another value",
                    ));
                }
                factors.default_f()
            }
            Parameter::F(index) => {
                let grid = parts.structure_factors().grid();
                let place = grid.and_then(|grid| Some((grid, grid.offset_of(index)?)));
                let (grid, offset) = place.ok_or_else(|| {
                    absent("no such index lies between the smallest and largest of one list of F")
                })?;
                grid.amplitudes()[offset]
            }
            Parameter::Water if parts.background().water_m == 0.0 => {
                return Err(absent("there is no water; give its thickness"));
            }
            Parameter::Water => self.water_m(),
            Parameter::Slab(slab) => {
                let slabs = &parts.background().slabs;
                let own = slabs.get(slab).filter(|own| own.molecules(1.0) > 0.0);
                let own = own.ok_or_else(|| {
                    absent(&format!(
                        "there are {} amorphous materials, counted from 0, and it is none of them or \
                         there is nothing of it",
                        slabs.len()
                    ))
                })?;
                own.thickness_m
            }
            moves => self.mount.value(moves)?,
        };
        Ok(si / parameter.si())
    }

    /// This experiment with other `values` of its parameters, each in its unit.
    ///
    /// # Errors
    /// [`ParameterError`] for a parameter that there is not, and for values out of range.
    pub fn with(&self, values: &[(Parameter, f64)]) -> Result<Parametrisation, ParameterError> {
        let mut next = self.clone();
        let mut parts = self.experiment.clone().into_description();
        let mut cell = Cell::of(&parts.crystal, self.misset_rad);
        let mut water_m = self.water_m();
        let (mut turned, mut moved) = (false, false);
        for &(parameter, value) in values {
            let before = self.value(parameter)?;
            if !value.is_finite() {
                return Err(ParameterError::Value {
                    parameter,
                    value,
                    reason: "a finite number is expected".to_string(),
                });
            }
            if value == before {
                continue;
            }
            let si = value * parameter.si();
            match parameter {
                Parameter::Misset(axis) => cell.misset_rad[axis as usize] = si,
                Parameter::CellEdge(axis) => cell.lengths_m[axis as usize] = si,
                Parameter::CellAngle(axis) => cell.angles_rad[axis as usize] = si,
                Parameter::Scale => {
                    if si <= 0.0 {
                        return Err(ParameterError::Value {
                            parameter,
                            value,
                            reason: "a number above 0 is expected".to_string(),
                        });
                    }
                    parts.beam.fluence *= si / next.scale;
                    next.scale = si;
                }
                Parameter::Mosaic => {
                    spread_mosaicity(&mut parts, si, next.mosaic_rad);
                    next.mosaic_rad = si;
                }
                Parameter::MosaicSigma(axis) => {
                    set_mosaic_sigma(&mut parts, axis, si);
                    next.mosaic_rad = parts.crystal.mosaicity.spread_rad();
                }
                Parameter::Water => water_m = si,
                moves if moves.moves_detector() => next.mount.set(moves, si),
                other => set(&mut parts, other, si),
            }
            turned |= parameter.turns_cell();
            moved |= parameter.moves_detector();
        }
        if turned {
            parts.crystal.cell = cell.unit_cell()?;
            next.misset_rad = cell.misset_rad;
        }
        if moved {
            parts.detector = next.mount.detector()?;
        }
        if water_m != self.water_m() || next.scale != self.scale {
            parts.background.water_m = water_m / next.scale.cbrt();
        }
        next.experiment = Experiment::varied(parts)?;
        Ok(next)
    }

    /// Thickness of the water at the scale 1. The C program's water scatters as the square of the
    /// fluence and the cube of this: as the fluence grows with the scale, the water has to shrink for
    /// the image to be no more than scaled.
    fn water_m(&self) -> f64 {
        self.experiment.background().water_m * self.scale.cbrt()
    }
}

/// A unit cell as its parameters make it.
struct Cell {
    /// What turned the cell beside the misset.
    base: DMat3,
    misset_rad: [f64; 3],
    lengths_m: [f64; 3],
    angles_rad: [f64; 3],
}

impl Cell {
    fn of(crystal: &Crystal, misset_rad: [f64; 3]) -> Cell {
        let (lengths_m, angles_rad) = (crystal.cell.lengths_m(), crystal.cell.angles_rad());
        let turned = rotation_xyz(misset_rad).transpose() * *crystal.cell.real();
        let base = UnitCell::from_parameters(lengths_m, angles_rad)
            .map_or(turned, |upright| turned * upright.reciprocal().transpose());
        Cell {
            base,
            misset_rad,
            lengths_m,
            angles_rad,
        }
    }

    fn unit_cell(&self) -> Result<UnitCell, ParameterError> {
        let upright = UnitCell::from_parameters(self.lengths_m, self.angles_rad)?;
        Ok(upright.rotated(&(rotation_xyz(self.misset_rad) * self.base)))
    }
}

/// The largest of three.
pub(super) fn largest(values: [f64; 3]) -> f64 {
    values.into_iter().fold(0.0, f64::max)
}

/// Three values whose largest is `value`, in the ratios that they have.
fn scaled(values: [f64; 3], value: f64) -> [f64; 3] {
    let largest = largest(values);
    match largest > 0.0 {
        true => values.map(|own| own * (value / largest)),
        false => [value; 3],
    }
}

/// The wavelength, or the weighted mean of a list's.
fn mean_wavelength_m(beam: &Beam) -> f64 {
    let Sources::List(list) = &beam.sources else {
        return beam.wavelength_m;
    };
    let total: f64 = list.iter().map(|source| source.weight).sum();
    let weighted = list
        .iter()
        .map(|source| source.weight * source.wavelength_m);
    weighted.sum::<f64>() / total
}

/// Has the mosaicity spread as far as `spread_rad`, from `before_rad`.
fn spread_mosaicity(parts: &mut Description, spread_rad: f64, before_rad: f64) {
    let analytic = parts.sampling.analytic.is_some();
    let mosaicity = &mut parts.crystal.mosaicity;
    mosaicity.model = match &mosaicity.model {
        MosaicModel::Gaussian { sigmas_rad } => MosaicModel::Gaussian {
            sigmas_rad: scaled(*sigmas_rad, spread_rad),
        },
        MosaicModel::Normal { sigmas_rad } => MosaicModel::Normal {
            sigmas_rad: scaled(*sigmas_rad, spread_rad),
        },
        MosaicModel::Ellipsoid { sigmas_rad } => MosaicModel::Ellipsoid {
            sigmas_rad: scaled(*sigmas_rad, spread_rad),
        },
        _ if analytic => MosaicModel::Normal {
            sigmas_rad: [spread_rad; 3],
        },
        // A cap's angles are rounded to float32 as they are drawn: these domains, spread further.
        MosaicModel::Cap { .. } | MosaicModel::Listed(_) => {
            let domains = mosaicity.rotations(&parts.crystal.cell);
            let ratio = spread_rad / before_rad;
            let spread = domains.iter().map(|domain| {
                let vector = rotation_vector(domain) * ratio;
                match vector.try_normalize() {
                    Some(axis) => rotation_about(axis, vector.length()),
                    None => DMat3::IDENTITY,
                }
            });
            MosaicModel::Listed(spread.collect::<Arc<[DMat3]>>())
        }
    };
}

/// The axis of a rotation times its angle, radians.
fn rotation_vector(rotation: &DMat3) -> DVec3 {
    glam::DQuat::from_mat3(rotation).to_scaled_axis()
}

fn set_mosaic_sigma(parts: &mut Description, axis: Axis, sigma_rad: f64) {
    let mosaicity = &mut parts.crystal.mosaicity;
    match &mut mosaicity.model {
        MosaicModel::Gaussian { sigmas_rad }
        | MosaicModel::Normal { sigmas_rad }
        | MosaicModel::Ellipsoid { sigmas_rad } => sigmas_rad[axis as usize] = sigma_rad,
        // Without a spread, in closed form.
        model => {
            let mut sigmas_rad = [0.0; 3];
            sigmas_rad[axis as usize] = sigma_rad;
            *model = MosaicModel::Normal { sigmas_rad };
        }
    }
}

/// Gives one of the parameters that stand in a description by themselves another value.
fn set(parts: &mut Description, parameter: Parameter, si: f64) {
    let diffuse = parts.crystal.diffuse.as_mut();
    match (parameter, diffuse) {
        (Parameter::Wavelength, _) => {
            let beam = &mut parts.beam;
            let ratio = si / mean_wavelength_m(beam);
            if let Sources::List(list) = &mut beam.sources {
                list.iter_mut()
                    .for_each(|source| source.wavelength_m *= ratio);
                beam.wavelength_m *= ratio;
            } else {
                beam.wavelength_m = si;
            }
        }
        (Parameter::Cells(axis), _) => parts.crystal.cells[axis as usize] = si,
        (Parameter::CoupledCells(axis), _) => parts.crystal.coupled_cells[axis as usize] = si,
        (Parameter::Fudge, _) => parts.crystal.fudge = si,
        (Parameter::Bandwidth, _) => parts.beam.bandwidth = si,
        (Parameter::DivergenceH, _) => parts.beam.divergence_sigma_rad[0] = si,
        (Parameter::DivergenceV, _) => parts.beam.divergence_sigma_rad[1] = si,
        (Parameter::Phi, _) => parts.scan.start_rad = si,
        (Parameter::BFactor, _) => parts.crystal.b_factor_m2 = si,
        (Parameter::DiffuseSigma, Some(own)) => own.sigma_m = scaled(own.sigma_m, si),
        (Parameter::DiffuseSigmaAlong(axis), Some(own)) => own.sigma_m[axis as usize] = si,
        (Parameter::DiffuseGamma, Some(own)) => own.gamma_m = scaled(own.gamma_m, si),
        (Parameter::DiffuseGammaAlong(axis), Some(own)) => own.gamma_m[axis as usize] = si,
        (Parameter::DefaultF, _) => {
            parts.structure_factors = parts.structure_factors.clone().with_default_f(si);
        }
        (Parameter::F(index), _) => {
            if let Some(factors) = parts.structure_factors.clone().with_amplitude(index, si) {
                parts.structure_factors = factors;
            }
        }
        (Parameter::Slab(slab), _) => parts.background.slabs[slab].thickness_m = si,
        _ => {}
    }
}

impl Parameter {
    /// Whether it changes the cell or turns it.
    fn turns_cell(self) -> bool {
        matches!(
            self,
            Parameter::Misset(_) | Parameter::CellEdge(_) | Parameter::CellAngle(_)
        )
    }

    /// Whether it acts on what the crystal scatters alone.
    fn is_of_crystal(self) -> bool {
        !self.moves_detector()
            && !matches!(
                self,
                Parameter::Wavelength | Parameter::Scale | Parameter::Water | Parameter::Slab(_)
            )
    }
}
