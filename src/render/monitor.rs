//! Watching a render, and stopping it.

#[cfg(feature = "gpu")]
use crate::gpu::Dispatch;

/// Is told how far a render has come, from any thread, and may stop it.
pub trait Monitor: Sync {
    /// The part that is done, 0 to 1.
    fn advanced(&self, _part: f64) {}

    /// Is told of each dispatch of a GPU once it is done.
    #[cfg(feature = "gpu")]
    fn dispatched(&self, _dispatch: &Dispatch) {}

    /// Whether the render is to stop; asked every few milliseconds on the CPU, after each dispatch
    /// on a GPU.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Watches nothing.
impl Monitor for () {}

/// One of several equal parts of a render, told to the monitor of all of it.
pub(super) struct PartOf<'a> {
    whole: &'a dyn Monitor,
    place: usize,
    parts: usize,
}

impl<'a> PartOf<'a> {
    /// Part `place` of `parts`.
    pub fn new(whole: &'a dyn Monitor, place: usize, parts: usize) -> PartOf<'a> {
        PartOf {
            whole,
            place,
            parts,
        }
    }
}

impl Monitor for PartOf<'_> {
    fn advanced(&self, part: f64) {
        self.whole
            .advanced((self.place as f64 + part) / self.parts as f64);
    }

    #[cfg(feature = "gpu")]
    fn dispatched(&self, dispatch: &Dispatch) {
        self.whole.dispatched(dispatch);
    }

    fn interrupted(&self) -> bool {
        self.whole.interrupted()
    }
}
