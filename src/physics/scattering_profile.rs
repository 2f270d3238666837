//! The form factor of an amorphous material's molecule between the entries of its table (PHYSICS
//! §10).

use super::amorphous::{ProfilePiece, cubic};
use crate::experiment::{ProfileEntry, ScatteringProfile};
use crate::units::METRES_PER_ANGSTROM;

/// The polynomial through the two entries on either side, or as many as there are: a cubic, a
/// parabola in the first and the last interval, a straight line beyond the ends. That is what
/// nonBragg.c and simtbx come to, whose end values are repeated at -1e98, -1e99 and 1e98, 1e99:
/// points so far away only lower the degree.
pub fn pieces(profile: &ScatteringProfile) -> Vec<ProfilePiece> {
    let points: Vec<(f64, f64)> = profile.entries().iter().map(point).collect();
    let count = points.len();
    // The piece behind `before` entries.
    let piece = |before: usize| {
        let start = before.checked_sub(1).map_or(0.0, |place| points[place].0);
        let stencil = &points[before.saturating_sub(2)..count.min(before + 2)];
        ProfilePiece {
            start,
            coefficients: polynomial(stencil, start),
        }
    };
    (0..=count).map(piece).collect()
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
    fn polynomials_of_the_degree_that_the_entries_on_either_side_allow_are_followed() {
        let stols = [0.1, 0.15, 0.3, 0.32, 0.5, 0.9];
        let of_degree = |degree: usize| {
            let f = move |s: f64| {
                [2.0, 3.0 * s, 5.0 * s * s, 4.0 * s * s * s][..=degree]
                    .iter()
                    .sum()
            };
            let points: Vec<(f64, f64)> = stols.iter().map(|&s| (s, f(s))).collect();
            (f, pieces(&profile(&points)))
        };
        for (degree, from, to) in [(3, 0.15, 0.5), (2, 0.1, 0.9), (1, 0.0, 7.0)] {
            let (f, pieces) = of_degree(degree);
            for step in 0..=20 {
                let s = from + (to - from) * f64::from(step) / 20.0;
                let found = molecular_form_factor(&pieces, s);
                assert!((found - f(s)).abs() < 1e-12, "{degree} {s}");
            }
        }
        // The parabola of the first three entries, and not the cubic of four.
        let (f, pieces) = of_degree(3);
        assert!((molecular_form_factor(&pieces, 0.12) - f(0.12)).abs() > 1e-5);
    }

    /// The interpolation of nonBragg.c and simtbx, whose tables are longer by two entries at either
    /// end.
    #[test]
    fn ends_are_those_of_tables_with_end_values_far_away() {
        let table = [
            (0.05, 2.6),
            (0.1, 2.9),
            (0.13, 5.4),
            (0.2, 4.1),
            (0.26, 3.2),
        ];
        let (first, last) = (table[0].1, table[4].1);
        let far = [(-1e99, first), (-1e98, first), (1e98, last), (1e99, last)];
        let padded = [&far[..2], &table[..], &far[2..]].concat();
        let lagrange = |s: f64| {
            let after = padded.partition_point(|point| point.0 <= s);
            let four = &padded[after - 2..after + 2];
            let term = |&(own, value): &(f64, f64)| {
                let others = four.iter().filter(|other| other.0 != own);
                value
                    * others
                        .map(|other| (s - other.0) / (own - other.0))
                        .product::<f64>()
            };
            four.iter().map(term).sum::<f64>()
        };
        let pieces = pieces(&profile(&table));
        for step in 0..80 {
            let s = f64::from(step) / 200.0;
            let found = molecular_form_factor(&pieces, s);
            assert!((found - lagrange(s)).abs() < 1e-12, "{s}: {found}");
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
