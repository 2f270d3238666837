//! The GPU path on whatever adapter there is, a software one included. Without any, these tests
//! fail: `./tests/run` installs a software one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::support::golden_cases::assert_cases;
use crate::support::{Case, cases, experiment, physics_cases};
use nanobragg::experiment::{Experiment, Reflection, StructureFactors};
use nanobragg::gpu::GpuOptions;
use nanobragg::image::{Comparison, Image};
use nanobragg::render::{Device, Monitor, RenderError, RenderOptions, Renderer};

pub fn on_gpu(gpu: GpuOptions) -> Renderer {
    let device = Device::Gpu("gpu".into());
    Renderer::new(&RenderOptions {
        device,
        gpu,
        ..RenderOptions::default()
    })
    .unwrap()
}

pub fn nrmse(image: &Image, reference: &Image) -> f64 {
    Comparison::of(image.values(), reference.values())
        .unwrap()
        .nrmse
}

#[test]
fn the_gpu_path_reproduces_every_reference_image() {
    let renderer = on_gpu(GpuOptions::default());
    assert_cases(&renderer, &cases(), |case| case.gate_gpu);
}

#[test]
fn the_gpu_path_reproduces_spots_in_closed_form_and_diffuse_scattering() {
    let renderer = on_gpu(GpuOptions::default());
    let gate = |case: &Case| case.gate_gpu;
    assert_cases(&renderer, &physics_cases(), gate);
}

/// What float32 comes to against float64 for a crystal of N cells along each axis. The index
/// fraction δ is right to some 1e-7, whatever the index; the lattice factor changes over 1/N.
fn envelope(cells: u32) -> f64 {
    2e-7 + 2.5e-7 * f64::from(cells)
}

