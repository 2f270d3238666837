//! Amorphous materials in the beam, laid out for a scene (PHYSICS §10).

use crate::experiment::Background;
use crate::physics::amorphous::Amorphous;
use crate::physics::scattering_profile::pieces;

/// The materials of `background`, in a scene of so many orientations.
pub(super) fn amorphous(background: &Background, orientations: usize) -> Vec<Amorphous> {
    let slabs = background.slabs.iter().map(|slab| Amorphous {
        weight: slab.molecules(background.beam_size_m) * orientations as f64,
        pieces: pieces(&slab.profile),
    });
    slabs.filter(|slab| slab.weight > 0.0).collect()
}
