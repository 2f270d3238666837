//! Spots in closed form: the covariance's factor, the average over a segment, how far a spot reaches.

use std::f64::consts::PI;

use glam::{DMat3, DVec3};
use nanobragg::gpu::derivatives_source;
use nanobragg::physics::closed_form::{self, ClosedForm};
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::{check, in_render, inputs, joined, log_uniform, relative, unit_vector, vector};
use crate::support::shader::Kernel;

/// Error over the value.
const SCALED_ERFC: f64 = 5e-7;
/// Error over the value in the middle.
const GAUSSIAN_MEAN: f64 = 1.5e-6;
/// Error over the value, and over the length of a vector and the ratio of the factor's numbers.
const FACTOR: f64 = 1e-6;
/// Error over the height of a spot and one more than how far it is smeared, in units of its width before.
const SPOT: f64 = 1e-6;
/// Error over the sum of all parts of a slope, and over the height of the spot for each unit of its width
/// before that it moves.
const SMEARED_SLOPES: f64 = 4e-3;

#[test]
fn scaled_erfc() {
    let edges = [0.0, 1e-8, 0.125, 1.0, 13.9].map(|x| [x]);
    let inputs = inputs(130, edges.to_vec(), |rng| [log_uniform(rng, 1e-4, 14.0)]);
    let kernel = in_render("put(0u, scaled_erfc(real(0u)));");
    check(
        "scaled_erfc",
        kernel,
        SCALED_ERFC,
        &inputs,
        |[x], [found]| relative(found, (x * x).exp() * libm::erfc(x)),
    );
}

/// The mean of exp(−x²) from `low` to `high`, to the digits that float32 has.
fn mean_between(low: f64, high: f64) -> f64 {
    if high - low < 1e-3 {
        let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
        return (-middle * middle).exp()
            * (1.0 + half * half * (4.0 * middle * middle - 2.0) / 6.0);
    }
    let difference = if low > 0.0 {
        libm::erfc(low) - libm::erfc(high)
    } else {
        libm::erf(high) - libm::erf(low)
    };
    PI.sqrt() / 2.0 * difference / (high - low)
}

#[test]
fn gaussian_mean() {
    let edges = [
        [0.0, 0.0],
        [3.0, 0.0],
        [0.0, 0.125],
        [1.0, 0.124_999],
        [-1.0, 0.125_001],
        [0.0, 1e9],
        [-2e8, 1e8],
        [50.0, 1.0],
    ];
    let inputs = inputs(131, edges.to_vec(), |rng| {
        let half = log_uniform(rng, 1e-6, 30.0);
        [rng.random_range(-1.0..1.0) * (half + 5.0), half]
    });
    let kernel = in_render("put(0u, gaussian_mean(real(0u), real(1u)));");
    check(
        "gaussian_mean",
        kernel,
        GAUSSIAN_MEAN,
        &inputs,
        |[middle, half], [found]| {
            let middle = middle.abs();
            assert!(found >= 0.0, "{found}");
            (found - mean_between(middle - half, middle + half)).abs() / mean_between(-half, half)
        },
    );
}

/// The numbers of an upper triangular matrix.
fn triangular(matrix: &DMat3) -> [f64; 6] {
    let [x, y, z] = matrix.to_cols_array_2d();
    [x[0], y[0], z[0], y[1], z[1], z[2]]
}

/// The upper triangular matrix of these numbers.
fn of_numbers(numbers: &[f64]) -> DMat3 {
    let [a, b, c, d, e, f] = numbers.try_into().unwrap();
    DMat3::from_cols(
        DVec3::new(a, 0.0, 0.0),
        DVec3::new(b, d, 0.0),
        DVec3::new(c, e, f),
    )
}

