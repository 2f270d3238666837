//! Calls to the driver that fail: each that a render makes, the first, the middle and the last. A
//! Vulkan layer between the loader and the driver, `fault_layer/fault.c`, has them fail.
//!
//! `cargo test --release --test devices faults -- --nocapture` prints what each came to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support::program;
use nanobragg::image::Comparison;

/// Results of Vulkan's calls.
const HOST_MEMORY: i32 = -1;
const DEVICE_MEMORY: i32 = -2;
const INITIALIZATION: i32 = -3;
pub const LOST: i32 = -4;
const MAPPING: i32 = -5;

/// What a call may fail with, by the specification; the worst where there are many.
pub fn results(call: &str) -> &'static [i32] {
    match call {
        "vkCreateInstance" | "vkEnumeratePhysicalDevices" => &[INITIALIZATION, HOST_MEMORY],
        "vkEnumerateDeviceExtensionProperties" => &[DEVICE_MEMORY],
        "vkCreateDevice" => &[INITIALIZATION, DEVICE_MEMORY, LOST],
        "vkMapMemory" => &[MAPPING, DEVICE_MEMORY],
        "vkCreateComputePipelines" => &[DEVICE_MEMORY, INITIALIZATION],
        "vkAllocateMemory" | "vkCreateBuffer" => &[DEVICE_MEMORY, HOST_MEMORY],
        "vkCreateShaderModule"
        | "vkCreatePipelineLayout"
        | "vkCreatePipelineCache"
        | "vkGetPipelineCacheData"
        | "vkCreateDescriptorSetLayout"
        | "vkCreateQueryPool"
        | "vkCreateFence"
        | "vkCreateSemaphore" => &[HOST_MEMORY],
        "vkBindBufferMemory"
        | "vkFlushMappedMemoryRanges"
        | "vkInvalidateMappedMemoryRanges"
        | "vkCreateDescriptorPool"
        | "vkAllocateDescriptorSets"
        | "vkCreateCommandPool"
        | "vkAllocateCommandBuffers"
        | "vkBeginCommandBuffer"
        | "vkEndCommandBuffer"
        | "vkResetCommandPool"
        | "vkResetFences" => &[DEVICE_MEMORY],
        "vkQueueSubmit"
        | "vkQueueWaitIdle"
        | "vkDeviceWaitIdle"
        | "vkWaitForFences"
        | "vkGetFenceStatus"
        | "vkWaitSemaphores"
        | "vkGetSemaphoreCounterValue" => &[DEVICE_MEMORY, LOST],
        other => panic!("what does {other} fail with?"),
    }
}

/// How much harm a failing call does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Harm {
    /// None: wgpu gets on without it, and so does the image.
    None,
    /// The driver seems to have no device. wgpu does not tell why, and asks another interface,
    /// OpenGL, if there is one.
    NotFound,
    /// The device fails.
    Fails,
}

fn harm(call: &str) -> Harm {
    match call {
        "vkResetCommandPool" | "vkCreatePipelineCache" | "vkGetPipelineCacheData" => Harm::None,
        "vkCreateInstance"
        | "vkEnumeratePhysicalDevices"
        | "vkEnumerateDeviceExtensionProperties" => Harm::NotFound,
        _ => Harm::Fails,
    }
}

/// The folder with the layer and its manifest; compiled once.
fn layer() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fault_layer");
        fs::create_dir_all(&folder).unwrap();
        let library = folder.join("libfault.so");
        let source =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/devices/fault_layer/fault.c");
        let compiled = Command::new("cc")
            .args([
                "-shared",
                "-fPIC",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-fvisibility=hidden",
                "-o",
            ])
            .args([&library, &source])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&compiled.stderr);
        assert!(
            compiled.status.success(),
            "./tests/run installs what this needs: {told}"
        );
        let manifest = json!({
            "file_format_version": "1.1.2",
            "layer": {
                "name": "VK_LAYER_TEST_fault",
                "type": "GLOBAL",
                "library_path": library,
                "api_version": "1.3.0",
                "implementation_version": "1",
                "description": "Makes calls fail",
            },
        });
        fs::write(folder.join("fault.json"), manifest.to_string()).unwrap();
        folder
    })
}

