//! The checks of `nanobragg validate`: flags, and what flags cannot say without files.

use glam::DVec3;

use super::super::CliError;
use crate::experiment::{Description, Experiment, Reflection, Source, Sources, StructureFactors};

/// An experiment, and how near the device must come to the CPU path.
pub struct Check {
    /// Its name.
    pub name: &'static str,
    flags: &'static str,
    prepare: fn(&mut Description),
    /// Largest nrmse.
    pub gate: f64,
    /// Instead of the gate, the part of pixels that may differ.
    pub edge_pixels: Option<f64>,
    /// Whether it is one of the few of `--quick`.
    pub quick: bool,
}

/// What float32 comes to, everywhere but with the largest crystals and indices.
const GATE: f64 = 1e-5;
/// The largest crystals and indices: their spots' phases lose digits in float32.
const LARGE_GATE: f64 = 2e-4;

impl Check {
    /// The experiment to render.
    pub fn experiment(&self) -> Result<Experiment, CliError> {
        let words: Vec<String> = self.flags.split_whitespace().map(str::to_string).collect();
        let mut parts = super::super::experiment(&words)?.into_description();
        (self.prepare)(&mut parts);
        Ok(Experiment::new(parts)?)
    }
}

/// Every check.
pub fn checks() -> Vec<Check> {
    let check = |name, flags| Check {
        name,
        flags,
        prepare: as_flags_say,
        gate: GATE,
        edge_pixels: None,
        quick: false,
    };
    vec![
        Check {
            quick: true,
            ..check(
                "square",
                concat!("-default_F 100 -cell 70 80 90 75 85 95 -misset 1 2 3 -N 5 -detpixels 128"),
            )
        },
        check(
            "round",
            "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 6 -detpixels 96 -round_xtal",
        ),
        check(
            "gauss",
            "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 6 -detpixels 96 -gauss_xtal -fudge 0.4",
        ),
        Check {
            edge_pixels: Some(1e-3),
            ..check(
                "tophat",
                concat!(
                    "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -detpixels 96 -tophat_spots"
                ),
            )
        },
        check(
            "unequal cells",
            "-default_F 100 -cell 70 80 90 -misset 3 4 5 -Na 1 -Nb 7 -Nc 40 -detpixels 96",
        ),
        check(
            "xds, tilted",
            concat!(
                "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -detpixels_f 70 -detpixels_s 91 -xds -ORGX 40 ",
                "-ORGY 60 -detector_rotx 5 -detector_roty 3 -twotheta 10"
            ),
        ),
        check(
            "adxv",
            "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -detpixels 96 -adxv -Xbeam 4 -Ybeam 5",
        ),
        check(
            "denzo",
            "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -detpixels 96 -denzo -Xbeam 4 -Ybeam 5",
        ),
        check(
            "dials, two-theta",
            "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -detpixels 96 -dials -twotheta 20",
        ),
        check(
            "curved, polarised",
            concat!(
                "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -distance 60 -detpixels 96 -pixel 0.8 -curved_det ",
                "-oversample 1 -polar 0.95"
            ),
        ),
        check(
            "point pixels, dmin",
            concat!(
                "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -distance 60 -detpixels 96 -pixel 0.8 -point_pixel ",
                "-oversample 2 -dmin 2 -nopolar"
            ),
        ),
        check(
            "own factors",
            concat!(
                "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -distance 40 -detpixels 64 -pixel 1.5 -oversample 3 ",
                "-oversample_omega -oversample_polar -polar 0.9"
            ),
        ),
        Check {
            quick: true,
            ..check(
                "thick sensor",
                concat!(
                    "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -distance 60 -detpixels 64 -pixel 0.8 -oversample 1 ",
                    "-detector_abs 500 -detector_thick 450 -detector_thicksteps 4"
                ),
            )
        },
        Check {
            quick: true,
            ..check(
                "mosaic and phi",
                concat!(
                    "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 10 -detpixels 96 -mosaic 1 -mosaic_domains 30 -phi 10 ",
                    "-osc 2 -phisteps 7"
                ),
            )
        },
        check(
            "divergence, dispersion",
            concat!(
                "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -detpixels 96 -hdivrange 5 -vdivrange 4 -hdivsteps 4 ",
                "-vdivsteps 3 -dispersion 2 -dispsteps 3"
            ),
        ),
        Check {
            prepare: weighted_sources,
            ..check(
                "weighted sources",
                concat!(
                    "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -detpixels 96 -oversample 1"
                ),
            )
        },
        Check {
            prepare: listed_reflections,
            quick: true,
            ..check(
                "listed F",
                concat!(
                    "-default_F 3 -cell 40 50 60 -misset 10 20 30 -N 8 -distance 60 -detpixels 96 -pixel 0.8 -oversample 2 ",
                    "-nointerpolate"
                ),
            )
        },
        Check {
            prepare: listed_reflections,
            ..check(
                "interpolated F",
                concat!(
                    "-default_F 3 -cell 40 50 60 -misset 10 20 30 -N 2 -distance 60 -detpixels 96 -pixel 0.8 -oversample 1 ",
                    "-interpolate"
                ),
            )
        },
        check(
            "water",
            "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -detpixels 96 -water 0.1 -polar 0.5",
        ),
        check(
            "region",
            "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -detpixels 96 -roi 13 61 7 50",
        ),
        Check {
            gate: LARGE_GATE,
            quick: true,
            ..check(
                "large crystal",
                concat!(
                    "-default_F 100 -cell 120 130 140 -misset 1 2 3 -lambda 0.9 -N 1000 -distance 250 -detpixels 64 ",
                    "-pixel 0.05 -oversample 2 -Xbeam 60 -Ybeam 60"
                ),
            )
        },
        Check {
            gate: LARGE_GATE,
            ..check(
                "high resolution",
                concat!(
                    "-default_F 100 -cell 300 310 320 -misset 1 2 3 -lambda 0.5 -N 100 -distance 100 -detpixels 64 ",
                    "-pixel 0.05 -oversample 2 -Xbeam 100 -Ybeam 100"
                ),
            )
        },
    ]
}

fn as_flags_say(_: &mut Description) {}

/// Three sources of different directions, wavelengths and weights.
fn weighted_sources(parts: &mut Description) {
    let source = |offset: [f64; 3], angstrom: f64, weight| Source {
        incident: (DVec3::X + DVec3::from_array(offset)).normalize(),
        wavelength_m: angstrom * 1e-10,
        weight,
        channel: 0,
    };
    parts.beam.sources = Sources::List(vec![
        source([0.0; 3], 1.0, 1.0),
        source([0.0, 1e-3, 0.0], 1.02, 3.0),
        source([0.0, 0.0, -2e-3], 0.98, 0.5),
    ]);
}

/// A list with a different F for each index, that the detector's corners reach beyond.
fn listed_reflections(parts: &mut Description) {
    let range = -14..=14;
    let mut list = Vec::new();
    for h in range.clone() {
        for k in range.clone() {
            for l in range.clone() {
                let amplitude =
                    f64::from((h * 7919 + k * 104_729 + l * 1_299_709_i32).rem_euclid(97));
                list.push(Reflection {
                    index: [h, k, l],
                    amplitude,
                });
            }
        }
    }
    let (default_f, interpolation) = (
        parts.structure_factors.default_f(),
        parts.structure_factors.interpolation,
    );
    if let Ok(mut factors) = StructureFactors::from_reflections(&list, default_f) {
        factors.interpolation = interpolation;
        parts.structure_factors = factors;
    }
}
