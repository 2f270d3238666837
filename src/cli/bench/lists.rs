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
    for case in cases {
        let Case { setting, words } = case;
        let name = setting.name();
        let threads = setting.threads;
        let threads = threads.map_or_else(String::new, |count| format!(" --threads {count}"));
        for device in case.devices(devices) {
            let words = shell_words::join(words);
            let file = format!("{name}_{device}.bin");
            text.push_str(&format!(
                "nanobragg {words} --device {device}{threads} -floatfile {file}\n"
            ));
        }
        if let Some(reference) = reference.as_ref().filter(|_| case.others_take_part()) {
            text.push_str(&reference.command_for(words, &format!("{name}_reference.bin")));
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
