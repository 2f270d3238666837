//! The flags of a render by their ids and spellings.

use std::any::TypeId;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Command};

use super::{command, double_dash_only};

/// What the values of a flag are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// Numbers.
    Number,
    /// Whole numbers.
    Whole,
    /// Names of files.
    Path,
    /// Words.
    Text,
}

/// The flags of a render.
pub struct Catalogue {
    command: Command,
    double: Vec<String>,
}

impl Catalogue {
    /// Of all flags.
    pub fn new() -> Catalogue {
        Catalogue {
            command: command(),
            double: double_dash_only(),
        }
    }

    /// The ids, in the order of the help.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.command
            .get_arguments()
            .map(|flag| flag.get_id().as_str())
    }

    fn flag(&self, id: &str) -> Option<&Arg> {
        let mut flags = self.command.get_arguments();
        flags.find(|flag| flag.get_id() == id)
    }

    /// The spelling of the flag with this id, without dashes.
    pub fn long(&self, id: &str) -> String {
        let long = self.flag(id).and_then(Arg::get_long);
        long.unwrap_or(id).to_string()
    }

    /// The flag with this id as it is shown to users.
    pub fn shown(&self, id: &str) -> String {
        let long = self.long(id);
        let dashes = if self.double.contains(&long) {
            "--"
        } else {
            "-"
        };
        format!("{dashes}{long}")
    }

    /// The id of the flag that `word`, of a command line, starts with.
    pub fn id_of(&self, word: &str) -> Option<&str> {
        let name = word.strip_prefix('-')?;
        let name = name.strip_prefix('-').unwrap_or(name);
        let name = name.split_once('=').map_or(name, |(name, _)| name);
        let mut flags = self.command.get_arguments();
        let found = flags.find(|flag| {
            let spellings = flag.get_long_and_visible_aliases();
            spellings.is_some_and(|spellings| spellings.contains(&name))
        });
        found.map(|flag| flag.get_id().as_str())
    }

    /// What the values of the flag with this id are.
    pub fn kind(&self, id: &str) -> ValueKind {
        let Some(flag) = self.flag(id) else {
            return ValueKind::Text;
        };
        let kind = flag.get_value_parser().type_id();
        let whole = [
            TypeId::of::<u32>(),
            TypeId::of::<usize>(),
            TypeId::of::<i64>(),
        ];
        if kind == TypeId::of::<f64>() {
            ValueKind::Number
        } else if whole.iter().any(|whole| kind == *whole) {
            ValueKind::Whole
        } else if kind == TypeId::of::<PathBuf>() {
            ValueKind::Path
        } else {
            ValueKind::Text
        }
    }

    /// The least and the largest number of values of the flag with this id; none of a switch.
    pub fn count(&self, id: &str) -> [usize; 2] {
        let Some(flag) = self.flag(id) else {
            return [0, 0];
        };
        let takes = matches!(flag.get_action(), ArgAction::Set | ArgAction::Append);
        match flag.get_num_args() {
            _ if !takes => [0, 0],
            None => [1, 1],
            Some(range) => [range.min_values(), range.max_values()],
        }
    }
}
