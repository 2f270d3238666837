// The lattice factor over the number of cells (PHYSICS §8), so that it is at most 1 whatever the
// crystal. Mirrors src/physics/lattice_factor.rs.

const PI: f32 = 3.1415927;
const ROUND_SCALE: f32 = 0.72360125;
const SPOT_WIDTH: f32 = 0.63;

// Offsets below this count as the reflection's centre, for any crystal of less than 1e9 cells an
// axis.
const CENTRE: f32 = 1e-9;

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

// The numerator and denominator of sincg(n, delta)/n.
fn sincg_parts(n: f32, delta: f32) -> vec2<f32> {
    // Even, up to the sign. At the centre both parts are one small number.
    let away = max(abs(delta), CENTRE);
    let turns = n * away;
    let u = turns - round(turns);
    return vec2<f32>(u * sine_ratio(u), turns * sine_ratio(away));
}

// sin(pi n delta)/sin(pi delta)/n, but for its sign.
fn sincg(n: f32, delta: f32) -> f32 {
    let parts = sincg_parts(n, delta);
    return parts.x / parts.y;
}

// The product of the three axes' interference functions, but for its sign: one division.
fn square(cells: vec3<f32>, delta: vec3<f32>) -> f32 {
    let h = sincg_parts(cells.x, delta.x);
    let k = sincg_parts(cells.y, delta.y);
    let l = sincg_parts(cells.z, delta.z);
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
        return square(model.cells, delta);
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
