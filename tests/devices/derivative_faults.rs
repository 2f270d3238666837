//! Calls to the driver that fail while derivatives are made, as `faults.rs` has them fail.
//!
//! `cargo test --release --test devices derivative_faults -- --nocapture` prints what each came to.

use std::collections::BTreeSet;

use nanobragg::formats::npy;
use nanobragg::formats::raster::{PixelsView, RasterView};

use super::faults::{Fault, Run, results, run};

const SCENE: &str =
    "-default_F 100 -cell 70 80 90 -N 5 -detpixels 40 -misset 10 20 30 -mosaic 1 -mosaic_domains 9";

/// Calls that opening a device and making buffers, pipelines and dispatches take, and the way back.
const CALLS: [&str; 8] = [
    "vkAllocateMemory",
    "vkCreateBuffer",
    "vkMapMemory",
    "vkCreateComputePipelines",
    "vkAllocateDescriptorSets",
    "vkEndCommandBuffer",
    "vkQueueSubmit",
    "vkWaitSemaphores",
];

/// What a run under a fault came to, in a word, or what is wrong with it.
fn judged(lost: &Run, auto: bool, cpu: &Run) -> Result<&'static str, &'static str> {
    let one_line = lost.told.lines().count() == 1 && lost.told.contains("llvmpipe");
    if lost.told.contains("panicked") || !one_line {
        return Err("not told in a line");
    }
    if !auto {
        let nothing = lost.files.is_empty() && lost.printed.is_empty();
        return match (lost.code, nothing) {
            (Some(1), true) => Ok("told, exit code 1"),
            (Some(1), false) => Err("something is left"),
            _ => Err("no exit code 1"),
        };
    }
    let numbers = |run: &Run| {
        let told: Option<serde_json::Value> = serde_json::from_str(&run.printed).ok();
        let gradient = told.map(|told| (told["device"].clone(), told["parameters"].clone()));
        (run.files.get("d.npy").cloned(), gradient)
    };
    let noticed = lost.told.ends_with("; rendering on the CPU");
    match lost.code == Some(0) && noticed && numbers(lost) == numbers(cpu) {
        true => Ok("on by the CPU"),
        false => Err("not on by the CPU"),
    }
}

#[test]
fn derivatives_end_in_a_line_or_go_on_by_the_cpu() {
    let weights = tempfile::NamedTempFile::with_suffix(".npy").unwrap();
    let raster = RasterView {
        width: 40,
        height: 40,
        pixels: PixelsView::F64(&[1.0; 1600]),
    };
    std::fs::write(weights.path(), npy::encode(raster)).unwrap();
    let images = "--of misset_x,cell_a,distance,scale --out d.npy --quiet".to_string();
    let sum = format!("--vjp {} --json", weights.path().display());
    let mut wrong = Vec::new();
    for (work, options) in [("images", images), ("sum", sum)] {
        for (device, auto) in [("gpu", false), ("auto", true)] {
            let line = |device| format!("gradient {options} --device {device} -- {SCENE}");
            let (good, cpu) = (
                run(&line(device), None, auto),
                run(&line("cpu"), None, false),
            );
            assert_eq!(
                (good.code, good.told.as_str(), cpu.code),
                (Some(0), "", Some(0)),
                "{}",
                cpu.told
            );
            assert!(
                good.files != cpu.files || good.printed != cpu.printed,
                "auto took the CPU"
            );
            for call in CALLS {
                let count = good.count(call);
                assert!(count > 0, "{call}");
                let worst = *results(call).last().unwrap();
                for place in BTreeSet::from([count.div_ceil(2), count]) {
                    let mut fault = Fault {
                        call: call.into(),
                        place,
                        device: None,
                        result: worst,
                        for_good: false,
                    };
                    let mut lost = run(&line(device), Some(&fault), auto);
                    // How often a queue is looked at depends on the time that work takes.
                    while !lost.failed && fault.place > 1 {
                        fault.place -= 1;
                        lost = run(&line(device), Some(&fault), auto);
                    }
                    let verdict = match lost.failed {
                        true => judged(&lost, auto, &cpu),
                        false => Err("no such call"),
                    };
                    let told = verdict.unwrap_or_else(|wrong| wrong);
                    println!(
                        "{call:26} {worst:3} {place:3} of {count:3} {work:6} {device:4} {told}"
                    );
                    if verdict.is_err() {
                        wrong.push(format!(
                            "{fault:?}, {work}, {device}: {told}: {:?} {}",
                            lost.code, lost.told
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
