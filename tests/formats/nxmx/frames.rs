//! Numbers: what is written is read, to the last bit.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use nanobragg::formats::encoding::Compression;
use nanobragg::formats::encoding::Number;
use nanobragg::formats::format::FrameReader;
use nanobragg::formats::header::Header;
use nanobragg::formats::nxmx::{self, NxmxReader};
use nanobragg::formats::raster::{Pixels, Raster};
use proptest::prelude::*;
use proptest::sample::select;

use super::python;

const NUMBERS: [Number; 4] = [Number::F32, Number::U16, Number::U32, Number::I32];

const COMPRESSIONS: [Compression; 3] = [
    Compression::Gzip,
    Compression::BitshuffleLz4,
    Compression::None,
];

/// What a frame is filled with.
#[derive(Debug, Clone, Copy)]
enum Filling {
    Zero,
    Saturated,
    Negative,
    Anything,
}

const FILLINGS: [Filling; 4] = [
    Filling::Zero,
    Filling::Saturated,
    Filling::Negative,
    Filling::Anything,
];

/// A frame that is filled so; `seed` tells frames apart.
fn raster([width, height]: [usize; 2], number: Number, filling: Filling, seed: u64) -> Raster {
    let bits = |index: usize| -> u64 {
        let mixed = (seed + index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    let all = (0..width * height).map(bits);
    let pixels = match (number, filling) {
        (Number::F32, Filling::Zero) => Pixels::F32(all.map(|_| 0.0).collect()),
        (Number::F32, Filling::Saturated) => Pixels::F32(all.map(|_| f32::MAX).collect()),
        (Number::F32, Filling::Negative) => {
            Pixels::F32(all.map(|bits| -((bits >> 40) as f32) / 7.0).collect())
        }
        // Not a number and infinity, too.
        (Number::F32, Filling::Anything) => Pixels::F32(
            all.map(|bits| f32::from_bits((bits >> 32) as u32))
                .collect(),
        ),
        (Number::U16, Filling::Zero) => Pixels::U16(all.map(|_| 0).collect()),
        (Number::U16, Filling::Saturated) => Pixels::U16(all.map(|_| u16::MAX).collect()),
        (Number::U16, _) => Pixels::U16(all.map(|bits| (bits >> 48) as u16).collect()),
        (Number::U32, Filling::Zero) => Pixels::U32(all.map(|_| 0).collect()),
        (Number::U32, Filling::Saturated) => Pixels::U32(all.map(|_| u32::MAX).collect()),
        (Number::U32, _) => Pixels::U32(all.map(|bits| (bits >> 32) as u32).collect()),
        (Number::I32, Filling::Zero) => Pixels::I32(all.map(|_| 0).collect()),
        (Number::I32, Filling::Saturated) => Pixels::I32(all.map(|_| i32::MAX).collect()),
        (Number::I32, Filling::Negative) => {
            Pixels::I32(all.map(|bits| -((bits >> 45) as i32) - 1).collect())
        }
        (Number::I32, Filling::Anything) => {
            Pixels::I32(all.map(|bits| (bits >> 32) as i32).collect())
        }
    };
    Raster {
        width,
        height,
        pixels,
    }
}

/// The bytes of a frame's numbers, and numpy's name of their kind.
fn bare(pixels: &Pixels) -> (Vec<u8>, &'static str) {
    match pixels {
        Pixels::U16(all) => (all.iter().flat_map(|n| n.to_le_bytes()).collect(), "<u2"),
        Pixels::I32(all) => (all.iter().flat_map(|n| n.to_le_bytes()).collect(), "<i4"),
        Pixels::U32(all) => (all.iter().flat_map(|n| n.to_le_bytes()).collect(), "<u4"),
        Pixels::F32(all) => (all.iter().flat_map(|n| n.to_le_bytes()).collect(), "<f4"),
        other => panic!("{} are not written", other.kind()),
    }
}

fn write(path: &Path, frames: &[Raster], number: Number, compression: Compression) {
    let size = [frames[0].width, frames[0].height];
    let header = Header::default();
    let encoding = super::encoding(number, compression);
    let room = nxmx::FORMAT.frames.as_ref().unwrap();
    let mut writer = (room.create)(path, encoding, size, frames.len(), &header).unwrap();
    for frame in frames {
        writer.push(frame.view(), &header).unwrap();
    }
    writer.finish().unwrap().file.commit().unwrap();
}

/// Whether our reader finds these frames.
fn reads_back(path: &Path, frames: &[Raster]) -> bool {
    let file = NxmxReader::open(path, super::MOST).unwrap();
    let same = |(index, frame): (usize, &Raster)| {
        let found = file.frame(index).unwrap();
        [found.width, found.height] == [frame.width, frame.height]
            && bare(&found.pixels) == bare(&frame.pixels)
    };
    file.frames() == frames.len() && frames.iter().enumerate().all(same)
}

#[test]
fn h5py_and_we_read_every_kind_of_number_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = String::new();
    let mut count = 0;
    let sizes = [[1, 1], [1, 40], [40, 1], [3000, 17], [17, 3000], [37, 53]];
    for number in NUMBERS {
        for compression in COMPRESSIONS {
            for size in sizes {
                // A frame of each filling.
                let frames: Vec<Raster> = FILLINGS
                    .iter()
                    .enumerate()
                    .map(|(seed, &filling)| raster(size, number, filling, 1000 * seed as u64))
                    .collect();
                let path = folder.path().join(format!("{count}.h5"));
                let expected = folder.path().join(format!("{count}.expected"));
                write(&path, &frames, number, compression);
                assert!(
                    reads_back(&path, &frames),
                    "{number:?} {compression:?} {size:?}"
                );
                let numbers: Vec<_> = frames.iter().map(|frame| bare(&frame.pixels)).collect();
                let kind = numbers[0].1;
                let all: Vec<u8> = numbers.into_iter().flat_map(|(bytes, _)| bytes).collect();
                fs::write(&expected, all).unwrap();
                lines += &format!(
                    "{} {} {kind} {} {} {}\n",
                    path.display(),
                    expected.display(),
                    frames.len(),
                    size[1],
                    size[0]
                );
                count += 1;
            }
        }
    }
    let mut child = python("frames")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(lines.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let same = String::from_utf8(output.stdout).unwrap();
    println!(
        "h5py read {} files of {} frames",
        same.trim(),
        FILLINGS.len()
    );
    assert_eq!(same.trim(), count.to_string());
}

#[test]
fn a_frame_that_compresses_takes_little_room() {
    let folder = tempfile::tempdir().unwrap();
    let frame = raster([500, 500], Number::F32, Filling::Zero, 0);
    let sizes = COMPRESSIONS.map(|compression| {
        let path = folder.path().join("a.h5");
        write(
            &path,
            std::slice::from_ref(&frame),
            Number::F32,
            compression,
        );
        fs::metadata(path).unwrap().len()
    });
    assert!(sizes[0] < 100_000 && sizes[1] < 100_000, "{sizes:?}");
    assert!(sizes[2] > 1_000_000, "{sizes:?}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_frames_come_back_to_the_last_bit(
        size in prop_oneof![
            3 => [1usize..60, 1usize..60],
            1 => Just([3000, 17]),
            1 => (1usize..3000).prop_map(|width| [width, 1]),
        ],
        number in select(&NUMBERS[..]),
        compression in select(&COMPRESSIONS[..]),
        fillings in proptest::collection::vec(select(&FILLINGS[..]), 1..5),
        seed in 0..u64::MAX / 2,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("any.nxs");
        let frames: Vec<Raster> = fillings
            .iter()
            .map(|&filling| raster(size, number, filling, seed))
            .collect();
        write(&path, &frames, number, compression);
        prop_assert!(reads_back(&path, &frames));
    }
}
