//! The quantities behind a pixel, under their names, with units and 15 digits.

use glam::DVec3;

use crate::cpu::PixelTrace;

/// One line a quantity: name, value or values, unit. Positions and indices are those of the last
/// sub-pixel, source and orientation.
pub fn pixel_quantities(trace: &PixelTrace) -> String {
    let PixelTrace {
        pixel: [fast, slow],
        last,
        ..
    } = trace;
    let vector = |v: DVec3| format!("{:.15e} {:.15e} {:.15e}", v.x, v.y, v.z);
    let scalar = |value: f64| format!("{value:.15e}");
    let rows = [
        ("position", vector(last.position_m), "m"),
        ("distance", scalar(last.distance_m), "m"),
        ("diffracted", vector(last.diffracted), ""),
        ("scattering_vector", vector(last.scattering_vector), "1/m"),
        ("stol", scalar(last.stol), "1/m"),
        ("hkl", vector(last.hkl), ""),
        ("nearest", vector(last.nearest), ""),
        ("f_latt", scalar(last.lattice_factor), ""),
        ("f_cell", scalar(last.cell_factor), "electrons"),
        ("absorbed", scalar(last.absorbed), ""),
        ("sum", scalar(trace.sum), "electrons^2"),
        ("polarisation", scalar(trace.polarisation), ""),
        ("solid_angle", scalar(trace.solid_angle), "sr"),
        ("scale", scalar(trace.scale), "1/sr/electrons^2"),
        ("photons", scalar(trace.photons), ""),
    ];
    let mut text = format!("pixel {fast} {slow}\n");
    for (name, value, unit) in rows {
        text.push_str(format!("{name} {value} {unit}").trim_end());
        text.push('\n');
    }
    text
}
