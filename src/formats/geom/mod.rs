//! Geometry files of CrystFEL (`.geom`, text).
//!
//! Theory: x, y and z of the laboratory are metres with z along the beam and y up. A panel's corner
//! is at (corner_x, corner_y) pixels and z = clen + coffset; a pixel on along its fast axis is the
//! vector fs, in pixels, away. The file's values without a panel's name stand for panels that are
//! first mentioned further down. The facts are those of the manual page crystfel_geometry(5) of
//! CrystFEL 0.9 to 0.11.
//!
//! Practice: what says where in a data file pixels, masks and peaks stand is nothing to us. The
//! format has no sensors, no crystal and no polarisation: X-rays are polarised along x, if at all,
//! and the spindle is x, as at most synchrotrons.

mod bad;
mod panel;
mod value;
mod write;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use glam::DVec3;

use super::error::read_with;
use super::geometry::{Geometry, LONGEST_NAME, MOST_PANELS, stacked};
use super::text::{as_text, quoted};
use super::{FormatError, Problem};
use crate::experiment::photon_energy_to_wavelength;
use crate::memory::Bytes;
use bad::BadRegion;
use panel::{Draft, LENGTHS};
use value::Quantity;
pub use write::text;

/// Keys that are about data files and their processing, or how they start.
const OF_DATA: [&str; 14] = [
    "data",
    "mask",
    "dim",
    "adu_per_",
    "max_adu",
    "peak_",
    "flag_",
    "saturation_map",
    "badrow_direction",
    "integr_radius",
    "rail_direction",
    "clen_for_centering",
    "group",
    "rigid_group",
];

/// Names of unknown keys that a notice lists.
const LISTED: usize = 5;

/// Reads the geometry of the file at `path`, with panels at `clen_m` where that is given.
///
/// # Errors
/// [`FormatError`], naming the line, the panel and the key.
pub fn read(path: &Path, clen_m: Option<f64>, most: Bytes) -> Result<Geometry, FormatError> {
    read_with(path, most, |bytes| parse(bytes, clen_m, most))
}

/// The geometry that `bytes` spell, with panels at `clen_m` where that is given.
///
/// # Errors
/// A [`Problem`] when they are no text of `key = value` lines, when a value is none of its key, or
/// a key of a panel is missing.
pub fn parse(bytes: &[u8], clen_m: Option<f64>, most: Bytes) -> Result<Geometry, Problem> {
    let expected = "a CrystFEL geometry file, lines of key = value";
    let text =
        as_text(bytes).map_err(|_| Problem::with_file(format!("not text; expected {expected}")))?;
    let mut file = File::default();
    for (index, line) in text.lines().enumerate() {
        let content = line
            .split_once(';')
            .map_or(line, |(content, _)| content)
            .trim();
        if content.is_empty() {
            continue;
        }
        let Some((key, value)) = content.split_once('=') else {
            return Err(Problem::on_line(
                index + 1,
                format!("{}; expected {expected}", quoted(content)),
            ));
        };
        file.set(index + 1, key.trim(), value.trim())?;
    }
    file.geometry(clen_m, most)
}

/// The content of a geometry file that was read so far.
#[derive(Default)]
struct File {
    defaults: Draft,
    panels: Named<Draft>,
    regions: Named<BadRegion>,
    wavelength: Option<Quantity>,
    shift: [Option<Quantity>; 2],
    unknown: BTreeSet<String>,
    notices: BTreeSet<&'static str>,
}

/// Things in the order in which they are first mentioned.
struct Named<T> {
    things: Vec<T>,
    places: HashMap<String, usize>,
}

