//! The sums of a thread's pixels: where they are kept, and what they are made of.

use glam::{DVec2, DVec3, Vec3};
use nanobragg::physics::scattering_vector::scattering_vector;
use nanobragg::physics::view::view;
use nanobragg::physics::{absorption, polarisation, solid_angle};
use rand::RngExt;

use super::position::{EDGE as TILE_EDGE, PANEL, Place, READ, SOURCE, TILE};
use super::{
    SCENE_WORDS, SYMMETRY_WORDS, any_words, check, check_cases, check_words, in_render, inputs,
    joined, relative, unit_vector,
};

/// Error over the value: products of three numbers.
const BACKGROUND: f64 = 2e-7;
/// Error over the brightest term, by an index that is rounded.
const TERMS: f64 = 1.2e-6;
/// Error over a pixel's edge, over the length of q − q_c, over Ω, and over 1 for P.
const SIGHT: f64 = 2.5e-6;

#[test]
fn places() {
    for edge in [1, 2u32] {
        let pixels = edge * edge;
        let edges = (0..100).flat_map(|thread| (0..pixels).map(move |k| [thread, k]));
        let body = "put_word(0u, sum_place(word(0u), word(1u)));
            put_word(1u, group_place(word(0u), word(1u)));
            put_word(2u, chunk_place(word(0u), word(1u)));";
        let kernel = in_render(body).constant("EDGE", edge);
        check_words(
            "places",
            kernel,
            &edges.collect::<Vec<_>>(),
            |[thread, k]| {
                let waiting = 2 * pixels * thread + k;
                [pixels * thread + k, waiting, waiting + pixels]
            },
        );
    }
}

#[test]
fn background() {
    let inputs: Vec<[f32; 9]> = inputs(110, Vec::new(), |rng| {
        std::array::from_fn(|_| rng.random_range(0.0..2.0))
    });
    let body = "var pixels: array<Pixel, MOST_PIXELS>;
        pixels[0].first = real2(1u); pixels[1].first = real2(3u);
        pixels[2].first = real2(5u); pixels[3].first = real2(7u);
        put4(0u, background(real(0u), pixels));";
    check(
        "background",
        in_render(body),
        BACKGROUND,
        &inputs,
        |input, found: [f64; 4]| {
            let errors = input[1..].chunks(2).zip(found);
            let errors =
                errors.map(|(first, found)| relative(found, input[0] * first[0] * first[1]));
            errors.fold(0.0, f64::max)
        },
    );
}

/// The next dispatch loads the sums that one dispatch stored.
#[test]
fn stored_sums() {
    let inputs = inputs(111, Vec::new(), any_words::<12>);
    let inputs: Vec<[u32; 12]> = inputs
        .iter()
        // No bits that are not a number's.
        .map(|words| words.map(|word| word & 0x3fff_ffff))
        .collect();
    let body = "let sums = Sums(
            vec4<f32>(real3(0u), real(3u)), vec4<f32>(real3(4u), real(7u)),
            vec4<f32>(real3(8u), real(11u)));
        store_sums(kernel_index, sums);
        let left = load_sums(kernel_index);
        put4(0u, left.total); put4(4u, left.group); put4(8u, left.chunk);";
    for edge in [1, 2] {
        let kernel = in_render(body).constant("EDGE", edge);
        let kernel = kernel
            .storage(7, vec![0; 4 * inputs.len()])
            .storage(8, vec![0; 8 * inputs.len()]);
        check_words("load_sums", kernel, &inputs, |mut words| {
            if edge == 1 {
                for place in [1, 2, 3, 5, 6, 7, 9, 10, 11] {
                    words[place] = 0;
                }
            }
            words
        });
    }
}

