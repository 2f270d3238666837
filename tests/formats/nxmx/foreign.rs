//! Files that other programs write, as h5py makes them.

use std::fs;

use approx::assert_relative_eq;
use glam::DVec3;
use nanobragg::formats::format::FrameReader;
use nanobragg::formats::nxmx::NxmxReader;

use super::{output, python};

#[test]
fn frames_of_other_programs_are_read_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert!(python("foreign").arg(here).status().unwrap().success());
    let mut read = 0;
    for (name, frames, size) in [
        ("dectris_master.h5", 5, [20, 30]),
        ("arm.nxs", 3, [24, 16]),
        ("panels.h5", 2, [10, 24]),
        ("plain.h5", 4, [7, 9]),
        ("one.h5", 1, [7, 9]),
        ("signed.h5", 1, [7, 9]),
        ("double.h5", 2, [7, 9]),
        ("half.h5", 2, [7, 9]),
    ] {
        let file = NxmxReader::open(&here.join(name), super::MOST).unwrap();
        assert_eq!((file.frames(), file.size()), (frames, size), "{name}");
        let expected = fs::read(here.join(format!("{name}.expected"))).unwrap();
        let expected = expected.as_chunks().0.iter();
        let expected: Vec<f64> = expected.map(|&eight| f64::from_le_bytes(eight)).collect();
        let found: Vec<f64> = (0..frames)
            .flat_map(|index| {
                file.frame(index)
                    .unwrap()
                    .pixels
                    .values()
                    .collect::<Vec<_>>()
            })
            .collect();
        assert!(found == expected, "{name}");
        read += 1;
    }
    println!("{read} files of other layouts");

    // What little an older detector says makes an upright panel.
    let file = NxmxReader::open(&here.join("dectris_master.h5"), super::MOST).unwrap();
    let header = file.metadata().header(&file.frame_metadata(0));
    assert_relative_eq!(header.distance_m.unwrap(), 0.25, max_relative = 1e-7);
    assert_relative_eq!(header.pixel_size_m.unwrap(), 75e-6, max_relative = 1e-7);
    assert_relative_eq!(
        header.wavelength_m.unwrap(),
        0.976e-10,
        max_relative = 1e-12
    );
    let [fast, slow] = header.beam_centre_pixels.unwrap();
    assert_relative_eq!(fast, 10.5, max_relative = 1e-6);
    assert_relative_eq!(slow, 12.25, max_relative = 1e-6);

    // A chain of rotations and offsets: 150 mm along z, then 20 degrees about -x, which lifts it.
    let file = NxmxReader::open(&here.join("arm.nxs"), super::MOST).unwrap();
    let panel = &file.metadata().panels[0];
    let turn = glam::DMat3::from_rotation_x(-20f64.to_radians());
    let expected = turn * DVec3::new(1.5e-3, 0.9e-3, 0.15);
    assert!(
        panel.origin_m.distance(expected) < 1e-15,
        "{}",
        panel.origin_m
    );
    assert!(panel.fast.distance(-DVec3::X) < 1e-15);
    assert!(panel.slow.distance(turn * -DVec3::Y) < 1e-15);
    assert!(panel.origin_m.y > 0.0 && !file.metadata().fits_header());
    assert_relative_eq!(
        file.metadata().wavelength_m.unwrap(),
        1e-10,
        max_relative = 1e-12
    );
    assert_eq!(file.metadata().spindle, Some(DVec3::X));
    let frame = file.frame_metadata(1);
    assert_relative_eq!(
        frame.start_rad.unwrap(),
        1.5f64.to_radians(),
        max_relative = 1e-12
    );
    assert_relative_eq!(
        frame.range_rad.unwrap(),
        0.5f64.to_radians(),
        max_relative = 1e-12
    );

    output(here, "convert panels.h5 stacked_#.npy --quiet");
    output(here, "convert one.h5 one.tif --quiet");
}
