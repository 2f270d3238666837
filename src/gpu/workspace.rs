//! The buffers of a job, lent to it and kept for the next.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use super::derivatives::DerivativeBuffers;
use super::scene_buffers::SceneBuffers;
use super::target::Target;

/// What the render of a scene needs for itself on the device.
#[derive(Debug, Default)]
pub struct Workspace {
    pub buffers: SceneBuffers,
    pub target: Target,
    pub derivatives: DerivativeBuffers,
}

/// Things that no job has: as many as there were jobs at once. A job never waits for one. If it
/// did, a thread that helps another with its work could wait for itself.
#[derive(Debug)]
pub struct Pool<T>(Mutex<Vec<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Pool<T> {
        Pool(Mutex::default())
    }
}

impl<T: Default> Pool<T> {
    /// One of them, the `best` one if there is any.
    pub fn lend(&self, best: impl Fn(&T) -> bool) -> Lent<'_, T> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let best = idle.iter().position(best);
        let lent = match best {
            Some(place) => idle.swap_remove(place),
            None => idle.pop().unwrap_or_default(),
        };
        Lent { from: self, lent }
    }
}

/// Something that goes back when the job ends.
#[derive(Debug)]
pub struct Lent<'a, T: Default> {
    from: &'a Pool<T>,
    lent: T,
}

impl<T: Default> Deref for Lent<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.lent
    }
}

impl<T: Default> DerefMut for Lent<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.lent
    }
}

impl<T: Default> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        let lent = std::mem::take(&mut self.lent);
        let idle = self.from.0.lock();
        idle.unwrap_or_else(PoisonError::into_inner).push(lent);
    }
}
