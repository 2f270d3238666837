//! What fits where, without a shell.

use super::answer::{Answer, answer_to};

/// The words that fit at the end of `line`, which is cut at its blanks.
fn words(line: &str) -> Vec<String> {
    match answer(line) {
        Answer::Words(words) => words.into_iter().map(|(word, _)| word).collect(),
        other => panic!("{line:?}: {other:?}"),
    }
}

fn answer(line: &str) -> Answer {
    answer_to(&line.split(' ').map(str::to_string).collect::<Vec<_>>())
}

#[test]
fn flags_of_the_c_program_have_one_dash_and_new_ones_two() {
    assert_eq!(words("-hk"), ["-hkl"]);
    assert_eq!(words("--hk"), ["--hkl", "--hkl-channels"]);
    assert_eq!(words("-hkl P1.hkl -ce"), ["-cell"]);
    assert_eq!(
        words("-cell 70 80 90 -mosa"),
        ["-mosaic", "-mosaic_domains", "-mosaic_seed"]
    );
    assert_eq!(words("--devi"), ["--device"]);
    assert_eq!(words("render -lam"), ["-lambda"]);
    assert_eq!(
        words("-matri"),
        ["-matrix"],
        "a synonym, where nothing else fits"
    );
    assert!(words("-").iter().all(|word| word != "-matrix"));
    assert_eq!(words("compare --ro"), ["--roi"], "two dashes, there");
    assert_eq!(words("noise a b -ad"), ["-adc"]);
    assert!(words("noise a b -r").is_empty());
}

#[test]
fn commands_come_first_and_carry_their_meaning() {
    assert_eq!(words("co"), ["convert", "compare", "completions"]);
    let Answer::Words(all) = answer("") else {
        panic!()
    };
    assert!(
        all.iter().all(|(_, meaning)| !meaning.is_empty()),
        "{all:?}"
    );
}

#[test]
fn values_that_are_listed_are_told() {
    assert_eq!(
        words("--mosaic-model "),
        ["cap", "gaussian", "normal", "ellipsoid"]
    );
    assert_eq!(words("-N 5 --device "), ["auto", "cpu", "gpu"]);
    assert_eq!(words("--device=c"), ["--device=cpu"]);
    assert_eq!(words("--device = c"), ["cpu"], "as bash has it");
    assert_eq!(words("--device ="), ["auto", "cpu", "gpu"]);
    assert_eq!(words("-pivot "), ["beam", "sample"]);
    assert_eq!(words("trace --device "), ["cpu", "gpu", "both"]);
    assert_eq!(words("completions "), ["bash", "zsh", "fish"]);
    assert_eq!(words("man con"), ["convert"]);
    assert_eq!(words("-misset r"), ["random"]);
}

#[test]
fn files_are_asked_for_where_a_flag_takes_one() {
    for line in [
        "-hkl ",
        "-matrix A",
        "--out a.cbf --out ",
        "--background ",
        "-floatfile im",
        "convert ",
        "convert a.img ",
        "noise in.bin out.img --header ",
        "compare --size 3 4 ",
        "bench --reference ",
    ] {
        assert_eq!(answer(line), Answer::Files, "{line}");
    }
}

#[test]
fn numbers_are_left_to_the_user() {
    for line in [
        "-N ",
        "-cell ",
        "-Xbeam -",
        "-pix0_vector 1 2 ",
        "-N 5 -lambda 1",
    ] {
        assert_eq!(answer(line), Answer::Nothing, "{line}");
    }
    assert!(
        words("-cell 70 ").contains(&"-mat".to_string()),
        "may be enough"
    );
    assert!(words("-N 5 ").contains(&"-hkl".to_string()));
}

#[test]
fn behind_the_dashes_of_a_command_are_flags_of_the_experiment() {
    assert_eq!(words("bench -- -hk"), ["-hkl"]);
    assert_eq!(words("trace --pixel 1 2 -- -default_F 1 -ce"), ["-cell"]);
    assert!(words("compare -- -floatf").is_empty(), "a flag of the run");
    assert_eq!(
        words("-- -hk"),
        ["-hkl"],
        "a render has nothing of its own there"
    );
}
