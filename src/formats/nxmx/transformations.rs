//! Chains of NeXus transformations: each step depends on the next, the last one on the laboratory.

use glam::{DAffine3, DQuat};

use super::lookup::{NexusFile, seen_from};
use crate::formats::unit::si;

/// No instrument has chains this long; a chain that bites its tail has.
const LONGEST_CHAIN: usize = 64;

impl NexusFile {
    /// The first rotation that the sample stands on whose angle changes, or else the first. A file
    /// that does not say what the sample stands on has its angles by their usual names, in a group
    /// `transformations`, or `goniometer` as DECTRIS' detectors write it.
    pub fn spindle_path(&self) -> Option<String> {
        let sample = &self.sample;
        let depends_on = self.text(&format!("{sample}/depends_on"));
        let depends_on = depends_on.filter(|path| path != ".");
        let start = depends_on.map_or_else(
            || format!("{sample}/transformations/omega"),
            |path| seen_from(sample, &path),
        );
        let rotations: Vec<String> = self
            .chain(&start)
            .into_iter()
            .filter(|path| {
                self.attribute(path, "transformation_type").as_deref() == Some("rotation")
            })
            .collect();
        let named = ["omega", "phi", "chi", "kappa"];
        let named = named.map(|name| format!("{sample}/goniometer/{name}"));
        let rotations = match rotations.is_empty() {
            true => named.into(),
            false => rotations,
        };
        let changes = |path: &&String| {
            let angles = self.numbers(path).unwrap_or_default();
            angles.iter().any(|angle| *angle != angles[0])
        };
        let there = rotations.iter().find(|path| self.dataset(path).is_some());
        rotations.iter().find(changes).or(there).cloned()
    }

    /// The product of the transformation at `path` and all that it depends on, at their first
    /// values.
    pub fn placed(&self, path: &str) -> Option<DAffine3> {
        let chain = self.chain(path);
        let mut steps = chain.iter().rev().map(|step| self.step(step));
        steps.try_fold(DAffine3::IDENTITY, |sum, step| Some(sum * step?))
    }

    /// The product of all transformations that the one at `path` depends on.
    pub fn below(&self, path: &str) -> Option<DAffine3> {
        match self.next(path) {
            Some(next) => self.placed(&next),
            None => Some(DAffine3::IDENTITY),
        }
    }

    /// The step at `path` alone.
    fn step(&self, path: &str) -> Option<DAffine3> {
        let vector = self.vector(path, "vector")?;
        let value = self.quantity(path)?;
        let offset = self.vector(path, "offset").unwrap_or_default();
        let offset_unit = self.attribute(path, "offset_units");
        let offset = offset * offset_unit.map_or(Some(1.0), |unit| si(&unit))?;
        match self.attribute(path, "transformation_type")?.as_str() {
            "translation" => Some(DAffine3::from_translation(value * vector + offset)),
            "rotation" => {
                let turn = DQuat::from_axis_angle(vector.try_normalize()?, value);
                Some(DAffine3::from_rotation_translation(turn, offset))
            }
            _ => None,
        }
    }

    /// The steps from the one at `path` down to the laboratory.
    fn chain(&self, path: &str) -> Vec<String> {
        let first = Some(path.to_string()).filter(|path| self.dataset(path).is_some());
        let steps = std::iter::successors(first, |path| self.next(path));
        steps.take(LONGEST_CHAIN).collect()
    }

    /// The step that the one at `path` stands on; paths may be relative to its group.
    fn next(&self, path: &str) -> Option<String> {
        let next = self.attribute(path, "depends_on")?;
        let (group, _) = path.rsplit_once('/')?;
        (next != "." && !next.is_empty()).then(|| seen_from(group, &next))
    }
}
