//! The form factor of an amorphous material's molecule between the entries of its table (PHYSICS
//! §10).

use super::amorphous::{ProfilePiece, cubic};
use crate::experiment::{ProfileEntry, ScatteringProfile};
use crate::units::METRES_PER_ANGSTROM;

/// A cubic through the two entries on either side between any two, and the end values beyond the
/// ends. Where there are no two on a side, the other side's stand in.
pub fn pieces(profile: &ScatteringProfile) -> Vec<ProfilePiece> {
    let points: Vec<(f64, f64)> = profile.entries().iter().map(point).collect();
    let constant = |(start, value): (f64, f64)| ProfilePiece {
        start,
        coefficients: [value, 0.0, 0.0, 0.0],
    };
    let (first, last) = (points[0], points[points.len() - 1]);
    let mut pieces = vec![constant((0.0, first.1))];
    for place in 0..points.len() - 1 {
        let from = place.saturating_sub(1).min(points.len().saturating_sub(4));
        let stencil = &points[from..points.len().min(from + 4)];
        pieces.push(ProfilePiece {
            start: points[place].0,
            coefficients: polynomial(stencil, points[place].0),
        });
    }
    pieces.push(constant(last));
    pieces
}

/// Where the cubics of `profile` leave what the entries that they go through span by more than that
/// again: sin θ/λ in 1/Å, and F. Entries are too unevenly spaced for a cubic there.
pub fn overshoot(profile: &ScatteringProfile) -> Option<(f64, f64)> {
    /// Places looked at between two entries.
    const STEPS: u32 = 16;
    let points: Vec<(f64, f64)> = profile.entries().iter().map(point).collect();
    let pieces = pieces(profile);
    let cubics = pieces.windows(2).skip(1).enumerate();
    let beyond = cubics.flat_map(|(place, pair)| {
        let stencil = &points[place.saturating_sub(1)..points.len().min(place + 3)];
        let values = stencil.iter().map(|point| point.1);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        let (start, width) = (pair[0].start, pair[1].start - pair[0].start);
        (1..STEPS).filter_map(move |step| {
            let t = width * f64::from(step) / f64::from(STEPS);
            let f = cubic(pair[0].coefficients, t);
            let over = (f - high).max(low - f);
            (over > high - low).then_some((over, (start + t, f)))
        })
    });
    let worst = beyond.max_by(|one, other| one.0.total_cmp(&other.0));
    worst.map(|(_, place)| place)
}

/// sin θ/λ in 1/Å, and F.
fn point(entry: &ProfileEntry) -> (f64, f64) {
    (entry.stol_per_m * METRES_PER_ANGSTROM, entry.amplitude)
}

/// The coefficients, in powers of the distance from `origin`, of the polynomial through up to four
/// points: Newton's divided differences, multiplied out.
fn polynomial(points: &[(f64, f64)], origin: f64) -> [f64; 4] {
    let mut differences: Vec<f64> = points.iter().map(|point| point.1).collect();
    for order in 1..points.len() {
        for place in (order..points.len()).rev() {
            let width = points[place].0 - points[place - order].0;
            differences[place] = (differences[place] - differences[place - 1]) / width;
        }
    }
    // Horner's scheme over the factors (s - s_place), s from the origin.
    let mut coefficients = [0.0; 4];
    for place in (0..points.len()).rev() {
        let root = points[place].0 - origin;
        for power in (0..4).rev() {
            let lower = if power > 0 {
                coefficients[power - 1]
            } else {
                0.0
            };
            coefficients[power] = lower - root * coefficients[power];
        }
        coefficients[0] += differences[place];
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::amorphous::molecular_form_factor;

    fn profile(points: &[(f64, f64)]) -> ScatteringProfile {
        let entry = |&(stol, amplitude): &(f64, f64)| ProfileEntry {
            stol_per_m: stol * 1e10,
            amplitude,
        };
        ScatteringProfile::new(points.iter().map(entry).collect()).unwrap()
    }

    #[test]
    fn a_cubic_is_followed_exactly_and_ends_continue() {
        let cubic = |s: f64| 2.0 - 3.0 * s + 5.0 * s * s - 4.0 * s * s * s;
        let stols = [0.1, 0.15, 0.3, 0.32, 0.5, 0.9];
        let points: Vec<(f64, f64)> = stols.iter().map(|&s| (s, cubic(s))).collect();
        let pieces = pieces(&profile(&points));
        for s in [0.1, 0.12, 0.15, 0.2, 0.31, 0.4, 0.89] {
            assert!(
                (molecular_form_factor(&pieces, s) - cubic(s)).abs() < 1e-13,
                "{s}"
            );
        }
        for (outside, end) in [(0.0, 0.1), (0.05, 0.1), (0.9, 0.9), (7.0, 0.9)] {
            assert_eq!(molecular_form_factor(&pieces, outside), cubic(end));
        }
    }

    #[test]
    fn cubics_that_overshoot_are_found() {
        let uneven = [
            (0.0, 2.0),
            (0.05, 2.2),
            (0.1, 2.5),
            (0.1001, 2.6),
            (0.15, 3.0),
            (0.2, 3.2),
        ];
        let (stol, f) = overshoot(&profile(&uneven)).unwrap();
        assert!((0.0..0.2).contains(&stol) && f.abs() > 7.0, "{stol} {f}");
        let even: Vec<(f64, f64)> = (0..20)
            .map(|step| (0.02 * f64::from(step), f64::from(step % 7)))
            .collect();
        assert_eq!(overshoot(&profile(&even)), None);
    }

    #[test]
    fn tables_shorter_than_a_cubic_s_points_use_what_there_is() {
        let value = |points: &[(f64, f64)], s| molecular_form_factor(&pieces(&profile(points)), s);
        assert_eq!(value(&[(0.2, 7.0)], 0.1), 7.0);
        assert!((value(&[(0.0, 1.0), (1.0, 3.0)], 0.25) - 1.5).abs() < 1e-15);
        let parabola = [(0.0, 0.0), (1.0, 1.0), (2.0, 4.0)];
        assert!((value(&parabola, 1.5) - 2.25).abs() < 1e-14);
    }
}
