//! The detector cut into square tiles, each with the exact direction of its centre.

use glam::{DVec3, Vec3};
use rayon::prelude::*;

use super::accuracy::is_fine;
use super::digits::{factor_digits, packed};
use super::layout::{GROUP, PanelEntry, TileEntry};
use crate::experiment::Panel;
use crate::geometry::rotation_about;
use crate::physics::solid_angle::solid_angle;
use crate::scene::Scene;

/// Tiles reach this many turns of phase from their centre, at most, if their threads render
/// several pixels: float32 loses about 1e-7 of the lattice factor a turn.
const MOST_TURNS: f64 = 32.0;

/// The size of the tiles of a render.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileSize {
    /// A thread renders this many pixels along fast and as many along slow.
    pub per_thread: usize,
}

impl TileSize {
    const SMALL: TileSize = TileSize { per_thread: 1 };

    /// The size for `scene`. With indices in fixed point, the registers of a thread hold those of
    /// one pixel.
    pub fn of(scene: &Scene) -> TileSize {
        if is_fine(scene) {
            TileSize::SMALL
        } else {
            TileSize::in_float32(scene)
        }
    }

    /// The larger size where float32 allows: four pixels to a thread share what a thread does
    /// but once.
    pub fn in_float32(scene: &Scene) -> TileSize {
        let wide = TileSize { per_thread: 2 };
        if wide.turns(scene, scene.lattice.cells) <= MOST_TURNS {
            wide
        } else {
            TileSize::SMALL
        }
    }

    /// Turns of phase between a tile's centre and its corner, at most, of a crystal that makes
    /// `sharpness` turns over each Miller index.
    pub fn turns(self, scene: &Scene, sharpness: [f64; 3]) -> f64 {
        let edges = scene.orientations.first().map_or([0.0; 3], |first| {
            let rows = first.index_of.transpose();
            [
                rows.x_axis.length(),
                rows.y_axis.length(),
                rows.z_axis.length(),
            ]
        });
        let crystal = edges
            .into_iter()
            .zip(sharpness)
            .map(|(edge, sharpness)| edge * sharpness);
        let crystal = crystal.fold(0.0, f64::max);
        let shortest = scene
            .sources
            .iter()
            .map(|source| source.wavelength_m)
            .fold(f64::MAX, f64::min);
        let widest = scene.panels.iter().map(|panel| {
            let diagonals = [panel.fast + panel.slow, panel.fast - panel.slow];
            let diagonal = diagonals.map(DVec3::length).into_iter().fold(0.0, f64::max);
            let half_diagonal = panel.pixel_size_m * self.edge() as f64 * diagonal / 2.0;
            half_diagonal / panel.close_distance_m()
        });
        widest.fold(0.0, f64::max) * crystal / shortest
    }

    /// Edge of a tile, pixels.
    pub fn edge(self) -> usize {
        GROUP * self.per_thread
    }

    /// Pixels of a tile.
    pub fn pixels(self) -> usize {
        self.edge() * self.edge()
    }

    /// The coordinates within its tile of the pixel that the kernel puts at `place`.
    pub fn pixel(self, place: usize) -> [usize; 2] {
        let own_pixels = self.per_thread * self.per_thread;
        let (lane, own) = (place / own_pixels, place % own_pixels);
        [
            self.per_thread * (lane % GROUP) + own % self.per_thread,
            self.per_thread * (lane / GROUP) + own / self.per_thread,
        ]
    }
}

/// Where a tile's pixels are in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePlace {
    /// Index of the panel.
    pub panel: usize,
    /// Fast and slow coordinate of its first pixel on the panel.
    pub first: [usize; 2],
}

/// Every tile of `scene` that holds a pixel to render, row by row.
pub fn tile_places(scene: &Scene, size: TileSize) -> Vec<TilePlace> {
    let mut places = Vec::new();
    for (index, panel) in scene.panels.iter().enumerate() {
        let [width, height] = panel.shape;
        for slow in (0..height).step_by(size.edge()) {
            for fast in (0..width).step_by(size.edge()) {
                let place = TilePlace {
                    panel: index,
                    first: [fast, slow],
                };
                let mut pixels = place.pixels(panel, size);
                if pixels.any(|(_, [fast, slow])| scene.renders(panel, fast, slow)) {
                    places.push(place);
                }
            }
        }
    }
    places
}

