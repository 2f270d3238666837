//! Images in every format, through our own readers and through those of other programs, which
//! `./tests/run` installs and names in NB_PYTHON.

mod cases;
mod command;
mod headers;
mod pictures;
mod rings;
mod told;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nanobragg::formats::encoding::{Compression, Encoding, FRAMES_PER_FILE, Number};
use nanobragg::formats::format::{Format, GeometryRoom, TABLE};
use nanobragg::formats::header::Header;
use nanobragg::formats::image_file::{self, ImageFile};
use nanobragg::formats::raster::{Pixels, Raster};
use nanobragg::formats::{cbf, npy, smv, tiff};
use nanobragg::memory::Bytes;
use proptest::prelude::*;
use proptest::sample::select;

/// A Python that has fabio, numpy, Pillow and tifffile.
pub fn python(script: &str) -> Command {
    let python = std::env::var("NB_PYTHON").expect(
        "NB_PYTHON names no Python with fabio, numpy, Pillow and tifffile: run ./tests/run, which \
         installs one",
    );
    let mut command = Command::new(python);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support");
    command.arg(folder.join(script));
    command
}

/// The most bytes of a file that is read.
pub const MOST: Bytes = Bytes(1 << 30);

const fn encoding(format: &'static Format, number: Number) -> Encoding {
    Encoding {
        format,
        number,
        compression: Compression::Gzip,
        frames_per_file: FRAMES_PER_FILE,
        keeps_part: false,
    }
}

/// Every format, its file's extension, and the programs that read it.
const FORMATS: &[(Encoding, &str, &[&str])] = &[
    (encoding(smv::FORMAT, Number::U16), "img", &["fabio"]),
    (encoding(cbf::FORMAT, Number::I32), "cbf", &["fabio"]),
    (
        encoding(tiff::FORMAT, Number::F32),
        "tif",
        &["tifffile", "pillow", "fabio"],
    ),
    (
        encoding(tiff::FORMAT, Number::U16),
        "tif",
        &["tifffile", "pillow", "fabio"],
    ),
    (
        encoding(tiff::FORMAT, Number::U32),
        "tif",
        &["tifffile", "fabio"],
    ),
    (encoding(tiff::FORMAT, Number::I32), "tif", &["tifffile"]),
    (
        encoding(npy::FORMAT, Number::F32),
        "npy",
        &["numpy", "fabio"],
    ),
    (encoding(npy::FORMAT, Number::U16), "npy", &["numpy"]),
    (encoding(npy::FORMAT, Number::U32), "npy", &["numpy"]),
    (encoding(npy::FORMAT, Number::I32), "npy", &["numpy"]),
];

/// What an image is filled with.
#[derive(Debug, Clone, Copy)]
pub enum Filling {
    Zero,
    Saturated,
    Negative,
    Anything,
    Photons,
}

/// Numbers of 64 bits that look random, the same for the same seed.
pub fn noise(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    })
}

/// An image that is filled so.
pub fn raster([width, height]: [usize; 2], number: Number, filling: Filling, seed: u64) -> Raster {
    let all = || noise(seed).take(width * height);
    let photons = |bits: u64| (bits % 1000) / (1 + (bits >> 32) % 90);
    let pixels = match (number, filling) {
        (Number::F32, Filling::Zero) => Pixels::F32(all().map(|_| 0.0).collect()),
        (Number::F32, Filling::Saturated) => Pixels::F32(all().map(|_| f32::MAX).collect()),
        (Number::F32, Filling::Negative) => {
            Pixels::F32(all().map(|bits| -((bits % 999) as f32) / 7.0).collect())
        }
        (Number::F32, Filling::Anything) => {
            let finite = |bits: u64| Some(f32::from_bits(bits as u32)).filter(|x| x.is_finite());
            Pixels::F32(
                all()
                    .map(|bits| finite(bits).unwrap_or(f32::INFINITY))
                    .collect(),
            )
        }
        (Number::F32, Filling::Photons) => {
            Pixels::F32(all().map(|bits| photons(bits) as f32 * 0.37).collect())
        }
        (Number::U16, filling) => {
            let fill = |bits: u64| match filling {
                Filling::Zero => 0,
                Filling::Saturated => u16::MAX,
                Filling::Anything | Filling::Negative => bits as u16,
                Filling::Photons => photons(bits) as u16,
            };
            Pixels::U16(all().map(fill).collect())
        }
        (Number::U32, filling) => {
            let fill = |bits: u64| match filling {
                Filling::Zero => 0,
                Filling::Saturated => u32::MAX,
                Filling::Anything | Filling::Negative => bits as u32,
                Filling::Photons => photons(bits) as u32,
            };
            Pixels::U32(all().map(fill).collect())
        }
        (Number::I32, filling) => {
            let fill = |bits: u64| match filling {
                Filling::Zero => 0,
                Filling::Saturated => i32::MAX,
                Filling::Negative => -((bits % 70000) as i32) - 1,
                Filling::Anything => bits as i32,
                Filling::Photons => photons(bits) as i32,
            };
            Pixels::I32(all().map(fill).collect())
        }
    };
    Raster {
        width,
        height,
        pixels,
    }
}

pub const SIZES: [[usize; 2]; 6] = [[1, 1], [1, 40], [40, 1], [3000, 17], [17, 3000], [37, 53]];

pub const FILLINGS: [Filling; 5] = [
    Filling::Zero,
    Filling::Saturated,
    Filling::Negative,
    Filling::Anything,
    Filling::Photons,
];