#[test]
fn terms_and_factors() {
    // Pixels as far apart as one nearest reflection may be for, anywhere between reflections.
    let inputs: Vec<[f32; 16]> = inputs(112, Vec::new(), |rng| {
        let index = rng.random_range(-1.0..1.0);
        std::array::from_fn(|word| match word % 4 {
            0 => index + rng.random_range(-0.125..0.125),
            _ => rng.random_range(-0.4..0.4),
        })
    });
    // One F and one cell: a term is the square of F, whatever the index; of two cells along a, that
    // times (2 cos πδ)²/4.
    let body = "var model: Model;
        model.cells = vec3<f32>(2.0, 1.0, 1.0);
        model.least = model.cells * LEAST;
        model.default_f = 3.0;
        var prepared: Prepared;
        prepared.row_a = vec3<f32>(1.0, 0.0, 0.0);
        var form: ClosedForm;
        var panel: Panel;
        var source: Source;
        var sights: array<Sight, MOST_PIXELS>;
        sights[0] = Sight(real3(0u), real(3u), 1.0); sights[1] = Sight(real3(4u), real(7u), 1.0);
        sights[2] = Sight(real3(8u), real(11u), 1.0); sights[3] = Sight(real3(12u), real(15u), 1.0);
        let terms = terms_of(model, form, prepared, panel, source, vec3<f32>(0.0), sights);
        put4(0u, common_factor(model) * terms);
        put4(4u, factors_of(sights));";
    for (edge, one_nearest) in [(1, false), (2, false), (2usize, true)] {
        let kernel = in_render(body)
            .constant("EDGE", edge as u32)
            .constant("ONE_NEAREST", u8::from(one_nearest))
            .uniform(9, vec![0; SYMMETRY_WORDS])
            .storage(6, vec![0; 4]);
        check(
            "terms_of",
            kernel,
            TERMS,
            &inputs,
            |input, found: [f64; 8]| {
                let errors = input.chunks(4).enumerate().map(|(pixel, sight)| {
                    if pixel >= edge * edge {
                        return found[pixel].abs() + found[4 + pixel].abs();
                    }
                    let expected = (3.0 * (std::f64::consts::PI * sight[0]).cos()).powi(2);
                    assert_eq!(found[4 + pixel], sight[3]);
                    (found[pixel] - expected).abs() / 9.0
                });
                errors.fold(0.0, f64::max)
            },
        );
    }
}

/// Words of a scene of which only polarisation, limit and sub-pixels count.
pub fn scene(first: [Vec3; 3], kahn: f32, oversample: u32) -> Vec<u32> {
    // Behind those of the model.
    let mut words = vec![0; SCENE_WORDS];
    for (place, vector) in [36, 40, 44].into_iter().zip(first) {
        for (axis, component) in vector.to_array().into_iter().enumerate() {
            words[place + axis] = component.to_bits();
        }
    }
    words[47] = kahn.to_bits();
    words[49] = 1;
    words[50] = oversample;
    words
}

/// A thread's pixel, and what it sees of a source: the corner, the factors of its first sub-pixel, and
/// those of its own.
#[test]
fn pixels_and_sights() {
    const OVERSAMPLE: u32 = 2;
    const KAHN: f32 = 0.75;
    let first = [Vec3::X, Vec3::Z, Vec3::NEG_Y];
    let cases = inputs(113, Vec::new(), |rng| {
        let place = Place::draw(rng, false);
        let thread = [rng.random_range(0..64u32), rng.random_range(0..4u32)];
        let incident = unit_vector(rng);
        let magnetic = incident.cross(unit_vector(rng)).normalize();
        let electric = magnetic.cross(incident);
        let fields = [incident, electric, magnetic].map(|v| v.to_array());
        let words = joined::<{ PANEL + TILE + SOURCE + 2 }>(&[
            &place.words(0.0),
            fields.as_flattened(),
            &[0.8, 1.5],
            &thread.map(|number| number as f32),
        ]);
        ((place, thread), words)
    });
    let body = "let panel = panel_at(0u);
        let tile = tile_at(14u);
        let source = source_at(24u);
        var pixels = pixels_of(tile, panel, u32(real(35u)));
        let pixel = pixels[u32(real(36u))];
        put2(0u, pixel.corner);
        put2(2u, pixel.first);
        let along = vec2<f32>(0.75, 0.25) * panel.pixel_size_m;
        let seen = sight(tile, panel, source, vec3<f32>(0.0), pixel, along, 0u);
        put3(4u, seen.turned);
        put(7u, seen.factor);";
    let kernel = in_render(body)
        .helpers(READ)
        .uniform(0, scene(first, KAHN, OVERSAMPLE));
    let kernel = kernel.constant("EDGE", 2).constant("OWN_SOLID_ANGLE", 1);
    let kernel = kernel.constant("OWN_POLARISATION", 1);
    check_cases(
        "sight",
        kernel,
        SIGHT,
        &cases,
        |(place, [lane, k]), input, found: [f64; 8]| {
            let size = place.panel.pixel_size_m;
            let pixel = [2 * (lane % 8) + k % 2, 2 * (lane / 8) + k / 2].map(f64::from);
            let corner = (DVec2::from_array(pixel) - TILE_EDGE as f64 / 2.0) * size;
            let solid_angle = |distance: f64| {
                let close = place.panel.close_distance_m();
                solid_angle::solid_angle(size, close, distance, false) / place.solid_angle_unit()
            };
            let fields = [24, 27, 30].map(|word| DVec3::from_slice(&input[word..]));
            let polarised = |[incident, electric, magnetic]: [DVec3; 3], diffracted: DVec3| {
                polarisation::polarisation(incident, electric, magnetic, diffracted, KAHN.into())
            };
            // The first of two sub-pixels is a quarter of a pixel from the corner.
            let first_seen = view(place.position_at(corner + 0.25 * size, 0.0));
            let seen = view(place.position_at(corner + DVec2::new(0.75, 0.25) * size, 0.0));
            // In 1/Å, with the wavelength in Å.
            let q = |seen: DVec3| scattering_vector(seen, fields[0], 1.0 / input[33]);
            let turned = q(seen.diffracted) - q(view(place.centre).diffracted);
            let own_solid_angle = solid_angle(seen.distance);
            let factor = input[34] * own_solid_angle * polarised(fields, seen.diffracted);
            let first_polarised = polarised(first.map(|v| v.as_dvec3()), first_seen.diffracted);
            let errors = [
                (DVec2::new(found[0], found[1]) - corner).length() / size,
                relative(found[2], solid_angle(first_seen.distance)),
                (found[3] - first_polarised).abs(),
                // No better than what a pixel's size changes.
                (DVec3::from_slice(&found[4..]) - turned).length()
                    / (turned.length() + input[33] * size / seen.distance),
                (found[7] - factor).abs() / (input[34] * own_solid_angle),
            ];
            errors.into_iter().fold(0.0, f64::max)
        },
    );
}

