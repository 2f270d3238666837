// The lattice factor over the number of cells (PHYSICS §8), so that it is at most 1 whatever the
// crystal. Mirrors src/physics/lattice_factor.rs.

const PI: f32 = 3.1415927;
const ROUND_SCALE: f32 = 0.72360125;
const SPOT_WIDTH: f32 = 0.63;

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

// Coefficients of sin(pi f)/pi over g = f(1 - f), of g to g^4; that of 1 is 1. The function is even
// about f = 1/2, so that few suffice: fitted for the least relative error, they are right to 1.1e-9.
const HALF_WAVE: vec4<f32> = vec4<f32>(0.99999985, 0.35507177, 0.06512613, 0.00767962);

// n sin(pi f)/pi for f from 0 to 1; `waves` is n HALF_WAVE.
fn half_wave(n: f32, waves: vec4<f32>, f: f32) -> f32 {
    let g = f - f * f;
    return LEAST + g * (n + g * (waves.x + g * (waves.y + g * (waves.z + g * waves.w))));
}

// The numerator and denominator of sincg(n, delta)/n, but for the sign; `waves` is n HALF_WAVE.
fn sincg_parts(n: f32, waves: vec4<f32>, delta: f32) -> vec2<f32> {
    let away = abs(delta);
    return vec2<f32>(half_wave(1.0, HALF_WAVE, fract(n * away)), half_wave(n, waves, away));
}

// sin(pi n delta)/sin(pi delta)/n, but for its sign.
fn sincg(n: f32, delta: f32) -> f32 {
    let parts = sincg_parts(n, n * HALF_WAVE, delta);
    return parts.x / parts.y;
}

// The product of the three axes' interference functions, but for its sign: one division.
fn square(model: Model, delta: vec3<f32>) -> f32 {
    let h = sincg_parts(model.cells.x, model.waves_h, delta.x);
    let k = sincg_parts(model.cells.y, model.waves_k, delta.y);
    let l = sincg_parts(model.cells.z, model.waves_l, delta.z);
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

// exp(-g/0.63) of a Gaussian spot.
fn gauss(g: f32) -> f32 {
    return exp(-g / SPOT_WIDTH);
}

// sqrt(fudge sum (N delta)^2), of a round crystal.
fn round_offset(model: Model, delta: vec3<f32>) -> f32 {
    let scaled = delta * model.cells;
    return sqrt(model.fudge * dot(scaled, scaled));
}

// fudge g, of Gaussian and top-hat spots.
fn spot_offset_squared(model: Model, delta: vec3<f32>) -> f32 {
    let away = delta.x * model.metric_h + delta.y * model.metric_k + delta.z * model.metric_l;
    return model.fudge * dot(away, away);
}

// Whether an offset is inside a top-hat spot, by its spot_offset_squared.
fn is_inside_top_hat(offset_squared: f32) -> bool {
    return offset_squared < SPOT_WIDTH * SPOT_WIDTH;
}

// F_latt over the number of cells.
fn lattice_factor(model: Model, delta: vec3<f32>) -> f32 {
    if SHAPE == 0u {
        return square(model, delta);
    }
    if SHAPE == 1u {
        return ROUND_SCALE * sinc3(round_offset(model, delta));
    }
    let offset_squared = spot_offset_squared(model, delta);
    if SHAPE == 2u {
        return gauss(offset_squared);
    }
    return select(0.0, 1.0, is_inside_top_hat(offset_squared));
}
