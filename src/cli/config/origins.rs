//! Which key of an experiment file gave a flag, for messages about flags that nobody typed.

use std::path::{Path, PathBuf};

/// The flags that an experiment file gave.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    path: PathBuf,
    /// Flags as they are shown, and their places: a line, and a key.
    flags: Vec<(String, usize, String)>,
}

impl Origins {
    /// Of the file at `path`: flags as they are shown, lines, and keys.
    pub fn new(path: &Path, flags: Vec<(String, usize, String)>) -> Origins {
        Origins {
            path: path.to_path_buf(),
            flags,
        }
    }

    /// `message` with the keys of the flags that it names, and the file, behind it.
    pub fn explain(&self, message: &str) -> String {
        let named = self.flags.iter().filter(|(flag, ..)| names(message, flag));
        let mut keys: Vec<String> = Vec::new();
        for (flag, _, key) in named {
            let key = format!("{flag} is {key}");
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        match keys.is_empty() {
            true => message.to_string(),
            false => format!("{message} ({} of {})", keys.join(", "), self.path.display()),
        }
    }

    /// Whether `notice` says that a key has no effect which is about files that are not written.
    pub fn is_idle_of_files(&self, notice: &str) -> bool {
        const SECTIONS: [&str; 3] = ["noise.", "counts.", "picture."];
        let Some((flag, _)) = notice.split_once(" has no effect") else {
            return false;
        };
        let own = self.flags.iter().filter(|(shown, ..)| shown == flag);
        let mut own = own.map(|(.., key)| key);
        own.any(|key| SECTIONS.iter().any(|section| key.starts_with(section)))
    }

    /// `message`, of what is wrong with the flag that it starts with, as one about the file's key; none
    /// if the flag is not the file's.
    pub fn blame(&self, message: &str) -> Option<String> {
        let end = message.find([' ', ':']).unwrap_or(message.len());
        let (flag, what) = message.split_at(end);
        let (_, line, key) = self.flags.iter().find(|(shown, ..)| shown == flag)?;
        let what = match what.strip_prefix(' ') {
            Some(value) => format!(" = {value}"),
            None => what.to_string(),
        };
        Some(format!("{}, line {line}: {key}{what}", self.path.display()))
    }
}

/// Whether `message` names `flag`, and not one that it is a part of.
fn names(message: &str, flag: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    message.match_indices(flag).any(|(start, _)| {
        let before = message[..start].chars().next_back();
        let after = message[start + flag.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        let flag = |flag: &str, line, key: &str| (flag.to_string(), line, key.to_string());
        let flags = vec![
            flag("-pixel", 3, "detector.pixel_mm"),
            flag("-N", 4, "crystal.cells"),
        ];
        Origins::new(Path::new("a.toml"), flags)
    }

    #[test]
    fn messages_name_the_key_of_a_flag() {
        let said = |message: &str| origins().explain(message);
        assert_eq!(
            said("-pixel: no"),
            "-pixel: no (-pixel is detector.pixel_mm of a.toml)"
        );
        for other in ["-pixels: no", "--pixel: no", "a-pixel", "-Na", "nothing"] {
            assert_eq!(said(other), other);
        }
        assert_eq!(
            said("-N, -pixel"),
            "-N, -pixel (-pixel is detector.pixel_mm, -N is crystal.cells of a.toml)"
        );
    }

    #[test]
    fn a_bad_value_is_the_files() {
        let said = |message: &str| origins().blame(message);
        let line = "a.toml, line 3: detector.pixel_mm = -1: expected a positive number";
        assert_eq!(
            said("-pixel -1: expected a positive number").as_deref(),
            Some(line)
        );
        assert_eq!(said("-Na 0: expected"), None);
    }
}
