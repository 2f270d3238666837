//! Resolution rings and the beam centre, drawn onto a picture of an image.

use std::f64::consts::FRAC_PI_4;

use glam::DVec2;
use rayon::prelude::*;

use super::canvas::{Canvas, Colour, Font};
use super::sight::Sight;
use crate::experiment::Panel;
use crate::formats::Problem;
use crate::formats::png::{self, Colormap};
use crate::image::{Image, ToneMap};

/// Rings that are drawn where none are asked for.
const RINGS: usize = 4;
/// Half the length of the beam centre's cross, pixels.
const CROSS: usize = 8;
/// Lines are a pixel wider for each so many pixels of the picture's longer edge.
const PIXELS_PER_WIDTH: usize = 1500;

/// `image`, which is seen by `sight`, as a PNG with rings at the resolutions `rings_m`, in m, of
/// the central wavelength, each with its resolution in Å where it comes nearest to the upper right,
/// and a cross where the beam meets each panel. Without `rings_m`, four rings as far apart from
/// each other as from the beam, in 1/d.
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
            chosen = sight.even_resolutions();
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

impl Sight<'_> {
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

    /// Resolutions of two digits, evenly apart in 1/d between the beam and the farthest corner.
    fn even_resolutions(&self) -> Vec<f64> {
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
