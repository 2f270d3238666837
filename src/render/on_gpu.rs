//! The GPU path as a backend. Nothing else of this module knows of GPUs, but for the choice of one.

use std::borrow::Cow;
use std::sync::Arc;

use tracing::info_span;

use super::backend::Backend;
use super::derivatives::{Derivatives, Differentiated, Gradient};
use super::falling_back::{FallingBack, on_the_cpu};
use super::laid_out::FrameScenes;
use super::measured::measured_error;
use super::memory::amplitude_gradient;
use super::on_cpu::OnCpu;
use super::on_many::OnMany;
use super::shot::{Counted, InFlight, Readout, Shot, Subject, Wanted, developed};
use super::threads::Threads;
use super::{Device, Monitor, RenderError, RenderOptions};
use crate::cpu::{self, derivatives::Watch};
use crate::gpu::{
    self, Adapter, DerivativeWatch, Dispatch, Frame, FrameUse, GpuError, GpuRenderer, Landed,
    Landing,
};
use crate::image::noise::{self, Noise, PointSpread, point_spread};
use crate::image::{Image, Statistics};
use crate::memory::{Bytes, zeros};
use crate::profile::SETUP;
use crate::scene::{Rates, Scene, SceneVector, TermPlace};
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

/// What `options` ask for, with a notice where `auto` finds a GPU that does not work, and where several differ.
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
                last => {
                    let many = OnMany::new(opened.into_iter().chain(last).collect());
                    let notice = many.notice();
                    Ok((Box::new(many), notice))
                }
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

/// The notice of an image of `scene` that is not good, as far as the CPU path finds from its `photons`;
/// only where [`gpu::largest_error`] has an answer are these looked at.
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

/// What a frame of so many energy channels is for, of which this is `wanted`.
fn use_of(wanted: &Wanted, channels: usize) -> FrameUse {
    let readouts = wanted.readouts.iter();
    FrameUse {
        several: channels > 1,
        photons: wanted.photons,
        readouts: readouts
            .map(|readout| (readout.noise, readout.number))
            .collect(),
    }
}

/// Has `monitor` watch dispatches.
fn watched(monitor: &dyn Monitor) -> impl FnMut(&Dispatch) -> bool {
    |dispatch| {
        monitor.dispatched(dispatch);
        monitor.advanced(dispatch.done);
        !monitor.interrupted()
    }
}

/// The notice that float32 may not be enough for derivatives of the image of `scene`.
fn inexact_slopes(scene: &Scene) -> Option<String> {
    gpu::largest_error(scene).map(|largest| {
        format!(
            "spots are much sharper than pixels: on the GPU expect an nrmse of at most about \
             {largest:.0e} of the image, and a few times that of its derivatives; the CPU computes them \
             in float64"
        )
    })
}

/// The notice of [`amorphous_alone`].
const AMORPHOUS_ON_HOST: &str =
    "the CPU computes the derivatives of amorphous materials, for which the GPU has no kernel";

/// What amorphous materials scatter in `scene`, if there are any, without the rest of it. It takes no more
/// than a term a pixel, and is left to the host.
fn amorphous_alone(scene: &Scene, rates: &Rates) -> Option<(Scene, Rates)> {
    let alone = Scene {
        orientations: scene.orientations.iter().take(1).copied().collect(),
        phi_steps: 1,
        grid: None,
        default_f: 0.0,
        background: 0.0,
        closed_form: None,
        diffuse: None,
        ..scene.clone()
    };
    let still = Rates {
        turns: rates.turns.iter().take(1).copied().collect(),
        mosaic: Vec::new(),
    };
    (!scene.amorphous.is_empty()).then_some((alone, still))
}

