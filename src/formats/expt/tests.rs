use approx::assert_relative_eq;
use glam::{DMat3, DVec3};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::experiment::Sensor;
use crate::formats::Problem;
use crate::formats::geometry::Geometry;
use crate::memory::Bytes;

fn parse(bytes: &[u8], index: usize) -> Result<Geometry, Problem> {
    super::parse(bytes, index, Bytes(1 << 24))
}

fn panel(name: &str, origin: [f64; 3]) -> Value {
    json!({
        "name": name, "type": "SENSOR_PAD", "fast_axis": [1.0, 0.0, 0.0], "slow_axis": [0.0, -1.0, 0.0],
        "origin": origin, "raw_image_offset": [0, 0], "image_size": [20, 10], "pixel_size": [0.1, 0.1],
        "trusted_range": [0.0, 65535.0], "thickness": 0.45, "material": "Si", "mu": 4.0, "identifier": "",
        "mask": [], "gain": 1.0, "pedestal": 0.0, "px_mm_strategy": {"type": "ParallaxCorrectedPxMmStrategy"},
    })
}

/// Two experiments that share everything but their crystals.
fn list() -> Value {
    let crystal = |a: f64| {
        json!({
            "__id__": "crystal", "real_space_a": [a, 0.0, 0.0], "real_space_b": [0.0, 80.0, 0.0],
            "real_space_c": [0.0, 0.0, 90.0], "space_group_hall_symbol": " P 1",
        })
    };
    let experiment = |crystal: usize| {
        json!({
            "__id__": "Experiment", "identifier": "", "beam": 0, "detector": 0, "goniometer": 0, "scan": 0,
            "crystal": crystal, "imageset": 0,
        })
    };
    json!({
        "__id__": "ExperimentList",
        "experiment": [experiment(0), experiment(1)],
        "imageset": [{"__id__": "ImageSequence", "template": "image_####.cbf"}],
        "beam": [{
            "__id__": "monochromatic", "direction": [0.0, 0.0, 1.0], "wavelength": 0.98, "divergence": 0.0,
            "sigma_divergence": 0.0, "polarization_normal": [0.0, 1.0, 0.0], "polarization_fraction": 0.99,
            "flux": 0.0, "transmission": 1.0,
        }],
        "detector": [{"panels": [panel("left", [-2.5, 0.5, -100.0]), panel("right", [0.5, 0.5, -100.0])]}],
        "goniometer": [{
            "rotation_axis": [1.0, 0.0, 0.0], "fixed_rotation": [1, 0, 0, 0, 1, 0, 0, 0, 1],
            "setting_rotation": [1, 0, 0, 0, 1, 0, 0, 0, 1],
        }],
        "scan": [{"image_range": [1, 90], "batch_offset": 0, "oscillation": [10.0, 0.5]}],
        "crystal": [crystal(70.0), crystal(75.0)],
        "profile": [], "scaling_model": [],
    })
}

/// The first experiment of a file, which tells how many there are.
fn read(document: &Value) -> Geometry {
    let geometry = parse(document.to_string().as_bytes(), 0).unwrap();
    let count = document["experiment"].as_array().map_or(1, Vec::len);
    assert_eq!(geometry.experiments, count);
    geometry
}

/// The error message for [`list`] after `change`, without the line.
fn said(change: impl Fn(&mut Value)) -> String {
    let mut document = list();
    change(&mut document);
    parse(document.to_string().as_bytes(), 0).unwrap_err().what
}

fn removed(pointer: &str, key: &str) -> String {
    said(|document| {
        document
            .pointer_mut(pointer)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(key)
            .unwrap();
    })
}

fn replaced(pointer: &str, value: Value) -> String {
    said(|document| *document.pointer_mut(pointer).unwrap() = value.clone())
}