/// A fault: which call, the how many-th, on which device, and what it returns.
#[derive(Debug, Clone)]
pub struct Fault {
    pub call: String,
    pub place: usize,
    pub device: Option<usize>,
    pub result: i32,
    /// Whether all later calls fail, too.
    pub for_good: bool,
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Run {
    /// None where it hung, or crashed.
    pub code: Option<i32>,
    pub told: String,
    /// Standard output.
    pub printed: String,
    /// The files that are left, by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The calls that it made: name, and number of the device.
    pub calls: Vec<(String, String)>,
    /// Whether the fault came about.
    pub failed: bool,
}

impl Run {
    pub fn count(&self, call: &str) -> usize {
        self.calls.iter().filter(|(name, _)| name == call).count()
    }
}

/// Runs the program with `line` in an empty folder, with `fault`. With `card`, devices say that
/// they are real ones, for `auto`.
pub fn run(line: &str, fault: Option<&Fault>, card: bool) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = program();
    command
        .current_dir(folder.path())
        .env_remove("NANOBRAGG_DEVICE")
        .env("VK_LAYER_PATH", layer())
        .env("VK_INSTANCE_LAYERS", "VK_LAYER_TEST_fault")
        // Mesa's own layer crashes where devices cannot be listed.
        .env("NODEVICE_SELECT", "1")
        .env("FAULT_LOG", log.path())
        .args(line.split_whitespace())
        .timeout(Duration::from_secs(120));
    if let Some(fault) = fault {
        let Fault {
            call,
            place,
            device,
            result,
            for_good,
        } = fault;
        let later = if *for_good { "+" } else { "" };
        command.env("FAULT", format!("{call}:{place}{later}:{result}"));
        if let Some(device) = device {
            command.env("FAULT_DEVICE", device.to_string());
        }
    }
    if card {
        command.env("FAULT_CARD", "1");
    }
    let output = command.output().unwrap();
    let entries = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap());
    let files = entries.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    });
    let calls = fs::read_to_string(log.path()).unwrap();
    let words = calls
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    Run {
        code: output.status.code(),
        told: String::from_utf8_lossy(&output.stderr).trim().to_string(),
        printed: String::from_utf8_lossy(&output.stdout).into_owned(),
        files: files.collect(),
        failed: words.clone().any(|words| words.len() == 3),
        calls: words
            .map(|words| (words[0].into(), words[1].into()))
            .collect(),
    }
}

const SCENE: &str = "-default_F 100 -cell 70 80 90 -N 5 -detpixels 64 -misset 10 20 30 -seed 1 \
                     --readout 2 --quiet";

/// An image or a series: words, and the pairs of its files, photons and counts.
fn work(series: bool) -> (String, Vec<[String; 2]>) {
    if series {
        let flags = "-phi 0 -osc 1 --frames 4 --out f_#.bin --out-noise n_#.img";
        let pair = |frame| [format!("f_{frame}.bin"), format!("n_{frame}.img")];
        return (
            format!("series {SCENE} {flags}"),
            (1..5).map(pair).collect(),
        );
    }
    let names = ["f.bin", "n.img"].map(String::from);
    (
        format!("{SCENE} -floatfile f.bin -noisefile n.img"),
        vec![names],
    )
}

fn photons(file: &[u8]) -> Vec<f32> {
    let pixels = file.chunks_exact(4);
    pixels
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

/// What a run under `fault` should have come to and did not, or what it came to, in a word.
fn judged(
    fault: &Fault,
    run: &Run,
    series: bool,
    auto: bool,
    good: &Run,
    cpu: &Run,
) -> Result<&'static str, String> {
    let (_, pairs) = work(series);
    let wrong = |why: &str| {
        Err(format!(
            "{fault:?}, series {series}, auto {auto}: {why}: {:?}: {}",
            run.code, run.told
        ))
    };
    let lines = run.told.lines().count();
    let code = run.code;
    if run.told.contains("panicked") {
        return wrong("a panic");
    }
    let harm = harm(&fault.call);
    // What is left of a frame is whole, and the counts are those of these photons.
    let is = |pair: &[String; 2], of: &Run| {
        pair.iter()
            .all(|name| run.files.get(name) == of.files.get(name))
    };
    let frames_on_cpu = pairs.iter().filter(|pair| is(pair, cpu)).count();
    let frames_on_gpu = pairs.iter().filter(|pair| is(pair, good)).count();
    if harm == Harm::None
        || (harm == Harm::NotFound && run.told.is_empty() && frames_on_gpu == pairs.len())
    {
        let whole = code == Some(0) && frames_on_gpu == pairs.len() && run.told.is_empty();
        return if whole {
            Ok("unharmed")
        } else {
            wrong("not unharmed")
        };
    }
    if harm == Harm::NotFound {
        if auto {
            let whole = code == Some(0) && frames_on_cpu == pairs.len();
            return if whole {
                Ok("the CPU")
            } else {
                wrong("not on the CPU")
            };
        }
        let unable = ["no GPU found", "cannot be used"];
        if code == Some(1) && lines == 1 && run.files.is_empty() {
            let told = unable.into_iter().find(|unable| run.told.contains(unable));
            return told.map_or_else(|| wrong("not told"), Ok);
        }
        let close = pairs.iter().all(|[name, _]| {
            let found = run.files.get(name).map(|file| photons(file));
            let compared =
                found.map(|found| Comparison::of(&found, &photons(&good.files[name])).unwrap());
            compared.is_some_and(|compared| compared.nrmse < 1e-5)
        });
        return if code == Some(0) && close {
            Ok("by OpenGL")
        } else {
            wrong("not by OpenGL")
        };
    }
    if auto {
        let noticed = lines == 1
            && run.told.contains("llvmpipe")
            && run.told.ends_with("; rendering on the CPU");
        if code != Some(0) || !noticed {
            return wrong("not told");
        }
        // A device that fails at the noise of a frame has rendered it.
        return if frames_on_cpu + frames_on_gpu >= pairs.len() {
            Ok("on by the CPU")
        } else {
            wrong("frames lost")
        };
    }
    if code != Some(1) || lines != 1 || !run.told.contains("llvmpipe") {
        return wrong("not told");
    }
    let left = run.files.iter();
    let whole = left
        .clone()
        .all(|(name, file)| good.files.get(name) == Some(file));
    if !whole || (!series && left.count() > 0) {
        return wrong("files left");
    }
    Ok("told, exit code 1")
}

