//! The smooth factors of a pixel: polarisation, solid angle, absorption, interpolation.

use glam::{DVec3, Vec3};
use nanobragg::cpu::{absorption, amorphous, polarisation, solid_angle, structure_factor};
use nanobragg::random::PhiloxStream;
use nanobragg::scene::SceneSource;
use rand::RngExt;

use super::{check, error_over, inputs, log_uniform, relative};

/// Of 1: nothing scatters along the electric field.
const POLARISATION: f64 = 4e-7;
/// Of the value: products and quotients only.
const SOLID_ANGLE: f64 = 6e-7;
/// Of the value, times one more than the layers' exponent.
const ABSORBED_FRACTION: f64 = 8e-7;
/// Of the value, for thin layers too.
const ONE_MINUS_EXP: f64 = 8e-7;
/// Of each weight: their factors are differences of t and a whole number, zero where it is.
const LAGRANGE_WEIGHTS: f64 = 6e-7;

/// Of the sum of the terms, without their signs.
const CUBIC: f64 = 4e-7;
/// Of the value: one product.
const SIGNED_SQUARE: f64 = 1.2e-7;

fn unit_vector(rng: &mut PhiloxStream) -> Vec3 {
    Vec3::from_array(std::array::from_fn(|_| rng.random_range(-1.0f32..1.0))).normalize()
}

#[test]
fn polarisation() {
    let vectors = |incident: Vec3, electric: Vec3, magnetic: Vec3, diffracted: Vec3, kahn: f32| {
        let mut input = [kahn; 13];
        for (place, vector) in [incident, electric, magnetic, diffracted]
            .iter()
            .enumerate()
        {
            vector.write_to_slice(&mut input[3 * place..]);
        }
        input
    };
    let edges = [Vec3::X, Vec3::Y, Vec3::Z, Vec3::NEG_X].into_iter();
    let edges = edges
        .flat_map(|d| [-1.0, 0.0, 1.0].map(|kahn| vectors(Vec3::X, Vec3::Z, Vec3::NEG_Y, d, kahn)));
    let inputs = inputs(6, edges.collect(), |rng| {
        let [incident, across, diffracted] = [(); 3].map(|()| unit_vector(rng));
        let magnetic = incident.cross(across).normalize();
        let electric = magnetic.cross(incident);
        vectors(
            incident,
            electric,
            magnetic,
            diffracted,
            rng.random_range(-1.0..1.0),
        )
    });
    let body = "put(0u, polarisation(
        vec3<f32>(real(0u), real(1u), real(2u)), vec3<f32>(real(3u), real(4u), real(5u)),
        vec3<f32>(real(6u), real(7u), real(8u)), vec3<f32>(real(9u), real(10u), real(11u)),
        real(12u)));";
    let kernel = ("polarisation", "polarisation", body);
    check(kernel, POLARISATION, &inputs, |input, [found]| {
        let vector = |place: usize| DVec3::from_slice(&input[3 * place..]);
        let source = SceneSource {
            incident: vector(0),
            wavelength_m: 1e-10,
            weight: 1.0,
            electric: vector(1),
            magnetic: vector(2),
        };
        let expected = polarisation::polarisation(&source, vector(3), input[12]);
        error_over(found, expected, 1.0)
    });
}

#[test]
fn solid_angle() {
    let edges = [
        [1e-6, 1e-3, 1e-3, 0.0],
        [1e-2, 1e-3, 10.0, 0.0],
        [1e-4, 0.1, 0.1, 1.0],
    ];
    let inputs = inputs(7, edges.to_vec(), |rng| {
        let close = log_uniform(rng, 1e-3, 10.0);
        let distance = close * log_uniform(rng, 1.0, 100.0);
        let point = f32::from(rng.random_range(0..2u8));
        [log_uniform(rng, 1e-6, 1e-2), close, distance, point]
    });
    let body = "put(0u, solid_angle(real(0u), real(1u), real(2u), real(3u) > 0.5));";
    let kernel = ("solid_angle", "solid_angle", body);
    check(
        kernel,
        SOLID_ANGLE,
        &inputs,
        |[pixel, close, distance, point], [found]| {
            let expected = solid_angle::solid_angle(pixel, close, distance, point > 0.5);
            relative(found, expected)
        },
    );
}

