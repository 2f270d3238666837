//! Writing what is known of the frames, once all of them are written.

use glam::{DMat3, DVec3};
use rust_hdf5::{H5File, Hdf5Error};

use super::groups::{Axis, Group};
use super::writer::Known;
use super::{ANGSTROM, NO_SENSOR_M};
use crate::formats::encoding::Number;
use crate::formats::metadata::{FrameMetadata, PanelPlace};
use crate::geometry::{decimal, degrees};

/// The date of a simulation, which has no clock: the same flags give the same bytes.
const NO_TIME: &str = "2000-01-01T00:00:00Z";

/// The exposure time that readers want, s: the simulation knows only the fluence.
const EXPOSURE_S: f64 = 1.0;

/// The entry of `file`.
pub fn entry(file: &H5File) -> Result<Group, Hdf5Error> {
    file.root_group().group("entry").map(Group)
}

impl Known {
    /// Writes the metadata of the frames that have come into `file`.
    pub(super) fn describe(&self, file: &H5File) -> Result<(), Hdf5Error> {
        let entry = entry(file)?;
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

    fn describe_beam(&self, beam: &Group) -> Result<(), Hdf5Error> {
        if let Some(wavelength_m) = self.metadata.wavelength_m {
            let angstrom = wavelength_m / ANGSTROM;
            beam.quantity("incident_wavelength", angstrom, "angstrom")?;
        }
        if let Some(stokes) = self.metadata.stokes {
            beam.array("incident_polarization_stokes", &[4], &stokes)?;
        }
        Ok(())
    }

    fn describe_detector(&self, detector: &Group) -> Result<(), Hdf5Error> {
        let metadata = &self.metadata;
        detector.text("description", "simulated detector")?;
        let bits = 8 * self.number.bytes() as u32;
        detector.number("bit_depth_image", bits)?;
        if matches!(self.number, Number::U32 | Number::I32) {
            // For 16 bits, dxtbx would take the two largest counts for masks.
            detector.number("bit_depth_readout", bits)?;
        }
        for time in ["count_time", "frame_time"] {
            detector.quantity(time, EXPOSURE_S, "s")?;
        }
        // A simulation knows how deep photons get, and no material; readers want one.
        let thickness_m = metadata.sensor_thickness_m.unwrap_or(NO_SENSOR_M);
        detector.text("sensor_material", "Si")?;
        detector.quantity("sensor_thickness", thickness_m, "m")?;
        if let Some(largest) = metadata.saturation.or(self.number.ceiling()) {
            detector.number("saturation_value", largest)?;
            detector.number("underload_value", 0.0)?;
        }
        let [width, height] = self.size;
        if let Some(mask) = &metadata.mask {
            detector.array("pixel_mask", &[height, width], mask)?;
            // Masked pixels hold 0, or -1 where there is a sign.
            detector.number("pixel_mask_applied", 1u8)?;
        }
        if self.number != Number::F32 {
            self.describe_for_neggia(&detector.group("detectorSpecific", "NXcollection")?)?;
        }
        let Some(first) = metadata.panels.first() else {
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
        for (index, panel) in metadata.panels.iter().enumerate() {
            let name = match metadata.panels.len() {
                1 => "module".to_string(),
                _ => format!("module_{index:04}"),
            };
            let module = detector.group(&name, "NXdetector_module")?;
            describe_module(&module, &name, panel, distance_m, DISTANCE)?;
        }
        Ok(())
    }

    /// Writes what DECTRIS' plugin neggia asks for, with which XDS reads HDF5: it reads whole
    /// numbers only, and a mask that is neither chunked nor compressed (its `H5ToXds.cpp` and
    /// `Dataset.cpp`).
    fn describe_for_neggia(&self, specific: &Group) -> Result<(), Hdf5Error> {
        let [width, height] = self.size;
        let gap = |flags: &u32| u8::from(*flags != 0);
        let mask = match &self.metadata.mask {
            Some(mask) => mask.iter().map(gap).collect(),
            None => vec![0; width * height],
        };
        specific.array("pixel_mask", &[height, width], &mask)?;
        specific.number("nimages", self.frames.len() as u32)?;
        specific.number("ntrigger", 1u32)?;
        specific.number("x_pixels_in_detector", width as u32)?;
        specific.number("y_pixels_in_detector", height as u32)
    }

    fn describe_sample(&self, sample: &Group) -> Result<(), Hdf5Error> {
        sample.text("name", "simulated crystal")?;
        if let Some(cell) = self.metadata.cell {
            sample.array("unit_cell", &[6], &cell)?;
        }
        if let Some(axes) = self.reciprocal_axes() {
            // UB of Busing and Levy has a*, b* and c* as its columns.
            let columns = axes
                .iter()
                .flat_map(|axes| axes.transpose().to_cols_array());
            let all: Vec<f64> = columns.collect();
            sample.quantities("ub_matrix", &[axes.len(), 3, 3], &all, "1/angstrom")?;
        }
        let all = |part: fn(&FrameMetadata) -> Option<f64>| -> Option<Vec<f64>> {
            let radians: Option<Vec<f64>> = self.frames.iter().map(part).collect();
            Some(radians?.into_iter().map(degrees).collect())
        };
        let starts = all(|frame| frame.start_rad);
        let (Some(starts), Some(spindle)) = (starts, self.metadata.spindle) else {
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

    /// The reciprocal axes of every frame at φ = 0, columns, 1/Å.
    fn reciprocal_axes(&self) -> Option<Vec<DMat3>> {
        let frames = self.frames.iter();
        let axes: Option<Vec<DMat3>> = frames
            .map(|frame| Some(frame.reciprocal? * ANGSTROM))
            .collect();
        axes.filter(|axes| !axes.is_empty())
    }

    /// Writes what NeXus has no place for.
    fn describe_program(&self, own: &Group) -> Result<(), Hdf5Error> {
        own.text("version", crate::version::NUMBER)?;
        if let Some(configuration) = &self.metadata.configuration {
            own.0
                .write_vlen_strings("configuration", &[configuration])?;
        }
        if let Some(turn) = self.metadata.laboratory {
            own.array("laboratory", &[3, 3], &turn.transpose().to_cols_array())?;
        }
        if let Some(all) = self.reciprocal_axes() {
            // A row is a vector.
            let per_angstrom: Vec<f64> = all.iter().flat_map(DMat3::to_cols_array).collect();
            let shape = [all.len(), 3, 3];
            own.quantities("reciprocal_axes", &shape, &per_angstrom, "1/angstrom")?;
        }
        Ok(())
    }
}

/// Writes the place of the panel called `name`, whose chain ends in the detector's `distance`.
fn describe_module(
    module: &Group,
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
