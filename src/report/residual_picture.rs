//! The picture of a refined frame: each spot's data, model and residuals side by side.

use colorgrad::Gradient;

use super::canvas::{Canvas, Colour, Font};
use crate::formats::Problem;
use crate::refine::RefinedFrame;

const PAPER: Colour = [255; 3];
const LEFT_OUT: Colour = [200; 3];
/// A pixel is shown as a square of so many.
const MAGNIFIED: usize = 4;
/// Pixels between pictures.
const GAP: usize = 6;
/// Spots side by side.
const ACROSS: usize = 4;
/// Residuals are shown up to so many standard deviations.
const SIGMAS: f64 = 4.0;
/// The most spots that are shown, the strongest.
const MOST: usize = 60;

/// The strongest spots of `frame`: data and model on one scale, and (data − model)/σ, red where there
/// is more than expected.
///
/// # Errors
/// A [`Problem`] when the picture is larger than the format takes.
pub fn residual_picture(frame: &RefinedFrame) -> Result<Vec<u8>, Problem> {
    let boxes = &frame.boxes;
    let mut order: Vec<(usize, f64)> = boxes.spots.iter().map(|_| 0.0).enumerate().collect();
    for (pixel, crystal) in boxes.pixels.iter().zip(&frame.crystal) {
        order[pixel.of].1 += crystal;
    }
    order.sort_by(|one, other| other.1.total_cmp(&one.1));
    order.truncate(MOST);
    let size = boxes.shape.map(|count| count * MAGNIFIED);
    let line = Font::Small.cell()[1];
    let cell = [3 * size[0] + 4 * GAP, size[1] + line + GAP];
    let rows = order.len().div_ceil(ACROSS);
    let mut canvas = Canvas::new(ACROSS * cell[0], rows * cell[1] + 2 * line + GAP, PAPER);
    let title = "data, model, (data - model)/sigma: red up to +4, blue to -4; grey: left out";
    canvas.write(title, [GAP, GAP / 2], 0.0, Font::Small);
    let greys = |part: f64| [(255.0 * (1.0 - part.clamp(0.0, 1.0)).powf(0.7)) as u8; 3];
    let gradient = colorgrad::preset::rd_bu();
    let signed = |sigmas: f64| {
        let part = 0.5 - 0.5 * (sigmas / SIGMAS).clamp(-1.0, 1.0);
        let [red, green, blue, _] = gradient.at(part as f32).to_rgba8();
        [red, green, blue]
    };
    for (place, &(of, photons)) in order.iter().enumerate() {
        let corner = [
            (place % ACROSS) * cell[0] + GAP,
            (place / ACROSS) * cell[1] + 2 * line,
        ];
        let [h, k, l] = boxes.spots[of].index;
        canvas.write(
            &format!("{h} {k} {l}: {photons:.0} photons"),
            corner,
            0.0,
            Font::Small,
        );
        let top = corner[1] + line;
        for part in 0..3 {
            canvas.fill([corner[0] + part * (size[0] + GAP), top], size, LEFT_OUT);
        }
        let own = || (0..boxes.pixels.len()).filter(|&pixel| boxes.pixels[pixel].of == of);
        let expected = |pixel: usize| frame.crystal[pixel] + frame.background[pixel];
        let most = own().map(expected).fold(0.0, f64::max).max(1.0);
        for pixel in own() {
            let at = boxes.pixels[pixel].at;
            let first = boxes.corners[of];
            let [x, y] = [0, 1].map(|axis| (at[axis] - first[axis]) * MAGNIFIED);
            let measured = &frame.measured[pixel];
            let colours = [
                greys(measured.photons / most),
                greys(expected(pixel) / most),
                signed(measured.pull(expected(pixel))),
            ];
            for (part, colour) in colours.into_iter().enumerate() {
                let left = corner[0] + part * (size[0] + GAP) + x;
                canvas.fill([left, top + y], [MAGNIFIED; 2], colour);
            }
        }
    }
    canvas.to_png()
}
