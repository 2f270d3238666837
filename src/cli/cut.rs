//! How much of a value is repeated in a message.

use std::borrow::Cow;

/// `text` as people can read it, whatever it repeats of files and command lines: of a word that is
/// much longer than any file's name its beginning, of a line that fills a screen its beginning and
/// end.
pub fn cut(text: &str) -> Cow<'_, str> {
    /// Twice the longest name of a file, bytes: a name that is too long is still told.
    const NAME: usize = 510;
    /// Characters of a longer word that are kept.
    const BEGINNING: usize = 40;
    /// The longest line, bytes.
    const LINE: usize = 4096;
    /// Characters of a longer line that are kept at either end.
    const END: usize = 1000;
    let is_between = |c: char| c.is_whitespace() || "/\\:;,".contains(c);
    let is_long = |word: &str| word.len() > NAME;
    if !text.split(is_between).any(is_long) && text.lines().all(|line| line.len() <= LINE) {
        return text.into();
    }
    let mut words = String::new();
    for piece in text.split_inclusive(is_between) {
        let word = piece.trim_end_matches(is_between);
        match word.char_indices().nth(BEGINNING) {
            Some((end, _)) if is_long(word) => {
                let more = word[end..].chars().count();
                words += &format!("{}… ({more} more)", &word[..end]);
            }
            _ => words += word,
        }
        words += &piece[word.len()..];
    }
    let lines = words.split('\n').map(|line| {
        let length = line.chars().count();
        if line.len() <= LINE || length <= 2 * END {
            return line.to_string();
        }
        let [beginning, end]: [String; 2] = [
            line.chars().take(END).collect(),
            line.chars().skip(length - END).collect(),
        ];
        format!("{beginning} … {end}")
    });
    lines.collect::<Vec<_>>().join("\n").into()
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn long_values_are_cut_and_the_rest_is_not() {
        let name = "n".repeat(300);
        let sound = format!("-hkl /data/{name}/{name}: it is missing; expected …\n{name}");
        assert_eq!(cut(&sound), sound);
        let digits = "1".repeat(100_000_000);
        let beginning = "1".repeat(40);
        assert_eq!(
            cut(&format!("-lambda {digits}: expected a number, Å")),
            format!("-lambda {beginning}… (99999960 more): expected a number, Å")
        );
        let list = "1, ".repeat(1_000_000);
        let said = cut(&format!("key = [{list}]: expected 3 values, Å")).into_owned();
        assert!(
            said.len() < 4096 && said.starts_with("key = [1, 1"),
            "{said}"
        );
        assert!(said.ends_with(", ]: expected 3 values, Å"), "{said}");
    }
}
