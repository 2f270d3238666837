//! From the slots on the device to the coordinates of a scene, and from directions to what the slots are
//! multiplied by: one linear map, the same for all pixels of a panel.

use std::f64::consts::PI;

use glam::{DMat3, DVec3};

use crate::experiment::{Shape, SpotMetric};
use crate::gpu::scaling::Scaling;
use crate::physics::diffuse::{Diffuse, HaloForm};
use crate::physics::diffuse_rates::axes_rate;
use crate::physics::lattice_factor::{Lattice, SPOT_WIDTH};
use crate::physics::lattice_integral::lattice_integral_slopes;
use crate::scene::{PANEL_COUNT, Rates, Scene, SceneVector, slot};
use crate::units::ANGSTROM_PER_METRE;

/// Rows of the struct `Slots` of `shaders/slots.wgsl`, of four slots each.
pub const MOST_ROWS: usize = 12;
/// Slots in all rows.
pub const SLOTS: usize = 4 * MOST_ROWS;

/// The first of the eight slots of a panel's place.
pub const MOTION: usize = 28;

/// Places of slots in these rows.
mod place {
    use std::ops::Range;

    pub const PHOTONS: usize = 0;
    pub const WATER: usize = 1;
    pub const WAVELENGTH: usize = 2;
    pub const DAMPED: usize = 3;
    /// Columns of K, each with a component of the turn behind it.
    pub const LATTICE: usize = 4;
    pub const SIZE: usize = 16;
    pub const DEFAULT_F: usize = 19;
    pub const SIZE_ACROSS: usize = 20;
    pub const BANDWIDTH: usize = 23;
    pub const MOSAIC: usize = 24;
    pub const DIVERGENCE: [usize; 2] = [27, 31];
    pub const SHIFT: Range<usize> = 28..31;
    pub const TURN: Range<usize> = 32..35;
    /// Of halos: squares along the crystal's own axes, and the products yz, xz, xy.
    pub const DISPLACEMENT: [usize; 3] = [36, 37, 38];
    pub const DISPLACEMENT_ACROSS: [usize; 3] = [40, 41, 42];
    pub const CORRELATION: [usize; 3] = [44, 45, 46];
    pub const CORRELATION_ACROSS: [usize; 3] = [39, 43, 47];
}

/// Which rows there are, beside the first: the constants of `slots.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rows {
    pub crystal: bool,
    pub size: bool,
    pub spread: bool,
    pub place: bool,
    pub halo: bool,
}

impl Rows {
    /// Every row.
    pub const ALL: Rows = Rows {
        halo: true,
        crystal: true,
        size: true,
        spread: true,
        place: true,
    };

    /// The rows of the struct that there are, in their order.
    pub fn places(self) -> impl Iterator<Item = usize> {
        let groups = [
            (true, 0..1),
            (self.crystal, 1..4),
            (self.size, 4..6),
            (self.spread, 6..7),
            (self.place, 7..9),
            (self.halo, 9..12),
        ];
        let there = groups.into_iter().filter(|(is_there, _)| *is_there);
        there.flat_map(|(_, rows)| rows)
    }

    /// These, and the one that slot number `slot` is in.
    fn with(self, slot: usize) -> Rows {
        let row = slot / 4;
        Rows {
            crystal: self.crystal || (1..4).contains(&row),
            size: self.size || (4..6).contains(&row),
            spread: self.spread || row == 6,
            place: self.place || (7..9).contains(&row),
            halo: self.halo || row >= 9,
        }
    }
}

/// What each of a scene's coordinates is made of. Those of a panel stand behind the ones that all panels
/// share.
#[derive(Debug)]
pub struct Coordinates {
    /// Coordinate, slot, and what the slot counts in it.
    parts: Vec<(usize, usize, f64)>,
}

