//! The factors that a term is multiplied by: polarisation, solid angle, absorption.

use glam::{DVec2, DVec3, Vec3};
use nanobragg::experiment::Panel;
use nanobragg::physics::view::{View, view};
use nanobragg::physics::{absorption, debye_waller, polarisation, solid_angle};
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::position::{PANEL, Place, READ, SOURCE, TILE};
use super::{
    check, check_cases, check_words, error_over, in_render, inputs, joined, log_uniform, relative,
    unit_vector, vector,
};

/// Error over 1: nothing scatters along the electric field.
const POLARISATION: f64 = 4e-7;
/// Error over the value: products and quotients only.
const SOLID_ANGLE: f64 = 6e-7;
/// Error over the value, times one more than the layers' exponent.
const ABSORBED_FRACTION: f64 = 8e-7;
/// Error over the value, for thin layers too.
const ONE_MINUS_EXP: f64 = 8e-7;
/// Error over the value, times one more than the layers' exponent: the cosine is rounded, too.
const ABSORBED: f64 = 8e-7;
/// Error over the value.
const MEAN_DEPTH: f64 = 1e-6;
/// Error over the layer's thickness, over the number of layers in front and one.
const LAYER_DEPTH: f64 = 5e-7;
/// Error over the value, times one more than the exponent.
const DEBYE_WALLER: f64 = 4e-7;
/// Error over Ω, and over 1 for P.
const APPLIED_FACTORS: f64 = 1e-6;
/// Error over the largest that the factor can be, times one more than the layers' exponent.
const VIEW_FACTOR: f64 = 1e-6;
/// Error over Ω, and over 1 for P, at a position that is computed, too.
const FIRST_FACTORS: f64 = 1.5e-6;

#[test]
fn polarisation() {
    let vectors = |incident: Vec3, electric: Vec3, magnetic: Vec3, diffracted: Vec3, kahn: f32| {
        let vectors = [incident, electric, magnetic, diffracted].map(|v| v.to_array());
        joined::<13>(&[vectors.as_flattened(), &[kahn]])
    };
    let edges = [Vec3::X, Vec3::Y, Vec3::Z, Vec3::NEG_X].into_iter();
    let edges = edges
        .flat_map(|d| [-1.0, 0.0, 1.0].map(|kahn| vectors(Vec3::X, Vec3::Z, Vec3::NEG_Y, d, kahn)));
    let inputs = inputs(6, edges.collect(), |rng| {
        let [incident, electric, magnetic] = fields(rng);
        let diffracted = unit_vector(rng);
        vectors(
            incident,
            electric,
            magnetic,
            diffracted,
            rng.random_range(-1.0..1.0),
        )
    });
    let body = "put(0u, polarisation(real3(0u), real3(3u), real3(6u), real3(9u), real(12u)));";
    let kernel = in_render(body);
    check(
        "polarisation",
        kernel,
        POLARISATION,
        &inputs,
        |input, [found]| {
            let vector = |place: usize| DVec3::from_slice(&input[3 * place..]);
            let [incident, electric, magnetic, diffracted] = [0, 1, 2, 3].map(vector);
            let expected =
                polarisation::polarisation(incident, electric, magnetic, diffracted, input[12]);
            error_over(found, expected, 1.0)
        },
    );
}

/// A direction, and those of the electric and magnetic field.
fn fields(rng: &mut PhiloxStream) -> [Vec3; 3] {
    let incident = unit_vector(rng);
    let magnetic = incident.cross(unit_vector(rng)).normalize();
    [incident, magnetic.cross(incident), magnetic]
}

