//! A panel in the making.

use glam::{DVec2, DVec3};

use super::super::Problem;
use super::super::geometry::{Hole, parallel};
use super::super::text::number;
use super::value::{Quantity, vector, whole};
use crate::experiment::Panel;

/// Metres in the units of lengths.
pub const LENGTHS: [(&str, f64); 2] = [("m", 1.0), ("mm", 1e-3)];

/// The properties of a panel that were read so far; without a name, the defaults of later panels.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    pub name: String,
    /// A step along the fast and the slow axis, in pixels.
    steps: [Option<DVec3>; 2],
    /// The first pixel's corner, in pixels.
    corner: [Option<f64>; 2],
    pub clen: Option<Quantity>,
    coffset_m: f64,
    pitch_m: Option<f64>,
    /// First and last fast and slow coordinate in the data.
    range: [[Option<usize>; 2]; 2],
    /// Pixels along every edge that are not rendered.
    masked_edge: usize,
    /// Whether the panel is marked as one not to index.
    pub no_index: bool,
}

impl Draft {
    /// A panel called `name` of which nothing was said but for all.
    pub fn named(&self, name: &str) -> Draft {
        Draft {
            name: name.to_string(),
            ..self.clone()
        }
    }

    /// Takes up the `text` of a key; false for a key that is none of a panel's.
    pub fn set(&mut self, line: usize, key: &str, text: &str) -> Result<bool, Problem> {
        let wrong =
            |expected| Problem::on_line(line, format!("key {key}: {text}; expected {expected}"));
        let positive = || match number(line, text)? {
            value if value > 0.0 => Ok(value),
            _ => Err(wrong("a positive number")),
        };
        match key {
            "fs" => self.steps[0] = Some(vector(line, key, text)?),
            "ss" => self.steps[1] = Some(vector(line, key, text)?),
            "corner_x" => self.corner[0] = Some(number(line, text)?),
            "corner_y" => self.corner[1] = Some(number(line, text)?),
            "clen" => self.clen = Some(Quantity::parse(line, key, text, &LENGTHS)?),
            "coffset" => {
                self.coffset_m = match Quantity::parse(line, key, text, &LENGTHS)? {
                    Quantity::Number(metres) => metres,
                    Quantity::Elsewhere(_) => return Err(wrong("a number")),
                }
            }
            "res" => self.pitch_m = Some(1.0 / positive()?),
            "pixel_pitch" => self.pitch_m = Some(positive()?),
            "min_fs" => self.range[0][0] = Some(whole(line, key, text)?),
            "max_fs" => self.range[0][1] = Some(whole(line, key, text)?),
            "min_ss" => self.range[1][0] = Some(whole(line, key, text)?),
            "max_ss" => self.range[1][1] = Some(whole(line, key, text)?),
            "mask_edge_pixels" => self.masked_edge = whole(line, key, text)?,
            "no_index" => self.no_index = !matches!(text, "0" | "false"),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Makes sure that nothing is missing.
    pub fn check(&self) -> Result<(), Problem> {
        let (a_vector, a_coordinate) = ("a vector such as +1.0x +0.0y", "a number, in pixels");
        let needed = [
            ("fs", self.steps[0].is_some(), a_vector),
            ("ss", self.steps[1].is_some(), a_vector),
            ("corner_x", self.corner[0].is_some(), a_coordinate),
            ("corner_y", self.corner[1].is_some(), a_coordinate),
            (
                "res",
                self.pitch_m.is_some(),
                "a number, in pixels per metre",
            ),
            ("min_fs", self.range[0][0].is_some(), a_coordinate),
            ("max_fs", self.range[0][1].is_some(), a_coordinate),
            ("min_ss", self.range[1][0].is_some(), a_coordinate),
            ("max_ss", self.range[1][1].is_some(), a_coordinate),
        ];
        if let Some((key, _, expected)) = needed.into_iter().find(|(_, given, _)| !given) {
            return Err(self.wrong(format!("key {key} is missing; expected {expected}")));
        }
        for (axis, keys) in [("fs", "min_fs, max_fs"), ("ss", "min_ss, max_ss")]
            .iter()
            .enumerate()
        {
            if let [Some(first), Some(last)] = self.range[axis]
                && last < first
            {
                return Err(self.wrong(format!(
                    "keys {}: {first} to {last} along {}",
                    keys.1, keys.0
                )));
            }
        }
        let [fast, slow] = self.step_lengths();
        if !(fast > 0.0 && slow > 0.0) {
            return Err(self.wrong("keys fs, ss: a vector of no length; expected about one".into()));
        }
        let [along_fast, along_slow] = self.steps.map(Option::unwrap_or_default);
        match parallel(along_fast, along_slow) {
            Some(parallel) => Err(self.wrong(format!("keys fs, ss: {parallel}"))),
            None => Ok(()),
        }
    }

    fn wrong(&self, what: String) -> Problem {
        Problem::with_file(format!("panel {:?}: {what}", self.name))
    }

    fn step_lengths(&self) -> [f64; 2] {
        self.steps.map(|step| step.unwrap_or_default().length())
    }

    /// First fast and slow coordinate in the data.
    pub fn first_in_data(&self) -> [usize; 2] {
        self.range.map(|[first, _]| first.unwrap_or(0))
    }

    /// Pixels along fast and slow.
    pub fn shape(&self) -> [usize; 2] {
        self.range
            .map(|[first, last]| last.unwrap_or(0) + 1 - first.unwrap_or(0))
    }

    /// The first pixel's corner, and the steps along both axes, in pixels, as seen along the beam.
    pub fn in_pixels(&self) -> (DVec2, [DVec2; 2]) {
        let [x, y] = self.corner.map(Option::unwrap_or_default);
        (
            DVec2::new(x, y),
            self.steps.map(|step| step.unwrap_or_default().truncate()),
        )
    }

    /// The pixels along its edges that are not rendered.
    pub fn edges(&self) -> impl Iterator<Item = Hole> + use<> {
        let ([width, height], edge) = (self.shape(), self.masked_edge);
        let (right, below) = (width.saturating_sub(edge), height.saturating_sub(edge));
        let sides = [
            [[0, edge], [0, height]],
            [[right, width], [0, height]],
            [[0, width], [0, edge]],
            [[0, width], [below, height]],
        ];
        sides.into_iter().filter(move |_| edge > 0)
    }

    /// The panel, not yet masked, at `clen_m`, and `shift_m` aside.
    pub fn panel(&self, clen_m: f64, shift_m: [f64; 2]) -> Panel {
        let pitch_m = self.pitch_m.unwrap_or_default();
        let [x, y] = self
            .corner
            .map(|pixels| pixels.unwrap_or_default() * pitch_m);
        Panel::of_steps(
            self.name.clone(),
            DVec3::new(x + shift_m[0], y + shift_m[1], clen_m + self.coffset_m),
            self.steps.map(|step| pitch_m * step.unwrap_or_default()),
            self.shape(),
        )
    }
}
