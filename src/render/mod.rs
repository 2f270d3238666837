//! From an experiment to an image: picks the device and drives it.

mod channels;
mod device;
mod estimate;
mod memory;
mod monitor;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tracing::{Span, info_span};

use crate::cpu;
use crate::experiment::Experiment;
use crate::gpu::{self, Adapter, GpuError, GpuOptions, GpuRenderer};
use crate::image::Image;
use crate::image::noise::{self, Noise, NoiseError};
use crate::memory::Bytes;
use crate::profile::{SETUP, SIMULATION};
use crate::scene::{self, Scene, SceneError, TermPlace};
use crate::trace::Trace;

pub use device::Device;
pub use estimate::Estimate;
pub use monitor::Monitor;

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
    /// The experiment cannot be laid out.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// The operating system gave no threads.
    #[error("cannot start {threads} threads: {reason}; ask for fewer")]
    Threads {
        /// Threads asked for; 0 for one per core.
        threads: usize,
        /// What the system said.
        reason: String,
    },
    /// The GPU failed.
    #[error(transparent)]
    Gpu(GpuError),
    /// Noise that cannot be applied.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// The monitor stopped the render.
    #[error("interrupted")]
    Interrupted,
}

impl From<GpuError> for RenderError {
    fn from(error: GpuError) -> RenderError {
        match error {
            GpuError::Interrupted => RenderError::Interrupted,
            other => RenderError::Gpu(other),
        }
    }
}

/// How a renderer is set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RenderOptions {
    /// What renders.
    pub device: Device,
    /// Threads of the CPU path; 0 for one per core.
    pub threads: usize,
    /// How the GPU path renders.
    pub gpu: GpuOptions,
    /// Let `auto` take a software GPU, to test how it falls back.
    #[doc(hidden)]
    pub auto_takes_software: bool,
}

/// A device made ready to render. Keep it: what does not change between experiments is set up
/// once.
#[derive(Debug)]
pub struct Renderer {
    pool: rayon::ThreadPool,
    gpu: Option<GpuRenderer>,
    /// Render on the CPU what the GPU fails to.
    falls_back: bool,
    /// The GPU failed, and the CPU has taken over for good.
    gave_up: AtomicBool,
    notices: Mutex<Vec<String>>,
}

impl Renderer {
    /// A renderer on the device that `options` name.
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when that GPU is not there or does not work; [`RenderError::Threads`]
    /// when threads cannot be started.
    pub fn new(options: &RenderOptions) -> Result<Renderer, RenderError> {
        let threads = options.threads;
        let starting = info_span!(target: SETUP, "start threads").entered();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| RenderError::Threads {
                threads,
                reason: error.to_string(),
            })?;
        drop(starting);
        let renderer = Renderer {
            pool,
            gpu: None,
            falls_back: false,
            gave_up: AtomicBool::new(false),
            notices: Mutex::default(),
        };
        match &options.device {
            Device::Cpu => Ok(renderer),
            Device::Gpu(name) => {
                let adapters = found_adapters(&renderer.pool);
                let adapter = Adapter::choose(&adapters, name)?;
                Ok(Renderer {
                    gpu: Some(GpuRenderer::new(adapter, options.gpu)?),
                    ..renderer
                })
            }
            Device::Auto => {
                let adapters = found_adapters(&renderer.pool);
                let chosen = if options.auto_takes_software {
                    adapters.first()
                } else {
                    Adapter::best_real(&adapters)
                };
                let opened = chosen
                    .map(|adapter| GpuRenderer::new(adapter, options.gpu))
                    .transpose();
                let gpu = opened.unwrap_or_else(|error| {
                    renderer.notice(format!("{error}; rendering on the CPU"));
                    None
                });
                Ok(Renderer {
                    gpu,
                    falls_back: true,
                    ..renderer
                })
            }
        }
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

    /// Name of what this renderer renders on; once the CPU has taken over from a GPU, `cpu`.
    pub fn device_name(&self) -> String {
        self.gpu_in_use()
            .map_or_else(|| "cpu".to_string(), |gpu| gpu.name().to_string())
    }

    fn gpu_in_use(&self) -> Option<&GpuRenderer> {
        let gave_up = self.gave_up.load(Ordering::Relaxed);
        self.gpu.as_ref().filter(|_| !gave_up)
    }

    /// Whether a GPU renders.
    pub fn on_gpu(&self) -> bool {
        self.gpu_in_use().is_some()
    }

    /// Threads of the CPU path.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// What the user should know, such as that the CPU stood in for a GPU; each is told once.
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn notice(&self, what: String) {
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(what);
    }