#[test]
fn solid_angle() {
    let edges = [
        [1e-6, 1e-3, 1e-3, 0.0],
        [1e-2, 1e-3, 10.0, 0.0],
        [1e-4, 0.1, 0.1, 1.0],
    ];
    let inputs = inputs(7, edges.to_vec(), |rng| {
        let close = log_uniform(rng, 1e-3, 10.0);
        let distance = close * log_uniform(rng, 1.0, 100.0);
        let point = f32::from(rng.random_range(0..2u8));
        [log_uniform(rng, 1e-6, 1e-2), close, distance, point]
    });
    let body = "put(0u, solid_angle(real(0u), real(1u), real(2u), real(3u) > 0.5));";
    let kernel = in_render(body);
    check(
        "solid_angle",
        kernel,
        SOLID_ANGLE,
        &inputs,
        |input, [found]| {
            let [pixel, close, distance, point] = input;
            let expected = solid_angle::solid_angle(pixel, close, distance, point > 0.5);
            relative(found, expected)
        },
    );
}

#[test]
fn absorbed_fraction() {
    let cosines = [1.0, 0.5, 1e-3, 1e-12, 1e-30, 0.0, -1e-12, -1.0];
    let edges = cosines.into_iter().flat_map(|cosine| {
        [
            [1e-6, 0.0, cosine],
            [0.9, 0.0, cosine],
            [0.2, 9.0, cosine],
            [5.0, 999.0, cosine],
        ]
    });
    let inputs = inputs(8, edges.collect(), |rng| {
        let cosine = match rng.random_range(0..3) {
            0 => log_uniform(rng, 1e-6, 1.0),
            _ => rng.random_range(-0.1..1.0),
        };
        let layer = rng.random_range(0..100) as f32;
        [log_uniform(rng, 1e-6, 5.0), layer, cosine]
    });
    let body = "put(0u, absorbed_fraction(real(0u), u32(real(1u)), real(2u)));";
    let kernel = in_render(body);
    check(
        "absorbed_fraction",
        kernel,
        ABSORBED_FRACTION,
        &inputs,
        |input, [found]| {
            let [depth, layer, cosine] = input;
            let expected = absorption::absorbed_fraction(depth, layer as u32, cosine);
            error_over(
                found,
                expected,
                expected * (1.0 + exponent(depth, layer, cosine)),
            )
        },
    );
}

/// Optical depth of the layers in front.
fn exponent(depth: f64, layer: f64, cosine: f64) -> f64 {
    if cosine > 0.0 {
        layer * depth / cosine
    } else {
        0.0
    }
}

#[test]
fn one_minus_exp() {
    let edges = [0.0, 1e-12, 0.5, 0.499_999_97, 88.0, 1e30].map(|x| [x]);
    let inputs = inputs(9, edges.to_vec(), |rng| {
        [match rng.random_range(0..2) {
            0 => rng.random_range(0.0..2.0),
            _ => log_uniform(rng, 1e-12, 100.0),
        }]
    });
    let kernel = in_render("put(0u, one_minus_exp(real(0u)));");
    check(
        "one_minus_exp",
        kernel,
        ONE_MINUS_EXP,
        &inputs,
        |[x], [found]| relative(found, -(-x).exp_m1()),
    );
}

#[test]
fn mean_depth() {
    let cosines = [1.0, 0.5, 1e-3, 1e-12, 1e-30, 0.0, -1e-12, -1.0];
    let edges = cosines.into_iter().flat_map(|cosine| {
        [1e-6, 0.01, 0.499_999_97, 0.5, 0.999_999_94, 1.0, 100.0].map(|depth| [depth, cosine])
    });
    let inputs = inputs(55, edges.collect(), |rng| {
        let cosine = match rng.random_range(0..3) {
            0 => log_uniform(rng, 1e-6, 1.0),
            _ => rng.random_range(-0.1..1.0),
        };
        [log_uniform(rng, 1e-6, 5.0), cosine]
    });
    let kernel = in_render("put(0u, mean_depth(real(0u), real(1u)));");
    check(
        "mean_depth",
        kernel,
        MEAN_DEPTH,
        &inputs,
        |[depth, cosine], [found]| relative(found, absorption::mean_depth(depth, cosine)),
    );
}

/// A place, something that it sees, and what a source of X-rays is like; optical depth and layer.
struct Case {
    place: Place,
    seen: View,
    kahn: f64,
    weight: f64,
    optical_depth: f64,
    layer: f64,
}

