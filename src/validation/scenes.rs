//! Scenes that between them use every part of the model: experiments as people write them.

use super::scene_parts::{
    MEMORY, energy_channels, listed, several_panels, slabs, weighted_sources,
};
use super::{Check, FLOAT32, Gate, Subject, ValidationError};
use crate::document::Document;
use crate::experiment::{Description, Experiment, ExperimentError};

/// nrmse of the largest crystals and indices: their spots' phases lose digits in float32.
const LARGE: f64 = 2e-4;
/// Part of the pixels that sharp edges of spots may change.
const EDGES: f64 = 1e-3;

/// What every scene starts from.
const BASE: &str = "\
    crystal = { cell_A_deg = [70, 80, 90], misset_deg = [1, 2, 3], cells = 5, default_F = 100 }
    detector = { pixels = 96 }";

/// A scene: what it says beside the base, in TOML, and parts that a document has no words for.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    document: &'static str,
    part: fn(&mut Description) -> Result<(), ExperimentError>,
}

impl Scene {
    /// The experiment of the scene.
    ///
    /// # Errors
    /// [`ValidationError::Scene`], which would be a fault of this library.
    pub fn experiment(&self) -> Result<Experiment, ValidationError> {
        let impossible = |what: String| ValidationError::Scene(what);
        let read =
            |text| Document::from_toml(text).map_err(|problem| impossible(problem.to_string()));
        let document = read(BASE)?.under(&read(self.document)?);
        let resolved = document.resolve(1, MEMORY);
        let resolved = resolved.map_err(|error| impossible(error.to_string()))?;
        let mut description = resolved.experiment.into_description();
        let experiment = (self.part)(&mut description).and_then(|()| Experiment::new(description));
        experiment.map_err(|error| impossible(error.to_string()))
    }
}

fn scene(name: &'static str, document: &'static str) -> Check {
    Check {
        name,
        quick: false,
        gate: Gate::Nrmse(FLOAT32),
        subject: Subject::Scene(Scene {
            document,
            part: |_| Ok(()),
        }),
    }
}

impl Check {
    fn quick(self) -> Check {
        Check {
            quick: true,
            ..self
        }
    }

    fn gate(self, gate: Gate) -> Check {
        Check { gate, ..self }
    }

    fn with(self, part: fn(&mut Description) -> Result<(), ExperimentError>) -> Check {
        let subject = match self.subject {
            Subject::Scene(scene) => Subject::Scene(Scene { part, ..scene }),
            noise => noise,
        };
        Check { subject, ..self }
    }
}

