//! Poisson deviates in float32, for any mean. `shaders/shared/poisson.wgsl` is their twin.

use super::deviates::{Stream, fine_uniform, uniform};
use super::elementary::{falling_exponential, logarithm, reciprocal, square_root};

/// Counts with a mean below this are searched for, one by one.
const FEW: f32 = 12.0;
/// From here on, 2⁵⁶, the noise is below the last digit of a float32.
const QUIET_BITS: u32 = 0x5b80_0000;
/// Bits of infinity; what is above is not a number, or negative.
const INFINITE_BITS: u32 = 0x7f80_0000;

/// A Poisson deviate of mean `mean`: 0 for a mean that is none, zero or negative, and the mean
/// itself from 2⁵⁶ on. From 2²⁴ on, where float32 does not hold every whole number, it is rounded.
pub fn poisson(mean: f32, stream: &Stream) -> f32 {
    let bits = mean.to_bits();
    if bits == 0 || bits > INFINITE_BITS {
        return 0.0;
    }
    if bits >= QUIET_BITS {
        return mean;
    }
    if mean < FEW {
        let words = stream.words(0);
        return few(mean, fine_uniform(words[0], words[1]));
    }
    many(mean, stream)
}

/// The count that more than a part `v` of all counts of this mean exceeds just not: the smallest k
/// with P(X > k) ≤ v.
pub fn few(mean: f32, v: f32) -> f32 {
    /// The rest of the distribution beyond a probability like this is too small for any `v`.
    const NOTHING: f32 = 1.0 / (1u64 << 60) as f32;
    // P(X > 0) is less than the mean.
    if v >= mean {
        return 0.0;
    }
    let mut k = 0.0;
    let mut probability = falling_exponential(mean);
    if mean >= 0.25 && v >= 1.0 / 64.0 {
        let mut tail = 1.0 - probability;
        while v < tail {
            k += 1.0;
            probability *= mean * reciprocal(k);
            tail -= probability;
        }
        return k;
    }
    // What is left of 1 has lost its digits out there: the tail is added up from its end.
    while k < mean || probability > NOTHING {
        k += 1.0;
        probability *= mean * reciprocal(k);
    }
    let inverse_mean = reciprocal(mean);
    let mut tail = probability;
    while k > 0.5 && v >= tail {
        probability *= k * inverse_mean;
        k -= 1.0;
        tail += probability;
    }
    k
}

/// A deviate of a large mean, by transformed rejection.
///
/// Source: Hörmann, *The transformed rejection method for generating Poisson random variables*,
/// Insurance: Mathematics and Economics 12 (1993) 39, algorithm PTRS, with the probability in the
/// form of Loader, *Fast and accurate computation of binomial probabilities* (2000). The count is
/// worked out from the whole part of the mean, so that small differences of large numbers keep
/// their digits.
pub fn many(mean: f32, stream: &Stream) -> f32 {
    /// Every attempt succeeds with a probability above 0.7.
    const ATTEMPTS: u32 = 64;
    let whole = mean.floor();
    let fraction = mean - whole;
    let b = 0.931 + 2.53 * square_root(mean);
    let a = 0.024_83 * b - 0.059;
    let certain = 0.9277 - 3.6224 * reciprocal(b - 2.0);
    for attempt in 0..ATTEMPTS {
        let words = stream.words(attempt);
        // How far the deviate from -½ to ½ is from either end.
        let edge = 0.5 * uniform(words[0]);
        let side = if words[1] & 1 == 0 {
            0.5 - edge
        } else {
            edge - 0.5
        };
        let v = uniform(words[2]);
        let step = (2.0 * a) * reciprocal(edge) + b;
        let offset = (step * side + (fraction + 0.43)).floor();
        let count = whole + offset;
        if edge >= 0.07 && v <= certain {
            return count;
        }
        if count < 0.0 || (edge < 0.013 && v > edge) {
            continue;
        }
        let inverse_alpha = 1.1239 + 1.1328 * reciprocal(b - 3.4);
        let slope = a * reciprocal(edge * edge) + b;
        let height = (v * inverse_alpha) * reciprocal(slope);
        if log_over_probability(height, count, offset - fraction, mean) <= 0.0 {
            return count;
        }
    }
    whole
}

