//! Work that does not come to its end: interrupted, killed, or out of room.

use super::*;

/// An NXmx file of so many small frames.
fn frames(folder: &Path, count: usize) {
    let line = format!(
        "series --frames {count} --random-orientations {SHORT} -seed 1 --compression gzip --out in.h5"
    );
    assert_eq!(run(folder, &line).0, 0);
}

/// A bare image of `side` × `side` values that do not compress.
fn large_image(folder: &Path, side: u32) {
    let mut state = 1_u32;
    let values = (0..side * side).flat_map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (1.0 + (state >> 9) as f32).to_le_bytes()
    });
    fs::write(folder.join("large.bin"), values.collect::<Vec<u8>>()).unwrap();
}

#[test]
fn ignored_signals_stay_ignored() {
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM] {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let name = signal.as_str();
        let line = format!("series --frames 40 -osc 1 {SHORT} -detpixels 300 --out a_####.cbf");
        let child = command(here, &format!("trap '' {name};"), &line)
            .spawn()
            .unwrap();
        wait_until("a frame", || here.join("a_0002.cbf").exists());
        assert!(!here.join("a_0040.cbf").exists(), "it is in the middle");
        send(&child, signal);
        assert_eq!(
            ended(child, Duration::from_secs(60)),
            (0, String::new()),
            "{name}"
        );
        assert_eq!(names(here).len(), 40, "{name}");
        // A signal that is not ignored ends this command.
        let child = command(here, "", &line).spawn().unwrap();
        wait_until("signals", || takes_signals(&child));
        send(&child, signal);
        let (code, said) = ended(child, Duration::from_secs(60));
        assert!(
            code == 130 && said.contains("interrupted"),
            "{name}: {said}"
        );
    }
}

#[test]
fn messages_tell_which_files_are_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let first = here.join("c_00001.npy");
    frames(here, 300);
    let line = "convert in.h5 c_#####.npy --quiet";
    let child = command(here, "", line).spawn().unwrap();
    wait_until("a file", || first.exists());
    send(&child, Signal::SIGTERM);
    let (code, said) = ended(child, Duration::from_secs(60));
    assert_eq!(code, 130, "it was interrupted in its middle: {said}");
    // Files appear until the program ends: what counts is what it says then. They come by 16.
    let whole = || {
        let files = names(here).len() - 1;
        assert!(files > 4, "{files}");
        format!("{files} files are whole and stay, c_00001.npy to c_{files:05}.npy")
    };
    assert!(said.contains(&whole()), "{said}");
    // A failure tells it as well: a frame in the middle is damaged.
    for file in fs::read_dir(here).unwrap().flatten() {
        if file.file_name() != "in.h5" {
            fs::remove_file(file.path()).unwrap();
        }
    }
    let mut bytes = fs::read(here.join("in.h5")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 1000].fill(0);
    fs::write(here.join("in.h5"), bytes).unwrap();
    let (code, said) = run(here, line);
    assert!(
        code == 1 && said.contains("in.h5") && said.contains(&whole()),
        "{said}"
    );
}

#[test]
fn an_experiment_file_is_replaced_with_the_images_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let beside = ["e.toml", "e.expt", "e.geom"];
    for name in beside {
        fs::write(here.join(name), "old").unwrap();
    }
    let files = "-floatfile f.bin --write-config e.toml --write-expt e.expt --write-geom e.geom";
    let child = command(here, "", &format!("{LONG} {files}"))
        .spawn()
        .unwrap();
    wait_until("signals", || takes_signals(&child));
    // The renderer works by then; earlier versions had written the file.
    std::thread::sleep(Duration::from_millis(500));
    send(&child, Signal::SIGINT);
    let (code, said) = ended(child, Duration::from_secs(60));
    assert_eq!(code, 130, "{said}");
    assert!(said.contains("no file was written"), "{said}");
    assert_eq!(names(here), ["e.expt", "e.geom", "e.toml"]);
    for name in beside {
        assert_eq!(
            fs::read_to_string(here.join(name)).unwrap(),
            "old",
            "{name}"
        );
    }
    assert_eq!(run(here, &format!("{SHORT} {files}")).0, 0);
    for name in beside {
        assert_ne!(
            fs::read_to_string(here.join(name)).unwrap(),
            "old",
            "{name}"
        );
    }
}

