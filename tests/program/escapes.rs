//! What files and command lines say is printed without what steers a terminal or hides text.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{program, words};

/// Characters that no line for people may hold: of control, of direction, and without width.
const HOSTILE: [&str; 8] = [
    "\u{1b}[2J",
    "\u{1b}]0&x\u{7}",
    "\u{7f}",
    "\u{9b}31m",
    "\u{202e}",
    "\u{200b}",
    "\u{8}\u{8}",
    "\u{2066}",
];

/// What the program prints, on both outputs.
fn printed(folder: &Path, line: &[&str]) -> [String; 2] {
    let output = program().current_dir(folder).args(line).output().unwrap();
    assert!(
        output.status.code().is_some_and(|code| code < 3),
        "{line:?}: {output:?}"
    );
    [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap())
}

fn shows_nothing_hidden(text: &str) {
    let hidden = text.chars().find(|&character| {
        (character.is_control() && character != '\n' && character != '\t')
            || "\u{202e}\u{200b}\u{2066}".contains(character)
    });
    assert_eq!(hidden, None, "in {text:?}");
}

#[test]
fn nothing_that_a_file_says_reaches_the_terminal_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (number, hostile) in HOSTILE.iter().enumerate() {
        let mut image = format!(
            "{{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=2;\n\
             SIZE2=1;\nDETECTOR_SN={hostile};\nK{hostile}=1;\n}}\n"
        )
        .into_bytes();
        image.resize(512, b' ');
        image.extend([1, 0, 2, 0]);
        let name = format!("a{hostile}.img");
        fs::write(here.join(&name), &image).unwrap();
        let [out, err] = printed(here, &["info", &name]);
        shows_nothing_hidden(&out);
        assert!(out.contains("\\u{") || out.contains("\\x"), "{out}");
        assert_eq!(err, "");
        let [json, _] = printed(here, &["info", &name, "--json"]);
        shows_nothing_hidden(&json);
        let document: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(document["path"], name.as_str());
        let entries = document["header"].as_array().unwrap();
        assert!(entries.iter().any(|entry| entry[1] == *hostile), "{json}");
        // Texts of every reader, quoted by their errors; names of files; words of the command line.
        let config = format!("bad_{number}.toml");
        fs::write(
            here.join(&config),
            format!("[crystal]\n\"k{hostile}\" = 1\n"),
        )
        .unwrap();
        let text = format!("text_{number}.txt");
        fs::write(here.join(&text), format!("1 2 3 {hostile}x\n")).unwrap();
        let pdb = format!("atoms_{number}.pdb");
        fs::write(
            here.join(&pdb),
            format!("CRYST1{hostile} nonsense\nATOM {hostile}\n"),
        )
        .unwrap();
        let missing = format!("missing{hostile}");
        for line in [
            vec!["--config", &config],
            vec!["-hkl", &text, "-cell", "70"],
            vec!["-mat", &text, "-default_F", "1"],
            vec!["-default_F", "1", "-cell", "70", "-sourcefile", &text],
            vec!["-coords", &pdb],
            vec!["-hkl", &missing, "-cell", "70"],
            vec!["compare", &missing, &name],
            vec![&missing],
            vec!["-lambda", &missing],
            vec![
                "--device",
                &missing,
                "-default_F",
                "1",
                "-cell",
                "70",
                "-detpixels",
                "4",
            ],
            vec!["convert", &name, &missing],
        ] {
            let [out, err] = printed(here, &line);
            assert_ne!(err, "", "{line:?}");
            shows_nothing_hidden(&out);
            shows_nothing_hidden(&err);
        }
    }
}

#[test]
fn a_record_with_hidden_characters_reads_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let render = "-default_F 1 -cell 70 -detpixels 8 -mask mask.img --out a.tif --quiet";
    let mask = "-default_F 1 -cell 70 -detpixels 8 -intfile mask.img -floatfile x.bin --quiet";
    for line in [mask, render] {
        program()
            .current_dir(folder.path())
            .args(words(line))
            .assert()
            .success();
    }
    let path = folder.path().join("a.tif");
    let file = fs::read(&path).unwrap();
    // The name in the record, with as many bytes that turn the direction of writing.
    let place = file
        .windows(8)
        .rposition(|part| part == b"mask.img")
        .unwrap();
    let mut hostile = file.clone();
    hostile[place..place + 3].copy_from_slice("\u{202e}".as_bytes());
    fs::write(&path, hostile).unwrap();
    let [config, _] = printed(folder.path(), &["info", "a.tif", "--config"]);
    shows_nothing_hidden(&config);
    assert!(
        config.contains("\\u202e") || config.contains("\\u202E"),
        "{config}"
    );
    let read = nanobragg::document::Document::from_toml(&config).unwrap();
    let shown = read.to_json().unwrap();
    assert!(shown.contains("\u{202e}k.img"), "{shown}");
}