impl TilePlace {
    /// The tile's pixels that lie on its panel: place within the tile, and coordinates.
    pub fn pixels(
        &self,
        panel: &Panel,
        size: TileSize,
    ) -> impl Iterator<Item = (usize, [usize; 2])> + use<> {
        let ([first_fast, first_slow], [width, height]) = (self.first, panel.shape);
        (0..size.pixels())
            .map(move |place| {
                let [fast, slow] = size.pixel(place);
                (place, [first_fast + fast, first_slow + slow])
            })
            .filter(move |(_, [fast, slow])| *fast < width && *slow < height)
    }
}

/// The tiles as the kernel reads them.
pub fn tile_entries(scene: &Scene, places: &[TilePlace], size: TileSize) -> Vec<TileEntry> {
    places
        .par_iter()
        .map(|place| tile_entry(scene, place, size))
        .collect()
}

fn tile_entry(scene: &Scene, place: &TilePlace, size: TileSize) -> TileEntry {
    let panel = &scene.panels[place.panel];
    // The corner between the middle pixels.
    let [along_fast, along_slow] = place
        .first
        .map(|first| (first + size.edge() / 2) as f64 * panel.pixel_size_m);
    let flat = panel.origin_m + along_fast * panel.fast + along_slow * panel.slow;
    let (centre, slow) = match panel.curved_m {
        None => (flat, panel.slow),
        Some(middle) => {
            let radius = middle.length();
            let bend = rotation_about(panel.fast, flat.z / radius);
            (
                bend * (rotation_about(panel.slow, flat.y / radius) * middle),
                bend * panel.slow,
            )
        }
    };
    let distance = centre.length();
    let direction = centre / distance;
    let half_sub_pixel = panel.pixel_size_m / (2.0 * f64::from(scene.oversample));
    let layer = panel
        .sensor
        .map_or(0.0, |sensor| sensor.layer_thickness_m(scene.layers));
    let steps = [
        panel.fast * half_sub_pixel,
        panel.slow * half_sub_pixel,
        panel.normal * layer,
    ];
    let steps = steps.map(|step| step / distance);
    let padded = |vector: Vec3| vector.extend(0.0).to_array();
    TileEntry {
        centre: centre.as_vec3().to_array(),
        distance: distance as f32,
        direction: direction.as_vec3().to_array(),
        panel: place.panel as u32,
        slow: slow.as_vec3().to_array(),
        padding: 0,
        direction_low: rest(direction).to_array(),
        padding_low: 0,
        steps: steps.map(|step| padded(step.as_vec3())),
        steps_low: steps.map(|step| padded(rest(step))),
        digits: direction
            .to_array()
            .map(|part| packed(&factor_digits(part))),
        more_padding: [0; 2],
    }
}

/// What is left of `vector` in float32, as float32.
fn rest(vector: DVec3) -> Vec3 {
    (vector - vector.as_vec3().as_dvec3()).as_vec3()
}

/// The solid angle that those of a panel are given over on the device, so that they are near 1.
pub fn solid_angle_unit(panel: &Panel, point_pixels: bool) -> f64 {
    let close = panel.close_distance_m();
    solid_angle(panel.pixel_size_m, close, close, point_pixels)
}

/// The panels as the kernel reads them.
pub fn panel_entries(scene: &Scene) -> Vec<PanelEntry> {
    let entry = |panel: &Panel| PanelEntry {
        fast: panel.fast.as_vec3().to_array(),
        pixel_size_m: panel.pixel_size_m as f32,
        slow: panel.slow.as_vec3().to_array(),
        close_distance_m: panel.close_distance_m() as f32,
        normal: panel.normal.as_vec3().to_array(),
        solid_angle_unit: solid_angle_unit(panel, scene.point_pixels) as f32,
        curvature_m: panel.curved_m.map_or(0.0, |middle| middle.length() as f32),
        layer_thickness_m: panel
            .sensor
            .map_or(0.0, |sensor| sensor.layer_thickness_m(scene.layers) as f32),
        optical_depth: panel
            .sensor
            .map_or(0.0, |sensor| sensor.optical_depth(scene.layers) as f32),
        padding: 0,
    };
    scene.panels.iter().map(entry).collect()
}
