//! Sine, cosine and exponential from additions and multiplications alone, so that a loop that
//! calls them compiles to vector instructions. The C library's functions take one lane at a time.
//!
//! The coefficients are those of the polynomials with the smallest greatest error (Remez's
//! exchange in 50 digits) on the interval that each function names.

/// a·b + c. With `FUSED` the processor rounds once for both, in one instruction; where it has no
/// such instruction, that would be a slow call.
#[inline(always)]
pub fn mul_add<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// Horner's rule; `coefficients` from the constant up.
#[inline(always)]
fn polynomial<const FUSED: bool, const TERMS: usize>(coefficients: &[f64; TERMS], x: f64) -> f64 {
    let mut sum = coefficients[TERMS - 1];
    for power in (0..TERMS - 1).rev() {
        sum = mul_add::<FUSED>(sum, x, coefficients[power]);
    }
    sum
}

/// [`polynomial`] for one whose highest power, `TERMS`, has the coefficient 1: a product fewer.
#[inline(always)]
fn monic<const FUSED: bool, const TERMS: usize>(coefficients: &[f64; TERMS], x: f64) -> f64 {
    let mut sum = x + coefficients[TERMS - 1];
    for power in (0..TERMS - 1).rev() {
        sum = mul_add::<FUSED>(sum, x, coefficients[power]);
    }
    sum
}

/// What [`half_wave`] is near zero over f, so that π over this is the number that it is over.
pub const HALF_WAVE: f64 = 31471.26474983462;

/// sin πf for 0 ≤ f ≤ 1, over a number that is the same for every f, plus `least`; to 9.5e-15 of
/// itself before rounding, and exact towards both ends, so that a ratio of two is right at a spot's
/// peak. The sine is even about ½, so a polynomial in g = f(1 − f) needs fewer powers than one in f².
#[inline(always)]
pub fn half_wave<const FUSED: bool>(f: f64, least: f64) -> f64 {
    const COEFFICIENTS: [f64; 6] = [
        HALF_WAVE,
        31471.264749758113,
        11174.373991954279,
        2051.85704738648,
        230.86958237119643,
        17.557233007693647,
    ];
    let g = mul_add::<FUSED>(-f, f, f);
    mul_add::<FUSED>(g, monic::<FUSED, 6>(&COEFFICIENTS, g), least)
}

/// sin πx for −½ ≤ x ≤ ½, to 1.4e-16 of itself before rounding: near zero as well, where ratios
/// of two sines need it.
#[inline(always)]
pub fn sin_pi<const FUSED: bool>(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 8] = [
        3.1415926535897927,
        -5.167712780049753,
        2.550164039859777,
        -0.5992645287757253,
        0.08214587825670092,
        -0.007370361072429829,
        0.0004659776189185479,
        -2.1122954884553354e-05,
    ];
    x * polynomial::<FUSED, 8>(&COEFFICIENTS, x * x)
}

/// cos πx for −½ ≤ x ≤ ½, to 4e-18 before rounding.
#[inline(always)]
pub fn cos_pi<const FUSED: bool>(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 9] = [
        1.0,
        -4.934802200544676,
        4.058712126416498,
        -1.3352627688434646,
        0.23533063012980845,
        -0.025806888739358047,
        0.0019295562836343031,
        -0.00010456658087273931,
        4.149591867063527e-06,
    ];
    polynomial::<FUSED, 9>(&COEFFICIENTS, x * x)
}

/// 3(sin πx/πx − cos πx)/(πx)² for −½ ≤ x ≤ ½, where the difference would lose its digits; to
/// 2e-17 of itself before rounding.
#[inline(always)]
pub fn sinc3_pi_near_zero<const FUSED: bool>(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 8] = [
        1.0,
        -0.9869604401089257,
        0.34788961083488473,
        -0.06358394134766875,
        0.007131230814490486,
        -0.0005413998677018777,
        2.9669586959846053e-05,
        -1.1913808587309225e-06,
    ];
    polynomial::<FUSED, 8>(&COEFFICIENTS, x * x)
}

