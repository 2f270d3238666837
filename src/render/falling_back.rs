//! A backend for which another stands in.

use std::sync::atomic::{AtomicBool, Ordering};

use super::backend::Backend;
use super::shot::{InFlight, Shot, Subject, Wanted};
use super::{Monitor, RenderError};
use crate::memory::Bytes;
use crate::scene::{Scene, TermPlace};
use crate::trace::Trace;

/// A backend, and another that takes over for good when the first one fails: what does not work
/// once costs every later image its time again.
#[derive(Debug)]
pub struct FallingBack {
    first: Box<dyn Backend>,
    second: Box<dyn Backend>,
    /// The first failed. Only the shot for which it did first gets a notice of it.
    failed: AtomicBool,
}

impl FallingBack {
    /// `first`, for which `second` stands in.
    pub fn new(first: Box<dyn Backend>, second: Box<dyn Backend>) -> FallingBack {
        FallingBack {
            first,
            second,
            failed: AtomicBool::new(false),
        }
    }

    fn in_use(&self) -> &dyn Backend {
        if self.failed.load(Ordering::Relaxed) {
            self.second.as_ref()
        } else {
            self.first.as_ref()
        }
    }

    /// Has the second backend make what is `wanted` of `subject`, as the first failed with `error`.
    fn again(
        &self,
        error: &RenderError,
        subject: Subject,
        wanted: Wanted,
        monitor: &dyn Monitor,
    ) -> Result<Shot, RenderError> {
        // Another shot may have failed at the same time, and says so.
        let told = self.failed.swap(true, Ordering::Relaxed);
        let mut shot = self.second.shoot(subject, wanted, monitor)?.take(monitor)?;
        if !told {
            shot.notices.insert(0, on_the_cpu(error));
        }
        Ok(shot)
    }
}

/// That the CPU stands in for a GPU, and why.
pub fn on_the_cpu(error: &dyn std::error::Error) -> String {
    format!("{error}; rendering on the CPU")
}

impl Backend for FallingBack {
    fn device(&self) -> &str {
        self.in_use().device()
    }

    fn is_gpu(&self) -> bool {
        self.in_use().is_gpu()
    }

    fn shoot<'a>(
        &'a self,
        subject: Subject<'a>,
        wanted: Wanted,
        monitor: &dyn Monitor,
    ) -> Result<InFlight<'a>, RenderError> {
        if self.failed.load(Ordering::Relaxed) {
            return self.second.shoot(subject, wanted, monitor);
        }
        match self.first.shoot(subject.clone(), wanted.clone(), monitor) {
            Ok(shot) => Ok(InFlight::new(move |monitor| match shot.take(monitor) {
                Err(error @ RenderError::Gpu(_)) => self.again(&error, subject, wanted, monitor),
                taken => taken,
            })),
            Err(error @ RenderError::Gpu(_)) => {
                let shot = self.again(&error, subject, wanted, monitor)?;
                Ok(InFlight::new(move |_| Ok(shot)))
            }
            Err(error) => Err(error),
        }
    }

    fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError> {
        self.in_use().trace(scene, place)
    }

    fn device_memory(&self, scene: &Scene) -> Option<Bytes> {
        self.in_use().device_memory(scene)
    }
}
