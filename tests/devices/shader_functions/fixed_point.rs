//! The fixed-point functions against the exact arithmetic of the very same digits.

use nanobragg::gpu::{factor_digits, wide_digits};
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::{assert_within, inputs, log_uniform};
use crate::support::shader::run_kernel;

/// In turns of phase, 2⁻²⁵: half the last bit of a float32 beyond ±1/2; below, it is 2⁻²⁶.
const FIXED_DOT: f64 = 1.0 / (1u32 << 25) as f64;
/// How far the fraction reaches: balanced digits round to the nearest integer but for their rest.
const FRACTION: f64 = 0.5 + 1.0 / 8190.0;
/// In units of q, whose last digit counts 2⁻³⁶: it is rounded, and smaller products are dropped.
const CENTRE_COMPONENT: f64 = 4e-11;
/// Of the value, but no better than float32 knows 1: two float32 roundings.
const WIDE_VALUE: f64 = 2e-7;
/// Of the value, but no better than float32 knows the first digit: two float32 roundings.
const FACTOR_VALUE: f64 = 2e-7;

/// Reads the digits that are packed two to a word, as the render kernel does.
const FACTOR: &str = "vec4<i32>(halves(word(AT)), halves(word(AT + 1u)))";
const WIDE: &str =
    "Wide(vec4<i32>(halves(word(AT)), halves(word(AT + 1u))), halves(word(AT + 2u)).x)";

/// An i32 as the word that holds it.
const PUT_WIDE: &str = "for (var k = 0u; k < 4u; k++) { put_word(k, bitcast<u32>(q.head[k])); }
    put_word(4u, bitcast<u32>(q.tail));";

type Factor = [i16; 4];
type Wide = [i16; 5];

/// WGSL that reads the number at word `at` of the input.
fn read(kind: &str, at: usize) -> String {
    kind.replace("AT", &format!("{at}u"))
}

/// Digits two to a word, the first in the lower half.
fn packed(digits: &[i16]) -> impl Iterator<Item = u32> {
    digits.chunks(2).map(|pair| {
        let high = pair.get(1).copied().unwrap_or(0);
        u32::from(pair[0] as u16) | u32::from(high as u16) << 16
    })
}

/// The number, in units of the last digit's weight.
fn exact(digits: impl IntoIterator<Item = impl Into<i128>>) -> i128 {
    digits
        .into_iter()
        .fold(0, |sum, digit| sum * 4096 + digit.into())
}

/// `count` times 2 to the `power`, rounded once.
fn scaled(count: i128, power: i32) -> f64 {
    count as f64 * 2f64.powi(power)
}

fn factor(rng: &mut PhiloxStream) -> Factor {
    factor_digits(match rng.random_range(0..8) {
        0 => [-1.0, 1.0][rng.random_range(0..2)],
        1 => f64::from(log_uniform(rng, 1e-12, 1.0)),
        _ => rng.random_range(-1.0..=1.0),
    })
}

fn wide(rng: &mut PhiloxStream) -> Wide {
    wide_digits(match rng.random_range(0..4) {
        0 => [-1.0, 1.0][rng.random_range(0..2)] * f64::from(log_uniform(rng, 1e-9, 4e6)),
        1 => rng.random_range(-1000.0..1000.0),
        _ => rng.random_range(-1e6..1e6),
    })
    .unwrap()
}

/// The digits farthest from zero, and zero.
fn edges() -> Vec<(Factor, Wide)> {
    let factors = [0.0, 1.0, -1.0, 0.5, 1e-12, 1.0 - 1e-14].map(factor_digits);
    let factors = factors
        .into_iter()
        .chain([[2047; 4], [2048; 4], [-2048; 4]]);
    let wides = [0.0, 1.0, -1.0, 0.5, 1e6, -1e6, 4194303.9, -4194303.9];
    let wides = wides.map(|value| wide_digits(value).unwrap());
    let last = [
        [1023, 2048, 2048, 2048, 2048],
        [-1023, -2048, -2048, -2048, -2048],
    ];
    factors
        .flat_map(|a| wides.into_iter().chain(last).map(move |q| (a, q)))
        .collect()
}

