//! A benchmark as the page that a person reads, `summary.md`.

use std::fmt::Write;

use super::benchmark::{Benchmark, Measurement, SizeResult, TimeRange, Times};
use super::environment::Environment;
use crate::memory::Bytes;

/// The page of `benchmark`, made on the machine of `environment` by `command`.
pub fn benchmark_page(benchmark: &Benchmark, environment: &Environment, command: &str) -> String {
    let mut page = format!(
        "# nanobragg benchmark, {}\n\n{}{}",
        benchmark.started,
        verdict(benchmark),
        machine(environment)
    );
    let flags = shell_words::join(&benchmark.flags);
    let iterations = benchmark.iterations;
    let rows: String = benchmark.sizes.iter().map(rows).collect();
    let _ = write!(
        page,
        "## Times\n\n\
         Flags: `{flags} -detpixels SIZE`. Each line is a process of its own: one cold render from \
         its start, then {iterations} warm; median (min – max) of these, in ms. Set-up is threads, \
         device, pipelines, scene and buffers; files is the float file.\n\n\
         | size | device | cold | warm | set-up | simulation | read-back | files | Mpixel/s | terms/s | peak memory |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n{rows}\n"
    );
    page + &agreements(benchmark) + &notices(benchmark) + &format!("## Again\n\n    {command}\n")
}

fn verdict(benchmark: &Benchmark) -> String {
    if let Some(failure) = &benchmark.failure {
        let failure = cell(failure);
        return format!("**FAIL**: {failure}. What was measured before that is below.\n\n");
    }
    let Some((size, worst)) = benchmark.worst_agreement() else {
        return "**No verdict**: one device and no reference program, so nothing to compare.\n\n"
            .into();
    };
    let word = match benchmark.passed() {
        Some(true) => "PASS",
        _ => "FAIL",
    };
    let (worst, threshold) = (cell(&worst.to_string()), benchmark.threshold);
    format!("**{word}**: at {size} × {size}, {worst}; {threshold} is asked for of all.\n\n")
}

fn machine(environment: &Environment) -> String {
    let mut lines = vec![
        format!(
            "nanobragg {}, commit {}, {}",
            environment.version, environment.commit, environment.compiler
        ),
        format!(
            "{}, {} threads, {}, {}",
            environment.processor,
            environment.logical_cores,
            Bytes(environment.memory_bytes),
            environment.operating_system
        ),
    ];
    lines.extend(environment.adapters.iter().map(|adapter| {
        let (name, backend, driver) = (&adapter.name, &adapter.backend, &adapter.driver);
        format!("{name} ({backend}, {driver})")
    }));
    // Two spaces at the end of a line break it.
    lines.join("  \n") + "\n\n"
}

/// The rows of a size: one for each device, and one for the reference program.
fn rows(result: &SizeResult) -> String {
    let size = result.size;
    let mut text: String = result
        .devices
        .iter()
        .map(|measured| row(size, measured))
        .collect();
    let reference = result.reference.as_ref();
    let times = reference.and_then(|reference| TimeRange::of(reference.wall_s.iter().copied()));
    if let (Some(reference), Some(times)) = (reference, times) {
        let program = cell(&reference.program);
        let rate = f64::from(size).powi(2) / times.median / 1e6;
        let times = milliseconds(times);
        let _ = writeln!(
            text,
            "| {size} | {program}, whole process | | {times} | | | | | {rate:.1} | | |"
        );
    }
    text
}

fn row(size: u32, measured: &Measurement) -> String {
    let parts: [fn(&Times) -> f64; 5] = [
        |times| times.wall_s,
        |times| times.setup_s,
        |times| times.simulation_s,
        |times| times.read_back_s,
        |times| times.files_s,
    ];
    let peak = measured.peak_memory_bytes;
    format!(
        "| {size} | {} | {:.1} | {} | {:.1} | {:.3e} | {} |\n",
        cell(&measured.device),
        measured.cold.wall_s * 1e3,
        parts
            .map(|part| milliseconds(measured.range(part)))
            .join(" | "),
        measured.pixels_per_second() / 1e6,
        measured.terms_per_second(),
        peak.map_or_else(|| "not known".into(), |bytes| Bytes(bytes).to_string()),
    )
}

/// `text` for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn milliseconds(TimeRange { median, min, max }: TimeRange) -> String {
    let [median, min, max] = [median, min, max].map(|seconds| seconds * 1e3);
    format!("{median:.3} ({min:.3} – {max:.3})")
}

fn agreements(benchmark: &Benchmark) -> String {
    if benchmark.passed().is_none() {
        return "## Agreement\n\nNothing to compare.\n\n".into();
    }
    let mut text = "## Agreement\n\n| size | image | against | correlation | nrmse | sums |\n\
                    |---|---|---|---|---|---|\n"
        .to_string();
    for result in &benchmark.sizes {
        for agreement in &result.agreements {
            let (image, reference) = (cell(&agreement.image), cell(&agreement.reference));
            let _ = writeln!(
                text,
                "| {} | {image} | {reference} | {:.9} | {:.2e} | {:.6} |",
                result.size, agreement.correlation, agreement.nrmse, agreement.sum_ratio
            );
        }
    }
    text + "\n"
}

fn notices(benchmark: &Benchmark) -> String {
    let measured = benchmark.sizes.iter().flat_map(|result| {
        let with_size = |measured| (result.size, measured);
        result.devices.iter().map(with_size)
    });
    let lines: String = measured
        .flat_map(|(size, measured): (_, &Measurement)| {
            let line = move |notice| format!("- {size} × {size}, {}: {notice}\n", measured.device);
            measured.notices.iter().map(line)
        })
        .collect();
    match lines.as_str() {
        "" => String::new(),
        lines => format!("## Notices\n\n{lines}\n"),
    }
}