impl<T> Default for Named<T> {
    fn default() -> Named<T> {
        Named {
            things: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<T> Named<T> {
    /// The thing called `name`, made where it was not mentioned before.
    fn named(
        &mut self,
        line: usize,
        name: &str,
        make: impl FnOnce() -> T,
    ) -> Result<&mut T, Problem> {
        if name.len() > LONGEST_NAME {
            let what = format!(
                "the name {}; expected one of at most {LONGEST_NAME} bytes",
                quoted(name)
            );
            return Err(Problem::on_line(line, what));
        }
        let next = self.things.len();
        let place = *self.places.entry(name.to_string()).or_insert(next);
        if place == MOST_PANELS {
            let what = format!("more than {MOST_PANELS} panels or bad regions");
            return Err(Problem::on_line(line, what));
        }
        if place == next {
            self.things.push(make());
        }
        Ok(&mut self.things[place])
    }
}

impl File {
    fn set(&mut self, line: usize, key: &str, text: &str) -> Result<(), Problem> {
        let Some((name, key)) = key.split_once('/') else {
            return self.set_default(line, key, text);
        };
        let is_known = if name.starts_with("bad") {
            let region = self.regions.named(line, name, || BadRegion::new(name))?;
            region.set(line, key, text)?
        } else {
            let defaults = &self.defaults;
            let panel = self.panels.named(line, name, || defaults.named(name))?;
            panel
                .set(line, key, text)
                .map_err(|problem| on_panel(name, problem))?
        };
        if !is_known {
            self.unknown(key);
        }
        Ok(())
    }

    /// Takes up a value of the whole file, or of panels to come.
    fn set_default(&mut self, line: usize, key: &str, text: &str) -> Result<(), Problem> {
        match key {
            "photon_energy" => {
                let energy = Quantity::parse(line, key, text, &[("eV", 1.0), ("keV", 1e3)])?;
                self.wavelength = Some(match energy {
                    Quantity::Number(ev) if ev <= 0.0 => {
                        let what = format!("key {key}: {text}; expected a positive number of eV");
                        return Err(Problem::on_line(line, what));
                    }
                    Quantity::Number(ev) => Quantity::Number(photon_energy_to_wavelength(ev)),
                    elsewhere => elsewhere,
                });
            }
            "wavelength" => {
                let units = [("m", 1.0), ("A", 1e-10)];
                let wavelength = Quantity::parse(line, key, text, &units)?;
                if matches!(wavelength, Quantity::Number(metres) if metres <= 0.0) {
                    let what = format!("key {key}: {text}; expected a positive length");
                    return Err(Problem::on_line(line, what));
                }
                self.wavelength = Some(wavelength);
            }
            "electron_voltage" => {
                let what = "key electron_voltage: electrons are not simulated, only X-rays";
                return Err(Problem::on_line(line, what));
            }
            "bandwidth" | "photon_energy_bandwidth" => {
                self.notices
                    .insert("its bandwidth is not minded: give -dispersion");
            }
            "detector_shift_x" => self.shift[0] = Some(Quantity::parse(line, key, text, &LENGTHS)?),
            "detector_shift_y" => self.shift[1] = Some(Quantity::parse(line, key, text, &LENGTHS)?),
            _ if self.defaults.set(line, key, text)? => {}
            _ => self.unknown(key),
        }
        Ok(())
    }

    fn unknown(&mut self, key: &str) {
        if key.starts_with("mask") {
            self.notices
                .insert("masks in data files are not read: give -mask");
        }
        if !OF_DATA.iter().any(|start| key.starts_with(start)) && self.unknown.len() <= LISTED {
            self.unknown.insert(quoted(key));
        }
    }

    fn geometry(mut self, clen_m: Option<f64>, most: Bytes) -> Result<Geometry, Problem> {
        if self.panels.things.is_empty() {
            let what = "no panels; expected lines of panel/key = value";
            return Err(Problem::with_file(what));
        }
        self.panels.things.iter().try_for_each(Draft::check)?;
        for region in &self.regions.things {
            region.check(|name| self.panels.places.contains_key(name))?;
        }
        let mut shift_m = [0.0; 2];
        for (shift, metres) in self.shift.into_iter().zip(&mut shift_m) {
            match shift {
                None => {}
                Some(Quantity::Number(given)) => *metres = given,
                Some(Quantity::Elsewhere(line)) => {
                    let what =
                        "the detector's shift stands in a data file; write a number of metres";
                    return Err(Problem::on_line(line, what));
                }
            }
        }
        let mut panels = Vec::with_capacity(self.panels.things.len());
        for draft in &self.panels.things {
            let clen_m = clen_m.map_or_else(|| clen(draft, self.defaults.clen), Ok)?;
            panels.push(draft.panel(clen_m, shift_m));
        }
        let regions = &self.regions.things;
        let holes = self.panels.things.iter().map(|draft| {
            let bad = regions.iter().flat_map(|region| region.holes(draft));
            draft.edges().chain(bad)
        });
        stacked(&mut panels, holes, most)?;
        if self.panels.things.iter().any(|panel| panel.no_index) {
            self.notices
                .insert("panels with no_index are rendered as the others are");
        }
        let mut notices: Vec<String> = self.notices.iter().map(ToString::to_string).collect();
        if !self.unknown.is_empty() {
            let more = if self.unknown.len() > LISTED {
                " and others"
            } else {
                ""
            };
            let listed: Vec<&str> = self
                .unknown
                .iter()
                .take(LISTED)
                .map(String::as_str)
                .collect();
            notices.push(format!(
                "keys that are not known here: {}{more}",
                listed.join(", ")
            ));
        }
        Ok(Geometry {
            experiments: 1,
            panels,
            beam: DVec3::Z,
            polarisation: DVec3::X,
            kahn_factor: None,
            wavelength_m: match self.wavelength {
                Some(Quantity::Number(metres)) => Some(metres),
                _ => None,
            },
            spindle: DVec3::X,
            oscillation_rad: None,
            cell: None,
            notices,
        })
    }
}

/// Where a panel stands along the beam, coffset aside, m.
fn clen(panel: &Draft, default: Option<Quantity>) -> Result<f64, Problem> {
    let name = &panel.name;
    match panel.clen.or(default) {
        Some(Quantity::Number(metres)) => Ok(metres),
        Some(Quantity::Elsewhere(line)) => Err(Problem::on_line(
            line,
            format!(
                "panel {name:?}: key clen stands in a data file; write a number of metres, or give --clen"
            ),
        )),
        None => Err(Problem::with_file(format!(
            "panel {name:?}: key clen is missing; expected a number of metres, or --clen"
        ))),
    }
}

/// `problem`, of the panel with this name.
fn on_panel(name: &str, problem: Problem) -> Problem {
    Problem {
        what: format!("panel {name:?}: {}", problem.what),
        ..problem
    }
}

#[cfg(test)]
mod tests;