#[test]
fn errors_grow_with_the_crystal_and_not_with_the_index() {
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    let mut missed = Vec::new();
    for index in [10.0f64, 100.0, 400.0] {
        for cells in [5, 20, 100, 500, 2000] {
            // The detector is swung to where |h| is about `index` for the cell of 300 Å.
            let two_theta = 2.0 * (index / 600.0).asin().to_degrees();
            let line = format!(
                "-default_F 100 -cell 300 310 290 80 95 100 -misset 10 20 30 -N {cells} -xds \
                 -twotheta {two_theta} -distance 250 -detpixels 40 -pixel 0.05 -oversample 2 \
                 -mosaic 0.2 -mosaic_domains 50"
            );
            let experiment = experiment(&line);
            let error = nrmse(
                &gpu.render(&experiment).unwrap().image,
                &cpu.render(&experiment).unwrap().image,
            );
            let row = format!(
                "N {cells:5}, |h| {index:4}: nrmse {error:.1e}, envelope {:.1e}",
                envelope(cells)
            );
            println!("{row}");
            if error > envelope(cells) {
                missed.push(row);
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn threads_with_much_to_do_do_all_of_it() {
    // Few pixels with many sources, views or orientations: llvmpipe leaves a thread's loops after
    // 65535 iterations, and float32 sums of many terms lose digits.
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    let lines = [
        "-N 5 -misset 10 20 30 -detpixels 8 -oversample 1 -hdivrange 1 -vdivrange 1 -hdivsteps 100 \
         -vdivsteps 100 -square_div",
        "-N 1 -nointerpolate -detpixels 4 -oversample 140",
        "-N 1 -nointerpolate -detpixels 64 -oversample 40 -roi 3 3 3 40",
        "-N 1 -nointerpolate -detpixels 4 -oversample 64 -hdivrange 1 -vdivrange 1 -hdivsteps 6 \
         -vdivsteps 6",
        "-N 20 -misset 10 20 30 -detpixels 8 -oversample 1 -mosaic 1 -mosaic_domains 200000",
        "-hkl lysozyme_1aki_p1.hkl -N 1 -interpolate -detpixels 6 -oversample 30 -mosaic 1 -mosaic_domains 100",
    ];
    for line in lines {
        let experiment = experiment(&format!("-default_F 100 -cell 70 80 90 {line}"));
        let error = nrmse(
            &gpu.render(&experiment).unwrap().image,
            &cpu.render(&experiment).unwrap().image,
        );
        println!("{line}: nrmse {error:.1e}");
        assert!(error < 5e-6, "{line}: {error}");
    }
}

#[test]
fn no_spot_with_an_end_is_overlooked() {
    // Spots as small as pixels and as large as tiles, tiles of both sizes, views that differ within
    // a pixel and between layers, panels that bend: whatever the kernel leaves out has to be zero.
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    let [searching, adding] = [true, false].map(|culls| {
        on_gpu(GpuOptions {
            culls: Some(culls),
            ..GpuOptions::default()
        })
    });
    let lines = [
        "-N 20 -mosaic 1 -mosaic_domains 300 -detpixels 200 -oversample 1",
        "-Na 3 -Nb 40 -Nc 11 -mosaic 2 -mosaic_domains 130 -detpixels 60 -oversample 3",
        "-N 3 -fudge 0.2 -mosaic 1 -mosaic_domains 70 -detpixels 70 -oversample 2",
        "-N 6 -fudge 30 -detpixels 400 -pixel 0.02 -oversample 1 -phi 0 -osc 5 -phisteps 100",
        "-N 8 -mosaic 1 -mosaic_domains 100 -detpixels 64 -pixel 2 -distance 60 -curved_det -oversample 2",
        "-N 5 -mosaic 1 -mosaic_domains 90 -detpixels 64 -distance 30 -detector_abs 300 \
         -detector_thick 500 -detector_thicksteps 3 -oversample 2 -dispersion 1 -dispsteps 5",
        "-N 60 -fudge 1e-5 -mosaic 0.1 -mosaic_domains 200 -detpixels 64 -pixel 0.4 -distance 300 -oversample 4",
    ];
    for line in lines {
        let flags = format!("-default_F 100 -cell 70 80 90 75 85 95 -misset 10 20 30 {line}");
        let gauss = experiment(&format!("{flags} -gauss_xtal"));
        let (image, reference) = (
            gpu.render(&gauss).unwrap().image,
            cpu.render(&gauss).unwrap().image,
        );
        let error = nrmse(&image, &reference);
        let lit = reference
            .values()
            .iter()
            .filter(|&&value| value > 0.0)
            .count();
        println!("{line}: nrmse {error:.1e}, {lit} pixels lit");
        // Left out or added, zeros change no bit.
        for forced in [&searching, &adding] {
            assert!(forced.render(&gauss).unwrap().image == image, "{line}");
        }
        assert!(lit > 100, "{line}: {lit}");
        assert!(error < 2e-5, "{line}: {error}");
        // A top hat's edge may fall either way.
        let tophat = experiment(&format!("{flags} -tophat_spots"));
        let (image, reference) = (
            gpu.render(&tophat).unwrap().image,
            cpu.render(&tophat).unwrap().image,
        );
        let compared = Comparison::of(image.values(), reference.values()).unwrap();
        assert!(compared.differing < 2e-3, "{line}: {}", compared.differing);
    }
}

#[test]
fn curved_detectors_may_bend_within_a_tile() {
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    // At 2 mm a tile spans radians: the offsets within it are as large as what they start from, and
    // keep no more digits.
    for (distance, gate) in [(40, 1e-5), (10, 1e-5), (5, 1e-5), (2, 2e-5)] {
        let line = format!(
            "-default_F 100 -cell 10 11 12 -misset 10 20 30 -N 3 -nointerpolate -detpixels 20 -pixel 2 \
             -distance {distance} -curved_det -oversample 1"
        );
        let experiment = experiment(&line);
        let error = nrmse(
            &gpu.render(&experiment).unwrap().image,
            &cpu.render(&experiment).unwrap().image,
        );
        println!(
            "pixel over radius {:.2}: nrmse {error:.1e}",
            2.0 / f64::from(distance)
        );
        assert!(error < gate, "{line}: {error}");
    }
}

/// A crystal, listed sources and a detector whose edges cut tiles, in `pixels` pixels a side.
fn divided(pixels: usize, domains: u32) -> Experiment {
    let line = format!(
        "-hkl lysozyme_1aki_p1.hkl -mat lysozyme_1p2A.mat -lambda 1.2 -N 12 -distance 80 \
         -detpixels_f {pixels} -detpixels_s {} -pixel 0.2 -oversample 2 -water 1e-4 -polar 0.9 -mosaic 0.2 \
         --background liquid.stol,thickness=1e-9,density=1,mw=18 -flux 1e12 \
         -mosaic_domains {domains} -dispersion 1 -dispsteps 3",
        pixels + 9
    );
    experiment(&line)
}

#[test]
fn bands_and_batches_leave_every_bit() {
    let whole = on_gpu(GpuOptions::default());
    // A few tiles and a batch of 64 orientations at a time, and a few sources where they all fit.
    let limited = on_gpu(GpuOptions {
        buffer_limit: Some(5000),
        ..GpuOptions::default()
    });
    for (pixels, domains) in [(75, 3), (21, 5000)] {
        let experiment = divided(pixels, domains);
        let (one, many) = (
            whole.render(&experiment).unwrap().image,
            limited.render(&experiment).unwrap().image,
        );
        assert!(one.values().iter().any(|&photons| photons > 0.0));
        assert_eq!(
            one.values(),
            many.values(),
            "{pixels} pixels, {domains} domains"
        );
    }
}

#[test]
fn two_renders_give_the_same_bits_and_the_second_pays_no_set_up() {
    let gpu = on_gpu(GpuOptions::default());
    // A permutation of the kernel that no other test here compiles at the same time.
    let experiment = experiment(
        "-default_F 100 -cell 70 80 90 -N 5 -detpixels 64 -round_xtal -dmin 2 -nopolar -oversample_omega",
    );
    let timed = || {
        let started = Instant::now();
        let image = gpu.render(&experiment).unwrap().image;
        (image, started.elapsed())
    };
    let ((first, setting_up), (second, again)) = (timed(), timed());
    assert_eq!(first.values(), second.values());
    assert!(
        again < setting_up / 2,
        "first {setting_up:?}, then {again:?}"
    );
}

#[test]
fn a_kept_renderer_takes_one_experiment_after_another() {
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    let base = "-default_F 100 -cell 70 80 90 -N 5 -detpixels 40 -pixel 0.4";
    let changes = [
        "",
        "-misset 10 20 30",
        "-lambda 1.3",
        "-detpixels 55",
        "-roi 3 20 5 30",
        "-distance 70",
        "-N 9",
        "-default_F 50",
        "-hkl lysozyme_1aki_p1.hkl -nointerpolate",
        "-default_F 7",
        "-hkl lysozyme_1aki_p1.hkl -N 2",
        "-curved_det",
        "-detector_thick 400",
        "-mosaic 1",
        "",
    ];
    for change in changes {
        let experiment = experiment(&format!("{base} {change}"));
        let error = nrmse(
            &gpu.render(&experiment).unwrap().image,
            &cpu.render(&experiment).unwrap().image,
        );
        assert!(error < 1e-5, "{change}: {error}");
    }
}

#[test]
fn structure_factors_in_f16_cost_three_digits() {
    let experiment = divided(100, 2);
    let full = on_gpu(GpuOptions::default())
        .render(&experiment)
        .unwrap()
        .image;
    let half = GpuOptions {
        half_structure_factors: true,
        ..GpuOptions::default()
    };
    let error = nrmse(&on_gpu(half).render(&experiment).unwrap().image, &full);
    println!("f16 structure factors: nrmse {error:.1e}");
    // Half a unit in the last place of f16, 2⁻¹¹, on F; twice that on F².
    assert!(error > 1e-6 && error < 1e-3, "{error}");
}

#[test]
fn a_grid_that_no_binding_holds_is_refused() {
    let corners = [[0; 3], [329, 329, 329]].map(|index| Reflection {
        index,
        amplitude: 1.0,
    });
    let mut description = experiment("-default_F 1 -cell 70 -N 5 -detpixels 8").into_description();
    description.structure_factors =
        StructureFactors::from_reflections(&corners, 1.0, nanobragg::memory::Bytes(1 << 30))
            .unwrap();
    let limited = on_gpu(GpuOptions {
        grid_limit: Some(128 << 20),
        ..GpuOptions::default()
    });
    let refused = limited
        .render(&Experiment::new(description).unwrap())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("139.6 MiB") && refused.contains("128.0 MiB"),
        "{refused}"
    );
    assert!(refused.contains("store them as f16"), "{refused}");
}

#[test]
fn auto_goes_on_on_the_cpu_and_says_so() {
    let experiment = divided(40, 2);
    let options = RenderOptions {
        auto_takes_software: true,
        gpu: GpuOptions {
            grid_limit: Some(1000),
            ..GpuOptions::default()
        },
        ..RenderOptions::default()
    };
    let auto = Renderer::new(&options).unwrap();
    assert_ne!(auto.device_name(), "cpu");
    let rendered = auto.render(&experiment).unwrap();
    let on_cpu = Renderer::cpu().unwrap().render(&experiment).unwrap();
    assert_eq!(rendered.image, on_cpu.image);
    assert_eq!(rendered.device, "cpu");
    let notices = rendered.notices;
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(
        notices[0].contains("structure factors") && notices[0].contains("rendering on the CPU")
    );
    assert_eq!(auto.device_name(), "cpu", "for good");
    assert_eq!(
        auto.render(&experiment).unwrap(),
        on_cpu,
        "and says so once"
    );
    // Asked for by name, the device does not give way to another.
    let named = RenderOptions {
        device: Device::Gpu("gpu".into()),
        ..options
    };
    assert!(matches!(
        Renderer::new(&named).unwrap().render(&experiment),
        Err(RenderError::Gpu(_))
    ));
}

/// Stops a render once a tenth of it is done.
struct Stop(AtomicBool);

impl Monitor for Stop {
    fn advanced(&self, part: f64) {
        self.0.fetch_or(part > 0.1, Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn a_render_can_be_stopped_on_either_path() {
    let experiment = divided(64, 400);
    for renderer in [on_gpu(GpuOptions::default()), Renderer::cpu().unwrap()] {
        let stopped = renderer.render_watched(&experiment, &Stop(AtomicBool::new(false)));
        assert!(
            matches!(stopped, Err(RenderError::Interrupted)),
            "{}",
            renderer.device_name()
        );
    }
}