/// j₂(πx)/(πx)² for −½ ≤ x ≤ ½, with the spherical Bessel function j₂; the first term of its series that
/// is left out is 1e-18 of it.
#[inline(always)]
pub fn bessel2_pi_near_zero<const FUSED: bool>(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 9] = {
        let mut coefficients = [1.0 / 15.0; 9];
        let mut power = 1;
        while power < 9 {
            let step = power as f64 * (5.0 + 2.0 * power as f64);
            let half_square = std::f64::consts::PI * std::f64::consts::PI / 2.0;
            coefficients[power] = -coefficients[power - 1] * half_square / step;
            power += 1;
        }
        coefficients
    };
    polynomial::<FUSED, 9>(&COEFFICIENTS, x * x)
}

/// Above this exp(−x) counts as zero: e⁻⁷⁰⁰ is 1e-304.
pub const EXP_VANISHES: f64 = 700.0;

/// exp(−x) for 0 ≤ x < [`EXP_VANISHES`], and 0 beyond; to 3e-18 of itself before rounding.
#[inline(always)]
pub fn exp_negative<const FUSED: bool>(x: f64) -> f64 {
    /// ln 2 in two parts. The upper has so many zeros at its end that its multiples are exact.
    const LN_2: [f64; 2] = [6.931471803691238e-1, 1.9082149292705877e-10];
    const COEFFICIENTS: [f64; 12] = [
        1.0,
        1.0,
        0.5000000000000018,
        0.1666666666666617,
        0.04166666666649276,
        0.008333333333559189,
        0.0013888888951225664,
        0.00019841269432799405,
        2.4801486519542754e-05,
        2.7557622439957e-06,
        2.7632293996242287e-07,
        2.499433256403836e-08,
    ];
    const EXPONENT_BIAS: f64 = 1023.0;
    const MANTISSA_BITS: u32 = 52;
    // e⁻ˣ = 2⁻ⁿ·eʳ with |r| ≤ ln 2/2.
    let n = (x * std::f64::consts::LOG2_E).round_ties_even();
    let r = mul_add::<FUSED>(n, LN_2[0], -x);
    let r = mul_add::<FUSED>(n, LN_2[1], r);
    let power = f64::from_bits(small_integer(EXPONENT_BIAS - n) << MANTISSA_BITS);
    let value = power * polynomial::<FUSED, 12>(&COEFFICIENTS, r);
    if x < EXP_VANISHES { value } else { 0.0 }
}

/// The error function of any x, to 2e-17 before rounding.
#[inline(always)]
pub fn erf<const FUSED: bool>(x: f64) -> f64 {
    /// Beyond this erf is 1 to 2e-17.
    const END: f64 = 6.0;
    /// exp(x²)·erfc(x) by powers of (x − 3)/(x + 3), for 0 ≤ x ≤ 6.
    const COEFFICIENTS: [f64; 15] = [
        0.17900115118149623,
        -0.3262335600427871,
        0.24560380160133377,
        -0.15011593925209174,
        0.07166580490277903,
        -0.02439273097189138,
        0.004268014934285226,
        0.0007038902114488943,
        -0.0006067512816365987,
        2.7223774768325125e-05,
        3.917128418740218e-05,
        -3.801048398923755e-05,
        -2.5950607648216877e-05,
        -6.196691816203127e-06,
        -5.654711552663886e-07,
    ];
    let size = x.abs().min(END);
    let scaled = polynomial::<FUSED, 15>(&COEFFICIENTS, (size - 3.0) / (size + 3.0));
    (1.0 - exp_negative::<FUSED>(size * size) * scaled).copysign(x)
}

