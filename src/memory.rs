//! How much memory this machine can still give, so that an impossible request is an answer and
//! not a killed process.

mod limits;

use std::fmt;

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// A number of bytes, printed for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0 as f64;
        let mut unit = "B";
        for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
            if value < 1024.0 {
                break;
            }
            value /= 1024.0;
            unit = larger;
        }
        write!(f, "{value:.1} {unit}")
    }
}

impl Bytes {
    /// The size of `count` values of type `T`, saturating.
    pub fn of<T>(count: u64) -> Bytes {
        Bytes(count.saturating_mul(size_of::<T>() as u64))
    }

    /// What this process can still be given: free memory, or less where a limit of the process
    /// (`ulimit -v`, `ulimit -d`) or of a control group that it is in sets a lower one.
    pub fn available() -> Bytes {
        let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
        let free = System::new_with_specifics(memory).available_memory();
        Bytes(free.min(limits::left()))
    }

    /// Whether this many bytes can be had now.
    ///
    /// # Errors
    /// The bytes there are, when they are fewer.
    pub fn check(self) -> Result<(), Bytes> {
        let available = Bytes::available();
        if self <= available {
            Ok(())
        } else {
            Err(available)
        }
    }
}

/// The most memory that this process has held at once, where the system tells: on Linux.
pub fn peak() -> Option<Bytes> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(Bytes(kibibytes * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_some_memory_but_not_all_of_it() {
        assert!(Bytes(1 << 20).check().is_ok());
        assert!(Bytes(u64::MAX).check().is_err());
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(Bytes(512).to_string(), "512.0 B");
        assert_eq!(Bytes(3 << 29).to_string(), "1.5 GiB");
    }
}
