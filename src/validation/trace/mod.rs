//! Two traces of the same term, compared.
//!
//! Differences are measured as `scale.rs` says. What follows from the Miller index (the nearest
//! reflection, the factors, the term) may change much over a rounding error of the index: at the
//! flank of a spot, near a zero of the lattice factor, halfway between reflections. Therefore it is
//! compared at the index of the other trace, if that agrees: the CPU path tells how much our value
//! would be another there, and how much it changes within the reach of the index's own rounding, a
//! thousandth of the tolerance; neither counts as a divergence. For the sums, the changes within
//! that reach, and as far as the traced indices are apart, are added over all terms.

mod scale;

use std::fmt;

use glam::DVec3;

use crate::cpu;
use crate::scene::{Scene, TermPlace};
use crate::trace::{Name, Trace};
use scale::{Scales, comparable, comparable_in, norm};

/// Differences up to this raise no alarm. The GPU path's are below it in every reference image, and
/// a fault of a thousandth is fifty times as large.
pub const DEFAULT_TOLERANCE: f64 = 2e-5;

/// The Miller index is trusted to this part of the tolerance: with the default, to the rounding of
/// a fraction in float32.
const INDEX_REACH: f64 = 1e-3;

/// Two traces side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceComparison {
    /// Names of the two columns.
    pub columns: [String; 2],
    /// Differences above this are divergences.
    pub tolerance: f64,
    /// The quantities that either trace has, in the order of computation.
    pub rows: Vec<ComparedQuantity>,
}

/// One quantity of two traces.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedQuantity {
    /// Name of the quantity.
    pub name: Name,
    /// Unit of the quantity; empty for a bare number.
    pub unit: &'static str,
    /// Values in our trace, if they are there.
    pub ours: Option<Vec<f64>>,
    /// Values in the other trace, if they are there.
    pub theirs: Option<Vec<f64>>,
    /// The difference, relative to the scale of the quantity; none where one side is missing.
    pub difference: Option<f64>,
    /// How the difference is judged.
    pub verdict: Judgement,
}

/// How a difference is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The difference is within the tolerance, or one side is missing.
    Agrees,
    /// The difference follows from one of the Miller indices that is within the tolerance.
    Follows,
    /// The difference is beyond the tolerance and follows from no other.
    Diverges,
}

impl ComparedQuantity {
    /// The row of `name`, not judged yet; none where neither side has it.
    fn new(name: Name, ours: &Trace, theirs: &Trace) -> Option<ComparedQuantity> {
        let (ours, theirs) = (ours.quantity(name), theirs.quantity(name));
        Some(ComparedQuantity {
            name,
            unit: ours.or(theirs)?.unit,
            ours: ours.map(|quantity| quantity.values.clone()),
            theirs: theirs.map(|quantity| quantity.values.clone()),
            difference: None,
            verdict: Judgement::Agrees,
        })
    }

    /// The row with its difference, where both sides have a value, and what that means.
    fn judged(self, scales: &Scales, shift: Option<&Shift>, tolerance: f64) -> ComparedQuantity {
        let name = self.name;
        let sides = [&self.ours, &self.theirs].map(|side| {
            let values = side.as_ref();
            values.map(|values| comparable(name, values))
        });
        let [Some(ours), Some(theirs)] = sides else {
            return self;
        };
        let scale = scales.of(name, &ours);
        let exact = vec![0.0; ours.len()];
        let difference = relative(excess(&theirs, &ours, &exact), scale);
        let (expected, blur) = match shift {
            Some(shift) => shift.applied(name, ours),
            None => (ours, exact),
        };
        let unexplained = relative(excess(&theirs, &expected, &blur), scale);
        let verdict = if unexplained > tolerance {
            Judgement::Diverges
        } else if difference > tolerance {
            Judgement::Follows
        } else {
            Judgement::Agrees
        };
        ComparedQuantity {
            difference: Some(difference),
            verdict,
            ..self
        }
    }

    /// Whether the difference is a divergence.
    pub fn diverges(&self) -> bool {
        self.verdict == Judgement::Diverges
    }
}

/// The first quantity that differs by more than the tolerance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Disagreement {
    /// The quantity.
    pub name: Name,
    /// The difference, relative to the scale of the quantity.
    pub difference: f64,
    /// The largest difference that is let pass.
    pub tolerance: f64,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Disagreement {
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
    pub fn first_disagreement(&self) -> Option<Disagreement> {
        let row = self.rows.iter().find(|row| row.diverges())?;
        Some(Disagreement {
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

/// Compares `theirs` with `ours`, both traces of the term at `place` of `scene`.
pub fn compare_traces(
    scene: &Scene,
    place: &TermPlace,
    (our_column, ours): (String, &Trace),
    (their_column, theirs): (String, &Trace),
    tolerance: f64,
) -> TraceComparison {
    let scales = Scales::new(scene, place);
    let judged = |names: &[Name], shift: Option<&Shift>| -> Vec<ComparedQuantity> {
        let rows = names
            .iter()
            .filter_map(|&name| ComparedQuantity::new(name, ours, theirs));
        rows.map(|row| row.judged(&scales, shift, tolerance))
            .collect()
    };
    let (to_the_index, behind) = Name::ALL.split_at(Name::Hkl as usize + 1);
    let mut rows = judged(to_the_index, None);
    let agreed = rows
        .iter()
        .all(|row| row.name != Name::Hkl || !row.diverges());
    let shift = ours.get(Name::Hkl).map(|hkl| {
        let theirs = theirs.get(Name::Hkl).filter(|_| agreed).unwrap_or(hkl);
        let reach = INDEX_REACH * tolerance;
        Shift::new(scene, place, [vector(hkl), vector(theirs)], reach)
    });
    rows.extend(judged(behind, shift.as_ref()));
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

/// A difference over what it is measured against: nothing over nothing is no difference, and one
/// that cannot be told is as large as can be.
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

/// How quantities change between two Miller indices that are nearly equal.
struct Shift {
    /// Our trace from the Miller index on: at our index, at theirs, and a little to either side of
    /// theirs along each axis.
    ours: Trace,
    theirs: Trace,
    around: [[Trace; 2]; 3],
    /// Relative change of the sums.
    sums: f64,
}

impl Shift {
    /// The change from our index to theirs, which is right to `reach`.
    fn new(scene: &Scene, place: &TermPlace, [ours, theirs]: [DVec3; 2], reach: f64) -> Shift {
        // The indices of the other terms differ about as much as this one's.
        let apart = (theirs - ours).abs().max_element();
        Shift {
            ours: cpu::trace_at(scene, place, ours),
            theirs: cpu::trace_at(scene, place, theirs),
            around: [DVec3::X, DVec3::Y, DVec3::Z].map(|axis| {
                [-reach, reach].map(|step| cpu::trace_at(scene, place, theirs + step * axis))
            }),
            sums: cpu::index_sensitivity(scene, place, reach + apart),
        }
    }

    /// The values `ours` at their index, and by how much each may be off.
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
