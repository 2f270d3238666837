//! The blocks of a CIF file, and their tables.

use super::tokens::{Token, Tokens, Value};
use crate::formats::Problem;
use crate::formats::text::quoted;

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
                        format!("{} has no value", quoted(tag)),
                    ));
                };
                if wanted(tag) {
                    block.items.push((tag, value));
                }
                tokens.next()?
            }
            Token::Loop => table(&mut tokens, block, &wanted)?,
            Token::Value(value) => {
                let what = format!("{} belongs to no item", quoted(value.text));
                return Err(Problem::on_line(line, what));
            }
            Token::Save | Token::Data(_) => tokens.next()?,
        };
    }
    Ok(blocks)
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
