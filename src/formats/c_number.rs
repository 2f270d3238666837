//! Numbers as C's `strtod` reads them and its `%g` prints them.

/// The number that `word`, all of it, spells for C's `strtod`: decimal or hexadecimal, with a sign
/// or without, `inf`, `infinity` and `nan` in any case. This is what counts as a number on command
/// lines and in files of text.
pub(crate) fn number(word: &str) -> Option<f64> {
    let word = word.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    if let Ok(decimal) = word.parse() {
        return Some(decimal);
    }
    let (digits, sign) = match word.strip_prefix('-') {
        Some(digits) => (digits, -1.0),
        None => (word.strip_prefix('+').unwrap_or(word), 1.0),
    };
    if let Some(digits) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        return Some(sign * hexadecimal(digits)?);
    }
    let of_nan = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let (nan, payload) = digits.split_once('(')?;
    let payload = payload.strip_suffix(')')?;
    (nan.eq_ignore_ascii_case("nan") && payload.chars().all(of_nan)).then_some(f64::NAN)
}

/// The number of these hexadecimal digits, with a point and a binary exponent or without, rounded
/// once, to even.
fn hexadecimal(digits: &str) -> Option<f64> {
    /// Exponent of the smallest step between numbers.
    const SMALLEST: i64 = f64::MIN_EXP as i64 - f64::MANTISSA_DIGITS as i64;
    let (digits, exponent) = match digits.split_once(['p', 'P']) {
        Some((digits, exponent)) => (digits, power_of_two(exponent)?),
        None => (digits, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    // The first digits, the last bit of which tells whether any other is not zero.
    let (mut bits, mut scale) = (0u64, exponent);
    for (place, digit) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(digit.to_digit(16)?);
        let fits = bits >> 60 == 0;
        bits = match fits {
            true => bits << 4 | digit,
            false => bits | u64::from(digit != 0),
        };
        let in_fraction = place >= whole.len();
        scale += 4 * (i64::from(!fits) - i64::from(in_fraction));
    }
    if bits == 0 {
        return Some(0.0);
    }
    let highest = 63 - i64::from(bits.leading_zeros()) + scale;
    if highest > f64::MAX_EXP.into() {
        return Some(f64::INFINITY);
    }
    // A step of the result in units of the lowest bit: 53 bits, or fewer of a subnormal number.
    let step = (highest - i64::from(f64::MANTISSA_DIGITS) + 1).max(SMALLEST) - scale;
    let (rounded, scale) = match step {
        ..=0 => (bits, scale),
        65.. => return Some(0.0),
        step => {
            let (unit, bits) = (1u128 << step, u128::from(bits));
            let (whole, rest) = (bits / unit, bits % unit);
            let up = rest * 2 > unit || (rest * 2 == unit && whole % 2 == 1);
            ((whole + u128::from(up)) as u64, scale + step)
        }
    };
    // Powers of two change no digit, one after the other: either alone may be out of range.
    let half = scale / 2;
    Some(rounded as f64 * 2f64.powi(half as i32) * 2f64.powi((scale - half) as i32))
}

/// A decimal exponent; what is beyond any number's stands at the edge of that.
fn power_of_two(digits: &str) -> Option<i64> {
    /// Beyond the exponents that as many digits as fit into memory can make up for.
    const EDGE: i64 = 1 << 50;
    let bare = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let edge = if digits.starts_with('-') { -EDGE } else { EDGE };
    Some(
        digits
            .parse()
            .map_or(edge, |power: i64| power.clamp(-EDGE, EDGE)),
    )
}

/// Significant digits of `%g`.
const DIGITS: i32 = 6;

/// `value` as C's `%g` prints it: six significant digits, no trailing zeros, an exponent of at
/// least two digits below 1e-4 and from 1e6 on.
pub(super) fn general(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string().to_lowercase();
    }
    // Rounding to six digits decides the exponent: 999999.5 is 1e+06.
    let scientific = format!("{value:.*e}", DIGITS as usize - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..DIGITS).contains(&exponent) {
        let decimals = (DIGITS - 1 - exponent) as usize;
        trimmed(&format!("{value:.decimals$}")).to_string()
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs())
    }
}

