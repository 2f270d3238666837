//! Point spread on the GPU there is against the host's.

use nanobragg::gpu::{Adapter, GpuOptions, GpuRenderer, adapters};
use nanobragg::image::noise::{PointSpread, SpreadShape, point_spread};
use nanobragg::random::PhiloxStream;
use rand::RngExt;
use std::sync::OnceLock;

/// What a pixel may be off, of itself.
const TOLERANCE: f64 = 1e-5;

fn gpu() -> &'static GpuRenderer {
    static GPU: OnceLock<GpuRenderer> = OnceLock::new();
    GPU.get_or_init(|| {
        let adapters = adapters();
        let adapter = Adapter::choose(&adapters, "gpu").unwrap();
        GpuRenderer::new(adapter, GpuOptions::default()).unwrap()
    })
}

fn both(fwhm_pixels: f64) -> [PointSpread; 2] {
    [SpreadShape::Gauss, SpreadShape::Fiber].map(|shape| PointSpread { shape, fwhm_pixels })
}

#[test]
#[ignore]
fn timing() {
    let size: usize = std::env::var("SIZE").unwrap().parse().unwrap();
    let mut rng = PhiloxStream::new(1, 0, 1, 0);
    let values: Vec<f32> = (0..size * size)
        .map(|_| rng.random_range(0..50) as f32)
        .collect();
    for spread in both(1.2) {
        let mut found = values.clone();
        gpu()
            .spread_panels(&mut found, size, &[size], &spread)
            .unwrap();
        for _ in 0..2 {
            let mut found = values.clone();
            let start = std::time::Instant::now();
            gpu()
                .spread_panels(&mut found, size, &[size], &spread)
                .unwrap();
            let ours = start.elapsed();
            let mut expected = values.clone();
            let start = std::time::Instant::now();
            point_spread::spread(&mut expected, size, &[size], &spread);
            let host = start.elapsed();
            let different = found
                .iter()
                .zip(&expected)
                .filter(|(one, two)| one != two)
                .count();
            println!("{spread:?} {size}: {ours:?}, host {host:?}; {different} differ");
        }
    }
}

#[test]
fn one() {
    for size in [[4, 4], [100, 37], [300, 40]] {
        for spread in both(1.2) {
            let [width, height] = size;
            let mut values = vec![0f32; width * height];
            values[width + 1] = 1000.0;
            let mut expected = values.clone();
            point_spread::spread(&mut expected, width, &[height], &spread);
            gpu()
                .spread_panels(&mut values, width, &[height], &spread)
                .unwrap();
            println!("{size:?} {:?}\n{:?}", &values[..8], &expected[..8]);
            let mut worst: f64 = 0.0;
            for (a, b) in values.iter().zip(&expected) {
                worst = worst.max(f64::from((a - b).abs()) / f64::from(*b).abs().max(1e-12));
            }
            println!("{worst:e}");
        }
    }
}
