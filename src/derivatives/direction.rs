//! The direction in which a parameter moves a scene (PHYSICS §17).

use glam::{DMat3, DVec3};

use super::parametrisation::largest;
use super::{Parameter, ParameterError, Parametrisation};
use crate::experiment::{Crystal, Experiment, crystal_frame};
use crate::geometry::{UnitCell, rotation_xyz_rates};
use crate::scene::{PANEL_SHIFT, PANEL_TURN, SceneVector, slot};

impl Parametrisation {
    /// Zero, in the coordinates that this experiment's scene moves in.
    pub fn zero(&self) -> SceneVector {
        let slabs = self.experiment.background().slabs.iter();
        let scattering = slabs.filter(|slab| slab.molecules(1.0) > 0.0).count();
        SceneVector::zero(self.experiment.panels().len(), scattering)
    }

    /// How the scene moves per unit of `parameter`.
    ///
    /// # Errors
    /// As [`Parametrisation::value`].
    pub fn direction(&self, parameter: Parameter) -> Result<SceneVector, ParameterError> {
        let value = self.value(parameter)? * parameter.si();
        let mut along = self.zero();
        let slots = &mut along.slots;
        let experiment = &self.experiment;
        let crystal = experiment.crystal();
        let real = *crystal.cell.real();
        match parameter {
            Parameter::Misset(axis) => {
                let about = rotation_xyz_rates(self.misset_rad)[axis as usize];
                put_cell_rate(slots, experiment, cross_product(about) * real);
            }
            Parameter::CellEdge(_) | Parameter::CellAngle(_) => {
                put_cell_rate(slots, experiment, shape_rate(&crystal.cell, parameter));
            }
            Parameter::Phi => {
                let spindle = experiment.scan().spindle.normalize();
                put_cell_rate(slots, experiment, cross_product(spindle) * real);
            }
            Parameter::Wavelength => slots[slot::WAVELENGTH] = 1.0 / value,
            Parameter::Cells(axis) => slots[slot::CELLS.start + axis as usize] = 1.0,
            Parameter::CoupledCells(axis) => {
                slots[slot::COUPLED_CELLS.start + axis as usize] = 1.0;
            }
            Parameter::Fudge => slots[slot::FUDGE] = 1.0,
            Parameter::Mosaic => {
                let sigmas = sigmas_rad(crystal, experiment.sampling().analytic.is_some());
                let weights =
                    sigmas.map_or([crystal.mosaicity.spread_rad() / value, 0.0, 0.0], shares);
                slots[slot::MOSAIC].copy_from_slice(&weights);
            }
            Parameter::MosaicSigma(axis) => slots[slot::MOSAIC.start + axis as usize] = 1.0,
            Parameter::Bandwidth => slots[slot::BANDWIDTH] = 1.0,
            Parameter::DivergenceH => slots[slot::DIVERGENCE.start] = 1.0,
            Parameter::DivergenceV => slots[slot::DIVERGENCE.start + 1] = 1.0,
            Parameter::BFactor => slots[slot::B_FACTOR] = 1.0,
            Parameter::DiffuseSigmaAlong(axis) => {
                slots[slot::DIFFUSE_SIGMA.start + axis as usize] = 1.0;
            }
            Parameter::DiffuseGammaAlong(axis) => {
                slots[slot::DIFFUSE_GAMMA.start + axis as usize] = 1.0;
            }
            Parameter::DiffuseSigma | Parameter::DiffuseGamma => {
                if let Some(diffuse) = &crystal.diffuse {
                    let (place, values) = match parameter {
                        Parameter::DiffuseSigma => (slot::DIFFUSE_SIGMA, diffuse.sigma_m),
                        _ => (slot::DIFFUSE_GAMMA, diffuse.gamma_m),
                    };
                    slots[place].copy_from_slice(&shares(values));
                }
            }
            Parameter::Scale => slots[slot::SCALE] = 1.0 / value,
            Parameter::DefaultF => {
                slots[slot::DEFAULT_F] = 1.0;
                if let Some(grid) = experiment.structure_factors().grid() {
                    let places = 0..grid.amplitudes().len();
                    let defaults =
                        places.map(|offset| f64::from(u8::from(grid.is_default(offset))));
                    along.amplitudes = vec![defaults.collect()];
                }
            }
            Parameter::F(index) => {
                if let Some(grid) = experiment.structure_factors().grid() {
                    let mut amplitudes = vec![0.0; grid.amplitudes().len()];
                    grid.offset_of(index)
                        .into_iter()
                        .for_each(|offset| amplitudes[offset] = 1.0);
                    along.amplitudes = vec![amplitudes];
                }
            }
            // The C program's water scatters as the cube of its thickness.
            Parameter::Water => slots[slot::WATER] = 3.0 / value,
            Parameter::Slab(slab) => {
                // Those of which there is nothing are not in the scene.
                let before = &experiment.background().slabs[..slab];
                let place = before.iter().filter(|own| own.molecules(1.0) > 0.0).count();
                along.materials[place] = 1.0 / value;
            }
            moves => {
                let motions = self.mount.motions(moves)?;
                for (panel, motion) in along.panels.iter_mut().zip(motions) {
                    panel[PANEL_SHIFT].copy_from_slice(&motion.shift_m.to_array());
                    panel[PANEL_TURN].copy_from_slice(&motion.turn_rad.to_array());
                }
            }
        }
        along.scale(parameter.si());
        Ok(along)
    }
}

