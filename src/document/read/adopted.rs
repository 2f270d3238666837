//! What the headers of images, and files that describe a detector, say in place of keys that are
//! not given (PHYSICS §13).

use std::path::Path;
use std::sync::Arc;

use crate::document::DocumentError;
use crate::document::keys::{Key, key};
use crate::experiment::{Mask, Placement};
use crate::formats::format::OneHeader;
use crate::formats::geometry::Geometry;
use crate::formats::header::Header;
use crate::formats::image_file::{self, ImageFile};
use crate::formats::image_header::ImageHeader;
use crate::formats::{Access, FormatError, Problem, mask, smv};
use crate::geometry::UnitCell;

/// Values of files, used where no key gives them.
#[derive(Debug, Default)]
pub struct Adopted {
    pub shape: Option<[usize; 2]>,
    pub pixel_mm: Option<f64>,
    pub distance_mm: Option<f64>,
    pub close_distance_mm: Option<f64>,
    pub wavelength_m: Option<f64>,
    /// ORGX and ORGY, pixels.
    pub org: [Option<f64>; 2],
    pub phi_deg: Option<f64>,
    pub osc_deg: Option<f64>,
    /// Named in a notice, but not used: it says too little of how the detector was turned.
    pub two_theta_deg: Option<f64>,
    /// Named in a notice, but not used: a depth of attenuation belongs to it.
    pub sensor_um: Option<f64>,
    /// Kahn's polarisation factor.
    pub kahn_factor: Option<f64>,
    /// The crystal's cell, oriented.
    pub cell: Option<UnitCell>,
    /// The pixels of the mask that are rendered.
    pub mask: Option<Arc<Mask>>,
    /// Frames of the image file, where its format has many.
    pub frames: Option<usize>,
    /// What the user should know of how the files were read.
    pub notices: Vec<String>,
    beam_centre: Option<BeamCentre>,
}

