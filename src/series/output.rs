//! What files hold of a rendered frame.

use std::collections::HashSet;
use std::path::PathBuf;

use glam::DVec3;
use tracing::info_span;

use super::{FrameSink, SeriesError, Target};
use crate::experiment::Experiment;
use crate::formats::encoding::{Counts, Encoding};
use crate::formats::format::Format;
use crate::formats::header::{Header, MISSET_SEED, NOISE_SEED};
use crate::formats::metadata::FrameMetadata;
use crate::formats::raster::RasterView;
use crate::formats::{Access, FormatError, Problem, image_file, pgm, png, raw, record};
use crate::image::noise::Noise;
use crate::image::{Image, LARGEST_OVERVIEW};
use crate::profile::FILES;
use crate::render::{Counted, Readout, Shot, Wanted, frame_size};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OutputKind {
    /// The image without noise; whole numbers are counts.
    Plain {
        /// How it is written.
        encoding: Encoding,
        /// Counts per photon, where that was said.
        scale: Option<f64>,
        /// Counts of a pixel without photons, where that was said.
        adc: Option<f64>,
    },
    /// Counts with noise.
    Noise {
        /// How they are written.
        encoding: Encoding,
        /// The noise.
        noise: Noise,
    },
    /// PGM; the scale is automatic unless given.
    Pgm {
        /// Shades per photon.
        scale: Option<f64>,
    },
    /// PNG.
    Png,
    /// PNG of the panels at their places.
    Overview,
}

/// A file to write of a frame, or files of many frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// What it holds.
    pub kind: OutputKind,
    /// Where it goes.
    pub path: PathBuf,
}

impl OutputKind {
    /// How numbers are written; `None` of a picture.
    pub fn encoding(&self) -> Option<Encoding> {
        match *self {
            OutputKind::Plain { encoding, .. } | OutputKind::Noise { encoding, .. } => {
                Some(encoding)
            }
            OutputKind::Pgm { .. } | OutputKind::Png | OutputKind::Overview => None,
        }
    }

    /// The format of the file.
    pub fn format(&self) -> &'static Format {
        match self {
            OutputKind::Plain { encoding, .. } | OutputKind::Noise { encoding, .. } => {
                encoding.format
            }
            OutputKind::Pgm { .. } => pgm::FORMAT,
            OutputKind::Png | OutputKind::Overview => png::FORMAT,
        }
    }

    /// What has to come of the frame of this number for the file.
    fn wanted(&self, number: u32) -> Wanted {
        match *self {
            OutputKind::Noise { encoding, noise } => Wanted {
                readouts: vec![Readout {
                    noise: Noise {
                        image: number,
                        ..noise
                    },
                    number: encoding.number,
                }],
                ..Wanted::default()
            },
            _ => Wanted {
                photons: true,
                ..Wanted::default()
            },
        }
    }

    /// Whether photons are scaled to the brightest pixel of each frame.
    pub fn scales_to_brightest(&self) -> bool {
        matches!(self, OutputKind::Plain { scale: None, .. }) && self.format().scaled_to_brightest
    }

    /// Memory that writing takes beside an image of so many pixels, bytes.
    pub fn memory(&self, pixels: u64) -> u64 {
        let beside = |bytes: u64| pixels.saturating_mul(bytes);
        match self {
            OutputKind::Plain { encoding, .. } => beside(encoding.beside_image()),
            // A copy with noise comes on top, and on a GPU its way there and back.
            OutputKind::Noise { encoding, .. } => beside(encoding.beside_image() + 8),
            OutputKind::Pgm { .. } | OutputKind::Png => beside(self.format().beside_image[0]),
            // An overview has a size of its own.
            OutputKind::Overview => {
                let each = self.format().beside_image[0];
                beside(each).saturating_add(LARGEST_OVERVIEW * each)
            }
        }
    }
}

/// What has to come of the frame of this number for files of these `kinds`.
pub fn wanted<'a>(kinds: impl Iterator<Item = &'a OutputKind>, number: u32) -> Wanted {
    kinds.fold(Wanted::default(), |mut all, kind| {
        let wanted = kind.wanted(number);
        all.photons |= wanted.photons;
        all.readouts.extend(wanted.readouts);
        all
    })
}

/// A frame, and what is known of it before it is rendered.
#[derive(Clone, Copy)]
pub struct PlannedFrame<'a> {
    /// The frame's number, of its files and its noise.
    pub number: u32,
    /// What is rendered.
    pub experiment: &'a Experiment,
    /// The direction of the laboratory that is up.
    pub up: DVec3,
    /// The record of the experiment in the file of an output; see [`record`].
    pub record: &'a (dyn Fn(&Output) -> Option<String> + Sync),
    /// The seed of the crystal's random orientation.
    pub misset_seed: Option<i64>,
}