/// The sigmas about the axes of the crystal's frame, where it has three.
fn sigmas_rad(crystal: &Crystal, analytic: bool) -> Option<[f64; 3]> {
    use crate::experiment::MosaicModel::{Cap, Ellipsoid, Gaussian, Listed, Normal};
    match crystal.mosaicity.model {
        Gaussian { sigmas_rad } | Normal { sigmas_rad } | Ellipsoid { sigmas_rad } => {
            Some(sigmas_rad)
        }
        Cap { .. } | Listed(_) => analytic.then_some([0.0; 3]),
    }
}

/// How three values change with their largest, in the ratios that they have.
fn shares(values: [f64; 3]) -> [f64; 3] {
    let largest = largest(values);
    match largest > 0.0 {
        true => values.map(|own| own / largest),
        false => [1.0; 3],
    }
}

/// The matrix of the cross product with `vector` from the left.
fn cross_product(vector: DVec3) -> DMat3 {
    DMat3::from_cols(
        vector.cross(DVec3::X),
        vector.cross(DVec3::Y),
        vector.cross(DVec3::Z),
    )
}

/// What a change of the real cell, edges in columns, does to a crystal: where its domains were drawn
/// in its own frame, they turn as far as that frame does, and the rest deforms the cell within them.
fn put_cell_rate(slots: &mut [f64; slot::COUNT], experiment: &Experiment, rate: DMat3) {
    let crystal = experiment.crystal();
    let (real, reciprocal) = (*crystal.cell.real(), *crystal.cell.reciprocal());
    let in_frame =
        experiment.sampling().analytic.is_some() || crystal.mosaicity.turns_with_crystal();
    let turn = match in_frame {
        true => frame_turn(&crystal.cell, rate),
        false => DVec3::ZERO,
    };
    let within = (rate - cross_product(turn) * real).transpose() * reciprocal;
    slots[slot::INDEX].copy_from_slice(&within.to_cols_array());
    slots[slot::CRYSTAL_TURN].copy_from_slice(&turn.to_array());
}

/// The rotation vector by which the frame of a crystal turns as its real cell changes by `rate`.
fn frame_turn(cell: &UnitCell, rate: DMat3) -> DVec3 {
    let frame = crystal_frame(cell);
    let along = |vector: DVec3, rate: DVec3| {
        let unit = vector.normalize();
        (rate - unit * unit.dot(rate)) / vector.length()
    };
    let reciprocal_rate = -*cell.reciprocal() * rate.transpose() * *cell.reciprocal();
    let x = along(cell.real().x_axis, rate.x_axis);
    let z = along(cell.reciprocal().z_axis, reciprocal_rate.z_axis);
    let y = z.cross(frame.x_axis) + frame.z_axis.cross(x);
    0.5 * (frame.x_axis.cross(x) + frame.y_axis.cross(y) + frame.z_axis.cross(z))
}

/// How the real cell changes with an edge or an angle, in a frame in which a* stays along one axis
/// and b* in the plane of two: [`UnitCell::from_parameters`].
fn shape_rate(cell: &UnitCell, parameter: Parameter) -> DMat3 {
    let [a, b, c] = cell.lengths_m();
    let angles = cell.angles_rad();
    // The rate of the metric tensor of the real cell.
    let mut metric = [[0.0; 3]; 3];
    let lengths = [a, b, c];
    match parameter {
        Parameter::CellEdge(axis) => {
            let own = axis as usize;
            for other in 0..3 {
                let product = match other == own {
                    true => 2.0 * lengths[own],
                    // The angle that two edges enclose is called after the third.
                    false => lengths[other] * angles[3 - own - other].cos(),
                };
                metric[own][other] = product;
                metric[other][own] = product;
            }
        }
        Parameter::CellAngle(axis) => {
            let own = axis as usize;
            let (one, other) = ((own + 1) % 3, (own + 2) % 3);
            let product = -lengths[one] * lengths[other] * angles[own].sin();
            metric[one][other] = product;
            metric[other][one] = product;
        }
        _ => {}
    }
    let metric = DMat3::from_cols_array_2d(&metric);
    let (real, reciprocal) = (*cell.real(), *cell.reciprocal());
    // dR = X·R, and R stays lower triangular in its frame, as X then is. X + Xᵀ is the strain.
    let x = reciprocal.x_axis.normalize();
    let z = real.z_axis.normalize();
    let y = (reciprocal.y_axis - x * x.dot(reciprocal.y_axis)).normalize();
    let frame = DMat3::from_cols(x, y, z);
    let strain = frame.transpose() * (reciprocal * metric * reciprocal.transpose()) * frame;
    let lower = DMat3::from_cols(
        DVec3::new(strain.x_axis.x / 2.0, strain.x_axis.y, strain.x_axis.z),
        DVec3::new(0.0, strain.y_axis.y / 2.0, strain.y_axis.z),
        DVec3::new(0.0, 0.0, strain.z_axis.z / 2.0),
    );
    frame * lower * frame.transpose() * real
}
