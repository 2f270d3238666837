//! Leaves in the program which commit and compiler it was built from, for `env.json` and its like.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rustc-env=NANOBRAGG_COMMIT={}", commit());
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = output(&compiler, &["--version"]).unwrap_or_else(|| "unknown".into());
    println!("cargo:rustc-env=NANOBRAGG_COMPILER={version}");
    for path in ["src", "shaders", "build.rs", "Cargo.toml", "Cargo.lock"] {
        println!("cargo:rerun-if-changed={path}");
    }
    if let Some(log) =
        git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| Path::new(log).exists())
    {
        println!("cargo:rerun-if-changed={log}");
    }
}

/// The commit of this folder's own repository, `-dirty` behind it where files differ from it;
/// `unknown` in a folder without one, as a crate from a registry is.
fn commit() -> String {
    let own = git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix.is_empty());
    let described = git(&[
        "describe",
        "--always",
        "--dirty",
        "--abbrev=12",
        "--exclude=*",
    ]);
    described
        .filter(|_| own)
        .unwrap_or_else(|| "unknown".into())
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
