//! Flags on the command line override a file, whatever they exclude there.

use std::fs;

use nanobragg::cli;
use nanobragg::render::Renderer;

use super::{rendered, run_line, support, text};

/// Most lines of files; the sub-pixels are counted, as a choice of the program's would stay.
const BASE: &str = "-default_F 100 -cell 70 80 90 -N 5 -detpixels 40 -oversample 1";

/// Flags behind [`BASE`] in a file, and flags on the command line.
const PAIRS: &[(&str, &str)] = &[
    ("", "-default_F 50"),
    ("", "-mat triclinic.mat"),
    ("", "-cell 60"),
    ("-mat triclinic.mat", "-cell 60 70 80"),
    ("", "-hkl lysozyme_1aki_p1.hkl -default_F 0 -nointerpolate"),
    (
        "-hkl lysozyme_1aki_p1.hkl",
        "-hkl lysozyme_1aki.mtz -cell 59.062 68.451 30.517",
    ),
    ("-hkl lysozyme_1aki_p1.hkl -nointerpolate", "-interpolate"),
    ("", "-misset 1 2 3"),
    ("", "-misset random -misset_seed 4"),
    ("-misset random -misset_seed 3", "-misset 1 2 3"),
    ("-misset random -misset_seed 3", "-misset_seed 4"),
    ("", "-N 4"),
    ("", "-Na 4"),
    ("-Na 3 -Nc 4", "-N 4"),
    ("", "-xtalsize 0.0003"),
    ("-xtalsize 0.0003", "-N 3"),
    ("-xtalsize 0.0003", "-Nb 3"),
    ("-xtalsize 0.0003", "-xtal_y 0.0002"),
    ("", "-gauss_xtal -fudge 0.5"),
    ("-gauss_xtal", "-round_xtal"),
    ("", "-mosaic 1"),
    ("", "-mosaic 1 -mosaic_domains 3 -mosaic_seed 5"),
    ("--mosaic-sigmas 0.1 0.2 0.3", "-mosaic_domains 3"),
    ("-mosaic 1 -mosaic_domains 3", "--mosaic-model gaussian"),
    ("", "-phi 5"),
    ("", "-osc 1 -phisteps 3"),
    ("-mosaic 0.5", "-gauss_xtal --analytic -osc 1"),
    ("-gauss_xtal --analytic --bandwidth 0.2", "-mosaic 0.5"),
    (
        "-gauss_xtal --analytic --divergence-sigma 1 2",
        "--pixel-average",
    ),
    ("-osc 1 -phisteps 3", "-osc 2"),
    ("-divergence 2", "-hdivstep 0.3"),
    ("", "-energy 12000"),
    ("-energy 12000", "-lambda 1.1"),
    ("", "-dispersion 1 -dispsteps 3"),
    ("", "-divergence 1"),
    ("", "-hdivrange 1 -hdivsteps 3"),
    ("-hdivrange 1", "-divergence 2"),
    ("-divergence 2", "-hdivrange 1 -square_div"),
    ("-xds", "-sourcefile two_sources.txt"),
    ("-xds -dispersion 1", "-sourcefile two_sources.txt"),
    ("", "-fluence 1e25"),
    ("", "-flux 1e12 -beamsize 0.02"),
    ("-flux 1e12", "-exposure 2"),
    ("", "-nopolar"),
    ("-nopolar", "-polar 0.5"),
    ("-polar 0.5", "-nopolar"),
    ("", "-water 3"),
    (
        "--background liquid.stol,thickness=0.5,density=1,mw=18",
        "-water 3",
    ),
    ("", "-distance 90"),
    ("", "-close_distance 90"),
    ("", "-pixel 0.2"),
    ("", "-detpixels 30"),
    ("", "-detpixels_f 30"),
    ("", "-Xbeam 2"),
    ("-Xbeam 2", "-Ybeam 1.5"),
    ("", "-xds"),
    ("-xds", "-mosflm"),
    ("", "-xds -twotheta 10"),
    ("", "-pivot sample -ORGX 10"),
    ("-xds -ORGX 10", "-pivot beam"),
    ("", "-detector_rotx 3 -detector_roty 2"),
    ("", "-pix0_vector 0.1 0.001 -0.002"),
    ("-Xbeam 2", "-pix0_vector 0.1 0.001 -0.002"),
    ("", "-detector_thick 300"),
    ("-detector_thick 300", "-detector_abs 500 -thicksteps 3"),
    ("-detector_thick 300", "--layer-depth mean"),
    ("-osc 1 --phi-sampling middle", "--phi-sampling start"),
    ("", "-curved_det"),
    ("", "-point_pixel -roi 3 20 4 20"),
    ("-roi 3 20 4 20", "-roi 5 6 7 8"),
    ("", "-dmin 3 -oversample 2 -oversample_omega"),
];

