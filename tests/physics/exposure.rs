//! What a real exposure contains beside the terms of a perfect crystal: amorphous background, mosaic
//! domains, structure factors that change with the energy, and an absolute scale.

use std::path::{Path, PathBuf};

use crate::support::{experiment, golden_path, program};
use nanobragg::experiment::{Experiment, Mosaicity, Scan};
use nanobragg::geometry::rotation_about;
use nanobragg::image::{Comparison, Image};
use nanobragg::render::{Device, RenderOptions, Renderer};
use nanobragg::scene::{ELECTRON_RADIUS_SQUARED, Scene, TermPlace};
use nanobragg::trace::Name;

fn cpu() -> Renderer {
    Renderer::cpu().unwrap()
}

fn gpu() -> Renderer {
    Renderer::new(&RenderOptions {
        device: Device::Gpu("gpu".into()),
        ..RenderOptions::default()
    })
    .unwrap()
}

fn render(renderer: &Renderer, line: &str) -> Image {
    renderer.render(&experiment(line)).unwrap().image
}

fn nrmse(image: &[f32], reference: &[f32]) -> f64 {
    Comparison::of(image, reference).unwrap().nrmse
}

/// The pixels of two images, added.
fn sum(one: &Image, other: &Image) -> Vec<f32> {
    let pairs = one.values().iter().zip(other.values());
    pairs.map(|(a, b)| a + b).collect()
}

/// Writes a file and gives its path.
fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

const SLAB: &str = "liquid.stol,thickness=0.05,density=1.1,mw=18";
const VIEW: &str =
    "-distance 100 -detpixels 60 -pixel 1 -polar 0.9 -oversample 2 -flux 1e12 -beamsize 0.1";

#[test]
fn slabs_add_up_and_one_without_thickness_is_none() {
    let other = "liquid.stol,thickness=0.2,density=0.0012,mw=29";
    let none = "liquid.stol,thickness=0,density=1,mw=18";
    for renderer in [cpu(), gpu()] {
        let slabs = |slabs: &[&str]| {
            let flags: String = slabs.iter().map(|s| format!(" --background {s}")).collect();
            render(&renderer, &format!("{VIEW}{flags}"))
        };
        let (one, two, both) = (slabs(&[SLAB]), slabs(&[other]), slabs(&[SLAB, other]));
        assert!(one.values().iter().all(|&photons| photons > 0.0));
        assert!(nrmse(both.values(), &sum(&one, &two)) < 2e-7);
        assert_eq!(slabs(&[SLAB, none]), one);
        assert!(
            slabs(&[none])
                .values()
                .iter()
                .all(|&photons| photons == 0.0)
        );
    }
}

#[test]
fn a_background_is_added_to_the_crystal_s_terms_and_knows_no_orientations() {
    let crystal = "-default_F 1e4 -cell 70 80 90 -misset 10 20 30 -N 5";
    for renderer in [cpu(), gpu()] {
        let slab = render(&renderer, &format!("{VIEW} --background {SLAB}"));
        for domains in ["", "-mosaic 1 -mosaic_domains 70 -osc 1 -phisteps 3"] {
            let bare = render(&renderer, &format!("{VIEW} {crystal} {domains}"));
            let line = format!("{VIEW} {crystal} {domains} --background {SLAB}");
            let error = nrmse(render(&renderer, &line).values(), &sum(&bare, &slab));
            assert!(error < 5e-7, "{}: {error:e}", renderer.device_name());
        }
    }
}

#[test]
fn both_paths_agree_on_backgrounds() {
    let lines = [
        // Layers, sub-pixels, sources and a tilt, each with Ω, P and A of their own.
        "-distance 60 -detpixels 50 -pixel 0.9 -oversample 3 -polar 0.8 -detector_abs 300 -detector_thick 500 \
         -detector_thicksteps 3 -detector_rotx 10 -twotheta 15 -dispersion 3 -dispsteps 4 -hdivrange 8 \
         -hdivsteps 3",
        "-distance 40 -detpixels 40 -pixel 2 -oversample 2 -curved_det -nopolar -point_pixel",
        // More views and sources than a dispatch takes.
        "-detpixels 9 -pixel 5 -oversample 30 -dispersion 5 -dispsteps 200",
        "-detpixels 40 -pixel 1 -oversample 1 -roi 3 30 5 39 -water 0.01",
    ];
    for line in lines {
        let line = format!(
            "{line} -flux 1e12 --background {SLAB} --background liquid.stol,thickness=1,density=1,mw=40,x=Q"
        );
        let (found, reference) = (render(&gpu(), &line), render(&cpu(), &line));
        let error = nrmse(found.values(), reference.values());
        println!("{line}: nrmse {error:.1e}");
        assert!(reference.values().iter().any(|&photons| photons > 0.0));
        assert!(error < 2e-6, "{line}: {error:e}");
    }
}

