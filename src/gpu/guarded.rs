//! Calls into wgpu that may panic: it takes some errors of drivers, a lost device among them, for
//! its own faults.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a call whose panic becomes a [`GpuError`](super::GpuError). A panic
/// hook has nothing to tell of it.
pub fn panics_are_errors() -> bool {
    INSIDE.get()
}

/// What `call` makes.
///
/// # Errors
/// The message of its panic, in one line.
pub fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    let outer = INSIDE.replace(true);
    // What a panic leaves half done is wgpu's own state: the device is given up after it.
    let made = catch_unwind(AssertUnwindSafe(call));
    INSIDE.set(outer);
    made.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        one_line(text.unwrap_or("a panic without a message"))
    })
}

/// `text` in one line.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
