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
    StructureFactors::from_reflections(&list, DEFAULT_F.into(), nanobragg::memory::Bytes(1 << 30))
        .unwrap()
}

/// Sets the members of a model that say where the structure factors are: those of the list, and a
/// border of the default about them.
pub const GRID: &str = "
const GRID_MIN: vec3<i32> = vec3<i32>(-4, -3, -1);
fn with_grid(model: Model) -> Model {
    var own = model;
    own.default_f = 3.5;
    own.grid_min = GRID_MIN;
    own.grid_last = vec3<f32>(8.0, 10.0, 6.0);
    own.grid_row = 7u;
    own.grid_plane = 77u;
    return own;
}
fn from_grid_min(index: vec3<i32>) -> vec3<f32> {
    return vec3<f32>(index - GRID_MIN);
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

/// The places of the kernel's grid.
fn stored() -> Vec<f64> {
    let structure_factors = structure_factors();
    let grid = structure_factors.grid().unwrap();
    let indices =
        (-4..=4).flat_map(|h| (-3..=7).flat_map(move |k| (-1..=5).map(move |l| [h, k, l])));
    indices
        .map(|index| {
            let place = grid.offset_of(index);
            place.map_or(DEFAULT_F.into(), |place| grid.amplitudes()[place])
        })
        .collect()
}

/// `kernel` with the grid of [`structure_factors`], as f16 where `half`, and the kind of them that the
/// constant `STRUCTURE_FACTORS` names.
pub fn with_grid(kernel: Kernel, kind: u32, half: bool) -> Kernel {
    let values = stored();
    let each = if kind == 2 { 4 } else { 1 };
    let number = |index: usize| {
        values
            .get(index / each + index % each)
            .copied()
            .unwrap_or(0.0)
    };
    let numbers: Vec<f64> = (0..values.len() * each).map(number).collect();
    let words = if half {
        let pairs = numbers.chunks(2);
        let word = |pair: &[f64]| {
            half_bits(pair[0]) | half_bits(pair.get(1).copied().unwrap_or(0.0)) << 16
        };
        pairs.map(word).collect()
    } else {
        numbers
            .iter()
            .map(|&number| (number as f32).to_bits())
            .collect()
    };
    let kernel = kernel.helpers(GRID).storage(6, words);
    let kernel = kernel.constant("STRUCTURE_FACTORS", kind);
    kernel.constant("HALF_GRID", u8::from(half))
}

#[test]
fn stored_structure_factor() {
    let values = stored();
    let places: Vec<[u32; 1]> = (0..values.len() as u32).map(|place| [place]).collect();
    let bits = |place: u32| (values.get(place as usize).copied().unwrap_or(0.0) as f32).to_bits();
    for half in [false, true] {
        for kind in [1, 2] {
            let body = "put(0u, stored_structure_factor(word(0u)));";
            let kernel = with_grid(in_render(body), kind, half);
            check_words("stored_structure_factor", kernel, &places, |[place]| {
                [bits(place)]
            });
        }
        let kernel = with_grid(in_render("put4(0u, stored_row(word(0u)));"), 2, half);
        check_words("stored_row", kernel, &places, |[place]| {
            [0, 1, 2, 3].map(|further| bits(place + further))
        });
    }
}

/// Whole numbers as words, and the numbers of places: exact.
#[test]
fn place_number() {
    let most = (1u32 << 23) - 1;
    let edges = [0, 1, 2, most].map(|whole| [whole, 8, 10, 6]).to_vec();
    let inputs = inputs(63, edges, |rng| {
        [
            rng.random_range(0..=most),
            rng.random_range(0..9),
            rng.random_range(0..11),
            rng.random_range(0..7),
        ]
    });
    let body = "put_word(0u, word_of(f32(word(0u))));
        put_word(1u, place_number(grid_model(), vec3<f32>(word3(1u))));";
    let kernel = in_render(body).helpers(GRID);
    check_words("place_number", kernel, &inputs, |[whole, h, k, l]| {
        [whole, (h * 11 + k) * 7 + l]
    });
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
    let body =
        "put(0u, nearest_structure_factor(grid_model(), from_grid_min(vec3<i32>(word3(0u)))));";
    check_words(
        "nearest_structure_factor",
        with_grid(in_render(body), 1, false),
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
    let kernel = in_render("put4(0u, lagrange_weights(real(0u)) / 6.0);");
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
    let body = "let whole = from_grid_min(vec3<i32>(real3(0u)));
        put(0u, tricubic_structure_factor(grid_model(), whole, real3(3u)));";
    let kernel = with_grid(in_render(body), 2, false);
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
        let whole = from_grid_min(vec3<i32>(real3(0u)));
        put(0u, structure_factor(grid_model(), whole, rest, nearest_index(rest)));";
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
        let kernel = with_grid(in_render(body), number as u32, false);
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
