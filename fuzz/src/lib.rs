//! What holds of every reader, whatever the bytes: it says whether it takes them, and what it takes is
//! sound. A function a reader, for the fuzz target of the same name and for `tests/formats/robustness`,
//! whose seeds are in the folder of that name in `tests/seeds`.

use glam::DVec3;
use nanobragg::document::Document;
use nanobragg::experiment::StructureFactors;
use nanobragg::formats::format::FrameReader;
use nanobragg::formats::image_file::ImageFile;
use nanobragg::formats::nxmx::NxmxReader;
use nanobragg::formats::profile_table::Abscissa;
use nanobragg::formats::raster::{MOST_GAIN, Raster};
use nanobragg::formats::source_list::Defaults;
use nanobragg::formats::{self, smv::SmvImage};
use nanobragg::memory::Bytes;

/// Takes bytes or does not.
pub type Reader = fn(&[u8]) -> bool;

/// Every reader, by name.
pub const READERS: &[(&str, Reader)] = &[
    ("cbf", cbf),
    ("channel_list", channel_list),
    ("experiment_file", experiment_file),
    ("expt", expt),
    ("geom", geom),
    ("image_file", image_file),
    ("matrix", matrix),
    ("mmcif", mmcif),
    ("mtz", mtz),
    ("npy", npy),
    ("nxmx", nxmx),
    ("packed", packed),
    ("pgm", pgm),
    ("png", png),
    ("profile_table", profile_table),
    ("raw", raw),
    ("reflection_file", reflection_file),
    ("rotations", rotations),
    ("smv", smv),
    ("source_list", source_list),
    ("text", text),
    ("tiff", tiff),
    ("trace_log", trace_log),
];

/// What a packed file may be unpacked to.
const MOST: Bytes = Bytes(1 << 20);

/// What a reader may take the machine to have: half of what fuzzing allows the process.
const MEMORY: Bytes = Bytes(1 << 29);

/// What a reader may read of a file, or unpack it to, on such a machine.
fn most() -> Bytes {
    formats::file_limit(MEMORY)
}

/// Whether `reader` takes `bytes`, on a machine with little memory.
pub fn take(reader: Reader, bytes: &[u8]) -> bool {
    reader(bytes)
}

/// Holds an image against its own size, and the bytes it came from, where none packs more than
/// `gain` pixels into one.
fn sound(raster: &Raster, bytes: &[u8], gain: usize) {
    assert!(!raster.pixels.is_empty());
    assert_eq!(raster.pixels.len(), raster.width * raster.height);
    assert!(raster.pixels.len() <= gain * bytes.len());
}

/// CBF images: a miniCBF header, and numbers packed by byte offset.
pub fn cbf(bytes: &[u8]) -> bool {
    let parsed = formats::cbf::parse(bytes);
    // A number takes a byte at least.
    parsed.map(|image| sound(&image.raster, bytes, 1)).is_ok()
}

/// Lists of structure factors by photon energy.
pub fn channel_list(bytes: &[u8]) -> bool {
    let parsed = formats::channel_list::parse(bytes);
    parsed.map(|channels| assert!(!channels.is_empty())).is_ok()
}

/// Experiment files, in TOML and in JSON: what is read is written, and read again as the same.
pub fn experiment_file(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let taken = [Document::from_toml(text), Document::from_json(text)].map(|read| {
        let sound = read.map(|document| {
            let again = Document::from_toml(&document.to_toml());
            assert_eq!(again.as_ref().ok(), Some(&document));
            let again = Document::from_json(&document.to_json().expect("a document is JSON"));
            assert_eq!(again.as_ref().ok(), Some(&document));
        });
        sound.is_ok()
    });
    taken.contains(&true)
}

/// Experiment lists of DIALS: two experiments, and the detectors that they describe.
pub fn expt(bytes: &[u8]) -> bool {
    let taken = [0, 1].map(|index| {
        let parsed = formats::expt::parse(bytes, index, most());
        parsed.map(|geometry| drop(geometry.detector())).is_ok()
    });
    taken[0]
}

/// Geometry files of CrystFEL, with panels where the file has them, and where a flag has them.
pub fn geom(bytes: &[u8]) -> bool {
    let taken = [None, Some(0.1)].map(|clen_m| {
        let parsed = formats::geom::parse(bytes, clen_m, most());
        parsed.map(|geometry| drop(geometry.detector())).is_ok()
    });
    taken[1]
}

