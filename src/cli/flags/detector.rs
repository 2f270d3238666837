//! Flags of the detector: size, place, convention; `fitted.rs` has the sensor and the mask.

mod adopted;
mod fitted;

use std::path::PathBuf;

use clap::Args;

use super::super::order::Order;
use super::super::{CliError, values};
use super::vectors::VectorFlags;
use crate::experiment::{Convention, Detector, Distance, ExperimentError, Pivot, Placement};

use crate::formats::geometry::Geometry;

pub use adopted::Adopted;
pub use fitted::masked_panels;

/// Ids of the flags of the detector's size.
pub const DETECTOR_SIZE_FLAGS: [&str; 6] = [
    "detpixels",
    "detpixels_f",
    "detpixels_s",
    "detsize",
    "detsize_f",
    "detsize_s",
];

#[derive(Args)]
#[command(next_help_heading = "Detector")]
pub struct DetectorFlags {
    /// Distance along the beam, mm [default: 100]
    #[arg(long, value_name = "MM", value_parser = values::positive)]
    distance: Option<f64>,
    /// Distance from the sample to the detector's plane, mm, instead of -distance
    #[arg(long = "close_distance", value_name = "MM", value_parser = values::positive)]
    close_distance: Option<f64>,
    /// Edge of a pixel, mm [default: 0.1]
    #[arg(long, value_name = "MM", value_parser = values::positive)]
    pixel: Option<f64>,
    /// Pixels along both axes [default: as fill 102.4 mm]
    #[arg(long, value_name = "PIXELS", value_parser = values::pixels)]
    detpixels: Option<usize>,
    /// Pixels along the fast axis
    #[arg(long = "detpixels_f", visible_alias = "detpixels_x", value_name = "PIXELS",
          value_parser = values::pixels)]
    detpixels_f: Option<usize>,
    /// Pixels along the slow axis
    #[arg(long = "detpixels_s", visible_alias = "detpixels_y", value_name = "PIXELS",
          value_parser = values::pixels)]
    detpixels_s: Option<usize>,
    /// Edge of the detector, mm [default: 102.4]
    #[arg(long, value_name = "MM", value_parser = values::positive)]
    detsize: Option<f64>,
    /// Width along the fast axis, mm
    #[arg(long = "detsize_f", visible_alias = "detsize_x", value_name = "MM",
          value_parser = values::positive)]
    detsize_f: Option<f64>,
    /// Height along the slow axis, mm
    #[arg(long = "detsize_s", visible_alias = "detsize_y", value_name = "MM",
          value_parser = values::positive)]
    detsize_s: Option<f64>,
    /// Beam centre in the convention's terms, mm [default: the centre]
    #[arg(long = "Xbeam", value_name = "MM", value_parser = values::number)]
    xbeam: Option<f64>,
    /// Beam centre in the convention's terms, mm [default: the centre]
    #[arg(long = "Ybeam", value_name = "MM", value_parser = values::number)]
    ybeam: Option<f64>,
    /// Default of -Xbeam for XDS, DIALS and custom frames, mm
    #[arg(long = "Xclose", value_name = "MM", value_parser = values::number)]
    xclose: Option<f64>,
    /// Default of -Ybeam for XDS, DIALS and custom frames, mm
    #[arg(long = "Yclose", value_name = "MM", value_parser = values::number)]
    yclose: Option<f64>,
    /// Fast coordinate of the point nearest to the sample, pixels [default: the middle]
    #[arg(long = "ORGX", value_name = "PIXELS", value_parser = values::number)]
    orgx: Option<f64>,
    /// Slow coordinate of the point nearest to the sample, pixels [default: the middle]
    #[arg(long = "ORGY", value_name = "PIXELS", value_parser = values::number)]
    orgy: Option<f64>,
    /// MOSFLM's frame and beam centre [default]
    #[arg(long)]
    mosflm: bool,
    /// XDS's frame and beam centre
    #[arg(long)]
    xds: bool,
    /// ADXV's frame and beam centre
    #[arg(long)]
    adxv: bool,
    /// DENZO's frame and beam centre
    #[arg(long)]
    denzo: bool,
    /// DIALS's frame and beam centre
    #[arg(long)]
    dials: bool,
    /// What the detector turns about [default: the convention's choice]
    #[arg(long, value_name = "POINT", value_parser = ["beam", "sample"])]
    pivot: Option<String>,
    /// Rotation about the laboratory's x axis, degrees [default: 0]
    #[arg(long = "detector_rotx", value_name = "DEG", value_parser = values::number)]
    rotx: Option<f64>,
    /// Rotation about y, after x, degrees [default: 0]
    #[arg(long = "detector_roty", value_name = "DEG", value_parser = values::number)]
    roty: Option<f64>,
    /// Rotation about z, after y, degrees [default: 0]
    #[arg(long = "detector_rotz", value_name = "DEG", value_parser = values::number)]
    rotz: Option<f64>,
    /// Rotation about the two-theta axis, after those, degrees [default: 0]
    #[arg(long, value_name = "DEG", value_parser = values::number)]
    twotheta: Option<f64>,
    /// Bend the detector onto a sphere about the sample
    #[arg(long = "curved_det")]
    curved_det: bool,
    /// Leave the pixels' size and tilt out of the solid angle: 1/R²
    #[arg(long = "point_pixel")]
    point_pixel: bool,
    /// Attenuation depth of the sensor, µm, or inf [default: inf]
    #[arg(long = "detector_abs", visible_alias = "detector_absorb", value_name = "UM|inf",
          value_parser = values::attenuation_depth)]
    detector_abs: Option<f64>,
    /// Thickness of the sensor, µm [default: 0]
    #[arg(long = "detector_thick", value_name = "UM", value_parser = values::not_negative)]
    detector_thick: Option<f64>,
    /// Layers of the sensor [default: 2 if it has a thickness]
    #[arg(long = "detector_thicksteps", visible_alias = "thicksteps", value_name = "COUNT",
          value_parser = values::count)]
    detector_thicksteps: Option<u32>,
    /// SMV or CBF image whose header gives what flags leave open
    #[arg(long, value_name = "FILE")]
    img: Option<PathBuf>,
    /// SMV image whose zeros are not rendered, and whose header is used like that of -img; of several
    /// panels, stacked
    #[arg(long, value_name = "FILE")]
    mask: Option<PathBuf>,
}

