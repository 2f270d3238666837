//! Miller indices in fixed point at every sub-pixel, and the pairs of float32 on the way there.

use glam::DVec3;
use nanobragg::gpu::{factor_digits, wide_digits};
use nanobragg::physics::lattice_factor::gauss;
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::fixed_point::{packed, value};
use super::{SCENE_WORDS, SYMMETRY_WORDS, assert_within, in_render, inputs, log_uniform, vector};

/// Error over the larger of the operands, and over the value: a few times 2⁻⁴⁸.
const PAIR: f64 = 4e-14;
/// Absolute error of a direction's digits.
const FACTOR: f64 = 4e-15;
/// Absolute error of a position over the tile's distance, and of what is made of it.
const POSITION: f64 = 4e-14;
/// Error of q in units of its last digit, 2⁻³⁶, beside which it is rounded.
const VECTOR: f64 = 6e-11;
/// Error of the exponential of an index right to 1e-10 in a spot of 1e-6.
const TERM: f64 = 1e-3;

/// `number` as two float32, and the sum of two.
fn pair(number: f64) -> [f32; 2] {
    let high = number as f32;
    [high, (number - f64::from(high)) as f32]
}

fn number(pair: &[u32]) -> f64 {
    f64::from(f32::from_bits(pair[0])) + f64::from(f32::from_bits(pair[1]))
}

fn bits(floats: &[f32]) -> Vec<u32> {
    floats.iter().map(|x| x.to_bits()).collect()
}

/// A number of either sign.
fn signed(rng: &mut PhiloxStream, low: f32, high: f32) -> f64 {
    let size = f64::from(log_uniform(rng, low, high)) * (1.0 + 1e-9 * rng.random_range(0.0..1.0));
    size * [-1.0, 1.0][rng.random_range(0..2)]
}

#[test]
fn pairs() {
    let inputs = inputs(120, vec![[0.0, 0.0], [1.0, -1.0]], |rng| {
        [signed(rng, 1e-3, 10.0), signed(rng, 1e-3, 10.0)].map(|x| {
            let [high, low] = pair(x);
            f64::from(high) + f64::from(low)
        })
    });
    let words: Vec<u32> = inputs
        .iter()
        .flat_map(|numbers| {
            // The bits that are never set come from the inputs: no compiler knows them.
            let [a, b] = numbers.map(pair);
            bits(&[a[0], a[1], b[0], b[1], 0.0])
        })
        .collect();
    let body = "no_bits = word(4u);
        let a = real2(0u);
        let b = real2(2u);
        put2(0u, exact_sum(a.x, b.x));
        put2(2u, exact_product(a.x, b.x));
        put2(4u, pair_sum(a, b));
        put2(6u, pair_product(a, b));
        put2(8u, pair_inverse_root(vec2<f32>(abs(a.x) + 1e-3, 0.0)));
        put2(10u, vec2<f32>(upper_half(a.x), strict(difference(a.x, upper_half(a.x)))));
        put2(12u, vec2<f32>(sum(a.x, b.x), product(a.x, b.x)));";
    let outputs = in_render(body).run(&words, 5, 14);
    let errors = inputs
        .iter()
        .zip(outputs.chunks(14))
        .map(|(&[a, b], found)| {
            let high = |x: f64| f64::from(x as f32);
            let (sum, product) = (high(a) + high(b), high(a) * high(b));
            assert_eq!(number(&found[..2]), sum, "of {a} and {b}");
            assert!((number(&found[2..4]) - product).abs() <= PAIR * 1e-2 * product.abs());
            assert_eq!(number(&found[10..12]), high(a));
            assert_eq!(f64::from(f32::from_bits(found[12])), high(sum));
            assert_eq!(f64::from(f32::from_bits(found[13])), high(product));
            let root = (f64::from((a as f32).abs() + 1e-3)).sqrt().recip();
            let errors = [
                (number(&found[4..6]) - (a + b)).abs() / a.abs().max(b.abs()).max(1e-30),
                (number(&found[6..8]) - a * b).abs() / (a * b).abs().max(1e-30),
                (number(&found[8..10]) - root).abs() / root,
            ];
            (format!("{a} {b}"), errors.into_iter().fold(0.0, f64::max))
        });
    assert_within("pairs", PAIR, errors);
}

