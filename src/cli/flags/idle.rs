//! Flags that were given and have nothing to act on: each gets a line, so that none is ignored
//! in silence.

use std::path::PathBuf;

use super::super::order::Order;
use super::beam::GRID_FLAGS;
use super::catalogue::Catalogue;
use super::noise::{NO_CALIBRATION, NO_WIDTH, NOISE_FLAGS};
use super::output::{FILE_FLAGS, OUT};
use super::output_kind::extension;
use crate::experiment::{Convention, Experiment, Pivot, Placement, Shape, Sources};
use crate::image::noise::Noise;

/// What names of NXmx files end on.
const NXMX: [&str; 3] = ["h5", "hdf5", "nxs"];

/// The flags, given or not, that have nothing to act on, and why: ids and reasons.
pub fn idle(
    order: Order,
    experiment: &Experiment,
    placement: Option<&Placement>,
    of_noise: &Noise,
) -> Vec<(&'static str, &'static str)> {
    // Of a detector that a file describes, no flag of the placement is given.
    let placed_by_file = Placement::default();
    let placement = placement.unwrap_or(&placed_by_file);
    let given = |id: &str| order.position(id).is_some();
    let listed = matches!(experiment.beam().sources, Sources::List(_));
    let placed = placement.origin_m.is_some();
    let about_sample = placement.pivot() == Pivot::Sample;
    let custom = placement.custom_frame.is_some();
    let default_files = !order.any(&FILE_FLAGS);
    let out = |extensions: &[&str]| {
        let mut named = order.0.get_many::<PathBuf>(OUT[0]).into_iter().flatten();
        named.any(|path| extensions.contains(&extension(path).as_str()))
    };
    let whole_out = out(&["img", "smv", "cbf"])
        || (out(&["tif", "tiff", "npy"]) && given("out_type"))
        || (out(&NXMX) && given("out_type"));
    let mut noisy = order.0.get_many::<PathBuf>(OUT[1]).into_iter().flatten();
    let nxmx = out(&NXMX) || noisy.any(|path| NXMX.contains(&extension(path).as_str()));
    let noise = given("noisefile") || given("out_noise") || (default_files && !given("nonoise"));
    let pgm = given("pgmfile") || out(&["pgm"]) || (default_files && !given("nopgm"));
    let png = default_files || order.any(&["png", "overview"]) || out(&["png"]);
    let mut misset = order.0.get_many::<String>("misset").into_iter().flatten();
    let random_misset = misset.any(|word| word == "random");
    let seeds_misset = random_misset && !given("misset_seed");
    let mosaicity = &experiment.crystal().mosaicity;
    let spread = mosaicity.spread_rad() > 0.0;

    let default_centre =
        matches!(placement.convention, Convention::Xds | Convention::Dials) || custom;
    let counts = default_files || given("intfile") || whole_out;
    let sized = order.any(&["xtalsize", "xtal_y", "xtal_z"]);
    let constant_f = !experiment.structure_factors().is_listed();
    let unpolarised = experiment.beam().kahn_factor.is_none();
    let pixels_given =
        [&["detpixels", "detpixels_f"], &["detpixels", "detpixels_s"]].map(|ids| order.any(ids));

    // Ids of flags, whether they are idle, and why.
    let rules: &[(&[&'static str], bool, &'static str)] = &[
        (&["misset_seed"], !random_misset, "it is for -misset random"),
        (&["mosaic_seed"], !spread, "there is no -mosaic spread"),
        (
            &["mosaic_seed"],
            given("mosaic_file"),
            "--mosaic-file gives the rotations",
        ),
        (&["mosaic_model"], !spread, "there is no -mosaic spread"),
        (
            &["mosaic", "mosaic_sigmas", "mosaic_seed", "mosaic_model"],
            spread && !given("mosaic_file") && mosaicity.domains == 1,
            "there is one domain, and it is not turned; give -mosaic_domains more",
        ),
        (&["mosaic_sigmas"], !spread, "all three are zero"),
        (
            &["gauss_metric"],
            matches!(experiment.crystal().shape, Shape::Square | Shape::Round),
            "it is for -gauss_xtal and -tophat_spots",
        ),
        (
            &["fudge"],
            experiment.crystal().shape == Shape::Square,
            "a square crystal has none",
        ),
        (
            &["interpolate", "nointerpolate"],
            constant_f,
            "every reflection has the same F",
        ),
        (
            &["f_column"],
            constant_f,
            "no -hkl or --hkl-channels is given",
        ),
        (&["exposure"], !given("flux"), "it is for -flux"),
        (
            &["beamsize"],
            !given("flux") && !sized && !given("background"),
            "it is for -flux, -xtalsize and --background",
        ),
        (&["fluence"], given("flux"), "-flux gives the fluence"),
        (&GRID_FLAGS, listed, "-sourcefile gives the sources"),
        (
            &["dispsteps"],
            !listed && !given("dispersion"),
            "there is no -dispersion",
        ),
        (
            &["oversample_polar"],
            unpolarised,
            "polarisation is switched off",
        ),
        (
            &["detsize"],
            pixels_given == [true, true],
            "the pixels are counted",
        ),
        (&["detsize_f"], pixels_given[0], "the pixels are counted"),
        (&["detsize_s"], pixels_given[1], "the pixels are counted"),
        (
            &["xbeam", "ybeam"],
            !placed && about_sample && !custom,
            "the detector turns about the sample (-pivot) and is placed by -ORGX and -ORGY; only \
             headers show it",
        ),
        (
            &["xclose", "yclose"],
            !placed && (!default_centre || (about_sample && !custom)),
            "it only stands in for the -Xbeam and -Ybeam of XDS, DIALS and custom frames that turn \
             about the beam",
        ),
        (
            &["orgx", "orgy"],
            !placed && !about_sample && !default_centre,
            "the detector turns about the beam (-pivot) and is placed by -Xbeam and -Ybeam",
        ),
        (
            &[
                "xbeam", "ybeam", "xclose", "yclose", "orgx", "orgy", "pivot",
            ],
            placed,
            "-pix0_vector places the detector",
        ),
        (
            &["distance"],
            given("close_distance"),
            "-close_distance gives the distance",
        ),
        (
            &["seed"],
            !noise && !seeds_misset,
            "no noise image is written",
        ),
        (&NOISE_FLAGS, !noise, "no noise image is written"),
        (
            &["calibration_seed"],
            noise && of_noise.calibration == 0.0,
            NO_CALIBRATION,
        ),
        (&["psf"], noise && of_noise.spread().is_none(), NO_WIDTH),
        (
            &["scale"],
            !counts,
            "no -intfile is written, and no other file of whole numbers without noise",
        ),
        (
            &["adc"],
            !counts && !noise,
            "no SMV file is written, and no other one of counts",
        ),
        (
            &["out_type"],
            !order.any(&OUT),
            "it is for --out and --out-noise",
        ),
        (&["compression"], !nxmx, "no .h5 or .nxs file is written"),
        (&["pgmscale"], !pgm, "no -pgmfile is written"),
        (
            &["nopgm", "nonoise"],
            !default_files,
            "only the files asked for are written",
        ),
        (
            &["png_scale", "png_percentile", "png_depth", "colormap"],
            !png,
            "no --png or --overview is written",
        ),
        (
            &["rings"],
            !(default_files || given("png") || out(&["png"])),
            "no --png is written",
        ),
        (&["expt_index"], !given("expt"), "it is for --expt"),
        (&["clen"], !given("geom"), "it is for --geom"),
        (
            &["printout"],
            order.any(&["printout_pixel", "trace_pixel"]),
            "one pixel is named",
        ),
    ];
    let idle = rules.iter().filter(|(_, idle, _)| *idle);
    idle.flat_map(|(ids, _, why)| ids.iter().map(|id| (*id, *why)))
        .collect()
}

/// A line for every flag on the command line that is one of `idle`.
pub fn notices(order: Order, idle: &[(&str, &str)]) -> Vec<String> {
    let given = idle.iter().filter(|(id, _)| order.position(id).is_some());
    let given: Vec<_> = given.collect();
    if given.is_empty() {
        return Vec::new();
    }
    let catalogue = Catalogue::new();
    let shown = given
        .into_iter()
        .map(|(id, why)| format!("{} has no effect: {why}", catalogue.shown(id)));
    shown.collect()
}