/// ln(`height`/P(X = `count`)) for a count that is `from_mean` above the mean.
pub fn log_over_probability(height: f32, count: f32, from_mean: f32, mean: f32) -> f32 {
    if count < 0.5 {
        return logarithm(height) + mean;
    }
    let root = square_root(std::f32::consts::TAU * count);
    let rest = stirling_error(count) + deviance(count, from_mean, mean);
    logarithm(height * root) + rest
}

/// ln n! − ln(√(2πn)·(n/e)ⁿ) for a whole `n` from 1.
pub fn stirling_error(n: f32) -> f32 {
    if n < 1.5 {
        return 0.081_061_47;
    }
    if n < 2.5 {
        return 0.041_340_7;
    }
    let inverse = reciprocal(n);
    let square = inverse * inverse;
    let series = 1.0 / 1260.0 - square * (1.0 / 1680.0);
    inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * series))
}

/// k·ln(k/mean) + mean − k for a `count` k that is `from_mean` above `mean`.
pub fn deviance(count: f32, from_mean: f32, mean: f32) -> f32 {
    let v = from_mean * reciprocal(count + mean);
    if v.abs() >= 0.1 {
        return count * logarithm(count * reciprocal(mean)) - from_mean;
    }
    let square = v * v;
    let mut series = 1.0 / 9.0;
    for coefficient in [1.0 / 7.0, 0.2, 1.0 / 3.0] {
        series = coefficient + square * series;
    }
    from_mean * v + ((2.0 * count) * v) * (square * series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_stirlings_formula_are_right() {
        let mut log_factorial = 0.0;
        for n in 1..200 {
            let n = f64::from(n);
            log_factorial += n.ln();
            let stirling = 0.5 * (std::f64::consts::TAU * n).ln() + n * n.ln() - n;
            let error = f64::from(stirling_error(n as f32)) - (log_factorial - stirling);
            assert!(error.abs() < 5e-8, "{n}: {error:e}");
        }
    }

    #[test]
    fn deviances_keep_their_digits() {
        for mean in [12.0f32, 12.75, 200.5, 1e5, 8_388_607.5, 1e9] {
            for sigmas in [-6.0f32, -3.0, -1.0, -1e-2, 1e-2, 0.5, 2.0, 8.0] {
                let offset = (sigmas * mean.sqrt()).round();
                let (whole, fraction) = (mean.floor(), mean - mean.floor());
                let count = whole + offset;
                if count < 1.0 {
                    continue;
                }
                let difference = f64::from(offset) - f64::from(fraction);
                let m = f64::from(mean);
                let (k, e) = (m + difference, difference / m);
                // A series where the closed form cancels in float64, too.
                let expected = if e.abs() < 1e-3 {
                    m * e * e * (0.5 - e / 6.0 + e * e / 12.0 - e.powi(3) / 20.0)
                } else {
                    k * e.ln_1p() - difference
                };
                let found = f64::from(deviance(count, offset - fraction, mean));
                let error = (found - expected).abs() / expected.max(1.0);
                assert!(error < 2e-6, "{mean} {offset}: {found} {expected}");
            }
        }
    }

    #[test]
    fn rare_counts_keep_their_digits() {
        for mean in [1e-6f32, 0.01, 0.24, 0.25, 3.0, 11.9] {
            let m = f64::from(mean);
            // P(X > k), from its far end.
            let mut probabilities = vec![(-m).exp()];
            for k in 1..120 {
                probabilities.push(probabilities[k - 1] * m / k as f64);
            }
            let tail = |k: usize| probabilities[k + 1..].iter().rev().sum::<f64>();
            for k in 0..80 {
                let exact = tail(k);
                if exact < 1e-13 {
                    break;
                }
                for (part, expected) in [(1.0 - 2e-5, k as f32 + 1.0), (1.0 + 2e-5, k as f32)] {
                    let v = (exact * part) as f32;
                    if v < 1.0 {
                        assert_eq!(few(mean, v), expected, "mean {mean}, {k}, v {v}");
                    }
                }
            }
        }
    }
}