/// Every check of a scene.
pub(super) fn checks() -> [Check; 37] {
    [
        scene(
            "square",
            "crystal = { cell_A_deg = [70, 80, 90, 75, 85, 95] }
             detector = { pixels = 128 }",
        )
        .quick(),
        scene("round", "crystal = { cells = 6, shape = 'round' }"),
        scene(
            "gauss",
            "crystal = { cells = 6, shape = 'gauss', fudge = 0.4 }",
        ),
        scene("tophat", "crystal = { shape = 'tophat' }").gate(Gate::Edges(EDGES)),
        scene(
            "unequal cells",
            "crystal = { misset_deg = [3, 4, 5], cells = [1, 7, 40] }",
        ),
        scene(
            "cells that are no whole number",
            "crystal = { cells = [5.5, 7.25, 4.1], shape = 'gauss' }",
        ),
        scene(
            "xds, tilted",
            "detector.convention = 'xds'
             detector.pixels = [70, 91]
             detector.origin_x_pixels = 39.5
             detector.origin_y_pixels = 59.5
             detector.rotation_x_deg = 5
             detector.rotation_y_deg = 3
             detector.two_theta_deg = 10",
        ),
        scene(
            "adxv",
            "detector = { convention = 'adxv', beam_x_mm = 4, beam_y_mm = 5 }",
        ),
        scene(
            "denzo",
            "detector = { convention = 'denzo', beam_x_mm = 4, beam_y_mm = 5 }",
        ),
        scene(
            "dials, two-theta",
            "detector = { convention = 'dials', two_theta_deg = 20 }",
        ),
        scene(
            "curved, polarised",
            "detector = { distance_mm = 60, pixel_mm = 0.8, curved = true }
             sampling = { oversample = 1 }
             beam = { kahn_factor = 0.95 }",
        ),
        scene(
            "point pixels, dmin",
            "detector = { distance_mm = 60, pixel_mm = 0.8, point_pixel = true }
             sampling = { oversample = 2, dmin_A = 2 }
             beam = { polarised = false }",
        ),
        scene(
            "own factors",
            "detector = { distance_mm = 40, pixels = 64, pixel_mm = 1.5 }
             sampling.oversample = 3
             sampling.solid_angle_per_subpixel = true
             sampling.polarisation_per_subpixel = true
             beam = { kahn_factor = 0.9 }",
        ),
        scene(
            "thick sensor",
            "detector.distance_mm = 60
             detector.pixel_mm = 0.8
             detector.pixels = 64
             detector.sensor_attenuation_depth_um = 500
             detector.sensor_thickness_um = 450
             detector.sensor_layers = 4
             sampling = { oversample = 1 }",
        )
        .quick(),
        scene(
            "layers at their mean depths",
            "detector.distance_mm = 60
             detector.pixel_mm = 0.8
             detector.pixels = 64
             detector.sensor_attenuation_depth_um = 250
             detector.sensor_thickness_um = 450
             detector.sensor_layers = 2
             detector.sensor_layer_depth = \"mean\"
             scan = { range_deg = 1, steps = 2, phi_sampling = \"middle\" }
             beam = { kahn_factor = 0.9 }
             sampling = { oversample = 2 }",
        ),
        scene(
            "mosaic and phi",
            "crystal = { cells = 10 }
             mosaicity = { spread_deg = 1, domains = 30 }
             scan = { start_deg = 10, range_deg = 2, steps = 7 }",
        )
        .quick(),
        scene(
            "divergence, dispersion",
            "beam.divergence_horizontal_mrad = 5
             beam.divergence_steps_horizontal = 4
             beam.divergence_vertical_mrad = 4
             beam.divergence_steps_vertical = 3
             beam.divergence_shape = 'round'
             beam.dispersion_percent = 2
             beam.dispersion_steps = 3",
        ),
        scene("weighted sources", "sampling = { oversample = 1 }").with(weighted_sources),
        scene(
            "listed F",
            "crystal.cell_A_deg = [40, 50, 60]
             crystal.misset_deg = [10, 20, 30]
             crystal.cells = 8
             crystal.interpolate = false
             detector = { distance_mm = 60, pixel_mm = 0.8 }
             sampling = { oversample = 2 }",
        )
        .with(listed)
        .quick(),
        scene(
            "interpolated F",
            "crystal.cell_A_deg = [40, 50, 60]
             crystal.misset_deg = [10, 20, 30]
             crystal.cells = 2
             crystal.interpolate = true
             detector = { distance_mm = 60, pixel_mm = 0.8 }
             sampling = { oversample = 1 }",
        )
        .with(listed),
        scene(
            "water",
            "background = { water_um = 0.1 }
             beam = { kahn_factor = 0.5 }",
        ),
        scene(
            "amorphous slabs",
            "detector.distance_mm = 60
             detector.pixel_mm = 0.8
             detector.pixels = 64
             detector.sensor_attenuation_depth_um = 500
             detector.sensor_thickness_um = 450
             detector.sensor_layers = 2
             sampling = { oversample = 2 }
             beam.kahn_factor = 0.9
             beam.fluence_photons_per_m2 = 1e20
             beam.dispersion_percent = 2
             beam.dispersion_steps = 3
             mosaicity = { spread_deg = 1, domains = 10 }",
        )
        .with(slabs)
        .quick(),
        scene(
            "Gaussian domains",
            "crystal = { cells = 10 }
             mosaicity = { model = 'gaussian', sigmas_deg = [0.2, 0.5, 1], domains = 30 }
             scan = { range_deg = 2, steps = 3 }",
        ),
        scene(
            "gauss, index metric",
            "crystal = { cells = [4, 6, 20], shape = 'gauss', gauss_metric = 'hkl' }
             mosaicity = { spread_deg = 0.3, domains = 10 }",
        ),
        scene(
            "diffuse scattering",
            "crystal = { cell_A_deg = [60, 60, 80, 90, 90, 120], interpolate = false }
             diffuse.sigma_A = [0.3, 0.4, 0.5]
             diffuse.gamma_A = [30, 40, 70]
             diffuse.laue = '-3m1'
             diffuse.stencil = 1
             scan = { range_deg = 2, steps = 3 }",
        )
        .with(listed)
        .quick(),
        scene(
            "symmetric shape",
            "crystal.cell_A_deg = [60, 60, 80, 90, 90, 120]
             crystal.cells = [4, 6, 12]
             crystal.shape = 'gauss'
             crystal.gauss_metric = 'hkl'
             crystal.symmetric_shape = '6/mmm'
             mosaicity = { spread_deg = 0.5, domains = 10 }",
        ),
        scene(
            "matrix of cells",
            "crystal.shape = 'gauss'
             crystal.gauss_metric = 'hkl'
             crystal.cells = [9, 7, 8]
             crystal.cells_matrix = [-3, 2, 1]
             crystal.B_factor_A2 = -5
             mosaicity = { model = 'normal', spread_deg = 0.3, domains = 30 }",
        ),
        scene(
            "closed form",
            "crystal = { cells = [10, 12, 14], shape = 'gauss', gauss_metric = 'hkl', fudge = 0.8 }
             detector = { distance_mm = 60, pixel_mm = 0.4 }
             mosaicity = { sigmas_deg = [0.1, 0.3, 0.2] }
             beam = { bandwidth_percent = 0.3, divergence_sigma_mrad = [0.5, 0.3] }
             scan = { range_deg = 1, steps = 3 }
             sampling = { analytic = true, oversample = 2 }",
        )
        .quick(),
        scene(
            "closed form, area of pixels",
            "crystal = { cells = 2, shape = 'gauss' }
             detector = { distance_mm = 60, pixel_mm = 0.4, sensor_thickness_um = 450,
                          sensor_attenuation_depth_um = 500 }
             mosaicity = { spread_deg = 0.3 }
             scan.range_deg = 0.2
             sampling = { analytic = true, pixel_average = true }",
        ),
        scene(
            "closed form, large crystal",
            "crystal = { cells = 1000, shape = 'gauss', gauss_metric = 'hkl' }
             mosaicity = { spread_deg = 0.1 }
             beam = { bandwidth_percent = 0.1 }
             scan = { range_deg = 0.5, steps = 1 }
             sampling = { analytic = true, oversample = 1 }",
        )
        .gate(Gate::Nrmse(LARGE)),
        scene(
            "ellipsoid of domains",
            "crystal = { cells = 10 }
             mosaicity = { model = 'ellipsoid', sigmas_deg = [0.2, 0.5, 1], domains = 31 }",
        ),
        scene(
            "energy channels",
            "crystal = { interpolate = false }
             beam = { dispersion_percent = 3, dispersion_steps = 4 }",
        )
        .with(energy_channels),
        scene(
            "B factor, dmin",
            "crystal = { B_factor_A2 = 40 }
             detector = { distance_mm = 60, pixel_mm = 0.8 }
             sampling = { oversample = 2, dmin_A = 1.5 }",
        ),
        scene("region", "sampling = { region_pixels = [13, 61, 7, 50] }"),
        scene(
            "several panels",
            "detector = { distance_mm = 60, pixel_mm = 0.4, pixels = 48 }
             sampling = { oversample = 2 }
             beam = { kahn_factor = 0.9 }",
        )
        .with(several_panels)
        .quick(),
        scene(
            "large crystal",
            "crystal = { cell_A_deg = [120, 130, 140], cells = 1000 }
             detector.distance_mm = 250
             detector.pixels = 64
             detector.pixel_mm = 0.05
             detector.beam_x_mm = 60
             detector.beam_y_mm = 60
             beam = { wavelength_A = 0.9 }
             sampling = { oversample = 2 }",
        )
        .gate(Gate::Nrmse(LARGE))
        .quick(),
        scene(
            "high resolution",
            "crystal = { cell_A_deg = [300, 310, 320], cells = 100 }
             beam = { wavelength_A = 0.5 }
             detector = { pixels = 64, pixel_mm = 0.05, beam_x_mm = 100, beam_y_mm = 100 }
             sampling = { oversample = 2 }",
        )
        .gate(Gate::Nrmse(LARGE)),
    ]
}
