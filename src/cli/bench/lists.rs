//! The lists that a benchmark leaves: its commands, and how images correlate.

use super::Case;
use crate::report::{Agreement, Benchmark};

/// The commands that were run, and those that render the same images once.
pub fn commands(command: &str, cases: &[Case], benchmark: &Benchmark) -> String {
    let mut text = format!("# this benchmark\n{command}\n\n# its images, one by one\n");
    let mut number = 1;
    for (case, result) in cases.iter().zip(&benchmark.sizes) {
        let words = shell_words::join(&case.words);
        for measured in &result.devices {
            let device = shell_words::quote(&measured.device);
            let line = format!("nanobragg {words} --device {device} -floatfile {number}.bin\n");
            text.push_str(&line);
            number += 1;
        }
        if let Some(reference) = &result.reference {
            text.push_str(&format!(
                "{} {words}\n",
                shell_words::quote(&reference.program)
            ));
        }
    }
    text
}

/// `correlation.txt`: a line a pair of images.
pub fn correlations(benchmark: &Benchmark) -> String {
    let mut text = String::from("# size correlation nrmse image against\n");
    for result in &benchmark.sizes {
        for pair in &result.agreements {
            let Agreement {
                image,
                reference,
                correlation,
                nrmse,
            } = pair;
            let (image, reference) = (shell_words::quote(image), shell_words::quote(reference));
            let size = result.size;
            text.push_str(&format!(
                "{size} {correlation:.12} {nrmse:.3e} {image} {reference}\n"
            ));
        }
    }
    text
}
