//! Whatever comes in, nothing panics: flags, files, and what is rendered from those accepted.

mod files;
mod memory;
#[path = "../../fuzz/src/lib.rs"]
mod readers;

use std::sync::OnceLock;

use nanobragg::experiment::Experiment;
use nanobragg::formats::smv;
use nanobragg::image::{Image, Statistics};
use nanobragg::render::{Renderer, frame_size};
use nanobragg::scene::Scene;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Experiments with more sources times orientations than this are not laid out here.
const MOST_PER_SUBPIXEL: u64 = 1000;

/// Experiments with more terms than this are not rendered here.
const MOST_TERMS: f64 = 1e5;

/// Flags that take one number.
const NUMBERS: &[&str] = &[
    "-default_F",
    "-N",
    "-Na",
    "-Nb",
    "-Nc",
    "-xtalsize",
    "-xtal_x",
    "-xtal_y",
    "-xtal_z",
    "-fudge",
    "-mosaic",
    "-mosaic_domains",
    "-mosaic_seed",
    "-phi",
    "-osc",
    "-phistep",
    "-phisteps",
    "-lambda",
    "-energy",
    "-dispersion",
    "-dispsteps",
    "-divergence",
    "-hdivrange",
    "-vdivrange",
    "-hdivstep",
    "-vdivstep",
    "-hdivsteps",
    "-vdivsteps",
    "-divsteps",
    "-fluence",
    "-flux",
    "-exposure",
    "-beamsize",
    "-polar",
    "-water",
    "-distance",
    "-close_distance",
    "-pixel",
    "-detsize",
    "-detsize_f",
    "-detsize_s",
    "-Xbeam",
    "-Ybeam",
    "-Xclose",
    "-Yclose",
    "-ORGX",
    "-ORGY",
    "-detector_rotx",
    "-detector_roty",
    "-detector_rotz",
    "-twotheta",
    "-detector_abs",
    "-detector_thick",
    "-detector_thicksteps",
    "-oversample",
    "-dmin",
    "-scale",
    "-adc",
    "-pgmscale",
    "-seed",
    "-misset_seed",
    "--threads",
    "--png-percentile",
    "--flicker",
    "--calibration",
    "--calibration-seed",
    "--readout",
    "--gain",
    "--saturation",
    "--psf-fwhm",
    "--image-number",
];

/// Flags that take several.
const VECTORS: &[(&str, usize)] = &[
    ("-cell", 1),
    ("-cell", 3),
    ("-cell", 6),
    ("-misset", 3),
    ("-roi", 4),
    ("-beam_vector", 3),
    ("-fdet_vector", 3),
    ("-sdet_vector", 3),
    ("-odet_vector", 3),
    ("-polar_vector", 3),
    ("-spindle_axis", 3),
    ("-twotheta_axis", 3),
    ("-pix0_vector", 3),
    ("-printout_pixel", 2),
    ("-trace_pixel", 2),
];

/// Flags that take none, or a word.
const SWITCHES: &[&str] = &[
    "-square_xtal",
    "-round_xtal",
    "-gauss_xtal",
    "-tophat_spots",
    "-round_div",
    "-square_div",
    "-nopolar",
    "-interpolate",
    "-nointerpolate",
    "-mosflm",
    "-xds",
    "-adxv",
    "-denzo",
    "-dials",
    "-curved_det",
    "-point_pixel",
    "-oversample_omega",
    "-oversample_polar",
    "-oversample_thick",
    "-printout",
    "-nopgm",
    "-nonoise",
    "-progress",
    "-coherent",
    "-pivot beam",
    "-pivot sample",
    "-misset random",
    "-stol x",
    "--quiet",
    "--json",
    "--device gpu",
    "--colormap viridis",
    "--psf gauss",
    "--psf fiber",
];

