//! Structure factors: of the nearest reflection, and interpolated.

use glam::{DMat3, DVec3};
use nanobragg::cpu::interpolation::Tricubic;
use nanobragg::cpu::lanes::LANES;
use nanobragg::cpu::structure_factor::{BlockStructureFactors, Nearest};
use nanobragg::experiment::{Reflection, Shape, StructureFactors};
use nanobragg::physics::interpolation::{lagrange_weights, tricubic_structure_factor};
use nanobragg::physics::lattice_factor::Lattice;
use nanobragg::physics::miller_index::nearest_index;
use nanobragg::physics::structure_factor::nearest_structure_factor;
use nanobragg::physics::term;
use rand::RngExt;

use super::{check, check_words, in_render, inputs, log_uniform, relative};
use crate::support::shader::Kernel;

/// Error over each weight: their factors are differences of t and a whole number, zero where it is.
const LAGRANGE_WEIGHTS: f64 = 6e-7;
/// Error over the largest structure factor: 64 of them with weights of either sign.
const TRICUBIC: f64 = 7e-7;
/// Error over the square of the largest structure factor, in the CPU path's vector form.
const VECTOR_SQUARED: f64 = 1e-13;

/// The structure factor outside the list.
pub const DEFAULT_F: f32 = 3.5;
/// The largest structure factor.
pub const LARGEST: f64 = 50.0;

/// Seven by nine by five reflections with structure factors that f16 holds exactly, a fifth of them
/// zero.
pub fn structure_factors() -> StructureFactors {
    let mut list = Vec::new();
    for h in -3..=3 {
        for k in -2..=6 {
            for l in 0..=4 {
                let number: i32 = h * 31 + k * 17 + l * 7;
                let amplitude = match number.rem_euclid(5) {
                    0 => 0.0,
                    _ => f64::from(number.rem_euclid(201)) / 4.0,
                };
                let index = [h, k, l];
                list.push(Reflection { index, amplitude });
            }
        }
    }
    StructureFactors::from_reflections(&list, DEFAULT_F.into()).unwrap()
}

/// Sets the members of a model that say where the structure factors are.
pub const GRID: &str = "
fn with_grid(model: Model) -> Model {
    var own = model;
    own.default_f = 3.5;
    own.grid_min = vec3<i32>(-3, -2, 0);
    own.grid_shape = vec3<i32>(7, 9, 5);
    return own;
}
fn grid_model() -> Model {
    var model: Model;
    return with_grid(model);
}
";

/// Bits of a f16 that holds `value` exactly.
fn half_bits(value: f64) -> u32 {
    let bits = (value as f32).to_bits();
    if bits == 0 {
        return 0;
    }
    ((bits >> 23) - 112) << 10 | (bits >> 13) & 0x3ff
}

/// `kernel` with the grid of [`structure_factors`], as f16 where `half`.
pub fn with_grid(kernel: Kernel, half: bool) -> Kernel {
    let structure_factors = structure_factors();
    let values = structure_factors.grid().unwrap().amplitudes();
    let words = if half {
        let pairs = values.chunks(2);
        let word = |pair: &[f64]| {
            half_bits(pair[0]) | half_bits(pair.get(1).copied().unwrap_or(0.0)) << 16
        };
        pairs.map(word).collect()
    } else {
        values
            .iter()
            .map(|&value| (value as f32).to_bits())
            .collect()
    };
    let kernel = kernel.helpers(GRID).storage(6, words);
    kernel.constant("HALF_GRID", u8::from(half))
}

#[test]
fn stored_structure_factor() {
    let structure_factors = structure_factors();
    let values = structure_factors.grid().unwrap().amplitudes();
    let places: Vec<[u32; 1]> = (0..values.len() as u32).map(|place| [place]).collect();
    for half in [false, true] {
        let kernel = with_grid(
            in_render("put(0u, stored_structure_factor(word(0u)));"),
            half,
        );
        check_words("stored_structure_factor", kernel, &places, |[place]| {
            [(values[place as usize] as f32).to_bits()]
        });
    }
}

#[test]
fn nearest() {
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
    let edges = far
        .map(|index| index.map(|component| component as u32))
        .to_vec();
    let indices = inputs(60, edges, |rng| {
        [(-5..6), (-4..9), (-2..7)].map(|range| rng.random_range::<i32, _>(range) as u32)
    });
    let body = "put(0u, nearest_structure_factor(grid_model(), vec3<i32>(word3(0u))));";
    check_words(
        "nearest_structure_factor",
        with_grid(in_render(body), false),
        &indices,
        |index| {
            let index = DVec3::from_array(index.map(|component| f64::from(component as i32)));
            let expected = nearest_structure_factor(grid, DEFAULT_F.into(), index);
            let mut block = Nearest::new(grid, DEFAULT_F.into());
            for lane in 0..LANES {
                block.place(lane, index, index);
            }
            assert_eq!(block.structure_factor(LANES - 1), expected, "{index}");
            [(expected as f32).to_bits()]
        },
    );
}

