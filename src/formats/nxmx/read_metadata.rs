//! Reading what a NeXus file says of the experiment.

use glam::{DMat3, DVec3};

use super::lookup::NexusFile;
use super::{ANGSTROM, NO_SENSOR_M};
use crate::experiment::photon_energy_to_wavelength;
use crate::formats::metadata::{FrameMetadata, Metadata, PanelPlace};
use crate::formats::unit::si;

impl NexusFile {
    /// The metadata of all frames, which are of this size.
    pub fn metadata(&self, size: [usize; 2]) -> Metadata {
        let at = |name: &str| format!("{}/{name}", self.detector);
        let own = format!("{}/nanobragg", self.entry);
        let stokes = self.numbers(&format!("{}/incident_polarization_stokes", self.beam));
        let cell = self.numbers(&format!("{}/unit_cell", self.sample));
        let mask = self.whole_numbers(&at("pixel_mask"));
        let panels = self.panels(size);
        let laboratory = self.numbers(&format!("{own}/laboratory"));
        let configuration = self
            .dataset(&format!("{own}/configuration"))
            .and_then(|dataset| dataset.read_strings().ok());
        Metadata {
            wavelength_m: self.wavelength_m().filter(|&metres| metres > 0.0),
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
            configuration: configuration.and_then(|texts| texts.into_iter().next()),
        }
    }

    /// The beam's wavelength, m, or that of its photons' energy.
    fn wavelength_m(&self) -> Option<f64> {
        let own = self.quantity(&format!("{}/incident_wavelength", self.beam));
        own.or_else(|| {
            let mut energies = [
                format!("{}/incident_energy", self.beam),
                format!("{}/detectorSpecific/photon_energy", self.detector),
            ]
            .into_iter();
            energies
                .find_map(|path| self.energy_ev(&path))
                .map(photon_energy_to_wavelength)
        })
    }

    /// Pixels of a frame along fast and slow, as the detector's group tells them.
    pub fn detector_size(&self) -> Option<[usize; 2]> {
        let at = |name: &str| {
            let path = format!(
                "{}/detectorSpecific/{name}_pixels_in_detector",
                self.detector
            );
            Some(*self.whole_numbers(&path)?.first()? as usize)
        };
        let of_mask = || {
            let mask = self.dataset(&format!("{}/pixel_mask", self.detector))?;
            let [slow, fast] = mask.shape().try_into().ok()?;
            Some([fast, slow])
        };
        let size = at("x").zip(at("y")).map(Into::into).or_else(of_mask);
        size.filter(|size: &[usize; 2]| !size.contains(&0))
    }

    /// Frames that the angles of the spindle are of.
    pub fn angles(&self) -> usize {
        let angles = self.spindle.as_deref().and_then(|path| self.numbers(path));
        angles.map_or(1, |angles| angles.len())
    }

    /// The metadata of frame `index` of `count`, counted from 0.
    pub fn frame_metadata(&self, index: usize, count: usize) -> FrameMetadata {
        let radians = |path: &str, angle: f64| match self.unit_name(path) {
            Some(unit) => Some(angle * si(&unit)?),
            // Angles without a unit are in degrees, as all programs write them.
            None => Some(angle.to_radians()),
        };
        let numbers = |path: &str| {
            self.numbers(path)
                .filter(|all| [1, count].contains(&all.len()))
        };
        let of_frame = |path: &str| -> Option<f64> {
            let all = numbers(path)?;
            radians(
                path,
                *all.get(index).or(all.first().filter(|_| all.len() == 1))?,
            )
        };
        let spindle = self.spindle.as_deref();
        let start_rad = spindle.and_then(of_frame);
        let range_rad = spindle.and_then(|spindle| {
            let of_own = |suffix: &str| of_frame(&format!("{spindle}{suffix}"));
            of_own("_increment_set")
                .or_else(|| Some(of_own("_end")? - start_rad?))
                .or_else(|| of_own("_increment"))
                .or_else(|| of_own("_range_average"))
                .or_else(|| {
                    // Up to where the next frame starts; the last turns as far as the one before.
                    let starts = numbers(spindle)?;
                    let next = (index + 1).min(starts.len().checked_sub(1)?).max(1);
                    radians(spindle, starts.get(next)? - starts[next - 1])
                })
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
        let names = self.children(&self.detector, "NXdetector_module");
        let modules = names.iter().map(|name| format!("{}/{name}", self.detector));
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
        let path = |name: &str| format!("{}/{name}", self.detector);
        let at = |name: &str| self.quantity(&path(name));
        let fast_m = at("x_pixel_size")?;
        let pixel_size_m = [fast_m, at("y_pixel_size").unwrap_or(fast_m)];
        // The centre is in pixels, but for files that give it a length.
        let centre = |name: &str, pixel_m: f64| {
            let pixels = self
                .unit_name(&path(name))
                .is_none_or(|unit| unit.starts_with("pixel"));
            Some(if pixels {
                at(name)?
            } else {
                at(name)? / pixel_m
            })
        };
        let centre = [
            centre("beam_center_x", pixel_size_m[0])?,
            centre("beam_center_y", pixel_size_m[1])?,
        ];
        let distance_m = at("distance").or(at("detector_distance"))?;
        Some(PanelPlace::upright(centre, distance_m, pixel_size_m, size))
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
            Some(_) => self.placed(&offset)?,
            None => self.below(&fast)?,
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
