//! `--profile FILE`: the timeline of a render, and where its time went.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use super::CliError;
use crate::formats::write_whole;
use crate::report::{HotSpots, Recorder, Timeline, WrittenFile, chrome_json};

/// Name of the table of hot spots, which lies in the folder of the timeline.
pub const HOT_SPOTS: &str = "hot_spots.csv";

static RECORDER: OnceLock<Recorder> = OnceLock::new();

/// Starts recording in this process.
pub fn start() {
    RECORDER.get_or_init(|| {
        let recorder = Recorder::default();
        let subscriber = Registry::default().with(recorder.clone());
        // A program around this one that has a subscriber of its own gets the spans instead.
        let _ = tracing::subscriber::set_global_default(subscriber);
        recorder
    });
}

/// What has ended since recording started, or since this was last called.
pub fn take() -> Timeline {
    RECORDER.get().map(Recorder::take).unwrap_or_default()
}

/// The table beside the file `timeline`; none where that is a device or a pipe.
pub fn table(timeline: &Path) -> Option<PathBuf> {
    let is_file = timeline.metadata().map_or(true, |found| found.is_file());
    is_file.then(|| timeline.with_file_name(HOT_SPOTS))
}

/// Writes what was recorded of work on `device` to the file `path` and its table, adds both files
/// to those `written`, and gives the hot spots.
///
/// # Errors
/// [`CliError::Failed`] when a file cannot be written.
pub fn write(
    path: &Path,
    device: &str,
    written: &mut Vec<WrittenFile>,
) -> Result<HotSpots, CliError> {
    let timeline = take();
    let spots = HotSpots::of(&timeline);
    let name = format!("nanobragg on {device}");
    let table = table(path);
    write_whole(path, chrome_json(&[(name, timeline)]).as_bytes())?;
    if let Some(table) = &table {
        let csv = format!("{}\n{}", HotSpots::CSV_HEADINGS, spots.csv_rows(&[]));
        write_whole(table, csv.as_bytes())?;
    }
    let files = std::iter::once(path).chain(table.as_deref());
    written.extend(files.map(|path| WrittenFile {
        flag: "--profile",
        path: path.display().to_string(),
        scale: None,
        overloads: 0,
        clipped_below: 0,
    }));
    Ok(spots)
}