#[test]
fn an_experiment_is_read_in_si_units() {
    let geometry = read(&list());
    let [left, right] = geometry.panels.as_slice() else {
        panic!("two panels")
    };
    assert_eq!((left.name.as_str(), right.name.as_str()), ("left", "right"));
    assert_eq!(
        (left.fast, left.slow, left.normal),
        (DVec3::X, -DVec3::Y, -DVec3::Z)
    );
    assert!(
        left.origin_m
            .abs_diff_eq(DVec3::new(-2.5e-3, 0.5e-3, -0.1), 1e-15)
    );
    assert_eq!(left.shape, [20, 10]);
    assert_relative_eq!(left.pixel_size_m, 1e-4);
    let Sensor {
        attenuation_depth_m,
        thickness_m,
    } = left.sensor.unwrap();
    assert_relative_eq!(attenuation_depth_m, 0.25e-3);
    assert_relative_eq!(thickness_m, 0.45e-3);
    assert_eq!(left.mask, None);
    // The beam travels away from the source; the electric field is across its plane's normal.
    assert_eq!(geometry.beam, -DVec3::Z);
    assert!(geometry.polarisation.abs_diff_eq(-DVec3::X, 1e-15));
    assert_relative_eq!(geometry.kahn_factor.unwrap(), 0.98);
    assert_relative_eq!(geometry.wavelength_m.unwrap(), 0.98e-10);
    assert_eq!(geometry.spindle, DVec3::X);
    let [start, width] = geometry.oscillation_rad.unwrap();
    assert_relative_eq!(start.to_degrees(), 10.0);
    assert_relative_eq!(width.to_degrees(), 0.5);
    let real = geometry.cell.unwrap();
    let expected = DMat3::from_diagonal(DVec3::new(70e-10, 80e-10, 90e-10));
    assert!(real.real().abs_diff_eq(expected, 1e-22));
    assert!(geometry.notices.is_empty());
}

#[test]
fn another_experiment_has_its_own_models() {
    let text = list().to_string();
    let second = parse(text.as_bytes(), 1).unwrap();
    assert_eq!(second.experiments, 2);
    assert_relative_eq!(
        second.cell.unwrap().lengths_m()[0],
        75e-10,
        max_relative = 1e-12
    );
    let third = parse(text.as_bytes(), 2).unwrap_err().what;
    assert_eq!(
        third,
        "there is no experiment 2; the file has 2, counted from 0"
    );
}

#[test]
fn an_imageset_is_read_like_an_experiment() {
    let list = list();
    let imageset = json!({
        "__id__": "ImageSweep", "template": "image_####.cbf", "beam": list["beam"][0],
        "detector": list["detector"][0]["panels"], "goniometer": list["goniometer"][0],
        "scan": list["scan"][0], "crystal": list["crystal"][0],
    });
    let expected = Geometry {
        experiments: 1,
        ..read(&list)
    };
    assert_eq!(read(&imageset), expected);
    let other = parse(imageset.to_string().as_bytes(), 1).unwrap_err().what;
    assert!(other.contains("single imageset"), "{other}");
}

#[test]
fn a_still_has_no_scan_and_may_have_no_crystal() {
    let mut still = list();
    for key in ["goniometer", "scan", "crystal"] {
        still["experiment"][0][key] = Value::Null;
    }
    let geometry = read(&still);
    assert_eq!((geometry.oscillation_rad, geometry.cell), (None, None));
    let mut defaults = list();
    let beam = defaults["beam"][0].as_object_mut().unwrap();
    beam.remove("polarization_normal").unwrap();
    beam.remove("polarization_fraction").unwrap();
    assert_relative_eq!(read(&defaults).kahn_factor.unwrap(), 0.998);
}

#[test]
fn newer_files_list_the_start_of_every_image() {
    let mut newer = list();
    let degrees = |scan: Value| {
        let mut document = newer.clone();
        document["scan"][0] = scan;
        read(&document)
            .oscillation_rad
            .map(|both| both.map(f64::to_degrees))
    };
    let several =
        degrees(json!({"image_range": [1, 3], "properties": {"oscillation": [5.0, 5.2, 5.4]}}));
    let [start, width] = several.unwrap();
    assert_relative_eq!(start, 5.0);
    assert_relative_eq!(width, 0.2, max_relative = 1e-12);
    let one = json!({"image_range": [1, 1], "properties": {"oscillation": [5.0], "oscillation_width": [0.3]}});
    assert_relative_eq!(degrees(one).unwrap()[1], 0.3);
    assert_eq!(
        degrees(json!({"image_range": [1, 1], "properties": {"epochs": [0.0]}})),
        None
    );
    newer["crystal"][0]["A_at_scan_points"] = json!([[1, 0, 0, 0, 1, 0, 0, 0, 1]]);
    assert_eq!(read(&newer).notices.len(), 1);
}

