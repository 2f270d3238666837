//! What a run tells about itself.

mod canvas;
mod comparison;
mod difference;
mod pixel;
mod summary;

pub use canvas::{Canvas, Colour, Font};
pub use comparison::{ComparedImage, ComparisonSummary, PeakSearch, Times, Verdict};
pub use difference::difference_picture;
pub use pixel::pixel_quantities;
pub use summary::{Run, Summary, WrittenFile};
