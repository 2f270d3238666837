//! Point spreads: the published forms, light conserved and lost, panels apart.

use std::f64::consts::TAU;

use nanobragg::image::noise::{PointSpread, SpreadShape, point_spread::spread};

const WIDTHS: [f64; 6] = [0.1, 0.5, 1.0, 3.3, 12.0, 50.0];

fn both(fwhm_pixels: f64) -> [PointSpread; 2] {
    [SpreadShape::Gauss, SpreadShape::Fiber].map(|shape| PointSpread { shape, fwhm_pixels })
}

/// Photons per square pixel at (x, y) pixels from where one hit, as published.
fn density(form: &PointSpread, x: f64, y: f64) -> f64 {
    let square = x * x + y * y;
    match form.shape {
        SpreadShape::Gauss => {
            let variance = form.fwhm_pixels.powi(2) / (8.0 * 2f64.ln());
            (-square / (2.0 * variance)).exp() / (TAU * variance)
        }
        SpreadShape::Fiber => {
            // Half of the maximum at half of the width.
            let g = 0.5 * form.fwhm_pixels / (2f64.powf(2.0 / 3.0) - 1.0).sqrt();
            g / TAU * (g * g + square).powf(-1.5)
        }
    }
}

/// The density over the pixel (x, y) pixels away, by Gauss's three points each way on a fine grid.
fn integrated(form: &PointSpread, x: f64, y: f64) -> f64 {
    let steps = (20.0 / form.fwhm_pixels.min(1.0)) as i32;
    let reach = 0.5 * 0.6f64.sqrt();
    let points = [(-reach, 5.0 / 18.0), (0.0, 8.0 / 18.0), (reach, 5.0 / 18.0)];
    let places: Vec<(f64, f64)> = (0..steps)
        .flat_map(|step| points.map(|(at, weight)| (f64::from(step) + 0.5 + at, weight)))
        .map(|(place, weight)| (place / f64::from(steps) - 0.5, weight / f64::from(steps)))
        .collect();
    let mut sum = 0.0;
    for (df, along_fast) in &places {
        for (ds, along_slow) in &places {
            sum += along_fast * along_slow * density(form, x + df, y + ds);
        }
    }
    sum
}

#[test]
fn a_bright_pixel_becomes_the_published_form() {
    let (width, height, fast, slow) = (150, 131, 70, 9);
    for form in WIDTHS.into_iter().flat_map(both) {
        let mut values = vec![0f32; width * height];
        values[slow * width + fast] = 1e6;
        spread(&mut values, width, &[height], &form);
        let brightest = f64::from(values[slow * width + fast]);
        let mut worst: f64 = 0.0;
        for (df, ds) in [
            (0i32, 0i32),
            (1, 0),
            (0, -1),
            (2, 2),
            (-7, 3),
            (30, -9),
            (79, 121),
            (-70, 0),
        ] {
            let place = (slow as i32 + ds) as usize * width + (fast as i32 + df) as usize;
            let found = f64::from(values[place]);
            let expected = 1e6 * integrated(&form, f64::from(df), f64::from(ds));
            // Of the pixel, or of the transforms' last digits.
            let error = (found - expected).abs() / expected.max(1e-8 * brightest);
            worst = worst.max(error);
        }
        println!("{form:?}: worst error of a pixel {worst:.1e}");
        assert!(worst < 1e-4, "{form:?}: {worst:.1e}");
    }
}

#[test]
fn light_is_conserved_but_for_what_leaves_the_frame() {
    let (width, height) = (90, 121);
    for form in WIDTHS.into_iter().flat_map(both) {
        for [fast, slow] in [[45, 60], [0, 0], [89, 60]] {
            let mut values = vec![0f32; width * height];
            values[slow * width + fast] = 1e6;
            spread(&mut values, width, &[height], &form);
            let total: f64 = values.iter().copied().map(f64::from).sum();
            // The part of a photon between 0 and the frame's edge, from the density's integral.
            let inside = |x: f64, y: f64| match form.shape {
                SpreadShape::Gauss => {
                    let reach = form.fwhm_pixels / (2.0 * 2f64.ln().sqrt());
                    0.25 * libm::erf(x / reach) * libm::erf(y / reach)
                }
                SpreadShape::Fiber => {
                    let g = 0.5 * form.fwhm_pixels / (2f64.powf(2.0 / 3.0) - 1.0).sqrt();
                    (x * y / (g * (g * g + x * x + y * y).sqrt())).atan() / TAU
                }
            };
            let ends = |at: usize, length: usize| [at as f64 + 0.5, (length - at) as f64 - 0.5];
            let mut expected = 0.0;
            for x in ends(fast, width) {
                for y in ends(slow, height) {
                    expected += 1e6 * inside(x, y);
                }
            }
            let error = (total / expected - 1.0).abs();
            assert!(
                error < 1e-6,
                "{form:?} at {fast} {slow}: {total} of {expected}"
            );
        }
    }
}

#[test]
fn light_does_not_come_back_at_the_other_side() {
    let (width, height) = (64, 50);
    let [_, fiber] = both(2.0);
    let mut values = vec![0f32; width * height];
    values[25 * width] = 1e6;
    spread(&mut values, width, &[height], &fiber);
    for fast in 1..width {
        assert!(values[25 * width + fast] < values[25 * width + fast - 1]);
    }
}

#[test]
fn panels_keep_their_light_and_are_what_they_are_alone() {
    let (width, heights) = (40, [30, 17, 1]);
    let [gauss, fiber] = both(3.0);
    for form in [gauss, fiber] {
        let pixels = width * heights.iter().sum::<usize>();
        let image: Vec<f32> = (0..pixels)
            .map(|index| (index * 7919 % 101) as f32)
            .collect();
        let mut together = image.clone();
        spread(&mut together, width, &heights, &form);
        let mut start = 0;
        for height in heights {
            let panel = start..start + width * height;
            let mut alone = image[panel.clone()].to_vec();
            spread(&mut alone, width, &[height], &form);
            assert_eq!(together[panel], alone, "{form:?} {height}");
            start += width * height;
        }
        let mut dark = vec![0f32; pixels];
        dark[29 * width + 20] = 1e6;
        spread(&mut dark, width, &heights, &form);
        assert!(dark[30 * width..].iter().all(|&value| value == 0.0));
    }
}

#[test]
fn spreading_is_linear_and_does_not_mind_threads() {
    let (width, height) = (33, 47);
    let [_, form] = both(1.3);
    let image: Vec<f32> = (0..width * height)
        .map(|index| (index * 31 % 57) as f32)
        .collect();
    let spread_on = |threads: usize, image: &[f32]| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let mut values = image.to_vec();
        pool.install(|| spread(&mut values, width, &[height], &form));
        values
    };
    let once = spread_on(1, &image);
    assert_eq!(once, spread_on(3, &image));
    let twice: Vec<f32> = image.iter().map(|value| 2.0 * value).collect();
    let doubled = spread_on(1, &twice);
    for (one, two) in once.iter().zip(doubled) {
        assert!((2.0 * one - two).abs() <= 1e-5 * two);
    }
}