#[test]
fn a_goniometer_turns_the_crystal_by_setting_scan_and_fixed_rotation() {
    let quarter_about_z = json!([0, -1, 0, 1, 0, 0, 0, 0, 1]);
    let quarter_about_x = json!([1, 0, 0, 0, 0, -1, 0, 1, 0]);
    let mut document = list();
    document["goniometer"][0]["fixed_rotation"] = quarter_about_z;
    document["goniometer"][0]["setting_rotation"] = quarter_about_x;
    document["goniometer"][0]["rotation_axis"] = json!([0.0, 1.0, 0.0]);
    let geometry = read(&document);
    // a goes from x to y by F and to z by S; the spindle from y to z by S.
    let a = geometry.cell.unwrap().real().x_axis;
    assert!(a.normalize().abs_diff_eq(DVec3::Z, 1e-12), "{a}");
    assert!(geometry.spindle.abs_diff_eq(DVec3::Z, 1e-12));
    // Three axes that make up the goniometer above: the first turns the crystal, the last the whole
    // goniometer.
    document["goniometer"][0] = json!({
        "axes": [[0, 0, 1], [0, 1, 0], [1, 0, 0]], "angles": [90.0, 33.0, 90.0],
        "names": ["PHI", "OMEGA", "BASE"], "scan_axis": 1,
    });
    let several = read(&document);
    assert!(several.spindle.abs_diff_eq(geometry.spindle, 1e-12));
    let difference = *several.cell.unwrap().real() - *geometry.cell.unwrap().real();
    assert!(difference.abs_diff_eq(DMat3::ZERO, 1e-20));
}

#[test]
fn panels_hang_in_groups() {
    let plain = read(&list());
    let mut grouped = list();
    // A group that is turned by a quarter about z and one that undoes it; the right panel hangs in
    // it.
    grouped["detector"][0]["hierarchy"] = json!({
        "name": "root", "fast_axis": [1, 0, 0], "slow_axis": [0, 1, 0], "origin": [0, 0, -60.0],
        "children": [
            {"panel": 0},
            {
                "fast_axis": [0, 1, 0], "slow_axis": [-1, 0, 0], "origin": [1.0, 2.0, 3.0],
                "children": [{
                    "fast_axis": [0, -1, 0], "slow_axis": [1, 0, 0], "origin": [0.0, 0.0, 0.0],
                    "children": [{"panel": 1}],
                }],
            },
        ],
    });
    let grouped = read(&grouped);
    let [left, right] = [0, 1].map(|number| {
        let moved = grouped.panels[number].origin_m - plain.panels[number].origin_m;
        assert!(
            grouped.panels[number]
                .fast
                .abs_diff_eq(plain.panels[number].fast, 1e-15)
        );
        moved * 1e3
    });
    assert!(
        left.abs_diff_eq(DVec3::new(0.0, 0.0, -60.0), 1e-12),
        "{left}"
    );
    assert!(
        right.abs_diff_eq(DVec3::new(1.0, 2.0, -57.0), 1e-12),
        "{right}"
    );
}

#[test]
fn a_place_in_a_turned_group_is_turned_with_it() {
    let mut document = list();
    document["detector"][0]["hierarchy"] = json!({
        "fast_axis": [0, 1, 0], "slow_axis": [-1, 0, 0], "origin": [10.0, 20.0, -30.0],
        "children": [{"panel": 0}, {"panel": 1}],
    });
    let left = &read(&document).panels[0];
    // (-2.5, 0.5, -100) in a frame whose x is y, whose y is -x and whose z is z.
    let expected = DVec3::new(10.0 - 0.5, 20.0 - 2.5, -130.0) * 1e-3;
    assert!(
        left.origin_m.abs_diff_eq(expected, 1e-15),
        "{}",
        left.origin_m
    );
    assert!(left.fast.abs_diff_eq(DVec3::Y, 1e-15) && left.slow.abs_diff_eq(DVec3::X, 1e-15));
}

#[test]
fn untrusted_rectangles_are_masked() {
    let mut document = list();
    document["detector"][0]["panels"][1]["mask"] = json!([[0, 0, 2, 10], [5, 8, 900, 900]]);
    let mask = read(&document).panels[1].mask.clone().unwrap();
    let masked = |fast, slow| !mask.renders(fast, slow);
    assert!(masked(0, 0) && masked(1, 9) && !masked(2, 0) && masked(5, 8) && masked(19, 9));
    assert!(!masked(4, 8) && !masked(5, 7));
}

