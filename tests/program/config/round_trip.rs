//! What is written renders the same files, and is written again as the same text.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{rendered, text};
use crate::support::panel_files::{experiment_list, file, geometry_file};
use crate::support::{cases, experiment, golden_cases, physics_cases};

const WRITTEN: &str = "experiment.toml";
const AGAIN: &str = "again.toml";

/// What most lines start with.
const SMALL: &str = "-default_F 100 -cell 70 80 90 -N 5 -detpixels 48";

/// Flags behind [`SMALL`].
const ADDED: &[&str] = &[
    "",
    "-misset random",
    "-misset random -seed 5",
    "-misset random -misset_seed -7 -nonoise",
    "-misset 1 -2 3 -cell 60",
    "-noisefile n.img",
    "-noisefile n.img -floatfile f.bin --psf fiber --psf-fwhm 1.2 --readout 3 --flicker 2 --calibration 3 \
     --gain 1.5 -adc 10 --saturation 30000 --image-number 4 --calibration-seed 9 -seed -3",
    "--background liquid.stol,thickness=0.5,density=1,mw=18 \
     --background liquid.stol,thickness=0.02,density=1.1,mw=18,x=4stol -beamsize 0.05",
    "-gauss_xtal -fudge 0.7 --gauss-metric hkl",
    "--b-factor -12.5",
    "-tophat_spots -gauss_xtal -round_xtal",
    "--symmetric-shape mmm",
    "--symmetric-shape -1",
    "--diffuse-sigma 0.4 --diffuse-gamma 30 40 50",
    "--diffuse-sigma 0.4 0.5 0.6 --diffuse-gamma 30 --diffuse-laue -1 --diffuse-stencil 1",
    "--diffuse-sigma 0 --diffuse-gamma 30 --diffuse-stencil 1",
    "-Na 3",
    "-Na 3 -N 4",
    "-xtalsize 0.0003",
    "-xtal_x 0.0001 -xtal_y 0.0002 -xtal_z 3e-4",
    "-xtal_x 0.0001 -Nb 4",
    "-xtalsize 0.0003 -beamsize 0.0002",
    "-mosaic 1 --mosaic-model gaussian -mosaic_domains 20 -mosaic_seed 3",
    "-mosaic 1",
    "--mosaic-sigmas 0.1 0.2 0.3",
    "--mosaic-sigmas 0.1 0.2 0.3 --mosaic-model normal",
    "-mosaic 0.4 --mosaic-model ellipsoid",
    "-gauss_xtal --gauss-metric hkl -Na 9 -Nb 8 -Nc 7 --cells-matrix -2 1 0.5",
    "--mosaic-file turns.txt",
    "-mosaic_domains 3",
    "-phi 10 -osc 1",
    "-osc 1 -phisteps 4 --phi-sampling middle",
    "--phi-sampling start",
    "-osc 1 -phistep 0.3",
    "-phistep 0.5",
    "-phisteps 4",
    "-osc 1 -phisteps 4 -phistep 0.2",
    "-osc 0 -phi 3",
    "-dispersion 1",
    "-dispersion 1 -dispsteps 4",
    "-dispsteps 4",
    "-divergence 2",
    "-divergence 2 -hdivsteps 4",
    "-hdivrange 1 -divergence 2",
    "-divergence 2 -hdivrange 1 -hdivstep 0.3 -square_div",
    "-hdivstep 0.3 -vdivsteps 3",
    "-divsteps 2 -hdivrange 1",
    "-xds -sourcefile two_sources.txt -dispersion 1",
    "-energy 12000",
    "-lambda 1.1 -energy 12000",
    "-energy 12000 -lambda 1.1",
    "-nopolar",
    "-polar 0.9 -nopolar",
    "-nopolar -polar .9 -oversample 2 -oversample_polar -oversample_omega -oversample_thick",
    "-flux 1e12 -exposure 0.3 -beamsize 0.03",
    "-fluence 1e25",
    "-fluence 1e25 -flux 1e+12",
    "-detector_thick 300",
    "-detector_thick 300 -detector_abs 500 -thicksteps 4",
    "-detector_thick 300 -detector_abs inf",
    "-detector_thick 300 --layer-depth mean",
    "-detector_thick 300 -curved_det --layer-depth mean",
    "-detector_abs 400",
    "-curved_det -point_pixel",
    "-detpixels_f 30",
    "-xds -twotheta 5",
    "-xds -pivot beam -ORGX 20 -Xbeam 3",
    "-beam_vector 0 0 1 -fdet_vector 1 0 0 -sdet_vector 0 -1 0 -polar_vector 1 0 0 -ORGX 20 -distance 90",
    "-beam_vector 0 0 1 -fdet_vector 1 0 0 -sdet_vector 0 -1 0 -polar_vector 1 0 0 -distance 90 -ORGX 20",
    "-close_distance 90 -detector_rotx 3",
    "-pix0_vector 0.1 0.001 -0.002",
    "-Xbeam 2",
    "-Ybeam 2 -denzo -adxv",
    "-roi 3 20 4 30",
    "-dmin 3 -water 2",
    "-oversample 2",
    "-mask mask.img",
    "-img mask.img",
    "--out a.cbf --out b.npy --out-type u16 --out c.png --out-noise d.tif --out-noise e.cbf -scale 3 -adc 2",
    "--out \"it's.bin",
    "--png a.png --png-rings --colormap viridis --png-scale sqrt --png-percentile 99",
    "--png a.png --png-rings 3 2 --png-depth 8",
    "--overview o.png --png-depth 16",
    "--overview o.png --png-rings",
    "-pgmfile x.pgm -pgmscale 3 --tiff t.tif -intfile i.img",
    "-nopgm -nonoise",
    "-printout_pixel 3 4 -floatfile f.bin",
    "-fudge 2 -mosaic_seed 4 -misset_seed 3 -exposure 2 -interpolate -seed 3 -floatfile x.bin",
    "--device cpu --threads 1 --quiet",
];

