//! Other processes: started in a group of their own, waited for, and never left behind, not even by
//! a program that is killed: a guard, a process of its own, then ends the group.

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::{CliError, interrupt};

/// The command that guards.
pub const GUARD: &str = "__guard";

/// A process that runs. Dropped, it is ended, with all of its group that it has started and left
/// behind.
pub struct Running {
    process: Child,
    guard: Option<Child>,
}

/// What a wait came to.
pub enum Outcome {
    /// The process ended.
    Ended(ExitStatus),
    /// The process was not done in time.
    TimedOut,
    /// The user did not want to wait any longer.
    Interrupted,
}

impl Running {
    /// Starts `command`, out of reach of the terminal's Ctrl-C: [`Running::wait`] minds that. To be
    /// called by a thread that lives as long as the program, the main one: when it ends, Linux ends
    /// the process.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(command: &mut Command) -> io::Result<Running> {
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        #[cfg(target_os = "linux")]
        {
            use nix::sys::{prctl, signal::Signal};
            use nix::unistd::{Pid, getppid};
            use std::os::unix::process::CommandExt;
            let parent = Pid::this();
            // The guard is not there yet while the process starts.
            let end_with_parent = move || {
                prctl::set_pdeathsig(Signal::SIGKILL)?;
                match getppid() == parent {
                    true => Ok(()),
                    false => Err(io::ErrorKind::BrokenPipe.into()),
                }
            };
            // SAFETY: between fork and exec these are two system calls, without allocation.
            unsafe { command.pre_exec(end_with_parent) };
        }
        let process = command.spawn()?;
        let mut running = Running {
            process,
            guard: None,
        };
        // Should there be no guard, the process is ended.
        running.guard = guard_of(running.process.id())?;
        Ok(running)
    }

    /// Waits for the end of the process, of `patience` or of the user's.
    ///
    /// # Errors
    /// What the system says.
    pub fn wait(&mut self, patience: Duration) -> io::Result<Outcome> {
        /// Times are told in milliseconds; after a second, hundredths do.
        const STEPS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(10)];
        let started = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait()? {
                return Ok(Outcome::Ended(status));
            }
            let elapsed = started.elapsed();
            if interrupt::interrupted() {
                return Ok(Outcome::Interrupted);
            }
            if elapsed >= patience {
                return Ok(Outcome::TimedOut);
            }
            let step = STEPS[usize::from(elapsed >= Duration::from_secs(1))];
            std::thread::sleep(step.min(patience - elapsed));
        }
    }
}

/// A guard of the process group `group`, which it ends when this program has ended.
#[cfg(unix)]
fn guard_of(group: u32) -> io::Result<Option<Child>> {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(std::env::current_exe()?);
    command.args([GUARD, &group.to_string()]).process_group(0);
    // The pipe ends with this program, whatever ended it.
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    command.stderr(Stdio::null()).spawn().map(Some)
}

#[cfg(not(unix))]
fn guard_of(_: u32) -> io::Result<Option<Child>> {
    Ok(None)
}

/// Guards the process group that is the first of `words`: ends it when standard input ends.
///
/// # Errors
/// None.
pub fn guard(words: &[String]) -> Result<(), CliError> {
    let group = words.first().and_then(|word| word.parse().ok());
    // Only the end counts, whatever comes before it.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    group.into_iter().for_each(end_group);
    Ok(())
}

/// Ends every process of `group`.
fn end_group(group: u32) {
    #[cfg(unix)]
    {
        use nix::sys::signal::{Signal, killpg};
        use nix::unistd::Pid;
        if let Some(group) = i32::try_from(group).ok().filter(|&group| group > 1) {
            // Where nothing is left of the group there is nothing to end.
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
    }
    #[cfg(not(unix))]
    let _ = group;
}

impl Drop for Running {
    fn drop(&mut self) {
        // The guard goes first: once the process is waited for, others may get its number.
        if let Some(guard) = &mut self.guard {
            let _ = guard.kill();
            let _ = guard.wait();
        }
        end_group(self.process.id());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