impl Coordinates {
    /// Those of `scene`, whose numbers on the device are scaled by `scaling`.
    pub fn new(scene: &Scene, rates: &Rates, scaling: &Scaling) -> Coordinates {
        let mut own = Coordinates { parts: Vec::new() };
        own.add(slot::SCALE, place::PHOTONS, 1.0);
        own.add(slot::SCALE, place::WATER, 1.0);
        own.add(slot::WATER, place::WATER, 1.0);
        own.add(slot::WAVELENGTH, place::WAVELENGTH, 1.0);
        let damped = -0.5 * ANGSTROM_PER_METRE.powi(2);
        own.add(slot::B_FACTOR, place::DAMPED, damped);
        for (number, coordinate) in slot::INDEX.enumerate() {
            let slot = place::LATTICE + 4 * (number / 3) + number % 3;
            own.add(coordinate, slot, 1.0);
        }
        for (axis, coordinate) in slot::CRYSTAL_TURN.enumerate() {
            let turn_slot = |axis: usize| place::LATTICE + 4 * axis + 3;
            match &*rates.turns {
                // In the laboratory.
                [turn] => {
                    let about = turn.col(axis).to_array();
                    for (lab_axis, part) in about.into_iter().enumerate() {
                        own.add(coordinate, turn_slot(lab_axis), part);
                    }
                }
                _ => own.add(coordinate, turn_slot(axis), 1.0),
            }
        }
        own.add_size(scene);
        own.add_spreads(scene);
        if let Some(diffuse) = &scene.diffuse {
            own.add_halos(&scene.lattice, diffuse);
        }
        let by_f = match &scene.grid {
            None => scene.default_f.recip(),
            Some(_) => scaling.amplitude,
        };
        own.add(slot::DEFAULT_F, place::DEFAULT_F, by_f);
        for (component, slot) in place::SHIFT.chain(place::TURN).enumerate() {
            own.add(slot::COUNT + component, slot, 1.0);
        }
        own
    }

    /// A slot counts as a part of a coordinate.
    fn add(&mut self, coordinate: usize, slot: usize, part: f64) {
        if part.is_finite() && part != 0.0 {
            self.parts.push((coordinate, slot, part));
        }
    }

    /// What the number of cells and the width of spots change.
    fn add_size(&mut self, scene: &Scene) {
        let lattice = &scene.lattice;
        let cells = lattice.cells;
        match lattice.shape {
            Shape::Square | Shape::Round => {
                for (axis, coordinate) in slot::CELLS.enumerate() {
                    self.add(coordinate, place::SIZE + axis, cells[axis].recip());
                    if lattice.shape == Shape::Round {
                        // The number of all cells stands in front.
                        self.add(coordinate, place::PHOTONS, 2.0 / cells[axis]);
                        self.add(slot::FUDGE, place::SIZE + axis, 0.5 / lattice.fudge);
                    }
                }
            }
            Shape::Gauss => self.add_metric(lattice),
            Shape::TopHat => {}
        }
    }

    /// What moves the metric of Gaussian spots.
    fn add_metric(&mut self, lattice: &Lattice) {
        let sharpness = 4.0 * lattice.fudge / SPOT_WIDTH;
        let whitening = lattice.triangular_metric() * sharpness.sqrt();
        let unwhitening = whitening.inverse();
        self.add_form(slot::FUDGE, DMat3::IDENTITY * lattice.fudge.recip());
        if lattice.moves_with_cell() {
            // M becomes M(1 - K).
            for (number, coordinate) in slot::INDEX.enumerate() {
                let moved = whitening * unit(number % 3, number / 3) * unwhitening;
                self.add_form(coordinate, -(moved + moved.transpose()));
            }
        }
        let total = lattice.metric.inverse();
        let between = [[0, 1], [1, 2], [0, 2]];
        let axes = [0, 1, 2]
            .map(|axis| [axis, axis])
            .into_iter()
            .chain(between);
        for (coordinate, [row, column]) in slot::CELLS.chain(slot::COUPLED_CELLS).zip(axes) {
            match lattice.spot_metric {
                SpotMetric::Index => {
                    let mut change = unit(row, column);
                    if row != column {
                        change += unit(column, row);
                    }
                    let squares =
                        change.transpose() * lattice.metric + lattice.metric.transpose() * change;
                    let form = unwhitening.transpose() * (squares * sharpness) * unwhitening;
                    self.add_form(coordinate, form);
                    let trace = (total * change).to_cols_array();
                    self.add(
                        coordinate,
                        place::PHOTONS,
                        2.0 * (trace[0] + trace[4] + trace[8]),
                    );
                }
                // The metric is a multiple of N.
                SpotMetric::Reciprocal if row == column => {
                    let part = 2.0 / lattice.cells[row];
                    self.add_form(coordinate, DMat3::IDENTITY * part);
                    self.add(coordinate, place::PHOTONS, part);
                }
                SpotMetric::Reciprocal => {}
            }
        }
    }

