//! The GPU path as a backend. Nothing else of this module knows of GPUs, but for the choice of one.

use std::borrow::Cow;
use std::sync::Arc;

use tracing::info_span;

use super::backend::Backend;
use super::falling_back::{FallingBack, on_the_cpu};
use super::laid_out::FrameScenes;
use super::measured::measured_error;
use super::on_cpu::OnCpu;
use super::on_many::OnMany;
use super::shot::{Counted, InFlight, Readout, Shot, Subject, Wanted, developed};
use super::threads::Threads;
use super::{Device, Monitor, RenderError, RenderOptions};
use crate::gpu::{self, Adapter, Dispatch, Frame, GpuError, GpuRenderer, Landed};
use crate::image::noise::{self, Noise};
use crate::image::{Image, Statistics};
use crate::memory::Bytes;
use crate::profile::SETUP;
use crate::scene::{Scene, TermPlace};
use crate::trace::Trace;

impl From<GpuError> for RenderError {
    fn from(error: GpuError) -> RenderError {
        match error {
            GpuError::Interrupted => RenderError::Interrupted,
            other => RenderError::Gpu(other),
        }
    }
}

/// An opened GPU, and the threads that do what is left to the host.
#[derive(Debug)]
struct OnGpu {
    gpu: GpuRenderer,
    threads: Threads,
}

/// What `options` ask for, with a notice where `auto` finds a GPU that does not work.
///
/// # Errors
/// [`RenderError::Gpu`] when a GPU that is asked for is not there or does not work.
pub fn opened(
    options: &RenderOptions,
    threads: &Threads,
) -> Result<(Box<dyn Backend>, Option<String>), RenderError> {
    let on_cpu = || Box::new(OnCpu(threads.clone()));
    let open = |adapter: &Adapter| -> Result<Box<dyn Backend>, GpuError> {
        let gpu = GpuRenderer::new(adapter, options.gpu.clone())?;
        let threads = threads.clone();
        Ok(Box::new(OnGpu { gpu, threads }))
    };
    match &options.device {
        Device::Cpu => Ok((on_cpu(), None)),
        Device::Gpu(name) => {
            let adapters = adapters(threads);
            let chosen = Adapter::choose_all(&adapters, name)?.into_iter();
            let mut opened = chosen.map(open).collect::<Result<Vec<_>, _>>()?;
            match opened.pop() {
                Some(only) if opened.is_empty() => Ok((only, None)),
                last => Ok((
                    Box::new(OnMany::new(opened.into_iter().chain(last).collect())),
                    None,
                )),
            }
        }
        Device::Auto => {
            let adapters = adapters(threads);
            let chosen = if options.auto_takes_software {
                adapters.first()
            } else {
                Adapter::best_real(&adapters)
            };
            match chosen.map(open).transpose() {
                Ok(None) => Ok((on_cpu(), None)),
                Ok(Some(gpu)) => Ok((Box::new(FallingBack::new(gpu, on_cpu())), None)),
                Err(error) => Ok((on_cpu(), Some(on_the_cpu(&error)))),
            }
        }
    }
}

/// The adapters of this machine. One of the `threads` gets ready for them meanwhile.
fn adapters(threads: &Threads) -> Vec<Adapter> {
    threads.spawn(GpuRenderer::prepare);
    info_span!(target: SETUP, "look for adapters").in_scope(gpu::adapters)
}

/// The notice of a scene whose image is not good, as far as the CPU path finds from its photons, which
/// `photons` gives where they are looked at.
fn inexact(
    scene: &Scene,
    photons: impl FnOnce() -> Result<Vec<f32>, GpuError>,
) -> Result<Option<String>, GpuError> {
    if gpu::misses_edges(scene) {
        return Ok(Some(
            "on the GPU sub-pixels within rounding of a top-hat spot's edge may be on its wrong side, as \
             the detector is bent; the CPU renders them in float64"
                .into(),
        ));
    }
    let Some(largest) = gpu::largest_error(scene) else {
        return Ok(None);
    };
    let told = match measured_error(scene, &photons()?) {
        Some(error) if error <= gpu::GOOD => return Ok(None),
        Some(error) => format!("the nrmse is about {error:.0e}, by pixels that the CPU rendered"),
        None => format!("expect an nrmse of at most about {largest:.0e}"),
    };
    Ok(Some(format!(
        "spots are much sharper than pixels: on the GPU {told}; the CPU renders them in float64"
    )))
}