/// A number as a word: plain, extreme, or none at all.
pub fn number() -> impl Strategy<Value = String> {
    const EDGE: &[&str] = &[
        "nan",
        "NaN",
        "-nan",
        "inf",
        "-inf",
        "0",
        "-0",
        "1e308",
        "-1e308",
        "5e-324",
        "1e-300",
        "1e300",
        "1e20",
        "-1e20",
        "1e-20",
        "1",
        "2",
        "90",
        "180",
        "4294967295",
        "4294967296",
        "-1",
        "1e",
        "0x10",
        "",
    ];
    prop_oneof![
        2 => select(EDGE).prop_map(str::to_string),
        2 => any::<f64>().prop_map(|value| format!("{value:e}")),
        4 => (-200i32..200).prop_map(|value| value.to_string()),
        3 => (1u32..6).prop_map(|value| value.to_string()),
        3 => (0.0..1.0f64).prop_map(|value| value.to_string()),
        2 => (-40i32..40).prop_map(|exponent| format!("1e{exponent}")),
    ]
}

/// A flag with the values it takes.
fn fitting_flag() -> impl Strategy<Value = Vec<String>> {
    let one = (select(NUMBERS), number()).prop_map(|(flag, value)| vec![flag.into(), value]);
    let several = select(VECTORS).prop_flat_map(|(flag, count)| {
        vec(number(), count).prop_map(move |mut values| {
            values.insert(0, flag.to_string());
            values
        })
    });
    let switch = select(SWITCHES).prop_map(|words| words.split(' ').map(String::from).collect());
    prop_oneof![5 => one, 2 => several, 2 => switch]
}

/// Any word for a flag, and any number of values behind it.
fn any_flag() -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof![
        3 => select(NUMBERS).prop_map(str::to_string),
        2 => select(VECTORS).prop_map(|(flag, _)| flag.to_string()),
        1 => "-{0,3}\\PC{0,12}",
        1 => any::<String>(),
    ];
    let value = prop_oneof![3 => number(), 1 => any::<String>(), 1 => "-{1,2}[a-zA-Z_=]{1,9}"];
    (name, vec(value, 0..7)).prop_map(|(name, mut values)| {
        values.insert(0, name);
        values
    })
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_string).collect()
}

/// A sound and small experiment, whose every flag may be contradicted.
fn sound() -> Vec<String> {
    words("-default_F 100 -cell 20 30 40 80 90 100 -N 3 -lambda 1 -detpixels 4")
}

/// A renderer for all tests of this file.
fn renderer() -> &'static Renderer {
    static RENDERER: OnceLock<Renderer> = OnceLock::new();
    RENDERER.get_or_init(|| Renderer::cpu().unwrap())
}

/// The image of an experiment, if it takes few terms and the scene can be laid out.
fn rendered(experiment: &Experiment) -> Option<Image> {
    let orientations = u64::from(experiment.scan().steps)
        * u64::from(experiment.crystal().mosaicity.domain_count());
    let sources = experiment.beam().source_count_bound();
    if orientations.saturating_mul(sources) > MOST_PER_SUBPIXEL {
        return None;
    }
    let scene = Scene::new(experiment).ok()?;
    let [width, height] = frame_size(experiment);
    if scene.terms_per_pixel() * width as f64 * height as f64 > MOST_TERMS {
        return None;
    }
    Some(renderer().render(experiment).unwrap().image)
}

/// Holds an accepted experiment's image against what every image must be.
fn check(experiment: &Experiment) -> Result<bool, TestCaseError> {
    let header = smv::describe(experiment, frame_size(experiment));
    prop_assert!(
        !header.contains("nan") && !header.contains("inf"),
        "{header}"
    );
    let Some(image) = rendered(experiment) else {
        return Ok(false);
    };
    for &value in image.values() {
        prop_assert!(value >= 0.0, "a pixel is {value}");
    }
    let statistics = Statistics::of(&image);
    prop_assert!(!statistics.mean.is_nan());
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_words_are_an_experiment_or_an_error(flags in vec(any_flag(), 0..5)) {
        let words: Vec<String> = sound().into_iter().chain(flags.concat()).collect();
        let _ = nanobragg::cli::experiment(&words);
        let _ = nanobragg::cli::experiment(&flags.concat());
    }

    #[test]
    fn what_is_accepted_renders(flags in vec(fitting_flag(), 0..5)) {
        let words: Vec<String> = sound().into_iter().chain(flags.concat()).collect();
        if let Ok(experiment) = nanobragg::cli::experiment(&words) {
            check(&experiment)?;
        }
    }
}

#[test]
fn small_experiments_are_really_rendered() {
    let experiment = nanobragg::cli::experiment(&sound()).unwrap();
    assert!(check(&experiment).unwrap());
}
