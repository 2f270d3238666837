//! TIFF with one float32 per pixel.

use std::io::Cursor;

use tiff::encoder::{TiffEncoder, colortype::Gray32Float};

use super::Problem;
use crate::image::Image;

/// `image` as a TIFF file.
///
/// # Errors
/// A [`Problem`] when the image is larger than the format takes (4 GiB).
pub fn encode(image: &Image) -> Result<Vec<u8>, Problem> {
    let problem = |error: &dyn std::fmt::Display| {
        let (width, height) = (image.width(), image.height());
        Problem::with_file(format!(
            "a {width} x {height} image does not fit in a TIFF: {error}"
        ))
    };
    let width = u32::try_from(image.width()).map_err(|error| problem(&error))?;
    let height = u32::try_from(image.height()).map_err(|error| problem(&error))?;
    let mut file = Cursor::new(Vec::new());
    TiffEncoder::new(&mut file)
        .and_then(|mut tiff| tiff.write_image::<Gray32Float>(width, height, image.values()))
        .map_err(|error| problem(&error))?;
    Ok(file.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tiff::decoder::{Decoder, DecodingResult};

    #[test]
    fn values_come_back_to_the_last_bit() {
        let values = vec![0.0, -1.5, f32::MIN_POSITIVE, f32::MAX, 0.1, 3e7];
        let bytes = encode(&Image::new(3, 2, values.clone(), None)).unwrap();
        let mut decoder = Decoder::new(Cursor::new(bytes)).unwrap();
        assert_eq!(decoder.dimensions().unwrap(), (3, 2));
        let DecodingResult::F32(read) = decoder.read_image().unwrap() else {
            panic!("not float32")
        };
        assert_eq!(read, values);
    }
}
