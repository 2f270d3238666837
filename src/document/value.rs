//! Values of keys: what files and command lines say, whatever the key's type in Rust.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use crate::formats::c_number;

/// A value as files have it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Truth(bool),
    /// A whole number.
    Whole(i64),
    /// A number; it may be infinite.
    Number(f64),
    /// A word, a text or a path.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// A table: names and values, in order.
    Table(Vec<(String, Value)>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Truth(truth) => serializer.serialize_bool(*truth),
            Value::Whole(whole) => serializer.serialize_i64(*whole),
            // JSON has no infinite numbers.
            Value::Number(number) if number.is_infinite() => serializer.serialize_str("inf"),
            Value::Number(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(values) => serializer.collect_seq(values),
            Value::Table(entries) => serializer.collect_map(entries.iter().map(|(n, v)| (n, v))),
        }
    }
}

/// What one value of a key may be. Files and command lines share the range, and the words that
/// describe it in messages.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `true` or `false`.
    Truth,
    /// A number in a range.
    Number(&'static str, fn(f64) -> bool),
    /// A whole number from the first to the second.
    Whole(&'static str, i64, i64),
    /// A word or a text.
    Text,
    /// The name of a file.
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Either this word or a number.
    WordOrNumber(&'static str, &'static str),
    /// A slab of amorphous material.
    Slab,
}

const U32_MAX: i64 = u32::MAX as i64;
/// Any finite number.
pub const NUMBER: Kind = Kind::Number("a finite number", |_| true);
/// Above zero.
pub const POSITIVE: Kind = Kind::Number("a positive number", |value| value > 0.0);
/// Zero or above.
pub const NOT_NEGATIVE: Kind = Kind::Number("a number, zero or above", |value| value >= 0.0);
/// An angle of misorientation, degrees.
pub const MISORIENTATION: Kind = Kind::Number("a number of degrees from 0 to 360", |value| {
    (0.0..=360.0).contains(&value)
});
/// A Kahn polarisation factor.
pub const KAHN_FACTOR: Kind = Kind::Number("a number from -1 to 1", |value| {
    (-1.0..=1.0).contains(&value)
});
/// A percentage.
pub const PERCENT: Kind = Kind::Number("a percentage from 0 to 100", |value| {
    (0.0..=100.0).contains(&value)
});
/// An attenuation depth; `inf` switches absorption off.
pub const DEPTH: Kind = Kind::WordOrNumber("inf", "a number, zero or above, or inf");
/// Angles of a misorientation, or a random one.
pub const ANGLES: Kind = Kind::WordOrNumber("random", "three angles in degrees, or random");
/// Experiments of a list.
pub const EXPERIMENTS: Kind = Kind::WordOrNumber(
    "all",
    "the index of an experiment, a whole number from 0, or all",
);
/// A whole number above zero.
pub const COUNT: Kind = Kind::Whole("a whole number from 1 to 4294967295", 1, U32_MAX);
/// A number of unit cells; 0 stands for 1, as in the C program.
pub const CELLS: Kind = Kind::Number("a number from 1 to 4294967295, or 0 for 1", |value| {
    value == 0.0 || (1.0..=U32_MAX as f64).contains(&value)
});
/// A number of threads that a machine may have a use for.
pub const THREADS: Kind = Kind::Whole("a whole number from 1 to 1024", 1, 1024);
/// A pixel coordinate.
pub const COORDINATE: Kind = Kind::Whole("a pixel coordinate, a whole number from 0", 0, U32_MAX);
/// An index, counted from 0.
pub const INDEX: Kind = Kind::Whole("an index, a whole number from 0 to 4294967295", 0, U32_MAX);
/// Neighbours of a reflection along each index.
pub const NEIGHBOURS: Kind = Kind::Whole("a whole number from 0 to 10", 0, 10);
/// A standard deviation of directions, mrad, of at most a turn.
pub const DIVERGENCE: Kind = Kind::Number("a number of mrad from 0 to 6283", |value| {
    (0.0..=6283.0).contains(&value)
});
/// A displacement of atoms, Å.
pub const DISPLACEMENT: Kind = Kind::Number("a number from 0 to 100 Å", |value| {
    (0.0..=100.0).contains(&value)
});
/// A correlation length of displacements, Å.
pub const CORRELATION: Kind = Kind::Number("a number from 0.01 to 1e7 Å", |value| {
    (0.01..=1e7).contains(&value)
});
/// A B factor of the whole crystal, Å².
pub const B_FACTOR: Kind = Kind::Number("a number of Å² from -1000 to 1000", |value| {
    value.abs() <= 1000.0
});
/// A seed.
pub const SEED: Kind = Kind::Whole("a whole number", i64::MIN, i64::MAX);

impl Kind {
    /// What is accepted, in words.
    pub fn expected(&self) -> String {
        match self {
            Kind::Truth => "true or false".into(),
            Kind::Number(expected, _)
            | Kind::Whole(expected, ..)
            | Kind::WordOrNumber(_, expected) => (*expected).into(),
            Kind::Text => "a word in quotes, or a number".into(),
            Kind::Path => "the name of a file, in quotes".into(),
            Kind::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                format!("one of {}", words.join(", "))
            }
            Kind::Slab => "a table".into(),
        }
    }

    /// `value`, from a file, as a value of this kind; none if it is not accepted.
    pub fn of_value(&self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Kind::Number(..) | Kind::WordOrNumber(..), Value::Whole(whole)) => {
                self.of_value(&Value::Number(*whole as f64))
            }
            (Kind::Number(_, accepts), Value::Number(number)) => {
                (number.is_finite() && accepts(*number)).then(|| value.clone())
            }
            (Kind::Whole(_, least, most), Value::Whole(whole)) => {
                (least..=most).contains(&whole).then(|| value.clone())
            }
            (Kind::WordOrNumber("inf", _), Value::Number(number)) => {
                (*number >= 0.0).then(|| value.clone())
            }
            (Kind::WordOrNumber("inf", _), Value::Text(text)) => {
                let infinite = c_number::number(text) == Some(f64::INFINITY);
                infinite.then_some(Value::Number(f64::INFINITY))
            }
            (Kind::WordOrNumber(..), Value::Number(number)) => {
                number.is_finite().then(|| value.clone())
            }
            (Kind::WordOrNumber(word, _), Value::Text(text)) => {
                (text == word).then(|| value.clone())
            }
            (Kind::Text, Value::Whole(whole)) => Some(Value::Text(whole.to_string())),
            (Kind::Text, Value::Number(number)) => Some(Value::Text(format!("{number:?}"))),
            (Kind::Path, Value::Text(path)) => (!path.is_empty()).then(|| value.clone()),
            (Kind::Choice(_), Value::Whole(whole)) => {
                self.of_value(&Value::Text(whole.to_string()))
            }
            (Kind::Choice(words), Value::Text(word)) => {
                words.contains(&word.as_str()).then(|| value.clone())
            }
            (Kind::Truth, Value::Truth(_))
            | (Kind::Text, Value::Text(_))
            | (Kind::Slab, Value::Table(_)) => Some(value.clone()),
            _ => None,
        }
    }

    /// `word`, of a command line, as a value of this kind.
    ///
    /// # Errors
    /// `expected …`, with what is accepted.
    pub fn of_word(&self, word: &str) -> Result<Value, String> {
        let text = || Value::Text(word.into());
        let number = || c_number::number(word).map_or_else(text, Value::Number);
        let value = match self {
            Kind::Number(..) | Kind::WordOrNumber(..) => number(),
            Kind::Whole(..) => word.parse().map_or_else(|_| text(), Value::Whole),
            _ => text(),
        };
        self.of_value(&value)
            .ok_or_else(|| format!("expected {}", self.expected()))
    }

    /// The number that `word` stands for.
    ///
    /// # Errors
    /// As [`Kind::of_word`].
    pub fn number(&self, word: &str) -> Result<f64, String> {
        match self.of_word(word)? {
            Value::Number(number) => Ok(number),
            _ => Err(format!("expected {}", self.expected())),
        }
    }

    /// The whole number that `word` stands for.
    ///
    /// # Errors
    /// As [`Kind::of_word`], and where `T` has no room for the number.
    pub fn whole<T: TryFrom<i64>>(&self, word: &str) -> Result<T, String> {
        let whole = match self.of_word(word)? {
            Value::Whole(whole) => T::try_from(whole).ok(),
            _ => None,
        };
        whole.ok_or_else(|| format!("expected {}", self.expected()))
    }
}

