//! Diffuse scattering, and shapes with the crystal's symmetry.

use crate::support::experiment;
use glam::{DMat3, DVec3};
use nanobragg::cli::{self, CliError};
use nanobragg::experiment::{
    self, Beam, Crystal, Description, Detector, Experiment, Placement, Shape, SpotMetric,
    StructureFactors,
};
use nanobragg::geometry::{LaueGroup, UnitCell, rotation_xyz};
use nanobragg::image::{Comparison, Image};
use nanobragg::physics::diffuse::Diffuse;
use nanobragg::physics::lattice_factor::{Lattice, SPOT_WIDTH, lattice_factor};
use nanobragg::physics::spot_reach::spot_reach;
use nanobragg::render::{Device, RenderOptions, Renderer};

fn gpu() -> Renderer {
    Renderer::new(&RenderOptions {
        device: Device::Gpu("gpu".into()),
        ..RenderOptions::default()
    })
    .unwrap()
}

fn nrmse(image: &Image, reference: &Image) -> f64 {
    Comparison::of(image.values(), reference.values())
        .unwrap()
        .nrmse
}

fn triclinic() -> UnitCell {
    let angles = [80.0f64, 95.0, 110.0].map(f64::to_radians);
    UnitCell::from_parameters([30e-10, 40e-10, 50e-10], angles).unwrap()
}

/// A crystal of this shape that scatters diffusely.
fn crystal(shape: Shape, metric: SpotMetric, cells: [f64; 3]) -> Crystal {
    Crystal {
        cells,
        shape,
        metric,
        diffuse: Some(experiment::Diffuse {
            sigma_m: [3e-11, 4e-11, 5e-11],
            gamma_m: [20e-10, 30e-10, 15e-10],
            laue: LaueGroup::triclinic(),
            stencil: 0,
        }),
        ..Crystal::new(triclinic())
    }
}

/// The halo of a reflection over all of reciprocal space, in units of indices. The radial integral is one
/// over r = s·tan t, with s the halo's own width along the direction: to 1e-9 with few points.
fn halo_integral(diffuse: &Diffuse, reflection: DVec3) -> f64 {
    const DIRECTIONS: u32 = 60;
    const RADII: u32 = 400;
    let to_axes = DMat3::from_diagonal(diffuse.gamma_m) * diffuse.to_own_axes;
    let from_axes = to_axes.inverse();
    let (mut sum, half_turn) = (0.0, std::f64::consts::PI);
    for i in 0..DIRECTIONS {
        // Midpoints in the cosine and in the azimuth: evenly spread over the sphere.
        let cosine = 2.0 * (f64::from(i) + 0.5) / f64::from(DIRECTIONS) - 1.0;
        for j in 0..DIRECTIONS {
            let azimuth = 2.0 * half_turn * (f64::from(j) + 0.5) / f64::from(DIRECTIONS);
            let sine = (1.0 - cosine * cosine).sqrt();
            let direction = DVec3::new(sine * azimuth.cos(), sine * azimuth.sin(), cosine);
            for k in 0..RADII {
                let t = half_turn / 2.0 * (f64::from(k) + 0.5) / f64::from(RADII);
                let radius = t.tan() / (2.0 * half_turn);
                let volume = radius * radius / (t.cos() * t.cos()) / (2.0 * half_turn);
                let hkl = reflection + from_axes * (direction * radius);
                sum += diffuse.intensity(hkl, reflection, |_| 1.0) * volume;
            }
        }
    }
    let steps = f64::from(DIRECTIONS * DIRECTIONS) / (4.0 * half_turn) * f64::from(RADII)
        / (half_turn / 2.0);
    sum / steps * from_axes.determinant().abs()
}

/// F_latt² over the reciprocal cell, in units of indices, by midpoints; of a top hat, over the box that
/// holds it.
fn bragg_integral(lattice: &Lattice) -> f64 {
    const POINTS: i32 = 120;
    let reach = match lattice.shape {
        Shape::TopHat => spot_reach(lattice, SPOT_WIDTH * SPOT_WIDTH).min(DVec3::splat(0.5)),
        _ => DVec3::splat(0.5),
    };
    let at = |i: i32| 2.0 * (f64::from(i) + 0.5) / f64::from(POINTS) - 1.0;
    let mut sum = 0.0;
    for h in 0..POINTS {
        for k in 0..POINTS {
            for l in 0..POINTS {
                let delta = reach * DVec3::new(at(h), at(k), at(l));
                sum += lattice_factor(lattice, delta).powi(2);
            }
        }
    }
    sum * 8.0 * reach.element_product() / f64::from(POINTS).powi(3)
}

