//! The order in which flags were given: where several set the same thing, the last one wins.

use clap::ArgMatches;
use clap::parser::ValueSource;

/// The positions of the flags on the command line.
#[derive(Clone, Copy)]
pub struct Order<'a>(pub &'a ArgMatches);

impl Order<'_> {
    /// The position of the last value of the flag with this id, if it was given.
    pub fn position(&self, id: &str) -> Option<usize> {
        if self.0.value_source(id) != Some(ValueSource::CommandLine) {
            return None;
        }
        // A flag of no values has no index.
        Some(self.0.indices_of(id).and_then(Iterator::max).unwrap_or(0))
    }

    /// The value whose flag came last, of (id, value) pairs.
    pub fn latest<'v, T>(
        &self,
        flags: impl IntoIterator<Item = (&'v str, Option<T>)>,
    ) -> Option<T> {
        flags
            .into_iter()
            .filter_map(|(id, value)| Some((self.position(id)?, value?)))
            .max_by_key(|(position, _)| *position)
            .map(|(_, value)| value)
    }

    /// Whether any flag of these ids was given.
    pub fn any(&self, ids: &[&str]) -> bool {
        ids.iter().any(|id| self.position(id).is_some())
    }
}
