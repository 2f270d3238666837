//! What a benchmark renders: its sizes, and the sweeps beside them.

use super::super::CliError;
use super::super::flags::Request;
use super::super::output::say;
use super::super::render::{line, parsed};
use super::super::scenario::{scenario, seeded};
use super::{BenchDevice, BenchFlags, COMMAND};
use crate::memory::Bytes;
use crate::report::Case;

/// Mosaic spread, degrees, of domains that are counted for flags without one: without a spread they
/// would all be alike.
const MOSAIC_SPREAD_DEG: &str = "0.5";

/// One case to render.
pub struct Planned {
    /// The numbers that the case sets.
    pub case: Case,
    /// Its flags.
    pub words: Vec<String>,
}

impl Planned {
    /// The devices among `all`, by name, that render this case.
    pub fn devices<'a>(&self, all: &'a [String]) -> &'a [String] {
        // The CPU path is the first, where it is asked for at all.
        match self.others_take_part() {
            true => all,
            false => &all[..1],
        }
    }

    /// Whether GPUs and the reference program render this case too: threads are varied for the CPU
    /// path alone.
    pub fn others_take_part(&self) -> bool {
        self.case.threads.is_none()
    }
}

impl BenchFlags {
    /// The threads of every case that varies something else, where they were given.
    pub fn threads_of_all(&self) -> Option<u32> {
        match self.threads.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// The cases, sweep by sweep. Wrong flags are found here, before any work.
    ///
    /// # Errors
    /// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] for bad files and too little memory.
    pub fn plan(&self) -> Result<Vec<Planned>, CliError> {
        self.check_size_flags()?;
        let cases = self.cases()?;
        let request = scenario(COMMAND, &self.scene_flags())?;
        let flags = seeded(&self.scene_flags(), request.seed);
        let spread = self.added_spread(&request)?;
        // Notices about counted domains are those of flags with the spread.
        let notices = if spread.is_empty() || self.domains.is_empty() {
            request.notices
        } else {
            scenario(COMMAND, &[flags.clone(), spread.clone()].concat())?.notices
        };
        for notice in &notices {
            say(format_args!("{COMMAND}: note: {notice}"));
        }
        let planned = |(place, case): (usize, &Case)| {
            if cases[..place].contains(case) {
                let (flag, value) = (case.sweep().name(), case.varied());
                return Err(CliError::usage(format!("--{flag} {value}: given twice")));
            }
            planned(*case, &flags, &spread)
        };
        cases.iter().enumerate().map(planned).collect()
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

    /// The cases, without their flags.
    fn cases(&self) -> Result<Vec<Case>, CliError> {
        let thread_sweep = self.threads.len() > 1;
        if thread_sweep && self.device == BenchDevice::Gpu {
            let given: Vec<String> = self.threads.iter().map(ToString::to_string).collect();
            return Err(CliError::usage(format!(
                "--threads {}: several numbers of threads are gone through on the CPU path, which \
                 --device gpu leaves out; take --device cpu or all",
                given.join(",")
            )));
        }
        let plain = |size: u32| Case {
            size,
            domains: None,
            threads: None,
        };
        let mut cases: Vec<Case> = self.sizes.iter().map(|&size| plain(size)).collect();
        let mut sorted = self.sizes.clone();
        sorted.sort_unstable();
        // The flag has a default, so there is a size.
        let (middle, largest) = (sorted[sorted.len() / 2], sorted[sorted.len() - 1]);
        cases.extend(self.domains.iter().map(|&count| Case {
            domains: Some(count),
            ..plain(middle)
        }));
        let threads = self.threads.iter().filter(|_| thread_sweep);
        cases.extend(threads.map(|&count| Case {
            threads: Some(count),
            ..plain(largest)
        }));
        Ok(cases)
    }

    /// Flags of a mosaic spread for domains that are counted; none where the flags of `request` give
    /// one, or say otherwise how the domains are turned.
    fn added_spread(&self, request: &Request) -> Result<Vec<String>, CliError> {
        let given = parsed(line(&self.scene_flags())?)?;
        let said = &given.given.document.mosaicity;
        if said.rotations.is_some() && !self.domains.is_empty() {
            return Err(CliError::usage(
                "--domains and --mosaic-file both say how many domains there are; leave one out",
            ));
        }
        let mosaicity = &request.experiment.crystal().mosaicity;
        if mosaicity.spread_rad() > 0.0 || said.rotations.is_some() || said.sigmas.is_some() {
            return Ok(Vec::new());
        }
        Ok(["-mosaic", MOSAIC_SPREAD_DEG].map(str::to_string).to_vec())
    }
}

/// `case` with its flags: `flags`, and behind them `spread` where domains are counted.
fn planned(case: Case, flags: &[String], spread: &[String]) -> Result<Planned, CliError> {
    let size = case.size;
    // Two images are compared, beside the worker's own.
    let needed = Bytes::of::<[f32; 3]>(u64::from(size).saturating_mul(u64::from(size)));
    needed.check().map_err(|available| {
        anyhow::anyhow!(
            "--sizes {size}: it needs {needed} of memory, and this machine has {available}"
        )
    })?;
    let mut words = flags.to_vec();
    words.extend(["-detpixels".to_string(), size.to_string()]);
    if let Some(domains) = case.domains {
        words.extend_from_slice(spread);
        words.extend(["-mosaic_domains".to_string(), domains.to_string()]);
    }
    scenario(COMMAND, &words)?;
    Ok(Planned { case, words })
}
