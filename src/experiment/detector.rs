//! The detector: panels, stacked into one image (PHYSICS §2).

use glam::DVec3;

use super::error::direction;
use super::overlap::overlapping;
use super::placement::where_met;
use super::quantity::Quantity;
use super::{ExperimentError, Panel};

/// A detector: one or more panels, all of one width, whose images are stacked.
#[derive(Debug, Clone, PartialEq)]
pub struct Detector {
    /// The panels, in the order of the image.
    pub panels: Vec<Panel>,
    /// Layers that every sensor is divided into, at least one.
    pub layers: u32,
    /// Where in a layer its photons are stopped.
    pub layer_depth: LayerDepth,
    /// The distance it was placed at, m; the number of sub-pixels follows from it.
    pub distance_m: f64,
    /// Leave the pixels' size and tilt out of the solid angle: Ω = 1/R².
    pub point_pixels: bool,
    /// What image headers say about the geometry.
    pub header: HeaderGeometry,
}

/// Where a layer of a sensor is taken to stop its photons (PHYSICS §6). A curved panel has no
/// depth: all of its layers lie on its sphere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LayerDepth {
    /// At its front face, as in the C program: every layer takes the solid angle and the
    /// polarisation of the front one.
    #[default]
    Front,
    /// At the mean depth at which it stops photons; each layer takes its own solid angle and
    /// polarisation.
    Mean,
}

/// Distances and centres as the headers of image files give them (PHYSICS §2, §13).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HeaderGeometry {
    /// Distance along the beam, m.
    pub distance_m: f64,
    /// Distance of the plane nearest to the sample, m.
    pub close_distance_m: f64,
    /// Angle of the two-theta arm, radians.
    pub two_theta_rad: f64,
    /// The beam centre in the terms of the convention it was given in (Xbeam, Ybeam), m.
    pub beam_centre_m: [f64; 2],
    /// Where the beam meets the panel, along fast and slow, m.
    pub beam_spot_m: [f64; 2],
    /// The point of the panel nearest to the sample, along fast and slow, m.
    pub near_point_m: [f64; 2],
}

impl Detector {
    /// The detector of `panels` in a beam that travels along `beam`. Their normals are set at
    /// right angles to their axes, away from the sample; its distance is that of its nearest
    /// point, and headers describe its first panel.
    ///
    /// # Errors
    /// [`ExperimentError`], naming the panel, for one that is impossible, and where all panels lie
    /// behind the sample: wholly upstream of it.
    pub fn of_panels(mut panels: Vec<Panel>, beam: DVec3) -> Result<Detector, ExperimentError> {
        let beam = direction("the beam vector", beam)?;
        for (index, panel) in panels.iter_mut().enumerate() {
            let across = panel.fast.cross(panel.slow).normalize_or_zero();
            let side = panel.origin_m.dot(across);
            panel.normal = if side < 0.0 { -across } else { across };
            let on_panel = |error| ExperimentError::on_panel(panel.label(index), error);
            panel.check().map_err(on_panel)?;
        }
        let first = panels.first().ok_or(ExperimentError::NoPanels)?;
        if panels
            .iter()
            .all(|panel| farthest_downstream_m(panel, beam) <= 0.0)
        {
            let upstream_mm = -farthest_downstream_m(first, beam) * 1e3;
            let error = ExperimentError::BehindSample { upstream_mm };
            return Err(ExperimentError::on_panel(first.label(0), error));
        }
        let nearest = panels.iter().map(Panel::nearest_m);
        Ok(Detector {
            header: header_of(first, beam),
            distance_m: nearest.fold(f64::MAX, f64::min),
            layers: 1,
            layer_depth: LayerDepth::Front,
            point_pixels: false,
            panels,
        })
    }

    /// Two panels of which one covers the other by more than a pixel, seen from the sample.
    pub fn overlapping(&self) -> Option<[String; 2]> {
        let pair = overlapping(&self.panels)?;
        Some(pair.map(|index| self.panels[index].label(index)))
    }

    /// The panels that a beam along `beam` reaches only by scattering through more than 90°.
    pub fn upstream(&self, beam: DVec3) -> Vec<String> {
        let panels = self.panels.iter().enumerate();
        let upstream = panels.filter(|(_, panel)| farthest_downstream_m(panel, beam) <= 0.0);
        upstream.map(|(index, panel)| panel.label(index)).collect()
    }

    /// Whether some panel has layers at several depths: a sensor that is not bent onto a sphere.
    pub fn has_layers(&self) -> bool {
        let mut panels = self.panels.iter();
        panels.any(|panel| panel.sensor.is_some() && panel.curved_m.is_none())
    }

    /// `error`, which is wrong with the panel at `index`, with that panel's name.
    pub(super) fn on_panel(&self, index: usize, error: ExperimentError) -> ExperimentError {
        let panel = &self.panels[index];
        // The one panel that flags place has no name, and needs none.
        if self.panels.len() == 1 && panel.name.is_empty() {
            return error;
        }
        ExperimentError::on_panel(panel.label(index), error)
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        let first = self.panels.first().ok_or(ExperimentError::NoPanels)?;
        for (index, panel) in self.panels.iter().enumerate() {
            panel.check().map_err(|error| self.on_panel(index, error))?;
            if panel.shape[0] != first.shape[0] {
                return Err(ExperimentError::PanelWidths {
                    panels: [first.label(0), panel.label(index)],
                    widths: [first.shape[0], panel.shape[0]],
                });
            }
        }
        Quantity::DetectorDistance.require(self.distance_m.abs())?;
        Quantity::SensorLayers.require(f64::from(self.layers))
    }
}

/// How far the corner of `panel` that is farthest along `beam` is downstream of the sample, in m
/// for a unit vector.
fn farthest_downstream_m(panel: &Panel, beam: DVec3) -> f64 {
    let downstream = panel.corners_m(0.0).map(|corner| corner.dot(beam));
    downstream.into_iter().fold(f64::MIN, f64::max)
}

/// What headers say of `panel` in a beam along the unit vector `beam`.
fn header_of(panel: &Panel, beam: DVec3) -> HeaderGeometry {
    let close_distance_m = panel.close_distance_m();
    let ratio = beam.dot(panel.normal);
    let (distance_m, met) = where_met(close_distance_m, beam, panel.normal, ratio);
    let along = |point: DVec3| {
        panel
            .pixel_at(point)
            .map(|pixels| pixels * panel.pixel_size_m)
    };
    let beam_spot_m = along(met);
    HeaderGeometry {
        distance_m,
        close_distance_m,
        two_theta_rad: 0.0,
        beam_centre_m: beam_spot_m,
        beam_spot_m,
        near_point_m: along(DVec3::ZERO),
    }
}
