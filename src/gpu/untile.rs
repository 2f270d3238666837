//! From tiles back to the image, on the host: what `shaders/place.wgsl` does, with the same bits.

use rayon::prelude::*;

use super::scaling::Scaling;
use super::tiles::{TilePlace, TileSize};
use crate::scene::Scene;

/// Puts the pixels of a band's tiles in their places, as photons.
pub fn untile(
    scene: &Scene,
    scaling: &Scaling,
    size: TileSize,
    band: &[TilePlace],
    values: &[f32],
    photons: &mut [f32],
) {
    let mut rest = photons;
    for (index, panel) in scene.panels.iter().enumerate() {
        let [width, height] = panel.shape;
        let (image, behind) = rest.split_at_mut(width * height);
        rest = behind;
        let factor = scaling.photons(scene, panel);
        // Tiles come panel by panel and row by row: those of one row of tiles fill rows of pixels
        // of their own.
        let [start, end] =
            [index, index + 1].map(|first| band.partition_point(|place| place.panel < first));
        let tiles: Vec<(&TilePlace, &[f32])> = band[start..end]
            .iter()
            .zip(values[start * size.pixels()..].chunks_exact(size.pixels()))
            .collect();
        let rows: Vec<&[(&TilePlace, &[f32])]> = tiles
            .chunk_by(|one, other| one.0.first[1] == other.0.first[1])
            .collect();
        let strip = width * size.edge();
        image
            .par_chunks_mut(strip)
            .enumerate()
            .for_each(|(strip_index, strip)| {
                let first_slow = strip_index * size.edge();
                let Ok(row) = rows.binary_search_by_key(&first_slow, |row| row[0].0.first[1])
                else {
                    return;
                };
                for (place, values) in rows[row] {
                    for (index, [fast, slow]) in place.pixels(panel, size) {
                        if scene.renders(panel, fast, slow) {
                            strip[(slow - first_slow) * width + fast] =
                                (f64::from(values[index]) * factor) as f32;
                        }
                    }
                }
            });
    }
}