/// Words of a [`Case`]: panel, tile and source, Kahn's factor, layer, distance and direction.
const CASE: usize = PANEL + TILE + SOURCE + 6;
/// Reads the view of a [`Case`].
const SEEN: &str = "
fn seen_at(k: u32) -> View { return View(real(k), real3(k + 1u), vec3<f32>(0.0)); }
";

fn cases(stream: u32) -> Vec<(Case, [f32; CASE])> {
    inputs(stream, Vec::new(), |rng| {
        let place = Place::draw(rng, false);
        let optical_depth = [0.0, log_uniform(rng, 1e-3, 3.0)][rng.random_range(0..2)];
        let p = vector(rng).as_dvec3() * (8.0 * place.panel.pixel_size_m);
        let seen = view(place.centre + p);
        let (distance, diffracted) = (seen.distance as f32, seen.diffracted.as_vec3());
        let fields = fields(rng).map(|v| v.to_array());
        let [inverse_wavelength, weight] = [(); 2].map(|()| rng.random_range(0.1..2.0f32));
        let kahn = rng.random_range(-1.0..1.0f32);
        let layer = rng.random_range(0..10) as f32;
        let words = joined(&[
            &place.words(optical_depth),
            fields.as_flattened(),
            &[inverse_wavelength, weight, kahn, layer, distance],
            &diffracted.to_array(),
        ]);
        let case = Case {
            place,
            seen: View {
                position: seen.position,
                distance: distance.into(),
                diffracted: diffracted.as_dvec3(),
            },
            kahn: kahn.into(),
            weight: weight.into(),
            optical_depth: optical_depth.into(),
            layer: layer.into(),
        };
        (case, words)
    })
}

impl Case {
    /// Ω over the panel's unit, of a layer at its mean depth or of one at its front face.
    fn solid_angle(&self, point_pixels: bool, at_mean_depth: bool) -> f64 {
        let Panel { pixel_size_m, .. } = self.place.panel;
        let close = match at_mean_depth && self.optical_depth > 0.0 {
            true => self.seen.distance * self.seen.diffracted.dot(self.place.panel.normal),
            false => self.place.panel.close_distance_m(),
        };
        solid_angle::solid_angle(pixel_size_m, close, self.seen.distance, point_pixels)
            / self.place.solid_angle_unit()
    }

    /// P for the source among `input`.
    fn polarisation(&self, input: &[f64; CASE]) -> f64 {
        let [incident, electric, magnetic] =
            [24, 27, 30].map(|word| DVec3::from_slice(&input[word..]));
        let diffracted = self.seen.diffracted;
        polarisation::polarisation(incident, electric, magnetic, diffracted, self.kahn)
    }

    /// A of the layer, and one more than the exponent of the layers in front.
    fn absorbed(&self) -> (f64, f64) {
        if self.optical_depth == 0.0 {
            return (if self.layer == 0.0 { 1.0 } else { 0.0 }, 1.0);
        }
        let cosine = self.seen.diffracted.dot(self.place.panel.normal);
        let absorbed = absorption::absorbed_fraction(self.optical_depth, self.layer as u32, cosine);
        // The cosine's own rounding counts for more where it is small.
        let layers = 1.0 + exponent(self.optical_depth, self.layer + 1.0, cosine);
        (absorbed, layers / cosine.clamp(1e-3, 1.0))
    }
}

