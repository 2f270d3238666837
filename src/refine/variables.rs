//! What is refined: variables that drive one parameter or several, as far as the crystal's symmetry
//! ties these together.

use std::fmt;

use crate::derivatives::{AXES, Axis, Parameter};
use crate::geometry::UnitCell;

/// A quantity that is refined.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The parameters that it drives, with the factor between each and the variable; none of the
    /// scale, which is a factor on the crystal's photons. The first factor is 1.
    pub drives: Vec<(Parameter, f64)>,
    /// Whether each frame has one of its own.
    pub own: bool,
    range: Range,
}

/// How a variable's value follows from the number u that is fitted, 0 at the start.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Range {
    /// start + step·u.
    Free {
        /// A change that matters.
        step: f64,
    },
    /// floor + (start − floor)·exp(u): always above.
    Above {
        /// The lower bound.
        floor: f64,
    },
}

impl Variable {
    /// The variable of one parameter.
    pub fn of(parameter: Parameter) -> Variable {
        Variable::tied(vec![(parameter, 1.0)])
    }

    /// The variable that drives these.
    pub fn tied(drives: Vec<(Parameter, f64)>) -> Variable {
        let first = drives
            .first()
            .map_or(Parameter::Scale, |(parameter, _)| *parameter);
        let free = |step| Range::Free { step };
        let above = |floor| Range::Above { floor };
        let (own, range) = match first {
            Parameter::Misset(_) => (true, free(0.01)),
            Parameter::Phi => (true, free(0.01)),
            Parameter::CellEdge(_) => (false, free(0.05)),
            Parameter::CellAngle(_) => (false, free(0.05)),
            Parameter::Wavelength => (false, free(0.001)),
            Parameter::Distance | Parameter::CloseDistance => (false, free(0.1)),
            Parameter::BeamX | Parameter::BeamY => (false, free(0.02)),
            Parameter::OriginX | Parameter::OriginY => (false, free(0.2)),
            Parameter::DetectorTurn(_) | Parameter::TwoTheta => (false, free(0.02)),
            Parameter::PanelShift(..) => (false, free(0.02)),
            Parameter::PanelTurn(..) => (false, free(0.02)),
            Parameter::CoupledCells(_) => (true, free(0.5)),
            Parameter::BFactor => (false, free(1.0)),
            Parameter::DefaultF | Parameter::F(_) => (false, free(1.0)),
            Parameter::Cells(_) => (true, above(0.99)),
            Parameter::Scale => (true, above(0.0)),
            Parameter::Mosaic | Parameter::MosaicSigma(_) => (true, above(0.0)),
            _ => (false, above(0.0)),
        };
        Variable { drives, own, range }
    }

    /// The scale of a frame.
    pub fn scale() -> Variable {
        Variable::of(Parameter::Scale)
    }

    /// Whether it is the scale.
    pub fn is_scale(&self) -> bool {
        self.first() == Parameter::Scale
    }

    /// The first parameter that it drives, in whose unit its values are.
    pub fn first(&self) -> Parameter {
        self.drives
            .first()
            .map_or(Parameter::Scale, |(parameter, _)| *parameter)
    }

    /// The value at `u`, from this start.
    pub fn value(&self, start: f64, u: f64) -> f64 {
        match self.range {
            Range::Free { step } => start + step * u,
            Range::Above { floor } => floor + (start - floor) * u.exp(),
        }
    }

    /// How the value changes with u.
    pub fn slope(&self, start: f64, u: f64) -> f64 {
        match self.range {
            Range::Free { step } => step,
            Range::Above { floor } => (start - floor) * u.exp(),
        }
    }

    /// Why it cannot be refined from this start, if so.
    pub fn refused(&self, start: f64) -> Option<String> {
        match self.range {
            Range::Above { floor } if start <= floor => Some(format!(
                "it starts at {start}, and is refined from above {floor} only; give it a start there"
            )),
            _ => None,
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (parameter, _)) in self.drives.iter().enumerate() {
            let link = if place > 0 { "=" } else { "" };
            write!(f, "{link}{parameter}")?;
        }
        Ok(())
    }
}