/// The numbers, little-endian, and numpy's name of their kind.
fn bare(pixels: &Pixels) -> (Vec<u8>, &'static str) {
    match pixels {
        Pixels::U8(all) => (all.clone(), "|u1"),
        Pixels::U16(all) => (all.iter().flat_map(|n| n.to_le_bytes()).collect(), "<u2"),
        Pixels::I32(all) => (all.iter().flat_map(|n| n.to_le_bytes()).collect(), "<i4"),
        Pixels::U32(all) => (all.iter().flat_map(|n| n.to_le_bytes()).collect(), "<u4"),
        Pixels::F32(all) => (all.iter().flat_map(|n| n.to_le_bytes()).collect(), "<f4"),
        other => panic!("{} are not written", other.kind()),
    }
}

/// Files for other programs to read, with what they should find.
pub struct Outside {
    folder: tempfile::TempDir,
    lines: Vec<String>,
}

impl Outside {
    pub fn none() -> Outside {
        Outside {
            folder: tempfile::tempdir().unwrap(),
            lines: Vec::new(),
        }
    }

    /// How often a file is read.
    pub fn count(&self) -> u64 {
        self.lines.len() as u64
    }

    /// A file of these bytes, in which `readers` should find `raster`.
    pub fn add(&mut self, file: &[u8], extension: &str, raster: &Raster, readers: &[&str]) {
        let count = self.count();
        let place = |name: String| -> PathBuf { self.folder.path().join(name) };
        let path = place(format!("{count}_0001.{extension}"));
        let expected = place(format!("{count}.expected"));
        let (numbers, kind) = bare(&raster.pixels);
        fs::write(&path, file).unwrap();
        fs::write(&expected, numbers).unwrap();
        let [path, expected] = [path, expected].map(|path| path.display().to_string());
        let (rows, columns) = (raster.height, raster.width);
        let of = |reader| format!("{reader} {path} {expected} {kind} {rows} {columns}\n");
        self.lines.extend(readers.iter().map(of));
    }

    /// Has all of them read, and fails where a number is another.
    pub fn check(self) {
        let mut child = python("read_images.py")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = self.lines.concat();
        let mut input = child.stdin.take().unwrap();
        input.write_all(lines.as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let same = String::from_utf8(output.stdout).unwrap();
        println!("{} images were read by other programs", same.trim());
        assert_eq!(same.trim(), self.lines.len().to_string());
    }
}

/// The image that our own reader finds.
pub fn read_back(bytes: Vec<u8>) -> Raster {
    match image_file::parse(bytes, MOST) {
        Ok(ImageFile::Sized(_, raster)) => raster,
        other => panic!("no image of a size: {other:?}"),
    }
}

#[test]
fn other_programs_read_every_format_to_the_last_bit() {
    let mut outside = Outside::none();
    for &(encoding, extension, readers) in FORMATS {
        for size in SIZES {
            for filling in FILLINGS {
                let raster = raster(size, encoding.number, filling, outside.count());
                let file = encoding.encode(&raster, &Header::default()).unwrap();
                outside.add(&file, extension, &raster, readers);
            }
        }
    }
    outside.check();
}

#[test]
fn what_other_programs_write_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let run = python("write_images.py").arg(folder.path()).status();
    assert!(run.unwrap().success());
    let mut read = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let expected = path.with_added_extension_of("expected");
        let Ok(expected) = fs::read(expected) else {
            continue;
        };
        let raster = read_back(fs::read(&path).unwrap());
        let numbers = expected.as_chunks().0.iter();
        let expected: Vec<f64> = numbers.map(|&eight| f64::from_le_bytes(eight)).collect();
        let found: Vec<f64> = raster.pixels.values().collect();
        assert_eq!(found, expected, "{}", path.display());
        read += 1;
    }
    assert_eq!(read, 15, "every file was read");
}

/// `with_added_extension` is newer than the Rust we ask for.
trait Beside {
    fn with_added_extension_of(&self, extension: &str) -> std::path::PathBuf;
}

impl Beside for Path {
    fn with_added_extension_of(&self, extension: &str) -> std::path::PathBuf {
        let mut name = self.as_os_str().to_os_string();
        name.push(".");
        name.push(extension);
        name.into()
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_format_comes_back_to_the_last_bit(
        size in prop_oneof![
            3 => [1usize..60, 1usize..60],
            1 => Just([3000, 17]),
            1 => (1usize..3000).prop_map(|width| [width, 1]),
        ],
        format in 0..FORMATS.len(),
        filling in select(&FILLINGS),
        seed in any::<u64>(),
    ) {
        let encoding = FORMATS[format].0;
        let raster = raster(size, encoding.number, filling, seed);
        let file = encoding.encode(&raster, &Header::default()).unwrap();
        let found = read_back(file);
        prop_assert_eq!([found.width, found.height], size);
        prop_assert_eq!(bare(&found.pixels), bare(&raster.pixels));
    }
}

#[test]
fn the_table_of_formats_is_that_of_the_documentation() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md");
    let page = fs::read_to_string(page).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `."));
    assert_eq!(rows.clone().take(TABLE.len()).count(), TABLE.len());
    for format in TABLE {
        let endings = format
            .extensions
            .iter()
            .map(|ending| format!("`.{ending}`"));
        let endings = endings.collect::<Vec<_>>().join(" ");
        let mut rows = rows.clone();
        let row = rows.find(|row| row.starts_with(&format!("| {endings} |")));
        let row = row.unwrap_or_else(|| panic!("{format}: no row starts with {endings}"));
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for number in format.numbers {
            assert!(cells[3].contains(number.name()), "{row}: {number:?}");
        }
        let geometry = format.geometry != GeometryRoom::Nothing;
        assert_eq!(cells[5].starts_with("yes"), geometry, "{row}");
    }
}
