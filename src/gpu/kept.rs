//! What was made from an array, kept as long as it is that array.

use std::sync::{Arc, Weak};

/// Which array something was made from. It keeps the array's place from being given to another, but
/// not what the array owns.
#[derive(Debug)]
pub struct Identity<T: ?Sized>(Weak<T>);

impl<T: ?Sized> Identity<T> {
    /// The identity of `array`.
    pub fn of(array: &Arc<T>) -> Identity<T> {
        Identity(Arc::downgrade(array))
    }
}

impl<T: ?Sized> PartialEq for Identity<T> {
    fn eq(&self, other: &Identity<T>) -> bool {
        Weak::ptr_eq(&self.0, &other.0)
    }
}

/// The last value that was made, and what it was made from.
#[derive(Debug)]
pub struct Kept<K, V>(Option<(K, V)>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Kept<K, V> {
        Kept(None)
    }
}

impl<K: PartialEq, V: Clone> Kept<K, V> {
    /// What the value was made from.
    pub fn key(&self) -> Option<&K> {
        self.0.as_ref().map(|(key, _)| key)
    }

    /// The value, if there is one.
    pub fn held(&self) -> Option<&V> {
        self.0.as_ref().map(|(_, value)| value)
    }

    /// The value of `key`: the one that is here already, or a new one that `make` makes.
    pub fn get<E>(&mut self, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        if let Some((held, value)) = &self.0
            && *held == key
        {
            return Ok(value.clone());
        }
        // The old value goes first: both might not fit in memory.
        self.0 = None;
        let made = make()?;
        self.0 = Some((key, made.clone()));
        Ok(made)
    }
}
