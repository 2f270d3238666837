//! Derivatives of a term's factors, `shaders/shared/*_slopes.wgsl`.

use std::f64::consts::PI;

use glam::{DMat3, DVec3};
use nanobragg::experiment::{Shape, SpotMetric};
use nanobragg::gpu::derivatives_source;
use nanobragg::physics::interpolation::{self, tricubic_slopes};
use nanobragg::physics::lattice_factor::{Lattice, SPOT_WIDTH, lattice_factor_slopes, sinc3};
use nanobragg::physics::{absorption, polarisation, solid_angle};
use rand::RngExt;

use super::structure_factor::{DEFAULT_F, LARGEST, structure_factors, with_grid};
use super::{
    SYMMETRY_WORDS, check, error_over, inputs, joined, log_uniform, relative, unit_vector, vector,
};
use crate::support::shader::Kernel;

/// Error over 1/f + 1/(1 − f).
const COTANGENT: f64 = 3e-7;
/// Error over N times the envelope of the interference, for each turn of phase.
const SINCG_SLOPES: f64 = 1e-5;
/// Error over 1 + 1/v³, what the slope of a ball's transform may be.
const SINC3_SLOPE: f64 = 8e-6;
/// Error over the largest slope of a spot, for each turn of phase.
const LATTICE_SLOPES: f64 = 1.2e-5;
/// Error over the largest structure factor.
const TRICUBIC: f64 = 4e-6;
/// Error over the value, with that of its factors.
const FACTORS: f64 = 2e-6;

/// An entry point around `body` in the shader of derivatives.
pub fn in_derivatives(body: &str) -> Kernel<'_> {
    Kernel::new(derivatives_source(), body)
}

/// A lattice of these cells.
fn lattice(shape: Shape, cells: [f64; 3], metric: DMat3) -> Lattice {
    Lattice {
        shape,
        cells,
        total: cells.iter().product(),
        fudge: 0.75,
        metric,
        spot_metric: SpotMetric::Index,
    }
}

#[test]
fn interference() {
    let edges = vec![[5.0, 0.0], [1.0, 0.3], [7.0, -0.5], [4.0, 0.25]];
    let inputs = inputs(200, edges, |rng| {
        let n = rng.random_range(1..200) as f32;
        let size = log_uniform(rng, 1e-9, 0.5);
        [
            n,
            [size, -size, rng.random_range(-0.5..0.5)][rng.random_range(0..3)],
        ]
    });
    let body = "let away = abs(real(1u));
        put(0u, (1.0 - 2.0 * away) * (1.0 + cotangent_rest(away - away * away)));
        put(3u, cotangent_without_pole(away));
        let root = sincg(real(0u), real(1u));
        put2(1u, 2.0 * root * root * sincg_slopes(real(0u), real(1u)));";
    check(
        "sincg_slopes",
        in_derivatives(body),
        1.0,
        &inputs,
        |[n, delta], [rest, by_offset, by_cells, without_pole]| {
            let away = delta.abs().max(1e-20);
            let poles = 1.0 / away - 1.0 / (1.0 - away);
            let of_rest = match away {
                0.0 => (rest - 1.0).abs(),
                _ => (rest - (PI / (PI * away).tan() - poles)).abs() / (1.0 + 1.0 / away),
            };
            let lattice = lattice(Shape::Square, [n, 1.0, 1.0], DMat3::IDENTITY);
            let expected = lattice_factor_slopes(&lattice, DVec3::new(delta, 0.0, 0.0));
            let turns = 1.0 + n * away;
            let expected_rest = match away < 1e-3 {
                true => -PI * PI * away / 3.0,
                false => PI / (PI * away).tan() - 1.0 / away,
            };
            [
                of_rest / COTANGENT,
                (without_pole - expected_rest).abs() / ((away + 1e-6) * SINCG_SLOPES),
                (by_offset - expected.delta.x / (n * n)).abs() / (n * turns * SINCG_SLOPES),
                (by_cells - expected.cells.x / n).abs() / (turns * SINCG_SLOPES),
            ]
            .into_iter()
            .fold(0.0, f64::max)
        },
    );
}

#[test]
fn ball() {
    let inputs = inputs(201, vec![[0.0], [0.636], [0.637]], |rng| {
        [log_uniform(rng, 1e-3, 30.0)]
    });
    let kernel = in_derivatives("put(0u, sinc3_slope(real(0u)));");
    check(
        "sinc3_slope",
        kernel,
        SINC3_SLOPE,
        &inputs,
        |[v], [found]| {
            let x = PI * v;
            let expected = match x < 0.3 {
                // The next term is x⁶/1e5 of it.
                true => -PI * PI / 5.0 * (1.0 - x * x / 14.0 * (1.0 - x * x / 36.0)),
                false => 3.0 * PI * PI * (x.sin() / x - sinc3(x)) / (x * x),
            };
            error_over(found, expected, 1.0 + v)
        },
    );
}

