//! The names of the quantities: unique, and stable, as logs are kept under them.

use std::fmt;

/// A quantity of a trace. The order is that of the computation, so that of two traces the first
/// that differs is nearest to the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// Direction of the panel's fast axis.
    Fast,
    /// Direction of the panel's slow axis.
    Slow,
    /// The panel's normal.
    Normal,
    /// The outer corner of the panel's first pixel, pix0, m.
    Origin,
    /// Position of the sub-pixel, m.
    Position,
    /// Its distance from the sample, R, m.
    Distance,
    /// The solid angle that the term is multiplied by, Ω, sr.
    SolidAngle,
    /// Direction from the sample to the sub-pixel, d.
    Diffracted,
    /// Direction in which the source's photons travel, i.
    Incident,
    /// The source's wavelength, m.
    Wavelength,
    /// Scattering vector q = (d − i)/λ, 1/m.
    ScatteringVector,
    /// sin θ/λ = |q|/2, 1/m.
    Stol,
    /// The polarisation factor that the term is multiplied by, P.
    Polarisation,
    /// The crystal's a after all rotations, Å.
    CellA,
    /// The crystal's b after all rotations, Å.
    CellB,
    /// The crystal's c after all rotations, Å.
    CellC,
    /// The dual of the rotated cell, a*, 1/Å.
    AStar,
    /// The dual of the rotated cell, b*, 1/Å.
    BStar,
    /// The dual of the rotated cell, c*, 1/Å.
    CStar,
    /// Fractional Miller index h, k, l.
    Hkl,
    /// The nearest reflection.
    Nearest,
    /// The lattice factor along a, of a square crystal.
    FLattA,
    /// The lattice factor along b, of a square crystal.
    FLattB,
    /// The lattice factor along c, of a square crystal.
    FLattC,
    /// √(fudge·Σ(N δ)²), of a round crystal.
    RoundOffset,
    /// fudge·g, of Gaussian and top-hat spots, 1/Å².
    Spread,
    /// The lattice factor.
    FLatt,
    /// The structure factor, electrons.
    FCell,
    /// F_cell²·F_latt², electrons²; 0 beyond the resolution limit.
    Term,
    /// Fraction of the photons that the sensor's layer stops, A.
    Absorbed,
    /// Weight of the source over the mean weight, w.
    Weight,
    /// Photons per m² of beam.
    Fluence,
    /// Square of the classical electron radius, m².
    ElectronRadiusSquared,
    /// Sources times orientations times sub-pixels.
    Steps,
    /// r_e²·fluence/steps, the factor in front of the sum.
    Scale,
    /// I_bg, the flat background of the water.
    Background,
    /// What amorphous slabs add to the sum: Σ w·Ω·P·A·molecules·sign(F)F² over layers, sub-pixels and
    /// sources, times the orientations.
    AmorphousSum,
    /// ΣF_cell²·F_latt² of the pixel, over layers, sub-pixels, sources and orientations, without
    /// weights, electrons².
    IntensitySum,
    /// The whole sum of the pixel: weights, Ω, P, A and background in it.
    Sum,
    /// Photons in the pixel.
    Photons,
}

impl Name {
    /// Every name, in the order of the computation.
    pub const ALL: [Name; 40] = [
        Name::Fast,
        Name::Slow,
        Name::Normal,
        Name::Origin,
        Name::Position,
        Name::Distance,
        Name::SolidAngle,
        Name::Diffracted,
        Name::Incident,
        Name::Wavelength,
        Name::ScatteringVector,
        Name::Stol,
        Name::Polarisation,
        Name::CellA,
        Name::CellB,
        Name::CellC,
        Name::AStar,
        Name::BStar,
        Name::CStar,
        Name::Hkl,
        Name::Nearest,
        Name::FLattA,
        Name::FLattB,
        Name::FLattC,
        Name::RoundOffset,
        Name::Spread,
        Name::FLatt,
        Name::FCell,
        Name::Term,
        Name::Absorbed,
        Name::Weight,
        Name::Fluence,
        Name::ElectronRadiusSquared,
        Name::Steps,
        Name::Scale,
        Name::Background,
        Name::AmorphousSum,
        Name::IntensitySum,
        Name::Sum,
        Name::Photons,
    ];

    /// As it is printed.
    pub fn as_str(self) -> &'static str {
        self.entry().0
    }

    /// Its unit; empty for a bare number. Point pixels have their solid angle in 1/m² instead.
    pub fn unit(self) -> &'static str {
        self.entry().1
    }

    /// Number of its values: 3 for a vector.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a number of components, never none"
    )]
    pub fn len(self) -> usize {
        self.entry().2
    }

    /// The name that `word` spells.
    pub fn parse(word: &str) -> Option<Name> {
        Name::ALL.into_iter().find(|name| name.as_str() == word)
    }

    fn entry(self) -> (&'static str, &'static str, usize) {
        match self {
            Name::Fast => ("fast", "", 3),
            Name::Slow => ("slow", "", 3),
            Name::Normal => ("normal", "", 3),
            Name::Origin => ("origin", "m", 3),
            Name::Position => ("position", "m", 3),
            Name::Distance => ("distance", "m", 1),
            Name::SolidAngle => ("solid_angle", "sr", 1),
            Name::Diffracted => ("diffracted", "", 3),
            Name::Incident => ("incident", "", 3),
            Name::Wavelength => ("wavelength", "m", 1),
            Name::ScatteringVector => ("scattering_vector", "1/m", 3),
            Name::Stol => ("stol", "1/m", 1),
            Name::Polarisation => ("polarisation", "", 1),
            Name::CellA => ("cell_a", "Å", 3),
            Name::CellB => ("cell_b", "Å", 3),
            Name::CellC => ("cell_c", "Å", 3),
            Name::AStar => ("a_star", "1/Å", 3),
            Name::BStar => ("b_star", "1/Å", 3),
            Name::CStar => ("c_star", "1/Å", 3),
            Name::Hkl => ("hkl", "", 3),
            Name::Nearest => ("nearest", "", 3),
            Name::FLattA => ("f_latt_a", "", 1),
            Name::FLattB => ("f_latt_b", "", 1),
            Name::FLattC => ("f_latt_c", "", 1),
            Name::RoundOffset => ("round_offset", "", 1),
            Name::Spread => ("spread", "1/Å^2", 1),
            Name::FLatt => ("f_latt", "", 1),
            Name::FCell => ("f_cell", "electrons", 1),
            Name::Term => ("term", "electrons^2", 1),
            Name::Absorbed => ("absorbed", "", 1),
            Name::Weight => ("weight", "", 1),
            Name::Fluence => ("fluence", "1/m^2", 1),
            Name::ElectronRadiusSquared => ("electron_radius_squared", "m^2", 1),
            Name::Steps => ("steps", "", 1),
            Name::Scale => ("scale", "1/sr/electrons^2", 1),
            Name::Background => ("background", "electrons^2", 1),
            Name::AmorphousSum => ("amorphous_sum", "sr electrons^2", 1),
            Name::IntensitySum => ("intensity_sum", "electrons^2", 1),
            Name::Sum => ("sum", "sr electrons^2", 1),
            Name::Photons => ("photons", "", 1),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
