//! Times of a benchmark against what was varied, as one picture.

mod axis;
mod curves;
mod draw;
mod legend;

use super::Benchmark;
use super::canvas::{Canvas, Colour};
use curves::Panel;
use draw::draw_panel;
use legend::Legend;

/// Columns and rows of a panel, pixels.
const PANEL: [usize; 2] = [600, 460];
/// Rows below the legend.
const FOOT: usize = 14;
const PAPER: Colour = [255; 3];

/// The times of `benchmark` against pixels, mosaic domains and threads: side by side, a panel of
/// 600 pixels' width for each that was varied, and a legend under them. None where nothing was
/// varied, or no time can be drawn on a logarithmic axis.
pub fn scaling_figure(benchmark: &Benchmark) -> Option<Canvas> {
    let (panels, series) = Panel::of(benchmark);
    if panels.is_empty() {
        return None;
    }
    let width = PANEL[0] * panels.len();
    let legend = Legend::new(benchmark, &panels, &series, width);
    let mut canvas = Canvas::new(width, PANEL[1] + legend.height() + FOOT, PAPER);
    for (number, panel) in panels.iter().enumerate() {
        draw_panel(&mut canvas, panel, [number * PANEL[0], 0]);
    }
    legend.draw(&mut canvas, PANEL[1]);
    Some(canvas)
}