#[test]
fn a_trace_says_what_slabs_add() {
    let scene = Scene::new(&experiment(&format!(
        "{VIEW} --background {SLAB} -detector_thick 300 -dispersion 1 -dispsteps 3"
    )))
    .unwrap();
    let trace = nanobragg::cpu::trace(&scene, &TermPlace::last(&scene, [20, 30]).unwrap());
    let value = |name| trace.value(name).unwrap();
    // Nothing else scatters.
    let photons = value(Name::Scale) * value(Name::AmorphousSum);
    assert!((photons / value(Name::Photons) - 1.0).abs() < 1e-12);
}

#[test]
fn uneven_tables_and_slabs_of_nothing_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let uneven = "0 2.0\n0.05 2.2\n0.1 2.5\n0.1001 2.6\n0.15 3\n0.2 3.2\n";
    let uneven = file(folder.path(), "uneven.stol", uneven);
    for (settings, said) in [
        ("thickness=1,density=1,mw=18", "far beyond them"),
        ("thickness=0,density=1,mw=18", "its thickness is 0"),
    ] {
        let output = program()
            .current_dir(folder.path())
            .args(["-detpixels", "8", "-floatfile", "image.bin", "--background"])
            .arg(format!("{},{settings}", uneven.display()))
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success() && message.contains(said),
            "{message}"
        );
    }
}

#[test]
fn a_reference_is_not_asked_for_what_it_cannot_know() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        "compare --reference true",
        "bench --sizes 8 --reference true",
    ] {
        let output = program()
            .current_dir(folder.path())
            .args(words.split(' '))
            .args(["--", "-default_F", "1", "-cell", "70", "-mosaic", "1"])
            .args(["--mosaic-model", "gaussian"])
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(
            message.contains("--mosaic-model: the reference does not know it"),
            "{message}"
        );
    }
}

#[test]
fn tables_against_other_quantities_are_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(golden_path("liquid.stol")).unwrap();
    let reference = render(&cpu(), &format!("{VIEW} --background {SLAB}"));
    for (name, factor) in [("4stol", 4.0), ("Q", 4.0 * std::f64::consts::PI)] {
        let scaled: String = text
            .lines()
            .map(|line| {
                let (stol, f) = line.split_once(' ').unwrap();
                format!("{:?} {f} comment\n", stol.parse::<f64>().unwrap() * factor)
            })
            .collect();
        let table = file(folder.path(), name, &scaled);
        let flag = format!(
            "{},thickness=0.05,density=1.1,mw=18,x={name}",
            table.display()
        );
        let image = render(&cpu(), &format!("{VIEW} --background {flag}"));
        assert!(nrmse(image.values(), reference.values()) < 1e-7, "{name}");
    }
}

const CRYSTAL: &str = "-cell 70 80 90 75 85 95 -misset 10 20 30 -detpixels 60 -pixel 0.5";

#[test]
fn listed_rotations_are_the_domains() {
    let folder = tempfile::tempdir().unwrap();
    let drawn = experiment(&format!(
        "-default_F 100 {CRYSTAL} -N 20 -mosaic 1 -mosaic_domains 12 -osc 2 -phisteps 2"
    ));
    let crystal = drawn.crystal();
    let rotations = crystal.mosaicity.rotations(&crystal.cell);
    let text: String = rotations
        .iter()
        .map(|rotation| {
            let rows = rotation.transpose().to_cols_array();
            rows.map(|element| format!("{element:?} ")).concat() + "\n"
        })
        .collect();
    let listed = file(folder.path(), "domains.txt", &text);
    let line = format!(
        "-default_F 100 {CRYSTAL} -N 20 -osc 2 -phisteps 2 --mosaic-file {}",
        listed.display()
    );
    assert_eq!(render(&cpu(), &line), cpu().render(&drawn).unwrap().image);
}