#[test]
fn shapes() {
    let cells = [5.0, 8.0, 13.0];
    let metric = DMat3::from_cols_array(&[5.0, 1.0, 0.0, 1.0, 8.0, 2.0, 0.0, 2.0, 13.0]);
    let spots = |shape| lattice(shape, cells, metric);
    let halving = SPOT_WIDTH * std::f64::consts::LN_2;
    let spot = spots(Shape::Gauss).triangular_metric() * (0.75 / halving).sqrt();
    let [h, k, l] = spot.to_cols_array_2d();
    let spot = [h[0], k[0], l[0], k[1], l[1], l[2]].map(|component| component as f32);
    let inputs = inputs(202, Vec::new(), |rng| {
        let delta = vector(rng) * log_uniform(rng, 1e-4, 0.5);
        joined::<9>(&[&delta.to_array(), &spot])
    });
    let model = "var model: Model;
        model.cells = vec3<f32>(5.0, 8.0, 13.0);
        model.least = model.cells * LEAST;
        model.fudge = 0.75;
        model.spot_h = real3(3u);
        model.spot_kl = real3(6u);";
    // Of the mean over the one operator that leaves all as it is, too.
    let mut one_operator = vec![0; SYMMETRY_WORDS];
    for place in [0, 5, 10] {
        one_operator[place] = 1f32.to_bits();
    }
    one_operator[24 * 28] = 1;
    let put =
        "put(0u, own.square); put3(1u, own.offset); put3(4u, own.size); put3(7u, own.size_across);";
    let shapes = [
        (Shape::Square, "square_slopes(model, real3(0u))", false),
        (Shape::Round, "round_slopes(model, real3(0u))", false),
        (Shape::Gauss, "gauss_slopes(model, real3(0u))", false),
        (Shape::Gauss, "shape_slopes(model, real3(0u))", false),
        (Shape::Square, "lattice_slopes(model, real3(0u))", true),
        (Shape::Round, "lattice_slopes(model, real3(0u))", true),
        (Shape::Gauss, "lattice_slopes(model, real3(0u))", true),
    ];
    for (shape, call, whole) in shapes {
        for symmetric in [false, true] {
            let lattice = spots(shape);
            let body = format!("{model} var own = {call}; {put}");
            let number = match shape {
                Shape::Square => 0,
                Shape::Round => 1,
                _ => 2,
            };
            let mut kernel = in_derivatives(&body)
                .constant("SHAPE", number)
                .constant("SYMMETRIC", u8::from(symmetric));
            if whole {
                kernel = kernel.uniform(9, one_operator.clone());
            }
            check(
                call,
                kernel,
                LATTICE_SLOPES,
                &inputs,
                |input, found: [f64; 10]| {
                    let delta = DVec3::from_slice(&input);
                    let expected = lattice_factor_slopes(&lattice, delta);
                    let scale = match shape {
                        Shape::Square => 1.0,
                        _ => lattice.total.powi(2),
                    };
                    let size = DVec3::from_slice(&found[4..]);
                    let largest = lattice.total.powi(2) / scale;
                    let expected_cells = expected.cells * DVec3::from_array(cells) / scale;
                    let of_size = match shape {
                        Shape::Square => size - expected_cells,
                        Shape::Round => size + 2.0 * found[0] - expected_cells,
                        _ => DVec3::splat(
                            size.element_sum() / lattice.fudge - expected.fudge / scale,
                        ),
                    };
                    let of_offset = DVec3::from_slice(&found[1..]) - expected.delta / scale;
                    let turns = 1.0 + 13.0 * delta.length();
                    let of_square = (found[0] - expected.squared / scale).abs();
                    (of_square + of_offset.length() / 13.0 + of_size.length()) / (largest * turns)
                },
            );
        }
    }
}

