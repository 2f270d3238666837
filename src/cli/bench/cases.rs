//! What a benchmark renders: its sizes, and the sweeps beside them.

use super::super::CliError;
use super::super::flags::Request;
use super::super::output::say;
use super::super::render::{line, parsed};
use super::super::scenario::{scenario, seeded};
use super::{BenchDevice, BenchFlags};
use crate::memory::Bytes;
use crate::report::{Benchmark, CaseResult, Setting};

/// The spread, degrees, of domains that are counted for flags without one: they would all be alike.
const SPREAD_DEG: &str = "0.5";

/// One experiment to render.
pub struct Case {
    /// What it varies.
    pub setting: Setting,
    /// Its flags.
    pub words: Vec<String>,
}

impl Case {
    /// Those of `all` devices, by name, that render this case.
    pub fn devices<'a>(&self, all: &'a [String]) -> &'a [String] {
        // The CPU path is the first, where it is asked for at all.
        &all[..if self.others_take_part() {
            all.len()
        } else {
            1
        }]
    }

    /// Whether GPUs and the reference program render this case too: threads are the CPU path's.
    pub fn others_take_part(&self) -> bool {
        self.setting.threads.is_none()
    }

    /// Where its result belongs.
    pub fn sweep<'a>(&self, benchmark: &'a mut Benchmark) -> &'a mut Vec<CaseResult> {
        match self.setting {
            Setting {
                threads: Some(_), ..
            } => &mut benchmark.threads,
            Setting {
                domains: Some(_), ..
            } => &mut benchmark.domains,
            _ => &mut benchmark.sizes,
        }
    }
}

impl BenchFlags {
    /// The threads of every render that varies something else, where they were said.
    pub fn threads_of_all(&self) -> Option<u32> {
        match self.threads.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// What is rendered, in the order of [`Benchmark::cases`]; wrong flags are found here, before
    /// any work.
    pub fn cases(&self) -> Result<Vec<Case>, CliError> {
        let sizes_detector = |word: &&String| {
            let name = word.trim_start_matches('-');
            let sizing = ["detpixel", "detsize", "expt", "geom"];
            word.starts_with('-') && sizing.iter().any(|start| name.starts_with(start))
        };
        if let Some(flag) = self.flags.iter().find(sizes_detector) {
            return Err(CliError::usage(format!(
                "{flag}: leave the detector's size out of the flags behind --; --sizes sets it"
            )));
        }
        let thread_sweep = self.threads.len() > 1;
        if thread_sweep && self.device == BenchDevice::Gpu {
            let given: Vec<String> = self.threads.iter().map(ToString::to_string).collect();
            return Err(CliError::usage(format!(
                "--threads {}: several numbers of threads are gone through on the CPU path, which \
                 --device gpu leaves out; take --device cpu or all",
                given.join(",")
            )));
        }
        let plain = |size: u32| Setting {
            size: size as usize,
            domains: None,
            threads: None,
        };
        let mut settings: Vec<Setting> = self.sizes.iter().map(|&size| plain(size)).collect();
        let mut sorted = self.sizes.clone();
        sorted.sort_unstable();
        // The flag has a default, so there is a size.
        let middle = sorted[sorted.len() / 2];
        let largest = sorted[sorted.len() - 1];
        settings.extend(self.domains.iter().map(|&count| Setting {
            domains: Some(count),
            ..plain(middle)
        }));
        if thread_sweep {
            settings.extend(self.threads.iter().map(|&count| Setting {
                threads: Some(count),
                ..plain(largest)
            }));
        }
        let request = scenario("nanobragg bench", &self.scene_flags())?;
        let flags = seeded(&self.scene_flags(), request.seed);
        let added = self.added_spread(&request)?;
        // What is said of the domains that are counted is said of those with the spread.
        let notices = if added.is_empty() || self.domains.is_empty() {
            request.notices
        } else {
            scenario("nanobragg bench", &[flags.clone(), added.clone()].concat())?.notices
        };
        for notice in &notices {
            say(format_args!("nanobragg bench: note: {notice}"));
        }
        settings
            .iter()
            .enumerate()
            .map(|(place, &setting)| {
                if settings[..place].contains(&setting) {
                    return Err(twice(setting));
                }
                case(setting, &flags, &added)
            })
            .collect()
    }
}

impl BenchFlags {
    /// Flags of a spread for domains that are counted, unless those of `request` give one, or say
    /// otherwise how the domains are turned.
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
        Ok(["-mosaic", SPREAD_DEG].map(str::to_string).to_vec())
    }
}

fn twice(setting: Setting) -> CliError {
    let (flag, value) = match setting {
        Setting {
            threads: Some(count),
            ..
        } => ("--threads", count as usize),
        Setting {
            domains: Some(count),
            ..
        } => ("--domains", count as usize),
        _ => ("--sizes", setting.size),
    };
    CliError::usage(format!("{flag} {value}: given twice"))
}

/// The case of a setting, from `flags`, with `spread` behind them where domains are counted.
fn case(setting: Setting, flags: &[String], spread: &[String]) -> Result<Case, CliError> {
    let size = setting.size;
    // Two images are compared, beside the worker's own.
    let needed = Bytes::of::<[f32; 3]>((size as u64).saturating_mul(size as u64));
    needed.check().map_err(|available| {
        CliError::Failed(anyhow::anyhow!(
            "--sizes {size}: it needs {needed} of memory, and this machine has {available}"
        ))
    })?;
    let mut words = flags.to_vec();
    words.extend(["-detpixels".to_string(), size.to_string()]);
    if let Some(domains) = setting.domains {
        words.extend_from_slice(spread);
        words.extend(["-mosaic_domains".to_string(), domains.to_string()]);
    }
    scenario("nanobragg bench", &words)?;
    Ok(Case { setting, words })
}
