// How a smeared spot changes with everything that it is made of (PHYSICS §17). Mirrors
// src/physics/closed_form/slopes.rs; builds on closed_form.wgsl and term_slopes.wgsl.
//
// The spot depends on its offset and sweep, whitened to vectors a and m by R^-T, and on the factor R of its
// covariance. With a' and m' the slopes of the logarithm of the average to a and m, that to a step s of the
// covariance is R^-1 (-s - a' (a.s) - m' (m.s)), where the s on the right are whitened, too: C is never formed.
//
// In a wide segment a is long along the sweep's direction u, and both products large, while what is left of
// them is not. With p the part of a across u, along = a.u, and the slopes `lean` to along, `stretch` to the
// logarithm of along and m at once, both products are -p (p.s) + lean (p (u.s) + u (p.s)) + stretch u (u.s):
// nothing large is subtracted.

// gaussian_mean; its derivative with respect to `middle`; and that to the logarithm of `middle` and `half`
// at once.
fn gaussian_mean_slopes(middle: f32, half: f32) -> vec3<f32> {
    let mean = gaussian_mean(middle, half);
    if half < NARROW {
        let step = 0.7745967 * half;
        let above = 2.5 / 9.0 * exp(-(middle + step) * (middle + step));
        let below = 2.5 / 9.0 * exp(-(middle - step) * (middle - step));
        let apart = below - above;
        let by_middle = 2.0 * (step * apart - middle * mean);
        let by_half = 2.0 * step * (middle * apart - step * (below + above));
        return vec3<f32>(mean, by_middle, middle * by_middle + by_half);
    }
    let above = exp(-(middle + half) * (middle + half));
    let below = exp(-(middle - half) * (middle - half));
    let per_width = 0.5 / half;
    return vec3<f32>(
        mean, (above - below) * per_width,
        (above * (half + middle) + below * (half - middle)) * per_width - mean,
    );
}

// The solution x of R x = v.
fn unwhitened_by(factor: Triangle, v: vec3<f32>) -> vec3<f32> {
    let l = v.z / factor.kl.z;
    let k = (v.y - factor.kl.y * l) / factor.kl.x;
    let h = (v.x - factor.h.y * k - factor.h.z * l) / factor.h.x;
    return vec3<f32>(h, k, l);
}

// The product with the transpose.
fn transposed_product(triangle: Triangle, v: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(
        triangle.h.x * v.x,
        triangle.h.y * v.x + triangle.kl.x * v.y,
        triangle.h.z * v.x + triangle.kl.y * v.y + triangle.kl.z * v.z,
    );
}

// The slopes of the logarithm of a spot's average to its offset and its sweep, whitened, and what those to
// the covariance are made of.
struct Whitened {
    factor: Triangle,
    across: vec3<f32>, // p
    direction: vec3<f32>, // u
    lean: f32,
    stretch: f32,
    offset_slope: vec3<f32>,
    sweep_slope: vec3<f32>,
}

// The slopes of the spot with the factor R.
fn whitened_slopes(
    form: ClosedForm, factor: Triangle, delta: vec3<f32>, sweep: vec3<f32>,
) -> Whitened {
    let away = whitened_by(factor, triangular_product(form.whitening, delta));
    let moved = whitened_by(factor, triangular_product(form.whitening, sweep));
    let square = dot(moved, moved);
    let per_length = inverseSqrt(max(square, 1e-30));
    let direction = moved * per_length;
    let along = dot(away, direction);
    let across = away - along * direction;
    let crossing = ROOT_HALF * along;
    let rate = ROOT_HALF * square * per_length;
    let mean = gaussian_mean_slopes(crossing, rate * form.half_segment);
    // Far out all are zero.
    let over = 1.0 / max(mean.x, 1e-37);
    let lean = ROOT_HALF * over * mean.y;
    let stretch = over * mean.z;
    return Whitened(
        factor, across, direction, lean, stretch, lean * direction - across,
        per_length * ((lean + along) * across + (stretch - lean * along) * direction),
    );
}

// The slope to a whitened step of the covariance.
fn step_slope(spot: Whitened, step: vec3<f32>) -> vec3<f32> {
    let own = whitened_by(spot.factor, step);
    let across = dot(spot.across, own);
    let along = dot(spot.direction, own);
    let slope = -own + spot.across * (across - spot.lean * along)
        - spot.direction * (spot.lean * across + spot.stretch * along);
    return unwhitened_by(spot.factor, slope);
}

// Adds the slopes by a step of the scattering vector that is fixed in the laboratory and over the wavelength:
// by the divergence or the area of a pixel. Gives the slope to `step`, and that to its logarithm.
fn add_displacement(
    own: ptr<function, TermSlopes>, form: ClosedForm, prepared: Prepared, spot: Whitened,
    step: vec3<f32>,
) -> vec4<f32> {
    let moved = index_step(prepared, step);
    let index = transposed_product(
        form.whitening, step_slope(spot, triangular_product(form.whitening, moved)),
    );
    let slope = step_of_index(prepared, index);
    let size = dot(index, moved);
    (*own).index += outer_product(index, moved);
    (*own).turn += cross(slope, step);
    (*own).wavelength -= size;
    return vec4<f32>(slope, size);
}

// Adds the slopes by the mosaicity about one axis of the crystal, which takes the index `hkl` to the
// whitened step turn hkl; gives the slope to the index, and that to the logarithm of the step.
fn add_mosaic(
    own: ptr<function, TermSlopes>, form: ClosedForm, spot: Whitened, turn: mat3x3<f32>,
    hkl: vec3<f32>,
) -> vec4<f32> {
    let step = turn * hkl;
    let slope = step_slope(spot, step);
    (*own).index += outer_product(
        transposed_product(form.whitening, slope), triangular_product(form.unwhitening, step),
    );
    return vec4<f32>(slope * turn, dot(slope, step));
}