#[test]
fn weights() {
    let edges = [0.0, 1.0, 0.5, 1e-12, 0.999_999_94].map(|t| [t]);
    let inputs = inputs(10, edges.to_vec(), |rng| {
        [match rng.random_range(0..3) {
            0 => log_uniform(rng, 1e-12, 1.0),
            _ => rng.random_range(0.0..1.0),
        }]
    });
    let kernel = in_render("put4(0u, lagrange_weights(real(0u)));");
    check(
        "lagrange_weights",
        kernel,
        LAGRANGE_WEIGHTS,
        &inputs,
        |[t], found: [f64; 4]| {
            let errors = found.into_iter().zip(lagrange_weights(t));
            let errors = errors.map(|(found, expected)| relative(found, expected));
            errors.fold(0.0, f64::max)
        },
    );
}

/// Whole indices inside the grid and about it, and a fraction from there.
fn places(stream: u32) -> Vec<[f32; 6]> {
    let edges = [
        [-3.0, -2.0, 0.0],
        [1.0, 4.0, 2.0],
        [-2.0, -1.0, 1.0],
        [1e6, 0.0, 0.0],
    ];
    let edges = edges
        .into_iter()
        .flat_map(|[h, k, l]| [0.0, 0.5, -0.5, 1e-12, 0.999_999_94].map(|t| [h, k, l, t, -t, t]));
    inputs(stream, edges.collect(), |rng| {
        let [h, k, l] = [(-5..6), (-4..9), (-2..7)].map(|range| rng.random_range::<i32, _>(range));
        let [x, y, z] = [(); 3].map(|()| rng.random_range(-1.0..1.0f32));
        [h as f32, k as f32, l as f32, x, y, z]
    })
}

/// The index of a [`places`] entry, exactly.
fn index(place: &[f64; 6]) -> DVec3 {
    DVec3::from_slice(place) + DVec3::from_slice(&place[3..])
}

#[test]
fn tricubic() {
    let structure_factors = structure_factors();
    let grid = structure_factors.grid().unwrap();
    let body = "put(0u, tricubic_structure_factor(grid_model(), vec3<i32>(real3(0u)), real3(3u)));";
    let kernel = with_grid(in_render(body), false);
    let name = "tricubic_structure_factor";
    check(name, kernel, TRICUBIC, &places(61), |place, [found]| {
        let hkl = index(&place);
        let expected = tricubic_structure_factor(grid, DEFAULT_F.into(), hkl);
        for square in vector_squares(&mut Tricubic::new(grid, DEFAULT_F.into()), hkl) {
            let error = (square - expected * expected).abs() / LARGEST.powi(2);
            assert!(error < VECTOR_SQUARED, "{hkl}: {error:e}");
        }
        (found - expected).abs() / LARGEST
    });
}

/// F² in the CPU path's vector form, with products fused with sums and not.
fn vector_squares(block: &mut Tricubic, hkl: DVec3) -> [f64; 2] {
    for lane in 0..LANES {
        block.place(lane, hkl, nearest_index(hkl));
    }
    let squares = [block.squares::<true>(), block.squares::<false>()];
    squares.map(|squares| squares.map_or(0.0, |squares| squares.0[LANES / 2]))
}

#[test]
fn structure_factor() {
    let structure_factors = structure_factors();
    let lattice = Lattice {
        shape: Shape::Square,
        cells: [1.0; 3],
        total: 1.0,
        fudge: 1.0,
        metric: DMat3::IDENTITY,
    };
    let body = "let rest = real3(3u);
        put(0u, structure_factor(
            grid_model(), vec3<i32>(real3(0u)), rest, nearest_index(rest)));";
    for (number, (listed, interpolate)) in [(false, false), (true, false), (true, true)]
        .into_iter()
        .enumerate()
    {
        let model = term::Model {
            lattice: &lattice,
            grid: structure_factors
                .grid()
                .filter(|_| listed)
                .map(|grid| &**grid),
            default_f: DEFAULT_F.into(),
            interpolate,
        };
        let kernel = with_grid(in_render(body), false);
        let kernel = kernel.constant("STRUCTURE_FACTORS", number as u32);
        check(
            "structure_factor",
            kernel,
            TRICUBIC,
            &places(62),
            |place, [found]| {
                let rest = DVec3::from_slice(&place[3..]);
                let hkl = index(&place);
                let nearest = DVec3::from_slice(&place) + nearest_index(rest);
                (found - term::structure_factor(&model, hkl, nearest)).abs() / LARGEST
            },
        );
    }
}
