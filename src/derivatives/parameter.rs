//! The parameters of an experiment, by the names and in the units of its flags.

use std::fmt;
use std::str::FromStr;

use super::ParameterError;

/// Which of three: the first, second or third axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// x, or the axis a.
    X = 0,
    /// y, or the axis b.
    Y = 1,
    /// z, or the axis c.
    Z = 2,
}

use Axis::{X, Y, Z};

/// The three axes in order.
pub const AXES: [Axis; 3] = [X, Y, Z];

/// What an image can be differentiated with respect to. It is shown as it is written:
/// `misset_x`, `cell_alpha`, `panel_3_roty`, `F(1,-2,3)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// Misset angle about an axis of the laboratory: the crystal is turned about x, then y, then z.
    Misset(Axis),
    /// Cell edge, a, b or c. The crystal's frame (a* along x, b* in the plane of x and y) stays.
    CellEdge(Axis),
    /// Cell angle α, β or γ, in that frame.
    CellAngle(Axis),
    /// Wavelength. All sources' wavelengths keep their ratios; of a list it is their weighted mean.
    Wavelength,
    /// Distance along the beam. A detector that a file describes moves along the beam as a whole.
    Distance,
    /// Distance to the nearest point of the detector's plane, where that placed it.
    CloseDistance,
    /// Xbeam, in the convention's terms. Of a detector that a file describes, where the beam meets
    /// the first panel along its fast axis: the detector moves as a whole.
    BeamX,
    /// Ybeam, in the convention's terms, or along the first panel's slow axis.
    BeamY,
    /// ORGX: fast coordinate of the point nearest to the sample.
    OriginX,
    /// ORGY: its slow coordinate.
    OriginY,
    /// Rotation of the detector about an axis of the laboratory. A detector that a file describes
    /// turns about the point where the beam meets its first panel, from 0.
    DetectorTurn(Axis),
    /// Angle of the two-theta arm.
    TwoTheta,
    /// Shift of a panel, counted from 0, along an axis of the laboratory, from 0.
    PanelShift(usize, Axis),
    /// Rotation of a panel, counted from 0, about an axis of the laboratory through its middle, from
    /// 0: about x, then y, then z.
    PanelTurn(usize, Axis),
    /// Cells along a, b or c, as a real number.
    Cells(Axis),
    /// N_d, N_e or N_f.
    CoupledCells(Axis),
    /// Factor on the width of the spots.
    Fudge,
    /// Mosaic spread; of several sigmas the largest, with which the others keep their ratios. The
    /// rotations of sampled domains scale with it.
    Mosaic,
    /// Mosaic sigma about an axis of the crystal's frame: a, c* × a, c*.
    MosaicSigma(Axis),
    /// Standard deviation of the wavelengths, in closed form.
    Bandwidth,
    /// Standard deviation of the directions along the electric field, in closed form.
    DivergenceH,
    /// Standard deviation of the directions along the magnetic field, in closed form.
    DivergenceV,
    /// φ at the start of the scan.
    Phi,
    /// B of the whole crystal.
    BFactor,
    /// Rms displacement of atoms; of several the largest, with which the others keep their ratios.
    DiffuseSigma,
    /// Rms displacement along an axis of the crystal's own.
    DiffuseSigmaAlong(Axis),
    /// Correlation length of displacements; of several the largest, with which the others keep
    /// their ratios.
    DiffuseGamma,
    /// Correlation length along an axis of the crystal's own.
    DiffuseGammaAlong(Axis),
    /// Factor on the whole image, from 1.
    Scale,
    /// F of every index that is not listed.
    DefaultF,
    /// F of one reflection as it stands in the grid; its equivalents stay.
    F([i32; 3]),
    /// Thickness of the water.
    Water,
    /// Thickness of an amorphous slab, counted from 0.
    Slab(usize),
}

/// A unit: its symbol and its size in SI units.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Unit(&'static str, f64);

const NONE: Unit = Unit("", 1.0);
const DEGREE: Unit = Unit("deg", std::f64::consts::PI / 180.0);
const MILLIRADIAN: Unit = Unit("mrad", 1e-3);
const ANGSTROM: Unit = Unit("Å", 1e-10);
const SQUARE_ANGSTROM: Unit = Unit("Å²", 1e-20);
const MICROMETRE: Unit = Unit("µm", 1e-6);
const MILLIMETRE: Unit = Unit("mm", 1e-3);
const PERCENT: Unit = Unit("%", 1e-2);
/// Of pixels, whose size the detector knows.
const PIXEL: Unit = Unit("pixel", 1.0);