    /// A coordinate moves the symmetric Q of `LatticeSlopes` in `lattice_slopes.wgsl` by `form`.
    fn add_form(&mut self, coordinate: usize, form: DMat3) {
        let across = [form.z_axis.y, form.z_axis.x, form.y_axis.x];
        for (axis, across) in across.into_iter().enumerate() {
            self.add(coordinate, place::SIZE + axis, form.col(axis)[axis]);
            self.add(coordinate, place::SIZE_ACROSS + axis, 2.0 * across);
        }
    }

    /// What the spreads change. Those of a closed form are the logarithms of standard deviations.
    fn add_spreads(&mut self, scene: &Scene) {
        let Some(form) = &scene.closed_form else {
            for (axis, coordinate) in slot::MOSAIC.enumerate() {
                self.add(coordinate, place::MOSAIC + axis, 1.0);
            }
            return;
        };
        for (axis, coordinate) in slot::MOSAIC.enumerate() {
            let sigma = form.mosaic_sigmas_rad[axis];
            self.add(coordinate, place::MOSAIC + axis, sigma.recip());
        }
        self.add(slot::BANDWIDTH, place::BANDWIDTH, form.bandwidth.recip());
        let directions = form.divergence_sigma_rad.into_iter().zip(place::DIVERGENCE);
        for (coordinate, (sigma, slot)) in slot::DIVERGENCE.zip(directions) {
            self.add(coordinate, slot, sigma.recip());
        }
    }

    /// What halos are made of, and what stands in front of them.
    fn add_halos(&mut self, lattice: &Lattice, diffuse: &Diffuse) {
        let in_front = self
            .parts
            .iter()
            .filter(|(coordinate, slot, _)| *slot == place::PHOTONS && *coordinate != slot::SCALE);
        // Those of terms, which have the number of cells in front.
        let mut whole: Vec<(usize, f64)> = in_front.map(|own| (own.0, -own.2)).collect();
        let slopes = lattice_integral_slopes(lattice);
        whole.extend(slot::CELLS.zip(slopes.cells));
        whole.extend(slot::COUPLED_CELLS.zip(slopes.coupled_cells));
        whole.push((slot::FUDGE, slopes.fudge));
        // A form is the products along the axes, times these squares.
        let widths = [diffuse.sigma_m, diffuse.gamma_m];
        let [displacement, correlation] =
            widths.map(|width| width * width * (2.0 * PI * ANGSTROM_PER_METRE).powi(2));
        for axis in 0..3 {
            let [sigma, gamma] =
                [slot::DIFFUSE_SIGMA, slot::DIFFUSE_GAMMA].map(|own| own.start + axis);
            let by_sigma = 2.0 * displacement[axis] / diffuse.sigma_m[axis];
            self.add(sigma, place::DISPLACEMENT[axis], by_sigma);
            let by_gamma = 2.0 * correlation[axis] / diffuse.gamma_m[axis];
            self.add(gamma, place::CORRELATION[axis], by_gamma);
            whole.push((gamma, diffuse.gamma_m[axis].recip()));
            whole.push((slot::INDEX.start + 4 * axis, slopes.expansion - 1.0));
        }
        let forms = [
            (
                displacement,
                place::DISPLACEMENT,
                place::DISPLACEMENT_ACROSS,
            ),
            (correlation, place::CORRELATION, place::CORRELATION_ACROSS),
        ];
        for (number, coordinate) in slot::INDEX.enumerate() {
            let turn = axes_rate(&diffuse.to_own_axes, number % 3, number / 3);
            for (squares, along, across) in forms {
                let rate = DMat3::from_diagonal(squares) * turn;
                let rate = rate + rate.transpose();
                let across_rates = [rate.z_axis.y, rate.z_axis.x, rate.y_axis.x];
                for axis in 0..3 {
                    self.add(coordinate, along[axis], rate.col(axis)[axis]);
                    self.add(coordinate, across[axis], 2.0 * across_rates[axis]);
                }
            }
        }
        // A halo is its slope to the displacement, times that.
        for (coordinate, part) in whole {
            for (axis, slot) in place::DISPLACEMENT.into_iter().enumerate() {
                self.add(coordinate, slot, part * displacement[axis]);
            }
        }
    }

