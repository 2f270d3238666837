//! The program on the devices of this machine, as a user runs it.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{names, program, words};
use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

const SMALL: &str = "-default_F 100 -cell 70 80 90 -N 5 -detpixels 24 -pixel 1 -floatfile f.bin";
/// Hours of work for either path.
const ENDLESS: &str =
    "-default_F 100 -cell 70 80 90 -N 5 -detpixels 2000 -mosaic 1 -mosaic_domains 100000";

fn nanobragg(folder: &Path, line: &str) -> Command {
    let mut command = program();
    command
        .current_dir(folder)
        .env_remove("NANOBRAGG_DEVICE")
        .args(words(line));
    command
}

fn json(folder: &Path, line: &str) -> Value {
    let output = nanobragg(folder, line).assert().success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

#[test]
fn devices_are_listed_with_what_auto_takes() {
    let folder = tempfile::tempdir().unwrap();
    let listed = json(folder.path(), "devices --json");
    let devices = listed["devices"].as_array().unwrap();
    assert!(
        !devices.is_empty(),
        "no GPU, not even a software one: ./tests/run installs one"
    );
    for device in devices {
        assert!(device["name"].as_str().is_some_and(|name| !name.is_empty()));
        assert!(
            device["max_binding_bytes"]
                .as_u64()
                .is_some_and(|bytes| bytes > 0)
        );
        assert!(device["timestamps"].is_boolean() && device["driver"].is_string());
    }
    // Auto never takes a software GPU.
    let auto = listed["auto"].as_u64();
    assert!(auto.is_none_or(|index| devices[index as usize]["kind"] != "software"));
    // All are the real ones of one interface, or software ones where there are no others.
    let all: Vec<usize> = serde_json::from_value(listed["all"].clone()).unwrap();
    assert!(
        all.iter()
            .all(|&index| (devices[index]["kind"] == "software") == auto.is_none())
    );
    assert!(auto.is_none_or(|auto| all.contains(&(auto as usize))));
    assert!(!all.is_empty());
    let text = nanobragg(folder.path(), "devices").assert().success();
    let text = String::from_utf8_lossy(&text.get_output().stdout).into_owned();
    assert!(text.contains(devices[0]["name"].as_str().unwrap()) && text.contains("auto takes"));
    assert!(text.contains("--device all takes "));
}

#[test]
fn pipelines_are_kept_where_the_user_says() {
    let folder = tempfile::tempdir().unwrap();
    let listed = json(folder.path(), "devices --json");
    // Others hand none out.
    let kept = listed["devices"][0]["backend"] == "vulkan";
    let caches = tempfile::tempdir().unwrap();
    let image = |variable: &str, value: &Path| {
        let line = format!("{SMALL} --device 0 --quiet");
        let mut command = nanobragg(folder.path(), &line);
        command
            .env_remove("NANOBRAGG_CACHE")
            .env("XDG_CACHE_HOME", caches.path());
        let done = command.env(variable, value).assert().success();
        let told = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
        assert_eq!(told, "", "{variable} {}", value.display());
        fs::read(folder.path().join("f.bin")).unwrap()
    };
    let own = caches.path().join("own");
    let expected = image("NANOBRAGG_CACHE", &own);
    assert_eq!(names(&own).len(), usize::from(kept));
    for name in names(&own) {
        let file = own.join(name);
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() - 1]).unwrap();
        assert!(image("NANOBRAGG_CACHE", &own) == expected);
        assert_eq!(
            fs::read(&file).unwrap().len(),
            whole.len(),
            "a spoilt file is replaced"
        );
        // What is there is used again: nothing is left beside it.
        assert!(image("NANOBRAGG_CACHE", &own) == expected);
        assert_eq!(names(&own).len(), 1);
    }
    // Mesa keeps its own there.
    let usual = caches.path().join("nanobragg");
    assert!(!usual.exists());
    for nowhere in ["off", "", "/proc/nowhere"] {
        assert!(image("NANOBRAGG_CACHE", Path::new(nowhere)) == expected);
        assert!(!usual.exists(), "{nowhere}");
    }
    if cfg!(target_os = "linux") && kept {
        assert!(image("XDG_CACHE_HOME", caches.path()) == expected);
        assert_eq!(names(&usual).len(), 1);
    }
}

