//! The detector: size, place, sensor, mask.

use std::sync::Arc;

use glam::DVec3;

use super::Reading;
use super::adopted::Adopted;
use crate::document::error::{DocumentError, keys_of_placement};
use crate::document::keys::{FrameSection, Key, key};
use crate::document::message::{Message, Named, contradiction, message};
use crate::document::value::Axes;
use crate::experiment::{
    Detector, Distance, ExperimentError, LabAxes, Mask, Pivot, Placement, Quantity, Sensor,
};

impl FrameSection {
    /// Whether any direction is given.
    pub fn has_directions(&self) -> bool {
        let directions = [
            self.beam,
            self.fast,
            self.slow,
            self.normal,
            self.polarisation,
            self.spindle,
            self.two_theta_axis,
        ];
        directions.iter().any(Option::is_some)
    }

    /// `conventional` with the given directions in place; none if no direction is given.
    pub(super) fn axes(&self, conventional: LabAxes) -> Option<LabAxes> {
        let given = |own: Option<[f64; 3]>, other| own.map_or(other, DVec3::from_array);
        let fast = given(self.fast, conventional.fast);
        let slow = given(self.slow, conventional.slow);
        let across = match self.fast.or(self.slow) {
            Some(_) => fast.cross(slow),
            None => conventional.normal,
        };
        self.has_directions().then(|| LabAxes {
            beam: given(self.beam, conventional.beam),
            fast,
            slow,
            normal: given(self.normal, across),
            two_theta_axis: given(self.two_theta_axis, conventional.two_theta_axis),
            polarisation: given(self.polarisation, conventional.polarisation),
            spindle: given(self.spindle, conventional.spindle),
        })
    }
}

