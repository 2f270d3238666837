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

/// Runs the program on `flags` in a folder of its own; what is in the file of photons and what is
/// said.
fn photons(flags: &str) -> (Vec<f32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("-default_F 100 -cell 70 80 90 -N 5 -detpixels 32 -pixel 1.6 {flags}");
    let mut run = program();
    run.current_dir(folder.path()).args(line.split_whitespace());
    let done = run
        .args(["--device", "cpu", "-floatfile", "f.bin"])
        .output()
        .unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success(), "{flags}: {said}");
    let bytes = std::fs::read(folder.path().join("f.bin")).unwrap();
    let (values, _) = bytes.as_chunks::<4>();
    (
        values
            .iter()
            .map(|value| f32::from_le_bytes(*value))
            .collect(),
        said,
    )
}

/// The page names what the C program does otherwise, by its source and by runs of it; and this program
/// does what the page says.
#[test]
fn where_the_c_program_differs_the_page_says_so() {
    let page = include_str!("../../docs/flags.md");
    let row = |flag: &str| {
        let start = format!("| `{flag}` ");
        page.lines().find(|line| line.starts_with(&start)).unwrap()
    };
    // The default of -oversample: 3·L·pixel/(λ·distance), and not over distance·cos 2θ.
    assert!(row("-oversample").contains("44 and not 22 at 60°, 125 at 80°"));
    for (two_theta, theirs) in [(0f64, 22.0), (60.0, 44.0), (80.0, 125.0)] {
        let line = format!("-N 20 -pixel 0.4 -detpixels 4 -twotheta {two_theta}");
        let count = 3.0 * 20.0 * 90e-10 * 0.4e-3 / (1e-10 * 0.1 * two_theta.to_radians().cos());
        assert_eq!(count.ceil(), theirs);
        let (_, said) = photons(&line);
        assert!(said.contains("oversample 22,"), "{said}");
    }
    // The sphere of a curved detector: with the beam pivot it is where -twotheta 0 has it, and
    // turns about the beam's spot.
    assert!(row("-curved_det").contains("distance·cos 2θ: 86.6 mm and not 100 at 30°"));
    let trace = |flags: &str| {
        let mut run = program();
        run.args([
            "trace", "--pixel", "3", "7", "--device", "cpu", "--log", "--",
        ]);
        let line = format!("-default_F 100 -cell 70 80 90 -N 5 -detpixels 32 -pixel 1.6 {flags}");
        let done = run.args(line.split_whitespace()).output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    };
    for two_theta in [0, 30] {
        let traced = trace(&format!("-curved_det -twotheta {two_theta}"));
        let mut lines = traced
            .lines()
            .filter_map(|line| line.split_once(" distance "));
        let (_, distance) = lines.next().unwrap();
        let distance: f64 = distance.trim().parse().unwrap();
        assert!((distance - 0.1).abs() < 1e-12, "{traced}");
    }
    // A random misset takes -seed where it has none of its own.
    assert!(row("-misset").contains("takes `-seed`"));
    let (own, _) = photons("-misset random -misset_seed 5");
    assert_eq!(own, photons("-misset random -seed 5").0);
    assert_ne!(own, photons("-misset random -seed 6").0);
    // -dmin is of the crystal: what lies beyond has a background, with its own polarisation.
    assert!(row("-dmin").contains("`-water` ends at the limit"));
    let (limited, _) = photons("-water 1 -dmin 50 -oversample 2");
    let (bare, _) = photons("-water 1 -default_F 0 -oversample 2");
    assert!(limited[0] > 0.0);
    assert_eq!(limited[0], bare[0]);
    // A plane through the sample.
    assert!(row("-detector_rotx").contains("an error"));
}
