//! What leaves out orientations whose spots cannot show: windows of Miller indices, and the search for
//! candidates in a workgroup.

use glam::{DMat3, DVec3};
use nanobragg::physics::miller_index::miller_index;
use nanobragg::physics::spot_reach::{self, may_scatter};
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::{
    any_words, check, check_words, in_render, inputs, joined, log_uniform, relative, vector,
};

/// Error over the reach.
const INDEX_REACH: f64 = 6e-7;
/// Error over a turn: float32 holds a fraction to 2⁻²⁴.
const FIXED_FRACTION: f64 = 1.2e-7;
/// Error over the vectors' length.
const MIDDLE: f64 = 4e-7;

/// 2³².
const TURN: f64 = 4_294_967_296.0;

#[test]
fn index_reach() {
    let inputs = inputs(100, Vec::new(), |rng| {
        let positive =
            |rng: &mut PhiloxStream| (vector(rng).abs() * log_uniform(rng, 1e-6, 1.0)).to_array();
        let edges = vector(rng).abs() * 300.0;
        let radius = log_uniform(rng, 1e-9, 1e-3);
        joined::<10>(&[&edges.to_array(), &positive(rng), &positive(rng), &[radius]])
    });
    let body = "var model: Model;
        model.edges = real3(0u);
        model.spot_reach = real3(3u);
        put3(0u, index_reach(model, real(9u), real3(6u)));";
    check(
        "index_reach",
        in_render(body),
        INDEX_REACH,
        &inputs,
        |input, found: [f64; 3]| {
            let vector = |word: usize| DVec3::from_slice(&input[word..]);
            let exact = spot_reach::index_reach(vector(0), vector(3), input[9], vector(6));
            let errors = (0..3).map(|axis| {
                assert!(found[axis] > exact[axis], "no margin for rounding");
                relative(found[axis], 1.001 * exact[axis] + 1e-5)
            });
            errors.fold(0.0, f64::max)
        },
    );
}

/// How far one fraction of a turn is from another, with whole turns left out.
fn turns_apart(one: f64, other: f64) -> f64 {
    let apart = one - other;
    (apart - apart.round()).abs()
}

#[test]
fn fixed_fraction() {
    let edges = [0.0, 0.5, -0.5, 1.0, -1e-12, 1e-12, 0.999_999_94, -3.0];
    let inputs = inputs(101, edges.map(|x| [x, -x, 0.25]).to_vec(), |rng| {
        (vector(rng) * log_uniform(rng, 1e-6, 4.0)).to_array()
    });
    let inputs: Vec<[u32; 3]> = inputs
        .into_iter()
        .map(|input| input.map(f32::to_bits))
        .collect();
    let body = "let fraction = fixed_fraction(vec3<f32>(real3(0u)));
        for (var k = 0u; k < 3u; k++) { put_word(k, fraction[k]); }";
    let outputs = in_render(body).run(inputs.as_flattened(), 3, 3);
    for (input, found) in inputs.as_flattened().iter().zip(outputs) {
        let index = f64::from(f32::from_bits(*input));
        let error = turns_apart(f64::from(found) / TURN, index);
        assert!(error <= FIXED_FRACTION, "{index}: {found}, {error:e}");
    }
}

/// An index is in the window about whole numbers just where the formula says that a spot may show.
#[test]
fn window() {
    let edges = [
        [0.3, -0.2, 0.1, 0.6, 0.5, 0.499],
        [0.0, 0.0, 0.0, 0.0, 1e-6, 0.2],
    ];
    let inputs = inputs(102, edges.to_vec(), |rng| {
        let reach = (vector(rng).abs() * log_uniform(rng, 0.3, 1.0)).to_array();
        joined(&[&(vector(rng) * 3.0).to_array(), &reach])
    });
    let body = "let window = window(real3(3u));
        let inside = may_scatter(fixed_fraction(real3(0u)) + window.below, window);
        put(0u, f32(inside));";
    check("window", in_render(body), 0.0, &inputs, |input, [found]| {
        let (hkl, reach) = (DVec3::from_slice(&input), DVec3::from_slice(&input[3..]));
        // Reaches of nearly half are taken for all.
        let reach = reach.map(|reach| if reach >= 0.498_999 { 0.5 } else { reach });
        let offset = (hkl - hkl.round()).abs();
        let near = (offset - reach).abs().min_element() < 4e-7;
        let expected = may_scatter(hkl, reach);
        if near {
            0.0
        } else {
            (found - f64::from(u8::from(expected))).abs()
        }
    });
}

