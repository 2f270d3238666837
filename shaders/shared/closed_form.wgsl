// Spots of Gaussian crystals in closed form (PHYSICS §16): the average over mosaicity, wavelengths,
// directions, a pixel's area and a segment of phi. Mirrors src/physics/closed_form/mod.rs; builds on
// erf.wgsl, miller_index.wgsl and term.wgsl.
//
// The covariance C of a sharp spot that is smeared across q has eigenvalues so far apart that float32
// does not hold their ratio. C is therefore never formed. In whitened coordinates, in which the spot
// before it is smeared is round, C is 1 + sum of s s^T, and has an upper triangular factor R with
// R^T R = C. R is 1 at first. Each s is taken in as a fourth row, which three plane rotations make zero:
// only squares are added, and nothing cancels.

// An upper triangular matrix: its first row, and the others' three numbers that are not zero.
struct Triangle {
    h: vec3<f32>,
    kl: vec3<f32>,
}

// What smears the spots of a scene.
struct ClosedForm {
    // About each axis of the crystal: from a Miller index to its whitened step per standard deviation.
    mosaic: array<mat3x3<f32>, 3>,
    whitening: Triangle, // from a step of the index to a whitened one, W
    unwhitening: Triangle, // its inverse
    spindle: vec3<f32>,
    bandwidth: f32, // standard deviation of the wavelength, as a part of it
    divergence: vec2<f32>, // of the incident direction, along its electric and magnetic field
    half_segment: f32, // half the width of a segment of phi
    // Standard deviation of the place in a sub-pixel, over a pixel's width; 0 where no area is averaged.
    sub_pixel: f32,
    turning: f32, // standard deviation of q over its length, from mosaicity and bandwidth
}

fn triangular_product(triangle: Triangle, v: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(
        dot(triangle.h, v), dot(triangle.kl.xy, v.yz), triangle.kl.z * v.z,
    );
}

// The solution x of R^T x = v, whose length squared is v . C^-1 v.
fn whitened_by(factor: Triangle, v: vec3<f32>) -> vec3<f32> {
    let h = v.x / factor.h.x;
    let k = (v.y - factor.h.y * h) / factor.kl.x;
    let l = (v.z - factor.h.z * h - factor.kl.y * k) / factor.kl.z;
    return vec3<f32>(h, k, l);
}

// The triangular factor of R^T R + s s^T.
fn with_step(factor: Triangle, s: vec3<f32>) -> Triangle {
    let first = inverseSqrt(factor.h.x * factor.h.x + s.x * s.x);
    let h = (factor.h.x * factor.h + s.x * s) * first;
    let kl = (factor.h.x * s.yz - s.x * factor.h.yz) * first;
    let second = inverseSqrt(factor.kl.x * factor.kl.x + kl.x * kl.x);
    let k = (factor.kl.x * factor.kl.xy + kl.x * kl) * second;
    let l = (factor.kl.x * kl.y - kl.x * factor.kl.y) * second;
    return Triangle(h, vec3<f32>(k, sqrt(factor.kl.z * factor.kl.z + l * l)));
}

// The factor R of a spot at the scattering vector q, but for the area of a pixel.
fn covariance_factor(form: ClosedForm, prepared: Prepared, source: Source, q: vec3<f32>) -> Triangle {
    let hkl = index_step(prepared, q);
    let divergence = form.divergence * source.inverse_wavelength;
    let electric = index_step(prepared, divergence.x * source.electric);
    let magnetic = index_step(prepared, divergence.y * source.magnetic);
    var factor = Triangle(vec3<f32>(1.0, 0.0, 0.0), vec3<f32>(1.0, 0.0, 1.0));
    factor = with_step(factor, form.mosaic[0] * hkl);
    factor = with_step(factor, form.mosaic[1] * hkl);
    factor = with_step(factor, form.mosaic[2] * hkl);
    factor = with_step(factor, form.bandwidth * triangular_product(form.whitening, hkl));
    factor = with_step(factor, triangular_product(form.whitening, electric));
    return with_step(factor, triangular_product(form.whitening, magnetic));
}

