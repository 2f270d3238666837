//! Several devices as one backend.
//!
//! Frames of a series are whole shots, each for the device that has least to do. A single frame is
//! cut into strips, which the devices take one after the other until none is left. Either way a
//! pixel's bits do not depend on which device of one kind renders it, nor on how many there are.
//! What a device fails at goes to the others, and the device gets nothing more to do.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, scope};
use std::time::Duration;

use super::backend::Backend;
use super::laid_out::FrameScenes;
use super::shot::{InFlight, Shot, Subject, Wanted};
use super::threads::{spawn, spawn_scoped};
use super::{Monitor, RenderError};
use crate::experiment::Region;
use crate::gpu::GpuError;
use crate::image::noise::PointSpread;
use crate::memory::Bytes;
use crate::scene::{Scene, TermPlace};
use crate::trace::Trace;

/// Shots that a device has at once: it renders one while the host deals with another.
const SHOTS: usize = 2;
/// Strips of a frame for each device: the others take over what a slow one does not come to.
const STRIPS: usize = 4;
/// How often a shot that is waited for is looked after.
const LOOK: Duration = Duration::from_millis(50);

/// Devices that share the work. They are of one kind, or images depend on who rendered what.
#[derive(Debug)]
pub struct OnMany {
    devices: Arc<Devices>,
    name: String,
}

#[derive(Debug)]
struct Devices {
    all: Vec<Box<dyn Backend>>,
    state: Mutex<Vec<State>>,
    freed: Condvar,
}

/// What a device is at.
#[derive(Debug, Default)]
struct State {
    /// Shots that it has.
    shots: usize,
    /// What it failed at.
    failed: Option<GpuError>,
}

/// A device, lent for a shot.
struct Lent<'a> {
    devices: &'a Devices,
    index: usize,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.devices.state()[self.index].shots -= 1;
        self.devices.freed.notify_all();
    }
}