/// Whole command lines.
const WHOLE: &[&str] = &[
    "-default_F 100 -cell 70 80 90 -N 5 -detsize 5",
    "-default_F 100 -cell 70 80 90 -N 5 -detsize_f 5 -detsize_s 4 -pixel 0.2",
    "-default_F 100 -cell 70 80 90 -N 5 -detsize_f 5 -detpixels_s 40",
    "-hkl lysozyme_1aki.mtz -N 4 -detpixels 64 -pixel 1",
    "-hkl lysozyme_1aki.mtz -N 2 -detpixels 64 -pixel 1 --f-column FC",
    "-hkl lysozyme_1aki.mtz -N 2 -nointerpolate -detpixels 64 -pixel 1",
    "-hkl lysozyme_1aki_p1.hkl -mat lysozyme_1p2A.mat -cell 60 70 31 -mat lysozyme_1p2A.mat -lambda 1.2 \
     -N 4 -detpixels 64 -pixel 1",
    "-hkl lysozyme_1aki_p1.hkl -mat lysozyme_1p2A.mat -cell 59.062 68.451 30.517 -N 4 -detpixels 64 -pixel 1",
    "--hkl-channels channels.txt -cell 59.062 68.451 30.517 -N 4 -detpixels 64 -pixel 1",
    "--pdb atoms.pdb -N 4 -detpixels 64 -pixel 0.5",
    "--pdb atoms.pdb -N 4 -detpixels 64 -pixel 0.5 --no-solvent --dmin-f 3",
    "--pdb atoms.pdb -N 4 -detpixels 64 -pixel 0.5 --solvent-k 0.4 --dmin-f 3",
    "-lambda 1 -detpixels 48 -pixel 1 --background liquid.stol,thickness=0.05,density=1.1,mw=18",
    "--expt list.expt -default_F 100 -N 5 -mask mask.img -detector_thick 200",
    "--expt list.expt --expt-index 0 -default_F 100 -N 5 -phisteps 3 --out-noise n.tif --overview o.png",
    "--geom panels.geom --clen 51 -default_F 100 -cell 70 80 90 -N 5 -polar_vector 0 1 0",
];

