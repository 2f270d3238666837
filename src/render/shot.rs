//! A frame from photons to counts: what is wanted of it, and what it came to.

use std::borrow::Cow;
use std::fmt;

use tracing::info_span;

use super::laid_out::FrameScenes;
use super::{Monitor, RenderError};
use crate::formats::encoding::{Counts, Number};
use crate::formats::raster::{Clipped, Pixels};
use crate::image::noise::{Noise, NoiseError};
use crate::image::{Image, Statistics};
use crate::profile::{FILES, SIMULATION};

/// Where the photons of a shot come from.
#[derive(Debug, Clone)]
pub enum Subject<'a> {
    /// A frame to render.
    Frame(FrameScenes),
    /// An image of photons that there is, and the heights of the panels that are stacked in it.
    Image(&'a Image, &'a [usize]),
}

impl Subject<'_> {
    /// Width and height of the image.
    pub fn size(&self) -> [usize; 2] {
        match self {
            Subject::Frame(frame) => frame.size(),
            Subject::Image(image, _) => [image.width(), image.height()],
        }
    }

    /// Heights of the panels that are stacked in the image.
    pub fn panels(&self) -> &[usize] {
        match self {
            Subject::Frame(frame) => frame.panels(),
            Subject::Image(_, panels) => panels,
        }
    }
}

/// What is wanted of a shot beside the statistics of its photons.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wanted {
    /// The photons of every pixel. Without them, an image need not leave a GPU but as counts.
    pub photons: bool,
    /// How detectors read the photons, each by itself.
    pub readouts: Vec<Readout>,
    /// Other shots follow before this one is waited for: several devices make one each, where they
    /// would otherwise share in it.
    pub one_of_many: bool,
}

/// A detector's noise, and the numbers that it gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Readout {
    /// The noise.
    pub noise: Noise,
    /// The kind of numbers. Whole ones start at 0 and end where their kind does.
    pub number: Number,
}

/// What a shot came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Shot {
    /// Expected photons, where they were wanted.
    pub photons: Option<Image>,
    /// Statistics of the photons.
    pub statistics: Statistics,
    /// An image for each readout that was wanted, in their order.
    pub counted: Vec<Counted>,
    /// Name of the device that worked.
    pub device: String,
    /// What the user should know of this shot, such as that the CPU stood in for a GPU that
    /// failed.
    pub notices: Vec<String>,
}

/// What a detector read.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// The number of every pixel, of the kind that was wanted; where nothing was rendered as
    /// [`Number::counted`] has it.
    pub pixels: Pixels,
    /// Pixels that the kind of number has no room for.
    pub clipped: Clipped,
    /// Pixels at the saturation.
    pub saturated: usize,
}

impl Counted {
    /// The numbers of an image of counts, read as `readout` says.
    fn of(counts: Image, readout: &Readout) -> Counted {
        let saturated = readout.noise.saturated(&counts);
        let (pixels, clipped) = readout.number.counted(&counts, Counts::AS_THEY_ARE);
        Counted {
            pixels: pixels.unwrap_or_else(|| Pixels::F32(counts.into_values())),
            clipped,
            saturated,
        }
    }

    /// Pixels at the largest count that there is.
    pub fn overloads(&self) -> usize {
        self.clipped.above.max(self.saturated)
    }
}

/// A shot that may still be on its way from a device. Others can be taken meanwhile.
pub struct InFlight<'a>(Box<Take<'a>>);

/// Waits for a shot. The monitor watches what has to be done again on another device.
type Take<'a> = dyn FnOnce(&dyn Monitor) -> Result<Shot, RenderError> + Send + 'a;

impl<'a> InFlight<'a> {
    /// The shot that `take` waits for.
    pub fn new(
        take: impl FnOnce(&dyn Monitor) -> Result<Shot, RenderError> + Send + 'a,
    ) -> InFlight<'a> {
        InFlight(Box::new(take))
    }

    /// Waits for the shot, on any thread. `monitor` watches what has to be rendered again where a
    /// device failed.
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when a GPU failed and nothing stands in for it, [`RenderError::Noise`],
    /// [`RenderError::Interrupted`].
    pub fn take(self, monitor: &dyn Monitor) -> Result<Shot, RenderError> {
        (self.0)(monitor)
    }
}

impl fmt::Debug for InFlight<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InFlight")
    }
}

/// What the host makes of `photons`: their statistics, and images with noise by `expose`.
///
/// # Errors
/// As `expose`.
pub fn developed(
    photons: Cow<Image>,
    wanted: &Wanted,
    device: &str,
    expose: impl Fn(&Image, &Noise) -> Result<Image, NoiseError>,
) -> Result<Shot, RenderError> {
    let counted = wanted.readouts.iter().map(|readout| {
        let _span = info_span!(target: SIMULATION, "noise").entered();
        let counts = expose(&photons, &readout.noise)?;
        Ok::<_, NoiseError>(Counted::of(counts, readout))
    });
    Ok(Shot {
        counted: counted.collect::<Result<_, _>>()?,
        statistics: info_span!(target: FILES, "statistics").in_scope(|| Statistics::of(&photons)),
        photons: wanted.photons.then(|| photons.into_owned()),
        device: device.to_string(),
        notices: Vec::new(),
    })
}
