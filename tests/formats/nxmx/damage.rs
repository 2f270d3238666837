//! Damaged files and lying headers: an error within bounded memory, never a panic.

use std::fs;
use std::path::Path;

use nanobragg::formats::encoding::Compression;
use nanobragg::formats::encoding::Number;
use nanobragg::formats::format::FrameReader;
use nanobragg::formats::image_file;
use nanobragg::formats::metadata::{FrameMetadata, Metadata};
use nanobragg::formats::nxmx::{self, NxmxReader};
use nanobragg::formats::raster::{Pixels, Raster};
use nanobragg::memory;
use rust_hdf5::{FilterPipeline, H5File, LibverBound};

use crate::support::{experiment, in_a_process_of_its_own};

/// Looks at everything in a file.
fn look(path: &Path) -> bool {
    let Ok(file) = NxmxReader::open(path, super::MOST) else {
        return false;
    };
    let last = file.frames() - 1;
    let mut sound = true;
    for index in [0, last] {
        sound &= file
            .frame(index)
            .is_ok_and(|frame| frame.pixels.len() == frame.width * frame.height);
        file.metadata().header(&file.frame_metadata(index));
    }
    sound
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) as usize % end
    }
}

/// A sound file, every part of which is filled.
fn sound(path: &Path, compression: Compression) {
    let experiment =
        experiment("-default_F 1 -cell 50 -detpixels_f 20 -detpixels_s 16 -roi 1 9 2 8");
    let up = glam::DVec3::Y;
    let frame = Raster {
        width: 20,
        height: 16,
        pixels: Pixels::I32((0..320).map(|index| index * 37 % 11 - 1).collect()),
    };
    let setting = Metadata {
        configuration: Some("N = 5".into()),
        ..Metadata::of(&experiment, up, Some(900.0))
    };
    let of_frame = FrameMetadata::of(&experiment, up);
    let encoding = super::encoding(Number::I32, compression);
    super::write_frame(path, &frame, encoding, (setting, of_frame));
}

#[test]
fn the_configuration_of_a_file_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    sound(&path, Compression::Gzip);
    let file = NxmxReader::open(&path, super::MOST).unwrap();
    assert_eq!(file.metadata().configuration.as_deref(), Some("N = 5"));
}

#[test]
fn damage_is_an_error_or_harmless_and_takes_no_memory() {
    if !in_a_process_of_its_own("nxmx::damage::damage_is_an_error_or_harmless_and_takes_no_memory")
    {
        return;
    }
    const CASES: usize = 4000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.h5");
    let mut random = Random(17);
    let (mut refused, mut read) = (0, 0);
    for compression in [Compression::Gzip, Compression::BitshuffleLz4] {
        sound(&path, compression);
        assert!(look(&path));
        let before = memory::peak();
        let whole = fs::read(&path).unwrap();
        for _ in 0..CASES {
            let mut bytes = whole.clone();
            if random.below(8) == 0 {
                bytes.truncate(random.below(whole.len()));
            } else {
                for _ in 0..=random.below(3) {
                    let place = random.below(bytes.len());
                    match random.below(3) {
                        0 => bytes[place] = random.below(256) as u8,
                        1 => bytes[place] ^= 1 << random.below(8),
                        _ => {
                            let end = (place + 8).min(bytes.len());
                            bytes[place..end].fill(0xff);
                        }
                    }
                }
            }
            fs::write(&path, &bytes).unwrap();
            match look(&path) {
                true => read += 1,
                false => refused += 1,
            }
        }
        if let (Some(before), Some(after)) = (before, memory::peak()) {
            assert!(
                after.0.saturating_sub(before.0) < 256 << 20,
                "{before} before, {after} after"
            );
        }
    }
    println!("{refused} damaged files refused, {read} read");
    assert!(refused > CASES / 10 && read > CASES / 10);
}

