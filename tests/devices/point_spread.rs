//! Point spread on the GPU there is against the host's.
//!
//! The host's transforms in float64 are off by up to 3e-16 of the brightest pixel here; what is less
//! than [`FLOOR`] of it says nothing of the GPU, whose convolution is exact.

use std::sync::OnceLock;
use std::thread;

use nanobragg::gpu::{Adapter, GpuError, GpuOptions, GpuRenderer, adapters};
use nanobragg::image::noise::{Exposure, Noise, PointSpread, SpreadShape, Stage, point_spread};
use nanobragg::random::PhiloxStream;
use rand::RngExt;

/// What a pixel may be off, of itself.
const TOLERANCE: f64 = 1e-5;
/// What it may be off where it is darker, of the brightest pixel.
const FLOOR: f64 = 1e-15;
const WIDTHS: [f64; 6] = [0.001, 0.5, 1.2, 5.0, 50.0, 2000.0];

fn opened(options: GpuOptions) -> GpuRenderer {
    let adapters = adapters();
    let adapter = Adapter::choose(&adapters, "gpu").unwrap();
    GpuRenderer::new(adapter, options).unwrap()
}

/// One for all tests: what it keeps of one point spread must not harm another.
fn gpu() -> &'static GpuRenderer {
    static GPU: OnceLock<GpuRenderer> = OnceLock::new();
    GPU.get_or_init(|| opened(GpuOptions::default()))
}

fn both(fwhm_pixels: f64) -> [PointSpread; 2] {
    [SpreadShape::Gauss, SpreadShape::Fiber].map(|shape| PointSpread { shape, fwhm_pixels })
}

fn normal(rng: &mut PhiloxStream) -> f32 {
    (0..12).map(|_| rng.random_range(0f32..1.0)).sum::<f32>() - 6.0
}

/// Images of every kind: what is in them, and their pixels.
fn images(pixels: usize) -> Vec<(&'static str, Vec<f32>)> {
    let mut rng = PhiloxStream::new(0x7370, 0, pixels as u32, 0);
    let mut drawn = |draw: &mut dyn FnMut(&mut PhiloxStream) -> f32| -> Vec<f32> {
        (0..pixels).map(|_| draw(&mut rng)).collect()
    };
    let mut one = vec![0.0; pixels];
    one[pixels / 3] = 1e6;
    let counts = drawn(&mut |rng| {
        let spot = rng.random_range(0..500) == 0;
        let most = if spot { 1_000_000 } else { 5 };
        rng.random_range(0..most) as f32
    });
    let background = drawn(&mut |rng| (30.0 + 5.5 * normal(rng)).round().max(0.0));
    let calibrated = drawn(&mut |rng| {
        let spot = rng.random_range(0..500) == 0;
        let photons = if spot { 3e6 } else { 2.0 };
        // Pixels that are off by more than all they count: some are below 0.
        photons * (1.0 + 0.3 * normal(rng))
    });
    let huge = drawn(&mut |rng| 10f32.powf(rng.random_range(20f32..30.0)));
    let mut endless = counts.clone();
    endless
        .iter_mut()
        .step_by(17)
        .for_each(|value| *value = f32::INFINITY);
    let every = vec![f32::INFINITY; pixels];
    vec![
        ("one bright pixel", one),
        ("counts", counts),
        ("background", background),
        ("calibrated counts", calibrated),
        ("up to 1e30", huge),
        ("infinities", endless),
        ("nothing finite", every),
        ("nothing", vec![0.0; pixels]),
    ]
}

/// Spreads `image` on both; returns the largest error of a pixel of itself, how many floats, and how
/// many counts differ: none where counts are more than floats hold to the last one.
fn compared(
    name: &str,
    image: &[f32],
    width: usize,
    heights: &[usize],
    spread: &PointSpread,
) -> (f64, usize, usize) {
    let (mut found, mut expected) = (image.to_vec(), image.to_vec());
    gpu()
        .spread_panels(&mut found, width, heights, spread)
        .unwrap();
    point_spread::spread(&mut expected, width, heights, spread);
    let finite = image.iter().filter(|value| value.is_finite());
    let brightest = f64::from(finite.fold(0f32, |most, value| most.max(value.abs())));
    let mut worst: f64 = 0.0;
    let mut totals = [0.0, 0.0, 0.0];
    for (&one, &other) in found.iter().zip(&expected) {
        assert_eq!(one.is_finite(), other.is_finite(), "{name} {spread:?}");
        if other.is_finite() {
            let (one, other) = (f64::from(one), f64::from(other));
            let error = (one - other).abs();
            if error > FLOOR * brightest {
                worst = worst.max(error / other.abs());
            }
            totals = [totals[0] + one, totals[1] + other, totals[2] + other.abs()];
        } else {
            assert_eq!(one.to_bits(), other.to_bits());
        }
    }
    let context = format!("{name}, {width} x {heights:?}, {spread:?}");
    assert!(worst <= TOLERANCE, "{context}: {worst:.1e}");
    assert!(
        (totals[0] - totals[1]).abs() <= 1e-6 * totals[2],
        "{context}: {totals:?}"
    );
    let differ = |one: &[f32], other: &[f32]| {
        let pairs = one.iter().zip(other);
        pairs
            .filter(|(one, other)| one.to_bits() != other.to_bits())
            .count()
    };
    let floats = differ(&found, &expected);
    let exposure = Exposure::of(&Noise {
        readout: 2.0,
        gain: 1.7,
        ..Noise::default()
    });
    Stage::ReadOut.act(&exposure, &mut found);
    Stage::ReadOut.act(&exposure, &mut expected);
    let whole = brightest < f64::from(1 << 23);
    let counts = if whole { differ(&found, &expected) } else { 0 };
    (worst, floats, counts)
}

