//! The slots of a pixel, `shaders/derivatives.wgsl`, and what becomes of them, `shaders/weigh.wgsl`.

use glam::{DMat3, DQuat, DVec2, DVec3, Vec3};
use nanobragg::experiment::Panel;
use nanobragg::gpu::weigh_source;
use nanobragg::physics::absorption::absorbed_fraction;
use nanobragg::physics::polarisation::polarisation;
use nanobragg::physics::solid_angle::solid_angle;
use nanobragg::physics::view::view;
use rand::RngExt;

use super::position::{PANEL, Place, READ, TILE};
use super::slopes::in_derivatives;
use super::sums::scene;
use super::{SYMMETRY_WORDS, check, check_cases, inputs, joined, vector};
use crate::support::shader::Kernel;

/// Error over the length of all slopes.
const MOTION: f64 = 4e-5;
/// Error over the sum of the sizes of what is added.
const SUMS: f64 = 1e-6;

const KAHN: f32 = 0.75;
/// The direction, electric and magnetic field of the beam.
const FIELDS: [Vec3; 3] = [Vec3::X, Vec3::Z, Vec3::NEG_Y];
const DEPTH: f32 = 0.7;
const LAYER: u32 = 1;

/// A number that follows the view of a point of a panel: its slope to the direction, and to the logarithms
/// of Ω, P and A.
struct Follower<'a> {
    place: &'a Place,
    along: DVec2,
    direction: DVec3,
    factors: [f64; 3],
}

impl Follower<'_> {
    /// The number once the panel is turned about the sample and shifted.
    fn at(&self, shift: DVec3, turn: DVec3) -> f64 {
        let rotation = DMat3::from_quat(DQuat::from_scaled_axis(turn));
        let panel = &self.place.panel;
        let moved = Place {
            panel: Panel {
                origin_m: rotation * panel.origin_m + shift,
                fast: rotation * panel.fast,
                slow: rotation * panel.slow,
                normal: rotation * panel.normal,
                ..panel.clone()
            },
            ..self.place.clone()
        };
        let depth = moved.mean_layer_depth(self.along, DEPTH.into(), LAYER.into());
        let seen = view(moved.position_at(self.along, depth));
        let normal = moved.panel.normal;
        let [incident, electric, magnetic] = FIELDS.map(Vec3::as_dvec3);
        let close = seen.position.dot(normal);
        let cosine = seen.diffracted.dot(normal);
        let factors = [
            solid_angle(panel.pixel_size_m, close, seen.distance, false),
            polarisation(incident, electric, magnetic, seen.diffracted, KAHN.into()),
            absorbed_fraction(DEPTH.into(), LAYER, cosine),
        ];
        let logarithms = factors.into_iter().zip(self.factors);
        let logarithms: f64 = logarithms.map(|(factor, slope)| slope * factor.ln()).sum();
        self.direction.dot(seen.diffracted) + logarithms
    }

    /// The slopes to a shift, times the distance, and to a turn, by differences.
    fn slopes(&self) -> [f64; 6] {
        let distance = self.place.centre.length();
        const STEP: f64 = 1e-5;
        std::array::from_fn(|component| {
            let step = DVec3::AXES[component % 3] * STEP;
            let at = |step: DVec3| match component {
                0..3 => self.at(step * distance, DVec3::ZERO),
                _ => self.at(DVec3::ZERO, step),
            };
            (at(step) - at(-step)) / (2.0 * STEP)
        })
    }
}

