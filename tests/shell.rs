//! What makes the program at home in a shell: completions, manual pages, colours, pipes, version.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::program;

/// What `command` prints; it must succeed.
fn output(command: &mut Command) -> String {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command
        .output()
        .unwrap_or_else(|error| panic!("{name}: {error}; tests/run installs it"));
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{name}: {errors}");
    String::from_utf8(done.stdout).unwrap()
}

/// What the program prints for `words`.
fn printed(words: &[&str]) -> String {
    let done = program().args(words).assert().success();
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

/// A folder with a file to name, and the completions of `shell` in `completions`.
fn folder_for(shell: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("P1.hkl"), "").unwrap();
    fs::write(
        folder.path().join("completions"),
        printed(&["completions", shell]),
    )
    .unwrap();
    folder
}

/// Runs `script` in `shell` in `folder`, with this program on the path.
fn run_in(shell: &str, options: &[&str], folder: &Path, script: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_nanobragg"));
    let own = program.parent().unwrap().display();
    let path = format!("{own}:{}", std::env::var("PATH").unwrap());
    let mut command = Command::new(shell);
    command.args(options).args(["-c", script]);
    output(
        command
            .current_dir(folder)
            .env("PATH", path)
            .env("HOME", folder),
    )
}

/// Command lines, their words parted by bars, and what completes them.
const LINES: [(&str, &str); 10] = [
    ("-hk", "-hkl"),
    ("-hkl|P1.hkl|-cel", "-cell"),
    ("-cell|70|80|-mosaic_", "-mosaic_domains -mosaic_seed"),
    ("--devi", "--device"),
    ("--device|", "auto cpu gpu"),
    ("--mosaic-model|g", "gaussian"),
    ("-hkl|P", "P1.hkl"),
    ("conv", "convert"),
    ("compare|--ro", "--roi"),
    ("trace|--pixel|1|2|--|-lam", "-lambda"),
];

#[test]
fn bash_completes_flags_values_commands_and_files() {
    let folder = folder_for("bash");
    let announced = run_in(
        "bash",
        &[],
        folder.path(),
        "source ./completions; complete -p nanobragg",
    );
    assert_eq!(announced, "complete -F _nanobragg nanobragg\n");
    let ask = |words: &str| {
        let script = format!(
            r#"source ./completions
               COMP_WORDS=(nanobragg {words})
               COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
               _nanobragg nanobragg "${{COMP_WORDS[COMP_CWORD]}}"
               echo "${{COMPREPLY[*]}}""#,
        );
        run_in("bash", &[], folder.path(), &script)
    };
    for (line, expected) in LINES {
        let words: Vec<String> = line.split('|').map(|word| format!("'{word}'")).collect();
        assert_eq!(ask(&words.join(" ")).trim(), expected, "{line}");
    }
    // Bash takes --device=c apart.
    assert_eq!(ask("--device = c").trim(), "cpu");
}

#[test]
fn zsh_completes_flags_values_commands_and_files() {
    let folder = folder_for("zsh");
    run_in("zsh", &["-f", "-n"], folder.path(), "source ./completions");
    // What zsh's own functions are called with is what it goes by.
    let stubs = "compdef() { : } compset() { : } _files() { print -r -- $PREFIX*(N) }
                 _describe() { print -r -- ${${(P)2}%%:*} }
                 source ./completions";
    for (line, expected) in LINES {
        let words: Vec<String> = line.split('|').map(|word| format!("'{word}'")).collect();
        let script = format!(
            "{stubs}; words=(nanobragg {}); CURRENT=$#words; PREFIX=$words[-1]; _nanobragg",
            words.join(" ")
        );
        let answer = run_in("zsh", &["-f"], folder.path(), &script);
        assert_eq!(answer.trim(), expected, "{line}");
    }
    // The real ones take the script for what it is.
    let announced =
        "autoload -Uz compinit; compinit -u -D; source ./completions; print $_comps[nanobragg]";
    let announced = run_in("zsh", &["-f"], folder.path(), announced);
    assert_eq!(announced.trim(), "_nanobragg");
}

#[test]
fn fish_completes_flags_values_commands_and_files() {
    let folder = folder_for("fish");
    for (line, expected) in LINES {
        let script = format!(
            "source ./completions; complete -C 'nanobragg {}'",
            line.replace('|', " ")
        );
        let answer = run_in("fish", &["--no-config"], folder.path(), &script);
        // Words come with their meanings behind tabs.
        let words: Vec<&str> = answer
            .lines()
            .filter_map(|line| line.split('\t').next())
            .collect();
        assert_eq!(words.join(" "), expected, "{line}: {answer}");
        if expected.starts_with('-') {
            assert!(answer.contains('\t'), "{line}: no meaning in {answer}");
        }
    }
}

/// The commands that help lists.
fn commands() -> Vec<String> {
    let help = printed(&["-h"]);
    let usage = help
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nanobragg "));
    let names = usage.filter_map(|rest| rest.split_whitespace().next());
    let names = names.filter(|name| !name.starts_with('-'));
    names.map(str::to_string).collect()
}

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
        "NO_COLOR",
        "EXIT STATUS",
        "floatimage.bin",
        "nanobragg-noise(1)",
        "Å",
        "[aliases: -matrix]",
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
