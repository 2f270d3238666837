//! Logs of traces: lines `TRACE_C: name value…`, as instrumented copies of nanoBragg.c print them
//! and as this program does. All other lines are passed over.
//!
//! Between name and values stand blanks, a `=` or a `:`. Names are those of [`Name`] or those that
//! such copies are known to print; values are converted where the latter are in other units. Of a
//! name that is printed several times, once a sub-pixel or source, the first counts.

use std::collections::HashSet;
use std::path::Path;

use super::error::read_with;
use super::text::{quoted, text_lines, unmarked};
use super::{FormatError, Problem, c_number};
use crate::memory::Bytes;
use crate::trace::{Name, Trace};

/// What a log's lines start with.
const PREFIX: &str = "TRACE_C:";

/// What a log says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TraceLog {
    /// The quantities that are known here.
    pub trace: Trace,
    /// The names that are not, each once, in the log's order.
    pub unknown: Vec<String>,
    /// The names that were printed again with other values.
    pub repeated: Vec<String>,
}

/// Meaning of a value in a log.
#[derive(Clone, Copy)]
enum Meaning {
    /// The quantity itself.
    Same,
    /// The quantity once the value is multiplied by this factor.
    Times(f64),
    /// The quantity once the value is squared.
    Square,
    /// A scattering vector in 1/m although the name says 1/Å, as every known copy prints it; in 1/Å
    /// where the vector is too short for 1/m.
    ScatteringVector,
}

/// The names that instrumented copies of nanoBragg.c print, with ours.
const SYNONYMS: [(&str, Name, Meaning); 50] = [
    ("fdet_vec", Name::Fast, Meaning::Same),
    ("fdet_vector", Name::Fast, Meaning::Same),
    ("sdet_vec", Name::Slow, Meaning::Same),
    ("sdet_vector", Name::Slow, Meaning::Same),
    ("odet_vec", Name::Normal, Meaning::Same),
    ("odet_vector", Name::Normal, Meaning::Same),
    ("pix0_vector", Name::Origin, Meaning::Same),
    ("pix0_vector_meters", Name::Origin, Meaning::Same),
    ("pixel_pos", Name::Position, Meaning::Same),
    ("pixel_pos_meters", Name::Position, Meaning::Same),
    ("airpath", Name::Distance, Meaning::Same),
    ("airpath_m", Name::Distance, Meaning::Same),
    ("R_distance", Name::Distance, Meaning::Same),
    ("R_distance_meters", Name::Distance, Meaning::Same),
    ("omega_pixel", Name::SolidAngle, Meaning::Same),
    ("omega_pixel_sr", Name::SolidAngle, Meaning::Same),
    ("diffracted_vec", Name::Diffracted, Meaning::Same),
    ("incident_vec", Name::Incident, Meaning::Same),
    ("lambda_meters", Name::Wavelength, Meaning::Same),
    ("lambda_angstroms", Name::Wavelength, Meaning::Times(1e-10)),
    (
        "scattering_vec_m_inv",
        Name::ScatteringVector,
        Meaning::Same,
    ),
    (
        "scattering_vec_A_inv",
        Name::ScatteringVector,
        Meaning::ScatteringVector,
    ),
    ("polar", Name::Polarisation, Meaning::Same),
    ("rot_a_angstroms", Name::CellA, Meaning::Same),
    ("rot_b_angstroms", Name::CellB, Meaning::Same),
    ("rot_c_angstroms", Name::CellC, Meaning::Same),
    ("rot_a_meters", Name::CellA, Meaning::Times(1e10)),
    ("rot_b_meters", Name::CellB, Meaning::Times(1e10)),
    ("rot_c_meters", Name::CellC, Meaning::Times(1e10)),
    ("rot_a_star_A_inv", Name::AStar, Meaning::Same),
    ("rot_b_star_A_inv", Name::BStar, Meaning::Same),
    ("rot_c_star_A_inv", Name::CStar, Meaning::Same),
    ("hkl_frac", Name::Hkl, Meaning::Same),
    ("hkl_rounded", Name::Nearest, Meaning::Same),
    ("F_latt_a", Name::FLattA, Meaning::Same),
    ("F_latt_b", Name::FLattB, Meaning::Same),
    ("F_latt_c", Name::FLattC, Meaning::Same),
    ("F_latt", Name::FLatt, Meaning::Same),
    ("F_cell", Name::FCell, Meaning::Same),
    ("capture_fraction", Name::Absorbed, Meaning::Same),
    ("source_weight", Name::Weight, Meaning::Same),
    ("fluence_photons_per_m2", Name::Fluence, Meaning::Same),
    ("r_e_meters", Name::ElectronRadiusSquared, Meaning::Square),
    ("r_e_sqr", Name::ElectronRadiusSquared, Meaning::Same),
    ("I_before_scaling", Name::IntensitySum, Meaning::Same),
    ("I_pixel_final", Name::Photons, Meaning::Same),
    ("floatimage", Name::Photons, Meaning::Same),
    ("floatimage_accumulated", Name::Photons, Meaning::Same),
    ("final_intensity", Name::Photons, Meaning::Same),
    ("pixel_value", Name::Photons, Meaning::Same),
];

