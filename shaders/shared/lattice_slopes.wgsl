// How F_latt^2 changes with the offset from a reflection and with the crystal's size (PHYSICS §17).
// Mirrors lattice_factor_slopes in src/physics/lattice_factor.rs; builds on lattice_factor.wgsl.

// F_latt^2 over the squares of lattice_scale and of the number of cells, and its derivatives.
struct LatticeSlopes {
    square: f32,
    offset: vec3<f32>, // with respect to the offset
    // What the size changes. Of a square crystal, with respect to the logarithms of its cells; of a round
    // one, too, but for the number of all cells in front. Of Gaussian spots exp(-y.y/2), with respect to
    // a symmetric Q in exp(-y.(1 + Q)y/2): the elements hh, kk, ll, and half of those of kl, hl, hk.
    size: vec3<f32>,
    size_across: vec3<f32>,
}

// pi cot(pi f) over 1 - 2f, less 1/g + 1, for f from 0 to 1 and g = f(1 - f). The function is even about
// f = 1/2; this polynomial is right to 3e-8.
fn cotangent_rest(g: f32) -> f32 {
    return g * (-0.28986369 + g * (0.13025167 + g * (-0.06166876 + g * 0.02329878)));
}

// pi cot(pi f) - 1/f, for f from 0 to 1: of f itself, so that nothing cancels near 0.
fn cotangent_without_pole(f: f32) -> f32 {
    let rest = cotangent_rest(f - f * f);
    return rest - 2.0 * f * (1.0 + rest) - f / (1.0 - f);
}

// Derivatives of the logarithm of sin(pi n delta)/sin(pi delta): with respect to delta, and to that of n.
//
// In the middle of a spot the poles of n delta and of delta are taken out, as their difference is zero:
// nothing large is subtracted.
fn sincg_slopes(n: f32, delta: f32) -> vec2<f32> {
    let away = max(abs(delta), 1e-20);
    let turns = n * away;
    let f = fract(turns);
    let is_middle = turns < 1.0;
    // Where f is zero so is the spot.
    let of_cells = cotangent_without_pole(f) + select(1.0 / max(f, 1e-7), 0.0, is_middle);
    let of_one = cotangent_without_pole(away) + select(1.0 / away, 0.0, is_middle);
    return vec2<f32>(
        sign(delta) * (n * of_cells - of_one),
        turns * of_cells + select(0.0, 1.0, is_middle),
    );
}

// -3 pi^2 j2(x)/x^2 at x = pi v: the derivative of sinc3 with respect to v, over v. j2 is the spherical
// Bessel function.
fn sinc3_slope(v: f32) -> f32 {
    let x = PI * v;
    let x2 = x * x;
    // Below this the difference would lose its digits.
    if x2 < 4.0 {
        return -PI * PI / 5.0 * (1.0 - x2 / 14.0 * (1.0 - x2 / 36.0 * (1.0 - x2 / 66.0
            * (1.0 - x2 / 104.0 * (1.0 - x2 / 150.0 * (1.0 - x2 / 204.0))))));
    }
    let whole = round(v);
    let rest = v - whole;
    let sign = 1.0 - 2.0 * (whole - 2.0 * floor(whole / 2.0));
    return 3.0 * PI * PI * (sign * rest * sine_ratio(rest) / v - sinc3(v)) / x2;
}

fn square_slopes(model: Model, delta: vec3<f32>) -> LatticeSlopes {
    let root = square(model, delta);
    let twice = 2.0 * root * root;
    let h = sincg_slopes(model.cells.x, delta.x);
    let k = sincg_slopes(model.cells.y, delta.y);
    let l = sincg_slopes(model.cells.z, delta.z);
    return LatticeSlopes(
        root * root, twice * vec3<f32>(h.x, k.x, l.x), twice * vec3<f32>(h.y, k.y, l.y),
        vec3<f32>(0.0),
    );
}

fn round_slopes(model: Model, delta: vec3<f32>) -> LatticeSlopes {
    let v = round_offset(model, delta);
    let root = ROUND_SCALE * sinc3(v);
    let steepness = 2.0 * root * ROUND_SCALE * sinc3_slope(v) * model.fudge;
    let offset = steepness * model.cells * model.cells * delta;
    return LatticeSlopes(root * root, offset, offset * delta, vec3<f32>(0.0));
}

fn gauss_slopes(model: Model, delta: vec3<f32>) -> LatticeSlopes {
    // y over the root of 4 ln 2.
    let along = vec3<f32>(
        dot(model.spot_h, delta), dot(model.spot_kl.xy, delta.yz), model.spot_kl.z * delta.z,
    );
    let square = exp2(-2.0 * dot(along, along));
    let steep = -4.0 * LN_2 * square * along;
    let offset = vec3<f32>(
        model.spot_h.x * steep.x,
        model.spot_h.y * steep.x + model.spot_kl.x * steep.y,
        model.spot_h.z * steep.x + model.spot_kl.y * steep.y + model.spot_kl.z * steep.z,
    );
    return LatticeSlopes(square, offset, 0.5 * steep * along, 0.5 * steep.yxx * along.zzy);
}

// F_latt^2 of the shape SHAPE and its derivatives; a top-hat spot has none.
fn shape_slopes(model: Model, delta: vec3<f32>) -> LatticeSlopes {
    if SHAPE == 0u {
        return square_slopes(model, delta);
    }
    if SHAPE == 1u {
        return round_slopes(model, delta);
    }
    return gauss_slopes(model, delta);
}

// F_latt^2 and its derivatives: of the shape as it is, or of its mean over the crystal's symmetry.
fn lattice_slopes(model: Model, delta: vec3<f32>) -> LatticeSlopes {
    if !SYMMETRIC {
        return shape_slopes(model, delta);
    }
    var mean: LatticeSlopes;
    let part = 1.0 / f32(symmetry.operator_count);
    for (var number = 0u; number < symmetry.operator_count; number++) {
        let own_operator = symmetry.operators[number];
        var turned = own_operator * delta;
        if SHAPE == 0u {
            turned -= round(turned);
        }
        let own = shape_slopes(model, turned);
        mean.square += part * own.square;
        mean.offset += part * (own.offset * own_operator);
        mean.size += part * own.size;
        mean.size_across += part * own.size_across;
    }
    return mean;
}
