//! Reading what a NeXus file says of the experiment.

use glam::{DMat3, DVec3};

use super::lookup::NexusFile;
use super::{ANGSTROM, NO_SENSOR_M};
use crate::formats::metadata::{FrameMetadata, Metadata, PanelPlace};

impl NexusFile {
    /// The metadata of all frames, which are of this size.
    pub fn metadata(&self, size: [usize; 2]) -> Metadata {
        let beam = format!("{}/instrument/beam", self.entry);
        let at = |name: &str| format!("{}/{name}", self.detector);
        let own = format!("{}/nanobragg", self.entry);
        let wavelength_m = self.quantity(&format!("{beam}/incident_wavelength"));
        let stokes = self.numbers(&format!("{beam}/incident_polarization_stokes"));
        let cell = self.numbers(&format!("{}/sample/unit_cell", self.entry));
        let mask = self.whole_numbers(&at("pixel_mask"));
        let panels = self.panels(size);
        let laboratory = self.numbers(&format!("{own}/laboratory"));
        let configuration = self
            .dataset(&format!("{own}/configuration"))
            .and_then(|dataset| dataset.read_strings());
        Metadata {
            wavelength_m: wavelength_m.filter(|&metres| metres > 0.0),
            stokes: stokes.and_then(|stokes| stokes.try_into().ok()),
            panels,
            sensor_thickness_m: self
                .quantity(&at("sensor_thickness"))
                .filter(|&metres| metres > NO_SENSOR_M),
            sensor_attenuation_m: None,
            saturation: self.quantity(&at("saturation_value")),
            spindle: self
                .spindle
                .as_deref()
                .and_then(|path| self.vector(path, "vector"))
                .and_then(DVec3::try_normalize),
            cell: cell.and_then(|cell| cell.try_into().ok()),
            laboratory: laboratory
                .and_then(|numbers| <[f64; 9]>::try_from(numbers).ok())
                .map(|rows| DMat3::from_cols_array(&rows).transpose()),
            mask: mask.filter(|mask| mask.len() == size[0] * size[1]),
            configuration: configuration
                .ok()
                .and_then(|texts| texts.into_iter().next()),
        }
    }

    /// The metadata of frame `index` of `count`, counted from 0.
    pub fn frame_metadata(&self, index: usize, count: usize) -> FrameMetadata {
        let of_frame = |path: &str| -> Option<f64> {
            let all = self.numbers(path)?;
            let degrees = match all.len() {
                1 => all[0],
                several if several == count => *all.get(index)?,
                _ => return None,
            };
            Some(degrees * self.unit(path)?)
        };
        let spindle = self.spindle.as_deref();
        let start_rad = spindle.and_then(of_frame);
        let range_rad = spindle.and_then(|spindle| {
            of_frame(&format!("{spindle}_increment_set"))
                .or_else(|| Some(of_frame(&format!("{spindle}_end"))? - start_rad?))
        });
        let axes = self.numbers(&format!("{}/nanobragg/reciprocal_axes", self.entry));
        let reciprocal = axes.and_then(|all| {
            let nine = all.get(index.checked_mul(9)?..)?.first_chunk::<9>()?;
            Some(DMat3::from_cols_array(nine) * ANGSTROM.recip())
        });
        FrameMetadata {
            start_rad,
            range_rad,
            reciprocal,
        }
    }

    /// The panels that the file's modules describe, or else one upright panel where the file says
    /// enough.
    fn panels(&self, size: [usize; 2]) -> Vec<PanelPlace> {
        let group = |path: &str| {
            let mut group = self.file.root_group();
            for part in path.split('/') {
                group = group.group(part).ok()?;
            }
            Some(group)
        };
        let mut names = group(&self.detector)
            .and_then(|detector| detector.group_names().ok())
            .unwrap_or_default();
        names.sort();
        let paths = names.iter().map(|name| format!("{}/{name}", self.detector));
        let modules = paths.filter(|path| {
            let class = group(path).and_then(|group| group.attr_string("NX_class").ok());
            class.as_deref() == Some("NXdetector_module")
        });
        let places: Vec<Option<PanelPlace>> = modules.map(|path| self.panel(&path)).collect();
        let found = places.into_iter().collect::<Option<Vec<_>>>();
        match found.filter(|panels| !panels.is_empty()) {
            Some(mut panels) => {
                panels.sort_by_key(|panel| panel.first_row);
                panels
            }
            None => self.upright_panel(size).into_iter().collect(),
        }
    }

    fn upright_panel(&self, size: [usize; 2]) -> Option<PanelPlace> {
        let at = |name: &str| self.quantity(&format!("{}/{name}", self.detector));
        let centre = [at("beam_center_x")?, at("beam_center_y")?];
        let distance_m = at("distance").or(at("detector_distance"))?;
        Some(PanelPlace::upright(
            centre,
            distance_m,
            at("x_pixel_size")?,
            size,
        ))
    }

    /// The place of the module at `path`.
    fn panel(&self, path: &str) -> Option<PanelPlace> {
        let at = |name: &str| format!("{path}/{name}");
        let origin = self.whole_numbers(&at("data_origin"))?;
        let shape = self.whole_numbers(&at("data_size"))?;
        let (&[first_row, first_column], &[height, width]) = (&origin[..], &shape[..]) else {
            return None;
        };
        // Panels are stacked here, none beside another.
        if first_column != 0 {
            return None;
        }
        let [fast, slow] = ["fast_pixel_direction", "slow_pixel_direction"].map(at);
        let direction = |axis: &str| {
            let turned = self
                .below(axis)?
                .transform_vector3(self.vector(axis, "vector")?);
            turned.try_normalize()
        };
        let offset = at("module_offset");
        let standing = match self.dataset(&offset) {
            Ok(_) => self.placed(&offset)?,
            Err(_) => self.below(&fast)?,
        };
        Some(PanelPlace {
            name: self.text(&at("name")).unwrap_or_default(),
            origin_m: standing.translation,
            fast: direction(&fast)?,
            slow: direction(&slow)?,
            pixel_size_m: [self.quantity(&fast)?, self.quantity(&slow)?],
            shape: [width as usize, height as usize],
            first_row: first_row as usize,
        })
    }
}
