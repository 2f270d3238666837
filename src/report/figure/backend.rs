//! A canvas as what `plotters` draws on. Lines and marks are rasterised by `plotters`; letters are
//! those of the canvas, so that no font of the system decides how a figure looks.

use std::convert::Infallible;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use crate::report::canvas::{Canvas, Font};

/// A canvas that is being drawn on.
pub struct Drawing<'a>(pub &'a mut Canvas);

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// The letters whose height is nearest below a font's size.
fn font(style: &impl BackendTextStyle) -> Font {
    match style.size() {
        size if size < 15.0 => Font::Small,
        size if size < 20.0 => Font::Medium,
        _ => Font::Large,
    }
}

/// Width and height of `text`, pixels.
fn extent(text: &str, font: Font) -> (u32, u32) {
    let [letter, line] = font.cell();
    ((letter * text.chars().count()) as u32, line as u32)
}

impl DrawingBackend for Drawing<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        let [width, height] = self.0.extent();
        (width as u32, height as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) {
            let (red, green, blue) = colour.rgb;
            self.0.blend(x, y, [red, green, blue], colour.alpha);
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Drawn {
        let font = font(style);
        let (width, height) = extent(text, font);
        let anchor = style.anchor();
        let left = match anchor.h_pos {
            HPos::Left => x,
            HPos::Center => x - width as i32 / 2,
            HPos::Right => x - width as i32,
        };
        let top = match anchor.v_pos {
            VPos::Top => y,
            VPos::Center => y - height as i32 / 2,
            VPos::Bottom => y - height as i32,
        };
        let at = [left, top].map(|place| usize::try_from(place).unwrap_or(0));
        let (red, green, blue) = style.color().rgb;
        self.0.write_in(text, at, 0.0, font, [red, green, blue]);
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        Ok(extent(text, font(style)))
    }
}
