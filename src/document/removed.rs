//! Keys that earlier versions had, with their flags, and what to use instead.

use crate::formats::Problem;

/// A key that is gone.
#[derive(Debug)]
pub struct Removed {
    /// The flag that gave it, without dashes.
    pub flag: &'static str,
    /// Section and name of the key.
    pub key: [&'static str; 2],
    /// What is done now, and what to use instead.
    pub instead: &'static str,
}

/// All of them.
pub const REMOVED: &[Removed] = &[Removed {
    flag: "tolerance",
    key: ["sampling", "tolerance"],
    instead: "every term is summed, but for Gaussian and top-hat spots exactly where they are zero; \
              fewer mosaic domains or sub-pixels make square and round crystals cheaper",
}];

impl Removed {
    /// The notice about the key, whose value is `given` on `line` of a file.
    pub fn notice(&self, given: &str, line: usize) -> Problem {
        let (key, instead) = (self.key.join("."), self.instead);
        let what = format!("{key} = {given} is no longer used; take the line out ({instead})");
        Problem::on_line(line, what)
    }
}
