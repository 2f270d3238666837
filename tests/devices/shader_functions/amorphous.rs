//! Scattering by amorphous materials.

use nanobragg::physics::amorphous::{self, Amorphous, ProfilePiece};
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::{check, error_over, in_background, inputs, log_uniform, relative};
use crate::support::shader::Kernel;

/// Error over the sum of the terms, without their signs.
const CUBIC: f64 = 4e-7;
/// Error over the value: one product.
const SIGNED_SQUARE: f64 = 1.2e-7;
/// Error over the largest form factor; of its square in a sum.
const FORM_FACTOR: f64 = 2.5e-7;

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
    let kernel = in_background("put(0u, cubic(vec4<f32>(real3(0u), real(3u)), real(4u)));");
    check(
        "cubic",
        kernel,
        CUBIC,
        &inputs,
        |[a, b, c, d, t], [found]| {
            let expected = amorphous::cubic([a, b, c, d], t);
            let size = amorphous::cubic([a.abs(), b.abs(), c.abs(), d.abs()], t.abs());
            error_over(found, expected, size)
        },
    );
}

#[test]
fn signed_square() {
    let edges = [[0.0], [-0.0], [1.0], [-1.0]];
    let inputs = inputs(22, edges.to_vec(), |rng| {
        let sign = if rng.random() { 1.0 } else { -1.0 };
        [sign * log_uniform(rng, 1e-6, 1e6)]
    });
    let kernel = in_background("put(0u, signed_square(real(0u)));");
    check(
        "signed_square",
        kernel,
        SIGNED_SQUARE,
        &inputs,
        |[f], [found]| relative(found, amorphous::signed_square(f)),
    );
}

/// Three materials, one of them with a single piece, whose numbers float32 holds exactly.
fn materials() -> Vec<Amorphous> {
    let mut rng = PhiloxStream::new(0x6e62, 0, 90, 0);
    let counts = [17, 1, 4];
    let material = |(number, count): (usize, i32)| Amorphous {
        weight: [3.0, 0.5, 1.25][number],
        pieces: (0..count)
            .map(|place| ProfilePiece {
                start: f64::from(place) / 16.0,
                coefficients: std::array::from_fn(|power| {
                    f64::from(rng.random_range(-4.0..4.0f32)) * 3f64.powi(power as i32).floor()
                }),
            })
            .collect(),
    };
    counts.into_iter().enumerate().map(material).collect()
}

/// `kernel` with the buffers of [`materials`].
fn with_materials(kernel: Kernel) -> Kernel {
    let (mut pieces, mut entries) = (Vec::new(), Vec::new());
    for material in materials() {
        let first = pieces.len() as u32 / 8;
        let weight = (material.weight as f32).to_bits();
        entries.extend([first, material.pieces.len() as u32, weight]);
        for piece in material.pieces {
            pieces.extend(piece.coefficients.map(|x| (x as f32).to_bits()));
            pieces.extend([(piece.start as f32).to_bits(), 0, 0, 0]);
        }
    }
    kernel.storage(5, pieces).storage(6, entries)
}

/// sin θ/λ at, before and beyond the pieces' starts; and within.
fn stols(stream: u32) -> Vec<[f32; 1]> {
    let edges = (0..18).flat_map(|step| {
        let start = step as f32 / 16.0;
        [start, start.next_down().max(0.0), start.next_up()]
    });
    inputs(stream, edges.map(|stol| [stol]).collect(), |rng| {
        [rng.random_range(0.0..1.1)]
    })
}

/// The largest that a form factor, or one of the terms of its cubic, can be.
const LARGEST: f64 = 4.0 + 12.0 + 36.0 + 108.0;

#[test]
fn molecular_form_factor() {
    let materials = materials();
    let body = "for (var m = 0u; m < 3u; m++) {
            put(m, molecular_form_factor(materials[m], real(0u)));
        }";
    let kernel = with_materials(in_background(body));
    check(
        "molecular_form_factor",
        kernel,
        FORM_FACTOR,
        &stols(91),
        |[stol], found: [f64; 3]| {
            let errors = materials.iter().zip(found).map(|(material, found)| {
                let expected = amorphous::molecular_form_factor(&material.pieces, stol);
                (found - expected).abs() / LARGEST
            });
            errors.fold(0.0, f64::max)
        },
    );
}

#[test]
fn amorphous_sum() {
    let materials = materials();
    let weights: f64 = materials.iter().map(|material| material.weight).sum();
    let kernel = with_materials(in_background("put(0u, amorphous(real(0u)));"));
    check(
        "amorphous",
        kernel,
        FORM_FACTOR,
        &stols(92),
        |[stol], [found]| {
            let expected = amorphous::amorphous(&materials, stol);
            (found - expected).abs() / (weights * LARGEST * LARGEST)
        },
    );
}
