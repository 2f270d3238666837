//! The reference images, held against a renderer.

use nanobragg::image::Comparison;
use nanobragg::render::Renderer;

use super::{Case, experiment, reference};

/// Flags of cases that the C program renders with flags of another name: what the case is about.
const ADDED: [(&str, &str); 2] = [
    (
        "background_slab",
        "--background liquid.stol,thickness=0.05,density=1.1,mw=18",
    ),
    (
        "background_ends",
        "--background short.stol,thickness=0.05,density=1.1,mw=18",
    ),
];

/// The command line of a case.
pub fn line(case: &Case) -> String {
    let added = ADDED.iter().find(|(name, _)| *name == case.name);
    format!("{} {}", case.args, added.map_or("", |(_, flags)| flags))
}

/// A pixel may be off by this many gates of the image's maximum.
const WORST_PIXEL_GATES: f64 = 10.0;

/// Renders every one of `cases` and asserts that it is within its gate, naming each with its figures.
pub fn assert_cases(renderer: &Renderer, cases: &[Case], gate: impl Fn(&Case) -> f64) {
    let mut missed = Vec::new();
    for case in cases {
        let image = renderer.render(&experiment(&line(case))).unwrap().image;
        assert_eq!(
            [image.width(), image.height()],
            [case.fast, case.slow],
            "{}",
            case.name
        );
        let verdict = judge(case, gate(case), image.values());
        println!("{verdict}");
        if verdict.ends_with("MISSED") {
            missed.push(verdict);
        }
    }
    assert!(missed.is_empty(), "\n{}", missed.join("\n"));
}

/// The case's name and figures, and whether they are within its gates.
fn judge(case: &Case, gate: f64, values: &[f32]) -> String {
    let reference = reference(case);
    let compared = Comparison::of(values, &reference).unwrap();
    let worst = compared.worst / compared.reference_max;
    let passed = match case.gate_pixels {
        // A spot's sharp edge may fall either way: this part of the pixels is left aside.
        Some(gate_pixels) => {
            let allowed = (gate_pixels * values.len() as f64) as usize;
            let mut errors: Vec<f64> = values
                .iter()
                .zip(&reference)
                .map(|(a, b)| f64::from(a - b).abs())
                .collect();
            errors.sort_by(f64::total_cmp);
            errors.truncate(values.len() - allowed);
            let rms = |squares: f64| (squares / values.len() as f64).sqrt();
            let error = rms(errors.iter().map(|e| e * e).sum());
            let scale = rms(reference.iter().map(|&b| f64::from(b).powi(2)).sum());
            compared.differing <= gate_pixels && error <= gate * scale
        }
        None => compared.nrmse <= gate && worst <= WORST_PIXEL_GATES * gate,
    };
    let verdict = if passed { "ok" } else { "MISSED" };
    format!(
        "{:33} nrmse {:8.1e}, worst pixel {worst:8.1e} of the maximum, gate {:7.0e}: {verdict}",
        case.name, compared.nrmse, gate
    )
}
