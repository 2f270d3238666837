//! Series of frames with noise and point spread.

use nanobragg::formats::encoding::Number;
use nanobragg::image::noise::{Noise, PointSpread, SpreadShape};
use nanobragg::render::{Monitor, Readout, Wanted};
use nanobragg::series::{Motion, Plan, Watcher};

use super::experiment;

/// The crystal and the detector's place.
pub const CRYSTAL: &str = "-default_F 100 -cell 70 80 90 75 85 95 -misset 10 20 30 -pixel 0.4 \
                           -distance 100 -lambda 1.2 -oversample 1";

/// Watches nothing.
pub struct Unwatched;

impl Watcher for Unwatched {
    fn monitor(&self, _index: u32, _count: u32) -> impl Monitor {}
}

/// A series of so many frames of a crystal that `line` says more of.
pub fn series(frames: u32, line: &str) -> Plan {
    Plan {
        base: experiment(&format!(
            "{CRYSTAL} {line} --phi-sampling middle -phi 0 -osc 0.1"
        )),
        frames,
        first_number: 1,
        start_deg: 0.0,
        range_deg: 0.1,
        motion: Motion::Scan,
    }
}

/// Counts of frame `number` with noise, whose light spreads.
pub fn noisy(number: u32) -> Wanted {
    let noise = Noise {
        seed: 5,
        image: number,
        readout: 2.0,
        offset: 10.0,
        point_spread: Some(PointSpread {
            shape: SpreadShape::Fiber,
            fwhm_pixels: 1.5,
        }),
        ..Noise::default()
    };
    Wanted {
        readouts: vec![Readout {
            noise,
            number: Number::I32,
        }],
        ..Wanted::default()
    }
}