#[test]
fn factors() {
    let edges = vec![
        0.0,
        1.0,
        -1.0,
        0.5,
        1e-9,
        1.0 - 1e-12,
        0.25 + 2f64.powi(-13),
    ];
    let inputs = inputs(121, edges, |rng| rng.random_range(-1.0..1.0f64));
    let words: Vec<u32> = inputs
        .iter()
        .flat_map(|&x| [&pair(x)[..], &[0.0]].concat())
        .map(f32::to_bits)
        .collect();
    let body = "no_bits = word(2u);
        let digits = pair_factor(real2(0u));
        let of_high = float_factor(real(0u));
        for (var k = 0u; k < 4u; k++) {
            put_word(k, bitcast<u32>(digits[k]));
            put_word(4u + k, bitcast<u32>(of_high[k]));
        }";
    let outputs = in_render(body).run(&words, 3, 8);
    let errors = inputs.iter().zip(outputs.chunks(8)).map(|(&x, found)| {
        let value = |words: &[u32]| value(&[0, 1, 2, 3].map(|k| words[k] as i32 as i16), -48);
        let high = (value(&found[4..]) - f64::from(x as f32)).abs();
        (format!("{x}"), high.max((value(&found[..4]) - x).abs()))
    });
    assert_within("pair_factor", FACTOR, errors);
}

/// A tile's direction and its steps, and a place in it, along with a source; and the words of both.
struct Sight {
    direction: DVec3,
    steps: [DVec3; 3],
    place: [f32; 3],
    incident: DVec3,
    kappa: f64,
}

impl Sight {
    fn draw(rng: &mut PhiloxStream) -> Sight {
        let direction = vector(rng).as_dvec3().normalize();
        let step = |rng: &mut PhiloxStream| {
            vector(rng).as_dvec3() * f64::from(log_uniform(rng, 1e-7, 1e-3)) * 1.000_000_01
        };
        Sight {
            direction,
            steps: [step(rng), step(rng), step(rng)],
            place: [
                rng.random_range(-100..100) as f32,
                rng.random_range(-100..100) as f32,
                rng.random_range(0..4) as f32,
            ],
            incident: vector(rng).as_dvec3().normalize(),
            kappa: rng.random_range(50.0..500.0),
        }
    }

    /// From the sample, over the tile's distance.
    fn position(&self) -> DVec3 {
        let along = self.steps.iter().zip(self.place);
        let along = along.map(|(step, count)| *step * f64::from(count));
        self.direction + along.sum::<DVec3>()
    }

    fn words(&self) -> Vec<u32> {
        let vectors = [self.direction, self.steps[0], self.steps[1], self.steps[2]];
        let vectors = vectors.map(|vector| vector.to_array().map(pair));
        let [x, y, z] = (self.incident * self.kappa).to_array();
        let wides = [self.kappa, x, y, z].map(|x| wide_digits(x).unwrap());
        let mut words = bits(vectors.as_flattened().as_flattened());
        words.extend(bits(&self.place));
        words.extend(wides.iter().flat_map(|digits| packed(digits)));
        words.push(0);
        words
    }
}

/// Words of a sight.
const SIGHT: usize = 24 + 3 + 12 + 1;
/// Reads a tile and a source of the words of a sight, and nothing else of them.
const READ: &str = "
fn high3(k: u32) -> vec3<f32> { return vec3<f32>(real(k), real(k + 2u), real(k + 4u)); }
fn tile_at() -> Tile {
    var tile: Tile;
    tile.direction = high3(0u);
    tile.direction_low = high3(1u);
    tile.steps = array<vec3<f32>, 3>(high3(6u), high3(12u), high3(18u));
    tile.steps_low = array<vec3<f32>, 3>(high3(7u), high3(13u), high3(19u));
    return tile;
}
fn source_at() -> Source {
    var source: Source;
    for (var k = 0u; k < 4u; k++) { source.digits[k] = word3(27u + 3u * k); }
    return source;
}
fn put_wide(k: u32, q: Wide) {
    for (var place = 0u; place < 4u; place++) { put_word(k + place, bitcast<u32>(q.head[place])); }
    put_word(k + 4u, bitcast<u32>(q.tail));
}
";

