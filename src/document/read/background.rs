//! What scatters beside the crystal.

use std::sync::Arc;

use super::Reading;
use super::atoms::Reach;
use crate::document::choices::SlabKeys;
use crate::document::error::DocumentError;
use crate::document::keys::key;
use crate::document::message::{Message, message};
use crate::experiment::{Background, Slab};
use crate::formats::profile_table;
use crate::physics::scattering_profile::overshoot;

impl Reading<'_> {
    /// What scatters beside the crystal, in a beam of this size, as far as `reach`.
    pub fn background(
        &mut self,
        beam_size_m: f64,
        reach: &Reach,
    ) -> Result<Background, DocumentError> {
        let keys = &self.document.background;
        let listed = keys.slabs.as_deref().unwrap_or_default();
        self.inputs
            .extend(listed.iter().map(|slab| slab.file.clone()));
        self.notices.extend(listed.iter().filter_map(nothing_of));
        let mut slabs = Vec::new();
        for keys in listed {
            let slab = Slab {
                name: keys.file.display().to_string(),
                profile: Arc::new(profile_table::read(
                    &keys.file,
                    keys.against.unwrap_or_default(),
                    self.most(),
                )?),
                thickness_m: keys.thickness_mm * 1e-3,
                density_kg_per_m3: keys.density_g_per_cm3 * 1e3,
                molar_mass_kg: keys.molar_mass_g_per_mol * 1e-3,
            };
            self.notices.extend(uneven(keys, &slab));
            self.notices.extend(beyond(keys, &slab, reach));
            slabs.push(slab);
        }
        Ok(Background {
            water_m: keys.water.unwrap_or(0.0) * 1e-6,
            slabs,
            beam_size_m,
        })
    }
}

/// A line where there is nothing of the material.
fn nothing_of(keys: &SlabKeys) -> Option<Message> {
    let none = [
        ("thickness", keys.thickness_mm),
        ("density", keys.density_g_per_cm3),
    ];
    let (what, _) = none.into_iter().find(|(_, value)| *value == 0.0)?;
    let file = keys.file.display();
    Some(message!(
        "{} {} has no effect: its {} is 0",
        &key::background::slabs,
        file,
        what
    ))
}

/// A line where the table is too uneven for cubics.
fn uneven(keys: &SlabKeys, slab: &Slab) -> Option<Message> {
    let (stol, f) = overshoot(&slab.profile)?;
    Some(message!(
        "{} {}: between its entries the table's F reaches {} at sin θ/λ = {} 1/Å, far beyond them; \
cubics need evenly spaced entries",
        &key::background::slabs,
        keys.file.display(),
        format!("{f:.4}"),
        format!("{stol:.4}")
    ))
}

/// A line where the image reaches beyond the table.
fn beyond(keys: &SlabKeys, slab: &Slab, reach: &Reach) -> Option<Message> {
    let last = slab.profile.entries().last()?.stol_per_m;
    let furthest = reach.s_max() / 2.0;
    (furthest > last && slab.profile.entries().len() > 1).then(|| {
        message!(
            "{} {}: the image reaches sin θ/λ = {} 1/Å and the table ends at {}; beyond it F goes on \
             in the straight line of its last two entries, as in nonBragg.c",
            &key::background::slabs,
            keys.file.display(),
            format!("{:.4}", furthest * 1e-10),
            format!("{:.4}", last * 1e-10)
        )
    })
}
