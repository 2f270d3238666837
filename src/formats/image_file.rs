//! An image in a file of any format that is read here, told by how the file starts.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::error::read_bytes;
use super::image_header::ImageHeader;
use super::nxmx::{self, FrameSetting, NxmxReader, Setting};
use super::raster::{Pixels, Raster};
use super::{FormatError, Problem, cbf, npy, pgm, png, raw, record, smv, tiff};

/// The formats of images that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// SMV: 16-bit counts under a text header.
    Smv,
    /// CBF, 32-bit counts compressed by byte offset.
    Cbf,
    /// TIFF with one number a pixel.
    Tiff,
    /// numpy's array of two axes.
    Npy,
    /// Binary PGM, 8 or 16 bits.
    Pgm,
    /// Grey PNG, up to 16 bits.
    Png,
    /// NXmx in HDF5.
    Nxmx,
    /// Bare float32, little-endian, which does not say its size.
    Raw,
}

impl ImageFormat {
    /// The format of a file that starts with these bytes. What starts like none of the others is
    /// bare numbers.
    pub fn of(bytes: &[u8]) -> ImageFormat {
        /// An SMV header starts with its own length.
        const SMV_START: usize = 64;
        let tiff: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
        let start = &bytes[..bytes.len().min(SMV_START)];
        let key = b"HEADER_BYTES";
        if start.first() == Some(&b'{') && start.windows(key.len()).any(|part| part == key) {
            ImageFormat::Smv
        } else if bytes.starts_with(cbf::MAGIC) {
            ImageFormat::Cbf
        } else if bytes.starts_with(npy::MAGIC) {
            ImageFormat::Npy
        } else if bytes.starts_with(nxmx::MAGIC) {
            ImageFormat::Nxmx
        } else if tiff.iter().any(|magic| bytes.starts_with(magic)) {
            ImageFormat::Tiff
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            ImageFormat::Png
        } else if bytes.starts_with(b"P5") && bytes.get(2).is_some_and(u8::is_ascii_whitespace) {
            ImageFormat::Pgm
        } else {
            ImageFormat::Raw
        }
    }

    /// Its name in messages and summaries.
    pub fn name(self) -> &'static str {
        match self {
            ImageFormat::Smv => "SMV",
            ImageFormat::Cbf => "CBF",
            ImageFormat::Tiff => "TIFF",
            ImageFormat::Npy => "npy",
            ImageFormat::Pgm => "PGM",
            ImageFormat::Png => "PNG",
            ImageFormat::Nxmx => "NXmx",
            ImageFormat::Raw => "float32",
        }
    }
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an image file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageFile {
    /// An image, from a file that says its size.
    Sized(ImageFormat, Raster),
    /// The bytes of float32 values; see [`raw::decode`].
    Bare(Vec<u8>),
}

/// What a file's header says, where its format has one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Header {
    /// Keys and values of an SMV file, or of the lines of a miniCBF header.
    pub entries: Vec<(String, String)>,
    /// What they say of the experiment.
    pub geometry: ImageHeader,
    /// What NXmx has room for, where more than that is known.
    pub nexus: Option<(Setting, FrameSetting)>,
    /// The experiment that the image was rendered from; see [`record`].
    pub record: Option<String>,
}

impl Header {
    /// That of an SMV file.
    ///
    /// # Errors
    /// A [`Problem`] for a value of the geometry that is no number.
    pub fn of_smv(file: &smv::SmvImage) -> Result<Header, Problem> {
        Ok(Header {
            entries: file.entries().to_vec(),
            geometry: smv::geometry(file.entries(), file.height)?,
            nexus: None,
            record: None,
        })
    }

    /// `file` with the experiment that it was rendered from, where that is known.
    pub(super) fn recorded(&self, file: Vec<u8>) -> Vec<u8> {
        match &self.record {
            Some(text) => record::with_record(file, text),
            None => file,
        }
    }

    /// This one of a file of `format` and `height` rows, with entries for an SMV file: its own, or
    /// those that say what it says.
    pub fn for_smv(self, format: ImageFormat, height: usize) -> Header {
        match format {
            ImageFormat::Smv => self,
            _ => Header {
                entries: smv::geometry_entries(&self.geometry, height),
                ..self
            },
        }
    }

    /// What NXmx is to say of an image of this size.
    pub fn for_nexus(&self, size: [usize; 2]) -> (Setting, FrameSetting) {
        let said = || {
            (
                Setting {
                    configuration: self.record.clone(),
                    ..Setting::of_header(&self.geometry, size)
                },
                FrameSetting::of_header(&self.geometry),
            )
        };
        self.nexus.clone().unwrap_or_else(said)
    }