#[test]
fn both_paths_agree_on_mosaic_models_and_spot_metrics() {
    let lines = [
        "-N 10 -mosaic 0.5 -mosaic_domains 31 --mosaic-model gaussian -osc 1 -phisteps 3",
        "-N 10 --mosaic-sigmas 0.1 0.5 1 -mosaic_domains 30",
        "-N 10 --mosaic-sigmas 0.1 0.5 1 --mosaic-model normal -mosaic_domains 30 -osc 1 -phisteps 3",
        "-N 10 --mosaic-sigmas 0.1 0.5 1 --mosaic-model ellipsoid -mosaic_domains 31",
        "-Na 9 -Nb 12 -Nc 10 -gauss_xtal --gauss-metric hkl --cells-matrix 4 -3 2 -mosaic 0.3",
        "-Na 5 -Nb 12 -Nc 30 -gauss_xtal --gauss-metric hkl -mosaic 0.3",
        "-Na 3 -Nb 4 -Nc 9 -gauss_xtal --gauss-metric hkl -oversample 3 -fudge 0.3",
    ];
    for line in lines {
        let line = format!("-default_F 100 {CRYSTAL} {line}");
        let (found, reference) = (render(&gpu(), &line), render(&cpu(), &line));
        let error = nrmse(found.values(), reference.values());
        println!("{line}: nrmse {error:.1e}");
        assert!(error < 1e-5, "{line}: {error:e}");
    }
    // A top hat's edge may fall either way.
    let line =
        format!("-default_F 100 {CRYSTAL} -Na 3 -Nb 4 -Nc 9 -tophat_spots --gauss-metric hkl");
    let (found, reference) = (render(&gpu(), &line), render(&cpu(), &line));
    let compared = Comparison::of(found.values(), reference.values()).unwrap();
    assert!(compared.differing < 2e-3, "{}", compared.differing);
}

#[test]
fn gaussian_domains_turn_with_the_crystal() {
    // The crystal turned by the spindle, and a crystal that was mounted that way.
    let line = format!("-default_F 100 {CRYSTAL} -N 10 --mosaic-sigmas 0.2 1 3 -mosaic_domains 20");
    let turned = experiment(&format!("{line} -phi 40"));
    let mut parts = experiment(&line).into_description();
    let spindle = rotation_about(Scan::default().spindle, 40f64.to_radians());
    parts.crystal.cell = parts.crystal.cell.rotated(&spindle);
    let mounted = Experiment::new(parts).unwrap();
    let (one, other) = (
        cpu().render(&turned).unwrap().image,
        cpu().render(&mounted).unwrap().image,
    );
    assert!(nrmse(one.values(), other.values()) < 1e-7);
}

#[test]
fn metrics_are_one_where_the_crystal_is_a_cube() {
    // g = |δ|²·(N³)²/a² and Σ(Nδ)² differ by N⁴/a², with a in Å.
    let (cells, edge, fudge) = (6.0f64, 50.0f64, 0.01);
    let base = "-default_F 100 -misset 10 20 30 -detpixels 60 -pixel 0.5 -oversample 2";
    for shape in ["-gauss_xtal", "-tophat_spots"] {
        let line = |fudge: f64, metric| {
            format!("{base} -cell {edge} -N {cells} {shape} -fudge {fudge} --gauss-metric {metric}")
        };
        let reciprocal = render(&cpu(), &line(fudge, "reciprocal"));
        let index = render(&cpu(), &line(fudge * cells.powi(4) / (edge * edge), "hkl"));
        assert!(reciprocal.values().iter().any(|&photons| photons > 0.0));
        assert!(nrmse(index.values(), reciprocal.values()) < 1e-6, "{shape}");
    }
}

/// Lists for some wavelengths, whose F are `factor` of the wavelength's number, and the list of them.
fn channels(folder: &Path, angstroms: &[f64], factor: impl Fn(usize) -> f64) -> PathBuf {
    let mut list = String::new();
    for (number, angstrom) in angstroms.iter().enumerate() {
        let mut text = String::new();
        for h in -9..=9 {
            for k in -9..=9 {
                for l in -9..=9 {
                    let f = factor(number) * (f64::from(h * 3 + k * 5 + l * 7).sin() + 1.5);
                    text += &format!("{h} {k} {l} {f:?}\n");
                }
            }
        }
        file(folder, &format!("{number}.hkl"), &text);
        list += &format!("{angstrom} {number}.hkl\n");
    }
    file(folder, "channels.txt", &list)
}

