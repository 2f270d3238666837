//! What measures time: cargo runs one test program after the other, and these tests one by one, so
//! that each has the machine for itself.

use std::collections::HashMap;
use std::fs;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use nanobragg::formats::raster::Pixels;
use nanobragg::gpu::Dispatch;
use nanobragg::memory;
use nanobragg::profile::GPU;
use nanobragg::render::{Device, Monitor, RenderOptions, Renderer};
use nanobragg::report::{Recorder, Timeline};
use nanobragg::scene::{SceneVector, slot};
use nanobragg::series::{self, SeriesError};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

#[path = "../support/mod.rs"]
mod support;
#[expect(dead_code, reason = "the benchmarks use the rest of it")]
#[path = "../../benches/workloads/mod.rs"]
mod workloads;

use serde_json::Value;
use support::noisy_series::{self, Unwatched, noisy};
use support::{in_a_process_of_its_own, program};

/// The right to measure, which one test has at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn on_gpu() -> Renderer {
    Renderer::new(&RenderOptions {
        device: Device::Gpu("gpu".into()),
        ..RenderOptions::default()
    })
    .unwrap()
}

/// Writes down every dispatch.
#[derive(Default)]
struct Recording(Mutex<Vec<Dispatch>>);

impl Monitor for Recording {
    fn dispatched(&self, dispatch: &Dispatch) {
        self.0.lock().unwrap().push(dispatch.clone());
    }
}

/// The dispatches of W3, then W5, then W1, on a renderer that is kept, by pipeline.
fn dispatches() -> HashMap<usize, Vec<Dispatch>> {
    let (gpu, recording) = (on_gpu(), Recording::default());
    // A frame of W5 in its full size would take minutes on a software GPU.
    for (workload, pixels) in [(2, 1024), (4, 128), (0, 2048)] {
        let experiment = workloads::WORKLOADS[workload].experiment(pixels);
        gpu.render_watched(&experiment, &recording).unwrap();
    }
    let mut pipelines = HashMap::<usize, Vec<Dispatch>>::new();
    for dispatch in recording.0.into_inner().unwrap() {
        pipelines
            .entry(dispatch.pipeline)
            .or_default()
            .push(dispatch);
    }
    pipelines
}

#[test]
fn a_kept_renderer_dispatches_nothing_long() {
    let _alone = alone();
    /// Terms that are few for any pipeline on any device.
    const FEW: f64 = 5e6;
    let mut longest = Vec::new();
    // Machines are busy with other things: one of a few tries has to come out.
    for _ in 0..4 {
        let pipelines = dispatches();
        assert_eq!(pipelines.len(), 3);
        for dispatches in pipelines.values() {
            // What another pipeline does in no time may take this one seconds.
            assert!(dispatches[0].terms <= FEW, "{:?}", dispatches[0]);
        }
        let most = pipelines.values().map(|dispatches| dispatches.len()).max();
        assert!(most > Some(4), "{most:?}: nothing was cut");
        let later = pipelines.values().flat_map(|dispatches| &dispatches[1..]);
        let Some(long) = later.map(|dispatch| dispatch.elapsed).max() else {
            panic!("no pipeline had a second dispatch");
        };
        if long < Duration::from_millis(200) {
            return;
        }
        longest.push(long);
    }
    panic!("dispatches of {longest:?}");
}