/// What comes of a subject.
enum Coming<'a> {
    /// A frame on its way from the device.
    InFlight(Landing<'a>),
    /// A frame that is on the host.
    Here(Landed),
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
            // What lies between the parts of it is getting ready, too: handing over to the pool, say.
            let _span = info_span!(target: SETUP, "GPU path").entered();
            let notice = self.threads.install(|| -> Result<_, GpuError> {
                // Photons leave the device by themselves only where they are looked at.
                let looked_at = gpu::largest_error(scene).is_some();
                let mut alone = looked_at.then(|| made(false)).transpose()?;
                sum.add(scene, alone.as_mut(), &mut watched(part))?;
                let mut photons = Vec::new();
                if let Some(mut alone) = alone {
                    alone.send_photons()?;
                    photons = alone.land().take()?.photons;
                }
                Ok(inexact(scene, &photons))
            })?;
            notices.extend(notice.filter(|notice| !notices.contains(notice)));
            Ok(())
        })?;
        Ok(sum)
    }

    /// The photons of `frame`, which has one scene, put in their places on the host.
    fn placed_here(
        &self,
        frame: &FrameScenes,
        monitor: &dyn Monitor,
        notices: &mut Vec<String>,
    ) -> Result<Landed, RenderError> {
        let mut landed = Landed::default();
        frame.each(monitor, |scene, part| {
            let _span = info_span!(target: SETUP, "GPU path").entered();
            let notice = self.threads.install(|| -> Result<_, GpuError> {
                landed.photons = self.gpu.render(scene, &mut watched(part))?;
                Ok(inexact(scene, &landed.photons))
            })?;
            notices.extend(notice);
            Ok(())
        })?;
        Ok(landed)
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
        let mut on_host = Vec::new();
        let coming = match &subject {
            Subject::Frame(frame)
                if self
                    .gpu
                    .leaves_places_to_host(&use_of(&wanted, frame.channels())) =>
            {
                Coming::Here(self.placed_here(frame, monitor, &mut notices)?)
            }
            subject => {
                let mut frame = match subject {
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
                let spread = wanted.readouts.iter().any(spreads);
                let misfit = spread.then(|| frame.misfit()).flatten();
                if let Some(why) = misfit {
                    notices.push(format!("{why}; the CPU spreads the light of this image"));
                    on_host.clone_from(&wanted.readouts);
                }
                if let Subject::Frame(_) = subject {
                    match wanted.photons || !on_host.is_empty() {
                        true => frame.send_photons()?,
                        false => frame.send_statistics()?,
                    }
                }
                for readout in wanted.readouts.iter().filter(|_| on_host.is_empty()) {
                    frame.read_out(&readout.noise, readout.number)?;
                }
                Coming::InFlight(frame.land())
            }
        };
        let left = Wanted {
            readouts: on_host,
            ..wanted.clone()
        };
        Ok(InFlight::new(move |_| {
            let Landed {
                photons,
                statistics,
                counts,
            } = match coming {
                Coming::InFlight(landing) => landing.take()?,
                Coming::Here(landed) => landed,
            };
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

    fn derivative_images(
        &self,
        frame: &FrameScenes,
        rates: &Rates,
        directions: &[SceneVector],
        monitor: &dyn Monitor,
    ) -> Result<Derivatives, RenderError> {
        let [width, height] = frame.size();
        let mut image = zeros(width * height);
        let mut derivatives: Vec<_> = directions.iter().map(|_| zeros(width * height)).collect();
        let mut notices = Vec::new();
        let mut channel = 0;
        frame.each(monitor, |scene, part| {
            let (image, derivatives) = (&mut image, &mut derivatives);
            let own = (directions, channel);
            channel += 1;
            let on_host =
                |scene: &Scene, rates: &Rates, image: &mut [f64], along: &mut [Vec<f64>]| {
                    let watch = Watch {
                        row_done: &|| (),
                        interrupted: &|| part.interrupted(),
                    };
                    let made = cpu::derivatives::derivative_images;
                    made(scene, rates, own, image, along, &watch).ok_or(RenderError::Interrupted)
                };
            self.threads.install(|| {
                if let Some((scene, rates)) = amorphous_alone(scene, rates) {
                    on_host(&scene, &rates, image, derivatives)?;
                    notices.push(AMORPHOUS_ON_HOST.into());
                }
                notices.extend(inexact_slopes(scene));
                let watch = &mut DerivativeWatch {
                    dispatched: &mut watched(part),
                    interrupted: &|| part.interrupted(),
                };
                (self.gpu).derivative_images(
                    scene,
                    rates,
                    directions,
                    image,
                    derivatives,
                    watch,
                )?;
                for (image, direction) in derivatives.iter_mut().zip(directions) {
                    if let Some(own) = direction.amplitudes.get(own.1) {
                        self.gpu.derivative_along_f(scene, own, image, watch)?;
                    }
                }
                Ok(())
            })
        })?;
        notices.dedup();
        Ok(Derivatives {
            image,
            derivatives,
            device: self.gpu.name().to_string(),
            notices,
        })
    }

    fn gradient(
        &self,
        frame: &FrameScenes,
        rates: &Rates,
        weights: &[f64],
        amplitudes: bool,
        monitor: &dyn Monitor,
    ) -> Result<Gradient, RenderError> {
        let panels = frame.experiment().panels().len();
        let mut vector = SceneVector::zero(panels, frame.materials());
        let mut notices = Vec::new();
        let mut channel = 0;
        frame.each(monitor, |scene, part| {
            if amplitudes {
                vector.amplitudes.push(amplitude_gradient(scene)?);
            }
            let (vector, own) = (&mut vector, channel);
            channel += 1;
            let on_host = |scene: &Scene, rates: &Rates, vector: &mut SceneVector| {
                let watch = Watch {
                    row_done: &|| (),
                    interrupted: &|| part.interrupted(),
                };
                let made = cpu::derivatives::gradient(scene, rates, weights, vector, own, &watch);
                made.ok_or(RenderError::Interrupted)
            };
            self.threads.install(|| {
                if let Some((scene, rates)) = amorphous_alone(scene, rates) {
                    on_host(&scene, &rates, vector)?;
                    notices.push(AMORPHOUS_ON_HOST.into());
                }
                notices.extend(inexact_slopes(scene));
                let watch = &mut DerivativeWatch {
                    dispatched: &mut watched(part),
                    interrupted: &|| part.interrupted(),
                };
                (self.gpu).gradient(scene, rates, weights, (vector, own), watch)?;
                Ok(())
            })
        })?;
        notices.dedup();
        Ok(Gradient {
            vector,
            device: self.gpu.name().to_string(),
            notices,
        })
    }

    fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError> {
        Ok(self.threads.install(|| self.gpu.trace(scene, place))?)
    }

    fn device_memory(&self, scene: &Scene, channels: usize, wanted: &Wanted) -> Option<Bytes> {
        Some(self.gpu.memory(scene, &use_of(wanted, channels)))
    }

    fn derivative_memory(
        &self,
        scene: &Scene,
        rates: &Rates,
        wanted: Differentiated,
    ) -> Option<Bytes> {
        Some(match wanted {
            Differentiated::Images(directions) => {
                (self.gpu).derivative_images_memory(scene, rates, directions)
            }
            Differentiated::Sum(amplitudes) => self.gpu.gradient_memory(scene, rates, amplitudes),
        })
    }

    fn spread_memory(&self, spread: &PointSpread, size: [usize; 2]) -> Bytes {
        let own = self.gpu.spread_memory(size);
        own.unwrap_or_else(|| point_spread::memory(spread, size))
    }
}