#[test]
fn fixed_dot() {
    let edges = edges().into_iter().map(|(a, q)| ([a; 3], [q; 3])).collect();
    let inputs = inputs(12, edges, |rng| {
        ([(); 3].map(|()| factor(rng)), [(); 3].map(|()| wide(rng)))
    });
    let words: Vec<u32> = inputs
        .iter()
        .flat_map(|(a, q)| {
            let a = a.iter().flat_map(|a| packed(a));
            a.chain(q.iter().flat_map(|q| packed(q)))
        })
        .collect();
    let numbers = [0, 2, 4].map(|at| read(FACTOR, at)).into_iter();
    let numbers = numbers.chain([6, 9, 12].map(|at| read(WIDE, at)));
    let numbers = numbers.collect::<Vec<_>>().join(", ");
    let body = format!(
        "let split = fixed_dot({numbers});
        put_word(0u, bitcast<u32>(split.whole));
        put(1u, split.fraction);"
    );
    let outputs = run_kernel("fixed_point", &body, &words, 15, 2);
    let errors = inputs.iter().zip(outputs.chunks(2)).map(|((a, q), found)| {
        let fraction = f64::from(f32::from_bits(found[1]));
        let products = a.iter().zip(q).map(|(&a, &q)| exact(a) * exact(q));
        // Factors count 2⁻⁴⁸, wide numbers 2⁻³⁶.
        let rest = products.sum::<i128>() - (i128::from(found[0] as i32) << 84);
        let nearest = fraction.abs() <= FRACTION;
        let error = (scaled(rest, -84) - fraction).abs();
        (
            format!("{a:?} {q:?}"),
            if nearest { error } else { f64::INFINITY },
        )
    });
    assert_within("fixed_dot", FIXED_DOT, errors);
}

#[test]
fn centre_component() {
    let edges = edges().into_iter();
    let edges = edges.flat_map(|(a, q)| [(a, q, q), (a, q, q.map(|digit| -digit))]);
    let inputs = inputs(13, edges.collect(), |rng| {
        (factor(rng), wide(rng), wide(rng))
    });
    let words: Vec<u32> = inputs
        .iter()
        .flat_map(|(a, kappa, offset)| packed(a).chain(packed(kappa)).chain(packed(offset)))
        .collect();
    let (a, kappa, offset) = (read(FACTOR, 0), read(WIDE, 2), read(WIDE, 5));
    let body = format!("let q = difference(product({a}, {kappa}), {offset}); {PUT_WIDE}");
    let outputs = run_kernel("fixed_point", &body, &words, 8, 5);
    let errors = inputs
        .iter()
        .zip(outputs.chunks(5))
        .map(|((a, kappa, offset), found)| {
            let digits = || found.iter().map(|&word| word as i32);
            let off =
                (exact(digits()) << 48) - (exact(*a) * exact(*kappa) - (exact(*offset) << 48));
            // What multiplies these digits next counts on their size.
            let balanced = digits().all(|digit| digit.abs() <= 2048);
            let error = scaled(off, -84).abs();
            let input = format!("{a:?} {kappa:?} {offset:?}");
            (input, if balanced { error } else { f64::INFINITY })
        });
    assert_within("centre_component", CENTRE_COMPONENT, errors);
}

/// Checks a value's float32 against its digits, whose last counts 2 to the `power`.
fn check_value<const N: usize>(
    (name, kind, tolerance): (&str, &str, f64),
    power: i32,
    smallest: f64,
    inputs: &[[i16; N]],
) {
    let words: Vec<u32> = inputs.iter().flat_map(|digits| packed(digits)).collect();
    let body = format!("put(0u, {name}({}));", read(kind, 0));
    let outputs = run_kernel("fixed_point", &body, &words, N.div_ceil(2), 1);
    let errors = inputs.iter().zip(outputs).map(|(&digits, found)| {
        let expected = scaled(exact(digits), power);
        let error = (f64::from(f32::from_bits(found)) - expected).abs();
        (format!("{digits:?}"), error / expected.abs().max(smallest))
    });
    assert_within(name, tolerance, errors);
}

#[test]
fn wide_value() {
    let edges = edges().into_iter().map(|(_, q)| q).collect();
    let inputs = inputs(14, edges, wide);
    check_value(("wide_value", WIDE, WIDE_VALUE), -36, 1.0, &inputs);
}

#[test]
fn factor_value() {
    let edges = edges().into_iter().map(|(a, _)| a).collect();
    let inputs = inputs(15, edges, factor);
    let first_digit = 1.0 / 4096.0;
    check_value(
        ("factor_value", FACTOR, FACTOR_VALUE),
        -48,
        first_digit,
        &inputs,
    );
}