#[test]
fn a_series_keeps_the_device_busy_and_the_memory_flat() {
    let _alone = alone();
    if !in_a_process_of_its_own("a_series_keeps_the_device_busy_and_the_memory_flat") {
        return;
    }
    const FRAMES: u32 = 50;
    let recorder = Recorder::default();
    let subscriber = Registry::default().with(recorder.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let gpu = on_gpu();
    let line = "-N 8 -detpixels 512 -mosaic 0.5 -mosaic_domains 100 -flux 1e12";
    let plan = noisy_series::series(FRAMES, line);
    let all: Vec<u32> = (0..FRAMES).collect();
    // Machines are busy with other things: one of a few tries has to come out.
    let mut idle = Vec::new();
    while idle.last().is_none_or(|idle| *idle >= 0.1) {
        assert!(idle.len() < 3, "{idle:?} of the time not in kernels");
        let (mut after_ten, mut taken) = (None, 0);
        let rendered = series::render(&plan, &all, &gpu, &Unwatched, noisy, |_, shot| {
            let Pixels::I32(counts) = &shot.counted[0].pixels else {
                panic!("{:?}", shot.counted[0].clipped);
            };
            assert_eq!(counts.len(), 512 * 512);
            taken += 1;
            if taken == 10 {
                after_ten = memory::peak();
            }
            Ok::<_, SeriesError>(())
        });
        rendered.unwrap();
        if let (Some(ten), Some(all)) = (after_ten, memory::peak()) {
            println!("peak memory after 10 frames {ten}, after {FRAMES} {all}");
            assert!(all.0 < ten.0 + (4 << 20), "{all} after {ten}");
        }
        idle.push(idle_part(&recorder.take()));
    }
    println!("{idle:?} of the time not in kernels");
}

/// The part of the time in which no kernel ran, from the first one on: a device is opened and its
/// pipelines are compiled once.
fn idle_part(timeline: &Timeline) -> f64 {
    let gpu = GPU.rsplit(':').next().unwrap();
    let mut kernels: Vec<(u64, u64)> = timeline
        .spans
        .iter()
        .filter(|span| span.category == gpu)
        .map(|span| (span.start_ns, span.end_ns()))
        .collect();
    assert!(!kernels.is_empty(), "{:?}", timeline.notes);
    kernels.sort_unstable();
    let (first, mut reached, mut busy) = (kernels[0].0, 0, 0);
    for (start, end) in kernels {
        busy += end.saturating_sub(start.max(reached));
        reached = reached.max(end);
    }
    1.0 - busy as f64 / (reached - first) as f64
}

#[test]
fn a_benchmark_of_the_audits_case_accounts_for_the_time_of_a_render() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    program()
        .current_dir(folder.path())
        .args(["bench", "--sizes", "256,512,4096", "--iterations", "5"])
        .assert()
        .success();
    let runs = fs::read_dir(folder.path().join("benchmarks")).unwrap();
    let runs: Vec<_> = runs.map(|run| run.unwrap().path()).collect();
    let [run] = runs.as_slice() else {
        panic!("{runs:?}")
    };
    let results = fs::read(run.join("benchmark_results.json")).unwrap();
    let results: Value = serde_json::from_slice(&results).unwrap();
    let sizes = results["sizes"].as_array().unwrap();
    assert_eq!(sizes.len(), 3);
    // The least of the five counts: a process that waits for its turn may do so anywhere.
    let least = |device: &Value, of: &dyn Fn(&Value) -> f64| {
        let warm = device["warm"].as_array().unwrap();
        assert_eq!(warm.len(), 5);
        warm.iter().map(of).fold(f64::INFINITY, f64::min)
    };
    let seconds = |times: &Value, key: &str| times[key].as_f64().unwrap();
    for result in sizes {
        let devices = result["devices"].as_array().unwrap();
        assert_eq!(devices.len(), 2, "the CPU path and the software GPU");
        for device in devices {
            let unaccounted = least(device, &|times| {
                seconds(times, "other_s") / seconds(times, "wall_s")
            });
            let what = format!("{} pixels on {}", result["size"], device["device"]);
            println!("{what}: {unaccounted:.4} of a render unaccounted for");
            assert!(unaccounted < 0.05, "{what}: {device}");
        }
    }
    let largest = &sizes[2];
    let correlation = largest["agreements"][0]["correlation"].as_f64().unwrap();
    println!("CPU and GPU path correlate {correlation:.12}");
    assert!(correlation >= 0.9999999);
    let cpu = &largest["devices"][0];
    assert_eq!(cpu["device"], "cpu");
    let setup = least(cpu, &|times| seconds(times, "setup_s"));
    println!("warm set-up {:.3} ms", setup * 1e3);
    assert!(setup < 1e-3);
}

