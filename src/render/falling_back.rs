//! A backend for which another stands in.

use std::sync::atomic::{AtomicBool, Ordering};

use super::backend::Backend;
use super::derivatives::{Derivatives, Differentiated, Gradient};
use super::laid_out::FrameScenes;
use super::shot::{InFlight, Shot, Subject, Wanted};
use super::{Monitor, RenderError};
use crate::image::noise::PointSpread;
use crate::memory::Bytes;
use crate::scene::{Rates, Scene, SceneVector, TermPlace};
use crate::trace::Trace;

/// A backend, and another that takes over for good when the first one fails: what does not work
/// once costs every later image its time again.
#[derive(Debug)]
pub struct FallingBack {
    first: Box<dyn Backend>,
    second: Box<dyn Backend>,
    /// The first failed. Only the shots for which it did get a notice of it.
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

    /// What `work` comes to on the backend in use, or on the second one if the first fails at it, with the
    /// notice that says so.
    fn either<T>(
        &self,
        work: impl Fn(&dyn Backend) -> Result<T, RenderError>,
    ) -> Result<(T, Option<String>), RenderError> {
        if self.failed.load(Ordering::Relaxed) {
            return Ok((work(self.second.as_ref())?, None));
        }
        match work(self.first.as_ref()) {
            Err(error @ RenderError::Gpu(_)) => {
                self.failed.store(true, Ordering::Relaxed);
                Ok((work(self.second.as_ref())?, Some(on_the_cpu(&error))))
            }
            worked => Ok((worked?, None)),
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
        self.failed.store(true, Ordering::Relaxed);
        let mut shot = self.second.shoot(subject, wanted, monitor)?.take(monitor)?;
        shot.notices.insert(0, on_the_cpu(error));
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

    fn derivative_images(
        &self,
        frame: &FrameScenes,
        rates: &Rates,
        directions: &[SceneVector],
        monitor: &dyn Monitor,
    ) -> Result<Derivatives, RenderError> {
        let work = |own: &dyn Backend| own.derivative_images(frame, rates, directions, monitor);
        let (mut derivatives, notice) = self.either(work)?;
        derivatives.notices.splice(0..0, notice);
        Ok(derivatives)
    }

    fn gradient(
        &self,
        frame: &FrameScenes,
        rates: &Rates,
        weights: &[f64],
        amplitudes: bool,
        monitor: &dyn Monitor,
    ) -> Result<Gradient, RenderError> {
        let work = |own: &dyn Backend| own.gradient(frame, rates, weights, amplitudes, monitor);
        let (mut gradient, notice) = self.either(work)?;
        gradient.notices.splice(0..0, notice);
        Ok(gradient)
    }

    fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError> {
        self.in_use().trace(scene, place)
    }

    fn device_memory(&self, scene: &Scene, channels: usize, wanted: &Wanted) -> Option<Bytes> {
        self.in_use().device_memory(scene, channels, wanted)
    }

    fn derivative_memory(
        &self,
        scene: &Scene,
        rates: &Rates,
        wanted: Differentiated,
    ) -> Option<Bytes> {
        self.in_use().derivative_memory(scene, rates, wanted)
    }

    fn spread_memory(&self, spread: &PointSpread, size: [usize; 2]) -> Bytes {
        self.in_use().spread_memory(spread, size)
    }
}

#[cfg(test)]
mod tests {
    use super::super::on_cpu::OnCpu;
    use super::super::shot::Readout;
    use super::super::threads::Threads;
    use super::*;
    use crate::formats::encoding::Number;
    use crate::gpu::GpuError;
    use crate::image::Image;
    use crate::image::noise::Noise;

    /// A device that takes work, and is lost before it has done it.
    #[derive(Debug)]
    struct Lost;

    impl Backend for Lost {
        fn device(&self) -> &str {
            "lost"
        }

        fn is_gpu(&self) -> bool {
            true
        }

        fn shoot<'a>(
            &'a self,
            _subject: Subject<'a>,
            _wanted: Wanted,
            _monitor: &dyn Monitor,
        ) -> Result<InFlight<'a>, RenderError> {
            Ok(InFlight::new(|_| {
                Err(RenderError::Gpu(GpuError::Lost {
                    what: "all".into(),
                    adapter: "lost".into(),
                    reason: "pulled out".into(),
                }))
            }))
        }

        fn derivative_images(
            &self,
            _: &FrameScenes,
            _: &Rates,
            _: &[SceneVector],
            _: &dyn Monitor,
        ) -> Result<Derivatives, RenderError> {
            Err(RenderError::Interrupted)
        }

        fn gradient(
            &self,
            _: &FrameScenes,
            _: &Rates,
            _: &[f64],
            _: bool,
            _: &dyn Monitor,
        ) -> Result<Gradient, RenderError> {
            Err(RenderError::Interrupted)
        }

        fn trace(&self, _scene: &Scene, _place: &TermPlace) -> Result<Trace, RenderError> {
            Err(RenderError::Interrupted)
        }

        fn device_memory(&self, _: &Scene, _: usize, _: &Wanted) -> Option<Bytes> {
            None
        }

        fn derivative_memory(&self, _: &Scene, _: &Rates, _: Differentiated) -> Option<Bytes> {
            None
        }

        fn spread_memory(&self, _: &PointSpread, _: [usize; 2]) -> Bytes {
            Bytes(0)
        }
    }

    #[test]
    fn shots_in_flight_on_a_device_that_is_lost_are_made_again() {
        let on_cpu = || Box::new(OnCpu(Threads::start(1).unwrap()));
        let (cpu, backend) = (on_cpu(), FallingBack::new(Box::new(Lost), on_cpu()));
        let images = [3.0, 70.0].map(|photons| Image::new(4, 3, vec![photons; 12], None));
        let wanted = || Wanted {
            photons: true,
            readouts: vec![Readout {
                noise: Noise::default(),
                number: Number::U16,
            }],
            ..Wanted::default()
        };
        let shoot = |backend: &'_ dyn Backend, image| {
            let shot = backend.shoot(Subject::Image(image, &[3]), wanted(), &());
            shot.unwrap().take(&()).unwrap()
        };
        let subjects = images
            .iter()
            .map(|image| backend.shoot(Subject::Image(image, &[3]), wanted(), &()));
        let in_flight: Vec<InFlight> = subjects.map(Result::unwrap).collect();
        assert!(backend.is_gpu());
        for (shot, image) in in_flight.into_iter().zip(&images) {
            let mut found = shot.take(&()).unwrap();
            let told = std::mem::take(&mut found.notices);
            assert!(
                matches!(&told[..], [told] if told.contains("pulled out") && told.contains("CPU")),
                "{told:?}"
            );
            assert_eq!(found, shoot(&*cpu, image));
        }
        // Later ones are not tried there.
        assert!(!backend.is_gpu());
        assert_eq!(shoot(&backend, &images[0]), shoot(&*cpu, &images[0]));
    }
}