/// Which edges and angles of a cell are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrystalSystem {
    /// All six.
    Triclinic,
    /// Three edges and the angle about this axis.
    Monoclinic(Axis),
    /// Three edges.
    Orthorhombic,
    /// a = b, and c.
    Tetragonal,
    /// a = b and c, γ = 120°: trigonal crystals in hexagonal axes, too.
    Hexagonal,
    /// a = b = c, α = β = γ.
    Rhombohedral,
    /// a = b = c.
    Cubic,
}

impl CrystalSystem {
    /// The names, as a user gives them.
    pub const NAMES: [(&'static str, CrystalSystem); 7] = [
        ("triclinic", CrystalSystem::Triclinic),
        ("monoclinic", CrystalSystem::Monoclinic(Axis::Y)),
        ("orthorhombic", CrystalSystem::Orthorhombic),
        ("tetragonal", CrystalSystem::Tetragonal),
        ("hexagonal", CrystalSystem::Hexagonal),
        ("rhombohedral", CrystalSystem::Rhombohedral),
        ("cubic", CrystalSystem::Cubic),
    ];

    /// The name of the system.
    pub fn name(self) -> &'static str {
        let same =
            |other: CrystalSystem| std::mem::discriminant(&other) == std::mem::discriminant(&self);
        let own = Self::NAMES.iter().find(|(_, system)| same(*system));
        own.map_or("", |(name, _)| name)
    }

    /// The system of the highest symmetry that the cell's edges and angles have.
    pub fn of(cell: &UnitCell) -> CrystalSystem {
        const ALIKE: f64 = 1e-5;
        let ([a, b, c], angles) = (cell.lengths_m(), cell.angles_rad().map(f64::to_degrees));
        let same = |one: f64, other: f64| (one / other - 1.0).abs() < ALIKE;
        let is = |axis: usize, ideal: f64| (angles[axis] - ideal).abs() < 1e-3;
        let right: Vec<usize> = (0..3).filter(|&axis| is(axis, 90.0)).collect();
        match right.as_slice() {
            [_, _, _] if same(a, b) && same(b, c) => CrystalSystem::Cubic,
            [_, _, _] if same(a, b) => CrystalSystem::Tetragonal,
            [_, _, _] => CrystalSystem::Orthorhombic,
            [0, 1] if is(2, 120.0) && same(a, b) => CrystalSystem::Hexagonal,
            [one, other] => CrystalSystem::Monoclinic(AXES[3 - one - other]),
            [] if same(a, b) && same(b, c) && is(1, angles[0]) && is(2, angles[0]) => {
                CrystalSystem::Rhombohedral
            }
            _ => CrystalSystem::Triclinic,
        }
    }

    /// The free edges and angles of `cell`.
    pub fn variables(self, cell: &UnitCell) -> Vec<Variable> {
        let [a, b, c] = AXES.map(Parameter::CellEdge);
        let [alpha, beta, gamma] = AXES.map(Parameter::CellAngle);
        let tied = |parameters: &[Parameter]| {
            Variable::tied(
                parameters
                    .iter()
                    .map(|&parameter| (parameter, 1.0))
                    .collect(),
            )
        };
        let groups: Vec<Vec<Parameter>> = match self {
            CrystalSystem::Triclinic => {
                vec![
                    vec![a],
                    vec![b],
                    vec![c],
                    vec![alpha],
                    vec![beta],
                    vec![gamma],
                ]
            }
            CrystalSystem::Monoclinic(axis) => {
                // The angle about the unique axis: the one that is no right angle, if one is not.
                let own = match CrystalSystem::of(cell) {
                    CrystalSystem::Monoclinic(own) => own,
                    _ => axis,
                };
                vec![vec![a], vec![b], vec![c], vec![Parameter::CellAngle(own)]]
            }
            CrystalSystem::Orthorhombic => vec![vec![a], vec![b], vec![c]],
            CrystalSystem::Tetragonal | CrystalSystem::Hexagonal => vec![vec![a, b], vec![c]],
            CrystalSystem::Rhombohedral => vec![vec![a, b, c], vec![alpha, beta, gamma]],
            CrystalSystem::Cubic => vec![vec![a, b, c]],
        };
        groups.iter().map(|group| tied(group)).collect()
    }

