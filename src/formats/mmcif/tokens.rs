//! The words of a CIF file.
//!
//! Source: Hall, Allen & Brown, *Acta Cryst.* A47 (1991) 655; International Tables vol. G §2.2.

use crate::formats::Problem;

/// A word of a CIF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `data_NAME`, which opens a block.
    Data(&'a str),
    /// `save_`, which opens or closes a frame of a dictionary.
    Save,
    /// `loop_`.
    Loop,
    /// `_category.item`.
    Tag(&'a str),
    /// A value.
    Value(Value<'a>),
}

/// A value of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value<'a> {
    /// Text of the value, without quotes.
    pub(super) text: &'a str,
    /// Whether the value stood in quotes or between semicolons.
    pub(super) quoted: bool,
}

impl<'a> Value<'a> {
    /// The text, unless the value is unknown (`?`) or does not apply (`.`).
    pub(super) fn known(self) -> Option<&'a str> {
        let is_missing = !self.quoted && matches!(self.text, "?" | ".");
        (!is_missing).then_some(self.text)
    }
}

/// Goes through the words of a text.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    /// Bytes that are behind.
    place: usize,
    /// The line of the next word, from 1.
    pub(super) line: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Tokens<'a> {
        Tokens {
            text,
            place: 0,
            line: 1,
        }
    }

    /// The next word, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, Problem> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.place) {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.place += 1;
                }
                _ if byte.is_ascii_whitespace() => self.place += 1,
                b'#' => self.place = end_of_line(bytes, self.place),
                b';' if self.place == 0 || bytes[self.place - 1] == b'\n' => {
                    return self.text_field().map(Some);
                }
                b'\'' | b'"' => return self.quoted(byte).map(Some),
                _ => return Ok(Some(self.bare())),
            }
        }
        Ok(None)
    }

    /// Lines between one that starts with a semicolon and the next that does.
    fn text_field(&mut self) -> Result<Token<'a>, Problem> {
        let field = &self.text[self.place + 1..];
        let length = field.find("\n;").ok_or_else(|| {
            Problem::on_line(self.line, "a text field without its closing semicolon")
        })?;
        let text = &field[..length];
        self.line += text.bytes().filter(|&byte| byte == b'\n').count() + 1;
        self.place += 1 + length + 2;
        Ok(Token::Value(Value { text, quoted: true }))
    }

    /// A quoted word. A quote ends it only before white space.
    fn quoted(&mut self, quote: u8) -> Result<Token<'a>, Problem> {
        let bytes = self.text.as_bytes();
        let start = self.place + 1;
        let is_quote = |end: usize| {
            bytes[end] == quote && bytes.get(end + 1).is_none_or(u8::is_ascii_whitespace)
        };
        let end = (start..bytes.len())
            .take_while(|&end| bytes[end] != b'\n')
            .find(|&end| is_quote(end))
            .ok_or_else(|| Problem::on_line(self.line, "a quote that does not end on its line"))?;
        self.place = end + 1;
        let text = &self.text[start..end];
        Ok(Token::Value(Value { text, quoted: true }))
    }

    fn bare(&mut self) -> Token<'a> {
        let rest = &self.text[self.place..];
        let length = rest
            .bytes()
            .position(|byte| byte.is_ascii_whitespace())
            .unwrap_or(rest.len());
        self.place += length;
        let word = &rest[..length];
        let starts = |with: &str| {
            let start = word.as_bytes().get(..with.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
        };
        if word.starts_with('_') {
            Token::Tag(word)
        } else if word.eq_ignore_ascii_case("loop_") {
            Token::Loop
        } else if starts("data_") {
            Token::Data(&word["data_".len()..])
        } else if starts("save_") {
            Token::Save
        } else {
            Token::Value(Value {
                text: word,
                quoted: false,
            })
        }
    }
}

/// The place of the next line end from `place` on.
fn end_of_line(bytes: &[u8], place: usize) -> usize {
    let rest = bytes.get(place..).unwrap_or_default();
    place
        + rest
            .iter()
            .position(|&byte| byte == b'\n')
            .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Token<'_>> {
        let mut tokens = Tokens::new(text);
        std::iter::from_fn(|| tokens.next().unwrap()).collect()
    }

    fn value(text: &str, quoted: bool) -> Token<'_> {
        Token::Value(Value { text, quoted })
    }

    #[test]
    fn words_are_told_apart() {
        let text = "#\\#CIF\ndata_1ABC # a block\n_cell.length_a\t59.06(2)\r\n_x 'a dog's life' \
                    _y \"\" _z\n;two\nlines; of text\n;\nloop_ _a ? '?' . a#b";
        let expected = [
            Token::Data("1ABC"),
            Token::Tag("_cell.length_a"),
            value("59.06(2)", false),
            Token::Tag("_x"),
            value("a dog's life", true),
            Token::Tag("_y"),
            value("", true),
            Token::Tag("_z"),
            value("two\nlines; of text", true),
            Token::Loop,
            Token::Tag("_a"),
            value("?", false),
            value("?", true),
            value(".", false),
            value("a#b", false),
        ];
        assert_eq!(words(text), expected);
    }
}