/// Files packed by gzip or bzip2.
pub fn packed(bytes: &[u8]) -> bool {
    let unpacked = formats::packed::unpacked(bytes, MOST);
    unpacked
        .map(|unpacked| assert!(*unpacked == *bytes || unpacked.len() as u64 <= MOST.0))
        .is_ok()
}

/// Images of any format, told by content, with what their headers say.
pub fn image_file(bytes: &[u8]) -> bool {
    let Ok((file, header)) = formats::image_file::parse_with_header(bytes.to_vec(), most()) else {
        return false;
    };
    match file {
        ImageFile::Bare(bare) => assert_eq!(bare, bytes),
        ImageFile::Sized(format, raster) => {
            assert_eq!(raster.pixels.len(), raster.width * raster.height);
            // Whatever a header says can be said in an SMV header, and is read there.
            let entries = match format == formats::smv::FORMAT {
                true => header.entries,
                false => formats::smv::geometry_entries(&header.geometry, raster.height),
            };
            assert!(formats::smv::geometry(&entries, raster.height).is_ok());
        }
    }
    true
}

/// Orientation matrices.
pub fn matrix(bytes: &[u8]) -> bool {
    let parsed = formats::matrix::parse(bytes);
    parsed.map(|file| assert!(file.matrix.is_finite())).is_ok()
}

/// mmCIF files, with the usual column and with one of intensities by name.
pub fn mmcif(bytes: &[u8]) -> bool {
    let taken = [None, Some("intensity_meas"), Some("pdbx_F_plus")].map(|f_column| {
        let parsed = formats::mmcif::parse(bytes, f_column);
        // Four values of two bytes at least, and two reflections a row at most.
        let most = bytes.len() / 4;
        parsed
            .map(|list| assert!(list.amplitudes.reflections.len() <= most))
            .is_ok()
    });
    taken.contains(&true)
}

/// MTZ files, with the usual column and with one of intensities by name.
pub fn mtz(bytes: &[u8]) -> bool {
    let taken = [None, Some("I"), Some("F(+)")].map(|f_column| {
        let parsed = formats::mtz::parse(bytes, f_column);
        // Four columns at least, and two reflections a row at most.
        let most = bytes.len() / 8;
        parsed
            .map(|list| assert!(list.amplitudes.reflections.len() <= most))
            .is_ok()
    });
    taken.contains(&true)
}

/// numpy's arrays.
pub fn npy(bytes: &[u8]) -> bool {
    let parsed = formats::npy::decode(bytes);
    parsed.map(|raster| sound(&raster, bytes, 1)).is_ok()
}

/// NXmx files, which are read out of order and from a file only: the first frame and the last, and what
/// is said of them.
pub fn nxmx(bytes: &[u8]) -> bool {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("room for a temporary file");
    let Ok(frames) = NxmxReader::open(file.path(), most()) else {
        return false;
    };
    let [width, height] = frames.size();
    let taken = [0, frames.frames() - 1].map(|index| {
        // What is said of the frame makes a header, whatever it is.
        frames.metadata().header(&frames.frame_metadata(index));
        let frame = frames.frame(index);
        frame
            .map(|frame| assert_eq!(frame.pixels.len(), width * height))
            .is_ok()
    });
    assert!(frames.frame(frames.frames()).is_err());
    taken == [true; 2]
}

/// PGM pictures.
pub fn pgm(bytes: &[u8]) -> bool {
    let parsed = formats::pgm::decode(bytes);
    parsed.map(|raster| sound(&raster, bytes, 1)).is_ok()
}

/// PNG pictures.
pub fn png(bytes: &[u8]) -> bool {
    let parsed = formats::png::decode(bytes, most());
    parsed
        .map(|raster| sound(&raster, bytes, 8 * MOST_GAIN))
        .is_ok()
}

/// Scattering profiles of amorphous materials, in all three abscissae.
pub fn profile_table(bytes: &[u8]) -> bool {
    let taken = [Abscissa::Stol, Abscissa::FourStol, Abscissa::Q].map(|abscissa| {
        let parsed = formats::profile_table::parse(bytes, abscissa);
        let rises = parsed.map(|profile| {
            let entries = profile.entries();
            assert!(entries.is_sorted_by(|one, next| one.stol_per_m < next.stol_per_m));
        });
        rises.is_ok()
    });
    taken[0]
}

