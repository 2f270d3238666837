//! Properties of the forward model that hold for any experiment.

use crate::support;
use glam::{DMat3, DVec3};
use nanobragg::experiment::{
    CentredSteps, Convention, Crystal, Description, Divergence, Experiment, PhiSampling, Placement,
    Reflection, Region, Sampling, Scan, Shape, Source, Sources, StructureFactors,
};
use nanobragg::geometry::{UnitCell, rotation_xyz};
use nanobragg::image::{Comparison, Image};
use nanobragg::render::{Device, RenderOptions, Renderer};
use proptest::prelude::*;

/// Float64 rounding, seen through float32 pixels.
const ROUNDING: f64 = 1e-7;
/// The frame's width and height; small, for many are rendered.
const PIXELS: [usize; 2] = [24, 18];

/// The CPU path on this many threads.
fn on_threads(threads: usize) -> RenderOptions {
    RenderOptions {
        device: Device::Cpu,
        threads,
        ..RenderOptions::default()
    }
}

fn render(description: Description) -> Image {
    let experiment = Experiment::new(description).unwrap();
    Renderer::new(&on_threads(1))
        .unwrap()
        .render(&experiment)
        .unwrap()
        .image
}

fn nrmse(image: &Image, reference: &Image) -> f64 {
    Comparison::of(image.values(), reference.values())
        .unwrap()
        .nrmse
}

/// Reflections with a different F for each, in the order of their indices.
fn reflections() -> Vec<Reflection> {
    let range = -12i32..=12;
    let indices = range.clone().flat_map(|h| {
        let range = range.clone();
        range
            .clone()
            .flat_map(move |k| range.clone().map(move |l| [h, k, l]))
    });
    let amplitude =
        |[h, k, l]: [i32; 3]| f64::from((h * 7919 + k * 104_729 + l * 1_299_709).rem_euclid(97));
    indices
        .map(|index| Reflection {
            index,
            amplitude: amplitude(index),
        })
        .collect()
}

prop_compose! {
    /// Experiments with a tilted detector, polarised, divergent and polychromatic beams, phi
    /// steps and a sensor; mosaic domains turn in the laboratory and are left out.
    fn descriptions()(
        convention in prop::sample::select(vec![
            Convention::Mosflm, Convention::Xds, Convention::Adxv, Convention::Denzo, Convention::Dials,
        ]),
        shape in prop::sample::select(vec![Shape::Square, Shape::Round, Shape::Gauss]),
        lengths in prop::array::uniform3(25.0..60.0f64),
        angles in prop::array::uniform3(75.0..105.0f64),
        misset in prop::array::uniform3(-3.0..3.0f64),
        tilt in prop::array::uniform3(-0.2..0.2f64),
        two_theta_rad in -0.3..0.3f64,
        cells in prop::array::uniform3(1u32..9),
        kahn in -1.0..1.0f64,
        phi in -1.0..1.0f64,
        own in prop::bool::ANY,
    ) -> Description {
        let lengths = lengths.map(|angstrom| angstrom * 1e-10);
        let cell = UnitCell::from_parameters(lengths, angles.map(f64::to_radians)).unwrap();
        let placement = Placement {
            convention,
            pixels: PIXELS,
            pixel_size_m: 2e-3,
            rotations_rad: tilt,
            two_theta_rad,
            ..Placement::default()
        };
        let frame = placement.axes();
        let steps = CentredSteps { range: 2e-3, step: 2e-3, count: 2 };
        let divergence = Divergence { horizontal: steps, vertical: CentredSteps::POINT, round: true };
        let beam = nanobragg::experiment::Beam {
            direction: frame.beam,
            polarisation_axis: frame.polarisation,
            kahn_factor: Some(kahn),
            sources: Sources::Grid { divergence, dispersion: CentredSteps { range: 0.01, step: 0.01, count: 2 } },
            ..Default::default()
        };
        Description {
            beam,
            crystal: Crystal { cells: cells.map(f64::from), shape, ..Crystal::new(cell.rotated(&rotation_xyz(misset))) },
            detector: placement.place().unwrap(),
            scan: Scan { spindle: frame.spindle, start_rad: phi, step_rad: 0.01, range_rad: 0.02, steps: 2, ..Scan::default() },
            sampling: Sampling {
                oversample: Some(2),
                solid_angle_per_subpixel: own,
                polarisation_per_subpixel: own,
                ..Sampling::default()
            },
            structure_factors: StructureFactors::from_reflections(&reflections(), 1.0, nanobragg::memory::Bytes(1 << 30)).unwrap(),
            background: Default::default(),
        }
    }
}

/// A list of sources in any directions near the beam, with any weights.
fn source_list() -> impl Strategy<Value = Vec<Source>> {
    let source = (
        prop::array::uniform3(-0.01..0.01f64),
        0.8..1.2f64,
        0.1..5.0f64,
    );
    prop::collection::vec(source, 2..6).prop_map(|sources| {
        let made = sources
            .into_iter()
            .map(|(offset, angstrom, weight)| Source {
                incident: (DVec3::X + DVec3::from_array(offset)).normalize(),
                wavelength_m: angstrom * 1e-10,
                weight,
            });
        made.collect()
    })
}

