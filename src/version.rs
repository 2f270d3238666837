//! Which program this is: its version, and the commit it was built from.

/// Version of the package, as `0.1.0`.
pub const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// The commit that the program was built from, twelve digits, `-dirty` behind them where its files
/// were changed; `unknown` where it was built outside its repository.
pub const COMMIT: &str = env!("NANOBRAGG_COMMIT");

/// The day of that commit, as `2026-11-24`; empty where it is not known.
pub const DAY: &str = env!("NANOBRAGG_DAY");

/// The version in full, for files that tell what made them: `0.1.0 (878928f1a2b3 2026-11-24)` with
/// the commit and its day, or the number alone where the commit is not known.
///
/// ```
/// assert!(nanobragg::version::full().starts_with(nanobragg::version::NUMBER));
/// ```
pub fn full() -> &'static str {
    env!("NANOBRAGG_VERSION")
}
