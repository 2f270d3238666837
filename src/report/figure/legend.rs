//! What the colours and styles of the curves mean, and what was rendered.

use super::curves::{Curve, GREY, Panel, Series, Style};
use super::draw::{draw_bar, draw_line, draw_mark};
use crate::report::Benchmark;
use crate::report::canvas::{Canvas, Colour, Font};

const FONT: Font = Font::Medium;
/// Pixels of a row, of a key, between a key and its text, between entries, and at the sides.
const ROW: usize = 24;
const KEY: usize = 46;
const GAP: usize = 8;
const APART: usize = 28;
const SIDE: usize = 28;
/// Rows of text that the flags may take.
const MOST_ROWS: usize = 4;

/// What stands before a text.
#[derive(Clone, Copy)]
enum Key {
    Colour(Colour),
    Style(Style),
    Bar,
    Nothing,
}

/// Texts with their keys, each where it goes: pixels from the left, and the row.
pub struct Legend {
    entries: Vec<(Key, String, [usize; 2])>,
    rows: usize,
}

impl Legend {
    /// The legend of `panels`, `width` pixels wide.
    pub fn new(benchmark: &Benchmark, panels: &[Panel], series: &[Series], width: usize) -> Legend {
        let mut legend = Legend {
            entries: Vec::new(),
            rows: 0,
        };
        let curves: Vec<&Curve> = panels.iter().flat_map(|panel| &panel.curves).collect();
        let drawn = |style: Style| curves.iter().any(|curve| curve.style == style);
        let shown = series
            .iter()
            .filter(|series| curves.iter().any(|curve| curve.colour == series.colour));
        let devices = shown.map(|series| (Key::Colour(series.colour), series.name.clone()));
        legend.flow(devices, width);
        let iterations = benchmark.iterations;
        let styles = [
            (Style::Simulation, "simulation alone"),
            (Style::Whole, "whole render, its file included"),
            (Style::Ideal, "ideal: 1/threads"),
        ];
        let styles = styles
            .into_iter()
            .filter(|(style, _)| drawn(*style))
            .map(|(style, text)| (Key::Style(style), text.to_string()));
        let bar = format!("median, fastest to slowest of {iterations} warm renders");
        legend.flow(styles.chain([(Key::Bar, bar)]), width);
        let flags = shell_words::join(&benchmark.flags);
        let about = format!("{}: {flags}", benchmark.started);
        let lines = wrapped(&about, (width - 2 * SIDE) / FONT.cell()[0]);
        for line in lines {
            legend.flow([(Key::Nothing, line)], width);
        }
        legend
    }

    /// Its height, pixels.
    pub fn height(&self) -> usize {
        self.rows * ROW
    }

    /// Puts entries side by side, in as many rows as they need.
    fn flow(&mut self, entries: impl IntoIterator<Item = (Key, String)>, width: usize) {
        let mut left = SIDE;
        let mut rows = 0;
        for (key, text) in entries {
            let before = match key {
                Key::Nothing => 0,
                _ => KEY + GAP,
            };
            let most = (width - 2 * SIDE - before) / FONT.cell()[0];
            let text = shortened(&text, most);
            let needed = before + text.chars().count() * FONT.cell()[0];
            if rows == 0 || left + needed > width - SIDE {
                left = SIDE;
                rows += 1;
            }
            self.entries.push((key, text, [left, self.rows + rows - 1]));
            left += needed + APART;
        }
        self.rows += rows;
    }

    /// Draws it below row `top`.
    pub fn draw(&self, canvas: &mut Canvas, top: usize) {
        for (key, text, [left, row]) in &self.entries {
            let top = top + row * ROW;
            let middle = (top + ROW / 2) as f64;
            let ends = [*left, left + KEY].map(|x| [x as f64, middle]);
            let centre = [(left + KEY / 2) as f64, middle];
            let mut indent = KEY + GAP;
            match *key {
                Key::Colour(colour) => {
                    canvas.fill([*left, top + ROW / 2 - 4], [KEY, 8], colour);
                }
                Key::Style(style) => {
                    draw_line(canvas, &ends, style, GREY);
                    draw_mark(canvas, centre, style, GREY);
                }
                Key::Bar => {
                    let [x, y] = centre;
                    draw_bar(canvas, [x, y - 8.0], [x, y + 8.0], GREY);
                    draw_mark(canvas, centre, Style::Simulation, GREY);
                }
                Key::Nothing => indent = 0,
            }
            let place = [left + indent, top + (ROW - FONT.cell()[1]) / 2];
            canvas.write(text, place, 0.0, FONT);
        }
    }
}

/// `text`, with dots for its end where it has more than `most` letters.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_string();
    }
    let kept: String = text.chars().take(most.saturating_sub(3)).collect();
    format!("{kept}...")
}

/// `text` in lines of at most `most` letters, broken at spaces.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > most {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    if lines.len() > MOST_ROWS {
        lines.truncate(MOST_ROWS);
        if let Some(line) = lines.last_mut() {
            line.push_str(" ...");
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_and_shortened() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("a muchtoolong b", 5), ["a", "muchtoolong", "b"]);
        let many = wrapped(&"word ".repeat(50), 4);
        assert_eq!(many.len(), MOST_ROWS);
        assert!(many[MOST_ROWS - 1].ends_with("..."));
        assert_eq!(shortened("muchtoolong", 8), "mucht...");
        assert_eq!(shortened("short", 8), "short");
    }
}
