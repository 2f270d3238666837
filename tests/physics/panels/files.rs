//! Files give the images that the same geometry gives in flags.

use std::path::Path;

use nanobragg::experiment::{Experiment, Panel};
use nanobragg::image::Comparison;
use serde_json::{Value, json};

use crate::support;
use crate::support::panel_files::{TO_CRYSTFEL, experiment_list, file, geometry_file, matrix_file};

/// Images of one geometry are the same to this: their nrmse, and a tenth of their worst pixel over the
/// maximum. On the CPU the worst pixel itself is; in another laboratory frame float32 rounds
/// otherwise.
const SAME: f64 = 1e-6;

const FLAGS: &str = "-default_F 100 -cell 70 80 90 85 95 100 -misset 10 20 30 -lambda 1.1 -distance 70 \
    -detpixels_f 60 -detpixels_s 51 -pixel 0.3 -Xbeam 7 -Ybeam 9 -detector_rotx 3 -detector_roty -8 \
    -detector_rotz 5 -polar 0.9 -oversample 2";

/// Cells of the crystal: float32's own error grows with them, and is 1e-6 for four.
const CELLS: [(&str, u32); 2] = [("cpu", 7), ("gpu", 2)];

/// Flags that only an experiment list has something for.
const FURTHER: &str =
    "-phi 12 -osc 0.4 -phisteps 3 -detector_thick 450 -detector_abs 250 -detector_thicksteps 3";

/// The image that the program writes.
fn image(folder: &Path, words: &[String]) -> Vec<f32> {
    let path = folder.join("image.bin");
    let output = support::program()
        .args(words)
        .arg("-floatfile")
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {said}");
    let bytes = std::fs::read(path).unwrap();
    bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

fn words(line: &str, path: &Path) -> Vec<String> {
    line.replace("FILE", path.to_str().unwrap())
        .split_whitespace()
        .map(str::to_string)
        .collect()
}

fn assert_same(found: &[f32], expected: &[f32], device: &str, what: &str) {
    let compared = Comparison::of(found, expected).unwrap();
    let worst = compared.worst / compared.reference_max;
    println!(
        "{device}, {what}: nrmse {:.1e}, worst {worst:.1e}",
        compared.nrmse
    );
    let gates = if device == "cpu" { 1.0 } else { 10.0 };
    assert!(
        compared.nrmse <= SAME && worst <= gates * SAME,
        "{device}, {what}"
    );
}

/// A panel cut along its slow axis after these rows.
fn cut(panel: &Panel, rows: usize) -> [Panel; 2] {
    let [width, height] = panel.shape;
    let upper = Panel {
        name: "upper".into(),
        shape: [width, rows],
        ..panel.clone()
    };
    let lower = Panel {
        name: "lower".into(),
        shape: [width, height - rows],
        origin_m: panel.point_m([0.0, rows as f64]),
        ..panel.clone()
    };
    [upper, lower]
}

fn panels_of(experiment: &Experiment) -> (Vec<Panel>, [Panel; 2]) {
    let panels = experiment.detector().panels.clone();
    let halves = cut(&panels[0], 20);
    (panels, halves)
}

#[test]
fn an_experiment_list_gives_the_image_of_the_same_flags() {
    let folder = tempfile::tempdir().unwrap();
    let flags = format!("{FLAGS} {FURTHER}");
    let experiment = support::experiment(&flags);
    let (whole, halves) = panels_of(&experiment);
    for (device, cells) in CELLS {
        let expected = image(
            folder.path(),
            &words(
                &format!("{flags} -N {cells} --device {device}"),
                folder.path(),
            ),
        );
        for (name, panels) in [("one panel", whole.as_slice()), ("two halves", &halves)] {
            let list = experiment_list(&experiment, panels).to_string();
            let path = file(folder.path(), "detector.expt", list);
            let line = format!(
                "--expt FILE -default_F 100 -N {cells} -phisteps 3 -detector_thicksteps 3 -oversample 2 --device {device}"
            );
            let found = image(folder.path(), &words(&line, &path));
            assert_same(&found, &expected, device, &format!("{name}, .expt"));
        }
    }
}

#[test]
fn a_geometry_file_gives_the_image_of_the_same_flags() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = support::experiment(FLAGS);
    let (whole, halves) = panels_of(&experiment);
    let matrix = file(
        folder.path(),
        "A.mat",
        matrix_file(&experiment, &TO_CRYSTFEL),
    );
    let whole = whole.map_names();
    for (device, cells) in CELLS {
        let expected = image(
            folder.path(),
            &words(
                &format!("{FLAGS} -N {cells} --device {device}"),
                folder.path(),
            ),
        );
        for (name, panels) in [("one panel", whole.as_slice()), ("two halves", &halves)] {
            let text = geometry_file(panels, experiment.beam().wavelength_m);
            let path = file(folder.path(), "detector.geom", text);
            let line = format!(
                "--geom FILE -mat {} -default_F 100 -N {cells} -polar 0.9 -oversample 2 --device {device}",
                matrix.display()
            );
            let found = image(folder.path(), &words(&line, &path));
            assert_same(&found, &expected, device, &format!("{name}, .geom"));
        }
    }
}