#[test]
fn ctrl_c_is_heard_while_files_are_read_compressed_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    large_image(here, 4000);
    // Pipes whose other ends nobody opens.
    let made = Command::new("mkfifo")
        .args(["in", "out"])
        .current_dir(here)
        .status();
    assert!(made.unwrap().success());
    let before = names(here);
    let size = "--size 4000 4000 --quiet";
    let lines = [
        ("reading", "convert in a.npy --size 9 9 --quiet".to_string()),
        ("writing", format!("{SHORT} -floatfile out")),
        (
            "compressing",
            format!("convert large.bin a.h5 --compression gzip {size}"),
        ),
        ("encoding", format!("convert large.bin a.png {size}")),
    ];
    for (what, line) in lines {
        let pause = if line.contains("large") { 700 } else { 300 };
        let mut pause = Duration::from_millis(pause);
        let (said, took) = loop {
            let child = command(here, "", &line).spawn().unwrap();
            wait_until("signals", || takes_signals(&child));
            std::thread::sleep(pause);
            let sent = Instant::now();
            send(&child, Signal::SIGINT);
            let (code, said) = ended(child, Duration::from_secs(10));
            if code == 130 {
                break (said, sent.elapsed());
            }
            // A fast machine was done before: the signal has to come earlier.
            assert!(code == 0 && !pause.is_zero(), "{what}: {code} {said}");
            for name in names(here).iter().filter(|name| !before.contains(name)) {
                fs::remove_file(here.join(name)).unwrap();
            }
            pause /= 2;
        };
        assert!(took < Duration::from_secs(1), "{what}: {took:?}");
        assert_eq!(
            said, "nanobragg: interrupted; no file was written\n",
            "{what}"
        );
        assert_eq!(names(here), before, "{what}");
    }
    // A second Ctrl-C is not waited for. A busy machine may take its time, but not every time.
    let fast = (0..10).any(|_| {
        let child = command(here, "", "convert in a.npy --size 9 9")
            .spawn()
            .unwrap();
        wait_until("signals", || takes_signals(&child));
        std::thread::sleep(Duration::from_millis(100));
        let sent = Instant::now();
        send(&child, Signal::SIGINT);
        std::thread::sleep(Duration::from_millis(50));
        send(&child, Signal::SIGINT);
        assert_eq!(ended(child, Duration::from_secs(10)).0, 130);
        sent.elapsed() < Duration::from_millis(400)
    });
    assert!(fast, "a second Ctrl-C does not end it at once");
}

#[test]
fn a_file_that_outgrows_its_limit_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    large_image(here, 300);
    frames(here, 5);
    let before = names(here);
    let render = format!("{SHORT} -detpixels 300");
    let lines = [
        ("f.bin", format!("{render} -floatfile f.bin")),
        ("i.img", format!("{render} -intfile i.img")),
        (
            "p.png",
            format!("{render} -floatfile /dev/null --png p.png --png-scale log"),
        ),
        ("t.tif", format!("{render} --tiff t.tif")),
        ("o.h5", format!("{render} --out o.h5 --compression none")),
        (
            "s_partial_data_000001.h5",
            format!("series --frames 3 -osc 1 {render} --out s.h5 --compression none"),
        ),
        (
            "s_0001.cbf",
            format!("series --frames 3 -osc 1 {render} --out s_####.cbf"),
        ),
        (
            "c.npy",
            "convert large.bin c.npy --size 300 300 --quiet".into(),
        ),
        (
            "n.cbf",
            "noise large.bin n.cbf --size 300 300 --quiet".into(),
        ),
    ];
    for (name, line) in lines {
        fs::write(here.join(name), "old").unwrap();
        // Blocks of 1024 bytes.
        let child = command(here, "ulimit -f 16;", &line).spawn().unwrap();
        let (code, said) = ended(child, Duration::from_secs(60));
        assert_eq!(code, 1, "{name}: {said}");
        // The frames of a series are in data files until all have come.
        let written = if name == "s.h5" {
            "s_partial_data_000001.h5"
        } else {
            name
        };
        let told = said.contains(&format!("cannot write {written}")) && said.contains("too large");
        assert!(
            told && said.lines().all(|line| line.starts_with("nanobragg: ")),
            "{name}: {said}"
        );
        assert_eq!(
            fs::read_to_string(here.join(name)).unwrap(),
            "old",
            "{name}"
        );
        fs::remove_file(here.join(name)).unwrap();
        assert_eq!(names(here), before, "{name}");
    }
}

#[test]
fn what_a_killed_run_left_is_swept_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let series = |frames: u32| {
        format!(
            "series --frames {frames} -osc 1 {SHORT} -detpixels 200 --out scan.h5 --out a_####.cbf"
        )
    };
    let mut child = command(here, "", &series(100_000)).spawn().unwrap();
    wait_until("frames", || is_writing(here, 100_000));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_writing(here, 100_000), "it was killed in its middle");
    let frames = names(here)
        .iter()
        .filter(|name| name.starts_with('a'))
        .count() as u32;
    // Beyond those that waited for their places.
    let frames = frames + 20;
    let (code, said) = run(here, &series(frames));
    assert_eq!(code, 0, "{said}");
    assert_eq!(names(here).len() as u32, frames + 1, "{:?}", names(here));
    assert!(names(here).iter().all(|name| !name.starts_with('.')));
}

#[test]
fn folders_that_killed_runs_left_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let (here, temporary) = (folder.path(), folder.path().join("temporary"));
    fs::create_dir(&temporary).unwrap();
    for (name, script) in [("slow", "exec sleep 2"), ("fails", "exit 1")] {
        let program = here.join(name);
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(program, mode).unwrap();
    }
    let compare = |name: &str| {
        let scene = SHORT.replace(" --quiet", "");
        let line = format!("compare --reference ./{name} -- {scene}");
        let mut command = command(here, "", &line);
        command.env("TMPDIR", &temporary).spawn().unwrap()
    };
    let mut killed = compare("slow");
    wait_until("a folder", || !names(&temporary).is_empty());
    std::thread::sleep(Duration::from_millis(200));
    // One that lives keeps its own.
    assert_eq!(ended(compare("fails"), Duration::from_secs(60)).0, 1);
    assert_eq!(names(&temporary).len(), 1);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(names(&temporary).len(), 1, "it was killed in its middle");
    assert_eq!(ended(compare("fails"), Duration::from_secs(60)).0, 1);
    assert_eq!(names(&temporary), Vec::<String>::new());
}
