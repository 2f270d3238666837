//! From an experiment to an image: picks the device and drives it.
//!
//! # The parts and their lifetimes
//!
//! * A [`Renderer`] lives as long as the user renders. It owns threads and one [`Backend`]: the CPU
//!   path, a GPU, or a GPU for which the CPU stands in once it fails. Nothing in it depends on what
//!   it rendered before but speed; threads may share it.
//! * [`LaidOut`] is one experiment, laid out and admitted: there is memory for it. All frames of a
//!   series share it.
//! * A [`Shot`] is all that came of one frame: photons, counts, the device, and what the user should
//!   know. It may be [in flight](InFlight) while the next one is made. No call leaves anything
//!   behind for another to find.

mod backend;
mod derivatives;
mod device;
#[cfg(feature = "gpu")]
mod falling_back;
#[cfg(feature = "gpu")]
mod flight;
mod grids;
mod laid_out;
#[cfg(feature = "gpu")]
mod measured;
mod memory;
mod monitor;
mod on_cpu;
#[cfg(feature = "gpu")]
mod on_gpu;
#[cfg(feature = "gpu")]
mod on_many;
mod shot;
mod spread;
#[cfg(feature = "gpu")]
mod strips;
mod threads;

use crate::experiment::Experiment;
use crate::formats::encoding::Number;
use crate::formats::raster::Pixels;
#[cfg(feature = "gpu")]
use crate::gpu::{GpuError, GpuOptions};
use crate::image::Image;
use crate::image::noise::{self, Noise, NoiseError};
use crate::memory::Bytes;
use crate::scene::{Scene, SceneError, TermPlace};
use crate::trace::Trace;
#[cfg(feature = "gpu")]
use on_gpu::opened;
pub use threads::{Threads, spawn_scoped};

pub use backend::Backend;
pub use derivatives::{DerivativeMemory, Derivatives, Gradient};
pub use device::Device;
pub use laid_out::{FrameScenes, LaidOut};
pub use memory::admit;
pub use monitor::Monitor;
pub use shot::{Counted, InFlight, Readout, Shot, Subject, Wanted};

/// Why an image was not rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The image does not fit in memory.
    #[error(
        "an image of {width} x {height} pixels needs {needed}, and this machine has {available}; \
         take fewer pixels"
    )]
    ImageTooLarge {
        /// Pixels along the fast axis.
        width: usize,
        /// Pixels along the slow axis.
        height: usize,
        /// Memory needed.
        needed: Bytes,
        /// Memory there is.
        available: Bytes,
    },
    /// Sources and orientations do not fit in memory.
    #[error(
        "{sources} sources and {orientations} orientations (phi steps times mosaic domains) need \
         {needed}, and this machine has {available}; take fewer steps of divergence, \
         dispersion and phi, or fewer domains"
    )]
    TooManyTerms {
        /// Number of sources.
        sources: u64,
        /// Number of orientations.
        orientations: u64,
        /// Memory they need.
        needed: Bytes,
        /// Memory there is.
        available: Bytes,
    },
    /// The experiment cannot be laid out.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// The operating system gave no threads.
    #[error(
        "cannot start {threads} more thread(s): {reason}; ask for fewer, or raise the limit on \
         processes (ulimit -u)"
    )]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// What the system said.
        reason: String,
    },
    /// The GPU failed.
    #[cfg(feature = "gpu")]
    #[error(transparent)]
    Gpu(GpuError),
    /// A GPU is asked for, and the library was built without the feature `gpu`.
    #[cfg(not(feature = "gpu"))]
    #[error(
        "device {0}: nanobragg was built without its feature gpu; ask for cpu or auto, or build it \
         with the feature"
    )]
    NoGpuPath(Device),
    /// Noise that cannot be applied.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// The spots of the crystal have no slope.
    #[error(
        "a top-hat spot ends at an edge, where its intensity has no derivative; take another shape for \
         the crystal"
    )]
    NoSlope,
    /// A direction moves a panel that is curved; this says which.
    #[error("{0}; lay the panel out flat, or leave its place as it is")]
    CurvedPanel(String),
    /// A direction is of another scene.
    #[error(
        "direction {number}, counted from 0, is of {found} {what}, and the experiment has {expected}"
    )]
    Direction {
        /// The direction's number, from 0.
        number: usize,
        /// What there is another number of.
        what: &'static str,
        /// How many of these the direction has.
        found: usize,
        /// How many the experiment has.
        expected: usize,
    },
    /// The gradient with respect to the F of all reflections does not fit in memory.
    #[error(
        "the gradient with respect to F of {reflections} reflections needs {needed}, and this machine has \
         {available}; leave F out, or take fewer reflections or panels"
    )]
    TooManyAmplitudes {
        /// Reflections of the grid.
        reflections: usize,
        /// Memory needed.
        needed: Bytes,
        /// Memory there is.
        available: Bytes,
    },
    /// There is not one weight a pixel.
    #[error("{found} weights for an image of {pixels} pixels; give one weight a pixel")]
    Weights {
        /// Weights given.
        found: usize,
        /// Pixels of the image.
        pixels: usize,
    },
    /// Derivative images do not fit in memory.
    #[error(
        "{count} derivative images of {width} x {height} pixels need {needed}, and this machine has \
         {available}; take fewer parameters at a time, or fewer pixels"
    )]
    TooManyDerivatives {
        /// Images asked for.
        count: usize,
        /// Pixels along the fast axis.
        width: usize,
        /// Pixels along the slow axis.
        height: usize,
        /// Memory needed.
        needed: Bytes,
        /// Memory there is.
        available: Bytes,
    },
    /// The monitor stopped the render.
    #[error("interrupted")]
    Interrupted,
}