#[test]
fn motion() {
    let cases = inputs(210, Vec::new(), |rng| {
        let place = Place::draw(rng, false);
        let slopes = [(); 2].map(|()| vector(rng).to_array());
        let words = joined::<{ PANEL + TILE + 10 }>(&[
            &place.words(DEPTH),
            slopes.as_flattened(),
            &[1.5, 0.7, 0.3, 0.6],
        ]);
        (place, words)
    });
    // The slots of a view, of a pixel's first sub-pixel and of the water, and what they are made of.
    let body = "let panel = panel_at(0u);
        let tile = tile_at(14u);
        var source: Source;
        source.incident = scene.first_incident;
        source.electric = scene.first_electric;
        source.magnetic = scene.first_magnetic;
        source.inverse_wavelength = real(30u);
        let along = real2(32u) * panel.pixel_size_m;
        let corner = along - 0.5 * panel.pixel_size_m;
        let moved = place_slopes(
            scene, tile, panel, source.incident, source.electric, source.magnetic, along, 1u, real3(24u),
            real3(27u));
        put3(0u, tile.distance * moved.shift);
        put3(3u, moved.turn);
        var first: Slots;
        add_first(&first, tile, panel, corner, 1u, real3(27u));
        put3(6u, tile.distance * first.shift.xyz);
        put3(9u, first.turn.xyz);
        var own: Slots;
        let of_view = OfView(real(31u), real3(24u), vec4<f32>(0.0));
        let seen = view(tile, offset(tile, panel, along, layer_depth(tile, panel, along, 1u)));
        let q = (seen.diffracted - source.incident) * source.inverse_wavelength;
        add_view(&own, of_view, tile, panel, source, corner, Part(along - corner, 1u), q);
        put3(12u, tile.distance * own.shift.xyz);
        put3(15u, own.turn.xyz);
        put4(18u, own.general);
        put3(22u, q);
        var water: Slots;
        add_water(&water, tile, panel, Pixel(corner, vec2<f32>(2.0, 3.0)));
        var of_water: Slots;
        add_first(&of_water, tile, panel, corner, 0u, vec3<f32>(water.general.y, water.general.y, 0.0));
        put3(25u, vec3<f32>(water.general.y, water.shift.x, water.turn.y)
            - vec3<f32>(1.5, of_water.shift.x, of_water.turn.y));";
    let mut words = scene(FIELDS, KAHN, 1);
    // The background.
    words[48] = 0.25f32.to_bits();
    let kernel = in_derivatives(body)
        .helpers(READ)
        .constant("SENSOR", 2)
        .constant("OWN_SOLID_ANGLE", 1)
        .constant("OWN_POLARISATION", 1)
        .uniform(0, words);
    check_cases(
        "motion",
        kernel,
        MOTION,
        &cases,
        |place, input, found: [f64; 28]| {
            let slope = |word: usize| DVec3::from_slice(&input[word..]);
            let along = DVec2::from_slice(&input[32..]) * place.panel.pixel_size_m;
            let factors = slope(27).to_array();
            let [inverse_wavelength, term] = [input[30], input[31]];
            let (by_q, q) = (slope(24), DVec3::from_slice(&found[22..]));
            let follower = |direction: DVec3, factors: [f64; 3]| Follower {
                place,
                along,
                direction,
                factors,
            };
            let expected = [
                follower(by_q, factors).slopes(),
                follower(DVec3::ZERO, factors).slopes(),
                follower(by_q * inverse_wavelength, [term; 3]).slopes(),
            ];
            let pairs = expected.as_flattened().iter().zip(&found);
            let slopes = pairs.map(|(expected, found)| (expected - found).abs() / 10.0);
            let general = [term, 0.0, -by_q.dot(q), term * q.length_squared()];
            let general = general.iter().zip(&found[18..22]);
            let general = general.map(|(expected, found)| (expected - found).abs());
            let water = found[25..].iter().map(|apart| apart.abs());
            slopes.chain(general).chain(water).fold(0.0, f64::max)
        },
    );
}