#[test]
fn a_source_takes_the_structure_factors_of_its_energy() {
    let folder = tempfile::tempdir().unwrap();
    let list = channels(folder.path(), &[0.98, 1.0, 1.02], |number| {
        [10.0, 50.0, 200.0][number]
    });
    let sources = "0.98e-10 1 1.02e-10 3 0.981e-10 2 1.0e-10 5";
    let numbers: Vec<&str> = sources.split(' ').collect();
    let source = |pair: &[&str]| format!("-10 0 0 {} {}\n", pair[1], pair[0]);
    let all: String = numbers.chunks(2).map(source).collect();
    let spectrum = file(folder.path(), "spectrum.txt", &all);
    let base = format!("{CRYSTAL} -N 5 -oversample 2 -polar 0.7 -water 0.001");
    let whole = format!(
        "{base} --hkl-channels {} -sourcefile {}",
        list.display(),
        spectrum.display()
    );
    // Each source by itself, with the list of its wavelength: the mean, by their weights.
    let mut expected = vec![0f64; 3600];
    for (pair, channel) in numbers.chunks(2).zip([0, 2, 0, 1]) {
        let own = file(folder.path(), "source.txt", &source(pair));
        let hkl = folder.path().join(format!("{channel}.hkl"));
        let line = format!(
            "{base} -hkl {} -sourcefile {}",
            hkl.display(),
            own.display()
        );
        let weight: f64 = pair[1].parse().unwrap();
        for (sum, value) in expected.iter_mut().zip(render(&cpu(), &line).values()) {
            *sum += weight / 11.0 * f64::from(*value);
        }
    }
    // Of one mean, four sources have a fourth of the water, which the C program adds but once.
    let water = render(
        &cpu(),
        "-cell 70 -detpixels 60 -pixel 0.5 -oversample 2 -polar 0.7 -water 0.001",
    );
    let expected: Vec<f32> = expected
        .iter()
        .zip(water.values())
        .map(|(sum, water)| (sum - 0.75 * f64::from(*water)) as f32)
        .collect();
    let reference = render(&cpu(), &whole);
    assert!(nrmse(reference.values(), &expected) < 1e-6);
    let error = nrmse(render(&gpu(), &whole).values(), reference.values());
    assert!(error < 1e-5, "{error:e}");
}

#[test]
fn channels_of_one_list_are_that_list() {
    let folder = tempfile::tempdir().unwrap();
    let list = channels(folder.path(), &[0.97, 0.99, 1.01, 1.03], |_| 70.0);
    let hkl = folder.path().join("0.hkl");
    for flags in [
        "-N 5 -dispersion 6 -dispsteps 9",
        "-N 2 -dispersion 6 -dispsteps 5 -hdivrange 3",
    ] {
        let base = format!("{CRYSTAL} {flags} --background {SLAB} -flux 1e12");
        for renderer in [cpu(), gpu()] {
            let one = render(&renderer, &format!("{base} -hkl {}", hkl.display()));
            let many = render(
                &renderer,
                &format!("{base} --hkl-channels {}", list.display()),
            );
            assert!(nrmse(many.values(), one.values()) < 1e-6, "{flags}");
        }
    }
}

#[test]
fn frames_after_the_first_read_no_structure_factors_again() {
    let folder = tempfile::tempdir().unwrap();
    let list = channels(folder.path(), &[0.98, 1.0, 1.02], |number| {
        10.0 + number as f64
    });
    let line = format!(
        "{CRYSTAL} -N 5 -oversample 1 -dispersion 4 -dispsteps 3 --hkl-channels {}",
        list.display()
    );
    let experiment = experiment(&line);
    for renderer in [cpu(), gpu()] {
        let expected = renderer.render(&experiment).unwrap().image;
        let laid_out = renderer.lay_out(&experiment).unwrap().keeping_grids();
        let frame = || renderer.render_frame(&laid_out, &experiment, &());
        assert_eq!(frame().unwrap().image, expected);
        let moved = folder.path().join("moved.hkl");
        let third = folder.path().join("2.hkl");
        std::fs::rename(&third, &moved).unwrap();
        assert_eq!(frame().unwrap().image, expected);
        // A single render reads its lists.
        let error = renderer.render(&experiment).unwrap_err().to_string();
        assert!(error.contains("2.hkl"), "{error}");
        std::fs::rename(&moved, &third).unwrap();
    }
}

