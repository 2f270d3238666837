// Poisson deviates for any mean. Mirrors src/image/noise/poisson.rs; builds on deviates.wgsl and
// what that builds on.

const FEW = 12.0;
const QUIET_BITS = 0x5b800000u;
const INFINITE_BITS = 0x7f800000u;

fn poisson(mean: f32, stream: Stream) -> f32 {
    let bits = bitcast<u32>(mean);
    if bits == 0u || bits > INFINITE_BITS {
        return 0.0;
    }
    if bits >= QUIET_BITS {
        return mean;
    }
    if mean < FEW {
        let words = stream_words(stream, 0u);
        return few(mean, fine_uniform(words.x, words.y));
    }
    return many(mean, stream);
}

// 2^-60.
const NOTHING = 8.673617379884035e-19;

fn few(mean: f32, v: f32) -> f32 {
    if v >= mean {
        return 0.0;
    }
    var k = 0.0;
    var probability = falling_exponential(mean);
    if mean >= 0.25 && v >= 1.0 / 64.0 {
        var tail = difference(1.0, probability);
        while v < tail {
            k = sum(k, 1.0);
            probability = product(probability, product(mean, reciprocal(k)));
            tail = difference(tail, probability);
        }
        return k;
    }
    while k < mean || probability > NOTHING {
        k = sum(k, 1.0);
        probability = product(probability, product(mean, reciprocal(k)));
    }
    let inverse_mean = reciprocal(mean);
    var tail = probability;
    while k > 0.5 && v >= tail {
        probability = product(probability, product(k, inverse_mean));
        k = difference(k, 1.0);
        tail = sum(tail, probability);
    }
    return k;
}

const ATTEMPTS = 64u;

fn many(mean: f32, stream: Stream) -> f32 {
    let whole = floor(mean);
    let fraction = difference(mean, whole);
    let b = sum(0.931, product(2.53, square_root(mean)));
    let a = difference(product(0.02483, b), 0.059);
    let certain = difference(0.9277, product(3.6224, reciprocal(difference(b, 2.0))));
    for (var attempt = 0u; attempt < ATTEMPTS; attempt++) {
        let words = stream_words(stream, attempt);
        let edge = product(0.5, uniform_deviate(words.x));
        let upper = difference(0.5, edge);
        let side = select(-upper, upper, (words.y & 1u) == 0u);
        let v = uniform_deviate(words.z);
        let step = sum(product(product(2.0, a), reciprocal(edge)), b);
        let offset = floor(sum(product(step, side), sum(fraction, 0.43)));
        let count = sum(whole, offset);
        if edge >= 0.07 && v <= certain {
            return count;
        }
        if count < 0.0 || (edge < 0.013 && v > edge) {
            continue;
        }
        let inverse_alpha = sum(1.1239, product(1.1328, reciprocal(difference(b, 3.4))));
        let slope = sum(product(a, reciprocal(product(edge, edge))), b);
        let height = product(product(v, inverse_alpha), reciprocal(slope));
        if log_over_probability(height, count, difference(offset, fraction), mean) <= 0.0 {
            return count;
        }
    }
    return whole;
}

fn log_over_probability(height: f32, count: f32, from_mean: f32, mean: f32) -> f32 {
    if count < 0.5 {
        return sum(logarithm(height), mean);
    }
    let root = square_root(product(6.2831855, count));
    let rest = sum(stirling_error(count), deviance(count, from_mean, mean));
    return sum(logarithm(product(height, root)), rest);
}

fn stirling_error(n: f32) -> f32 {
    if n < 1.5 {
        return 0.08106147;
    }
    if n < 2.5 {
        return 0.0413407;
    }
    let inverse = reciprocal(n);
    let square = product(inverse, inverse);
    let series = difference(1.0 / 1260.0, product(square, 1.0 / 1680.0));
    let further = difference(1.0 / 360.0, product(square, series));
    return product(inverse, difference(1.0 / 12.0, product(square, further)));
}

fn deviance(count: f32, from_mean: f32, mean: f32) -> f32 {
    let v = product(from_mean, reciprocal(sum(count, mean)));
    if abs(v) >= 0.1 {
        let ratio = product(count, reciprocal(mean));
        return difference(product(count, logarithm(ratio)), from_mean);
    }
    let square = product(v, v);
    var series = 1.0 / 9.0;
    series = sum(1.0 / 7.0, product(square, series));
    series = sum(0.2, product(square, series));
    series = sum(1.0 / 3.0, product(square, series));
    let higher = product(product(product(2.0, count), v), product(square, series));
    return sum(product(from_mean, v), higher);
}
