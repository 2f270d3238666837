//! The GPU path as a backend. Nothing else of this module knows of GPUs, but for the choice of one.

use std::borrow::Cow;

use tracing::info_span;

use super::backend::Backend;
use super::falling_back::{FallingBack, on_the_cpu};
use super::laid_out::FrameScenes;
use super::measured::measured_error;
use super::on_cpu::OnCpu;
use super::on_many::OnMany;
use super::shot::{InFlight, Subject, Wanted, developed};
use super::threads::Threads;
use super::{Device, Monitor, RenderError, RenderOptions};
use crate::gpu::{self, Adapter, Dispatch, GpuError, GpuRenderer};
use crate::image::Image;
use crate::image::noise::{self, Noise};
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

/// The notice of an image of `scene` that is not good, as far as the CPU path finds.
fn inexact(scene: &Scene, photons: &[f32]) -> Option<String> {
    if gpu::misses_edges(scene) {
        return Some(
            "on the GPU sub-pixels within rounding of a top-hat spot's edge may be on its wrong side, as \
             the detector is bent; the CPU renders them in float64"
                .into(),
        );
    }
    let largest = gpu::largest_error(scene)?;
    let told = match measured_error(scene, photons) {
        Some(error) if error <= gpu::GOOD => return None,
        Some(error) => format!("the nrmse is about {error:.0e}, by pixels that the CPU rendered"),
        None => format!("expect an nrmse of at most about {largest:.0e}"),
    };
    Some(format!(
        "spots are much sharper than pixels: on the GPU {told}; the CPU renders them in float64"
    ))
}

impl OnGpu {
    /// The photons of `frame`; what the user should know of them comes on top of the `notices`.
    fn photons(
        &self,
        frame: &FrameScenes,
        monitor: &dyn Monitor,
        notices: &mut Vec<String>,
    ) -> Result<Image, RenderError> {
        let mut sums: Vec<f64> = Vec::new();
        frame.each(monitor, |scene, part| {
            let mut watch = |dispatch: &Dispatch| {
                part.dispatched(dispatch);
                part.advanced(dispatch.done);
                !part.interrupted()
            };
            // What lies between the parts of it is getting ready, too: handing over to the pool, say.
            let _span = info_span!(target: SETUP, "GPU path").entered();
            let photons = self
                .threads
                .install(|| self.gpu.render(scene, &mut watch))?;
            let notice = self.threads.install(|| inexact(scene, &photons));
            notices.extend(notice.filter(|notice| !notices.contains(notice)));
            sums.resize(photons.len(), 0.0);
            for (sum, value) in sums.iter_mut().zip(photons) {
                *sum += f64::from(value);
            }
            Ok(())
        })?;
        Ok(frame.image(sums.into_iter().map(|sum| sum as f32).collect()))
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
        let panels = subject.panels().to_vec();
        let image = match subject {
            Subject::Frame(frame) => Cow::Owned(self.photons(&frame, monitor, &mut notices)?),
            Subject::Image(image, _) => Cow::Borrowed(image),
        };
        Ok(InFlight::new(move |_| {
            let expose = |image: &Image, noise: &Noise| noise::expose(image, noise, &panels);
            let developing = || developed(image, &wanted, self.gpu.name(), expose);
            let mut shot = self.threads.install(developing)?;
            shot.notices = notices;
            Ok(shot)
        }))
    }

    fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError> {
        Ok(self.threads.install(|| self.gpu.trace(scene, place))?)
    }

    fn device_memory(&self, scene: &Scene) -> Option<Bytes> {
        Some(self.gpu.memory(scene))
    }
}
