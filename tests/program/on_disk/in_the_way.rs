//! What keeps a file from its place is found before the render.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

/// Runs `line` behind `shell`, and expects it to be refused before the hours of a render, with
/// `said`.
fn refused(folder: &Path, shell: &str, line: &str, said: &[&str]) {
    let before = names(folder);
    let child = command(folder, shell, line).spawn().unwrap();
    let (code, told) = ended(child, Duration::from_secs(30));
    assert_eq!(code, 1, "{line}: {told}");
    for piece in said {
        assert!(told.contains(piece), "{line}: {told}");
    }
    assert_eq!(names(folder), before, "{line}");
}

#[test]
fn links_that_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("precious");
    symlink(&target, here.join("link.bin")).unwrap();
    symlink("link.bin", here.join("chain.bin")).unwrap();
    symlink("loop2.bin", here.join("loop1.bin")).unwrap();
    symlink("loop1.bin", here.join("loop2.bin")).unwrap();
    symlink(&target, here.join("a_0003.cbf")).unwrap();
    symlink(&target, here.join("m_data_000001.h5")).unwrap();
    let precious = target.display().to_string();
    for (line, said) in [
        (
            format!("{LONG} -floatfile link.bin"),
            ["link.bin", &*precious],
        ),
        (
            format!("{LONG} -floatfile chain.bin"),
            ["chain.bin", &*precious],
        ),
        (
            format!("{LONG} -floatfile loop1.bin"),
            ["loop1.bin", "circle of links"],
        ),
        (
            format!("{LONG} -floatfile f.bin --write-config link.bin"),
            ["link.bin", &*precious],
        ),
        (
            format!("series --frames 9 -osc 1 {LONG} --out a_####.cbf"),
            ["a_0003.cbf", &*precious],
        ),
        (
            format!("{LONG} --out m_master.h5"),
            ["m_data_000001.h5", &*precious],
        ),
    ] {
        refused(here, "", &line, &said);
    }
    // In a moment, too.
    fs::write(here.join("in.bin"), [0; 400]).unwrap();
    for line in [
        "convert in.bin link.bin --size 10 10",
        "noise in.bin link.bin --size 10 10",
    ] {
        refused(here, "", line, &["link.bin", &precious]);
    }
    assert!(!target.exists());
    // A link to a file that is there is followed, as it always was.
    fs::write(&target, "old").unwrap();
    let (code, said) = run(here, &format!("{SHORT} -floatfile chain.bin"));
    assert_eq!(code, 0, "{said}");
    assert!(fs::read(&target).unwrap().len() == 64 * 64 * 4);
    assert!(here.join("chain.bin").is_symlink());
}

#[test]
fn names_that_are_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let name = |length: usize, end: &str| "x".repeat(length - end.len()) + end;
    for (line, bytes) in [
        (
            format!("{LONG} -floatfile {}", name(256, ".bin")),
            "256 bytes",
        ),
        // The name with the number of the last frame is longer than that of the first.
        (
            format!(
                "series --frames 20 -osc 1 {LONG} --out {}",
                name(255, "#.cbf")
            ),
            "256 bytes",
        ),
        (
            format!(
                "{LONG} -floatfile f.bin --write-config {}",
                name(256, ".toml")
            ),
            "256 bytes",
        ),
    ] {
        refused(here, "", &line, &["its name has", bytes]);
    }
    // The data files have longer names than their master.
    let master = format!("{LONG} --out {}", name(251, "_master.h5"));
    refused(here, "", &master, &["_data_000001.h5", "its name has 256"]);
    // A name that is as long as can be has room for a temporary file beside it.
    for line in [
        format!("-floatfile {}", name(255, ".bin")),
        format!("--out {}", name(255, ".cbf")),
    ] {
        let (code, said) = run(here, &format!("{SHORT} {line}"));
        assert_eq!(code, 0, "{said}");
    }
}

