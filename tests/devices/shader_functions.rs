//! Each function of `shaders/shared/` against its twin in `nanobragg::cpu`, on the GPU there is.
//!
//! The twin is given the very float32 numbers that the GPU sees, so that what is measured is the
//! function's own error. Tolerances are two to four times what Mesa's software driver was
//! measured to make; `-- --nocapture` prints what yours makes.

mod factors;
mod fixed_point;
mod lattice_factor;
mod noise;

use crate::support::shader::run_kernel;
use nanobragg::random::{PhiloxStream, philox4x32};
use rand::RngExt;

/// Random inputs to each function, beside its edges.
const INPUTS: usize = 10_000;
/// The smallest normal float32: a device may make nothing of less.
const SMALLEST: f64 = f32::MIN_POSITIVE as f64;

/// `edges`, and ten thousand inputs of `draw`; `stream` sets the function's apart from others'.
fn inputs<T>(stream: u32, edges: Vec<T>, draw: impl Fn(&mut PhiloxStream) -> T) -> Vec<T> {
    let mut rng = PhiloxStream::new(0x6e62, 0, stream, 0);
    let drawn = std::iter::repeat_with(|| draw(&mut rng)).take(INPUTS);
    edges.into_iter().chain(drawn).collect()
}

/// Evenly spread over the powers of ten from `low` to `high`.
fn log_uniform(rng: &mut PhiloxStream, low: f32, high: f32) -> f32 {
    rng.random_range(low.ln()..high.ln()).exp()
}

/// |found − expected| over `scale`, but for what is lost below the normal numbers.
fn error_over(found: f64, expected: f64, scale: f64) -> f64 {
    let difference = (found - expected).abs();
    if difference <= SMALLEST {
        return 0.0;
    }
    difference / scale
}

fn relative(found: f64, expected: f64) -> f64 {
    error_over(found, expected, expected.abs())
}

/// Prints the largest of `errors` and fails if it is above `tolerance`, or none at all.
fn assert_within(name: &str, tolerance: f64, errors: impl Iterator<Item = (String, f64)>) {
    let rank = |error: f64| if error.is_nan() { f64::INFINITY } else { error };
    let (input, worst) = errors
        .max_by(|(_, one), (_, two)| rank(*one).total_cmp(&rank(*two)))
        .unwrap();
    println!("{name:18} worst error {worst:.2e} of {tolerance:.1e} at {input}");
    assert!(worst <= tolerance, "{name}: {worst:.2e} at {input}");
}

/// Runs `body` on floats; `error` says how far off what it wrote is.
fn check<const IN: usize, const OUT: usize>(
    (file, name, body): (&str, &str, &str),
    tolerance: f64,
    inputs: &[[f32; IN]],
    error: impl Fn([f64; IN], [f64; OUT]) -> f64,
) {
    let words: Vec<u32> = inputs.iter().flatten().map(|x| x.to_bits()).collect();
    let outputs = run_kernel(file, body, &words, IN, OUT);
    let (outputs, _) = outputs.as_chunks::<OUT>();
    let errors = inputs.iter().zip(outputs).map(|(input, output)| {
        let found = output.map(|word| f64::from(f32::from_bits(word)));
        (format!("{input:?}"), error(input.map(f64::from), found))
    });
    assert_within(name, tolerance, errors);
}

#[test]
fn philox() {
    let edges = [0, 1, u32::MAX, 1 << 31].map(|word| [word; 6]);
    let inputs = inputs(11, edges.to_vec(), |rng| {
        std::array::from_fn(|_| rng.random_range(0..=u32::MAX))
    });
    let body = "let block = philox4x32(
            vec4<u32>(word(0u), word(1u), word(2u), word(3u)), vec2<u32>(word(4u), word(5u)));
        for (var k = 0u; k < 4u; k++) { put_word(k, block[k]); }";
    let outputs = run_kernel("philox", body, inputs.as_flattened(), 6, 4);
    for (&[a, b, c, d, e, f], found) in inputs.iter().zip(outputs.chunks(4)) {
        assert_eq!(
            found,
            philox4x32([a, b, c, d], [e, f]),
            "{a} {b} {c} {d} {e} {f}"
        );
    }
    println!("philox4x32         no error at all");
}
