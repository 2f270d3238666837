//! What flags give a detector that stands at its place: sensors, a mask.

use std::sync::Arc;

use super::super::super::CliError;
use super::{Adopted, DetectorFlags};
use crate::experiment::{Detector, ExperimentError, Mask, Sensor};

/// What the user should know of panels of `detector` that show nothing: of some among several.
pub fn masked_panels(detector: &Detector) -> Option<String> {
    /// Panels that are named.
    const NAMED: usize = 3;
    let panels = detector.panels.iter().enumerate();
    let masked: Vec<String> = panels
        .filter(|(_, panel)| panel.is_masked())
        .map(|(index, panel)| panel.label(index))
        .collect();
    if masked.is_empty() || masked.len() == detector.panels.len() {
        return None;
    }
    let more = match masked.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = masked[..masked.len().min(NAMED)].join(", ");
    Some(format!(
        "all pixels of {named}{more} are masked, and none is rendered there"
    ))
}

impl DetectorFlags {
    /// Gives a detector at its place what flags say beside that.
    pub fn finish(&self, detector: &mut Detector, notices: &mut Vec<String>) {
        detector.point_pixels = self.point_pixel;
        self.apply_sensor(detector, notices);
    }

    /// Puts the mask, one of the stacked image, on the detector's panels.
    pub fn apply_mask(&self, detector: &mut Detector, adopted: &Adopted) -> Result<(), CliError> {
        let (Some(path), Some(mask)) = (&self.mask, &adopted.mask) else {
            return Ok(());
        };
        let width = detector.panels.first().map_or(0, |panel| panel.shape[0]);
        let rows = detector.panels.iter().map(|panel| panel.shape[1]).sum();
        if mask.shape() != [width, rows] {
            let error = ExperimentError::MaskShape {
                mask: mask.shape(),
                panel: [width, rows],
            };
            return Err(anyhow::anyhow!("{}: {error}", path.display()).into());
        }
        if let [panel] = detector.panels.as_mut_slice()
            && panel.mask.is_none()
        {
            panel.mask = Some(Arc::clone(mask));
            return Ok(());
        }
        let mut first_row = 0;
        for panel in &mut detector.panels {
            let [width, height] = panel.shape;
            let pixels = (0..height).flat_map(|slow| (0..width).map(move |fast| (fast, slow)));
            let rendered = pixels.map(|(fast, slow)| {
                panel.renders(fast, slow) && mask.renders(fast, first_row + slow)
            });
            panel.mask = Mask::new(panel.shape, rendered.collect()).map(Arc::new);
            first_row += height;
        }
        Ok(())
    }

    /// Whether the flags gave the sensor that `error` is about.
    pub fn gave(&self, error: &ExperimentError) -> bool {
        let ExperimentError::OnPanel { error, .. } = error else {
            return false;
        };
        let ExperimentError::OutOfRange { quantity, .. } = **error else {
            return false;
        };
        // A thickness alone gives the depth, too.
        (self.detector_thick.is_some() || self.detector_abs.is_some())
            && quantity.contains("the sensor's")
    }

    /// Gives every panel the sensor of the flags; what these leave open stays as it is.
    fn apply_sensor(&self, detector: &mut Detector, notices: &mut Vec<String>) {
        let metres = |um: Option<f64>| um.map(|um| um * 1e-6);
        let (flag_thickness, flag_depth) = (metres(self.detector_thick), metres(self.detector_abs));
        for panel in &mut detector.panels {
            let own = panel.sensor;
            let thickness_m = flag_thickness
                .or(own.map(|sensor| sensor.thickness_m))
                .unwrap_or(0.0);
            // A thickness without a depth takes depth = thickness.
            let attenuation_depth_m = flag_depth
                .or(own.map(|sensor| sensor.attenuation_depth_m))
                .unwrap_or(thickness_m);
            panel.sensor = (thickness_m > 0.0 && attenuation_depth_m > 0.0).then_some(Sensor {
                attenuation_depth_m,
                thickness_m,
            });
        }
        if detector.panels.iter().any(|panel| panel.sensor.is_some()) {
            detector.layers = self.detector_thicksteps.unwrap_or(2);
            return;
        }
        let thick = flag_thickness.is_some_and(|thickness| thickness > 0.0);
        if !thick && (self.detector_thicksteps.is_some() || flag_depth.is_some_and(|d| d > 0.0)) {
            notices.push(
                "-detector_abs and -detector_thicksteps do nothing without -detector_thick".into(),
            );
        } else if thick {
            notices.push("-detector_thick does nothing with -detector_abs inf".into());
        }
    }
}
