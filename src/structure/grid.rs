//! A periodic grid over the cell, and the spheres that are painted on it.

use glam::DVec3;
use rayon::prelude::*;

use crate::geometry::UnitCell;

/// Points in equal parts of the cell's edges; the third axis is innermost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// Points along each edge.
    pub(super) shape: [usize; 3],
    /// The steps along each edge, m.
    steps_m: [DVec3; 3],
    /// Lengths of the reciprocal edges, 1/m.
    reciprocal_per_m: [f64; 3],
}

/// A ball of the crystal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sphere {
    /// Centre of the sphere, in fractions of the edges.
    pub(super) centre: DVec3,
    /// Radius of the sphere, m.
    pub(super) radius_m: f64,
}

/// The points of a sphere that are in one row of the grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// The first and the last point, of a grid that goes on beyond the cell.
    pub(super) ends: [i64; 2],
    /// The point that is nearest to the centre.
    pub(super) nearest: i64,
    /// How far that is beyond the foot of the centre on the row, m.
    pub(super) beyond_foot_m: f64,
    /// Distance of the centre from the row, squared, m².
    pub(super) across_m2: f64,
    /// Distance of neighbours, m.
    pub(super) step_m: f64,
    /// Where the nearest point is from the centre, m.
    pub(super) from_centre: DVec3,
    /// From a point to the next, m.
    pub(super) step: DVec3,
}

impl Grid {
    /// How many points each edge needs for steps of at most `spacing_m`; not yet bounded.
    pub(super) fn shape(cell: &UnitCell, spacing_m: f64) -> [u64; 3] {
        cell.lengths_m()
            .map(|length| smooth((length / spacing_m).ceil().max(1.0) as u64))
    }

    /// The grid of a shape that fits in memory.
    pub(super) fn new(cell: &UnitCell, shape: [u64; 3]) -> Grid {
        let shape = shape.map(|count| count as usize);
        let [a, b, c] = [cell.real().x_axis, cell.real().y_axis, cell.real().z_axis];
        let reciprocal = cell.reciprocal();
        Grid {
            shape,
            steps_m: [
                a / shape[0] as f64,
                b / shape[1] as f64,
                c / shape[2] as f64,
            ],
            reciprocal_per_m: [reciprocal.x_axis, reciprocal.y_axis, reciprocal.z_axis]
                .map(DVec3::length),
        }
    }

    /// Number of points.
    pub(super) fn points(&self) -> usize {
        self.shape.iter().product()
    }

    /// The step to the neighbour this many points away along each edge, m.
    pub(super) fn step_m(&self, points: [i64; 3]) -> DVec3 {
        let [u, v, w] = points.map(|count| count as f64);
        u * self.steps_m[0] + v * self.steps_m[1] + w * self.steps_m[2]
    }

    /// How many points away along each edge a distance may reach.
    pub(super) fn reach_of(&self, distance_m: f64) -> [i64; 3] {
        std::array::from_fn(|axis| {
            (distance_m * self.reciprocal_per_m[axis] * self.shape[axis] as f64).floor() as i64
        })
    }

    /// Hands every row of every sphere to `paint`: the row's values in the cell, the sphere's
    /// number, and which points of the row are in the sphere. A section of the grid is painted by
    /// one thread, sphere after sphere, so that sums do not depend on how many threads there are.
    pub(super) fn paint<T: Send>(
        &self,
        spheres: &[Sphere],
        values: &mut [T],
        paint: impl Fn(&mut [T], usize, Row) + Sync,
    ) {
        let [sections, rows, row_length] = self.shape;
        let mut touching: Vec<Vec<(usize, i64)>> = vec![Vec::new(); sections];
        for (number, sphere) in spheres.iter().enumerate() {
            for section in self.reach(sphere, 0) {
                touching[wrapped(section, sections)].push((number, section));
            }
        }
        let painted = values.par_chunks_mut(rows * row_length).zip(&touching);
        painted.for_each(|(values, touching)| {
            for &(number, section) in touching {
                let sphere = &spheres[number];
                for row in self.reach(sphere, 1) {
                    if let Some(points) = self.row(sphere, section, row) {
                        let start = wrapped(row, rows) * row_length;
                        paint(&mut values[start..start + row_length], number, points);
                    }
                }
            }
        });
    }

