//! Types of keys beside numbers and texts: words that choose, misorientations, slabs.

use std::path::PathBuf;

use super::value::{Field, Kind, NOT_NEGATIVE, POSITIVE, Value};
use crate::experiment::{Convention, LayerDepth, PhiSampling, Pivot, Shape, SpotMetric};
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

    /// The value for `word`, if it is one of the words.
    fn of_word(word: &str) -> Option<Self> {
        let place = Self::WORDS.iter().position(|own| *own == word)?;
        Self::VALUES.get(place).copied()
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
                Self::of_word(&word)
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
    /// Directions inside an ellipse.
    Round,
    /// All directions of the rectangle.
    Square,
}

/// How the misorientations of mosaic domains are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MosaicDistribution {
    /// Up to the spread, as in the C program.
    Cap,
    /// The angle normal, with the spread as its sigma.
    Gaussian,
    /// The rotation about each axis normal, with the spread as its sigma.
    Normal,
    /// The angle normal with the radius of an ellipsoid as its sigma.
    Ellipsoid,
}

/// A Laue group: by name, or from the symmetry that a file of the crystal says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Symmetry {
    /// The group that the file says.
    #[default]
    File,
    /// −1.
    Triclinic,
    /// 2/m, with its axis along b if that fits the cell, else c or a.
    Monoclinic,
    /// mmm.
    Orthorhombic,
    /// 4/m.
    Tetragonal,
    /// 4/mmm.
    TetragonalWithAxes,
    /// −3.
    Trigonal,
    /// −3m of hexagonal axes with mirrors across a and b, −3m1, or of rhombohedral axes.
    TrigonalWithAxes,
    /// −3m1, the same.
    TrigonalAlong,
    /// −31m, with mirrors between a and b.
    TrigonalBetween,
    /// 6/m.
    Hexagonal,
    /// 6/mmm.
    HexagonalWithAxes,
    /// m−3.
    Cubic,
    /// m−3m.
    CubicWithAxes,
}

/// How the experiment in an image file names input files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RecordPaths {
    /// As they were given.
    #[default]
    Full,
    /// From the folder that the program ran in; of files outside of it, the name alone.
    Relative,
    /// Not at all: there is no experiment in the file.
    None,
}

choices! {
    RecordPaths { "full" = Full, "relative" = Relative, "none" = None }
    Shape { "square" = Square, "round" = Round, "gauss" = Gauss, "tophat" = TopHat }
    PhiSampling { "start" = Start, "middle" = Middle }
    LayerDepth { "front" = Front, "mean" = Mean }
    Symmetry {
        "file" = File, "-1" = Triclinic, "2/m" = Monoclinic, "mmm" = Orthorhombic,
        "4/m" = Tetragonal, "4/mmm" = TetragonalWithAxes, "-3" = Trigonal,
        "-3m" = TrigonalWithAxes, "-3m1" = TrigonalAlong, "-31m" = TrigonalBetween,
        "6/m" = Hexagonal, "6/mmm" = HexagonalWithAxes, "m-3" = Cubic, "m-3m" = CubicWithAxes
    }
    SpotMetric { "reciprocal" = Reciprocal, "hkl" = Index }
    MosaicDistribution {
        "cap" = Cap, "gaussian" = Gaussian, "normal" = Normal, "ellipsoid" = Ellipsoid
    }
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

/// Which experiments of a list are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Experiments {
    /// One, from 0.
    One(u32),
    /// All of them into one image, which has the photons of every crystal.
    All,
}

impl Field for Experiments {
    fn of_value(value: Value) -> Option<Experiments> {
        match value {
            Value::Text(word) => (word == "all").then_some(Experiments::All),
            Value::Number(index) if index.fract() == 0.0 => {
                let fits = (0.0..=f64::from(u32::MAX)).contains(&index);
                fits.then_some(Experiments::One(index as u32))
            }
            whole => Field::of_value(whole).map(Experiments::One),
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Experiments::All => Value::Text("all".into()),
            Experiments::One(index) => Value::Whole((*index).into()),
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

impl SlabKeys {
    /// The slab that these entries tell of.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn checked(entries: &[(String, Value)]) -> Result<SlabKeys, String> {
        let unknown = |(own, _): &&(String, Value)| SLAB.iter().all(|(name, _)| name != own);
        if let Some((unknown, _)) = entries.iter().find(unknown) {
            let known = SLAB.map(|(name, _)| name).join(", ");
            return Err(format!("{unknown}: no such key; there are {known}"));
        }
        let given = |place: usize| entries.iter().find(|(own, _)| own == SLAB[place].0);
        Ok(SlabKeys {
            file: part(0, given(0))?,
            thickness_mm: part(1, given(1))?,
            density_g_per_cm3: part(2, given(2))?,
            molar_mass_g_per_mol: part(3, given(3))?,
            against: given(4).map(|against| part(4, Some(against))).transpose()?,
        })
    }
}

/// What a slab's entry at `place` of [`SLAB`] holds.
fn part<T: Field>(place: usize, entry: Option<&(String, Value)>) -> Result<T, String> {
    let (name, kind) = &SLAB[place];
    let (_, value) = entry.ok_or_else(|| format!("{name} is missing"))?;
    let checked = kind.of_value(value).and_then(T::of_value);
    checked.ok_or_else(|| {
        let (value, expected) = (super::toml_text::value(value), kind.expected());
        format!("{name} = {value}: expected {expected}")
    })
}

impl Field for SlabKeys {
    fn of_value(value: Value) -> Option<SlabKeys> {
        match value {
            Value::Table(entries) => SlabKeys::checked(&entries).ok(),
            _ => None,
        }
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
