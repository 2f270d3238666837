// The lattice factor (PHYSICS §8). Mirrors src/physics/lattice_factor.rs.

const PI: f32 = 3.1415927;
const ROUND_SCALE: f32 = 0.72360125;
const SPOT_WIDTH: f32 = 0.63;
const LN_2: f32 = 0.6931472;

// What is added to the denominator of sincg, and n times to its numerator, so that their ratio is right
// where both are zero.
const LEAST: f32 = 1e-12;

// sin(pi x) over pi x, for x from -1/2 to 1/2. The hardware's sine has no relative accuracy near
// zero; this polynomial in x^2, fitted at Chebyshev nodes, is right to 1e-7, and exactly 1 at 0.
fn sine_ratio(x: f32) -> f32 {
    let y = x * x;
    return 1.0 + y * (-1.6449341 + y * (0.81174236 + y * (-0.19075006 + y * (0.026128059
        + y * -0.0022550628))));
}

// cos(pi x) for x from -1/2 to 1/2.
fn cosine(x: f32) -> f32 {
    let y = x * x;
    return 1.0 + y * (-4.934802 + y * (4.058712 + y * (-1.3352623 + y * (0.23532544
        + y * (-0.025776323 + y * 0.0018399975)))));
}

// sin(pi f)/pi for f from 0 to 1, and `least`. The function is even about f = 1/2, so that a polynomial in
// g = f(1 - f) needs few coefficients: fitted for the least relative error, it is right to 2e-9.
fn half_wave(f: f32, least: f32) -> f32 {
    let g = f - f * f;
    return least + g * (1.0 + g * (1.0 + g * (0.35506871 + g * (0.06514531 + g * 0.00764244))));
}

// The numerator and denominator of sincg(n, delta), but for the sign; `least` is n LEAST. They are right
// for every delta between -1 and 1 if n is whole.
fn sincg_parts(n: f32, least: f32, delta: f32) -> vec2<f32> {
    let away = abs(delta);
    return vec2<f32>(half_wave(fract(n * away), least), half_wave(away, LEAST));
}

// sin(pi n delta)/sin(pi delta)/n, but for its sign.
fn sincg(n: f32, delta: f32) -> f32 {
    let parts = sincg_parts(n, n * LEAST, delta);
    return parts.x / (n * parts.y);
}

// The product of the three axes' interference functions, but for its sign: one division. With LARGE, it
// is over the number of cells.
fn square(model: Model, delta: vec3<f32>) -> f32 {
    if LARGE {
        return sincg(model.cells.x, delta.x) * sincg(model.cells.y, delta.y)
            * sincg(model.cells.z, delta.z);
    }
    let h = sincg_parts(model.cells.x, model.least.x, delta.x);
    let k = sincg_parts(model.cells.y, model.least.y, delta.y);
    let l = sincg_parts(model.cells.z, model.least.z, delta.z);
    return (h.x * k.x * l.x) / (h.y * k.y * l.y);
}

// 3(sin x/x - cos x)/x^2 at x = pi v, 1 at 0; v >= 0.
fn sinc3(v: f32) -> f32 {
    let x = PI * v;
    let x2 = x * x;
    // Below this the difference of sine and cosine would lose its digits.
    if x2 < 2.0 {
        return 1.0 - x2 / 10.0 * (1.0 - x2 / 28.0 * (1.0 - x2 / 54.0 * (1.0 - x2 / 88.0
            * (1.0 - x2 / 130.0 * (1.0 - x2 / 180.0)))));
    }
    let whole = round(v);
    let rest = v - whole;
    let sign = 1.0 - 2.0 * (whole - 2.0 * floor(whole / 2.0));
    return 3.0 * sign * (rest * sine_ratio(rest) / v - cosine(rest)) / x2;
}

// F_latt of a Gaussian spot over the number of cells, by its spot_exponent.
fn gauss(exponent: f32) -> f32 {
    return exp2(-exponent);
}

// sqrt(fudge sum (N delta)^2), of a round crystal.
fn round_offset(model: Model, delta: vec3<f32>) -> f32 {
    let scaled = delta * model.cells;
    return sqrt(model.fudge * dot(scaled, scaled));
}

// fudge g over SPOT_WIDTH ln 2, of Gaussian and top-hat spots.
fn spot_exponent(model: Model, delta: vec3<f32>) -> f32 {
    let along = dot(model.spot_h, delta);
    let across = dot(model.spot_kl.xy, delta.yz);
    let upright = model.spot_kl.z * delta.z;
    return along * along + (across * across + upright * upright);
}

// Whether an offset is inside a top-hat spot, by its spot_exponent.
fn is_inside_top_hat(exponent: f32) -> bool {
    return exponent < SPOT_WIDTH / LN_2;
}

// What lattice_factor is multiplied by to be F_latt over the number of cells.
fn lattice_scale(model: Model) -> f32 {
    if SHAPE == 0u && !LARGE {
        return 1.0 / (model.cells.x * model.cells.y * model.cells.z);
    }
    return 1.0;
}

// F_latt over lattice_scale and the number of cells.
fn lattice_factor(model: Model, delta: vec3<f32>) -> f32 {
    if SHAPE == 0u {
        return square(model, delta);
    }
    if SHAPE == 1u {
        return ROUND_SCALE * sinc3(round_offset(model, delta));
    }
    let exponent = spot_exponent(model, delta);
    if SHAPE == 2u {
        return gauss(exponent);
    }
    return select(0.0, 1.0, is_inside_top_hat(exponent));
}