/// Reads the log at `path`.
///
/// # Errors
/// [`FormatError`], with the line to blame where there is one.
pub fn read(path: &Path, most: Bytes) -> Result<TraceLog, FormatError> {
    read_with(path, most, parse)
}

/// The quantities that `bytes` list.
///
/// # Errors
/// A [`Problem`] when a known name has another number of values than it should, or one that is no
/// number; and when there is no known name at all.
pub fn parse(bytes: &[u8]) -> Result<TraceLog, Problem> {
    // Other lines may hold anything: paths, say, in another encoding.
    let mut log = TraceLog::default();
    let mut unknown = HashSet::new();
    for (index, line) in text_lines(unmarked(bytes)).enumerate() {
        let line = String::from_utf8_lossy(line);
        if let Some(content) = line.trim().strip_prefix(PREFIX) {
            log.add(index + 1, content.trim(), &mut unknown)?;
        }
    }
    if log.trace.is_empty() {
        let names = if log.unknown.is_empty() {
            "no line that starts with TRACE_C:".to_string()
        } else {
            format!(
                "no name that is known here, but {}",
                shortened(&log.unknown)
            )
        };
        return Err(Problem::with_file(format!(
            "{names}; expected lines TRACE_C: name value…, as nanobragg trace --log prints them"
        )));
    }
    Ok(log)
}

/// `trace` as such a log.
pub fn encode(trace: &Trace) -> String {
    let mut text = String::new();
    for quantity in trace.iter() {
        text.push_str(&format!("{PREFIX} {}", quantity.name));
        for value in &quantity.values {
            text.push_str(&format!(" {value:e}"));
        }
        text.push('\n');
    }
    text
}

impl TraceLog {
    /// Adds what a line holds behind the prefix; `unknown` are the names that were seen already.
    fn add(
        &mut self,
        line: usize,
        content: &str,
        unknown: &mut HashSet<String>,
    ) -> Result<(), Problem> {
        let end = content
            .find(|c: char| c.is_whitespace() || c == '=' || c == ':')
            .unwrap_or(content.len());
        let (word, rest) = content.split_at(end);
        let rest = rest.trim_start();
        let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
        let Some((name, meaning)) = known(word) else {
            if !word.is_empty() && unknown.insert(word.to_string()) {
                self.unknown.push(word.to_string());
            }
            return Ok(());
        };
        let values = rest
            .split_whitespace()
            .map(|word| number(line, word))
            .collect::<Result<Vec<f64>, Problem>>()?;
        if values.len() != name.len() {
            let (found, expected) = (values.len(), name.len());
            return Err(Problem::on_line(
                line,
                format!("{found} value(s) for {word}; expected {expected}"),
            ));
        }
        let values = meaning.applied(values);
        match self.trace.get(name) {
            None => self.trace.put(name, values),
            Some(first) if alike(first, &values) => {}
            Some(_) if self.repeated.iter().any(|held| held == word) => {}
            Some(_) => self.repeated.push(word.to_string()),
        }
        Ok(())
    }
}

/// The quantity that `word` names, and how its values are to be understood.
fn known(word: &str) -> Option<(Name, Meaning)> {
    if let Some(name) = Name::parse(word) {
        return Some((name, Meaning::Same));
    }
    let found = SYNONYMS.iter().find(|(synonym, _, _)| *synonym == word);
    found.map(|&(_, name, meaning)| (name, meaning))
}

/// The number that `word` spells. One that is not finite is a finding, not a mistake.
fn number(line: usize, word: &str) -> Result<f64, Problem> {
    c_number::number(word)
        .ok_or_else(|| Problem::on_line(line, format!("{} is not a number", quoted(word))))
}