/// Steps are taken into a factor, and the factor undone from a vector.
#[test]
fn factors() {
    let inputs: Vec<[f32; 12]> = inputs(132, vec![[1.0; 12]], |rng| {
        let sizes = [(); 2].map(|()| log_uniform(rng, 1e-3, 1e3));
        let [step, other] = sizes.map(|size| (unit_vector(rng) * size).to_array());
        let [h, kl] = [(); 2].map(|()| vector(rng).to_array());
        let diagonal = [(); 3].map(|()| rng.random_range(0.5..2.0));
        let numbers = [diagonal[0], h[1], h[2], diagonal[1], kl[1], diagonal[2]];
        joined(&[&numbers, &step, &other])
    });
    let body = "let start = Triangle(real3(0u), real3(3u));
        let factor = with_step(start, real3(6u));
        put3(0u, factor.h);
        put3(3u, factor.kl);
        put3(6u, whitened_by(factor, real3(9u)));
        put3(9u, triangular_product(start, real3(9u)));";
    check(
        "with_step",
        in_render(body),
        FACTOR,
        &inputs,
        |input, found: [f64; 12]| {
            let vector = |word: usize| DVec3::from_slice(&input[word..]);
            let (start, step, other) = (of_numbers(&input[..6]), vector(6), vector(9));
            let square = start.transpose() * start
                + DMat3::from_cols(step * step.x, step * step.y, step * step.z);
            let factor = of_numbers(&found[..6]);
            let length = |matrix: &DMat3| triangular(matrix).map(|n| n * n).iter().sum::<f64>();
            let own = factor.transpose() * factor;
            let apart = own - square;
            let apart = apart.to_cols_array().map(f64::abs);
            let squared = apart.into_iter().fold(0.0, f64::max) / length(&factor);
            let ratio = length(&factor).sqrt() / factor.determinant().powf(1.0 / 3.0).min(0.5);
            let solved = DVec3::from_slice(&found[6..]);
            let undone = (factor.transpose() * solved - other).length()
                / (length(&factor).sqrt() * solved.length());
            let product = DVec3::from_slice(&found[9..]) - start * other;
            let determinant = relative(factor.determinant().powi(2), square.determinant()) / ratio;
            [
                squared,
                undone,
                product.length() / other.length(),
                determinant,
            ]
            .into_iter()
            .fold(0.0, f64::max)
        },
    );
}

/// Words of a crystal, a view of it, and what smears it: rows a′, b′, c′, q, δ, the fields, 1/λ, what
/// `READ` reads, and the standard deviations of the crystal's rotation.
const WORDS: usize = 77;
const READ: &str = "
fn form_at() -> ClosedForm {
    var form: ClosedForm;
    form.bandwidth = real(22u);
    form.half_segment = real(23u);
    form.divergence = real2(24u);
    form.sub_pixel = real(26u);
    form.spindle = real3(27u);
    form.whitening = Triangle(real3(30u), real3(33u));
    for (var axis = 0u; axis < 3u; axis++) {
        let word = 36u + 9u * axis;
        form.mosaic[axis] = mat3x3<f32>(real3(word), real3(word + 3u), real3(word + 6u));
    }
    return form;
}
fn prepared_here() -> Prepared {
    var prepared: Prepared;
    prepared.row_a = real3(0u);
    prepared.row_b = real3(3u);
    prepared.row_c = real3(6u);
    return prepared;
}
fn panel_here() -> Panel {
    var panel: Panel;
    panel.fast = real3(63u);
    panel.slow = real3(66u);
    panel.pixel_size_m = real(69u);
    panel.close_distance_m = 0.5 * real(70u);
    return panel;
}
fn source_here() -> Source {
    var source: Source;
    source.electric = real3(15u);
    source.magnetic = real3(18u);
    source.inverse_wavelength = real(21u);
    source.incident = real3(71u);
    return source;
}
";

/// What the words say, in float64 and Å.
struct Case {
    form: ClosedForm,
    q: DVec3,
    delta: DVec3,
    covariance: DMat3,
    sweep: DVec3,
}

