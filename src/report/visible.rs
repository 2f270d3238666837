//! Text that files and command lines hold, fit for a terminal: characters that would steer it, or
//! that nobody sees, are spelled out.

/// Whether `character` steers a terminal or hides text: control characters (C0, DEL, C1), marks of
/// the direction of writing, and characters without width.
///
/// Source: Unicode 16, the general categories Cc, Cf, Zl and Zp, and its fillers.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// `text` in one line, its hidden characters as `\n`, `\t` or `\u{1b}`.
pub fn visible(text: &str) -> String {
    spelled_out(text, |_| false)
}

/// `text` with its own lines and tabs, all other hidden characters as `\u{1b}`.
pub fn visible_lines(text: &str) -> String {
    spelled_out(text, |character| matches!(character, '\n' | '\t'))
}

fn spelled_out(text: &str, stays: fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match is_hidden(character) && !stays(character) {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

/// `json`, a document of JSON, with the hidden characters of its texts as JSON spells them.
pub fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        // Line ends stand between values; those within texts are spelled out already.
        match is_hidden(character) && character != '\n' {
            true => {
                let units = character.encode_utf16(&mut [0; 2]).to_vec();
                shown.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
            }
            false => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_spelled_out_and_words_stay() {
        let text = "a\u{1b}[2J\u{7f}\u{9b}\u{202e}b\u{200b}\r\nÅ µ 2θ\t日本";
        assert_eq!(
            visible(text),
            "a\\u{1b}[2J\\u{7f}\\u{9b}\\u{202e}b\\u{200b}\\r\\nÅ µ 2θ\\t日本"
        );
        assert!(visible_lines(text).ends_with("\\r\nÅ µ 2θ\t日本"));
    }

    #[test]
    fn json_says_the_same_and_hides_nothing() {
        let text = "\u{1b}\u{7f}\u{9b}\u{202e}\u{e0041}\n\"é";
        let json = visible_json(&serde_json::to_string_pretty(&[text]).unwrap());
        assert!(
            !json
                .chars()
                .any(|character| is_hidden(character) && character != '\n')
        );
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [text]);
    }
}
