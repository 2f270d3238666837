//! Where a sub-pixel is, and how the sample sees it: positions, views, and the tiles they are in.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use glam::{DMat3, DVec2, DVec3, Vec3};
use nanobragg::experiment::Panel;
use nanobragg::physics::absorption::mean_depth;
use nanobragg::physics::position::position;
use nanobragg::physics::solid_angle::solid_angle;
use nanobragg::physics::view::view;
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::{
    SCENE_WORDS, check, check_cases, check_words, error_over, in_render, inputs, joined,
    log_uniform, relative, unit_vector, vector,
};

/// Error over the value: one product.
const PIXEL_CORNER: f64 = 1.3e-7;
/// Error over the value: one product, after an exact sum.
const PART: f64 = 1.3e-7;
/// Error over sine and versine, near zero too, times one more than the turns: the angle is reduced once.
const SINE_AND_VERSINE: f64 = 6e-7;
/// Error over the vector's length times the angle, which is a few radians at most.
const TURN: f64 = 8e-7;
/// Error over the distance from the tile's centre.
const OFFSET: f64 = 1.2e-6;
/// Distances of their own size, directions of 1, and differences of directions of their own size.
const VIEW: f64 = 6e-7;

/// Reads a panel, a tile and a source from the words that [`Place::words`] and [`Place::source`]
/// make.
pub const READ: &str = "
fn panel_at(k: u32) -> Panel {
    var panel: Panel;
    panel.fast = real3(k);
    panel.slow = real3(k + 3u);
    panel.normal = real3(k + 6u);
    panel.pixel_size_m = real(k + 9u);
    panel.layer_thickness_m = 2.0 * panel.pixel_size_m;
    panel.close_distance_m = real(k + 10u);
    panel.solid_angle_unit = real(k + 11u);
    panel.curvature_m = real(k + 12u);
    panel.optical_depth = real(k + 13u);
    return panel;
}
fn tile_at(k: u32) -> Tile {
    var tile: Tile;
    tile.centre = real3(k);
    tile.distance = real(k + 3u);
    tile.direction = real3(k + 4u);
    tile.slow = real3(k + 7u);
    return tile;
}
fn source_at(k: u32) -> Source {
    var source: Source;
    source.incident = real3(k);
    source.electric = real3(k + 3u);
    source.magnetic = real3(k + 6u);
    source.inverse_wavelength = real(k + 9u);
    source.weight = real(k + 10u);
    return source;
}
";
/// Floats of a panel.
pub const PANEL: usize = 14;
/// Floats of a tile.
pub const TILE: usize = 10;
/// Floats of a source.
pub const SOURCE: usize = 11;
/// Edge of the tiles, pixels: two to a thread.
pub const EDGE: usize = 16;

/// A panel whose numbers float32 holds exactly, and a tile on it.
#[derive(Debug, Clone)]
pub struct Place {
    pub panel: Panel,
    /// The tile's first pixel.
    pub first: [usize; 2],
    /// The tile's centre, m.
    pub centre: DVec3,
}

impl Place {
    /// Somewhere on a panel that is `curved` or not, and faces the sample more or less.
    pub fn draw(rng: &mut PhiloxStream, curved: bool) -> Place {
        let normal = unit_vector(rng);
        let fast = normal.cross(unit_vector(rng)).normalize();
        let slow = normal.cross(fast);
        let [normal, fast, slow] = [normal, fast, slow].map(Vec3::as_dvec3);
        let close = f64::from(log_uniform(rng, 0.05, 1.0));
        let pixel_size_m = f64::from(log_uniform(rng, 2e-5, 2e-4));
        let across = vector(rng).as_dvec3() * close;
        let panel = Panel {
            name: String::new(),
            origin_m: close * normal + across.x * fast + across.y * slow,
            fast,
            slow,
            normal,
            pixel_size_m,
            shape: [4096; 2],
            curved_m: curved.then_some(close * normal),
            sensor: None,
            mask: None,
        };
        let first = [(); 2].map(|()| EDGE * rng.random_range(0..256usize));
        let mut place = Place {
            panel,
            first,
            centre: DVec3::ZERO,
        };
        place.centre = place.position_at(DVec2::ZERO, 0.0);
        place
    }

    /// The position `along` m from the tile's centre on the flat panel, `depth` m in the sensor, in m
    /// from the sample.
    pub fn position_at(&self, along: DVec2, depth: f64) -> DVec3 {
        // The formula gives the middle of a pixel.
        let shift = along - 0.5 * self.panel.pixel_size_m;
        let shifted = Panel {
            origin_m: self.panel.origin_m + shift.x * self.panel.fast + shift.y * self.panel.slow,
            ..self.panel.clone()
        };
        let middle = self.first.map(|first| first + EDGE / 2);
        position(&shifted, 1, middle, [0, 0], depth)
    }