/// The parameters that have one name each.
const NAMED: [(&str, Parameter, Unit); 47] = [
    ("misset_x", Parameter::Misset(X), DEGREE),
    ("misset_y", Parameter::Misset(Y), DEGREE),
    ("misset_z", Parameter::Misset(Z), DEGREE),
    ("cell_a", Parameter::CellEdge(X), ANGSTROM),
    ("cell_b", Parameter::CellEdge(Y), ANGSTROM),
    ("cell_c", Parameter::CellEdge(Z), ANGSTROM),
    ("cell_alpha", Parameter::CellAngle(X), DEGREE),
    ("cell_beta", Parameter::CellAngle(Y), DEGREE),
    ("cell_gamma", Parameter::CellAngle(Z), DEGREE),
    ("lambda", Parameter::Wavelength, ANGSTROM),
    ("distance", Parameter::Distance, MILLIMETRE),
    ("close_distance", Parameter::CloseDistance, MILLIMETRE),
    ("Xbeam", Parameter::BeamX, MILLIMETRE),
    ("Ybeam", Parameter::BeamY, MILLIMETRE),
    ("ORGX", Parameter::OriginX, PIXEL),
    ("ORGY", Parameter::OriginY, PIXEL),
    ("detector_rotx", Parameter::DetectorTurn(X), DEGREE),
    ("detector_roty", Parameter::DetectorTurn(Y), DEGREE),
    ("detector_rotz", Parameter::DetectorTurn(Z), DEGREE),
    ("twotheta", Parameter::TwoTheta, DEGREE),
    ("Na", Parameter::Cells(X), NONE),
    ("Nb", Parameter::Cells(Y), NONE),
    ("Nc", Parameter::Cells(Z), NONE),
    ("Nd", Parameter::CoupledCells(X), NONE),
    ("Ne", Parameter::CoupledCells(Y), NONE),
    ("Nf", Parameter::CoupledCells(Z), NONE),
    ("fudge", Parameter::Fudge, NONE),
    ("mosaic", Parameter::Mosaic, DEGREE),
    ("mosaic_x", Parameter::MosaicSigma(X), DEGREE),
    ("mosaic_y", Parameter::MosaicSigma(Y), DEGREE),
    ("mosaic_z", Parameter::MosaicSigma(Z), DEGREE),
    ("bandwidth", Parameter::Bandwidth, PERCENT),
    ("divergence_h", Parameter::DivergenceH, MILLIRADIAN),
    ("divergence_v", Parameter::DivergenceV, MILLIRADIAN),
    ("phi", Parameter::Phi, DEGREE),
    ("b_factor", Parameter::BFactor, SQUARE_ANGSTROM),
    ("diffuse_sigma", Parameter::DiffuseSigma, ANGSTROM),
    ("diffuse_sigma_x", Parameter::DiffuseSigmaAlong(X), ANGSTROM),
    ("diffuse_sigma_y", Parameter::DiffuseSigmaAlong(Y), ANGSTROM),
    ("diffuse_sigma_z", Parameter::DiffuseSigmaAlong(Z), ANGSTROM),
    ("diffuse_gamma", Parameter::DiffuseGamma, ANGSTROM),
    ("diffuse_gamma_x", Parameter::DiffuseGammaAlong(X), ANGSTROM),
    ("diffuse_gamma_y", Parameter::DiffuseGammaAlong(Y), ANGSTROM),
    ("diffuse_gamma_z", Parameter::DiffuseGammaAlong(Z), ANGSTROM),
    ("scale", Parameter::Scale, NONE),
    ("default_F", Parameter::DefaultF, NONE),
    ("water", Parameter::Water, MICROMETRE),
];

/// The forms of those that are counted.
const COUNTED: [&str; 4] = [
    "panel_N_x",
    "panel_N_rotx",
    "background_N_thickness",
    "F(h,k,l)",
];

impl Parameter {
    /// The parameters that are not counted, in the order in which they are listed.
    pub fn named() -> impl Iterator<Item = Parameter> {
        NAMED.iter().map(|(_, parameter, _)| *parameter)
    }

