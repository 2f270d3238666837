//! Masks: images of any format that tell which pixels are rendered.
//!
//! A pixel is rendered where the mask is above zero: so nanoBragg's SMV masks have it, arrays of
//! true and false that numpy saves, and CBF files whose gaps are negative. NeXus' pixel mask, which
//! an HDF5 file has, says the opposite: there a pixel is good where it is zero.

use std::path::Path;

use super::format::OneHeader;
use super::header::Header;
use super::image_file::{self, ImageFile};
use super::{Access, FormatError, Problem};
use crate::experiment::Mask;

/// Reads the mask in the file at `path`, with what its header says.
///
/// # Errors
/// [`FormatError`] when the file cannot be read, is no image that tells its size, or is HDF5
/// without a pixel mask.
pub fn read(path: &Path, access: impl Into<Access>) -> Result<(Mask, Header), FormatError> {
    let access = access.into();
    let bad = |what: &str| FormatError::content(path, Problem::with_file(what));
    if let Some(OneHeader { header, size, .. }) = image_file::frame_header(path, None, access)? {
        let flags = header
            .metadata
            .as_ref()
            .and_then(|(all, _)| all.mask.as_ref());
        let rendered = flags.map(|flags| flags.iter().map(|&flag| flag == 0).collect());
        let mask = rendered.and_then(|rendered| Mask::new(size, rendered));
        let missing = "no pixel mask; expected NeXus' pixel_mask in the detector's group, of one \
                       number a pixel, 0 where it is good";
        let said = std::iter::once(missing).chain(header.notices.iter().map(String::as_str));
        let mask = mask.ok_or_else(|| bad(&said.collect::<Vec<_>>().join("; ")))?;
        let header = Header {
            notices: header.notices,
            ..Header::default()
        };
        return Ok((mask, header));
    }
    let (ImageFile::Sized(_, raster), header) = image_file::read_with_header(path, access)? else {
        return Err(bad(
            "no image that tells its size; expected SMV, CBF, npy or TIFF, 0 where a pixel is not \
             rendered, or HDF5 with a pixel_mask",
        ));
    };
    let rendered = raster.pixels.values().map(|value| value > 0.0).collect();
    let mask = Mask::new([raster.width, raster.height], rendered);
    Ok((mask.ok_or_else(|| bad("not one number a pixel"))?, header))
}