#[test]
fn whatever_call_fails_is_told_and_loses_no_frame() {
    let mut tasks = Vec::new();
    let mut references = Vec::new();
    for (series, auto) in [(false, false), (false, true), (true, false), (true, true)] {
        let (words, _) = work(series);
        let line = format!("{words} --device {}", if auto { "auto" } else { "gpu" });
        let good = run(&line, None, auto);
        let cpu = run(&format!("{words} --device cpu"), None, false);
        assert_eq!(
            (good.code, good.told.as_str(), cpu.code),
            (Some(0), "", Some(0)),
            "{}",
            cpu.told
        );
        assert_ne!(good.files, cpu.files, "auto took the CPU");
        let calls: BTreeSet<_> = good.calls.iter().map(|(call, _)| call).collect();
        for call in calls {
            let count = good.count(call);
            let middle = count.div_ceil(2);
            let mut add = |place, result, for_good| {
                let call = call.clone();
                let fault = Fault {
                    call,
                    place,
                    device: None,
                    result,
                    for_good,
                };
                tasks.push((references.len(), count, fault));
            };
            for &result in results(call) {
                for place in BTreeSet::from([1, middle, count]) {
                    add(place, result, false);
                }
            }
            add(middle, results(call)[0], true);
        }
        references.push((line, series, auto, good, cpu));
    }
    assert!(tasks.len() > 200, "{}", tasks.len());
    let next = AtomicUsize::new(0);
    let judge = || {
        let mut found = Vec::new();
        while let Some((reference, count, fault)) = tasks.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let (line, series, auto, good, cpu) = &references[*reference];
            let mut fault = fault.clone();
            let mut under = run(line, Some(&fault), *auto);
            // How often a queue is looked at depends on the time that work takes.
            while !under.failed && fault.place > 1 {
                fault.place -= (fault.place / 8).max(1);
                under = run(line, Some(&fault), *auto);
            }
            let verdict = match under.failed {
                true => judged(&fault, &under, *series, *auto, good, cpu),
                false => Err(format!("{fault:?}: no such call")),
            };
            found.push((*reference, *count, fault, verdict));
        }
        found
    };
    // Other tests, some of which look at the time, run beside this one.
    let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get() / 2);
    let workers = workers.clamp(1, 4);
    let mut found = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(judge)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    found.sort_by_key(|(reference, _, fault, _)| {
        (fault.call.clone(), -fault.result, *reference, fault.place)
    });
    for (reference, count, fault, verdict) in &found {
        let (_, series, auto, ..) = references[*reference];
        let device = if auto { "auto" } else { "gpu" };
        let work = if series { "series" } else { "image" };
        let Fault {
            call,
            place,
            result,
            for_good,
            ..
        } = fault;
        // From there on, or there alone.
        let on = if *for_good { "+" } else { " " };
        let verdict = verdict.as_ref().map_or("WRONG", |verdict| verdict);
        println!("{call:38} {result:3} {place:3}{on} of {count:3} {work:6} {device:4} {verdict}");
    }
    let wrong: Vec<_> = found
        .into_iter()
        .filter_map(|(.., verdict)| verdict.err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs `line` where the calls of `fault` fail, or as many before as it takes until one does.
fn run_until_it_fails(line: &str, mut fault: Fault) -> Run {
    loop {
        let run = run(line, Some(&fault), false);
        if run.failed || fault.place == 1 {
            return run;
        }
        fault.place -= 1;
    }
}

/// A driver that still compiles or computes while the process ends corrupts its memory.
#[test]
fn the_work_of_a_lost_device_is_waited_for() {
    const CALL: &str = "vkEndCommandBuffer";
    let line = format!("{} --device auto", work(false).0);
    let fault = Fault {
        call: CALL.into(),
        place: run(&line, None, true).count(CALL),
        device: None,
        result: -2,
        for_good: false,
    };
    let lost = run(&line, Some(&fault), true);
    assert!(lost.failed && lost.code == Some(0), "{lost:?}");
    let calls: Vec<&str> = lost.calls.iter().map(|(name, _)| name.as_str()).collect();
    let last = calls.iter().rposition(|name| *name == CALL).unwrap();
    let (before, after) = calls.split_at(last);
    assert!(before.contains(&"vkQueueSubmit"), "nothing to wait for");
    assert!(after.contains(&"vkWaitSemaphores"), "{after:?}");
}

#[test]
fn what_a_lost_device_leaves_goes_to_the_others() {
    for series in [false, true] {
        let (words, pairs) = work(series);
        // Strips for both devices.
        let words = words.replace("-detpixels 64", "-detpixels 150");
        // Light that spreads from one device's strip to the other's.
        let spread = |device| {
            run(
                &format!("{words} --psf-fwhm 0.2 --device {device}"),
                None,
                false,
            )
        };
        let [one, two] = ["gpu", "gpu,gpu"].map(spread);
        assert_eq!(
            [one.code, two.code],
            [Some(0); 2],
            "{} {}",
            one.told,
            two.told
        );
        assert!(two.files == one.files, "two devices give other bytes");
        let one = run(&format!("{words} --device gpu"), None, false);
        let line = format!("{words} --device gpu,gpu");
        let two = run(&line, None, false);
        assert_eq!((two.code, two.told.as_str()), (Some(0), ""));
        assert_eq!(two.files.len(), 2 * pairs.len());
        assert!(two.files == one.files, "two devices give other bytes");
        let opened = two
            .calls
            .iter()
            .filter(|(call, _)| call == "vkCreateDevice");
        assert_eq!(opened.count(), 2);
        let listed = |run: &Run| run.count("vkCreateInstance");
        assert_eq!(
            [listed(&one), listed(&two)],
            [1, 1],
            "adapters are looked for once"
        );
        for call in ["vkQueueSubmit", "vkWaitSemaphores"] {
            let call = call.to_string();
            let of_second = two
                .calls
                .iter()
                .filter(|(name, device)| *name == call && device == "1");
            let count = of_second.count();
            assert!(count > 0, "the second device had nothing to do");
            for place in [1, count.div_ceil(2), count] {
                let fault = Fault {
                    call: call.clone(),
                    place,
                    device: Some(1),
                    result: LOST,
                    for_good: false,
                };
                let lost = run_until_it_fails(&line, fault.clone());
                assert!(lost.failed, "{fault:?}");
                let told = format!("{fault:?}, series {series}: {:?}: {}", lost.code, lost.told);
                assert_eq!(lost.code, Some(0), "{told}");
                assert!(lost.files == one.files, "{told}");
                assert_eq!(lost.told.lines().count(), 1, "{told}");
                assert!(
                    lost.told.ends_with("its work goes to the other devices"),
                    "{told}"
                );
                println!(
                    "{call} {place} of {count} on the second device, series {series}: the same bytes"
                );
            }
        }
        // All of them are lost, one after the other.
        let fault = Fault {
            call: "vkQueueSubmit".into(),
            place: 3,
            device: None,
            result: LOST,
            for_good: true,
        };
        let lost = run(&line, Some(&fault), false);
        let told = format!("{fault:?}: {:?}: {}", lost.code, lost.told);
        assert_eq!(lost.code, Some(1), "{told}");
        assert!(
            lost.told.contains("and is lost") && !lost.told.contains("panicked"),
            "{told}"
        );
        assert!(
            lost.files
                .iter()
                .all(|(name, file)| one.files.get(name) == Some(file)),
            "{told}"
        );
    }
}