fn case(words: &[f64]) -> Case {
    let vector = |word: usize| DVec3::from_slice(&words[word..]);
    let index_of = DMat3::from_cols(vector(0), vector(3), vector(6)).transpose();
    let reciprocal = index_of.inverse();
    let (a, c_star) = (vector(0).normalize(), reciprocal.z_axis.normalize());
    let axes = DMat3::from_cols(a, c_star.cross(a), c_star);
    let form = ClosedForm {
        whitening: of_numbers(&words[30..36]),
        frame: axes.transpose() * reciprocal,
        mosaic_sigmas_rad: [words[74], words[75], words[76]],
        bandwidth: words[22],
        divergence_sigma_rad: [words[24], words[25]],
        spindle: vector(27),
        segment_rad: 2.0 * words[23],
        pixel_average: words[26] != 0.0,
    };
    let (q, wavelength) = (vector(9), 1.0 / words[21]);
    let mut steps = Vec::from(closed_form::divergence_steps(
        &form,
        vector(15),
        vector(18),
        wavelength,
    ));
    if form.pixel_average {
        steps.extend(closed_form::pixel_steps(
            [vector(63), vector(66)],
            words[69] * words[26] * 12f64.sqrt(),
            vector(71) + q * wavelength,
            words[70],
            wavelength,
        ));
    }
    Case {
        covariance: closed_form::covariance(&form, &index_of, q, &steps),
        sweep: closed_form::sweep(&form, &index_of, q),
        delta: vector(12),
        q,
        form,
    }
}

/// A crystal of up to 2000 cells along an axis, that turns and is smeared by much or little, where a
/// spot shows.
fn draw(rng: &mut PhiloxStream) -> [f32; WORDS] {
    // A spread is often none at all.
    let spread = |rng: &mut PhiloxStream, low: f32, high: f32| {
        let size = log_uniform(rng, low, high);
        if rng.random_range(0..4) == 0 {
            0.0
        } else {
            size
        }
    };
    let mut words = [0.0; WORDS];
    let put = |words: &mut [f32], place: usize, numbers: &[f64]| {
        for (word, number) in words[place..].iter_mut().zip(numbers) {
            *word = *number as f32;
        }
    };
    let cells = f64::from(log_uniform(rng, 3.0, 2000.0));
    let mut axes = [70.0, 80.0, 90.0].map(|edge| unit_vector(rng).as_dvec3() * edge);
    axes[2] = axes[0].cross(axes[1]).normalize() * 90.0 + 0.2 * axes[0];
    let upper = of_numbers(&[1.0, 0.2, -0.3, 0.8, 0.1, 1.3]) * (2.5 * cells);
    let wavenumber = f64::from(rng.random_range(0.5..1.5f32));
    let incident = unit_vector(rng).as_dvec3();
    let magnetic = incident.cross(unit_vector(rng).as_dvec3()).normalize();
    let diffracted = (incident + 0.6 * vector(rng).as_dvec3()).normalize();
    let q = (diffracted - incident) * wavenumber;
    let alike = rng.random_range(0..2) == 0;
    let largest = spread(rng, 1e-5, 0.02);
    for sigma in &mut words[74..] {
        let part = if alike {
            1.0
        } else {
            rng.random_range(0.1..1.0)
        };
        *sigma = largest * part;
    }
    put(
        &mut words,
        0,
        axes.map(|axis| axis.to_array()).as_flattened(),
    );
    put(&mut words, 9, &q.to_array());
    put(&mut words, 15, &magnetic.cross(incident).to_array());
    put(&mut words, 18, &magnetic.to_array());
    put(&mut words, 21, &[wavenumber]);
    words[22] = spread(rng, 1e-5, 0.01);
    words[23] = spread(rng, 1e-5, 0.03);
    words[24] = spread(rng, 1e-5, 2e-3);
    words[25] = spread(rng, 1e-5, 2e-3);
    words[26] = if rng.random_range(0..2) == 0 {
        0.29
    } else {
        0.0
    };
    put(&mut words, 27, &unit_vector(rng).as_dvec3().to_array());
    put(&mut words, 30, &triangular(&upper));
    let form = case(&words.map(f64::from)).form;
    for (axis, turn) in form.mosaic().into_iter().enumerate() {
        let whitened = form.whitening * turn;
        put(&mut words, 36 + 9 * axis, &whitened.to_cols_array());
    }
    let fast = unit_vector(rng).as_dvec3();
    let slow = fast.cross(unit_vector(rng).as_dvec3()).normalize();
    put(&mut words, 63, &fast.to_array());
    put(&mut words, 66, &slow.to_array());
    words[69] = log_uniform(rng, 1e-5, 3e-4);
    words[70] = rng.random_range(0.05..0.5);
    put(&mut words, 71, &incident.to_array());
    // Within a few standard deviations of the spot's middle, and of the segment's ends.
    let here = case(&words.map(f64::from));
    let white = here.form.whitening * here.covariance * here.form.whitening.transpose();
    let root = root_of(&white);
    let off = here.form.whitening.inverse() * (root * (2.0 * vector(rng).as_dvec3()));
    let turned = here.form.segment_rad * f64::from(rng.random_range(-0.6..0.6f32));
    let delta = off + turned * here.sweep;
    let shrunk = (0.5 / delta.abs().max_element()).min(1.0);
    put(&mut words, 12, &(delta * shrunk).to_array());
    words
}

