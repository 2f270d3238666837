//! What this machine has memory for, found out once.

use std::sync::OnceLock;

use crate::formats;
use crate::memory::Bytes;

/// The most bytes of a file that readers take, by the memory that was free when it was first asked
/// for.
pub fn file_limit() -> Bytes {
    static LIMIT: OnceLock<Bytes> = OnceLock::new();
    *LIMIT.get_or_init(|| formats::file_limit(Bytes::available()))
}
