//! What the limits of Linux leave a process: its own ones, and those of its control groups. Other
//! systems have no such files, which is no limit.
//!
//! Source: proc(5), cgroups(7), and the kernel's `admin-guide/cgroup-v1/memory.rst` and
//! `admin-guide/cgroup-v2.rst`.

use std::fs;
use std::path::Path;

/// The least that any limit leaves, bytes; the largest number where there is none.
pub fn left() -> u64 {
    let text = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    let process = of_process(&text("limits"), &text("status"));
    process.min(of_groups(Path::new("/sys/fs/cgroup"), &text("cgroup")))
}

/// What `limits`, of `/proc/self/limits`, leave a process of this `status`.
fn of_process(limits: &str, status: &str) -> u64 {
    let left = |limit: &str, used: &str| {
        let limit = limits.lines().find_map(|line| line.strip_prefix(limit))?;
        // The soft limit comes first. "unlimited" is no number.
        let limit: u64 = limit.split_whitespace().next()?.parse().ok()?;
        let used = status.lines().find_map(|line| line.strip_prefix(used))?;
        let used: u64 = used.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(limit.saturating_sub(used.saturating_mul(1024)))
    };
    let space = left("Max address space", "VmSize:");
    let data = left("Max data size", "VmData:");
    space.unwrap_or(u64::MAX).min(data.unwrap_or(u64::MAX))
}

/// What the control groups of `membership`, of `/proc/self/cgroup`, and all groups around them
/// leave, whose files are below `root`.
fn of_groups(root: &Path, membership: &str) -> u64 {
    let mut least = u64::MAX;
    for line in membership.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let (mounts, files): (&[&str], _) = match controllers {
            "" => (&["", "unified"], &VERSION_2),
            one if one.split(',').any(|name| name == "memory") => (&["memory"], &VERSION_1),
            _ => continue,
        };
        for mount in mounts {
            let mount = root.join(mount);
            // In a container the path may be that of the host, of which only the end is there.
            let group = mount.join(path.trim_start_matches('/'));
            let groups = group
                .ancestors()
                .take_while(|group| group.starts_with(&mount));
            least = groups
                .filter_map(|group| files.left(group))
                .fold(least, u64::min);
        }
    }
    least
}

/// The files of a control group.
struct Files {
    limits: &'static [&'static str],
    used: &'static str,
    /// The entry of `memory.stat` for the cache of files, which the kernel gives up when asked.
    cache: &'static str,
}

const VERSION_1: Files = Files {
    limits: &["memory.limit_in_bytes"],
    used: "memory.usage_in_bytes",
    cache: "total_inactive_file ",
};

const VERSION_2: Files = Files {
    // Above `high` a process is slowed down until it is as good as stopped.
    limits: &["memory.max", "memory.high"],
    used: "memory.current",
    cache: "inactive_file ",
};

impl Files {
    /// What the limits of `group` leave; none where it has none.
    fn left(&self, group: &Path) -> Option<u64> {
        let number = |name: &&str| -> Option<u64> {
            fs::read_to_string(group.join(name))
                .ok()?
                .trim()
                .parse()
                .ok()
        };
        let limit = self.limits.iter().filter_map(number).min()?;
        let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
        let cache = statistics
            .lines()
            .find_map(|line| line.strip_prefix(self.cache));
        let cache = cache
            .and_then(|bytes| bytes.trim().parse().ok())
            .unwrap_or(0);
        let used = number(&self.used).unwrap_or(0).saturating_sub(cache);
        Some(limit.saturating_sub(used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_the_process_leaves_what_is_not_used_of_it() {
        let limits = |space: &str, data: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units     \n\
                 Max data size             {data}            unlimited            bytes     \n\
                 Max address space         {space}            unlimited            bytes     \n"
            )
        };
        let status = "VmPeak:\t    9000 kB\nVmSize:\t    2000 kB\nVmData:\t     500 kB\n";
        let left = |space, data| of_process(&limits(space, data), status);
        assert_eq!(left("unlimited", "unlimited"), u64::MAX);
        assert_eq!(left("4096000", "unlimited"), 4_096_000 - 2_048_000);
        assert_eq!(left("4096000", "1024000"), 1_024_000 - 512_000);
        assert_eq!(left("1024", "unlimited"), 0);
        assert_eq!(of_process("", ""), u64::MAX);
    }

    /// Control groups as files in a folder.
    fn groups(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    #[test]
    fn the_smallest_group_around_a_process_counts_in_both_versions() {
        let two = groups(&[
            ("a/memory.max", "1000000\n"),
            ("a/memory.current", "400000\n"),
            ("a/memory.stat", "anon 5\ninactive_file 100000\n"),
            ("a/b/memory.max", "max\n"),
            ("a/b/c/memory.max", "5000000\n"),
            ("a/b/c/memory.high", "900000\n"),
            ("a/b/c/memory.current", "300000\n"),
            ("memory.max", "1\n"),
            ("other/memory.max", "2\n"),
        ]);
        fs::remove_file(two.path().join("memory.max")).unwrap();
        assert_eq!(of_groups(two.path(), "0::/a/b/c\n"), 600_000);
        assert_eq!(of_groups(two.path(), "0::/a/b\n"), 700_000);
        assert_eq!(of_groups(two.path(), "0::/\n"), u64::MAX);
        let one = groups(&[
            ("memory/x/memory.limit_in_bytes", "800\n"),
            ("memory/x/memory.usage_in_bytes", "300\n"),
            ("memory/x/memory.stat", "total_inactive_file 100\n"),
            ("memory/x/y/memory.limit_in_bytes", "9223372036854771712\n"),
        ]);
        let text = "12:cpu,cpuacct:/z\n7:memory:/x/y\n0::/\n";
        assert_eq!(of_groups(one.path(), text), 600);
        // The path of the host, seen from a container whose group is the root of the mount.
        let container = groups(&[("memory.max", "700\n"), ("memory.current", "100\n")]);
        assert_eq!(of_groups(container.path(), "0::/docker/123/no/such\n"), 600);
        assert_eq!(of_groups(container.path(), "nonsense"), u64::MAX);
    }
}
