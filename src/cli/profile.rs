//! `--profile FILE`: the trace of a render, and where its time went.

use std::path::{Path, PathBuf};

use super::CliError;
use crate::formats::write_whole;
use crate::profile;
use crate::report::{HotSpots, WrittenFile, chrome_trace};

/// The table of a profile lies under this name in the trace's folder.
pub const HOT_SPOTS: &str = "hot_spots.csv";

/// The table beside the trace `trace`; none where that is a device or a pipe.
pub fn table(trace: &Path) -> Option<PathBuf> {
    let is_file = trace.metadata().map_or(true, |found| found.is_file());
    is_file.then(|| trace.with_file_name(HOT_SPOTS))
}

/// Writes what was recorded of work on `device`, adds the files to those `written`, and gives the
/// table.
///
/// # Errors
/// [`CliError::Failed`] when a file cannot be written.
pub fn write(
    trace: &Path,
    device: &str,
    written: &mut Vec<WrittenFile>,
) -> Result<HotSpots, CliError> {
    let recorded = profile::take();
    let spots = HotSpots::of(&recorded);
    let name = format!("nanobragg on {device}");
    let table = table(trace);
    write_whole(trace, chrome_trace(&[(name, recorded)]).as_bytes())?;
    if let Some(table) = &table {
        let csv = format!("{}\n{}", HotSpots::CSV_HEADINGS, spots.csv_rows(&[]));
        write_whole(table, csv.as_bytes())?;
    }
    let files = std::iter::once(trace).chain(table.as_deref());
    written.extend(files.map(|path| WrittenFile {
        flag: "--profile",
        path: path.display().to_string(),
        scale: None,
        overloads: 0,
        clipped_below: 0,
    }));
    Ok(spots)
}
