//! Noise and point spread: what the deviates are distributed like, and that every device draws the
//! same ones. `-- --nocapture` prints the figures of `docs/noise.md`.

mod command;
mod point_spread;
use nanobragg::gpu::GpuOptions;
use nanobragg::image::Image;
use nanobragg::image::noise::{Noise, NoiseError, PointSpread, SpreadShape, expose, panels_of};
use nanobragg::render::{Device, RenderError, RenderOptions, Renderer};

/// Draws of every distribution.
const DRAWS: usize = 1_000_000;
/// Standard errors that a sample may be off.
const ERRORS: f64 = 5.0;

/// `count` pixels that expect `mean` photons.
fn flat(mean: f32, count: usize) -> Image {
    Image::new(count, 1, vec![mean; count], None)
}

fn exposed(image: &Image, noise: &Noise) -> Vec<f32> {
    let counts = expose(image, noise, &[image.height()]).unwrap();
    counts.values().to_vec()
}

fn seeded(seed: u64) -> Noise {
    Noise {
        seed,
        ..Noise::default()
    }
}

/// Mean and variance of a sample.
fn moments(values: &[f32]) -> [f64; 2] {
    let count = values.len() as f64;
    let mean = values.iter().copied().map(f64::from).sum::<f64>() / count;
    let squares = values
        .iter()
        .map(|&value| (f64::from(value) - mean).powi(2));
    [mean, squares.sum::<f64>() / (count - 1.0)]
}

fn rms(values: impl Iterator<Item = f64>) -> f64 {
    let (mut count, mut sum) = (0.0, 0.0);
    for value in values {
        (count, sum) = (count + 1.0, sum + value * value);
    }
    (sum / count).sqrt()
}

#[test]
fn counts_have_the_mean_and_variance_of_photons() {
    let means = [
        1e-3f32, 0.01, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 11.9, 12.1, 30.7, 200.0, 1e3, 12_345.6, 1e5,
        1e6, 1e7, 1e9,
    ];
    println!("      mean   mean off   variance off, standard errors");
    for (seed, expected) in (1..).zip(means) {
        let counts = exposed(&flat(expected, DRAWS), &seeded(seed));
        assert!(counts.iter().all(|count| count.fract() == 0.0));
        let [mean, variance] = moments(&counts);
        let expected = f64::from(expected);
        let mean_off = (mean - expected) / (expected / DRAWS as f64).sqrt();
        let spread = (expected + 2.0 * expected * expected) / DRAWS as f64;
        let variance_off = (variance - expected) / spread.sqrt();
        println!("{expected:10} {mean_off:10.2} {variance_off:14.2}");
        assert!(mean_off.abs() < ERRORS, "mean {mean} for {expected}");
        assert!(
            variance_off.abs() < ERRORS,
            "variance {variance} for {expected}"
        );
    }
}

/// P(X = k) for k from 0 on, for a Poisson variable.
fn poisson_probabilities(mean: f64, most: usize) -> Vec<f64> {
    let mut log = -mean;
    let mut probabilities = vec![log.exp()];
    for k in 1..most {
        log += (mean / k as f64).ln();
        probabilities.push(log.exp());
    }
    probabilities
}

/// Standard errors that χ² of `found` against these parts of all is off, classes of few put together.
fn chi_square_off(found: &[usize], parts: &[f64]) -> f64 {
    const FEWEST: f64 = 20.0;
    let all = found.iter().sum::<usize>() as f64;
    let (mut chi_square, mut classes) = (0.0, 0.0);
    let (mut gathered, mut expected) = (0.0, 0.0);
    let mut left = all;
    for (&count, part) in found.iter().zip(parts) {
        gathered += count as f64;
        expected += part * all;
        // What is left joins the last class.
        if expected >= FEWEST && left - expected >= FEWEST {
            chi_square += (gathered - expected).powi(2) / expected;
            (classes, left) = (classes + 1.0, left - expected);
            (gathered, expected) = (0.0, 0.0);
        }
    }
    chi_square += (gathered - left).powi(2) / left;
    // As many classes as were counted, and the last, less one.
    (chi_square - classes) / (2.0f64 * classes).sqrt()
}