#[test]
fn folders_and_files_that_cannot_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for name in ["a_0002.cbf", "m_data_000002.h5"] {
        fs::create_dir(here.join(name)).unwrap();
    }
    let series = format!("series --frames 4 -osc 1 {LONG}");
    refused(
        here,
        "",
        &format!("{series} --out a_####.cbf"),
        &["a_0002.cbf", "a directory"],
    );
    let data = format!("{series} --frames-per-file 2 --out m_master.h5");
    refused(here, "", &data, &["m_data_000002.h5", "a directory"]);
    refused(
        here,
        "",
        &format!("{LONG} -floatfile new/"),
        &["new/", "it names no file"],
    );
    fs::write(here.join("f.bin"), "old").unwrap();
    let line = format!("{LONG} -floatfile f.bin");
    // Root may mount in a name space of its own, and so may others in one where they are root.
    let mount = "mount --bind /etc/hostname f.bin &&";
    let shell = format!("unshare -rm bash -c '{mount} exec \"$0\" \"$@\"' ");
    let own_space = command(here, "", "").get_program().to_owned();
    let mut bash = Command::new(own_space);
    let program = assert_cmd::cargo::cargo_bin("nanobragg");
    let child = bash
        .args(["-c", &format!("{shell} \"$0\" {line}")])
        .arg(program)
        .current_dir(here)
        .env("NANOBRAGG_DEVICE", "cpu")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (code, said) = ended(child, Duration::from_secs(30));
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("cannot write f.bin") && said.contains("is mounted"),
        "{said}"
    );
    let attribute = |flag: &str, name: &str| {
        let done = Command::new("chattr")
            .args([flag, name])
            .current_dir(here)
            .output();
        let done = done.unwrap_or_else(|error| panic!("chattr: {error}; tests/run installs it"));
        done.status.success()
    };
    for flag in ["i", "a"] {
        if !attribute(&format!("+{flag}"), "f.bin") {
            // Only root sets these; nobody else comes across them unawares.
            assert!(
                !rustix::process::geteuid().is_root(),
                "chattr +{flag} fails"
            );
            continue;
        }
        refused(here, "", &line, &["cannot write f.bin", "immutable"]);
        assert!(attribute(&format!("-{flag}"), "f.bin"));
    }
    if attribute("+a", ".") {
        refused(
            here,
            "",
            &line,
            &["cannot write f.bin", "lets no file be replaced"],
        );
        assert!(attribute("-a", "."));
    }
    assert_eq!(fs::read_to_string(here.join("f.bin")).unwrap(), "old");
}

#[test]
fn files_of_others_in_sticky_folders() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    if !rustix::process::geteuid().is_root() {
        // /tmp is such a folder, and nothing in it is replaced that belongs to another user.
        eprintln!("not run: only root has files of two users");
        return;
    }
    /// A user without rights.
    const NOBODY: u32 = 65534;
    fs::set_permissions(here, fs::Permissions::from_mode(0o1777)).unwrap();
    let program = here.join("nanobragg");
    fs::copy(assert_cmd::cargo::cargo_bin("nanobragg"), &program).unwrap();
    let shared = here.join("f.bin");
    fs::write(&shared, "old").unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o666)).unwrap();
    let as_nobody = |line: &str| {
        let mut command = Command::new(&program);
        let words = line.split_whitespace();
        let command = command
            .args(words)
            .current_dir(here)
            .uid(NOBODY)
            .gid(NOBODY);
        command
            .env("NANOBRAGG_DEVICE", "cpu")
            .stderr(Stdio::piped());
        ended(command.spawn().unwrap(), Duration::from_secs(30))
    };
    let (code, said) = as_nobody(&format!("{LONG} -floatfile f.bin"));
    assert!(
        code == 1 && said.contains("f.bin") && said.contains("another user's"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&shared).unwrap(), "old");
    // Its own file is replaced there, and a new one made.
    for _ in 0..2 {
        let (code, said) = as_nobody(&format!("{SHORT} -floatfile own.bin"));
        assert_eq!(code, 0, "{said}");
    }
}