/// How many values a key has, and how they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One value.
    One,
    /// An array of the first number of values to the second.
    Array(usize, usize),
    /// One value for all axes, an array of one for each, or a table with those of some.
    Axes(&'static [&'static str]),
    /// An array of as many values as there are things to say.
    Repeated,
}

impl Form {
    /// The values of `value`, which `kind` describes; what is accepted where they are not.
    ///
    /// # Errors
    /// What is accepted, in words.
    pub fn checked(&self, kind: &Kind, value: &Value) -> Result<Value, String> {
        let one = |value: &Value| kind.of_value(value).ok_or_else(|| kind.expected());
        let each = |values: &[Value]| {
            let values: Result<Vec<Value>, String> = values.iter().map(one).collect();
            values.map(Value::List)
        };
        match (self, value) {
            (Form::One, Value::List(_)) => Err("one value".into()),
            (Form::One, value) => one(value),
            (Form::Array(..), Value::Text(_)) if matches!(kind, Kind::WordOrNumber(..)) => {
                one(value)
            }
            (Form::Array(least, most), Value::List(values))
                if (*least..=*most).contains(&values.len()) =>
            {
                each(values)
            }
            (Form::Array(..), Value::List(_)) if matches!(kind, Kind::WordOrNumber(..)) => {
                Err(kind.expected())
            }
            (Form::Array(least, _), value) if *least <= 1 && !matches!(value, Value::List(_)) => {
                Ok(Value::List(vec![one(value)?]))
            }
            (Form::Array(least, usize::MAX), _) => {
                Err(format!("an array of {least} values or more"))
            }
            (Form::Array(least, most), _) if least == most => {
                Err(format!("an array of {most} values"))
            }
            (Form::Array(least, most), _) => Err(format!("an array of {least} to {most} values")),
            (Form::Axes(axes), Value::List(values)) if values.len() == axes.len() => each(values),
            (Form::Axes(axes), Value::List(_)) => {
                Err(format!("one value, or an array of {}", axes.len()))
            }
            (Form::Axes(axes), Value::Table(entries)) if entries.is_empty() => {
                Err(format!("a table of {}", axes.join(", ")))
            }
            (Form::Axes(axes), Value::Table(entries)) => {
                let known = |(axis, value): &(String, Value)| match axes.contains(&axis.as_str()) {
                    true => Ok((axis.clone(), one(value)?)),
                    false => Err(format!("a table of {}", axes.join(", "))),
                };
                let entries: Result<_, String> = entries.iter().map(known).collect();
                entries.map(Value::Table)
            }
            (Form::Axes(_), value) => one(value),
            (Form::Repeated, Value::List(values)) => each(values),
            (Form::Repeated, _) => Err("an array".into()),
        }
    }
}

