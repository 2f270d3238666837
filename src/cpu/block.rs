//! A block of pixels along a row: the sum over layers, sub-pixels and sources (PHYSICS §1).
//!
//! These are the loops of the scalar reference, [`pixel`](super::pixel), each over all lanes. The
//! geometry is computed by the scalar functions themselves, inlined into loops that compile to
//! vector instructions.

use multiversion::multiversion;

use super::amorphous::add_amorphous;
use super::closed_form::{Visible, add_segments};
use super::diffuse::add_halos;
use super::lanes::{LANES, Lanes, PerLane, Vectors};
use super::orientation_sum::sum_over_orientations;
use super::pixel::{absorbed, front_solid_angle, layer_front, mean_layer_depth, own_solid_angle};
use super::prepared::Prepared;
use crate::experiment::Panel;
use crate::physics::debye_waller::debye_waller;
use crate::physics::polarisation::polarisation;
use crate::physics::position::{flat_position, position};
use crate::physics::view::{View, view};
use crate::scene::{Scene, SceneSource};

/// Photons in [`LANES`] pixels of `panel` from `first` (fast, slow) along the fast axis, whether
/// they are on it or not; `None` when `interrupted`.
///
/// Compiled once for each of these instruction sets; the first that the processor has is taken at
/// run time. An image's bytes depend on whether that set fuses products with sums, and on nothing
/// else of it.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
pub(super) fn photons(
    prepared: &Prepared,
    panel: &Panel,
    first: [usize; 2],
    interrupted: &dyn Fn() -> bool,
) -> Option<Lanes> {
    const FUSED: bool =
        multiversion::target::target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64"));
    photons_with::<FUSED>(prepared, panel, first, interrupted)
}

/// Name of the instruction set that blocks of pixels are rendered with on this processor.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
pub fn instructions() -> &'static str {
    const AVX512: bool = multiversion::target::target_cfg_f!(target_feature = "avx512f");
    const AVX2: bool = multiversion::target::target_cfg_f!(target_feature = "avx2");
    match (AVX512, AVX2) {
        (true, _) => "AVX-512",
        (false, true) => "AVX2",
        (false, false) if cfg!(target_arch = "aarch64") => "Neon",
        (false, false) => "the architecture's own instructions",
    }
}

/// [`photons`] in the instruction set of its caller, with products fused with sums or not.
#[inline(always)]
fn photons_with<const FUSED: bool>(
    prepared: &Prepared,
    panel: &Panel,
    first: [usize; 2],
    interrupted: &dyn Fn() -> bool,
) -> Option<Lanes> {
    let scene = prepared.scene;
    let visible = Visible::new(prepared, panel, first);
    let spots = scene.crystal_scatters() && (visible.any() || scene.diffuse.is_some());
    if !spots && scene.background == 0.0 && scene.amorphous.is_empty() {
        return Some(Lanes::splat(0.0));
    }
    let mut first_views = Views::ZERO;
    first_views.look(scene, panel, first, [0, 0], 0);
    let (mut first_solid_angles, mut first_polarisations) =
        first_factors(scene, panel, &first_views);
    let layers_have_own = scene.mean_depth_sensor(panel).is_some();
    let mut sums = Lanes::from_fn(|lane| {
        scene.background * first_solid_angles.0[lane] * first_polarisations.0[lane]
    });
    for layer in 0..scene.layers {
        for sub_slow in 0..scene.oversample {
            for sub_fast in 0..scene.oversample {
                let mut own_views;
                let views = match (layer, sub_slow, sub_fast) {
                    (0, 0, 0) => &first_views,
                    _ => {
                        own_views = Views::ZERO;
                        own_views.look(scene, panel, first, [sub_fast, sub_slow], layer);
                        &own_views
                    }
                };
                if layers_have_own && [sub_slow, sub_fast] == [0, 0] {
                    (first_solid_angles, first_polarisations) = first_factors(scene, panel, views);
                }
                add_amorphous(scene, panel, views, layer, &mut sums);
                if !spots {
                    continue;
                }
                let solid_angles = if scene.solid_angle_per_subpixel {
                    Lanes::from_fn(|lane| own_solid_angle(scene, panel, &views.get(lane)))
                } else {
                    first_solid_angles
                };
                let geometry = match panel.sensor {
                    None if layer == 0 => solid_angles,
                    _ => Lanes::from_fn(|lane| {
                        solid_angles.0[lane] * absorbed(scene, panel, &views.get(lane), layer)
                    }),
                };
                for (number, source) in scene.sources.iter().enumerate() {
                    let polarisations = if scene.polarisation_per_subpixel {
                        polarisations(scene, source, views)
                    } else {
                        first_polarisations
                    };
                    let mut q = Vectors::ZERO;
                    let mut factors = Lanes::splat(0.0);
                    for lane in 0..LANES {
                        factors.0[lane] = source.weight * geometry.0[lane] * polarisations.0[lane];
                        q.set(lane, source.scattering_vector(views.get(lane).diffracted));
                    }
                    if scene.scattering_vector_limit.is_finite() {
                        for lane in 0..LANES {
                            let dropped = q.get(lane).length() > scene.scattering_vector_limit;
                            factors.0[lane] = if dropped { 0.0 } else { factors.0[lane] };
                        }
                    }
                    if scene.b_factor != 0.0 {
                        for lane in 0..LANES {
                            factors.0[lane] *= debye_waller(scene.b_factor, q.get(lane));
                        }
                    }
                    if factors.all_zero() {
                        continue;
                    }
                    let mut scattered = Lanes::splat(0.0);
                    match &scene.closed_form {
                        None => {
                            scattered = sum_over_orientations::<FUSED>(prepared, &q, interrupted)?;
                        }
                        Some(_) if interrupted() => return None,
                        Some(form) => add_segments::<FUSED>(
                            prepared,
                            form,
                            (panel, views),
                            (number, source),
                            &q,
                            &visible,
                            &mut scattered,
                        ),
                    }
                    if let Some(diffuse) = &scene.diffuse {
                        add_halos(scene, diffuse, &q, interrupted, &mut scattered)?;
                    }
                    for lane in 0..LANES {
                        sums.0[lane] += factors.0[lane] * scattered.0[lane];
                    }
                }
            }
        }
    }
    Some(Lanes::from_fn(|lane| scene.scale * sums.0[lane]))
}