#[test]
fn a_hundred_channels_of_a_large_cell_need_the_memory_of_a_few() {
    let folder = tempfile::tempdir().unwrap();
    // A grid of 161³ numbers each, 32 MiB in float64: 3.2 GiB if all were kept.
    let mut list = String::new();
    for number in 0..100 {
        let name = format!("{number}.hkl");
        file(
            folder.path(),
            &name,
            &format!("-80 -80 -80 1\n80 80 80 1\n1 2 3 {number}\n"),
        );
        list += &format!("{} {name}\n", 1.0 + 1e-4 * f64::from(number));
    }
    let list = file(folder.path(), "channels.txt", &list);
    let mut bench = program();
    let flags = "--sizes 64 --device all --iterations 1 --json -- -cell 200 -N 5 -lambda 1.00495 \
                 -dispersion 0.99 -dispsteps 100 --hkl-channels";
    let output = bench
        .current_dir(folder.path())
        .arg("bench")
        .args(flags.split_whitespace())
        .arg(&list)
        .output()
        .unwrap();
    let results = String::from_utf8(output.stdout).unwrap();
    let peaks: Vec<f64> = results
        .lines()
        .filter_map(|line| line.trim().strip_prefix("\"peak_memory_bytes\": "))
        .map(|bytes| bytes.trim_end_matches(',').parse().unwrap())
        .collect();
    println!(
        "at most {:?} MiB on each device",
        peaks.iter().map(|b| b / 1048576.0).collect::<Vec<_>>()
    );
    assert!(peaks.len() >= 2, "{results}");
    assert!(
        peaks.iter().all(|&bytes| bytes < 512.0 * 1048576.0),
        "{peaks:?}"
    );
}

/// Σ photons dφ of the one reflection of docs/absolute_scale.md, by Darwin's formula: the number of
/// photons that a spot holds, times the speed at which the crystal turns (radians a second, over the
/// photons a second of the beam).
fn darwin(fluence: f64, f: f64, wavelength: f64, cells: f64, volume: f64, theta: f64) -> f64 {
    let polarisation = 0.5 * (1.0 + (2.0 * theta).cos().powi(2));
    let lorentz = 1.0 / (2.0 * theta).sin();
    let per_cell = ELECTRON_RADIUS_SQUARED * fluence * f * f * wavelength.powi(3) / volume;
    per_cell * cells * lorentz * polarisation
}