/// `value` with ten significant digits, without zeros at its end: so that a length that was
/// converted to another unit looks as it was given.
pub(super) fn precise(value: f64) -> String {
    let rounded = format!("{value:.9e}").parse::<f64>();
    rounded.unwrap_or(value).to_string()
}

/// `number` without the zeros at the end of its fraction.
fn trimmed(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strtod_takes_is_a_number() {
        let least = f64::from_bits(1);
        for (word, value) in [
            ("-.5", -0.5),
            ("+5.", 5.0),
            ("-5.5e-05", -5.5e-5),
            (" \t7E+2", 700.0),
            ("-1e-400", -0.0),
            ("1e400", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("+INF", f64::INFINITY),
            ("0x10", 16.0),
            ("-0X.8p-1", -0.25),
            ("0xA.p0", 10.0),
            ("0x1.fffffffffffff7p0", 2f64.next_down()),
            ("0x1.fffffffffffff8p0", 2.0),
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000080000000000000000000001p0", 1f64.next_up()),
            ("0x1p-1074", least),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", least),
            ("0x1.8p-1074", 2.0 * least),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x1.fffffffffffff8p1023", f64::INFINITY),
            ("0x1p1024", f64::INFINITY),
            ("0x1p99999999999999999999", f64::INFINITY),
            ("0x1p-99999999999999999999", 0.0),
            ("0x0p99999999999999999999", 0.0),
            ("0x10000000000000000000000000000000", 2f64.powi(124)),
            ("0x0.00000000000000000000000000000008", 2f64.powi(-125)),
        ] {
            let found = number(word).unwrap_or_else(|| panic!("{word}"));
            assert_eq!(found.to_bits(), value.to_bits(), "{word}: {found:e}");
        }
        for word in ["nan", "-NaN", "nan()", "+nan(0x1_f)"] {
            assert!(number(word).is_some_and(f64::is_nan), "{word}");
        }
        for word in [
            "", "-", "+", ".", "-.", "e5", "-e", "1e", "1e+", "--1", "+-1", "1d5", "1_0", "1,5",
            "5 ", "0x", "-0x.", "0x1p", "0x1p+", "0x1pf", "0x1.2.3", "0x-1", "infinit", "nan(",
            "nan(-)", "-N", "-nano",
        ] {
            assert_eq!(number(word), None, "{word}");
        }
    }

    proptest::proptest! {
        #[test]
        fn hexadecimal_numbers_keep_every_bit(bits: u64, extra in 0u32..70) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                let (fraction, exponent) = (bits & ((1 << 52) - 1), (bits >> 52 & 0x7ff) as i64);
                let (leading, exponent) = match exponent {
                    0 => (0, -1022),
                    biased => (1, biased - 1023),
                };
                let sign = if value.is_sign_negative() { "-" } else { "" };
                let zeros = "0".repeat(extra as usize);
                let word = format!("{sign}0x{leading}.{fraction:013x}{zeros}p{exponent:+}");
                proptest::prop_assert_eq!(number(&word).map(f64::to_bits), Some(bits), "{}", word);
            }
        }
    }

    #[test]
    fn numbers_look_as_printf_makes_them() {
        let printed = [
            (0.0, "0"),
            (-0.0, "-0"),
            (100.0, "100"),
            (0.1, "0.1"),
            (99.08716, "99.0872"),
            (-1.215, "-1.215"),
            (123456.7, "123457"),
            (999999.5, "1e+06"),
            (1234567.0, "1.23457e+06"),
            (0.0001, "0.0001"),
            (0.00001234, "1.234e-05"),
            (1e-120, "1e-120"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in printed {
            assert_eq!(general(value), text);
        }
    }

    #[test]
    fn precise_numbers_look_as_they_were_given() {
        assert_eq!(precise(0.97934e-10 * 1e10), "0.97934");
        assert_eq!(precise(172e-6), "0.000172");
        assert_eq!(precise(1.0 / 3.0), "0.3333333333");
    }
}
