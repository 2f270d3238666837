//! The keys of a document: one line each, from which the sections' fields, the names and kinds in
//! files, and the order in which files are written follow.

use std::path::PathBuf;

use super::Recorded;
use super::choices::{
    Choice, DivergenceShape, Experiments, Misset, MosaicDistribution, RecordPaths, SlabKeys,
    Symmetry,
};
use super::value::{
    ANGLES, Axes, B_FACTOR, CELL_AXES, CELLS, COORDINATE, CORRELATION, COUNT, Cells, DEPTH,
    DETECTOR_AXES, DISPLACEMENT, DIVERGENCE, EXPERIMENTS, Field, Form, INDEX, KAHN_FACTOR, Kind,
    MISORIENTATION, NEIGHBOURS, NOT_NEGATIVE, NUMBER, PERCENT, POSITIVE, SEED, THREADS, Value,
};
use crate::experiment::{Convention, LayerDepth, PhiSampling, Pivot, Shape, SpotMetric};
use crate::formats::encoding::Compression;
use crate::formats::encoding::Number;
use crate::formats::png::{Colormap, Depth};
use crate::image::ToneScale;
use crate::image::noise::SpreadShape;

/// A key of a document.
pub struct Key {
    /// The section that it stands in.
    pub section: &'static str,
    /// Name of the key, with the unit.
    pub name: &'static str,
    /// What each of its values may be.
    pub kind: Kind,
    /// How many values it has.
    pub form: Form,
    get: fn(&Document) -> Option<Value>,
    put: fn(&mut Document, Option<Value>) -> bool,
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        std::ptr::eq(self, other)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.section, self.name)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Key {
    /// The value that `document` has under this key.
    pub fn get(&self, document: &Document) -> Option<Value> {
        (self.get)(document)
    }

    /// Whether `document` has a value under this key.
    pub fn is_in(&self, document: &Document) -> bool {
        self.get(document).is_some()
    }

    /// Gives `document` a value under this key.
    ///
    /// # Errors
    /// What is wrong with the value, in words.
    pub fn set(&self, document: &mut Document, value: &Value) -> Result<(), Refused> {
        let expected = |accepted: String| Refused::Expected(accepted);
        let checked = self.form.checked(&self.kind, value).map_err(expected)?;
        let checked = match (&self.kind, checked) {
            (Kind::Slab, Value::List(slabs)) => {
                let slabs = slabs.iter().map(|slab| match slab {
                    Value::Table(entries) => SlabKeys::checked(entries).map(|slab| slab.to_value()),
                    _ => Err(self.kind.expected()),
                });
                Value::List(slabs.collect::<Result<_, _>>().map_err(Refused::Within)?)
            }
            (_, checked) => checked,
        };
        match (self.put)(document, Some(checked)) {
            true => Ok(()),
            false => Err(expected(self.kind.expected())),
        }
    }

    /// Takes the value under this key out of `document`.
    pub fn clear(&self, document: &mut Document) {
        (self.put)(document, None);
    }

    /// Copies the value under this key from one document to another; nothing if there is none.
    pub fn copy(&self, from: &Document, to: &mut Document) {
        if let Some(value) = self.get(from) {
            (self.put)(to, Some(value));
        }
    }
}

/// Why a value is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Something else is expected.
    Expected(String),
    /// A part of the value is wrong, which is said in whole words.
    Within(String),
}

