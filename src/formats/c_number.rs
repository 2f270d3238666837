//! Numbers as C's `%g` prints them.

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
