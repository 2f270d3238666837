//! Two traces of the same term, held against each other.
//!
//! Differences are measured as `scale.rs` says. What follows from the Miller index (the nearest
//! reflection, the factors, the term) may change much over a rounding error of the index: at the
//! flank of a spot, near a zero of the lattice factor, halfway between reflections. Therefore it is
//! compared at the index of the other trace, if that agrees: the CPU path tells how much our value
//! would be another there, and how much it changes within the reach of the index's own rounding, a
//! thousandth of the tolerance; neither counts as a divergence. For the sums, the changes within that
//! reach, and twice what the traced indices are apart, are added over all terms.

use std::fmt;

use glam::DVec3;

use super::scale::{Scales, comparable, comparable_in, norm};
use crate::cpu;
use crate::scene::{Scene, TermPlace};
use crate::trace::{Name, Trace};

/// Differences up to this raise no alarm. The GPU path's are below it in every reference image, and
/// a fault of a thousandth is fifty times as large.
pub const DEFAULT_TOLERANCE: f64 = 2e-5;

/// The Miller index is trusted to this part of the tolerance: with the default, to the rounding of a
/// fraction in float32.
const INDEX_REACH: f64 = 1e-3;

/// Two traces side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceComparison {
    /// What the two columns are.
    pub columns: [String; 2],
    /// Differences above this are divergences.
    pub tolerance: f64,
    pub(super) rows: Vec<Row>,
}

/// A quantity of either trace.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub name: Name,
    pub unit: &'static str,
    pub ours: Option<Vec<f64>>,
    pub theirs: Option<Vec<f64>>,
    /// `None` where one side is missing.
    pub difference: Option<f64>,
    pub verdict: Verdict,
}

/// What a difference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is within the tolerance, or one side is missing.
    Agrees,
    /// It follows from a difference of the Miller indices that is within the tolerance.
    Follows,
    /// It is a difference of its own.
    Diverges,
}

impl Row {
    /// Whether it is a divergence.
    pub fn diverges(&self) -> bool {
        self.verdict == Verdict::Diverges
    }
}

/// The first quantity that differs by more than the tolerance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Divergence {
    /// Which one.
    pub name: Name,
    /// By how much, in what it is measured against.
    pub difference: f64,
    /// What would have been let pass.
    pub tolerance: f64,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Divergence {
            name,
            difference,
            tolerance,
        } = self;
        write!(
            f,
            "{name}, off by {difference:.2e} where {tolerance:e} is let pass"
        )
    }
}

impl TraceComparison {
    /// The first quantity, in the order of computation, that diverges.
    pub fn first_divergence(&self) -> Option<Divergence> {
        let row = self.rows.iter().find(|row| row.diverges())?;
        Some(Divergence {
            name: row.name,
            difference: row.difference?,
            tolerance: self.tolerance,
        })
    }

    /// Number of quantities that both traces have.
    pub fn compared(&self) -> usize {
        let both = self.rows.iter().filter(|row| row.difference.is_some());
        both.count()
    }
}

/// Holds `theirs` against `ours`, both traces of the term at `place` of `scene`.
pub fn compare_traces(
    scene: &Scene,
    place: &TermPlace,
    (our_column, ours): (String, &Trace),
    (their_column, theirs): (String, &Trace),
    tolerance: f64,
) -> TraceComparison {
    let scales = Scales::new(scene, place);
    let mut shift = None;
    let mut rows: Vec<Row> = Vec::new();
    for name in Name::ALL {
        let (our, their) = (ours.quantity(name), theirs.quantity(name));
        let Some(unit) = our.or(their).map(|quantity| quantity.unit) else {
            continue;
        };
        let mut row = Row {
            name,
            unit,
            ours: our.map(|quantity| quantity.values.clone()),
            theirs: their.map(|quantity| quantity.values.clone()),
            difference: None,
            verdict: Verdict::Agrees,
        };
        if let (Some(our), Some(their)) = (&row.ours, &row.theirs) {
            if name > Name::Hkl && shift.is_none() {
                let agreed = rows
                    .iter()
                    .any(|row| row.name == Name::Hkl && !row.diverges());
                let theirs = theirs.get(Name::Hkl).filter(|_| agreed);
                shift = ours.get(Name::Hkl).map(|hkl| {
                    let indices = [hkl, theirs.unwrap_or(hkl)].map(vector);
                    Shift::new(scene, place, indices, INDEX_REACH * tolerance)
                });
            }
            let our = comparable(name, our);
            let (expected, blur) = match &shift {
                Some(shift) => shift.applied(name, our.clone()),
                None => (our.clone(), vec![0.0; our.len()]),
            };
            let their = comparable(name, their);
            let scale = scales.of(name, &our);
            let exact = vec![0.0; our.len()];
            let difference = relative(excess(&their, &our, &exact), scale);
            let unexplained = relative(excess(&their, &expected, &blur), scale);
            row.difference = Some(difference);
            row.verdict = if unexplained > tolerance {
                Verdict::Diverges
            } else if difference > tolerance {
                Verdict::Follows
            } else {
                Verdict::Agrees
            };
        }
        rows.push(row);
    }
    TraceComparison {
        columns: [our_column, their_column],
        tolerance,
        rows,
    }
}

