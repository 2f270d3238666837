//! `--tolerance` keeps its promise on both paths: the image's total, and every pixel at or above
//! its floor, change by less than it; no pixel grows.

use crate::support::experiment;
use nanobragg::cpu;
use nanobragg::experiment::{Experiment, Region};
use nanobragg::image::Image;
use nanobragg::render::{Device, RenderOptions, Renderer};
use nanobragg::scene::Scene;

/// Adding up float32 numbers, some of which are left out, on the GPU.
const ROUNDING: f64 = 2e-6;

const CELL: &str =
    "-default_F 100 -cell 70 80 90 75 85 95 -misset 10 20 30 -detpixels 96 -pixel 0.4";
const LYSOZYME: &str = "-hkl lysozyme_1aki_p1.hkl -mat lysozyme_1p2A.mat -lambda 1.2 -distance 80 \
                        -detpixels 96 -pixel 0.8";

/// Stills, mosaic crystals and rotations of small, middling and large crystals.
fn lines() -> Vec<String> {
    let mosaic = "-mosaic 0.5 -mosaic_domains 20";
    let rotation = "-phi 10 -osc 2 -phisteps 12";
    let mut lines = Vec::new();
    for cells in [5, 20, 100] {
        lines.extend([
            format!("{CELL} -oversample 1 -N {cells}"),
            format!("{CELL} -oversample 2 -N {cells} {mosaic} -round_xtal -oversample_omega"),
            format!("{CELL} -oversample 1 -N {cells} {rotation} -round_xtal -fudge 0.7"),
            format!("{LYSOZYME} -oversample 1 -N {cells} {mosaic}"),
            format!("{LYSOZYME} -oversample 2 -N {cells} {rotation} -dmin 2"),
        ]);
    }
    lines.extend([
        format!("{CELL} -oversample 1 -N 20 -Nc 1 -water 0.001 {mosaic} -dispersion 1 -dispsteps 3"),
        format!("{LYSOZYME} -oversample 1 -N 12 -interpolate {mosaic} -round_xtal"),
        format!("{CELL} -oversample 1 -N 20 -detector_abs 300 -detector_thick 400 -detector_thicksteps 3 {mosaic}"),
        // Fine enough for neighbouring pixels to be dark together.
        format!("{CELL} -oversample 1 -N 100 -distance 2000 -pixel 0.1 {mosaic}"),
    ]);
    lines
}

fn on_cpu() -> Renderer {
    Renderer::cpu().unwrap()
}

fn on_gpu() -> Renderer {
    Renderer::new(&RenderOptions {
        device: Device::Gpu("gpu".into()),
        ..RenderOptions::default()
    })
    .unwrap()
}

fn total(values: &[f32]) -> f64 {
    values.iter().copied().map(f64::from).sum()
}

/// The floor of every pixel of `experiment`'s image as `renderer` rendered it last.
fn floors(renderer: &Renderer, experiment: &Experiment) -> Vec<f64> {
    let Some(told) = renderer.floor() else {
        return vec![0.0; experiment.detector().panels[0].pixels()];
    };
    let scene = Scene::new(experiment).unwrap().floor().unwrap();
    let floors = cpu::render(&scene, &|| (), &|| false).unwrap();
    let highest = floors.iter().copied().fold(0.0, f32::max);
    let lowered = told.max / f64::from(highest);
    assert!(lowered < 1.0 + ROUNDING, "a floor never rises");
    floors
        .into_iter()
        .map(|floor| f64::from(floor) * lowered)
        .collect()
}

/// Asserts that `found` is what `--tolerance` promises of `exact`.
fn assert_promise(line: &str, tolerance: f64, exact: &Image, found: &Image, floors: &[f64]) {
    let (all, kept) = (total(exact.values()), total(found.values()));
    assert!(
        (all - kept).abs() < tolerance * all,
        "{line}: {all} became {kept}"
    );
    let mut above = 0;
    for ((&exact, &found), &floor) in exact.values().iter().zip(found.values()).zip(floors) {
        let (exact, found) = (f64::from(exact), f64::from(found));
        assert!(
            found <= exact * (1.0 + ROUNDING),
            "{line}: {exact} grew to {found}"
        );
        if exact >= floor {
            above += 1;
            assert!(
                exact - found < (tolerance + ROUNDING) * exact,
                "{line}: {exact} became {found} above the floor of {floor}"
            );
        }
    }
    println!(
        "{line} --tolerance {tolerance}: total off by {:.1e}, {above} of {} pixels above the floor",
        (all - kept) / all,
        floors.len()
    );
}

