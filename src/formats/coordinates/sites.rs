//! The sites of a file as they are gathered, whatever its format.

use glam::{DMat3, DVec3};

use crate::formats::Problem;
use crate::formats::error::memory_for;
use crate::formats::text::quoted;
use crate::geometry::UnitCell;
use crate::memory::Bytes;
use crate::structure::{AnisotropicB, Atom, Element, FormFactor};

/// How a file's Cartesian coordinates become fractions of the edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// The cell.
    pub(super) cell: UnitCell,
    /// From metres to fractions.
    to_fractions: DMat3,
    /// Added to the fractions.
    shift: DVec3,
    /// Notice for the user, if the axes are unusual.
    notice: Option<&'static str>,
}

impl Frame {
    /// The frame of all but a few files: x along a, y in the plane of a and b.
    ///
    /// # Errors
    /// A [`Problem`] when the cell is a placeholder.
    pub(in crate::formats) fn standard(cell: UnitCell) -> Result<Frame, Problem> {
        /// Shortest edge of a crystal, m.
        const SHORTEST_M: f64 = 2e-10;
        if cell.lengths_m().iter().any(|&length| length < SHORTEST_M) {
            let [a, b, c] = cell.lengths_m().map(|metres| metres * 1e10);
            return Err(Problem::with_file(format!(
                "the cell {a:.3} x {b:.3} x {c:.3} Å stands for none, as in files of molecules that are not \
                 crystals; give the file the cell and the space group of a crystal"
            )));
        }
        let [a, b] = [cell.real().x_axis, cell.real().y_axis];
        let (x, z) = (a.normalize(), a.cross(b).normalize());
        let axes = DMat3::from_cols(x, z.cross(x), z);
        Ok(Frame {
            cell,
            to_fractions: cell.reciprocal().transpose() * axes,
            shift: DVec3::ZERO,
            notice: None,
        })
    }

    /// This frame, unless the file has its own: the matrix, in 1/Å, and the shift that make
    /// fractions of its coordinates.
    pub(in crate::formats) fn or_own(self, matrix_per_angstrom: DMat3, shift: DVec3) -> Frame {
        /// Largest difference that six decimals explain, 1/Å.
        const ROUNDING: f64 = 2e-6;
        let own = matrix_per_angstrom * 1e10;
        let cells = own.determinant() * self.cell.volume_m3();
        let apart = (own - self.to_fractions) * 1e-10;
        if apart.abs_diff_eq(DMat3::ZERO, ROUNDING) && shift.abs_diff_eq(DVec3::ZERO, 1e-5) {
            return self;
        }
        // A frame that another cell goes with is left behind by a program.
        if (cells.abs() - 1.0).abs() > 0.01 || !shift.is_finite() {
            return Frame {
                notice: Some("the matrix of fractions is not the cell's, and not used"),
                ..self
            };
        }
        Frame {
            to_fractions: own,
            shift,
            notice: Some("fractions are those of the file's own matrix, not of the usual axes"),
            ..self
        }
    }

    /// The file's axes along those of the cell's orientation.
    fn axes(&self) -> DMat3 {
        *self.cell.real() * self.to_fractions
    }

    /// Fractions of a point in Å.
    pub(in crate::formats) fn fractions(&self, point_angstrom: DVec3) -> DVec3 {
        self.to_fractions * (point_angstrom * 1e-10) + self.shift
    }
}

/// A site as a file has it.
#[derive(Debug, Clone)]
pub struct Site<'a> {
    /// The line of the file that describes the atom.
    pub(in crate::formats) line: usize,
    /// The atom's name, as messages have it.
    pub(in crate::formats) label: String,
    /// Symbol of the element.
    pub(in crate::formats) element: &'a str,
    /// Charge, in elementary charges.
    pub(in crate::formats) charge: i8,
    /// Fractions of the edges.
    pub(in crate::formats) position: DVec3,
    /// Occupancy.
    pub(in crate::formats) occupancy: f64,
    /// B, Å².
    pub(in crate::formats) b_angstrom2: f64,
}

