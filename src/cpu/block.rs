//! A block of pixels along a row: the sum over layers, sub-pixels and sources (PHYSICS §1).
//!
//! The loops of [`pixel`](super::pixel), each over all lanes; the geometry is that file's very
//! functions, inlined into loops that become vector instructions.

use multiversion::multiversion;

use super::lanes::{LANES, Lanes, Vectors};
use super::orientation_sum::sum_over_orientations;
use super::pixel::View;
use crate::experiment::Panel;
use crate::scene::Scene;

/// Photons in [`LANES`] pixels of `panel` from `first` (fast, slow) along the fast axis, whether
/// they are on it or not; `None` when `interrupted`.
///
/// Compiled once for each set of instructions that it pays for, of which the first that the
/// processor has is taken. An image's bytes depend on whether that fuses products with sums, and
/// on nothing else of it.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
pub(super) fn photons(
    scene: &Scene,
    panel: &Panel,
    first: [usize; 2],
    interrupted: &dyn Fn() -> bool,
) -> Option<Lanes> {
    const FUSED: bool = multiversion::target::target_cfg_f!(any(
        target_feature = "fma",
        target_arch = "aarch64"
    ));
    photons_with::<FUSED>(scene, panel, first, interrupted)
}

/// [`photons`], with products fused with sums or not, in the instructions of its caller.
#[inline(always)]
fn photons_with<const FUSED: bool>(
    scene: &Scene,
    panel: &Panel,
    first: [usize; 2],
    interrupted: &dyn Fn() -> bool,
) -> Option<Lanes> {
    let views = Views::new(scene, panel, first, [0, 0], 0);
    let first_solid_angles = Lanes::from_fn(|lane| views.get(lane).solid_angle(scene, panel));
    let first_polarisations = scene.sources.first().map_or(Lanes::splat(1.0), |source| {
        Lanes::from_fn(|lane| views.get(lane).polarisation(scene, source))
    });
    let mut sums = Lanes::from_fn(|lane| {
        scene.background * first_solid_angles.0[lane] * first_polarisations.0[lane]
    });
    for layer in 0..scene.layers {
        for sub_slow in 0..scene.oversample {
            for sub_fast in 0..scene.oversample {
                let views = Views::new(scene, panel, first, [sub_fast, sub_slow], layer);
                let solid_angles = if scene.solid_angle_per_subpixel {
                    Lanes::from_fn(|lane| views.get(lane).solid_angle(scene, panel))
                } else {
                    first_solid_angles
                };
                let geometry = Lanes::from_fn(|lane| {
                    solid_angles.0[lane] * views.get(lane).absorbed(scene, panel, layer)
                });
                for source in &scene.sources {
                    let polarisations = if scene.polarisation_per_subpixel {
                        Lanes::from_fn(|lane| views.get(lane).polarisation(scene, source))
                    } else {
                        first_polarisations
                    };
                    let mut q = Vectors::ZERO;
                    let mut factors = Lanes::splat(0.0);
                    for lane in 0..LANES {
                        let vector = views.get(lane).scattering_vector(source);
                        let factor = source.weight * geometry.0[lane] * polarisations.0[lane];
                        let dropped = vector.length() > scene.scattering_vector_limit;
                        factors.0[lane] = if dropped { 0.0 } else { factor };
                        q.set(lane, vector);
                    }
                    if factors.all_zero() {
                        continue;
                    }
                    let scattered =
                        sum_over_orientations::<FUSED>(scene, source.channel, &q, interrupted)?;
                    for lane in 0..LANES {
                        sums.0[lane] += factors.0[lane] * scattered.0[lane];
                    }
                }
            }
        }
    }
    Some(Lanes::from_fn(|lane| scene.scale * sums.0[lane]))
}

/// The same sub-pixel of one layer in every pixel, seen from the sample.
struct Views {
    positions: Vectors,
    distances: Lanes,
    diffracted: Vectors,
}

impl Views {
    #[inline(always)]
    fn new(
        scene: &Scene,
        panel: &Panel,
        [fast, slow]: [usize; 2],
        sub_pixel: [u32; 2],
        layer: u32,
    ) -> Views {
        let mut views = Views {
            positions: Vectors::ZERO,
            distances: Lanes::splat(0.0),
            diffracted: Vectors::ZERO,
        };
        for lane in 0..LANES {
            let view = View::new(scene, panel, [fast + lane, slow], sub_pixel, layer);
            views.positions.set(lane, view.position);
            views.distances.0[lane] = view.distance;
            views.diffracted.set(lane, view.diffracted);
        }
        views
    }

    #[inline(always)]
    fn get(&self, lane: usize) -> View {
        View {
            position: self.positions.get(lane),
            distance: self.distances.0[lane],
            diffracted: self.diffracted.get(lane),
        }
    }
}