#[test]
fn own_factors() {
    let body = "let panel = panel_at(0u); let source = source_at(24u); let seen = seen_at(37u);
        put(0u, own_solid_angle(panel, seen));
        put(1u, own_polarisation(real(35u), source, seen));
        put2(2u, applied_factors(real(35u), panel, source, seen, vec2<f32>(7.0, 0.25)));";
    for (own, polarised, point, sensor) in [
        (1, 1, 0, 1),
        (0, 1, 1, 2),
        (1, 0, 1, 0),
        (0, 0, 0, 0),
        (1, 1, 0, 2),
    ] {
        let kernel = in_render(body).helpers(READ).helpers(SEEN);
        let kernel = kernel
            .constant("POLARISED", polarised)
            .constant("POINT_PIXELS", point);
        let kernel = kernel
            .constant("OWN_SOLID_ANGLE", own)
            .constant("OWN_POLARISATION", own)
            .constant("SENSOR", sensor);
        check_cases(
            "applied_factors",
            kernel,
            APPLIED_FACTORS,
            &cases(50),
            |case, input, found: [f64; 4]| {
                let solid_angle = case.solid_angle(point == 1, sensor == 2);
                let polarisation = [1.0, case.polarisation(&input)][polarised as usize];
                let applied = [[7.0, 0.25], [solid_angle, polarisation]][own as usize];
                let errors = [
                    relative(found[0], solid_angle),
                    found[1] - polarisation,
                    relative(found[2], applied[0]),
                    found[3] - applied[1],
                ];
                errors.into_iter().map(f64::abs).fold(0.0, f64::max)
            },
        );
    }
}

#[test]
fn absorbed() {
    let body = "put(0u, absorbed(panel_at(0u), seen_at(37u), u32(real(36u))));";
    let kernel = in_render(body)
        .helpers(READ)
        .helpers(SEEN)
        .constant("SENSOR", 1);
    check_cases(
        "absorbed",
        kernel,
        ABSORBED,
        &cases(51),
        |case, _, [found]| {
            let (expected, size) = case.absorbed();
            error_over(found, expected, expected * size)
        },
    );
}

#[test]
fn layer_depth() {
    let body = "var panel = panel_at(0u);
        let along = vec2<f32>(2.0, -3.0) * panel.pixel_size_m;
        put(0u, layer_depth(tile_at(14u), panel, along, u32(real(36u))));
        put(1u, f32(has_mean_depths(panel)));
        panel.curvature_m = 1.0;
        put(2u, layer_depth(tile_at(14u), panel, along, u32(real(36u))));";
    for sensor in [0, 1, 2] {
        let kernel = in_render(body).helpers(READ).constant("SENSOR", sensor);
        check_cases(
            "layer_depth",
            kernel,
            LAYER_DEPTH,
            &cases(56),
            |case, _, found: [f64; 3]| {
                let size = case.place.panel.pixel_size_m;
                let along = DVec2::new(2.0, -3.0) * size;
                let front = case.layer * 2.0 * size;
                let mean = sensor == 2 && case.optical_depth > 0.0;
                let expected = match mean {
                    true => (case.place).mean_layer_depth(along, case.optical_depth, case.layer),
                    false => front,
                };
                let has = case.optical_depth > 0.0;
                assert_eq!(found[1], f64::from(u8::from(has)));
                let errors = [found[0] - expected, found[2] - front];
                let worst = errors.into_iter().map(f64::abs).fold(0.0, f64::max);
                worst / ((case.layer + 1.0) * 2.0 * size)
            },
        );
    }
}

#[test]
fn is_dropped() {
    let edges = vec![[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, -1.000_000_1, 0.0]];
    let edges = edges
        .into_iter()
        .map(|input: [f32; 4]| input.map(f32::to_bits));
    let inputs = inputs(52, edges.collect(), |rng| {
        joined::<4>(&[&[rng.random_range(0.0..2.0)], &vector(rng).to_array()]).map(f32::to_bits)
    });
    for limited in [0, 1, 2u32] {
        let kernel = in_render("put_word(0u, u32(is_dropped(real(0u), real3(1u))));");
        let kernel = kernel.constant("RESOLUTION", limited);
        let near = |[limit, x, y, z]: [u32; 4]| {
            let [limit, x, y, z] = [limit, x, y, z].map(|word| f64::from(f32::from_bits(word)));
            (limit, DVec3::new(x, y, z).length_squared())
        };
        // Within rounding of the limit either is right.
        let apart = |input: &&[u32; 4]| {
            let (limit, square) = near(**input);
            square == limit || (square / limit - 1.0).abs() > 4e-7
        };
        let inputs: Vec<_> = inputs.iter().filter(apart).copied().collect();
        check_words("is_dropped", kernel, &inputs, |input| {
            let (limit, square) = near(input);
            [u32::from(limited != 0 && square > limit)]
        });
    }
}