/// Largest B that is no mistake, Å²; the PDB's columns end there.
const LARGEST_B: f64 = 1000.0;

/// An operator of non-crystallographic symmetry, x → R x + t.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Copying {
    /// R.
    rotation: DMat3,
    /// t, Å.
    shift: DVec3,
}

impl Copying {
    /// The operator of three rows of R and t (Å); none where R is no rotation.
    pub(in crate::formats) fn of_rows(rows: [[f64; 4]; 3]) -> Option<Copying> {
        /// How far files of three decimals may be off.
        const ROUNDING: f64 = 5e-3;
        let row = |[x, y, z, _]: [f64; 4]| DVec3::new(x, y, z);
        let rotation = DMat3::from_cols(row(rows[0]), row(rows[1]), row(rows[2])).transpose();
        let square = rotation.transpose() * rotation;
        let is_rotation =
            square.abs_diff_eq(DMat3::IDENTITY, ROUNDING) && rotation.determinant() > 0.0;
        is_rotation.then_some(Copying {
            rotation,
            shift: DVec3::from_array(rows.map(|row| row[3])),
        })
    }

    fn is_identity(&self) -> bool {
        self.rotation.abs_diff_eq(DMat3::IDENTITY, 1e-6) && self.shift.length() < 1e-3
    }
}

/// Atoms as they are gathered.
#[derive(Debug, Clone)]
pub struct Sites {
    pub(super) frame: Frame,
    pub(super) atoms: Vec<Atom>,
    /// The name of each.
    pub(super) labels: Vec<String>,
    /// Anisotropic displacements that are left out: of no atom, or with negative mean squares.
    pub(in crate::formats) not_displaced: usize,
    /// Non-crystallographic operators whose copies the file leaves out.
    pub(in crate::formats) copies: Vec<Copying>,
    /// Atoms of further models, which are left out.
    pub(in crate::formats) of_other_models: usize,
    /// What the user should know of the symmetry.
    pub(in crate::formats) group_notice: Option<String>,
    /// Charged atoms whose ion the table has not.
    as_neutral: usize,
    /// Occupancies above one.
    overfull: usize,
}

impl Sites {
    pub(in crate::formats) fn new(frame: Frame) -> Sites {
        Sites {
            frame,
            atoms: Vec::new(),
            labels: Vec::new(),
            not_displaced: 0,
            copies: Vec::new(),
            of_other_models: 0,
            group_notice: None,
            as_neutral: 0,
            overfull: 0,
        }
    }

    /// The frame of the file: how coordinates become fractions.
    pub(in crate::formats) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Takes a site.
    pub(in crate::formats) fn push(&mut self, site: Site) -> Result<(), Problem> {
        /// Largest occupancy that is no mistake.
        const LARGEST_OCCUPANCY: f64 = 2.0;
        /// Furthest cell that an atom is put in.
        const FURTHEST: f64 = 1e4;
        let wrong =
            |what: String| Problem::on_line(site.line, format!("atom {}: {what}", site.label));
        let Some((number, _)) = Element::of_symbol(site.element) else {
            let element = quoted(site.element);
            return Err(wrong(format!(
                "{element} is no element from H to Cf; correct the element, columns 77 and 78 in \
                 PDB, or leave the atom out"
            )));
        };
        let ion = FormFactor::of(number, site.charge);
        let Some(form_factor) = ion.or_else(|| FormFactor::of(number, 0)) else {
            return Err(wrong(format!("no scattering factor of {}", site.element)));
        };
        if !(0.0..=LARGEST_OCCUPANCY).contains(&site.occupancy) {
            let occupancy = site.occupancy;
            return Err(wrong(format!(
                "the occupancy {occupancy} is none; expected 0 to 1"
            )));
        }
        if !(0.0..=LARGEST_B).contains(&site.b_angstrom2) {
            let b = site.b_angstrom2;
            return Err(wrong(format!("B is {b} Å²; expected 0 to {LARGEST_B}")));
        }
        if !site.position.abs().cmple(DVec3::splat(FURTHEST)).all() {
            return Err(wrong("its coordinates are beyond any crystal's".into()));
        }
        self.as_neutral += usize::from(ion.is_none());
        self.overfull += usize::from(site.occupancy > 1.0);
        self.atoms.push(Atom {
            form_factor,
            position: site.position,
            occupancy: site.occupancy,
            b_m2: site.b_angstrom2 * 1e-20,
            anisotropic: None,
        });
        self.labels.push(site.label);
        Ok(())
    }

