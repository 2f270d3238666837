//! A picture to draw and write on.

use std::convert::Infallible;

use embedded_graphics::mono_font::iso_8859_1::{FONT_6X10, FONT_9X15, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};

use crate::formats::{Problem, png};

/// Red, green and blue.
pub type Colour = [u8; 3];

/// The letters of a text, all of one width. They have the characters of ISO 8859-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Font {
    /// 6 × 10 pixels.
    Small,
    /// 9 × 15 pixels.
    Medium,
    /// 10 × 20 pixels.
    Large,
}

impl Font {
    /// Pixels from one letter to the next and from one line to the next.
    pub fn cell(self) -> [usize; 2] {
        let size = self.mono().character_size;
        [size.width as usize, size.height as usize]
    }

    fn mono(self) -> &'static MonoFont<'static> {
        match self {
            Font::Small => &FONT_6X10,
            Font::Medium => &FONT_9X15,
            Font::Large => &FONT_10X20,
        }
    }
}

/// Pixels of red, green and blue; x runs to the right, y down. What is drawn outside is lost.
#[derive(Debug, Clone)]
pub struct Canvas {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

impl Canvas {
    /// A canvas of one colour.
    pub fn new(width: usize, height: usize, background: Colour) -> Canvas {
        Canvas {
            width,
            height,
            bytes: background.repeat(width.saturating_mul(height)),
        }
    }

    /// A canvas of `width` × `height` pixels of red, green and blue.
    ///
    /// # Panics
    /// When there are not three bytes a pixel.
    pub fn of_pixels([width, height]: [usize; 2], bytes: Vec<u8>) -> Canvas {
        assert_eq!(Some(bytes.len()), (3 * width).checked_mul(height));
        Canvas {
            width,
            height,
            bytes,
        }
    }

    /// Gives a pixel a colour.
    pub fn set(&mut self, x: usize, y: usize, colour: Colour) {
        if x < self.width && y < self.height {
            let at = 3 * (y * self.width + x);
            self.bytes[at..at + 3].copy_from_slice(&colour);
        }
    }

    /// Fills the `width` × `height` pixels whose first one is at `x`, `y`.
    pub fn fill(&mut self, [x, y]: [usize; 2], [width, height]: [usize; 2], colour: Colour) {
        let rows = y..y.saturating_add(height).min(self.height);
        for row in rows {
            for column in x..x.saturating_add(width).min(self.width) {
                self.set(column, row, colour);
            }
        }
    }

    /// Writes `text` with its upper edge at `y`; `part` of its width, 0 to 1, lies left of `x`.
    pub fn write(&mut self, text: &str, at: [usize; 2], part: f64, font: Font) {
        self.write_in(text, at, part, font, [0; 3]);
    }

    /// [`Canvas::write`] in a colour.
    pub fn write_in(
        &mut self,
        text: &str,
        [x, y]: [usize; 2],
        part: f64,
        font: Font,
        [red, green, blue]: Colour,
    ) {
        let width = text.chars().count() * font.cell()[0];
        let left = x as f64 - part * width as f64;
        let style = MonoTextStyle::new(font.mono(), Rgb888::new(red, green, blue));
        let place = TextStyleBuilder::new()
            .alignment(Alignment::Left)
            .baseline(Baseline::Top)
            .build();
        let at = Point::new(left.round() as i32, i32::try_from(y).unwrap_or(i32::MAX));
        let Ok(_) = Text::with_text_style(text, at, style, place).draw(self);
    }

    /// The canvas as a PNG file.
    ///
    /// # Errors
    /// A [`Problem`] when it is larger than the format takes.
    pub fn to_png(&self) -> Result<Vec<u8>, Problem> {
        png::encode_rgb(&self.bytes, [self.width, self.height])
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        let side = |pixels| u32::try_from(pixels).unwrap_or(u32::MAX);
        Size::new(side(self.width), side(self.height))
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(at, colour) in pixels {
            if let (Ok(x), Ok(y)) = (usize::try_from(at.x), usize::try_from(at.y)) {
                self.set(x, y, [colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last column and row with ink on them.
    fn inked(canvas: &Canvas) -> Option<[[usize; 2]; 2]> {
        let ink: Vec<[usize; 2]> = (0..canvas.width * canvas.height)
            .filter(|&pixel| canvas.bytes[3 * pixel] == 0)
            .map(|pixel| [pixel % canvas.width, pixel / canvas.width])
            .collect();
        let range = |axis: usize| {
            let places = || ink.iter().map(|place| place[axis]);
            Some([places().min()?, places().max()?])
        };
        Some([range(0)?, range(1)?])
    }

    #[test]
    fn text_stands_where_it_is_put() {
        for (part, from) in [(0.0, 50), (0.5, 41), (1.0, 32)] {
            let mut canvas = Canvas::new(100, 40, [255; 3]);
            canvas.write("±1M", [50, 20], part, Font::Small);
            let [[left, right], [top, bottom]] = inked(&canvas).unwrap();
            assert!(
                left >= from && right < from + 18,
                "{part}: {left} to {right}"
            );
            assert!(top >= 20 && bottom < 30, "{part}: {top} to {bottom}");
        }
    }

    #[test]
    fn what_is_outside_is_lost() {
        let mut canvas = Canvas::new(10, 10, [255; 3]);
        canvas.fill([8, 8], [usize::MAX, 5], [0; 3]);
        assert_eq!(inked(&canvas), Some([[8, 9], [8, 9]]));
        canvas.set(10, 0, [0; 3]);
        canvas.write("far too long", [0, 0], 0.5, Font::Large);
        let picture = ::image::load_from_memory(&canvas.to_png().unwrap()).unwrap();
        assert_eq!((picture.width(), picture.height()), (10, 10));
    }
}