impl Devices {
    fn state(&self) -> MutexGuard<'_, Vec<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The device that has least to do, once one has room for a shot.
    ///
    /// # Errors
    /// What the last one failed at, once all did; [`RenderError::Interrupted`].
    fn lend(&self, monitor: &dyn Monitor) -> Result<Lent<'_>, RenderError> {
        let mut state = self.state();
        loop {
            let working = (0..)
                .zip(state.iter())
                .filter(|(_, one)| one.failed.is_none());
            match working.min_by_key(|(_, one)| one.shots) {
                None => {
                    let failed = state.iter().rev().find_map(|one| one.failed.clone());
                    return Err(failed.unwrap_or(GpuError::NoAdapter).into());
                }
                Some((index, one)) if one.shots < SHOTS => {
                    state[index].shots += 1;
                    return Ok(Lent {
                        devices: self,
                        index,
                    });
                }
                Some(_) => {}
            }
            if monitor.interrupted() {
                return Err(RenderError::Interrupted);
            }
            let waited = self.freed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What is `wanted` of `subject`, from the device that was `lent` or, where it fails, from
    /// others.
    fn shot<'l>(
        &'l self,
        mut lent: Lent<'l>,
        subject: &Subject,
        wanted: &Wanted,
        monitor: &dyn Monitor,
    ) -> Result<Shot, RenderError> {
        let mut notices = Vec::new();
        loop {
            let device = &self.all[lent.index];
            let shot = device.shoot(subject.clone(), wanted.clone(), monitor);
            match shot.and_then(|shot| shot.take(monitor)) {
                Err(RenderError::Gpu(error)) => {
                    notices.push(format!("{error}; its work goes to the other devices"));
                    self.state()[lent.index].failed = Some(error);
                    drop(lent);
                    lent = self.lend(monitor)?;
                }
                Ok(mut shot) => {
                    notices.append(&mut shot.notices);
                    shot.notices = notices;
                    return Ok(shot);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The photons of `frame`, from all devices, with the notices of its parts.
    fn shared(
        &self,
        frame: &FrameScenes,
        monitor: &dyn Monitor,
    ) -> Result<(Vec<f32>, Vec<String>), RenderError> {
        // Every strip of a frame with many energy channels reads the F of each.
        let strips = if frame.channels() > 1 { 1 } else { STRIPS };
        let strips = strips_of(frame.panel_shapes(), strips * self.all.len());
        let [width, height] = frame.size();
        let photons = Mutex::new((vec![0f32; width * height], BTreeSet::new()));
        let next = AtomicUsize::new(0);
        let progress = Mutex::new(vec![0.0; strips.len()]);
        let wanted = Wanted {
            photons: true,
            ..Wanted::default()
        };
        let work = || -> Result<(), RenderError> {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(&strip) = strips.get(index) else {
                    return Ok(());
                };
                let part = StripOf {
                    whole: monitor,
                    progress: &progress,
                    index,
                };
                let Some(frame) = frame.within(strip) else {
                    continue;
                };
                let lent = self.lend(&part)?;
                let shot = self.shot(lent, &Subject::Frame(frame), &wanted, &part)?;
                let mut made = photons.lock().unwrap_or_else(PoisonError::into_inner);
                let (photons, notices) = &mut *made;
                let image = shot.photons.iter().flat_map(|image| image.values());
                // Outside of its strip there is nothing.
                for (all, own) in photons.iter_mut().zip(image) {
                    *all += own;
                }
                notices.extend(shot.notices);
            }
        };
        scope(|scope| {
            let workers = self.all.iter().map(|_| spawn_scoped(scope, work));
            let workers = workers.collect::<Result<Vec<_>, _>>()?;
            let joined = workers.into_iter().map(|worker| {
                let worked = worker.join();
                worked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            joined
                .collect::<Vec<_>>()
                .into_iter()
                .collect::<Result<(), _>>()
        })
        .map(|()| {
            let (photons, notices) = photons.into_inner().unwrap_or_else(PoisonError::into_inner);
            (photons, notices.into_iter().collect())
        })
    }
}

impl OnMany {
    /// `devices`, at least one, as one.
    pub fn new(devices: Vec<Box<dyn Backend>>) -> OnMany {
        let state = devices.iter().map(|_| State::default()).collect();
        OnMany {
            name: names(devices.iter().map(|device| device.device())),
            devices: Arc::new(Devices {
                all: devices,
                state: Mutex::new(state),
                freed: Condvar::new(),
            }),
        }
    }

    /// What the user should know of devices that are not all of one kind.
    pub fn notice(&self) -> Option<String> {
        differing(self.devices.all.iter().map(|device| device.device()))
    }
}

/// That devices with these names differ, and what that means, if they do.
fn differing<'a>(mut all: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let told = names(all.clone());
    let first = all.next();
    all.any(|name| Some(name) != first).then(|| {
        format!(
            "{told}: GPUs of different kinds round differently, so the last digits of an image depend \
             on which of them came first; name GPUs of one kind for the same bytes in every run"
        )
    })
}

/// The names of devices, equal ones counted.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for name in all {
        match counted.iter_mut().find(|(counted, _)| *counted == name) {
            Some((_, count)) => *count += 1,
            None => counted.push((name, 1)),
        }
    }
    let told = counted.into_iter().map(|(name, count)| match count {
        1 => name.to_string(),
        count => format!("{count} x {name}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// Regions of every panel that together are all of it, about `count` of them, along the longer
/// axis. They begin where tiles of any size do: a tile's pixels belong together.
fn strips_of(panels: impl Iterator<Item = [usize; 2]>, count: usize) -> Vec<Region> {
    const TILES: usize = 64;
    let largest = panels.fold([0; 2], |[fast, slow], panel| {
        [fast.max(panel[0]), slow.max(panel[1])]
    });
    let axis = usize::from(largest[1] >= largest[0]);
    let thickness = largest[axis].div_ceil(count).next_multiple_of(TILES);
    let starts = (0..largest[axis]).step_by(thickness.max(1));
    starts
        .map(|start| {
            let mut ranges = [[0, usize::MAX]; 2];
            ranges[axis] = [start, start + thickness - 1];
            let [fast, slow] = ranges;
            Region { fast, slow }
        })
        .collect()
}

/// One strip of a frame, told to the monitor of all of it.
struct StripOf<'a> {
    whole: &'a dyn Monitor,
    progress: &'a Mutex<Vec<f64>>,
    index: usize,
}

impl Monitor for StripOf<'_> {
    fn advanced(&self, part: f64) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress[self.index] = part;
        let mean = progress.iter().sum::<f64>() / progress.len() as f64;
        self.whole.advanced(mean);
    }

    fn dispatched(&self, dispatch: &crate::gpu::Dispatch) {
        self.whole.dispatched(dispatch);
    }

    fn interrupted(&self) -> bool {
        self.whole.interrupted()
    }
}

/// A shot that a thread of its own waits for.
struct Flight {
    watch: Arc<Relay>,
    landed: Receiver<Result<Shot, RenderError>>,
    thread: Option<JoinHandle<()>>,
}

/// What a thread tells a monitor that comes later, and is told by it.
#[derive(Debug, Default)]
struct Relay {
    /// The bits of the part that is done.
    done: AtomicU64,
    interrupted: AtomicBool,
}

impl Monitor for Relay {
    fn advanced(&self, part: f64) {
        self.done.store(part.to_bits(), Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

impl Flight {
    /// Waits for the shot.
    fn land(mut self, monitor: &dyn Monitor) -> Result<Shot, RenderError> {
        loop {
            match self.landed.recv_timeout(LOOK) {
                Ok(shot) => return shot,
                Err(RecvTimeoutError::Timeout) => {
                    let interrupted = monitor.interrupted();
                    self.watch
                        .interrupted
                        .fetch_or(interrupted, Ordering::Relaxed);
                    let done = f64::from_bits(self.watch.done.load(Ordering::Relaxed));
                    monitor.advanced(done);
                }
                Err(RecvTimeoutError::Disconnected) => {
                    match self.thread.take().map(JoinHandle::join) {
                        Some(Err(panic)) => std::panic::resume_unwind(panic),
                        _ => return Err(RenderError::Interrupted),
                    }
                }
            }
        }
    }
}

impl Drop for Flight {
    /// Nobody waits for the shot any more: it is not made, and the device is left in peace before
    /// the process may end.
    fn drop(&mut self) {
        self.watch.interrupted.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Backend for OnMany {
    fn device(&self) -> &str {
        &self.name
    }

    fn is_gpu(&self) -> bool {
        true
    }

    fn shots_at_once(&self) -> usize {
        SHOTS * self.devices.all.len()
    }

    fn shoot<'a>(
        &'a self,
        subject: Subject<'a>,
        wanted: Wanted,
        monitor: &dyn Monitor,
    ) -> Result<InFlight<'a>, RenderError> {
        let devices = &self.devices;
        let frame = match subject {
            Subject::Frame(frame) => frame,
            image => {
                return Ok(InFlight::new(move |monitor| {
                    devices.shot(devices.lend(monitor)?, &image, &wanted, monitor)
                }));
            }
        };
        if !wanted.one_of_many {
            let (photons, notices) = devices.shared(&frame, monitor)?;
            return Ok(InFlight::new(move |monitor| {
                let image = frame.image(photons);
                let subject = Subject::Image(&image, frame.panels());
                let mut shot = devices.shot(devices.lend(monitor)?, &subject, &wanted, monitor)?;
                shot.notices.splice(0..0, notices);
                shot.device = self.name.clone();
                Ok(shot)
            }));
        }
        // The thread waits for a device no longer than this one, which goes on with the next frame.
        drop(devices.lend(monitor)?);
        let (sender, landed) = channel();
        let watch = Arc::new(Relay::default());
        let (devices, watched) = (devices.clone(), watch.clone());
        let work = move || {
            let shot = devices
                .lend(&*watched)
                .and_then(|lent| devices.shot(lent, &Subject::Frame(frame), &wanted, &*watched));
            // Whoever drops the flight does not want to know.
            let _ = sender.send(shot);
        };
        let flight = Flight {
            watch,
            landed,
            thread: Some(spawn(work)?),
        };
        Ok(InFlight::new(move |monitor| flight.land(monitor)))
    }

    fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError> {
        let lent = self.devices.lend(&())?;
        self.devices.all[lent.index].trace(scene, place)
    }

    fn device_memory(&self, scene: &Scene, channels: usize, wanted: &Wanted) -> Option<Bytes> {
        let all = self.devices.all.iter();
        all.filter_map(|device| device.device_memory(scene, channels, wanted))
            .max_by_key(|bytes| bytes.0)
    }

    fn spread_memory(&self, spread: &PointSpread, size: [usize; 2]) -> Bytes {
        // All of them may spread at once.
        let all = self.devices.all.iter();
        let each = all.map(|device| device.spread_memory(spread, size).0);
        Bytes(each.fold(0, u64::saturating_add))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_are_all_of_every_panel_and_begin_with_tiles() {
        for (panels, count, expected) in [
            (vec![[100, 100]], 8, 2),
            (vec![[4000, 4000]], 8, 8),
            (vec![[512, 128], [100, 60]], 4, 4),
            (vec![[3, 5]], 2, 1),
        ] {
            let strips = strips_of(panels.iter().copied(), count);
            assert_eq!(strips.len(), expected, "{panels:?}");
            for [width, height] in panels {
                for (fast, slow) in [
                    (0, 0),
                    (width - 1, 0),
                    (0, height - 1),
                    (width / 2, height / 2),
                ] {
                    let holding = strips.iter().filter(|strip| strip.contains(fast, slow));
                    assert_eq!(holding.count(), 1, "{fast} {slow}");
                }
            }
            for strip in strips {
                assert!(
                    strip.fast[0] % 64 == 0 && strip.slow[0] % 64 == 0,
                    "{strip:?}"
                );
            }
        }
    }

    #[test]
    fn equal_devices_are_counted() {
        assert_eq!(names(["a", "b", "a"].into_iter()), "2 x a, b");
        assert_eq!(names(["a"].into_iter()), "a");
    }

    #[test]
    fn devices_that_differ_are_told() {
        assert_eq!(differing(["a", "a"].into_iter()), None);
        let told = differing(["a", "b", "a"].into_iter()).unwrap();
        assert!(
            told.starts_with("2 x a, b: GPUs of different kinds"),
            "{told}"
        );
    }
}
