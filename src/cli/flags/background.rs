//! Flags of what scatters beside the crystal.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgAction, Args};

use super::super::{CliError, values};
use crate::experiment::{Background, Slab};
use crate::formats::profile_table::{self, Abscissa};
use crate::physics::scattering_profile::overshoot;

#[derive(Args)]
#[command(next_help_heading = "Background")]
pub struct BackgroundFlags {
    /// Thickness of water for the C program's flat background, µm [default: 0]
    #[arg(long, value_name = "UM", value_parser = values::not_negative)]
    water: Option<f64>,
    /// A slab of amorphous material in the beam: a table of sin θ/λ (1/Å) and F (electrons), and its
    /// thickness in mm, density in g/cm³ and molar mass in g/mol; x=4stol or x=Q for tables against
    /// 4 sin θ/λ or 4π sin θ/λ. May be given several times
    #[arg(long, action = ArgAction::Append, value_parser = SlabWords::parse,
          value_name = "FILE,thickness=MM,density=G_CM3,mw=G_MOL[,x=stol]")]
    background: Vec<SlabWords>,
}

/// Id of the flag that counts every time it is given, and its spelling.
pub const REPEATABLE: &str = "background";

/// A slab as the command line has it.
#[derive(Debug, Clone, PartialEq)]
struct SlabWords {
    file: PathBuf,
    abscissa: Abscissa,
    thickness_mm: f64,
    density_g_per_cm3: f64,
    molar_mass_g: f64,
}

/// The file of a slab, and its settings: names and values.
pub fn slab_settings(word: &str) -> (String, Vec<(&str, &str)>) {
    let mut parts: Vec<&str> = word.split(',').collect();
    // A file's name may hold a comma: what follows the settings is looked at from the end.
    let settings = parts.iter().rposition(|part| !part.contains('='));
    let settings = parts.split_off(settings.map_or(0, |last| last + 1));
    let pairs = settings
        .into_iter()
        .map(|setting| setting.split_once('=').unwrap_or((setting, "")));
    (parts.join(","), pairs.collect())
}

impl SlabWords {
    /// `FILE,thickness=MM,density=G_CM3,mw=G_MOL`, and `x=` what the table's first column holds.
    fn parse(word: &str) -> Result<SlabWords, String> {
        const EXPECTED: &str = "expected FILE,thickness=MM,density=G_CM3,mw=G_MOL";
        let (file, settings) = slab_settings(word);
        if file.is_empty() {
            return Err(format!("{EXPECTED}; it names no file"));
        }
        let (mut thickness, mut density, mut mass) = (None, None, None);
        let mut abscissa = Abscissa::default();
        for (key, value) in settings {
            let blame = |error: String| format!("{key}={value}: {error}");
            match key {
                "thickness" => thickness = Some(values::not_negative(value).map_err(blame)?),
                "density" => density = Some(values::not_negative(value).map_err(blame)?),
                "mw" => mass = Some(values::positive(value).map_err(blame)?),
                "x" => {
                    abscissa = match value {
                        "stol" => Abscissa::Stol,
                        "4stol" => Abscissa::FourStol,
                        "Q" => Abscissa::Q,
                        _ => return Err(format!("x={value}: expected stol, 4stol or Q")),
                    };
                }
                _ => {
                    let known = "thickness, density, mw and x";
                    return Err(format!("{key}: no such setting; there are {known}"));
                }
            }
        }
        let missing = |key| format!("{EXPECTED}; {key} is missing");
        Ok(SlabWords {
            file: file.into(),
            abscissa,
            thickness_mm: thickness.ok_or_else(|| missing("thickness"))?,
            density_g_per_cm3: density.ok_or_else(|| missing("density"))?,
            molar_mass_g: mass.ok_or_else(|| missing("mw"))?,
        })
    }

    fn slab(&self) -> Result<Slab, CliError> {
        Ok(Slab {
            name: self.file.display().to_string(),
            profile: Arc::new(profile_table::read(
                &self.file,
                self.abscissa,
                crate::cli::limit::file_limit(),
            )?),
            thickness_m: self.thickness_mm * 1e-3,
            density_kg_per_m3: self.density_g_per_cm3 * 1e3,
            molar_mass_kg: self.molar_mass_g * 1e-3,
        })
    }
}

impl SlabWords {
    /// A line where there is nothing of the material.
    fn idle(&self) -> Option<String> {
        let none = [
            ("thickness", self.thickness_mm),
            ("density", self.density_g_per_cm3),
        ];
        let (what, _) = none.into_iter().find(|(_, value)| *value == 0.0)?;
        let file = self.file.display();
        Some(format!(
            "--background {file} has no effect: its {what} is 0"
        ))
    }

    /// A line where the table is too uneven for cubics.
    fn overshoot(&self, slab: &Slab) -> Option<String> {
        let (stol, f) = overshoot(&slab.profile)?;
        Some(format!(
            "--background {}: between its entries the table's F reaches {f:.4} at sin θ/λ = {stol:.4} \
             1/Å, far beyond them; cubics need evenly spaced entries",
            self.file.display()
        ))
    }
}

impl BackgroundFlags {
    /// What scatters beside the crystal, in a beam of this size.
    pub fn background(
        &self,
        beam_size_m: f64,
        inputs: &mut Vec<PathBuf>,
        notices: &mut Vec<String>,
    ) -> Result<Background, CliError> {
        inputs.extend(self.background.iter().map(|words| words.file.clone()));
        for words in &self.background {
            notices.extend(words.idle());
        }
        let slabs = self.background.iter().map(|words| {
            let slab = words.slab()?;
            notices.extend(words.overshoot(&slab));
            Ok(slab)
        });
        let slabs = slabs.collect::<Result<_, CliError>>()?;
        Ok(Background {
            water_m: self.water.unwrap_or(0.0) * 1e-6,
            slabs,
            beam_size_m,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slab_is_a_file_and_its_settings() {
        let found = SlabWords::parse("a,b.txt,thickness=0.5,mw=18,density=1.1,x=Q").unwrap();
        let expected = SlabWords {
            file: "a,b.txt".into(),
            abscissa: Abscissa::Q,
            thickness_mm: 0.5,
            density_g_per_cm3: 1.1,
            molar_mass_g: 18.0,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_wrong_with_a_slab_is_named() {
        let said = |word| SlabWords::parse(word).unwrap_err();
        assert!(said("thickness=1").contains("names no file"));
        assert!(said("f,thickness=1,density=1").contains("mw is missing"));
        assert!(said("f,thickness=-1,density=1,mw=1").starts_with("thickness=-1: expected"));
        assert!(said("f,thickness=1,density=1,mw=0").starts_with("mw=0: expected a positive"));
        assert!(said("f,depth=1").starts_with("depth: no such setting"));
        assert!(said("f,thickness=1,density=1,mw=1,x=q").starts_with("x=q: expected stol"));
    }
}