/// Ω and P of every pixel of a block for `views` and the first source.
#[inline(always)]
pub(super) fn first_factors(scene: &Scene, panel: &Panel, views: &Views) -> (Lanes, Lanes) {
    // The choice is made outside of the loops: one within would keep them from becoming vectors.
    let solid_angles = match scene.mean_depth_sensor(panel) {
        None => Lanes::from_fn(|lane| front_solid_angle(scene, panel, &views.get(lane))),
        Some(_) => Lanes::from_fn(|lane| own_solid_angle(scene, panel, &views.get(lane))),
    };
    (
        solid_angles,
        polarisations(scene, &scene.first_source, views),
    )
}

/// P of every pixel of a block for `views` and a source.
#[inline(always)]
fn polarisations(scene: &Scene, source: &SceneSource, views: &Views) -> Lanes {
    let Some(kahn_factor) = scene.kahn_factor else {
        return Lanes::splat(1.0);
    };
    let SceneSource {
        incident,
        electric,
        magnetic,
        ..
    } = *source;
    Lanes::from_fn(|lane| {
        let diffracted = views.diffracted.get(lane);
        polarisation(incident, electric, magnetic, diffracted, kahn_factor)
    })
}

/// The views of one sub-pixel of one layer in every pixel of a block. Written in place: to return
/// one is to copy it.
#[derive(Clone)]
pub(super) struct Views {
    positions: Vectors,
    distances: Lanes,
    diffracted: Vectors,
}

impl Views {
    /// Views that look at nothing yet.
    pub const ZERO: Views = Views {
        positions: Vectors::ZERO,
        distances: Lanes::ZERO,
        diffracted: Vectors::ZERO,
    };

    /// Looks at a sub-pixel in a layer of the pixels from `first`.
    #[inline(always)]
    pub fn look(
        &mut self,
        scene: &Scene,
        panel: &Panel,
        first: [usize; 2],
        sub_pixel: [u32; 2],
        layer: u32,
    ) {
        let depth = layer_front(scene, panel, layer);
        let oversample = scene.oversample;
        self.look_at(panel, oversample, first, sub_pixel, |_| depth);
        if let Some(sensor) = scene.mean_depth_sensor(panel) {
            let fronts = self.clone();
            self.look_at(panel, oversample, first, sub_pixel, |lane| {
                mean_layer_depth(scene, panel, sensor, &fronts.get(lane), layer)
            });
        }
    }