/// The length of what differs by more than the blur; NaN if that cannot be told.
fn excess(theirs: &[f64], expected: &[f64], blur: &[f64]) -> f64 {
    let beyond = |((theirs, expected), blur): ((&f64, &f64), &f64)| {
        let difference = (theirs - expected).abs();
        // Not max(), which would make 0 of a NaN. Infinities that are equal have no difference.
        if difference <= *blur || theirs == expected {
            0.0
        } else {
            difference - blur
        }
    };
    let beyond: Vec<f64> = theirs.iter().zip(expected).zip(blur).map(beyond).collect();
    norm(&beyond)
}

/// A difference over what it is measured against: nothing over nothing is no difference, and one that
/// cannot be told is as large as can be.
fn relative(difference: f64, scale: f64) -> f64 {
    match difference / scale {
        _ if difference == 0.0 => 0.0,
        unknown if unknown.is_nan() => f64::INFINITY,
        known => known,
    }
}

fn vector(values: &[f64]) -> DVec3 {
    DVec3::new(values[0], values[1], values[2])
}

/// What another Miller index changes.
struct Shift {
    /// From the index, at ours, at theirs, and a little to either side of theirs along each axis.
    ours: Trace,
    theirs: Trace,
    around: [[Trace; 2]; 3],
    /// Of the sums, relative.
    sums: f64,
}

impl Shift {
    /// From our index to theirs, which is right to `reach`.
    fn new(scene: &Scene, place: &TermPlace, [ours, theirs]: [DVec3; 2], reach: f64) -> Shift {
        // The indices of the other terms differ about as much as this one's.
        let apart = 2.0 * (theirs - ours).abs().max_element();
        Shift {
            ours: cpu::trace_at(scene, place, ours),
            theirs: cpu::trace_at(scene, place, theirs),
            around: [DVec3::X, DVec3::Y, DVec3::Z].map(|axis| {
                [-reach, reach].map(|step| cpu::trace_at(scene, place, theirs + step * axis))
            }),
            sums: cpu::index_sensitivity(scene, place, reach + apart),
        }
    }

    /// What `ours` would be at their index, and by how much it may be off.
    fn applied(&self, name: Name, ours: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
        if matches!(name, Name::IntensitySum | Name::Sum | Name::Photons) {
            let blur = ours.iter().map(|value| self.sums * value.abs()).collect();
            return (ours, blur);
        }
        let here = comparable_in(&self.ours, name);
        let there = comparable_in(&self.theirs, name);
        let (Some(here), Some(there)) = (here, there) else {
            let exact = vec![0.0; ours.len()];
            return (ours, exact);
        };
        let mut blur = vec![0.0; there.len()];
        for either in &self.around {
            let changes = either.each_ref().map(|trace| comparable_in(trace, name));
            for (component, blur) in blur.iter_mut().enumerate() {
                let change = |values: &Option<Vec<f64>>| {
                    let values = values.as_ref().map_or(&there, |values| values);
                    (values[component] - there[component]).abs()
                };
                *blur += changes.iter().map(change).fold(0.0, f64::max);
            }
        }
        let moved = ours
            .iter()
            .zip(&here)
            .zip(&there)
            .map(|((ours, here), there)| ours + (there - here));
        (moved.collect(), blur)
    }
}