#[test]
fn counts_are_distributed_as_photons() {
    println!("    mean   χ² off, standard deviations");
    for (seed, mean) in (100..).zip([0.01f32, 0.5, 5.0, 11.9, 12.1, 30.5, 200.0, 1e4]) {
        let counts = exposed(&flat(mean, DRAWS), &seeded(seed));
        let most = (f64::from(mean) + 12.0 * f64::from(mean).sqrt() + 12.0) as usize;
        let mut found = vec![0usize; most];
        for count in counts {
            found[(count as usize).min(most - 1)] += 1;
        }
        let off = chi_square_off(&found, &poisson_probabilities(mean.into(), most));
        println!("{mean:8} {off:8.2}");
        assert!(off.abs() < ERRORS, "mean {mean}: χ² is {off} off");
    }
}

#[test]
fn rare_photons_come_as_often_as_they_should() {
    // Sixteen million pixels of a frame with next to nothing on it.
    const PIXELS: usize = 1 << 24;
    let counts = exposed(&flat(1e-4, PIXELS), &seeded(11));
    let found = |k: f32| counts.iter().filter(|&&count| count == k).count() as f64;
    for (k, probability) in [(1.0, 1e-4 * (1.0 - 1e-4)), (2.0, 0.5e-8)] {
        let expected = probability * PIXELS as f64;
        let off = (found(k) - expected) / expected.sqrt().max(0.3);
        assert!(off.abs() < ERRORS, "{k}: {} of {expected}", found(k));
    }
    assert_eq!(found(0.0) + found(1.0) + found(2.0), PIXELS as f64);
}

#[test]
fn extremes_are_counted() {
    let means = vec![0.0, -0.0, -1.0, 1e-40, f32::NAN, 1e30, f32::INFINITY];
    let image = Image::new(means.len(), 1, means, None);
    let expected = [0.0, 0.0, 0.0, 0.0, 0.0, 1e30, f32::INFINITY];
    assert_eq!(exposed(&image, &seeded(1)), expected);
    let saturated = Noise {
        saturation: Some(1000.0),
        offset: 7.0,
        ..seeded(1)
    };
    let expected = [7.0, 7.0, 7.0, 7.0, 7.0, 1000.0, 1000.0];
    assert_eq!(exposed(&image, &saturated), expected);
}

#[test]
fn the_beam_flickers_as_much_as_asked_for_and_all_pixels_with_it() {
    const IMAGES: u32 = 20_000;
    let image = flat(1e12, 2);
    let flickers: Vec<f64> = (0..IMAGES)
        .map(|number| {
            let noise = Noise {
                image: number,
                flicker: 0.02,
                ..seeded(5)
            };
            let counts = exposed(&image, &noise);
            assert!((counts[0] / counts[1] - 1.0).abs() < 1e-5);
            f64::from(counts[0]) / 1e12 - 1.0
        })
        .collect();
    let found = rms(flickers.iter().copied());
    let off = (found / 0.02 - 1.0) * (2.0 * f64::from(IMAGES)).sqrt();
    println!("flicker      rms {found:.6} of 0.02, {off:.2} standard errors off");
    assert!(off.abs() < ERRORS);
    let mean = flickers.iter().sum::<f64>() / f64::from(IMAGES);
    assert!(mean.abs() < ERRORS * 0.02 / f64::from(IMAGES).sqrt());
}

#[test]
fn a_calibration_is_the_detectors_and_not_the_images() {
    let image = flat(1e12, DRAWS);
    let errors = |noise: Noise| -> Vec<f64> {
        let counts = exposed(&image, &noise);
        counts
            .iter()
            .map(|&count| f64::from(count) / 1e12 - 1.0)
            .collect()
    };
    let calibrated = |seed, number, calibration_seed| {
        errors(Noise {
            image: number,
            calibration: 0.03,
            calibration_seed,
            ..seeded(seed)
        })
    };
    let first = calibrated(1, 0, 99);
    let found = rms(first.iter().copied());
    let off = (found / 0.03 - 1.0) * (2.0 * DRAWS as f64).sqrt();
    println!("calibration  rms {found:.6} of 0.03, {off:.2} standard errors off");
    assert!(off.abs() < ERRORS);
    let differing = |other: &[f64]| rms(first.iter().zip(other).map(|(one, two)| one - two));
    // What is left of a difference is photons: 1e-6 of the mean, twice.
    assert!(differing(&calibrated(1, 1, 99)) < 2e-6, "another image");
    assert!(differing(&calibrated(2, 0, 99)) < 2e-6, "another seed");
    let another = differing(&calibrated(1, 0, 100)) / 0.03;
    assert!(
        (another / 2f64.sqrt() - 1.0).abs() < 0.01,
        "another detector: {another}"
    );
}