impl Reading<'_> {
    /// The detector, a bare one at its place, and how it was placed.
    pub fn placed(&mut self, adopted: &Adopted) -> Result<(Placement, Detector), DocumentError> {
        use key::detector as of;
        let keys = &self.document.detector;
        let placement = self.placement(adopted)?;
        let detector = placement
            .place()
            .map_err(|error| self.blame(&keys_of_placement(&error), &error))?;
        if detector.header.distance_m < 0.0 {
            self.notices.push(message!(
                "the detector stands upstream of the sample, {} mm along the beam; check its rotations and {}", detector.header.distance_m * 1e3, &key::frame::normal
            ));
        }
        if let Some(thickness) = adopted
            .sensor_um
            .filter(|_| keys.sensor_thickness.is_none())
        {
            self.notices.push(message!(
                "the header's sensor of {} µm is not adopted: give {} and {}",
                thickness,
                &of::sensor_thickness,
                &of::sensor_attenuation_depth
            ));
        }
        if let Some(adopted_two_theta) = adopted.two_theta_deg
            && adopted_two_theta != keys.two_theta.unwrap_or(0.0)
        {
            self.notices.push(message!(
                "the header's TWOTHETA of {} degrees is not adopted: give {}, {} and the rotations that it was \
written with", adopted_two_theta,
                &of::two_theta,
                &of::distance
            ));
        }
        Ok((placement, detector))
    }

    fn placement(&self, adopted: &Adopted) -> Result<Placement, DocumentError> {
        let keys = &self.document.detector;
        let pixel_mm = keys.pixel.or(adopted.pixel_mm).unwrap_or(0.1);
        let pixels = [
            self.pixels_along(0, adopted, pixel_mm)?,
            self.pixels_along(1, adopted, pixel_mm)?,
        ];
        let convention = keys.convention.unwrap_or_default();
        let custom_axes = self.document.frame.axes(convention.axes());
        let metres = |mm: Option<f64>| mm.map(|mm| mm * 1e-3);
        // ORGX counts pixels from the middle of the first.
        let near = |org: Option<f64>| metres(org.map(|org| (org - 0.5) * pixel_mm));
        let mut placement = Placement {
            convention,
            custom_axes,
            pixels,
            pixel_size_m: pixel_mm * 1e-3,
            distance: self.distance(adopted),
            beam_centre_m: [None; 2],
            near_point_m: [
                near(keys.origin_x.or(adopted.org[0])),
                near(keys.origin_y.or(adopted.org[1])),
            ],
            close_point_m: [metres(keys.close_x), metres(keys.close_y)],
            rotations_rad: [keys.rotation_x, keys.rotation_y, keys.rotation_z]
                .map(|angle| angle.unwrap_or(0.0).to_radians()),
            two_theta_rad: keys.two_theta.unwrap_or(0.0).to_radians(),
            turns_about: self.pivot(custom_axes.is_some()),
            origin_m: self.document.frame.first_pixel.map(DVec3::from_array),
            curved: keys.curved == Some(true),
        };
        let [x, y] = adopted.beam_centre_m(&placement);
        placement.beam_centre_m = [metres(keys.beam_x).or(x), metres(keys.beam_y).or(y)];
        Ok(placement)
    }

    /// Pixels along one axis: as many as are given, else as the size holds, else the header's.
    fn pixels_along(
        &self,
        axis: usize,
        adopted: &Adopted,
        pixel_mm: f64,
    ) -> Result<usize, DocumentError> {
        /// Size of the detector when nothing is said about it, mm.
        const DEFAULT_MM: f64 = 102.4;
        let keys = &self.document.detector;
        let pixels = keys.pixels.and_then(|Axes(pixels)| pixels[axis]);
        let size_mm = keys.size.and_then(|Axes(size)| size[axis]);
        let adopted = adopted.shape.map(|shape| shape[axis]);
        if let Some(pixels) = pixels.or(if size_mm.is_none() { adopted } else { None }) {
            return Ok(pixels);
        }
        let named = Named {
            key: &key::detector::size,
            axis: size_mm.map(|_| axis),
        };
        let size_mm = size_mm.unwrap_or(DEFAULT_MM);
        // Adding zero takes the sign off a zero.
        let pixels = (size_mm / pixel_mm - 0.5).ceil() + 0.0;
        if (1.0..=f64::from(u32::MAX)).contains(&pixels) {
            return Ok(pixels as usize);
        }
        Err(contradiction!(
            "{} {} mm holds {} pixels of {} {} mm; it must hold from 1 to 2^32 - 1",
            named,
            size_mm,
            format!("{pixels:.0}"),
            &key::detector::pixel,
            pixel_mm
        ))
    }

    /// The distance given, else that of the header, whose own close distance is the more exact.
    fn distance(&self, adopted: &Adopted) -> Distance {
        let keys = &self.document.detector;
        let close = |mm: f64| Distance::Closest(mm * 1e-3);
        let along = |mm: f64| Distance::AlongBeam(mm * 1e-3);
        keys.close_distance
            .map(close)
            .or(keys.distance.map(along))
            .or(adopted.close_distance_mm.map(close))
            .or(adopted.distance_mm.map(along))
            .unwrap_or(Distance::AlongBeam(0.1))
    }

    /// The pivot given; with custom axes, else the one that the keys of the place imply.
    fn pivot(&self, custom: bool) -> Option<Pivot> {
        let keys = &self.document.detector;
        let about_sample = [
            keys.close_x,
            keys.close_y,
            keys.origin_x,
            keys.origin_y,
            keys.two_theta,
        ];
        let about_beam = keys.beam_x.or(keys.beam_y).is_some();
        let sample = about_sample.iter().any(Option::is_some)
            || (keys.close_distance.is_some() && !about_beam);
        let implied = match sample {
            true => Pivot::Sample,
            false => Pivot::Beam,
        };
        keys.pivot.or(custom.then_some(implied))
    }

    /// Gives a detector at its place what keys say beside that.
    pub fn finish(&mut self, detector: &mut Detector) {
        let keys = &self.document.detector;
        detector.point_pixels = keys.point_pixel == Some(true);
        detector.layer_depth = keys.sensor_layer_depth.unwrap_or_default();
        self.apply_sensor(detector);
    }

    /// Gives every panel the sensor of the keys; what these leave open stays as it is.
    fn apply_sensor(&mut self, detector: &mut Detector) {
        use key::detector::{sensor_attenuation_depth, sensor_layers, sensor_thickness};
        let keys = &self.document.detector;
        let thickness = keys.sensor_thickness.map(|um| um * 1e-6);
        // A depth without end is one of no attenuation, as 0 is.
        let depth = keys
            .sensor_attenuation_depth
            .map(|um| match um.is_finite() {
                true => um * 1e-6,
                false => 0.0,
            });
        for panel in &mut detector.panels {
            let own = panel.sensor;
            let thickness_m = thickness
                .or(own.map(|sensor| sensor.thickness_m))
                .unwrap_or(0.0);
            // A thickness without a depth takes depth = thickness.
            let attenuation_depth_m = depth
                .or(own.map(|sensor| sensor.attenuation_depth_m))
                .unwrap_or(thickness_m);
            panel.sensor = (thickness_m > 0.0 && attenuation_depth_m > 0.0).then_some(Sensor {
                attenuation_depth_m,
                thickness_m,
            });
        }
        if detector.panels.iter().any(|panel| panel.sensor.is_some()) {
            detector.layers = keys.sensor_layers.unwrap_or(2);
            return;
        }
        let thick = thickness.is_some_and(|thickness| thickness > 0.0);
        if !thick && (keys.sensor_layers.is_some() || depth.is_some_and(|depth| depth > 0.0)) {
            self.notices.push(message!(
                "{} and {} do nothing without {}",
                &sensor_attenuation_depth,
                &sensor_layers,
                &sensor_thickness
            ));
        } else if thick {
            self.notices.push(message!(
                "{} does nothing with {} inf",
                &sensor_thickness,
                &sensor_attenuation_depth
            ));
        }
    }

    /// Puts the mask, one of the stacked image, on the detector's panels.
    pub fn apply_mask(
        &self,
        detector: &mut Detector,
        adopted: &Adopted,
    ) -> Result<(), DocumentError> {
        let (Some(path), Some(mask)) = (&self.document.detector.mask, &adopted.mask) else {
            return Ok(());
        };
        let width = detector.panels.first().map_or(0, |panel| panel.shape[0]);
        let rows = detector.panels.iter().map(|panel| panel.shape[1]).sum();
        if mask.shape() != [width, rows] {
            let error = ExperimentError::MaskShape {
                mask: mask.shape(),
                panel: [width, rows],
            };
            return Err(DocumentError::of_file(path.display(), error));
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

    /// Whether the keys gave the sensor that `error` is about.
    pub fn gave_sensor(&self, error: &ExperimentError) -> bool {
        let ExperimentError::OnPanel { error, .. } = error else {
            return false;
        };
        let ExperimentError::OutOfRange { quantity, .. } = **error else {
            return false;
        };
        let keys = &self.document.detector;
        // A thickness alone gives the depth, too.
        (keys.sensor_thickness.is_some() || keys.sensor_attenuation_depth.is_some())
            && [Quantity::SensorThickness, Quantity::AttenuationDepth].contains(&quantity)
    }

    /// An error about those of `keys` that the document gives. If it gives none, the values come
    /// from the file that describes the detector or from the header of an image, and the error is
    /// about that file; without a file it is about all of `keys`.
    pub fn blame(&self, keys: &[&'static Key], what: impl std::fmt::Display) -> DocumentError {
        let given = keys.iter().filter(|key| key.is_in(self.document));
        let given: Vec<&'static Key> = given.copied().collect();
        let of = &self.document.detector;
        let files = [
            &of.dials_experiment,
            &of.crystfel_geometry,
            &of.image,
            &of.mask,
        ];
        if let ([], Some(key), Some(path)) =
            (&given[..], keys.first(), files.into_iter().flatten().next())
        {
            let what = format!(
                "{}: {what}, by its header or where that is silent; to give another, there is ",
                path.display()
            );
            return DocumentError::File(Message::from(what).and(*key));
        }
        DocumentError::of_keys(if given.is_empty() { keys } else { &given }, what)
    }
}

/// What the user should know of panels of `detector` that show nothing: of some among several.
pub fn masked_panels(detector: &Detector) -> Option<Message> {
    let panels = detector.panels.iter().enumerate();
    let masked: Vec<String> = panels
        .filter(|(_, panel)| panel.is_masked())
        .map(|(index, panel)| panel.label(index))
        .collect();
    if masked.is_empty() || masked.len() == detector.panels.len() {
        return None;
    }
    let named = shortened(&masked);
    Some(Message::from(format!(
        "all pixels of {named} are masked, and none is rendered there"
    )))
}

/// `panels` in a row, the first of them by name.
pub fn shortened(panels: &[String]) -> String {
    /// Panels that are named.
    const NAMED: usize = 3;
    let more = match panels.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", panels[..panels.len().min(NAMED)].join(", "))
}