/// What `words` render.
fn pixels(renderer: &Renderer, words: &[String]) -> Vec<u32> {
    let experiment = cli::experiment(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
    let image = renderer.render(&experiment).unwrap().image;
    image.values().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn flags_behind_a_file_mean_what_they_mean_behind_its_flags() {
    let renderer = Renderer::cpu().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("base.toml").display().to_string();
    for (file, line) in PAIRS {
        let own = format!("{BASE} {file}");
        rendered(
            folder.path(),
            &format!("{own} -floatfile base.bin --write-config {written}"),
        );
        let expected = pixels(&renderer, &support::words(&format!("{own} {line}")));
        let found = support::words(&format!("--config {written} {line}"));
        assert!(
            pixels(&renderer, &found) == expected,
            "{file} in the file, {line} behind it"
        );
        // Where the file is named does not matter.
        let found = support::words(&format!("{line} --config {written}"));
        assert!(
            pixels(&renderer, &found) == expected,
            "{file} in the file, {line} before it"
        );
    }
}

#[test]
fn what_a_file_and_flags_exclude_of_each_other_is_the_flags() {
    let renderer = Renderer::cpu().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let experiment = support::experiment(BASE);
    let panels = &experiment.detector().panels;
    let list = crate::support::panel_files::experiment_list(&experiment, panels).to_string();
    fs::write(here.join("list.expt"), list).unwrap();
    let geometry = crate::support::panel_files::geometry_file(panels, 1e-10);
    fs::write(here.join("panels.geom"), geometry).unwrap();
    fs::write(here.join("turns.txt"), "0.1 0.2 -0.3\n").unwrap();
    fs::write(here.join("sources.txt"), "1 0 0 1 1.2e-10\n").unwrap();
    let config = |toml: &str| {
        let path = here.join("experiment.toml");
        fs::write(&path, toml).unwrap();
        path.display().to_string()
    };
    let at = |name: &str| here.join(name).display().to_string();
    let crystal = "[crystal]\ndefault_F = 100\ncells = 5\n[sampling]\noversample = 1\n";
    let with_cell = format!(
        "{}cell_A_deg = [70, 80, 90]\n",
        "[crystal]\ndefault_F = 100\ncells = 5\n"
    );
    let flags = "-default_F 100 -N 5 -oversample 1";
    // The file's text, flags behind it, and flags that mean the same.
    let cases = [
        (
            format!(
                "{crystal}[detector]\ndistance_mm = 70\npixels = 9\nconvention = \"xds\"\nbeam_x_mm = 3"
            ),
            format!("--expt {}", at("list.expt")),
            format!("{flags} --expt {}", at("list.expt")),
        ),
        (
            format!(
                "{with_cell}[sampling]\noversample = 1\n[detector]\ndials_experiment = \"list.expt\""
            ),
            format!("--geom {}", at("panels.geom")),
            format!("{flags} -cell 70 80 90 --geom {}", at("panels.geom")),
        ),
        (
            format!(
                "{with_cell}[mosaicity]\nspread_deg = 1\ndomains = 3\nmodel = \"cap\"\nseed = 4\n\
                 [detector]\npixels = 40\n"
            ),
            format!("--mosaic-file {} -oversample 1", at("turns.txt")),
            format!("{BASE} --mosaic-file {}", at("turns.txt")),
        ),
        (
            format!(
                "{with_cell}[beam]\nflux_photons_per_s = 1e12\nexposure_s = 2\n[detector]\npixels = 40\n"
            ),
            "-fluence 1e25 -oversample 1".to_string(),
            format!("{BASE} -fluence 1e25"),
        ),
        (
            format!("{with_cell}[detector]\nclose_distance_mm = 90\npixels = 40\n"),
            "-distance 80 -oversample 1".to_string(),
            format!("{BASE} -distance 80"),
        ),
        (
            format!("{with_cell}[detector]\npixels = 30\n"),
            "-detsize 4 -oversample 1".to_string(),
            format!("{BASE} -detsize 4"),
        ),
        (
            format!("{with_cell}[beam]\nsources = \"sources.txt\"\n[detector]\npixels = 40\n"),
            "-dispersion 1 -dispsteps 3 -oversample 1".to_string(),
            format!("{BASE} -dispersion 1 -dispsteps 3"),
        ),
        (
            format!("{with_cell}[scan]\nrange_deg = 1\nsteps = 3\n[detector]\npixels = 40\n"),
            "-phistep 0.1 -oversample 1".to_string(),
            format!("{BASE} -osc 1 -phistep 0.1"),
        ),
        (
            format!("{with_cell}[scan]\nrange_deg = 1\nstep_deg = 0.3\n[detector]\npixels = 40\n"),
            "-phisteps 2 -oversample 1".to_string(),
            format!("{BASE} -osc 1 -phisteps 2"),
        ),
        (
            format!("{with_cell}[mosaicity]\nrotations = \"turns.txt\"\n[detector]\npixels = 40\n"),
            "-mosaic 1 -oversample 1".to_string(),
            format!("{BASE} -mosaic 1"),
        ),
        (
            format!(
                "{with_cell}[mosaicity]\nspread_deg = 1\nmodel = \"cap\"\n[detector]\npixels = 40\n"
            ),
            "--mosaic-sigmas 0.1 0.2 0.3 -oversample 1".to_string(),
            format!("{BASE} --mosaic-sigmas 0.1 0.2 0.3"),
        ),
        (
            format!(
                "{with_cell}[mosaicity]\nsigmas_deg = [0.1, 0.2, 0.3]\n[detector]\npixels = 40\n"
            ),
            "-mosaic 1 -oversample 1".to_string(),
            format!("{BASE} -mosaic 1"),
        ),
    ];
    for (toml, line, same) in cases {
        let words = support::words(&format!("--config {} {line}", config(&toml)));
        let expected = pixels(&renderer, &support::words(&same));
        assert!(pixels(&renderer, &words) == expected, "{toml}\n{line}");
    }
}

#[test]
fn output_flags_and_slabs_take_the_place_of_a_files() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(
        here.join("e.toml"),
        "[crystal]\ndefault_F = 100\ncell_A_deg = [70.0, 80.0, 90.0]\n[detector]\npixels = 32\n\
         [output]\nfloat = \"a.bin\"\nfiles = [\"b.cbf\", \"c.npy\"]\nnoise_files = [\"d.tif\"]\n\
         [noise]\nreadout_counts = 3\nseed = 5\n[picture]\ncolormap = \"viridis\"\n",
    )
    .unwrap();
    // Of what is in the file, nothing is said about noise and pictures that are not asked for.
    let said = rendered(here, "--config e.toml --out x.bin");
    assert_eq!(support::names(here), ["e.toml", "x.bin"]);
    assert!(!said.contains("has no effect"), "{said}");
    let said = rendered(here, "--config e.toml --out x.bin --gain 2");
    assert!(said.contains("--gain has no effect"), "{said}");
    assert!(!said.contains("--readout"), "{said}");
    rendered(here, "--config e.toml");
    assert_eq!(
        support::names(here),
        ["a.bin", "b.cbf", "c.npy", "d.tif", "e.toml", "x.bin"]
    );

    let slab = "{ file = \"liquid.stol\", thickness_mm = 0.5, density_g_per_cm3 = 1, molar_mass_g_per_mol = 18 }";
    fs::copy(
        support::golden_path("liquid.stol"),
        here.join("liquid.stol"),
    )
    .unwrap();
    let toml = format!("[background]\nslabs = [{slab}, {slab}]\n[detector]\npixels = 32\n");
    fs::write(here.join("slabs.toml"), toml).unwrap();
    let sum = |line: &str| {
        let output = run_line(here, &format!("{line} -floatfile s.bin --json"));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        json["image"]["sum"].as_f64().unwrap()
    };
    let both = sum("--config slabs.toml");
    let flag = "--background liquid.stol,thickness=0.5,density=1,mw=18";
    let one = sum(&format!("--config slabs.toml {flag}"));
    assert!((both / one - 2.0).abs() < 1e-6, "{both} {one}");
    assert_eq!(sum(&format!("-detpixels 32 {flag} {flag}")), both);
}

#[test]
fn paths_start_from_the_files_folder() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir_all(here.join("lab/data")).unwrap();
    let hkl = support::golden_path("lysozyme_1aki_p1.hkl");
    fs::copy(&hkl, here.join("lab/data/P1.hkl")).unwrap();
    fs::copy(&hkl, here.join("outside.hkl")).unwrap();
    let flags = "-cell 59 68 31 -N 3 -detpixels 32 -oversample 1";
    // Inside the folder of the file: from there. Outside: from the root.
    rendered(
        here,
        &format!("-hkl lab/data/P1.hkl {flags} --out lab/a.bin --write-config lab/e.toml"),
    );
    let written = text(here, "lab/e.toml");
    assert!(
        written.contains("structure_factors = \"data/P1.hkl\""),
        "{written}"
    );
    assert!(written.contains("files = [\"a.bin\"]"), "{written}");
    assert!(
        written.contains("\"data/P1.hkl\" = { bytes = "),
        "{written}"
    );
    rendered(
        here,
        &format!("-hkl outside.hkl {flags} --out o.bin --write-config lab/outside.toml"),
    );
    let root = fs::canonicalize(here).unwrap().display().to_string();
    let written = text(here, "lab/outside.toml");
    let expected = format!("structure_factors = \"{root}/outside.hkl\"");
    assert!(written.contains(&expected), "{written}");

    // The folder may go elsewhere with all that is in it.
    fs::rename(here.join("lab"), here.join("moved")).unwrap();
    let first = fs::read(here.join("moved/a.bin")).unwrap();
    fs::remove_file(here.join("moved/a.bin")).unwrap();
    rendered(here, "--config moved/e.toml");
    assert!(fs::read(here.join("moved/a.bin")).unwrap() == first);
    rendered(&here.join("moved"), "--config e.toml --out b.bin");
    assert!(fs::read(here.join("moved/b.bin")).unwrap() == first);
}

