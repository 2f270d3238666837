//! Writing: the frames as they come, then what is said of them.

use std::io;
use std::path::Path;

use glam::DVec3;
use rust_hdf5::{FilterPipeline, H5Dataset, H5File, H5Type, Hdf5Error, LibverBound};

use super::setting::{FrameSetting, Setting};
use super::tree::{Axis, Tree, attribute};
use super::{ANGSTROM, PanelPlace};
use crate::formats::encoding::Number;
use crate::formats::raster::{Pixels, Raster};
use crate::formats::{FormatError, PendingFile};
use crate::geometry::{decimal, degrees};

/// How a frame is compressed. None loses a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Bytes sorted by their place in a number, then deflated: every HDF5 library reads it.
    #[default]
    Gzip,
    /// Bits sorted by their place, then LZ4, as DECTRIS' detectors write: three times as fast, and
    /// readers need the filter 32008, which `hdf5plugin` and DIALS bring.
    BitshuffleLz4,
    /// Not at all.
    None,
}

/// The date of a simulation, which has no clock: the same flags give the same bytes.
const NO_TIME: &str = "2000-01-01T00:00:00Z";

/// An NXmx file in the making.
pub struct NxmxWriter {
    pending: PendingFile,
    file: H5File,
    data: H5Dataset,
    number: Number,
    /// Pixels along fast and slow.
    size: [usize; 2],
    frames: Vec<FrameSetting>,
    frame_count: usize,
    setting: Setting,
}

impl NxmxWriter {
    /// Starts a file beside `path` for `frame_count` frames of this size.
    ///
    /// # Errors
    /// [`FormatError::Write`] when it cannot be written there, or a frame is larger than HDF5's
    /// 4 GiB.
    pub fn create(
        path: &Path,
        [width, height]: [usize; 2],
        frame_count: usize,
        number: Number,
        compression: Compression,
        setting: Setting,
    ) -> Result<NxmxWriter, FormatError> {
        let pending = PendingFile::reserve(path)?;
        let started = || -> Result<(H5File, H5Dataset), Hdf5Error> {
            let bytes = (width as u64)
                .checked_mul(height as u64)
                .and_then(|pixels| pixels.checked_mul(number.bytes() as u64));
            if bytes.is_none_or(|bytes| bytes > u64::from(u32::MAX)) {
                let what = format!(
                    "a frame of {width} x {height} pixels is more than the 4 GiB that HDF5 takes"
                );
                return Err(io::Error::other(what).into());
            }
            // Readers of HDF5 1.8 and later take this; newer indices of chunks gain nothing here.
            let options = H5File::options().no_locking().libver(LibverBound::V18);
            let file = options.create(pending.place())?;
            file.set_attr_string("NX_class", "NXroot")?;
            file.set_attr_string("default", "entry")?;
            file.set_attr_string("creator", "nanobragg")?;
            let root = Tree(file.root_group());
            let entry = root.group("entry", "NXentry")?;
            let group = entry.group("data", "NXdata")?;
            group.0.set_attr_string("signal", "data")?;
            let shape = [frame_count, height, width];
            let pipeline = compression.pipeline(number.bytes() as u32);
            let data = match number {
                Number::F32 => dataset::<f32>(&group, &shape, pipeline),
                Number::U16 => dataset::<u16>(&group, &shape, pipeline),
                Number::U32 => dataset::<u32>(&group, &shape, pipeline),
                Number::I32 => dataset::<i32>(&group, &shape, pipeline),
            }?;
            Ok((file, data))
        };
        let (file, data) = started().map_err(|error| write_error(path, error))?;
        Ok(NxmxWriter {
            pending,
            file,
            data,
            number,
            size: [width, height],
            frames: Vec::with_capacity(frame_count),
            frame_count,
            setting,
        })
    }

    /// Writes the next frame.
    ///
    /// # Errors
    /// [`FormatError::Write`], for a full disk say.
    ///
    /// # Panics
    /// When the frame is of another size or kind of numbers than the file, or one too many.
    pub fn push(&mut self, frame: &Raster, setting: FrameSetting) -> Result<(), FormatError> {
        assert_eq!([frame.width, frame.height], self.size);
        assert!(self.frames.len() < self.frame_count, "one frame too many");
        let bytes: Vec<u8> = match (self.number, &frame.pixels) {
            (Number::F32, Pixels::F32(all)) => all.iter().flat_map(|n| n.to_le_bytes()).collect(),
            (Number::U16, Pixels::U16(all)) => all.iter().flat_map(|n| n.to_le_bytes()).collect(),
            (Number::U32, Pixels::U32(all)) => all.iter().flat_map(|n| n.to_le_bytes()).collect(),
            (Number::I32, Pixels::I32(all)) => all.iter().flat_map(|n| n.to_le_bytes()).collect(),
            (number, pixels) => panic!("{} in a file of {number:?}", pixels.kind()),
        };
        self.data
            .write_chunk(self.frames.len(), &bytes)
            .map_err(|error| write_error(self.pending.path(), error))?;
        self.frames.push(setting);
        Ok(())
    }

