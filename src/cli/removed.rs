//! Flags that earlier versions had, with their keys in experiment files, and what to use instead.

/// A flag that is gone.
#[derive(Debug)]
pub struct Removed {
    /// Its name, without dashes.
    pub flag: &'static str,
    /// The section and the name of its key.
    pub key: [&'static str; 2],
    /// What is done now, and what to use instead.
    pub instead: &'static str,
}

/// All of them.
pub const REMOVED: &[Removed] = &[Removed {
    flag: "tolerance",
    key: ["sampling", "tolerance"],
    instead: "every term is summed, but for spots of -gauss_xtal and -tophat_spots exactly where \
              they are zero; fewer -mosaic_domains or a smaller -oversample make square and round \
              crystals cheaper",
}];
