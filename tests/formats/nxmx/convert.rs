//! `nanobragg convert`, `info`, `noise` and `compare` on NXmx files.

use std::fs;

use nanobragg::formats::format::FrameReader;
use nanobragg::formats::nxmx::NxmxReader;

use super::{json, names, output, python, refused, say_the_same};

/// A panel that leans a little, of integers and floats.
const SERIES: &str = "series --frames 3 -osc 0.5 -phisteps 1 -default_F 100 -cell 70 80 90 -N 5 -lambda 1.25 \
                      -distance 100 -detpixels_f 60 -detpixels_s 44 -Xbeam 2 -Ybeam 3.1 -roi 2 50 3 40 \
                      -seed 3 -flux 1e25 --quiet";

#[test]
fn numbers_and_geometry_survive_a_chain_through_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    output(here, &format!("{SERIES} --out-noise n.h5"));
    output(here, "convert n.h5 a.nxs --frame 2 --quiet");
    let chain = ["a.nxs", "b.cbf", "c.h5", "d.tif", "e.npy", "f.nxs"];
    for step in chain.windows(2) {
        output(here, &format!("convert {} {} --quiet", step[0], step[1]));
        let compared = json(here, &format!("compare a.nxs {} --json", step[1]));
        assert_eq!(compared["nrmse"], 0.0, "{}: {compared}", step[1]);
    }
    let whole = NxmxReader::open(&here.join("n.h5"), super::MOST).unwrap();
    let single = NxmxReader::open(&here.join("a.nxs"), super::MOST).unwrap();
    assert_eq!(single.frame(0).unwrap(), whole.frame(1).unwrap());
    assert_eq!(single.frame_metadata(0), whole.frame_metadata(1));
    say_the_same(&single, &whole);
    let info = |name: &str| json(here, &format!("info {name} --json"));
    let expected = info("a.nxs")["geometry"].clone();
    for name in ["b.cbf", "c.h5"] {
        let found = info(name)["geometry"].clone();
        for key in [
            "pixel_size_m",
            "distance_m",
            "wavelength_m",
            "start_rad",
            "range_rad",
        ] {
            let [found, expected] = [&found, &expected].map(|of| of[key].as_f64().unwrap());
            assert!(
                (found - expected).abs() <= 1e-6 * expected.abs(),
                "{name} {key} {found}"
            );
        }
        for axis in 0..2 {
            let [found, expected] =
                [&found, &expected].map(|of| of["beam_centre_pixels"][axis].as_f64().unwrap());
            assert!((found - expected).abs() < 1e-3, "{name} {found}");
        }
    }
}

#[test]
fn all_frames_go_where_there_is_room_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    output(here, &format!("{SERIES} --out s.h5"));
    let summary = json(here, "convert s.h5 all.nxs --compression bslz4 --json");
    assert_eq!(summary["frames"], 3);
    output(here, "convert s.h5 one_##.npy --quiet");
    let counts = json(
        here,
        "convert s.h5 counts.h5 --type u16 -scale 0.5 -adc 3 --json",
    );
    assert_eq!(counts["output"]["numbers"], "uint16");
    let [from, all, counts] = ["s.h5", "all.nxs", "counts.h5"]
        .map(|name| NxmxReader::open(&here.join(name), super::MOST).unwrap());
    say_the_same(&from, &all);
    for index in 0..3 {
        let frame = from.frame(index).unwrap();
        assert_eq!(frame, all.frame(index).unwrap());
        assert_eq!(from.frame_metadata(index), all.frame_metadata(index));
        let counts = counts.frame(index).unwrap();
        let exact = frame
            .pixels
            .values()
            .map(|value| (value * 0.5 + 3.5).floor().min(65535.0));
        assert!(counts.pixels.values().eq(exact));
    }
    let script = format!(
        "import h5py, hdf5plugin, numpy\nf = h5py.File(r'{0}/all.nxs')['entry/data/data']\n\
         assert all((f[k] == numpy.load(r'{0}/one_0%d.npy' % (k + 1))).all() for k in range(3))",
        here.display()
    );
    let python = python("frames").get_program().to_os_string();
    let status = std::process::Command::new(python)
        .args(["-c", &script])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn one_of_many_has_to_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    output(here, &format!("{SERIES} --out s.h5"));
    fs::write(here.join("b.bin"), [0; 16]).unwrap();
    for (line, code, expected) in [
        ("convert s.h5 a.npy", 2, "--frame 1 to 3"),
        ("convert s.h5 a.npy --frame 4", 2, "has 3 frame(s)"),
        ("convert s.h5 a.npy --frame 0", 2, "from 1"),
        (
            "convert b.bin a.npy --size 2 2 --frame 2",
            2,
            "has 1 frame(s)",
        ),
        ("convert s.h5 s.h5", 2, "overwrite the input"),
        ("convert s.h5 a.h5 --size 3 4", 2, "60 x 44 pixels"),
        ("info s.h5 --frame 4", 2, "has 3 frame(s)"),
        ("info b.bin --size 2 2 --frame 2", 2, "one image"),
        ("compare s.h5 s.h5", 1, "--frame K"),
        ("noise s.h5 n.cbf", 1, "3 frames; expected one"),
    ] {
        let (found, said) = refused(here, line);
        assert!(found == code && said.contains(expected), "{line}: {said}");
    }
    assert_eq!(names(here), ["b.bin", "s.h5"]);
}

#[test]
fn noise_reads_and_writes_nxmx() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    output(here, &format!("{SERIES} --out s.h5 --out-noise n.h5"));
    output(here, "convert s.h5 one.nxs --frame 3 --quiet");
    output(
        here,
        "noise one.nxs again.nxs -seed 3 --image-number 3 --saturation 70 --quiet",
    );
    let [noisy, again] =
        ["n.h5", "again.nxs"].map(|name| NxmxReader::open(&here.join(name), super::MOST).unwrap());
    let expected = noisy.frame(2).unwrap();
    let found = again.frame(0).unwrap();
    let differ = expected.pixels.values().zip(found.pixels.values());
    // What was not rendered is 0 photons in a file of float32, and no count in one of noise.
    let clipped = |count: f64| count.clamp(0.0, 70.0);
    assert!(differ.clone().all(|(one, other)| clipped(one) == other));
    assert!(
        expected.pixels.values().any(|count| count > 70.0),
        "some saturate"
    );
    assert_eq!(again.metadata().saturation, Some(70.0));
    assert_eq!(again.metadata().panels, noisy.metadata().panels);
}

#[test]
fn headers_without_room_say_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = "-default_F 100 -cell 70 80 90 -N 5 -detpixels 40 --quiet";
    output(here, &format!("{line} -detector_roty 10 --out tilted.h5"));
    let (_, said) = output(here, "convert tilted.h5 a.cbf");
    assert!(said.contains("room for one upright panel"), "{said}");
    output(here, &format!("{line} -twotheta 10 --out arm.img"));
    let (_, said) = output(here, "convert arm.img arm.h5");
    assert!(said.contains("its place is left behind"), "{said}");
    let file = NxmxReader::open(&here.join("arm.h5"), super::MOST).unwrap();
    assert!(file.metadata().panels.is_empty() && file.metadata().wavelength_m.is_some());
    let (_, said) = output(here, &format!("{line} -curved_det --out bent.h5"));
    assert!(said.contains("described as flat"), "{said}");
    let (_, said) = output(here, "convert tilted.h5 a.npy --compression gzip");
    assert!(said.contains("--compression has no effect"), "{said}");
    let (_, said) = output(here, &format!("{line} --out a.npy --compression gzip"));
    assert!(said.contains("--compression has no effect"), "{said}");
}
