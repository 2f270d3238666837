//! An experiment that is laid out and admitted, and the frames rendered from it.
//!
//! The image is the sum of one scene an energy channel. While one channel is rendered, the F of the
//! next one are read, and no more than these two and those on the device are there at once; in a
//! series all of them, if there is room.

use std::sync::Arc;
use std::thread;

use tracing::info_span;

use super::grids::Grids;
use super::monitor::PartOf;
use super::shot::{InFlight, Subject, Wanted};
use super::threads::spawn_scoped;
use super::{Monitor, RenderError, Rendered, Renderer, frame_size, memory, panel_heights};
use crate::experiment::{Experiment, Region};
use crate::image::Image;
use crate::profile::SETUP;
use crate::scene::{Layout, Pose, Rates, Scene};

/// An experiment that is laid out, and for which there is memory: what the frames of a series
/// share. [`Renderer::lay_out`] makes it. A clone shares all of it.
#[derive(Debug, Clone)]
pub struct LaidOut {
    layout: Arc<Layout>,
    grids: Arc<Grids>,
    /// Width and height of the image.
    size: [usize; 2],
    /// Heights of the panels that are stacked in it.
    panels: Arc<[usize]>,
    /// Which pixels are rendered, where not all are.
    pixels: Option<Arc<[bool]>>,
}

/// The scenes of one frame, one for each energy channel: they can be gone through again.
#[derive(Debug, Clone)]
pub struct FrameScenes {
    laid_out: LaidOut,
    pose: Pose,
    /// The part of every panel that these scenes have, where they do not have all.
    part: Option<Box<Region>>,
}

impl Renderer {
    /// Lays `experiment` out, once it is known that this machine has memory for its image and
    /// arrays. A frame that is then rendered by [`Renderer::render_frame`] does none of this again.
    ///
    /// # Errors
    /// [`RenderError::TooManyTerms`] and [`RenderError::ImageTooLarge`] when there is no memory,
    /// [`RenderError::Scene`] when the experiment cannot be laid out.
    pub fn lay_out(&self, experiment: &Experiment) -> Result<LaidOut, RenderError> {
        let _span = info_span!(target: SETUP, "scene").entered();
        memory::admit(experiment)?;
        let layout = Layout::new(experiment)?;
        memory::admit_images(self.shots_at_once(), experiment, layout.channels().len())?;
        Ok(LaidOut {
            grids: Arc::default(),
            layout: Arc::new(layout),
            size: frame_size(experiment),
            panels: panel_heights(experiment).into(),
            pixels: Scene::flags(experiment.sampling().region, experiment.panels()).map(Into::into),
        })
    }

    /// Renders one frame of the experiment that was `laid_out`: `frame` is that experiment, or one
    /// [moved](Experiment::moved) from it.
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when the GPU fails, [`RenderError::Scene`] when the F of an energy
    /// channel cannot be read, [`RenderError::Interrupted`].
    pub fn render_frame(
        &self,
        laid_out: &LaidOut,
        frame: &Experiment,
        monitor: &dyn Monitor,
    ) -> Result<Rendered, RenderError> {
        let wanted = Wanted {
            photons: true,
            ..Wanted::default()
        };
        let shot = self.shoot(laid_out, frame, wanted, monitor)?;
        let shot = shot.take(monitor)?;
        Ok(Rendered {
            // Whoever has photons rendered gets an image of them.
            image: shot.photons.unwrap_or_else(|| laid_out.image(Vec::new())),
            device: shot.device,
            notices: shot.notices,
        })
    }

    /// Renders one frame as [`Renderer::render_frame`] does, for what is `wanted` of it, and does
    /// not wait until it has come from the device: the next frame can be rendered meanwhile.
    ///
    /// # Errors
    /// As [`Renderer::render_frame`], and [`RenderError::Noise`]; what goes wrong later is told
    /// when the shot is taken.
    pub fn shoot(
        &self,
        laid_out: &LaidOut,
        frame: &Experiment,
        wanted: Wanted,
        monitor: &dyn Monitor,
    ) -> Result<InFlight<'_>, RenderError> {
        let scenes = laid_out.scenes(frame);
        self.shoot_subject(Subject::Frame(scenes), wanted, monitor)
    }
}

impl LaidOut {
    /// Keeps the F of every energy channel from frame to frame, if there is room in memory for all:
    /// only the first frame reads them then.
    pub fn keeping_grids(self) -> LaidOut {
        LaidOut {
            grids: Arc::new(Grids::keeping(&self.layout)),
            ..self
        }
    }