    /// The complete file, not yet in its place.
    ///
    /// # Errors
    /// [`FormatError::Write`].
    ///
    /// # Panics
    /// When there are frames missing.
    pub fn finish(self) -> Result<PendingFile, FormatError> {
        assert_eq!(self.frames.len(), self.frame_count, "every frame is there");
        let said = self.describe();
        let NxmxWriter { pending, file, .. } = self;
        said.and_then(|()| file.close_no_sync())
            .map_err(|error| write_error(pending.path(), error))?;
        Ok(pending)
    }

    /// Says what the frames are of.
    fn describe(&self) -> Result<(), Hdf5Error> {
        let entry = Tree(self.file.root_group().group("entry")?);
        entry.0.set_attr_string("default", "data")?;
        entry.text("definition", "NXmx")?;
        entry.text("start_time", NO_TIME)?;
        entry.text("end_time_estimated", NO_TIME)?;
        entry.text("program_name", "nanobragg")?;
        let source = entry.group("source", "NXsource")?;
        source.text("name", "simulation")?;
        let instrument = entry.group("instrument", "NXinstrument")?;
        instrument.text("name", "nanobragg")?;
        self.describe_beam(&instrument.group("beam", "NXbeam")?)?;
        self.describe_detector(&instrument.group("detector", "NXdetector")?)?;
        self.describe_sample(&entry.group("sample", "NXsample")?)?;
        self.describe_program(&entry.group("nanobragg", "NXcollection")?)
    }

    fn describe_beam(&self, beam: &Tree) -> Result<(), Hdf5Error> {
        if let Some(wavelength_m) = self.setting.wavelength_m {
            let angstrom = wavelength_m / ANGSTROM;
            beam.quantity("incident_wavelength", angstrom, "angstrom")?;
        }
        if let Some(stokes) = self.setting.stokes {
            beam.array("incident_polarization_stokes", &[4], &stokes)?;
        }
        Ok(())
    }

    fn describe_detector(&self, detector: &Tree) -> Result<(), Hdf5Error> {
        let setting = &self.setting;
        detector.text("description", "simulated detector")?;
        detector.number("bit_depth_image", 8 * self.number.bytes() as u32)?;
        // A simulation knows how deep photons get, and no material; readers want one.
        let thickness_m = setting.sensor_thickness_m.unwrap_or(0.0);
        detector.text("sensor_material", "Si")?;
        detector.quantity("sensor_thickness", thickness_m, "m")?;
        if let Some(largest) = setting.saturation.or(self.number.ceiling()) {
            detector.number("saturation_value", largest)?;
            detector.number("underload_value", 0.0)?;
        }
        let [width, height] = self.size;
        if let Some(mask) = &setting.mask {
            detector.array("pixel_mask", &[height, width], mask)?;
            // Masked pixels hold 0, or -1 where there is a sign.
            detector.number("pixel_mask_applied", 1u8)?;
        }
        let Some(first) = setting.panels.first() else {
            return Ok(());
        };
        let distance_m = match first.beam_spot() {
            Some((distance_m, [fast, slow])) => {
                detector.quantity("beam_center_x", fast, "pixel")?;
                detector.quantity("beam_center_y", slow, "pixel")?;
                detector.quantity("distance", distance_m, "m")?;
                distance_m
            }
            None => 0.0,
        };
        let [wide, high] = first.pixel_size_m;
        detector.quantity("x_pixel_size", wide, "m")?;
        detector.quantity("y_pixel_size", high, "m")?;
        const DISTANCE: &str = "/entry/instrument/detector/transformations/det_z";
        detector.text("depends_on", DISTANCE)?;
        let chain = detector.group("transformations", "NXtransformations")?;
        let along_beam = Axis {
            kind: "translation",
            units: "m",
            vector: DVec3::Z,
            depends_on: ".",
        };
        chain.axis("det_z", &[distance_m], &along_beam)?;
        for (index, panel) in setting.panels.iter().enumerate() {
            let name = match setting.panels.len() {
                1 => "module".to_string(),
                _ => format!("module_{index:04}"),
            };
            let module = detector.group(&name, "NXdetector_module")?;
            describe_module(&module, &name, panel, distance_m, DISTANCE)?;
        }
        Ok(())
    }

