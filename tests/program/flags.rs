//! `docs/flags.md` against the program.

use std::collections::BTreeSet;

use crate::support::program;

/// A row of a table: the section it is in, the C program's flags, ours.
struct Row {
    section: String,
    theirs: Vec<String>,
    ours: Vec<String>,
}

/// What stands between backquotes in `cell` and starts with a dash.
fn flags(cell: &str) -> Vec<String> {
    let quoted = cell.split('`').skip(1).step_by(2);
    let flags = quoted.filter(|word| word.starts_with('-'));
    flags.map(str::to_string).collect()
}

/// The tables of the page.
fn rows() -> Vec<Row> {
    let page = include_str!("../../docs/flags.md");
    let mut section = String::new();
    let mut rows = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading.to_string();
        }
        // A bar within a cell is escaped.
        let cells: Vec<&str> = line.split(" | ").collect();
        if line.starts_with("| `-") {
            assert!(cells.len() >= 2, "{line}");
            let (theirs, ours) = (flags(cells[0]), flags(cells[1]));
            rows.push(Row {
                section: section.clone(),
                theirs,
                ours,
            });
        }
    }
    rows
}

/// What the program says of a lone `flag` behind `command`.
fn answer(command: Option<&str>, flag: &str) -> String {
    let mut run = program();
    run.args(command).arg(flag);
    let done = run.output().unwrap();
    String::from_utf8(done.stderr).unwrap()
}

#[test]
fn every_flag_that_the_page_claims_is_taken() {
    assert!(answer(None, "-mozaic").contains("no such flag"));
    let mut claimed = 0;
    for row in rows() {
        let command = (row.section == "noisify").then_some("noise");
        for flag in &row.ours {
            let said = answer(command, flag);
            assert!(!said.contains("no such flag"), "{}: {said}", row.section);
            claimed += 1;
        }
    }
    assert!(claimed > 200, "{claimed}");
}

#[test]
fn every_flag_with_one_dash_is_on_the_page() {
    let of_nanobragg = rows()
        .into_iter()
        .filter(|row| row.section == "nanoBragg.c");
    let listed: BTreeSet<String> = of_nanobragg.flat_map(|row| row.theirs).collect();
    let output = program().arg("-h").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let mut own = BTreeSet::new();
    for line in help.lines().filter(|line| line.starts_with("       -")) {
        own.extend(line.split_whitespace().next().map(str::to_string));
    }
    // Synonyms, which may go over the end of a line.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for synonyms in help.split("[alias").skip(1) {
        let synonyms = synonyms.split_once(": ").unwrap().1;
        let synonyms = synonyms.split(']').next().unwrap();
        own.extend(synonyms.split(", ").map(str::to_string));
    }
    assert!(own.len() > 100, "{own:?}");
    let missing: Vec<_> = own.difference(&listed).collect();
    assert!(missing.is_empty(), "not in docs/flags.md: {missing:?}");
    let gone: Vec<_> = listed.difference(&own).collect();
    assert!(gone.is_empty(), "in docs/flags.md, but not taken: {gone:?}");
}
