//! Reciprocal, root, exponential and logarithm in float32, the same to the last bit everywhere.
//!
//! IEEE 754 and WGSL round sums, differences and products of float32 alike; quotients, roots,
//! exponentials and logarithms differ from device to device. So these are made of the former and
//! of integers. `shaders/shared/elementary.wgsl` is their twin: the same steps in the same order.
//! Arguments stay within 2^±100, where no step leaves the normal numbers.

/// 1/x for positive `x`: Newton's method from a guess by the bits; off by less than 2e-7 of it.
#[inline(always)]
pub fn reciprocal(x: f32) -> f32 {
    let mut y = f32::from_bits(0x7ef3_11c7 - x.to_bits());
    for _ in 0..3 {
        y *= 2.0 - x * y;
    }
    y
}

/// √x for positive `x`, by Newton's method for 1/√x; off by less than 3e-7 of it.
#[inline(always)]
pub fn square_root(x: f32) -> f32 {
    let mut y = f32::from_bits(0x5f37_59df - (x.to_bits() >> 1));
    for _ in 0..3 {
        y *= 1.5 - ((0.5 * x) * y) * y;
    }
    x * y
}

/// e⁻ˣ for `x` from 0 to 80: 2⁻ⁿ by the bits, and a series; off by less than 2e-7 of it.
#[inline(always)]
pub fn falling_exponential(x: f32) -> f32 {
    let n = (x * std::f32::consts::LOG2_E + 0.5).floor();
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let mut series = 1.0 / 5040.0;
    for coefficient in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        series = coefficient - r * series;
    }
    f32::from_bits(series.to_bits() - ((n as u32) << 23))
}

/// ln x for positive `x`: the exponent by the bits, and the series of atanh for what is left; off
/// by less than 3e-7 of it.
#[inline(always)]
pub fn logarithm(x: f32) -> f32 {
    let exponent = (x.to_bits() as i32 - ROOT_HALF_BITS) >> 23;
    let mantissa = f32::from_bits((x.to_bits() as i32 - (exponent << 23)) as u32);
    let v = (mantissa - 1.0) * reciprocal(mantissa + 1.0);
    let square = v * v;
    let mut series = 1.0 / 9.0;
    for coefficient in [1.0 / 7.0, 0.2, 1.0 / 3.0] {
        series = coefficient + square * series;
    }
    let twice = 2.0 * v;
    let rest = twice + (twice * square) * series;
    let n = exponent as f32;
    n * LN_2_HIGH + (n * LN_2_LOW + rest)
}

/// The first digits of ln 2, so few that small multiples are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
/// ln 2 without them.
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// Bits of √½.
const ROOT_HALF_BITS: i32 = 0x3f35_04f3;

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest of the errors of `found` over `expected`, on numbers evenly spread over the
    /// powers of ten from `low` to `high`.
    fn worst([low, high]: [f64; 2], found: fn(f32) -> f32, expected: fn(f64) -> f64) -> f64 {
        const SAMPLES: u32 = 200_000;
        let errors = (0..=SAMPLES).map(|sample| {
            let part = f64::from(sample) / f64::from(SAMPLES);
            let x = (low.ln() + part * (high / low).ln()).exp() as f32;
            let value = expected(f64::from(x));
            (f64::from(found(x)) - value).abs() / value.abs()
        });
        errors.fold(0.0, f64::max)
    }

    #[test]
    fn functions_are_right_to_the_last_digits() {
        const WIDE: [f64; 2] = [1e-30, 1e30];
        let errors = [
            ("reciprocal", 2e-7, worst(WIDE, reciprocal, f64::recip)),
            ("square_root", 3e-7, worst(WIDE, square_root, f64::sqrt)),
            (
                "falling_exponential",
                2e-7,
                worst([1e-9, 80.0], falling_exponential, |x| (-x).exp()),
            ),
            ("logarithm", 3e-7, worst(WIDE, logarithm, f64::ln)),
            (
                "logarithm near 1",
                3e-7,
                worst([0.71, 1.41], logarithm, f64::ln),
            ),
        ];
        for (name, tolerance, error) in errors {
            println!("{name:20} worst error {error:.1e}");
            assert!(error < tolerance, "{name}: {error:.1e}");
        }
        assert_eq!(falling_exponential(0.0), 1.0);
        assert_eq!(logarithm(1.0), 0.0);
    }
}