/// `x`, a whole number from 0 to 2⁵² − 1, as an integer; anything else gives some integer or
/// other. A cast would saturate, and processors have no instruction for that.
#[inline(always)]
pub fn small_integer(x: f64) -> u64 {
    /// From here to twice this a float64's last binary digit stands for 1.
    const UNIT_SPACING: f64 = (1u64 << 52) as f64;
    (x + UNIT_SPACING).to_bits() & (UNIT_SPACING.to_bits() ^ u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    /// Both ways of rounding.
    fn both(fused: fn(f64) -> f64, split: fn(f64) -> f64, x: f64) -> [f64; 2] {
        [fused(x), split(x)]
    }

    /// Numbers from `from` to `to`, the ends among them, and ever smaller ones.
    fn samples(from: f64, to: f64) -> impl Iterator<Item = f64> {
        let even = (0..=10_000).map(move |i| from + (to - from) * f64::from(i) / 10_000.0);
        even.chain((1..300).map(move |i| to * 10f64.powi(-i)))
    }

    #[test]
    fn half_waves_are_sines_near_both_ends_too() {
        let whole = half_wave::<false>(0.5, 0.0);
        for x in samples(0.0, 0.5) {
            let expected = (PI * x).sin();
            for f in [x, 1.0 - x] {
                // 1 − x rounds, and so does the distance to its end.
                let rounding = if f == x { 0.0 } else { 1.2e-16 / x.max(1e-300) };
                for found in both(
                    |f| half_wave::<true>(f, 0.0),
                    |f| half_wave::<false>(f, 0.0),
                    f,
                ) {
                    let error = (found / whole - expected).abs() / expected.max(1e-300);
                    assert!(error <= 2e-14 + rounding, "{f}: {error:e}");
                }
            }
            let raised = half_wave::<true>(x, 3.0);
            approx::assert_relative_eq!(
                raised,
                half_wave::<true>(x, 0.0) + 3.0,
                max_relative = 3e-16
            );
        }
    }

    #[test]
    fn sines_are_right_to_the_last_digits_near_zero_too() {
        for x in samples(-0.5, 0.5) {
            // Beyond ¼ a sine of π's multiple would suffer from π's rounding.
            let expected = if x.abs() <= 0.25 {
                (PI * x).sin()
            } else {
                (PI * (0.5 - x.abs())).cos().copysign(x)
            };
            for found in both(sin_pi::<true>, sin_pi::<false>, x) {
                let error = (found - expected).abs();
                assert!(error <= 8e-16 * expected.abs(), "{x}: {found}, {expected}");
            }
        }
    }

    #[test]
    fn cosines_are_right_to_the_last_digits_of_one() {
        for x in samples(-0.5, 0.5) {
            for found in both(cos_pi::<true>, cos_pi::<false>, x) {
                let error = (found - (PI * x).cos()).abs();
                assert!(error < 5e-16, "{x}: {found}");
            }
        }
    }

    #[test]
    fn the_exponential_is_right_to_the_last_digits_until_it_vanishes() {
        for x in samples(0.0, 699.999) {
            for found in both(exp_negative::<true>, exp_negative::<false>, x) {
                approx::assert_relative_eq!(found, (-x).exp(), max_relative = 5e-16);
            }
        }
        assert_eq!(exp_negative::<true>(0.0), 1.0);
        for x in [700.0, 745.2, 1e9, 1e300, f64::INFINITY] {
            assert_eq!(exp_negative::<true>(x), 0.0);
        }
    }

    #[test]
    fn the_error_function_is_right_to_the_last_digits_of_one() {
        for x in samples(-8.0, 8.0).chain([0.0, 1e300, f64::NEG_INFINITY]) {
            for found in both(erf::<true>, erf::<false>, x) {
                let error = (found - libm::erf(x)).abs();
                assert!(error < 6e-16, "{x}: {found}");
            }
        }
    }

    #[test]
    fn whole_numbers_keep_their_value() {
        for x in [0u64, 1, 2046, 4_294_967_296, (1 << 52) - 1] {
            assert_eq!(small_integer(x as f64), x);
        }
    }
}