    /// The depth, m, at which `layer` stops photons on average that come `along` m from the tile's
    /// centre; layers are two pixels thick and have this `optical_depth`.
    pub fn mean_layer_depth(&self, along: DVec2, optical_depth: f64, layer: f64) -> f64 {
        let thickness = 2.0 * self.panel.pixel_size_m;
        let front = view(self.position_at(along, layer * thickness));
        let cosine = front.diffracted.dot(self.panel.normal);
        (layer + mean_depth(optical_depth, cosine)) * thickness
    }

    /// The sphere's radius, m; 0 for a flat panel.
    fn radius(&self) -> f64 {
        self.panel.curved_m.map_or(0.0, DVec3::length)
    }

    /// The solid angle that those of the panel are over.
    pub fn solid_angle_unit(&self) -> f64 {
        let close = self.panel.close_distance_m();
        solid_angle(self.panel.pixel_size_m, close, close, false)
    }

    /// The panel and the tile, for [`READ`].
    pub fn words(&self, optical_depth: f32) -> [f32; PANEL + TILE] {
        let Panel {
            fast, slow, normal, ..
        } = self.panel;
        let corner = self.panel.origin_m
            + (self.first[0] + EDGE / 2) as f64 * self.panel.pixel_size_m * fast
            + (self.first[1] + EDGE / 2) as f64 * self.panel.pixel_size_m * slow;
        let turned = match self.panel.curved_m {
            None => slow,
            Some(_) => DMat3::from_axis_angle(fast, corner.z / self.radius()) * slow,
        };
        let three = |v: DVec3| v.as_vec3().to_array();
        joined(&[
            &three(fast),
            &three(slow),
            &three(normal),
            &[
                self.panel.pixel_size_m as f32,
                self.panel.close_distance_m() as f32,
                self.solid_angle_unit() as f32,
                self.radius() as f32,
                optical_depth,
            ],
            &three(self.centre),
            &[self.centre.length() as f32],
            &three(self.centre.normalize()),
            &three(turned),
        ])
    }
}

/// A flat or curved panel.
fn place(rng: &mut PhiloxStream) -> Place {
    let curved = rng.random_range(0..2) == 0;
    Place::draw(rng, curved)
}

#[test]
fn pixel_corner() {
    let edges = vec![[1e-4, 0.0, 0.0], [1e-4, 15.0, 8.0]];
    let inputs = inputs(40, edges, |rng| {
        let pixel = [(); 2].map(|()| rng.random_range(0..EDGE) as f32);
        [log_uniform(rng, 1e-6, 1e-2), pixel[0], pixel[1]]
    });
    let body = "var panel: Panel;
        panel.pixel_size_m = real(0u);
        put2(0u, pixel_corner(panel, vec2<u32>(real2(1u))));";
    let kernel = in_render(body).constant("EDGE", 2);
    check(
        "pixel_corner",
        kernel,
        PIXEL_CORNER,
        &inputs,
        |[size, x, y], found: [f64; 2]| {
            let middle = EDGE as f64 / 2.0;
            let errors = [x, y].into_iter().zip(found);
            let errors = errors.map(|(pixel, found)| relative(found, (pixel - middle) * size));
            errors.fold(0.0, f64::max)
        },
    );
}

#[test]
fn pixel_in_tile() {
    for edge in [1, 2u32] {
        let edges = (0..64).flat_map(|lane| (0..edge * edge).map(move |k| [lane, k]));
        let kernel = in_render(
            "let at = pixel_in_tile(word(0u), word(1u)); put_word(0u, at.x); put_word(1u, at.y);",
        );
        let kernel = kernel.constant("EDGE", edge);
        check_words(
            "pixel_in_tile",
            kernel,
            &edges.collect::<Vec<_>>(),
            |[lane, k]| [edge * (lane % 8) + k % edge, edge * (lane / 8) + k / edge],
        );
    }
}

#[test]
fn part_of() {
    const OVERSAMPLE: u32 = 3;
    let mut scene = vec![0; SCENE_WORDS];
    scene[50] = OVERSAMPLE;
    let inputs = inputs(41, vec![[0.0, 1e-4], [8.0, 1e-4], [9.0, 1e-4]], |rng| {
        [
            rng.random_range(0..100) as f32,
            log_uniform(rng, 1e-6, 1e-3),
        ]
    });
    let body = "let part = part_of(u32(real(0u)), real(1u));
        put2(0u, part.along); put(2u, f32(part.layer));";
    let kernel = in_render(body).uniform(0, scene);
    check(
        "part_of",
        kernel,
        PART,
        &inputs,
        |[v, sub], [x, y, layer]| {
            let (v, edge) = (v as u32, OVERSAMPLE);
            assert_eq!(layer, f64::from(v / (edge * edge)));
            let expected = [v % edge, v / edge % edge].map(|step| (f64::from(step) + 0.5) * sub);
            relative(x, expected[0]).max(relative(y, expected[1]))
        },
    );
}

