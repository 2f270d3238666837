use super::*;
use crate::cli::commands::{self, Described};
use crate::cli::completions::{Answer, answer_to};
use crate::cli::man;

#[test]
fn a_row_of_the_table_is_all_that_a_flag_needs() {
    let help = |described: Described| {
        let Described {
            mut command,
            spellings,
        } = described;
        spellings.single_dashed(&command.render_help().to_string())
    };
    let plain = |man: String| {
        let man = man.replace("\\-", "-").replace("\\fB", "");
        man.replace("\\fR", " ")
    };
    let series = commands::named("series").unwrap();
    let of_render = [help(Described::render()), plain(man::page().unwrap())];
    let of_series = [
        help(series.described()),
        plain(man::page_of(series).unwrap()),
    ];
    let [of_flags, of_keys] = [
        include_str!("../../../docs/flags.md"),
        include_str!("../../../docs/config.md"),
    ];
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| c.is_whitespace() || ",`[]|=".contains(c));
        words.map(str::to_string).collect()
    };
    let [of_render, of_series] = [of_render, of_series].map(|texts| texts.map(|text| words(&text)));
    let of_flags = words(of_flags);
    for flag in all() {
        let shown = flag.shown();
        let is_of_series = SERIES.iter().any(|own| std::ptr::eq(own, flag));
        let ([help, man], command) = match is_of_series {
            true => (&of_series, Some("series")),
            false => (&of_render, None),
        };
        assert!(
            help.iter().any(|word| word == shown),
            "{shown}: not in the help"
        );
        assert!(
            man.iter().any(|word| word == shown),
            "{shown}: not in the manual page"
        );
        let line: Vec<String> = command.into_iter().chain([shown]).map(Into::into).collect();
        let Answer::Words(completed) = answer_to(&line) else {
            panic!("{shown}: no completions");
        };
        assert!(
            completed.iter().any(|(word, _)| word == shown),
            "{shown}: not completed"
        );
        if flag.dashes == Dashes::One {
            assert!(
                of_flags.iter().any(|word| word == shown),
                "{shown}: not in docs/flags.md"
            );
        }
        if let Some(key) = flag
            .key()
            .filter(|_| !matches!(flag.effect, Effect::Swapped(_)))
        {
            let row = format!("| `{}` |", key.name);
            let mut rows = of_keys.lines().filter(|line| line.starts_with(&row));
            let named = format!("`{shown}`");
            assert!(
                rows.any(|row| row.contains(&named)),
                "{shown}: not in docs/config.md"
            );
            let found = find(flag.name).and_then(Flag::key);
            assert_eq!(found, Some(key), "{shown}");
        }
    }
}

#[test]
fn every_flag_of_an_input_file_is_known() {
    let mut flags: Vec<&str> = all()
        .filter(|flag| flag.reads_a_file())
        .flat_map(Flag::spellings)
        .collect();
    flags.sort_unstable();
    let expected = [
        "expt",
        "geom",
        "hkl",
        "hkl-channels",
        "img",
        "mask",
        "mat",
        "matrix",
        "mosaic-file",
        "pdb",
        "sourcefile",
    ];
    assert_eq!(flags, expected);
}

#[test]
fn names_are_unique() {
    let mut names: Vec<&str> = all().flat_map(Flag::spellings).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