// The slopes by Q, as LatticeSlopes: hh, kk, ll; and kl, hl, hk.
fn size_slopes(spot: Whitened) -> array<vec3<f32>, 2> {
    let h = unwhitened_by(spot.factor, vec3<f32>(1.0, 0.0, 0.0));
    let k = unwhitened_by(spot.factor, vec3<f32>(0.0, 1.0, 0.0));
    let l = unwhitened_by(spot.factor, vec3<f32>(0.0, 0.0, 1.0));
    let p = unwhitened_by(spot.factor, spot.across);
    let u = unwhitened_by(spot.factor, spot.direction);
    let squares = h * h + k * k + l * l - 1.0
        + p * (2.0 * spot.lean * u - p) + spot.stretch * u * u;
    let across = h.yxx * h.zzy + k.yxx * k.zzy + l.yxx * l.zzy
        + spot.lean * (p.yxx * u.zzy + p.zzy * u.yxx)
        - p.yxx * p.zzy + spot.stretch * u.yxx * u.zzy;
    return array<vec3<f32>, 2>(0.5 * squares, 0.5 * across);
}

// `slopes` times `factor`.
fn scaled_slopes(slopes: TermSlopes, factor: f32) -> TermSlopes {
    var own = slopes;
    own.index *= factor;
    own.q *= factor;
    own.turn *= factor;
    own.size *= factor;
    own.size_across *= factor;
    own.mosaic *= factor;
    own.bandwidth *= factor;
    own.divergence *= factor;
    own.wavelength *= factor;
    own.seen *= factor;
    own.edges *= factor;
    return own;
}

// As term_slopes, of the closed form: what smeared_term gives, in a sub-pixel `distance` m from the sample.
fn smeared_slopes(
    model: Model, form: ClosedForm, prepared: Prepared, panel: Panel, source: Source, q: vec3<f32>,
    distance: f32, whole: vec3<f32>, rest: vec3<f32>, factor: f32,
) -> TermSlopes {
    let nearest = nearest_index(rest);
    let hkl = index_step(prepared, q);
    let swept = sweep(form, prepared, q);
    let covariance = with_area(
        covariance_factor(form, prepared, source, q), form, prepared, panel, source, q, distance,
    );
    let spot = whitened_slopes(form, covariance, rest - nearest, swept);
    var own: TermSlopes;

    let of_offset = transposed_product(form.whitening, unwhitened_by(spot.factor, spot.offset_slope));
    let of_sweep = transposed_product(form.whitening, unwhitened_by(spot.factor, spot.sweep_slope));
    own.index = outer_product(of_offset, hkl) + outer_product(of_sweep, swept);
    let of_wavelengths = form.bandwidth * triangular_product(form.whitening, hkl);
    let wavelengths = step_slope(spot, of_wavelengths);
    own.bandwidth = dot(wavelengths, of_wavelengths);
    let of_bandwidth = form.bandwidth * transposed_product(form.whitening, wavelengths);
    own.index += outer_product(of_bandwidth, hkl);
    let about_a = add_mosaic(&own, form, spot, form.mosaic[0], hkl);
    let about_b = add_mosaic(&own, form, spot, form.mosaic[1], hkl);
    let about_c = add_mosaic(&own, form, spot, form.mosaic[2], hkl);
    own.mosaic = vec3<f32>(about_a.w, about_b.w, about_c.w);
    let index = of_offset + of_bandwidth + about_a.xyz + about_b.xyz + about_c.xyz;
    let straight = step_of_index(prepared, index);
    let turning = step_of_index(prepared, of_sweep);
    own.q = straight + cross(form.spindle, turning);
    own.turn = cross(straight, q) + cross(turning, cross(q, form.spindle));

    let divergence = form.divergence * source.inverse_wavelength;
    own.divergence = vec2<f32>(
        add_displacement(&own, form, prepared, spot, divergence.x * source.electric).w,
        add_displacement(&own, form, prepared, spot, divergence.y * source.magnetic).w,
    );
    if form.sub_pixel != 0.0 {
        let diffracted = source.incident + q / source.inverse_wavelength;
        let scale = form.sub_pixel * panel.pixel_size_m * source.inverse_wavelength / distance;
        let fast_cosine = dot(diffracted, panel.fast);
        let slow_cosine = dot(diffracted, panel.slow);
        let fast = scale * (panel.fast - diffracted * fast_cosine);
        let slow = scale * (panel.slow - diffracted * slow_cosine);
        let by_fast = add_displacement(&own, form, prepared, spot, fast);
        let by_slow = add_displacement(&own, form, prepared, spot, slow);
        own.seen = vec4<f32>(
            -scale * (fast_cosine * by_fast.xyz + dot(by_fast.xyz, diffracted) * panel.fast
                + slow_cosine * by_slow.xyz + dot(by_slow.xyz, diffracted) * panel.slow),
            by_fast.w + by_slow.w,
        );
        own.edges = cross(fast, by_fast.xyz) + cross(slow, by_slow.xyz);
    }
    let size = size_slopes(spot);
    own.size = size[0];
    own.size_across = size[1];

    let scattered = scattered_amplitude(model, whole, rest, nearest);
    let average = smeared_average(form, smeared_spot(form, covariance, rest - nearest, swept));
    own = scaled_slopes(own, factor * scattered * scattered * average);
    own.term = factor * scattered * scattered * average;
    own.amplitude = 2.0 * factor * scattered * average;
    return own;
}
