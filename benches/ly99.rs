//! LY99, the simulation benchmark of the ExaFEL project, step by step: stills of crystals in random
//! orientations, by pulses of 100 energies, each with F of its own, on 3840 × 3840 pixels of
//! 0.089 mm, with 25 mosaic domains, attenuation in the sensor, background, noise and point spread,
//! as int32 in a file.
//!
//! `cargo bench --bench ly99 -- --device cpu --scale 8 --frames 3`. At scale s the detector keeps its
//! size and has 3840/s pixels along each edge.
//!
//! Published, of simtbx with Kokkos on one A100: 0.58 images/s of spots alone, 0.048 with all steps
//! but the background (github.com/nksauter/LS49, LY99/saul/README.md). The crystal and the F of that
//! work are not in this repository: here they are lysozyme's, with an absorption edge that is made
//! up. Neither changes the number of operations.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Instant;

use glam::DVec3;
use nanobragg::experiment::Experiment;
use nanobragg::formats::encoding::{Encoding, Number};
use nanobragg::formats::nxmx;
use nanobragg::image::noise::{Noise, PointSpread, SpreadShape};
use nanobragg::render::{Device, Monitor, Readout, RenderOptions, Renderer, Wanted};
use nanobragg::series::{
    self, Frame, Motion, Output, OutputKind, OutputSink, Plan, PlannedFrame, RenderedFrame, Watcher,
};

/// Pixels along an edge in full.
const PIXELS: usize = 3840;
/// Edge of a pixel in full, mm.
const PIXEL_MM: f64 = 0.089;
/// Energy channels, 1 eV apart.
const CHANNELS: u32 = 100;
/// The channel in the middle, eV.
const MIDDLE_EV: f64 = 8950.0;
/// Planck's constant times the speed of light, eV Å.
const EV_ANGSTROM: f64 = 12_398.419_84;

const SPOTS: &str = "-cell 78.97 78.97 38.25 90 90 90 -N 20 -mosaic 0.05 -mosaic_domains 25 \
                     -flux 1e12 -exposure 1 -beamsize 0.003 -distance 150 -oversample 1";
const ATTENUATION: &str = "-detector_abs 17 -detector_thick 40 -detector_thicksteps 4";
const BACKGROUND: &str = "--background golden/liquid.stol,thickness=0.1,density=1,mw=18";