/// [`compared`] for every kind of image; no count may differ.
fn compare_all(size: [usize; 2], widths: &[f64]) {
    let [width, height] = size;
    for spread in widths.iter().copied().flat_map(both) {
        let mut all: (f64, usize, usize) = (0.0, 0, 0);
        for (name, image) in images(width * height) {
            let (worst, floats, counts) = compared(name, &image, width, &[height], &spread);
            all = (all.0.max(worst), all.1 + floats, all.2 + counts);
            assert_eq!(counts, 0, "{name}, {size:?}, {spread:?}");
        }
        let (worst, floats, counts) = all;
        println!(
            "{size:?} {spread:?}: {worst:.1e} of a pixel, {floats} floats, {counts} counts differ"
        );
    }
}

#[test]
fn small_panels_spread_as_on_the_host() {
    for size in [[1, 1], [1, 77], [90, 1], [33, 2]] {
        compare_all(size, &[0.5, 2000.0]);
    }
    compare_all([100, 37], &WIDTHS);
}

#[test]
fn large_panels_spread_as_on_the_host() {
    compare_all([487, 619], &[0.001, 1.2, 2000.0]);
}

#[test]
fn long_lines_spread_as_on_the_host() {
    // Lines of three, and of six branches.
    for size in [[5000, 3], [2, 9000]] {
        compare_all(size, &[5.0]);
    }
}

#[test]
fn a_pixel_is_as_exact_far_from_a_bright_one_as_near() {
    let (width, height, fast, slow) = (700, 300, 20, 31);
    for spread in WIDTHS.into_iter().flat_map(both) {
        let mut values = vec![0f32; width * height];
        values[slow * width + fast] = 1e6;
        gpu()
            .spread_panels(&mut values, width, &[height], &spread)
            .unwrap();
        let (mut worst, mut darkest): (f64, f64) = (0.0, f64::INFINITY);
        for (index, &found) in values.iter().enumerate() {
            let distance = [
                (index % width).abs_diff(fast),
                (index / width).abs_diff(slow),
            ];
            let part = point_spread::part(&spread, distance[0], distance[1]);
            // Parts are rounded to 2^-58 of all light.
            let allowed = 1e6 * (6e-8 * part + 2f64.powi(-59));
            let error = (f64::from(found) - 1e6 * part).abs();
            assert!(
                error <= allowed,
                "{spread:?} {distance:?}: {found} for {}",
                1e6 * part
            );
            if part > 1e-12 {
                worst = worst.max(error / (1e6 * part));
                darkest = darkest.min(part);
            }
        }
        assert!(worst <= TOLERANCE, "{spread:?}: {worst:.1e}");
        println!("{spread:?}: {worst:.1e} of a pixel, down to {darkest:.1e} of the light");
    }
}

#[test]
fn no_light_is_lost_that_stays_on_the_panel() {
    let (width, height) = (260, 240);
    let mut values = vec![0f32; width * height];
    values[120 * width + 130] = 1e6;
    let [gauss, _] = both(7.0);
    gpu()
        .spread_panels(&mut values, width, &[height], &gauss)
        .unwrap();
    let total: f64 = values.iter().copied().map(f64::from).sum();
    assert!((total / 1e6 - 1.0).abs() < 1e-6, "{total}");
}

#[test]
fn panels_and_threads_keep_their_light_apart() {
    let (width, heights) = (40, [30, 17, 1, 30]);
    let pixels = width * heights.iter().sum::<usize>();
    let [_, spread] = both(3.0);
    for (name, image) in images(pixels) {
        let (_, _, counts) = compared(name, &image, width, &heights, &spread);
        assert_eq!(counts, 0, "{name}");
    }
    let image = &images(pixels)[1].1;
    let spread_with = |spread: &PointSpread| {
        let mut values = image.clone();
        gpu()
            .spread_panels(&mut values, width, &heights, spread)
            .unwrap();
        values
    };
    let expected = both(2.0).map(|spread| spread_with(&spread));
    thread::scope(|scope| {
        for (spread, expected) in both(2.0).into_iter().zip(&expected) {
            let spread_with = &spread_with;
            scope.spawn(move || {
                for _ in 0..5 {
                    assert_eq!(spread_with(&spread), *expected);
                }
            });
        }
    });
}

#[test]
fn a_panel_that_does_not_fit_is_refused() {
    let tight = opened(GpuOptions {
        buffer_limit: Some(70_001),
        ..GpuOptions::default()
    });
    let [_, spread] = both(1.0);
    let refused = tight.spread_panels(&mut vec![1.0; 300 * 100], 300, &[100], &spread);
    let error = refused.unwrap_err();
    assert!(matches!(error, GpuError::TooLarge { .. }), "{error}");
    assert!(
        error.to_string().contains("the point spread of a panel"),
        "{error}"
    );
    assert_eq!(tight.spread_fits([300, 100]).unwrap_err(), error);
    assert!(tight.spread_fits([30, 40]).is_ok());
    let error = gpu().spread_fits([1, 200_000]).unwrap_err();
    assert!(matches!(error, GpuError::PanelTooLong { .. }), "{error}");
    // On any device that WebGPU knows, 4096 x 4096 pixels do.
    assert!(gpu().spread_fits([4096, 4096]).is_ok());
}
