// Reciprocal, root, exponential and logarithm, the same to the last bit everywhere. Mirrors
// src/image/noise/elementary.rs; builds on strict.wgsl.

fn reciprocal(x: f32) -> f32 {
    var y = bitcast<f32>(0x7ef311c7u - bitcast<u32>(x));
    for (var turn = 0; turn < 3; turn++) {
        y = product(y, difference(2.0, product(x, y)));
    }
    return y;
}

fn square_root(x: f32) -> f32 {
    let half = product(0.5, x);
    var y = bitcast<f32>(0x5f3759dfu - (bitcast<u32>(x) >> 1u));
    for (var turn = 0; turn < 3; turn++) {
        y = product(y, difference(1.5, product(product(half, y), y)));
    }
    return product(x, y);
}

fn falling_exponential(x: f32) -> f32 {
    let n = floor(sum(product(x, 1.442695), 0.5));
    let r = difference(difference(x, product(n, LN_2_HIGH)), product(n, LN_2_LOW));
    var series = 1.0 / 5040.0;
    series = difference(1.0 / 720.0, product(r, series));
    series = difference(1.0 / 120.0, product(r, series));
    series = difference(1.0 / 24.0, product(r, series));
    series = difference(1.0 / 6.0, product(r, series));
    series = difference(0.5, product(r, series));
    series = difference(1.0, product(r, series));
    series = difference(1.0, product(r, series));
    return bitcast<f32>(bitcast<u32>(series) - (u32(n) << 23u));
}

fn logarithm(x: f32) -> f32 {
    let bits = bitcast<i32>(x);
    let exponent = (bits - ROOT_HALF_BITS) >> 23u;
    let mantissa = bitcast<f32>(bits - (exponent << 23u));
    let v = product(difference(mantissa, 1.0), reciprocal(sum(mantissa, 1.0)));
    let square = product(v, v);
    var series = 1.0 / 9.0;
    series = sum(1.0 / 7.0, product(square, series));
    series = sum(0.2, product(square, series));
    series = sum(1.0 / 3.0, product(square, series));
    let twice = product(2.0, v);
    let rest = sum(twice, product(product(twice, square), series));
    let n = f32(exponent);
    return sum(product(n, LN_2_HIGH), sum(product(n, LN_2_LOW), rest));
}

const LN_2_HIGH = 0.6933594;
const LN_2_LOW = -2.1219444e-4;
const ROOT_HALF_BITS = 0x3f3504f3i;