    /// Gives the last atom mean square displacements: U11, U22, U33, U12, U13, U23 in Å², along the
    /// axes of the file's coordinates.
    pub(in crate::formats) fn displace_last(
        &mut self,
        line: usize,
        [u11, u22, u33, u12, u13, u23]: [f64; 6],
    ) -> Result<(), Problem> {
        let own = DMat3::from_cols_array(&[u11, u12, u13, u12, u22, u23, u13, u23, u33]);
        let axes = self.frame.axes();
        let u_m2 = axes * own * axes.transpose() * 1e-20;
        let displaced = AnisotropicB::of_mean_squares(u_m2);
        let (Some(atom), Some(displaced)) = (self.atoms.last_mut(), displaced) else {
            self.not_displaced += 1;
            return Ok(());
        };
        let largest = displaced.largest_m2() * 1e20;
        if largest > LARGEST_B {
            return Err(Problem::on_line(
                line,
                format!(
                    "the anisotropic displacement makes B {largest:.0} Å² in some direction; expected \
                 0 to {LARGEST_B}"
                ),
            ));
        }
        atom.anisotropic = Some(displaced);
        Ok(())
    }

    /// Adds the copies of all atoms that the file leaves to its non-crystallographic operators,
    /// where a file of no more than `most` may be read.
    pub(super) fn copy(&mut self, most: Bytes) -> Result<Option<String>, Problem> {
        self.copies.retain(|copying| !copying.is_identity());
        let (own, operators) = (self.atoms.len(), self.copies.len());
        let needed = Bytes::of::<(Atom, String)>((own as u64).saturating_mul(operators as u64));
        if needed > memory_for(most) {
            return Err(Problem::with_file(format!(
                "{operators} non-crystallographic operators on {own} atoms take {needed}, for which \
                 this machine has no memory"
            )));
        }
        let to_fractions = self.frame.to_fractions * 1e-10;
        let axes = self.frame.axes();
        for Copying { rotation, shift } in &self.copies {
            let turned = axes * *rotation * axes.transpose();
            for number in 0..own {
                let mut atom = self.atoms[number];
                let point = to_fractions.inverse() * (atom.position - self.frame.shift);
                atom.position = self.frame.fractions(*rotation * point + *shift);
                atom.anisotropic = atom.anisotropic.map(|own| own.turned(&turned));
                self.atoms.push(atom);
                self.labels
                    .push(format!("a copy of {}", self.labels[number]));
            }
        }
        Ok((operators > 0).then(|| {
            format!(
                "{operators} non-crystallographic operators add {} copies to the {own} atoms of the \
                 file",
                own * operators
            )
        }))
    }

    /// Notices for the user.
    pub(super) fn notices(&self) -> Vec<String> {
        let counts = [
            (
                self.not_displaced,
                "anisotropic displacements are left out, as they follow no atom of theirs or have \
                 negative mean squares: B alone counts",
            ),
            (
                self.of_other_models,
                "atoms of further models are left out: the first model alone counts",
            ),
            (
                self.as_neutral,
                "ions whose scattering factor is not known scatter as neutral atoms",
            ),
            (self.overfull, "occupancies are above 1"),
        ];
        let counted = counts.into_iter().filter(|(count, _)| *count > 0);
        let notices = counted.map(|(count, what)| format!("{count} {what}"));
        notices
            .chain(self.frame.notice.map(str::to_string))
            .chain(self.group_notice.clone())
            .collect()
    }
}
