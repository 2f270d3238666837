//! Other processes: started in a group of their own, waited for, and never left behind.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use super::interrupt;

/// A process that runs. Dropped, it is ended, with all of its group that it has started and left
/// behind.
pub struct Running(Child);

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
    /// Starts `command`, out of reach of the terminal's Ctrl-C: [`Running::wait`] minds that.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(command: &mut Command) -> io::Result<Running> {
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        command.spawn().map(Running)
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
            if let Some(status) = self.0.try_wait()? {
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

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            use nix::sys::signal::{Signal, killpg};
            use nix::unistd::Pid;
            if let Ok(group) = i32::try_from(self.0.id()) {
                // Where nothing is left of the group there is nothing to end.
                let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
            }
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