#[test]
fn the_readout_is_as_noisy_as_asked_for() {
    for readout in [1.0, 3.0, 100.0] {
        let noise = Noise {
            readout,
            offset: 40.0,
            ..seeded(3)
        };
        let counts = exposed(&flat(0.0, DRAWS), &noise);
        assert!(counts.iter().all(|count| count.fract() == 0.0));
        let [mean, variance] = moments(&counts);
        // Rounding adds a twelfth, once the noise is as wide as its steps.
        let expected = readout * readout + 1.0 / 12.0;
        let off = (variance / expected - 1.0) * (DRAWS as f64 / 2.0).sqrt();
        let mean_off = (mean - 40.0) / (expected / DRAWS as f64).sqrt();
        println!(
            "readout      variance {variance:.4} of {expected:.4}, {off:.2} standard errors off"
        );
        assert!(
            off.abs() < ERRORS && mean_off.abs() < ERRORS,
            "{mean} {variance}"
        );
    }
}

#[test]
fn readout_noise_is_normal() {
    // Steps of an eighth of the noise.
    let noise = Noise {
        readout: 8.0,
        ..seeded(4)
    };
    let mut found = vec![0usize; 129];
    for count in exposed(&flat(0.0, DRAWS), &noise) {
        found[(count + 64.0).clamp(0.0, 128.0) as usize] += 1;
    }
    let below = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
    let parts: Vec<f64> = (-64..=64)
        .map(|count| below((f64::from(count) + 0.5) / 8.0) - below((f64::from(count) - 0.5) / 8.0))
        .collect();
    let off = chi_square_off(&found, &parts);
    println!("readout      χ² {off:.2} standard deviations off");
    assert!(off.abs() < ERRORS, "{off}");
}

#[test]
fn gain_and_offset_come_behind_the_photons() {
    let image = flat(20.0, 1000);
    let photons = exposed(&image, &seeded(9));
    let noise = Noise {
        gain: 2.5,
        offset: -30.25,
        saturation: Some(25.0),
        ..seeded(9)
    };
    for (count, photons) in exposed(&image, &noise).into_iter().zip(photons) {
        assert_eq!(count, (photons * 2.5 - 30.25 + 0.5).floor().min(25.0));
    }
}

#[test]
fn a_pixel_keeps_its_deviates_whatever_surrounds_it() {
    let wide = exposed(&flat(50.0, 4), &seeded(3));
    let part = Some(vec![false, true, false, true]);
    let masked = Image::new(4, 1, vec![0.0, 50.0, 0.0, 50.0], part);
    let offset = Noise {
        offset: 10.0,
        readout: 0.0,
        ..seeded(3)
    };
    let found = exposed(&masked, &offset);
    assert_eq!(found, [0.0, wide[1] + 10.0, 0.0, wide[3] + 10.0]);
    assert_ne!(wide, exposed(&flat(50.0, 4), &seeded(4)));
    let next = Noise {
        image: 1,
        ..seeded(3)
    };
    assert_ne!(wide, exposed(&flat(50.0, 4), &next));
    // The high word of a seed counts, too.
    assert_ne!(wide, exposed(&flat(50.0, 4), &seeded(3 | 1 << 40)));
}

/// Everything there is, on pixels from none to 10¹⁸ photons, some of which are not rendered.
fn everything() -> (Image, Noise) {
    let (width, height) = (300, 400);
    let values = (0..width * height).map(|index| match index % 997 {
        0 => 0.0,
        1 => f32::INFINITY,
        2 => -3.0,
        3 => f32::NAN,
        place => 10f32.powf((place as f32) / 997.0 * 24.0 - 6.0),
    });
    let rendered = (0..width * height).map(|index| index % 31 != 5).collect();
    let image = Image::new(width, height, values.collect(), Some(rendered));
    let noise = Noise {
        seed: 0x1234_5678_9abc_def0,
        image: 17,
        flicker: 0.05,
        calibration: 0.03,
        calibration_seed: 42,
        point_spread: None,
        gain: 1.7,
        offset: 40.3,
        readout: 3.2,
        saturation: None,
    };
    (image, noise)
}

fn bits(image: &Image) -> Vec<u32> {
    image.values().iter().map(|value| value.to_bits()).collect()
}

fn on_gpu(gpu: GpuOptions) -> Renderer {
    Renderer::new(&RenderOptions {
        device: Device::Gpu("gpu".into()),
        gpu,
        ..RenderOptions::default()
    })
    .unwrap()
}

