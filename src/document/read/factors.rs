//! Structure factors: from lists, from lists by energy, from atoms.

use std::path::Path;

use tracing::info_span;

use super::Reading;
use super::atoms::{Calculated, Reach};
use super::file_cells::FileCells;
use crate::document::FactorOrigin;
use crate::document::error::DocumentError;
use crate::document::keys::{Key, key};
use crate::document::message::{Message, message};
use crate::experiment::{Experiment, ExperimentError, Interpolation, Source, StructureFactors};
use crate::formats::channel_list;
use crate::formats::reflection_file::{self, ReflectionFile};
use crate::geometry::SpaceGroup;
use crate::memory::Bytes;
use crate::profile::INPUT;

/// Structure factors, and what the files that they come from say beside.
pub struct Factors {
    /// F of every reflection.
    pub structure_factors: StructureFactors,
    /// The cells of the files.
    pub cells: FileCells,
    /// Where the reflections come from, if they come from one file.
    pub origin: Option<FactorOrigin>,
    /// The symmetry that the files say; none where no file does.
    pub space_group: Option<SpaceGroup>,
}

impl Reading<'_> {
    /// F of every reflection; F of atoms as far as `reach` needs it.
    pub fn factors(&mut self, reach: &Reach) -> Result<Factors, DocumentError> {
        use key::crystal as of;
        let keys = &self.document.crystal;
        let sources: [&'static Key; 3] = [
            &of::structure_factors,
            &of::structure_factors_by_energy,
            &of::atoms,
        ];
        let given: Vec<_> = sources
            .into_iter()
            .filter(|key| key.is_in(self.document))
            .collect();
        if let [first, others @ ..] = &given[..]
            && !others.is_empty()
        {
            let mut message = message!("{}", *first);
            for other in others {
                message = message.and(" and ").and(*other);
            }
            let surplus = if others.len() == 1 { "one" } else { "two" };
            let what = format!(" do not go together; leave {surplus} of them out");
            return Err(DocumentError::Contradiction(message.and(what)));
        }
        let default_f = keys.default_f.unwrap_or(0.0);
        let f_column = keys.f_column.as_deref();
        let _span = info_span!(target: INPUT, "structure factors").entered();
        let mut cells = FileCells::default();
        let mut origin = None;
        let mut space_group = None;
        let calculated = self.calculated(reach)?;
        let about = |path: &Path| {
            let path = path.display().to_string();
            move |error: ExperimentError| DocumentError::of_file(path, error)
        };
        let mut structure_factors = match (
            &keys.structure_factors,
            &keys.structure_factors_by_energy,
            calculated,
        ) {
            (_, _, Some(calculated)) => {
                let Calculated {
                    path,
                    reflections,
                    cell,
                    origin: atoms,
                    notices,
                } = calculated;
                cells.note(&path, Some(cell), None);
                self.notices.extend(
                    notices
                        .iter()
                        .map(|n| Message::from(format!("{}: {n}", path.display()))),
                );
                if f_column.is_some() {
                    self.notices.push(message!(
                        "{} has no effect on F from atoms ({})",
                        &of::f_column,
                        &of::atoms
                    ));
                }
                origin = Some(FactorOrigin::Calculated(atoms));
                space_group.clone_from(&reflections.space_group);
                let factors =
                    StructureFactors::from_symmetric(&reflections, default_f, self.memory)
                        .map_err(about(&path))?;
                self.inputs.push(path);
                factors
            }
            (Some(path), _, None) => {
                self.inputs.push(path.clone());
                let file = reflection_file::read(path, f_column, self.most())?;
                cells.note(path, file.cell, file.reflections.space_group.as_ref());
                self.notices.extend(told(path, &file));
                origin = Some(FactorOrigin::Listed(file.origin));
                space_group.clone_from(&file.reflections.space_group);
                StructureFactors::from_symmetric(&file.reflections, default_f, self.memory)
                    .map_err(about(path))?
            }
            (None, Some(path), None) => {
                let listed = channel_list::read(path, self.most())?;
                self.inputs.push(path.clone());
                for (_, path) in &listed {
                    self.inputs.push(path.clone());
                    // Grids of all energies need not fit in memory: a file is read here for what
                    // it says of the crystal, and again when its turn comes.
                    if reflection_file::names_crystal(path)? {
                        let file = reflection_file::read(path, f_column, self.most())?;
                        let group = file.reflections.space_group.as_ref();
                        cells.note(path, file.cell, group);
                        space_group = space_group.or(group.cloned());
                        self.notices.extend(told(path, &file));
                    }
                }
                let channels = channel_list::channels(&listed, f_column, self.most());
                StructureFactors::from_channels(channels, default_f, self.memory)
                    .map_err(about(path))?
            }
            (None, None, None) => StructureFactors::constant(default_f),
        };
        structure_factors.interpolation = match keys.interpolate {
            Some(true) => Interpolation::Tricubic,
            Some(false) => Interpolation::Nearest,
            None => Interpolation::default(),
        };
        Ok(Factors {
            structure_factors,
            cells,
            origin,
            space_group,
        })
    }
}

/// The notices of a file, with its name.
fn told(path: &Path, file: &ReflectionFile) -> impl Iterator<Item = Message> {
    let notices = file.notices.iter();
    notices.map(move |notice| Message::from(format!("{}: {notice}", path.display())))
}

/// A line where a source's energy is far from that of the channel it takes its F from.
pub fn channel_notice(experiment: &Experiment, memory: Bytes) -> Option<Message> {
    /// Part of the wavelength that nobody minds.
    const NEAR: f64 = 0.01;
    let factors = experiment.structure_factors();
    let channels = factors.channels();
    // More than fit in memory are refused later.
    let count = experiment.beam().source_count_bound();
    if channels.is_empty() || Bytes::of::<Source>(count) > memory {
        return None;
    }
    let sources = experiment.beam().sources().into_iter();
    let pairs = sources.filter_map(|source| {
        let own = source.wavelength_m;
        let channel = channels.get(factors.channel_at(own))?.wavelength_m;
        Some((own, channel, (own / channel - 1.0).abs()))
    });
    let (own, channel, _) = pairs
        .filter(|(_, _, off)| *off > NEAR)
        .max_by(|one, other| one.2.total_cmp(&other.2))?;
    Some(message!(
        "{}{}",
        &key::crystal::structure_factors_by_energy,
        format!(
            ": X-rays of {:.4} Å take the structure factors of {:.4} Å, the nearest listed",
            own * 1e10,
            channel * 1e10
        )
    ))
}
