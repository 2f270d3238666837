//! The fixed-point functions against the exact arithmetic of the very same digits.

use nanobragg::gpu::{factor_digits, wide_digits};
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::{any_words, assert_within, check_words, in_render, inputs, log_uniform};
use crate::support::shader::Kernel;

/// In turns of phase, 2⁻²⁵: half the last bit of a float32 beyond ±1/2; below, it is 2⁻²⁶.
const FIXED_DOT: f64 = 1.0 / (1u32 << 25) as f64;
/// How far the fraction reaches: balanced digits round to the nearest integer but for their rest.
const FRACTION: f64 = 0.5 + 1.0 / 8190.0;
/// In units of q, whose last digit counts 2⁻³⁶: it is rounded, and smaller products are dropped.
const CENTRE_COMPONENT: f64 = 4e-11;
/// Error over the value, but no better than float32 knows 1: two float32 roundings.
const WIDE_VALUE: f64 = 2e-7;
/// Error over the value, but no better than float32 knows the first digit: two float32 roundings.
const FACTOR_VALUE: f64 = 2e-7;

/// Reads a number's digits, packed two to a word, at word AT of the input.
const FACTOR: &str = "factor(vec2<u32>(word(AT), word(AT + 1u)))";
const WIDE: &str = "wide(word3(AT))";

type Factor = [i16; 4];
type Wide = [i16; 5];

/// WGSL that reads the number at word `at` of the input.
fn read(kind: &str, at: usize) -> String {
    kind.replace("AT", &format!("{at}u"))
}

/// Digits two to a word, the first in the lower half.
pub fn packed(digits: &[i16]) -> impl Iterator<Item = u32> {
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

/// The number, whose last digit counts 2 to the `power`, to float64.
pub fn value(digits: &[i16], power: i32) -> f64 {
    scaled(exact(digits.iter().copied()), power)
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
    let outputs = in_render(&body).run(&words, 15, 2);
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
    let body = "var tile: Tile;
        var source: Source;
        tile.digits[1] = vec2<u32>(word(0u), word(1u));
        source.digits[0] = word3(2u);
        source.digits[2] = word3(5u);
        let q = centre_component(tile, source, 1u);
        for (var k = 0u; k < 4u; k++) { put_word(k, bitcast<u32>(q.head[k])); }
        put_word(4u, bitcast<u32>(q.tail));";
    let outputs = in_render(body).run(&words, 8, 5);
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

/// Checks a value's float32, which `kernel` writes, against its digits, whose last counts 2 to the
/// `power`.
fn check_value<const N: usize>(
    (name, kernel, tolerance): (&str, Kernel, f64),
    power: i32,
    smallest: f64,
    inputs: &[[i16; N]],
) {
    let words: Vec<u32> = inputs.iter().flat_map(|digits| packed(digits)).collect();
    let outputs = kernel.run(&words, N.div_ceil(2), 1);
    let errors = inputs.iter().zip(outputs).map(|(digits, found)| {
        let expected = value(digits, power);
        let error = (f64::from(f32::from_bits(found)) - expected).abs();
        (format!("{digits:?}"), error / expected.abs().max(smallest))
    });
    assert_within(name, tolerance, errors);
}

#[test]
fn wide_value() {
    let edges = edges().into_iter().map(|(_, q)| q).collect();
    let inputs = inputs(14, edges, wide);
    let kernel = in_render("put(0u, wide_value(wide(word3(0u))));");
    check_value(("wide_value", kernel, WIDE_VALUE), -36, 1.0, &inputs);
}

#[test]
fn factor_value() {
    let edges = edges().into_iter().map(|(a, _)| a).collect();
    let inputs = inputs(15, edges, factor);
    let first_digit = 1.0 / 4096.0;
    let kernel = in_render("put(0u, factor_value(factor(vec2<u32>(word(0u), word(1u)))));");
    check_value(
        ("factor_value", kernel, FACTOR_VALUE),
        -48,
        first_digit,
        &inputs,
    );
}

#[test]
fn halves_and_carry() {
    let edges = vec![
        [0, 2047],
        [0x8000_7fff, 2048],
        [u32::MAX, 0],
        [0x7fff_8000, -2049i32 as u32],
    ];
    let inputs = inputs(16, edges, |rng| {
        let [digits, column] = any_words(rng);
        [digits, (column as i32 >> 2) as u32]
    });
    let body = "let pair = halves(word(0u));
        put_word(0u, bitcast<u32>(pair.x)); put_word(1u, bitcast<u32>(pair.y));
        put_word(2u, bitcast<u32>(carry(bitcast<i32>(word(1u)))));";
    check_words("halves", in_render(body), &inputs, |[digits, column]| {
        let pair = [digits as u16, (digits >> 16) as u16].map(|half| i32::from(half as i16) as u32);
        // Rounded to the nearest, halves up.
        let nearest = (f64::from(column as i32) / 4096.0 + 0.5).floor() as i32;
        [pair[0], pair[1], nearest as u32]
    });
}

/// A product keeps every column down to 2⁻⁴⁸; a difference carries them into digits without loss.
#[test]
fn fixed_product_and_difference() {
    let edges = edges().into_iter().map(|(a, q)| (a, q, q)).collect();
    let inputs = inputs(17, edges, |rng| (factor(rng), wide(rng), wide(rng)));
    let words: Vec<u32> = inputs
        .iter()
        .flat_map(|(a, q, less)| packed(a).chain(packed(q)).chain(packed(less)))
        .collect();
    let body = format!(
        "let columns = fixed_product({}, {});
        let q = fixed_difference(columns, {});
        for (var k = 0u; k < 4u; k++) {{ put_word(k, bitcast<u32>(columns.head[k])); }}
        put_word(4u, bitcast<u32>(columns.tail));
        for (var k = 0u; k < 4u; k++) {{ put_word(5u + k, bitcast<u32>(q.head[k])); }}
        put_word(9u, bitcast<u32>(q.tail));",
        read(FACTOR, 0),
        read(WIDE, 2),
        read(WIDE, 5),
    );
    let outputs = in_render(&body).run(&words, 8, 10);
    for ((a, q, less), found) in inputs.iter().zip(outputs.chunks(10)) {
        let found: Vec<i32> = found.iter().map(|&word| word as i32).collect();
        let column = |weight: usize| -> i32 {
            let pairs = (0..4).flat_map(|i| (0..5).map(move |j| (i, j)));
            let pairs = pairs.filter(|(i, j)| i + j == weight);
            pairs.map(|(i, j)| i32::from(a[i]) * i32::from(q[j])).sum()
        };
        let columns: Vec<i32> = (0..5).map(column).collect();
        assert_eq!(found[..5], columns, "{a:?} {q:?}");
        // The lowest column is rounded into the one before.
        let rounded = (i128::from(columns[4]) + 2048).div_euclid(4096);
        let kept = exact(columns[..4].iter().copied()) + rounded - exact(less.iter().copied());
        assert_eq!(
            exact(found[5..].iter().copied()),
            kept,
            "{a:?} {q:?} {less:?}"
        );
    }
}
