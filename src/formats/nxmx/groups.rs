//! Groups, datasets and attributes as NeXus has them.

use glam::DVec3;
use rust_hdf5::format::messages::datatype::DatatypeMessage;
use rust_hdf5::{H5Dataset, H5Group, H5Type, Hdf5Error, VarLenUnicode};

/// The longest text of a [`Text`], bytes.
const TEXT: usize = 64;

/// A short text as an element of a dataset: HDF5's string of fixed length, ended by zeros.
#[derive(Clone, Copy)]
struct Text(#[expect(dead_code, reason = "HDF5 reads its bytes")] [u8; TEXT]);

impl H5Type for Text {
    fn hdf5_type() -> DatatypeMessage {
        DatatypeMessage::fixed_string_utf8(TEXT as u32)
    }

    fn element_size() -> usize {
        TEXT
    }
}

/// A group of a NeXus class.
pub struct Group(pub H5Group);

/// A step of a chain of transformations.
pub struct Axis<'a> {
    /// `translation` or `rotation`.
    pub kind: &'a str,
    /// Unit of its values.
    pub units: &'a str,
    /// Direction of the translation, or axis of the rotation; a unit vector.
    pub vector: DVec3,
    /// The step it stands on, `.` for the laboratory.
    pub depends_on: &'a str,
}

type Done = Result<(), Hdf5Error>;

impl Group {
    /// The group `name` of NeXus class `class`.
    pub fn group(&self, name: &str, class: &str) -> Result<Group, Hdf5Error> {
        let group = self.0.create_group(name)?;
        group.set_attr_string("NX_class", class)?;
        Ok(Group(group))
    }

    /// A short text; what does not fit is cut off.
    pub fn text(&self, name: &str, value: &str) -> Done {
        let mut text = [0; TEXT];
        // A zero is left to end it, and no character is cut in two.
        let end = (0..TEXT).rev().find(|&end| value.is_char_boundary(end));
        let bytes = &value.as_bytes()[..end.unwrap_or(0).min(value.len())];
        text[..bytes.len()].copy_from_slice(bytes);
        self.array(name, &[], &[Text(text)]).map(|_| ())
    }

    /// An array of `shape`, or with an empty one a scalar.
    pub fn array<T: H5Type>(
        &self,
        name: &str,
        shape: &[usize],
        values: &[T],
    ) -> Result<H5Dataset, Hdf5Error> {
        let dataset = self.0.new_dataset::<T>().shape(shape).create(name)?;
        dataset.write_raw(values)?;
        Ok(dataset)
    }

    /// A number.
    pub fn number<T: H5Type>(&self, name: &str, value: T) -> Done {
        self.array(name, &[], &[value]).map(|_| ())
    }

    /// A number of this unit.
    pub fn quantity(&self, name: &str, value: f64, units: &str) -> Done {
        attribute(&self.array(name, &[], &[value])?, "units", units)
    }

    /// Numbers of this unit.
    pub fn quantities(&self, name: &str, shape: &[usize], values: &[f64], units: &str) -> Done {
        attribute(&self.array(name, shape, values)?, "units", units)
    }

    /// An axis with these values, one, or one a frame.
    pub fn axis(&self, name: &str, values: &[f64], axis: &Axis) -> Done {
        let shape: &[usize] = match values {
            [_] => &[],
            _ => &[values.len()],
        };
        let dataset = self.array(name, shape, values)?;
        attribute(&dataset, "transformation_type", axis.kind)?;
        attribute(&dataset, "units", axis.units)?;
        attribute(&dataset, "depends_on", axis.depends_on)?;
        for (name, vector) in [("vector", axis.vector), ("offset", DVec3::ZERO)] {
            let three = dataset.new_attr::<f64>().shape([3]).create(name)?;
            three.write_array(&vector.to_array())?;
        }
        attribute(&dataset, "offset_units", "m")
    }
}

/// Gives `dataset` an attribute.
pub fn attribute(dataset: &H5Dataset, name: &str, value: &str) -> Done {
    let attribute = dataset.new_attr::<VarLenUnicode>().shape(()).create(name)?;
    attribute.write_string(value)
}