    /// Looks at a sub-pixel, one of `oversample` along each edge, at a `depth` (m) in the sensor of
    /// each of the pixels from `first`.
    #[inline(always)]
    pub fn look_at(
        &mut self,
        panel: &Panel,
        oversample: u32,
        [fast, slow]: [usize; 2],
        sub_pixel: [u32; 2],
        depth: impl Fn(usize) -> f64,
    ) {
        // Two loops: rotations of a curved panel do not compile to vector instructions.
        if panel.curved_m.is_some() {
            for lane in 0..LANES {
                let pixel = [fast + lane, slow];
                let place = position(panel, oversample, pixel, sub_pixel, depth(lane));
                self.positions.set(lane, place);
            }
        } else {
            for lane in 0..LANES {
                let pixel = [fast + lane, slow];
                let place = flat_position(panel, oversample, pixel, sub_pixel, depth(lane));
                self.positions.set(lane, place);
            }
        }
        for lane in 0..LANES {
            let view = view(self.positions.get(lane));
            self.distances.0[lane] = view.distance;
            self.diffracted.set(lane, view.diffracted);
        }
    }

    /// How far the view of one pixel is, m.
    #[inline(always)]
    pub fn distance(&self, lane: usize) -> f64 {
        self.distances.0[lane]
    }