impl DetectorFlags {
    /// What the headers of `-img` and `-mask` say.
    pub fn adopted(&self, inputs: &mut Vec<PathBuf>) -> Result<Adopted, CliError> {
        inputs.extend(self.img.iter().chain(&self.mask).cloned());
        Adopted::read(self.img.as_deref(), self.mask.as_deref())
    }

    /// What `geometry` says, and the mask of `-mask`, whose header then says nothing.
    pub fn adopted_with(
        &self,
        geometry: &Geometry,
        inputs: &mut Vec<PathBuf>,
    ) -> Result<Adopted, CliError> {
        inputs.extend(self.mask.clone());
        let header = Adopted::read(None, self.mask.as_deref())?;
        Ok(Adopted::of_geometry(geometry, header.mask))
    }

    /// The detector, a bare one at its place, and how it was placed.
    pub fn placed(
        &self,
        order: Order,
        vectors: &VectorFlags,
        adopted: &Adopted,
        notices: &mut Vec<String>,
    ) -> Result<(Placement, Detector), CliError> {
        let placement = self.placement(order, vectors, adopted)?;
        let detector = placement.place().map_err(|error| self.blame(&error))?;
        if detector.header.distance_m < 0.0 {
            notices.push(format!(
                "the detector stands upstream of the sample, {} mm along the beam; check its \
                 rotations and -odet_vector",
                detector.header.distance_m * 1e3
            ));
        }
        if let Some(thickness) = adopted.sensor_um.filter(|_| self.detector_thick.is_none()) {
            notices.push(format!(
                "the header's sensor of {thickness} µm is not adopted: give -detector_thick and \
                 -detector_abs"
            ));
        }
        if let Some(adopted_two_theta) = adopted.two_theta_deg
            && adopted_two_theta != self.twotheta.unwrap_or(0.0)
        {
            notices.push(format!(
                "the header's TWOTHETA of {adopted_two_theta} degrees is not adopted: give -twotheta, \
                 -distance and the rotations that it was written with"
            ));
        }
        Ok((placement, detector))
    }

