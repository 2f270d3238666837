//! Two runs on the same files, and the permissions that a file passes on.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;

#[test]
fn a_second_run_on_the_same_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut first = command(here, "", &format!("{LONG} -floatfile f.bin --png p.png"))
        .spawn()
        .unwrap();
    wait_until("its places", || names(here).len() == 2);
    // The order does not matter, nor whether only one of them is the same.
    for files in [
        "-floatfile f.bin --png p.png",
        "--png p.png -floatfile g.bin",
    ] {
        let (code, said) = run(here, &format!("{SHORT} {files}"));
        let id = format!("process {}", first.id());
        assert!(
            code == 1 && said.contains("another run") && said.contains(&id),
            "{said}"
        );
        assert_eq!(names(here).len(), 2);
    }
    // A dry run only looks.
    let (code, said) = run(here, &format!("{SHORT} -floatfile f.bin --dry-run"));
    assert_eq!((code, names(here).len()), (0, 2), "{said}");
    for line in ["convert in.npy p.png", "noise in.npy f.bin"] {
        fs::write(here.join("in.npy"), nanobragg::formats::npy::MAGIC).unwrap();
        let (code, said) = run(here, line);
        assert!(code == 1 && !said.is_empty(), "{said}");
    }
    fs::remove_file(here.join("in.npy")).unwrap();
    let (code, said) = run(here, &format!("{SHORT} -floatfile other.bin"));
    assert_eq!(code, 0, "{said}");
    first.kill().unwrap();
    first.wait().unwrap();
    let (code, said) = run(here, &format!("{SHORT} -floatfile f.bin --png p.png"));
    assert_eq!(code, 0, "{said}");
    assert_eq!(names(here), ["f.bin", "other.bin", "p.png"]);
}

#[test]
fn a_second_series_on_the_same_numbers_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line =
        format!("series --frames 100000 -osc 1 {SHORT} --out a_######.cbf --out a_######.png");
    let first = command(here, "", &line).spawn().unwrap();
    wait_until("a frame", || here.join("a_000002.png").exists());
    let (code, said) = run(
        here,
        &format!("series --frames 3 -osc 2 {SHORT} --out a_######.png"),
    );
    assert!(
        code == 1 && said.contains("a_######.png: another run"),
        "{said}"
    );
    send(&first, Signal::SIGTERM);
    let (code, _) = ended(first, Duration::from_secs(10));
    assert_eq!(code, 130);
}

#[test]
fn permissions_of_a_file_that_is_replaced_stay() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let files = ["f.bin", "p.png", "o.h5", "e.toml"];
    for mode in [0o600, 0o640, 0o666] {
        for name in files {
            fs::write(here.join(name), "old").unwrap();
            fs::set_permissions(here.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        let line = "-floatfile f.bin --png p.png --out o.h5 --write-config e.toml";
        let (code, said) = run(here, &format!("{SHORT} {line}"));
        assert_eq!(code, 0, "{said}");
        for name in files {
            let found = fs::metadata(here.join(name)).unwrap();
            assert!(found.len() > 3);
            assert_eq!(found.mode() & 0o777, mode, "{name}");
        }
    }
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(here.join("f.bin"), Some(65534), Some(65534)).unwrap();
        assert_eq!(run(here, &format!("{SHORT} -floatfile f.bin")).0, 0);
        let found = fs::metadata(here.join("f.bin")).unwrap();
        assert_eq!([found.uid(), found.gid()], [65534; 2]);
    }
}