impl OnGpu {
    /// The sum of all scenes of `frame` on the device. What the user should know of it comes on top of
    /// the `notices`.
    fn rendered(
        &self,
        frame: &FrameScenes,
        monitor: &dyn Monitor,
        notices: &mut Vec<String>,
    ) -> Result<Frame<'_>, RenderError> {
        let [width, _] = frame.size();
        let made = |several| {
            let (panels, rendered) = (frame.panels(), frame.pixels());
            self.gpu.frame(width, panels, rendered, several)
        };
        let mut sum = made(frame.channels() > 1)?;
        frame.each(monitor, |scene, part| {
            let mut watch = |dispatch: &Dispatch| {
                part.dispatched(dispatch);
                part.advanced(dispatch.done);
                !part.interrupted()
            };
            // What lies between the parts of it is getting ready, too: handing over to the pool, say.
            let _span = info_span!(target: SETUP, "GPU path").entered();
            let notice = self.threads.install(|| -> Result<_, GpuError> {
                // Photons leave the device by themselves only where they are looked at.
                let looked_at = gpu::largest_error(scene).is_some();
                let mut alone = looked_at.then(|| made(false)).transpose()?;
                sum.add(scene, alone.as_mut(), &mut watch)?;
                inexact(scene, || match alone {
                    None => Ok(Vec::new()),
                    Some(mut alone) => {
                        alone.send_photons()?;
                        Ok(alone.land().take()?.photons)
                    }
                })
            })?;
            notices.extend(notice.filter(|notice| !notices.contains(notice)));
            Ok(())
        })?;
        Ok(sum)
    }
}

impl Backend for OnGpu {
    fn device(&self) -> &str {
        self.gpu.name()
    }

    fn is_gpu(&self) -> bool {
        true
    }

    fn shoot<'a>(
        &'a self,
        subject: Subject<'a>,
        wanted: Wanted,
        monitor: &dyn Monitor,
    ) -> Result<InFlight<'a>, RenderError> {
        let mut notices = Vec::new();
        let mut frame = match &subject {
            Subject::Frame(frame) => self.rendered(frame, monitor, &mut notices)?,
            Subject::Image(image, panels) => {
                let rendered = image.flags().map(Arc::from);
                let width = image.width();
                let mut frame = self.gpu.frame(width, panels, rendered.as_ref(), false)?;
                frame.upload(image.values())?;
                frame
            }
        };
        let spreads = |readout: &Readout| readout.noise.spread().is_some();
        let misfit = wanted.readouts.iter().any(spreads).then(|| frame.misfit());
        let misfit = misfit.flatten();
        let (on_host, on_device) = match misfit {
            Some(_) => (wanted.readouts.as_slice(), [].as_slice()),
            None => ([].as_slice(), wanted.readouts.as_slice()),
        };
        notices.extend(misfit.map(|why| format!("{why}; the CPU spreads the light of this image")));
        if let Subject::Frame(_) = subject {
            match wanted.photons || !on_host.is_empty() {
                true => frame.send_photons()?,
                false => frame.send_statistics()?,
            }
        }
        for readout in on_device {
            frame.read_out(&readout.noise, readout.number)?;
        }
        let left = Wanted {
            readouts: on_host.to_vec(),
            ..wanted.clone()
        };
        let landing = frame.land();
        Ok(InFlight::new(move |_| {
            let Landed {
                photons,
                statistics,
                counts,
            } = landing.take()?;
            let counted = counts.into_iter().map(|counts| Counted {
                pixels: counts.pixels,
                clipped: counts.clipped,
                saturated: counts.saturated,
            });
            let mut counted: Vec<Counted> = counted.collect();
            let (image, panels) = match &subject {
                Subject::Frame(frame) if photons.is_empty() => {
                    let [width, _] = frame.size();
                    return Ok(Shot {
                        photons: None,
                        statistics: Statistics::of_parts(statistics.into_iter(), width),
                        counted,
                        device: self.gpu.name().to_string(),
                        notices,
                    });
                }
                Subject::Frame(frame) => (Cow::Owned(frame.image(photons)), frame.panels()),
                Subject::Image(image, panels) => (Cow::Borrowed(*image), *panels),
            };
            let expose = |image: &Image, noise: &Noise| noise::expose(image, noise, panels);
            let developing = || developed(image, &left, self.gpu.name(), expose);
            let shot = self.threads.install(developing)?;
            counted.extend(shot.counted);
            Ok(Shot {
                counted,
                notices,
                photons: shot.photons,
                statistics: shot.statistics,
                device: shot.device,
            })
        }))
    }

    fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError> {
        Ok(self.threads.install(|| self.gpu.trace(scene, place))?)
    }

    fn device_memory(&self, scene: &Scene) -> Option<Bytes> {
        Some(self.gpu.memory(scene))
    }
}
