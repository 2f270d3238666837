//! Watching a render, and stopping it.

/// Is told how far a render has come, from any thread, and may stop it.
pub trait Monitor: Sync {
    /// The part that is done, 0 to 1.
    fn advanced(&self, _part: f64) {}

    /// Whether the render is to stop; asked every few milliseconds on the CPU, after each dispatch
    /// on a GPU.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Watches nothing.
impl Monitor for () {}

/// Stops a render whenever another monitor does, and tells that one nothing.
pub(super) struct OnlyStops<'a>(pub &'a dyn Monitor);

impl Monitor for OnlyStops<'_> {
    fn interrupted(&self) -> bool {
        self.0.interrupted()
    }
}
