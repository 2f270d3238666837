//! What scatters beside the crystal, on the device.

use super::buffers::Scaling;
use super::layout::{AmorphousEntry, PieceEntry};
use super::tiles::TileSize;
use crate::scene::{Amorphous, ProfilePiece, Scene};

/// The pieces of all materials as the kernel reads them, one after the other, and the materials; at
/// least one of each, for there must be something to bind.
pub fn entries(scene: &Scene, scaling: &Scaling) -> (Vec<PieceEntry>, Vec<AmorphousEntry>) {
    let none = Amorphous {
        weight: 0.0,
        pieces: vec![ProfilePiece {
            start: 0.0,
            coefficients: [0.0; 4],
        }],
    };
    let materials = match &scene.amorphous[..] {
        [] => std::slice::from_ref(&none),
        some => some,
    };
    let mut pieces = Vec::new();
    let mut entries = Vec::new();
    for material in materials {
        entries.push(AmorphousEntry {
            first: pieces.len() as u32,
            count: material.pieces.len() as u32,
            weight: (material.weight / scaling.intensity) as f32,
        });
        pieces.extend(material.pieces.iter().map(|piece| PieceEntry {
            coefficients: piece.coefficients.map(|coefficient| coefficient as f32),
            start: piece.start as f32,
            padding: [0; 3],
        }));
    }
    (pieces, entries)
}

/// Loop iterations of a thread for one view of one source, no loop unrolled.
pub fn iterations(scene: &Scene, size: TileSize) -> u32 {
    let pixels = (size.per_thread * size.per_thread) as u32;
    let searches = scene.amorphous.iter().map(|material| {
        let pieces = material.pieces.len() as u32;
        2 + pieces.next_power_of_two().ilog2()
    });
    pixels * (1 + searches.sum::<u32>())
}