macro_rules! sections {
    ($($(#[$about:meta])* $section:ident: $Section:ident {
        $($(#[$doc:meta])* $field:ident $name:literal: $type:ty = $kind:expr, $form:expr;)*
    })*) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone, Default, PartialEq)]
            pub struct $Section {
                $($(#[$doc])* pub $field: Option<$type>,)*
            }
        )*

        /// An experiment as people write it: what is known of it, and no more. What a key leaves
        /// open is filled in when the document is read (see [`Document::resolve`]).
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Document {
            $($(#[$about])* pub $section: $Section,)*
            /// The files that the experiment was written with, and what they held.
            pub inputs: Vec<Recorded>,
        }

        /// Every key under the names of its section and field.
        #[expect(non_upper_case_globals, reason = "keys are called as fields are")]
        pub mod key {
            use super::*;

            $(
                $(#[$about])*
                pub mod $section {
                    use super::*;

                    $(
                        $(#[$doc])*
                        pub static $field: Key = Key {
                            section: stringify!($section),
                            name: $name,
                            kind: $kind,
                            form: $form,
                            get: |document| {
                                document.$section.$field.as_ref().map(Field::to_value)
                            },
                            put: |document, value| {
                                let field = value.map(<$type as Field>::of_value);
                                let accepted = !matches!(field, Some(None));
                                if accepted {
                                    document.$section.$field = field.flatten();
                                }
                                accepted
                            },
                        };
                    )*
                }
            )*
        }

        /// Every key, in the order in which files are written.
        pub static KEYS: &[&Key] = &[$($(&key::$section::$field,)*)*];

        /// The names of the sections, in the order of [`KEYS`].
        pub static SECTIONS: &[&str] = &[$(stringify!($section)),*];
    };
}

use Form::{Array, One, Repeated};
use Kind::{Path, Slab, Text, Truth};

const fn words<C: Choice>() -> Kind {
    Kind::Choice(C::WORDS)
}

const BY_CELL: Form = Form::Axes(&CELL_AXES);
const BY_PIXEL: Form = Form::Axes(&DETECTOR_AXES);
const VECTOR: Form = Array(3, 3);

sections! {
    /// The crystal and its structure factors.
    crystal: CrystalSection {
        /// File of structure factors: text, MTZ or mmCIF.
        structure_factors "structure_factors": PathBuf = Path, One;
        /// File that lists files of structure factors by wavelength.
        structure_factors_by_energy "structure_factors_by_energy": PathBuf = Path, One;
        /// File of atoms, PDB or mmCIF, that structure factors are computed from.
        atoms "atoms": PathBuf = Path, One;
        /// Finest spacing of structure factors from atoms, Å.
        atoms_dmin "atoms_dmin_A": f64 = POSITIVE, One;
        /// Whether there is solvent between molecules.
        solvent "solvent": bool = Truth, One;
        /// Density of the solvent, electrons/Å³.
        solvent_density "solvent_density_e_per_A3": f64 = NOT_NEGATIVE, One;
        /// B of the solvent's edges, Å².
        solvent_b "solvent_B_A2": f64 = NOT_NEGATIVE, One;
        /// Column of F in a file that has several.
        f_column "f_column": String = Text, One;
        /// F of every index that is not listed.
        default_f "default_F": f64 = NUMBER, One;
        /// Whether F is interpolated between reflections.
        interpolate "interpolate": bool = Truth, One;
        /// File of a MOSFLM A matrix.
        matrix "matrix": PathBuf = Path, One;
        /// Unit cell: edges in Å, angles in degrees. b and c default to a, angles to 90.
        cell "cell_A_deg": Vec<f64> = NUMBER, Array(1, 6);
        /// Misorientation about x, y and z, degrees, or random.
        misset "misset_deg": Misset = ANGLES, Array(3, 3);
        /// Seed of a random misorientation.
        misset_seed "misset_seed": i64 = SEED, One;
        /// Cells along a, b and c.
        cells "cells": Axes<Cells, 3> = CELLS, BY_CELL;
        /// Cells that couple a and b, b and c, a and c.
        cells_matrix "cells_matrix": [f64; 3] = NUMBER, VECTOR;
        /// Size along a, b and c, mm.
        size "size_mm": Axes<f64, 3> = POSITIVE, BY_CELL;
        /// Shape of the spots.
        shape "shape": Shape = words::<Shape>(), One;
        /// Factor on the size of spots.
        fudge "fudge": f64 = POSITIVE, One;
        /// What the width of Gaussian and top-hat spots is measured in.
        gauss_metric "gauss_metric": SpotMetric = words::<SpotMetric>(), One;
        /// The group that the shape of spots is averaged over.
        symmetric_shape "symmetric_shape": Symmetry = words::<Symmetry>(), One;
        /// B of the whole crystal, Å².
        b_factor "B_factor_A2": f64 = B_FACTOR, One;
    }
    /// The crystal's mosaic domains.
    mosaicity: MosaicitySection {
        /// Mosaic spread, degrees.
        spread "spread_deg": f64 = MISORIENTATION, One;
        /// Number of domains.
        domains "domains": u32 = COUNT, One;
        /// Seed of the domains' orientations.
        seed "seed": i64 = SEED, One;
        /// How misorientations are distributed.
        model "model": MosaicDistribution = words::<MosaicDistribution>(), One;
        /// Sigmas about a, about c* × a and about c*, degrees.
        sigmas "sigmas_deg": [f64; 3] = MISORIENTATION, VECTOR;
        /// File of the domains' rotations.
        rotations "rotations": PathBuf = Path, One;
    }
    /// Diffuse scattering by atoms that move together.
    diffuse: DiffuseSection {
        /// Rms displacement along the crystal's own axes, or along all, Å.
        sigma "sigma_A": Vec<f64> = DISPLACEMENT, Array(1, 3);
        /// Correlation length of displacements along the crystal's own axes, or along all, Å.
        gamma "gamma_A": Vec<f64> = CORRELATION, Array(1, 3);
        /// The group that halos are averaged over.
        laue "laue": Symmetry = words::<Symmetry>(), One;
        /// Neighbours of the nearest reflection that add their halos.
        stencil "stencil": u32 = NEIGHBOURS, One;
    }
    /// The spindle's movement.
    scan: ScanSection {
        /// Spindle angle at the start, degrees.
        start "start_deg": f64 = NUMBER, One;
        /// Spindle range, degrees.
        range "range_deg": f64 = NUMBER, One;
        /// Spindle step, degrees.
        step "step_deg": f64 = NUMBER, One;
        /// Number of steps.
        steps "steps": u32 = COUNT, One;
        /// Where in each step phi is taken.
        phi_sampling "phi_sampling": PhiSampling = words::<PhiSampling>(), One;
    }
    /// The frames of a series, where the document is of one.
    series: SeriesSection {
        /// How many frames there are.
        frames "frames": u32 = COUNT, One;
        /// Whether each frame has a random orientation of its own, of the crystal's `misset_seed`.
        random_orientations "random_orientations": bool = Truth, One;
    }
    /// The X-rays.
    beam: BeamSection {
        /// Wavelength, Å.
        wavelength "wavelength_A": f64 = POSITIVE, One;
        /// Photon energy, eV.
        energy "energy_eV": f64 = POSITIVE, One;
        /// Range of wavelengths, percent.
        dispersion "dispersion_percent": f64 = NOT_NEGATIVE, One;
        /// Standard deviation of the wavelengths, percent; in closed form only.
        bandwidth "bandwidth_percent": f64 = PERCENT, One;
        /// Number of wavelengths.
        dispersion_steps "dispersion_steps": u32 = COUNT, One;
        /// Range of directions, horizontal and vertical, mrad.
        divergence "divergence_mrad": f64 = NOT_NEGATIVE, One;
        /// Horizontal range, mrad.
        divergence_horizontal "divergence_horizontal_mrad": f64 = NOT_NEGATIVE, One;
        /// Vertical range, mrad.
        divergence_vertical "divergence_vertical_mrad": f64 = NOT_NEGATIVE, One;
        /// Horizontal step, mrad.
        divergence_step_horizontal "divergence_step_horizontal_mrad": f64 = POSITIVE, One;
        /// Vertical step, mrad.
        divergence_step_vertical "divergence_step_vertical_mrad": f64 = POSITIVE, One;
        /// Number of directions, horizontal and vertical.
        divergence_steps "divergence_steps": u32 = COUNT, One;
        /// Number of horizontal directions.
        divergence_steps_horizontal "divergence_steps_horizontal": u32 = COUNT, One;
        /// Number of vertical directions.
        divergence_steps_vertical "divergence_steps_vertical": u32 = COUNT, One;
        /// Standard deviations of the directions along the polarisation vector and across it,
        /// mrad; in closed form only.
        divergence_sigma "divergence_sigma_mrad": [f64; 2] = DIVERGENCE, Array(2, 2);
        /// Which directions are kept.
        divergence_shape "divergence_shape": DivergenceShape = words::<DivergenceShape>(), One;
        /// File of sources, instead of a grid.
        sources "sources": PathBuf = Path, One;
        /// Photons per m².
        fluence "fluence_photons_per_m2": f64 = NOT_NEGATIVE, One;
        /// Photons per second.
        flux "flux_photons_per_s": f64 = NOT_NEGATIVE, One;
        /// Exposure time, s.
        exposure "exposure_s": f64 = NOT_NEGATIVE, One;
        /// Width of the square beam, mm.
        size "size_mm": f64 = POSITIVE, One;
        /// Kahn's polarisation factor.
        kahn_factor "kahn_factor": f64 = KAHN_FACTOR, One;
        /// Whether polarisation counts.
        polarised "polarised": bool = Truth, One;
    }
    /// What scatters beside the crystal.
    background: BackgroundSection {
        /// Thickness of water, µm.
        water "water_um": f64 = NOT_NEGATIVE, One;
        /// Slabs of amorphous material.
        slabs "slabs": Vec<SlabKeys> = Slab, Repeated;
    }
    /// The detector.
    detector: DetectorSection {
        /// DIALS experiment list.
        dials_experiment "dials_experiment": PathBuf = Path, One;
        /// Which experiment of the list, from 0, or all.
        dials_experiment_index "dials_experiment_index": Experiments = EXPERIMENTS, One;
        /// CrystFEL geometry file.
        crystfel_geometry "crystfel_geometry": PathBuf = Path, One;
        /// Place of its panels along the beam, mm.
        crystfel_clen "crystfel_clen_mm": f64 = NUMBER, One;
        /// Image whose header gives what keys leave open.
        image "image": PathBuf = Path, One;
        /// Which of its frames, from 1.
        image_frame "image_frame": u32 = COUNT, One;
        /// Image whose zeros are not rendered, or HDF5 with NeXus' pixel mask.
        mask "mask": PathBuf = Path, One;
        /// Convention of the laboratory's axes and of the beam centre.
        convention "convention": Convention = words::<Convention>(), One;
        /// Distance along the beam, mm.
        distance "distance_mm": f64 = POSITIVE, One;
        /// Distance to the detector's plane, mm.
        close_distance "close_distance_mm": f64 = POSITIVE, One;
        /// Edge of a pixel, mm.
        pixel "pixel_mm": f64 = POSITIVE, One;
        /// Pixels along fast and slow.
        pixels "pixels": Axes<usize, 2> = COUNT, BY_PIXEL;
        /// Width along fast and slow, mm.
        size "size_mm": Axes<f64, 2> = POSITIVE, BY_PIXEL;
        /// Beam centre in the convention's terms, mm.
        beam_x "beam_x_mm": f64 = NUMBER, One;
        /// Beam centre in the convention's terms, mm.
        beam_y "beam_y_mm": f64 = NUMBER, One;
        /// Default of `beam_x_mm` for XDS, DIALS and custom axes, mm.
        close_x "close_x_mm": f64 = NUMBER, One;
        /// Default of `beam_y_mm` for XDS, DIALS and custom axes, mm.
        close_y "close_y_mm": f64 = NUMBER, One;
        /// Fast coordinate of the point nearest to the sample, pixels.
        origin_x "origin_x_pixels": f64 = NUMBER, One;
        /// Slow coordinate of the point nearest to the sample, pixels.
        origin_y "origin_y_pixels": f64 = NUMBER, One;
        /// Rotation about the laboratory's x axis, degrees.
        rotation_x "rotation_x_deg": f64 = NUMBER, One;
        /// Rotation about y, after x, degrees.
        rotation_y "rotation_y_deg": f64 = NUMBER, One;
        /// Rotation about z, after y, degrees.
        rotation_z "rotation_z_deg": f64 = NUMBER, One;
        /// Rotation about the two-theta axis, after those, degrees.
        two_theta "two_theta_deg": f64 = NUMBER, One;
        /// What the detector turns about.
        pivot "pivot": Pivot = words::<Pivot>(), One;
        /// Whether the detector is bent onto a sphere about the sample.
        curved "curved": bool = Truth, One;
        /// Whether pixels' size and tilt are left out of the solid angle.
        point_pixel "point_pixel": bool = Truth, One;
        /// Thickness of the sensor, µm.
        sensor_thickness "sensor_thickness_um": f64 = NOT_NEGATIVE, One;
        /// Attenuation depth of the sensor, µm, or inf.
        sensor_attenuation_depth "sensor_attenuation_depth_um": f64 = DEPTH, One;
        /// Layers of the sensor.
        sensor_layers "sensor_layers": u32 = COUNT, One;
        /// Where in a layer its photons are stopped.
        sensor_layer_depth "sensor_layer_depth": LayerDepth = words::<LayerDepth>(), One;
    }
    /// Directions that replace the convention's.
    frame: FrameSection {
        /// Direction in which the photons travel.
        beam "beam": [f64; 3] = NUMBER, VECTOR;
        /// Detector fast axis.
        fast "fast": [f64; 3] = NUMBER, VECTOR;
        /// Detector slow axis.
        slow "slow": [f64; 3] = NUMBER, VECTOR;
        /// Detector normal.
        normal "normal": [f64; 3] = NUMBER, VECTOR;
        /// Direction of the electric field.
        polarisation "polarisation": [f64; 3] = NUMBER, VECTOR;
        /// Axis of phi.
        spindle "spindle": [f64; 3] = NUMBER, VECTOR;
        /// Axis of two-theta.
        two_theta_axis "two_theta_axis": [f64; 3] = NUMBER, VECTOR;
        /// Corner of the first pixel after all rotations, m.
        first_pixel "first_pixel_m": [f64; 3] = NUMBER, VECTOR;
    }
    /// What is computed.
    sampling: SamplingSection {
        /// Sub-pixels along each axis of a pixel.
        oversample "oversample": u32 = COUNT, One;
        /// Whether spots are integrated in closed form.
        analytic "analytic": bool = Truth, One;
        /// Whether the area of each sub-pixel is integrated in closed form, too.
        pixel_average "pixel_average": bool = Truth, One;
        /// Each sub-pixel's own solid angle.
        solid_angle_per_subpixel "solid_angle_per_subpixel": bool = Truth, One;
        /// Each sub-pixel's own polarisation.
        polarisation_per_subpixel "polarisation_per_subpixel": bool = Truth, One;
        /// Taken and not minded: absorption is always each sub-pixel's own.
        absorption_per_subpixel "absorption_per_subpixel": bool = Truth, One;
        /// Resolution limit of the crystal, Å.
        dmin "dmin_A": f64 = NOT_NEGATIVE, One;
        /// Pixels of every panel that are rendered: first and last along fast, then along slow.
        region "region_pixels": [usize; 4] = COORDINATE, Array(4, 4);
        /// Whether F is stored as f16 on the GPU.
        f16_structure_factors "f16_structure_factors": bool = Truth, One;
    }
    /// A detector's noise.
    noise: NoiseSection {
        /// Seed of the noise, and of what else has none of its own.
        seed "seed": i64 = SEED, One;
        /// Number of the image.
        image_number "image_number": u32 = INDEX, One;
        /// Rms change of the beam from image to image, percent.
        flicker "flicker_percent": f64 = PERCENT, One;
        /// Rms error of the pixels' calibration, percent.
        calibration "calibration_percent": f64 = PERCENT, One;
        /// Seed of the calibration.
        calibration_seed "calibration_seed": i64 = SEED, One;
        /// Form of the point spread.
        point_spread "point_spread": SpreadShape = words::<SpreadShape>(), One;
        /// Full width at half maximum of the point spread, pixels.
        point_spread_fwhm "point_spread_fwhm_pixels": f64 = NOT_NEGATIVE, One;
        /// Counts per photon.
        gain "gain_counts_per_photon": f64 = POSITIVE, One;
        /// Rms noise of the readout, counts.
        readout "readout_counts": f64 = NOT_NEGATIVE, One;
        /// The largest count.
        saturation "saturation_counts": f64 = POSITIVE, One;
    }
    /// What photons become in files of counts.
    counts: CountsSection {
        /// Counts per photon of files without noise.
        scale "scale_counts_per_photon": f64 = POSITIVE, One;
        /// Counts of a pixel without photons.
        offset "offset_counts": f64 = NUMBER, One;
        /// Numbers of TIFF, numpy and NXmx files.
        number "type": Number = words::<Number>(), One;
        /// How NXmx files are compressed.
        compression "compression": Compression = words::<Compression>(), One;
        /// The most frames of a data file beside an NXmx master.
        frames_per_file "frames_per_file": u32 = COUNT, One;
    }
    /// How pictures look.
    picture: PictureSection {
        /// How photons become shades.
        scale "scale": ToneScale = words::<ToneScale>(), One;
        /// Percentage of pixels below the darkest shade.
        percentile "percentile": f64 = PERCENT, One;
        /// Bits per channel.
        bits "bits": Depth = words::<Depth>(), One;
        /// Colours.
        colormap "colormap": Colormap = words::<Colormap>(), One;
        /// Resolutions of rings, Å; none for some that fit.
        rings "rings_A": Vec<f64> = POSITIVE, Array(0, usize::MAX);
        /// Shades per photon of a PGM.
        pgm_scale "pgm_shades_per_photon": f64 = POSITIVE, One;
    }
    /// The files that are written.
    output: OutputSection {
        /// Photons, bare float32.
        float "float": PathBuf = Path, One;
        /// SMV image without noise.
        smv "smv": PathBuf = Path, One;
        /// SMV image with noise.
        smv_noise "smv_noise": PathBuf = Path, One;
        /// PGM picture.
        pgm "pgm": PathBuf = Path, One;
        /// PNG picture.
        png "png": PathBuf = Path, One;
        /// PNG picture of the panels at their places.
        overview "overview": PathBuf = Path, One;
        /// TIFF image.
        tiff "tiff": PathBuf = Path, One;
        /// Files of the formats that their names end on.
        files "files": Vec<PathBuf> = Path, Repeated;
        /// Image files with noise, of the formats that their names end on.
        noise_files "noise_files": Vec<PathBuf> = Path, Repeated;
        /// Whether the default PGM is written.
        default_pgm "default_pgm": bool = Truth, One;
        /// Whether the default image with noise is written.
        default_noise "default_noise": bool = Truth, One;
        /// How image files name the input files in the experiment that they hold.
        record "record": RecordPaths = words::<RecordPaths>(), One;
    }
    /// How the program runs.
    run: RunSection {
        /// What renders.
        device "device": String = Text, One;
        /// Threads of the CPU path.
        threads "threads": u32 = THREADS, One;
        /// File of a profile.
        profile "profile": PathBuf = Path, One;
        /// Whether a progress bar is shown.
        progress "progress": bool = Truth, One;
        /// Whether nothing but warnings and errors is printed.
        quiet "quiet": bool = Truth, One;
        /// Whether the summary is printed as JSON.
        json "json": bool = Truth, One;
        /// Whether the quantities behind every pixel are printed.
        printout "printout": bool = Truth, One;
        /// The pixel behind which quantities are printed.
        printout_pixel "printout_pixel": [usize; 2] = COORDINATE, Array(2, 2);
    }
}

impl Document {
    /// The key called `name` in `section`.
    pub fn key(section: &str, name: &str) -> Option<&'static Key> {
        let mut keys = KEYS.iter().copied();
        keys.find(|key| key.section == section && key.name == name)
    }

    /// Changes every path that the document names.
    pub fn map_paths(&mut self, change: impl Fn(&std::path::Path) -> PathBuf) {
        for key in KEYS.iter().filter(|key| matches!(key.kind, Kind::Path)) {
            let changed = |value: Value| match value {
                Value::Text(path) => change(path.as_ref()).to_value(),
                other => other,
            };
            let value = match key.get(self) {
                Some(Value::List(paths)) => Value::List(paths.into_iter().map(changed).collect()),
                Some(path) => changed(path),
                None => continue,
            };
            (key.put)(self, Some(value));
        }
        for slab in self.background.slabs.iter_mut().flatten() {
            slab.file = change(&slab.file);
        }
        for input in &mut self.inputs {
            input.path = change(&input.path);
        }
    }
}
