//! Resolution rings and the beam centre, drawn onto a picture of an image.

use std::borrow::Cow;
use std::f64::consts::FRAC_PI_4;

use glam::{DVec2, DVec3};
use rayon::prelude::*;

use super::canvas::{Canvas, Colour, Font};
use crate::cpu;
use crate::experiment::{Experiment, Panel};
use crate::formats::Problem;
use crate::formats::image_header::{ImageHeader, NearestPoint};
use crate::formats::png::{self, Colormap};
use crate::image::{Image, ToneMap};

/// Rings that are drawn where none are asked for.
const RINGS: usize = 4;
/// Half the length of the beam centre's cross, pixels.
const CROSS: usize = 8;
/// Lines are a pixel wider for each so many pixels of the picture's longer edge.
const PIXELS_PER_WIDTH: usize = 1500;

/// `image`, which is seen by `sight`, as a PNG with rings at the resolutions `rings_m`, in m, of the
/// central wavelength, each with its resolution in Å where it comes nearest to the upper right, and
/// a cross where the beam meets each panel. Without `rings_m`, four rings as far apart from each
/// other as from the beam, in 1/d.
///
/// Every pixel's own angle from the beam decides, tilted or bent as its panel may be.
///
/// # Errors
/// A [`Problem`] when the image is too large for the format.
pub fn picture_with_rings(
    image: &Image,
    tone: &ToneMap,
    colormap: Colormap,
    sight: &Sight,
    rings_m: &[f64],
) -> Result<Vec<u8>, Problem> {
    let size = [image.width(), image.height()];
    let mut canvas = Canvas::of_pixels(size, png::colours(image, tone, colormap));
    let ink = ink(colormap);
    let width = 1 + size[0].max(size[1]) / PIXELS_PER_WIDTH;
    let chosen;
    let rings_m = match rings_m {
        [] => {
            chosen = sight.spread();
            &chosen
        }
        given => given,
    };
    let mut labels: Vec<Option<Label>> = vec![None; rings_m.len()];
    let mut first_row = 0;
    for panel in sight.panels.iter() {
        let centre = sight.centre(panel);
        for (ring, &resolution) in rings_m.iter().enumerate() {
            for [fast, slow] in sight.ring(panel, resolution, width) {
                let at = [fast, first_row + slow];
                canvas.set(at[0], at[1], ink);
                let from_centre = DVec2::new(fast as f64, slow as f64) - centre;
                let off = off_upper_right(from_centre);
                if labels[ring].is_none_or(|label| off < label.off) {
                    labels[ring] = Some(Label { off, at });
                }
            }
        }
        cross(&mut canvas, panel, centre, first_row, width, ink);
        first_row += panel.shape[1];
    }
    for (label, &resolution) in labels.iter().zip(rings_m) {
        if let Some(Label { at, .. }) = label {
            write(&mut canvas, *at, resolution, size, ink);
        }
    }
    canvas.to_png()
}

/// Where a ring's resolution is to stand.
#[derive(Clone, Copy)]
struct Label {
    /// Angle from the upper right as seen from the beam centre, radians.
    off: f64,
    at: [usize; 2],
}

/// How the sample sees the detector.
#[derive(Debug, Clone)]
pub struct Sight<'a> {
    /// Stacked in the image.
    panels: Cow<'a, [Panel]>,
    /// Along the beam, a unit vector.
    beam: DVec3,
    wavelength_m: f64,
}

impl<'a> Sight<'a> {
    /// That of an experiment.
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
    /// That of an image of `shape` whose header says this: one flat panel, in the frame of its own
    /// axes. The points where the beam meets it and where it is nearest to the sample, with their
    /// distances, tell how it leans; a header that gives only the former is taken for an upright
    /// panel's.
    ///
    /// # Errors
    /// A [`Problem`] with what the header leaves open, and for a two-theta arm that turned it nobody
    /// knows where to.
    pub fn of_header(
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
        // Headers say where the beam is after `distance` m of its way, which is on the panel unless a
        // two-theta arm turned that.
        let near = DVec2::from_array(nearest.pixels);
        let aside = (DVec2::from_array(centre) - near) * pixel_size_m / distance_m;
        let ahead = 1.0 - aside.length_squared();
        if ahead <= 0.0 {
            return Err(Problem::with_file(
                "its header's distance is shorter than the way from the point nearest to the sample \
                 to the beam centre; rings need a header that fits together",
            ));
        }
        let panel = Panel {
            name: String::new(),
            origin_m: (-near * pixel_size_m).extend(nearest.distance_m),
            fast: DVec3::X,
            slow: DVec3::Y,
            normal: DVec3::Z,
            pixel_size_m,
            shape,
            curved_m: None,
            sensor: None,
            mask: None,
        };
        Ok(Sight {
            panels: Cow::Owned(vec![panel]),
            beam: aside.extend(ahead.sqrt()),
            wavelength_m,
        })
    }
}

