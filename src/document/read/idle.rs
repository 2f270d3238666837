//! Keys that have nothing to act on: each that is given gets a line, so that none is ignored in
//! silence.

use std::path::PathBuf;

use super::Facts;
use crate::document::Document;
use crate::document::Misset;
use crate::document::keys::{Key, OutputSection, key};
use crate::document::message::{Message, Named, Part, message};
use crate::document::overlay::{FILES, GRID, POINTS};
use crate::document::value::Axes;
use crate::experiment::{CentredSteps, Convention, Diffuse, Pivot, Placement, Shape, Sources};
use crate::formats::encoding::name_of_master;
use crate::formats::format::extension;
use crate::geometry::LaueGroup;
use key::{
    background, beam, counts, crystal, detector, diffuse, frame, mosaicity, noise, output, picture,
    run, sampling, scan,
};

/// What names of NXmx files end on.
const NXMX: [&str; 3] = ["h5", "hdf5", "nxs"];

/// Rows of keys, when they have nothing to act on, and why.
macro_rules! rules {
    ($list:ident
     $($($section:ident.$field:ident)+: $idle:expr => $why:literal $(, $other:ident.$name:ident)*;)*
    ) => {$(
        $list.add(&[$(&$section::$field),+], $idle, &message!($why $(, &$other::$name)*));
    )*};
}

/// A key that has nothing to act on.
#[derive(Debug, Clone, PartialEq)]
pub struct Idle {
    /// The key.
    pub key: &'static Key,
    /// Which of its axes, where others have an effect.
    axis: Option<usize>,
    why: Message,
}

impl Idle {
    /// The line for the user.
    pub fn notice(&self) -> Message {
        let Idle { key, axis, why } = self;
        let effect = match axis {
            None => " has no effect: ".to_string(),
            Some(axis) => format!(" has no effect along {}: ", ["fast", "slow"][*axis]),
        };
        let named = Named { key, axis: *axis };
        let mut message = Message(vec![Part::Key(named), effect.into()]);
        message.0.extend(why.0.iter().cloned());
        message
    }
}

impl Document {
    /// Whether the default files are written: no key names another.
    pub fn writes_default_files(&self) -> bool {
        !FILES.iter().any(|key| key.is_in(self))
    }

    /// The default files, but for those that the document leaves out.
    pub fn default_files(&self) -> OutputSection {
        let unless = |left_out: Option<bool>, name: &str| {
            (left_out != Some(false)).then(|| PathBuf::from(name))
        };
        OutputSection {
            float: Some("floatimage.bin".into()),
            smv: Some("intimage.img".into()),
            smv_noise: unless(self.output.default_noise, "noiseimage.img"),
            pgm: unless(self.output.default_pgm, "image.pgm"),
            png: Some("image.png".into()),
            record: self.output.record,
            ..OutputSection::default()
        }
    }
}

