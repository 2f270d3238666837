//! Halos of reflections, and shapes with the crystal's symmetry.

use glam::{DMat3, DVec3};
use nanobragg::experiment::{self, Crystal, Shape, SpotMetric};
use nanobragg::geometry::{LaueGroup, UnitCell};
use nanobragg::gpu::diffuse_source;
use nanobragg::physics::diffuse::Diffuse;
use nanobragg::physics::lattice_factor::{Lattice, SPOT_WIDTH, symmetric_lattice_factor};
use nanobragg::physics::miller_index::nearest_index;
use nanobragg::physics::structure_factor::nearest_structure_factor;
use rand::RngExt;

use super::structure_factor::{DEFAULT_F, LARGEST, structure_factors, with_grid};
use super::{SYMMETRY_WORDS, check, check_words, in_render, inputs, vector};
use crate::support::shader::Kernel;

/// Error over the sum of the form's parts, which may cancel.
const FORM: f64 = 4e-7;
/// Error over the strongest halo: an index is rounded, and the square of what it is multiplied by.
const HALO: f64 = 3e-6;
/// Error over the square of the number of cells.
const SYMMETRIC: f64 = 2e-6;

/// A crystal of trigonal symmetry.
pub fn crystal(shape: Shape) -> Crystal {
    let angles = [90.0f64, 90.0, 120.0].map(f64::to_radians);
    let cell = UnitCell::from_parameters([60e-10, 60e-10, 80e-10], angles).unwrap();
    let group = LaueGroup::named("-3m1", &cell).unwrap();
    Crystal {
        cells: [5.0, 8.0, 13.0],
        shape,
        fudge: 0.75,
        metric: SpotMetric::Index,
        symmetric_shape: Some(group.clone()),
        diffuse: Some(experiment::Diffuse {
            sigma_m: [3e-11, 4e-11, 5e-11],
            gamma_m: [30e-10, 40e-10, 70e-10],
            laue: group,
            stencil: 1,
        }),
        ..Crystal::new(cell)
    }
}

/// The words of the uniform `symmetry`: the operators of `crystal`, and the forms of its halos.
pub fn symmetry(crystal: &Crystal) -> Vec<u32> {
    let diffuse = Diffuse::new(crystal).unwrap();
    let operators: Vec<DMat3> = crystal
        .symmetric_shape
        .iter()
        .flat_map(LaueGroup::on_indices)
        .collect();
    let mut floats = Vec::new();
    for operator in &operators {
        for column in operator.to_cols_array_2d() {
            floats.extend(column.map(|x| x as f32));
            floats.push(0.0);
        }
    }
    floats.resize(24 * 12, 0.0);
    let peak = crystal.cells.iter().product::<f64>().powi(2);
    for form in &diffuse.forms {
        let mut put = |form: &DMat3, fourth: f64| {
            let [h, k, l] = form.to_cols_array_2d();
            let factors = [
                h[0],
                k[1],
                l[2],
                fourth,
                2.0 * k[2],
                2.0 * h[2],
                2.0 * h[1],
                0.0,
            ];
            floats.extend(factors.map(|factor| factor as f32));
        };
        put(&form.displacement, form.strength / peak);
        put(&form.correlation, 0.0);
    }
    floats.resize(24 * 12 + 24 * 16, 0.0);
    let mut words: Vec<u32> = floats.into_iter().map(f32::to_bits).collect();
    words.extend([operators.len() as u32, diffuse.forms.len() as u32, 1, 27]);
    words
}

fn form_at(input: &[f64]) -> impl Fn(DVec3) -> [f64; 2] + use<'_> {
    // The form, and the sum of its parts without their signs.
    move |v: DVec3| {
        let parts = [
            v.x * v.x,
            v.y * v.y,
            v.z * v.z,
            v.y * v.z,
            v.x * v.z,
            v.x * v.y,
        ];
        let parts = parts.iter().zip(input).map(|(part, factor)| part * factor);
        [parts.clone().sum(), parts.map(f64::abs).sum()]
    }
}

#[test]
fn quadratic_forms() {
    let inputs: Vec<[f32; 18]> = inputs(120, Vec::new(), |rng| {
        std::array::from_fn(|_| rng.random_range(-3.0..3.0))
    });
    let body = "put(0u, quadratic_form(real3(0u), real3(3u), real3(12u)));
        let form = HaloForm(real3(0u), 2.0, real3(3u), abs(real3(6u)), vec3<f32>(0.0));
        put(1u, displacement(form, real3(12u)));
        put(2u, halo_density(form, real3(12u), real3(15u)));";
    check(
        "quadratic_form",
        in_render(body),
        FORM,
        &inputs,
        |input, found: [f64; 3]| {
            let at = DVec3::from_slice(&input[12..]);
            let [form, parts] = form_at(&input[..6])(at);
            let mut correlation = [0.0; 6];
            correlation[..3].copy_from_slice(&input[6..9]);
            correlation = correlation.map(f64::abs);
            let [spread, _] = form_at(&correlation)(DVec3::from_slice(&input[15..]));
            let fall = 2.0 / (1.0 + spread).powi(2);
            let errors = [
                (found[0] - form) / parts,
                (found[1] - form) / parts,
                (found[2] - form * fall) / (4.0 * parts * fall),
            ];
            errors
                .into_iter()
                .fold(0.0, |most: f64, error| most.max(error.abs()))
        },
    );
}

