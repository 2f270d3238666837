//! Keys that have nothing to act on: each that is given gets a line, so that none is ignored in
//! silence.

use std::path::{Path, PathBuf};

use super::Facts;
use crate::document::Document;
use crate::document::Misset;
use crate::document::keys::{Key, OutputSection, key};
use crate::document::message::{Message, Named, Part, message};
use crate::document::overlay::{FILES, GRID};
use crate::document::value::Axes;
use crate::experiment::{Convention, Pivot, Placement, Shape, Sources};
use key::{
    background, beam, counts, crystal, detector, mosaicity, noise, output, picture, run, sampling,
};

/// What names of NXmx files end on.
const NXMX: [&str; 3] = ["h5", "hdf5", "nxs"];

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

/// What the name of a file ends on, in small letters.
pub fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_lowercase()
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
            ..OutputSection::default()
        }
    }
}

impl Facts<'_> {
    /// The keys, given or not, that have nothing to act on, and why.
    pub fn idle(&self) -> Vec<Idle> {
        let (document, experiment) = (self.document, self.experiment);
        // Of a detector that a file describes, no key of the placement is given.
        let placed_by_file = Placement::default();
        let placement = self.placement.unwrap_or(&placed_by_file);
        let given = |key: &Key| document.says(key);
        let listed = matches!(experiment.beam().sources, Sources::List(_));
        let placed = placement.origin_m.is_some();
        let about_sample = placement.pivot() == Pivot::Sample;
        let custom = placement.custom_frame.is_some();
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
        let noisy = document.writes_noise();
        let pgm =
            given(&output::pgm) || out(&["pgm"]) || (default_files && !given(&output::default_pgm));
        let png = default_files || given(&output::png) || out(&["png"]);
        let pictured = png || given(&output::overview);
        let random_misset = document.crystal.misset == Some(Misset::Random);
        let seeds_misset = random_misset && !given(&crystal::misset_seed);
        let mosaicity = &experiment.crystal().mosaicity;
        let spread = mosaicity.spread_rad() > 0.0;
        let rotations = given(&mosaicity::rotations);
        let default_centre =
            matches!(placement.convention, Convention::Xds | Convention::Dials) || custom;
        let counted = default_files || given(&output::smv) || whole_out;
        let sized = given(&crystal::size);
        let constant_f = !experiment.structure_factors().is_listed();
        let unpolarised = experiment.beam().kahn_factor.is_none();
        let shape = experiment.crystal().shape;

        let mut list = List(Vec::new());
        let mut rule = |keys: &[&'static Key], idle: bool, why: Message| list.add(keys, idle, why);
        rule(
            &[&crystal::misset_seed],
            !random_misset,
            message!["it is for ", &crystal::misset, " random"],
        );
        rule(
            &[&mosaicity::seed, &mosaicity::model],
            !spread,
            message!["there is no ", &mosaicity::spread, " spread"],
        );
        rule(
            &[&mosaicity::seed],
            rotations,
            message![&mosaicity::rotations, " gives the rotations"],
        );
        rule(
            &[
                &mosaicity::spread,
                &mosaicity::sigmas,
                &mosaicity::seed,
                &mosaicity::model,
            ],
            spread && !rotations && mosaicity.domains == 1,
            message![
                "there is one domain, and it is not turned; give ",
                &mosaicity::domains,
                " more",
            ],
        );
        rule(
            &[&mosaicity::sigmas],
            !spread,
            message!["all three are zero"],
        );
        rule(
            &[&crystal::gauss_metric],
            matches!(shape, Shape::Square | Shape::Round),
            message!["it is for Gaussian and top-hat spots"],
        );
        rule(
            &[&crystal::fudge],
            shape == Shape::Square,
            message!["a square crystal has none"],
        );
        rule(
            &[&crystal::interpolate],
            constant_f,
            message!["every reflection has the same F"],
        );
        rule(
            &[&crystal::f_column],
            constant_f,
            message![
                "no ",
                &crystal::structure_factors,
                " or ",
                &crystal::structure_factors_by_energy,
                " is given",
            ],
        );
        let flux = given(&beam::flux);
        rule(
            &[&beam::exposure],
            !flux,
            message!["it is for ", &beam::flux],
        );
        rule(
            &[&beam::size],
            !flux && !sized && !given(&background::slabs),
            message![
                "it is for ",
                &beam::flux,
                ", ",
                &crystal::size,
                " and ",
                &background::slabs,
            ],
        );
        rule(
            &[&beam::fluence],
            flux,
            message![&beam::flux, " gives the fluence"],
        );
        rule(
            &GRID,
            listed,
            message![&beam::sources, " gives the sources"],
        );
        rule(
            &[&beam::dispersion_steps],
            !listed && !given(&beam::dispersion),
            message!["there is no ", &beam::dispersion],
        );
        rule(
            &[&sampling::polarisation_per_subpixel],
            unpolarised,
            message!["polarisation is switched off"],
        );
        let Axes(edges) = document.detector.size.unwrap_or(Axes([None; 2]));
        let Axes(pixels) = document.detector.pixels.unwrap_or(Axes([None; 2]));
        let idle = [0, 1].map(|axis| edges[axis].is_some() && pixels[axis].is_some());
        let counted_pixels = || message!["the pixels are counted"];
        let all = [0, 1]
            .iter()
            .all(|&axis| edges[axis].is_none() || idle[axis]);
        rule(
            &[&detector::size],
            all && idle.contains(&true),
            counted_pixels(),
        );
        rule(
            &[&detector::beam_x, &detector::beam_y],
            !placed && about_sample && !custom,
            message![
                "the detector turns about the sample (",
                &detector::pivot,
                ") and is placed by ",
                &detector::origin_x,
                " and ",
                &detector::origin_y,
                "; only headers show it",
            ],
        );
        rule(
            &[&detector::close_x, &detector::close_y],
            !placed && (!default_centre || (about_sample && !custom)),
            message![
                "it only stands in for the ",
                &detector::beam_x,
                " and ",
                &detector::beam_y,
                " of XDS, DIALS and custom frames that turn about the beam",
            ],
        );
        rule(
            &[&detector::origin_x, &detector::origin_y],
            !placed && !about_sample && !default_centre,
            message![
                "the detector turns about the beam (",
                &detector::pivot,
                ") and is placed by ",
                &detector::beam_x,
                " and ",
                &detector::beam_y,
            ],
        );
        rule(
            &crate::document::overlay::POINTS,
            placed,
            message![&key::frame::first_pixel, " places the detector"],
        );
        rule(
            &[&detector::distance],
            given(&detector::close_distance),
            message![&detector::close_distance, " gives the distance"],
        );
        let no_noise = || message!["no noise image is written"];
        rule(&[&noise::seed], !noisy && !seeds_misset, no_noise());
        rule(
            &[
                &noise::flicker,
                &noise::calibration,
                &noise::calibration_seed,
                &noise::readout,
                &noise::gain,
                &noise::saturation,
                &noise::point_spread,
                &noise::point_spread_fwhm,
                &noise::image_number,
            ],
            !noisy,
            no_noise(),
        );
        rule(
            &[&noise::calibration_seed],
            noisy && self.noise.calibration == 0.0,
            message!["there is no ", &noise::calibration, " above 0"],
        );
        rule(
            &[&noise::point_spread],
            noisy && self.noise.spread().is_none(),
            message!["there is no ", &noise::point_spread_fwhm, " above 0"],
        );
        rule(
            &[&counts::scale],
            !counted,
            message![
                "no ",
                &output::smv,
                " is written, and no other file of whole numbers without noise",
            ],
        );
        rule(
            &[&counts::offset],
            !counted && !noisy,
            message!["no SMV file is written, and no other one of counts"],
        );
        rule(
            &[&counts::number],
            document.output.files.is_none() && document.output.noise_files.is_none(),
            message!["it is for ", &output::files, " and ", &output::noise_files],
        );
        rule(
            &[&counts::compression],
            !nxmx,
            message!["no .h5 or .nxs file is written"],
        );
        rule(
            &[&picture::pgm_scale],
            !pgm,
            message!["no ", &output::pgm, " is written"],
        );
        rule(
            &[&output::default_pgm, &output::default_noise],
            !default_files,
            message!["only the files asked for are written"],
        );
        rule(
            &[
                &picture::scale,
                &picture::percentile,
                &picture::bits,
                &picture::colormap,
            ],
            !pictured,
            message![
                "no ",
                &output::png,
                " or ",
                &output::overview,
                " is written"
            ],
        );
        rule(
            &[&picture::rings],
            !png,
            message!["no ", &output::png, " is written"],
        );
        rule(
            &[&detector::dials_experiment_index],
            !given(&detector::dials_experiment),
            message!["it is for ", &detector::dials_experiment],
        );
        rule(
            &[&detector::crystfel_clen],
            !given(&detector::crystfel_geometry),
            message!["it is for ", &detector::crystfel_geometry],
        );
        rule(
            &[&run::printout],
            given(&run::printout_pixel),
            message!["one pixel is named"],
        );
        for axis in [0, 1].into_iter().filter(|&axis| !all && idle[axis]) {
            list.0.push(Idle {
                key: &detector::size,
                axis: Some(axis),
                why: counted_pixels(),
            });
        }
        list.0
    }
}

struct List(Vec<Idle>);

impl List {
    fn add(&mut self, keys: &[&'static Key], idle: bool, why: Message) {
        let idle = keys.iter().filter(|_| idle);
        self.0.extend(idle.map(|key| Idle {
            key,
            axis: None,
            why: why.clone(),
        }));
    }
}
