//! Messages that name keys, for whoever prints them to spell: by the key itself, or by the flag of
//! a command line that gave it.

use std::fmt;

use super::keys::Key;

/// What a key has to do with a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Named {
    /// The key.
    pub key: &'static Key,
    /// Which of its axes, where one is meant.
    pub axis: Option<usize>,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Words.
    Text(String),
    /// A key.
    Key(Named),
}

/// A line for the user: words, and the keys that it is about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message(pub Vec<Part>);

impl From<String> for Message {
    fn from(text: String) -> Message {
        Message(vec![Part::Text(text)])
    }
}

impl Message {
    /// `text`, in which each `{}` stands for the next of `parts`.
    pub fn of(text: &str, parts: impl IntoIterator<Item = Part>) -> Message {
        let mut parts = parts.into_iter();
        let mut message = Message::default();
        for (place, piece) in text.split("{}").enumerate() {
            if place > 0 {
                message.0.extend(parts.next());
            }
            if !piece.is_empty() {
                message = message.and(piece);
            }
        }
        message
    }

    /// The message with its keys as `spell` spells them.
    pub fn spelled(&self, mut spell: impl FnMut(Named) -> String) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Key(named) => spell(*named),
        });
        parts.collect()
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = Named> {
        self.0.iter().filter_map(|part| match part {
            Part::Key(named) => Some(*named),
            Part::Text(_) => None,
        })
    }

    /// The message with `more` behind it.
    pub fn and(mut self, more: impl Into<Part>) -> Message {
        self.0.push(more.into());
        self
    }

    /// The keys, with commas between them, before `what` is wrong.
    pub fn about(keys: &[&'static Key], what: impl fmt::Display) -> Message {
        let mut message = Message::default();
        for (place, key) in keys.iter().enumerate() {
            if place > 0 {
                message = message.and(", ");
            }
            message = message.and(*key);
        }
        match keys {
            [] => message.and(what.to_string()),
            _ => message.and(format!(": {what}")),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled(|named| named.key.to_string()))
    }
}

impl From<String> for Part {
    fn from(text: String) -> Part {
        Part::Text(text)
    }
}

impl From<f64> for Part {
    fn from(number: f64) -> Part {
        Part::Text(number.to_string())
    }
}

impl From<std::path::Display<'_>> for Part {
    fn from(path: std::path::Display) -> Part {
        Part::Text(path.to_string())
    }
}

impl From<Named> for Part {
    fn from(named: Named) -> Part {
        Part::Key(named)
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Part {
        Part::Text(text.into())
    }
}

impl From<&'static Key> for Part {
    fn from(key: &'static Key) -> Part {
        Part::Key(Named { key, axis: None })
    }
}

impl From<(&'static Key, usize)> for Part {
    fn from((key, axis): (&'static Key, usize)) -> Part {
        let axis = Some(axis);
        Part::Key(Named { key, axis })
    }
}

/// A [`Message`]: a text in which each `{}` stands for the next part, a key or words.
macro_rules! message {
    ($text:literal $(, $part:expr)* $(,)?) => {
        $crate::document::Message::of($text, [$($crate::document::Part::from($part)),*])
    };
}
pub(crate) use message;

/// The error that keys contradict each other: a [`Message`], as of `message!`.
macro_rules! contradiction {
    ($($part:tt)*) => {
        $crate::document::DocumentError::Contradiction($crate::document::message!($($part)*))
    };
}
pub(crate) use contradiction;