/// An experiment in MOSFLM's frame with these sources, each with its own polarisation: that of
/// the first one would depend on the order.
fn with_sources(sources: Vec<Source>) -> Description {
    let line = "-default_F 100 -cell 40 50 60 80 95 100 -N 4 -polar 0.7 -pixel 2 -oversample 2 \
                -oversample_polar -detpixels_f 24 -detpixels_s 18";
    let mut description = support::experiment(line).into_description();
    description.beam.sources = Sources::List(sources);
    description
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn turning_crystal_beam_and_detector_together_leaves_the_image(
        description in descriptions(),
        angles in prop::array::uniform3(-3.0..3.0f64),
    ) {
        let turn: DMat3 = rotation_xyz(angles);
        let mut turned = description.clone();
        turned.beam.direction = turn * turned.beam.direction;
        turned.beam.polarisation_axis = turn * turned.beam.polarisation_axis;
        turned.crystal.cell = turned.crystal.cell.rotated(&turn);
        turned.scan.spindle = turn * turned.scan.spindle;
        turned.detector = turned.detector.rotated(&turn);
        prop_assert!(nrmse(&render(turned), &render(description)) < ROUNDING);
    }

    #[test]
    fn middles_of_steps_are_starts_half_a_step_later(description in descriptions()) {
        let (mut middle, mut later) = (description.clone(), description.clone());
        middle.scan.sampling = PhiSampling::Middle;
        later.scan.start_rad += later.scan.step_rad / 2.0;
        let image = render(middle);
        prop_assert!(nrmse(&image, &render(later)) < ROUNDING);
        prop_assert!(nrmse(&image, &render(description)) > ROUNDING);
    }

    #[test]
    fn regions_that_tile_the_frame_add_up_to_it(
        description in descriptions(),
        fast in 1..PIXELS[0],
        slow in 1..PIXELS[1],
    ) {
        let whole = render(description.clone());
        let mut sum = vec![0f32; whole.values().len()];
        for fast in [[0, fast - 1], [fast, PIXELS[0] - 1]] {
            for slow in [[0, slow - 1], [slow, PIXELS[1] - 1]] {
                let mut part = description.clone();
                part.sampling.region = Some(Region { fast, slow });
                for (total, value) in sum.iter_mut().zip(render(part).values()) {
                    *total += value;
                }
            }
        }
        prop_assert_eq!(sum.as_slice(), whole.values());
    }

    #[test]
    fn doubling_the_fluence_doubles_the_image(description in descriptions()) {
        let mut doubled = description.clone();
        doubled.beam.fluence *= 2.0;
        let (once, twice) = (render(description), render(doubled));
        for (&once, &twice) in once.values().iter().zip(twice.values()) {
            // Exact, but where the spots' tails leave float32's normal range.
            prop_assert!((2.0 * once - twice).abs() <= 2.0 * f32::MIN_POSITIVE * f32::EPSILON);
        }
    }

    #[test]
    fn the_order_of_reflections_does_not_matter(
        description in descriptions(),
        shuffled in Just(reflections()).prop_shuffle(),
    ) {
        let mut reordered = description.clone();
        reordered.structure_factors = StructureFactors::from_reflections(&shuffled, 1.0, nanobragg::memory::Bytes(1 << 30)).unwrap();
        let (one, other) = (render(description), render(reordered));
        prop_assert_eq!(one.values(), other.values());
    }

    #[test]
    fn the_order_of_sources_and_the_scale_of_their_weights_do_not_matter(
        (sources, shuffled) in source_list()
            .prop_flat_map(|sources| (Just(sources.clone()), Just(sources).prop_shuffle())),
        factor in 1e-3..1e3f64,
    ) {
        let image = render(with_sources(sources.clone()));
        prop_assert!(nrmse(&render(with_sources(shuffled)), &image) < ROUNDING);
        let scaled = sources.into_iter().map(|source| Source { weight: factor * source.weight, ..source });
        prop_assert!(nrmse(&render(with_sources(scaled.collect())), &image) < ROUNDING);
    }

    #[test]
    fn an_image_does_not_depend_on_the_number_of_threads(description in descriptions()) {
        let experiment = Experiment::new(description).unwrap();
        let image = |threads| Renderer::new(&on_threads(threads)).unwrap().render(&experiment).unwrap().image;
        let (one, many) = (image(1), image(5));
        prop_assert_eq!(one.values(), many.values());
    }
}

#[test]
fn a_source_counted_twice_is_a_source_of_twice_the_weight() {
    let source = |weight, angstrom: f64| Source {
        incident: DVec3::X,
        wavelength_m: angstrom * 1e-10,
        weight,
    };
    let twice = vec![source(1.0, 1.0), source(1.0, 1.0), source(1.0, 1.1)];
    let weighted = vec![source(2.0, 1.0), source(1.0, 1.1)];
    assert!(
        nrmse(
            &render(with_sources(twice)),
            &render(with_sources(weighted))
        ) < ROUNDING
    );
}

#[test]
fn layers_and_domains_that_change_nothing_change_nothing() {
    let line = "-default_F 100 -cell 40 50 60 -N 4 -pixel 2 -detpixels 20 -oversample 2";
    let plain = render(support::experiment(line).into_description());
    let with =
        |more: &str| render(support::experiment(&format!("{line} {more}")).into_description());
    for more in [
        "-mosaic_domains 5",
        "-phisteps 4 -osc 0",
        "-detector_thick 300 -detector_abs inf",
    ] {
        assert!(nrmse(&with(more), &plain) < ROUNDING, "{more}");
    }
    // A sensor that is thin and stops all: only its parallax is gone.
    let stopped = with("-detector_thick 0.01 -detector_abs 0.0001 -detector_thicksteps 3");
    assert!(nrmse(&stopped, &plain) < 1e-6);
}
