//! Reading reflections and writing images.
//!
//! `cargo bench --bench files`

use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nanobragg::formats::{hkl, raw, smv, tiff};
use nanobragg::image::{Image, Statistics};

/// A list of 64,584 reflections, and one of two million made of it.
fn reading(criterion: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/lysozyme_1aki_p1.hkl");
    let lysozyme = std::fs::read(&path).expect("the list is there");
    let mut long = lysozyme.clone();
    for _ in 0..5 {
        long.extend_from_within(..);
    }
    let mut group = criterion.benchmark_group("hkl");
    group.sample_size(10);
    group.measurement_time(Duration::from_secs(3));
    for list in [&lysozyme, &long] {
        let lines = list.iter().filter(|&&byte| byte == b'\n').count();
        group.throughput(Throughput::Elements(lines as u64));
        group.bench_with_input(BenchmarkId::new("parse", lines), list, |bencher, list| {
            bencher.iter(|| hkl::parse(list))
        });
    }
    group.finish();
}

/// Images of 2048 by 2048 pixels, to bytes.
fn writing(criterion: &mut Criterion) {
    const EDGE: usize = 2048;
    let values = (0..EDGE * EDGE).map(|i| (i % 977) as f32 * 0.37).collect();
    let image = Image::new(EDGE, EDGE, values, None);
    let statistics = Statistics::of(&image);
    let mut group = criterion.benchmark_group("write");
    group.sample_size(10);
    group.measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Elements((EDGE * EDGE) as u64));
    group.bench_function("float", |bencher| {
        bencher.iter(|| raw::encode(&image).len())
    });
    group.bench_function("smv", |bencher| {
        let counts = smv::Counts::automatic(&statistics, 40.0);
        bencher.iter(|| smv::encode(&image, counts, ""))
    });
    group.bench_function("tiff", |bencher| bencher.iter(|| tiff::encode(&image)));
    group.bench_function("statistics", |bencher| {
        bencher.iter(|| Statistics::of(&image))
    });
    group.finish();
}

criterion_group!(benches, reading, writing);
criterion_main!(benches);