    /// The unit of its values: `deg`, `Å`, `mm` and so on; empty where it has none.
    pub fn unit(self) -> &'static str {
        self.own_unit().0
    }

    /// Its unit in SI units; 1 of pixels.
    pub(super) fn si(self) -> f64 {
        self.own_unit().1
    }

    fn own_unit(self) -> Unit {
        match self {
            Parameter::PanelShift(..) | Parameter::Slab(_) => MILLIMETRE,
            Parameter::PanelTurn(..) => DEGREE,
            _ => {
                let own = NAMED.iter().find(|(_, parameter, _)| *parameter == self);
                own.map_or(NONE, |(.., unit)| *unit)
            }
        }
    }

    /// The parameters of a list in which commas part them.
    ///
    /// # Errors
    /// [`ParameterError::Unknown`].
    pub fn list(text: &str) -> Result<Vec<Parameter>, ParameterError> {
        Parameter::words(text).map(str::parse).collect()
    }

    /// The names of such a list, whether they are parameters or not.
    pub fn words(text: &str) -> impl Iterator<Item = &str> {
        let mut depth = 0;
        let names = text.split(move |letter| {
            depth += i32::from(letter == '(') - i32::from(letter == ')');
            letter == ',' && depth <= 0
        });
        names.map(str::trim)
    }

    /// A parameter of the forms that are counted.
    fn counted(name: &str) -> Option<Parameter> {
        if let Some(index) = name.strip_prefix("F(") {
            let numbers: Vec<i32> = (index.strip_suffix(')')?.split(','))
                .map(|number| number.trim().parse().ok())
                .collect::<Option<_>>()?;
            return Some(Parameter::F(numbers.try_into().ok()?));
        }
        if let Some(slab) = name.strip_prefix("background_") {
            return Some(Parameter::Slab(
                slab.strip_suffix("_thickness")?.parse().ok()?,
            ));
        }
        let (number, motion) = name.strip_prefix("panel_")?.split_once('_')?;
        let panel = number.parse().ok()?;
        let along = |letter: &str| AXES.into_iter().find(|axis| axis.letter() == letter);
        match motion.strip_prefix("rot") {
            Some(axis) => Some(Parameter::PanelTurn(panel, along(axis)?)),
            None => Some(Parameter::PanelShift(panel, along(motion)?)),
        }
    }
}

impl Axis {
    fn letter(self) -> &'static str {
        ["x", "y", "z"][self as usize]
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Parameter::PanelShift(panel, axis) => write!(f, "panel_{panel}_{}", axis.letter()),
            Parameter::PanelTurn(panel, axis) => write!(f, "panel_{panel}_rot{}", axis.letter()),
            Parameter::Slab(slab) => write!(f, "background_{slab}_thickness"),
            Parameter::F([h, k, l]) => write!(f, "F({h},{k},{l})"),
            _ => {
                let own = NAMED.iter().find(|(_, parameter, _)| parameter == self);
                f.write_str(own.map_or("", |(name, ..)| name))
            }
        }
    }
}

impl FromStr for Parameter {
    type Err = ParameterError;

    fn from_str(name: &str) -> Result<Parameter, ParameterError> {
        let own = NAMED.iter().find(|(known, ..)| *known == name);
        if let Some(parameter) = own.map(|own| own.1).or_else(|| Parameter::counted(name)) {
            return Ok(parameter);
        }
        let known: Vec<&str> = NAMED.iter().map(|own| own.0).chain(COUNTED).collect();
        let likeness =
            |known: &str| strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
        let nearest = known
            .iter()
            .rev()
            .max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
        Err(ParameterError::Unknown {
            name: name.to_string(),
            nearest: nearest.copied().unwrap_or_default(),
            known: known.join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_name_is_read_as_it_is_shown() {
        let counted = [
            Parameter::PanelShift(12, Y),
            Parameter::PanelTurn(0, Z),
            Parameter::Slab(3),
            Parameter::F([1, -2, 30]),
        ];
        let all: Vec<Parameter> = Parameter::named().chain(counted).collect();
        let names: Vec<String> = all.iter().map(Parameter::to_string).collect();
        assert_eq!(Parameter::list(&names.join(", ")).unwrap(), all);
        let distinct: std::collections::HashSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn a_wrong_name_is_told_the_nearest() {
        for (wrong, nearest) in [
            ("misset_X", "misset_x"),
            ("cell-alpha", "cell_alpha"),
            ("panel_1", "panel_N_x"),
            ("xbeam", "Xbeam"),
            ("F(1,2)", "F(h,k,l)"),
            ("panel_-1_x", "panel_N_x"),
        ] {
            let said = wrong.parse::<Parameter>().unwrap_err().to_string();
            assert!(
                said.contains(&format!("\"{wrong}\""))
                    && said.contains(&format!("mean {nearest}?")),
                "{said}"
            );
            assert!(said.contains("detector_rotx"), "{said}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in ".{0,40}") {
            let _ = Parameter::list(&text);
        }
    }
}
