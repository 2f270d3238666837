//! F of every reflection: one list, or one an energy channel (PHYSICS §9).

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::quantity::Quantity;
use super::{Crystal, ExperimentError, Reflection, ReflectionGrid, Reflections};
use crate::geometry::SpaceGroup;
use crate::memory::Bytes;

/// Whether F is interpolated between reflections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpolation {
    /// When the crystal has two cells or fewer along some axis.
    #[default]
    Automatic,
    /// Four-point Lagrange interpolation along each axis.
    Tricubic,
    /// F of the nearest reflection.
    Nearest,
}

/// A list of reflections that is read when its turn comes, and may be read again: grids of many
/// energies do not fit in memory together. It is displayed as its name.
pub trait ReflectionList: fmt::Debug + fmt::Display + Send + Sync {
    /// Reads the list.
    ///
    /// # Errors
    /// What is wrong with it, in words that name it.
    fn read(&self) -> Result<Reflections, Box<dyn Error + Send + Sync>>;
}

/// F at one photon energy. A source takes the F of the channel whose wavelength is nearest to its
/// own.
#[derive(Debug, Clone)]
pub struct EnergyChannel {
    /// Wavelength, m.
    pub wavelength_m: f64,
    /// Reflections of the channel.
    pub reflections: Arc<dyn ReflectionList>,
}

/// F of every reflection.
#[derive(Debug, Clone)]
pub struct StructureFactors {
    lists: Lists,
    /// F of every index that is not in the list.
    default_f: f64,
    /// Whether to interpolate.
    pub interpolation: Interpolation,
}

/// The lists that F comes from.
#[derive(Debug, Clone)]
enum Lists {
    /// None: every F is the default.
    None,
    /// One for all energies.
    One(Arc<ReflectionGrid>),
    /// One an energy, at least one, and the memory that the grid of one may take.
    Channels(Vec<EnergyChannel>, Bytes),
}

impl StructureFactors {
    /// Structure factors that are the same for every reflection.
    pub fn constant(default_f: f64) -> StructureFactors {
        StructureFactors {
            lists: Lists::None,
            default_f,
            interpolation: Interpolation::default(),
        }
    }

    /// The F of a list, as it is: no symmetry and no Friedel mates are added. Indices that are
    /// not in it take `default_f`.
    ///
    /// # Errors
    /// [`ExperimentError`] for an empty list, one that contradicts itself, one with an F that is
    /// not finite, and one whose box of indices takes more than `memory`.
    pub fn from_reflections(
        reflections: &[Reflection],
        default_f: f64,
        memory: Bytes,
    ) -> Result<StructureFactors, ExperimentError> {
        StructureFactors::from_list(reflections, None, default_f, memory)
    }

    /// The F of reflections whose symmetry is known: as by
    /// [`from_reflections`](Self::from_reflections), but what is absent by symmetry is zero, not
    /// `default_f`, within the box of indices that the list spans.
    ///
    /// # Errors
    /// As [`from_reflections`](Self::from_reflections).
    pub fn from_symmetric(
        reflections: &Reflections,
        default_f: f64,
        memory: Bytes,
    ) -> Result<StructureFactors, ExperimentError> {
        let Reflections { list, space_group } = reflections;
        StructureFactors::from_list(list, space_group.as_ref(), default_f, memory)
    }

    fn from_list(
        list: &[Reflection],
        space_group: Option<&SpaceGroup>,
        default_f: f64,
        memory: Bytes,
    ) -> Result<StructureFactors, ExperimentError> {
        let grid = Arc::new(ReflectionGrid::new(list, space_group, default_f, memory)?);
        Ok(StructureFactors {
            lists: Lists::One(grid),
            ..StructureFactors::constant(default_f)
        })
    }

    /// The F of one list an energy, each taken as by [`from_symmetric`](Self::from_symmetric)
    /// when it is needed, in no more than `memory`.
    ///
    /// # Errors
    /// [`ExperimentError`] when there is no channel, or one whose wavelength is none.
    pub fn from_channels(
        channels: Vec<EnergyChannel>,
        default_f: f64,
        memory: Bytes,
    ) -> Result<StructureFactors, ExperimentError> {
        if channels.is_empty() {
            return Err(ExperimentError::NoChannels);
        }
        for channel in &channels {
            Quantity::ChannelWavelength.require(channel.wavelength_m)?;
        }
        Ok(StructureFactors {
            lists: Lists::Channels(channels, memory),
            ..StructureFactors::constant(default_f)
        })
    }

    /// Whether F comes from a list at all.
    pub fn is_listed(&self) -> bool {
        !matches!(self.lists, Lists::None)
    }

    /// The one grid for all energies, if there is one.
    pub fn grid(&self) -> Option<&Arc<ReflectionGrid>> {
        match &self.lists {
            Lists::One(grid) => Some(grid),
            Lists::None | Lists::Channels(..) => None,
        }
    }

    /// The energy channels, where F depends on the energy.
    pub fn channels(&self) -> &[EnergyChannel] {
        match &self.lists {
            Lists::Channels(channels, _) => channels,
            Lists::None | Lists::One(_) => &[],
        }
    }

