//! Spots in closed form against the sums of samples that they take the place of (PHYSICS §16). The
//! tables of `docs/closed_form.md` are what these tests print.

use glam::{DMat3, DVec3};
use nanobragg::cpu::pixel;
use nanobragg::experiment::{
    Description, Experiment, MosaicModel, Mosaicity, PhiSampling, Source, Sources,
};
use nanobragg::image::Comparison;
use nanobragg::render::Renderer;
use nanobragg::scene::Scene;

use crate::support::experiment;

/// Lysozyme's cell at `resolution` Å, spots of `cells` unit cells.
fn line(cells: u32, resolution: f64) -> String {
    let two_theta = 2.0 * (0.5 / resolution).asin();
    let away = 100.0 * two_theta.tan();
    format!(
        "-cell 59.06 68.45 30.52 -misset 71 2 44 -lambda 1 -distance 100 -pixel 0.1 -detpixels 240 \
         -mosflm -Xbeam {} -Ybeam {} -oversample 1 -default_F 100 -gauss_xtal \
         --gauss-metric hkl -N {cells}",
        12.0 - 0.8 * away,
        12.0 - 0.6 * away
    )
}

/// `line` with a crystal none of whose axes is near the spindle.
fn in_general(line: &str) -> String {
    line.replace("-misset 71 2 44", "-misset 10 20 30")
}

fn described(line: &str) -> Description {
    experiment(line).into_description()
}

fn rendered(description: Description) -> Vec<f32> {
    let experiment = Experiment::new(description).unwrap();
    let image = Renderer::cpu().unwrap().render(&experiment).unwrap().image;
    image.values().to_vec()
}

/// The rms of the difference over the rms of what is expected.
fn nrmse(found: &[f32], expected: &[f32]) -> f64 {
    Comparison::of(found, expected).unwrap().nrmse
}

/// The normal deviate below which the part `part` of all lies.
fn quantile(part: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        let below = 0.5 * libm::erfc(-middle / 2f64.sqrt());
        (low, high) = if below < part {
            (middle, high)
        } else {
            (low, middle)
        };
    }
    (low + high) / 2.0
}

/// Normal deviates that fill space evenly (Hammersley's points): an average over as many of them is
/// far nearer to the integral than over random ones.
fn deviates(count: u32) -> Vec<DVec3> {
    let half = count / 2;
    let mirrored = |mut place: u32, base: u32| {
        let (mut part, mut scale) = (0.0, 1.0);
        while place > 0 {
            scale /= f64::from(base);
            part += scale * f64::from(place % base);
            place /= base;
        }
        part
    };
    let deviates = (0..half).flat_map(|i| {
        let first = (f64::from(i) + 0.5) / f64::from(half);
        let place = [first, mirrored(i + 1, 2), mirrored(i + 1, 3)];
        let deviate = DVec3::from_array(place.map(quantile));
        [deviate, -deviate]
    });
    deviates.collect()
}

/// `description` with domains turned by `sigmas_rad` about each axis.
fn with_domains(mut description: Description, sigmas_rad: DVec3, count: u32) -> Description {
    let cell = &description.crystal.cell;
    let a = cell.real().x_axis.normalize();
    let c_star = cell.reciprocal().z_axis.normalize();
    let frame = DMat3::from_cols(a, c_star.cross(a), c_star);
    let turns = deviates(count).into_iter().map(|deviate| {
        DMat3::from_quat(glam::DQuat::from_scaled_axis(
            frame * (deviate * sigmas_rad),
        ))
    });
    description.crystal.mosaicity = Mosaicity {
        model: MosaicModel::Listed(turns.collect()),
        ..Mosaicity::default()
    };
    description
}

/// `description` with sources at ±5 standard deviations of what `of_deviate` makes of them.
fn with_sources(
    mut description: Description,
    of_deviate: impl Fn(f64) -> (DVec3, f64),
) -> Description {
    const EITHER_SIDE: i32 = 200;
    let sources = (-EITHER_SIDE..=EITHER_SIDE).map(|place| {
        let deviate = 5.0 * f64::from(place) / f64::from(EITHER_SIDE);
        let (incident, wavelength_m) = of_deviate(deviate);
        Source {
            incident,
            wavelength_m,
            weight: (-0.5 * deviate * deviate).exp(),
        }
    });
    description.beam.sources = Sources::List(sources.collect());
    description
}