/// A type that keys have in Rust.
pub trait Field: Sized {
    /// The field with a value that was checked; none if it is of another kind.
    fn of_value(value: Value) -> Option<Self>;
    /// The field as a value.
    fn to_value(&self) -> Value;
}

macro_rules! plain_fields {
    ($($type:ty = $variant:ident;)*) => {$(
        impl Field for $type {
            fn of_value(value: Value) -> Option<$type> {
                match value {
                    Value::$variant(own) => Some(own),
                    _ => None,
                }
            }

            fn to_value(&self) -> Value {
                Value::$variant(self.clone())
            }
        }
    )*};
}
plain_fields! { bool = Truth; f64 = Number; String = Text; }

macro_rules! whole_fields {
    ($($whole:ty)*) => {$(
        impl Field for $whole {
            fn of_value(value: Value) -> Option<$whole> {
                match value {
                    Value::Whole(whole) => whole.try_into().ok(),
                    _ => None,
                }
            }

            fn to_value(&self) -> Value {
                // Sizes of detectors are below 2³².
                i64::try_from(*self).map_or_else(|_| Value::Number(*self as f64), Value::Whole)
            }
        }
    )*};
}
whole_fields!(i64 u32 usize);

/// A number of unit cells, which is mostly whole and written so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cells(pub f64);

