//! The names of the quantities: unique, and stable, as logs are kept under them.

use std::fmt;

/// Declares the quantities, each with its printed name, its unit and its number of components.
macro_rules! quantities {
    ($($(#[$doc:meta])* $name:ident($printed:literal, $unit:literal, $components:literal),)*) => {
        /// A quantity of a trace. The order is that of the computation: of two traces the first
        /// quantity that differs is nearest to the cause.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Name {
            $($(#[$doc])* $name,)*
        }

        impl Name {
            /// Every name, in the order of the computation.
            pub const ALL: [Name; [$(Name::$name),*].len()] = [$(Name::$name),*];

            fn entry(self) -> (&'static str, &'static str, usize) {
                match self {
                    $(Name::$name => ($printed, $unit, $components),)*
                }
            }
        }
    };
}

quantities! {
    /// Direction of the panel's fast axis.
    Fast("fast", "", 3),
    /// Direction of the panel's slow axis.
    Slow("slow", "", 3),
    /// The panel's normal.
    Normal("normal", "", 3),
    /// The outer corner of the panel's first pixel, pix0, m.
    Origin("origin", "m", 3),
    /// Position of the sub-pixel, m.
    Position("position", "m", 3),
    /// Distance of the sub-pixel from the sample, R, m.
    Distance("distance", "m", 1),
    /// The solid angle that the term is multiplied by, Ω, sr.
    SolidAngle("solid_angle", "sr", 1),
    /// Direction from the sample to the sub-pixel, d.
    Diffracted("diffracted", "", 3),
    /// Direction in which the source's photons travel, i.
    Incident("incident", "", 3),
    /// The source's wavelength, m.
    Wavelength("wavelength", "m", 1),
    /// Scattering vector q = (d − i)/λ, 1/m.
    ScatteringVector("scattering_vector", "1/m", 3),
    /// sin θ/λ = |q|/2, 1/m.
    Stol("stol", "1/m", 1),
    /// exp(−2·B·stol²), that the term is multiplied by where there is a B factor.
    DebyeWaller("debye_waller", "", 1),
    /// The polarisation factor that the term is multiplied by, P.
    Polarisation("polarisation", "", 1),
    /// The crystal's a after all rotations, Å.
    CellA("cell_a", "Å", 3),
    /// The crystal's b after all rotations, Å.
    CellB("cell_b", "Å", 3),
    /// The crystal's c after all rotations, Å.
    CellC("cell_c", "Å", 3),
    /// The dual of the rotated cell, a*, 1/Å.
    AStar("a_star", "1/Å", 3),
    /// The dual of the rotated cell, b*, 1/Å.
    BStar("b_star", "1/Å", 3),
    /// The dual of the rotated cell, c*, 1/Å.
    CStar("c_star", "1/Å", 3),
    /// Fractional Miller index h, k, l.
    Hkl("hkl", "", 3),
    /// The nearest reflection.
    Nearest("nearest", "", 3),
    /// The lattice factor along a, of a square crystal.
    FLattA("f_latt_a", "", 1),
    /// The lattice factor along b, of a square crystal.
    FLattB("f_latt_b", "", 1),
    /// The lattice factor along c, of a square crystal.
    FLattC("f_latt_c", "", 1),
    /// √(fudge·Σ(N δ)²), of a round crystal.
    RoundOffset("round_offset", "", 1),
    /// fudge·g, of Gaussian and top-hat spots, 1/Å².
    SpotDistance("spread", "1/Å^2", 1),
    /// The covariance C of a spot in closed form: of h, k and l with themselves, of h with k, h with l
    /// and k with l.
    SpotCovariance("spot_covariance", "", 6),
    /// The height of a spot in closed form over that of one that nothing smears, √(det C₀/det C).
    SpotHeight("spot_height", "", 1),
    /// How fast the exponent of a spot in closed form rises with the square of φ, κ, 1/rad².
    SpotSweep("spot_sweep", "1/rad^2", 1),
    /// The angle before a segment's middle at which a spot in closed form is nearest, t₀, rad.
    SpotCrossing("spot_crossing", "rad", 1),
    /// The least exponent of a spot in closed form, E.
    SpotExponent("spot_exponent", "", 1),
    /// The lattice factor; in closed form the root of the average of its square.
    FLatt("f_latt", "", 1),
    /// The structure factor, electrons.
    FCell("f_cell", "electrons", 1),
    /// β, the integral of F_latt² over a reciprocal cell, in units of indices.
    Beta("beta", "", 1),
    /// x of the nearest reflection, the mean over the Laue group: what its halo holds, over what its spot
    /// does.
    Displacement("halo_x", "", 1),
    /// The halos of reflections, (β/V)·ΣF²·halo, electrons².
    Halo("halo", "electrons^2", 1),
    /// F_cell²·F_latt², and the halos, electrons²; 0 beyond the resolution limit.
    Term("term", "electrons^2", 1),
    /// Fraction of the photons that the sensor's layer stops, A.
    Absorbed("absorbed", "", 1),
    /// Weight of the source over the mean weight, w.
    Weight("weight", "", 1),
    /// Photons per m² of beam.
    Fluence("fluence", "1/m^2", 1),
    /// Square of the classical electron radius, m².
    ElectronRadiusSquared("electron_radius_squared", "m^2", 1),
    /// Sources times orientations times sub-pixels.
    Steps("steps", "", 1),
    /// r_e²·fluence/steps, the factor in front of the sum.
    Scale("scale", "1/sr/electrons^2", 1),
    /// I_bg, the flat background of the water.
    Background("background", "electrons^2", 1),
    /// Scattering of the amorphous slabs in the sum: Σ w·Ω·P·A·molecules·sign(F)F² over layers,
    /// sub-pixels and sources, times the orientations.
    AmorphousSum("amorphous_sum", "sr electrons^2", 1),
    /// ΣF_cell²·F_latt² of the pixel, over layers, sub-pixels, sources and orientations, without
    /// weights, electrons².
    IntensitySum("intensity_sum", "electrons^2", 1),
    /// The whole sum of the pixel: weights, Ω, P, A and background in it.
    Sum("sum", "sr electrons^2", 1),
    /// Photons in the pixel.
    Photons("photons", "", 1),
}

impl Name {
    /// The name as it is printed.
    pub fn as_str(self) -> &'static str {
        self.entry().0
    }

    /// Unit of the quantity; empty for a bare number. The solid angle of point pixels is in 1/m²
    /// instead.
    pub fn unit(self) -> &'static str {
        self.entry().1
    }

    /// Number of components: 3 for a vector.
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
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
