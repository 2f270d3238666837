mod support;
use nanobragg::gpu::{Adapter, GpuOptions, GpuRenderer, adapters};
use nanobragg::image::Comparison;
use nanobragg::scene::Scene;
use support::{cases, experiment, reference};
#[test]
fn golden() {
    let adapters = adapters();
    for a in &adapters {
        println!("{}", a.description());
    }
    let adapter = Adapter::choose(&adapters, "gpu").unwrap();
    let r = GpuRenderer::new(adapter, GpuOptions::default()).unwrap();
    for case in cases().iter().filter(|c| c.name != "background_slab") {
        let scene = Scene::new(&experiment(&case.args)).unwrap();
        let t = std::time::Instant::now();
        let v = r.render(&scene, &mut |_| true).unwrap();
        let c = Comparison::of(&v, &reference(case)).unwrap();
        println!(
            "{:28} {:.2e} worst {:.1e} differing {:.1e} gate {:.0e} {:.3}s {}",
            case.name,
            c.nrmse,
            c.worst / c.reference_max,
            c.differing,
            case.gate_cpu,
            t.elapsed().as_secs_f64(),
            if c.nrmse < 1e-5 { "" } else { "MISS" }
        );
    }
}
