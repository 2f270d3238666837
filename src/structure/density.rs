//! The electron density of atoms on a grid.
//!
//! An atom is a sum of Gaussians, q a (4π/b)^(3/2) exp(−4π² r²/b), b that of the scattering factor
//! plus B plus a blur; of an anisotropic B, b is a matrix: q a (4π)^(3/2) det b^(−1/2)
//! exp(−4π² rᵀb⁻¹r). The blur makes the narrowest atom wide enough for the grid; it is taken
//! away again from F, which it made smaller by exp(−blur s²/4).

use std::f64::consts::PI;

use glam::{DMat3, DVec3};

use super::Atom;
use super::grid::{Grid, Row, Sphere, wrapped};

/// What F of the copies that a grid makes of reciprocal space may be of F, at the finest spacing.
const ALIAS: f64 = 1e-4;

/// Points of the grid per `d_min`: at 2 the first copy touches the sphere of reflections.
pub(super) const POINTS_PER_SPACING: f64 = 3.0;

/// Electrons of an atom, as a part, at which a Gaussian's tail is cut off.
const TAIL: f64 = 1e-6;

/// The blur that atoms need, m². A copy of the reflection at s is at (2σ − 1) s or beyond, σ the
/// points per half spacing: exp(−b s²((2σ − 1)² − 1)/4) is to be `ALIAS`.
pub(super) fn blur_m2(atoms: &[Atom], d_min_m: f64) -> f64 {
    let sigma = POINTS_PER_SPACING / 2.0;
    let needed = ALIAS.recip().ln() * d_min_m * d_min_m / (sigma * (sigma - 1.0));
    let narrowest = atoms
        .iter()
        .map(|atom| atom.extreme_b_m2()[0])
        .fold(f64::INFINITY, f64::min);
    (needed - narrowest).max(0.0)
}

/// A Gaussian of an atom.
#[derive(Debug, Clone, Copy)]
struct Gaussian {
    /// Density at the centre, electrons/m³.
    peak: f64,
    /// 4π²/b, 1/m².
    decay: Decay,
}

/// How a Gaussian falls with the distance, 1/m².
#[derive(Debug, Clone, Copy)]
enum Decay {
    Isotropic(f64),
    Anisotropic(DMat3),
}

/// The density of `atoms`, each as it is listed, in electrons/m³.
pub(super) fn density(grid: &Grid, atoms: &[Atom], blur_m2: f64) -> Vec<f64> {
    let shapes: Vec<[Gaussian; 5]> = atoms.iter().map(|atom| shape(atom, blur_m2)).collect();
    let spheres: Vec<Sphere> = atoms
        .iter()
        .map(|atom| Sphere {
            centre: atom.position,
            radius_m: radius_m(atom, blur_m2),
        })
        .collect();
    let mut values = vec![0.0; grid.points()];
    grid.paint(&spheres, &mut values, |row, number, points| {
        for gaussian in &shapes[number] {
            add(row, gaussian, &points);
        }
    });
    values
}

fn shape(atom: &Atom, blur_m2: f64) -> [Gaussian; 5] {
    atom.form_factor.gaussians().map(|(amplitude, own_m2)| {
        if let Some(anisotropic) = &atom.anisotropic {
            let alike = DMat3::from_diagonal(DVec3::splat(own_m2 + blur_m2));
            let width_m2 = alike + anisotropic.b_m2;
            let volume = (4.0 * PI).powi(3) / width_m2.determinant();
            return Gaussian {
                peak: atom.occupancy * amplitude * volume.sqrt(),
                decay: Decay::Anisotropic(4.0 * PI * PI * width_m2.inverse()),
            };
        }
        let width_m2 = own_m2 + atom.b_m2 + blur_m2;
        Gaussian {
            peak: atom.occupancy * amplitude * (4.0 * PI / width_m2).powf(1.5),
            decay: Decay::Isotropic(4.0 * PI * PI / width_m2),
        }
    })
}

/// Where the widest of an atom's Gaussians has no more than `TAIL`.
fn radius_m(atom: &Atom, blur_m2: f64) -> f64 {
    let electrons = f64::from(atom.form_factor.atomic_number);
    let reach = |(amplitude, own_m2): (f64, f64)| {
        let decades = (amplitude.abs() / (TAIL * electrons)).ln().max(0.0);
        (decades * (own_m2 + atom.extreme_b_m2()[1] + blur_m2)).sqrt() / (2.0 * PI)
    };
    let reaches = atom.form_factor.gaussians().map(reach);
    reaches.into_iter().fold(0.0, f64::max)
}

/// A Gaussian along a row, near its largest value there.
struct Crest {
    /// The point.
    place: i64,
    /// The value there.
    top: f64,
    /// The values at the next and at the last point, as parts of `top`.
    ratios: [f64; 2],
    /// What a ratio is times from point to point, away from the crest.
    fall: f64,
}

impl Crest {
    fn of(&Gaussian { peak, decay }: &Gaussian, points: &Row) -> Crest {
        let (step, beyond) = (points.step_m, points.beyond_foot_m);
        match decay {
            Decay::Isotropic(decay) => Crest {
                place: points.nearest,
                top: peak * (-decay * (points.across_m2 + beyond * beyond)).exp(),
                ratios: [beyond, -beyond].map(|ahead| (-decay * step * (step + 2.0 * ahead)).exp()),
                fall: (-2.0 * decay * step * step).exp(),
            },
            Decay::Anisotropic(decay) => {
                let along = decay * points.step;
                let square = points.step.dot(along);
                let [first, last] = points.ends.map(|end| end - points.nearest);
                let ahead = (-points.from_centre.dot(along) / square).round() as i64;
                let ahead = ahead.clamp(first, last);
                let at = points.from_centre + ahead as f64 * points.step;
                let cross = 2.0 * at.dot(along);
                Crest {
                    place: points.nearest + ahead,
                    top: peak * (-at.dot(decay * at)).exp(),
                    ratios: [cross, -cross].map(|cross| (-square - cross).exp()),
                    fall: (-2.0 * square).exp(),
                }
            }
        }
    }
}

/// Adds a Gaussian to a row. Outwards from its crest each value is the last times a ratio, which
/// itself falls by a constant ratio: there is no exponential per point.
fn add(row: &mut [f64], gaussian: &Gaussian, points: &Row) {
    let Crest {
        place: nearest,
        top,
        ratios,
        fall,
    } = Crest::of(gaussian, points);
    let (ends, count) = (points.ends, row.len());
    let (mut value, mut next) = (top, ratios[0]);
    let mut place = wrapped(nearest, count);
    for _ in nearest..=ends[1] {
        row[place] += value;
        value *= next;
        next *= fall;
        place = if place + 1 == count { 0 } else { place + 1 };
    }
    let mut next = ratios[1];
    value = top * next;
    place = wrapped(nearest - 1, count);
    for _ in ends[0]..nearest {
        next *= fall;
        row[place] += value;
        value *= next;
        place = place.checked_sub(1).unwrap_or(count - 1);
    }
}
