//! A benchmark as the page that a person reads, `summary.md`.

use std::fmt::Write;

use super::benchmark::{Benchmark, Measurement, SizeResult, Spread, Times};
use super::environment::Environment;
use crate::memory::Bytes;

/// The page of `benchmark`, run on the machine of `environment` by `command`.
pub fn benchmark_page(benchmark: &Benchmark, environment: &Environment, command: &str) -> String {
    let mut page = format!("# nanobragg benchmark, {}\n\n", benchmark.started);
    page.push_str(&verdict(benchmark));
    page.push_str(&machine(environment));
    let flags = shell_words::join(&benchmark.flags);
    let iterations = benchmark.iterations;
    let _ = write!(
        page,
        "## Times\n\nOf `{flags} -detpixels SIZE`. Each line is a process of its own: one cold render \
         from its start, then {iterations} warm; median (min – max) of these, in ms. Set-up is \
         threads, device, pipelines, scene and buffers; files is the float file.\n\n",
    );
    page.push_str(
        "| size | device | cold | warm | set-up | simulation | read-back | files | Mpixel/s | terms/s | peak memory |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for result in &benchmark.sizes {
        for measured in &result.devices {
            page.push_str(&row(result.size, measured));
        }
        page.push_str(&reference_row(result));
    }
    page.push_str(&agreements(benchmark));
    page.push_str(&notices(benchmark));
    let _ = write!(page, "## Again\n\n    {command}\n");
    page
}

fn verdict(benchmark: &Benchmark) -> String {
    let threshold = benchmark.threshold;
    if let Some(failure) = &benchmark.failure {
        return format!(
            "**FAIL**: {}. What was measured before that is below.\n\n",
            cell(failure)
        );
    }
    match benchmark.worst_agreement() {
        None => {
            "**No verdict**: one device and no reference program, so nothing to compare.\n\n".into()
        }
        Some((size, worst)) => {
            let word = if benchmark.passed() == Some(true) {
                "PASS"
            } else {
                "FAIL"
            };
            let worst = cell(&worst.in_words());
            format!("**{word}**: at {size} × {size}, {worst}; {threshold} is asked for of all.\n\n")
        }
    }
}

fn machine(environment: &Environment) -> String {
    let Environment {
        version,
        commit,
        compiler,
        processor,
        logical_cores,
        ..
    } = environment;
    let memory = Bytes(environment.memory_bytes);
    let system = &environment.operating_system;
    let mut text = format!(
        "nanobragg {version}, commit {commit}, {compiler}\n{processor}, {logical_cores} threads, \
         {memory}, {system}\n"
    );
    for adapter in &environment.adapters {
        let _ = writeln!(
            text,
            "{} ({}, {})",
            adapter.name, adapter.backend, adapter.driver
        );
    }
    // Two spaces at the end of a line break it.
    text.trim_end().replace('\n', "  \n") + "\n\n"
}

fn row(size: usize, measured: &Measurement) -> String {
    let times = |part: fn(&Times) -> f64| spread(measured.spread(part));
    let peak = measured.peak_memory_bytes;
    format!(
        "| {size} | {} | {:.1} | {} | {} | {} | {} | {} | {:.1} | {:.3e} | {} |\n",
        cell(&measured.device),
        measured.cold.wall_s * 1e3,
        times(|times| times.wall_s),
        times(|times| times.setup_s),
        times(|times| times.simulation_s),
        times(|times| times.read_back_s),
        times(|times| times.files_s),
        measured.pixels_per_second() / 1e6,
        measured.terms_per_second(),
        peak.map_or_else(|| "not known".into(), |bytes| Bytes(bytes).to_string()),
    )
}

fn reference_row(result: &SizeResult) -> String {
    let Some(reference) = &result.reference else {
        return String::new();
    };
    let Some(times) = Spread::of(reference.wall_s.iter().copied()) else {
        return String::new();
    };
    let (size, program) = (result.size, cell(&reference.program));
    let pixels = (size * size) as f64 / times.median / 1e6;
    format!(
        "| {size} | {program}, whole process | | {} | | | | | {pixels:.1} | | |\n",
        spread(times)
    )
}

/// `text` for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Milliseconds.
fn spread(of: Spread) -> String {
    let Spread { median, min, max } = of;
    let [median, min, max] = [median, min, max].map(|seconds| seconds * 1e3);
    format!("{median:.3} ({min:.3} – {max:.3})")
}

fn agreements(benchmark: &Benchmark) -> String {
    let mut text = String::from("\n## Agreement\n\n");
    if benchmark.passed().is_none() {
        text.push_str("Nothing to compare.\n\n");
        return text;
    }
    text.push_str("| size | image | against | correlation | nrmse |\n|---|---|---|---|---|\n");
    for result in &benchmark.sizes {
        for agreement in &result.agreements {
            let size = result.size;
            let (image, reference) = (cell(&agreement.image), cell(&agreement.reference));
            let (correlation, nrmse) = (agreement.correlation, agreement.nrmse);
            let _ = writeln!(
                text,
                "| {size} | {image} | {reference} | {correlation:.9} | {nrmse:.2e} |"
            );
        }
    }
    text + "\n"
}

fn notices(benchmark: &Benchmark) -> String {
    let mut text = String::new();
    for result in &benchmark.sizes {
        for measured in &result.devices {
            for notice in &measured.notices {
                let (size, device) = (result.size, &measured.device);
                let _ = writeln!(text, "- {size}, {device}: {notice}");
            }
        }
    }
    if text.is_empty() {
        text
    } else {
        format!("## Notices\n\n{text}\n")
    }
}
