//! Where compiled pipelines are kept.

use std::env::var_os;
use std::path::PathBuf;

use crate::gpu::GpuOptions;

/// The variable that names the folder, or says `off`.
const FOLDER: &str = "NANOBRAGG_CACHE";

/// How a GPU renders where no flag says otherwise: with the pipelines that the user's cache holds.
pub fn gpu_options() -> GpuOptions {
    GpuOptions {
        cache: folder(),
        ..GpuOptions::default()
    }
}

/// The folder of compiled pipelines: the one that the environment names, or the user's.
fn folder() -> Option<PathBuf> {
    match var_os(FOLDER) {
        Some(word) => Some(PathBuf::from(word)).filter(|path| {
            let word = path.as_os_str();
            !word.is_empty() && word != "off"
        }),
        None => users().map(|caches| caches.join("nanobragg")),
    }
}

/// The folder of this user's caches, by the customs of the system.
fn users() -> Option<PathBuf> {
    let named = |variable| var_os(variable).map(PathBuf::from);
    let absolute = |path: &PathBuf| path.is_absolute();
    let folder = if cfg!(windows) {
        named("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        named("HOME").map(|home| home.join("Library/Caches"))
    } else {
        let home = || named("HOME").map(|home| home.join(".cache"));
        named("XDG_CACHE_HOME").filter(absolute).or_else(home)
    };
    folder.filter(absolute)
}
