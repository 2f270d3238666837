//! What a command line asks for.

use std::path::PathBuf;

use clap::ArgMatches;
use glam::DVec3;

use super::super::CliError;
use super::given::Given;
use super::output::{Output, seed};
use super::printout::Printout;
use super::program::ProgramFlags;
use super::style::{PictureStyle, StyleFlags};
use crate::derivatives::Origin;
use crate::document::{Document, FactorOrigin, Key, Misset, Resolved};
use crate::experiment::Experiment;
use crate::formats::Access;
use crate::memory::Bytes;

/// A command line made sense of: what to render, and what becomes of it.
pub struct Request {
    /// The image to render.
    pub experiment: Experiment,
    /// What its parameters are told from.
    pub origin: Origin,
    /// The files to write.
    pub outputs: Vec<Output>,
    /// How a PNG is to look.
    pub style: PictureStyle,
    /// Resolutions of the rings to draw onto a PNG, m; none for some that fit.
    pub rings_m: Option<Vec<f64>>,
    /// Seed of the noise, and of what else has none of its own.
    pub seed: u64,
    /// Pixels whose quantities are to be printed.
    pub printout: Printout,
    /// Whether to show a progress bar, where that was said.
    pub progress: Option<bool>,
    /// What the user should know although nothing is wrong.
    pub notices: Vec<String>,
    /// Notices that tell of a key without effect, with that key.
    idle: Vec<(&'static Key, String)>,
    /// Where the reflections come from, if they come from one file.
    pub reflections: Option<FactorOrigin>,
    /// The file that describes the detector, where flags do not.
    pub geometry: Option<PathBuf>,
    /// Files that were read, which no output may overwrite.
    pub inputs: Vec<PathBuf>,
    /// Options of the program itself.
    pub program: ProgramFlags,
    /// What flags and an experiment file say.
    pub said: Document,
    /// What is said, with every default, choice and seed filled in.
    pub document: Document,
    /// What follows from the document.
    pub notes: Document,
}

impl Request {
    /// Reads the input files that are named, and checks everything.
    ///
    /// # Errors
    /// [`CliError::Usage`] for flags that contradict each other or describe an impossible
    /// experiment, [`CliError::Failed`] for a file that is missing or bad.
    pub fn new(given: &Given, matches: &ArgMatches) -> Result<Request, CliError> {
        let said = given.document.clone();
        let spelling = &given.spelling;
        let program = ProgramFlags::of(&said, matches);
        let access = Access {
            most: Bytes::available(),
            links: program.links,
        };
        let resolved = said.resolve(seed(said.noise.seed)?, access);
        let Resolved {
            experiment,
            origin,
            noise,
            seed,
            document,
            notes,
            notices,
            idle,
            inputs,
            reflections,
            geometry,
        } = resolved.map_err(|error| spelling.error(error))?;
        let idle = idle
            .iter()
            .map(|idle| (idle.key, spelling.of(&idle.notice())));
        let told = notices.iter().map(|notice| spelling.of(notice));
        let printout = Printout::of(&said, &experiment)?;
        if printout != Printout::Nothing && program.json {
            return Err(CliError::usage(
                "-printout and --json both print on standard output; leave one of them out",
            ));
        }
        let style = StyleFlags(said.picture.clone());
        Ok(Request {
            outputs: Output::all(&document, noise)?,
            style: style.style(),
            rings_m: style.rings_m()?,
            seed,
            printout,
            progress: said.run.progress,
            notices: given.notices.iter().cloned().chain(told).collect(),
            idle: idle.collect(),
            reflections,
            geometry,
            inputs,
            program,
            experiment,
            origin,
            said,
            document,
            notes,
        })
    }

    /// The seed of a random misorientation.
    pub fn misset_seed(&self) -> Option<i64> {
        let keys = &self.document.crystal;
        keys.misset_seed
            .filter(|_| keys.misset == Some(Misset::Random))
    }

    /// Takes out the notices of keys without effect of which `moot` is true.
    pub fn forget_idle(&mut self, moot: impl Fn(&'static Key) -> bool) {
        let moot = self.idle.iter().filter(|(key, _)| moot(key));
        let moot: Vec<&String> = moot.map(|(_, notice)| notice).collect();
        self.notices.retain(|notice| !moot.contains(&notice));
    }

    /// What is up in an overview: y of a file's laboratory; else where the slow axis comes from, so
    /// that the picture is that of the bare image.
    pub fn up(&self) -> DVec3 {
        match (&self.geometry, self.experiment.detector().panels.first()) {
            (None, Some(panel)) => -panel.slow,
            _ => DVec3::Y,
        }
    }
}