impl Sight<'_> {
    /// 1/d at a pixel, 1/m: 2 sin θ/λ.
    fn inverse_resolution(&self, panel: &Panel, pixel: [usize; 2]) -> f64 {
        let place = cpu::position(panel, 1, pixel, [0, 0], 0.0);
        let half_angle = place.angle_between(self.beam) / 2.0;
        2.0 * half_angle.sin() / self.wavelength_m
    }

    /// The pixels of the ring at `resolution_m`, about `width` pixels wide.
    fn ring(&self, panel: &Panel, resolution_m: f64, width: usize) -> Vec<[usize; 2]> {
        let [columns, rows] = panel.shape;
        let wanted = 1.0 / resolution_m;
        let of_row = |row: usize| {
            let at = |fast, slow| self.inverse_resolution(panel, [fast, slow]);
            let on_ring = move |column: usize| {
                let here = at(column, row);
                // What a step to the next pixel changes; half of it is this pixel's share.
                let step = (at(column + 1, row) - here)
                    .abs()
                    .max((at(column, row + 1) - here).abs());
                let from = 2.0 * (here - wanted) / (step * width as f64);
                (from > -1.0 && from <= 1.0).then_some([column, row])
            };
            (0..columns).filter_map(on_ring).collect::<Vec<_>>()
        };
        (0..rows).into_par_iter().flat_map(of_row).collect()
    }

    /// Where the beam meets the panel's plane, pixels from its first corner; in no finite place
    /// where the two are parallel.
    fn centre(&self, panel: &Panel) -> DVec2 {
        let along = panel.close_distance_m() / self.beam.dot(panel.normal);
        let spot = (self.beam * along - panel.origin_m) / panel.pixel_size_m;
        DVec2::new(spot.dot(panel.fast), spot.dot(panel.slow))
    }

    /// Resolutions of two digits that spread over what the panels see.
    fn spread(&self) -> Vec<f64> {
        let farthest = self.panels.iter().flat_map(|panel| {
            let [fast, slow] = panel.shape.map(|count| count - 1);
            let corners = [[0, 0], [fast, 0], [fast, slow], [0, slow]];
            corners.map(|corner| self.inverse_resolution(panel, corner))
        });
        let farthest = farthest.fold(0.0, f64::max);
        let rings = (1..=RINGS).map(|ring| {
            let resolution = (RINGS + 1) as f64 / (farthest * ring as f64);
            // The exponent takes the digits' place.
            format!("{resolution:.1e}").parse().unwrap_or(resolution)
        });
        rings
            .filter(|resolution: &f64| resolution.is_finite())
            .collect()
    }
}

/// The angle between a direction in a picture and its upper right, radians.
fn off_upper_right(direction: DVec2) -> f64 {
    let angle = (-direction.y).atan2(direction.x);
    (angle - FRAC_PI_4)
        .abs()
        .min((angle - FRAC_PI_4 + std::f64::consts::TAU).abs())
}

/// Draws the cross of the beam centre, as far as it is on the panel.
fn cross(
    canvas: &mut Canvas,
    panel: &Panel,
    centre: DVec2,
    first_row: usize,
    width: usize,
    ink: Colour,
) {
    let half = (CROSS * width) as f64;
    let [columns, rows] = panel.shape.map(|count| count as f64);
    let mut draw = |offset: DVec2| {
        let at = (centre + offset).floor();
        if at.x >= 0.0 && at.y >= 0.0 && at.x < columns && at.y < rows {
            canvas.set(at.x as usize, first_row + at.y as usize, ink);
        }
    };
    for step in 0..=2 * CROSS * width {
        for thick in 0..width {
            let along = step as f64 - half;
            let aside = thick as f64 - (width / 2) as f64;
            draw(DVec2::new(along, aside));
            draw(DVec2::new(aside, along));
        }
    }
}

/// Writes a resolution beside `at`, within the picture where it fits.
fn write(canvas: &mut Canvas, at: [usize; 2], resolution_m: f64, size: [usize; 2], ink: Colour) {
    /// Letters of pictures with edges up to this length are small.
    const SMALL: usize = 700;
    let font = match size[0].max(size[1]) {
        edge if edge <= SMALL => Font::Small,
        edge if edge <= 2 * SMALL => Font::Medium,
        _ => Font::Large,
    };
    let angstrom = (resolution_m * 1e14).round() / 1e4;
    let text = format!("{angstrom} Å");
    let [letter, line] = font.cell();
    let room = [letter * text.chars().count(), line];
    let within = |axis: usize, from: usize| from.min(size[axis].saturating_sub(room[axis]));
    let place = [
        within(0, at[0] + letter),
        within(1, at[1].saturating_sub(line)),
    ];
    canvas.write_in(&text, place, 0.0, font, ink);
}

/// A colour that stands out from those of spots and background.
fn ink(colormap: Colormap) -> Colour {
    match colormap {
        Colormap::Grey => [205, 30, 30],
        Colormap::Viridis => [255, 120, 110],
        Colormap::Inferno => [90, 220, 255],
    }
}
