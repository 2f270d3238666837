//! The experiment as people write it: keys with units, in sections, as TOML or JSON.
//!
//! A [`Document`] holds what was said and no more. [`Document::resolve`] reads the files that it
//! names and gives the [`Experiment`](crate::experiment::Experiment), and a document in which every
//! default, choice and seed is said. A document under another one ([`Document::under`]) gives way
//! where both say the same thing: so a command line stands on a file.
//!
//! ```
//! use nanobragg::document::Document;
//! use nanobragg::memory::Bytes;
//!
//! let mut document = Document::from_toml(
//!     "[crystal]\ndefault_F = 100\ncell_A_deg = [70, 80, 90]\ncells = 5\n\
//!      [detector]\npixels = 16\n",
//! )?;
//! document.beam.wavelength = Some(1.2);
//! let resolved = document.resolve(1, Bytes(1 << 30))?;
//! assert_eq!(resolved.experiment.crystal().cells, [5.0; 3]);
//! assert_eq!(resolved.document.detector.distance, Some(100.0));
//! assert_eq!(Document::from_json(&document.to_json()?)?, document);
//! assert_eq!(Document::from_toml(&document.to_toml())?, document);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod choices;
mod error;
mod factor_origin;
mod inputs;
mod json_text;
mod keys;
mod message;
mod overlay;
mod paths;
mod read;
mod removed;
mod suggest;
mod toml_text;
mod value;

use std::path::Path;

use crate::formats::{FormatError, Problem, read_bytes};
use crate::memory::Bytes;
use paths::folder_of;

pub use choices::{
    Choice, DivergenceShape, Experiments, Misset, MosaicDistribution, RecordPaths, SLAB, SlabKeys,
    Symmetry,
};
pub use error::DocumentError;
pub use factor_origin::{AtomOrigin, FactorOrigin, SolventSummary};
pub use inputs::{Fingerprint, Recorded};
pub use keys::{
    BackgroundSection, BeamSection, CountsSection, CrystalSection, DetectorSection, DiffuseSection,
    Document, FrameSection, KEYS, Key, MosaicitySection, NoiseSection, OutputSection,
    PictureSection, Refused, RunSection, SECTIONS, SamplingSection, ScanSection, SeriesSection,
    key,
};
pub(crate) use message::message;
pub use message::{Message, Named, Part};
pub use overlay::{FILES, GRID};
pub use paths::{is_same, leads_out_of, seen_from};
pub use read::{Idle, Resolved};
pub use removed::{REMOVED, Removed};
pub use toml_text::{Advice, Extent, Read};
pub use value::{
    Axes, COORDINATE, COUNT, Cells, Field, Form, INDEX, Kind, NOT_NEGATIVE, NUMBER, PERCENT,
    POSITIVE, SEED, THREADS, Value,
};

impl Document {
    /// The document that `text` is, in TOML. Paths stay as they stand there.
    ///
    /// # Errors
    /// A [`Problem`] with the line, the key, what was found there and what is accepted.
    pub fn from_toml(text: &str) -> Result<Document, Problem> {
        Ok(toml_text::read(text, &toml_text::no_advice)?.document)
    }

    /// The document that `text` is, in JSON. Paths stay as they stand there.
    ///
    /// # Errors
    /// A [`Problem`] with the key, what was found there and what is accepted.
    pub fn from_json(text: &str) -> Result<Document, Problem> {
        json_text::read(text)
    }

    /// The document as TOML, in ASCII; numbers keep every bit.
    pub fn to_toml(&self) -> String {
        let extent = Extent {
            keys: &|_| true,
            named: &Path::to_path_buf,
        };
        self.written(None, extent).trim_start().to_string()
    }

    /// The part `extent` of the document as TOML, with a line of `notes` behind a `#`.
    pub fn written(&self, notes: Option<&Document>, extent: Extent) -> String {
        toml_text::write(self, notes, extent)
    }

    /// The document as JSON; numbers keep every bit.
    ///
    /// # Errors
    /// None in practice: keys are texts, and values have a form in JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// What the file at `path`, of `most` bytes at most, says, in TOML, with its paths as seen from
    /// here. `advice` may tell
    /// what is meant by a name that is no key, of a section where it stands in one.
    ///
    /// # Errors
    /// [`FormatError`] for a file that is missing or bad.
    pub fn read(path: &Path, most: Bytes, advice: Advice) -> Result<Read, FormatError> {
        let text = String::from_utf8(read_bytes(path, most)?)
            .map_err(|_| Problem::with_file("not text; expected an experiment file in TOML"));
        let read = text.and_then(|text| toml_text::read(&text, advice));
        let mut read = read.map_err(|problem| FormatError::Content {
            path: path.to_path_buf(),
            problem,
        })?;
        let folder = folder_of(path);
        read.document.map_paths(|path| folder.join(path));
        Ok(read)
    }
}
