//! Work on its way through a device's queue.
//!
//! Whoever submits work goes on at once, and waits later for what was submitted before: while the
//! device does one part of the work, the next is in its queue already. A queue does one thing after the
//! other, so a [`Submission`] took from the end of the one before until its own.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::GpuError;
use super::device::GpuDevice;
use super::timestamps::Slot;

/// Commands that are submitted at once.
pub struct Commands {
    /// Takes copies, before and after the pass.
    pub encoder: wgpu::CommandEncoder,
    slot: Option<Slot>,
    timed: bool,
}

impl Commands {
    /// The pass, one for each submission: the GPU times it.
    pub fn pass(&mut self) -> wgpu::ComputePass<'_> {
        self.timed = true;
        self.encoder
            .begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: self.slot.as_ref().map(Slot::writes),
            })
    }
}

/// Work that was submitted.
#[derive(Debug)]
pub struct Submission {
    place: Place,
    before: Option<Place>,
    at: Instant,
    /// When it was done, of a driver that does the work before it goes on.
    done: Option<Instant>,
    /// Name of its pass.
    pass: &'static str,
    /// Where the GPU times it.
    timed: Option<Slot>,
}

/// A place in a queue.
#[derive(Debug, Clone)]
struct Place {
    /// Counted from 1.
    number: u64,
    index: wgpu::SubmissionIndex,
}

/// What is known of a device's queue.
#[derive(Debug, Default)]
pub struct Queued {
    last: Option<Place>,
    /// The furthest place at which the work is known to be done, and when it was, if that was seen.
    done: Option<(u64, Option<Instant>)>,
}

impl GpuDevice {
    /// Submits the commands that `encode` gives, for `what`, whose pass is called so in profiles.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said, [`GpuError::Lost`].
    pub fn submit(
        &self,
        what: &str,
        pass: &'static str,
        encode: impl FnOnce(&mut Commands),
    ) -> Result<Submission, GpuError> {
        let slot = self.timestamps.as_ref().map(|all| all.slot(self));
        let slot = slot.transpose()?;
        self.checked(what, || {
            let encoder = self.device.create_command_encoder(&Default::default());
            let mut commands = Commands {
                encoder,
                slot,
                timed: false,
            };
            encode(&mut commands);
            let Commands {
                mut encoder,
                slot,
                timed,
            } = commands;
            let slot = match (slot, &self.timestamps) {
                (Some(idle), Some(timestamps)) if !timed => {
                    timestamps.give_back(idle);
                    None
                }
                (slot, _) => slot,
            };
            if let Some(slot) = &slot {
                slot.resolve(&mut encoder);
            }
            let encoded = encoder.finish();
            // Nobody else comes between the submission and its number.
            let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
            let at = Instant::now();
            let index = self.queue.submit([encoded]);
            let before = queued.last.take();
            let number = before.as_ref().map_or(1, |before| before.number + 1);
            let place = Place { number, index };
            queued.last = Some(place.clone());
            if let Some(slot) = &slot {
                slot.map();
            }
            let looked = self.device.poll(wgpu::PollType::Poll);
            let empty = looked.is_ok_and(|found| found.is_queue_empty());
            let done = empty.then(Instant::now);
            if empty {
                queued.done = Some((number, done));
            }
            drop(queued);
            Submission {
                place,
                before,
                at,
                done,
                pass,
                timed: slot,
            }
        })
    }

    /// Waits until the device is done with `submission`; tells how long it was busy with it.
    ///
    /// # Errors
    /// [`GpuError::Lost`]; [`GpuError::Refused`] with what the driver said.
    pub fn wait(&self, submission: Submission) -> Result<Duration, GpuError> {
        let Submission {
            place,
            before,
            at,
            done,
            pass,
            timed,
        } = submission;
        let before = before.filter(|_| done.is_none());
        let begun = before.map(|before| self.reach(&before, pass)).transpose()?;
        let begun = begun.flatten().map_or(at, |begun| begun.max(at));
        let ended = self.reach(&place, pass)?;
        let ended = done.or(ended).unwrap_or_else(Instant::now);
        let elapsed = ended - begun;
        if let (Some(slot), Some(timestamps)) = (timed, &self.timestamps) {
            timestamps.record(pass, &slot, ended);
            timestamps.give_back(slot);
        }
        Ok(elapsed)
    }

    /// Has wgpu see how far the queue has come, for `what`, and tell who waits.
    ///
    /// # Errors
    /// [`GpuError::Lost`]; [`GpuError::Refused`] with what the driver said.
    pub(super) fn looked_at(&self, what: &str) -> Result<(), GpuError> {
        let looked = self.checked(what, || self.device.poll(wgpu::PollType::Poll))?;
        looked
            .map(drop)
            .map_err(|error| self.gone(what, &error.to_string()))
    }

    /// Waits for `what` until the device has come to `place`. The time when it did, if that was seen:
    /// not where it was there, or further on, when somebody looked.
    fn reach(&self, place: &Place, what: &str) -> Result<Option<Instant>, GpuError> {
        /// To find that work is done takes less.
        const LOOK: Duration = Duration::from_micros(200);
        let known = || self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, at)) = known().done
            && number >= place.number
        {
            return Ok(at.filter(|_| number == place.number));
        }
        let looked = Instant::now();
        let waited = self.checked(what, || {
            self.device.poll(wgpu::PollType::Wait {
                submission_index: Some(place.index.clone()),
                timeout: None,
            })
        })?;
        waited.map_err(|error| self.gone(what, &error.to_string()))?;
        let seen = Some(Instant::now()).filter(|_| looked.elapsed() > LOOK);
        let mut known = known();
        if known.done.is_none_or(|(number, _)| number < place.number) {
            known.done = Some((place.number, seen));
        }
        Ok(seen)
    }
}

/// Submissions of one job that may be on the device at once: it has the next one before the host hears
/// of the last, and still is not far behind the host, who may want to stop.
#[derive(Debug, Default)]
pub struct Pipelined(VecDeque<Submission>);

impl Pipelined {
    /// Submissions that a job leaves on the device.
    const MOST: usize = 2;

    /// Adds `submission`, and waits for the first if there are more than may be.
    ///
    /// # Errors
    /// As [`GpuDevice::wait`].
    pub fn push(&mut self, device: &GpuDevice, submission: Submission) -> Result<(), GpuError> {
        self.0.push_back(submission);
        while self.0.len() > Self::MOST {
            self.wait_for_first(device)?;
        }
        Ok(())
    }

    /// Waits for all.
    ///
    /// # Errors
    /// As [`GpuDevice::wait`].
    pub fn finish(&mut self, device: &GpuDevice) -> Result<(), GpuError> {
        while !self.0.is_empty() {
            self.wait_for_first(device)?;
        }
        Ok(())
    }

    fn wait_for_first(&mut self, device: &GpuDevice) -> Result<(), GpuError> {
        let first = self.0.pop_front();
        first.map_or(Ok(()), |first| device.wait(first).map(drop))
    }
}
