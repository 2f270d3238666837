//! `nanobragg figure`: a benchmark's times as a picture.

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;

use super::CliError;
use super::output::say;
use crate::formats::{check_writable, json, write_whole};
use crate::report::{Benchmark, scaling_figure};

/// Draw times against pixels, mosaic domains and threads, whichever were varied
#[derive(Parser)]
#[command(
    name = "nanobragg figure",
    bin_name = "nanobragg figure",
    after_help = "A panel for each thing that was varied, 600 pixels wide: lines for every device and \
                  the reference program, medians with bars from the fastest to the slowest warm render. \
                  nanobragg bench --sizes 256,512,1024 --domains 1,10,100 --threads 1,2 varies all three.",
    term_width = 100
)]
pub struct FigureFlags {
    /// The benchmark_results.json of nanobragg bench
    #[arg(value_name = "RESULTS.json")]
    results: PathBuf,
    /// The PNG file to write
    #[arg(value_name = "OUT.png")]
    out: PathBuf,
}

/// What a file is expected to be.
const EXPECTED: &str = "the benchmark_results.json of nanobragg bench";

/// Draws.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] when the results cannot be read, hold
/// nothing to draw, or the picture cannot be written.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let flags: FigureFlags = super::arguments::parse_own("nanobragg figure", words)?;
    let shown = flags.results.display();
    let same = |path: &PathBuf| std::fs::canonicalize(path).ok();
    if same(&flags.out).is_some_and(|out| same(&flags.results) == Some(out)) {
        return Err(CliError::usage(format!(
            "nanobragg figure: {shown} is named twice, to read and to write; name another file for \
             the picture"
        )));
    }
    check_writable(&flags.out)?;
    let benchmark: Benchmark = json::read(
        &flags.results,
        Benchmark::SCHEMA,
        EXPECTED,
        crate::cli::limit::file_limit(),
    )?;
    let figure = scaling_figure(&benchmark).with_context(|| {
        format!(
            "{shown}: there is nothing to draw in it; expected two sizes, numbers of domains or \
             numbers of threads, as from nanobragg bench --sizes 256,512,1024"
        )
    })?;
    let file = figure
        .to_png()
        .map_err(|problem| anyhow::anyhow!("{shown}: {}", problem.what))?;
    write_whole(&flags.out, &file)?;
    say(format_args!(
        "nanobragg figure: wrote {}",
        flags.out.display()
    ));
    Ok(())
}