/// A file whose data is said to be of this shape and these chunks; only `stored` is there.
fn lying(path: &Path, shape: [usize; 3], chunk: [usize; 3], stored: Option<&[u8]>) {
    let options = H5File::options().no_locking().libver(LibverBound::V18);
    let file = options.create(path).unwrap();
    let group = file
        .create_group("entry")
        .unwrap()
        .create_group("data")
        .unwrap();
    let data = group
        .new_dataset::<f32>()
        .shape(shape)
        .max_shape(&std::array::from_fn::<_, 3, _>(|axis| {
            Some(shape[axis].max(chunk[axis]))
        }))
        .chunk(&chunk)
        .filter_pipeline(FilterPipeline::shuffle_deflate(4, 1))
        .create("data")
        .unwrap();
    if let Some(bytes) = stored {
        data.write_chunk_raw(0, bytes, 0).unwrap();
    }
    file.close_no_sync().unwrap();
}

/// What is wrong with the file.
fn complaint(path: &Path) -> String {
    match NxmxReader::open(path, super::MOST).and_then(|file| file.frame(0)) {
        Ok(_) => panic!("it was read"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn headers_that_promise_too_much_are_refused_before_memory_is_taken() {
    if !in_a_process_of_its_own(
        "nxmx::damage::headers_that_promise_too_much_are_refused_before_memory_is_taken",
    ) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.h5");
    // 60 GB a frame.
    lying(&path, [1, 120_000, 125_000], [1, 100, 100], None);
    assert!(complaint(&path).contains("expected frames x slow x fast"));
    lying(&path, [1, 60_000, 60_000], [1, 100, 100], None);
    assert!(
        complaint(&path).contains("a frame takes 13.4 GiB"),
        "{}",
        complaint(&path)
    );
    // A small frame in a chunk of 14 GB.
    lying(&path, [1, 10, 10], [1, 30_000, 30_000], None);
    let said = complaint(&path);
    assert!(
        said.contains("a frame takes 3.4 GiB") || said.contains("HDF5"),
        "{said}"
    );
    // Frames without number.
    lying(&path, [usize::MAX / 1000, 10, 10], [1, 10, 10], None);
    let _ = NxmxReader::open(&path, super::MOST).map(|file| file.frame(usize::MAX).is_err());
    // 64 MB of zeros, deflated, for a chunk of 400 bytes.
    let mut bomb = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut bomb, &vec![0; 64 << 20]).unwrap();
    lying(
        &path,
        [1, 10, 10],
        [1, 10, 10],
        Some(&bomb.finish().unwrap()),
    );
    let before = memory::peak();
    assert!(complaint(&path).contains("HDF5"), "{}", complaint(&path));
    if let (Some(before), Some(after)) = (before, memory::peak()) {
        assert!(
            after.0.saturating_sub(before.0) < 32 << 20,
            "{before} before, {after} after"
        );
    }
    // No frames at all.
    lying(&path, [0, 10, 10], [1, 10, 10], None);
    assert!(complaint(&path).contains("HDF5 without frames"));
    lying(&path, [1, 0, 10], [1, 1, 10], None);
    assert!(complaint(&path).contains("expected frames x slow x fast"));
}

#[test]
fn what_is_no_hdf5_or_has_no_frames_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    fs::write(&path, nxmx::MAGIC).unwrap();
    let said = image_file::read(&path, super::MOST)
        .unwrap_err()
        .to_string();
    assert!(said.contains("a.h5: HDF5: "), "{said}");
    let file = H5File::create(&path).unwrap();
    file.create_group("entry").unwrap();
    file.close().unwrap();
    let said = image_file::read(&path, super::MOST)
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("HDF5 without frames; expected those of NXmx"),
        "{said}"
    );
    let said = image_file::parse(nxmx::MAGIC.to_vec(), super::MOST)
        .unwrap_err()
        .to_string();
    assert!(said.contains("from a file only"), "{said}");
}
