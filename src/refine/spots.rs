//! Predicted spots: which reflections light up in a frame, and where on the detector.

use glam::DVec3;

use crate::experiment::{Experiment, Panel};
use crate::geometry::{rotation_about, unit};
use crate::scene::{Scene, SceneError};

/// A reflection that a frame may show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Miller index.
    pub index: [i32; 3],
    /// Place of its panel among the detector's.
    pub panel: usize,
    /// Fast and slow coordinate on the panel, pixels from the outer corner of the first.
    pub at: [f64; 2],
    /// Angle by which its lattice point would have to turn to meet the Ewald sphere, radians; the
    /// least during the exposure.
    pub off_rad: f64,
    /// Half the width of its rocking curve (a standard deviation), radians.
    pub width_rad: f64,
    /// Sine of the Bragg angle.
    pub sin_theta: f64,
    /// |F|.
    pub amplitude: f64,
}

impl Spot {
    /// How strong it is beside others, where the orientation may be wrong by `uncertainty_rad`.
    pub fn weight(&self, uncertainty_rad: f64) -> f64 {
        let width = self.width_rad.hypot(uncertainty_rad);
        let part = (-0.5 * (self.off_rad / width).powi(2)).exp();
        self.amplitude.powi(2) * part / (2.0 * self.sin_theta)
    }
}

/// The reflections of `experiment` that light up somewhere on its panels if its orientation is wrong
/// by no more than `uncertainty_rad`: within three standard deviations of the rocking curve. Nothing
/// is known here of masks.
///
/// # Errors
/// [`SceneError`] when the beam leaves no source, or structure factors cannot be read.
pub fn predict(experiment: &Experiment, uncertainty_rad: f64) -> Result<Vec<Spot>, SceneError> {
    let scene = Scene::new(experiment)?;
    let amplitude = |index: [i32; 3]| match &scene.grid {
        Some(grid) => grid
            .offset_of(index)
            .map_or(scene.default_f, |place| grid.amplitudes()[place]),
        None => scene.default_f,
    };
    let rocking = Rocking::of(experiment, &scene);
    let panels = experiment.panels();
    let farthest = rocking.farthest(panels, scene.scattering_vector_limit);
    let cell = &experiment.crystal().cell;
    let most = cell
        .lengths_m()
        .map(|length| (length * farthest).floor() as i32);
    let mut spots = Vec::new();
    for h in -most[0]..=most[0] {
        for k in -most[1]..=most[1] {
            for l in -most[2]..=most[2] {
                let index = [h, k, l];
                let vector = cell.scattering_vector(index);
                let length = vector.length();
                let f = amplitude(index).abs();
                if length == 0.0 || length > farthest || f == 0.0 {
                    continue;
                }
                let sin_theta = 0.5 * length / rocking.beam.length();
                let width_rad = rocking.width(length, sin_theta);
                let Some((off_rad, at_least)) = rocking.nearest(vector, sin_theta) else {
                    continue;
                };
                if off_rad > uncertainty_rad + 3.0 * width_rad {
                    continue;
                }
                let diffracted = (rocking.beam + at_least).normalize();
                spots.extend(met(panels, diffracted).map(|(panel, at)| Spot {
                    index,
                    panel,
                    at,
                    off_rad,
                    width_rad,
                    sin_theta,
                    amplitude: f,
                }));
            }
        }
    }
    Ok(spots)
}

/// The panel that a ray from the sample along `diffracted` meets, and where, pixels.
pub fn met(panels: &[Panel], diffracted: DVec3) -> Option<(usize, [f64; 2])> {
    panels.iter().enumerate().find_map(|(index, panel)| {
        let ratio = diffracted.dot(panel.normal);
        if ratio <= 1e-6 {
            return None;
        }
        let at = panel.pixel_at(diffracted * (panel.close_distance_m() / ratio));
        let [width, height] = panel.shape.map(|count| count as f64);
        let inside = (0.0..width).contains(&at[0]) && (0.0..height).contains(&at[1]);
        inside.then_some((index, at))
    })
}

/// What widens rocking curves, and how the crystal turns during the exposure.
struct Rocking {
    /// The mean wave vector of the incident X-rays, 1/m.
    beam: DVec3,
    spindle: DVec3,
    /// Angles of the spindle, radians.
    angles_rad: Vec<f64>,
    /// Standard deviation of a spot's extent, 1/m.
    extent_per_m: f64,
    /// Mosaic spread, radians.
    mosaic_rad: f64,
    /// Standard deviation of the wavelengths, relative to their mean.
    bandwidth: f64,
    /// Standard deviation of the incident directions, radians.
    divergence_rad: f64,
}