    /// The scenes of `frame`, the experiment that was laid out or one moved from it.
    pub(super) fn scenes(&self, frame: &Experiment) -> FrameScenes {
        let _span = info_span!(target: SETUP, "scene").entered();
        FrameScenes {
            laid_out: self.clone(),
            pose: self.layout.pose(frame),
            part: None,
        }
    }

    /// How the orientations of `frame` move with its angles.
    pub(super) fn rates(&self, frame: &Experiment) -> Rates {
        self.layout.rates(frame)
    }

    /// The image with these photons.
    fn image(&self, photons: Vec<f32>) -> Image {
        let [width, height] = self.size;
        let pixels = self.pixels.as_ref().map(|all| all.to_vec());
        Image::new(width, height, photons, pixels)
    }
}

impl FrameScenes {
    /// Width and height of the image.
    pub fn size(&self) -> [usize; 2] {
        self.laid_out.size
    }

    /// Heights of the panels that are stacked in the image.
    pub fn panels(&self) -> &[usize] {
        &self.laid_out.panels
    }

    /// The experiment that was laid out.
    pub fn experiment(&self) -> &Experiment {
        self.laid_out.layout.experiment()
    }

    /// How many amorphous materials every scene has.
    pub fn materials(&self) -> usize {
        self.laid_out.layout.materials()
    }

    /// Width and height of every panel.
    #[cfg(feature = "gpu")]
    pub fn panel_shapes(&self) -> impl Iterator<Item = [usize; 2]> {
        let panels = self.experiment().panels();
        panels.iter().map(|panel| panel.shape)
    }

    /// The scenes of the part of this whole frame that lies in `region` of its panels, if any does; the
    /// image is 0 elsewhere.
    #[cfg(feature = "gpu")]
    pub fn within(&self, region: Region) -> Option<FrameScenes> {
        let experiment = self.experiment();
        let (own, panels) = (experiment.sampling().region, experiment.panels());
        let part = own.map_or(Some(region), |own| own.intersection(region))?;
        let mut within = self.clone();
        within.part = Some(Box::new(part));
        within.laid_out.pixels = Scene::flags(Some(part), panels).map(Into::into);
        Some(within)
    }

    /// Which pixels are rendered, where not all are.
    pub fn pixels(&self) -> Option<&Arc<[bool]>> {
        self.laid_out.pixels.as_ref()
    }

    /// The image with these photons.
    pub fn image(&self, photons: Vec<f32>) -> Image {
        self.laid_out.image(photons)
    }

    /// How many scenes there are, at least one.
    pub fn channels(&self) -> usize {
        self.laid_out.layout.channels().len()
    }

    /// What `work` comes to on the first scene, which has the F of its own energy channel.
    ///
    /// # Errors
    /// [`RenderError::Scene`] when these cannot be read.
    pub fn first<T>(&self, work: impl FnOnce(&Scene) -> T) -> Result<T, RenderError> {
        let LaidOut { layout, grids, .. } = &self.laid_out;
        let grid = grids.read(layout, 0)?;
        let scene = layout.scene(layout.channels()[0], grid, &self.pose)?;
        Ok(work(&scene))
    }

    /// Has `work` deal with one scene after the other, with its part of `monitor`. While it does,
    /// the next scene's F is read.
    ///
    /// # Errors
    /// As `work`, and [`RenderError::Scene`] when the F of an energy channel cannot be read.
    pub fn each(
        &self,
        monitor: &dyn Monitor,
        mut work: impl FnMut(&Scene, &dyn Monitor) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        let LaidOut { layout, grids, .. } = &self.laid_out;
        let channels = layout.channels();
        let mut grid = grids.read(layout, 0)?;
        for (place, &channel) in channels.iter().enumerate() {
            let mut scene = layout.scene(channel, grid, &self.pose)?;
            scene.region = self.part.as_deref().copied().or(scene.region);
            let part = PartOf::new(monitor, place, channels.len());
            let next = place + 1;
            if next == channels.len() {
                return work(&scene, &part);
            }
            if let Some(kept) = grids.kept(next) {
                work(&scene, &part)?;
                grid = kept.clone();
                continue;
            }
            let (worked, read) = thread::scope(|scope| -> Result<_, RenderError> {
                let reading = spawn_scoped(scope, move || grids.read(layout, next))?;
                Ok((work(&scene, &part), reading.join()))
            })?;
            worked?;
            grid = read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(())
    }
}
