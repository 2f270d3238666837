//! The quantities of an experiment, each with its name, its unit and its range.

use std::f64::consts::TAU;
use std::ops::RangeInclusive;

use super::ExperimentError;
use super::background::LARGEST_F;

/// The smallest number above zero.
const ABOVE_ZERO: f64 = 0f64.next_up();
/// The largest number below two.
const BELOW_TWO: f64 = 2f64.next_down();
/// Lengths of unit vectors, rounded.
const UNIT: RangeInclusive<f64> = 1.0 - 1e-6..=1.0 + 1e-6;

/// Quantities. A row: the name in Rust, the name with its unit in messages, the range, and the
/// range in words.
macro_rules! quantities {
    ($($quantity:ident $shown:literal: $range:expr, $expected:literal;)*) => {
        /// A quantity that has a range; shown, its name with its unit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        pub enum Quantity {
            $(#[doc = concat!("Quantity: ", $shown, ".")] #[error($shown)] $quantity,)*
        }

        impl Quantity {
            /// The range, and the range in words.
            fn range(self) -> (RangeInclusive<f64>, &'static str) {
                match self {
                    $(Quantity::$quantity => ($range, $expected),)*
                }
            }
        }
    };
}

// Lengths, angles and factors beyond these ranges are typing errors, or would lose the digits that
// matter, or their powers would not fit in float64.
quantities! {
    DetectorDistance "the detector distance in m": 1e-12..=1e6, "from 1e-12 to 1e6";
    CloseDistance "the close distance in m": 1e-12..=1e6, "from 1e-12 to 1e6";
    PanelDistance "the panel's distance in m": f64::MIN..=f64::MAX, "a finite distance";
    PixelSize "the pixel size in m": 1e-12..=1e6, "from 1e-12 to 1e6";
    FirstPixel "a coordinate of the first pixel, its origin, in m": -1e9..=1e9, "from -1e9 to 1e9";
    FastAxisLength "the length of the fast axis": 1e-3..=1e3, "from 1e-3 to 1e3";
    SlowAxisLength "the length of the slow axis": 1e-3..=1e3, "from 1e-3 to 1e3";
    NormalLength "the length of the detector normal": UNIT, "1, a unit vector";
    Curvature "the radius of the curved panel in m": 1e-12..=1e6, "from 1e-12 to 1e6";
    AttenuationDepth "the sensor's attenuation depth in m": 1e-12..=1e6, "from 1e-12 to 1e6";
    SensorThickness "the sensor's thickness in m": 1e-12..=1e6, "from 1e-12 to 1e6";
    SensorLayers "the number of sensor layers": 1.0..=f64::MAX, "at least 1";
    Cells "the number of cells along an axis": 1.0..=f64::MAX, "at least 1";
    CellEdge "the longest cell edge, in wavelengths,": 0.0..=1e8, "at most 1e8";
    Fudge "the fudge factor": ABOVE_ZERO..=1e12, "positive, at most 1e12";
    DiffuseSigma "the rms displacement of atoms in m": 0.0..=1e-8, "from 0 to 1e-8 (100 Å)";
    DiffuseGamma "the correlation length of displacements in m": 1e-12..=1e-3, "from 1e-12 to 1e-3 (0.01 to 1e7 Å)";
    DiffuseStencil "the number of reflections that halos reach": 0.0..=10.0, "from 0 to 10";
    BFactor "the B factor in m²": -1e-17..=1e-17, "from -1e-17 to 1e-17 (1000 Å²)";
    StructureFactor "a structure factor": -1e20..=1e20, "from -1e20 to 1e20";
    DefaultStructureFactor "the default structure factor": -1e20..=1e20, "from -1e20 to 1e20";
    ChannelWavelength "a channel's wavelength in m": 1e-12..=1e6, "from 1e-12 to 1e6";
    MosaicDomains "the number of mosaic domains": 1.0..=f64::MAX, "at least 1";
    MosaicSpread "the mosaic spread in radians": 0.0..=TAU, "from 0 to 2π";
    ScanStart "phi in radians at the start": -1e9..=1e9, "from -1e9 to 1e9";
    ScanStep "the step of phi in radians": -1e9..=1e9, "from -1e9 to 1e9";
    ScanEnd "phi in radians at the end": -1e9..=1e9, "from -1e9 to 1e9";
    ScanSteps "the number of phi steps": 1.0..=f64::MAX, "at least 1";
    KahnFactor "the Kahn factor": -1.0..=1.0, "between -1 and 1";
    Wavelength "the wavelength in m": 1e-20..=1.0, "from 1e-20 to 1";
    Fluence "the fluence in photons/m²": 0.0..=1e60, "from 0 to 1e60";
    Divergence "the divergence in radians, its range or its steps together,": 0.0..=TAU, "from 0 to 2π";
    Dispersion "the dispersion": 0.0..=BELOW_TWO, "from 0 up to 2 (200 %)";
    Bandwidth "the bandwidth, its standard deviation over the wavelength,": 0.0..=1.0, "from 0 to 1 (100 %)";
    DivergenceSigma "the standard deviation of the divergence in radians": 0.0..=TAU, "from 0 to 2π";
    SourceWeight "a source's weight": 0.0..=f64::MAX, "zero or more";
    ResolutionLimit "the resolution limit in m": 0.0..=f64::MAX, "zero or more";
    Oversample "the number of sub-pixels per pixel edge": 1.0..=65535.0, "from 1 to 65535";
    ProfileAbscissa "sin θ/λ of a scattering profile in 1/m": 0.0..=1e20, "from 0 to 1e20";
    ProfileF "F of a scattering profile": -LARGEST_F..=LARGEST_F, "from -1e9 to 1e9";
    SlabThickness "a slab's thickness in m": 0.0..=1e3, "from 0 to 1000";
    SlabDensity "a slab's density in kg/m³": 0.0..=1e9, "from 0 to 1e9";
    SlabMolarMass "a slab's molar mass in kg/mol": ABOVE_ZERO..=1e9, "above 0, at most 1e9";
    WaterThickness "the water's thickness in m": 0.0..=1e3, "from 0 to 1000";
    BeamSize "the beam's size in m": ABOVE_ZERO..=1e3, "above 0, at most 1000";
}

impl Quantity {
    /// The values that are accepted, in words.
    pub fn expected(self) -> &'static str {
        self.range().1
    }

    /// Whether `value` is accepted.
    pub(super) fn accepts(self, value: f64) -> bool {
        self.range().0.contains(&value)
    }

    /// Refuses a `value` that is not accepted.
    pub(super) fn require(self, value: f64) -> Result<(), ExperimentError> {
        let quantity = self;
        match self.accepts(value) {
            true => Ok(()),
            false => Err(ExperimentError::OutOfRange { quantity, value }),
        }
    }
}
