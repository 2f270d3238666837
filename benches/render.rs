//! The term loop, at sizes a laptop renders in a fraction of a second.
//!
//! `cargo bench`

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nanobragg::render::Renderer;
use nanobragg::scene::Scene;

/// 128² pixels of one spot shape each, 25 mosaic domains.
const SHAPES: [&str; 3] = ["square", "round", "gauss"];

fn terms(criterion: &mut Criterion) {
    let renderer = Renderer::cpu().expect("threads start");
    let mut group = criterion.benchmark_group("cpu");
    for shape in SHAPES {
        let line = format!(
            "-default_F 100 -cell 100 -lambda 1 -N 20 -mosaic 1 -mosaic_domains 25 -detpixels 128 \
             -oversample 1 -{shape}_xtal"
        );
        let words: Vec<String> = line.split_whitespace().map(str::to_string).collect();
        let experiment = nanobragg::cli::experiment(&words).expect("the flags are right");
        let scene = Scene::new(&experiment).expect("the scene is small");
        group.throughput(Throughput::Elements(
            (scene.terms_per_pixel() * 128.0 * 128.0) as u64,
        ));
        group.bench_function(shape, |bencher| {
            bencher.iter(|| renderer.render(&experiment))
        });
    }
    group.finish();
}

criterion_group!(benches, terms);
criterion_main!(benches);