/// The structure factor of a reflection is its own in whatever layout the grid has.
#[test]
fn structure_factors_of_reflections() {
    let structure_factors = structure_factors();
    let grid = structure_factors.grid().unwrap();
    let far = [
        [1_000_000i32; 3],
        [-3, -2, 0],
        [3, 6, 4],
        [-4, -2, 0],
        [3, 7, 4],
        [3, 6, 5],
    ];
    let far = far.map(|index| index.map(|component| component as u32));
    let indices = inputs(121, far.to_vec(), |rng| {
        [(-9..9), (-9..12), (-9..9)].map(|range| rng.random_range::<i32, _>(range) as u32)
    });
    let body =
        "put(0u, reflection_structure_factor(grid_model(), place_of(vec3<i32>(word3(0u)))));";
    for kind in 0..3 {
        let kernel = with_grid(in_render(body), kind, false);
        check_words("reflection_structure_factor", kernel, &indices, |index| {
            let index = DVec3::from_array(index.map(|component| f64::from(component as i32)));
            let listed = nearest_structure_factor(grid, DEFAULT_F.into(), index) as f32;
            [if kind == 0 { DEFAULT_F } else { listed }.to_bits()]
        });
    }
}

#[test]
fn steps_of_the_stencil() {
    for stencil in 0..4u32 {
        let edge = 2 * stencil + 1;
        let inputs: Vec<[u32; 1]> = (0..edge.pow(3)).map(|number| [number]).collect();
        let mut words = vec![0; SYMMETRY_WORDS];
        words[24 * 28 + 2] = stencil;
        let kernel = in_render("put3(0u, halo_step(word(0u)));").uniform(9, words);
        check_words("halo_step", kernel, &inputs, |[number]| {
            let counts = [number / edge / edge, number / edge % edge, number % edge];
            counts.map(|count| (count as f32 - stencil as f32).to_bits())
        });
    }
}

/// Whole indices inside the grid, and a fraction from there.
pub fn indices(stream: u32) -> Vec<[f32; 6]> {
    inputs(stream, Vec::new(), |rng| {
        let [h, k, l] = [(-5..6), (-4..9), (-2..7)].map(|range| rng.random_range::<i32, _>(range));
        let [x, y, z] = (0.499 * vector(rng)).to_array();
        [h as f32, k as f32, l as f32, x, y, z]
    })
}

/// `kernel` with the halos of the crystal and the structure factors of a kind.
pub fn with_halos(kernel: Kernel, kind: u32) -> Kernel {
    let kernel = kernel.uniform(9, symmetry(&crystal(Shape::Square)));
    with_grid(kernel, kind, false)
}

/// Error of halos summed over the stencil at a place of [`indices`], over the strongest.
fn halo_error(kind: u32, place: [f64; 6], found: f64) -> f64 {
    let structure_factors = structure_factors();
    let grid = structure_factors.grid().unwrap();
    let crystal = crystal(Shape::Square);
    let diffuse = Diffuse::new(&crystal).unwrap();
    let f_of = |index: DVec3| match kind {
        0 => DEFAULT_F.into(),
        _ => nearest_structure_factor(grid, DEFAULT_F.into(), index),
    };
    let hkl = DVec3::from_slice(&place) + DVec3::from_slice(&place[3..]);
    let nearest = nearest_index(hkl);
    let peak = crystal.cells.iter().product::<f64>().powi(2);
    let expected = diffuse.intensity(hkl, nearest, f_of) / peak;
    let strongest = diffuse.intensity(hkl, nearest, |_| {
        if kind == 0 { DEFAULT_F.into() } else { LARGEST }
    });
    (found - expected).abs() / (strongest / peak)
}

#[test]
fn halos() {
    let body = "let whole = place_of(vec3<i32>(real3(0u)));
        var sum = 0.0;
        for (var number = 0u; number < symmetry.steps; number++) {
            sum += halo(grid_model(), whole, real3(3u), halo_step(number));
        }
        put(0u, sum);";
    for kind in 0..3 {
        let kernel = with_halos(in_render(body), kind);
        check("halo", kernel, HALO, &indices(122), |place, [found]| {
            halo_error(kind, place, found)
        });
    }
}

