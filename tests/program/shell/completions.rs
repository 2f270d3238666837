//! What completes a command line, asked by the shells themselves.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{output, printed};

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
    let syntax = ["-f", "-n", "completions"];
    output(Command::new("zsh").args(syntax).current_dir(folder.path()));
    // What zsh's own functions are called with is what it goes by.
    let stubs = "compdef() { : }
                 compset() { : }
                 _files() { print -r -- $PREFIX*(N) }
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