/// Panels need names in geometry files.
trait MapNames {
    fn map_names(self) -> Self;
}

impl MapNames for Vec<Panel> {
    fn map_names(self) -> Vec<Panel> {
        self.into_iter()
            .map(|panel| Panel {
                name: "q0a0".into(),
                ..panel
            })
            .collect()
    }
}

#[test]
fn the_number_of_sub_pixels_is_chosen_as_for_flags() {
    let flags = "-default_F 100 -cell 70 80 90 -N 60 -distance 70 -detpixels 30 -pixel 0.3";
    let experiment = support::experiment(flags);
    let folder = tempfile::tempdir().unwrap();
    let list = experiment_list(&experiment, &experiment.detector().panels).to_string();
    let path = file(folder.path(), "detector.expt", list);
    let line = format!("--expt {} -default_F 100 -N 60", path.display());
    assert_eq!(
        support::experiment(&line).oversample(),
        experiment.oversample()
    );
    assert!(experiment.oversample() > 1);
}

/// An experiment list of [`FLAGS`] in `folder`, after `change`.
fn list_with(folder: &Path, change: impl Fn(&mut Value)) -> std::path::PathBuf {
    let experiment = support::experiment(FLAGS);
    let (_, halves) = panels_of(&experiment);
    let mut list = experiment_list(&experiment, &halves);
    change(&mut list);
    file(folder, "changed.expt", list.to_string())
}

#[test]
fn flags_win_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = list_with(folder.path(), |list| {
        list["scan"][0]["oscillation"] = json!([7.0, 0.5]);
        for panel in list["detector"][0]["panels"].as_array_mut().unwrap() {
            panel["thickness"] = json!(0.4);
            panel["mu"] = json!(5.0);
        }
    });
    let read = |more: &str| {
        support::experiment(&format!("--expt {} -default_F 100 {more}", path.display()))
    };
    let plain = read("");
    let near = |found: f64, expected: f64| {
        approx::assert_relative_eq!(found, expected, max_relative = 1e-9)
    };
    near(plain.beam().wavelength_m, 1.1e-10);
    near(plain.beam().kahn_factor.unwrap(), 0.9);
    near(plain.scan().start_rad.to_degrees(), 7.0);
    near(plain.scan().range_rad.to_degrees(), 0.5);
    near(plain.crystal().cell.lengths_m()[1], 80e-10);
    let sensor = |experiment: &Experiment| experiment.detector().panels[1].sensor;
    near(sensor(&plain).unwrap().attenuation_depth_m, 0.2e-3);
    assert_eq!(plain.detector().layers, 2);

    near(read("-lambda 1.5").beam().wavelength_m, 1.5e-10);
    near(read("-energy 12398.42").beam().wavelength_m, 1e-10);
    near(read("-polar 0.3").beam().kahn_factor.unwrap(), 0.3);
    assert_eq!(read("-nopolar").beam().kahn_factor, None);
    near(read("-phi 3").scan().start_rad.to_degrees(), 3.0);
    near(read("-osc 2").scan().range_rad.to_degrees(), 2.0);
    near(read("-cell 50").crystal().cell.lengths_m()[1], 50e-10);
    let turned = read("-misset 0 0 90").crystal().cell.real().x_axis;
    let straight = plain.crystal().cell.real().x_axis;
    near(turned.y, straight.x);
    near(
        sensor(&read("-detector_thick 100")).unwrap().thickness_m,
        1e-4,
    );
    near(
        sensor(&read("-detector_thick 100"))
            .unwrap()
            .attenuation_depth_m,
        0.2e-3,
    );
    near(
        sensor(&read("-detector_abs 300"))
            .unwrap()
            .attenuation_depth_m,
        3e-4,
    );
    assert_eq!(sensor(&read("-detector_abs inf")), None);
    assert_eq!(read("-detector_thicksteps 5").detector().layers, 5);
    near(read("-spindle_axis 0 0 1").scan().spindle.z, 1.0);
    near(read("-polar_vector 0 1 0").beam().polarisation_axis.y, 1.0);
}