/// A quantity that a header leaves open: what it is, what is taken, and the keys that would give
/// it.
pub struct Unsaid(pub &'static str, pub &'static str, pub Vec<&'static Key>);

/// Where the beam meets the detector, as a header tells it.
#[derive(Debug, Clone, Copy)]
enum BeamCentre {
    /// BEAM_CENTER_X and BEAM_CENTER_Y, mm: Xbeam and Ybeam in whatever convention the keys choose.
    Given {
        x: Option<f64>,
        y: Option<f64>,
        /// A mask's Y counts from the other end of the slow axis.
        y_from_end: bool,
    },
    /// Along fast and slow, pixels from the outer corner of the first.
    Pixels([f64; 2]),
}

impl Adopted {
    /// The headers of an image, of one of its frames, and of a mask, files that are read by
    /// `access`; where both speak, the image does.
    pub fn read(
        image: Option<(&Path, Option<usize>)>,
        mask: Option<&Path>,
        access: Access,
    ) -> Result<Adopted, DocumentError> {
        let mut adopted = Adopted::default();
        if let Some((path, frame)) = image {
            adopted = Adopted::from_image(path, frame, access)?;
        }
        if let Some(path) = mask {
            let (mask, mut header) = mask::read(path, access)?;
            adopted.notices.append(&mut header.notices);
            // The C program's masks are SMV files.
            if header.entries_of == Some(smv::FORMAT) {
                let header = Adopted::from_smv(&header.entries, mask.shape());
                let mut header = header.map_err(|what| bad(path, what))?;
                if let Some(BeamCentre::Given { y_from_end, .. }) = &mut header.beam_centre {
                    *y_from_end = true;
                }
                adopted = adopted.or(header);
            }
            adopted.mask = Some(Arc::new(mask));
        }
        Ok(adopted)
    }

    /// What `geometry` says beside the panels' places, with the pixels of a mask.
    pub fn of_geometry(geometry: &Geometry, mask: Option<Arc<Mask>>) -> Adopted {
        let degrees = geometry
            .oscillation_rad
            .map(|both| both.map(f64::to_degrees));
        Adopted {
            wavelength_m: geometry.wavelength_m,
            phi_deg: degrees.map(|[start, _]| start),
            osc_deg: degrees
                .map(|[_, range]| range)
                .filter(|&range| range != 0.0),
            kahn_factor: geometry.kahn_factor,
            cell: geometry.cell,
            mask,
            ..Adopted::default()
        }
    }

    /// Xbeam and Ybeam, m, in the terms of `placement`.
    pub fn beam_centre_m(&self, placement: &Placement) -> [Option<f64>; 2] {
        let pixel = placement.pixel_size_m;
        match self.beam_centre {
            None => [None; 2],
            Some(BeamCentre::Pixels(along)) => {
                let centre = placement.beam_centre_at(along.map(|pixels| pixels * pixel));
                centre.map(Some)
            }
            Some(BeamCentre::Given { x, y, y_from_end }) => {
                let size_slow = placement.pixels[1] as f64 * pixel;
                let [x, y] = [x, y].map(|mm| mm.map(|mm| mm * 1e-3));
                [x, y.map(|y| if y_from_end { size_slow - y } else { y })]
            }
        }
    }

    /// The header of the image at `path`, of frame `frame`, counted from 0, or of its first.
    fn from_image(
        path: &Path,
        frame: Option<usize>,
        access: Access,
    ) -> Result<Adopted, DocumentError> {
        let several = image_file::frame_header(path, frame, access)?;
        let read = |problem| bad(path, problem);
        let adopted = match several {
            Some(OneHeader {
                header,
                size,
                frames,
            }) => Adopted {
                frames: Some(frames),
                notices: header.notices.clone(),
                ..Adopted::from_any(&header, size).map_err(read)?
            },
            None => match image_file::read_with_header(path, access)? {
                (ImageFile::Sized(..), _) if frame.is_some_and(|index| index > 0) => {
                    return Err(read(Problem::with_file("one image; it has no other frame")).into());
                }
                (ImageFile::Sized(format, raster), header) => {
                    let shape = [raster.width, raster.height];
                    match format == smv::FORMAT {
                        true => Adopted::from_smv(&header.entries, shape).map_err(read)?,
                        false if header.geometry.is_silent() => {
                            let what = format!(
                                "{format}, which says nothing of the experiment; expected an image \
                                 with a header, SMV, CBF or NXmx"
                            );
                            return Err(read(Problem::with_file(what)).into());
                        }
                        false => Adopted::from_any(&header, shape).map_err(read)?,
                    }
                }
                (ImageFile::Bare(_), _) => {
                    let what = "neither an SMV, a CBF nor an NXmx image; expected one of these, \
                                whose headers tell";
                    return Err(read(Problem::with_file(what)).into());
                }
            },
        };
        Ok(adopted)
    }

    /// What the header of an image of `shape` says, which is not SMV's.
    fn from_any(header: &Header, shape: [usize; 2]) -> Result<Adopted, Problem> {
        match &header.metadata {
            Some((known, _)) if !known.fits_header() => Err(Problem::with_file(
                "panels that lean, several, or pixels that are not square; expected one upright \
                 panel of square pixels",
            )),
            _ => Adopted::from_header(&header.geometry, shape),
        }
    }

    /// The quantities that the header of an image leaves open, by the keys that would give them,
    /// and what is taken in their place.
    pub fn unsaid(&self) -> Vec<Unsaid> {
        use key::{beam, detector, frame, scan};
        let centre = self.beam_centre.is_none() && self.org.iter().any(Option::is_none);
        let distance = self.distance_mm.or(self.close_distance_mm).is_none();
        let still = self.phi_deg.or(self.osc_deg).is_none();
        let open: [(bool, Unsaid); 5] = [
            (
                self.pixel_mm.is_none(),
                Unsaid("its pixel size", "0.1 mm", vec![&detector::pixel]),
            ),
            (
                distance,
                Unsaid(
                    "the detector's distance",
                    "100 mm",
                    vec![
                        &detector::distance,
                        &detector::close_distance,
                        &frame::first_pixel,
                    ],
                ),
            ),
            (
                centre,
                Unsaid(
                    "where the beam meets the detector",
                    "the middle",
                    vec![
                        &detector::beam_x,
                        &detector::beam_y,
                        &detector::origin_x,
                        &detector::origin_y,
                        &detector::close_x,
                        &detector::close_y,
                        &frame::first_pixel,
                    ],
                ),
            ),
            (
                self.wavelength_m.is_none(),
                Unsaid(
                    "the wavelength",
                    "1 Å",
                    vec![&beam::wavelength, &beam::energy],
                ),
            ),
            (
                still,
                Unsaid(
                    "a rotation",
                    "a still at 0°",
                    vec![&scan::start, &scan::range, &scan::step, &scan::steps],
                ),
            ),
        ];
        open.into_iter()
            .filter_map(|(open, unsaid)| open.then_some(unsaid))
            .collect()
    }

    /// What the entries of an SMV header say to the C program.
    fn from_smv(entries: &[(String, String)], shape: [usize; 2]) -> Result<Adopted, Problem> {
        let number = |key: &str| smv::number(entries, key);
        let positive = |key: &str| positive(&format!("header entry {key}"), number(key)?);
        // The C program writes XDS_ORGX and reads ORGX.
        let origin = |key: &str| {
            number(key).and_then(|org| match org {
                None => number(&format!("XDS_{key}")),
                given => Ok(given),
            })
        };
        let [x, y] = [number("BEAM_CENTER_X")?, number("BEAM_CENTER_Y")?];
        let y_from_end = false;
        Ok(Adopted {
            shape: Some(shape),
            pixel_mm: positive("PIXEL_SIZE")?,
            distance_mm: positive("DISTANCE")?,
            close_distance_mm: positive("CLOSE_DISTANCE")?,
            wavelength_m: positive("WAVELENGTH")?.map(|angstrom| angstrom * 1e-10),
            org: [origin("ORGX")?, origin("ORGY")?],
            phi_deg: number("PHI")?,
            // A still has no range to adopt: flags that step or count are not to be bound to zero.
            osc_deg: number("OSC_RANGE")?.filter(|&range| range != 0.0),
            two_theta_deg: number("TWOTHETA")?,
            beam_centre: x.or(y).map(|_| BeamCentre::Given { x, y, y_from_end }),
            ..Adopted::default()
        })
    }

    /// What another header says.
    fn from_header(header: &ImageHeader, shape: [usize; 2]) -> Result<Adopted, Problem> {
        let pixel_m = positive("the header's pixel size in m", header.pixel_size_m)?;
        let distance_m = positive("the header's distance in m", header.distance_m)?;
        let wavelength_m = positive("the header's wavelength in m", header.wavelength_m)?;
        let centre = header.beam_centre_pixels;
        // An upright detector is nearest where the beam meets it; ORGX counts from 1/2.
        let org = centre.map(|along| along.map(|pixels| Some(pixels + 0.5)));
        Ok(Adopted {
            shape: Some(shape),
            pixel_mm: pixel_m.map(|metres| metres * 1e3),
            distance_mm: distance_m.map(|metres| metres * 1e3),
            wavelength_m,
            org: org.unwrap_or_default(),
            phi_deg: header.start_rad.map(f64::to_degrees),
            osc_deg: header
                .range_rad
                .map(f64::to_degrees)
                .filter(|&range| range != 0.0),
            two_theta_deg: header.two_theta_rad.map(f64::to_degrees),
            sensor_um: header.sensor_thickness_m.map(|metres| metres * 1e6),
            beam_centre: centre.map(BeamCentre::Pixels),
            ..Adopted::default()
        })
    }

    /// This header's values, and those of `other` where this one is silent.
    fn or(self, other: Adopted) -> Adopted {
        let has_distance = self.distance_mm.is_some() || self.close_distance_mm.is_some();
        let distances = if has_distance { &self } else { &other };
        Adopted {
            distance_mm: distances.distance_mm,
            close_distance_mm: distances.close_distance_mm,
            shape: self.shape.or(other.shape),
            pixel_mm: self.pixel_mm.or(other.pixel_mm),
            wavelength_m: self.wavelength_m.or(other.wavelength_m),
            org: [self.org[0].or(other.org[0]), self.org[1].or(other.org[1])],
            phi_deg: self.phi_deg.or(other.phi_deg),
            osc_deg: self.osc_deg.or(other.osc_deg),
            two_theta_deg: self.two_theta_deg.or(other.two_theta_deg),
            kahn_factor: self.kahn_factor.or(other.kahn_factor),
            cell: self.cell.or(other.cell),
            mask: self.mask.or(other.mask),
            sensor_um: self.sensor_um.or(other.sensor_um),
            frames: self.frames,
            notices: self.notices,
            beam_centre: self.beam_centre.or(other.beam_centre),
        }
    }
}

/// `value`, called `what`, if it is above zero.
fn positive(what: &str, value: Option<f64>) -> Result<Option<f64>, Problem> {
    match value {
        Some(value) if value <= 0.0 => Err(Problem::with_file(format!(
            "{what} is {value}; expected a positive number"
        ))),
        value => Ok(value),
    }
}

/// What is wrong with the content of the file at `path`.
fn bad(path: &Path, problem: Problem) -> FormatError {
    FormatError::Content {
        path: path.to_path_buf(),
        problem,
    }
}