/// A frame that was rendered.
#[derive(Clone, Copy)]
pub struct RenderedFrame<'a> {
    /// What is known without rendering it.
    pub planned: PlannedFrame<'a>,
    /// What was [`wanted`] of it for all outputs.
    pub shot: &'a Shot,
    /// Draws a PNG.
    pub draw: &'a Draw<'a>,
}

/// Draws the PNG of this kind of the photons of a frame.
pub type Draw<'a> =
    dyn Fn(&OutputKind, &PlannedFrame, &Image) -> Result<Vec<u8>, Problem> + Sync + 'a;

/// What became of photons in the files of an output.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Written {
    /// How many frames were written.
    pub frames: usize,
    /// What photons of the latest were multiplied by, where the file does not hold photons.
    pub scale: Option<f64>,
    /// Pixels at the largest count that there is.
    pub overloads: usize,
    /// Pixels below 0, the least count that there is, which they have become.
    pub clipped_below: usize,
}

/// The files of an output.
pub struct OutputSink {
    output: Output,
    sink: FrameSink,
    target: Target,
    /// Numbers of the frames that an earlier run has written.
    there: HashSet<u32>,
    /// What became of photons so far.
    pub written: Written,
}

impl OutputSink {
    /// The file of `output`, of one frame.
    pub fn of_frame(output: Output) -> OutputSink {
        let target = Target::One(output.path.clone(), 1);
        OutputSink::new(output, target)
    }

    /// The files of `output` of a series of `frames`: numbered ones, or one.
    pub fn of_series(output: Output, frames: u32) -> OutputSink {
        let target = Target::of_series(&output.path, frames as usize);
        OutputSink::new(output, target)
    }

    fn new(output: Output, target: Target) -> OutputSink {
        OutputSink {
            output,
            sink: FrameSink::new(target.clone()),
            target,
            there: HashSet::new(),
            written: Written::default(),
        }
    }

    /// The files of any frames.
    pub fn files(&mut self) -> &mut FrameSink {
        &mut self.sink
    }

    /// Whether an earlier run has written frame `number`.
    pub fn has(&self, number: u32) -> bool {
        self.there.contains(&number)
    }