impl Facts<'_> {
    /// The keys, given or not, that have nothing to act on, and why.
    pub fn idle(&self) -> Vec<Idle> {
        let (document, experiment) = (self.document, self.experiment);
        // No key of the placement is given where a file describes the detector.
        let placed_by_file = Placement::default();
        let placement = self.placement.unwrap_or(&placed_by_file);
        let given = |key: &Key| document.says(key);
        let (listed, [horizontal, vertical, spectrum]) = match experiment.beam().sources {
            Sources::List(_) => (true, [CentredSteps::POINT; 3]),
            Sources::Grid {
                divergence,
                dispersion,
            } => (
                false,
                [divergence.horizontal, divergence.vertical, dispersion],
            ),
        };
        let [divided_across, divided_up, dispersed] =
            [horizontal, vertical, spectrum].map(|steps| steps.count > 1);
        let placed = placement.origin_m.is_some();
        let about_sample = placement.pivot() == Pivot::Sample;
        let custom = placement.custom_axes.is_some();
        let default_files = document.writes_default_files();
        let ends_on = |files: &Option<Vec<PathBuf>>, extensions: &[&str]| {
            let mut files = files.iter().flatten();
            files.any(|path| extensions.contains(&extension(path).as_str()))
        };
        let out = |extensions: &[&str]| ends_on(&document.output.files, extensions);
        let typed = given(&counts::number);
        let whole_out =
            out(&["img", "smv", "cbf"]) || (typed && (out(&["tif", "tiff", "npy"]) || out(&NXMX)));
        let nxmx = out(&NXMX) || ends_on(&document.output.noise_files, &NXMX);
        let masters = |files: &Option<Vec<PathBuf>>| {
            let mut files = files.iter().flatten();
            files.any(|path| name_of_master(path).is_some())
        };
        let noisy = document.writes_noise();
        let pgm =
            given(&output::pgm) || out(&["pgm"]) || (default_files && !given(&output::default_pgm));
        let png = default_files || given(&output::png) || out(&["png"]);
        let pictured = png || given(&output::overview);
        let with_record = |files| ends_on(files, &["cbf", "tif", "tiff"]) || ends_on(files, &NXMX);
        let recorded = pictured
            || given(&output::tiff)
            || with_record(&document.output.files)
            || with_record(&document.output.noise_files);
        let random_misset = document.crystal.misset == Some(Misset::Random);
        let seeds_misset = random_misset && !given(&crystal::misset_seed);
        let analytic = experiment.sampling().analytic.is_some();
        let [along, across] = experiment.beam().divergence_sigma_rad;
        let beam_spreads = [experiment.beam().bandwidth, along, across];
        let mosaicity = &experiment.crystal().mosaicity;
        let spread = mosaicity.spread_rad() > 0.0;
        let rotations = given(&mosaicity::rotations);
        let default_centre =
            matches!(placement.convention, Convention::Xds | Convention::Dials) || custom;
        let counted = default_files || given(&output::smv) || whole_out;
        let Axes(size) = document.crystal.size.unwrap_or(Axes([None; 3]));
        // The beam travels along a, and cuts the crystal along b and c.
        let sized = size[1].or(size[2]).is_some();
        let flux = given(&beam::flux);
        let constant_f = !experiment.structure_factors().is_listed();
        let unpolarised = experiment.beam().kahn_factor.is_none();
        let shape = experiment.crystal().shape;
        let symmetric = experiment.crystal().symmetric_shape.as_ref();
        let halos = experiment.crystal().diffuse.as_ref();
        let is_diffuse = halos.is_some_and(Diffuse::scatters);
        let crystal_scatters = !constant_f || experiment.structure_factors().default_f() != 0.0;

        let Axes(edges) = document.detector.size.unwrap_or(Axes([None; 2]));
        let Axes(pixels) = document.detector.pixels.unwrap_or(Axes([None; 2]));
        let counted_axes = [0, 1].map(|axis| edges[axis].is_some() && pixels[axis].is_some());
        let all = (0..2).all(|axis| edges[axis].is_none() || counted_axes[axis]);

        let one_view = experiment.oversample() == 1
            && (experiment.detector().layers == 1 || !experiment.detector().has_layers());
        let several_sources = listed || divided_across || divided_up || dispersed;

        let mut list = List(Vec::new());
        rules! { list
            crystal.misset_seed: !random_misset => "it is for {} random", crystal.misset;
            mosaicity.seed mosaicity.model: !analytic && !spread => "there is no {} spread", mosaicity.spread;
            sampling.analytic: analytic && !spread && experiment.scan().step_rad == 0.0
                && beam_spreads == [0.0; 3] && !given(&sampling::pixel_average)
                => "there is nothing to integrate: no {}, {}, {} or {}", mosaicity.spread,
                    beam.bandwidth, beam.divergence_sigma, scan.range;
            mosaicity.domains mosaicity.seed: analytic
                => "{} integrates all misorientations", sampling.analytic;
            mosaicity.domains: !analytic && !spread && document.mosaicity.domains.is_some_and(|count| count > 1)
                => "there is no {} spread, so that all would be alike, and one is rendered",
                    mosaicity.spread;
            mosaicity.seed: rotations => "{} gives the rotations", mosaicity.rotations;
            mosaicity.spread mosaicity.sigmas mosaicity.seed mosaicity.model:
                spread && !rotations && !analytic && mosaicity.domains == 1
                => "there is one domain, and it is not turned; give {} more", mosaicity.domains;
            mosaicity.sigmas: !spread => "all three are zero";
            crystal.gauss_metric: matches!(shape, Shape::Square | Shape::Round)
                => "it is for Gaussian and top-hat spots";
            crystal.symmetric_shape: symmetric.is_some_and(LaueGroup::is_trivial)
                => "the group -1 leaves every shape as it is";
            diffuse.sigma: !crystal_scatters => "there is no crystal";
            diffuse.gamma diffuse.laue diffuse.stencil:
                !crystal_scatters || given(&diffuse::sigma) && !is_diffuse
                => "there is no {} above 0", diffuse.sigma;
            crystal.cells_matrix: document.crystal.cells_matrix == Some([0.0; 3])
                => "all three are zero";
            crystal.fudge: shape == Shape::Square => "a square crystal has none";
            crystal.interpolate: constant_f => "every reflection has the same F";
            crystal.f_column: constant_f
                => "no {} or {} is given", crystal.structure_factors,
                    crystal.structure_factors_by_energy;
            scan.phi_sampling: analytic && experiment.scan().step_rad != 0.0
                => "{} integrates the whole of every segment", sampling.analytic;
            scan.phi_sampling scan.steps: experiment.scan().step_rad == 0.0
                => "there is no {}", scan.range;
            frame.spindle: experiment.scan().angles_rad().all(|phi| phi == 0.0)
                => "the crystal is at {} 0 and has no {} (that it is given makes \
                    the axes custom all the same)", scan.start, scan.range;
            frame.two_theta_axis: placement.two_theta_rad == 0.0
                => "there is no {} (that it is given makes the axes custom all the same)",
                    detector.two_theta;
            frame.polarisation: experiment.beam().kahn_factor.is_none_or(|kahn| kahn == 0.0)
                && !divided_across && !divided_up
                && beam_spreads[1..] == [0.0; 2]
                => "the X-rays are not polarised ({}), and have no {} (that it is given \
                    makes the axes custom all the same)", beam.kahn_factor, beam.divergence;
            detector.sensor_layer_depth: !experiment.detector().has_layers()
                => "no flat panel has a sensor";
            beam.exposure: !flux => "it is for {}", beam.flux;
            beam.size: !flux && !sized && !given(&background::slabs)
                => "it is for {}, {} and {}", beam.flux, crystal.size, background.slabs;
            beam.fluence: flux => "{} gives the fluence", beam.flux;
            beam.dispersion_steps: !listed && !dispersed => "there is no {}", beam.dispersion;
            beam.divergence_steps beam.divergence_step_horizontal beam.divergence_step_vertical
                beam.divergence_steps_horizontal beam.divergence_steps_vertical:
                !listed && !divided_across && !divided_up => "there is no {}", beam.divergence;
            beam.divergence_step_horizontal beam.divergence_steps_horizontal:
                !listed && !divided_across && divided_up
                => "there is no {}", beam.divergence_horizontal;
            beam.divergence_step_vertical beam.divergence_steps_vertical:
                !listed && divided_across && !divided_up
                => "there is no {}", beam.divergence_vertical;
            beam.divergence_shape: !(listed || divided_across && divided_up)
                => "it is for {} and {} together", beam.divergence_horizontal,
                    beam.divergence_vertical;
            sampling.solid_angle_per_subpixel: one_view => "a pixel has one {}", sampling.oversample;
            sampling.polarisation_per_subpixel: !unpolarised && one_view && !several_sources
                => "a pixel has one {}, and there is one source", sampling.oversample;
            sampling.polarisation_per_subpixel: unpolarised => "polarisation is switched off";
            detector.size: all && counted_axes.contains(&true) => "the pixels are counted";
            detector.beam_x detector.beam_y: !placed && about_sample && !custom
                => "the detector turns about the sample ({}) and is placed by {} and {}; only \
                    headers show it", detector.pivot, detector.origin_x, detector.origin_y;
            detector.close_x detector.close_y:
                !placed && (!default_centre || (about_sample && !custom))
                => "it only stands in for the {} and {} of XDS, DIALS and custom frames that turn \
                    about the beam", detector.beam_x, detector.beam_y;
            detector.origin_x detector.origin_y: !placed && !about_sample && !default_centre
                => "the detector turns about the beam ({}) and is placed by {} and {}",
                    detector.pivot, detector.beam_x, detector.beam_y;
            detector.distance: given(&detector::close_distance)
                => "{} gives the distance", detector.close_distance;
            noise.seed: !noisy && !seeds_misset => "no noise image is written";
            noise.flicker noise.calibration noise.calibration_seed noise.readout noise.gain
                noise.saturation noise.point_spread noise.point_spread_fwhm noise.image_number:
                !noisy
                => "no noise image is written";
            noise.calibration_seed: noisy && self.noise.calibration == 0.0
                => "there is no {} above 0", noise.calibration;
            noise.point_spread: noisy && self.noise.spread().is_none()
                => "there is no {} above 0", noise.point_spread_fwhm;
            counts.scale: !counted
                => "no {} is written, and no other file of whole numbers without noise", output.smv;
            counts.offset: !counted && !noisy
                => "no SMV file is written, and no other one of counts";
            counts.number:
                document.output.files.is_none() && document.output.noise_files.is_none()
                => "it is for {} and {}", output.files, output.noise_files;
            counts.compression: !nxmx => "no .h5 or .nxs file is written";
            counts.frames_per_file: !(masters(&document.output.files)
                || masters(&document.output.noise_files))
                => "no file called NAME_master.h5 is written";
            picture.pgm_scale: !pgm => "no {} is written", output.pgm;
            output.default_pgm output.default_noise: !default_files
                => "only the files asked for are written";
            picture.scale picture.percentile picture.bits picture.colormap: !pictured
                => "no {} or {} is written", output.png, output.overview;
            output.record: !recorded => "no PNG, TIFF, CBF or NXmx file is written";
            picture.rings: !png => "no {} is written", output.png;
            detector.dials_experiment_index: !given(&detector::dials_experiment)
                => "it is for {}", detector.dials_experiment;
            detector.image_frame: !given(&detector::image) => "it is for {}", detector.image;
            detector.crystfel_clen: !given(&detector::crystfel_geometry)
                => "it is for {}", detector.crystfel_geometry;
            run.printout: given(&run::printout_pixel) => "one pixel is named";
        }
        list.add(
            GRID,
            listed,
            &message!("{} gives the sources", &beam::sources),
        );
        let origin = &key::frame::first_pixel;
        list.add(POINTS, placed, &message!("{} places the detector", origin));
        for axis in [0, 1]
            .into_iter()
            .filter(|&axis| !all && counted_axes[axis])
        {
            list.0.push(Idle {
                key: &detector::size,
                axis: Some(axis),
                why: message!("the pixels are counted"),
            });
        }
        list.0
    }
}

struct List(Vec<Idle>);

impl List {
    /// Adds `keys` where they are `idle`, for the reason `why`.
    fn add(&mut self, keys: &[&'static Key], idle: bool, why: &Message) {
        let idle = keys.iter().filter(|_| idle);
        self.0.extend(idle.map(|key| Idle {
            key,
            axis: None,
            why: why.clone(),
        }));
    }
}