/// The lower triangular matrix L with L·Lᵀ = `square`.
fn root_of(square: &DMat3) -> DMat3 {
    let a = square.x_axis.x.sqrt();
    let (b, c) = (square.x_axis.y / a, square.x_axis.z / a);
    let d = (square.y_axis.y - b * b).sqrt();
    let e = (square.y_axis.z - b * c) / d;
    let f = (square.z_axis.z - c * c - e * e).max(0.0).sqrt();
    DMat3::from_cols(
        DVec3::new(a, b, c),
        DVec3::new(0.0, d, e),
        DVec3::new(0.0, 0.0, f),
    )
}

/// How far a spot is smeared, in units of its width before.
fn smearing(case: &Case) -> f64 {
    let white = case.form.whitening * case.covariance * case.form.whitening.transpose();
    let swept = case.form.whitening * case.sweep * case.form.segment_rad;
    (white.x_axis.x + white.y_axis.y + white.z_axis.z + swept.length_squared()).sqrt()
}

#[test]
fn smeared_spot() {
    let inputs: Vec<[f32; WORDS]> = inputs(133, Vec::new(), draw);
    let body = "let form = form_at();
        let prepared = prepared_here();
        let source = source_here();
        let q = real3(9u);
        let factor = with_area(
            covariance_factor(form, prepared, source, q), form, prepared, panel_here(), source, q,
            real(70u));
        let moved = sweep(form, prepared, q);
        let spot = smeared_spot(form, factor, real3(12u), moved);
        put(0u, spot.height);
        put(1u, spot.exponent);
        put(2u, spot.rate);
        put(3u, spot.crossing);
        put(4u, smeared_average(form, spot));
        put3(5u, moved);
        var model: Model;
        model.default_f = 2.0;
        let term = smeared_term(
            model, form, prepared, panel_here(), source, q, real(70u), vec3<f32>(0.0), real3(12u));
        // One F, whatever the index.
        let one = scattered_amplitude(model, vec3<f32>(0.0), real3(12u), vec3<f32>(0.0));
        put(8u, common_factor(model) * one * term);
        let rest = Prepared(
            vec3<f32>(0.0), real3(12u), prepared.row_a, prepared.row_b, prepared.row_c);
        let sight = Sight(vec3<f32>(0.0), 1.0, real(70u));
        put(9u, common_factor(model) * smeared_term_of(
            model, form, rest, panel_here(), source, q, sight));";
    let kernel = in_render(body)
        .helpers(READ)
        .constant("SHAPE", 2)
        .storage(6, vec![0; 4]);
    check(
        "smeared_spot",
        kernel,
        SPOT,
        &inputs,
        |input, found: [f64; 10]| {
            let case = case(&input);
            let expected =
                closed_form::smeared_spot(&case.form, &case.covariance, case.delta, case.sweep);
            let smearing = 1.0 + smearing(&case);
            let rate = expected.kappa.sqrt();
            let weight = (-expected.exponent).exp() / smearing;
            let sweep = DVec3::from_slice(&found[5..]) - case.sweep;
            let share = |found: f64| (found - expected.average).abs() / expected.height;
            // Where the segment has no width to speak of, the exponent is another.
            let is_wide = rate * case.form.segment_rad > closed_form::NARROW_SEGMENT;
            let exponent = weight * (found[1] - expected.exponent).abs();
            let errors = [
                relative(found[0], expected.height) / smearing,
                relative(found[2], rate) / smearing,
                share(found[4]) / smearing,
                share(found[8] / 4.0) / smearing,
                share(found[9] / 4.0) / smearing,
                if is_wide { exponent } else { 0.0 },
                sweep.length() / (case.q.length() * 150.0),
            ];
            errors.into_iter().fold(0.0, f64::max)
        },
    );
}