    /// Whether `cell` has this symmetry, so that it is kept.
    pub fn fits(self, cell: &UnitCell) -> bool {
        let ([a, b, c], angles) = (cell.lengths_m(), cell.angles_rad().map(f64::to_degrees));
        let same = |one: f64, other: f64| (one / other - 1.0).abs() < 1e-3;
        let all = |ideal: [f64; 3]| {
            angles
                .iter()
                .zip(ideal)
                .all(|(own, ideal)| (own - ideal).abs() < 0.1)
        };
        match self {
            CrystalSystem::Triclinic => true,
            CrystalSystem::Monoclinic(_) => {
                angles
                    .iter()
                    .filter(|&&own| (own - 90.0).abs() < 0.1)
                    .count()
                    >= 2
            }
            CrystalSystem::Orthorhombic => all([90.0; 3]),
            CrystalSystem::Tetragonal => all([90.0; 3]) && same(a, b),
            CrystalSystem::Hexagonal => all([90.0, 90.0, 120.0]) && same(a, b),
            CrystalSystem::Rhombohedral => all([angles[0]; 3]) && same(a, b) && same(b, c),
            CrystalSystem::Cubic => all([90.0; 3]) && same(a, b) && same(b, c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(lengths: [f64; 3], angles: [f64; 3]) -> UnitCell {
        UnitCell::from_parameters(lengths.map(|a| a * 1e-10), angles.map(f64::to_radians)).unwrap()
    }

    #[test]
    fn cells_are_told_by_their_symmetry() {
        let cases = [
            ([70.0, 80.0, 90.0], [75.0, 85.0, 95.0], "triclinic", 6),
            ([70.0, 80.0, 90.0], [90.0, 101.0, 90.0], "monoclinic", 4),
            ([70.0, 80.0, 90.0], [90.0; 3], "orthorhombic", 3),
            ([79.0, 79.0, 38.0], [90.0; 3], "tetragonal", 2),
            ([79.0, 79.0, 38.0], [90.0, 90.0, 120.0], "hexagonal", 2),
            ([79.0; 3], [80.0; 3], "rhombohedral", 2),
            ([79.0; 3], [90.0; 3], "cubic", 1),
        ];
        for (lengths, angles, name, free) in cases {
            let cell = cell(lengths, angles);
            let system = CrystalSystem::of(&cell);
            assert_eq!((system.name(), system.variables(&cell).len()), (name, free));
            assert!(system.fits(&cell));
            let driven = system.variables(&cell);
            let edges = driven.iter().flat_map(|own| &own.drives);
            let edges = edges.filter(|(own, _)| matches!(own, Parameter::CellEdge(_)));
            assert_eq!(edges.count(), 3, "{name}: every edge moves");
        }
        assert!(!CrystalSystem::Cubic.fits(&cell([79.0, 79.0, 38.0], [90.0; 3])));
        // The unique axis is the one whose angle is not right.
        let unique_c = cell([70.0, 80.0, 90.0], [90.0, 90.0, 101.0]);
        let free = CrystalSystem::Monoclinic(Axis::Y).variables(&unique_c);
        assert_eq!(free[3].first(), Parameter::CellAngle(Axis::Z));
    }

    #[test]
    fn values_stay_in_their_range() {
        let spread = Variable::of(Parameter::Mosaic);
        for u in [-30.0, -1.0, 0.0, 2.0] {
            assert!(spread.value(0.1, u) > 0.0);
            let step = 1e-6;
            let difference =
                (spread.value(0.1, u + step) - spread.value(0.1, u - step)) / (2.0 * step);
            assert!((difference / spread.slope(0.1, u) - 1.0).abs() < 1e-6);
        }
        assert!(spread.refused(0.0).is_some());
        assert!(
            Variable::of(Parameter::Misset(Axis::X))
                .refused(0.0)
                .is_none()
        );
        assert_eq!(
            Variable::of(Parameter::Misset(Axis::X)).value(2.0, 1.0),
            2.01
        );
    }
}