#[test]
fn every_device_band_and_thread_draws_the_same_bits() {
    let (image, plain) = everything();
    let banded = GpuOptions {
        buffer_limit: Some(70_001),
        ..GpuOptions::default()
    };
    let threads = Renderer::new(&RenderOptions {
        device: Device::Cpu,
        threads: 3,
        ..RenderOptions::default()
    });
    let renderers = [
        on_gpu(GpuOptions::default()),
        on_gpu(banded),
        threads.unwrap(),
    ];
    assert!(renderers[0].on_gpu() && renderers[1].on_gpu());
    let spread = |shape, fwhm_pixels| Noise {
        point_spread: Some(PointSpread { shape, fwhm_pixels }),
        saturation: Some(65_535.0),
        ..plain
    };
    let photons_only = seeded(plain.seed);
    let panels = panels_of(image.height(), 4).unwrap();
    for noise in [
        plain,
        photons_only,
        spread(SpreadShape::Gauss, 2.0),
        spread(SpreadShape::Fiber, 1.5),
    ] {
        let expected = bits(&expose(&image, &noise, &panels).unwrap());
        for renderer in &renderers {
            let found = bits(&renderer.expose(&image, &noise, &panels).unwrap().image);
            let different = found.iter().zip(&expected).filter(|(one, two)| one != two);
            let name = renderer.device_name();
            assert_eq!(different.count(), 0, "{noise:?} on {name}");
        }
    }
}

#[test]
fn images_of_several_dispatches_are_exposed_whole() {
    // Of so many means that arithmetic which is nearly the same would show.
    let pixels = 2000 * 1100;
    let means = (0..pixels).map(|index| 10f32.powf(index as f32 / pixels as f32 * 13.0 - 4.0));
    let image = Image::new(2000, 1100, means.collect(), None);
    let noise = Noise {
        calibration: 0.02,
        readout: 1.0,
        ..seeded(8)
    };
    let expected = expose(&image, &noise, &[1100]).unwrap();
    let gpu = on_gpu(GpuOptions::default());
    let found = gpu.expose(&image, &noise, &[1100]).unwrap().image;
    assert!(bits(&found) == bits(&expected));
}

#[test]
fn impossible_noise_is_refused() {
    let image = flat(1.0, 10);
    let refused = |noise: Noise| {
        matches!(
            expose(&image, &noise, &[1]),
            Err(NoiseError::OutOfRange { .. })
        )
    };
    let plain = Noise::default();
    let spread = |fwhm_pixels| {
        Some(PointSpread {
            shape: SpreadShape::Fiber,
            fwhm_pixels,
        })
    };
    for value in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
        assert!(refused(Noise {
            flicker: value,
            ..plain
        }));
        assert!(refused(Noise {
            calibration: value,
            ..plain
        }));
        assert!(refused(Noise {
            readout: value,
            ..plain
        }));
        assert!(refused(Noise {
            gain: value,
            ..plain
        }));
        assert!(refused(Noise {
            saturation: Some(value),
            ..plain
        }));
        assert!(refused(Noise {
            point_spread: spread(value),
            ..plain
        }));
    }
    assert!(refused(Noise { gain: 0.0, ..plain }));
    assert!(refused(Noise {
        point_spread: spread(1e-9),
        ..plain
    }));
    for gpu in [Renderer::cpu().unwrap(), on_gpu(GpuOptions::default())] {
        let wrong = gpu.expose(&image, &plain, &[1, 1]);
        assert!(matches!(
            wrong,
            Err(RenderError::Noise(NoiseError::Panels {
                rows: 2,
                height: 1
            }))
        ));
    }
}

#[test]
fn a_seed_gives_the_counts_that_it_gave_before() {
    // From the first version of these deviates: whoever repeats a run gets its image again.
    let means = vec![0.3, 2.0, 7.5, 11.9, 12.1, 45.0, 1e3, 1e5, 1e7, 1e9];
    let image = Image::new(means.len(), 1, means, None);
    let noise = Noise {
        calibration: 0.01,
        readout: 1.5,
        offset: 40.0,
        ..seeded(2026)
    };
    assert_eq!(exposed(&image, &noise), BEFORE);
}

const BEFORE: [f32; 10] = [
    42.0,
    39.0,
    47.0,
    50.0,
    54.0,
    96.0,
    1056.0,
    99_935.0,
    10_059_672.0,
    995_882_900.0,
];
