//! Reading reflections and writing images.
//!
//! `cargo bench --bench files`

#[path = "../tests/support/mtz_file.rs"]
mod mtz_file;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use mtz_file::MtzFile;
use nanobragg::experiment::expand;
use nanobragg::formats::encoding::Counts;
use nanobragg::formats::raster::RasterView;
use nanobragg::formats::{hkl, mmcif, mtz, packed, raw, smv, tiff};
use nanobragg::image::{Image, Statistics};
use nanobragg::memory::Bytes;

/// Memory that the expansion of a list may take.
const MEMORY: Bytes = Bytes(1 << 34);

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

/// Unique reflections of P 21 21 21: two million of them, in files of five columns.
fn reading_merged(criterion: &mut Criterion) {
    const LARGEST: i32 = 126;
    let range = 1..=LARGEST;
    let mut values = Vec::new();
    let mut cif = "data_made\n_symmetry.space_group_name_H-M 'P 21 21 21'\nloop_\n\
                   _refln.index_h\n_refln.index_k\n_refln.index_l\n_refln.F_calc\n_refln.phase_calc\n"
        .to_string();
    for h in range.clone() {
        for k in range.clone() {
            for l in range.clone() {
                let f = ((h * 7919 + k * 104_729 + l * 1_299_709) % 9973) as f32 * 0.1;
                values.extend([h as f32, k as f32, l as f32, f, 90.0]);
                cif += &format!("{h} {k} {l} {f:.3} 90.0\n");
            }
        }
    }
    let rows = (values.len() / 5) as u64;
    let mut file = MtzFile::new(values).with_columns(&[("PHI", 'P', 0)]);
    file.operators.clear();
    file.space_group = "P 21 21 21".into();
    let little_endian = file.bytes();
    file.big_endian = true;
    let big_endian = file.bytes();
    let mut group = criterion.benchmark_group("merged");
    group.sample_size(10);
    group.measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Elements(rows));
    group.bench_function("mtz", |bencher| {
        bencher.iter(|| mtz::parse(&little_endian, None))
    });
    group.bench_function("mtz, big-endian", |bencher| {
        bencher.iter(|| mtz::parse(&big_endian, None))
    });
    group.bench_function("mmcif", |bencher| {
        bencher.iter(|| mmcif::parse(cif.as_bytes(), None))
    });
    let list = mtz::parse(&little_endian, None).expect("the file is sound");
    group.bench_function("expansion", |bencher| {
        bencher.iter(|| {
            expand(
                &list.amplitudes.reflections,
                list.space_group.group.clone(),
                MEMORY,
            )
        })
    });
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&little_endian).expect("memory is there");
    let packed = packed.finish().expect("memory is there");
    group.bench_function("mtz, unpacking", |bencher| {
        bencher.iter(|| packed::unpacked(&packed, Bytes(1 << 30)))
    });
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
        let counts = Counts::automatic(&statistics, 40.0);
        bencher.iter(|| smv::write(&image, counts, "", &mut std::io::sink()))
    });
    group.bench_function("tiff", |bencher| {
        bencher.iter(|| tiff::encode(RasterView::of(&image, None)))
    });
    group.bench_function("statistics", |bencher| {
        bencher.iter(|| Statistics::of(&image))
    });
    group.finish();
}

criterion_group!(benches, reading, reading_merged, writing);
criterion_main!(benches);