#[test]
fn terms_are_added_and_stored() {
    let inputs: Vec<[f32; 40]> = inputs(211, Vec::new(), |rng| {
        std::array::from_fn(|_| rng.random_range(-1.0..1.0))
    });
    let body = "var slopes: TermSlopes;
        slopes.term = real(0u);
        slopes.amplitude = real(1u);
        slopes.index = outer_product(real3(2u), real3(5u));
        slopes.q = real3(8u);
        slopes.turn = real3(11u);
        slopes.size = real3(14u);
        slopes.size_across = real3(17u);
        var own: Slots;
        var of_view: OfView;
        let moved = velocities(velocities_of(kernel_index % 4u));
        add_term(&own, &of_view, slopes, moved, true);
        add_term(&own, &of_view, slopes, moved, false);
        let tile = kernel_index / BATCH;
        store_slots(tile, kernel_index % BATCH, 0u, own);
        let first = tile * row_count() * BATCH + kernel_index % BATCH;
        put_word(0u, row_count());
        put(1u, of_view.term);
        put3(2u, of_view.q);
        for (var row = 0u; row < 9u; row++) {
            put4(5u + 4u * row, slots[first + row * BATCH]);
        }
        put_word(41u, add_row(first, vec4<f32>(0.0)) - first);";
    // Angular velocities of four orientations: of three turns, and three spreads.
    let velocity = |number: usize| ((number * 7 % 11) as f32 - 5.0) / 4.0;
    let rates = (0..96).map(|word| velocity(word).to_bits());
    let mut slice = vec![0u32; 16];
    slice[14] = 1;
    let kernel = in_derivatives(body)
        .constant("SHAPE", 2)
        .constant("SCANS", 1)
        .constant("SPREADS", 3)
        .uniform(1, slice)
        .storage(7, vec![0; 36 * (inputs.len().next_multiple_of(64))])
        .uniform(9, vec![0; SYMMETRY_WORDS])
        .storage(10, rates.collect());
    let numbered: Vec<(usize, [f32; 40])> = inputs.into_iter().enumerate().collect();
    check_cases(
        "add_term",
        kernel,
        SUMS,
        &numbered,
        |number, input, found: [f64; 42]| {
            let vector = |word: usize| DVec3::from_slice(&input[word..]);
            let rate = |place: usize| {
                let first = 4 * (6 * (number % 4) + place);
                DVec3::from_array([0, 1, 2].map(|axis| velocity(first + axis).into()))
            };
            let (g, h, turn) = (vector(2), vector(5), vector(11));
            let mut expected = vec![0.0; 4];
            for axis in 0..3 {
                expected.extend((2.0 * g * h[axis]).to_array());
                expected.push(2.0 * turn.dot(rate(axis)));
            }
            expected.extend((2.0 * vector(14)).to_array());
            expected.push(input[1]);
            expected.extend((2.0 * vector(17)).to_array());
            expected.push(0.0);
            expected.extend([3, 4, 5].map(|place| 2.0 * turn.dot(rate(place))));
            expected.resize(36, 0.0);
            assert_eq!(
                [found[0], found[41]].map(|own| (own as f32).to_bits()),
                [9, 64]
            );
            assert_eq!(found[1], 2.0 * input[0]);
            assert_eq!(DVec3::from_slice(&found[2..]), 2.0 * vector(8));
            let errors = expected
                .iter()
                .zip(&found[5..41])
                .map(|(own, found)| (own - found).abs());
            errors.fold(0.0, f64::max) / 12.0
        },
    );
}