impl Rocking {
    fn of(experiment: &Experiment, scene: &Scene) -> Rocking {
        /// The standard deviation of a spot of a crystal of edge 1; its full width is 0.89.
        const EXTENT: f64 = 0.38;
        /// Steps of φ, radians.
        const STEP: f64 = 0.002;
        let sources = &scene.sources;
        let weights: f64 = sources.iter().map(|source| source.weight).sum();
        let mean = |value: &dyn Fn(&crate::scene::SceneSource) -> f64| {
            sources
                .iter()
                .map(|source| source.weight * value(source))
                .sum::<f64>()
                / weights
        };
        let wavelength = mean(&|source| source.wavelength_m);
        let spread = mean(&|source| (source.wavelength_m / wavelength - 1.0).powi(2)).sqrt();
        let direction = unit(experiment.beam().direction).unwrap_or(DVec3::X);
        let aside = mean(&|source| source.incident.cross(direction).length_squared() / 2.0);
        let beam = experiment.beam();
        let [along, across] = beam.divergence_sigma_rad;
        let crystal = experiment.crystal();
        let shortest = crystal.edges_m().into_iter().fold(f64::MAX, f64::min);
        let scan = experiment.scan();
        let range = scan.step_rad * f64::from(scan.steps);
        let steps = if scan.steps > 1 {
            (range.abs() / STEP).ceil() as usize
        } else {
            0
        };
        let first = scan.angles_rad().next().unwrap_or(scan.start_rad);
        let angles_rad = (0..=steps).map(|step| first + range * step as f64 / steps.max(1) as f64);
        Rocking {
            beam: direction / wavelength,
            spindle: unit(scan.spindle).unwrap_or(DVec3::X),
            angles_rad: angles_rad.collect(),
            extent_per_m: EXTENT / (crystal.fudge.sqrt() * shortest),
            mosaic_rad: crystal.mosaicity.spread_rad(),
            bandwidth: spread.hypot(beam.bandwidth),
            divergence_rad: (aside + 0.5 * (along * along + across * across)).sqrt(),
        }
    }

    /// Length of the longest scattering vector that a corner of `panels` sees, 1/m.
    fn farthest(&self, panels: &[Panel], limit: f64) -> f64 {
        let wave = self.beam.length();
        let corners = panels.iter().flat_map(|panel| panel.corners_m(0.0));
        let lengths = corners.map(|corner| (corner.normalize() * wave - self.beam).length());
        lengths.fold(0.0, f64::max).min(limit)
    }

    fn width(&self, length: f64, sin_theta: f64) -> f64 {
        let tan_theta = sin_theta / (1.0 - sin_theta * sin_theta).max(1e-12).sqrt();
        let parts = [
            self.extent_per_m / length,
            self.mosaic_rad,
            self.bandwidth * tan_theta,
            self.divergence_rad,
        ];
        parts
            .into_iter()
            .map(|part| part * part)
            .sum::<f64>()
            .sqrt()
    }

    /// The least angle between the lattice point at `vector` (φ = 0) and the Ewald sphere during the
    /// exposure, radians, and where the point is then, 1/m; none where it cannot reach the sphere.
    fn nearest(&self, vector: DVec3, sin_theta: f64) -> Option<(f64, DVec3)> {
        if sin_theta >= 1.0 {
            return None;
        }
        let wave = self.beam.length();
        let per_radian = vector.length() * (1.0 - sin_theta * sin_theta).sqrt();
        let at = |angle: f64| {
            let turned = rotation_about(self.spindle, angle) * vector;
            (((self.beam + turned).length() - wave) / per_radian, turned)
        };
        let mut nearest: Option<(f64, DVec3)> = None;
        let mut last: Option<(f64, f64)> = None;
        let mut take = |off: f64, turned: DVec3| {
            if nearest.is_none_or(|(least, _)| off.abs() < least) {
                nearest = Some((off.abs(), turned));
            }
        };
        for &angle in &self.angles_rad {
            let (off, turned) = at(angle);
            take(off, turned);
            // Between two steps on either side of the sphere the point is on it.
            if let Some((before, off_before)) = last
                && off_before * off < 0.0
            {
                let through = before + (angle - before) * off_before / (off_before - off);
                let (_, turned) = at(through);
                take(0.0, turned);
            }
            last = Some((angle, off));
        }
        nearest
    }
}

/// Half the edge of a box that holds the largest of `spots`, if the orientation is off by no more
/// than `uncertainty_rad`, with background around it, pixels.
pub fn half_box(experiment: &Experiment, spots: &[Spot], uncertainty_rad: f64) -> usize {
    /// Pixels of background on either side.
    const MARGIN: f64 = 3.0;
    const MOST: f64 = 30.0;
    let wavelength = experiment.beam().wavelength_m;
    let crystal = experiment.crystal();
    let shortest = crystal.edges_m().into_iter().fold(f64::MAX, f64::min);
    let halves = spots.iter().map(|spot| {
        let panel = &experiment.panels()[spot.panel];
        let place = panel.point_m(spot.at);
        let slant = place.normalize().dot(panel.normal).max(0.1);
        let pixels_per_radian = place.length() / (slant * panel.pixel_size_m);
        // Across, a lattice point moves with the crystal; its extent is that of the crystal's transform.
        let moved = 2.0 * spot.sin_theta * (uncertainty_rad + 2.0 * crystal.mosaicity.spread_rad());
        let extent = 1.2 * wavelength / shortest;
        moved.hypot(extent) * pixels_per_radian
    });
    (halves.fold(0.0, f64::max) + MARGIN).min(MOST).ceil() as usize
}