#[test]
fn commands_that_take_flags_behind_two_dashes_take_a_file_there() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // A file that was written has files, noise and a device, which these commands have no use for.
    let flags = "-default_F 100 -cell 70 80 90 -N 3 -detpixels 16 -mosaic 1 -misset random";
    rendered(here, &format!("{flags} --threads 1 --write-config e.toml"));
    let said = |line: &str| {
        let output = run_line(here, line);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (code, of_file, errors) = said("trace --pixel 3 4 -- --config e.toml");
    assert_eq!(code, Some(0), "{errors}");
    let seed = text(here, "e.toml");
    let seed = seed
        .lines()
        .find_map(|line| line.strip_prefix("misset_seed = "));
    let same = format!(
        "trace --pixel 3 4 -- {flags} -misset_seed {}",
        seed.unwrap()
    );
    assert_eq!(of_file, said(&same).1);
    let (_, other, _) = said("trace --pixel 3 4 -- --config e.toml -lambda 1.1");
    assert_ne!(of_file, other);

    let bench = "bench --sizes 16 --iterations 1 --device cpu --out bench -- --config e.toml";
    let (code, page, errors) = said(bench);
    assert_eq!(code, Some(0), "{errors}");
    assert!(page.contains("--misset_seed="), "{page}");

    let (code, _, errors) = said("trace --pixel 3 4 --config e.toml -- -default_F 1");
    assert_eq!(code, Some(2));
    assert!(errors.contains("--config: no such flag"), "{errors}");
    let (code, _, errors) = said("trace --pixel 3 4 -- --config e.toml --write-config f.toml");
    assert_eq!(code, Some(2));
    assert!(
        errors.contains("--write-config: nanobragg trace has no use for it"),
        "{errors}"
    );
}

#[cfg(unix)]
#[test]
fn a_reference_program_gets_a_files_flags() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let flags = "-default_F 100 -cell 70 80 90 -N 3 -detpixels 16 -mosaic 1 -oversample 1";
    rendered(
        here,
        &format!("{flags} -floatfile golden.bin --write-config e.toml"),
    );
    let script = format!(
        "#!/bin/sh\ncp '{}' floatimage.bin\n",
        here.join("golden.bin").display()
    );
    fs::write(here.join("program"), script).unwrap();
    fs::set_permissions(here.join("program"), PermissionsExt::from_mode(0o755)).unwrap();
    let line = "compare --reference ./program --out found -- --config e.toml";
    let said = run_line(here, line);
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let command = text(here, "found/reference/command.txt");
    assert!(
        command.contains("-mosaic 1.0") && command.contains("-detpixels 16"),
        "{command}"
    );
    assert!(
        !command.contains("--") && !command.contains("config"),
        "{command}"
    );
}