    /// The view of one pixel.
    #[inline(always)]
    pub fn get(&self, lane: usize) -> View {
        View {
            position: self.positions.get(lane),
            distance: self.distances.0[lane],
            diffracted: self.diffracted.get(lane),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use glam::{DMat3, DVec3};

    use super::*;
    use crate::cpu::pixel;
    use crate::experiment::{
        self, Beam, CentredSteps, Crystal, Description, Divergence, Experiment, LayerDepth,
        MosaicModel, Mosaicity, Placement, Reflection, Sensor, Shape, Sources, StructureFactors,
    };
    use crate::geometry::{LaueGroup, UnitCell};
    use crate::physics::amorphous::{Amorphous, ProfilePiece};
    use crate::physics::diffuse::Diffuse;

    /// A crystal of each shape: three wavelengths, four domains, two sub-pixels per edge and two
    /// layers at their faces and mean depths, with and without a list of reflections; flat and
    /// curved.
    fn scenes() -> Vec<Scene> {
        let cell = UnitCell::from_parameters([7e-9, 8e-9, 9e-9], [1.5, 1.6, 1.7]).unwrap();
        let list: Vec<Reflection> = (-5..=5)
            .flat_map(|h| (-5..=5).flat_map(move |k| (-2..=2).map(move |l| [h, k, l])))
            .map(|index| Reflection {
                index,
                amplitude: f64::from(index[0] * 7 + index[1]),
            })
            .collect();
        let mut scenes = Vec::new();
        for shape in [Shape::Square, Shape::Round, Shape::Gauss, Shape::TopHat] {
            for structure_factors in [
                StructureFactors::constant(100.0),
                StructureFactors::from_reflections(&list, 10.0, crate::memory::Bytes(1 << 24))
                    .unwrap(),
            ] {
                let experiment = Experiment::new(Description {
                    beam: Beam {
                        sources: Sources::Grid {
                            divergence: Divergence {
                                horizontal: CentredSteps::POINT,
                                vertical: CentredSteps::POINT,
                                round: true,
                            },
                            dispersion: CentredSteps {
                                range: 0.02,
                                step: 0.01,
                                count: 3,
                            },
                        },
                        ..Beam::default()
                    },
                    crystal: Crystal {
                        cells: [5.0, 6.0, 7.0],
                        shape,
                        mosaicity: Mosaicity {
                            model: MosaicModel::Cap { spread_rad: 0.02 },
                            domains: 4,
                            ..Mosaicity::default()
                        },
                        ..Crystal::new(cell)
                    },
                    detector: Placement {
                        pixels: [64, 64],
                        ..Placement::default()
                    }
                    .place()
                    .unwrap(),
                    structure_factors,
                    scan: Default::default(),
                    sampling: Default::default(),
                    background: Default::default(),
                })
                .unwrap();
                let mut scene = Scene::new(&experiment).unwrap();
                (scene.oversample, scene.layers) = (2, 2);
                Arc::make_mut(&mut scene.panels)[0].sensor = Some(Sensor {
                    attenuation_depth_m: 3e-4,
                    thickness_m: 5e-4,
                });
                scene.background = 1e-3;
                scene.amorphous = [material(3.0), material(-1.0)].into();
                let mut mean = scene.clone();
                mean.layer_depth = LayerDepth::Mean;
                let mut own = mean.clone();
                own.solid_angle_per_subpixel = true;
                own.polarisation_per_subpixel = true;
                let mut other = scene.clone();
                let panel = &mut Arc::make_mut(&mut other.panels)[0];
                panel.curved_m = Some(panel.normal * panel.close_distance_m());
                // A detector whose other panels have sensors has layers, but not on this panel.
                panel.sensor = None;
                other.solid_angle_per_subpixel = true;
                other.polarisation_per_subpixel = true;
                other.scattering_vector_limit = 1.4e9;
                other.b_factor = 4e-19;
                other.interpolate = true;
                let mut symmetric = scene.clone();
                let along_c = DMat3::from_diagonal(DVec3::new(-1.0, -1.0, 1.0));
                let cycle = DMat3::from_cols(DVec3::Y, -DVec3::X - DVec3::Y, DVec3::Z);
                symmetric.symmetric_shape = [DMat3::IDENTITY, along_c, cycle].into();
                symmetric.interpolate = true;
                let mut diffuse = scene.clone();
                diffuse.diffuse = Some(Arc::new(halos(&experiment)));
                scenes.extend([scene, other, mean, own, symmetric, diffuse]);
            }
        }
        scenes
    }

    /// A material whose F changes over a block.
    fn material(f: f64) -> Amorphous {
        let piece = |start: f64, slope| ProfilePiece {
            start,
            coefficients: [f, slope, -1.0, 0.5],
        };
        Amorphous {
            weight: 1e4,
            pieces: vec![piece(0.0, 1.0), piece(0.11, -9.0), piece(0.13, 20.0)],
        }
    }

    /// Halos of different widths along the crystal's axes, of two-fold symmetry.
    fn halos(experiment: &Experiment) -> Diffuse {
        let crystal = experiment.crystal();
        let described = experiment::Diffuse {
            sigma_m: [3e-11, 4e-11, 5e-11],
            gamma_m: [3e-9, 4e-9, 7e-9],
            laue: LaueGroup::named("2/m", &crystal.cell).unwrap(),
            stencil: 1,
        };
        let crystal = Crystal {
            diffuse: Some(described),
            ..crystal.clone()
        };
        Diffuse::new(&crystal).unwrap()
    }

    fn go_on() -> bool {
        false
    }

    #[test]
    fn a_block_holds_what_the_scalar_formulas_give() {
        let mut worst = 0f64;
        for (number, scene) in scenes().iter().enumerate() {
            let panel = &scene.panels[0];
            let prepared = &Prepared::new(scene);
            for slow in [3, 40] {
                let fused = photons_with::<true>(prepared, panel, [16, slow], &go_on).unwrap();
                let split = photons_with::<false>(prepared, panel, [16, slow], &go_on).unwrap();
                let expected: Vec<f64> = (16..16 + LANES)
                    .map(|fast| pixel::photons(scene, panel, [fast, slow]))
                    .collect();
                let scale = expected.iter().copied().fold(0.0, f64::max);
                for (lane, expected) in expected.into_iter().enumerate() {
                    for found in [fused.0[lane], split.0[lane]] {
                        let error = (found - expected).abs() / scale;
                        worst = worst.max(error);
                        assert!(error < 1e-13, "scene {number}, lane {lane}: {error:e}");
                    }
                }
            }
        }
        println!("worst error {worst:.1e} of the brightest pixel");
    }

    #[test]
    fn a_pixel_is_the_same_in_every_block_and_in_any_instructions() {
        for scene in scenes() {
            let panel = &scene.panels[0];
            let prepared = Prepared::new(&scene);
            let here = photons(&prepared, panel, [8, 20], &go_on).unwrap().0;
            let beside = photons(&prepared, panel, [11, 20], &go_on).unwrap().0;
            assert_eq!(here[3..], beside[..LANES - 3]);
            let fused = photons_with::<true>(&prepared, panel, [8, 20], &go_on)
                .unwrap()
                .0;
            let split = photons_with::<false>(&prepared, panel, [8, 20], &go_on)
                .unwrap()
                .0;
            assert!(here == fused || here == split);
        }
    }

    #[test]
    fn an_interrupted_block_is_none() {
        let scene = &scenes()[0];
        assert!(photons(&Prepared::new(scene), &scene.panels[0], [0, 0], &|| true).is_none());
    }
}