#[test]
fn scattering_vectors() {
    let inputs = inputs(122, Vec::new(), Sight::draw);
    let words: Vec<u32> = inputs.iter().flat_map(Sight::words).collect();
    let body = "no_bits = word(39u);
        let tile = tile_at();
        let source = source_at();
        for (var axis = 0u; axis < 3u; axis++) {
            put2(2u * axis, fine_position(tile, real3(24u), axis));
        }
        let q = fine_vector(tile, source, real3(24u));
        put_wide(6u, q.x); put_wide(11u, q.y); put_wide(16u, q.z);
        put_wide(21u, vector_component(float_factor(0.5), source, 1u));";
    let outputs = in_render(body).helpers(READ).run(&words, SIGHT, 26);
    let errors = inputs.iter().zip(outputs.chunks(26)).map(|(sight, found)| {
        let position = sight.position();
        let of_position = (0..3).map(|axis| number(&found[2 * axis..]) - position[axis]);
        let of_position = of_position.fold(0.0, |max: f64, error| max.max(error.abs()));
        assert!(of_position <= POSITION, "{of_position:e}");
        let component = |place: usize| {
            let digits = &found[place..place + 5];
            let digits = digits.iter().map(|&digit| f64::from(digit as i32));
            digits.fold(0.0, |sum, digit| sum * 4096.0 + digit) * 2f64.powi(-36)
        };
        let expected = (position.normalize() - sight.incident) * sight.kappa;
        let errors = (0..3).map(|axis| (component(6 + 5 * axis) - expected[axis]).abs());
        let along = sight.kappa * (0.5 - sight.incident.y);
        let worst = errors.fold((component(21) - along).abs(), f64::max);
        (format!("{:?}", sight.place), worst)
    });
    assert_within("fine_vector", VECTOR, errors);
}

/// A sharp Gaussian spot near the index at q of a sight, and the terms of some of three orientations.
#[test]
fn terms() {
    let inputs = inputs(123, Vec::new(), |rng| {
        let sight = Sight::draw(rng);
        let rows = [(); 9].map(|()| factor_digits(rng.random_range(-1.0..1.0)));
        (sight, rows)
    });
    let words: Vec<u32> = inputs
        .iter()
        .flat_map(|(sight, rows)| {
            let rows = rows.iter().flat_map(|digits| packed(digits));
            sight.words().into_iter().chain(rows).chain([0; 2])
        })
        .collect();
    let body = "no_bits = word(39u);
        var orientation: Orientation;
        for (var k = 0u; k < 5u; k++) {
            orientation.digits[k] = vec4<u32>(word3(40u + 4u * k), word(43u + 4u * k));
        }
        var model: Model;
        model.default_f = 1.0;
        let q = fine_vector(tile_at(), source_at(), real3(24u));
        let index = index_at(orientation, model.grid_origin, q.x, q.y, q.z);
        put3(0u, index.fraction);
        put3(3u, index.whole);
        // A spot of the width of 1e-6 whose middle is 1e-6 away.
        model.spot_h = vec3<f32>(1e6 * inverseSqrt(SPOT_WIDTH * LN_2), 0.0, 0.0);
        let near = vec3<f32>(1e-6, 0.0, 0.0);
        put(6u, term_at(model, vec3<f32>(0.0), near, vec3<f32>(0.0)));
        model.spot_h = vec3<f32>(inverseSqrt(SPOT_WIDTH * LN_2), 0.0, 0.0);
        put(7u, fine_term(model, orientation, q));
        put3(8u, row_value(orientation.digits[0].xy, orientation.digits[0].zw, orientation.digits[1].xy));";
    let kernel = in_render(body)
        .helpers(READ)
        .constant("SHAPE", 2)
        .uniform(9, vec![0; SYMMETRY_WORDS])
        .storage(6, vec![0; 4]);
    let outputs = kernel.run(&words, SIGHT + 20, 11);
    let errors = inputs
        .iter()
        .zip(outputs.chunks(11))
        .map(|((sight, rows), found)| {
            let real = |word: usize| f64::from(f32::from_bits(found[word]));
            let q = (sight.position().normalize() - sight.incident) * sight.kappa;
            let rows = rows.map(|digits| value(&digits, -48));
            let index = [0, 1, 2].map(|axis| DVec3::from_slice(&rows[3 * axis..]).dot(q));
            for (axis, index) in index.into_iter().enumerate() {
                let error = (real(axis) - (index - real(3 + axis))).abs();
                assert!(error < 3e-8 + 1e-10, "{error:e}");
                assert!((real(8 + axis) - rows[axis]).abs() < 2e-7);
            }
            assert!((real(6) / gauss(1.0).powi(2) - 1.0).abs() < 1e-6);
            let delta = index[0] - index[0].round();
            let expected = gauss(delta * delta).powi(2);
            (format!("{:?}", sight.place), (real(7) - expected).abs())
        });
    assert_within("fine_term", TERM, errors);
}

