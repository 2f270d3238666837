//! The detector cut into tiles of 8 × 8 pixels, each with the exact direction of its centre.

use rayon::prelude::*;

use super::digits::{factor_digits, packed};
use super::layout::{PanelEntry, TILE, TileEntry};
use crate::experiment::Panel;
use crate::geometry::rotation_about;
use crate::scene::Scene;

/// Where a tile's pixels are in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePlace {
    /// Index of the panel.
    pub panel: usize,
    /// Fast and slow coordinate of its first pixel on the panel.
    pub first: [usize; 2],
}

/// Every tile of `scene` that holds a pixel to render, row by row.
pub fn tile_places(scene: &Scene) -> Vec<TilePlace> {
    let mut places = Vec::new();
    for (index, panel) in scene.panels.iter().enumerate() {
        let [width, height] = panel.shape;
        for slow in (0..height).step_by(TILE) {
            for fast in (0..width).step_by(TILE) {
                let place = TilePlace {
                    panel: index,
                    first: [fast, slow],
                };
                if place
                    .pixels(panel)
                    .any(|(_, [fast, slow])| scene.renders(panel, fast, slow))
                {
                    places.push(place);
                }
            }
        }
    }
    places
}

impl TilePlace {
    /// The tile's pixels that lie on its panel: number within the tile, and coordinates.
    pub fn pixels(&self, panel: &Panel) -> impl Iterator<Item = (usize, [usize; 2])> + use<> {
        let ([first_fast, first_slow], [width, height]) = (self.first, panel.shape);
        (0..TILE * TILE)
            .map(move |lane| (lane, [first_fast + lane % TILE, first_slow + lane / TILE]))
            .filter(move |(_, [fast, slow])| *fast < width && *slow < height)
    }
}

/// The tiles as the kernel reads them.
pub fn tile_entries(panels: &[Panel], places: &[TilePlace]) -> Vec<TileEntry> {
    places
        .par_iter()
        .map(|place| tile_entry(&panels[place.panel], place))
        .collect()
}

fn tile_entry(panel: &Panel, place: &TilePlace) -> TileEntry {
    // The corner between the middle pixels.
    let [along_fast, along_slow] = place
        .first
        .map(|first| (first + TILE / 2) as f64 * panel.pixel_size_m);
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
    let mut digits = [0; 6];
    let components = direction.to_array().map(factor_digits);
    for (word, packed) in digits
        .iter_mut()
        .zip(components.iter().flat_map(|digits| packed(digits)))
    {
        *word = packed;
    }
    TileEntry {
        centre: centre.as_vec3().to_array(),
        distance: distance as f32,
        direction: direction.as_vec3().to_array(),
        panel: place.panel as u32,
        slow: slow.as_vec3().to_array(),
        digits,
        padding: [0; 3],
    }
}

/// The solid angle that those of a panel are given over on the device, so that they are near 1.
pub fn solid_angle_unit(panel: &Panel, point_pixels: bool) -> f64 {
    let close = panel.close_distance_m();
    crate::cpu::solid_angle::solid_angle(panel.pixel_size_m, close, close, point_pixels)
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
        padding: [0; 3],
    };
    scene.panels.iter().map(entry).collect()
}
