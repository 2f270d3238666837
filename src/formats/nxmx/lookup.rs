//! Looking up values by their path in a NeXus file: numbers with their units, texts, vectors.
//!
//! A value that is missing or makes no sense is `None`: frames are worth reading without it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use glam::DVec3;
use rust_hdf5::{H5Dataset, H5Group, Hdf5Error, StorageLayout};

use super::links::{Files, Place};
use super::problem;
use crate::formats::unit::{ev, si};
use crate::formats::{Links, Problem};

/// The most numbers of a dataset that says something of the experiment.
const MOST_NUMBERS: usize = 1 << 24;

/// An open file.
pub struct NexusFile {
    /// The file that the user named.
    path: PathBuf,
    /// The files that it leads to, itself among them.
    pub files: Files,
    /// What is left out of what the file says, and why.
    notices: Mutex<Vec<String>>,
    /// The path of its entry.
    pub entry: String,
    /// The path of the group of frames.
    pub data: String,
    /// The path of its detector.
    pub detector: String,
    /// The path of its beam.
    pub beam: String,
    /// The path of its sample.
    pub sample: String,
    /// The path of the spindle's angles, where there is one.
    pub spindle: Option<String>,
}

impl NexusFile {
    /// Opens the file at `path`, whose links may lead as far as `links` says, and finds the entry,
    /// the detector, the beam, the sample and the spindle. Groups are known by their NeXus class,
    /// whatever they are called; where no group says that it is of the class, by the name that is
    /// usual.
    pub fn open(path: &Path, links: Links) -> Result<NexusFile, Problem> {
        let mut nexus = NexusFile {
            path: path.to_path_buf(),
            files: Files::of_master(path, links),
            notices: Mutex::default(),
            entry: String::new(),
            data: String::new(),
            detector: String::new(),
            beam: String::new(),
            sample: String::new(),
            spindle: None,
        };
        nexus.files.open(path)?;
        nexus.entry = nexus.child("", "NXentry", "entry");
        nexus.data = nexus.child(&nexus.entry, "NXdata", "data");
        let instrument = nexus.child(&nexus.entry, "NXinstrument", "instrument");
        nexus.detector = nexus.child(&instrument, "NXdetector", "detector");
        nexus.beam = nexus.child(&instrument, "NXbeam", "beam");
        nexus.sample = nexus.child(&nexus.entry, "NXsample", "sample");
        nexus.spindle = nexus.spindle_path();
        Ok(nexus)
    }

    /// The path of the group of this `class` in the group at `path`: of several, or of none, that
    /// called `name`.
    fn child(&self, path: &str, class: &str, name: &str) -> String {
        let found = self.children(path, class);
        let named = found.iter().any(|child| child == name);
        let child = found.first().filter(|_| !named);
        let child = child.map_or(name, String::as_str);
        format!("{path}/{child}")
            .trim_start_matches('/')
            .to_string()
    }

    /// The names of the groups of this `class` in the group at `path`, in alphabetical order.
    pub fn children(&self, path: &str, class: &str) -> Vec<String> {
        let Some(parent) = self.group(path) else {
            return Vec::new();
        };
        let mut names = parent.group_names().unwrap_or_default();
        names.retain(|name| {
            let child = parent.group(name);
            let own = child.and_then(|group| group.attr_string("NX_class"));
            own.is_ok_and(|own| own == class)
        });
        names.sort();
        names
    }

    /// What is at `path`, behind all links; a link that leads to nothing is told.
    fn object(&self, path: &str) -> Option<Place> {
        match self.files.object(&Place::new(&self.path, path)) {
            Ok(place) => place,
            Err(problem) => {
                self.leave_out(problem);
                None
            }
        }
    }

    /// Tells that something is left out, once.
    fn leave_out(&self, problem: Problem) {
        let notice = format!("{}; it is left out", problem.what);
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }

