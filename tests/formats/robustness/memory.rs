//! Files that say they hold more than they do, or than there is memory for: an error, and no memory.

use std::fs;
use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use nanobragg::formats::image_header::ImageHeader;
use nanobragg::formats::raster::{Pixels, Raster};
use nanobragg::formats::{cbf, npy};
use tiff::encoder::colortype::Gray8;
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder};

use super::readers::{self, take};

/// A square of that many pixels along an edge takes 10 GB, even of bytes.
const LIE: u32 = 100_000;

/// `file` with `to` in the place of `from`.
fn changed(file: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut places = file.windows(from.len());
    let place = places.position(|part| part == from).unwrap();
    [&file[..place], to, &file[place + from.len()..]].concat()
}

/// `edge` × `edge` zeros, packed.
fn png(edge: u32) -> Vec<u8> {
    let zeros = vec![0; (edge as usize).pow(2)];
    let mut file = Vec::new();
    let encoder = PngEncoder::new(&mut file);
    encoder
        .write_image(&zeros, edge, edge, ExtendedColorType::L8)
        .unwrap();
    file
}

/// `edge` × `edge` zeros, packed.
fn tiff(edge: u32, packed: Compression) -> Vec<u8> {
    let zeros = vec![0; (edge as usize).pow(2)];
    let mut file = Cursor::new(Vec::new());
    let encoder = TiffEncoder::new(&mut file).unwrap();
    let mut encoder = encoder.with_compression(packed);
    encoder.write_image::<Gray8>(edge, edge, &zeros).unwrap();
    file.into_inner()
}

/// A sound PNG of 3 × 3 pixels whose header says that it is of `LIE` × `LIE`.
fn lying_png() -> Vec<u8> {
    let header = |edge: u32| {
        let size = [edge.to_be_bytes(), edge.to_be_bytes()].concat();
        let chunk = [&b"IHDR"[..], &size, &[8, 0, 0, 0, 0]].concat();
        let mut check = flate2::Crc::new();
        check.update(&chunk);
        [&chunk[..], &check.sum().to_be_bytes()].concat()
    };
    changed(&png(3), &header(3), &header(LIE))
}

/// A sound TIFF of 3 × 3 pixels whose header says that it is of `LIE` × `LIE`.
fn lying_tiff() -> Vec<u8> {
    let file = tiff(3, Compression::Deflate(DeflateLevel::Fast));
    [0x100_u16, 0x101].iter().fold(file, |file, tag| {
        let entry = |value: u32| {
            let kind_and_count = [4, 0, 1, 0, 0, 0];
            [
                &tag.to_le_bytes()[..],
                &kind_and_count,
                &value.to_le_bytes(),
            ]
            .concat()
        };
        changed(&file, &entry(3), &entry(LIE))
    })
}

/// Small files of every format for images that say they are of `LIE` × `LIE` pixels.
fn lies() -> Vec<(&'static str, Vec<u8>)> {
    let nine = Raster {
        width: 3,
        height: 3,
        pixels: Pixels::U16(vec![1; 9]),
    };
    let cbf = cbf::encode(&[1; 9], 3, &ImageHeader::default());
    let lie = LIE.to_string();
    let cbf = ["Fastest-Dimension: ", "Second-Dimension: "]
        .iter()
        .fold(cbf, |file, key| {
            changed(
                &file,
                format!("{key}3").as_bytes(),
                format!("{key}{lie}").as_bytes(),
            )
        });
    let cbf = changed(&cbf, b"of-Elements: 9", b"of-Elements: 10000000000");
    let smv = format!("{{\nHEADER_BYTES=128;\nSIZE1={lie};\nSIZE2={lie};\n}}\n");
    let shape = format!("({lie}, {lie}), }}");
    vec![
        ("lie.img", format!("{smv:<256}").into_bytes()),
        ("lie.cbf", cbf),
        (
            "lie.npy",
            changed(
                &npy::encode(nine.view()),
                b"(3, 3), }          ",
                shape.as_bytes(),
            ),
        ),
        (
            "lie.pgm",
            format!("P5 {lie} {lie} 65535\n123456").into_bytes(),
        ),
        ("lie.png", lying_png()),
        ("lie.tif", lying_tiff()),
    ]
}

/// With more address space than 2 GB, nobody notices what is asked for; with less, the process ends.
#[cfg(target_os = "linux")]
#[test]
fn lying_headers_cost_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in lies() {
        fs::write(folder.path().join(name), &bytes).unwrap();
        let run = std::process::Command::new("sh")
            .args(["-c", "ulimit -v 2000000; exec \"$0\" info \"$1\""])
            .args([env!("CARGO_BIN_EXE_nanobragg"), name])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(1), "{name}: {said}");
        let told = format!("{name}: truncated: 100000 x 100000");
        assert!(said.contains(&told), "{said}");
    }
}

#[test]
fn bombs_are_refused() {
    // 9 million pixels are read, and 81 million, which gain as much, are more than this machine is
    // said to have memory for.
    let lzw = |edge| tiff(edge, Compression::Lzw);
    let deflate = |edge| tiff(edge, Compression::Deflate(DeflateLevel::Best));
    for (edge, read) in [(3000, true), (9000, false)] {
        assert_eq!(take(readers::png, &png(edge)), read);
        assert_eq!(take(readers::tiff, &lzw(edge)), read);
        assert_eq!(take(readers::tiff, &deflate(edge)), read);
    }
}

#[test]
fn lying_panels_are_refused() {
    let seed = include_str!("../../seeds/geom/two_panels.geom");
    assert!(take(readers::geom, seed.as_bytes()));
    let lie = seed
        .replace("max_fs = 19", "max_fs = 99999")
        .replace("b/max_ss = 19", "b/max_ss = 40000");
    assert!(!take(readers::geom, lie.as_bytes()));
    let seed = include_str!("../../seeds/expt/two_panels.expt");
    assert!(take(readers::expt, seed.as_bytes()));
    let lie = seed.replace(
        "\"image_size\": [20, 10]",
        "\"image_size\": [100000, 40000]",
    );
    assert!(lie != seed && !take(readers::expt, lie.as_bytes()));
}
