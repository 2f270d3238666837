// The lattice factor over the number of cells (PHYSICS §8), so that it is at most 1 whatever the
// crystal. Mirrors src/physics/lattice_factor.rs.

const PI: f32 = 3.1415927;
const ROUND_SCALE: f32 = 0.72360125;
const SPOT_WIDTH: f32 = 0.63;
const LN_2: f32 = 0.6931472;

// What is added to both parts of sincg, so that they are equal where both are zero.
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

// Coefficients of sin(pi f)/pi over g = f(1 - f), of g^2 to g^4; those of 1 and g are 1. The function is
// even about f = 1/2, so that few suffice: fitted for the least relative error, they are right to 2e-9.
const HALF_WAVE: vec3<f32> = vec3<f32>(0.35506871, 0.06514531, 0.00764244);

// Coefficients of n sin(pi f)/pi.
fn wave(n: f32) -> vec4<f32> {
    return n * vec4<f32>(1.0, HALF_WAVE);
}

// n sin(pi f)/pi for f from 0 to 1; `w` is wave(n).
fn half_wave(w: vec4<f32>, f: f32) -> f32 {
    let g = f - f * f;
    return LEAST + g * (w.x + g * (w.x + g * (w.y + g * (w.z + g * w.w))));
}

// The numerator and denominator of sincg(n, delta)/n, but for the sign; `w` is wave(n). They are right
// for every delta between -1 and 1 if n is whole.
fn sincg_parts(w: vec4<f32>, delta: f32) -> vec2<f32> {
    let away = abs(delta);
    return vec2<f32>(half_wave(wave(1.0), fract(w.x * away)), half_wave(w, away));
}

// sin(pi n delta)/sin(pi delta)/n, but for its sign.
fn sincg(n: f32, delta: f32) -> f32 {
    let parts = sincg_parts(wave(n), delta);
    return parts.x / parts.y;
}

// The product of the three axes' interference functions, but for its sign: one division.
fn square(model: Model, delta: vec3<f32>) -> f32 {
    let h = sincg_parts(model.wave_h, delta.x);
    let k = sincg_parts(model.wave_k, delta.y);
    let l = sincg_parts(model.wave_l, delta.z);
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

// F_latt over the number of cells.
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
