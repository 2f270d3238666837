//! What a file says of the experiment, told from its groups, units and chains of transformations.
//!
//! What is missing or makes no sense is left out: frames are worth reading without it.

use glam::{DAffine3, DMat3, DQuat, DVec3};
use rust_hdf5::{H5Dataset, H5File, Hdf5Error};

use super::panels::PanelPlace;
use super::setting::{FrameSetting, Setting};
use super::{ANGSTROM, problem};
use crate::formats::Problem;

/// No instrument has chains this long; a chain that bites its tail has.
const LONGEST_CHAIN: usize = 64;

/// The most numbers of a dataset that says something of the experiment.
const MOST_NUMBERS: usize = 1 << 24;

/// An open file.
pub struct Facts {
    file: H5File,
    /// The path of its entry.
    entry: String,
    /// The path of its detector.
    detector: String,
    /// The path of the spindle's angles, where there is one.
    spindle: Option<String>,
}

impl Facts {
    /// Looks around in `file`.
    pub fn of(file: H5File) -> Result<Facts, Problem> {
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
        let mut facts = Facts {
            detector: format!("{entry}/instrument/detector"),
            file,
            entry,
            spindle: None,
        };
        facts.spindle = facts.spindle_path();
        Ok(facts)
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

    /// What is said of all frames of this size.
    pub fn setting(&self, size: [usize; 2]) -> Setting {
        let beam = format!("{}/instrument/beam", self.entry);
        let at = |name: &str| format!("{}/{name}", self.detector);
        let own = format!("{}/nanobragg", self.entry);
        let wavelength_m = self.quantity(&format!("{beam}/incident_wavelength"));
        let stokes = self.numbers(&format!("{beam}/incident_polarization_stokes"));
        let cell = self.numbers(&format!("{}/sample/unit_cell", self.entry));
        let mask = self.whole_numbers(&at("pixel_mask"));
        let panels = self.panels(size);
        let laboratory = self.numbers(&format!("{own}/laboratory"));
        let configuration = self
            .dataset(&format!("{own}/configuration"))
            .and_then(|dataset| dataset.read_strings());
        Setting {
            wavelength_m: wavelength_m.filter(|&metres| metres > 0.0),
            stokes: stokes.and_then(|stokes| stokes.try_into().ok()),
            panels,
            sensor_thickness_m: self
                .quantity(&at("sensor_thickness"))
                .filter(|&metres| metres > 0.0),
            saturation: self.quantity(&at("saturation_value")),
            spindle: self
                .spindle
                .as_deref()
                .and_then(|path| self.vector(path, "vector"))
                .and_then(DVec3::try_normalize),
            cell: cell.and_then(|cell| cell.try_into().ok()),
            laboratory: laboratory
                .and_then(|numbers| <[f64; 9]>::try_from(numbers).ok())
                .map(|rows| DMat3::from_cols_array(&rows).transpose()),
            mask: mask.filter(|mask| mask.len() == size[0] * size[1]),
            configuration: configuration
                .ok()
                .and_then(|texts| texts.into_iter().next()),
        }
    }

    /// What is said of frame `index` of `count`, from 0.
    pub fn frame_setting(&self, index: usize, count: usize) -> FrameSetting {
        let of_frame = |path: &str| -> Option<f64> {
            let all = self.numbers(path)?;
            let degrees = match all.len() {
                1 => all[0],
                several if several == count => *all.get(index)?,
                _ => return None,
            };
            Some(degrees * self.unit(path)?)
        };
        let spindle = self.spindle.as_deref();
        let start_rad = spindle.and_then(of_frame);
        let range_rad = spindle.and_then(|spindle| {
            of_frame(&format!("{spindle}_increment_set"))
                .or_else(|| Some(of_frame(&format!("{spindle}_end"))? - start_rad?))
        });
        let axes = self.numbers(&format!("{}/nanobragg/reciprocal_axes", self.entry));
        let reciprocal = axes.and_then(|all| {
            let nine = all.get(index.checked_mul(9)?..)?.first_chunk::<9>()?;
            Some(DMat3::from_cols_array(nine) * ANGSTROM.recip())
        });
        FrameSetting {
            start_rad,
            range_rad,
            reciprocal,
        }
    }

    /// The first rotation that the sample stands on whose angle changes, or else the first.
    fn spindle_path(&self) -> Option<String> {
        let sample = format!("{}/sample", self.entry);
        let depends_on = self.text(&format!("{sample}/depends_on"));
        let start = depends_on.filter(|path| path != ".");
        let start = start.unwrap_or_else(|| "transformations/omega".into());
        let start = seen_from(&sample, &start);
        let rotations: Vec<String> = self
            .chain(&start)
            .into_iter()
            .filter(|path| {
                self.attribute(path, "transformation_type").as_deref() == Some("rotation")
            })
            .collect();
        let changes = |path: &&String| self.dataset(path).is_ok_and(|set| set.total_elements() > 1);
        rotations
            .iter()
            .find(changes)
            .or(rotations.first())
            .cloned()
    }

    /// The panels: of modules, or else one upright panel where the file says enough.
    fn panels(&self, size: [usize; 2]) -> Vec<PanelPlace> {
        let group = |path: &str| {
            let mut group = self.file.root_group();
            for part in path.split('/') {
                group = group.group(part).ok()?;
            }
            Some(group)
        };
        let mut names = group(&self.detector)
            .and_then(|detector| detector.group_names().ok())
            .unwrap_or_default();
        names.sort();
        let paths = names.iter().map(|name| format!("{}/{name}", self.detector));
        let modules = paths.filter(|path| {
            let class = group(path).and_then(|group| group.attr_string("NX_class").ok());
            class.as_deref() == Some("NXdetector_module")
        });
        let places: Vec<Option<PanelPlace>> = modules.map(|path| self.panel(&path)).collect();
        let found = places.into_iter().collect::<Option<Vec<_>>>();
        match found.filter(|panels| !panels.is_empty()) {
            Some(mut panels) => {
                panels.sort_by_key(|panel| panel.first_row);
                panels
            }
            None => self.upright_panel(size).into_iter().collect(),
        }
    }

    fn upright_panel(&self, size: [usize; 2]) -> Option<PanelPlace> {
        let at = |name: &str| self.quantity(&format!("{}/{name}", self.detector));
        let centre = [at("beam_center_x")?, at("beam_center_y")?];
        let distance_m = at("distance").or(at("detector_distance"))?;
        Some(PanelPlace::upright(
            centre,
            distance_m,
            at("x_pixel_size")?,
            size,
        ))
    }

    /// The place of the module at `path`.
    fn panel(&self, path: &str) -> Option<PanelPlace> {
        let at = |name: &str| format!("{path}/{name}");
        let origin = self.whole_numbers(&at("data_origin"))?;
        let shape = self.whole_numbers(&at("data_size"))?;
        let (&[first_row, first_column], &[height, width]) = (&origin[..], &shape[..]) else {
            return None;
        };
        // Panels are stacked here, none beside another.
        if first_column != 0 {
            return None;
        }
        let [fast, slow] = ["fast_pixel_direction", "slow_pixel_direction"].map(at);
        let direction = |axis: &str| {
            let turned = self
                .below(axis)?
                .transform_vector3(self.vector(axis, "vector")?);
            turned.try_normalize()
        };
        let offset = at("module_offset");
        let standing = match self.dataset(&offset) {
            Ok(_) => self.placed(&offset)?,
            Err(_) => self.below(&fast)?,
        };
        Some(PanelPlace {
            name: self.text(&at("name")).unwrap_or_default(),
            origin_m: standing.translation,
            fast: direction(&fast)?,
            slow: direction(&slow)?,
            pixel_size_m: [self.quantity(&fast)?, self.quantity(&slow)?],
            shape: [width as usize, height as usize],
            first_row: first_row as usize,
        })
    }

    /// What the step at `path` and all below it come to, at the first of its values.
    fn placed(&self, path: &str) -> Option<DAffine3> {
        let chain = self.chain(path);
        let mut steps = chain.iter().rev().map(|step| self.step(step));
        steps.try_fold(DAffine3::IDENTITY, |sum, step| Some(sum * step?))
    }

    /// What all steps below the one at `path` come to.
    fn below(&self, path: &str) -> Option<DAffine3> {
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
        let offset = offset * offset_unit.map_or(Some(1.0), |unit| unit_in_si(&unit))?;
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
        let first = Some(path.to_string()).filter(|path| self.dataset(path).is_ok());
        let steps = std::iter::successors(first, |path| self.next(path));
        steps.take(LONGEST_CHAIN).collect()
    }

    /// The step that the one at `path` stands on; paths may be relative to its group.
    fn next(&self, path: &str) -> Option<String> {
        let next = self.attribute(path, "depends_on")?;
        let (group, _) = path.rsplit_once('/')?;
        (next != "." && !next.is_empty()).then(|| seen_from(group, &next))
    }

    fn attribute(&self, path: &str, name: &str) -> Option<String> {
        self.dataset(path).ok()?.attr(name).ok()?.read_string().ok()
    }

    fn vector(&self, path: &str, name: &str) -> Option<DVec3> {
        let attribute = self.dataset(path).ok()?.attr(name).ok()?;
        let floats = attribute.read_numeric_as::<f64>();
        let numbers = floats.or_else(|_| {
            let whole = attribute.read_numeric_as::<i64>()?;
            Ok::<_, Hdf5Error>(whole.into_iter().map(|number| number as f64).collect())
        });
        let three: [f64; 3] = numbers.ok()?.try_into().ok()?;
        Some(DVec3::from_array(three)).filter(|vector| vector.is_finite())
    }

    fn text(&self, path: &str) -> Option<String> {
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
    fn numbers(&self, path: &str) -> Option<Vec<f64>> {
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

    fn whole_numbers(&self, path: &str) -> Option<Vec<u32>> {
        self.small(path)?.read_numeric_as::<u32>().ok()
    }

    /// The first number at `path`, in SI units.
    fn quantity(&self, path: &str) -> Option<f64> {
        Some(*self.numbers(path)?.first()? * self.unit(path)?)
    }

    /// What a number at `path` is multiplied by to be in SI units.
    fn unit(&self, path: &str) -> Option<f64> {
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
fn seen_from(group: &str, path: &str) -> String {
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
fn unit_in_si(unit: &str) -> Option<f64> {
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
