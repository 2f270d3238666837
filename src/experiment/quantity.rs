//! The quantities of an experiment that have ranges, for errors and for whoever asked for them.

/// A quantity; shown, its name with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Quantity {
    /// The detector distance in m.
    #[error("the detector distance in m")]
    DetectorDistance,
    /// The close distance in m.
    #[error("the close distance in m")]
    CloseDistance,
    /// The panel's distance in m.
    #[error("the panel's distance in m")]
    PanelDistance,
    /// The pixel size in m.
    #[error("the pixel size in m")]
    PixelSize,
    /// A coordinate of the first pixel, its origin, in m.
    #[error("a coordinate of the first pixel, its origin, in m")]
    FirstPixel,
    /// The length of the fast axis.
    #[error("the length of the fast axis")]
    FastAxisLength,
    /// The length of the slow axis.
    #[error("the length of the slow axis")]
    SlowAxisLength,
    /// The length of the detector normal.
    #[error("the length of the detector normal")]
    NormalLength,
    /// The radius of the curved panel in m.
    #[error("the radius of the curved panel in m")]
    Curvature,
    /// The sensor's attenuation depth in m.
    #[error("the sensor's attenuation depth in m")]
    AttenuationDepth,
    /// The sensor's thickness in m.
    #[error("the sensor's thickness in m")]
    SensorThickness,
    /// The number of sensor layers.
    #[error("the number of sensor layers")]
    SensorLayers,
    /// The number of cells along an axis.
    #[error("the number of cells along an axis")]
    Cells,
    /// The longest cell edge, in wavelengths.
    #[error("the longest cell edge, in wavelengths,")]
    CellEdge,
    /// The fudge factor.
    #[error("the fudge factor")]
    Fudge,
    /// A structure factor.
    #[error("a structure factor")]
    StructureFactor,
    /// The default structure factor.
    #[error("the default structure factor")]
    DefaultStructureFactor,
    /// A channel's wavelength in m.
    #[error("a channel's wavelength in m")]
    ChannelWavelength,
    /// The number of mosaic domains.
    #[error("the number of mosaic domains")]
    MosaicDomains,
    /// The mosaic spread in radians.
    #[error("the mosaic spread in radians")]
    MosaicSpread,
    /// Phi in radians at the start.
    #[error("phi in radians at the start")]
    ScanStart,
    /// The step of phi in radians.
    #[error("the step of phi in radians")]
    ScanStep,
    /// Phi in radians at the end.
    #[error("phi in radians at the end")]
    ScanEnd,
    /// The number of phi steps.
    #[error("the number of phi steps")]
    ScanSteps,
    /// The Kahn factor.
    #[error("the Kahn factor")]
    KahnFactor,
    /// The wavelength in m.
    #[error("the wavelength in m")]
    Wavelength,
    /// The fluence in photons/m².
    #[error("the fluence in photons/m²")]
    Fluence,
    /// The divergence in radians, its range or its steps together.
    #[error("the divergence in radians, its range or its steps together,")]
    Divergence,
    /// The dispersion.
    #[error("the dispersion")]
    Dispersion,
    /// A source's weight.
    #[error("a source's weight")]
    SourceWeight,
    /// The resolution limit in m.
    #[error("the resolution limit in m")]
    ResolutionLimit,
    /// The number of sub-pixels per pixel edge.
    #[error("the number of sub-pixels per pixel edge")]
    Oversample,
    /// Sin θ/λ of a scattering profile in 1/m.
    #[error("sin θ/λ of a scattering profile in 1/m")]
    ProfileAbscissa,
    /// F of a scattering profile.
    #[error("F of a scattering profile")]
    ProfileF,
    /// A slab's thickness in m.
    #[error("a slab's thickness in m")]
    SlabThickness,
    /// A slab's density in kg/m³.
    #[error("a slab's density in kg/m³")]
    SlabDensity,
    /// A slab's molar mass in kg/mol.
    #[error("a slab's molar mass in kg/mol")]
    SlabMolarMass,
    /// The water's thickness in m.
    #[error("the water's thickness in m")]
    WaterThickness,
    /// The beam's size in m.
    #[error("the beam's size in m")]
    BeamSize,
}
