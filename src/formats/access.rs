//! What a reader of a file may take: memory, and other files that the file names.

use crate::memory::Bytes;

/// How far links in a file may lead. The virtual data sets and the external storage of HDF5 are
/// links too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Links {
    /// To files in the folder of the file that the user named, and below it. A symbolic link there
    /// that leads out of the folder counts as the file behind it.
    #[default]
    Beside,
    /// To any file.
    Anywhere,
}

/// What a reader may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The most bytes that a file, or a frame of one, may hold or be unpacked to.
    pub most: Bytes,
    /// How far links in the file may lead.
    pub links: Links,
}

impl From<Bytes> for Access {
    fn from(most: Bytes) -> Access {
        let links = Links::default();
        Access { most, links }
    }
}
