//! What of an experiment file gives way to flags on the command line.
//!
//! A file's flags stand before those of the command line, so that the last one counts. That is not
//! enough where flags exclude each other, where one counts whatever the order, or where every one
//! counts.

use super::super::flags::{DETECTOR_SIZE_FLAGS, FILE_FLAGS, GRID_FLAGS, REPEATABLE, placing_flags};

/// Flags on the command line, and those of a file that they take the place of: ids.
const DISPLACED: &[(&[&str], &[&str])] = &[
    // Sources of structure factors.
    (
        &["hkl", "hkl_channels", "pdb"],
        &["hkl", "hkl_channels", "f_column"],
    ),
    (
        &["hkl", "hkl_channels"],
        &["pdb", "dmin_f", "solvent_k", "solvent_b", "no_solvent"],
    ),
    (&["pdb"], &["pdb"]),
    (&["no_solvent"], &["solvent_k", "solvent_b"]),
    (&["solvent_k", "solvent_b"], &["no_solvent"]),
    // The crystal.
    (&["mat"], &["cell"]),
    (&["cell"], &["mat"]),
    (&["misset"], &["misset_seed"]),
    (
        &["n", "xtalsize"],
        &["na", "nb", "nc", "xtal_x", "xtal_y", "xtal_z"],
    ),
    (
        &["mosaic_file"],
        &[
            "mosaic",
            "mosaic_domains",
            "mosaic_model",
            "mosaic_sigmas",
            "mosaic_seed",
        ],
    ),
    (
        &["mosaic", "mosaic_domains", "mosaic_model", "mosaic_sigmas"],
        &["mosaic_file"],
    ),
    (&["mosaic"], &["mosaic_sigmas"]),
    (&["mosaic_sigmas"], &["mosaic", "mosaic_model"]),
    (&["phistep"], &["phisteps"]),
    (&["phisteps"], &["phistep"]),
    // The beam.
    (&["lambda"], &["energy"]),
    (&["energy"], &["lambda"]),
    (&["polar"], &["nopolar"]),
    (&["fluence"], &["flux", "exposure"]),
    (&["flux"], &["fluence"]),
    (&["sourcefile"], &GRID_FLAGS),
    (
        &["dispersion", "divergence", "hdivrange", "vdivrange"],
        &["sourcefile"],
    ),
    (&["divergence"], &["hdivrange", "vdivrange"]),
    (&["divsteps"], &["hdivsteps", "vdivsteps"]),
    // A step and a count exclude each other where there is a range.
    (&["hdivstep"], &["hdivsteps"]),
    (&["vdivstep"], &["vdivsteps"]),
    (&["hdivsteps", "divsteps"], &["hdivstep"]),
    (&["vdivsteps", "divsteps"], &["vdivstep"]),
    // The detector.
    (&["expt"], &["geom", "clen", "expt_index"]),
    (&["geom"], &["expt", "expt_index", "clen"]),
    (&["distance"], &["close_distance"]),
    (&["close_distance"], &["distance"]),
    (&["detpixels", "detsize"], &DETECTOR_SIZE_FLAGS),
    (&["detpixels_f", "detsize_f"], &["detpixels_f", "detsize_f"]),
    (&["detpixels_s", "detsize_s"], &["detpixels_s", "detsize_s"]),
    (&["mosflm", "xds", "adxv", "denzo", "dials"], &["pivot"]),
    (
        &["pix0_vector"],
        &[
            "xbeam", "ybeam", "xclose", "yclose", "orgx", "orgy", "pivot",
        ],
    ),
    (
        &[
            "xbeam", "ybeam", "xclose", "yclose", "orgx", "orgy", "pivot",
        ],
        &["pix0_vector"],
    ),
    // Files and printouts.
    (&["nopgm"], &["pgmfile"]),
    (&["nonoise"], &["noisefile"]),
    (&["printout_pixel", "trace_pixel"], &["printout"]),
];

/// Keys' flags that say one thing in two ways; files have no order to tell which is meant.
pub const ALTERNATIVES: &[(&[&str], &[&str])] = &[
    (&["mat"], &["cell"]),
    (&["lambda"], &["energy"]),
    (&["polar"], &["nopolar"]),
    (
        &["n", "na", "nb", "nc"],
        &["xtalsize", "xtal_x", "xtal_y", "xtal_z"],
    ),
];

/// Whether the flag `id` of an experiment file gives way to those `given` on the command line.
pub fn gives_way(id: &str, given: &[&str]) -> bool {
    let any = |ids: &[&str]| ids.iter().any(|id| given.contains(id));
    let listed = DISPLACED
        .iter()
        .any(|(on_line, in_file)| in_file.contains(&id) && any(on_line));
    // Only what is asked for is written; and every one of these flags counts.
    let files = FILE_FLAGS.contains(&id) && any(&FILE_FLAGS);
    let repeated = REPEATABLE.contains(&id) && given.contains(&id);
    // A file that describes the detector excludes flags that do.
    let places = any(&["expt", "geom"]) && placing_flags().iter().any(|placing| placing == id);
    listed || files || repeated || places
}
