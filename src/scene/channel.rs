//! Energy channels: which part of an experiment a scene holds.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Scene, SceneError, laid_out_sources};
use crate::experiment::{Experiment, ReflectionGrid};
use crate::memory::Bytes;

/// The energy channels that sources of `experiment` take their F from, at least one.
///
/// # Errors
/// [`SceneError`] when the sources are none, or cannot be laid out.
pub fn channels(experiment: &Experiment) -> Result<Vec<usize>, SceneError> {
    let factors = experiment.structure_factors();
    if factors.channels().is_empty() {
        return Ok(vec![0]);
    }
    let sources = laid_out_sources(experiment)?;
    let used = sources.iter();
    let used: BTreeSet<usize> = used
        .map(|source| factors.channel_at(source.wavelength_m))
        .collect();
    if used.is_empty() {
        return Err(SceneError::NoSource);
    }
    Ok(used.into_iter().collect())
}

/// The grid of F of energy channel `channel`, read if it is one of several.
///
/// # Errors
/// [`SceneError::Channel`].
pub fn read_grid(
    experiment: &Experiment,
    channel: usize,
) -> Result<Option<Arc<ReflectionGrid>>, SceneError> {
    let factors = experiment.structure_factors();
    factors
        .grid_of(channel, Bytes::available())
        .map_err(|error| SceneError::Channel {
            number: channel + 1,
            angstrom: factors.channels()[channel].wavelength_m * 1e10,
            reason: error.to_string(),
        })
}

impl Scene {
    /// Lays out what the sources of energy channel `channel` contribute to the image.
    ///
    /// # Errors
    /// [`SceneError`] when the arrays do not fit in memory, no source is left, or one whose
    /// electric field has no direction, or when the channel's reflections cannot be read.
    pub fn of_channel(experiment: &Experiment, channel: usize) -> Result<Scene, SceneError> {
        let grid = read_grid(experiment, channel)?;
        Scene::with_grid(experiment, channel, grid)
    }

    /// The scene that source number `source` of the experiment is in, and its number there.
    ///
    /// # Errors
    /// As [`Scene::of_channel`], and when there is no such source.
    pub fn of_source(experiment: &Experiment, source: usize) -> Result<(Scene, usize), SceneError> {
        let factors = experiment.structure_factors();
        let sources = laid_out_sources(experiment)?;
        let channels = sources.iter().map(|s| factors.channel_at(s.wavelength_m));
        let channels: Vec<usize> = channels.collect();
        let channel = *channels.get(source).ok_or(SceneError::Source {
            source_number: source,
            count: channels.len(),
        })?;
        let before = channels[..source].iter();
        let place = before.filter(|&&other| other == channel).count();
        Ok((Scene::of_channel(experiment, channel)?, place))
    }
}