    fn placement(
        &self,
        order: Order,
        vectors: &VectorFlags,
        adopted: &Adopted,
    ) -> Result<Placement, CliError> {
        let pixel_mm = self.pixel.or(adopted.pixel_mm).unwrap_or(0.1);
        let pixels = [
            self.pixels_along(
                order.latest([
                    ("detpixels", self.detpixels),
                    ("detpixels_f", self.detpixels_f),
                ]),
                order.latest([("detsize", self.detsize), ("detsize_f", self.detsize_f)]),
                adopted.shape.map(|shape| shape[0]),
                pixel_mm,
            )?,
            self.pixels_along(
                order.latest([
                    ("detpixels", self.detpixels),
                    ("detpixels_s", self.detpixels_s),
                ]),
                order.latest([("detsize", self.detsize), ("detsize_s", self.detsize_s)]),
                adopted.shape.map(|shape| shape[1]),
                pixel_mm,
            )?,
        ];
        let convention = order
            .latest([
                ("mosflm", self.mosflm.then_some(Convention::Mosflm)),
                ("xds", self.xds.then_some(Convention::Xds)),
                ("adxv", self.adxv.then_some(Convention::Adxv)),
                ("denzo", self.denzo.then_some(Convention::Denzo)),
                ("dials", self.dials.then_some(Convention::Dials)),
            ])
            .unwrap_or_default();
        let custom_frame = vectors.frame(convention.frame());
        let metres = |mm: Option<f64>| mm.map(|mm| mm * 1e-3);
        // ORGX counts pixels from the middle of the first.
        let near = |org: Option<f64>| metres(org.map(|org| (org - 0.5) * pixel_mm));
        let mut placement = Placement {
            convention,
            custom_frame,
            pixels,
            pixel_size_m: pixel_mm * 1e-3,
            distance: self.distance(adopted),
            beam_centre_m: [None; 2],
            near_point_m: [
                near(self.orgx.or(adopted.org[0])),
                near(self.orgy.or(adopted.org[1])),
            ],
            close_point_m: [metres(self.xclose), metres(self.yclose)],
            rotations_rad: [self.rotx, self.roty, self.rotz]
                .map(|angle| angle.unwrap_or(0.0).to_radians()),
            two_theta_rad: self.twotheta.unwrap_or(0.0).to_radians(),
            turns_about: self.pivot(order, custom_frame.is_some()),
            origin_m: vectors.origin_m(),
            curved: self.curved_det,
        };
        let [x, y] = adopted.beam_centre_m(&placement);
        placement.beam_centre_m = [metres(self.xbeam).or(x), metres(self.ybeam).or(y)];
        Ok(placement)
    }

    /// Pixels along one axis: the flag's, else as many as its size holds, else the header's.
    fn pixels_along(
        &self,
        pixels: Option<usize>,
        size_mm: Option<f64>,
        adopted: Option<usize>,
        pixel_mm: f64,
    ) -> Result<usize, CliError> {
        /// Size of the detector when nothing is said about it, mm.
        const DEFAULT_MM: f64 = 102.4;
        if let Some(pixels) = pixels.or(if size_mm.is_none() { adopted } else { None }) {
            return Ok(pixels);
        }
        let size_mm = size_mm.unwrap_or(DEFAULT_MM);
        // Adding zero takes the sign off a zero.
        let pixels = (size_mm / pixel_mm - 0.5).ceil() + 0.0;
        if (1.0..=f64::from(u32::MAX)).contains(&pixels) {
            return Ok(pixels as usize);
        }
        Err(CliError::usage(format!(
            "-detsize {size_mm} mm holds {pixels:.0} pixels of -pixel {pixel_mm} mm; it must hold \
             from 1 to 2^32 - 1"
        )))
    }

    /// The distance given, else that of the header, whose own close distance is the more exact.
    fn distance(&self, adopted: &Adopted) -> Distance {
        let close = |mm: f64| Distance::Closest(mm * 1e-3);
        let along = |mm: f64| Distance::AlongBeam(mm * 1e-3);
        self.close_distance
            .map(close)
            .or(self.distance.map(along))
            .or(adopted.close_distance_mm.map(close))
            .or(adopted.distance_mm.map(along))
            .unwrap_or(Distance::AlongBeam(0.1))
    }

    /// The pivot asked for; in a custom frame, the one that the last placing flag implies.
    fn pivot(&self, order: Order, custom: bool) -> Option<Pivot> {
        match self.pivot.as_deref() {
            Some("sample") => return Some(Pivot::Sample),
            Some(_) => return Some(Pivot::Beam),
            None => {}
        }
        let placing = |ids: &[&str]| ids.iter().filter_map(|id| order.position(id)).max();
        let beam = placing(&["distance", "xbeam", "ybeam"]);
        let sample = placing(&[
            "close_distance",
            "xclose",
            "yclose",
            "orgx",
            "orgy",
            "twotheta",
        ]);
        custom.then_some(if sample > beam {
            Pivot::Sample
        } else {
            Pivot::Beam
        })
    }

    /// Puts the flags to blame before what is wrong with the placement.
    pub fn blame(&self, error: &ExperimentError) -> CliError {
        let flags = match error {
            ExperimentError::NoDirection { .. } | ExperimentError::Parallel(..) => {
                "-*_vector, -*_axis"
            }
            ExperimentError::PlaneThroughSample { .. } | ExperimentError::FacesAway { .. } => {
                "-distance, -detector_rotx, -detector_roty, -detector_rotz, -twotheta, -pix0_vector, \
                 -*_vector"
            }
            _ => "-distance, -pixel",
        };
        CliError::usage(format!("{flags}: {error}"))
    }
}