    /// The number of the channel that X-rays of `wavelength_m` take their F from; 0 where F is
    /// the same at every energy.
    pub fn channel_at(&self, wavelength_m: f64) -> usize {
        let away = |channel: &EnergyChannel| (channel.wavelength_m - wavelength_m).abs();
        let channels = self.channels().iter().enumerate();
        channels
            .min_by(|one, other| away(one.1).total_cmp(&away(other.1)))
            .map_or(0, |(index, _)| index)
    }

    /// The grid of a channel, read if it is one of several; `None` where every F is the default.
    ///
    /// # Errors
    /// What is wrong with the channel's list.
    pub fn grid_of(
        &self,
        channel: usize,
    ) -> Result<Option<Arc<ReflectionGrid>>, Box<dyn Error + Send + Sync>> {
        let (channel, memory) = match &self.lists {
            Lists::Channels(channels, memory) if channel < channels.len() => {
                (&channels[channel], *memory)
            }
            _ => return Ok(self.grid().cloned()),
        };
        let Reflections { list, space_group } = channel.reflections.read()?;
        let grid = ReflectionGrid::new(&list, space_group.as_ref(), self.default_f, memory)
            .map_err(|error| format!("{}: {error}", channel.reflections))?;
        Ok(Some(Arc::new(grid)))
    }

    /// These structure factors with another F at every index that no list gives. Symmetry still
    /// makes those zero that it made so.
    pub fn with_default_f(mut self, default_f: f64) -> StructureFactors {
        self.default_f = default_f;
        if let Lists::One(grid) = &mut self.lists {
            *grid = Arc::new(grid.with_default(default_f));
        }
        self
    }

    /// These structure factors with another F at one `index` of the one grid; `None` where there is
    /// no such place.
    pub fn with_amplitude(mut self, index: [i32; 3], amplitude: f64) -> Option<StructureFactors> {
        let Lists::One(grid) = &mut self.lists else {
            return None;
        };
        *grid = Arc::new(grid.with_amplitude(grid.offset_of(index)?, amplitude));
        Some(self)
    }

    /// F of every index that no list gives.
    pub fn default_f(&self) -> f64 {
        self.default_f
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        Quantity::DefaultStructureFactor.require(self.default_f)
    }

    pub(super) fn resolve_interpolation(&self, crystal: &Crystal) -> bool {
        match self.interpolation {
            Interpolation::Automatic => crystal.cells.iter().any(|&cells| cells <= 2.0),
            Interpolation::Tricubic => true,
            Interpolation::Nearest => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Operator;

    const MEMORY: Bytes = Bytes(1 << 20);

    fn at(index: [i32; 3], amplitude: f64) -> Reflection {
        Reflection { index, amplitude }
    }

    #[test]
    fn holes_take_the_default() {
        let list = [at([-1, 0, 2], 5.0), at([1, 1, 2], 7.0)];
        let factors = StructureFactors::from_reflections(&list, 3.0, MEMORY).unwrap();
        let grid = factors.grid().unwrap();
        let f = |index| {
            grid.offset_of(index)
                .map(|offset| grid.amplitudes()[offset])
        };
        assert_eq!(grid.shape(), [3, 2, 1]);
        assert_eq!(f([-1, 0, 2]), Some(5.0));
        assert_eq!(f([1, 1, 2]), Some(7.0));
        assert_eq!(f([0, 0, 2]), Some(3.0));
        assert_eq!(f([0, 0, 3]), None);
        assert_eq!(f([i32::MIN, 0, 2]), None);
    }

    #[test]
    fn absent_indices_are_zero_and_holes_are_not() {
        let screw = Operator::parse("-x,y+1/2,-z").unwrap();
        let symmetric = Reflections {
            list: vec![at([0, -2, 0], 5.0), at([1, 2, 0], 7.0)],
            space_group: Some(SpaceGroup::generated_by(&[screw]).unwrap()),
        };
        let factors = StructureFactors::from_symmetric(&symmetric, 3.0, MEMORY).unwrap();
        let column = [[5.0, 0.0, 3.0, 0.0, 3.0], [3.0, 3.0, 3.0, 3.0, 7.0]];
        assert_eq!(factors.grid().unwrap().amplitudes(), column.concat());
    }

    #[test]
    fn lists_that_make_no_grid_are_refused() {
        let build = |list: &[Reflection]| {
            StructureFactors::from_reflections(list, 0.0, MEMORY).unwrap_err()
        };
        assert_eq!(build(&[]), ExperimentError::NoReflections);
        let twice = build(&[at([1, 2, 3], 4.0), at([1, 2, 3], 5.0)]);
        assert!(twice.to_string().contains("1 2 3"), "{twice}");
        let huge = build(&[at([i32::MIN; 3], 1.0), at([i32::MAX; 3], 1.0)]);
        assert!(matches!(huge, ExperimentError::GridTooLarge { .. }));
        assert!(matches!(
            build(&[at([0; 3], f64::NAN)]),
            ExperimentError::OutOfRange { .. }
        ));
    }
}