#[test]
fn mistakes_are_found_with_their_panel_and_key() {
    let left = "/detector/0/panels/0";
    let named = "detector 0, panel \"left\" (number 0)";
    for key in ["fast_axis", "slow_axis", "origin"] {
        let what = removed(left, key);
        assert!(
            what.starts_with(&format!("{named}: key {key} is missing; expected three")),
            "{what}"
        );
    }
    for (key, expected) in [
        ("pixel_size", "expected two positive numbers, mm"),
        (
            "image_size",
            "expected two whole numbers above zero, pixels",
        ),
    ] {
        assert_eq!(
            removed(left, key),
            format!("{named}: key {key} is missing; {expected}")
        );
        let pointer = format!("{left}/{key}");
        for value in [
            json!("big"),
            json!([1.0]),
            json!([0, 0]),
            json!([-1, 5]),
            json!({}),
            json!([1, "x"]),
        ] {
            let what = replaced(&pointer, value);
            assert!(
                what.starts_with(&format!("{named}, key {key}: ")) && what.ends_with(expected),
                "{what}"
            );
        }
    }
    let what = replaced("/detector/0/panels/1/fast_axis", json!([0, 0, 0]));
    assert!(
        what.contains("panel \"right\" (number 1), key fast_axis: '[0,0,0]'"),
        "{what}"
    );
    let what = replaced("/detector/0/panels/1/slow_axis", json!([2, 0, 0]));
    assert!(
        what.contains("panel \"right\" (number 1): keys fast_axis, slow_axis: they are at 0.0000°"),
        "{what}"
    );
    let what = replaced("/detector/0/panels/1/name", json!("x".repeat(101)));
    assert!(
        what.contains("panel number 1, key name: ") && what.ends_with("text of at most 100 bytes"),
        "{what}"
    );
    let what = replaced("/detector/0/panels/1/thickness", json!(-0.1));
    assert!(what.contains("key thickness: -0.1; expected"), "{what}");
    let what = replaced("/detector/0/panels/1/mask", json!([[1, 2, 3]]));
    assert!(
        what.contains("key mask: '[1,2,3]'; expected four whole"),
        "{what}"
    );
    assert_eq!(
        replaced("/detector/0/panels", json!([])),
        "detector 0 has no panels; expected at least one"
    );
    let what = replaced(
        "/detector/0/panels/0/image_size",
        json!([4294967295u32, 4294967295u32]),
    );
    assert!(what.contains("1.84e19 pixels in all"), "{what}");
}

#[test]
fn mistakes_of_other_models_are_found_too() {
    for (what, expected) in [
        (
            removed("/beam/0", "wavelength"),
            "beam 0: key wavelength is missing; expected a positive number, Å",
        ),
        (
            removed("/beam/0", "direction"),
            "beam 0: key direction is missing",
        ),
        (
            replaced("/beam/0/wavelength", json!(0)),
            "beam 0, key wavelength: 0; expected",
        ),
        (
            replaced("/beam/0/direction", json!([0, 0, 0])),
            "beam 0, key direction: '[0,0,0]'",
        ),
        (
            replaced("/beam/0/polarization_normal", json!([0, 0, 2])),
            "polarization_normal lies along",
        ),
        (
            replaced("/beam/0/polarization_fraction", json!(1.5)),
            "key polarization_fraction: 1.5",
        ),
        (
            removed("/crystal/0", "real_space_b"),
            "crystal 0: key real_space_b is missing",
        ),
        (
            replaced("/crystal/0/real_space_b", json!([1, 0, 0])),
            "lie in one plane",
        ),
        (
            removed("/goniometer/0", "rotation_axis"),
            "goniometer 0: key rotation_axis is missing",
        ),
        (
            replaced(
                "/goniometer/0/fixed_rotation",
                json!([1, 0, 0, 0, 1, 0, 0, 0, 2]),
            ),
            "key fixed_rotation: '[1,0,0,0,1,0,0,0,2]'; expected nine numbers, a rotation",
        ),
        (
            replaced(
                "/goniometer/0",
                json!({"axes": [[1, 0, 0]], "angles": [], "scan_axis": 0}),
            ),
            "key angles: 0 angles for 1 axes",
        ),
        (
            replaced(
                "/goniometer/0",
                json!({"axes": [[1, 0, 0]], "angles": [0], "scan_axis": 3}),
            ),
            "key scan_axis: 3; there are 1 axes",
        ),
        (
            replaced("/scan/0/oscillation", json!([1])),
            "scan 0, key oscillation: '[1]'; expected two",
        ),
        (
            replaced("/experiment/0/beam", json!(4)),
            "experiment 0, key beam: 4; the file has 1",
        ),
        (
            replaced("/experiment/0/beam", Value::Null),
            "experiment 0: key beam is missing",
        ),
        (
            replaced("/experiment/0/detector", json!("d.json")),
            "expected a place in the file's list of detector models",
        ),
        (
            removed("", "detector"),
            "the file: key detector is missing; expected a list of models",
        ),
        (removed("", "experiment"), "beam: '[{"),
        (
            replaced(
                "/detector/0",
                json!({"panels": [panel("a", [0.0; 3])], "hierarchy": {"children": []}}),
            ),
            "panel number 0: it is not in the detector's hierarchy",
        ),
        (
            replaced(
                "/detector/0",
                json!({"panels": [panel("a", [0.0; 3])], "hierarchy": {"children": [{"panel": 0}, {"panel": 0}]}}),
            ),
            "key panel: panel number 0 hangs in it twice",
        ),
        (
            replaced(
                "/detector/0",
                json!({"panels": [panel("a", [0.0; 3])], "hierarchy": {"children": [{"panel": 7}]}}),
            ),
            "key panel: 7; there are 1 panels",
        ),
    ] {
        assert!(what.contains(expected), "{what}\n  should hold\n{expected}");
    }
}

