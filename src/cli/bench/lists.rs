//! The lists that a benchmark leaves: its commands, and how images correlate.

use super::super::reference::Reference;
use super::Case;
use crate::report::{Agreement, Benchmark};

/// The command of the benchmark, and those that render its images one by one.
pub fn commands(
    command: &str,
    cases: &[Case],
    devices: &[String],
    reference: Option<Reference>,
) -> String {
    let mut text = format!("# this benchmark\n{command}\n\n# its images, one by one\n");
    for Case { size, words } in cases {
        for device in devices {
            let words = shell_words::join(words);
            let file = format!("{size}_{device}.bin");
            text.push_str(&format!(
                "nanobragg {words} --device {device} -floatfile {file}\n"
            ));
        }
        if let Some(reference) = &reference {
            text.push_str(&reference.command_for(words, &format!("{size}_reference.bin")));
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