/// What a thread's pixel sees of a source in a layer at its mean depth: the layer's own first sub-pixel
/// gives the factors.
#[test]
fn sights_in_layers() {
    const KAHN: f32 = 0.75;
    const OPTICAL_DEPTH: f32 = 0.7;
    const LAYER: u32 = 3;
    let first = [Vec3::X, Vec3::Z, Vec3::NEG_Y];
    let cases = inputs(114, Vec::new(), |rng| {
        let place = Place::draw(rng, false);
        let incident = unit_vector(rng).to_array();
        let words = joined::<{ PANEL + TILE + SOURCE }>(&[
            &place.words(OPTICAL_DEPTH),
            &incident,
            &[0.0; 6],
            &[0.8, 1.5],
        ]);
        (place, words)
    });
    let body = "let panel = panel_at(0u);
        let tile = tile_at(14u);
        let pixel = pixel_of(tile, panel, 9u, 0u);
        let along = vec2<f32>(0.75, 0.25) * panel.pixel_size_m;
        let seen = sight(tile, panel, source_at(24u), vec3<f32>(0.0), pixel, along, 3u);
        put3(0u, seen.turned);
        put(3u, seen.factor);";
    let kernel = in_render(body)
        .helpers(READ)
        .uniform(0, scene(first, KAHN, 2))
        .constant("EDGE", 2)
        .constant("SENSOR", 2);
    check_cases(
        "sight in a layer",
        kernel,
        SIGHT,
        &cases,
        |place, input, found: [f64; 4]| {
            let panel = &place.panel;
            let size = panel.pixel_size_m;
            let corner = (DVec2::splat(2.0) - TILE_EDGE as f64 / 2.0) * size;
            let seen_at = |along: DVec2| {
                let depth = place.mean_layer_depth(along, OPTICAL_DEPTH.into(), LAYER.into());
                view(place.position_at(along, depth))
            };
            let first_seen = seen_at(corner + 0.25 * size);
            let seen = seen_at(corner + DVec2::new(0.75, 0.25) * size);
            let close = first_seen.position.dot(panel.normal);
            let solid_angle = solid_angle::solid_angle(size, close, first_seen.distance, false)
                / place.solid_angle_unit();
            let [incident, electric, magnetic] = first.map(|v| v.as_dvec3());
            let diffracted = first_seen.diffracted;
            let kahn = f64::from(KAHN);
            let polarised =
                polarisation::polarisation(incident, electric, magnetic, diffracted, kahn);
            let cosine = seen.diffracted.dot(panel.normal);
            let absorbed = absorption::absorbed_fraction(OPTICAL_DEPTH.into(), LAYER, cosine);
            let source = DVec3::from_slice(&input[24..]);
            let q = |seen: DVec3| scattering_vector(seen, source, 1.0 / input[33]);
            let turned = q(seen.diffracted) - q(view(place.centre).diffracted);
            let errors = [
                (DVec3::from_slice(&found[..3]) - turned).length()
                    / (turned.length() + input[33] * size / seen.distance),
                // The exponent of the layers in front multiplies the cosine's rounding.
                (found[3] - input[34] * solid_angle * polarised * absorbed).abs()
                    / (input[34] * solid_angle * absorbed * (1.0 + 4.0 * 0.7 / cosine)),
            ];
            errors.into_iter().fold(0.0, f64::max)
        },
    );
}
