//! Damage that readers see, and files that are on the disk before they have their names.

use super::*;

/// Runs `info` and `convert` on `name`, and expects an error that names it with all of `said`.
fn damaged(folder: &Path, name: &str, said: &[&str]) {
    for line in [format!("info {name}"), format!("convert {name} out.npy")] {
        let (code, told) = run(folder, &line);
        assert_eq!(code, 1, "{line}");
        for piece in [name].iter().chain(said) {
            assert!(told.contains(piece), "{line}: {told}");
        }
    }
}

#[test]
fn every_format_with_a_sum_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = format!("{SHORT} -floatfile f.bin --out o.cbf --png p.png --out o.npy");
    assert_eq!(run(here, &line).0, 0);
    let flip = |name: &str, place: &dyn Fn(&[u8]) -> usize| {
        let mut bytes = fs::read(here.join(name)).unwrap();
        let at = place(&bytes);
        bytes[at] ^= 1;
        fs::write(here.join(name), bytes).unwrap();
    };
    let behind = |bytes: &[u8], mark: &[u8]| {
        let at = bytes.windows(mark.len()).position(|window| window == mark);
        at.unwrap() + mark.len()
    };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let cbf = text(fs::read(here.join("o.cbf")).unwrap());
    let stated = cbf.split("Content-MD5: ").nth(1).unwrap()[..24].to_string();
    // One photon more in a pixel: as many numbers, of the same size.
    flip("o.cbf", &|bytes| {
        behind(bytes, &[0x0c, 0x1a, 0x04, 0xd5]) + 100
    });
    damaged(here, "o.cbf", &["MD5", &stated]);
    flip("p.png", &|bytes| behind(bytes, b"IDAT") + 40);
    damaged(here, "p.png", &[]);
    let packed = Command::new("gzip").arg("o.npy").current_dir(here).status();
    assert!(packed.unwrap().success());
    flip("o.npy.gz", &|bytes| bytes.len() - 6);
    damaged(here, "o.npy.gz", &[]);
}

#[test]
fn content_is_on_the_disk_before_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = format!("{SHORT} -floatfile f.bin --out o.h5");
    let shell = "exec strace -f -y -o ../trace -e trace=/sync,/rename \"$0\"";
    let outer = here.join("inner");
    fs::create_dir(&outer).unwrap();
    let mut traced = Command::new("bash");
    let done = traced
        .args(["-c", &format!("{shell} {line}")])
        .arg(assert_cmd::cargo::cargo_bin("nanobragg"))
        .current_dir(&outer)
        .env("NANOBRAGG_DEVICE", "cpu")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}; tests/run installs strace");
    let trace = fs::read_to_string(here.join("trace")).unwrap();
    let calls: Vec<&str> = trace.lines().collect();
    let renames: Vec<usize> = (0..calls.len())
        .filter(|&at| calls[at].contains("rename"))
        .collect();
    assert_eq!(renames.len(), 2, "{trace}");
    for &at in &renames {
        let place = calls[at]
            .split('"')
            .nth(1)
            .unwrap()
            .trim_start_matches("./");
        let synced = calls[..at]
            .iter()
            .any(|call| call.contains("fsync") && call.contains(place));
        assert!(synced, "{place}: {trace}");
    }
    let folder_synced = calls[renames[1]..]
        .iter()
        .any(|call| call.contains("fsync") && call.contains("inner>)"));
    assert!(folder_synced, "{trace}");
}
