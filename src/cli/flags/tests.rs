use super::*;

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