/// Seconds that this process has had processors for, which others on the machine hardly change; of the
/// clock where the system does not tell.
fn processor_seconds() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let elapsed = START.get_or_init(Instant::now).elapsed().as_secs_f64();
    let tasks = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let of_task = |task: fs::DirEntry| {
        let line = fs::read_to_string(task.path().join("schedstat")).ok()?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    match tasks.filter_map(of_task).sum::<f64>() {
        0.0 => elapsed,
        nanoseconds => nanoseconds * 1e-9,
    }
}

/// What derivatives cost on the CPU path, in plain renders of the same scene: the gradient with respect to
/// everything, ten and twenty derivative images.
#[test]
fn derivatives_cost_a_few_renders() {
    let _alone = alone();
    const RUNS: usize = 5;
    let renderer = Renderer::cpu().unwrap();
    let mut too_many = Vec::new();
    for (workload, pixels, accepted) in [
        // The limits are 4, 3 and 5, but for three cases, which may cost a fifth more than was measured. With
        // one term a pixel there is little to compute, and every image is 32 MiB of new memory in float64.
        (0, 2048, [5.4, 7.2, 13.4]),
        // Sines and cosines, 12 series a term where the image takes 6, and a sum of nine products.
        (1, 512, [4.75, 4.75, 5.0]),
        (2, 1024, [4.0, 3.0, 5.0]),
        (3, 256, [4.0, 3.5, 5.0]),
        (4, 128, [4.0, 3.0, 5.0]),
    ] {
        let experiment = workloads::WORKLOADS[workload].experiment(pixels);
        let laid_out = renderer.lay_out(&experiment).unwrap();
        let weights = vec![1.0; pixels * pixels];
        // What a refinement asks for: orientation, cell, size, mosaicity, place of the panel.
        let directions: Vec<SceneVector> = (0..20)
            .map(|number| {
                let mut own = SceneVector::zero(1, 0);
                match number {
                    0..3 => own.slots[slot::CRYSTAL_TURN.start + number] = 1.0,
                    3..9 => own.slots[slot::INDEX].fill(number as f64),
                    9 => own.slots[slot::MOSAIC.start] = 1.0,
                    10..13 => own.slots[slot::CELLS.start + number - 10] = 1.0,
                    13 => own.slots[slot::WAVELENGTH] = 1.0,
                    14 => own.slots[slot::B_FACTOR] = 1.0,
                    _ => own.panels[0][number - 15] = 1.0,
                }
                own
            })
            .collect();
        let timed = |work: &dyn Fn()| {
            let start = processor_seconds();
            work();
            processor_seconds() - start
        };
        let images = |count: usize| {
            let few = &directions[..count];
            renderer
                .derivative_images(&laid_out, &experiment, few, &())
                .unwrap();
        };
        let all: [&dyn Fn(); 4] = [
            &|| drop(renderer.render_frame(&laid_out, &experiment, &()).unwrap()),
            &|| {
                drop(
                    renderer
                        .gradient(&laid_out, &experiment, &weights, true, &())
                        .unwrap(),
                )
            },
            &|| images(10),
            &|| images(20),
        ];
        // In turn, and the fastest of each, as machines are busy with other things.
        let mut fastest = [f64::INFINITY; 4];
        for _ in 0..RUNS {
            for (fastest, work) in fastest.iter_mut().zip(all) {
                *fastest = fastest.min(timed(work));
            }
        }
        let [plain, others @ ..] = fastest;
        let ratios = others.map(|own| own / plain);
        let name = workloads::WORKLOADS[workload].name;
        println!(
            "{name}: {:.1} ms, gradient, ten, twenty images {ratios:.2?}",
            1e3 * plain
        );
        let few = ratios
            .iter()
            .zip(accepted)
            .all(|(ratio, accepted)| *ratio <= accepted);
        too_many.extend((!few).then(|| format!("{name}: {ratios:.2?}")));
    }
    assert!(too_many.is_empty(), "{too_many:?}");
}
