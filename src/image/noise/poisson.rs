//! Poisson deviates in float32, for any mean. `shaders/shared/poisson.wgsl` is their twin.

use multiversion::multiversion;

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

/// Pixels that are worked on at once.
const LANES: usize = 16;

/// Replaces every mean by its [`poisson`] deviate; the first is that of `stream`, the next that of
/// the next pixel. In loops over pixels that compile to vector instructions, of the arithmetic of
/// one pixel, to the last bit; what few pixels need is left to [`poisson`] itself.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
pub fn replace_by_deviates(means: &mut [f32], stream: &Stream) {
    let at = |index: usize| Stream {
        pixel: stream.pixel + index as u32,
        ..*stream
    };
    let (blocks, rest) = means.as_chunks_mut::<LANES>();
    let whole = blocks.len() * LANES;
    for (number, block) in blocks.iter_mut().enumerate() {
        replace_block(block, &at(number * LANES));
    }
    for (place, mean) in rest.iter_mut().enumerate() {
        *mean = poisson(*mean, &at(whole + place));
    }
}

/// [`replace_by_deviates`] for a block.
#[inline(always)]
fn replace_block(means: &mut [f32; LANES], stream: &Stream) {
    let quiet = f32::from_bits(QUIET_BITS);
    let mut words = [[0; LANES]; 4];
    for lane in 0..LANES {
        let pixel = stream.pixel + lane as u32;
        let own = Stream { pixel, ..*stream }.words(0);
        for (words, own) in words.iter_mut().zip(own) {
            words[lane] = own;
        }
    }
    let mut counts = [0.0; LANES];
    let mut found = [false; LANES];
    if means.iter().any(|&mean| mean >= FEW) {
        for lane in 0..LANES {
            let own = [words[0][lane], words[1][lane], words[2][lane], 0];
            let mean = means[lane];
            let proposal = propose(mean, own);
            counts[lane] = proposal.count;
            found[lane] = proposal.is_taken(mean) & (mean >= FEW) & (mean < quiet);
        }
    }
    if means.iter().any(|&mean| mean < FEW) {
        few_in_block(means, &words, &mut counts, &mut found);
    }
    for (lane, mean) in means.iter_mut().enumerate() {
        let pixel = stream.pixel + lane as u32;
        *mean = if found[lane] {
            counts[lane]
        } else {
            poisson(*mean, &Stream { pixel, ..*stream })
        };
    }
}

/// Finds the counts of a block that [`few`] searches for from zero up.
#[inline(always)]
fn few_in_block(
    means: &[f32; LANES],
    words: &[[u32; LANES]; 4],
    counts: &mut [f32; LANES],
    found: &mut [bool; LANES],
) {
    let mut v = [0.0; LANES];
    let mut probability = [0.0; LANES];
    let mut tail = [0.0; LANES];
    let mut searching = false;
    for lane in 0..LANES {
        let mean = means[lane];
        let is_few = (mean > 0.0) & (mean < FEW);
        v[lane] = fine_uniform(words[0][lane], words[1][lane]);
        probability[lane] = falling_exponential(if is_few { mean } else { 0.0 });
        let searched = is_few & from_zero(mean, v[lane]);
        // The tail of a count that is found is no more than any v.
        tail[lane] = if searched {
            1.0 - probability[lane]
        } else {
            -1.0
        };
        let none = is_few & (v[lane] >= mean);
        tail[lane] = if none { -1.0 } else { tail[lane] };
        counts[lane] = if is_few { 0.0 } else { counts[lane] };
        found[lane] |= searched | none;
        searching |= v[lane] < tail[lane];
    }
    let mut k = 0.0;
    while searching {
        k += 1.0;
        let inverse = reciprocal(k);
        searching = false;
        for lane in 0..LANES {
            let goes_on = v[lane] < tail[lane];
            let next = probability[lane] * (means[lane] * inverse);
            counts[lane] = if goes_on { k } else { counts[lane] };
            probability[lane] = if goes_on { next } else { probability[lane] };
            tail[lane] = if goes_on {
                tail[lane] - next
            } else {
                tail[lane]
            };
            searching |= v[lane] < tail[lane];
        }
    }
}

