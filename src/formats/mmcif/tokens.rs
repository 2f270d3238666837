//! The words of a CIF file, and the tables that they make.
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
    /// What it says, without its quotes.
    pub(super) text: &'a str,
    /// Whether it stood in quotes or between semicolons.
    pub(super) quoted: bool,
}

impl<'a> Value<'a> {
    /// What it says, unless that it is unknown (`?`) or does not apply (`.`).
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

/// The items of a `loop_`.
#[derive(Debug, Clone)]
pub(super) struct Table<'a> {
    /// Their tags.
    pub(super) tags: Vec<&'a str>,
    /// How many rows there are.
    pub(super) rows: usize,
    /// The words from the first value on.
    values: Tokens<'a>,
}

impl<'a> Table<'a> {
    /// The column of a tag.
    pub(super) fn column(&self, tag: &str) -> Option<usize> {
        let mut tags = self.tags.iter();
        tags.position(|known| known.eq_ignore_ascii_case(tag))
    }

    /// Hands every row and its line to `take`.
    pub(super) fn each_row(
        &self,
        mut take: impl FnMut(usize, &[Value<'a>]) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let mut values = self.values.clone();
        let mut row = Vec::with_capacity(self.tags.len());
        for _ in 0..self.rows {
            row.clear();
            let mut line = values.line;
            while row.len() < self.tags.len()
                && let Some(Token::Value(value)) = values.next()?
            {
                if row.is_empty() {
                    line = values.line;
                }
                row.push(value);
            }
            take(line, &row)?;
        }
        Ok(())
    }
}

/// A block of a CIF file: the items and tables of some categories.
#[derive(Debug, Clone, Default)]
pub(super) struct Block<'a> {
    pub(super) name: &'a str,
    items: Vec<(&'a str, Value<'a>)>,
    pub(super) tables: Vec<Table<'a>>,
}

impl<'a> Block<'a> {
    /// The value of an item that stands alone, if it is known.
    pub(super) fn item(&self, tag: &str) -> Option<&'a str> {
        let mut items = self.items.iter();
        let found = items.find(|(known, _)| known.eq_ignore_ascii_case(tag))?;
        found.1.known()
    }

    /// The table that has a tag.
    pub(super) fn table(&self, tag: &str) -> Option<&Table<'a>> {
        self.tables.iter().find(|table| table.column(tag).is_some())
    }
}

/// The blocks of a file, with those items and tables whose tags are `wanted`.
///
/// # Errors
/// A [`Problem`] where the text is no CIF.
pub(super) fn blocks<'a>(
    text: &'a str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Block<'a>>, Problem> {
    let mut tokens = Tokens::new(text);
    let mut blocks: Vec<Block> = Vec::new();
    let mut next = tokens.next()?;
    while let Some(token) = next {
        let line = tokens.line;
        if let Token::Data(name) = token {
            blocks.push(Block {
                name,
                ..Block::default()
            });
            next = tokens.next()?;
            continue;
        }
        let Some(block) = blocks.last_mut() else {
            return Err(Problem::on_line(
                line,
                "expected data_ and the name of a block first",
            ));
        };
        next = match token {
            Token::Tag(tag) => {
                let Some(Token::Value(value)) = tokens.next()? else {
                    return Err(Problem::on_line(
                        line,
                        format!("{} has no value", shown(tag)),
                    ));
                };
                if wanted(tag) {
                    block.items.push((tag, value));
                }
                tokens.next()?
            }
            Token::Loop => table(&mut tokens, block, &wanted)?,
            Token::Value(value) => {
                let what = format!("{} belongs to no item", shown(value.text));
                return Err(Problem::on_line(line, what));
            }
            Token::Save | Token::Data(_) => tokens.next()?,
        };
    }
    Ok(blocks)
}

fn shown(word: &str) -> String {
    crate::formats::text::quoted(word)
}

/// Reads the table behind a `loop_` into `block`, and the word behind it.
fn table<'a>(
    tokens: &mut Tokens<'a>,
    block: &mut Block<'a>,
    wanted: &impl Fn(&str) -> bool,
) -> Result<Option<Token<'a>>, Problem> {
    let line = tokens.line;
    let mut tags = Vec::new();
    let mut values = tokens.clone();
    let mut next = tokens.next()?;
    while let Some(Token::Tag(tag)) = next {
        tags.push(tag);
        values = tokens.clone();
        next = tokens.next()?;
    }
    let mut count = 0;
    while let Some(Token::Value(_)) = next {
        count += 1;
        next = tokens.next()?;
    }
    if tags.is_empty() || count % tags.len() != 0 {
        let what = format!(
            "a loop of {} items and {count} values; the file is damaged",
            tags.len()
        );
        return Err(Problem::on_line(line, what));
    }
    if tags.iter().any(|tag| wanted(tag)) {
        let rows = count / tags.len();
        block.tables.push(Table { tags, rows, values });
    }
    Ok(next)
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

    #[test]
    fn rows_are_read_with_their_lines() {
        let text = "data_a\nloop_\n_b.x\n_b.y\n1 2\n\n3\n4\n_c.z 5\n";
        let blocks = blocks(text, |_| true).unwrap();
        let table = blocks[0].table("_B.Y").unwrap();
        let mut rows = Vec::new();
        let taken = table.each_row(|line, row| {
            rows.push((line, row[0].text.to_string(), row[1].text.to_string()));
            Ok(())
        });
        taken.unwrap();
        let row = |line, x: &str, y: &str| (line, x.to_string(), y.to_string());
        assert_eq!(rows, [row(5, "1", "2"), row(7, "3", "4")]);
        assert_eq!(blocks[0].item("_c.Z"), Some("5"));
    }

    #[test]
    fn what_is_no_cif_is_refused_where_it_ends() {
        let said = |text| blocks(text, |_| true).unwrap_err().to_string();
        assert!(said("1 2 3").contains("line 1: expected data_"));
        assert!(said("data_a\n5").contains("line 2: '5' belongs to no item"));
        assert!(said("data_a\n_b").contains("line 2: '_b' has no value"));
        assert!(said("data_a\n_b 'c").contains("line 2: a quote"));
        assert!(said("data_a\n_b\n;c\n").contains("line 3: a text field"));
        assert!(said("data_a loop_ _b _c 1 2 3").contains("2 items and 3 values"));
        assert!(said("data_a loop_ 1").contains("0 items"));
    }
}
