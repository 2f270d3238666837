//! Why a description is no experiment.

use super::Quantity;
use super::expansion::LARGEST_INDEX;
use crate::geometry::unit;

/// What is wrong with a description: the quantity, its value, and what is accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExperimentError {
    /// A number outside its range.
    #[error("{quantity} is {}; it must be {}", shown(*.value), quantity.expected())]
    OutOfRange {
        /// The quantity.
        quantity: Quantity,
        /// The value found.
        value: f64,
    },
    /// A square crystal with a part of a cell.
    #[error(
        "the number of cells along an axis is {0}; it must be a whole number for the square shape, \
         whose sin(πNδ)/sin(πδ) is else not the same around all reflections; the Gaussian, round and \
         top-hat shapes take any number"
    )]
    PartOfCell(f64),
    /// A group that the cell has not.
    #[error(
        "the Laue group {group} does not fit the cell {:.3} {:.3} {:.3} Å, {:.2} {:.2} {:.2}°, whose \
         edges and angles it would change; give a group that the cell has, or -1",
        lengths_angstrom[0], lengths_angstrom[1], lengths_angstrom[2],
        angles_deg[0], angles_deg[1], angles_deg[2]
    )]
    LaueGroup {
        /// The group.
        group: &'static str,
        /// Edges of the cell, Å.
        lengths_angstrom: [f64; 3],
        /// Angles of the cell, degrees.
        angles_deg: [f64; 3],
    },
    /// A direction that is zero or not finite.
    #[error("{quantity} is ({x}, {y}, {z}); it must be a vector of finite, non-zero length",
        x = .value[0], y = .value[1], z = .value[2])]
    NoDirection {
        /// The vector's name.
        quantity: &'static str,
        /// Components of the vector as given.
        value: [f64; 3],
    },
    /// Two directions that must span a plane are parallel.
    #[error("{0} and {1} are parallel; they must point in different directions")]
    Parallel(&'static str, &'static str),
    /// The detector's plane contains the sample, or the beam never meets it.
    #[error(
        "the detector's plane passes through the sample (its nearest point is {} mm away); \
         check the distance, the detector's rotations and two-theta",
        shown(*.close_mm)
    )]
    PlaneThroughSample {
        /// Signed distance from the sample to the plane, mm.
        close_mm: f64,
    },
    /// The detector's normal points back at the sample.
    #[error(
        "the detector's normal points at the sample (origin·normal = {} mm); it must point \
         away from it: reverse the normal or move the detector",
        shown(*.close_mm)
    )]
    FacesAway {
        /// Signed distance along the normal, mm.
        close_mm: f64,
    },
    /// A detector of no pixels, or of more than can be counted.
    #[error(
        "the detector has {fast} x {slow} pixels; it must have at least 1 x 1 and fewer than 2^32"
    )]
    PixelCount {
        /// Pixels along the fast axis.
        fast: usize,
        /// Pixels along the slow axis.
        slow: usize,
    },
    /// No panels.
    #[error("the detector has no panel; it must have at least one")]
    NoPanels,
    /// Something wrong with one of several panels, or with one that has a name.
    #[error("{panel}: {error}")]
    OnPanel {
        /// What the panel is called, with its number, from 0.
        panel: String,
        /// What is wrong.
        error: Box<ExperimentError>,
    },
    /// Panels that cannot be stacked into one image.
    #[error(
        "{} is {} pixels wide and {} {}; all must be of one width to form an image",
        panels[0], widths[0], panels[1], widths[1]
    )]
    PanelWidths {
        /// What the two are called.
        panels: [String; 2],
        /// Their pixels along the fast axis.
        widths: [usize; 2],
    },
    /// A detector that only scattering backwards would reach, by its first panel.
    #[error(
        "it lies behind the sample, as all panels do: all of it is upstream, its nearest corner {} \
         mm; some panel must reach downstream of the sample",
        shown(*.upstream_mm)
    )]
    BehindSample {
        /// How far upstream of the sample its corners are at least, mm.
        upstream_mm: f64,
    },
    /// A mask that does not fit its panel.
    #[error(
        "the mask is {} x {} pixels and the detector {} x {}; they must be the same",
        mask[0], mask[1], panel[0], panel[1]
    )]
    MaskShape {
        /// Fast and slow size of the mask.
        mask: [usize; 2],
        /// Fast and slow size of the panel.
        panel: [usize; 2],
    },
    /// A region of interest that does not lie on the detector.
    #[error(
        "the region of interest {}..{} (fast) x {}..{} (slow) does not lie on the detector, whose \
         pixels are 0..{} x 0..{}",
        fast[0], fast[1], slow[0], slow[1], panel[0].saturating_sub(1), panel[1].saturating_sub(1)
    )]
    Region {
        /// First and last fast coordinate.
        fast: [usize; 2],
        /// First and last slow coordinate.
        slow: [usize; 2],
        /// Fast and slow size of the panel.
        panel: [usize; 2],
    },
    /// More steps than can be counted.
    #[error("{quantity} would take {count:e} steps; give a larger step or a count below 2^31")]
    TooManySteps {
        /// What is divided into steps.
        quantity: &'static str,
        /// Steps needed.
        count: f64,
    },
    /// The number of sub-pixels chosen automatically is out of reach.
    #[error(
        "a crystal of {crystal_um:.3} µm needs {count:e} sub-pixels per pixel edge to resolve its \
         spots; give the number yourself, at most 65535"
    )]
    AutomaticOversample {
        /// Longest crystal edge, µm.
        crystal_um: f64,
        /// Sub-pixels per pixel edge.
        count: f64,
    },
    /// The sources' weights cannot be normalised.
    #[error(
        "the sources' weights add up to {}; they must be zero or more, with a positive, finite sum",
        shown(*.0)
    )]
    TotalWeight(f64),
    /// A source whose wavelength is out of reach.
    #[error(
        "source {number} has a wavelength of {} m; it must be {} m",
        shown(*.wavelength_m), Quantity::Wavelength.expected()
    )]
    SourceWavelength {
        /// Place in the list, from 1.
        number: usize,
        /// Wavelength of the source, m.
        wavelength_m: f64,
    },
    /// Something that has no closed form.
    #[error("{0} have no closed form; sum samples instead")]
    NoClosedForm(&'static str),
    /// A spread that is integrated in closed form and never sampled.
    #[error(
        "{0} is integrated in closed form only, and here samples are summed; expected 0, or spots \
         in closed form"
    )]
    NotSampled(Quantity),
    /// A mosaic domain's matrix that does not rotate.
    #[error(
        "the matrix of mosaic domain {number} is no rotation; its rows must be of length 1, at \
         right angles and right-handed, to 1e-5"
    )]
    NoRotation {
        /// Place in the list, from 1.
        number: usize,
    },
    /// An ellipsoid of misorientations that is flat.
    #[error(
        "the sigmas of an ellipsoid are {}, {} and {} radians; all three must be above zero, as a \
         flat ellipsoid turns no domain",
        shown(.0[0]), shown(.0[1]), shown(.0[2])
    )]
    FlatEllipsoid([f64; 3]),
    /// Cells that are coupled, of a crystal that has no matrix of cells.
    #[error(
        "the numbers {}, {} and {} couple the axes of Gaussian spots in the metric hkl, and this \
         crystal has other spots or another metric; choose these, or leave the numbers out",
        shown(.0[0]), shown(.0[1]), shown(.0[2])
    )]
    CoupledCells([f64; 3]),
    /// A matrix of cells that no crystal has.
    #[error(
        "the matrix of cells {} is not positive definite: the determinants of its upper left \
         corners are {}, {} and {}, and must be above zero; take smaller numbers off its diagonal",
        rows(.matrix), shown(.minors[0]), shown(.minors[1]), shown(.minors[2])
    )]
    CellsNotPositive {
        /// The matrix, row by row.
        matrix: [[f64; 3]; 3],
        /// Its leading principal minors.
        minors: [f64; 3],
    },
    /// A scattering profile with nothing in it.
    #[error("the scattering profile has no entries; it must have at least one")]
    NoProfile,
    /// A scattering profile whose angles do not rise.
    #[error(
        "entry {number} of the scattering profile does not lie beyond the one before; sin θ/λ must \
         rise by 1e-6 1/Å or more from entry to entry"
    )]
    ProfileOrder {
        /// The entry, from 1.
        number: usize,
    },
    /// Structure factors by energy, but for no energy.
    #[error("the structure factors have no energy channel; they must have at least one")]
    NoChannels,
    /// A source along the polarisation vector.
    #[error("source {0} travels along the polarisation vector, where no electric field can point")]
    SourceAlongPolarisation(usize),
    /// Two entries of a list of reflections contradict each other.
    #[error("reflection {h} {k} {l} is listed twice, with F = {first} and F = {second}; merge the list first",
        h = .index[0], k = .index[1], l = .index[2])]
    ContradictoryReflection {
        /// The Miller index.
        index: [i32; 3],
        /// F where it stood first.
        first: f64,
        /// F where it stood again.
        second: f64,
    },
    /// Reflections that symmetry makes equivalent contradict each other.
    #[error("{h} {k} {l} and reflections that are equivalent to it by symmetry are listed with F = {} and F = {}; merge the list first",
        *.first as f32, *.second as f32, h = .index[0], k = .index[1], l = .index[2])]
    ContradictoryEquivalents {
        /// The Miller index that stands for them.
        index: [i32; 3],
        /// F of one of them.
        first: f64,
        /// F of another.
        second: f64,
    },
    /// A Miller index beyond those of any crystal.
    #[error("reflection {} {} {} is out of reach; indices must be from -{LARGEST_INDEX} to {LARGEST_INDEX}", .0[0], .0[1], .0[2])]
    IndexTooLarge([i32; 3]),
    /// The expansion of a list to P1 does not fit in memory.
    #[error("the reflections take {needed} in P1, for which this machine has {available}")]
    ExpansionTooLarge {
        /// Memory the expansion needs.
        needed: crate::memory::Bytes,
        /// Memory there is.
        available: crate::memory::Bytes,
    },
    /// A list of reflections with nothing in it.
    #[error("the list holds no reflection")]
    NoReflections,
    /// The box of a list of reflections does not fit in memory.
    #[error(
        "the reflections span h {}..{}, k {}..{}, l {}..{}: a grid of {needed} for which this \
         machine has {available}",
        min[0], max[0], min[1], max[1], min[2], max[2]
    )]
    GridTooLarge {
        /// Smallest h, k and l.
        min: [i32; 3],
        /// Largest h, k and l.
        max: [i32; 3],
        /// Memory the grid needs.
        needed: crate::memory::Bytes,
        /// Memory there is.
        available: crate::memory::Bytes,
    },
}

impl ExperimentError {
    /// `error`, which is wrong with `panel`.
    pub(super) fn on_panel(panel: String, error: ExperimentError) -> ExperimentError {
        let error = Box::new(error);
        ExperimentError::OnPanel { panel, error }
    }
}

/// `value` with an exponent where its digits would fill the line.
fn shown(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").unwrap_or(&text).to_string()
}

/// The rows of `matrix`, apart by strokes.
fn rows(matrix: &[[f64; 3]; 3]) -> String {
    let rows = matrix.map(|row| row.map(shown).join(" "));
    rows.join(" / ")
}

/// `vector` scaled to length one.
pub(super) fn direction(
    quantity: &'static str,
    vector: glam::DVec3,
) -> Result<glam::DVec3, ExperimentError> {
    unit(vector).ok_or(ExperimentError::NoDirection {
        quantity,
        value: vector.to_array(),
    })
}
