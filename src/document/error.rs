//! Why a document is no experiment.

use super::keys::{Key, key};
use super::message::Message;
use crate::experiment::{ExperimentError, Quantity};
use crate::formats::FormatError;

/// What is wrong with a document, or with a file that it names.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Keys contradict each other, or describe what cannot be.
    #[error("{0}")]
    Contradiction(Message),
    /// A file that a key names says what cannot be.
    #[error("{0}")]
    File(Message),
    /// A file is missing or bad.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl DocumentError {
    /// The keys `keys` describe what cannot be, as `what` tells.
    pub(super) fn of_keys(keys: &[&'static Key], what: impl std::fmt::Display) -> DocumentError {
        DocumentError::Contradiction(Message::about(keys, what))
    }

    /// What `file`, as it is called in messages, says cannot be, as `what` tells.
    pub(super) fn of_file(
        file: impl std::fmt::Display,
        what: impl std::fmt::Display,
    ) -> DocumentError {
        DocumentError::File(Message::about(&[], format!("{file}: {what}")))
    }
}

/// The keys that `error` comes from.
pub(super) fn keys_of(error: &ExperimentError) -> Vec<&'static Key> {
    use key::{crystal, detector, diffuse, sampling};
    match error {
        ExperimentError::OutOfRange { quantity, .. } => keys_of_quantity(*quantity),
        ExperimentError::PartOfCell(_) => vec![&crystal::cells],
        ExperimentError::LaueGroup { .. } => vec![&diffuse::laue, &crystal::symmetric_shape],
        ExperimentError::CoupledCells(_) | ExperimentError::CellsNotPositive { .. } => {
            vec![&crystal::cells_matrix]
        }
        ExperimentError::FlatEllipsoid(_) => vec![&key::mosaicity::sigmas],
        ExperimentError::Region { .. } => vec![&sampling::region],
        ExperimentError::OnPanel { error, .. } => match **error {
            ExperimentError::OutOfRange { quantity, .. } => keys_of_quantity(quantity),
            // Panels are the file's; keys put a region on them.
            _ => vec![&sampling::region],
        },
        ExperimentError::AutomaticOversample { .. } => vec![&sampling::oversample],
        ExperimentError::PixelCount { .. } => vec![&detector::pixels, &detector::size],
        ExperimentError::PlaneThroughSample { .. } | ExperimentError::FacesAway { .. } => {
            keys_of_placement(error)
        }
        ExperimentError::NoClosedForm("shapes with the crystal's symmetry") => {
            vec![&sampling::analytic, &crystal::symmetric_shape]
        }
        ExperimentError::NoClosedForm(_) => vec![&sampling::analytic],
        ExperimentError::NotSampled(quantity) => keys_of_quantity(*quantity),
        ExperimentError::Parallel("the beam", _) => vec![&key::frame::polarisation],
        _ => Vec::new(),
    }
}

/// The keys that a quantity comes from.
fn keys_of_quantity(quantity: Quantity) -> Vec<&'static Key> {
    use key::{background, beam, crystal, detector, diffuse, frame, sampling, scan};
    match quantity {
        Quantity::Bandwidth => vec![&beam::bandwidth],
        Quantity::DivergenceSigma => vec![&beam::divergence_sigma],
        Quantity::Dispersion => vec![&beam::dispersion],
        Quantity::Wavelength => vec![&beam::wavelength, &beam::energy],
        Quantity::Oversample => vec![&sampling::oversample],
        Quantity::WaterThickness => vec![&background::water],
        Quantity::SlabThickness | Quantity::SlabDensity | Quantity::SlabMolarMass => {
            vec![&background::slabs]
        }
        Quantity::BeamSize => vec![&beam::size],
        Quantity::Fluence => vec![&beam::fluence, &beam::flux],
        Quantity::StructureFactor | Quantity::DefaultStructureFactor => {
            vec![&crystal::default_f, &crystal::structure_factors]
        }
        Quantity::AttenuationDepth => vec![&detector::sensor_attenuation_depth],
        Quantity::SensorThickness => vec![&detector::sensor_thickness],
        Quantity::PixelSize => vec![&detector::pixel],
        Quantity::FirstPixel => vec![
            &frame::first_pixel,
            &detector::distance,
            &detector::beam_x,
            &detector::beam_y,
        ],
        Quantity::DetectorDistance | Quantity::CloseDistance | Quantity::PanelDistance => {
            vec![&detector::distance, &detector::close_distance]
        }
        Quantity::ResolutionLimit => vec![&sampling::dmin],
        Quantity::ScanStart | Quantity::ScanStep | Quantity::ScanEnd | Quantity::ScanSteps => {
            vec![&scan::start, &scan::range, &scan::step]
        }
        Quantity::Cells => vec![&crystal::cells],
        Quantity::Fudge => vec![&crystal::fudge],
        Quantity::DiffuseSigma => vec![&diffuse::sigma],
        Quantity::DiffuseGamma => vec![&diffuse::gamma],
        Quantity::BFactor => vec![&crystal::b_factor],
        _ => Vec::new(),
    }
}

/// The keys that a detector at an impossible place comes from.
pub(super) fn keys_of_placement(error: &ExperimentError) -> Vec<&'static Key> {
    use key::{detector, frame};
    match error {
        ExperimentError::NoDirection { .. } | ExperimentError::Parallel(..) => vec![
            &frame::beam,
            &frame::fast,
            &frame::slow,
            &frame::normal,
            &frame::polarisation,
            &frame::spindle,
            &frame::two_theta_axis,
        ],
        ExperimentError::PlaneThroughSample { .. } | ExperimentError::FacesAway { .. } => vec![
            &detector::distance,
            &detector::rotation_x,
            &detector::rotation_y,
            &detector::rotation_z,
            &detector::two_theta,
            &frame::first_pixel,
            &frame::beam,
            &frame::fast,
            &frame::slow,
            &frame::normal,
        ],
        ExperimentError::OutOfRange {
            quantity: Quantity::PixelSize,
            ..
        } => vec![&detector::pixel],
        _ => vec![&detector::distance, &detector::pixel],
    }
}
