//! What a run tells about itself.

mod chrome_trace;
mod hot_spots;
mod pixel;
mod summary;

pub use chrome_trace::chrome_trace;
pub use hot_spots::{HotSpot, HotSpots};
pub use pixel::pixel_quantities;
pub use summary::{Run, Summary, WrittenFile};
