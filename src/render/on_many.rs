//! Several devices as one backend.
//!
//! Frames of a series are whole shots, each for the device that has least to do. A single frame is
//! cut into strips, which the devices take one after the other until none is left. Either way a
//! pixel's bits do not depend on which device of one kind renders it, nor on how many there are.
//! What a device fails at goes to the others, and the device gets nothing more to do.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::scope;

use super::backend::Backend;
use super::derivatives::{Derivatives, Differentiated, Gradient};
use super::flight::{Flight, LOOK, Relay};
use super::laid_out::FrameScenes;
use super::shot::{InFlight, Shot, Subject, Wanted};
use super::strips::{StripOf, strips_of};
use super::threads::{spawn, spawn_scoped};
use super::{Monitor, RenderError};
use crate::gpu::GpuError;
use crate::image::noise::PointSpread;
use crate::memory::Bytes;
use crate::scene::{Rates, Scene, SceneVector, TermPlace};
use crate::trace::Trace;

/// Shots that a device has at once: it renders one while the host deals with another.
const SHOTS: usize = 2;
/// Strips of a frame for each device: the others take over what a slow one does not come to.
const STRIPS: usize = 4;

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

    /// What `work` comes to on the device that has least to do or, where it fails, on others, with the
    /// notices that say so.
    fn on_any<T>(
        &self,
        monitor: &dyn Monitor,
        work: impl Fn(&dyn Backend) -> Result<T, RenderError>,
    ) -> Result<(T, Vec<String>), RenderError> {
        let mut notices = Vec::new();
        loop {
            let lent = self.lend(monitor)?;
            match work(self.all[lent.index].as_ref()) {
                Err(RenderError::Gpu(error)) => notices.push(self.failed(&lent, error)),
                worked => return Ok((worked?, notices)),
            }
        }
    }

    /// Notes that the device that was `lent` failed with `error`; the notice of it.
    fn failed(&self, lent: &Lent, error: GpuError) -> String {
        let notice = format!("{error}; its work goes to the other devices");
        self.state()[lent.index].failed = Some(error);
        notice
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
                    notices.push(self.failed(&lent, error));
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

    /// What `work` comes to for each strip of `frame`, done by all devices and told to `take` with the number
    /// of the strip, in any order; the notices of all of it. What a device fails at, others do.
    fn in_strips<T>(
        &self,
        frame: &FrameScenes,
        monitor: &dyn Monitor,
        work: impl Fn(&dyn Backend, &FrameScenes, &dyn Monitor) -> Result<(T, Vec<String>), RenderError>
        + Sync,
        take: impl FnMut(usize, T) + Send,
    ) -> Result<Vec<String>, RenderError> {
        // Every strip of a frame with many energy channels reads the F of each.
        let strips = if frame.channels() > 1 { 1 } else { STRIPS };
        let strips = strips_of(frame.panel_shapes(), strips * self.all.len());
        let taken = Mutex::new((take, BTreeSet::new()));
        let next = AtomicUsize::new(0);
        let progress = Mutex::new(vec![0.0; strips.len()]);
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
                let own = |device: &dyn Backend| work(device, &frame, &part);
                let ((made, notices), failures) = self.on_any(&part, own)?;
                let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
                let (take, told) = &mut *taken;
                take(index, made);
                told.extend(failures.into_iter().chain(notices));
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
        })?;
        let (_, told) = taken.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(told.into_iter().collect())
    }

    /// The photons of `frame`, from all devices, with the notices of its parts.
    fn shared(
        &self,
        frame: &FrameScenes,
        monitor: &dyn Monitor,
    ) -> Result<(Vec<f32>, Vec<String>), RenderError> {
        let [width, height] = frame.size();
        let mut photons = vec![0f32; width * height];
        let wanted = Wanted {
            photons: true,
            ..Wanted::default()
        };
        let work = |device: &dyn Backend, strip: &FrameScenes, monitor: &dyn Monitor| {
            let subject = Subject::Frame(strip.clone());
            let shot = device.shoot(subject, wanted.clone(), monitor)?;
            let shot = shot.take(monitor)?;
            Ok((shot.photons, shot.notices))
        };
        let notices = self.in_strips(frame, monitor, work, |_, made| {
            let image = made.iter().flat_map(|image| image.values());
            // Outside of its strip there is nothing.
            for (all, own) in photons.iter_mut().zip(image) {
                *all += own;
            }
        })?;
        Ok((photons, notices))
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

    fn derivatives_at_once(&self) -> usize {
        // Those of a strip of each device, and their sum.
        self.devices.all.len() + 1
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

    fn derivative_images(
        &self,
        frame: &FrameScenes,
        rates: &Rates,
        directions: &[SceneVector],
        monitor: &dyn Monitor,
    ) -> Result<Derivatives, RenderError> {
        let [width, height] = frame.size();
        let mut images = vec![vec![0.0; width * height]; 1 + directions.len()];
        let work = |device: &dyn Backend, strip: &FrameScenes, monitor: &dyn Monitor| {
            let made = device.derivative_images(strip, rates, directions, monitor)?;
            Ok(((made.image, made.derivatives), made.notices))
        };
        let take = |_, (image, derivatives): (Vec<f64>, Vec<Vec<f64>>)| {
            let made = std::iter::once(image).chain(derivatives);
            for (all, own) in images.iter_mut().zip(made) {
                all.iter_mut().zip(own).for_each(|(all, own)| *all += own);
            }
        };
        let notices = self.devices.in_strips(frame, monitor, work, take)?;
        Ok(Derivatives {
            image: images.remove(0),
            derivatives: images,
            device: self.name.clone(),
            notices,
        })
    }

    fn gradient(
        &self,
        frame: &FrameScenes,
        rates: &Rates,
        weights: &[f64],
        amplitudes: bool,
        monitor: &dyn Monitor,
    ) -> Result<Gradient, RenderError> {
        let mut parts = Vec::new();
        let work = |device: &dyn Backend, strip: &FrameScenes, monitor: &dyn Monitor| {
            let made = device.gradient(strip, rates, weights, amplitudes, monitor)?;
            Ok((made.vector, made.notices))
        };
        let take = |index, vector| parts.push((index, vector));
        let notices = self.devices.in_strips(frame, monitor, work, take)?;
        // Always in the same order: sums of floating-point numbers depend on it.
        parts.sort_by_key(|(index, _)| *index);
        let panels = frame.experiment().panels().len();
        let mut vector = SceneVector::zero(panels, frame.materials());
        for (_, part) in &parts {
            vector.add(part, 1.0);
        }
        Ok(Gradient {
            vector,
            device: self.name.clone(),
            notices,
        })
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

    fn derivative_memory(
        &self,
        scene: &Scene,
        rates: &Rates,
        wanted: Differentiated,
    ) -> Option<Bytes> {
        let all = self.devices.all.iter();
        all.filter_map(|device| device.derivative_memory(scene, rates, wanted))
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
