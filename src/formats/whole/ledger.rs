//! What this process has of files that are not in their places yet, and what it has put there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::claim::{self, Claim, Held};
use super::target::Target;
use crate::formats::FormatError;

static LEDGER: Mutex<Ledger> = Mutex::new(Ledger {
    temporary: BTreeSet::new(),
    reserved: BTreeMap::new(),
    placed: Vec::new(),
});

/// The ledger of this process. Temporary files come, go and are renamed under its lock, so that who
/// holds it knows what is on disk.
#[derive(Debug)]
pub(super) struct Ledger {
    /// The temporary files that there are.
    temporary: BTreeSet<PathBuf>,
    /// Those that wait for their content, by their paths.
    reserved: BTreeMap<PathBuf, Held>,
    /// The files that were put in their places, each as often as it was.
    placed: Vec<PathBuf>,
}

impl Ledger {
    /// The ledger, locked.
    pub fn lock() -> MutexGuard<'static, Ledger> {
        LEDGER.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The temporary file of `target`, which is there now as `replaced` tells: the reserved one, or
    /// else a new one.
    pub fn claim(&mut self, target: &Path, replaced: Option<&fs::Metadata>) -> io::Result<Held> {
        let place = claim::place_of(target);
        if let Some(held) = self.reserved.remove(&place) {
            return Ok(held);
        }
        self.hold(place, replaced)
    }

    /// A second temporary file of `target`.
    #[cfg(feature = "hdf5")]
    pub fn claim_another(
        &mut self,
        target: &Path,
        replaced: Option<&fs::Metadata>,
    ) -> io::Result<Held> {
        self.hold(claim::second_place_of(target), replaced)
    }

    fn hold(&mut self, place: PathBuf, replaced: Option<&fs::Metadata>) -> io::Result<Held> {
        let held = Held::new(place, replaced)?;
        self.temporary.insert(held.place.clone());
        Ok(held)
    }

    /// Puts the file at `place` where it belongs, at `target`, which the user calls `path`.
    pub fn put(&mut self, place: &Path, target: &Path, path: &Path) -> io::Result<()> {
        fs::rename(place, target)?;
        self.temporary.remove(place);
        self.placed.push(path.to_path_buf());
        Ok(())
    }

    /// The files that were put in their places, each once, in that order.
    fn placed(&self) -> Vec<PathBuf> {
        let mut known = BTreeSet::new();
        let placed = self.placed.iter().filter(|path| known.insert(*path));
        placed.cloned().collect()
    }

    /// Takes away the temporary file at `place`, unless it was put in its place.
    pub fn remove(&mut self, place: &Path) {
        if self.temporary.remove(place) {
            // What cannot be removed is swept when the target is written again.
            let _ = fs::remove_file(place);
        }
    }
}

/// Makes sure that a file can be written to `path`, and keeps the place until [`PendingFile`] fills
/// it or [`release`] gives it up: another process is refused it meanwhile.
///
/// [`PendingFile`]: super::PendingFile
///
/// # Errors
/// [`FormatError::Write`] with what stands in the way, be it another process.
pub fn reserve(path: &Path) -> Result<(), FormatError> {
    let reserved = || -> io::Result<()> {
        if let Target::File { path, replaced } = Target::of(path)? {
            let mut ledger = Ledger::lock();
            let held = ledger.claim(&path, replaced.as_ref())?;
            let place = claim::place_of(&path);
            ledger.reserved.insert(place, held);
        }
        Ok(())
    };
    reserved().map_err(|reason| FormatError::write(path, reason))
}

/// Gives up what was [reserved](reserve) and not written.
pub fn release() {
    let reserved = std::mem::take(&mut Ledger::lock().reserved);
    // Each takes the lock as it goes.
    reserved.into_values().map(Claim).for_each(drop);
}

/// The files that this process has put in their places so far, each once, in that order.
pub fn in_place() -> Vec<PathBuf> {
    Ledger::lock().placed()
}

/// Takes away every temporary file of this process, which then has to end: threads that want to put
/// a file in its place wait for ever. Says which files are in their places.
pub fn abandon() -> Vec<PathBuf> {
    let mut ledger = Ledger::lock();
    for place in std::mem::take(&mut ledger.temporary) {
        let _ = fs::remove_file(place);
    }
    let placed = ledger.placed();
    std::mem::forget(ledger);
    placed
}
