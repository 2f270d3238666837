//! Point spread on the GPU there is and on the host.
//!
//! `cargo bench --bench point_spread`

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nanobragg::gpu::{Adapter, GpuOptions, GpuRenderer, adapters};
use nanobragg::image::noise::{PointSpread, SpreadShape, point_spread};

/// Square panels of counts, with a kernel that is there already.
fn spreading(criterion: &mut Criterion) {
    let adapters = adapters();
    let adapter = Adapter::choose(&adapters, "gpu").expect("there is a GPU");
    let gpu = GpuRenderer::new(adapter, GpuOptions::default()).expect("the GPU works");
    let mut group = criterion.benchmark_group("point spread");
    group.sample_size(10);
    group.measurement_time(Duration::from_secs(3));
    for size in [512usize, 1024] {
        let counts: Vec<f32> = (0..size * size)
            .map(|at| (at * 7919 % 101) as f32)
            .collect();
        group.throughput(Throughput::Elements((size * size) as u64));
        for shape in [SpreadShape::Gauss, SpreadShape::Fiber] {
            let spread = PointSpread {
                shape,
                fwhm_pixels: 1.2,
            };
            let name = |device: &str| BenchmarkId::new(format!("{device} {shape:?}"), size);
            group.bench_function(name("gpu"), |bencher| {
                bencher.iter(|| {
                    let mut values = counts.clone();
                    let spread = gpu.spread_panels(&mut values, size, &[size], &spread);
                    spread.expect("the panel fits");
                    values
                })
            });
            group.bench_function(name("host"), |bencher| {
                bencher.iter(|| {
                    let mut values = counts.clone();
                    point_spread::spread(&mut values, size, &[size], &spread);
                    values
                })
            });
        }
    }
    group.finish();
}

criterion_group!(benches, spreading);
criterion_main!(benches);
