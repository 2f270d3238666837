//! What the values of flags may be. Each function turns a word into a number or says what is
//! accepted; the flag's name is put before that by the caller.

/// A finite number.
pub fn number(word: &str) -> Result<f64, String> {
    accept(word, "a finite number", |_| true)
}

/// A finite number above zero.
pub fn positive(word: &str) -> Result<f64, String> {
    accept(word, "a positive number", |value| value > 0.0)
}

/// A finite number, zero or above.
pub fn not_negative(word: &str) -> Result<f64, String> {
    accept(word, "a number, zero or above", |value| value >= 0.0)
}

/// An angle of misorientation, degrees.
pub fn misorientation(word: &str) -> Result<f64, String> {
    accept(word, "a number of degrees from 0 to 360", |value| {
        (0.0..=360.0).contains(&value)
    })
}

/// A Kahn polarisation factor.
pub fn kahn_factor(word: &str) -> Result<f64, String> {
    accept(word, "a number from -1 to 1", |value| value.abs() <= 1.0)
}

/// A correlation.
pub fn correlation(word: &str) -> Result<f64, String> {
    accept(word, "a correlation, from -1 to 1", |value| {
        value.abs() <= 1.0
    })
}

/// A number of peaks; 0 for none.
pub fn peaks(word: &str) -> Result<usize, String> {
    /// Every peak is held against every other.
    const MOST: usize = 10_000;
    let parsed = word.parse().ok().filter(|&count| count <= MOST);
    parsed.ok_or_else(|| format!("expected a whole number from 0 to {MOST}"))
}

/// A percentage.
pub fn percent(word: &str) -> Result<f64, String> {
    accept(word, "a percentage from 0 to 100", |value| {
        (0.0..=100.0).contains(&value)
    })
}

/// An attenuation depth; none for `inf` or 0, which switch absorption off.
pub fn attenuation_depth(word: &str) -> Result<f64, String> {
    if word.eq_ignore_ascii_case("inf") {
        return Ok(0.0);
    }
    accept(word, "a number, zero or above, or inf", |value| {
        value >= 0.0
    })
}

/// A whole number above zero.
pub fn count(word: &str) -> Result<u32, String> {
    let expected = format!("expected a whole number from 1 to {}", u32::MAX);
    match word.parse::<u32>() {
        Ok(value) if value > 0 => Ok(value),
        _ => Err(expected),
    }
}

/// A number of threads that a machine may have a use for.
pub fn threads(word: &str) -> Result<u32, String> {
    const MOST: u32 = 1024;
    let counted = count(word).ok().filter(|&threads| threads <= MOST);
    counted.ok_or_else(|| format!("expected a whole number from 1 to {MOST}"))
}

/// A whole number of pixels, above zero.
pub fn pixels(word: &str) -> Result<usize, String> {
    count(word).map(|value| value as usize)
}

/// A pixel coordinate.
pub fn coordinate(word: &str) -> Result<usize, String> {
    let parsed = word.parse::<u32>().map(|value| value as usize);
    parsed.map_err(|_| "expected a pixel coordinate, a whole number from 0".to_string())
}

/// An index, counted from 0.
pub fn index(word: &str) -> Result<u32, String> {
    word.parse()
        .map_err(|_| format!("expected an index, a whole number from 0 to {}", u32::MAX))
}

/// A seed.
pub fn seed(word: &str) -> Result<i64, String> {
    word.parse()
        .map_err(|_| "expected a whole number".to_string())
}

fn accept(word: &str, expected: &str, accepted: impl Fn(f64) -> bool) -> Result<f64, String> {
    match word.parse::<f64>() {
        Ok(value) if value.is_finite() && accepted(value) => Ok(value),
        _ => Err(format!("expected {expected}")),
    }
}
