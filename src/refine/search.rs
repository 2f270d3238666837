//! A search of the orientation before the refinement: the rotation of the crystal that puts the most
//! strong spots on lattice points. It needs no image, and costs no evaluation.

use glam::{DMat3, DVec3};

use super::strong::Strong;
use crate::experiment::Experiment;
use crate::geometry::{rotation_about, unit};
use crate::scene::{Scene, SceneError};

/// An orientation that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The rotation that takes the crystal of the start there, in the laboratory.
    pub turn: DMat3,
    /// Spots that lie on lattice points.
    pub matched: usize,
    /// Spots that were looked at.
    pub of: usize,
}

/// The most spots that are looked at, the strongest.
const MOST_SPOTS: usize = 120;
/// With fewer there is nothing to search by.
const LEAST_SPOTS: usize = 6;
/// Step of the grid of rotations, radians.
const STEP: f64 = 0.003;
/// Rotations of the grid that are followed up.
const FOLLOWED: usize = 24;

/// Searches the rotations of up to `radius_rad` for the one that explains `spots` of `experiment`
/// best; `None` where there are too few spots.
///
/// # Errors
/// [`SceneError`] when structure factors cannot be read.
pub fn search(
    experiment: &Experiment,
    spots: &[Strong],
    radius_rad: f64,
) -> Result<Option<Found>, SceneError> {
    let lattice = Lattice::of(experiment, spots)?;
    if lattice.observed.len() < LEAST_SPOTS {
        return Ok(None);
    }
    let wide = 1.2 * STEP;
    let steps = (radius_rad / STEP).ceil() as i32;
    let mut trials = vec![(lattice.score(&DMat3::IDENTITY, wide), DVec3::ZERO)];
    let axis = || -steps..=steps;
    for x in axis() {
        for y in axis() {
            for z in axis() {
                let turn = STEP * DVec3::new(x.into(), y.into(), z.into());
                if turn.length() <= radius_rad {
                    trials.push((lattice.score(&rotation_of(turn), wide), turn));
                }
            }
        }
    }
    trials.sort_by(|one, other| other.0.total_cmp(&one.0));
    let followed = trials.iter().take(FOLLOWED).map(|(_, turn)| {
        let turn = lattice.followed(rotation_of(*turn));
        (lattice.score(&turn, NARROW), turn)
    });
    let best = followed.max_by(|one, other| one.0.total_cmp(&other.0));
    Ok(best.map(|(_, turn)| Found {
        turn,
        matched: lattice.matched(&turn),
        of: lattice.observed.len(),
    }))
}

/// How far a matched spot may be from its lattice point, a part of |q| (a standard deviation).
const NARROW: f64 = 0.0015;

/// The rotation with this vector: axis times angle.
pub fn rotation_of(vector: DVec3) -> DMat3 {
    match vector.try_normalize() {
        Some(axis) => rotation_about(axis, vector.length()),
        None => DMat3::IDENTITY,
    }
}

/// The crystal's lattice, and the scattering vectors of the strong spots.
struct Lattice {
    real: DMat3,
    reciprocal: DMat3,
    scene: Scene,
    /// Mean of F² over the grid; 1 where every F is the same.
    mean_square: f64,
    observed: Vec<DVec3>,
}

impl Lattice {
    fn of(experiment: &Experiment, spots: &[Strong]) -> Result<Lattice, SceneError> {
        let scene = Scene::new(experiment)?;
        let beam = experiment.beam();
        let incident = unit(beam.direction).unwrap_or(DVec3::X);
        let scan = experiment.scan();
        let middle = scan.start_rad + 0.5 * scan.step_rad * f64::from(scan.steps.max(2) - 1);
        let angle = if scan.steps > 1 {
            middle
        } else {
            scan.start_rad
        };
        let back = rotation_about(unit(scan.spindle).unwrap_or(DVec3::X), -angle);
        let observed = spots.iter().take(MOST_SPOTS).map(|spot| {
            let panel = &experiment.panels()[spot.panel];
            let diffracted = panel.point_m(spot.at).normalize();
            back * ((diffracted - incident) / beam.wavelength_m)
        });
        let limit = scene.scattering_vector_limit;
        let observed = observed.filter(|q| q.length() > 1e8 && q.length() <= limit);
        let squares = scene.grid.as_ref().map(|grid| {
            let all = grid.amplitudes().iter().filter(|&&f| f != 0.0);
            let (sum, count) = all.fold((0.0, 0.0), |(sum, count), f| (sum + f * f, count + 1.0));
            if count > 0.0 { sum / count } else { 1.0 }
        });
        let cell = &experiment.crystal().cell;
        Ok(Lattice {
            real: *cell.real(),
            reciprocal: *cell.reciprocal(),
            observed: observed.collect(),
            mean_square: squares.unwrap_or(1.0),
            scene,
        })
    }

    /// The index of the lattice point that is nearest to `q` once the crystal is turned, and the
    /// vector from that point to `q`, as if the crystal stood still.
    fn nearest(&self, turn: &DMat3, q: DVec3) -> (DVec3, DVec3) {
        let own = turn.transpose() * q;
        let index = (self.real.transpose() * own).round();
        (index, own - self.reciprocal * index)
    }

    /// How strong a reflection is, from 0 to 1.
    fn strength(&self, index: DVec3) -> f64 {
        let place = index.to_array().map(|part| part as i32);
        let f = match &self.scene.grid {
            Some(grid) => grid
                .offset_of(place)
                .map_or(self.scene.default_f, |place| grid.amplitudes()[place]),
            None => return 1.0,
        };
        let square = f * f;
        square / (square + self.mean_square)
    }

    /// How well the turned crystal explains the spots, each of which may be off by this part of |q|.
    fn score(&self, turn: &DMat3, width: f64) -> f64 {
        let each = self.observed.iter().map(|&q| {
            let (index, off) = self.nearest(turn, q);
            let apart = off.length() / (width * q.length());
            (-0.5 * apart * apart).exp() * self.strength(index)
        });
        each.sum()
    }

    /// Spots within three standard deviations of a lattice point that scatters.
    fn matched(&self, turn: &DMat3) -> usize {
        let on_point = |q: &&DVec3| {
            let (index, off) = self.nearest(turn, **q);
            off.length() < 3.0 * NARROW * q.length() && self.strength(index) > 0.01
        };
        self.observed.iter().filter(on_point).count()
    }

    /// The rotation near `turn` that puts matched spots on their points, in the sense of least
    /// squares; spots that are farther off count less.
    fn followed(&self, mut turn: DMat3) -> DMat3 {
        for width in [1.2 * STEP, 0.8 * STEP, NARROW, NARROW, NARROW] {
            let (mut normal, mut right) = (DMat3::ZERO, DVec3::ZERO);
            for &q in &self.observed {
                let (index, off) = self.nearest(&turn, q);
                let size = q.length();
                let apart = off.length() / (width * size);
                let weight = (-0.5 * apart * apart).exp() * self.strength(index) / (size * size);
                // A small turn ω moves the point p by ω × p, which is to be the way to the spot.
                let point = turn * (self.reciprocal * index);
                let way = turn * off;
                let square = point.length_squared();
                let outer = DMat3::from_cols(point * point.x, point * point.y, point * point.z);
                normal += weight * (square * DMat3::IDENTITY - outer);
                right += weight * point.cross(way);
            }
            // Too few spots to tell: stay.
            if normal.determinant().abs() < 1e-12 {
                return turn;
            }
            turn = rotation_of(normal.inverse() * right) * turn;
        }
        turn
    }
}
