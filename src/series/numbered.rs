//! Names of files that are numbered, as `frame_####.cbf` is.

use std::path::{Path, PathBuf};

/// A name with a place for a number: its last run of `#`, which has as many digits at least.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbered {
    folder: PathBuf,
    before: String,
    digits: usize,
    after: String,
}

impl Numbered {
    /// The numbered name that `path` is, if its file's name has a place for a number.
    pub fn of(path: &Path) -> Option<Numbered> {
        let name = path.file_name()?.to_str()?;
        let end = name.rfind('#')? + 1;
        let before = name[..end].trim_end_matches('#');
        Some(Numbered {
            folder: path.parent().map_or_else(PathBuf::new, Path::to_path_buf),
            before: before.to_string(),
            digits: end - before.len(),
            after: name[end..].to_string(),
        })
    }

    /// The folder of the files.
    pub fn folder(&self) -> &Path {
        match self.folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.folder,
        }
    }

    /// Whether a file of these may have the name of one of `other`.
    pub fn may_meet(&self, other: &Numbered) -> bool {
        let starts = |one: &str, other: &str| one.starts_with(other) || other.starts_with(one);
        let ends = |one: &str, other: &str| one.ends_with(other) || other.ends_with(one);
        self.folder() == other.folder()
            && starts(&self.before, &other.before)
            && ends(&self.after, &other.after)
    }

    /// The number of the file called `name`, if it is one of these.
    pub fn number(&self, name: &str) -> Option<u64> {
        let number = name.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        let parsed = number.parse().ok()?;
        let digits = self.digits;
        (number == format!("{parsed:0digits$}")).then_some(parsed)
    }

    /// The name of file `number`.
    pub fn path(&self, number: u64) -> PathBuf {
        let Numbered {
            before,
            digits,
            after,
            ..
        } = self;
        self.folder
            .join(format!("{before}{number:0digits$}{after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_takes_the_place_of_the_last_hashes() {
        let path = |name: &str, number| Some(Numbered::of(Path::new(name))?.path(number));
        let expected = |name: &str| Some(PathBuf::from(name));
        assert_eq!(path("a#/b_####.cbf", 7), expected("a#/b_0007.cbf"));
        assert_eq!(path("##_###.h5", 12345), expected("##_12345.h5"));
        assert_eq!(path("#", 0), expected("0"));
        assert_eq!(path("a#/b.cbf", 7), None);
    }

    #[test]
    fn a_name_tells_its_number() {
        let frames = Numbered::of(Path::new("a/b_###.cbf")).unwrap();
        for number in [0, 7, 999, 1000, u64::MAX] {
            let path = frames.path(number);
            let name = path.file_name().unwrap().to_str().unwrap();
            assert_eq!(frames.number(name), Some(number));
        }
        for other in [
            "b_7.cbf",
            "b_0007.cbf",
            "b_+07.cbf",
            "b_.cbf",
            "c_007.cbf",
            "b_007.img",
            "b_",
        ] {
            assert_eq!(frames.number(other), None, "{other}");
        }
        let meets = |other| frames.may_meet(&Numbered::of(Path::new(other)).unwrap());
        assert!(meets("a/b_1#.cbf") && meets("a/b#.cbf") && meets("a/b_#1.cbf"));
        assert!(!meets("a/c_###.cbf") && !meets("b_###.cbf") && !meets("a/b_###.npy"));
    }
}