#[test]
fn a_rocked_reflection_holds_the_photons_of_darwin_s_formula() {
    // The very command of the docs, whose figures these are.
    let docs = include_str!("../../docs/absolute_scale.md");
    let command = docs
        .lines()
        .find_map(|line| line.strip_prefix("    nanobragg "))
        .unwrap();
    let flags = command.replace(" -floatfile spot.bin --json", "");
    let folder = tempfile::tempdir().unwrap();
    let hkl = file(folder.path(), "one.hkl", "0 20 0 250\n");
    let flags = flags.replace("one.hkl", hkl.to_str().unwrap());
    let (fluence, theta, range) = (1e12 / (2e-5f64 * 2e-5), 0.1f64.asin(), 8f64.to_radians());
    for (cells, told, off) in [(10u32, Some(4.37711e-5), 2e-5), (5, None, 2e-3)] {
        let image = render(&cpu(), &flags.replace("-N 10", &format!("-N {cells}")));
        let photons = image.values().iter().copied().map(f64::from);
        let found: f64 = photons.sum();
        let n = f64::from(cells).powi(3);
        let expected = darwin(fluence, 250.0, 1e-10, n, 1e-24, theta) / range;
        let error = found / expected - 1.0;
        println!("{cells} cells: {found:.6e} photons, Darwin {expected:.6e}, off by {error:.1e}");
        assert!(error.abs() < off);
        assert!(told.is_none_or(|told: f64| (found / told - 1.0).abs() < 2e-6));
        let border = image.values()[..300].iter().copied().fold(0.0, f32::max);
        assert_eq!(border, 0.0, "the spot lies on the detector");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| file(folder.path(), name, text).display().to_string();
    let crystal = "-default_F 100 -cell 70 -N 5 -detpixels 8";
    let bad_f = put("bad.hkl", "1 2 3 x\n");
    let (channels_bad, channels_missing) = (
        put("bad.txt", "1.0 bad.hkl\n"),
        put("missing.txt", "1.0 bad.hkl\n1.1 nowhere.hkl\n"),
    );
    let liquid = golden_path("liquid.stol").display().to_string();
    let falling = put("falling.stol", "0 1\n0.2 1\n0.1 1\n");
    let no_turn = put("turn.txt", "1 0 0 0 1 0 0 0 2\n");
    let cases = [
        (
            format!("--background {falling},thickness=1,density=1,mw=18"),
            1,
            "line 3",
        ),
        (
            format!("{crystal} --background {falling}"),
            2,
            "thickness is missing",
        ),
        (
            format!("{crystal} --background {liquid},thickness=1e9,density=1,mw=18"),
            2,
            "--background: a slab's thickness",
        ),
        (
            format!("{crystal} --background nowhere,thickness=1,density=1,mw=1"),
            1,
            "nowhere",
        ),
        (format!("{crystal} --mosaic-file {no_turn}"), 1, "line 1"),
        (
            format!("{crystal} --mosaic-file {no_turn} -mosaic 1"),
            2,
            "leave one out",
        ),
        (
            format!("{crystal} --mosaic-sigmas 1 2 3 -mosaic 1"),
            2,
            "leave one out",
        ),
        (
            format!("{crystal} --mosaic-sigmas 1 2 0 --mosaic-model ellipsoid"),
            2,
            "--mosaic-sigmas: the sigmas of an ellipsoid are 0.0174",
        ),
        (
            format!("{crystal} --cells-matrix 1 2 3"),
            2,
            "--cells-matrix: the numbers 1, 2 and 3 couple the axes of Gaussian spots in the metric hkl",
        ),
        (
            format!("{crystal} -gauss_xtal --cells-matrix 1 2 3"),
            2,
            "--cells-matrix: the numbers 1, 2 and 3 couple the axes of Gaussian spots in the metric hkl",
        ),
        (
            format!("{crystal} -N 4 -gauss_xtal --gauss-metric hkl --cells-matrix 1 2 4"),
            2,
            "--cells-matrix: the matrix of cells 4 1 4 / 1 4 2 / 4 2 4 is not positive definite: the \
             determinants of its upper left corners are 4, 15 and",
        ),
        (
            format!("{crystal} --mosaic-sigmas 1 2"),
            2,
            "--mosaic-sigmas",
        ),
        (
            format!("{crystal} --gauss-metric miller"),
            2,
            "expected one of reciprocal, hkl",
        ),
        (
            format!("{crystal} --hkl-channels {channels_missing}"),
            1,
            "line 2",
        ),
        (
            format!("{crystal} --hkl-channels {channels_bad}"),
            1,
            &bad_f,
        ),
        (
            format!("{crystal} --hkl-channels {channels_bad} -hkl {bad_f}"),
            2,
            "--hkl-channels",
        ),
        ("-cell 70".into(), 2, "nothing scatters"),
    ];
    for (line, code, said) in cases {
        let output = program()
            .current_dir(folder.path())
            .args(line.split_whitespace())
            .args(["-floatfile", "image.bin"])
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}: {message}");
        assert!(message.contains(said), "{line}: {message}");
        assert_eq!(message.trim().lines().count(), 1, "{message}");
        assert!(!folder.path().join("image.bin").exists(), "{line}");
    }
}

#[test]
fn flags_with_nothing_to_act_on_are_noticed() {
    let base = "-default_F 100 -cell 70 -N 5 -detpixels 8";
    let experiment = experiment(base);
    assert_eq!(experiment.crystal().mosaicity, Mosaicity::default());
    let folder = tempfile::tempdir().unwrap();
    for (flags, flag) in [
        ("--gauss-metric hkl", "--gauss-metric"),
        ("--mosaic-model gaussian", "--mosaic-model"),
    ] {
        let line = format!("{base} {flags} -floatfile image.bin");
        let output = program()
            .current_dir(folder.path())
            .args(line.split_whitespace())
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            message.contains(&format!("{flag} has no effect")),
            "{message}"
        );
    }
}

#[test]
fn sources_far_from_any_listed_energy_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let list = channels(folder.path(), &[1.0, 1.02], |_| 70.0);
    let told = |flags: &str| {
        let line = format!("{CRYSTAL} -N 5 {flags} -floatfile image.bin --hkl-channels");
        let output = program()
            .current_dir(folder.path())
            .args(line.split_whitespace())
            .arg(&list)
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let message = told("-lambda 1.2");
    assert!(
        message.contains("1.2000 Å take the structure factors of 1.0200 Å"),
        "{message}"
    );
    assert!(!told("-lambda 1.011").contains("the nearest listed"));
}