    fn describe_sample(&self, sample: &Tree) -> Result<(), Hdf5Error> {
        sample.text("name", "simulated crystal")?;
        if let Some(cell) = self.setting.cell {
            sample.array("unit_cell", &[6], &cell)?;
        }
        let all = |part: fn(&FrameSetting) -> Option<f64>| -> Option<Vec<f64>> {
            let radians: Option<Vec<f64>> = self.frames.iter().map(part).collect();
            Some(radians?.into_iter().map(degrees).collect())
        };
        let starts = all(|frame| frame.start_rad);
        let (Some(starts), Some(spindle)) = (starts, self.setting.spindle) else {
            return sample.text("depends_on", ".");
        };
        sample.text("depends_on", "/entry/sample/transformations/omega")?;
        let chain = sample.group("transformations", "NXtransformations")?;
        let spindle = Axis {
            kind: "rotation",
            units: "deg",
            vector: spindle,
            depends_on: ".",
        };
        chain.axis("omega", &starts, &spindle)?;
        if let Some(ranges) = all(|frame| frame.range_rad) {
            let shape = [ranges.len()];
            let end =
                |(start, range): (&f64, &f64)| decimal(start + range, start.abs() + range.abs());
            let ends: Vec<f64> = starts.iter().zip(&ranges).map(end).collect();
            chain.quantities("omega_end", &shape, &ends, "deg")?;
            chain.quantities("omega_increment_set", &shape, &ranges, "deg")?;
        }
        Ok(())
    }

    /// What NeXus has no place for.
    fn describe_program(&self, own: &Tree) -> Result<(), Hdf5Error> {
        own.text("version", crate::version::NUMBER)?;
        if let Some(configuration) = &self.setting.configuration {
            own.0
                .write_vlen_strings("configuration", &[configuration])?;
        }
        if let Some(turn) = self.setting.laboratory {
            own.array("laboratory", &[3, 3], &turn.transpose().to_cols_array())?;
        }
        let reciprocal: Option<Vec<_>> = self.frames.iter().map(|frame| frame.reciprocal).collect();
        if let Some(all) = reciprocal.filter(|all| !all.is_empty()) {
            // A row is a vector.
            let per_angstrom = all
                .iter()
                .flat_map(|axes| (*axes * ANGSTROM).to_cols_array());
            let per_angstrom: Vec<f64> = per_angstrom.collect();
            let shape = [all.len(), 3, 3];
            own.quantities("reciprocal_axes", &shape, &per_angstrom, "1/angstrom")?;
        }
        Ok(())
    }
}

/// Says where the panel called `name` is, which stands on the detector's `distance`.
fn describe_module(
    module: &Tree,
    name: &str,
    panel: &PanelPlace,
    distance_m: f64,
    distance: &str,
) -> Result<(), Hdf5Error> {
    let [width, height] = panel.shape.map(|count| count as i64);
    module.array("data_origin", &[2], &[panel.first_row as i64, 0])?;
    module.array("data_size", &[2], &[height, width])?;
    if !panel.name.is_empty() {
        module.text("name", &panel.name)?;
    }
    let offset = panel.origin_m - distance_m * DVec3::Z;
    let length = offset.length();
    let step = Axis {
        kind: "translation",
        units: "m",
        vector: offset.normalize_or(DVec3::X),
        depends_on: distance,
    };
    module.axis("module_offset", &[length], &step)?;
    let offset = format!("/entry/instrument/detector/{name}/module_offset");
    let [wide, high] = panel.pixel_size_m;
    for (name, size, vector) in [
        ("fast_pixel_direction", wide, panel.fast),
        ("slow_pixel_direction", high, panel.slow),
    ] {
        let step = Axis {
            vector,
            depends_on: &offset,
            ..step
        };
        module.axis(name, &[size], &step)?;
    }
    Ok(())
}

/// The dataset of the frames, one a chunk.
fn dataset<T: H5Type>(
    group: &Tree,
    shape: &[usize; 3],
    pipeline: FilterPipeline,
) -> Result<H5Dataset, Hdf5Error> {
    let chunk = [1, shape[1], shape[2]];
    let builder = group.0.new_dataset::<T>().shape(shape).chunk(&chunk);
    let data = builder.filter_pipeline(pipeline).create("data")?;
    attribute(&data, "long_name", "photons or counts")?;
    Ok(data)
}

impl Compression {
    fn pipeline(self, number_bytes: u32) -> FilterPipeline {
        /// Of deflate's levels; the next ones take three times as long for a hundredth less.
        const FAST: u32 = 1;
        match self {
            Compression::Gzip => FilterPipeline::shuffle_deflate(number_bytes, FAST),
            Compression::BitshuffleLz4 => FilterPipeline::bshuf_lz4(number_bytes),
            Compression::None => FilterPipeline::none(),
        }
    }
}

/// Writes one frame into a file of its own beside `path`.
///
/// # Errors
/// As [`NxmxWriter::create`].
///
/// # Panics
/// When the frame is of another kind of numbers.
pub fn write(
    path: &Path,
    frame: &Raster,
    number: Number,
    compression: Compression,
    setting: Setting,
    of_frame: FrameSetting,
) -> Result<PendingFile, FormatError> {
    let size = [frame.width, frame.height];
    let mut writer = NxmxWriter::create(path, size, 1, number, compression, setting)?;
    writer.push(frame, of_frame)?;
    writer.finish()
}

fn write_error(path: &Path, error: Hdf5Error) -> FormatError {
    let reason = match error {
        Hdf5Error::Io(reason) => reason,
        other => io::Error::other(other.to_string()),
    };
    FormatError::Write {
        path: path.to_path_buf(),
        reason,
    }
}
