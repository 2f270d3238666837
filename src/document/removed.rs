//! Keys that earlier versions had, with their flags, and what to use instead.

use crate::formats::Problem;

/// A key that is gone.
#[derive(Debug)]
pub struct Removed {
    /// The flag that gave it, without dashes.
    pub flag: &'static str,
    /// Its section and its name.
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
    ///
    /// # Errors
    /// A [`Problem`] where the value may have changed the image.
    pub fn notice(&self, given: &str, line: usize) -> Result<Problem, Problem> {
        let key = self.key.join(".");
        if given.parse() == Ok(0.0) {
            return Ok(Problem::on_line(
                line,
                format!(
                    "{key} = {given} is no longer used, and changes nothing; take the line out"
                ),
            ));
        }
        Err(Problem::on_line(
            line,
            format!(
                "{key} = {given}: no longer a key; take the line out (an image rendered with it does \
                 not come back byte for byte: {})",
                self.instead
            ),
        ))
    }
}