/// Weighted slopes to F come to the same sums whatever the order.
#[test]
fn weighted_sums() {
    const COUNT: usize = 64;
    let inputs: Vec<[f32; 8]> = inputs(212, Vec::new(), |rng| {
        std::array::from_fn(|word| match word {
            0..5 => rng.random_range(-1000.0..1000.0),
            _ => rng.random_range(0.0..1.0),
        })
    });
    let inputs = &inputs[..COUNT];
    // Each thread has four by four by four reflections of its own.
    let body = "var model: Model;
        model.grid_last = vec3<f32>(4.0, 4.0, 256.0) + first_listed();
        model.grid_inside = model.grid_last;
        let own = first_listed() + vec3<f32>(1.0, 1.0, f32(4u * kernel_index + 1u));
        put3(0u, vec3<f32>(listed(model)));
        let number = reflection_number(model, own);
        put(3u, f32(number));
        put(4u, weight_of(model, kernel_index, 0u));
        add_weighted(number, real(0u));
        add_weighted(number, real(1u));
        add_weighted(number, 1e-6 * real(2u));
        for (var part = 0u; part < 4u; part++) {
            put_word(5u + part, atomicLoad(&weighted[4u * number + part]));
        }
        add_neighbours(model, own, real3(5u), real(3u));
        for (var h = 0u; h < 4u; h++) {
            for (var l = 0u; l < 4u; l++) {
                let corner = (h * 4u + h) * 256u + 4u * kernel_index + l;
                for (var part = 0u; part < 4u; part++) {
                    put_word(9u + 4u * (4u * h + l) + part, atomicLoad(&weighted[4u * corner + part]));
                }
            }
        }
        var waiting = Waiting(number, 2.0);
        add_amplitude(&waiting, model, own, vec3<f32>(-0.25, 0.25, 0.0), real(4u));
        put(73u, waiting.sum);
        put(74u, f32(waiting.number));
        add_amplitude(&waiting, model, own, vec3<f32>(-0.25, 0.25, 1.0), real(4u));
        put(75u, waiting.sum);
        put(76u, f32(waiting.number));
        for (var part = 0u; part < 4u; part++) {
            put_word(77u + part, atomicLoad(&weighted[4u * number + part]));
        }";
    let reflections = 4 * 4 * 256;
    let weights = (0..COUNT).map(|thread| (0.5 * thread as f32).to_bits());
    let words: Vec<u32> = std::iter::repeat_n(0, 4 * reflections)
        .chain(weights)
        .collect();
    let kernel = in_derivatives(body)
        .constant("STRUCTURE_FACTORS", 1)
        .constant("AMPLITUDES", 1)
        .storage(8, words);
    let numbered: Vec<(usize, [f32; 8])> = inputs.iter().copied().enumerate().collect();
    check_cases(
        "add_weighted",
        kernel,
        SUMS,
        &numbered,
        |thread, input, found: [f64; 81]| {
            let word = |place: usize| u64::from((found[place] as f32).to_bits());
            let sum = |place: usize| {
                let of_sign = |place: usize| (word(place + 1) << 32 | word(place)) as f64;
                (of_sign(place) - of_sign(place + 2)) / 2f64.powi(32)
            };
            let number = (4 + 1) * 256 + 4 * thread + 1;
            assert_eq!(found[..3], [4.0, 4.0, 256.0]);
            assert_eq!(found[3..5], [number as f64, 0.5 * *thread as f64]);
            let three = input[0] + input[1] + 1e-6 * input[2];
            let weights = |t: f64| nanobragg::physics::interpolation::lagrange_weights(t);
            let [h_weights, k_weights, l_weights] = [input[5], input[6], input[7]].map(weights);
            let of_neighbours = (0..16).map(|place| {
                let (h, l) = (place / 4, place % 4);
                // Of the device's weights two are over a sixth.
                let own = 36.0 * input[3] * h_weights[h] * k_weights[h] * l_weights[l];
                let before = if (h, l) == (1, 1) { three } else { 0.0 };
                (sum(9 + 4 * place) - own - before).abs() / 36e3
            });
            let waiting = input[4];
            let middle = 36.0 * input[3] * h_weights[1] * k_weights[1] * l_weights[1];
            let after = three + middle + 2.0 + waiting;
            assert_eq!([found[74], found[76]], [number as f64, number as f64 + 1.0]);
            let more = [
                (sum(5) - three).abs() / 1e3,
                (found[73] - 2.0 - waiting).abs() / 1e3,
                (found[75] - waiting).abs() / 1e3,
                (sum(77) - after).abs() / 36e3,
            ];
            of_neighbours.chain(more).fold(0.0, f64::max)
        },
    );
}

