//! Sums of samples converge to the closed form as sums of samples do (PHYSICS §16); the plot of it,
//! for more samples, is drawn by `docs/convergence.py`.

use nanobragg::image::Comparison;
use nanobragg::render::Renderer;

use crate::support::experiment;

/// The surroundings of the spot 16 18 −3 of lysozyme's cell, at 2.56 Å.
const SPOT: &str = "-default_F 100 -cell 59.062 68.451 30.517 -misset 71 2 44 -N 100 -gauss_xtal \
    --gauss-metric hkl -lambda 1 -distance 1000 -pixel 0.05 -detpixels 30 -Xbeam -347.55 \
    -Ybeam 224.83 -oversample 1";

fn rendered(flags: &str) -> Vec<f32> {
    let experiment = experiment(&format!("{SPOT} {flags}"));
    let image = Renderer::cpu().unwrap().render(&experiment).unwrap().image;
    image.values().to_vec()
}

/// The rms of the difference over the rms of what is expected.
fn nrmse(found: &[f32], expected: &[f32]) -> f64 {
    Comparison::of(found, expected).unwrap().nrmse
}

/// By which power of the counts the errors fall, fitted to all of them.
fn slope(points: &[(u32, f64)]) -> f64 {
    let logarithms = || {
        points
            .iter()
            .map(|(count, error)| (f64::from(*count).ln(), error.ln()))
    };
    let n = points.len() as f64;
    let (x, y) = logarithms().fold((0.0, 0.0), |(x, y), point| {
        (x + point.0 / n, y + point.1 / n)
    });
    let above: f64 = logarithms()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    above / logarithms().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

#[test]
fn the_error_falls_with_the_root_of_the_domains() {
    const SEEDS: u32 = 8;
    let expected = rendered("-mosaic 0.02 --analytic");
    let points = [100, 400, 1600, 6400].map(|domains| {
        let squares = (1..=SEEDS).map(|seed| {
            let drawn = format!("-mosaic_domains {domains} -mosaic_seed {seed}");
            let found = rendered(&format!("-mosaic 0.02 --mosaic-model normal {drawn}"));
            nrmse(&found, &expected).powi(2)
        });
        (domains, (squares.sum::<f64>() / f64::from(SEEDS)).sqrt())
    });
    println!("{points:?}, slope {}", slope(&points));
    assert!((slope(&points) + 0.5).abs() < 0.1, "{points:?}");
    // As normal deviates scatter: a distribution of another width stops converging far above.
    assert!(points[3].1 < 0.03, "{points:?}");
}

#[test]
fn the_error_falls_with_the_square_of_the_steps() {
    let expected = rendered("-phi -0.05 -osc 0.1 -phisteps 256 --analytic");
    let points = [16, 32, 64, 128].map(|steps| {
        let found = rendered(&format!(
            "-phi -0.05 -osc 0.1 -phisteps {steps} --phi-sampling middle"
        ));
        (steps, nrmse(&found, &expected))
    });
    println!("{points:?}, slope {}", slope(&points));
    assert!((slope(&points) + 2.0).abs() < 0.05, "{points:?}");
    assert!(points[3].1 < 1e-4, "{points:?}");
}
