//! What `nanobragg series --json` tells of a frame.

use serde::Serialize;

use crate::image::Statistics;

/// A frame of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SeriesFrame {
    /// Number of the frame.
    pub number: u32,
    /// Spindle angle at which it starts, degrees.
    pub phi_deg: f64,
    /// The misorientation that `-misset` would give it, degrees, where it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misset_deg: Option<[f64; 3]>,
    /// Statistics of its photons without noise.
    #[serde(flatten)]
    pub image: Statistics,
}