/// What the loop over orientations adds is a term with all that its view has in common.
#[test]
fn one_orientation() {
    let cases = inputs(213, Vec::new(), |rng| {
        let place = Place::draw(rng, false);
        joined::<{ PANEL + TILE + 6 }>(&[
            &place.words(0.0),
            &vector(rng).to_array(),
            &(0.4 * vector(rng)).to_array(),
        ])
    });
    let body = "let panel = panel_at(0u);
        let tile = tile_at(14u);
        var model: Model;
        model.cells = vec3<f32>(3.0, 4.0, 5.0);
        model.least = model.cells * LEAST;
        model.default_f = 2.0;
        var source: Source;
        source.incident = scene.first_incident;
        source.inverse_wavelength = 1.0;
        source.weight = 1.5;
        var form: ClosedForm;
        let pixel = Pixel(vec2<f32>(0.0), vec2<f32>(1.0, 0.5));
        let part = Part(vec2<f32>(0.5) * panel.pixel_size_m, 0u);
        let centre = tile.direction - source.incident;
        let whole = whole_sight(model, tile, panel, source, centre, pixel, part);
        let alone = sight(tile, panel, source, centre, pixel, part.along, part.layer);
        put(0u, whole.factor);
        put(1u, common_factor(model) * alone.factor);
        var prepared: Prepared;
        prepared.row_a = real3(24u);
        prepared.row_b = vec3<f32>(0.0, 1.0, 0.0);
        prepared.row_c = vec3<f32>(0.0, 0.5, 1.0);
        let q = centre + whole.turned;
        let slopes = term_slopes(model, prepared, q, vec3<f32>(0.0), real3(27u), whole.factor);
        var own: Slots;
        var of_view: OfView;
        var waiting: Waiting;
        let moved = Velocities(
            mat3x3<f32>(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
            mat3x3<f32>(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0));
        add_orientation(
            &own, &of_view, &waiting, 0.0, model, form, prepared, moved, panel, source, centre, whole,
            vec3<f32>(0.0), real3(27u));
        put(2u, of_view.term - slopes.term);
        put3(3u, own.k.xyz - slopes.index[1]);
        put3(6u, vec3<f32>(own.h.w, own.k.w, own.l.w) - slopes.turn);
        put(9u, own.size.w - slopes.amplitude);
        let steep = lattice_slopes(model, real3(27u) - nearest_index(real3(27u)));
        put(10u, slopes.term - whole.factor * steep.square);
        put3(11u, slopes.q - step_of_index(prepared, whole.factor * steep.offset));
        put3(14u, slopes.turn - cross(slopes.q, q));
        put(17u, slopes.amplitude - 2.0 * slopes.term);
        put3(18u, slopes.index[2] - whole.factor * steep.offset * dot(prepared.row_c, q));";
    let kernel = in_derivatives(body)
        .helpers(READ)
        .uniform(0, scene(FIELDS, KAHN, 1))
        .uniform(9, vec![0; SYMMETRY_WORDS])
        .storage(6, vec![0; 4])
        .storage(8, vec![0; 4]);
    check(
        "add_orientation",
        kernel,
        SUMS,
        &cases,
        |_, found: [f64; 21]| {
            assert!(found[0] > 0.0);
            let same = (found[0] - found[1]).abs();
            let rest = found[2..].iter().map(|apart| apart.abs());
            rest.fold(same, f64::max) / (100.0 * found[0])
        },
    );
}

#[test]
fn along_directions() {
    let inputs: Vec<[f32; 2]> = (0..64u8).map(|lane| [f32::from(lane), 1.0]).collect();
    let body = "let tile = own_tile(vec3<u32>(1u, 0u, 0u));
        put_word(0u, tile);
        put4(1u, real(1u) * row_of(tile, 2u, u32(real(0u))));
        let motion = motions[panel_of[tile]];
        put4(5u, along_directions(tile, lane, motion));
        follow_pixel(tile, lane, motion);
        put4(9u, outcome[tile * BATCH + lane]);
        put_word(13u, row_count());";
    let slot = |word: usize| ((word * 13 % 17) as f32 - 8.0) / 8.0;
    let part = |word: usize| ((word * 5 % 7) as f32 - 3.0) / 2.0;
    let slots = (0..2 * 12 * 64 * 4).map(|word| slot(word).to_bits());
    let mut weighing = vec![2, 2, 0, 0];
    weighing.extend((0..12 * 16).map(|word| part(word).to_bits()));
    let motions = (0..64).map(|word| part(word + 3).to_bits());
    let kernel = Kernel::new(weigh_source(), body)
        .constant("HALO", 1)
        .uniform(0, weighing)
        .storage(1, slots.collect())
        .storage(2, motions.collect())
        .storage(3, vec![0, 1])
        .storage(5, vec![0; 2 * 64 * 4]);
    check(
        "along_directions",
        kernel,
        SUMS,
        &inputs,
        |[lane, _], found: [f64; 14]| {
            let place = |row: usize| ((12 + row) * 64 + lane as usize) * 4;
            let of_slots = (0..48).map(|slot_number| {
                let (row, column) = (slot_number / 4, slot_number % 4);
                let own = f64::from(slot(place(row) + column));
                // Of the second panel.
                let motion = |direction: usize| match row {
                    7..9 => part(32 + 16 * (row - 7) + 4 * column + direction + 3),
                    _ => 0.0,
                };
                let counted = |direction: usize| {
                    own * f64::from(part(4 * slot_number + direction) + motion(direction))
                };
                [0, 1, 2, 3].map(counted)
            });
            let sums = of_slots.fold([0.0; 4], |sums: [f64; 4], own| {
                std::array::from_fn(|direction| sums[direction] + own[direction])
            });
            assert_eq!((found[0] as f32).to_bits(), 1);
            assert_eq!((found[13] as f32).to_bits(), 12);
            let row =
                (0..4).map(|column| (found[1 + column] - f64::from(slot(place(2) + column))).abs());
            let errors = (0..4).map(|direction| {
                let apart = |first: usize| (found[first + direction] - sums[direction]).abs();
                apart(5) + apart(9)
            });
            row.chain(errors).fold(0.0, f64::max) / 48.0
        },
    );
}
