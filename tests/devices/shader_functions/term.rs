//! One term, with every spot shape and every kind of structure factor.

use glam::{DMat3, DVec3};
use nanobragg::experiment::{Shape, SpotMetric};
use nanobragg::physics::lattice_factor::{Lattice, SPOT_WIDTH, spot_offset_squared};
use nanobragg::physics::term::{Model, term};
use rand::RngExt;

use super::structure_factor::{DEFAULT_F, LARGEST, structure_factors, with_grid};
use super::{SYMMETRY_WORDS, check, in_render, inputs, joined, log_uniform, vector};

/// Error over the brightest term, times the cells along an axis: the index is rounded, and δ with it.
const TERM: f64 = 1.5e-7;

/// Cells along the axes.
const CELLS: [f64; 3] = [5.0, 8.0, 13.0];
/// Sets the spots of a model.
const SPOTS: &str = "
fn spot_model() -> Model {
    var model: Model;
    model.cells = vec3<f32>(5.0, 8.0, 13.0);
    model.least = model.cells * LEAST;
    model.fudge = 0.75;
    model.spot_h = real3(18u);
    model.spot_kl = real3(21u);
    return model;
}
fn prepared_at(k: u32) -> Prepared {
    var prepared: Prepared;
    prepared.whole = place_of(vec3<i32>(real3(k)));
    prepared.fraction = real3(k + 3u);
    prepared.row_a = real3(k + 6u);
    prepared.row_b = real3(k + 9u);
    prepared.row_c = real3(k + 12u);
    return prepared;
}
";

#[test]
fn term_of_every_kind() {
    let structure_factors = structure_factors();
    let lattice = |shape| Lattice {
        shape,
        cells: CELLS,
        total: CELLS.iter().product(),
        fudge: 0.75,
        metric: DMat3::from_cols_array(&[5.0, 1.0, 0.0, 0.0, 8.0, 2.0, 1.0, 0.0, 13.0]),
        spot_metric: SpotMetric::Index,
    };
    let halving = SPOT_WIDTH * std::f64::consts::LN_2;
    let spot = lattice(Shape::Gauss).triangular_metric() * (0.75 / halving).sqrt();
    let [h, k, l] = spot.to_cols_array_2d();
    let spot = [h[0], k[0], l[0], k[1], l[1], l[2]].map(|component| component as f32);
    let inputs = inputs(80, Vec::new(), |rng| {
        let whole = [(-4..5), (-3..8), (-1..6)].map(|range| rng.random_range::<i32, _>(range));
        // Mostly near a reflection, where terms are bright.
        let fraction = vector(rng) * log_uniform(rng, 1e-3, 0.5);
        let rows = [70.0, 80.0, 90.0].map(|edge| vector(rng).normalize() * edge);
        let rows = rows.map(|row| row.to_array());
        let turned = vector(rng) * log_uniform(rng, 1e-6, 1e-2);
        joined::<24>(&[
            &whole.map(|component| component as f32),
            &fraction.to_array(),
            rows.as_flattened(),
            &turned.to_array(),
            &spot,
        ])
    });
    let shapes = [Shape::Square, Shape::Round, Shape::Gauss, Shape::TopHat];
    let kinds = [(false, false), (true, false), (true, true)];
    for (shape_number, shape) in (0u32..).zip(shapes) {
        let lattice = lattice(shape);
        for (kind_number, (listed, interpolate)) in (0u32..).zip(kinds) {
            let model = Model {
                lattice: &lattice,
                symmetric_shape: &[],
                diffuse: None,
                grid: structure_factors
                    .grid()
                    .filter(|_| listed)
                    .map(|grid| &**grid),
                default_f: DEFAULT_F.into(),
                interpolate,
            };
            let body = "let model = with_grid(spot_model());
                let scattered = term(model, prepared_at(0u), real3(15u));
                put(0u, common_factor(model) * scattered);";
            let kernel = with_grid(in_render(body), kind_number, false).helpers(SPOTS);
            let kernel = kernel
                .constant("SHAPE", shape_number)
                .uniform(9, vec![0; SYMMETRY_WORDS]);
            check("term", kernel, TERM, &inputs, |input, [found]| {
                let vector = |word: usize| DVec3::from_slice(&input[word..]);
                let index_of = DMat3::from_cols_slice(&input[6..15]).transpose();
                // Seldom, the rows lie nearly in a plane, and float64 itself loses the index.
                if index_of.determinant().abs() < 1e4 {
                    return 0.0;
                }
                let centre = index_of.inverse() * (vector(0) + vector(3));
                let expected = term(&model, &index_of, centre + vector(15));
                let delta = expected.hkl - expected.nearest;
                let between = delta.abs().max_element() > 0.499_99;
                let edge = spot_offset_squared(&lattice, delta) - SPOT_WIDTH * SPOT_WIDTH;
                let on_edge = shape == Shape::TopHat && edge.abs() < 1e-4;
                // Where the model jumps, either side is right.
                if between || on_edge {
                    return 0.0;
                }
                let strongest = if listed { LARGEST } else { DEFAULT_F.into() };
                let brightest = strongest * strongest;
                let expected = expected.intensity() / lattice.total.powi(2);
                (found - expected).abs() / (brightest * CELLS[2])
            });
        }
    }
}