/// A step: what comes on top of the one before.
struct Step {
    name: &'static str,
    /// Flags of the experiment.
    flags: [&'static str; 3],
    noise: Option<Noise>,
    to_file: bool,
}

fn main() {
    let asked = Asked::of(std::env::args().skip(1));
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_channels(folder.path());
    let renderer = Renderer::new(&RenderOptions {
        device: asked.device.clone(),
        ..RenderOptions::default()
    });
    let renderer = renderer.expect("the device opens");
    let pixels = PIXELS / asked.scale;
    let share = (pixels * pixels) as f64 / (PIXELS * PIXELS) as f64;
    println!(
        "LY99 at {pixels} x {pixels} pixels, {share:.1e} of the full image; {} frames a step on {}, \
         {} threads\n",
        asked.frames,
        renderer.device_name(),
        renderer.threads()
    );
    println!("| step | s/image | images/s | images/s × share |\n|---|---|---|---|");
    for step in steps() {
        let experiment = experiment(&step, pixels, folder.path());
        // The first frame of an experiment makes pipelines and tables.
        render(&renderer, &experiment, &step, 1, folder.path());
        let started = Instant::now();
        render(&renderer, &experiment, &step, asked.frames, folder.path());
        let seconds = started.elapsed().as_secs_f64() / f64::from(asked.frames);
        let rate = 1.0 / seconds;
        println!(
            "| {} | {seconds:.3} | {rate:.3} | {:.4} |",
            step.name,
            rate * share
        );
    }
}

fn steps() -> [Step; 6] {
    let counted = Noise {
        seed: 1,
        ..Noise::default()
    };
    let spread = Noise {
        point_spread: Some(PointSpread {
            shape: SpreadShape::Fiber,
            fwhm_pixels: 0.9,
        }),
        ..counted
    };
    let all = [SPOTS, ATTENUATION, BACKGROUND];
    let step = |name, flags, noise, to_file| Step {
        name,
        flags,
        noise,
        to_file,
    };
    [
        step("spots", [SPOTS, "", ""], None, false),
        step("+ attenuation", [SPOTS, ATTENUATION, ""], None, false),
        step("+ background", all, None, false),
        step("+ noise", all, Some(counted), false),
        step("+ point spread", all, Some(spread), false),
        step("+ file", all, Some(spread), true),
    ]
}

/// The experiment of `step`, on so many pixels along each edge, with the channels in `folder`.
fn experiment(step: &Step, pixels: usize, folder: &Path) -> Experiment {
    let pixel_mm = PIXEL_MM * PIXELS as f64 / pixels as f64;
    let folder = folder.display();
    let line = format!(
        "{} -detpixels {pixels} -pixel {pixel_mm} --hkl-channels {folder}/channels.txt \
         -sourcefile {folder}/pulse.txt",
        step.flags.join(" ")
    );
    let words: Vec<String> = line.split_whitespace().map(str::to_string).collect();
    nanobragg::cli::experiment(&words).expect("the flags are right")
}

/// Renders frames in random orientations, and writes them where the step has a file.
fn render(renderer: &Renderer, base: &Experiment, step: &Step, frames: u32, folder: &Path) {
    let plan = Plan {
        base: base.clone(),
        frames,
        first_number: 1,
        start_deg: 0.0,
        range_deg: 0.0,
        motion: Motion::RandomOrientations(1),
    };
    let encoding = Encoding::new(nxmx::FORMAT, Number::I32).with_noise();
    let output = step.noise.filter(|_| step.to_file).map(|noise| Output {
        kind: OutputKind::Noise { encoding, noise },
        path: folder.join("ly99.h5"),
    });
    let mut sinks: Vec<OutputSink> = output
        .map(|output| OutputSink::of_series(output, frames))
        .into_iter()
        .collect();
    let wanted = |image| Wanted {
        one_of_many: true,
        photons: false,
        readouts: step
            .noise
            .map(|noise| Readout {
                noise: Noise { image, ..noise },
                number: Number::I32,
            })
            .into_iter()
            .collect(),
    };
    let all: Vec<u32> = (0..frames).collect();
    let done = series::render(&plan, &all, renderer, &Unseen, wanted, |frame, shot| {
        let Frame {
            number, experiment, ..
        } = &frame;
        let rendered = RenderedFrame {
            planned: PlannedFrame {
                number: *number,
                experiment,
                up: DVec3::Y,
                record: &|_| None,
                misset_seed: None,
            },
            shot: &shot,
            draw: &|_, _, _| Ok(Vec::new()),
        };
        series::write_frame(&mut sinks, &rendered)
    });
    done.expect("every frame is rendered");
    series::commit(sinks.iter_mut().map(OutputSink::files), Vec::new()).expect("the file is whole");
}

/// Nobody watches.
struct Unseen;

impl Watcher for Unseen {
    fn monitor(&self, _index: u32, _count: u32) -> impl Monitor {}
}

/// What was asked for.
struct Asked {
    device: Device,
    scale: usize,
    frames: u32,
}

impl Asked {
    fn of(words: impl Iterator<Item = String>) -> Asked {
        let mut asked = Asked {
            device: Device::Cpu,
            scale: 16,
            frames: 4,
        };
        // Cargo adds a flag of its own.
        let mut words = words.filter(|word| word != "--bench");
        while let Some(flag) = words.next() {
            let value = words.next().expect("a flag has a value");
            match flag.as_str() {
                "--device" => asked.device = value.as_str().into(),
                "--scale" => asked.scale = value.parse().expect("a divisor of 3840"),
                "--frames" => asked.frames = value.parse().expect("a number of frames"),
                _ => panic!("{flag}: expected --device, --scale or --frames"),
            }
        }
        asked
    }
}

/// Writes the F of every channel, the list of these files, and the pulse: a Gaussian of 20 eV.
fn write_channels(folder: &Path) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/lysozyme_1aki_p1.hkl");
    let measured = fs::read_to_string(golden).expect("the list of F is there");
    let rows: Vec<(&str, f64, f64)> = measured.lines().map(row).collect();
    let (mut channels, mut pulse) = (String::new(), String::new());
    for channel in 0..CHANNELS {
        let from_middle = f64::from(channel) - f64::from(CHANNELS) / 2.0;
        let angstrom = EV_ANGSTROM / (MIDDLE_EV + from_middle);
        let edge = 0.02 / (1.0 + (from_middle / 8.0).powi(2));
        let mut list = String::with_capacity(measured.len());
        for (indices, f, part) in &rows {
            writeln!(list, "{indices} {:.3}", f * (1.0 + edge * part)).expect("memory");
        }
        let name = format!("channel_{channel:03}.hkl");
        fs::write(folder.join(&name), list).expect("the channel is written");
        writeln!(channels, "{angstrom:.6} {name}").expect("memory");
        let weight = (-0.5 * (from_middle / 20.0).powi(2)).exp();
        writeln!(pulse, "-10 0 0 {weight:.6} {:.9e}", angstrom * 1e-10).expect("memory");
    }
    fs::write(folder.join("channels.txt"), channels).expect("the list is written");
    fs::write(folder.join("pulse.txt"), pulse).expect("the pulse is written");
}

/// The indices of a row, its F, and how far the edge moves it, −1 to 1.
fn row(line: &str) -> (&str, f64, f64) {
    let (indices, f) = line.trim().rsplit_once(' ').expect("h k l F");
    let turned = indices.split_whitespace().zip([7, 11, 13]);
    let phase: i32 = turned
        .map(|(index, prime)| index.parse::<i32>().expect("an index") * prime)
        .sum();
    (indices, f.parse().expect("F"), f64::from(phase).cos())
}
