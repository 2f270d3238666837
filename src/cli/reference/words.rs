//! Command lines for a reference program.

use super::super::flags::{self, Dashes};

/// `words` as one line for a shell.
pub fn command_line<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    shell_words::join(words) + "\n"
}

/// The first flag among `words` that is new here and bears on the image: the C program does not
/// know it, and without it would render something else.
pub fn unknown_to_c(words: &[String]) -> Option<String> {
    /// Flags and values of the C program's own choice.
    const AS_IN_C: [(&str, &str); 4] = [
        ("mosaic-model", "cap"),
        ("gauss-metric", "reciprocal"),
        ("b-factor", "0"),
        ("b-factor", "0.0"),
    ];
    let new = flags::all().filter(|flag| flag.dashes == Dashes::Two && !flag.is_of_the_run());
    let new: Vec<&str> = new.map(|flag| flag.name).collect();
    let next = words.iter().skip(1).map(Some).chain([None]);
    words.iter().zip(next).find_map(|(word, next)| {
        let bare = word.strip_prefix("--")?;
        let (name, value) = match bare.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (bare, next.map(String::as_str)),
        };
        let as_in_c = AS_IN_C
            .iter()
            .any(|(flag, usual)| *flag == name && Some(*usual) == value);
        let unknown = new.contains(&name) && !as_in_c;
        unknown.then(|| format!("--{name}"))
    })
}

/// `words`, flags of this program, as the C program takes them: one dash, values apart, files
/// named from the root, and none of the flags that are new here.
pub fn c_words(words: &[String]) -> Vec<String> {
    let from_root = |file: &str| {
        let path = std::path::absolute(file).map(|path| path.display().to_string());
        path.unwrap_or_else(|_| file.to_string())
    };
    let mut taken = Vec::with_capacity(words.len());
    let (mut file_follows, mut value_of_new_follows) = (false, false);
    for word in words {
        if std::mem::take(&mut file_follows) {
            taken.push(from_root(word));
            continue;
        }
        let bare = word
            .strip_prefix('-')
            .map(|rest| rest.strip_prefix('-').unwrap_or(rest));
        let (name, value) = match bare.map(|bare| bare.split_once('=')) {
            Some(Some((name, value))) => (name, Some(value)),
            _ => (bare.unwrap_or_default(), None),
        };
        let Some(flag) = flags::find(name) else {
            if !value_of_new_follows {
                taken.push(word.clone());
            }
            continue;
        };
        value_of_new_follows = flag.dashes == Dashes::Two;
        if value_of_new_follows {
            continue;
        }
        taken.push(format!("-{name}"));
        let is_file = flag.reads_a_file();
        match value {
            Some(value) if is_file => taken.push(from_root(value)),
            Some(value) => taken.push(value.to_string()),
            None => file_follows = is_file,
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_those_of_the_c_program() {
        let words =
            "--hkl P1.hkl -mat=/A.mat --mosaic-model cap -misset 1 -2 3 --N=5 -mask dir/m.img";
        let words = words.split(' ');
        let words: Vec<String> = words.map(str::to_string).collect();
        let here = |name| std::path::absolute(name).unwrap().display().to_string();
        let (hkl, mask) = (here("P1.hkl"), here("dir/m.img"));
        let expected = format!(
            "-hkl {hkl} -mat {} -misset 1 -2 3 -N 5 -mask {mask}",
            here("/A.mat")
        );
        assert_eq!(c_words(&words).join(" "), expected);
    }

    #[test]
    fn new_flags_that_bear_on_the_image_are_found() {
        let found = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_string).collect();
            unknown_to_c(&words)
        };
        assert_eq!(found("-N 5 --png a.png -mosaic 1"), None);
        let as_in_c = "--mosaic-model=cap -mosaic 1 --gauss-metric reciprocal";
        assert_eq!(found(as_in_c), None);
        for flag in [
            "--background",
            "--hkl-channels",
            "--mosaic-file",
            "--gauss-metric",
            "--expt",
        ] {
            assert_eq!(found(&format!("-N 5 {flag} x")).as_deref(), Some(flag));
            assert_eq!(found(&format!("{flag}=x -N 5")).as_deref(), Some(flag));
        }
    }

    #[test]
    fn command_lines_can_be_pasted() {
        let words = ["nanoBragg", "-mat", "it's here", ""].map(str::to_string);
        assert_eq!(command_line(&words), "nanoBragg -mat 'it'\\''s here' ''\n");
    }
}