#[test]
fn bits() {
    let edges = vec![[1, 0], [0, 1], [0, 1 << 31], [1 << 31, 1], [u32::MAX; 2]];
    let inputs = inputs(103, edges, |rng| {
        let [low, high] = any_words(rng);
        match rng.random_range(0..3) {
            0 => [low, 0],
            1 => [0, high],
            _ => [low, high],
        }
    });
    let inputs: Vec<[u32; 2]> = inputs
        .into_iter()
        .filter(|words| *words != [0; 2])
        .collect();
    let body = "let bits = vec2<u32>(word(0u), word(1u));
        let rest = without_lowest(bits);
        put_word(0u, lowest(bits)); put_word(1u, rest.x); put_word(2u, rest.y);";
    check_words("lowest", in_render(body), &inputs, |[low, high]| {
        let bits = u64::from(low) | u64::from(high) << 32;
        let rest = bits & (bits - 1);
        [bits.trailing_zeros(), rest as u32, (rest >> 32) as u32]
    });
}

/// Steps along a row and from row to row, of fractions of Miller indices that wrap around.
#[test]
fn reached() {
    let inputs = inputs(104, Vec::new(), |rng| {
        let mut words: [u32; 15] = any_words(rng);
        // Small steps, and windows of any size.
        for word in &mut words[3..9] {
            *word = (*word as i32 >> 5) as u32;
        }
        for axis in 0..3 {
            words[9 + axis] >>= 1;
            words[12 + axis] = 2 * words[9 + axis];
        }
        words
    });
    let body = "let window = Window(word3(9u), word3(12u));
        put_word(0u, reached_in_row(word3(0u), word3(3u), window));
        put_word(1u, reached_in_rows(word3(0u), word3(3u), word3(6u), window));";
    check_words("reached_in_rows", in_render(body), &inputs, |words| {
        let mut reached = 0;
        for place in 0..32u32 {
            let (column, row) = (place % 8, place / 8);
            let inside = (0..3).all(|axis| {
                let step = words[3 + axis].wrapping_mul(column);
                let row_step = words[6 + axis].wrapping_mul(row);
                words[axis].wrapping_add(step).wrapping_add(row_step) <= words[12 + axis]
            });
            reached |= u32::from(inside) << place;
        }
        [reached & 0xff, reached]
    });
}

/// Four vectors as those of a thread's pixels.
const SIGHTS: &str = "
fn sights_at(k: u32) -> array<Sight, MOST_PIXELS> {
    return array<Sight, MOST_PIXELS>(
        Sight(real3(k), 1.0, 1.0), Sight(real3(k + 3u), 1.0, 1.0),
        Sight(real3(k + 6u), 1.0, 1.0), Sight(real3(k + 9u), 1.0, 1.0));
}
";

#[test]
fn pixels_of_a_thread() {
    let inputs: Vec<[f32; 21]> = inputs(105, Vec::new(), |rng| {
        let vectors = [(); 7].map(|()| vector(rng).to_array());
        joined(&[vectors.as_flattened()])
    });
    let body = "let sights = sights_at(0u);
        put3(0u, middle_of(sights));
        put(3u, farthest_from(real3(12u), real3(15u), real3(18u), sights));
        put(4u, squared_length(real3(0u)));";
    for edge in [1, 2usize] {
        let kernel = in_render(body)
            .helpers(SIGHTS)
            .constant("EDGE", edge as u32);
        check(
            "middle_of",
            kernel,
            MIDDLE,
            &inputs,
            |input, found: [f64; 5]| {
                let vector = |place: usize| DVec3::from_slice(&input[3 * place..]);
                let pixels = &[0, 1, 2, 3].map(vector)[..edge * edge];
                let (place, step, row_step) = (vector(4), vector(5), vector(6));
                let middle = pixels.iter().sum::<DVec3>() / pixels.len() as f64;
                // The pixels are a quarter of a step from the middle of a thread's, either way.
                let steps = match edge {
                    1 => vec![DVec3::ZERO],
                    _ => [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)]
                        .map(|(x, y)| (x * step + y * row_step) / 4.0)
                        .to_vec(),
                };
                let apart = pixels.iter().zip(steps);
                let apart = apart.map(|(pixel, step)| (*pixel - (place + step)).length());
                let farthest = apart.fold(0.0, f64::max);
                let errors = [
                    (DVec3::from_slice(&found) - middle).length(),
                    relative(found[3], farthest),
                    relative(found[4], vector(0).length_squared()),
                ];
                errors.into_iter().fold(0.0, f64::max)
            },
        );
    }
}

/// Orientations as they are kept in workgroup memory.
#[test]
fn kept() {
    let inputs = inputs(106, Vec::new(), any_finite::<15>);
    let body = "var prepared: Prepared;
        prepared.whole = bitcast<vec3<f32>>(word3(0u));
        prepared.fraction = real3(3u);
        prepared.row_a = real3(6u);
        prepared.row_b = real3(9u);
        prepared.row_c = real3(12u);
        keep(prepared, lane);
        let own = kept(lane);
        for (var k = 0u; k < 3u; k++) { put_word(k, bitcast<u32>(own.whole[k])); }
        put3(3u, own.fraction);
        put3(6u, own.row_a);
        put3(9u, own.row_b);
        put3(12u, own.row_c);";
    for listed in [0, 1u32] {
        let kernel = in_render(body).constant("STRUCTURE_FACTORS", listed);
        check_words("kept", kernel, &inputs, |mut words| {
            // Where one structure factor is everywhere, whole numbers are not kept.
            if listed == 0 {
                words[..3].fill(0);
            }
            words
        });
    }
}

