//! The view from the sample onto a detector: the resolution of a pixel, and the beam centre.

use std::borrow::Cow;

use glam::{DVec2, DVec3};

use crate::experiment::{Experiment, Panel};
use crate::formats::header::Header;
use crate::formats::image_header::{ImageHeader, NearestPoint};
use crate::formats::metadata::{Metadata, PanelPlace};
use crate::formats::{Problem, smv};
use crate::physics::position::position;

/// How the sample sees the detector.
#[derive(Debug, Clone)]
pub struct Sight<'a> {
    /// Stacked in the image.
    pub(super) panels: Cow<'a, [Panel]>,
    /// Along the beam, a unit vector.
    beam: DVec3,
    wavelength_m: f64,
}

impl<'a> Sight<'a> {
    /// The view of an experiment.
    pub fn of(experiment: &'a Experiment) -> Sight<'a> {
        let beam = experiment.beam();
        Sight {
            panels: Cow::Borrowed(&experiment.detector().panels),
            beam: beam.direction.normalize(),
            wavelength_m: beam.wavelength_m,
        }
    }
}

impl Sight<'static> {
    /// The view of an image of `shape` with this header, which may describe all panels or one.
    ///
    /// # Errors
    /// A [`Problem`] with what the header leaves open.
    pub fn of_header(header: &Header, shape: [usize; 2]) -> Result<Sight<'static>, Problem> {
        match &header.metadata {
            Some((metadata, _)) if !metadata.panels.is_empty() => Sight::of_metadata(metadata),
            _ => {
                let nearest = smv::nearest_point(&header.entries)?;
                Sight::of_one_panel(&header.geometry, nearest, shape)
            }
        }
    }

    /// The view of an image whose panels are known, in McStas' axes: the beam is along z.
    fn of_metadata(metadata: &Metadata) -> Result<Sight<'static>, Problem> {
        let Some(wavelength_m) = metadata.wavelength_m else {
            return Err(Problem::with_file("it gives no wavelength; rings need one"));
        };
        let panel = |place: &PanelPlace| {
            let [pixel_size_m, slow_m] = place.pixel_size_m;
            if pixel_size_m != slow_m {
                return Err(Problem::with_file(format!(
                    "its pixels are {pixel_size_m} m by {slow_m} m; rings need square ones"
                )));
            }
            Ok(flat_panel(
                place.origin_m,
                [place.fast, place.slow],
                pixel_size_m,
                place.shape,
            ))
        };
        let panels = metadata.panels.iter().map(panel);
        Ok(Sight {
            panels: Cow::Owned(panels.collect::<Result<_, _>>()?),
            beam: DVec3::Z,
            wavelength_m,
        })
    }

    /// The view of an image of `shape` with this header: one flat panel, in the frame of its own
    /// axes. The points where the beam meets it and where it is nearest to the sample, with their
    /// distances, tell how it leans; a header that gives only the former is taken for an upright
    /// panel's.
    ///
    /// # Errors
    /// A [`Problem`] with what the header leaves open, and for a two-theta arm that turned it
    /// nobody knows where to.
    fn of_one_panel(
        header: &ImageHeader,
        nearest: Option<NearestPoint>,
        shape: [usize; 2],
    ) -> Result<Sight<'static>, Problem> {
        let above_zero = |value: Option<f64>| value.filter(|&value| value > 0.0);
        let (pixel, distance, wavelength, centre) = (
            above_zero(header.pixel_size_m),
            above_zero(header.distance_m),
            above_zero(header.wavelength_m),
            header.beam_centre_pixels,
        );
        let (Some(pixel_size_m), Some(distance_m), Some(wavelength_m), Some(centre)) =
            (pixel, distance, wavelength, centre)
        else {
            let missing = [
                ("pixel size", pixel.is_none()),
                ("distance", distance.is_none()),
                ("wavelength", wavelength.is_none()),
                ("beam centre", centre.is_none()),
            ];
            let missing = missing.into_iter().filter(|(_, missing)| *missing);
            let missing: Vec<&str> = missing.map(|(name, _)| name).collect();
            return Err(Problem::with_file(format!(
                "its header gives no {}; rings need the pixel size, distance, wavelength and beam \
                 centre of an SMV or CBF header",
                missing.join(", ")
            )));
        };
        let two_theta = header.two_theta_rad.unwrap_or(0.0);
        if two_theta != 0.0 && nearest.is_none() {
            return Err(Problem::with_file(format!(
                "its header has a two-theta angle of {} degrees and not which way it turned the \
                 detector; rings need to know",
                two_theta.to_degrees()
            )));
        }
        let nearest = nearest.unwrap_or(NearestPoint {
            pixels: centre,
            distance_m,
        });
        // Headers say where the beam is after `distance` m of its way, which is on the panel unless
        // a two-theta arm turned that.
        let near = DVec2::from_array(nearest.pixels);
        let aside = (DVec2::from_array(centre) - near) * pixel_size_m / distance_m;
        let ahead = 1.0 - aside.length_squared();
        if ahead <= 0.0 {
            return Err(Problem::with_file(
                "its header's distance is shorter than the way from the point nearest to the sample \
                 to the beam centre; rings need a header that fits together",
            ));
        }
        let origin_m = (-near * pixel_size_m).extend(nearest.distance_m);
        let panel = flat_panel(origin_m, [DVec3::X, DVec3::Y], pixel_size_m, shape);
        Ok(Sight {
            panels: Cow::Owned(vec![panel]),
            beam: aside.extend(ahead.sqrt()),
            wavelength_m,
        })
    }
}

impl Sight<'_> {
    /// 1/d at a pixel, 1/m: 2 sin θ/λ.
    pub(super) fn inverse_resolution(&self, panel: &Panel, pixel: [usize; 2]) -> f64 {
        let place = position(panel, 1, pixel, [0, 0], 0.0);
        let half_angle = place.angle_between(self.beam) / 2.0;
        2.0 * half_angle.sin() / self.wavelength_m
    }

    /// Where the beam meets the panel's plane, pixels from its first corner; in no finite place
    /// where the two are parallel.
    pub(super) fn centre(&self, panel: &Panel) -> DVec2 {
        let along = panel.close_distance_m() / self.beam.dot(panel.normal);
        panel.pixel_at(self.beam * along).into()
    }
}

/// A flat panel whose first pixel's outer corner is at `origin_m`.
fn flat_panel(
    origin_m: DVec3,
    [fast, slow]: [DVec3; 2],
    pixel_size_m: f64,
    shape: [usize; 2],
) -> Panel {
    Panel {
        name: String::new(),
        origin_m,
        fast,
        slow,
        normal: fast.cross(slow),
        pixel_size_m,
        shape,
        curved_m: None,
        sensor: None,
        mask: None,
    }
}
