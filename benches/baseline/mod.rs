//! What the C program spends, to hold the renderer against in the same run.
//!
//! nanoBragg.c walks pixels, sources, φ steps and mosaic domains, and works out everything where
//! it needs it: the three cell vectors are turned by φ and by the domain for every pixel, and the
//! lattice factor takes the C library's sines of πh, as large as h may be. So does this, with rows
//! over threads as OpenMP has them there. What the workloads do not use is left out: sub-pixels,
//! layers, masks, curved panels.

use std::f64::consts::PI;

use glam::{DMat3, DVec3};
use nanobragg::experiment::{Experiment, ReflectionGrid, Shape};
use nanobragg::physics::lattice_factor::lattice_factor;
use nanobragg::scene::Scene;
use rayon::prelude::*;

/// Renders `experiment`, laid out as `scene`.
pub fn render(experiment: &Experiment, scene: &Scene) -> Vec<f32> {
    let [width, height] = scene.panels[0].shape;
    let crystal = experiment.crystal();
    let cell = crystal.cell.real();
    let loops = Loops {
        scene,
        cell: [cell.x_axis, cell.y_axis, cell.z_axis],
        spindle: experiment.scan().spindle.normalize(),
        phis: experiment.scan().angles_rad().collect(),
        domains: crystal.mosaicity.rotations(&crystal.cell),
    };
    let mut photons = vec![0f32; width * height];
    photons
        .par_chunks_mut(width)
        .enumerate()
        .for_each(|(slow, row)| {
            for (fast, photons) in row.iter_mut().enumerate() {
                *photons = loops.photons(fast, slow) as f32;
            }
        });
    photons
}

/// What the loops run over.
struct Loops<'a> {
    scene: &'a Scene,
    cell: [DVec3; 3],
    spindle: DVec3,
    phis: Vec<f64>,
    domains: Vec<DMat3>,
}

impl Loops<'_> {
    // Not inlined: into its caller, one term a pixel cost 100 or 121 ns as the compiler pleased. Alone
    // it costs 104.
    #[inline(never)]
    fn photons(&self, fast: usize, slow: usize) -> f64 {
        let (scene, panel) = (self.scene, &self.scene.panels[0]);
        let at = |pixel: usize| panel.pixel_size_m * (pixel as f64 + 0.5);
        let position = panel.origin_m + at(fast) * panel.fast + at(slow) * panel.slow;
        let distance = position.length();
        let diffracted = position / distance;
        let solid_angle = panel.pixel_size_m.powi(2) / (distance * distance)
            * panel.close_distance_m()
            / distance;
        let mut sum = 0.0;
        for source in scene.sources.iter() {
            let q = (diffracted - source.incident) / source.wavelength_m;
            let grid = scene.grid.as_deref();
            for &phi in &self.phis {
                let turned = self.cell.map(|axis| self.turned(axis, phi));
                for domain in &self.domains {
                    let [a, b, c] = turned.map(|axis| *domain * axis);
                    let hkl = DVec3::new(a.dot(q), b.dot(q), c.dot(q));
                    let amplitude = self.cell_factor(grid, hkl) * self.lattice_factor(hkl);
                    sum += amplitude * amplitude * source.weight;
                }
            }
        }
        let polarisation = polarisation(scene, diffracted);
        scene.scale * sum * solid_angle * polarisation
    }

    /// `axis` turned by `phi` about the spindle.
    fn turned(&self, axis: DVec3, phi: f64) -> DVec3 {
        if phi == 0.0 {
            return axis;
        }
        let (sine, cosine) = phi.sin_cos();
        let along = self.spindle * self.spindle.dot(axis) * (1.0 - cosine);
        axis * cosine + self.spindle.cross(axis) * sine + along
    }

    fn lattice_factor(&self, hkl: DVec3) -> f64 {
        let lattice = &self.scene.lattice;
        match lattice.shape {
            Shape::Square => {
                sincg(PI * hkl.x, lattice.cells[0])
                    * sincg(PI * hkl.y, lattice.cells[1])
                    * sincg(PI * hkl.z, lattice.cells[2])
            }
            // One exponential or two sines, as there.
            Shape::Gauss | Shape::Round | Shape::TopHat => {
                lattice_factor(lattice, hkl - nearest(hkl))
            }
        }
    }

    fn cell_factor(&self, grid: Option<&ReflectionGrid>, hkl: DVec3) -> f64 {
        let Some(grid) = grid else {
            return self.scene.default_f;
        };
        let below = hkl.floor().to_array().map(|index| index as i32);
        let f_of = |h, k, l| Some(grid.amplitudes()[grid.offset_of([h, k, l])?]);
        let [h, k, l] = below;
        if self.scene.interpolate
            && f_of(h - 1, k - 1, l - 1)
                .and(f_of(h + 2, k + 2, l + 2))
                .is_some()
        {
            let fetch = |h, k, l| f_of(h, k, l).unwrap_or(self.scene.default_f);
            return interpolated(fetch, below, hkl);
        }
        let [h, k, l] = nearest(hkl).to_array().map(|index| index as i32);
        f_of(h, k, l).unwrap_or(self.scene.default_f)
    }
}

fn nearest(hkl: DVec3) -> DVec3 {
    (hkl - 0.5).ceil()
}

/// sin(Nx)/sin(x), N at 0.
fn sincg(x: f64, n: f64) -> f64 {
    if x == 0.0 { n } else { (x * n).sin() / x.sin() }
}

/// Four-point Lagrange interpolation along l, then k, then h: 21 times.
fn interpolated(fetch: impl Fn(i32, i32, i32) -> f64, below: [i32; 3], hkl: DVec3) -> f64 {
    let four = |first: i32| [first - 1, first, first + 1, first + 2];
    let [h, k, l] = below.map(four);
    let of_h = h.map(|h| {
        let of_k = k.map(|k| lagrange(below[2], l.map(|l| fetch(h, k, l)), hkl.z));
        lagrange(below[1], of_k, hkl.y)
    });
    lagrange(below[0], of_h, hkl.x)
}

/// The cubic through `y` at `below` − 1 … `below` + 2.
fn lagrange(below: i32, y: [f64; 4], x: f64) -> f64 {
    let at: [f64; 4] = std::array::from_fn(|i| f64::from(below) + i as f64 - 1.0);
    let term = |i: usize| {
        let others = (0..4).filter(|&other| other != i);
        let (above, under) = others.fold((y[i], 1.0), |(above, under), other| {
            (above * (x - at[other]), under * (at[i] - at[other]))
        });
        above / under
    };
    term(0) + term(1) + term(2) + term(3)
}

/// Unpolarised beams only, as all workloads have.
fn polarisation(scene: &Scene, diffracted: DVec3) -> f64 {
    let cosine = scene.sources[0].incident.dot(diffracted);
    0.5 * (1.0 + cosine * cosine)
}