    /// What is left out of what the file says, and why.
    pub fn notices(&self) -> Vec<String> {
        let notices = self.notices.lock();
        notices.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The group at `path`.
    fn group(&self, path: &str) -> Option<H5Group> {
        let place = self.object(path)?;
        let root = self.files.open(&place.file).ok()?.root_group();
        match place.path.as_str() {
            "" => Some(root),
            path => root.group(path).ok(),
        }
    }

    /// The dataset at `path`, which says something of the experiment. Numbers in other files are
    /// left out, and told: only frames are read from such.
    pub fn dataset(&self, path: &str) -> Option<H5Dataset> {
        let place = self.object(path)?;
        let dataset = self.files.dataset(&place).ok()?;
        let raw = dataset
            .external_files()
            .is_ok_and(|files| !files.is_empty());
        if raw || dataset.storage_layout().ok() == Some(StorageLayout::Virtual) {
            self.leave_out(place.problem("its numbers are outside of the file"));
            return None;
        }
        Some(dataset)
    }

    /// The datasets of frames, in their order; none where the file has no frames.
    ///
    /// # Errors
    /// A [`Problem`] when one of several is missing, which names the file that it should be in.
    pub fn frame_datasets(&self) -> Result<Vec<Place>, Problem> {
        let frames = |path: &str| self.files.object(&Place::new(&self.path, path));
        for name in [
            format!("{}/data", self.data),
            format!("{}/data", self.detector),
        ] {
            if let Some(place) = frames(&name)? {
                return Ok(vec![place]);
            }
        }
        // DECTRIS' detectors write a file every so many frames, and links to them.
        let Some(group) = self.group(&self.data) else {
            return Ok(Vec::new());
        };
        let numbered = |name: &String| {
            let digits = name.strip_prefix("data_")?;
            let number: u64 = digits.parse().ok()?;
            Some((number, name.clone()))
        };
        let names = group.link_names().map_err(problem)?;
        let mut numbered: Vec<(u64, String)> = names.iter().filter_map(numbered).collect();
        numbered.sort();
        let mut places = Vec::with_capacity(numbered.len());
        for (place, (number, name)) in numbered.iter().enumerate() {
            let path = format!("{}/{name}", self.data);
            let expected = numbered[0].0 + place as u64;
            if *number != expected {
                return Err(Problem::with_file(format!(
                    "{path} follows number {}: frames in between are missing, and there is no \
                     link to their file",
                    expected - 1
                )));
            }
            places.extend(frames(&path)?);
        }
        Ok(places)
    }

    /// How many frames the file says that there are, where it does.
    pub fn expected_frames(&self) -> Option<u64> {
        let specific = format!("{}/detectorSpecific", self.detector);
        let count = |name: &str| {
            let numbers = self.whole_numbers(&format!("{specific}/{name}"))?;
            numbers.first().copied().map(u64::from)
        };
        count("nimages")?.checked_mul(count("ntrigger").unwrap_or(1))
    }

    /// The text of an attribute of the dataset at `path`.
    pub fn attribute(&self, path: &str, name: &str) -> Option<String> {
        self.dataset(path)?.attr(name).ok()?.read_string().ok()
    }

    /// Three numbers of an attribute of the dataset at `path`.
    pub fn vector(&self, path: &str, name: &str) -> Option<DVec3> {
        let attribute = self.dataset(path)?.attr(name).ok()?;
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
        let dataset = self.dataset(path)?;
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
        match self.unit_name(path) {
            Some(unit) => si(&unit),
            None => Some(1.0),
        }
    }

    /// The first number at `path`, which is an energy, in eV.
    pub fn energy_ev(&self, path: &str) -> Option<f64> {
        let factor = match self.unit_name(path) {
            Some(unit) => ev(&unit)?,
            None => 1.0,
        };
        Some(*self.numbers(path)?.first()? * factor)
    }

    /// The unit that the file gives the numbers at `path`: the angles of the end of a rotation,
    /// say, have that of its axis.
    pub fn unit_name(&self, path: &str) -> Option<String> {
        let own = self.attribute(path, "units");
        own.or_else(|| {
            let mut axis = RANGES.iter().filter_map(|suffix| path.strip_suffix(suffix));
            axis.find_map(|axis| self.attribute(axis, "units"))
        })
    }
}

/// What behind the name of an axis tells something else of its rotation.
const RANGES: [&str; 4] = ["_end", "_increment_set", "_increment", "_range_average"];

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
}