#[test]
fn a_halo_holds_x_times_its_reflection_s_intensity() {
    use Shape::{Gauss, Round, Square, TopHat};
    use SpotMetric::{Index, Reciprocal};
    let reflection = DVec3::new(3.0, -2.0, 5.0);
    for (shape, metric, cells) in [
        (Square, Index, [6.0, 7.0, 5.0]),
        (Round, Index, [6.0, 7.0, 5.0]),
        (Gauss, Index, [6.0, 7.0, 5.0]),
        (Gauss, Reciprocal, [6.0, 7.0, 5.0]),
        (TopHat, Index, [3.0, 3.0, 3.0]),
        (TopHat, Reciprocal, [5.0, 6.0, 5.0]),
    ] {
        let crystal = crystal(shape, metric, cells);
        let diffuse = Diffuse::new(&crystal).unwrap();
        let x = diffuse.halo(reflection, reflection).x;
        let expected = x * bragg_integral(&Lattice::new(&crystal));
        let found = halo_integral(&diffuse, reflection);
        let error = (found / expected - 1.0).abs();
        println!("{shape:?} {metric:?}: {error:.1e}");
        assert!(error < 1e-3, "{shape:?} {metric:?}: {error:e}");
    }
}

/// Crystal, beam and detector turned together.
#[test]
fn the_image_does_not_depend_on_the_frame() {
    let crystal = crystal(Shape::Gauss, SpotMetric::Index, [6.0, 7.0, 5.0]);
    let description = |turn: DMat3| {
        let placement = Placement {
            pixels: [40, 30],
            pixel_size_m: 8e-4,
            ..Placement::default()
        };
        let mut panel = placement.place().unwrap().panels.remove(0);
        for vector in [
            &mut panel.origin_m,
            &mut panel.fast,
            &mut panel.slow,
            &mut panel.normal,
        ] {
            *vector = turn * *vector;
        }
        let beam = Beam::default();
        let direction = turn * beam.direction;
        let detector = Detector::of_panels(vec![panel], direction).unwrap();
        Description {
            beam: Beam {
                direction,
                polarisation_axis: turn * beam.polarisation_axis,
                kahn_factor: Some(0.7),
                ..beam
            },
            crystal: Crystal {
                cell: crystal.cell.rotated(&turn),
                ..crystal.clone()
            },
            detector,
            structure_factors: StructureFactors::constant(100.0),
            scan: Default::default(),
            sampling: Default::default(),
            background: Default::default(),
        }
    };
    let render = |turn| {
        let experiment = Experiment::new(description(turn)).unwrap();
        Renderer::cpu().unwrap().render(&experiment).unwrap().image
    };
    let as_it_is = render(DMat3::IDENTITY);
    let turned = render(rotation_xyz([0.4, -1.1, 2.5]));
    assert!(nrmse(&turned, &as_it_is) < 1e-7);
    // Displacements along laboratory axes would not turn with it.
    let mut moved = description(DMat3::IDENTITY);
    let diffuse = moved.crystal.diffuse.as_mut().unwrap();
    diffuse.sigma_m.rotate_left(1);
    let moved = Experiment::new(moved).unwrap();
    let moved = Renderer::cpu().unwrap().render(&moved).unwrap().image;
    assert!(nrmse(&moved, &as_it_is) > 1e-3);
}

/// Looking down the three-fold axis of a hexagonal cell: spots that are a third of a turn apart.
const TRIGONAL: &str = "-default_F 100 -cell 60 60 80 90 90 120 -N 7 -lambda 0.05 -distance 1000 \
                        -beam_vector 0 0 1 -fdet_vector 1 0 0 -sdet_vector 0 1 0 -nopolar \
                        -oversample 1 -pixel 0.02 -detpixels 120 -pix0_vector";