// The factor with the area of a sub-pixel, too, which is `distance` m from the sample.
fn with_area(
    factor: Triangle, form: ClosedForm, prepared: Prepared, panel: Panel, source: Source,
    q: vec3<f32>, distance: f32,
) -> Triangle {
    if form.sub_pixel == 0.0 {
        return factor;
    }
    let diffracted = source.incident + q / source.inverse_wavelength;
    let scale = form.sub_pixel * panel.pixel_size_m * source.inverse_wavelength / distance;
    let fast = scale * (panel.fast - diffracted * dot(diffracted, panel.fast));
    let slow = scale * (panel.slow - diffracted * dot(diffracted, panel.slow));
    let along = with_step(factor, triangular_product(form.whitening, index_step(prepared, fast)));
    return with_step(along, triangular_product(form.whitening, index_step(prepared, slow)));
}

// How the Miller index moves as the crystal turns about the spindle, 1/rad.
fn sweep(form: ClosedForm, prepared: Prepared, q: vec3<f32>) -> vec3<f32> {
    return index_step(prepared, cross(q, form.spindle));
}

// A smeared spot where a scattering vector meets it.
struct SmearedSpot {
    height: f32, // sqrt(det C0/det C)
    exponent: f32, // E, the least as phi turns
    rate: f32, // sqrt(kappa), 1/rad
    crossing: f32, // sqrt(kappa) t0
}

// The spot with the factor R at the offset `delta` from a reflection.
fn smeared_spot(
    form: ClosedForm, factor: Triangle, delta: vec3<f32>, sweep: vec3<f32>,
) -> SmearedSpot {
    let away = whitened_by(factor, triangular_product(form.whitening, delta));
    let moved = whitened_by(factor, triangular_product(form.whitening, sweep));
    let square = dot(moved, moved);
    // Where the spindle is along q, nothing moves.
    let per_length = inverseSqrt(max(square, 1e-30));
    let direction = moved * per_length;
    let along = dot(away, direction);
    // The part across first, and its square then: a difference of squares would lose its digits.
    let across = away - along * direction;
    return SmearedSpot(
        1.0 / (factor.h.x * factor.kl.x * factor.kl.z), 0.5 * dot(across, across),
        ROOT_HALF * square * per_length, ROOT_HALF * along,
    );
}
const ROOT_HALF: f32 = 0.70710678;

// The average of F_latt^2 over the squared number of cells.
fn smeared_average(form: ClosedForm, spot: SmearedSpot) -> f32 {
    let mean = gaussian_mean(spot.crossing, spot.rate * form.half_segment);
    return spot.height * exp(-spot.exponent) * mean;
}

// F_cell^2 and the average of F_latt^2, over `common_factor`, at the Miller index `rest` from that of the
// place `whole`, for the scattering vector q that shows in a sub-pixel `distance` m from the sample.
fn smeared_term(
    model: Model, form: ClosedForm, prepared: Prepared, panel: Panel, source: Source, q: vec3<f32>,
    distance: f32, whole: vec3<f32>, rest: vec3<f32>,
) -> f32 {
    let nearest = nearest_index(rest);
    let factor = with_area(
        covariance_factor(form, prepared, source, q), form, prepared, panel, source, q, distance,
    );
    let spot = smeared_spot(form, factor, rest - nearest, sweep(form, prepared, q));
    let scattered = scattered_amplitude(model, whole, rest, nearest);
    return scattered * scattered * smeared_average(form, spot);
}

// How many standard deviations from a reflection its spot is not zero: exp(-128) is to float32, whatever
// the rounding of an exponent.
const SMEARED_END: f32 = 16.0;

// How far from a reflection, along each axis, its spot is not zero, for all scattering vectors within
// `extent` 1/Å of `centre`. The steps of the index are linear in q: over `extent` none grows by more
// than the cell's edge times that.
fn smeared_reach(
    model: Model, form: ClosedForm, prepared: Prepared, panel: Panel, source: Source,
    centre: vec3<f32>, extent: f32,
) -> vec3<f32> {
    let factor = covariance_factor(form, prepared, source, centre);
    let rows = form.unwhitening;
    let h = triangular_product(factor, rows.h);
    let k = triangular_product(factor, vec3<f32>(0.0, rows.kl.xy));
    let l = triangular_product(factor, vec3<f32>(0.0, 0.0, rows.kl.z));
    let width = form.sub_pixel * panel.pixel_size_m;
    let area = model.edges * (width * source.inverse_wavelength / panel.close_distance_m);
    let squares = vec3<f32>(dot(h, h), dot(k, k), dot(l, l)) + area * area;
    let farther = model.edges * extent;
    return SMEARED_END * (sqrt(squares) + form.turning * farther)
        + form.half_segment * (abs(sweep(form, prepared, centre)) + farther);
}
