//! Draws one panel.

use super::axis::{Axis, Steps, time_label};
use super::curves::{Curve, Panel, Style};
use super::{PANEL, PAPER};
use crate::report::Spread;
use crate::report::canvas::{Canvas, Colour, Font};
use crate::report::stroke::Place;

/// Pixels left, right, above and below the frame of a panel.
const AROUND: [usize; 4] = [92, 28, 72, 62];
const FRAME: Colour = [40; 3];
const GRID: Colour = [226; 3];
const FAINT: Colour = [242; 3];
/// Pixels of a line's width, a mark's radius, half a bar's end.
const LINE: f64 = 2.4;
const MARK: f64 = 5.0;
const CAP: f64 = 4.0;
/// Pixels between an axis and the numbers beside it.
const GAP: usize = 8;

/// Where a panel's values lie on the canvas.
struct Frame {
    /// Left and right end.
    columns: [usize; 2],
    /// Upper and lower end.
    rows: [usize; 2],
    varied: Axis,
    time: Axis,
}

impl Frame {
    fn column(&self, value: f64) -> f64 {
        let [left, right] = self.columns.map(|end| end as f64);
        left + self.varied.part(value) * (right - left)
    }

    fn row(&self, seconds: f64) -> f64 {
        let [top, bottom] = self.rows.map(|end| end as f64);
        bottom - self.time.part(seconds) * (bottom - top)
    }

    fn place(&self, (value, spread): &(f64, Spread)) -> Place {
        [self.column(*value), self.row(spread.median)]
    }
}

/// Draws `panel` with its upper left corner at a place of the canvas.
pub fn draw_panel(canvas: &mut Canvas, panel: &Panel, [left, top]: [usize; 2]) {
    let points = || panel.curves.iter().flat_map(|curve| &curve.points);
    let places = points().map(|(value, _)| *value);
    let times = points().flat_map(|(_, spread)| [spread.min, spread.max]);
    // A panel has points, and points have places on an axis.
    let (Some(varied), Some(time)) = (
        Axis::around(places, panel.steps),
        Axis::around(times, Steps::Tens),
    ) else {
        return;
    };
    let frame = Frame {
        columns: [left + AROUND[0], left + PANEL[0] - AROUND[1]],
        rows: [top + AROUND[2], top + PANEL[1] - AROUND[3]],
        varied,
        time,
    };
    draw_axes(canvas, &frame, panel);
    canvas.write(&panel.title, [frame.columns[0], top + 14], 0.0, Font::Large);
    let above = frame.rows[0] - Font::Medium.cell()[1] - GAP;
    canvas.write(
        "time of a render",
        [frame.columns[0], above],
        0.0,
        Font::Medium,
    );
    for curve in &panel.curves {
        draw_bars(canvas, &frame, curve);
        let places: Vec<Place> = curve
            .points
            .iter()
            .map(|point| frame.place(point))
            .collect();
        draw_line(canvas, &places, curve.style, curve.colour);
    }
    for curve in &panel.curves {
        for point in &curve.points {
            draw_mark(canvas, frame.place(point), curve.style, curve.colour);
        }
    }
}

/// A line through `places` in the manner of `style`.
pub fn draw_line(canvas: &mut Canvas, places: &[Place], style: Style, colour: Colour) {
    match style {
        Style::Simulation => {
            for pair in places.windows(2) {
                canvas.line(pair[0], pair[1], LINE, colour);
            }
        }
        Style::Whole => canvas.dashed(places, LINE, 7.0, colour),
        Style::Ideal => canvas.dashed(places, LINE * 0.7, 2.5, colour),
    }
}

/// A mark in the manner of `style`.
pub fn draw_mark(canvas: &mut Canvas, place: Place, style: Style, colour: Colour) {
    match style {
        Style::Simulation => canvas.disc(place, MARK, colour),
        Style::Whole => {
            canvas.disc(place, MARK, colour);
            canvas.disc(place, MARK - LINE, PAPER);
        }
        Style::Ideal => {}
    }
}

/// A bar from `from` to `to`, one above the other.
pub fn draw_bar(canvas: &mut Canvas, from: Place, to: Place, colour: Colour) {
    canvas.line(from, to, 1.0, colour);
    for [x, y] in [from, to] {
        canvas.line([x - CAP, y], [x + CAP, y], 1.0, colour);
    }
}

fn draw_bars(canvas: &mut Canvas, frame: &Frame, curve: &Curve) {
    for (value, spread) in curve.points.iter().filter(|_| curve.style != Style::Ideal) {
        let ends = [spread.min, spread.max].map(|time| [frame.column(*value), frame.row(time)]);
        draw_bar(canvas, ends[0], ends[1], curve.colour);
    }
}

/// Grid, frame, ticks and numbers.
fn draw_axes(canvas: &mut Canvas, frame: &Frame, panel: &Panel) {
    let ([left, right], [top, bottom]) = (frame.columns, frame.rows);
    let column = |value| frame.column(value).round() as usize;
    let row = |value| frame.row(value).round() as usize;
    for (fine, colour) in [(true, FAINT), (false, GRID)] {
        let of = |axis: &Axis| if fine { axis.marks() } else { axis.ticks() };
        for value in of(&frame.varied) {
            canvas.fill([column(value), top], [1, bottom - top], colour);
        }
        for value in of(&frame.time) {
            canvas.fill([left, row(value)], [right - left, 1], colour);
        }
    }
    canvas.fill([left, top], [1, bottom - top], FRAME);
    canvas.fill([left, bottom], [right - left + 1, 1], FRAME);
    let letter = Font::Medium.cell()[1];
    for value in frame.varied.ticks() {
        canvas.fill([column(value), bottom], [1, 6], FRAME);
        let text = (panel.label)(value);
        canvas.write(&text, [column(value), bottom + GAP], 0.5, Font::Medium);
    }
    for value in frame.time.ticks() {
        canvas.fill([left - 5, row(value)], [5, 1], FRAME);
        let at = [left - GAP, row(value).saturating_sub(letter / 2)];
        canvas.write(&time_label(value), at, 1.0, Font::Medium);
    }
    let below = bottom + GAP + letter + GAP;
    canvas.write(panel.varied, [(left + right) / 2, below], 0.5, Font::Medium);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_pixels() {
        let frame = Frame {
            columns: [100, 300],
            rows: [50, 150],
            varied: Axis::around([1.0, 100.0], Steps::Tens).unwrap(),
            time: Axis::around([0.01, 1.0], Steps::Tens).unwrap(),
        };
        let spread = |median| Spread {
            median,
            min: median,
            max: median,
        };
        // The middle of a logarithmic range is the geometric mean; up is later.
        let [x, y] = frame.place(&(10.0, spread(0.1)));
        assert!(
            (x - 200.0).abs() < 1e-9 && (y - 100.0).abs() < 1e-9,
            "{x} {y}"
        );
        let (low, high) = (
            frame.place(&(1.0, spread(0.01))),
            frame.place(&(100.0, spread(1.0))),
        );
        assert!(
            low[0] > 100.0 && low[0] < 115.0 && low[1] < 150.0 && low[1] > 140.0,
            "{low:?}"
        );
        assert!(
            high[0] < 300.0 && high[0] > 285.0 && high[1] > 50.0 && high[1] < 60.0,
            "{high:?}"
        );
        assert!((low[0] - 100.0 - (300.0 - high[0])).abs() < 1e-9);
    }
}