#[test]
fn a_session_without_a_display_hears_nothing_from_drivers() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["devices".into(), format!("{SMALL} --device gpu --quiet")] {
        let output = nanobragg(folder.path(), &line)
            .env_remove("XDG_RUNTIME_DIR")
            .assert()
            .success();
        let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert_eq!(said, "", "{line}");
    }
}

#[test]
fn a_device_goes_by_index_and_by_part_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let listed = json(folder.path(), "devices --json");
    let name = listed["devices"][0]["name"].as_str().unwrap();
    let part = name.split(' ').next().unwrap().to_uppercase();
    for device in ["gpu", "0", &part] {
        let summary = json(folder.path(), &format!("{SMALL} --json --device {device}"));
        assert_ne!(summary["device"], "cpu", "{device}");
    }
    assert_eq!(
        json(folder.path(), &format!("{SMALL} --json --device cpu"))["device"],
        "cpu"
    );
    // The flag wins over the environment.
    let by_environment = |flags: &str| {
        let mut command = nanobragg(folder.path(), &format!("{SMALL} --json {flags}"));
        let output = command.env("NANOBRAGG_DEVICE", "gpu").assert().success();
        serde_json::from_slice::<Value>(&output.get_output().stdout).unwrap()["device"].clone()
    };
    assert_ne!(by_environment(""), "cpu");
    assert_eq!(by_environment("--device cpu"), "cpu");
}

#[test]
fn a_device_that_is_not_there_is_an_error_that_lists_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    for device in ["17", "no-such-card"] {
        let output = nanobragg(folder.path(), &format!("{SMALL} --device {device}"))
            .assert()
            .code(1);
        let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            said.contains(&format!("no device '{device}'; there are: 0 ")),
            "{said}"
        );
    }
    // With no driver at all: how to get one.
    let mut command = nanobragg(folder.path(), &format!("{SMALL} --device gpu"));
    let nowhere = [
        "VK_DRIVER_FILES",
        "VK_ICD_FILENAMES",
        "LIBGL_DRIVERS_PATH",
        "__EGL_VENDOR_LIBRARY_FILENAMES",
    ];
    for variable in nowhere {
        command.env(variable, "/nonexistent");
    }
    let output = command.assert().code(1);
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        said.contains("no GPU found") && said.contains("mesa-vulkan-drivers"),
        "{said}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn this_device_validates() {
    let folder = tempfile::tempdir().unwrap();
    let found = json(folder.path(), "validate --json");
    assert_eq!(found["passed"], true, "{found:#}");
    assert_eq!(found["findings"].as_array().unwrap().len(), 40);
    let quick = nanobragg(folder.path(), "validate --quick")
        .assert()
        .success();
    let text = String::from_utf8_lossy(&quick.get_output().stdout).into_owned();
    assert!(
        text.contains("large crystal") && text.contains("within their gates"),
        "{text}"
    );
    for line in ["validate --slow", "validate --device cpu"] {
        nanobragg(folder.path(), line).assert().code(2);
    }
}

/// A render that is under way in `folder`.
fn rendering(folder: &Path, device: &str) -> Child {
    let mut command = std::process::Command::new(cargo_bin("nanobragg"));
    let command = command
        .current_dir(folder)
        .args(words(&format!("{ENDLESS} --device {device} --quiet")))
        .stderr(Stdio::null());
    #[cfg(unix)]
    let command = crate::support::hearing(command);
    command.spawn().unwrap()
}

#[test]
#[cfg(unix)]
fn ctrl_c_stops_a_render_within_a_second_and_leaves_no_file() {
    for device in ["cpu", "gpu"] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = rendering(folder.path(), device);
        std::thread::sleep(Duration::from_secs(3));
        assert!(
            child.try_wait().unwrap().is_none(),
            "the render on {device} is still going"
        );
        let asked = Instant::now();
        let pid = child.id().to_string();
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap();
        let status = child.wait().unwrap();
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "{device}: {:?}",
            asked.elapsed()
        );
        assert_eq!(status.code(), Some(130), "{device}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{device}");
    }
}