/// Bare float32 of a size that a user gives: here the first two bytes.
pub fn raw(bytes: &[u8]) -> bool {
    let &[fast, slow, ref numbers @ ..] = bytes else {
        return false;
    };
    let decode = |size| formats::raw::decode(numbers, size);
    let size = [fast, slow].map(usize::from);
    let fits = size[0] * size[1] * formats::raw::PIXEL == numbers.len();
    assert_eq!(decode(size).is_ok(), fits);
    assert!(decode([usize::MAX, 3]).is_err());
    if let Some(side) = formats::raw::square(numbers.len()) {
        assert!(decode([side, side]).is_ok());
    }
    fits
}

/// Reflections of any format, told by content, unpacked and expanded to P1.
pub fn reflection_file(bytes: &[u8]) -> bool {
    let Ok(bytes) = formats::packed::unpacked(bytes, MOST) else {
        return false;
    };
    let taken = [None, Some("I"), Some("pdbx_F_plus")].map(|f_column| {
        let parsed = formats::reflection_file::parse(&bytes, f_column, MOST);
        let sound = parsed.map(|file| {
            assert!(file.origin.listed > 0);
            assert_eq!(file.origin.in_p1, file.reflections.list.len());
        });
        sound.is_ok()
    });
    taken.contains(&true)
}

/// Lists of rotations.
pub fn rotations(bytes: &[u8]) -> bool {
    let parsed = formats::rotations::parse(bytes);
    let rotate = |turns: Vec<glam::DMat3>| {
        let volumes = turns.iter().map(glam::DMat3::determinant);
        assert!(
            volumes
                .into_iter()
                .all(|volume| (volume - 1.0).abs() < 1e-4)
        );
    };
    parsed.map(rotate).is_ok()
}

/// SMV images: pixels, and what the header says.
pub fn smv(bytes: &[u8]) -> bool {
    let sound = |image: SmvImage| {
        assert_eq!(image.pixels.len(), image.width * image.height);
        assert!(image.pixels.len() <= bytes.len());
        let _ = formats::smv::geometry(image.entries(), image.height);
        let _ = formats::smv::nearest_point(image.entries());
    };
    formats::smv::parse(bytes).map(sound).is_ok()
}

/// Lists of X-ray sources.
pub fn source_list(bytes: &[u8]) -> bool {
    let defaults = Defaults {
        beam: DVec3::X,
        wavelength_m: 1e-10,
    };
    let parsed = formats::source_list::parse(bytes, defaults);
    let sound = parsed.map(|sources| {
        assert!(!sources.is_empty());
        assert!(sources.iter().all(|source| source.incident.is_normalized()));
    });
    sound.is_ok()
}

/// Structure factors as text, and the grid they make.
pub fn text(bytes: &[u8]) -> bool {
    let Ok(list) = formats::hkl::parse(bytes) else {
        return false;
    };
    assert!(!list.is_empty());
    let widest = |axis: usize| {
        let along = || list.iter().map(|one| i64::from(one.index[axis]));
        along().max().unwrap_or(0) - along().min().unwrap_or(0)
    };
    // A larger grid is a matter of the machine's memory.
    if (0..3).all(|axis| widest(axis) < 100)
        && let Ok(factors) = StructureFactors::from_reflections(&list, 0.0, MEMORY)
    {
        let grid = factors.grid().expect("a list makes a grid");
        assert!(grid.amplitudes().iter().all(|f| f.is_finite()));
    }
    true
}

/// TIFF images, packed or not.
pub fn tiff(bytes: &[u8]) -> bool {
    let parsed = formats::tiff::decode(bytes, most());
    parsed
        .map(|raster| sound(&raster, bytes, 8 * MOST_GAIN))
        .is_ok()
}

/// Logs of traces: what is read can be written, and is read again.
pub fn trace_log(bytes: &[u8]) -> bool {
    let sound = |log: formats::trace_log::TraceLog| {
        let written = formats::trace_log::encode(&log.trace);
        let again = formats::trace_log::parse(written.as_bytes());
        // As text: a log may hold numbers that are none, which equal nothing.
        let again = again.map(|log| formats::trace_log::encode(&log.trace));
        assert_eq!(again, Ok(written));
    };
    formats::trace_log::parse(bytes).map(sound).is_ok()
}
