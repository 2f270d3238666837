//! What the user should know of a conversion although nothing is wrong.

use super::ConvertCommand;
use crate::formats::encoding::Encoding;
use crate::formats::format::{Format, GeometryRoom};
use crate::formats::header::Header;
use crate::formats::{pgm, png, smv};

impl ConvertCommand {
    /// A line for everything that OUT has no room for, and for every flag without effect, where IN
    /// is of
    /// `format`.
    pub(super) fn notices(
        &self,
        encoding: Encoding,
        format: &Format,
        header: &Header,
    ) -> Vec<String> {
        let target = encoding.format;
        let (png, pgm) = (target == png::FORMAT, target == pgm::FORMAT);
        let silent = target.geometry == GeometryRoom::Nothing;
        let counts = encoding.counts() || pgm;
        // Rings are what a picture has of the geometry.
        let ringed = png && self.style.asks_for_rings();
        let lines = [
            (silent && !header.geometry.is_silent() && !ringed)
                .then(|| format!("{target} has no room for the geometry, which is left behind")),
            geometry_notice(header, format, target),
            (format != target && !silent && format == smv::FORMAT).then(|| {
                format!(
                    "{target} keeps the pixel size, distance, wavelength, beam centre, spindle and \
                     two-theta angles of the header, and no other entries"
                )
            }),
            (self.compression.is_some() && target.frames.is_none())
                .then(|| "--compression has no effect: OUT is not NXmx".to_string()),
            (self.number.is_some() && !encoding.chooses_number())
                .then(|| format!("--type has no effect: {target} has one kind of numbers")),
            (self.scale.is_some() && !counts)
                .then(|| "-scale has no effect: OUT does not hold counts".to_string()),
            (self.adc.is_some() && !encoding.counts())
                .then(|| "-adc has no effect: OUT does not hold counts".to_string()),
            (self.style.given() && !png)
                .then(|| "flags of PNGs have no effect: OUT is none".to_string()),
        ];
        lines.into_iter().flatten().collect()
    }
}

/// What the user should know of the geometry in a header of `from` that goes to a file of `to`.
fn geometry_notice(header: &Header, from: &Format, to: &Format) -> Option<String> {
    let known = header.metadata.as_ref();
    let fits = known.is_none_or(|(metadata, _)| metadata.fits_header());
    let two_theta_rad = header.geometry.two_theta_rad.unwrap_or(0.0);
    match to.geometry {
        GeometryRoom::Panel | GeometryRoom::UprightPanel if !fits => Some(format!(
            "{to} has room for one upright panel; its header is that of IN's first, as if it did not \
             lean"
        )),
        GeometryRoom::Panels if from != to && two_theta_rad != 0.0 => Some(format!(
            "a panel on a two-theta arm is placed in no one way by {from}; its place is left behind"
        )),
        _ => None,
    }
}
