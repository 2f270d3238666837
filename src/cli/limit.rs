//! What this machine has memory for, found out once.

use std::sync::OnceLock;

use clap::Args;

use crate::formats::{self, Access, Links};
use crate::memory::Bytes;

/// The most bytes of a file that readers take, by the memory that was free when it was first asked
/// for.
pub fn file_limit() -> Bytes {
    static LIMIT: OnceLock<Bytes> = OnceLock::new();
    *LIMIT.get_or_init(|| formats::file_limit(Bytes::available()))
}

/// The flag of commands that read images.
#[derive(Args, Clone, Copy)]
pub struct LinksFlag {
    /// Follow links in HDF5 files to any file; without it only to files in the folder of the file
    /// that is named, and below
    #[arg(long = "links-anywhere", help_heading = "Program")]
    links_anywhere: bool,
}

impl LinksFlag {
    /// What the reader of an image may take.
    pub fn access(self) -> Access {
        access(links(self.links_anywhere))
    }
}

/// What the reader of an image may take, whose links may lead as far as `links` says.
pub fn access(links: Links) -> Access {
    Access {
        most: file_limit(),
        links,
    }
}

/// How far links may lead, with or without --links-anywhere.
pub fn links(anywhere: bool) -> Links {
    match anywhere {
        true => Links::Anywhere,
        false => Links::Beside,
    }
}
