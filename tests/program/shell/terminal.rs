//! Colours, pipes, progress, version.

use std::process::Command;

use super::{commands, output, printed};
use crate::support::program;

#[test]
fn help_is_plain_in_a_pipe_and_coloured_where_that_is_asked_for() {
    let help = |words: &[&str], variables: &[(&str, &str)]| {
        let mut command = program();
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.args(words).envs(variables.iter().copied());
        let done = command.assert().success();
        String::from_utf8(done.get_output().stdout.clone()).unwrap()
    };
    let plain_of = |text: &str| anstream::adapter::strip_str(text).to_string();
    let own = commands();
    let names = own.iter().map(|name| vec![name.as_str(), "-h"]);
    for words in names.chain([vec!["-h"]]) {
        let plain = help(&words, &[]);
        assert!(!plain.contains('\u{1b}'), "{words:?}");
        let coloured = help(&words, &[("CLICOLOR_FORCE", "1")]);
        assert!(coloured.contains('\u{1b}'), "{words:?}");
        assert_eq!(
            plain_of(&coloured),
            plain,
            "{words:?}: colours move nothing"
        );
        let off = help(&words, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
        assert_eq!(off, plain, "{words:?}");
    }
}

#[test]
fn colours_come_on_a_terminal_and_go_with_no_color() {
    let program = env!("CARGO_BIN_EXE_nanobragg");
    let on_terminal = |variable: &str| {
        let line =
            format!("env -u CLICOLOR -u CLICOLOR_FORCE {variable} TERM=xterm {program} noise -h");
        let mut script = Command::new("script");
        output(script.args(["-qec", &line, "/dev/null"]))
    };
    assert!(on_terminal("-u NO_COLOR").contains('\u{1b}'));
    assert!(!on_terminal("NO_COLOR=1").contains('\u{1b}'));
    assert!(
        on_terminal("NO_COLOR=").contains('\u{1b}'),
        "set, but to nothing"
    );
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_heard_enough_is_no_error() {
    let program = env!("CARGO_BIN_EXE_nanobragg");
    let cell = "-default_F 100 -cell 100 -N 5 -detpixels 32 -floatfile /dev/null";
    for words in [
        "-h",
        "noise -h",
        "man",
        "completions bash",
        "__complete -",
        &format!("{cell} -printout -roi 0 31 0 31"),
        &format!("{cell} --json"),
        &format!("{cell} --dry-run"),
    ] {
        let script = format!("{program} {words} | :; echo \"${{PIPESTATUS[0]}}\"");
        let mut shell = Command::new("bash");
        shell.args(["-c", &script]).env("NANOBRAGG_DEVICE", "cpu");
        let done = shell.output().unwrap();
        let errors = String::from_utf8_lossy(&done.stderr);
        assert_eq!(
            String::from_utf8_lossy(&done.stdout),
            "0\n",
            "{words}: {errors}"
        );
        assert!(!errors.contains("panic"), "{words}: {errors}");
    }
}

#[test]
fn progress_is_for_terminals() {
    let folder = tempfile::tempdir().unwrap();
    let render = |flag: &str| {
        let line = "-default_F 100 -cell 100 -N 5 -detpixels 64 -floatfile f.bin --quiet";
        let mut command = program();
        let words = line.split(' ').chain((!flag.is_empty()).then_some(flag));
        let done = command
            .current_dir(folder.path())
            .args(words)
            .assert()
            .success();
        String::from_utf8(done.get_output().stderr.clone()).unwrap()
    };
    assert_eq!(render(""), "");
    assert_eq!(render("-progress"), "", "a bar in a file would be a mess");
}

#[test]
fn the_version_tells_commit_interfaces_and_instructions() {
    for words in [
        &["--version"] as &[&str],
        &["-V"],
        &["noise", "--version"],
        &["info", "-V"],
    ] {
        let text = printed(words);
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some(&*format!("nanobragg {}", nanobragg::version::full()))
        );
        assert!(lines.next().unwrap().starts_with("GPU through "), "{text}");
        assert!(lines.next().unwrap().starts_with("CPU with "), "{text}");
        assert_eq!(lines.next(), None);
    }
    let number = nanobragg::version::NUMBER;
    let rest = nanobragg::version::full().strip_prefix(number).unwrap();
    let commit = nanobragg::version::COMMIT;
    if commit == "unknown" {
        assert_eq!(rest, "");
    } else {
        let day = nanobragg::version::DAY;
        assert_eq!(rest, format!(" ({})", format!("{commit} {day}").trim()));
    }
}