/// One spread at a time: its error against samples, at 4 and at 2 Å, printed and asserted.
#[test]
fn each_spread_is_within_its_error_of_samples() {
    // Degrees, percent or mrad; the largest errors at 4 and at 2 Å.
    let table = [
        ("--mosaic-sigmas", 0.05, [4.0e-04, 7.0e-04]),
        ("--mosaic-sigmas", 0.1, [1.3e-03, 2.4e-03]),
        ("--mosaic-sigmas", 0.2, [4.0e-03, 1.0e-02]),
        ("--mosaic-sigmas", 0.5, [2.6e-02, 1.5e-01]),
        ("--bandwidth", 0.1, [4.0e-04, 7.0e-04]),
        ("--bandwidth", 0.2, [1.2e-03, 2.0e-03]),
        ("--bandwidth", 0.5, [6.0e-03, 6.0e-03]),
        ("--bandwidth", 1.0, [1.2e-02, 5.0e-02]),
        ("--divergence-sigma", 0.5, [6.0e-04, 1.0e-03]),
        ("--divergence-sigma", 1.0, [1.4e-03, 2.2e-03]),
        ("--divergence-sigma", 2.0, [4.5e-03, 5.0e-03]),
    ];
    for (flag, sigma, most) in table {
        let mut told = format!("{flag} {sigma}:");
        for (resolution, most) in [4.0, 2.0].into_iter().zip(most) {
            let line = line(20, resolution);
            let values = match flag {
                "--mosaic-sigmas" => format!("{sigma} {sigma} {sigma}"),
                "--bandwidth" => format!("{sigma}"),
                _ => format!("{sigma} 0"),
            };
            let closed = rendered(described(&format!("{line} --analytic {flag} {values}")));
            let bare = described(&line);
            let (incident, wavelength_m) = (bare.beam.direction, bare.beam.wavelength_m);
            let field = bare.beam.polarisation_axis;
            let samples = match flag {
                "--mosaic-sigmas" => {
                    with_domains(bare, DVec3::splat(f64::to_radians(sigma)), 16_384)
                }
                "--bandwidth" => with_sources(bare, |deviate| {
                    (incident, wavelength_m * (1.0 + deviate * sigma * 1e-2))
                }),
                _ => with_sources(bare, |deviate| {
                    (
                        (incident + field * (deviate * sigma * 1e-3)).normalize(),
                        wavelength_m,
                    )
                }),
            };
            let error = nrmse(&closed, &rendered(samples));
            told += &format!(" {error:.1e} at {resolution} Å");
            assert!(error < most, "{told}, more than {most:e}");
        }
        println!("{told}");
    }
}

/// The number of segments that is chosen keeps the error against fine steps below 1e-3 and loses no
/// reflection, at the highest index of the detector.
#[test]
fn segments_are_narrow_enough_that_nothing_is_lost() {
    for (cells, resolution, osc) in [
        (4, 1.6, 3.0),
        (12, 1.6, 1.0),
        (30, 2.0, 0.5),
        (100, 3.0, 0.25),
    ] {
        let line = in_general(&format!("{} -phi 10 -osc {osc}", line(cells, resolution)));
        let fine = {
            let mut fine = described(&line);
            fine.scan.steps = 1500;
            fine.scan.step_rad = fine.scan.range_rad / 1500.0;
            fine.scan.sampling = PhiSampling::Middle;
            rendered(fine)
        };
        let analytic =
            |segments: u32| described(&format!("{line} --analytic -phisteps {segments}"));
        let chosen = described(&format!("{line} --analytic")).scan.steps;
        let sum = |image: &[f32]| image.iter().map(|&value| f64::from(value)).sum::<f64>();
        let of_sum = |image: &[f32]| sum(image) / sum(&fine) - 1.0;
        let mut told = format!("N {cells}, {resolution} Å, {osc}°, {chosen} segments:");
        // Fewer segments are worse: there is no need to choose more.
        let mut better = 0.0;
        for (part, most) in [(1.0, 1e-3), (0.5, f64::INFINITY), (0.25, f64::INFINITY)] {
            let segments = (f64::from(chosen) * part).ceil() as u32;
            let image = rendered(analytic(segments));
            let (error, lost) = (nrmse(&image, &fine), of_sum(&image));
            told += &format!(" {segments}: {error:.1e}, sum {lost:+.1e};");
            assert!(error < most && lost.abs() < most, "{told}");
            assert!(error > 2.0 * better, "{told}");
            better = error;
        }
        println!("{told}");
    }
}

