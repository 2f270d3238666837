//! Files that an experiment file has the program write. The file may be another person's: it writes
//! into its own folder, unless the user confirms more.

use std::path::Path;

use crate::cli::profile::HOT_SPOTS;
use crate::document::{Document, KEYS, Key, Kind, Value, key, leads_out_of};
use crate::formats::{FormatError, Problem};

/// Refuses files to write outside of the folder of the experiment `file`, of which `said` counts;
/// its keys stand on `lines`.
///
/// # Errors
/// [`FormatError`] with the line, the key and the path.
pub fn check(
    file: &Path,
    said: &Document,
    lines: &[(&'static Key, usize)],
) -> Result<(), FormatError> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let is_written =
        |key: &&Key| matches!(key.kind, Kind::Path) && ["output", "run"].contains(&key.section);
    for own in KEYS.iter().copied().filter(is_written) {
        let paths = match own.get(said) {
            None => continue,
            Some(Value::List(paths)) => paths,
            Some(path) => vec![path],
        };
        for path in &paths {
            let Value::Text(path) = path else { continue };
            let beside = Path::new(path).with_file_name(HOT_SPOTS);
            let leads_out = leads_out_of(folder, path.as_ref())
                || (*own == key::run::profile && leads_out_of(folder, &beside));
            if leads_out {
                let what = format!(
                    "{own} = {path}: an experiment file names files to write in its own folder and \
                     below, and this one is outside or reached through a link; confirm it with \
                     --outputs-anywhere, or name the files on the command line"
                );
                let line = lines.iter().find(|(key, _)| **key == *own);
                return Err(FormatError::content(
                    file,
                    Problem {
                        line: line.map(|(_, line)| *line),
                        ..Problem::with_file(what)
                    },
                ));
            }
        }
    }
    Ok(())
}