/// Words of a scene with this oversampling, of which nothing else counts.
fn scene(oversample: u32) -> Vec<u32> {
    let mut words = vec![0; SCENE_WORDS];
    words[49] = 2;
    words[50] = oversample;
    words
}

#[test]
fn steps_to_sub_pixels() {
    let places = (0..64u32).flat_map(|lane| (0..50).map(move |view| [lane, view]));
    let places: Vec<[u32; 2]> = places.collect();
    let words: Vec<u32> = places.concat();
    let body = "var tile: Tile; var panel: Panel;
        let view = word(1u);
        let sub_pixel = vec2<u32>(view % 5u, view / 5u % 5u);
        put3(0u, steps_to(tile, panel, 5u, pixel_in_tile(word(0u), 0u), sub_pixel, view / 25u));";
    let outputs = in_render(body).run(&words, 2, 3);
    for ([lane, view], found) in places.iter().zip(outputs.chunks(3)) {
        let [fast, slow] = [(lane % 8, view % 5), (lane / 8, view / 5 % 5)].map(|(pixel, sub)| {
            let sub_pixels = 5.0 * (f64::from(pixel) - 4.0) + f64::from(sub) + 0.5;
            2.0 * sub_pixels
        });
        let expected = [fast, slow, f64::from(view / 25)];
        let found = [0, 1, 2].map(|axis| f64::from(f32::from_bits(found[axis])));
        assert_eq!(found, expected, "lane {lane}, view {view}");
    }
}

#[test]
fn terms_of_candidates() {
    let inputs = inputs(124, Vec::new(), Sight::draw);
    let words: Vec<u32> = inputs.iter().flat_map(Sight::words).collect();
    let orientations = (0..3).flat_map(|number| {
        let rows = (0..9).map(move |place| factor_digits(f64::from(number * 9 + place) / 40.0));
        let rows: Vec<u32> = rows
            .flat_map(|digits| packed(&digits).collect::<Vec<_>>())
            .collect();
        rows.into_iter().chain([0; 2])
    });
    let body = "no_bits = word(39u);
        let tile = tile_at();
        let source = source_at();
        var panel: Panel;
        var model: Model;
        var form: ClosedForm;
        let sight = Sight(vec3<f32>(0.0), 1.0, 1.0);
        let centre = vec3<f32>(0.0);
        model.default_f = 1.0;
        model.spot_h = vec3<f32>(inverseSqrt(SPOT_WIDTH * LN_2), 0.0, 0.0);
        let pixel = pixel_in_tile(lane, 0u);
        let q = fine_vector(tile, source, steps_to(tile, panel, 5u, pixel, vec2<u32>(2u, 1u), 0u));
        let both = vec2<u32>(3u, 0u);
        put(0u, fine_terms(
            model, form, tile, panel, source, centre, sight, lane, 7u, 1u, both));
        put(1u, fine_term(model, orientations[1], q) + fine_term(model, orientations[2], q));
        let neither = vec2<u32>(0u);
        put(2u, fine_terms(
            model, form, tile, panel, source, centre, sight, lane, 7u, 1u, neither));";
    let kernel = in_render(body)
        .helpers(READ)
        .constant("SHAPE", 2)
        .uniform(9, vec![0; SYMMETRY_WORDS])
        .storage(6, vec![0; 4]);
    let kernel = kernel
        .uniform(0, scene(5))
        .storage(5, orientations.collect());
    let outputs = kernel.run(&words, SIGHT, 3);
    for found in outputs.chunks(3) {
        let [all, apart, none] = [0, 1, 2].map(|place| f32::from_bits(found[place]));
        assert!(all > 0.0);
        assert_eq!([all, none], [apart, 0.0]);
    }
}