#[test]
fn what_is_no_such_json_is_refused_with_its_line() {
    let text = serde_json::to_string_pretty(&list()).unwrap();
    let said = |text: &str| parse(text.as_bytes(), 0).unwrap_err().to_string();
    assert!(
        said("{\n  nonsense").starts_with(", line 2: no JSON at column 3; expected an experiment")
    );
    let quoted = text.replacen("\"pixel_size\": [", "\"pixel_size\": \"x\", \"old\": [", 1);
    assert!(
        said(&quoted).contains("key pixel_size: '\"x\"'; expected two"),
        "{}",
        said(&quoted)
    );
    let broken = text.replacen("0.98", "0.98.1", 1);
    let line = 1 + text[..text.find("0.98").unwrap()].matches('\n').count();
    assert!(
        said(&broken).starts_with(&format!(", line {line}: ")),
        "{}",
        said(&broken)
    );
    let wrong = text.replacen("\"pixel_size\": [", "\"pixel_size\": [7,", 1);
    let line = 1 + text[..text.find("\"pixel_size\"").unwrap()]
        .matches('\n')
        .count();
    assert!(said(&wrong).starts_with(&format!(", line {line}: detector 0, panel \"left\"")));
    for foreign in [
        "",
        "3",
        "null",
        "\"x\"",
        "{}",
        "[{}]",
        "{\"experiment\": 3}",
        "NaN",
        "{\"beam\": {}}",
    ] {
        assert!(parse(foreign.as_bytes(), 0).is_err(), "{foreign:?}");
    }
    assert!(said("[]").contains("a list, such as an old datablock"));
    assert!(
        parse(&[0xff, 0xfe], 0)
            .unwrap_err()
            .what
            .contains("not text")
    );
}

#[test]
fn deep_nesting_is_an_error() {
    for depth in [100, 200_000] {
        let nested = "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested.as_bytes(), 0).is_err());
        let mut document = list();
        document["detector"][0]["hierarchy"] = json!("HERE");
        let groups = "{\"children\":[".repeat(depth) + &"]}".repeat(depth);
        let text = document.to_string().replace("\"HERE\"", &groups);
        assert!(parse(text.as_bytes(), 0).is_err());
        // In a key that is not read, nesting is no error, up to the depth that the JSON parser
        // takes.
        document["detector"][0]["hierarchy"] = Value::Null;
        document["imageset"] = json!("HERE");
        let _ = parse(
            document.to_string().replace("\"HERE\"", &nested).as_bytes(),
            0,
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), index in 0..3usize) {
        let _ = parse(&bytes, index);
    }

    #[test]
    fn no_damage_makes_it_panic(
        start in any::<prop::sample::Index>(),
        length in 0..40usize,
        patch in prop::sample::select(vec![
            "", "1e308", "-1e308", "1e999", "NaN", "null", "[]", "{}", "[[", "}", "-1", "18446744073709551616",
            "\"", "0", "4294967295", "[1e300,1e300,1e300]", "é",
        ]),
        cut in prop::bool::ANY,
    ) {
        let text = list().to_string();
        let start = start.index(text.len());
        let end = (start + length).min(text.len());
        let rest = if cut { "" } else { &text[end..] };
        let _ = parse(format!("{}{patch}{rest}", &text[..start]).as_bytes(), 0)
            .map(|geometry| geometry.detector());
    }
}
