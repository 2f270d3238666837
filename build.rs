//! Leaves in the program which commit and compiler it was built from, for `--version`, `env.json` and
//! its like.

use std::path::Path;
use std::process::Command;

/// What `cargo package` leaves in a crate of the repository it was made in.
const PACKAGED: &str = ".cargo_vcs_info.json";

fn main() {
    let built_from = repository().or_else(packaged);
    let (commit, day) = built_from.unwrap_or_else(|| ("unknown".into(), String::new()));
    let number = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let version = match commit.as_str() {
        "unknown" => number,
        _ => format!("{number} ({})", format!("{commit} {day}").trim()),
    };
    println!("cargo:rustc-env=NANOBRAGG_VERSION={version}");
    println!("cargo:rustc-env=NANOBRAGG_COMMIT={commit}");
    println!("cargo:rustc-env=NANOBRAGG_DAY={day}");
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let compiler = output(&compiler, &["--version"]).unwrap_or_else(|| "unknown".into());
    println!("cargo:rustc-env=NANOBRAGG_COMPILER={compiler}");
    for path in ["src", "shaders", "build.rs", "Cargo.toml", "Cargo.lock"] {
        println!("cargo:rerun-if-changed={path}");
    }
    // A path that is not there would have this run every time.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"]);
    if let Some(log) = log.filter(|log| Path::new(log).exists()) {
        println!("cargo:rerun-if-changed={log}");
    }
}

/// The commit of this folder's own repository, `-dirty` behind it where files differ from it, and
/// its day; `None` in a folder without one.
fn repository() -> Option<(String, String)> {
    let own = git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix.is_empty());
    let describe = [
        "describe",
        "--always",
        "--dirty",
        "--abbrev=12",
        "--exclude=*",
    ];
    let commit = git(&describe).filter(|_| own)?;
    let day = git(&["log", "-1", "--format=%cs"]).unwrap_or_default();
    Some((commit, day))
}

/// The commit that this folder was packaged from.
fn packaged() -> Option<(String, String)> {
    const DIGITS: usize = 12;
    let info = std::fs::read_to_string(PACKAGED).ok()?;
    let (_, behind) = info.split_once("\"sha1\"")?;
    let commit = behind.split('"').nth(1)?.get(..DIGITS)?;
    Some((commit.to_string(), String::new()))
}

fn git(words: &[&str]) -> Option<String> {
    output("git", words)
}

/// What a command prints, if it succeeds.
fn output(program: &str, words: &[&str]) -> Option<String> {
    let done = Command::new(program).args(words).output().ok()?;
    let text = String::from_utf8(done.stdout).ok()?;
    done.status.success().then(|| text.trim().to_string())
}
