//! Numbers as rows of balanced base-4096 digits, as `shaders/shared/fixed_point.wgsl` reads them.
//!
//! A digit is −2048 to 2048 (the first of a factor up to 4096). Each split is exact: the digit is
//! rounded off, and what is left is a float64 again.

/// Base of the digits.
const BASE: f64 = 4096.0;

/// Four digits of weight 2⁻¹², 2⁻²⁴, 2⁻³⁶, 2⁻⁴⁸ for `value` from −1 to 1.
pub fn factor_digits(value: f64) -> [i16; 4] {
    digits(value)
}

/// Five digits of weight 2¹², 1, 2⁻¹², 2⁻²⁴, 2⁻³⁶ for `value` below 2²³ in size; `None` for others.
pub fn wide_digits(value: f64) -> Option<[i16; 5]> {
    /// Half the range that the digits span: a sum of two such numbers still fits.
    const LARGEST: f64 = (1u32 << 22) as f64;
    (value.abs() < LARGEST).then(|| digits(value / (BASE * BASE)))
}

/// `value` over powers of the base, from the first on.
fn digits<const N: usize>(value: f64) -> [i16; N] {
    let mut rest = value;
    std::array::from_fn(|_| {
        rest *= BASE;
        let digit = rest.round();
        rest -= digit;
        digit as i16
    })
}

/// Two digits in a word, the first in the lower half; zeros behind the last.
pub(super) fn packed<const WORDS: usize>(digits: &[i16]) -> [u32; WORDS] {
    let half = |place: usize| u32::from(digits.get(place).map_or(0, |&digit| digit as u16));
    std::array::from_fn(|word| half(2 * word) | half(2 * word + 1) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(digits: &[i16], first_weight: f64) -> f64 {
        let weights = std::iter::successors(Some(first_weight), |weight| Some(weight / BASE));
        digits
            .iter()
            .zip(weights)
            .map(|(&digit, weight)| f64::from(digit) * weight)
            .sum()
    }

    proptest! {
        #[test]
        fn digits_give_their_number_back(unit in -1.0..=1.0f64, wide in -4e6..4e6f64) {
            prop_assert!((value(&factor_digits(unit), 1.0 / BASE) - unit).abs() <= 0.5 / BASE.powi(4));
            let found = value(&wide_digits(wide).unwrap(), BASE);
            prop_assert!((found - wide).abs() <= 0.5 / BASE.powi(3) + wide.abs() * f64::EPSILON);
        }
    }

    #[test]
    fn the_ends_of_the_range_fit() {
        assert_eq!(factor_digits(1.0), [4096, 0, 0, 0]);
        assert_eq!(factor_digits(-1.0), [-4096, 0, 0, 0]);
        assert_eq!(wide_digits(4096.0), Some([1, 0, 0, 0, 0]));
        assert_eq!(wide_digits(f64::NAN), None);
        assert_eq!(wide_digits(5e6), None);
        assert_eq!(packed(&[-1, 2, 3]), [0x0002_ffff, 3, 0]);
    }
}
