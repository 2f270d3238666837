//! Bad regions: pixels that are not rendered, told by their place in the data or in the laboratory.

use super::super::Problem;
use super::super::geometry::Hole;
use super::super::text::{number, quoted};
use super::panel::Draft;
use super::value::whole;

/// A bad region in the making.
#[derive(Debug, Clone, Default)]
pub struct BadRegion {
    pub name: String,
    panel: Option<String>,
    /// First and last fast and slow coordinate in the data.
    data: [[Option<usize>; 2]; 2],
    /// Least and largest x and y, in pixels.
    laboratory: [[Option<f64>; 2]; 2],
}

/// The key of a region's edge, and where it goes: the axis, and the end.
type Edge = (&'static str, usize, usize);

const DATA: [Edge; 4] = [
    ("min_fs", 0, 0),
    ("max_fs", 0, 1),
    ("min_ss", 1, 0),
    ("max_ss", 1, 1),
];

const LABORATORY: [Edge; 4] = [
    ("min_x", 0, 0),
    ("max_x", 0, 1),
    ("min_y", 1, 0),
    ("max_y", 1, 1),
];

impl BadRegion {
    /// A region called `name` of which nothing was said.
    pub fn new(name: &str) -> BadRegion {
        BadRegion {
            name: name.to_string(),
            ..BadRegion::default()
        }
    }

    /// Takes up the `text` of one of its keys; false for a key that is none.
    pub fn set(&mut self, line: usize, key: &str, text: &str) -> Result<bool, Problem> {
        let named = |(name, ..): &&Edge| *name == key;
        if key == "panel" {
            self.panel = Some(text.to_string());
        } else if let Some(&(_, axis, end)) = DATA.iter().find(named) {
            self.data[axis][end] = Some(whole(line, key, text)?);
        } else if let Some(&(_, axis, end)) = LABORATORY.iter().find(named) {
            self.laboratory[axis][end] = Some(number(line, text)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Makes sure that it is told in one way, wholly, that its edges are in order, and that its
    /// panel is one of `panels`.
    pub fn check(&self, is_panel: impl Fn(&str) -> bool) -> Result<(), Problem> {
        let wrong = |what: String| {
            Err(Problem::with_file(format!(
                "bad region {:?}: {what}",
                self.name
            )))
        };
        let in_data = self.data.as_flattened().iter().any(Option::is_some);
        let in_laboratory = self.laboratory.as_flattened().iter().any(Option::is_some);
        let missing = match (in_data, in_laboratory) {
            (true, true) => {
                return wrong(
                    "it has edges in fs and ss and in x and y; leave one of both out".into(),
                );
            }
            (false, true) => LABORATORY
                .iter()
                .find(|(_, axis, end)| self.laboratory[*axis][*end].is_none()),
            _ => DATA
                .iter()
                .find(|(_, axis, end)| self.data[*axis][*end].is_none()),
        };
        if let Some((key, ..)) = missing {
            return wrong(format!(
                "key {key} is missing; expected a coordinate in pixels"
            ));
        }
        let swapped = |edges: &[Edge; 4], is_swapped: &dyn Fn(usize) -> bool| {
            // The edges of an axis stand side by side.
            let mut axes = edges.chunks_exact(2).enumerate();
            let (_, keys) = axes.find(|(axis, _)| is_swapped(*axis))?;
            Some((keys[0].0, keys[1].0))
        };
        let swapped = swapped(&DATA, &|axis| self.data[axis][1] < self.data[axis][0])
            .or(swapped(&LABORATORY, &|axis| {
                self.laboratory[axis][1] < self.laboratory[axis][0]
            }));
        if let Some((least, largest)) = swapped {
            return wrong(format!(
                "keys {least}, {largest}: the first is above the second, so it holds no pixel"
            ));
        }
        match &self.panel {
            Some(panel) if !is_panel(panel) => wrong(format!(
                "key panel: {} is no panel of the file",
                quoted(panel)
            )),
            _ => Ok(()),
        }
    }

    /// The parts of `panel` that lie in the bad region; coordinates of pixels are those of their
    /// centres.
    pub fn holes(&self, panel: &Draft) -> Box<dyn Iterator<Item = Hole> + '_> {
        if self.panel.as_ref().is_some_and(|name| *name != panel.name) {
            return Box::new(std::iter::empty());
        }
        if let [
            [Some(first_fast), Some(last_fast)],
            [Some(first_slow), Some(last_slow)],
        ] = self.data
        {
            let [start_fast, start_slow] = panel.first_in_data();
            let within = |first: usize, last: usize, start: usize| {
                [
                    first.saturating_sub(start),
                    (last + 1).saturating_sub(start),
                ]
            };
            return Box::new(std::iter::once([
                within(first_fast, last_fast, start_fast),
                within(first_slow, last_slow, start_slow),
            ]));
        }
        // Along a row both coordinates change evenly: what lies within is a run of pixels.
        let (corner, [fast, slow]) = panel.in_pixels();
        let [width, height] = panel.shape();
        Box::new((0..height).filter_map(move |row| {
            let start = corner + 0.5 * fast + (row as f64 + 0.5) * slow;
            let mut run = [0.0, width as f64 - 1.0];
            for axis in 0..2 {
                let [Some(least), Some(largest)] = self.laboratory[axis] else {
                    return None;
                };
                let (at, step) = (start[axis], fast[axis]);
                if step == 0.0 {
                    if !(least..=largest).contains(&at) {
                        return None;
                    }
                    continue;
                }
                let (one, two) = ((least - at) / step, (largest - at) / step);
                run = [run[0].max(one.min(two)), run[1].min(one.max(two))];
            }
            let (first, last) = (run[0].ceil(), run[1].floor());
            (first <= last).then(|| [[first as usize, last as usize + 1], [row, row + 1]])
        }))
    }
}
