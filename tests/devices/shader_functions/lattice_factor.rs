//! The interference of a crystal's cells, `shaders/shared/lattice_factor.wgsl`.
//!
//! The device's functions are over the number of cells and without their sign.

use std::f64::consts::PI;

use glam::{DMat3, DVec3};
use nanobragg::cpu::lattice_factor::{Gauss, Round, Spot, Square, TopHat};
use nanobragg::experiment::{Shape, SpotMetric};
use nanobragg::physics::lattice_factor::{self, Lattice, SPOT_WIDTH};
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::{
    check, check_cases, error_over, in_render, inputs, joined, log_uniform, relative, vector,
};

/// Error over the envelope 1/(N sin πδ) for each turn of phase: N·δ is rounded once.
const SINCG: f64 = 4e-7;
/// Error as `SINCG`, with the turns of the three axes and three roundings more.
const SQUARE: f64 = 5e-7;
/// Error over the envelope 3/x²: v is reduced exactly, so that no turns count.
const SINC3: f64 = 8e-7;
/// Error over the value, times one more than the exponent, which is rounded before exp sees it.
const GAUSS: f64 = 5e-7;
/// Error over the value, which never falls below 2/π.
const SINE_RATIO: f64 = 2.5e-7;
/// Error over the value, of the polynomial and its roundings.
const HALF_WAVE: f64 = 5e-7;
/// Error over 1: the cosine is zero at the ends.
const COSINE: f64 = 3e-7;
/// Error over the value: products, a sum of squares and a root.
const ROUND_OFFSET: f64 = 4e-7;
/// Error over what it would be if no terms cancelled.
const SPOT_OFFSET_SQUARED: f64 = 8e-7;
/// Error over the envelope, times one more than the turns of phase or the exponent.
const LATTICE_FACTOR: f64 = 9e-7;
/// Error over the peak, in the CPU path's vector form.
const VECTOR_SQUARED: f64 = 1e-13;

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
    let kernel = in_render("put(0u, sincg(real(0u), real(1u)));");
    check("sincg", kernel, SINCG, &inputs, |[n, delta], [found]| {
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
    let body = "var model: Model;
        model.cells = real3(0u);
        model.least = model.cells * LEAST;
        put(0u, lattice_scale(model) * square(model, real3(3u)));";
    let kernel = in_render(body);
    check(
        "square",
        kernel,
        SQUARE,
        &inputs,
        |[a, b, c, h, k, l], [found]| {
            let expected =
                lattice_factor::square([a, b, c], DVec3::new(h, k, l)).abs() / (a * b * c);
            let axes = [envelope(a, h), envelope(b, k), envelope(c, l)];
            let reach: f64 = axes.iter().map(|(reach, _)| reach).product();
            let turns: f64 = axes.iter().map(|(_, turns)| turns).sum();
            error_over(found.abs(), expected, reach * (1.0 + turns))
        },
    );
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
    let kernel = in_render("put(0u, sinc3(real(0u)));");
    check("sinc3", kernel, SINC3, &inputs, |[v], [found]| {
        let x = PI * v;
        error_over(found, lattice_factor::sinc3(x), (3.0 / (x * x)).min(1.0))
    });
}

/// What fudge·g is over, to be a spot's exponent of 1/2.
const HALVING: f64 = SPOT_WIDTH * std::f64::consts::LN_2;

#[test]
fn gauss() {
    let edges = [0.0, 1e-12, 1.0, 126.0, 1e10, 1e30].map(|exponent| [exponent]);
    let inputs = inputs(3, edges.to_vec(), |rng| {
        [match rng.random_range(0..2) {
            0 => rng.random_range(0.0..137.0),
            _ => log_uniform(rng, 1e-12, 230.0),
        }]
    });
    let kernel = in_render("put(0u, gauss(real(0u)));");
    check("gauss", kernel, GAUSS, &inputs, |[exponent], [found]| {
        let expected = lattice_factor::gauss(exponent * HALVING);
        error_over(
            found,
            expected,
            expected * (1.0 + exponent * HALVING / 0.63),
        )
    });
}

/// From 0 to 1, where it is positive.
#[test]
fn half_wave() {
    let edges = [0.0, 1.0, 0.5, 1e-9, 0.25].map(|f| [f]);
    let inputs = inputs(36, edges.to_vec(), |rng| [offset(rng, 100.0).abs() * 2.0]);
    let kernel = in_render("put(0u, half_wave(real(0u), LEAST));");
    check("half_wave", kernel, HALF_WAVE, &inputs, |[f], [found]| {
        let expected = (PI * f.min(1.0 - f)).sin() / PI + 1e-12;
        // f - f^2 is rounded, which shows where it is small at the far end.
        error_over(found, expected, f + 1e-12)
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
    let kernel = in_render("put(0u, sine_ratio(real(0u)));");
    check(
        "sine_ratio",
        kernel,
        SINE_RATIO,
        &half_turns(4),
        |[x], [found]| {
            if x == 0.0 {
                assert_eq!(found, 1.0);
                return 0.0;
            }
            relative(found, (PI * x).sin() / (PI * x))
        },
    );
}

#[test]
fn cosine() {
    let kernel = in_render("put(0u, cosine(real(0u)));");
    check("cosine", kernel, COSINE, &half_turns(5), |[x], [found]| {
        error_over(found, (PI * x).cos(), 1.0)
    });
}

/// The numerator and the denominator of sincg, each of its own size, times one more than the turns.
#[test]
fn sincg_parts() {
    let edges = EDGE_CELLS.into_iter();
    let edges = edges.flat_map(|n| EDGE_OFFSETS.map(|delta| [n, delta]));
    let inputs = inputs(28, edges.collect(), |rng| {
        let n = cells(rng);
        [n, offset(rng, n)]
    });
    let body = "put2(0u, sincg_parts(real(0u), real(0u) * LEAST, real(1u)));";
    let kernel = in_render(body);
    check(
        "sincg_parts",
        kernel,
        SINCG,
        &inputs,
        |[n, delta], [above, below]| {
            // What the parts have more, so that their ratio is n where they would be zero.
            const LEAST: f64 = 1e-12;
            let delta = delta.abs();
            let numerator = (PI * n * delta).sin().abs() / PI + n * LEAST;
            let denominator = (PI * delta).sin() / PI + LEAST;
            let above = error_over(
                above.abs(),
                numerator.abs(),
                (n * delta).min(1.0 + n * delta) + n * LEAST,
            );
            above.max(relative(below, denominator))
        },
    );
}

/// Reads a crystal and an offset from the words that [`crystals`] makes.
const CRYSTAL: &str = "
fn model_at(k: u32) -> Model {
    var model: Model;
    model.cells = real3(k);
    model.least = model.cells * LEAST;
    model.fudge = real(k + 3u);
    model.spot_h = real3(k + 4u);
    model.spot_kl = real3(k + 7u);
    return model;
}
";

/// Crystals of `shape` whose numbers float32 holds exactly, and an offset from a reflection.
fn crystals(stream: u32, shape: Shape) -> Vec<((Lattice, DVec3), [f32; 13])> {
    inputs(stream, Vec::new(), |rng| {
        let cells = [cells(rng), cells(rng), cells(rng)];
        let delta = cells.map(|n| offset(rng, n));
        let fudge = rng.random_range(0.1..10.0f32);
        let width = log_uniform(rng, 0.1, 100.0);
        let rows = [(); 2].map(|()| (vector(rng) * width).to_array());
        let words = joined(&[&cells, &[fudge], rows.as_flattened(), &delta]);
        let [[a, b, c], [d, e, f]] = rows.map(|row| row.map(f64::from));
        let spot = DMat3::from_cols_array(&[a, 0.0, 0.0, b, d, 0.0, c, e, f]);
        let cells = cells.map(f64::from);
        let lattice = Lattice {
            shape,
            cells,
            total: cells.iter().product(),
            fudge: fudge.into(),
            metric: spot * (HALVING / f64::from(fudge)).sqrt(),
            spot_metric: SpotMetric::Index,
        };
        ((lattice, DVec3::from_array(delta.map(f64::from))), words)
    })
}

/// fudge·(Σ|δ|·|metric|)²: what fudge·g would be if no terms of it cancelled.
fn uncancelled(lattice: &Lattice, delta: DVec3) -> f64 {
    let DMat3 {
        x_axis,
        y_axis,
        z_axis,
    } = lattice.metric;
    let [h, k, l] = delta.abs().to_array();
    lattice.fudge * (h * x_axis.length() + k * y_axis.length() + l * z_axis.length()).powi(2)
}

#[test]
fn round_offset() {
    let kernel = in_render("put(0u, round_offset(model_at(0u), real3(10u)));").helpers(CRYSTAL);
    let crystals = crystals(29, Shape::Round);
    check_cases(
        "round_offset",
        kernel,
        ROUND_OFFSET,
        &crystals,
        |(lattice, delta), _, [found]| {
            relative(found, lattice_factor::round_offset(lattice, *delta))
        },
    );
}

#[test]
fn spot_exponent() {
    let body = "put(0u, spot_exponent(model_at(0u), real3(10u)));";
    let kernel = in_render(body).helpers(CRYSTAL);
    let crystals = crystals(30, Shape::Gauss);
    let name = "spot_exponent";
    check_cases(
        name,
        kernel,
        SPOT_OFFSET_SQUARED,
        &crystals,
        |(lattice, delta), _, [found]| {
            let expected = lattice_factor::spot_offset_squared(lattice, *delta);
            error_over(found * HALVING, expected, uncancelled(lattice, *delta))
        },
    );
}

#[test]
fn is_inside_top_hat() {
    let edge = (SPOT_WIDTH / std::f64::consts::LN_2) as f32;
    let edges = [
        0.0,
        edge * 0.999_999_5,
        edge * 1.000_000_5,
        1e30,
        f32::INFINITY,
    ];
    let edges = edges.map(|exponent| [exponent]);
    let inputs = inputs(31, edges.to_vec(), |rng| [log_uniform(rng, 2e-3, 23.0)]);
    let kernel = in_render("put(0u, f32(is_inside_top_hat(real(0u))));");
    let name = "is_inside_top_hat";
    check(name, kernel, 0.0, &inputs, |[exponent], [found]| {
        let g = exponent * HALVING;
        let inside = lattice_factor::is_inside_top_hat(g);
        // Within rounding of the edge either is right.
        let near = (g / (SPOT_WIDTH * SPOT_WIDTH) - 1.0).abs() < 2e-7;
        if near {
            0.0
        } else {
            found - f64::from(u8::from(inside))
        }
        .abs()
    });
}

/// F_latt² in the CPU path's vector form, with products fused with sums and not.
fn squared(lattice: &Lattice, delta: DVec3) -> [f64; 2] {
    fn both<S: Spot>(spot: &S, delta: DVec3) -> [f64; 2] {
        let offset = || spot.offset(delta);
        [
            spot.squared::<true>(offset()),
            spot.squared::<false>(offset()),
        ]
    }
    match lattice.shape {
        Shape::Square => both(&Square::new(lattice), delta),
        Shape::Round => both(&Round::new(lattice), delta),
        Shape::Gauss => both(&Gauss::new(lattice, f64::INFINITY), delta),
        Shape::TopHat => both(&TopHat::new(lattice), delta),
    }
}

/// Every form of the lattice factor on the same inputs: scalar, vector, and on the device, which has it
/// over the number of cells and without its sign.
#[test]
fn lattice_factor() {
    let shapes = [Shape::Square, Shape::Round, Shape::Gauss, Shape::TopHat];
    for (number, shape) in (0u32..).zip(shapes) {
        let body = "let model = model_at(0u);
            put(0u, lattice_scale(model) * lattice_factor(model, real3(10u)));";
        let kernel = in_render(body).helpers(CRYSTAL).constant("SHAPE", number);
        let name = format!("lattice_factor, {shape:?}");
        let crystals = crystals(32 + number, shape);
        check_cases(
            &name,
            kernel,
            LATTICE_FACTOR,
            &crystals,
            |(lattice, delta), _, [found]| {
                // The scalar formula takes an axis of a fraction of a cell for one without interference.
                let scalar = lattice_factor::lattice_factor(lattice, *delta);
                let peak = lattice.total * lattice.total;
                for vector in squared(lattice, *delta) {
                    let error = (vector - scalar * scalar).abs() / peak;
                    assert!(
                        error <= VECTOR_SQUARED,
                        "{name} of {lattice:?} at {delta}: {error:e}"
                    );
                }
                let expected = scalar.abs() / lattice.total;
                let g = lattice_factor::spot_offset_squared(lattice, *delta);
                match shape {
                    Shape::Square => {
                        let axes = lattice.cells.into_iter().zip(delta.to_array());
                        let axes: Vec<_> = axes.map(|(n, delta)| envelope(n, delta)).collect();
                        let reach: f64 = axes.iter().map(|(reach, _)| reach).product();
                        let turns: f64 = axes.iter().map(|(_, turns)| turns).sum();
                        error_over(found.abs(), expected, reach * (1.0 + turns))
                    }
                    Shape::Round => {
                        let v = lattice_factor::round_offset(lattice, *delta);
                        let reach = (3.0 / (PI * v).powi(2)).min(1.0);
                        error_over(found.abs(), expected, reach * (1.0 + v))
                    }
                    Shape::Gauss => {
                        let exponent = uncancelled(lattice, *delta) / SPOT_WIDTH;
                        error_over(found, expected, expected * (1.0 + exponent))
                    }
                    Shape::TopHat => {
                        let edge = SPOT_WIDTH * SPOT_WIDTH;
                        let near = (g - edge).abs() < 1e-6 * uncancelled(lattice, *delta);
                        if near { 0.0 } else { (found - expected).abs() }
                    }
                }
            },
        );
    }
}