/// Beyond its reach a spot is nothing to float32, for no scattering vector near the one that the reach is
/// of; and the reach is not much farther than that.
#[test]
fn smeared_reach() {
    let inputs: Vec<[f32; WORDS + 4]> = inputs(134, Vec::new(), |rng| {
        let extent = log_uniform(rng, 1e-6, 1e-2);
        joined(&[
            &draw(rng),
            &(vector(rng).normalize() * extent).to_array(),
            &[extent],
        ])
    });
    let body = "var form = form_at();
        var model: Model;
        model.edges = vec3<f32>(70.0, 80.0, 95.0);
        form.turning = real(81u);
        form.unwhitening = Triangle(real3(82u), real3(85u));
        put3(0u, smeared_reach(
            model, form, prepared_here(), panel_here(), source_here(), real3(9u), real(80u)));";
    let words: Vec<[f32; WORDS + 11]> = inputs
        .iter()
        .map(|input| {
            let case = case(&input.map(f64::from));
            let mosaicity = DVec3::from_array(case.form.mosaic_sigmas_rad).length();
            let turning = mosaicity.hypot(case.form.bandwidth);
            let inverse = triangular(&case.form.whitening.inverse()).map(|n| n as f32);
            joined(&[input, &[turning as f32], &inverse])
        })
        .collect();
    check(
        "smeared_reach",
        in_render(body).helpers(READ),
        0.0,
        &words,
        |input, found: [f64; 3]| {
            let mut moved = input;
            for axis in 0..3 {
                moved[9 + axis] += input[WORDS + axis];
            }
            let [here, there] = [&input, &moved].map(|words| case(&words[..]));
            for axis in 0..3 {
                let reach = |case: &Case| {
                    let deviation = case.covariance.col(axis)[axis].sqrt();
                    15.0 * deviation + 0.5 * case.form.segment_rad * case.sweep[axis].abs()
                };
                let needed = reach(&here).max(reach(&there));
                let edge = [70.0, 80.0, 95.0][axis];
                let slack = edge * input[WORDS + 3] * (16.0 * 0.04 + case(&input).form.segment_rad)
                    + edge * input[69] * input[26] * input[21] * 16.0 / input[70] * 2.0;
                assert!(found[axis] >= needed, "{axis}: {} of {needed}", found[axis]);
                assert!(
                    found[axis] < 1.1 * needed + slack,
                    "{axis}: {} of {needed}",
                    found[axis]
                );
            }
            0.0
        },
    );
}

/// What moves a smeared spot, each by itself.
struct Moved {
    /// The crystal within its domains.
    index: DMat3,
    q: DVec3,
    turn: DVec3,
    /// The Q of Gaussian spots.
    size: DMat3,
    /// Logarithms of the spreads: about three axes, of the wavelength, of two directions; of the wavelength
    /// itself, and of the width of a sub-pixel.
    logarithms: [f64; 8],
    seen: DVec3,
    edges: DVec3,
}

impl Moved {
    fn nothing() -> Moved {
        Moved {
            index: DMat3::ZERO,
            q: DVec3::ZERO,
            turn: DVec3::ZERO,
            size: DMat3::ZERO,
            logarithms: [0.0; 8],
            seen: DVec3::ZERO,
            edges: DVec3::ZERO,
        }
    }
}

