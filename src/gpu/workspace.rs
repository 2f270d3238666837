//! The buffers of a job, lent to it and kept for the next.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use super::scene_buffers::SceneBuffers;
use super::spread::Spreading;
use super::target::Target;
use crate::scene::Scene;

/// What a job needs for itself on the device.
#[derive(Debug, Default)]
pub struct Workspace {
    pub buffers: SceneBuffers,
    pub target: Target,
    pub spreading: Spreading,
}

/// Workspaces that no job has: as many as there were jobs at once. A job never waits for one. If it
/// did, a thread that helps another with its work could wait for itself.
#[derive(Debug, Default)]
pub struct Workspaces {
    idle: Mutex<Vec<Workspace>>,
}

impl Workspaces {
    /// A workspace: one that holds most of `scene` already, if there is one.
    pub fn lend(&self, scene: Option<&Scene>) -> Lent<'_> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let holding =
            |workspace: &Workspace| scene.is_some_and(|scene| workspace.buffers.hold(scene));
        let best = idle.iter().position(holding);
        let workspace = match best {
            Some(place) => idle.swap_remove(place),
            None => idle.pop().unwrap_or_default(),
        };
        Lent {
            from: self,
            workspace,
        }
    }
}

/// A workspace that goes back when the job ends.
#[derive(Debug)]
pub struct Lent<'a> {
    from: &'a Workspaces,
    workspace: Workspace,
}

impl Deref for Lent<'_> {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.workspace
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Workspace {
        &mut self.workspace
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let workspace = std::mem::take(&mut self.workspace);
        let idle = self.from.idle.lock();
        idle.unwrap_or_else(PoisonError::into_inner).push(workspace);
    }
}