#[test]
fn absorbed_fraction() {
    let cosines = [1.0, 0.5, 1e-3, 1e-12, 1e-30, 0.0, -1e-12, -1.0];
    let edges = cosines.into_iter().flat_map(|cosine| {
        [
            [1e-6, 0.0, cosine],
            [0.9, 0.0, cosine],
            [0.2, 9.0, cosine],
            [5.0, 999.0, cosine],
        ]
    });
    let inputs = inputs(8, edges.collect(), |rng| {
        let cosine = match rng.random_range(0..3) {
            0 => log_uniform(rng, 1e-6, 1.0),
            _ => rng.random_range(-0.1..1.0),
        };
        [
            log_uniform(rng, 1e-6, 5.0),
            rng.random_range(0..100) as f32,
            cosine,
        ]
    });
    let body = "put(0u, absorbed_fraction(real(0u), u32(real(1u)), real(2u)));";
    let kernel = ("absorption", "absorbed_fraction", body);
    check(
        kernel,
        ABSORBED_FRACTION,
        &inputs,
        |[depth, layer, cosine], [found]| {
            let expected = absorption::absorbed_fraction(depth, layer as u32, cosine);
            let exponent = if cosine > 0.0 {
                layer * depth / cosine
            } else {
                0.0
            };
            error_over(found, expected, expected * (1.0 + exponent))
        },
    );
}

#[test]
fn one_minus_exp() {
    let edges = [0.0, 1e-12, 0.5, 0.499_999_97, 88.0, 1e30].map(|x| [x]);
    let inputs = inputs(9, edges.to_vec(), |rng| {
        [match rng.random_range(0..2) {
            0 => rng.random_range(0.0..2.0),
            _ => log_uniform(rng, 1e-12, 100.0),
        }]
    });
    let kernel = (
        "absorption",
        "one_minus_exp",
        "put(0u, one_minus_exp(real(0u)));",
    );
    check(kernel, ONE_MINUS_EXP, &inputs, |[x], [found]| {
        relative(found, -(-x).exp_m1())
    });
}

#[test]
fn lagrange_weights() {
    let edges = [0.0, 1.0, 0.5, 1e-12, 0.999_999_94].map(|t| [t]);
    let inputs = inputs(10, edges.to_vec(), |rng| {
        [match rng.random_range(0..3) {
            0 => log_uniform(rng, 1e-12, 1.0),
            _ => rng.random_range(0.0..1.0),
        }]
    });
    let body = "let w = lagrange_weights(real(0u));
        for (var k = 0u; k < 4u; k++) { put(k, w[k]); }";
    let kernel = ("structure_factor", "lagrange_weights", body);
    check(kernel, LAGRANGE_WEIGHTS, &inputs, |[t], found: [f64; 4]| {
        let expected = structure_factor::lagrange_weights(t);
        let errors = found
            .into_iter()
            .zip(expected)
            .map(|(found, expected)| relative(found, expected));
        errors.fold(0.0, f64::max)
    });
}

#[test]
fn cubic() {
    let edges = [
        [1.0, 0.0, 0.0, 0.0, 0.3],
        [0.0, 0.0, 0.0, 1.0, -2.0],
        [0.0; 5],
    ];
    let inputs = inputs(21, edges.to_vec(), |rng| {
        std::array::from_fn(|_| rng.random_range(-3.0..3.0))
    });
    let body = "put(0u, cubic(vec4<f32>(real(0u), real(1u), real(2u), real(3u)), real(4u)));";
    let kernel = ("amorphous", "cubic", body);
    check(kernel, CUBIC, &inputs, |[a, b, c, d, t], [found]| {
        let expected = amorphous::cubic([a, b, c, d], t);
        let size = amorphous::cubic([a.abs(), b.abs(), c.abs(), d.abs()], t.abs());
        error_over(found, expected, size)
    });
}

#[test]
fn signed_square() {
    let edges = [[0.0], [-0.0], [1.0], [-1.0]];
    let inputs = inputs(22, edges.to_vec(), |rng| {
        let sign = if rng.random() { 1.0 } else { -1.0 };
        [sign * log_uniform(rng, 1e-6, 1e6)]
    });
    let kernel = (
        "amorphous",
        "signed_square",
        "put(0u, signed_square(real(0u)));",
    );
    check(kernel, SIGNED_SQUARE, &inputs, |[f], [found]| {
        relative(found, amorphous::signed_square(f))
    });
}