/// Words that are ordinary float32 numbers, too.
fn any_finite<const COUNT: usize>(rng: &mut PhiloxStream) -> [u32; COUNT] {
    std::array::from_fn(|_| rng.random_range(-1e6..1e6f32).to_bits())
}

/// Threads of a workgroup, and orientations of a batch.
const GROUP: usize = 64;
/// Edges of the cell, Å, and how far a spot reaches, along each axis.
const EDGES: [f64; 3] = [70.0, 80.0, 90.0];
const SPOT_REACH: f64 = 0.03;

/// Every orientation whose spot shows at some pixel of a thread is among the thread's candidates, and
/// few others are.
#[test]
fn candidates() {
    for edge in [1, 2usize] {
        let mut rng = PhiloxStream::new(0x6e62, 0, 107, 0);
        let groups: Vec<[Input; GROUP]> = (0..100).map(|_| group(&mut rng)).collect();
        let inputs = groups.as_flattened();
        let body = "var model: Model;
            model.edges = vec3<f32>(70.0, 80.0, 90.0);
            model.spot_reach = vec3<f32>(0.03);
            var prepared: Prepared;
            prepared.row_a = real3(12u);
            prepared.row_b = real3(15u);
            prepared.row_c = real3(18u);
            prepared.fraction = real3(21u);
            keep(prepared, lane);
            workgroupBarrier();
            var form: ClosedForm;
            var panel: Panel;
            var source: Source;
            find_candidates(model, form, panel, source, vec3<f32>(0.0), lane, 60u, sights_at(0u));
            put_word(0u, atomicLoad(&candidates[2u * lane]));
            put_word(1u, atomicLoad(&candidates[2u * lane + 1u]));";
        let kernel = in_render(body).helpers(SIGHTS);
        let kernel = kernel.constant("EDGE", edge as u32).constant("SHAPE", 2);
        let words: Vec<u32> = inputs.as_flattened().iter().map(|x| x.to_bits()).collect();
        let outputs = kernel.run(&words, 24, 2);
        let (mut shows, mut found) = (0, 0);
        for (group, outputs) in groups.iter().zip(outputs.chunks(2 * GROUP)) {
            for (thread, input) in group.iter().enumerate() {
                let candidates =
                    u64::from(outputs[2 * thread]) | u64::from(outputs[2 * thread + 1]) << 32;
                assert_eq!(candidates >> 60, 0, "a batch of 60");
                found += candidates.count_ones();
                for (place, other) in group.iter().enumerate().take(60) {
                    let pixels = input.chunks(3).take(edge * edge);
                    let real =
                        |words: &[f32]| DVec3::from_array([0, 1, 2].map(|k| words[k].into()));
                    let rows = [12, 15, 18].map(|word| real(&other[word..]));
                    let index_of = DMat3::from_cols(rows[0], rows[1], rows[2]).transpose();
                    let reaches = pixels.filter(|pixel| {
                        let hkl = real(&other[21..]) + miller_index(&index_of, real(pixel));
                        may_scatter(hkl, DVec3::splat(SPOT_REACH))
                    });
                    if reaches.count() > 0 {
                        shows += 1;
                        let told = candidates >> place & 1 == 1;
                        assert!(told, "thread {thread} was not told of orientation {place}");
                    }
                }
            }
        }
        println!("candidates: {found}, of which {shows} show");
        assert!(
            shows > 1000 && found < 3 * shows,
            "{found} candidates, {shows} show"
        );
    }
}

/// q − q_c at four pixels of a thread, three rows and a fraction.
type Input = [f32; 24];

/// A workgroup: pixels on a plane that is a little bent, and an orientation for each thread.
fn group(rng: &mut PhiloxStream) -> [Input; GROUP] {
    let size = log_uniform(rng, 1e-5, 2e-4);
    let step = vector(rng) * size;
    let row_step = vector(rng) * size;
    std::array::from_fn(|thread| {
        let (column, row) = ((thread % 8) as f32 - 3.5, (thread / 8) as f32 - 3.5);
        let middle = column * step + row * row_step;
        let pixels = [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)].map(|(x, y)| {
            let bent = vector(rng) * size * 0.01;
            (middle + (x * step + y * row_step) / 4.0 + bent).to_array()
        });
        let rows = EDGES.map(|edge| (vector(rng).normalize() * edge as f32 * 0.999_99).to_array());
        let fraction = (vector(rng) * 0.1).to_array();
        joined(&[pixels.as_flattened(), rows.as_flattened(), &fraction])
    })
}