#[test]
fn halos_of_a_thread() {
    let body = "let whole = place_of(vec3<i32>(real3(0u)));
        var prepared: Prepared;
        prepared.row_a = vec3<f32>(1.0, 0.0, 0.0);
        prepared.row_b = vec3<f32>(0.0, 1.0, 0.0);
        prepared.row_c = vec3<f32>(0.0, 0.0, 1.0);
        var sights: array<Sight, MOST_PIXELS>;
        sights[0].turned = real3(3u);
        sights[3].turned = real3(3u);
        var sum = vec4<f32>(0.0);
        for (var number = 0u; number < symmetry.steps; number++) {
            sum += halos_of(grid_model(), whole, prepared, sights, halo_step(number));
        }
        put(0u, sum.x);
        put(1u, sum.w);";
    for edge in [1, 2] {
        let kernel = Kernel::new(diffuse_source(), body).constant("EDGE", edge);
        let kernel = with_halos(kernel, 1);
        check(
            "halos_of",
            kernel,
            HALO,
            &indices(123),
            |place, found: [f64; 2]| {
                let last = if edge == 1 {
                    found[1].abs()
                } else {
                    halo_error(1, place, found[1])
                };
                halo_error(1, place, found[0]).max(last)
            },
        );
    }
}

#[test]
fn symmetric_shapes() {
    let halving = SPOT_WIDTH * std::f64::consts::LN_2;
    let body = "var model: Model;
        model.cells = vec3<f32>(5.0, 8.0, 13.0);
        model.least = model.cells * LEAST;
        model.fudge = 0.75;
        model.spot_h = real3(3u);
        model.spot_kl = real3(6u);
        let scale = lattice_scale(model);
        put(0u, scale * scale * symmetric_square(model, real3(0u)));";
    let shapes = [Shape::Square, Shape::Round, Shape::Gauss, Shape::TopHat];
    for (number, shape) in (0u32..).zip(shapes) {
        let crystal = crystal(shape);
        let lattice = Lattice::new(&crystal);
        let group = crystal.symmetric_shape.as_ref().unwrap();
        let operators: Vec<DMat3> = group.on_indices().collect();
        let spot = lattice.triangular_metric() * (0.75 / halving).sqrt();
        let [h, k, l] = spot.to_cols_array_2d();
        let spot = [h[0], k[0], l[0], k[1], l[1], l[2]].map(|component| component as f32);
        let inputs: Vec<[f32; 9]> = inputs(124, Vec::new(), |rng| {
            let [x, y, z] = (0.5 * vector(rng) * rng.random_range(0.0..1.0f32)).to_array();
            [
                x, y, z, spot[0], spot[1], spot[2], spot[3], spot[4], spot[5],
            ]
        });
        let kernel = in_render(body).constant("SHAPE", number);
        let kernel = kernel.uniform(9, symmetry(&crystal));
        check(
            "symmetric_square",
            kernel,
            SYMMETRIC,
            &inputs,
            |input, [found]| {
                let delta = DVec3::from_slice(&input);
                let on_edge = operators.iter().any(|own| {
                    let inside = lattice.fudge * lattice.offset_squared(*own * delta);
                    (inside - SPOT_WIDTH * SPOT_WIDTH).abs() < 1e-4
                });
                // Where the model jumps, either side is right.
                if shape == Shape::TopHat && on_edge {
                    return 0.0;
                }
                let expected = symmetric_lattice_factor(&lattice, &operators, delta).powi(2);
                (found - expected / lattice.total.powi(2)).abs()
            },
        );
    }
}

/// Chunks go to their group, and groups to the total, when they are full, and all at the end.
#[test]
fn sums_are_carried() {
    const CHUNK: u32 = 4;
    const VIEWS: u32 = 3;
    const LAST: u32 = 7;
    let mut slice = vec![0; 16];
    (slice[9], slice[12], slice[13]) = (VIEWS, LAST, CHUNK);
    let inputs: Vec<[u32; 2]> = (0..=LAST)
        .flat_map(|batch| (0..VIEWS).map(move |view| [batch, view]))
        .collect();
    let body = "let sums = carried(
            Sums(vec4<f32>(1.0), vec4<f32>(2.0), vec4<f32>(4.0)), word(0u), word(1u));
        put(0u, sums.total.x);
        put(1u, sums.group.y);
        put(2u, sums.chunk.w);";
    let kernel = in_render(body).uniform(1, slice);
    check_words("carried", kernel, &inputs, |[batch, view]| {
        let count = batch * VIEWS + view + 1;
        let is_last = count == (LAST + 1) * VIEWS;
        let full = |size: u32| is_last || count.is_multiple_of(size);
        let [total, group, chunk] = match (full(CHUNK), full(CHUNK * CHUNK)) {
            (true, true) => [7.0, 0.0, 0.0],
            (true, false) => [1.0, 6.0, 0.0],
            _ => [1.0, 2.0, 4.0],
        };
        [total, group, chunk].map(f32::to_bits)
    });
}