#[test]
fn tiles_of_a_slice() {
    let slice = [100, 50, 7].into_iter().chain([0; 13]).collect();
    let edges = vec![[0, 0], [6, 7], [49, 0], [50, 0], [1, 7], [2, 7]];
    let inputs = inputs(42, edges, |rng| {
        [rng.random_range(0..7), rng.random_range(0..9)]
    });
    let body = "let tile = tile_of(vec3<u32>(word(0u), word(1u), 0u));
        put_word(0u, tile); put_word(1u, u32(is_beyond(tile)));";
    let kernel = in_render(body).uniform(1, slice);
    check_words("tile_of", kernel, &inputs, |[x, y]| {
        let tile = 100 + x + 7 * y;
        [tile, u32::from(tile >= 150)]
    });
}

#[test]
fn sine_and_versine() {
    let edges = [0.0, 1e-30, -1e-6, FRAC_PI_2, PI, -PI, TAU];
    let inputs = inputs(43, edges.map(|x| [x]).to_vec(), |rng| {
        [match rng.random_range(0..2) {
            0 => rng.random_range(-3.0..3.0),
            _ => log_uniform(rng, 1e-9, 3.0),
        }]
    });
    let kernel = in_render("put2(0u, sine_and_versine(real(0u)));");
    check(
        "sine_and_versine",
        kernel,
        SINE_AND_VERSINE,
        &inputs,
        |[x], [sine, versine]| {
            // 1 - cos x without its cancellation; sines near half a turn are of the angle's rounding.
            let expected = 2.0 * (x / 2.0).sin().powi(2);
            let sine = error_over(sine, x.sin(), x.sin().abs() + x.abs() / 4.0);
            sine.max(error_over(
                versine,
                expected,
                expected + x.abs() / 4.0 * x.sin().abs(),
            ))
        },
    );
}

#[test]
fn turn() {
    let inputs = inputs(44, Vec::new(), |rng| {
        let angle = match rng.random_range(0..3) {
            0 => rng.random_range(-3.0..3.0),
            _ => log_uniform(rng, 1e-6, 1.0),
        };
        joined::<7>(&[
            &vector(rng).to_array(),
            &unit_vector(rng).to_array(),
            &[angle],
        ])
    });
    let kernel = in_render("put3(0u, turn(real3(0u), real3(3u), real(6u)));");
    check("turn", kernel, TURN, &inputs, |input, found: [f64; 3]| {
        let (vector, axis) = (DVec3::from_slice(&input), DVec3::from_slice(&input[3..]));
        let angle = input[6];
        let across = axis.cross(vector);
        let versine = 2.0 * (angle / 2.0).sin().powi(2);
        let expected = angle.sin() * across + versine * axis.cross(across);
        let error = (DVec3::from_array(found) - expected).length();
        error_over(error, 0.0, vector.length() * angle.abs())
    });
}

#[test]
fn offset() {
    /// Layers' depths, m.
    const DEPTH: f32 = 1e-4;
    let cases = inputs(45, Vec::new(), |rng| {
        let place = place(rng);
        let size = place.panel.pixel_size_m as f32;
        let [x, y] = [(); 2].map(|()| size * rng.random_range(-8.0..8.0f32));
        let depth = [0.0, DEPTH][rng.random_range(0..2)];
        let words = joined::<{ PANEL + TILE + 3 }>(&[&place.words(0.0), &[x, y, depth]]);
        (place, words)
    });
    let body = "put3(0u, offset(tile_at(14u), panel_at(0u), real2(24u), real(26u)));";
    let kernel = in_render(body).helpers(READ).constant("CURVED", 1);
    check_cases(
        "offset",
        kernel,
        OFFSET,
        &cases,
        |place, input, found: [f64; 3]| {
            let [x, y, depth] = [24, 25, 26].map(|word| input[word]);
            let along = DVec2::new(x, y);
            let expected = place.position_at(along, depth) - place.centre;
            let error = (DVec3::from_array(found) - expected).length();
            error_over(error, 0.0, along.length() + depth)
        },
    );
}

#[test]
fn view_of_an_offset() {
    let inputs = inputs(46, Vec::new(), |rng| {
        let place = place(rng);
        let p = vector(rng) * (8.0 * place.panel.pixel_size_m as f32);
        joined::<{ PANEL + TILE + 3 }>(&[&place.words(0.0), &p.to_array()])
    });
    let body = "let seen = view(tile_at(14u), real3(24u));
        put(0u, seen.distance); put3(1u, seen.diffracted); put3(4u, seen.turned);";
    let kernel = in_render(body).helpers(READ);
    check("view", kernel, VIEW, &inputs, |input, found: [f64; 7]| {
        let (centre, p) = (
            DVec3::from_slice(&input[14..]),
            DVec3::from_slice(&input[24..]),
        );
        let (from, expected) = (view(centre), view(centre + p));
        let vector = |at: usize| DVec3::from_slice(&found[at..]);
        let turned = expected.diffracted - from.diffracted;
        let errors = [
            relative(found[0], expected.distance),
            (vector(1) - expected.diffracted).length(),
            (vector(4) - turned).length() / (p.length() / expected.distance),
        ];
        errors.into_iter().fold(0.0, f64::max)
    });
}
