//! Writing a geometry file of CrystFEL: where the panels of simulated images stand.
//!
//! The laboratory of CrystFEL is McStas': z along the beam, y up. The frames are those of our NXmx
//! files; CBF files hold the same pixels, and CrystFEL ignores the paths for them.

use std::fmt::Write;

use crate::experiment::photon_energy_ev;
use crate::formats::metadata::{Metadata, PanelPlace};

/// The geometry that `metadata` says, as text.
pub fn text(metadata: &Metadata) -> String {
    let mut text = format!(
        "; Written by nanobragg {}.\n; x to the left of one who looks along the beam, y up, z along \
         the beam.\n",
        crate::version::NUMBER
    );
    // Nothing can fail: the text grows in memory.
    let mut line = |key: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "{key} = {value}");
    };
    if let Some(wavelength_m) = metadata.wavelength_m {
        let energy = photon_energy_ev(wavelength_m);
        line("photon_energy", &format_args!("{energy} eV"));
    }
    line("adu_per_photon", &1);
    if let Some(saturation) = metadata.saturation {
        line("max_adu", &saturation);
    }
    line("data", &"/entry/data/data");
    for (dimension, meaning) in ["%", "ss", "fs"].iter().enumerate() {
        line(&format!("dim{dimension}"), meaning);
    }
    if metadata.mask.is_some() {
        line("mask0_data", &"/entry/instrument/detector/pixel_mask");
        line("mask0_goodbits", &"0x0");
        line("mask0_badbits", &"0xffffffff");
    }
    for (index, place) in metadata.panels.iter().enumerate() {
        let name = name(place, index);
        let mut of_panel = |key: &str, value: &dyn std::fmt::Display| {
            line(&format!("{name}/{key}"), value);
        };
        // Lengths are in pixels of the fast axis; a slow axis of another length is a longer vector.
        let [wide, high] = place.pixel_size_m;
        let [width, height] = place.shape;
        let corner = place.origin_m / wide;
        let (fast, slow) = (place.fast, place.slow * (high / wide));
        of_panel("clen", &format_args!("{} m", place.origin_m.z));
        of_panel("res", &(1.0 / wide));
        of_panel("min_fs", &0);
        of_panel("max_fs", &(width - 1));
        of_panel("min_ss", &place.first_row);
        of_panel("max_ss", &(place.first_row + height - 1));
        for (key, axis) in [("fs", fast), ("ss", slow)] {
            of_panel(
                key,
                &format_args!("{:+}x {:+}y {:+}z", axis.x, axis.y, axis.z),
            );
        }
        of_panel("corner_x", &corner.x);
        of_panel("corner_y", &corner.y);
    }
    text
}

/// The panel's own name, if CrystFEL takes it for one.
fn name(place: &PanelPlace, index: usize) -> String {
    let name = place.name.as_str();
    let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric());
    let meant = ["bad", "dim", "mask", "group", "rigid"];
    match plain && !name.is_empty() && !meant.iter().any(|start| name.starts_with(start)) {
        true => name.to_string(),
        false => format!("p{index}"),
    }
}
