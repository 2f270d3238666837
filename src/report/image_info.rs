//! What `nanobragg info` tells of a file, for people and, through serde, for programs.

use serde::Serialize;

use super::conversion::StoredImage;
use crate::formats::image_header::ImageHeader;
use crate::image::PixelStatistics;

/// The content of an image file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageInfo {
    /// The file.
    #[serde(flatten)]
    pub file: StoredImage,
    /// Pixels along fast and slow.
    pub pixels: [usize; 2],
    /// The frame, counted from 1, and how many there are, where the format has room for several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<[usize; 2]>,
    /// How many panels the file describes, and how many pixels it masks, where it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detector: Option<DetectorInfo>,
    /// The program that rendered it, where the file holds the experiment too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Keys and values of its header, in their order.
    pub header: Vec<(String, String)>,
    /// What the header says, in SI units and radians.
    pub geometry: ImageHeader,
    /// Statistics of its numbers.
    pub statistics: PixelStatistics,
}

/// The detector as an image file describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DetectorInfo {
    /// Panels whose places are known.
    pub panels: usize,
    /// Pixels that are masked.
    pub masked_pixels: usize,
}
