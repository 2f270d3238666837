//! Scattering vectors and Miller indices: at a tile's centre in fixed point, and a step from there.

use glam::{DMat3, DVec3};
use nanobragg::gpu::{factor_digits, wide_digits};
use nanobragg::physics::miller_index::{miller_index, nearest_index};
use nanobragg::physics::scattering_vector::scattering_vector;
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::fixed_point::{packed, value};
use super::{assert_within, check, error_over, in_render, inputs, joined, log_uniform, vector};

/// Error in turns of phase: the fixed-point fraction is rounded once, and so is float64's index.
const PREPARED_INDEX: f64 = 4e-8;
/// Error over the longest edge: digits of weight 2⁻³⁶ at the end, rounded once.
const PREPARED_ROWS: f64 = 2e-7;
/// Error over the components that it is the difference of, and no better than float32 knows it.
const CENTRE_VECTOR: f64 = 3e-7;
/// Error over the length of row and step.
const INDEX_STEP: f64 = 3e-7;
/// Error over the length of row and step, and the fraction.
const INDEX_REST: f64 = 4e-7;

/// Real-space vectors are over this many Å.
const INDEX_SCALE: f64 = 128.0;

fn factor(rng: &mut PhiloxStream) -> [i16; 4] {
    factor_digits(rng.random_range(-1.0..=1.0))
}

fn wide(rng: &mut PhiloxStream) -> [i16; 5] {
    wide_digits(match rng.random_range(0..2) {
        0 => [-1.0, 1.0][rng.random_range(0..2)] * f64::from(log_uniform(rng, 1e-3, 1e4)),
        _ => rng.random_range(-300.0..300.0),
    })
    .unwrap()
}

#[test]
fn prepare() {
    let inputs = inputs(70, Vec::new(), |rng| {
        ([(); 9].map(|()| factor(rng)), [(); 3].map(|()| wide(rng)))
    });
    // Nine factors of two words and two words of padding; three wide numbers of three words.
    let words: Vec<u32> = inputs
        .iter()
        .flat_map(|(rows, q)| {
            let rows = rows.iter().flat_map(|digits| packed(digits));
            let q = q.iter().flat_map(|digits| packed(digits));
            rows.chain([0; 2]).chain(q)
        })
        .collect();
    let body = "var orientation: Orientation;
        for (var k = 0u; k < 5u; k++) {
            orientation.digits[k] = vec4<u32>(word3(4u * k), word(4u * k + 3u));
        }
        let prepared = prepare(
            orientation, 128.0, vec3<i32>(-7, 0, 90),
            wide(word3(20u)), wide(word3(23u)), wide(word3(26u)));
        put3(0u, prepared.whole + vec3<f32>(-7.0, 0.0, 90.0));
        put3(3u, prepared.fraction);
        put3(6u, prepared.row_a);
        put3(9u, prepared.row_b);
        put3(12u, prepared.row_c);";
    let outputs = in_render(body).run(&words, 29, 15);
    let outputs = outputs.chunks(15);
    let errors = inputs.iter().zip(outputs).map(|((rows, q), found)| {
        let rows = rows.map(|digits| value(&digits, -48));
        let index_of = DMat3::from_cols_array(&rows).transpose();
        let q = DVec3::from_array(q.map(|digits| value(&digits, -36)));
        let expected = miller_index(&index_of, q);
        let real = |word: usize| f64::from(f32::from_bits(found[word]));
        let index = DVec3::from_array([0, 1, 2].map(|axis| {
            // The difference of whole numbers first: it is exact.
            let whole = real(axis) - expected[axis].round();
            whole + real(3 + axis) - (expected[axis] - expected[axis].round())
        }));
        let rows = rows.iter().enumerate();
        let rows = rows.map(|(place, row)| (real(6 + place) / INDEX_SCALE - row).abs());
        let worst_row = rows.fold(0.0, f64::max);
        assert!(worst_row < PREPARED_ROWS, "{worst_row:e}");
        (format!("{index_of:?} {q}"), index.abs().max_element())
    });
    assert_within("prepare", PREPARED_INDEX, errors);
}

