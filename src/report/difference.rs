//! The picture of a difference: where an image is higher than the reference and where lower.

use colorgrad::Gradient;

use super::canvas::{Canvas, Colour, Font};
use crate::formats::Problem;
use crate::image::{Image, ToneMap, ToneScale};

/// The strongest colours are for the difference that this percentage of pixels do not exceed.
const PERCENTILE: f64 = 99.5;

const PAPER: Colour = [255; 3];
const LEFT_OUT: Colour = [150; 3];
const NOT_FINITE: Colour = [0; 3];

/// Images with shorter sides are magnified, each pixel to a square.
const SHOWN_AT_LEAST: usize = 256;
/// Space enough for the legend.
const LEGEND_WIDTH: usize = 256;
/// Wider pictures have larger letters.
const WIDE: usize = 1000;

/// `image` − `reference`, two images of one size, as a PNG: red where the image is higher, blue
/// where it is lower, under it a legend.
///
/// # Errors
/// A [`Problem`] when the picture is larger than the format takes.
pub fn difference_picture(image: &Image, reference: &Image) -> Result<Vec<u8>, Problem> {
    let (width, height) = (image.width(), image.height());
    let difference = image.map_rendered(|index, value| value - reference.values()[index]);
    let strength = difference.map_rendered(|_, value| value.abs());
    let limit = ToneMap::of(&strength, ToneScale::Linear, PERCENTILE).limit();
    let largest = strength.rendered().map(|(_, value)| value);
    let largest = largest
        .filter(|value| value.is_finite())
        .fold(0.0, f32::max);

    let magnified = (SHOWN_AT_LEAST / width.max(height).max(1)).max(1);
    let picture = [width * magnified, height * magnified];
    let canvas_width = picture[0].max(LEGEND_WIDTH);
    let font = if canvas_width < WIDE {
        Font::Small
    } else {
        Font::Large
    };
    let mut legend = vec!["A - B: red where A is higher".to_string()];
    if largest > limit {
        legend.push(format!("pixels reach {largest:.2e}"));
    }
    let some_left_out = difference.rendered().count() < width * height;
    let not_finite = difference.rendered().any(|(_, value)| !value.is_finite());
    legend.extend(some_left_out.then(|| "grey: left out".into()));
    legend.extend(not_finite.then(|| "black: NaN or infinite".into()));

    let line = font.cell()[1];
    // The bar and its numbers take two lines, and half a line is left around everything.
    let legend_height = (legend.len() + 3) * line;
    let mut canvas = Canvas::new(canvas_width, picture[1] + legend_height, PAPER);
    let left = (canvas_width - picture[0]) / 2;
    canvas.fill([left, 0], picture, LEFT_OUT);
    let colours = Colours::new();
    for (index, value) in difference.rendered() {
        let colour = if value.is_finite() {
            colours.of(value / limit)
        } else {
            NOT_FINITE
        };
        let [x, y] = [index % width, index / width].map(|place| place * magnified);
        canvas.fill([left + x, y], [magnified; 2], colour);
    }

    let mut top = picture[1] + line / 2;
    let bar = [canvas_width / 16, canvas_width - canvas_width / 16];
    for x in bar[0]..bar[1] {
        let along = (x - bar[0]) as f32 / (bar[1] - bar[0] - 1).max(1) as f32;
        canvas.fill([x, top], [1, line], colours.of(2.0 * along - 1.0));
    }
    top += line;
    for (part, text) in [
        (0.0, format!("{:+.2e}", -limit)),
        (0.5, "0".into()),
        (1.0, format!("{limit:+.2e}")),
    ] {
        let x = bar[0] as f64 + part * (bar[1] - bar[0]) as f64;
        canvas.write(&text, [x.round() as usize, top], part, font);
    }
    for text in legend {
        top += line;
        canvas.write(&text, [canvas_width / 2, top], 0.5, font);
    }
    canvas.to_png()
}

/// The colours of signed numbers.
struct Colours(Vec<Colour>);

impl Colours {
    /// Steps from the middle to either end.
    const STEPS: usize = 255;

    fn new() -> Colours {
        // The gradient runs from red to blue.
        let gradient = colorgrad::preset::rd_bu();
        let steps = (0..=2 * Self::STEPS).rev();
        let shade = |step: usize| gradient.at(step as f32 / (2 * Self::STEPS) as f32);
        let bytes = steps.map(|step| {
            let [red, green, blue, _] = shade(step).to_rgba8();
            [red, green, blue]
        });
        Colours(bytes.collect())
    }

    /// The colour of a part of the limit; blue from −1 over white to red at 1.
    fn of(&self, part: f32) -> Colour {
        let steps = Self::STEPS as f32;
        self.0[((part.clamp(-1.0, 1.0) + 1.0) * steps).round() as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_have_colours_and_what_is_missing_too() {
        let size = 300;
        let mut values = vec![0.0; size * size];
        for (index, value) in values.iter_mut().enumerate() {
            *value = [-2.0, 0.0, 2.0][index % 3];
        }
        values[4] = f32::NAN;
        let mut flags = vec![true; size * size];
        flags[3] = false;
        let image = Image::new(size, size, values, Some(flags));
        let reference = Image::new(size, size, vec![0.0; size * size], None);
        let file = difference_picture(&image, &reference).unwrap();
        let picture = ::image::load_from_memory(&file).unwrap().into_rgb8();
        assert_eq!(picture.width(), 300);
        assert!(picture.height() > 300);
        let at = |x: u32| picture.get_pixel(x, 0).0;
        let [blue, white, red] = [at(0), at(1), at(2)];
        assert!(
            blue[2] > blue[0] + 50 && red[0] > red[2] + 50,
            "{blue:?} {red:?}"
        );
        assert!(white.iter().all(|&channel| channel > 230), "{white:?}");
        assert_eq!((at(3), at(4)), (LEFT_OUT, NOT_FINITE));
    }

    #[test]
    fn small_and_equal_images_are_shown_too() {
        let image = Image::new(2, 3, vec![1.0; 6], None);
        let file = difference_picture(&image, &image).unwrap();
        let picture = ::image::load_from_memory(&file).unwrap();
        // 85 pixels for each.
        assert_eq!(picture.width(), 256);
        assert!(picture.height() > 255);
    }
}