/// The spot of 1 0 0 or an equivalent reflection, in pixels along the axes of the spot turned back.
fn spot(renderer: &Renderer, shape: &str, turn_deg: f64) -> Image {
    // The pixels turn with the spot about the beam.
    let (sine, cosine) = turn_deg.to_radians().sin_cos();
    let radius = 0.05e-10 / (60e-10 * 60f64.to_radians().sin());
    let half = 60.0 * 0.02e-3;
    let corner = [radius - half, -half];
    let x = cosine * corner[0] - sine * corner[1];
    let y = sine * corner[0] + cosine * corner[1];
    let line = TRIGONAL.replace(
        "1 0 0 -sdet_vector 0 1 0",
        &format!(
            "{cosine:.17} {sine:.17} 0 -sdet_vector {:.17} {cosine:.17} 0",
            -sine
        ),
    );
    let experiment = experiment(&format!("{line} {x:.17} {y:.17} 1 {shape}"));
    renderer.render(&experiment).unwrap().image
}

#[test]
fn spots_of_a_trigonal_crystal_have_its_symmetry_where_asked_for() {
    for renderer in [Renderer::cpu().unwrap(), gpu()] {
        for shape in ["-square_xtal", "-gauss_xtal --gauss-metric hkl -Nc 12"] {
            let first = |flags: &str| spot(&renderer, &format!("{shape} {flags}"), 0.0);
            let turned = |flags: &str| spot(&renderer, &format!("{shape} {flags}"), 120.0);
            let symmetric = "--symmetric-shape -3m1";
            let apart = nrmse(&turned(symmetric), &first(symmetric));
            assert!(apart < 2e-5, "{shape}: {apart:e}");
            let apart = nrmse(&turned(""), &first(""));
            assert!(apart > 0.05, "{shape}: {apart:e}");
        }
    }
}

#[test]
fn both_paths_average_a_shape_over_the_same_group() {
    let cpu = Renderer::cpu().unwrap();
    let gpu = gpu();
    for flags in [
        "-square_xtal",
        "-round_xtal -Nc 9",
        "-gauss_xtal -Nc 9",
        "-gauss_xtal --gauss-metric hkl -Nc 20 -mosaic 0.5 -mosaic_domains 20",
        "-interpolate",
    ] {
        let line = format!(
            "-hkl lysozyme_1aki_p1.hkl -cell 60 60 30 90 90 120 -misset 31 -18 73 -lambda 1 \
             -distance 90 -pixel 0.35 -detpixels 60 -oversample 1 -N 6 {flags} \
             --symmetric-shape 6/mmm --diffuse-sigma 0.3 0.4 0.5 --diffuse-gamma 20 40 70 \
             --diffuse-laue -3m --diffuse-stencil 1"
        );
        let experiment = experiment(&line);
        let [one, other] = [&cpu, &gpu].map(|own| own.render(&experiment).unwrap().image);
        let apart = nrmse(&other, &one);
        println!("{flags}: {apart:.1e}");
        assert!(apart < 1e-5, "{flags}: {apart:e}");
    }
}

fn refusal(flags: &str) -> String {
    let line = format!("-default_F 1 -cell 60 61 80 -N 5 -detpixels 8 {flags}");
    match cli::experiment(&crate::support::words(&line)) {
        Err(CliError::Usage(line)) => line,
        other => panic!("{flags}: {other:?}"),
    }
}

