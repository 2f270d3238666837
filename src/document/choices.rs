//! Types of keys beside numbers and texts: words that choose, misorientations, slabs.

use std::path::PathBuf;

use super::value::{Field, Kind, NOT_NEGATIVE, POSITIVE, Value};
use crate::experiment::{Convention, Pivot, Shape, SpotMetric};
use crate::formats::encoding::Compression;
use crate::formats::encoding::Number;
use crate::formats::png::{Colormap, Depth};
use crate::formats::profile_table::Abscissa;
use crate::image::ToneScale;
use crate::image::noise::SpreadShape;

/// A type whose values have words.
pub trait Choice: Sized + Copy + PartialEq + 'static {
    /// The words.
    const WORDS: &'static [&'static str];
    /// The values, in the order of their words.
    const VALUES: &'static [Self];

    /// The word for this value.
    fn word(&self) -> &'static str {
        let place = Self::VALUES.iter().position(|value| value == self);
        place.map_or("", |place| Self::WORDS[place])
    }
}

macro_rules! choices {
    ($($name:ty { $($word:literal = $value:ident),* })*) => {$(
        impl Choice for $name {
            const WORDS: &'static [&'static str] = &[$($word),*];
            const VALUES: &'static [Self] = &[$(<$name>::$value),*];
        }

        impl Field for $name {
            fn of_value(value: Value) -> Option<Self> {
                let word = match value {
                    Value::Whole(whole) => whole.to_string(),
                    other => String::of_value(other)?,
                };
                let place = Self::WORDS.iter().position(|own| *own == word)?;
                Self::VALUES.get(place).copied()
            }

            fn to_value(&self) -> Value {
                let word = self.word();
                word.parse().map_or_else(|_| Value::Text(word.into()), Value::Whole)
            }
        }
    )*};
}

/// Which directions of a grid are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DivergenceShape {
    /// Those inside an ellipse.
    Round,
    /// All.
    Square,
}

/// How the misorientations of mosaic domains are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MosaicDistribution {
    /// Up to the spread, as in the C program.
    Cap,
    /// Normal, with the spread as its sigma.
    Gaussian,
}

choices! {
    Shape { "square" = Square, "round" = Round, "gauss" = Gauss, "tophat" = TopHat }
    SpotMetric { "reciprocal" = Reciprocal, "hkl" = Index }
    MosaicDistribution { "cap" = Cap, "gaussian" = Gaussian }
    DivergenceShape { "round" = Round, "square" = Square }
    Convention { "mosflm" = Mosflm, "xds" = Xds, "adxv" = Adxv, "denzo" = Denzo, "dials" = Dials }
    Pivot { "beam" = Beam, "sample" = Sample }
    SpreadShape { "gauss" = Gauss, "fiber" = Fiber }
    Number { "f32" = F32, "u16" = U16, "u32" = U32, "i32" = I32 }
    Compression { "gzip" = Gzip, "bslz4" = BitshuffleLz4, "none" = None }
    ToneScale { "linear" = Linear, "log" = Log, "sqrt" = Sqrt }
    Depth { "8" = Eight, "16" = Sixteen }
    Colormap { "grey" = Grey, "viridis" = Viridis, "inferno" = Inferno }
    Abscissa { "stol" = Stol, "4stol" = FourStol, "Q" = Q }
}

/// How the crystal is turned at φ = 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Misset {
    /// By a random rotation.
    Random,
    /// By these angles about x, y and z, degrees.
    Angles([f64; 3]),
}

impl Field for Misset {
    fn of_value(value: Value) -> Option<Misset> {
        match value {
            Value::Text(word) => (word == "random").then_some(Misset::Random),
            value => Field::of_value(value).map(Misset::Angles),
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Misset::Random => Value::Text("random".into()),
            Misset::Angles(angles) => angles.to_value(),
        }
    }
}

/// A slab of amorphous material in the beam.
#[derive(Debug, Clone, PartialEq)]
pub struct SlabKeys {
    /// The table of F.
    pub file: PathBuf,
    /// Thickness along the beam, mm.
    pub thickness_mm: f64,
    /// Density, g/cm³.
    pub density_g_per_cm3: f64,
    /// Molar mass, g/mol.
    pub molar_mass_g_per_mol: f64,
    /// What the table's first column holds; sin θ/λ by default.
    pub against: Option<Abscissa>,
}

/// Names of a slab's keys, with their kinds; all but the last have to be given.
pub const SLAB: [(&str, Kind); 5] = [
    ("file", Kind::Path),
    ("thickness_mm", NOT_NEGATIVE),
    ("density_g_per_cm3", NOT_NEGATIVE),
    ("molar_mass_g_per_mol", POSITIVE),
    ("against", Kind::Choice(Abscissa::WORDS)),
];

/// The entries of a slab, checked.
///
/// # Errors
/// What is wrong with them.
pub fn checked_slab(entries: &[(String, Value)]) -> Result<Value, String> {
    let find = |name: &str| entries.iter().find(|(own, _)| own == name);
    if let Some((unknown, _)) = entries
        .iter()
        .find(|(own, _)| !SLAB.iter().any(|(n, _)| n == own))
    {
        let known: Vec<&str> = SLAB.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "{unknown}: no such key; there are {}",
            known.join(", ")
        ));
    }
    let mut checked = Vec::new();
    for (name, kind) in &SLAB {
        match find(name) {
            None if *name == "against" => {}
            None => return Err(format!("{name} is missing")),
            Some((_, value)) => {
                let value = kind.of_value(value).ok_or_else(|| {
                    format!(
                        "{name} = {}: expected {}",
                        super::toml_text::value(value),
                        kind.expected()
                    )
                })?;
                checked.push(((*name).to_string(), value));
            }
        }
    }
    Ok(Value::Table(checked))
}

impl Field for SlabKeys {
    fn of_value(value: Value) -> Option<SlabKeys> {
        let Value::Table(entries) = value else {
            return None;
        };
        let find = |name: &str| {
            let found = entries.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| value.clone())
        };
        Some(SlabKeys {
            file: PathBuf::of_value(find("file")?)?,
            thickness_mm: f64::of_value(find("thickness_mm")?)?,
            density_g_per_cm3: f64::of_value(find("density_g_per_cm3")?)?,
            molar_mass_g_per_mol: f64::of_value(find("molar_mass_g_per_mol")?)?,
            against: find("against").and_then(Abscissa::of_value),
        })
    }

    fn to_value(&self) -> Value {
        let values = [
            Some(self.file.to_value()),
            Some(self.thickness_mm.to_value()),
            Some(self.density_g_per_cm3.to_value()),
            Some(self.molar_mass_g_per_mol.to_value()),
            self.against.map(|against| against.to_value()),
        ];
        let entries = SLAB.iter().zip(values);
        let entries = entries.filter_map(|((name, _), value)| Some((name.to_string(), value?)));
        Value::Table(entries.collect())
    }
}