    /// The planes of points across an axis that a sphere may touch.
    fn reach(&self, sphere: &Sphere, axis: usize) -> std::ops::RangeInclusive<i64> {
        let count = self.shape[axis] as f64;
        let reach = sphere.radius_m * self.reciprocal_per_m[axis];
        let first = ((sphere.centre[axis] - reach) * count).ceil();
        let last = ((sphere.centre[axis] + reach) * count).floor();
        first as i64..=last as i64
    }

    /// The points of a row that are in a sphere, if any is.
    fn row(&self, sphere: &Sphere, section: i64, row: i64) -> Option<Row> {
        let from_centre =
            |axis: usize, point: f64| point - sphere.centre[axis] * self.shape[axis] as f64;
        // The point of the row in the plane through the centre.
        let start = from_centre(0, section as f64) * self.steps_m[0]
            + from_centre(1, row as f64) * self.steps_m[1];
        let along = self.steps_m[2];
        let step_m2 = along.length_squared();
        let foot = -start.dot(along) / step_m2;
        let across_m2 = (start + foot * along).length_squared();
        let left_m2 = sphere.radius_m * sphere.radius_m - across_m2;
        if left_m2 < 0.0 {
            return None;
        }
        let half = (left_m2 / step_m2).sqrt();
        let foot = foot + sphere.centre[2] * self.shape[2] as f64;
        let ends = [(foot - half).ceil() as i64, (foot + half).floor() as i64];
        let nearest = foot.round();
        let step_m = step_m2.sqrt();
        (ends[0] <= ends[1]).then_some(Row {
            ends,
            nearest: nearest as i64,
            beyond_foot_m: (nearest - foot) * step_m,
            across_m2,
            step_m,
            from_centre: start + from_centre(2, nearest) * along,
            step: along,
        })
    }
}

/// The place in the cell of a point beyond it.
pub(super) fn wrapped(point: i64, count: usize) -> usize {
    point.rem_euclid(count as i64) as usize
}

/// The next number from `least` on that has no prime factor but 2, 3 and 5, which transform fast.
fn smooth(least: u64) -> u64 {
    /// Beyond it no grid fits in memory anyway.
    const LARGEST: u64 = 1 << 32;
    let is_smooth = |number: &u64| {
        let mut rest = *number;
        for prime in [2, 3, 5] {
            while rest.is_multiple_of(prime) {
                rest /= prime;
            }
        }
        rest == 1
    };
    (least..LARGEST).find(is_smooth).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sphere_has_every_point_within_its_radius_and_no_other() {
        let cell = UnitCell::from_parameters([7e-10, 9e-10, 11e-10], [1.2, 1.4, 1.9]).unwrap();
        let grid = Grid::new(&cell, Grid::shape(&cell, 0.7e-10));
        // It is larger than the cell, so that points are painted more than once.
        let sphere = Sphere {
            centre: DVec3::new(0.93, -0.2, 2.41),
            radius_m: 5.2e-10,
        };
        let mut painted = vec![0; grid.points()];
        let row_length = grid.shape[2];
        grid.paint(&[sphere], &mut painted, |row, _, points| {
            for point in points.ends[0]..=points.ends[1] {
                row[wrapped(point, row_length)] += 1;
            }
        });
        let [nu, nv, nw] = grid.shape;
        for (place, &count) in painted.iter().enumerate() {
            let point = DVec3::new(
                (place / (nv * nw)) as f64 / nu as f64,
                (place / nw % nv) as f64 / nv as f64,
                (place % nw) as f64 / nw as f64,
            );
            let mut within = 0;
            for shift in 0..7 * 7 * 7 {
                let shift = [shift / 49, shift / 7 % 7, shift % 7].map(|s| f64::from(s - 3));
                let apart = point + DVec3::from_array(shift) - sphere.centre;
                within += usize::from((*cell.real() * apart).length() <= sphere.radius_m);
            }
            assert_eq!(count, within, "{place}");
        }
    }

    #[test]
    fn numbers_of_points_have_small_factors() {
        assert_eq!([1, 7, 11, 89, 101].map(smooth), [1, 8, 12, 90, 108]);
    }
}
