//! The quantities behind the value of a pixel, named, in the order in which they are computed.
//!
//! A trace is plain data. The CPU path, the GPU path and logs of other programs fill it, so that
//! any two of them can be compared.

mod name;

pub use name::Name;

/// A quantity of a [`Trace`].
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// Name of the quantity.
    pub name: Name,
    /// Unit of the quantity; empty for a bare number.
    pub unit: &'static str,
    /// The value, or the components of a vector: [`Name::len`] numbers.
    pub values: Vec<f64>,
}

/// Quantities in the order of [`Name::ALL`], each at most once. Not every source has all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    quantities: Vec<Quantity>,
}

impl Trace {
    /// Puts a quantity in its place, in its usual unit; one that was there already is replaced.
    pub fn put(&mut self, name: Name, values: impl Into<Vec<f64>>) {
        self.put_in(name, name.unit(), values);
    }

    /// Puts a quantity in its place, in a unit of its own.
    pub fn put_in(&mut self, name: Name, unit: &'static str, values: impl Into<Vec<f64>>) {
        let values = values.into();
        debug_assert_eq!(values.len(), name.len(), "{name}");
        let quantity = Quantity { name, unit, values };
        match self.place(name) {
            Ok(place) => self.quantities[place] = quantity,
            Err(place) => self.quantities.insert(place, quantity),
        }
    }

    /// Puts a quantity of one value in its place.
    pub fn put_one(&mut self, name: Name, value: f64) {
        self.put(name, [value]);
    }

    /// The values of a quantity, if it is there.
    pub fn get(&self, name: Name) -> Option<&[f64]> {
        self.quantity(name)
            .map(|quantity| quantity.values.as_slice())
    }

    /// The value of a quantity that has but one, if it is there.
    pub fn value(&self, name: Name) -> Option<f64> {
        match self.get(name) {
            Some(&[value]) => Some(value),
            _ => None,
        }
    }

    /// A quantity, if it is there.
    pub fn quantity(&self, name: Name) -> Option<&Quantity> {
        self.place(name).ok().map(|place| &self.quantities[place])
    }

    /// All quantities, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Quantity> {
        self.quantities.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.quantities.is_empty()
    }

    fn place(&self, name: Name) -> Result<usize, usize> {
        self.quantities
            .binary_search_by_key(&name, |quantity| quantity.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_stand_in_the_order_of_computation() {
        let mut trace = Trace::default();
        trace.put_one(Name::Photons, 1.0);
        trace.put(Name::Fast, [1.0, 0.0, 0.0]);
        trace.put_one(Name::Distance, 0.2);
        trace.put_one(Name::Distance, 0.1);
        let names: Vec<Name> = trace.iter().map(|quantity| quantity.name).collect();
        assert_eq!(names, [Name::Fast, Name::Distance, Name::Photons]);
        assert_eq!(trace.value(Name::Distance), Some(0.1));
        assert_eq!(trace.value(Name::Fast), None, "it is a vector");
        assert_eq!(trace.get(Name::Slow), None);
    }
}