/// The average of F_latt²/N² of the words' spot once it moved.
fn average(words: &[f64], moved: &Moved) -> f64 {
    let vector = |word: usize| DVec3::from_slice(&words[word..]);
    let base = case(words);
    let turned = |turn: DVec3| DMat3::from_quat(glam::DQuat::from_scaled_axis(turn));
    let lattice = DMat3::from_cols(vector(0), vector(3), vector(6)).transpose();
    let changed = DMat3::IDENTITY + moved.index;
    let index_of = changed * lattice * turned(moved.turn).transpose();
    let root = DMat3::IDENTITY + moved.size * 0.5 - moved.size * moved.size * 0.125;
    let size = moved.logarithms.map(f64::exp);
    let sigmas = base.form.mosaic_sigmas_rad;
    let [along, across] = base.form.divergence_sigma_rad;
    let form = ClosedForm {
        whitening: root * base.form.whitening,
        frame: base.form.frame * changed.inverse(),
        mosaic_sigmas_rad: [0, 1, 2].map(|axis| sigmas[axis] * size[axis]),
        bandwidth: base.form.bandwidth * size[3],
        divergence_sigma_rad: [along * size[4], across * size[5]],
        ..base.form
    };
    let q = base.q + moved.q;
    let wavelength = size[6] / words[21];
    let mut steps = Vec::from(closed_form::divergence_steps(
        &form,
        vector(15),
        vector(18),
        wavelength,
    ));
    if form.pixel_average {
        let edges = turned(moved.edges);
        steps.extend(closed_form::pixel_steps(
            [edges * vector(63), edges * vector(66)],
            words[69] * words[26] * 12f64.sqrt() * size[7],
            edges * (vector(71) + base.q / words[21]) + moved.seen,
            words[70],
            wavelength,
        ));
    }
    let covariance = closed_form::covariance(&form, &index_of, q, &steps);
    let delta = base.delta + index_of * q - lattice * base.q;
    let sweep = closed_form::sweep(&form, &index_of, q);
    closed_form::smeared_spot(&form, &covariance, delta, sweep).average
}

/// A name, the places of its slopes, how far the whitened offset moves in it, and the motion.
type Group<'m> = (
    &'static str,
    std::ops::Range<usize>,
    f64,
    &'m dyn Fn(f64) -> Moved,
);

/// Words of the directions in which the slopes are taken.
const DIRECTIONS: usize = 38;

