//! The keys of an experiment file, and the flags that they stand for.
//!
//! A key takes what its flag takes, in the same unit, so that a value passes through unchanged.

use super::keys::Form::{Axes, Choice, Repeated, Slabs, Switch, Toggle, Values};

/// A key of an experiment file.
#[derive(Debug)]
pub struct Key {
    /// The section that it stands in.
    pub section: &'static str,
    /// Its name, with its unit.
    pub name: &'static str,
    /// The flags, and how a value says them.
    pub form: Form,
}

/// How the value of a key says flags, which are named by their ids.
#[derive(Debug)]
pub enum Form {
    /// The value of the flag, or an array of its values.
    Values(&'static str),
    /// This truth value gives the switch.
    Switch(&'static str, bool),
    /// `true` gives the one switch and `false` the other.
    Toggle([&'static str; 2]),
    /// A word gives the switch beside it.
    Choice(&'static [(&'static str, &'static str)]),
    /// One value is that of the first flag, of all axes; an array those of each axis' own.
    Axes(&'static str, &'static [&'static str]),
    /// An array: the flag once for every value.
    Repeated(&'static str),
    /// An array of tables: the flag once for every slab of amorphous material.
    Slabs(&'static str),
}

/// The keys of a slab, and what its flag calls them; the file comes first.
pub const SLAB: [(&str, &str); 5] = [
    ("file", ""),
    ("thickness_mm", "thickness"),
    ("density_g_per_cm3", "density"),
    ("molar_mass_g_per_mol", "mw"),
    ("against", "x"),
];

/// The section of the files that the experiment was written with.
pub const INPUTS: &str = "inputs";

/// Flags without a key, and why.
pub const WITHOUT_KEY: [(&str, &str); 14] = [
    ("config", "names the experiment file itself"),
    ("write_config", "names the experiment file itself"),
    ("dry_run", "renders no image"),
    ("help", "asks for a text"),
    ("version", "asks for a text"),
    ("trace_pixel", "is -printout_pixel with its values swapped"),
    ("stol", "is ignored, as by the C program"),
    ("four_stol", "is ignored, as by the C program"),
    ("q", "is ignored, as by the C program"),
    ("stolout", "is ignored, as by the C program"),
    ("dump", "is ignored, as by the C program"),
    ("density", "is ignored, as by the C program"),
    ("mw", "is ignored, as by the C program"),
    ("coherent", "is not supported"),
];

const fn key(section: &'static str, name: &'static str, form: Form) -> Key {
    Key {
        section,
        name,
        form,
    }
}

/// Every key, in the order in which files are written and flags are given: what is said of all axes
/// before what is said of one.
pub static KEYS: &[Key] = &[
    key("crystal", "structure_factors", Values("hkl")),
    key(
        "crystal",
        "structure_factors_by_energy",
        Values("hkl_channels"),
    ),
    key("crystal", "atoms", Values("pdb")),
    key("crystal", "atoms_dmin_A", Values("dmin_f")),
    key("crystal", "solvent", Switch("no_solvent", false)),
    key("crystal", "solvent_density_e_per_A3", Values("solvent_k")),
    key("crystal", "solvent_B_A2", Values("solvent_b")),
    key("crystal", "f_column", Values("f_column")),
    key("crystal", "default_F", Values("default_f")),
    key(
        "crystal",
        "interpolate",
        Toggle(["interpolate", "nointerpolate"]),
    ),
    key("crystal", "matrix", Values("mat")),
    key("crystal", "cell_A_deg", Values("cell")),
    key("crystal", "misset_deg", Values("misset")),
    key("crystal", "misset_seed", Values("misset_seed")),
    key("crystal", "cells", Axes("n", &["na", "nb", "nc"])),
    key(
        "crystal",
        "size_mm",
        Axes("xtalsize", &["xtal_x", "xtal_y", "xtal_z"]),
    ),
    key(
        "crystal",
        "shape",
        Choice(&[
            ("square", "square_xtal"),
            ("round", "round_xtal"),
            ("gauss", "gauss_xtal"),
            ("tophat", "tophat_spots"),
        ]),
    ),
    key("crystal", "fudge", Values("fudge")),
    key("crystal", "gauss_metric", Values("gauss_metric")),
    key("mosaicity", "spread_deg", Values("mosaic")),
    key("mosaicity", "domains", Values("mosaic_domains")),
    key("mosaicity", "seed", Values("mosaic_seed")),
    key("mosaicity", "model", Values("mosaic_model")),
    key("mosaicity", "sigmas_deg", Values("mosaic_sigmas")),
    key("mosaicity", "rotations", Values("mosaic_file")),
    key("scan", "start_deg", Values("phi")),
    key("scan", "range_deg", Values("osc")),
    key("scan", "step_deg", Values("phistep")),
    key("scan", "steps", Values("phisteps")),
    key("beam", "wavelength_A", Values("lambda")),
    key("beam", "energy_eV", Values("energy")),
    key("beam", "dispersion_percent", Values("dispersion")),
    key("beam", "dispersion_steps", Values("dispsteps")),
    key("beam", "divergence_mrad", Values("divergence")),
    key("beam", "divergence_horizontal_mrad", Values("hdivrange")),
    key("beam", "divergence_vertical_mrad", Values("vdivrange")),
    key(
        "beam",
        "divergence_step_horizontal_mrad",
        Values("hdivstep"),
    ),
    key("beam", "divergence_step_vertical_mrad", Values("vdivstep")),
    key("beam", "divergence_steps", Values("divsteps")),
    key("beam", "divergence_steps_horizontal", Values("hdivsteps")),
    key("beam", "divergence_steps_vertical", Values("vdivsteps")),
    key(
        "beam",
        "divergence_shape",
        Choice(&[("round", "round_div"), ("square", "square_div")]),
    ),
    key("beam", "sources", Values("sourcefile")),
    key("beam", "fluence_photons_per_m2", Values("fluence")),
    key("beam", "flux_photons_per_s", Values("flux")),
    key("beam", "exposure_s", Values("exposure")),
    key("beam", "size_mm", Values("beamsize")),
    key("beam", "kahn_factor", Values("polar")),
    key("beam", "polarised", Switch("nopolar", false)),
    key("background", "water_um", Values("water")),
    key("background", "slabs", Slabs("background")),
    key("detector", "dials_experiment", Values("expt")),
    key("detector", "dials_experiment_index", Values("expt_index")),
    key("detector", "crystfel_geometry", Values("geom")),
    key("detector", "crystfel_clen_mm", Values("clen")),
    key("detector", "image", Values("img")),
    key("detector", "mask", Values("mask")),
    key(
        "detector",
        "convention",
        Choice(&[
            ("mosflm", "mosflm"),
            ("xds", "xds"),
            ("adxv", "adxv"),
            ("denzo", "denzo"),
            ("dials", "dials"),
        ]),
    ),
    key("detector", "distance_mm", Values("distance")),
    key("detector", "close_distance_mm", Values("close_distance")),
    key("detector", "pixel_mm", Values("pixel")),
    key(
        "detector",
        "pixels",
        Axes("detpixels", &["detpixels_f", "detpixels_s"]),
    ),
    key(
        "detector",
        "size_mm",
        Axes("detsize", &["detsize_f", "detsize_s"]),
    ),
    key("detector", "beam_x_mm", Values("xbeam")),
    key("detector", "beam_y_mm", Values("ybeam")),
    key("detector", "close_x_mm", Values("xclose")),
    key("detector", "close_y_mm", Values("yclose")),
    key("detector", "origin_x_pixels", Values("orgx")),
    key("detector", "origin_y_pixels", Values("orgy")),
    key("detector", "rotation_x_deg", Values("rotx")),
    key("detector", "rotation_y_deg", Values("roty")),
    key("detector", "rotation_z_deg", Values("rotz")),
    key("detector", "two_theta_deg", Values("twotheta")),
    key("detector", "pivot", Values("pivot")),
    key("detector", "curved", Switch("curved_det", true)),
    key("detector", "point_pixel", Switch("point_pixel", true)),
    key("detector", "sensor_thickness_um", Values("detector_thick")),
    key(
        "detector",
        "sensor_attenuation_depth_um",
        Values("detector_abs"),
    ),
    key("detector", "sensor_layers", Values("detector_thicksteps")),
    key("frame", "beam", Values("beam_vector")),
    key("frame", "fast", Values("fdet_vector")),
    key("frame", "slow", Values("sdet_vector")),
    key("frame", "normal", Values("odet_vector")),
    key("frame", "polarisation", Values("polar_vector")),
    key("frame", "spindle", Values("spindle_axis")),
    key("frame", "two_theta_axis", Values("twotheta_axis")),
    key("frame", "first_pixel_m", Values("pix0_vector")),
    key("sampling", "oversample", Values("oversample")),
    key(
        "sampling",
        "solid_angle_per_subpixel",
        Switch("oversample_omega", true),
    ),
    key(
        "sampling",
        "polarisation_per_subpixel",
        Switch("oversample_polar", true),
    ),
    key(
        "sampling",
        "absorption_per_subpixel",
        Switch("oversample_thick", true),
    ),
    key("sampling", "dmin_A", Values("dmin")),
    key("sampling", "region_pixels", Values("roi")),
    key(
        "sampling",
        "f16_structure_factors",
        Switch("half_structure_factors", true),
    ),
    key("noise", "seed", Values("seed")),
    key("noise", "image_number", Values("image_number")),
    key("noise", "flicker_percent", Values("flicker")),
    key("noise", "calibration_percent", Values("calibration")),
    key("noise", "calibration_seed", Values("calibration_seed")),
    key("noise", "point_spread", Values("psf")),
    key("noise", "point_spread_fwhm_pixels", Values("psf_fwhm")),
    key("noise", "gain_counts_per_photon", Values("gain")),
    key("noise", "readout_counts", Values("readout")),
    key("noise", "saturation_counts", Values("saturation")),
    key("counts", "scale_counts_per_photon", Values("scale")),
    key("counts", "offset_counts", Values("adc")),
    key("counts", "type", Values("out_type")),
    key("counts", "compression", Values("compression")),
    key("picture", "scale", Values("png_scale")),
    key("picture", "percentile", Values("png_percentile")),
    key("picture", "bits", Values("png_depth")),
    key("picture", "colormap", Values("colormap")),
    key("picture", "rings_A", Values("rings")),
    key("picture", "pgm_shades_per_photon", Values("pgmscale")),
    key("output", "float", Values("floatfile")),
    key("output", "smv", Values("intfile")),
    key("output", "smv_noise", Values("noisefile")),
    key("output", "pgm", Values("pgmfile")),
    key("output", "png", Values("png")),
    key("output", "overview", Values("overview")),
    key("output", "tiff", Values("tiff")),
    key("output", "files", Repeated("out")),
    key("output", "noise_files", Repeated("out_noise")),
    key("output", "default_pgm", Switch("nopgm", false)),
    key("output", "default_noise", Switch("nonoise", false)),
    key("run", "device", Values("device")),
    key("run", "threads", Values("threads")),
    key("run", "profile", Values("profile")),
    key("run", "progress", Toggle(["progress", "noprogress"])),
    key("run", "quiet", Switch("quiet", true)),
    key("run", "json", Switch("json", true)),
    key("run", "printout", Switch("printout", true)),
    key("run", "printout_pixel", Values("printout_pixel")),
];

impl Key {
    /// Its name with that of its section, as messages have it.
    pub fn full(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// The ids of its flags.
    pub fn ids(&self) -> Vec<&'static str> {
        match &self.form {
            Values(id) | Switch(id, _) | Repeated(id) | Slabs(id) => vec![id],
            Toggle(ids) => ids.to_vec(),
            Choice(words) => words.iter().map(|(_, id)| *id).collect(),
            Axes(all, each) => std::iter::once(all).chain(each.iter()).copied().collect(),
        }
    }

    /// The key that gives the flag of this id.
    pub fn of_flag(id: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.ids().contains(&id))
    }
}

/// The sections, in the order of [`KEYS`].
pub fn sections() -> Vec<&'static str> {
    let mut sections: Vec<&str> = KEYS.iter().map(|key| key.section).collect();
    sections.dedup();
    sections
}

#[cfg(test)]
mod tests;