/// The scattering vector at a tile's centre, from directions and a wavelength, through digits.
#[test]
fn centre_vector() {
    let draw = |rng: &mut PhiloxStream| {
        let [diffracted, incident] = [(); 2].map(|()| vector(rng).as_dvec3().normalize());
        (diffracted, incident, f64::from(log_uniform(rng, 0.3, 10.0)))
    };
    let inputs = inputs(71, Vec::new(), draw);
    let words: Vec<u32> = inputs
        .iter()
        .flat_map(|(diffracted, incident, wavelength)| {
            let kappa = INDEX_SCALE / wavelength;
            let direction = diffracted.to_array().map(factor_digits);
            let offsets = (*incident * kappa).to_array();
            let wides = [kappa].into_iter().chain(offsets);
            let wides: Vec<_> = wides.map(|number| wide_digits(number).unwrap()).collect();
            let direction = direction
                .into_iter()
                .flat_map(|digits| packed(&digits).collect::<Vec<_>>());
            let wides = wides
                .into_iter()
                .flat_map(|digits| packed(&digits).collect::<Vec<_>>());
            direction.chain(wides).collect::<Vec<_>>()
        })
        .collect();
    let body = "var tile: Tile;
        var source: Source;
        for (var k = 0u; k < 3u; k++) {
            tile.digits[k] = vec2<u32>(word(2u * k), word(2u * k + 1u));
        }
        for (var k = 0u; k < 4u; k++) { source.digits[k] = word3(6u + 3u * k); }
        put3(0u, centre_vector(128.0, centre_component(tile, source, 0u),
            centre_component(tile, source, 1u), centre_component(tile, source, 2u)));";
    let outputs = in_render(body).run(&words, 18, 3);
    let errors = inputs.iter().zip(outputs.chunks(3)).map(|(input, found)| {
        let (diffracted, incident, wavelength) = *input;
        let expected = scattering_vector(diffracted, incident, wavelength);
        let errors = (0..3).map(|axis| {
            let found = f64::from(f32::from_bits(found[axis]));
            error_over(
                found,
                expected[axis],
                expected[axis].abs().max(1.0 / INDEX_SCALE),
            )
        });
        (format!("{input:?}"), errors.fold(0.0, f64::max))
    });
    assert_within("centre_vector", CENTRE_VECTOR, errors);
}

/// Sets the rows of an orientation.
const PREPARED: &str = "
fn prepared_at(k: u32) -> Prepared {
    var prepared: Prepared;
    prepared.row_a = real3(k);
    prepared.row_b = real3(k + 3u);
    prepared.row_c = real3(k + 6u);
    prepared.fraction = real3(k + 9u);
    return prepared;
}
";

/// Rows (Å), a fraction, and a step (1/Å).
fn steps(stream: u32) -> Vec<[f32; 15]> {
    inputs(stream, Vec::new(), |rng| {
        let rows = [(); 3].map(|()| (vector(rng) * 100.0).to_array());
        let fraction = vector(rng) * 0.5;
        let step = vector(rng) * log_uniform(rng, 1e-6, 1e-2);
        joined(&[rows.as_flattened(), &fraction.to_array(), &step.to_array()])
    })
}

#[test]
fn steps_from_the_centre() {
    let body = "let prepared = prepared_at(0u);
        put3(0u, index_step(prepared, real3(12u)));
        put3(3u, index_rest(prepared, real3(12u)));
        put(6u, dot_from(real(9u), real3(0u), real3(12u)));";
    let kernel = in_render(body).helpers(PREPARED);
    check(
        "index_step",
        kernel,
        INDEX_REST,
        &steps(72),
        |input, found: [f64; 7]| {
            assert_eq!(found[6], found[3]);
            let index_of = DMat3::from_cols_slice(&input[..9]).transpose();
            let [fraction, step] = [9, 12].map(|word| DVec3::from_slice(&input[word..]));
            let expected = miller_index(&index_of, step);
            let errors = (0..3).map(|axis| {
                let size = DVec3::from_slice(&input[3 * axis..]).length() * step.length();
                let step_error = error_over(found[axis], expected[axis], size);
                assert!(step_error < INDEX_STEP, "{step_error:e}");
                let rest = fraction[axis] + expected[axis];
                error_over(found[3 + axis], rest, size + fraction[axis].abs())
            });
            errors.fold(0.0, f64::max)
        },
    );
}

#[test]
fn nearest() {
    let edges = [0.0, 0.5, -0.5, 1.5, -1.5, 0.499_999_97, 0.500_000_06, 1e6];
    let edges = edges.map(|x| [x, -x, x + 1.0]).to_vec();
    let inputs = inputs(73, edges, |rng| (vector(rng) * 3.0).to_array());
    // With one structure factor everywhere, either neighbour of a half will do.
    let kernel = in_render("put3(0u, abs(real3(0u) - nearest_index(real3(0u))));");
    check("offset", kernel, 0.0, &inputs, |input, found: [f64; 3]| {
        let expected = DVec3::from_array(input).map(|x| (x - x.round()).abs());
        (DVec3::from_array(found) - expected).abs().max_element()
    });
    let kernel = in_render("put3(0u, nearest_index(real3(0u)));").constant("STRUCTURE_FACTORS", 1);
    check(
        "nearest_index",
        kernel,
        0.0,
        &inputs,
        |input, found: [f64; 3]| {
            // The device rounds x − ½ where float64 does not: only within that of a half may it differ.
            let expected = nearest_index(DVec3::from_array(input));
            let errors = (0..3).map(|axis| {
                let from_half = (input[axis] - 0.5 - (input[axis] - 0.5).round()).abs();
                match from_half {
                    ..1e-7 if from_half > 0.0 => 0.0,
                    _ => (found[axis] - expected[axis]).abs(),
                }
            });
            errors.fold(0.0, f64::max)
        },
    );
}
