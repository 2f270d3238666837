//! Values of a JSON file that know where they are: what is wrong with one is said with its line,
//! the model it belongs to and its key. Only what is asked for is taken out of the text, so a file
//! needs no more memory than a few times its own.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

use glam::{DMat3, DVec3};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::Problem;
use super::super::json::problem;
use super::super::text::quoted;

/// The most values of one list that are told apart.
const MOST: usize = 1_000_000;

/// A value.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    file: &'a str,
    text: &'a str,
    /// The model it belongs to, as messages name it.
    pub model: Rc<str>,
    /// The value's key in its object.
    key: &'static str,
}

/// An object, of which some keys were asked for.
pub struct Object<'a, const N: usize> {
    node: Node<'a>,
    keys: [&'static str; N],
    values: [Option<&'a RawValue>; N],
}

impl<'a> Node<'a> {
    /// The whole of a file, of which messages speak as `model`.
    pub fn root(file: &'a str, model: &str, expected: &str) -> Result<Node<'a>, Problem> {
        let value: &RawValue =
            serde_json::from_str(file).map_err(|error| problem(&error, expected))?;
        Ok(Node {
            file,
            text: value.get(),
            model: model.into(),
            key: "",
        })
    }

    /// The value, named in messages as a value of another model.
    pub fn named(self, model: impl Into<Rc<str>>) -> Node<'a> {
        let (model, key) = (model.into(), "");
        Node { model, key, ..self }
    }

    /// Something wrong with it.
    pub fn wrong(&self, what: impl fmt::Display) -> Problem {
        // `text` is a slice of `file`.
        let start = self.text.as_ptr() as usize - self.file.as_ptr() as usize;
        let line = self.file[..start].matches('\n').count() + 1;
        let key = if self.key.is_empty() {
            String::new()
        } else {
            format!(", key {}", self.key)
        };
        Problem::on_line(line, format!("{}{key}: {what}", self.model))
    }

    fn unexpected(&self, expected: &str) -> Problem {
        self.wrong(format!("{}; expected {expected}", quoted(self.text)))
    }

    /// Whether the value is a list.
    pub fn is_list(&self) -> bool {
        self.text.starts_with('[')
    }

    /// The values of these keys of an object.
    pub fn object<const N: usize>(self, keys: [&'static str; N]) -> Result<Object<'a, N>, Problem> {
        let mut json = serde_json::Deserializer::from_str(self.text);
        match Members(&keys).deserialize(&mut json) {
            Ok(values) => Ok(Object {
                values,
                keys,
                node: self,
            }),
            Err(_) => Err(self.unexpected("an object")),
        }
    }

    /// The values of a list of at most so many.
    pub fn list(&self, most: usize) -> Result<Vec<Node<'a>>, Problem> {
        let mut json = serde_json::Deserializer::from_str(self.text);
        let most = most.min(MOST);
        let values = Elements(most).deserialize(&mut json);
        let values = values.map_err(|_| self.unexpected(&format!("a list of at most {most}")))?;
        let node = |value: &'a RawValue| Node {
            text: value.get(),
            ..self.clone()
        };
        Ok(values.into_iter().map(node).collect())
    }

    /// The number that the value is.
    pub fn number(&self, expected: &str) -> Result<f64, Problem> {
        serde_json::from_str(self.text).map_err(|_| self.unexpected(expected))
    }

    /// The whole number, zero or above, that the value is.
    pub fn index(&self, expected: &str) -> Result<usize, Problem> {
        serde_json::from_str(self.text).map_err(|_| self.unexpected(expected))
    }

    /// The text that the value is, of at most so many bytes.
    pub fn string(&self, longest: usize) -> Result<String, Problem> {
        let text: Result<String, _> = serde_json::from_str(self.text);
        let short = text.ok().filter(|text| text.len() <= longest);
        short.ok_or_else(|| self.unexpected(&format!("text of at most {longest} bytes")))
    }

    /// The numbers of a list of any length.
    pub fn numbers(&self, expected: &str) -> Result<Vec<f64>, Problem> {
        serde_json::from_str(self.text).map_err(|_| self.unexpected(expected))
    }

    /// The `N` numbers of a list.
    pub fn array<const N: usize>(&self, expected: &str) -> Result<[f64; N], Problem> {
        let numbers = self.numbers(expected)?;
        numbers.try_into().map_err(|_| self.unexpected(expected))
    }

    /// The three numbers of a list; `expected` says what they should be.
    pub fn vector(&self, expected: &str) -> Result<DVec3, Problem> {
        Ok(DVec3::from_array(self.array(expected)?))
    }

    /// The unit vector along its three numbers.
    pub fn direction(&self) -> Result<DVec3, Problem> {
        let expected = "three numbers, a direction";
        let vector = self.vector(expected)?;
        crate::geometry::unit(vector).ok_or_else(|| self.unexpected(expected))
    }

    /// The rotation whose nine numbers a list gives row by row.
    pub fn rotation(&self) -> Result<DMat3, Problem> {
        /// A rotation that was written with four digits is off by less.
        const ROUNDING: f64 = 1e-3;
        let expected = "nine numbers, a rotation row by row";
        let matrix = DMat3::from_cols_array(&self.array(expected)?).transpose();
        let square = matrix * matrix.transpose();
        if square.abs_diff_eq(DMat3::IDENTITY, ROUNDING) && matrix.determinant() > 0.0 {
            Ok(matrix)
        } else {
            Err(self.unexpected(expected))
        }
    }
}

impl<'a, const N: usize> Object<'a, N> {
    /// The object as messages name it.
    pub fn node(&self) -> &Node<'a> {
        &self.node
    }

    /// The value of one of the keys, unless it is missing or null.
    pub fn optional(&self, key: &'static str) -> Option<Node<'a>> {
        let place = self.keys.iter().position(|asked| *asked == key)?;
        let text = self.values[place]?.get();
        (text != "null").then(|| Node {
            text,
            key,
            ..self.node.clone()
        })
    }

    /// The value of one of the keys.
    pub fn required(&self, key: &'static str, expected: &str) -> Result<Node<'a>, Problem> {
        self.optional(key).ok_or_else(|| {
            let what = format!("key {key} is missing; expected {expected}");
            self.node.wrong(what)
        })
    }
}

/// Takes the values of some keys out of an object; the last of one counts.
struct Members<'k, const N: usize>(&'k [&'static str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Members<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Members<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        while let Some(key) = map.next_key::<Cow<str>>()? {
            match self.0.iter().position(|asked| *asked == key) {
                Some(place) => values[place] = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(values)
    }
}

/// Takes the values of a list of at most so many.
struct Elements(usize);

impl<'de> DeserializeSeed<'de> for Elements {
    type Value = Vec<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a list of at most {}", self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            if values.len() == self.0 {
                return Err(A::Error::invalid_length(values.len() + 1, &self));
            }
            values.push(value);
        }
        Ok(values)
    }
}
