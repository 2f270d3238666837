//! From an experiment to an image: picks the device and drives it.

mod device;

use crate::cpu;
use crate::experiment::Experiment;
use crate::image::Image;
use crate::memory::Bytes;
use crate::scene::{Scene, SceneError};

pub use device::Device;

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
    #[error("cannot start {threads} threads: {reason}; ask for fewer (--threads)")]
    Threads {
        /// Threads asked for; 0 for one per core.
        threads: usize,
        /// What the system said.
        reason: String,
    },
}

/// A device made ready to render. Keep it: what does not change between experiments is set up
/// once.
#[derive(Debug)]
pub struct Renderer {
    device: Device,
    pool: rayon::ThreadPool,
}

impl Renderer {
    /// A renderer on `device`.
    ///
    /// # Errors
    /// [`RenderError::Threads`] when its threads cannot be started.
    pub fn new(device: Device) -> Result<Renderer, RenderError> {
        let Device::Cpu { threads } = device;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| RenderError::Threads {
                threads,
                reason: error.to_string(),
            })?;
        Ok(Renderer { device, pool })
    }

    /// What this renderer renders on.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Threads at work on an image.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Renders `experiment`.
    ///
    /// # Errors
    /// [`RenderError`] when the image or the experiment's arrays do not fit in memory.
    pub fn render(&self, experiment: &Experiment) -> Result<Image, RenderError> {
        self.render_with_progress(experiment, &|| ())
    }

    /// Renders `experiment` and calls `row_done` after each of the image's rows, from any thread.
    ///
    /// # Errors
    /// As [`Renderer::render`].
    pub fn render_with_progress(
        &self,
        experiment: &Experiment,
        row_done: &(dyn Fn() + Sync),
    ) -> Result<Image, RenderError> {
        let [width, height] = frame_size(experiment);
        // First the scene, so that the image is held against the memory that the scene leaves.
        let scene = Scene::new(experiment)?;
        // One flag a pixel may come on top of its value.
        let needed = Bytes(
            (width as u64)
                .saturating_mul(height as u64)
                .saturating_mul(5),
        );
        needed
            .check()
            .map_err(|available| RenderError::ImageTooLarge {
                width,
                height,
                needed,
                available,
            })?;
        let values = self.pool.install(|| cpu::render(&scene, row_done));
        Ok(Image::new(width, height, values, rendered_pixels(&scene)))
    }
}

/// Width and height of the image of `experiment`: its panels stacked.
pub fn frame_size(experiment: &Experiment) -> [usize; 2] {
    let panels = &experiment.detector().panels;
    let width = panels.iter().map(|panel| panel.shape[0]).max().unwrap_or(0);
    [width, panels.iter().map(|panel| panel.shape[1]).sum()]
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
