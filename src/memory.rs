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

/// So many zeros for images that are written once. The system clears them page by page as they are first
/// touched, in pages of 2 MiB where it has those: in pages of 4 KiB the faults cost more than the
/// arithmetic of a pixel.
pub fn zeros(count: usize) -> Vec<f64> {
    let zeros = vec![0.0; count];
    #[cfg(target_os = "linux")]
    ask_for_large_pages(&zeros);
    zeros
}

/// Asks for large pages where whole ones lie within `numbers`.
#[cfg(target_os = "linux")]
fn ask_for_large_pages(numbers: &[f64]) {
    use rustix::mm::{Advice, madvise};

    const LARGE: usize = 1 << 21;
    let range = numbers.as_ptr_range();
    let (start, end) = (range.start as usize, range.end as usize);
    let first = start.next_multiple_of(LARGE);
    if let Some(bytes @ LARGE..) = (end - end % LARGE).checked_sub(first) {
        let pages = range.start.wrapping_byte_add(first - start);
        // SAFETY: the pages lie within `numbers`, and how memory is mapped does not change what is in it.
        // A system without large pages refuses, and all is as it was.
        let _ = unsafe { madvise(pages.cast_mut().cast(), bytes, Advice::LinuxHugepage) };
    }
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
    fn zeros_are_zero_however_many() {
        for count in [0, 1, 1 << 18, (1 << 19) + 3] {
            let mut zeros = zeros(count);
            assert!(zeros.len() == count && zeros.iter().all(|zero| *zero == 0.0));
            zeros.fill(1.0);
            assert_eq!(zeros.iter().sum::<f64>(), count as f64);
        }
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(Bytes(512).to_string(), "512.0 B");
        assert_eq!(Bytes(3 << 29).to_string(), "1.5 GiB");
    }
}
