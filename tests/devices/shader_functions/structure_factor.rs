//! Structure factors: of the nearest reflection, and interpolated.

use glam::{DMat3, DVec3};
use nanobragg::cpu::interpolation::Tricubic;
use nanobragg::cpu::lanes::LANES;
use nanobragg::cpu::structure_factor::{BlockStructureFactors, Nearest};
use nanobragg::experiment::{Reflection, Shape, SpotMetric, StructureFactors};
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
fn grid_origin() -> vec3<i32> {
    let first = select(vec3<i32>(-4, -3, -1), vec3<i32>(-5, -4, -2), STRUCTURE_FACTORS == 2u);
    return first - vec3<i32>(i32(FIRST_PLACE));
}
fn with_grid(model: Model) -> Model {
    var own = model;
    own.default_f = 3.5;
    own.grid_origin = grid_origin();
    own.grid_last = vec3<f32>(8.0, 10.0, 6.0) + FIRST_PLACE;
    own.grid_row = 11u;
    own.grid_plane = 77u;
    if STRUCTURE_FACTORS == 2u {
        own.grid_last = vec3<f32>(9.0, 11.0, 7.0) + FIRST_PLACE;
        own.grid_inside = vec3<f32>(6.0, 8.0, 4.0) + FIRST_PLACE;
        own.grid_row = 15u;
        own.grid_plane = 120u;
    }
    own.grid_base = 0u - bitcast<u32>(FIRST_PLACE) * (own.grid_plane + own.grid_row + 1u);
    return own;
}
fn place_of(index: vec3<i32>) -> vec3<f32> {
    return vec3<f32>(index - grid_origin());
}
fn grid_model() -> Model {
    var model: Model;
    return with_grid(model);
}
";

/// Bits of the f16 next to `value` towards zero, for values that f16 has normal numbers for.
fn half_bits(value: f64) -> u32 {
    if value == 0.0 {
        return 0;
    }
    let bits = (value as f32).to_bits();
    let exponent = (bits >> 23 & 0xff) - 112;
    bits >> 16 & 0x8000 | exponent << 10 | (bits >> 13) & 0x3ff
}

/// The value of [`half_bits`].
fn half_value(bits: u32) -> f32 {
    if bits == 0 {
        return 0.0;
    }
    f32::from_bits((bits & 0x8000) << 16 | ((bits & 0x7fff) + (112 << 10)) << 13)
}

/// The numbers of the kernel's grid: for each h, l, k the structure factor, or the coefficients of the
/// cubic along l from there on, which interpolation takes.
fn stored(kind: u32) -> Vec<f64> {
    let structure_factors = structure_factors();
    let grid = structure_factors.grid().unwrap();
    let at = |h: i32, k: i32, l: i32| {
        let place = grid.offset_of([h, k, l]);
        place.map_or(DEFAULT_F.into(), |place| grid.amplitudes()[place])
    };
    let mut numbers = Vec::new();
    if kind != 2 {
        for h in -4..=4 {
            for l in -1..=5 {
                numbers.extend((-3..=7).map(|k| at(h, k, l)));
            }
        }
        return numbers;
    }
    for h in -6..=6 {
        for l in -2..=5 {
            for k in -5..=9 {
                // Newton's form, its products worked out.
                let [before, here, next, beyond] = [-1, 0, 1, 2].map(|step| at(h, k, l + step));
                let [first, second] = [here - before, next - 2.0 * here + before];
                let third = beyond - 3.0 * next + 3.0 * here - before;
                numbers.extend([
                    here,
                    first + second / 2.0 - third / 6.0,
                    second / 2.0,
                    third / 6.0,
                ]);
            }
        }
    }
    numbers
}

/// `kernel` with the grid of [`structure_factors`], as f16 where `half`, and the kind of them that the
/// constant `STRUCTURE_FACTORS` names.
pub fn with_grid(kernel: Kernel, kind: u32, half: bool) -> Kernel {
    let numbers = stored(kind);
    let mut words: Vec<u32> = if half {
        let pairs = numbers.chunks(2);
        let word = |pair: &[f64]| {
            half_bits(pair[0]) | half_bits(pair.get(1).copied().unwrap_or(0.0)) << 16
        };
        pairs.map(word).collect()
    } else {
        let words = numbers.iter().map(|&number| (number as f32).to_bits());
        words.collect()
    };
    words.resize(words.len().next_multiple_of(4), 0);
    let kernel = kernel.helpers(GRID).storage(6, words);
    let kernel = kernel.constant("STRUCTURE_FACTORS", kind);
    kernel.constant("HALF_GRID", u8::from(half))
}