#[test]
fn debye_waller() {
    let edges = [[0.0, 1.0, 1.0, 1.0], [-20.0, 0.0, 0.0, 0.0]].to_vec();
    let inputs = inputs(57, edges, |rng| {
        joined::<4>(&[&[rng.random_range(-40.0..20.0)], &vector(rng).to_array()])
    });
    let kernel = in_render("put(0u, debye_waller(real(0u), real3(1u)));");
    check(
        "debye_waller",
        kernel,
        DEBYE_WALLER,
        &inputs,
        |[damping, x, y, z], [found]| {
            let q = DVec3::new(x, y, z);
            let b_factor = -damping * 4f64.ln();
            let expected = debye_waller::debye_waller(b_factor, q);
            let exponent = damping * q.length_squared();
            error_over(found, expected, expected * (1.0 + exponent.abs()))
        },
    );
}

#[test]
fn view_factor() {
    let body = "var scene: Scene;
        scene.kahn_factor = real(35u);
        scene.scattering_limit_squared = 0.5;
        scene.damping = -3.0;
        let q = vec3<f32>(0.0, 0.0, select(0.7, 0.71, real(35u) < 0.0));
        let first = vec2<f32>(0.5, 0.75);
        put(0u, view_factor(
            scene, panel_at(0u), source_at(24u), seen_at(37u), q, first, u32(real(36u))));";
    for (own, resolution) in [(0, 1), (1, 1), (0, 2)] {
        let kernel = in_render(body).helpers(READ).helpers(SEEN);
        let kernel = kernel
            .constant("SENSOR", 1)
            .constant("RESOLUTION", resolution);
        let kernel = kernel
            .constant("OWN_SOLID_ANGLE", own)
            .constant("OWN_POLARISATION", own);
        check_cases(
            "view_factor",
            kernel,
            VIEW_FACTOR,
            &cases(53),
            |case, input, [found]| {
                let (absorbed, size) = case.absorbed();
                let (solid_angle, polarisation) = match own {
                    0 => (0.5, 0.75),
                    _ => (case.solid_angle(false, false), case.polarisation(&input)),
                };
                let damping = [1.0, (-3.0 * 0.49f64).exp2()][resolution as usize - 1];
                let expected = match case.kahn {
                    ..0.0 => 0.0,
                    _ => case.weight * solid_angle * polarisation * absorbed * damping,
                };
                error_over(found, expected, case.weight * solid_angle * absorbed * size)
            },
        );
    }
}

#[test]
fn first_factors() {
    let body = "var scene: Scene;
        scene.kahn_factor = real(35u);
        let source = source_at(24u);
        scene.first_incident = source.incident;
        scene.first_electric = source.electric;
        scene.first_magnetic = source.magnetic;
        let panel = panel_at(0u);
        let along = vec2<f32>(2.0, -3.0) * panel.pixel_size_m;
        put2(0u, first_factors(scene, tile_at(14u), panel, along, u32(real(36u))));";
    for (polarised, sensor) in [(0, 0), (1, 1), (1, 2)] {
        let kernel = in_render(body)
            .helpers(READ)
            .constant("POLARISED", polarised)
            .constant("SENSOR", sensor);
        check_cases(
            "first_factors",
            kernel,
            FIRST_FACTORS,
            &cases(54),
            |case, input, found: [f64; 2]| {
                let along = DVec2::new(2.0, -3.0) * case.place.panel.pixel_size_m;
                let mean = sensor == 2 && case.optical_depth > 0.0;
                let depth = match mean {
                    true => (case.place).mean_layer_depth(along, case.optical_depth, case.layer),
                    false => 0.0,
                };
                let seen = view(case.place.position_at(along, depth));
                let case = Case {
                    place: case.place.clone(),
                    seen,
                    ..*case
                };
                let polarisation = [1.0, case.polarisation(&input)][polarised as usize];
                let [solid_angle, found] = found;
                relative(solid_angle, case.solid_angle(false, mean))
                    .max((found - polarisation).abs())
            },
        );
    }
}