/// Whether [`few`] searches from zero up, where 1 less what was added up keeps enough digits.
#[inline(always)]
fn from_zero(mean: f32, v: f32) -> bool {
    (mean >= 0.25) & (v >= 1.0 / 64.0)
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
    if from_zero(mean, v) {
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
    for attempt in 0..ATTEMPTS {
        let proposal = propose(mean, stream.words(attempt));
        if proposal.is_taken(mean) {
            return proposal.count;
        }
    }
    mean.floor()
}

/// What an attempt of [`many`] proposes.
#[derive(Clone, Copy)]
struct Proposal {
    count: f32,
    /// The count less the mean.
    from_mean: f32,
    /// How far the deviate from -½ to ½ is from either end.
    edge: f32,
    v: f32,
    a: f32,
    b: f32,
}

impl Proposal {
    /// Whether this is a count of `mean`, or another attempt is needed.
    #[inline(always)]
    fn is_taken(&self, mean: f32) -> bool {
        let Proposal { edge, v, a, b, .. } = *self;
        let certain = 0.9277 - 3.6224 * reciprocal(b - 2.0);
        if edge >= 0.07 && v <= certain {
            return true;
        }
        if self.count < 0.0 || (edge < 0.013 && v > edge) {
            return false;
        }
        let inverse_alpha = 1.1239 + 1.1328 * reciprocal(b - 3.4);
        let slope = a * reciprocal(edge * edge) + b;
        let height = (v * inverse_alpha) * reciprocal(slope);
        log_over_probability(height, self.count, self.from_mean, mean) <= 0.0
    }
}

/// The proposal of an attempt for `mean` with its random words.
#[inline(always)]
fn propose(mean: f32, words: [u32; 4]) -> Proposal {
    let whole = mean.floor();
    let fraction = mean - whole;
    let b = 0.931 + 2.53 * square_root(mean);
    let a = 0.024_83 * b - 0.059;
    let edge = 0.5 * uniform(words[0]);
    let side = if words[1] & 1 == 0 {
        0.5 - edge
    } else {
        edge - 0.5
    };
    let v = uniform(words[2]);
    let step = (2.0 * a) * reciprocal(edge) + b;
    let offset = (step * side + (fraction + 0.43)).floor();
    Proposal {
        count: whole + offset,
        from_mean: offset - fraction,
        edge,
        v,
        a,
        b,
    }
}

/// ln(`height`/P(X = `count`)) for a count that is `from_mean` above the mean.
#[inline(always)]
pub fn log_over_probability(height: f32, count: f32, from_mean: f32, mean: f32) -> f32 {
    if count < 0.5 {
        return logarithm(height) + mean;
    }
    let root = square_root(std::f32::consts::TAU * count);
    let rest = stirling_error(count) + deviance(count, from_mean, mean);
    logarithm(height * root) + rest
}

/// ln n! − ln(√(2πn)·(n/e)ⁿ) for a whole `n` from 1.
#[inline(always)]
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
#[inline(always)]
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
    fn deviates_of_many_pixels_are_those_of_each() {
        let special = [
            0.0,
            -1.0,
            f32::NAN,
            f32::INFINITY,
            1e-40,
            0.249,
            0.25,
            11.999,
            12.0,
            1e17,
            1e18,
        ];
        for ladder in 0..60 {
            let scale = 10f32.powf(ladder as f32 / 6.0 - 3.0);
            let mut means: Vec<f32> = (0..1003)
                .map(|at| scale * (1.0 + (at % 97) as f32 / 20.0))
                .collect();
            for (place, mean) in special.into_iter().enumerate() {
                means[100 + 7 * place] = mean;
            }
            let stream = Stream {
                pixel: 77,
                image: ladder,
                purpose: 0,
                key: [5, 6],
            };
            let expected = means
                .iter()
                .zip(stream.pixel..)
                .map(|(&mean, pixel)| poisson(mean, &Stream { pixel, ..stream }));
            let expected: Vec<u32> = expected.map(f32::to_bits).collect();
            replace_by_deviates(&mut means, &stream);
            let found: Vec<u32> = means.into_iter().map(f32::to_bits).collect();
            assert_eq!(found, expected, "means about {scale}");
        }
    }

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
