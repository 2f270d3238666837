//! What tells the cases of a benchmark apart.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What one case varies of a benchmark's flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Edge of the square detector, pixels.
    pub size: usize,
    /// Mosaic domains; none for as many as the flags say.
    pub domains: Option<u32>,
    /// Threads of the CPU path; none where they are not varied.
    pub threads: Option<u32>,
}

impl Setting {
    /// A name for files: the size, and what else is varied.
    pub fn name(&self) -> String {
        let varied = |what: &str, count: Option<u32>| {
            count.map_or_else(String::new, |count| format!("_{what}_{count}"))
        };
        let (domains, threads) = (
            varied("domains", self.domains),
            varied("threads", self.threads),
        );
        format!("{}{domains}{threads}", self.size)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Setting {
            size,
            domains,
            threads,
        } = self;
        write!(f, "{size} × {size}")?;
        if let Some(domains) = domains {
            write!(f, " with -mosaic_domains {domains}")?;
        }
        if let Some(threads) = threads {
            write!(f, " with --threads {threads}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_what_is_varied() {
        let mut setting = Setting {
            size: 64,
            domains: None,
            threads: None,
        };
        assert_eq!(
            (setting.name(), setting.to_string()),
            ("64".into(), "64 × 64".into())
        );
        setting.domains = Some(10);
        setting.threads = Some(2);
        assert_eq!(setting.name(), "64_domains_10_threads_2");
    }
}
