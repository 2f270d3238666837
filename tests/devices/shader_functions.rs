//! Each function of the shaders against its twin in `nanobragg::physics`, on the GPU there is.
//!
//! The twin is given the very float32 numbers that the GPU sees, so that what is measured is the
//! function's own error; where the CPU path has a vector form of the formula, it is given them, too.
//! Tolerances are two to four times what Mesa's software driver was measured to make;
//! `-- --nocapture` prints what yours makes.

mod amorphous;
mod closed_form;
mod coverage;
mod culling;
mod diffuse;
mod factors;
mod fine;
mod fixed_point;
mod halo_slopes;
mod lattice_factor;
mod miller_index;
mod noise;
mod pixels;
mod point_spread;
mod position;
mod slopes;
mod slots;
mod structure_factor;
mod sums;
mod term;

use crate::support::shader::Kernel;
use glam::Vec3;
use nanobragg::gpu::{background_source, render_source};
use nanobragg::random::PhiloxStream;
use rand::RngExt;

/// Words of the uniform of a crystal's symmetry and halos.
const SYMMETRY_WORDS: usize = 24 * 28 + 4;
/// Words of the uniform of a scene.
const SCENE_WORDS: usize = 120;
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

/// An entry point around `body` in the shader that renders.
fn in_render(body: &str) -> Kernel<'_> {
    Kernel::new(render_source(), body)
}

/// An entry point around `body` in the shader of what amorphous materials scatter.
fn in_background(body: &str) -> Kernel<'_> {
    Kernel::new(background_source(), body)
}

/// Runs `kernel` on floats; `error` says how far off its output is.
fn check<const IN: usize, const OUT: usize>(
    name: &str,
    kernel: Kernel,
    tolerance: f64,
    inputs: &[[f32; IN]],
    error: impl Fn([f64; IN], [f64; OUT]) -> f64,
) {
    let cases: Vec<_> = inputs.iter().map(|input| ((), *input)).collect();
    check_cases(name, kernel, tolerance, &cases, |(), input, found| {
        error(input, found)
    });
}

/// Runs `kernel` on the floats of `cases`; `error` says, knowing the case, how far off its output is.
fn check_cases<T, const IN: usize, const OUT: usize>(
    name: &str,
    kernel: Kernel,
    tolerance: f64,
    cases: &[(T, [f32; IN])],
    error: impl Fn(&T, [f64; IN], [f64; OUT]) -> f64,
) {
    let words = cases.iter().flat_map(|(_, input)| input);
    let words: Vec<u32> = words.map(|x| x.to_bits()).collect();
    let outputs = kernel.run(&words, IN, OUT);
    let (outputs, _) = outputs.as_chunks::<OUT>();
    assert_eq!(outputs.len(), cases.len());
    let errors = cases.iter().zip(outputs).map(|((case, input), output)| {
        let found = output.map(|word| f64::from(f32::from_bits(word)));
        (
            format!("{input:?}"),
            error(case, input.map(f64::from), found),
        )
    });
    assert_within(name, tolerance, errors);
}

/// Asserts that `kernel` writes the words of `expected` for each of the inputs.
fn check_words<const IN: usize, const OUT: usize>(
    name: &str,
    kernel: Kernel,
    inputs: &[[u32; IN]],
    expected: impl Fn([u32; IN]) -> [u32; OUT],
) {
    let outputs = kernel.run(inputs.as_flattened(), IN, OUT);
    let (outputs, _) = outputs.as_chunks::<OUT>();
    assert_eq!(outputs.len(), inputs.len());
    for (input, found) in inputs.iter().zip(outputs) {
        assert_eq!(*found, expected(*input), "{name} of {input:x?}");
    }
    println!("{name:20} the same words for {} inputs", inputs.len());
}

/// Any words at all.
fn any_words<const COUNT: usize>(rng: &mut PhiloxStream) -> [u32; COUNT] {
    std::array::from_fn(|_| rng.random_range(0..=u32::MAX))
}

/// A vector in the cube from −1 to 1.
fn vector(rng: &mut PhiloxStream) -> Vec3 {
    Vec3::from_array(std::array::from_fn(|_| rng.random_range(-1.0f32..1.0)))
}

fn unit_vector(rng: &mut PhiloxStream) -> Vec3 {
    vector(rng).normalize()
}

/// The `COUNT` floats of `parts`, one after the other.
fn joined<const COUNT: usize>(parts: &[&[f32]]) -> [f32; COUNT] {
    parts.concat().try_into().unwrap()
}