/// Every slope, against differences.
#[test]
fn smeared_slopes() {
    let inputs: Vec<[f32; WORDS + 6 + DIRECTIONS]> = inputs(135, Vec::new(), |rng| {
        let words = draw(rng);
        let inverse = case(&words.map(f64::from)).form.whitening.inverse();
        let directions: [f32; DIRECTIONS] = std::array::from_fn(|_| rng.random_range(-1.0..1.0));
        joined(&[&words, &triangular(&inverse).map(|n| n as f32), &directions])
    });
    let body = "var form = form_at();
        form.unwhitening = Triangle(real3(77u), real3(80u));
        var model: Model;
        model.cells = vec3<f32>(1.0);
        model.default_f = 1.0;
        let own = smeared_slopes(
            model, form, prepared_here(), panel_here(), source_here(), real3(9u), real(70u),
            vec3<f32>(0.0), real3(12u), 1.0);
        put(0u, own.term);
        put3(1u, own.index[0]); put3(4u, own.index[1]); put3(7u, own.index[2]);
        put3(10u, own.q);
        put3(13u, own.turn);
        put3(16u, own.size); put3(19u, 2.0 * own.size_across);
        put3(22u, own.mosaic);
        put(25u, own.bandwidth);
        put2(26u, own.divergence);
        put(28u, own.wavelength);
        put(29u, own.seen.w);
        put3(30u, own.seen.xyz);
        put3(33u, own.edges);
        put(36u, own.amplitude - 2.0 * own.term);
        let spots = covariance_factor(form, prepared_here(), source_here(), real3(9u));
        let spot = whitened_slopes(form, spots, real3(12u), sweep(form, prepared_here(), real3(9u)));
        let solved = unwhitened_by(spots, real3(83u));
        let large = 1.0 + length(spots.h) + length(spots.kl);
        put3(37u, (triangular_product(spots, solved) - real3(83u)) / (large * length(solved)));
        put(40u, (dot(transposed_product(spots, real3(83u)), real3(86u))
            - dot(real3(83u), triangular_product(spots, real3(86u)))) / large);
        let doubled = size_slopes(spot);
        put3(41u, doubled[0] - size_slopes(spot)[0]);
        let mean = gaussian_mean_slopes(real(83u), abs(real(84u)));
        put3(44u, mean);
        var more: TermSlopes;
        let about = add_mosaic(&more, form, spot, form.mosaic[0], index_step(prepared_here(), real3(9u)));
        let field = add_displacement(&more, form, prepared_here(), spot, source_here().electric);
        more = scaled_slopes(more, 0.5);
        let step = form.mosaic[0] * index_step(prepared_here(), real3(9u));
        put(47u, (about.w - dot(step_slope(spot, step), step)) / (1.0 + abs(about.w)));
        put(48u, (more.wavelength + 0.5 * field.w) / (1.0 + abs(field.w)));";
    check(
        "smeared_slopes",
        Kernel::new(derivatives_source(), body)
            .helpers(READ)
            .storage(6, vec![0; 4]),
        SMEARED_SLOPES,
        &inputs,
        |input, found: [f64; 49]| {
            let words = &input[..WORDS];
            let along = &input[WORDS + 6..];
            let three = |place: usize| DVec3::from_slice(&along[place..]);
            let lattice = DMat3::from_cols_slice(&input[..9]).transpose();
            let base = case(words);
            let hkl = lattice * base.q;
            let whitened = |step: DVec3| (base.form.whitening * step).length();
            let matrix = DMat3::from_cols_slice(&along[..9]);
            let of_turn = lattice * base.q.cross(three(12)) + lattice * three(12) * 0.1;
            let symmetric = {
                let ([a, b, c], [d, e, f]) = (three(15).to_array(), three(18).to_array());
                DMat3::from_cols_array(&[a, f, e, f, b, d, e, d, c])
            };
            let logarithms = |places: std::ops::Range<usize>| {
                let mut own = [0.0; 8];
                for place in places {
                    own[place] = along[21 + place];
                }
                own
            };
            let zero = Moved::nothing;
            let groups: [Group; 7] = [
                ("index", 0..9, whitened(matrix * hkl), &|t| Moved {
                    index: matrix * t,
                    ..zero()
                }),
                ("q", 9..12, whitened(lattice * three(9)), &|t| Moved {
                    q: three(9) * t,
                    ..zero()
                }),
                ("turn", 12..15, whitened(of_turn), &|t| Moved {
                    turn: three(12) * t,
                    ..zero()
                }),
                ("size", 15..21, 1.0, &|t| Moved {
                    size: symmetric * t,
                    ..zero()
                }),
                ("logarithms", 21..29, 1.0, &|t| Moved {
                    logarithms: logarithms(0..8).map(|own| own * t),
                    ..zero()
                }),
                ("seen", 29..32, 1.0, &|t| Moved {
                    seen: three(29) * t,
                    ..zero()
                }),
                ("edges", 32..35, 1.0, &|t| Moved {
                    edges: three(32) * t,
                    ..zero()
                }),
            ];
            let value = average(words, &zero());
            let height = base_height(&base);
            let mut worst = (found[0] - value).abs() / height / (1.0 + base.delta.length());
            for (name, places, motion, moved) in groups {
                let step = 1e-4 / (1.0 + motion);
                let slope =
                    (average(words, &moved(step)) - average(words, &moved(-step))) / (2.0 * step);
                let parts = places.map(|place| along[place] * found[1 + place]);
                let (sum, size) = parts.fold((0.0, 0.0), |(sum, size), own: f64| {
                    (sum + own, size + own.abs())
                });
                let error = (sum - slope).abs() / (size + (1.0 + motion) * height);
                if error > SMEARED_SLOPES {
                    println!(
                        "{name}: {sum:e} {slope:e} of {size:e}, motion {motion:e}, {error:.1e}"
                    );
                }
                worst = worst.max(error);
            }
            let half = along[1].abs();
            let mean =
                |middle: f64, half: f64| mean_between(middle.abs() - half, middle.abs() + half);
            let (middle, t) = (along[0], 1e-5);
            let by_middle = (mean(middle + t, half) - mean(middle - t, half)) / (2.0 * t);
            let by_half = (mean(middle, half + t) - mean(middle, half - t)) / (2.0 * t);
            let expected = [
                mean(middle, half),
                by_middle,
                middle * by_middle + half * by_half,
            ];
            let of_mean = expected.iter().zip(&found[44..47]);
            // Near nothing the means of differences lose their digits.
            let of_mean = of_mean.map(|(expected, found)| {
                if half < 0.01 {
                    0.0
                } else {
                    (expected - found).abs() * 0.3
                }
            });
            let exact = [36, 37, 38, 39, 40, 41, 42, 43, 47, 48].map(|place| found[place].abs());
            of_mean.chain(exact).fold(worst, f64::max)
        },
    );
}

/// The height of a spot beside that of one that is not smeared.
fn base_height(case: &Case) -> f64 {
    let unsmeared = case.form.unsmeared().determinant();
    (unsmeared / case.covariance.determinant()).sqrt()
}
