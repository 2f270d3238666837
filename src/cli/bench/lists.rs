//! The lists that a benchmark leaves: its commands, and how images correlate.

use super::Case;
use crate::report::{Agreement, Benchmark};

/// The commands that were run, and those that render the same images once.
pub fn commands(command: &str, cases: &[Case], benchmark: &Benchmark) -> String {
    let mut text = format!("# this benchmark\n{command}\n\n# its images, one by one\n");
    let mut number = 1;
    for (case, result) in cases.iter().zip(benchmark.cases()) {
        let words = shell_words::join(&case.words);
        let threads = case.setting.threads;
        let threads = threads.map_or_else(String::new, |count| format!(" --threads {count}"));
        for measured in &result.devices {
            let device = shell_words::quote(&measured.device);
            let line =
                format!("nanobragg {words} --device {device}{threads} -floatfile {number}.bin\n");
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
    let mut text = String::from("# case correlation nrmse image against\n");
    for result in benchmark.cases() {
        for pair in &result.agreements {
            let Agreement {
                image,
                reference,
                correlation,
                nrmse,
            } = pair;
            let (image, reference) = (shell_words::quote(image), shell_words::quote(reference));
            let case = result.setting.name();
            text.push_str(&format!(
                "{case} {correlation:.12} {nrmse:.3e} {image} {reference}\n"
            ));
        }
    }
    text
}