impl Field for Cells {
    fn of_value(value: Value) -> Option<Cells> {
        f64::of_value(value).map(Cells)
    }

    fn to_value(&self) -> Value {
        // Below 2³², as the key accepts.
        match self.0.fract() == 0.0 {
            true => Value::Whole(self.0 as i64),
            false => Value::Number(self.0),
        }
    }
}

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl Field for PathBuf {
    fn of_value(value: Value) -> Option<PathBuf> {
        String::of_value(value).map(PathBuf::from)
    }

    fn to_value(&self) -> Value {
        Value::Text(self.display().to_string())
    }
}

impl<T: Field> Field for Vec<T> {
    fn of_value(value: Value) -> Option<Vec<T>> {
        match value {
            Value::List(values) => values.into_iter().map(T::of_value).collect(),
            _ => None,
        }
    }

    fn to_value(&self) -> Value {
        Value::List(self.iter().map(T::to_value).collect())
    }
}

impl<T: Field, const N: usize> Field for [T; N] {
    fn of_value(value: Value) -> Option<[T; N]> {
        Vec::of_value(value)?.try_into().ok()
    }

    fn to_value(&self) -> Value {
        Value::List(self.iter().map(T::to_value).collect())
    }
}

/// Values of the axes of a crystal (a, b, c) or of a detector (fast, slow); of some, maybe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axes<T, const N: usize>(pub [Option<T>; N]);

/// Names of a crystal's axes.
pub const CELL_AXES: [&str; 3] = ["a", "b", "c"];
/// Names of a detector's axes.
pub const DETECTOR_AXES: [&str; 2] = ["fast", "slow"];

/// The names of `count` axes.
fn axis_names(count: usize) -> &'static [&'static str] {
    match count {
        3 => &CELL_AXES,
        _ => &DETECTOR_AXES,
    }
}

impl<T: Copy, const N: usize> Axes<T, N> {
    /// One value for all axes.
    pub fn all(value: T) -> Axes<T, N> {
        Axes([Some(value); N])
    }
}

impl<T: Field + Copy + PartialEq, const N: usize> Field for Axes<T, N> {
    fn of_value(value: Value) -> Option<Axes<T, N>> {
        match value {
            Value::List(values) => {
                let values: [T; N] = Field::of_value(Value::List(values))?;
                Some(Axes(values.map(Some)))
            }
            Value::Table(entries) => {
                let mut axes = Axes([None; N]);
                for (name, value) in entries {
                    let axis = axis_names(N).iter().position(|own| *own == name)?;
                    *axes.0.get_mut(axis)? = Some(T::of_value(value)?);
                }
                Some(axes)
            }
            value => T::of_value(value).map(Axes::all),
        }
    }

    fn to_value(&self) -> Value {
        let given: Vec<T> = self.0.into_iter().flatten().collect();
        match given[..] {
            [first, ref others @ ..] if given.len() == N => {
                match others.iter().all(|other| *other == first) {
                    true => first.to_value(),
                    false => given.to_value(),
                }
            }
            _ => {
                let named = axis_names(N).iter().zip(self.0);
                let named = named.filter_map(|(name, value)| Some((*name, value?)));
                Value::Table(
                    named
                        .map(|(n, value)| (n.to_string(), value.to_value()))
                        .collect(),
                )
            }
        }
    }
}