/// Files that the lines name, of a detector of 48 × 48 pixels.
fn prepare(folder: &Path) {
    let experiment = experiment(SMALL);
    let panels = &experiment.detector().panels;
    let list = experiment_list(&experiment, panels).to_string();
    file(folder, "list.expt", list);
    file(folder, "panels.geom", geometry_file(panels, 1e-10));
    let mask = "{\nHEADER_BYTES=512;\nSIZE1=48;\nSIZE2=48;\nDISTANCE=80;\nWAVELENGTH=1.1;\n\
                BEAM_CENTER_X=2.2;\nPHI=3;\nPIXEL_SIZE=0.12;\n}\n";
    let mut mask = format!("{mask:512}").into_bytes();
    mask.extend((0..48 * 48).flat_map(|pixel| u16::to_le_bytes(u16::from(pixel % 7 != 0))));
    file(folder, "mask.img", mask);
    file(folder, "turns.txt", "0 0 0\n0.1 0.2 -0.3\n");
    let hkl = super::support::golden_path("lysozyme_1aki_p1.hkl");
    let channels = format!("1.0 {}\n1.1 {}\n", hkl.display(), hkl.display());
    file(folder, "channels.txt", channels);
    file(
        folder,
        "atoms.pdb",
        "CRYST1   30.000   31.000   32.000  90.00  90.00  90.00 P 1\n\
         ATOM      1  C   UNK A   1       1.000   2.000   3.000  1.00 20.00           C\n\
         ATOM      2  O   UNK A   2       5.000  12.000   9.000  1.00 15.00           O\n",
    );
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    let files = entries.filter(|entry| entry.as_ref().unwrap().path().is_file());
    files
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The notices of a run, without what is said of the file that a flag came from.
fn notices(said: &str) -> BTreeSet<String> {
    let notices = said.lines().filter(|line| line.contains(": note: "));
    let bare = notices.map(|line| match line.rfind(" (-") {
        Some(place) if line.ends_with(" of experiment.toml)") => &line[..place],
        _ => line,
    });
    bare.map(str::to_string).collect()
}

/// Renders `line`, then what was written of it, in a folder of its own, and asserts that all files,
/// the experiment's among them, and all notices are the same.
fn assert_round_trip(line: &str) {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    prepare(here);
    let prepared = names(here);
    let said = rendered(here, &format!("{line} --write-config {WRITTEN}"));
    let mut made = names(here);
    made.retain(|name| !prepared.contains(name) && name != WRITTEN);
    let first = here.join("first");
    fs::create_dir(&first).unwrap();
    for name in &made {
        fs::rename(here.join(name), first.join(name)).unwrap();
    }
    let said_again = rendered(here, &format!("--config {WRITTEN} --write-config {AGAIN}"));

    let mut made_again = names(here);
    made_again.retain(|name| !prepared.contains(name) && ![WRITTEN, AGAIN].contains(&&name[..]));
    assert_eq!(made, made_again, "{line}");
    for name in &made {
        let [one, other] = [first.join(name), here.join(name)].map(|path| fs::read(path).unwrap());
        assert!(one == other, "{line}: {name} differs");
    }
    assert_eq!(text(here, WRITTEN), text(here, AGAIN), "{line}");
    assert_eq!(notices(&said), notices(&said_again), "{line}");
}

#[test]
fn the_reference_cases_come_back_byte_for_byte() {
    for case in cases().into_iter().chain(physics_cases()) {
        assert_round_trip(&golden_cases::line(&case));
    }
}

#[test]
fn every_kind_of_flag_comes_back_byte_for_byte() {
    for added in ADDED {
        assert_round_trip(&format!("{SMALL} {added}"));
    }
    for line in WHOLE {
        assert_round_trip(line);
    }
}

#[test]
fn defaults_choices_and_seeds_are_written_out() {
    let folder = tempfile::tempdir().unwrap();
    let line = "-default_F 100 -cell 100 -N 5 -misset random -mosaic 0.5 -detpixels 32 -phi 2";
    let said = rendered(folder.path(), &format!("{line} --write-config {WRITTEN}"));
    let written = text(folder.path(), WRITTEN);
    let seed = said.lines().find_map(|line| line.strip_prefix("seed"));
    let seed = seed.unwrap().trim();
    for expected in [
        "cell_A_deg = [100.0, 100.0, 100.0, 90.0, 90.0, 90.0]\n",
        "misset_deg = \"random\"\n# misset_deg = [",
        &format!("misset_seed = {seed}\n"),
        "\ncells = 5\n",
        "\nshape = \"square\"\n# fudge = 1.0\n",
        "domains = 10\nseed = 12345678\nmodel = \"cap\"\n",
        "start_deg = 2.0\nrange_deg = 0.0\n",
        "wavelength_A = 1.0\n",
        "fluence_photons_per_m2 = 1.2593201528622709e29\n",
        "convention = \"mosflm\"\ndistance_mm = 100.0\npixel_mm = 0.1\npixels = 32\n# beam_x_mm = 1.65\n",
        "oversample = 2\n",
        &format!("[noise]\nseed = {seed}\n"),
        "smv_noise = \"noiseimage.img\"\n",
    ] {
        assert!(written.contains(expected), "{expected}: {written}");
    }
    assert!(written.starts_with("# An experiment of nanobragg 0.1.0"));
    assert!(written.is_ascii());
}