#[test]
fn interpolated_slopes() {
    let structure_factors = structure_factors();
    let grid = structure_factors.grid().unwrap();
    let inputs = inputs(203, Vec::new(), |rng| {
        [
            rng.random_range(-4.0..4.0f32),
            rng.random_range(-3.0..7.0),
            rng.random_range(-1.0..5.0),
        ]
    });
    let body = "let model = grid_model();
        let whole = place_of(vec3<i32>(floor(real3(0u))));
        let rest = fract(real3(0u));
        put4(0u, TRICUBIC_SCALE * tricubic_slopes(model, whole, rest));
        put(4u, select(0.0, 1.0, is_interpolated(model, whole)));
        put4(5u, amplitude_slopes(model, whole, rest, nearest_index(rest)) * TRICUBIC_SCALE);
        put4(9u, lagrange_slopes(rest.x) / 6.0);
        put(13u, cubic_slope(vec4<f32>(1.0, 2.0, -3.0, 0.5), rest.y));
        let number = number_from_base(model, whole) + model.grid_base;
        let weights = lagrange_weights(rest.y);
        let slopes = lagrange_slopes(rest.y);
        let plane = plane_slopes(number, weights, slopes, rest.z);
        var rows = row_slopes(number, weights.x, slopes.x, rest.z);
        rows += row_slopes(number + 1u, weights.y, slopes.y, rest.z);
        rows += row_slopes(number + 2u, weights.z, slopes.z, rest.z);
        rows += row_slopes(number + 3u, weights.w, slopes.w, rest.z);
        put3(14u, select(vec3<f32>(0.0), plane - rows, is_interpolated(model, whole)));
        put(17u, select(0.0, 1.0, takes_default(model, whole, rest)));
        put(18u, first_listed() - FIRST_PLACE);";
    let kernel = with_grid(in_derivatives(body), 2, false);
    check(
        "tricubic_slopes",
        kernel,
        TRICUBIC,
        &inputs,
        |input, found: [f64; 19]| {
            let hkl = DVec3::from_array(input);
            let away = hkl - hkl.round();
            // Where the list ends, rounding may choose either side.
            if away.abs().min_element() < 1e-5 || away.abs().max_element() > 0.499_99 {
                return 0.0;
            }
            let own = tricubic_slopes(grid, DEFAULT_F.into(), hkl);
            let expected = [own.value, own.hkl.x, own.hkl.y, own.hkl.z];
            let of_all = (0..4).map(|place| {
                let apart = |first: usize| (found[first + place] - expected[place]).abs();
                (apart(0) + apart(5)) / LARGEST
            });
            let t = hkl - hkl.floor();
            let slopes = interpolation::lagrange_slopes(t.x);
            let of_weights = (0..4).map(|place| (found[9 + place] - slopes[place]).abs() / 4.0);
            let cubic = 2.0 + t.y * (-6.0 + 1.5 * t.y);
            let index = hkl.round().to_array().map(|component| component as i32);
            let is_default = f64::from(u8::from(grid.offset_of(index).is_none()));
            let is_cubic = f64::from(u8::from(own.weights.is_some()));
            let exact = (found[4] - is_cubic).abs() + (found[17] - is_default).abs();
            let rows = found[14].abs() + found[15].abs() + found[16].abs();
            let more = [
                exact + (found[18] - 2.0).abs(),
                (found[13] - cubic).abs() / 8.0,
                rows / LARGEST / 6.0,
            ];
            of_all.chain(of_weights).chain(more).fold(0.0, f64::max)
        },
    );
}

#[test]
fn factors() {
    let inputs = inputs(204, Vec::new(), |rng| {
        let [normal, incident, diffracted] = [(); 3].map(|()| unit_vector(rng).to_array());
        let electric = unit_vector(rng);
        let magnetic = unit_vector(rng);
        let cosine = rng.random_range(0.05..1.0);
        joined::<20>(&[
            &normal,
            &incident,
            &diffracted,
            &electric.to_array(),
            &magnetic.to_array(),
            &[
                rng.random_range(-1.0..1.0),
                log_uniform(rng, 1e-3, 8.0),
                cosine,
            ],
            &[log_uniform(rng, 1e-2, 1.0), log_uniform(rng, 1e-2, 1.0)],
        ])
    });
    let body = "put3(0u, solid_angle_slope(real3(0u), real(18u), real3(6u), real(19u), false));
        put3(3u, solid_angle_slope(real3(0u), real(18u), real3(6u), real(19u), true));
        put3(6u, polarisation_slope(real3(3u), real3(9u), real3(12u), real3(6u), real(15u)));
        put(9u, absorbed_slope(real(16u), 2u, real(17u)));
        put(10u, mean_depth_slope(real(16u), real(17u)));
        put(11u, absorbed_slope(real(16u), 2u, -real(17u)) + mean_depth_slope(real(16u), 0.0));";
    let kernel = in_derivatives(body);
    check(
        "factor slopes",
        kernel,
        FACTORS,
        &inputs,
        |input, found: [f64; 12]| {
            let vector = |word: usize| DVec3::from_slice(&input[word..]);
            let of = |word: usize| DVec3::from_slice(&found[word..]);
            let [normal, incident, diffracted] = [vector(0), vector(3), vector(6)];
            let [kahn, depth, cosine, close, distance] = input[15..].try_into().unwrap();
            let solid = |point: bool| {
                let slope = solid_angle::solid_angle_slope(
                    1e-4, close, distance, point, normal, diffracted,
                );
                slope / solid_angle::solid_angle(1e-4, close, distance, point)
            };
            let polarised =
                polarisation::polarisation_slope(incident, vector(9), vector(12), diffracted, kahn);
            let absorbed = absorption::absorbed_fraction_slope(depth, 2, cosine)
                / absorption::absorbed_fraction(depth, 2, cosine);
            let deeper = absorption::mean_depth_slope(depth, cosine);
            let scale = 1.0 / close + 3.0 / distance;
            [
                (of(0) - solid(false)).length() / scale,
                (of(3) - solid(true)).length() / scale,
                (of(6) - polarised).length(),
                // The layers in front and the own one nearly cancel where the path is short.
                error_over(found[9], absorbed, (3.0 + depth / cosine) / cosine),
                relative(found[10], deeper) / (1.0 + cosine / depth).powi(2) * 1e-1,
                found[11].abs(),
            ]
            .into_iter()
            .fold(0.0, f64::max)
        },
    );
}