fn assert_promises(renderer: &Renderer, lines: &[String], tolerances: &[f64]) {
    let mut fell_back = 0;
    for line in lines {
        let exact = renderer.render(&experiment(line)).unwrap();
        assert_eq!(renderer.floor(), None);
        let mut differs = false;
        for &tolerance in tolerances {
            let experiment = experiment(&format!("{line} --tolerance {tolerance}"));
            let found = renderer.render(&experiment).unwrap();
            fell_back += renderer.take_notices().len();
            let floors = floors(renderer, &experiment);
            assert_promise(line, tolerance, &exact, &found, &floors);
            differs |= exact != found;
        }
        // Small crystals have hardly any tails.
        let small = line.contains("-N 5 ") || line.ends_with("-N 5");
        assert!(differs || small, "{line}: nothing was left out");
    }
    println!("{fell_back} images were rendered again");
}

#[test]
fn the_cpu_path_is_within_its_tolerance() {
    assert_promises(&on_cpu(), &lines(), &[1e-1, 1e-2, 1e-3]);
}

#[test]
fn the_gpu_path_is_within_its_tolerance() {
    assert_promises(&on_gpu(), &lines(), &[1e-1, 1e-2, 1e-3]);
}

#[test]
fn both_paths_leave_out_the_same() {
    let (cpu, gpu) = (on_cpu(), on_gpu());
    for line in lines() {
        let render = |renderer: &Renderer, line: &str| renderer.render(&experiment(line)).unwrap();
        let tolerant = format!("{line} --tolerance 0.1");
        let lost = |renderer: &Renderer| {
            let (all, kept) = (render(renderer, &line), render(renderer, &tolerant));
            total(all.values()) - total(kept.values())
        };
        let (on_cpu, on_gpu) = (lost(&cpu), lost(&gpu));
        let all = total(render(&cpu, &line).values());
        let apart = (on_cpu - on_gpu).abs();
        println!("{line}: {on_cpu:.3e} and {on_gpu:.3e} of {all:.3e}");
        // A term at the very edge may fall either way; the total is itself off by rounding.
        assert!(
            apart < 0.01 * on_cpu + 1e-5 * all,
            "{line}: {on_cpu} {on_gpu}"
        );
    }
}

#[test]
fn a_region_is_a_part_of_the_whole() {
    for renderer in [on_cpu(), on_gpu()] {
        let line =
            format!("{CELL} -oversample 1 -N 20 -mosaic 0.5 -mosaic_domains 20 --tolerance 0.05");
        let whole = renderer.render(&experiment(&line)).unwrap();
        let mut description = experiment(&line).into_description();
        description.sampling.region = Some(Region {
            fast: [21, 77],
            slow: [30, 70],
        });
        let part = renderer
            .render(&Experiment::new(description).unwrap())
            .unwrap();
        assert_eq!(renderer.take_notices(), [""; 0]);
        for slow in 30..=70 {
            for fast in 21..=77 {
                assert_eq!(part.get(fast, slow), whole.get(fast, slow), "{fast} {slow}");
            }
        }
    }
}

#[test]
fn an_image_too_dark_for_its_floor_is_rendered_again() {
    // Between two spots; and beyond the last reflection, where there is nothing at all.
    let dark =
        format!("{CELL} -oversample 1 -N 20 -distance 1000 -pixel 0.1 -ORGX -500 -ORGY -350 -xds");
    let black = format!("{LYSOZYME} -oversample 1 -N 20 -xds -twotheta 100");
    for renderer in [on_cpu(), on_gpu()] {
        for (line, how) in [(&dark, "a smaller floor"), (&black, "every term")] {
            let exact = renderer.render(&experiment(line)).unwrap();
            let experiment = experiment(&format!("{line} --tolerance 0.1"));
            let found = renderer.render(&experiment).unwrap();
            let notices = renderer.take_notices();
            assert_eq!(notices.len(), 1, "{line}: {notices:?}");
            assert!(
                notices[0].starts_with("--tolerance 0.1: ") && notices[0].contains(how),
                "{notices:?}"
            );
            if how == "every term" {
                assert_eq!((exact, None), (found, renderer.floor()));
            } else {
                let floors = floors(&renderer, &experiment);
                assert_promise(line, 0.1, &exact, &found, &floors);
            }
        }
    }
}

#[test]
fn spots_that_end_leave_out_nothing() {
    for shape in ["-gauss_xtal", "-tophat_spots"] {
        let line = format!("{CELL} -oversample 1 -N 5 {shape}");
        let renderer = on_cpu();
        let exact = renderer.render(&experiment(&line)).unwrap();
        let tolerant = experiment(&format!("{line} --tolerance 0.5"));
        assert_eq!(renderer.render(&tolerant).unwrap(), exact);
        assert_eq!(renderer.floor(), None);
    }
}
