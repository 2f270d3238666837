//! What a run tells about itself.

mod pixel;
mod summary;

pub use pixel::pixel_quantities;
pub use summary::{Run, Summary, WrittenFile};