#[test]
fn stored_numbers() {
    for half in [false, true] {
        let numbers = stored(1);
        let places: Vec<[u32; 1]> = (0..numbers.len() as u32).map(|place| [place]).collect();
        let kernel = in_render("put(0u, stored_structure_factor(word(0u)));");
        let kernel = with_grid(kernel, 1, half);
        check_words("stored_structure_factor", kernel, &places, |[place]| {
            [(numbers[place as usize] as f32).to_bits()]
        });
        let numbers = stored(2);
        let places: Vec<[u32; 1]> = (0..numbers.len() as u32 / 4).map(|place| [place]).collect();
        let kernel = in_render("put4(0u, stored_cubic(word(0u)));");
        let kernel = with_grid(kernel, 2, half);
        check_words("stored_cubic", kernel, &places, |[place]| {
            [0, 1, 2, 3].map(|term| {
                let number = numbers[4 * place as usize + term];
                match half {
                    true => half_value(half_bits(number)).to_bits(),
                    false => (number as f32).to_bits(),
                }
            })
        });
    }
}

/// The numbers of places, from words that have wrapped around.
#[test]
fn number_from_base() {
    let inputs = inputs(63, vec![[0, 0, 0], [8, 10, 6]], |rng| {
        [(0..9), (0..11), (0..7)].map(|range| rng.random_range::<u32, _>(range))
    });
    let body = "let place = vec3<f32>(word3(0u)) + FIRST_PLACE;
        put_word(0u, number_from_base(grid_model(), place) + grid_model().grid_base);";
    let kernel = in_render(body)
        .helpers(GRID)
        .constant("STRUCTURE_FACTORS", 1);
    check_words("number_from_base", kernel, &inputs, |[h, k, l]| {
        [(h * 7 + l) * 11 + k]
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
    let body = "put(0u, nearest_structure_factor(grid_model(), place_of(vec3<i32>(word3(0u)))));";
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
    let body = "let whole = place_of(vec3<i32>(real3(0u)));
        put(0u, TRICUBIC_SCALE * tricubic_sum(grid_model(), whole, real3(3u)));";
    let kernel = with_grid(in_render(body), 2, false);
    let name = "tricubic_sum";
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
    let square = |found: bool, block: &Tricubic| if found { block.square(LANES / 2) } else { 0.0 };
    let fused = block.find::<true>();
    let fused = square(fused, block);
    let split = block.find::<false>();
    [fused, square(split, block)]
}

/// Six times the interpolation along k and l in a plane of one h.
#[test]
fn plane_sum() {
    let structure_factors = structure_factors();
    let grid = structure_factors.grid().unwrap();
    let inputs = inputs(64, Vec::new(), |rng| {
        let [h, k, l] = [(0..7), (0..6), (0..2)].map(|range| rng.random_range::<i32, _>(range));
        let [t, u] = [(); 2].map(|()| rng.random_range(0.0..1.0f32));
        [h as f32, k as f32, l as f32, t, u]
    });
    let body = "let place = vec3<i32>(real3(0u)) + vec3<i32>(3, 3, 3);
        let number = u32((place.x * 8 + place.z) * 15 + place.y);
        put(0u, plane_sum(number, lagrange_weights(real(3u)), real(4u)) / 6.0);";
    let kernel = with_grid(in_render(body), 2, false);
    check(
        "plane_sum",
        kernel,
        TRICUBIC,
        &inputs,
        |[h, k, l, t, u], [found]| {
            // From the first reflections of the list on, three places behind the first of the grid.
            let [weights_k, weights_l] = [t, u].map(lagrange_weights);
            let mut expected = 0.0;
            for (row, weight_k) in (0..).zip(weights_k) {
                for (column, weight_l) in (0..).zip(weights_l) {
                    let index = [h as i32 - 3, k as i32 - 2 + row, l as i32 + column];
                    let place = grid.offset_of(index).unwrap();
                    expected += weight_k * weight_l * grid.amplitudes()[place];
                }
            }
            (found - expected).abs() / LARGEST
        },
    );
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
        spot_metric: SpotMetric::Index,
    };
    let body = "let rest = real3(3u);
        let whole = place_of(vec3<i32>(real3(0u)));
        put(0u, structure_factor(grid_model(), whole, rest, nearest_index(rest)));";
    for (number, (listed, interpolate)) in [(false, false), (true, false), (true, true)]
        .into_iter()
        .enumerate()
    {
        let model = term::Model {
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