    /// Takes over what an earlier run has left of a series of `frames`: those of one file, whose
    /// first ones are there; or numbered files that are whole and have the frame's own record. A
    /// file of a format without room for a record is not known, and is written again. Images are
    /// read by `access`.
    ///
    /// # Errors
    /// [`FormatError`] for a file of another series.
    pub fn resume(&mut self, frames: &[PlannedFrame], access: Access) -> Result<(), FormatError> {
        let Some(first) = frames.first() else {
            return Ok(());
        };
        match (&self.target, self.output.kind.encoding()) {
            (Target::One(..), Some(encoding)) => {
                let header = self.first_header(first);
                let size = frame_size(first.experiment);
                let all = frames.iter();
                let all = all.map(|frame| FrameMetadata::of(frame.experiment, frame.up));
                let all: Vec<FrameMetadata> = all.collect();
                let count = self.sink.resume(encoding, size, &header, &all)?;
                self.there = frames[..count].iter().map(|frame| frame.number).collect();
            }
            (Target::One(..), None) => {}
            (Target::Each(_), _) => {
                for frame in frames {
                    if self.has_own(frame, access)? {
                        self.there.insert(frame.number);
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether the numbered file of `frame` is there and whole, and has the frame's record.
    fn has_own(&self, frame: &PlannedFrame, access: Access) -> Result<bool, FormatError> {
        let path = self.target.path(frame.number);
        let Some(expected) = (frame.record)(&self.output).filter(|_| path.exists()) else {
            return Ok(false);
        };
        // What cannot be read is no whole file.
        let Ok(Some(found)) = image_file::read_record(&path, access) else {
            return Ok(false);
        };
        match record::difference(&found, &expected) {
            None => Ok(image_file::read(&path, access).is_ok()),
            Some(difference) => {
                let what = format!("the file of another series: {difference}");
                Err(FormatError::content(&path, Problem::with_file(what)))
            }
        }
    }

    /// The header of the first frame of a file.
    fn first_header(&self, frame: &PlannedFrame) -> Header {
        let kind = self.output.kind;
        let (saturation, noise_seed) = match kind {
            OutputKind::Noise { noise, .. } => (noise.saturation, Some(noise.seed as i64)),
            _ => (None, None),
        };
        let record = (frame.record)(&self.output);
        let seeds = [(NOISE_SEED, noise_seed), (MISSET_SEED, frame.misset_seed)];
        let known = seeds.iter().filter_map(|&(name, seed)| Some((name, seed?)));
        let header = Header::of(
            frame.experiment,
            frame.up,
            kind.format(),
            saturation,
            record,
        );
        Header {
            seeds: known.collect(),
            ..header
        }
    }

    /// Writes `frame`, whose counts with noise are `counted` where the output has noise.
    ///
    /// # Errors
    /// [`SeriesError`] with the file to blame.
    fn write(
        &mut self,
        frame: &RenderedFrame,
        counted: Option<&Counted>,
    ) -> Result<(), SeriesError> {
        let kind = self.output.kind;
        let number = frame.planned.number;
        if self.has(number) {
            return Ok(());
        }
        let _span = match kind {
            OutputKind::Noise { .. } => info_span!(target: FILES, "file with noise"),
            OutputKind::Overview => info_span!(target: FILES, "overview"),
            _ => (kind.format().span)(),
        }
        .entered();
        let path = || self.target.path(number);
        let statistics = &frame.shot.statistics;
        let photons = frame.shot.photons.as_ref();
        let photons = || photons.ok_or_else(|| SeriesError::NotWanted(path()));
        let written = &mut self.written;
        match kind {
            OutputKind::Png | OutputKind::Overview => {
                let drawn = (frame.draw)(&kind, &frame.planned, photons()?);
                let mut file = drawn.map_err(|problem| FormatError::content(&path(), problem))?;
                if let Some(text) = (frame.planned.record)(&self.output) {
                    file = record::add(png::FORMAT, file, &text);
                }
                self.sink.write_file(number, &file)?;
            }
            OutputKind::Pgm { scale } => {
                let scale = scale.unwrap_or_else(|| pgm::automatic_scale(statistics));
                written.scale = Some(scale);
                self.sink
                    .write_file(number, &pgm::encode(photons()?, scale))?;
            }
            OutputKind::Plain {
                encoding,
                scale,
                adc,
            } => {
                let usual = encoding.usual_counts(statistics);
                let counts = Counts {
                    scale: scale.unwrap_or(usual.scale),
                    adc_offset: adc.unwrap_or(usual.adc_offset),
                };
                written.scale = Some(counts.scale).filter(|_| encoding.counts());
                let (image, header) = (photons()?, self.header(&frame.planned));
                let sink = &mut self.sink;
                let clipped = sink.write_image(number, encoding, image, counts, &header)?;
                self.written.overloads += clipped.above;
                self.written.clipped_below += clipped.below;
            }
            OutputKind::Noise { encoding, noise } => {
                written.scale = Some(noise.gain).filter(|&gain| gain != 1.0);
                let counted = counted.ok_or_else(|| SeriesError::NotWanted(path()))?;
                let [width, height] = frame_size(frame.planned.experiment);
                let raster = RasterView {
                    width,
                    height,
                    pixels: counted.pixels.view(),
                };
                let header = self.header(&frame.planned);
                self.sink.write(number, encoding, raster, &header)?;
                self.written.overloads += counted.overloads();
                self.written.clipped_below += counted.clipped.below;
            }
        }
        self.written.frames += 1;
        Ok(())
    }

    /// The header of `frame`; later frames of a file say only what is their own.
    fn header(&self, frame: &PlannedFrame) -> Header {
        match self.sink.is_begun() {
            true => Header::of_later_frame(frame.experiment, frame.up),
            false => self.first_header(frame),
        }
    }
}

/// Writes `frame` into the files of every output: those that its shot was [`wanted`] for, in the same
/// order.
///
/// # Errors
/// [`SeriesError`] with the file to blame.
pub fn write_frame(sinks: &mut [OutputSink], frame: &RenderedFrame) -> Result<(), SeriesError> {
    let mut counted = frame.shot.counted.iter();
    let own = sinks.iter_mut().map(|sink| {
        let has_noise = matches!(sink.output.kind, OutputKind::Noise { .. });
        let counted = has_noise.then(|| counted.next()).flatten();
        (sink, counted)
    });
    // A bare file needs least memory beside the image's, and mostly waits for the disk: it is
    // written beside the others, which come one after the other.
    let (bare, others): (Vec<_>, Vec<_>) =
        own.partition(|(sink, _)| sink.output.kind.format() == raw::FORMAT);
    let all = |sinks: Vec<(&mut OutputSink, Option<&Counted>)>| {
        let mut sinks = sinks.into_iter();
        sinks.try_for_each(|(sink, counted)| sink.write(frame, counted))
    };
    let (bare, others) = rayon::join(|| all(bare), || all(others));
    bare.and(others)
}
