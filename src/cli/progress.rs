//! The progress bar, which also watches for Ctrl-C.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::flags::Request;
use super::{CliError, interrupt};
use crate::render::Monitor;

/// A progress bar appears when the work takes longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// Parts that the bar counts.
const PARTS: u64 = 1000;

/// Shows the bar once the work takes longer than the user's patience, and stops it on Ctrl-C.
pub struct Progress {
    bar: ProgressBar,
    patience: Duration,
    started: Instant,
}

impl Progress {
    /// A bar for what `request` asks for, where one is wanted.
    ///
    /// # Errors
    /// [`CliError::Failed`] for a bar that cannot be drawn.
    pub fn of(request: &Request) -> Result<Progress, CliError> {
        Progress::shown(request.program.quiet, request.progress)
    }

    /// A bar on a terminal unless the program is to be `quiet`, or as was `asked`.
    ///
    /// # Errors
    /// As [`Progress::of`].
    pub fn shown(quiet: bool, asked: Option<bool>) -> Result<Progress, CliError> {
        let wanted = asked.unwrap_or(!quiet && std::io::stderr().is_terminal());
        let patience = match asked {
            _ if !wanted => Duration::MAX,
            Some(true) => Duration::ZERO,
            _ => PATIENCE,
        };
        let bar = ProgressBar::with_draw_target(Some(PARTS), ProgressDrawTarget::hidden());
        let template = "{bar:40} {percent}%, {eta} to go{msg}";
        bar.set_style(
            ProgressStyle::with_template(template).context("the progress bar's template")?,
        );
        Ok(Progress {
            bar,
            patience,
            started: Instant::now(),
        })
    }

    /// The monitor of frame `index` of `count`.
    pub fn frame(&self, index: usize, count: usize) -> Share<'_> {
        self.bar
            .set_message(format!(", frame {} of {count}", index + 1));
        Share {
            whole: self,
            index,
            count,
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Monitor for Progress {
    fn advanced(&self, part: f64) {
        if self.started.elapsed() < self.patience {
            return;
        }
        if self.bar.is_hidden() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position((part * PARTS as f64) as u64);
    }

    fn interrupted(&self) -> bool {
        interrupt::interrupted()
    }
}

/// One of several equal parts of the work.
pub struct Share<'a> {
    whole: &'a Progress,
    index: usize,
    count: usize,
}

impl Monitor for Share<'_> {
    fn advanced(&self, part: f64) {
        let done = self.index as f64 + part;
        self.whole.advanced(done / self.count as f64);
    }

    fn interrupted(&self) -> bool {
        self.whole.interrupted()
    }
}