#[test]
fn another_experiment_of_the_list_may_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let path = list_with(folder.path(), |list| {
        let mut other = list["beam"][0].clone();
        other["wavelength"] = json!(2.0);
        list["beam"].as_array_mut().unwrap().push(other);
        let mut second = list["experiment"][0].clone();
        second["beam"] = json!(1);
        list["experiment"].as_array_mut().unwrap().push(second);
    });
    let line = format!("--expt {} --expt-index 1 -default_F 100", path.display());
    approx::assert_relative_eq!(support::experiment(&line).beam().wavelength_m, 2e-10);
}

#[test]
fn a_mask_covers_the_stack_and_adds_to_that_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = list_with(folder.path(), |list| {
        list["detector"][0]["panels"][1]["mask"] = json!([[0, 0, 10, 5]]);
    });
    // Row 25 of the stack, row 5 of the lower half.
    let mut counts = vec![1u16; 60 * 51];
    counts[25 * 60..26 * 60].fill(0);
    let mut smv = b"{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=60;\n\
                    SIZE2=51;\nPIXEL_SIZE=9;\nDISTANCE=9;\nWAVELENGTH=9;\n}\n"
        .to_vec();
    smv.resize(512, b' ');
    smv.extend(counts.iter().flat_map(|count| count.to_le_bytes()));
    let mask = file(folder.path(), "mask.img", &smv);
    let line = format!(
        "--expt {} -default_F 100 -oversample 1 -mask {}",
        path.display(),
        mask.display()
    );
    let experiment = support::experiment(&line);
    approx::assert_relative_eq!(experiment.beam().wavelength_m, 1.1e-10, max_relative = 1e-9);
    let [upper, lower] = experiment.detector().panels.as_slice() else {
        panic!("two panels")
    };
    assert!((0..20).all(|slow| (0..60).all(|fast| upper.renders(fast, slow))));
    for slow in 0..31 {
        for fast in 0..60 {
            let masked = slow == 5 || (fast < 10 && slow < 5);
            assert_eq!(lower.renders(fast, slow), !masked, "{fast} {slow}");
        }
    }
    let short = smv[..512].to_vec();
    let short = String::from_utf8(short)
        .unwrap()
        .replace("SIZE2=51", "SIZE2=50")
        .into_bytes();
    let mask = file(
        folder.path(),
        "short.img",
        [&short, &smv[512..smv.len() - 120]].concat(),
    );
    let words = support::words(&format!(
        "--expt {} -default_F 100 -mask {}",
        path.display(),
        mask.display()
    ));
    let error = nanobragg::cli::experiment(&words).unwrap_err().to_string();
    assert!(
        error.contains("the mask is 60 x 50 pixels and the detector 60 x 51"),
        "{error}"
    );
}