    /// Says that `count` is the largest that can be trusted.
    pub fn saturates_at(&mut self, count: Option<f64>) {
        self.geometry.count_cutoff = count;
        if let Some((setting, _)) = &mut self.nexus {
            setting.saturation = count;
        }
    }

    /// That of frame `index` of `file`.
    pub fn of_nexus(file: &NxmxReader, index: usize) -> Header {
        let frame = file.frame_setting(index);
        // What a file of many frames says is of all of them.
        let record = match file.frames() {
            1 => file.setting().configuration.clone(),
            _ => None,
        };
        Header {
            record,
            entries: Vec::new(),
            geometry: file.setting().header(&frame),
            nexus: Some((file.setting().clone(), frame)),
        }
    }
}

/// The frames of the file at `path`, where it is HDF5; they are read one at a time.
///
/// # Errors
/// As [`NxmxReader::open`].
pub fn frames(path: &Path) -> Result<Option<NxmxReader>, FormatError> {
    let mut start = [0; nxmx::MAGIC.len()];
    let mut found = |mut file: &File| {
        // What is no file says nothing twice.
        let is_file = file.metadata().is_ok_and(|data| data.is_file());
        is_file && file.read_exact(&mut start).is_ok() && start[..] == *nxmx::MAGIC
    };
    match File::open(path) {
        Ok(file) if found(&file) => NxmxReader::open(path).map(Some),
        _ => Ok(None),
    }
}

/// The only frame of `file`.
fn only_frame(path: &Path, file: &NxmxReader) -> Result<(ImageFile, Header), FormatError> {
    match file.frames() {
        1 => {
            let raster = file.frame(0)?;
            let image = ImageFile::Sized(ImageFormat::Nxmx, raster);
            Ok((image, Header::of_nexus(file, 0)))
        }
        several => Err(FormatError::Content {
            path: path.to_path_buf(),
            problem: Problem::with_file(format!(
                "{several} frames; expected one. 'nanobragg convert {} OUT --frame K' takes out \
                 frame K, from 1 to {several}",
                path.display()
            )),
        }),
    }
}

/// Reads the image file at `path`.
///
/// # Errors
/// [`FormatError`] when it cannot be read, or is not what it starts like.
pub fn read(path: &Path) -> Result<ImageFile, FormatError> {
    if let Some(file) = frames(path)? {
        return only_frame(path, &file).map(|(image, _)| image);
    }
    parse(read_bytes(path)?).map_err(|problem| FormatError::Content {
        path: path.to_path_buf(),
        problem,
    })
}

/// Reads the image file at `path` with its header.
///
/// # Errors
/// As [`read`], and for a geometry that is no numbers.
pub fn read_with_header(path: &Path) -> Result<(ImageFile, Header), FormatError> {
    if let Some(file) = frames(path)? {
        return only_frame(path, &file);
    }
    parse_with_header(read_bytes(path)?).map_err(|problem| FormatError::Content {
        path: path.to_path_buf(),
        problem,
    })
}

/// The experiment that the image file at `path` was rendered from, if it says so.
///
/// # Errors
/// [`FormatError`] when it cannot be read.
pub fn read_record(path: &Path) -> Result<Option<String>, FormatError> {
    match frames(path)? {
        Some(file) => Ok(file.setting().configuration.clone()),
        None => Ok(record::find(&read_bytes(path)?)),
    }
}

/// The image file that `bytes` are.
///
/// # Errors
/// A [`Problem`] when they are not what they start like.
pub fn parse(bytes: Vec<u8>) -> Result<ImageFile, Problem> {
    contents(bytes).map(|(file, _)| file)
}

/// The image file that `bytes` are, with its header.
///
/// # Errors
/// As [`parse`], and for a geometry that is no numbers.
pub fn parse_with_header(bytes: Vec<u8>) -> Result<(ImageFile, Header), Problem> {
    let (file, mut header) = contents(bytes)?;
    if let ImageFile::Sized(ImageFormat::Smv, raster) = &file {
        header.geometry = smv::geometry(&header.entries, raster.height)?;
    }
    Ok((file, header))
}

