//! Whatever comes in, nothing panics: flags, files, and what is rendered from those accepted.

use std::sync::OnceLock;

use glam::DVec3;
use nanobragg::experiment::{Experiment, StructureFactors};
use nanobragg::formats::image_file::{self, ImageFile};
use nanobragg::formats::source_list::Defaults;
use nanobragg::formats::{hkl, matrix, pgm, png, raw, reflection_file, smv, source_list, tiff};
use nanobragg::image::{Image, Statistics, ToneMap, ToneScale};
use nanobragg::memory::Bytes;
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
    "--tolerance",
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
fn number() -> impl Strategy<Value = String> {
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
    Some(renderer().render(experiment).unwrap())
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

    #[test]
    fn any_bytes_are_a_file_or_an_error(bytes in vec(any::<u8>(), 0..300)) {
        parse_all(&bytes)?;
    }

    #[test]
    fn any_text_is_a_file_or_an_error(lines in vec(vec(number(), 0..7), 0..12)) {
        let lines: Vec<String> = lines.iter().map(|words| words.join(" ")).collect();
        parse_all(lines.join("\n").as_bytes())?;
    }

    #[test]
    fn any_damage_to_a_file_is_survived(
        sample in select(SAMPLES),
        damage in vec((any::<prop::sample::Index>(), damage()), 1..6),
    ) {
        let bytes = damaged(sample.to_vec(), damage);
        parse_all(&bytes)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        // Each asks the system how much memory there is.
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_damage_to_an_image_is_survived(
        sample in 0usize..4,
        damage in vec((any::<prop::sample::Index>(), damage()), 0..6),
    ) {
        let bytes = damaged(image_samples()[sample].clone(), damage);
        parse_images(&bytes)?;
    }

    #[test]
    fn any_bytes_are_an_image_or_an_error(
        start in select(vec!["", "{HEADER_BYTES=9;", "II*\0", "MM\0*", "P5 ", "P5 2 2 255 "]),
        bytes in vec(any::<u8>(), 0..100),
    ) {
        parse_images(&[start.as_bytes(), &bytes].concat())?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_damage_to_a_file_of_reflections_is_survived(
        sample in select(REFLECTION_FILES),
        damage in vec((any::<prop::sample::Index>(), damage()), 0..6),
    ) {
        let bytes = damaged(sample.to_vec(), damage);
        parse_reflections(&bytes)?;
    }

    #[test]
    fn any_bytes_are_reflections_or_an_error(
        start in select(vec!["", "MTZ ", "data_", "loop_", "data_a loop_ _refln.index_h "]),
        bytes in vec(any::<u8>(), 0..200),
    ) {
        parse_reflections(&[start.as_bytes(), &bytes].concat())?;
    }
}

/// Sound files of merged reflections, those that fuzzing starts from too.
const REFLECTION_FILES: &[&[u8]] = &[
    include_bytes!("seeds/mtz/little.mtz"),
    include_bytes!("seeds/mtz/big.mtz"),
    include_bytes!("seeds/mmcif/operators.cif"),
    include_bytes!("seeds/mmcif/name.cif"),
    include_bytes!("seeds/gzip/list.hkl.gz"),
    include_bytes!("seeds/reflection_file/big.mtz.gz"),
];

#[test]
fn sound_files_of_reflections_are_read() {
    for bytes in REFLECTION_FILES {
        reflection_file::parse(bytes, None, Bytes(1 << 20)).unwrap();
    }
}

fn parse_reflections(bytes: &[u8]) -> Result<(), TestCaseError> {
    for f_column in [None, Some("I"), Some("F(+)"), Some("pdbx_F_plus")] {
        if let Ok(file) = reflection_file::parse(bytes, f_column, Bytes(1 << 20)) {
            prop_assert!(file.origin.listed > 0);
            prop_assert_eq!(file.origin.in_p1, file.reflections.list.len());
        }
    }
    Ok(())
}

/// Sound images of every format that is read for images only.
fn image_samples() -> &'static [Vec<u8>; 4] {
    static IMAGES: OnceLock<[Vec<u8>; 4]> = OnceLock::new();
    IMAGES.get_or_init(|| {
        let image = Image::new(3, 2, vec![0.0, 1.0, 7.0, 0.5, 200.0, 90.0], None);
        let tone = ToneMap::of(&image, ToneScale::Linear, 100.0);
        let png = |depth| png::encode(&image, &tone, png::Colormap::Grey, depth).unwrap();
        [
            tiff::encode(&image).unwrap(),
            pgm::encode(&image, 1.0),
            png(png::Depth::Eight),
            png(png::Depth::Sixteen),
        ]
    })
}

fn parse_images(bytes: &[u8]) -> Result<(), TestCaseError> {
    let decoders = [tiff::decode, pgm::decode, png::decode];
    let images = decoders.into_iter().filter_map(|decode| decode(bytes).ok());
    for image in images {
        prop_assert!(!image.values().is_empty());
        prop_assert_eq!(image.values().len(), image.width() * image.height());
    }
    if let Ok(ImageFile::Bare(bare)) = image_file::parse(bytes.to_vec()) {
        prop_assert!(raw::decode(&bare, [bare.len() / 4, 1]).is_ok());
        prop_assert!(raw::decode(&bare, [usize::MAX, 3]).is_err());
    }
    Ok(())
}

/// Sound files of every format.
const SAMPLES: &[&[u8]] = &[
    b"# h k l F sigma\n1 2 3 45.6 0.1\n-1 0 2 7e2\n\n0 0 1 3.5 # strong\n",
    b"  0.01 0.002 -0.003\n 0.004 0.011 0.001\n 0.0 -0.002 0.009\n 0 0 0\n",
    b"# X Y Z weight wavelength\n-1 0 0 1 1e-10\n-1 0.001 0 0.5 1.01e-10\n-1 0 0.001\n",
    b"{\nHEADER_BYTES=128;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=4;\nSIZE2=2;\nPIXEL_SIZE=0.1;\nDISTANCE=100\n}\n\x0c\n\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00\x07\x00\x08\x00\x00\x00\x00\x00\x00\x00",
];

/// Something that happens to a file.
#[derive(Debug, Clone)]
enum Damage {
    Flip(u8),
    Truncate,
    Remove(usize),
    Insert(Vec<u8>),
    Repeat(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<u8>().prop_map(Damage::Flip),
        Just(Damage::Truncate),
        (1usize..9).prop_map(Damage::Remove),
        vec(any::<u8>(), 1..9).prop_map(Damage::Insert),
        "[-0-9.e;={}#\n ]{1,9}".prop_map(|text| Damage::Insert(text.into_bytes())),
        (1usize..40).prop_map(Damage::Repeat),
    ]
}

impl Damage {
    fn apply(self, bytes: &mut Vec<u8>, place: prop::sample::Index) {
        if bytes.is_empty() {
            return;
        }
        let place = place.index(bytes.len());
        let until = |length: usize| (place + length).min(bytes.len());
        match self {
            Damage::Flip(mask) => bytes[place] ^= mask,
            Damage::Truncate => bytes.truncate(place),
            Damage::Remove(length) => drop(bytes.drain(place..until(length))),
            Damage::Insert(more) => drop(bytes.splice(place..place, more)),
            Damage::Repeat(length) => {
                let again = bytes[place..until(length)].to_vec();
                bytes.splice(place..place, again);
            }
        }
    }
}

/// `bytes` after all that happens to them.
fn damaged(mut bytes: Vec<u8>, damage: Vec<(prop::sample::Index, Damage)>) -> Vec<u8> {
    for (place, damage) in damage {
        damage.apply(&mut bytes, place);
    }
    bytes
}

/// Gives `bytes` to every reader, and checks what they take for sound.
fn parse_all(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(list) = hkl::parse(bytes) {
        prop_assert!(!list.is_empty());
        let widest = |axis: usize| {
            let along = || {
                list.iter()
                    .map(|reflection| i64::from(reflection.index[axis]))
            };
            along().max().unwrap_or(0) - along().min().unwrap_or(0)
        };
        // A larger grid is a matter of the machine's memory.
        if (0..3).all(|axis| widest(axis) < 100)
            && let Ok(factors) = StructureFactors::from_reflections(&list, 0.0)
        {
            let grid = factors.grid().unwrap();
            prop_assert!(grid.amplitudes().iter().all(|f| f.is_finite()));
        }
    }
    if let Ok(matrix) = matrix::parse(bytes) {
        prop_assert!(matrix.is_finite());
    }
    let defaults = Defaults {
        beam: DVec3::X,
        wavelength_m: 1e-10,
    };
    if let Ok(sources) = source_list::parse(bytes, defaults) {
        prop_assert!(!sources.is_empty());
        prop_assert!(sources.iter().all(|source| source.incident.is_normalized()));
    }
    if let Ok(image) = smv::parse(bytes) {
        prop_assert_eq!(image.pixels.len(), image.width * image.height);
        let _ = image.number("DISTANCE");
    }
    Ok(())
}

#[test]
fn small_experiments_are_really_rendered() {
    let experiment = nanobragg::cli::experiment(&sound()).unwrap();
    assert!(check(&experiment).unwrap());
}