/// A segment so wide that reflections pass through it without being nearest at its middle loses
/// them: what the choice of segments is there for.
#[test]
fn a_segment_that_is_too_wide_loses_reflections() {
    let line = in_general(&format!("{} -phi 10 -osc 6 --analytic", line(12, 1.6)));
    let sum = |line: &str| {
        let image = rendered(described(line));
        image.iter().map(|&value| f64::from(value)).sum::<f64>()
    };
    let lost = 1.0 - sum(&format!("{line} -phisteps 1")) / sum(&line);
    assert!(lost > 0.5, "{lost}");
}

/// The area of a pixel as a variance, against 8 × 8 sub-pixels, by the width of the spots.
#[test]
fn the_average_over_a_pixel_s_area_is_near_that_of_sub_pixels() {
    // Full width of the spots in pixels, and the largest error.
    for (width, most) in [(0.5, 5e-2), (1.0, 4e-3), (2.0, 6e-4), (5.0, 2e-4)] {
        // A spot's standard deviation in index units is that of 1/(2.52·N).
        let fwhm_mm: f64 = 100.0 * 2.355 / (2.52 * 20.0 * 59.06);
        let pixel = fwhm_mm / width;
        let pixels = (12.0 / pixel).min(400.0) as u32;
        let line = line(20, 4.0).replace(
            "-pixel 0.1 -detpixels 240",
            &format!("-pixel {pixel} -detpixels {pixels}"),
        );
        let line = format!("{line} --analytic -mosaic 0.3");
        let averaged = rendered(described(&format!("{line} --pixel-average")));
        let middles = rendered(described(&line));
        let divided = rendered(described(&line.replace("-oversample 1", "-oversample 8")));
        let (error, without) = (nrmse(&averaged, &divided), nrmse(&middles, &divided));
        println!("{width} pixels: {error:.1e}, without {without:.1e}");
        assert!(error < most && error < without);
    }
}

/// Blocks of pixels and the scalar reference: sensors, sub-pixels, several sources, panels that
/// are tilted, all spreads.
#[test]
fn blocks_agree_with_the_scalar_reference() {
    let spreads = "--mosaic-sigmas 0.1 0.2 0.3 --bandwidth 0.3 --divergence-sigma 0.5 0.3 -osc 0.5";
    for (flags, cells) in [
        ("-phisteps 2", 12),
        ("-oversample 3 --pixel-average", 12),
        ("-oversample 3 -mosaic 0 -phisteps 3", 100),
        (
            "-oversample 2 -detector_thick 300 -detector_abs 200 -detector_rotx 20 -oversample_omega",
            60,
        ),
        (
            "-dispersion 1 -dispsteps 3 -oversample_polar -oversample 2 -polar 0.9",
            30,
        ),
        ("-oversample 4 -curved_det", 200),
        ("-dmin 2.05", 12),
        (
            "-oversample 3 -mosaic 0 -phisteps 2 --diffuse-sigma 0.3 --diffuse-gamma 20",
            100,
        ),
    ] {
        let spreads = match flags.contains("-mosaic 0") {
            true => "-osc 1",
            false => spreads,
        };
        let line = format!("{} {spreads} --analytic {flags}", line(cells, 2.0));
        let experiment = experiment(&line);
        let scene = Scene::new(&experiment).unwrap();
        let image = Renderer::cpu().unwrap().render(&experiment).unwrap().image;
        let most = image
            .values()
            .iter()
            .fold(0f32, |most, &value| most.max(value));
        assert!(most > 0.0, "{flags}: nothing scatters");
        let mut seen = 0;
        for (place, &found) in image.values().iter().enumerate().step_by(7) {
            let expected = pixel::photons(&scene, &scene.panels[0], [place % 240, place / 240]);
            let error = (f64::from(found) - expected).abs();
            assert!(
                error < 1e-7 * f64::from(most),
                "{flags} {place}: {found}, {expected}"
            );
            seen += usize::from(expected > 1e-3 * f64::from(most));
        }
        assert!(seen > 5, "{flags}: {seen} pixels with spots");
    }
}
