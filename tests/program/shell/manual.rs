//! The manual pages, read by what checks such pages.

use std::fs;
use std::process::Command;

use super::{commands, output, printed};

#[test]
fn manual_pages_are_sound_and_complete() {
    let folder = tempfile::tempdir().unwrap();
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    let pages = std::iter::once(vec!["man"]).chain(commands.iter().map(|name| vec!["man", name]));
    for words in pages {
        let page = printed(&words);
        assert!(page.is_ascii(), "{words:?}");
        let file = folder.path().join("page.1");
        fs::write(&file, page).unwrap();
        for checker in [
            &["groff", "-man", "-ww", "-Tutf8", "-z"] as &[&str],
            &["mandoc", "-T", "lint", "-W", "warning"],
        ] {
            let done = Command::new(checker[0])
                .args(&checker[1..])
                .arg(&file)
                .output()
                .unwrap_or_else(|error| panic!("{}: {error}; tests/run installs it", checker[0]));
            let said = [done.stdout, done.stderr].concat();
            assert_eq!(
                String::from_utf8_lossy(&said),
                "",
                "{checker:?} of {words:?}"
            );
        }
    }
    fs::write(folder.path().join("page.1"), printed(&["man"])).unwrap();
    let mut reader = Command::new("mandoc");
    reader
        .args(["-T", "utf8", "-O", "width=300"])
        .arg(folder.path().join("page.1"));
    // Bold is a letter struck twice.
    let mut shown = String::new();
    for character in output(&mut reader).chars() {
        match character {
            '\u{8}' => drop(shown.pop()),
            other => shown.push(other),
        }
    }
    for (flag, _) in flags_of_help(&printed(&["-h"])) {
        let lines = shown.lines();
        let found = lines.map(str::trim_start).any(|line| {
            line.strip_prefix(&flag)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ',']))
        });
        assert!(found, "{flag} is not in the manual page");
    }
    for part in [
        "NANOBRAGG_DEVICE",
        "NANOBRAGG_CACHE",
        "NO_COLOR",
        "EXIT STATUS",
        "floatimage.bin",
        "nanobragg-noise(1)",
        "Å",
        "[alias: -matrix]",
    ] {
        assert!(shown.contains(part), "{part} is not in the manual page");
    }
}

/// The flags that a help text lists, with its lines.
fn flags_of_help(help: &str) -> Vec<(String, String)> {
    let lines = help.lines().filter(|line| line.starts_with(' '));
    lines
        .filter_map(|line| {
            let flag = line.trim_start().split([' ', ',']).next()?;
            let listed = flag.starts_with('-') && line.len() - line.trim_start().len() < 8;
            listed.then(|| (flag.to_string(), line.to_string()))
        })
        .collect()
}
