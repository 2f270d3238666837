//! Bare float32, little-endian, slow axis outermost.

use std::borrow::Cow;

use crate::image::Image;

/// The values of `image` as bytes.
pub fn encode(image: &Image) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        Cow::Borrowed(bytemuck::cast_slice(image.values()))
    } else {
        Cow::Owned(
            image
                .values()
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        )
    }
}
