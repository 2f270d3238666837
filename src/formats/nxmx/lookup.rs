//! Looking up values by their path in a NeXus file: numbers with their units, texts, vectors.
//!
//! A value that is missing or makes no sense is `None`: frames are worth reading without it.

use glam::DVec3;
use rust_hdf5::{H5Dataset, H5File, Hdf5Error};

use super::{ANGSTROM, problem};
use crate::formats::Problem;

/// The most numbers of a dataset that says something of the experiment.
const MOST_NUMBERS: usize = 1 << 24;

/// An open file.
pub struct NexusFile {
    pub file: H5File,
    /// The path of its entry.
    pub entry: String,
    /// The path of its detector.
    pub detector: String,
    /// The path of the spindle's angles, where there is one.
    pub spindle: Option<String>,
}

impl NexusFile {
    /// Finds the entry, the detector and the spindle of `file`.
    pub fn of(file: H5File) -> Result<NexusFile, Problem> {
        let root = file.root_group();
        let entries = root.group_names().map_err(problem)?;
        let is_entry = |name: &&String| {
            let class = root
                .group(name)
                .and_then(|group| group.attr_string("NX_class"));
            class.is_ok_and(|class| class == "NXentry")
        };
        let entry = entries.iter().find(is_entry);
        let entry = entry.map_or("entry", String::as_str).to_string();
        let mut nexus = NexusFile {
            detector: format!("{entry}/instrument/detector"),
            file,
            entry,
            spindle: None,
        };
        nexus.spindle = nexus.spindle_path();
        Ok(nexus)
    }

    /// The dataset at `path`.
    pub fn dataset(&self, path: &str) -> Result<H5Dataset, Hdf5Error> {
        self.file.dataset(path.trim_start_matches('/'))
    }

    /// Paths of the datasets of frames, in their order.
    pub fn frame_datasets(&self) -> Vec<String> {
        let entry = &self.entry;
        for name in [
            format!("{entry}/data/data"),
            format!("{}/data", self.detector),
        ] {
            if self.dataset(&name).is_ok() {
                return vec![name];
            }
        }
        // DECTRIS' detectors write a file every so many frames, and links to them.
        let numbered = |number: usize| format!("{entry}/data/data_{number:06}");
        let there = (1..).map(numbered);
        there
            .take_while(|name| self.dataset(name).is_ok())
            .collect()
    }

    /// The text of an attribute of the dataset at `path`.
    pub fn attribute(&self, path: &str, name: &str) -> Option<String> {
        self.dataset(path).ok()?.attr(name).ok()?.read_string().ok()
    }

    /// Three numbers of an attribute of the dataset at `path`.
    pub fn vector(&self, path: &str, name: &str) -> Option<DVec3> {
        let attribute = self.dataset(path).ok()?.attr(name).ok()?;
        let floats = attribute.read_numeric_as::<f64>();
        let numbers = floats.or_else(|_| {
            let whole = attribute.read_numeric_as::<i64>()?;
            Ok::<_, Hdf5Error>(whole.into_iter().map(|number| number as f64).collect())
        });
        let three: [f64; 3] = numbers.ok()?.try_into().ok()?;
        Some(DVec3::from_array(three)).filter(|vector| vector.is_finite())
    }

    /// The first text at `path`.
    pub fn text(&self, path: &str) -> Option<String> {
        let dataset = self.small(path)?;
        dataset.read_strings().ok()?.into_iter().next()
    }

    /// A dataset that is small enough to say something of the experiment.
    fn small(&self, path: &str) -> Option<H5Dataset> {
        let dataset = self.dataset(path).ok()?;
        let count = dataset
            .shape()
            .iter()
            .try_fold(1usize, |product, &n| product.checked_mul(n));
        let chunk = dataset.chunk_dims().unwrap_or_default();
        let chunk = chunk
            .iter()
            .try_fold(1usize, |product, &n| product.checked_mul(n));
        let bounded = |count: Option<usize>| count.is_some_and(|count| count <= MOST_NUMBERS);
        (bounded(count) && bounded(chunk)).then_some(dataset)
    }

    /// Numbers as they stand.
    pub fn numbers(&self, path: &str) -> Option<Vec<f64>> {
        let dataset = self.small(path)?;
        let numbers = dataset.read_numeric_as::<f64>().or_else(|_| {
            let whole = dataset.read_numeric_as::<i64>()?;
            Ok::<_, Hdf5Error>(whole.into_iter().map(|number| number as f64).collect())
        });
        let numbers = numbers.ok()?;
        numbers
            .iter()
            .all(|number| number.is_finite())
            .then_some(numbers)
    }

    /// Whole numbers, none of them negative.
    pub fn whole_numbers(&self, path: &str) -> Option<Vec<u32>> {
        self.small(path)?.read_numeric_as::<u32>().ok()
    }

    /// The first number at `path`, in SI units.
    pub fn quantity(&self, path: &str) -> Option<f64> {
        Some(*self.numbers(path)?.first()? * self.unit(path)?)
    }

    /// What a number at `path` is multiplied by to be in SI units.
    pub fn unit(&self, path: &str) -> Option<f64> {
        match self.attribute(path, "units") {
            Some(unit) => unit_in_si(&unit),
            // The angles of the end of a rotation, say, are in the unit of its axis.
            None => {
                let axis = path
                    .strip_suffix("_end")
                    .or(path.strip_suffix("_increment_set"));
                axis.map_or(Some(1.0), |axis| self.unit(axis))
            }
        }
    }
}

/// The absolute path of `path`, which may be relative to `group`.
pub fn seen_from(group: &str, path: &str) -> String {
    let mut parts = match path.starts_with('/') {
        true => Vec::new(),
        false => group.split('/').collect(),
    };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// What a number of this unit is multiplied by to be in SI units.
pub fn unit_in_si(unit: &str) -> Option<f64> {
    const UNITS: &[(&[&str], f64)] = &[
        (&["m", "metre", "meter", "metres", "meters"], 1.0),
        (&["mm", "millimetre", "millimeter"], 1e-3),
        (
            &[
                "um",
                "µm",
                "μm",
                "micron",
                "microns",
                "micrometre",
                "micrometer",
            ],
            1e-6,
        ),
        (&["nm", "nanometre", "nanometer"], 1e-9),
        (&["angstrom", "angstroms", "Angstrom", "Å", "A"], ANGSTROM),
        (&["rad", "radian", "radians"], 1.0),
        (
            &["deg", "degree", "degrees", "°"],
            std::f64::consts::PI / 180.0,
        ),
        (&["pixel", "pixels", "counts", "", "1"], 1.0),
    ];
    let found = UNITS.iter().find(|(names, _)| names.contains(&unit));
    found.map(|&(_, factor)| factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_a_group() {
        assert_eq!(
            seen_from("entry/detector", "/entry/sample/phi"),
            "entry/sample/phi"
        );
        assert_eq!(
            seen_from("entry/detector", "axes/det_z"),
            "entry/detector/axes/det_z"
        );
        assert_eq!(
            seen_from("entry/detector", "../sample/./phi"),
            "entry/sample/phi"
        );
        assert_eq!(seen_from("entry", "../../.."), "");
    }

    #[test]
    fn units_are_known_by_several_names() {
        assert_eq!(unit_in_si("mm"), Some(1e-3));
        assert_eq!(unit_in_si("Å"), unit_in_si("angstrom"));
        assert_eq!(unit_in_si("furlong"), None);
    }
}