#[test]
fn what_makes_no_sense_is_refused_in_one_line() {
    for (flags, words) in [
        (
            "--diffuse-sigma 0.4",
            &["--diffuse-sigma", "--diffuse-gamma", "Å"][..],
        ),
        (
            "--diffuse-gamma 40",
            &["--diffuse-gamma", "--diffuse-sigma"],
        ),
        (
            "--diffuse-stencil 1",
            &["--diffuse-stencil", "--diffuse-sigma"],
        ),
        (
            "--diffuse-sigma 0.4 0.3 --diffuse-gamma 40",
            &["--diffuse-sigma", "2 values", "three"],
        ),
        (
            "--diffuse-sigma -0.4 --diffuse-gamma 40",
            &["--diffuse-sigma -0.4", "from 0 to 100 Å"],
        ),
        (
            "--diffuse-sigma 0.4 --diffuse-gamma 0",
            &["--diffuse-gamma 0", "from 0.01 to 1e7 Å"],
        ),
        (
            "--diffuse-sigma 400 --diffuse-gamma 40",
            &["--diffuse-sigma 400", "from 0 to 100 Å"],
        ),
        (
            "--diffuse-sigma 0.4 --diffuse-gamma 40 --diffuse-stencil 11",
            &["0 to 10"],
        ),
        (
            "--diffuse-sigma 0.4 --diffuse-gamma 40 --diffuse-laue 4/m",
            &["--diffuse-laue", "4/m", "60.000 61.000 80.000", "-1"],
        ),
        (
            "--diffuse-sigma 0.4 --diffuse-gamma 40 --diffuse-laue 3m",
            &["--diffuse-laue 3m", "-3m1"],
        ),
        (
            "--symmetric-shape -3",
            &["--symmetric-shape", "-3", "60.000 61.000 80.000"],
        ),
        (
            "--symmetric-shape",
            &["--symmetric-shape", "no file", "mmm"],
        ),
    ] {
        let line = refusal(flags);
        for word in words {
            assert!(line.contains(word), "{flags}: {line}");
        }
        assert!(!line.contains('\n'), "{line}");
    }
}

#[test]
fn the_group_is_that_of_the_file_or_told() {
    let diffuse = "--diffuse-sigma 0.4 --diffuse-gamma 40";
    let of = |line: &str| {
        let own = experiment(&format!("{line} -N 5 -detpixels 8 {diffuse}"));
        own.crystal().diffuse.clone().unwrap().laue
    };
    assert_eq!(of("-hkl lysozyme_1aki.mtz").name(), "mmm");
    assert_eq!(of("--pdb 1aki.pdb --dmin-f 8").name(), "mmm");
    assert_eq!(
        of("-hkl lysozyme_1aki.mtz --diffuse-laue 2/m").name(),
        "2/m"
    );
    assert_eq!(of("-default_F 1 -cell 60").name(), "-1");
    let shape = experiment("-hkl lysozyme_1aki.mtz -N 5 -detpixels 8 --symmetric-shape");
    assert_eq!(
        shape.crystal().symmetric_shape.as_ref().unwrap().name(),
        "mmm"
    );
    let said = said(&format!(
        "-hkl lysozyme_1aki_p1.hkl -cell 59 68 30 -N 5 -detpixels 8 {diffuse}"
    ));
    assert!(
        said.contains("note: --diffuse-laue: no file says"),
        "{said}"
    );
    // A cell that is nearly what the group asks for is taken, and told.
    let said = self::said(&format!(
        "-default_F 1 -cell 60 60.2 80 -N 5 -detpixels 8 {diffuse} --diffuse-laue 4/m"
    ));
    assert!(said.contains("the symmetry 4/m but for 0.3"), "{said}");
}

/// What a dry run of `line` tells.
fn said(line: &str) -> String {
    let line = format!("{line} --dry-run");
    let done = crate::support::program()
        .args(crate::support::words(&line))
        .assert()
        .success();
    String::from_utf8_lossy(&done.get_output().stderr).into_owned()
}

#[test]
fn where_the_model_ends_is_told() {
    // The corners are at 3.29 Å: x is 1 there where σ is 0.53 Å.
    let crystal = "-default_F 1 -cell 60 60 80 -lambda 1 -distance 100 -pixel 0.5 -detpixels 88";
    let told = |flags: &str| said(&format!("{crystal} {flags} --diffuse-gamma 40"));
    assert_eq!(told("-N 5 --diffuse-sigma 0.5"), "");
    for flags in ["-N 5 --diffuse-sigma 0.56", "-N 5 --diffuse-sigma 0 0.56 0"] {
        let told = told(flags);
        assert!(
            told.starts_with(
                "nanobragg: note: --diffuse-sigma: at 3.29 Å, the highest resolution, x is up to 1.1"
            ),
            "{told}"
        );
    }
    // Where the crystal does not scatter, no halo is too strong.
    assert_eq!(told("-N 5 --diffuse-sigma 0.56 -dmin 4"), "");
    // Spots that are wider than their reciprocal cells.
    let told = told("-N 1.2 -tophat_spots --diffuse-sigma 0.5");
    assert!(
        told.contains("lies beyond their reciprocal cells"),
        "{told}"
    );
}
