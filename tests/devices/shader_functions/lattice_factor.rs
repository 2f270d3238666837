//! The interference of a crystal's cells, `shaders/shared/lattice_factor.wgsl`.
//!
//! The device's functions are over the number of cells and without their sign.

use std::f64::consts::PI;

use glam::DVec3;
use nanobragg::cpu::lattice_factor;
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::{check, error_over, inputs, log_uniform, relative};

/// Of the envelope 1/(N sin πδ), a turn of phase: N·δ is rounded once.
const SINCG: f64 = 4e-7;
/// As `SINCG`, with the turns of the three axes and three roundings more.
const SQUARE: f64 = 5e-7;
/// Of the envelope 3/x²: v is reduced exactly, so that no turns count.
const SINC3: f64 = 8e-7;
/// Of the value, times one more than the exponent, which is rounded before exp sees it.
const GAUSS: f64 = 5e-7;
/// Of the value, which never falls below 2/π.
const SINE_RATIO: f64 = 2.5e-7;
/// Of 1: the cosine is zero at the ends.
const COSINE: f64 = 3e-7;

/// A count of cells, whole as a rule.
fn cells(rng: &mut PhiloxStream) -> f32 {
    let whole = rng.random_range(1..=2000) as f32;
    match rng.random_range(0..8) {
        0 => rng.random_range(1.0..2000.0),
        1..4 => (whole / 100.0).ceil(),
        _ => whole,
    }
}

/// An offset from a reflection of `n` cells: anywhere, near its centre, or near a zero.
fn offset(rng: &mut PhiloxStream, n: f32) -> f32 {
    match rng.random_range(0..3) {
        0 => rng.random_range(-0.5..0.5),
        1 => log_uniform(rng, 1e-12, 0.5) * [-1.0, 1.0][rng.random_range(0..2)],
        _ => (rng.random_range(-0.5..0.5f32) * n).round() / n,
    }
}

const EDGE_CELLS: [f32; 4] = [1.0, 2.0, 3.0, 2000.0];
const EDGE_OFFSETS: [f32; 8] = [0.0, 0.5, -0.5, 1e-12, -1e-12, 1e-9, 2e-9, -0.25];

/// How high the interference of `n` cells can reach at `delta`, over n; and the turns of phase.
fn envelope(n: f64, delta: f64) -> (f64, f64) {
    let turns = (n * delta).abs();
    let reach = 1.0 / (n * (PI * delta).sin()).abs();
    (reach.min(1.0), turns)
}

#[test]
fn sincg() {
    let edges = EDGE_CELLS.into_iter();
    let edges = edges.flat_map(|n| EDGE_OFFSETS.map(|delta| [n, delta]));
    let inputs = inputs(0, edges.collect(), |rng| {
        let n = cells(rng);
        [n, offset(rng, n)]
    });
    let kernel = (
        "lattice_factor",
        "sincg",
        "put(0u, sincg(real(0u), real(1u)));",
    );
    check(kernel, SINCG, &inputs, |[n, delta], [found]| {
        let expected = lattice_factor::sincg(n, delta).abs() / n;
        let (reach, turns) = envelope(n, delta);
        error_over(found.abs(), expected, reach * (1.0 + turns))
    });
}

#[test]
fn square() {
    let edges = EDGE_CELLS
        .into_iter()
        .flat_map(|n| EDGE_OFFSETS.map(|delta| [n, 2000.0, 1.0, delta, -delta, 0.5]));
    let inputs = inputs(1, edges.collect(), |rng| {
        let n = [cells(rng), cells(rng), cells(rng)];
        let delta = n.map(|n| offset(rng, n));
        [n[0], n[1], n[2], delta[0], delta[1], delta[2]]
    });
    let body = "put(0u, square(
        vec3<f32>(real(0u), real(1u), real(2u)), vec3<f32>(real(3u), real(4u), real(5u))));";
    let kernel = ("lattice_factor", "square", body);
    check(kernel, SQUARE, &inputs, |[a, b, c, h, k, l], [found]| {
        let expected = lattice_factor::square([a, b, c], DVec3::new(h, k, l)).abs() / (a * b * c);
        let axes = [envelope(a, h), envelope(b, k), envelope(c, l)];
        let reach: f64 = axes.iter().map(|(reach, _)| reach).product();
        let turns: f64 = axes.iter().map(|(_, turns)| turns).sum();
        error_over(found.abs(), expected, reach * (1.0 + turns))
    });
}

#[test]
fn sinc3() {
    // The series' seam is at v = √2/π.
    let edges = [0.0, 1e-12, 0.4501581, 0.4501582, 0.5, 1.0, 1.5, 1e6, 1.7e7];
    let inputs = inputs(2, edges.map(|v| [v]).to_vec(), |rng| {
        [match rng.random_range(0..3) {
            0 => rng.random_range(0.0..10.0),
            1 => rng.random_range(0.0..4000.0),
            _ => log_uniform(rng, 1e-12, 1e6),
        }]
    });
    let kernel = ("lattice_factor", "sinc3", "put(0u, sinc3(real(0u)));");
    check(kernel, SINC3, &inputs, |[v], [found]| {
        let x = PI * v;
        error_over(found, lattice_factor::sinc3(x), (3.0 / (x * x)).min(1.0))
    });
}

#[test]
fn gauss() {
    let edges = [0.0, 1e-12, 0.63, 55.0, 1e10, 1e30].map(|g| [g]);
    let inputs = inputs(3, edges.to_vec(), |rng| {
        [match rng.random_range(0..2) {
            0 => rng.random_range(0.0..60.0),
            _ => log_uniform(rng, 1e-12, 100.0),
        }]
    });
    let kernel = ("lattice_factor", "gauss", "put(0u, gauss(real(0u)));");
    check(kernel, GAUSS, &inputs, |[g], [found]| {
        let expected = lattice_factor::gauss(g);
        error_over(found, expected, expected * (1.0 + g / 0.63))
    });
}

/// From −1/2 to 1/2, small ones included.
fn half_turns(stream: u32) -> Vec<[f32; 1]> {
    let edges = [0.0, 0.5, -0.5, 1e-12, 0.25, 0.499_999_97];
    inputs(stream, edges.map(|x| [x]).to_vec(), |rng| {
        [offset(rng, 100.0)]
    })
}

#[test]
fn sine_ratio() {
    let kernel = (
        "lattice_factor",
        "sine_ratio",
        "put(0u, sine_ratio(real(0u)));",
    );
    check(kernel, SINE_RATIO, &half_turns(4), |[x], [found]| {
        if x == 0.0 {
            assert_eq!(found, 1.0);
            return 0.0;
        }
        relative(found, (PI * x).sin() / (PI * x))
    });
}

#[test]
fn cosine() {
    let kernel = ("lattice_factor", "cosine", "put(0u, cosine(real(0u)));");
    check(kernel, COSINE, &half_turns(5), |[x], [found]| {
        error_over(found, (PI * x).cos(), 1.0)
    });
}