    /// The rows that the coordinates of `direction` are made of.
    pub fn rows(&self, rows: Rows, direction: &SceneVector) -> Rows {
        let moves = |coordinate: usize| match coordinate.checked_sub(slot::COUNT) {
            None => direction.slots[coordinate] != 0.0,
            Some(component) => direction.panels.iter().any(|own| own[component] != 0.0),
        };
        let parts = self.parts.iter();
        let needed = parts.filter(|(coordinate, ..)| moves(*coordinate));
        needed.fold(rows, |rows, (_, slot, _)| rows.with(*slot))
    }

    /// What each slot counts in the derivative along `direction`, but for the panel's motion.
    pub fn shared(&self, direction: &SceneVector) -> [f64; SLOTS] {
        self.counted(|coordinate| direction.slots.get(coordinate).copied())
    }

    /// What each slot counts in the motion of a panel.
    pub fn of_panel(&self, motion: &[f64; PANEL_COUNT]) -> [f64; SLOTS] {
        self.counted(|coordinate| motion.get(coordinate.checked_sub(slot::COUNT)?).copied())
    }

    fn counted(&self, component: impl Fn(usize) -> Option<f64>) -> [f64; SLOTS] {
        let mut counted = [0.0; SLOTS];
        for &(coordinate, slot, part) in &self.parts {
            counted[slot] += part * component(coordinate).unwrap_or(0.0);
        }
        counted
    }

    /// Adds what weighted sums of the slots of a panel's pixels come to.
    pub fn add_gradient(&self, sums: &[f64; SLOTS], panel: usize, gradient: &mut SceneVector) {
        for &(coordinate, slot, part) in &self.parts {
            let own = match coordinate.checked_sub(slot::COUNT) {
                None => &mut gradient.slots[coordinate],
                Some(component) => &mut gradient.panels[panel][component],
            };
            *own += part * sums[slot];
        }
    }
}

/// The rows of `rates` of one form, in `diffuse_derivatives.wgsl`.
pub type FormRates = [[f32; 4]; 12];

/// How products of indices become products along the crystal's own axes, 1/Å², as a mean over the operators
/// that share `form`.
pub fn form_rates(diffuse: &Diffuse, form: &HaloForm) -> FormRates {
    let sharing: Vec<DMat3> = diffuse
        .operators_of(form)
        .map(|own| diffuse.to_own_axes * *own * ANGSTROM_PER_METRE.recip())
        .collect();
    let mean = |of: &dyn Fn(&DMat3) -> f64| {
        (sharing.iter().map(of).sum::<f64>() / sharing.len() as f64) as f32
    };
    // The elements of a symmetric matrix: squares, and then those across.
    const PLACES: [[usize; 2]; 6] = [[0, 0], [1, 1], [2, 2], [1, 2], [0, 2], [0, 1]];
    std::array::from_fn(|row| {
        let (to, from) = (3 * (row / 6), row % 6);
        let [k, l] = PLACES[from];
        let column = [0, 1, 2].map(|element| {
            let [x, y] = PLACES[to + element];
            mean(&|axes| {
                let own = axes.col(k)[x] * axes.col(l)[y];
                if k == l {
                    own
                } else {
                    own + axes.col(l)[x] * axes.col(k)[y]
                }
            })
        });
        [column[0], column[1], column[2], 0.0]
    })
}

/// The matrix whose only element, 1, is in `row` and `column`.
fn unit(row: usize, column: usize) -> DMat3 {
    let mut columns = [DVec3::ZERO; 3];
    columns[column][row] = 1.0;
    let [x, y, z] = columns;
    DMat3::from_cols(x, y, z)
}