/// The image file that `bytes` are, with the header's entries. Who only looks at pixels does not mind
/// what an SMV header says of the geometry.
fn contents(bytes: Vec<u8>) -> Result<(ImageFile, Header), Problem> {
    let format = ImageFormat::of(&bytes);
    let mut header = Header {
        record: record::find(&bytes),
        ..Header::default()
    };
    let raster = match format {
        ImageFormat::Smv => {
            let file = smv::parse(&bytes)?;
            header.entries = file.entries().to_vec();
            Raster {
                width: file.width,
                height: file.height,
                pixels: Pixels::U16(file.pixels),
            }
        }
        ImageFormat::Cbf => {
            let file = cbf::parse(&bytes)?;
            (header.entries, header.geometry) = (file.entries, file.header);
            file.raster
        }
        ImageFormat::Tiff => tiff::decode(&bytes)?,
        ImageFormat::Npy => npy::decode(&bytes)?,
        ImageFormat::Pgm => pgm::decode(&bytes)?,
        ImageFormat::Png => png::decode(&bytes)?,
        ImageFormat::Nxmx => {
            let what = "HDF5 that is no file; it is read out of order, from a file only";
            return Err(Problem::with_file(what));
        }
        ImageFormat::Raw if bytes.is_empty() || !bytes.len().is_multiple_of(raw::PIXEL) => {
            return Err(Problem::with_file(format!(
                "{} bytes that start like no SMV, CBF, TIFF, npy, PGM, PNG or HDF5 file and are no whole \
                 number of float32 values either; expected an image in one of these formats",
                bytes.len()
            )));
        }
        ImageFormat::Raw => return Ok((ImageFile::Bare(bytes), header)),
    };
    Ok((ImageFile::Sized(format, raster), header))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Image, ToneMap, ToneScale};

    #[test]
    fn every_format_is_told_by_its_start() {
        let image = Image::new(2, 1, vec![0.0, 255.0], None);
        let tone = ToneMap::of(&image, ToneScale::Linear, 100.0);
        let grey = png::encode(&image, &tone, png::Colormap::Grey, png::Depth::Eight).unwrap();
        let smv = b"{\nHEADER_BYTES=48;\nSIZE1=2;\nSIZE2=1;\n}            \0\0\xff\0".to_vec();
        let smv = [&smv[..48], &smv[smv.len() - 4..]].concat();
        let inverted = Image::new(2, 1, vec![255.0, 0.0], None);
        let array = Raster {
            width: 2,
            height: 1,
            pixels: Pixels::F32(vec![0.0, 255.0]),
        };
        let silent = ImageHeader::default();
        for (format, bytes, expected) in [
            (ImageFormat::Cbf, cbf::encode(&[0, 255], 2, &silent), &image),
            (ImageFormat::Npy, npy::encode(&array), &image),
            (ImageFormat::Smv, smv, &image),
            (ImageFormat::Tiff, tiff::encode(&image).unwrap(), &image),
            (ImageFormat::Pgm, pgm::encode(&image, 1.0), &image),
            (ImageFormat::Png, grey, &inverted),
        ] {
            let Ok(ImageFile::Sized(found, raster)) = parse(bytes) else {
                panic!("{format}: no image");
            };
            assert_eq!((found, &raster.into_image()), (format, expected));
        }
        let bare = raw::encode(&image).into_owned();
        assert_eq!(parse(bare.clone()), Ok(ImageFile::Bare(bare)));
    }

    #[test]
    fn numbers_that_start_with_a_brace_are_numbers() {
        let bytes = [f32::from_le_bytes(*b"{ABC"), 1.0]
            .map(f32::to_le_bytes)
            .concat();
        assert_eq!(ImageFormat::of(&bytes), ImageFormat::Raw);
    }

    #[test]
    fn a_geometry_that_is_no_number_costs_no_pixels() {
        let smv = b"{\nHEADER_BYTES=48;\nSIZE1=1;\nSIZE2=1;\nPHI=x;\n}  ".to_vec();
        let smv = [smv, vec![b' '; 48]].concat();
        assert!(parse(smv.clone()).is_ok());
        let said = parse_with_header(smv).unwrap_err().what;
        assert!(said.contains("PHI is 'x'"), "{said}");
    }

    #[test]
    fn what_is_no_image_is_refused() {
        assert!(parse(Vec::new()).unwrap_err().what.starts_with("0 bytes"));
        let text = b"not an image".to_vec();
        assert!(
            matches!(parse(text), Ok(ImageFile::Bare(_))),
            "its length fits"
        );
        assert!(parse(vec![7; 13]).unwrap_err().what.contains("13 bytes"));
        assert!(parse(b"P5\n1 1 255\n".to_vec()).is_err());
    }
}