/// How a renderer is set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RenderOptions {
    /// What renders.
    pub device: Device,
    /// Threads of the CPU path; 0 for one per core.
    pub threads: usize,
    /// How the GPU path renders.
    #[cfg(feature = "gpu")]
    pub gpu: GpuOptions,
    /// Let `auto` take a software GPU, to test how it falls back.
    #[cfg(feature = "gpu")]
    #[doc(hidden)]
    pub auto_takes_software: bool,
}

/// What a render came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The image.
    pub image: Image,
    /// Name of the device that rendered it: `cpu`, or a GPU's.
    pub device: String,
    /// What the user should know of this image, such as that the CPU stood in for a GPU that
    /// failed.
    pub notices: Vec<String>,
}

/// A device made ready to render. Keep it: what does not change between experiments is set up
/// once.
#[derive(Debug)]
pub struct Renderer {
    threads: Threads,
    backend: Box<dyn Backend>,
    notice: Option<String>,
}

impl Renderer {
    /// A renderer on the device that `options` name.
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when that GPU is not there or does not work; [`RenderError::Threads`]
    /// when threads cannot be started.
    pub fn new(options: &RenderOptions) -> Result<Renderer, RenderError> {
        let threads = Threads::start(options.threads)?;
        let (backend, notice) = opened(options, &threads)?;
        Ok(Renderer {
            threads,
            backend,
            notice,
        })
    }

    /// A renderer on the CPU path, with one thread per core.
    ///
    /// # Errors
    /// [`RenderError::Threads`] when threads cannot be started.
    pub fn cpu() -> Result<Renderer, RenderError> {
        Renderer::new(&RenderOptions {
            device: Device::Cpu,
            ..RenderOptions::default()
        })
    }

    /// What the user should know of how this renderer was opened: that `auto` found a GPU which
    /// does not work, and why; that several GPUs are of different kinds.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Name of the device that would render now: `cpu` once the CPU has taken over from a GPU. An
    /// image says itself [which one](Rendered::device) rendered it.
    pub fn device_name(&self) -> String {
        self.backend.device().to_string()
    }

    /// Whether a GPU would render now.
    pub fn on_gpu(&self) -> bool {
        self.backend.is_gpu()
    }

    /// Shots that this renderer makes at once, at least one: so many can be in flight before it
    /// waits for a device.
    pub fn shots_at_once(&self) -> usize {
        self.backend.shots_at_once()
    }

    /// Threads of the CPU path.
    pub fn threads(&self) -> usize {
        self.threads.count()
    }