/// Whether values differ by no more than the rounding of float32, in which copies keep images.
fn alike(one: &[f64], other: &[f64]) -> bool {
    let mut pairs = one.iter().zip(other);
    pairs.all(|(one, other)| (one - other).abs() <= f64::from(f32::EPSILON) * one.abs())
}

/// The first few of `names`.
pub fn shortened<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    const SHOWN: usize = 5;
    let mut names = names.into_iter().map(|name| quoted(name));
    let shown: Vec<String> = names.by_ref().take(SHOWN).collect();
    let more = match names.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

impl Meaning {
    fn applied(self, values: Vec<f64>) -> Vec<f64> {
        /// Shorter than this in 1/m, it would be a direction 1e-7 rad from the beam's.
        const SHORTEST_PER_M: f64 = 1e3;
        let times = |factor: f64| values.iter().map(|value| value * factor).collect();
        match self {
            Meaning::Times(factor) => times(factor),
            Meaning::Square => values.iter().map(|value| value * value).collect(),
            Meaning::ScatteringVector if values.iter().all(|q| q.abs() < SHORTEST_PER_M) => {
                times(1e10)
            }
            Meaning::Same | Meaning::ScatteringVector => values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_understood_however_they_are_set_off() {
        let log = parse(
            b"some other line\nTRACE_C:pix0_vector=0.1 0.0258 -0.0258\nTRACE_C: lambda_angstroms: 6.2\n\
              TRACE_C: r_e_meters = 3e-15\n  TRACE_C: hkl 1 2 3\nTRACE_C:Rx=[1 0 0; 0 1 -0]\n",
        )
        .unwrap();
        assert_eq!(
            log.trace.get(Name::Origin),
            Some(&[0.1, 0.0258, -0.0258][..])
        );
        assert_eq!(log.trace.value(Name::Wavelength), Some(6.2 * 1e-10));
        assert_eq!(
            log.trace.value(Name::ElectronRadiusSquared),
            Some(3e-15 * 3e-15)
        );
        assert_eq!(log.trace.get(Name::Hkl), Some(&[1.0, 2.0, 3.0][..]));
        assert_eq!(log.unknown, ["Rx"]);
    }

    #[test]
    fn scattering_vectors_are_in_the_unit_that_their_length_tells() {
        let read = |line: &str| parse(line.as_bytes()).unwrap().trace;
        let metres = read("TRACE_C: scattering_vec_A_inv -75306335.75 -344421703.4 344421703.4");
        assert_eq!(metres.get(Name::ScatteringVector).unwrap()[0], -75306335.75);
        let angstrom = read("TRACE_C: scattering_vec_A_inv -0.0075 -0.034 0.034");
        assert_eq!(
            angstrom.get(Name::ScatteringVector).unwrap()[0],
            -0.0075 * 1e10
        );
    }

    #[test]
    fn the_first_of_several_counts() {
        let log = parse(b"TRACE_C: F_cell 1\nTRACE_C: F_cell 2\nTRACE_C: F_cell 3\n").unwrap();
        assert_eq!(log.trace.value(Name::FCell), Some(1.0));
        assert_eq!(log.repeated, ["F_cell"]);
    }

    #[test]
    fn mistakes_are_found_where_they_are() {
        let said = |text: &[u8]| parse(text).unwrap_err().to_string();
        assert!(said(b"\nTRACE_C: hkl 1 2 x").starts_with(", line 2: 'x' is not a number"));
        assert!(said(b"TRACE_C: hkl 1 2").starts_with(", line 1: 2 value(s) for hkl; expected 3"));
        assert!(said(b"TRACE_C: other 1").contains("'other'"));
        assert!(said(b"nothing").starts_with(": no line that starts with TRACE_C:"));
        assert!(parse(b"TRACE_C: hkl -nan inf -inf").is_ok());
    }

    #[test]
    fn synonyms_are_unique_and_none_is_a_name() {
        for (index, (synonym, _, _)) in SYNONYMS.iter().enumerate() {
            assert_eq!(Name::parse(synonym), None, "{synonym}");
            let later = &SYNONYMS[index + 1..];
            assert!(
                later.iter().all(|(other, _, _)| other != synonym),
                "{synonym}"
            );
        }
    }

    #[test]
    fn a_log_reads_as_it_was_written() {
        let mut trace = Trace::default();
        trace.put(Name::Hkl, [0.1, -1.0 / 3.0, 1e-300]);
        trace.put_one(Name::Photons, 42.0);
        assert_eq!(parse(encode(&trace).as_bytes()).unwrap().trace, trace);
    }
}
