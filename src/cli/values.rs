//! What the values of a command's own flags may be. Each function turns a word into a number or
//! says what is accepted; the flag's name is put before that by the caller. Ranges that keys of
//! experiment files have too are theirs.

use crate::document::{COORDINATE, COUNT, INDEX, NOT_NEGATIVE, NUMBER, POSITIVE, SEED, THREADS};
use crate::formats::c_number;

/// A finite number.
pub fn number(word: &str) -> Result<f64, String> {
    NUMBER.number(word)
}

/// A finite number above zero.
pub fn positive(word: &str) -> Result<f64, String> {
    POSITIVE.number(word)
}

/// A finite number, zero or above.
pub fn not_negative(word: &str) -> Result<f64, String> {
    NOT_NEGATIVE.number(word)
}

/// A correlation.
pub fn correlation(word: &str) -> Result<f64, String> {
    let parsed = c_number::number(word).filter(|value| value.abs() <= 1.0);
    parsed.ok_or_else(|| "expected a correlation, from -1 to 1".to_string())
}

/// A number of peaks; 0 for none.
pub fn peaks(word: &str) -> Result<usize, String> {
    /// Every peak is held against every other.
    const MOST: usize = 10_000;
    let parsed = word.parse().ok().filter(|&count| count <= MOST);
    parsed.ok_or_else(|| format!("expected a whole number from 0 to {MOST}"))
}

/// A whole number above zero.
pub fn count(word: &str) -> Result<u32, String> {
    COUNT.whole(word)
}

/// A number of threads that a machine may have a use for.
pub fn threads(word: &str) -> Result<u32, String> {
    THREADS.whole(word)
}

/// A whole number of pixels, above zero.
pub fn pixels(word: &str) -> Result<usize, String> {
    COUNT.whole(word)
}

/// A pixel coordinate.
pub fn coordinate(word: &str) -> Result<usize, String> {
    COORDINATE.whole(word)
}

/// An index, counted from 0.
pub fn index(word: &str) -> Result<u32, String> {
    INDEX.whole(word)
}

/// A seed.
pub fn seed(word: &str) -> Result<i64, String> {
    SEED.whole(word)
}