    /// Runs `work` on this renderer's threads. This one waits for it, so in a profile it goes on
    /// as if it did the work.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let span = Span::current();
        self.pool.install(|| span.in_scope(work))
    }

    /// Renders `experiment`.
    ///
    /// # Errors
    /// [`RenderError`] when the image or the experiment's arrays do not fit in memory, or the GPU
    /// fails.
    pub fn render(&self, experiment: &Experiment) -> Result<Image, RenderError> {
        self.render_watched(experiment, &())
    }

    /// Renders `experiment` under the eyes of `monitor`.
    ///
    /// # Errors
    /// As [`Renderer::render`], and [`RenderError::Interrupted`].
    pub fn render_watched(
        &self,
        experiment: &Experiment,
        monitor: &dyn Monitor,
    ) -> Result<Image, RenderError> {
        let [width, height] = frame_size(experiment);
        let setup = info_span!(target: SETUP, "memory").entered();
        let channels = scene::channels(experiment)?;
        memory::check(experiment, channels.len())?;
        drop(setup);
        let rendered = self.channels_summed(experiment, &channels, monitor)?;
        Ok(Image::new(width, height, rendered.values, rendered.pixels))
    }

    /// How the term at `place` of `scene` comes about on this renderer's device. A GPU that fails is
    /// not stood in for.
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when the GPU fails.
    pub fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError> {
        Ok(self.pool.install(|| match self.gpu_in_use() {
            Some(gpu) => gpu.trace(scene, place),
            None => Ok(cpu::trace(scene, place)),
        })?)
    }

    /// `image` as a detector with this `noise` reads it, on this renderer's device: the same bits on
    /// any. `panels` are the heights of the panels that are stacked in it ([`noise::expose`] has
    /// more). Light is spread on the host.
    ///
    /// # Errors
    /// [`RenderError::Noise`] for impossible noise and too little memory; [`RenderError::Gpu`] when
    /// the GPU fails.
    pub fn expose(
        &self,
        image: &Image,
        noise: &Noise,
        panels: &[usize],
    ) -> Result<Image, RenderError> {
        let on_cpu = || Ok(self.install(|| noise::expose(image, noise, panels))?);
        let Some(gpu) = self.gpu_in_use() else {
            return on_cpu();
        };
        let exposed = self.install(|| {
            noise::expose_by(image, noise, panels, |stage, exposure, values| {
                Ok(gpu.expose(values, exposure, stage)?)
            })
        });
        match exposed {
            Err(RenderError::Gpu(error)) if self.falls_back => {
                self.give_up_on_gpu(&error);
                on_cpu()
            }
            exposed => exposed,
        }
    }

    /// Has the CPU take over for good.
    fn give_up_on_gpu(&self, error: &GpuError) {
        self.notice(format!("{error}; rendering on the CPU"));
        self.gave_up.store(true, Ordering::Relaxed);
    }

    fn values(&self, scene: &Scene, monitor: &dyn Monitor) -> Result<Vec<f32>, RenderError> {
        let Some(gpu) = self.gpu_in_use() else {
            return self.values_on_cpu(scene, monitor);
        };
        let mut watch = |part: f64| {
            monitor.advanced(part);
            !monitor.interrupted()
        };
        // What lies between the parts of it is getting ready, too: handing over to the pool, say.
        let rendered = info_span!(target: SETUP, "GPU path")
            .in_scope(|| self.install(|| gpu.render(scene, &mut watch)));
        match rendered {
            Ok(values) => {
                if let Some(error) = gpu.expected_error(scene) {
                    self.notice(format!(
                        "spots are much sharper than pixels: in float32 expect an nrmse of about \
                         {error:.0e}; --device cpu renders them in float64"
                    ));
                }
                Ok(values)
            }
            Err(error) if self.falls_back && error != GpuError::Interrupted => {
                self.give_up_on_gpu(&error);
                self.values_on_cpu(scene, monitor)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn values_on_cpu(&self, scene: &Scene, monitor: &dyn Monitor) -> Result<Vec<f32>, RenderError> {
        let rows: usize = scene.panels.iter().map(|panel| panel.shape[1]).sum();
        let done = AtomicUsize::new(0);
        let row_done = || {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            monitor.advanced(done as f64 / rows as f64);
        };
        let interrupted = || monitor.interrupted();
        let _span = info_span!(target: SIMULATION, "simulation").entered();
        let values = self
            .pool
            .install(|| cpu::render(scene, &row_done, &interrupted));
        values.ok_or(RenderError::Interrupted)
    }
}

/// The adapters of this machine; `pool` makes ready for them meanwhile.
fn found_adapters(pool: &rayon::ThreadPool) -> Vec<Adapter> {
    pool.spawn(GpuRenderer::prepare);
    info_span!(target: SETUP, "look for adapters").in_scope(gpu::adapters)
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

/// Which pixels are rendered, where not all of them are.
fn rendered_pixels(scene: &Scene) -> Option<Vec<bool>> {
    if scene.region.is_none() && scene.panels.iter().all(|panel| panel.mask.is_none()) {
        return None;
    }
    let flags = scene.panels.iter().flat_map(|panel| {
        let [width, height] = panel.shape;
        let pixels = (0..height).flat_map(move |slow| (0..width).map(move |fast| (fast, slow)));
        pixels.map(move |(fast, slow)| scene.renders(panel, fast, slow))
    });
    Some(flags.collect())
}
