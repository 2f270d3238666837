//! The experiment that was found, as an experiment file.

use super::super::CliError;
use super::super::config;
use super::super::flags::Request;
use super::Names;
use crate::derivatives::{Axis, Parameter, Parametrisation};
use crate::document::{Axes, Cells, Document, Experiments, Key, Misset, Value, key};
use crate::experiment::{MosaicModel, Shape};
use crate::geometry::{UnitCell, angles_of};
use crate::refine::RefinedFrame;

/// The parameters that have a key of one number, in the key's unit.
static KEYED: [(Parameter, &Key); 17] = [
    (Parameter::Wavelength, &key::beam::wavelength),
    (Parameter::Distance, &key::detector::distance),
    (Parameter::CloseDistance, &key::detector::close_distance),
    (Parameter::BeamX, &key::detector::beam_x),
    (Parameter::BeamY, &key::detector::beam_y),
    (Parameter::OriginX, &key::detector::origin_x),
    (Parameter::OriginY, &key::detector::origin_y),
    (Parameter::DetectorTurn(Axis::X), &key::detector::rotation_x),
    (Parameter::DetectorTurn(Axis::Y), &key::detector::rotation_y),
    (Parameter::DetectorTurn(Axis::Z), &key::detector::rotation_z),
    (Parameter::TwoTheta, &key::detector::two_theta),
    (Parameter::Fudge, &key::crystal::fudge),
    (Parameter::BFactor, &key::crystal::b_factor),
    (Parameter::DefaultF, &key::crystal::default_f),
    (Parameter::Mosaic, &key::mosaicity::spread),
    (Parameter::Bandwidth, &key::beam::bandwidth),
    (Parameter::Phi, &key::scan::start),
];

/// The experiment file of a refined frame, which is of experiment number `of` in the experiment list
/// beside it, and what the file cannot say.
///
/// # Errors
/// [`CliError`] for a value that no key takes.
pub fn refined(
    request: &Request,
    first: &Parametrisation,
    found: &RefinedFrame,
    of: usize,
    names: &Names,
) -> Result<(String, Vec<String>), CliError> {
    let now = &found.parametrisation;
    let (experiment, mut document) = (now.experiment(), request.document.clone());
    let mut notices = Vec::new();
    let changed = |parameter: Parameter| match (now.value(parameter), first.value(parameter)) {
        (Ok(own), Ok(start)) if own != start => Some(own),
        _ => None,
    };
    let wrong = |error: &dyn std::fmt::Display| CliError::Failed(anyhow::anyhow!("{error}"));
    crystal(&mut document, experiment.crystal(), &mut notices).map_err(|error| wrong(&error))?;
    let by_file = request.geometry.is_some();
    for (parameter, key) in KEYED {
        let moves = key.section == "detector";
        // Sigmas about axes have a key of their own.
        let other = parameter == Parameter::Mosaic && document.mosaicity.sigmas.is_some();
        if let Some(value) = changed(parameter).filter(|_| !(other || moves && by_file)) {
            key.set(&mut document, &Value::Number(value))
                .map_err(|_| wrong(&format!("{parameter}: {key} does not take {value}")))?;
        }
    }
    if changed(Parameter::Wavelength).is_some() {
        document.beam.energy = None;
    }
    // A detector that a file describes is described by the list beside this file.
    if by_file && experiment.panels() != first.experiment().panels() {
        document.detector.crystfel_geometry = None;
        document.detector.crystfel_clen = None;
        document.detector.dials_experiment = Some(names.expt.clone());
        document.detector.dials_experiment_index = Some(Experiments::One(of as u32));
    }
    let diffuse = experiment.crystal().diffuse.as_ref();
    if let Some(diffuse) = diffuse.filter(|_| document.diffuse.sigma.is_some()) {
        document.diffuse.sigma = Some(diffuse.sigma_m.map(|metres| metres * 1e10).to_vec());
        document.diffuse.gamma = Some(diffuse.gamma_m.map(|metres| metres * 1e10).to_vec());
    }
    let beam = experiment.beam();
    if beam.divergence_sigma_rad != [0.0; 2] {
        document.beam.divergence_sigma = Some(beam.divergence_sigma_rad.map(|own| own * 1e3));
    }
    (document.beam.flux, document.beam.exposure) = (None, None);
    document.beam.fluence = Some(beam.fluence * found.scale);
    document.sampling.oversample = Some(experiment.oversample());
    document.crystal.interpolate = Some(experiment.interpolates());
    let heading = "The experiment that nanobragg refine found. The fluence has the scale in it.";
    Ok((
        config::written(request, &document, heading, &names.json)?,
        notices,
    ))
}

/// Gives `document` the crystal that was found.
fn crystal(
    document: &mut Document,
    crystal: &crate::experiment::Crystal,
    notices: &mut Vec<String>,
) -> Result<(), crate::geometry::CellError> {
    let (lengths, angles) = (crystal.cell.lengths_m(), crystal.cell.angles_rad());
    let upright = UnitCell::from_parameters(lengths, angles)?;
    let turn = *crystal.cell.real() * upright.reciprocal().transpose();
    let keys = &mut document.crystal;
    keys.matrix = None;
    keys.cell = Some(
        [
            lengths.map(|metres| metres * 1e10),
            angles.map(f64::to_degrees),
        ]
        .concat(),
    );
    keys.misset = Some(Misset::Angles(angles_of(&turn).map(f64::to_degrees)));
    keys.misset_seed = None;
    keys.size = None;
    let mut cells = crystal.cells;
    if crystal.shape == Shape::Square && cells.iter().any(|own| own.fract() != 0.0) {
        notices.push(format!(
            "the experiment file has whole numbers of cells, as a square crystal needs; {} x {} x {} \
             were found",
            cells[0], cells[1], cells[2]
        ));
        cells = cells.map(|own| own.round().max(1.0));
    }
    keys.cells = Some(Axes(cells.map(|own| Some(Cells(own)))));
    if crystal.coupled_cells != [0.0; 3] {
        keys.cells_matrix = Some(crystal.coupled_cells);
    }
    match &crystal.mosaicity.model {
        MosaicModel::Gaussian { sigmas_rad }
        | MosaicModel::Normal { sigmas_rad }
        | MosaicModel::Ellipsoid { sigmas_rad }
            if document.mosaicity.sigmas.is_some() =>
        {
            document.mosaicity.sigmas = Some(sigmas_rad.map(f64::to_degrees));
        }
        MosaicModel::Listed(_) => notices.push(
            "the experiment file has the listed domains as they are in their file; a mosaicity that \
             was refined is a factor on their rotations, and is not in it"
                .into(),
        ),
        _ => {}
    }
    Ok(())
}