    /// Runs `work` on this renderer's threads. This one waits for it, so in a profile it goes on
    /// as if it did the work.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.threads.install(work)
    }

    /// Renders `experiment`.
    ///
    /// # Errors
    /// As [`Renderer::lay_out`] and [`Renderer::render_frame`].
    pub fn render(&self, experiment: &Experiment) -> Result<Rendered, RenderError> {
        self.render_watched(experiment, &())
    }

    /// Renders `experiment` under the eyes of `monitor`.
    ///
    /// # Errors
    /// As [`Renderer::lay_out`] and [`Renderer::render_frame`].
    pub fn render_watched(
        &self,
        experiment: &Experiment,
        monitor: &dyn Monitor,
    ) -> Result<Rendered, RenderError> {
        self.render_frame(&self.lay_out(experiment)?, experiment, monitor)
    }

    /// How the term at `place` of `scene` comes about on this renderer's device. No other device
    /// stands in for one that fails.
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when the GPU fails.
    pub fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError> {
        self.backend.trace(scene, place)
    }

    /// `image` as a detector with this `noise` reads it, on this renderer's device: the same bits
    /// on any. `panels` are the heights of the panels that are stacked in it
    /// ([`noise::expose`] has more).
    ///
    /// # Errors
    /// [`RenderError::Noise`] for impossible noise and too little memory; [`RenderError::Gpu`] when
    /// the GPU fails.
    pub fn expose(
        &self,
        image: &Image,
        noise: &Noise,
        panels: &[usize],
    ) -> Result<Rendered, RenderError> {
        let readout = Readout {
            noise: *noise,
            number: Number::F32,
        };
        let shot = self.read_out(image, panels, vec![readout])?;
        let counts = shot
            .counted
            .into_iter()
            .next()
            .map(|counted| counted.pixels);
        let values = match counts {
            Some(Pixels::F32(values)) => values,
            _ => Vec::new(),
        };
        Ok(Rendered {
            image: image.with_rendered(values),
            device: shot.device,
            notices: shot.notices,
        })
    }

    /// What detectors make of the photons in `image`, as [`Renderer::expose`] does, each in the
    /// numbers of its readout.
    ///
    /// # Errors
    /// As [`Renderer::expose`].
    pub fn read_out(
        &self,
        image: &Image,
        panels: &[usize],
        readouts: Vec<Readout>,
    ) -> Result<Shot, RenderError> {
        let wanted = Wanted {
            readouts,
            ..Wanted::default()
        };
        let subject = Subject::Image(image, panels);
        self.shoot_subject(subject, wanted, &())?.take(&())
    }

    /// Has the backend make what is `wanted` of `subject`, once it is known that this makes sense
    /// and that there is memory.
    fn shoot_subject<'a>(
        &'a self,
        subject: Subject<'a>,
        wanted: Wanted,
        monitor: &dyn Monitor,
    ) -> Result<InFlight<'a>, RenderError> {
        let [width, height] = subject.size();
        for readout in &wanted.readouts {
            noise::check(&readout.noise, [width, height], subject.panels())?;
            let backend = self.backend.as_ref();
            memory::admit_spread(backend, &readout.noise, width, subject.panels())?;
        }
        self.backend.shoot(subject, wanted, monitor)
    }
}

/// The CPU path, where `options` do not name a GPU.
#[cfg(not(feature = "gpu"))]
fn opened(
    options: &RenderOptions,
    threads: &Threads,
) -> Result<(Box<dyn Backend>, Option<String>), RenderError> {
    match &options.device {
        Device::Auto | Device::Cpu => Ok((Box::new(on_cpu::OnCpu(threads.clone())), None)),
        gpu @ Device::Gpu(_) => Err(RenderError::NoGpuPath(gpu.clone())),
    }
}

/// Width and height of the image of `experiment`: its panels stacked.
pub fn frame_size(experiment: &Experiment) -> [usize; 2] {
    let panels = &experiment.detector().panels;
    let width = panels.iter().map(|panel| panel.shape[0]).max().unwrap_or(0);
    [width, panel_heights(experiment).iter().sum()]
}

/// Heights of the panels that are stacked in the image of `experiment`.
pub fn panel_heights(experiment: &Experiment) -> Vec<usize> {
    let panels = &experiment.detector().panels;
    panels.iter().map(|panel| panel.shape[1]).collect()
}
