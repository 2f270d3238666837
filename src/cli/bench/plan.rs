//! What a benchmark renders: the flags of each size.

use super::super::CliError;
use super::super::output::say;
use super::super::scenario::{scenario, seeded};
use super::{BenchFlags, COMMAND};
use crate::memory::Bytes;

impl BenchFlags {
    /// Every size with the flags of its images. Wrong flags are found here, before any work.
    ///
    /// # Errors
    /// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] for bad files and too little
    /// memory.
    pub fn plan(&self) -> Result<Vec<(u32, Vec<String>)>, CliError> {
        self.check_size_flags()?;
        let request = scenario(COMMAND, &self.scene_flags())?;
        let flags = seeded(&self.scene_flags(), request.seed);
        for notice in &request.notices {
            say(format_args!("{COMMAND}: note: {notice}"));
        }
        let planned = |(place, &size): (usize, &u32)| {
            if self.sizes[..place].contains(&size) {
                return Err(CliError::usage(format!("--sizes {size}: given twice")));
            }
            // Two images are compared, beside the worker's own.
            let needed = Bytes::of::<[f32; 3]>(u64::from(size).saturating_mul(u64::from(size)));
            needed.check().map_err(|available| {
                anyhow::anyhow!(
                    "--sizes {size}: it needs {needed} of memory, and this machine has {available}"
                )
            })?;
            let words = [flags.clone(), vec!["-detpixels".into(), size.to_string()]].concat();
            scenario(COMMAND, &words)?;
            Ok((size, words))
        };
        self.sizes.iter().enumerate().map(planned).collect()
    }

    /// Refuses flags of the detector's size behind `--`.
    fn check_size_flags(&self) -> Result<(), CliError> {
        let sizes_detector = |word: &&String| {
            let name = word.trim_start_matches('-');
            let sizing = ["detpixel", "detsize", "expt", "geom"];
            word.starts_with('-') && sizing.iter().any(|start| name.starts_with(start))
        };
        match self.flags.iter().find(sizes_detector) {
            None => Ok(()),
            Some(flag) => Err(CliError::usage(format!(
                "{flag}: leave the detector's size out of the flags behind --; --sizes sets it"
            ))),
        }
    }
}
