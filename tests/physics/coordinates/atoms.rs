//! Made-up crystals, their files, and F summed atom by atom.

use std::f64::consts::PI;
use std::fmt::Write;

/// An atom, at fractions of the edges.
#[derive(Clone, Copy, Debug)]
pub struct TestAtom {
    pub element: &'static str,
    pub at: [f64; 3],
    pub occupancy: f64,
    pub b: f64,
}

/// Edges in Å and angles in degrees.
#[derive(Clone, Copy, Debug)]
pub struct TestCell(pub [f64; 6]);

/// A move of a point.
pub type Move = fn([f64; 3]) -> [f64; 3];

/// P 21 21 21.
pub const P212121: [Move; 4] = [
    |p| p,
    |[x, y, z]| [0.5 - x, -y, z + 0.5],
    |[x, y, z]| [-x, y + 0.5, 0.5 - z],
    |[x, y, z]| [x + 0.5, 0.5 - y, -z],
];

impl TestCell {
    /// 1/d², Å⁻², by the formula of a triclinic cell's sides and angles.
    pub fn inverse_d_squared(&self, index: [i32; 3]) -> f64 {
        let [a, b, c, angles @ ..] = self.0;
        let [ca, cb, cg] = angles.map(|degrees| degrees.to_radians().cos());
        let [h, k, l] = index.map(f64::from);
        let volume_part = 1.0 - ca * ca - cb * cb - cg * cg + 2.0 * ca * cb * cg;
        let sum = h * h * (1.0 - ca * ca) / (a * a)
            + k * k * (1.0 - cb * cb) / (b * b)
            + l * l * (1.0 - cg * cg) / (c * c)
            + 2.0 * h * k * (ca * cb - cg) / (a * b)
            + 2.0 * k * l * (cb * cg - ca) / (b * c)
            + 2.0 * h * l * (ca * cg - cb) / (a * c);
        sum / volume_part
    }

    /// A point in Å, x along a and y in the plane of a and b.
    pub fn cartesian(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let [a, b, c, angles @ ..] = self.0;
        let [ca, cb, cg] = angles.map(|degrees| degrees.to_radians().cos());
        let sg = (1.0 - cg * cg).sqrt();
        let height = (1.0 - ca * ca - cb * cb - cg * cg + 2.0 * ca * cb * cg).sqrt() / sg;
        [
            a * x + b * cg * y + c * cb * z,
            b * sg * y + c * (ca - cb * cg) / sg * z,
            c * height * z,
        ]
    }
}

/// f at 1/d² in Å⁻², of International Tables C, 6.1.1.4.
fn scattering(element: &str, inverse_d_squared: f64) -> f64 {
    let stol_squared = inverse_d_squared / 4.0;
    let (a, b, c) = match element {
        "C" => (
            [2.31, 1.02, 1.5886, 0.865],
            [20.8439, 10.2075, 0.5687, 51.6512],
            0.2156,
        ),
        "N" => (
            [12.2126, 3.1322, 2.0125, 1.1663],
            [0.0057, 9.8933, 28.9975, 0.5826],
            -11.529,
        ),
        "O" => (
            [3.0485, 2.2868, 1.5463, 0.867],
            [13.2771, 5.7011, 0.3239, 32.9089],
            0.2508,
        ),
        "S" => (
            [6.9053, 5.2034, 1.4379, 1.5863],
            [1.4679, 22.2151, 0.2536, 56.172],
            0.8669,
        ),
        "ZN2+" => (
            [11.9719, 7.3862, 6.4668, 1.394],
            [2.9946, 0.2031, 7.0826, 18.0995],
            0.7807,
        ),
        _ => panic!("{element}"),
    };
    (0..4)
        .map(|i: usize| a[i] * (-b[i] * stol_squared).exp())
        .sum::<f64>()
        + c
}

/// A and B of F = A + iB, summed over the atoms and their images.
pub fn direct(cell: &TestCell, atoms: &[TestAtom], moves: &[Move], index: [i32; 3]) -> [f64; 2] {
    let q = cell.inverse_d_squared(index);
    let [h, k, l] = index.map(f64::from);
    let mut sum = [0.0; 2];
    for atom in atoms {
        let weight = atom.occupancy * scattering(atom.element, q) * (-atom.b * q / 4.0).exp();
        for shift in moves {
            let [x, y, z] = shift(atom.at);
            let phase = 2.0 * PI * (h * x + k * y + l * z);
            sum[0] += weight * phase.cos();
            sum[1] += weight * phase.sin();
        }
    }
    sum
}

/// The crystal as mmCIF, with all digits.
pub fn cif(cell: &TestCell, group: &str, atoms: &[TestAtom]) -> String {
    let [a, b, c, alpha, beta, gamma] = cell.0;
    let mut text = format!(
        "data_TEST\n_cell.length_a {a}\n_cell.length_b {b}\n_cell.length_c {c}\n\
         _cell.angle_alpha {alpha}\n_cell.angle_beta {beta}\n_cell.angle_gamma {gamma}\n\
         _symmetry.space_group_name_H-M '{group}'\nloop_\n_atom_site.id\n\
         _atom_site.type_symbol\n_atom_site.label_atom_id\n_atom_site.fract_x\n\
         _atom_site.fract_y\n_atom_site.fract_z\n_atom_site.occupancy\n\
         _atom_site.B_iso_or_equiv\n_atom_site.pdbx_formal_charge\n"
    );
    for (number, atom) in atoms.iter().enumerate() {
        let [x, y, z] = atom.at;
        let (element, charge) = split(atom.element);
        let (q, b) = (atom.occupancy, atom.b);
        writeln!(
            text,
            "{number} {element} {element}{number} {x} {y} {z} {q} {b} {charge}"
        )
        .unwrap();
    }
    text
}

/// The crystal as PDB, whose coordinates have three decimals.
pub fn pdb(cell: &TestCell, group: &str, atoms: &[TestAtom]) -> String {
    let [a, b, c, alpha, beta, gamma] = cell.0;
    let mut text =
        format!("CRYST1{a:9.3}{b:9.3}{c:9.3}{alpha:7.2}{beta:7.2}{gamma:7.2} {group:<11}\n");
    for (number, atom) in atoms.iter().enumerate() {
        let [x, y, z] = cell.cartesian(atom.at);
        let (element, charge) = split(atom.element);
        let charge = if charge == 0 {
            String::new()
        } else {
            format!("{charge}+")
        };
        writeln!(
            text,
            "ATOM  {:>5} {element:>2}   UNK A{:>4}    {x:8.3}{y:8.3}{z:8.3}{:6.2}{:6.2}          \
             {element:>2}{charge}",
            number % 100_000,
            number % 10_000,
            atom.occupancy,
            atom.b
        )
        .unwrap();
    }
    text + "END\n"
}

fn split(element: &str) -> (&str, i8) {
    match element.strip_suffix("2+") {
        Some(symbol) => (symbol, 2),
        None => (element, 0),
    }
}

/// Atoms at places that look random.
pub fn scattered(count: usize, mut state: u32) -> Vec<TestAtom> {
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    (0..count)
        .map(|number| TestAtom {
            element: ["C", "C", "N", "O", "C", "S"][number % 6],
            at: [next(), next(), next()],
            occupancy: if number % 7 == 0 { 0.5 } else { 1.0 },
            b: 6.0 + 30.0 * next(),
        })
        .collect()
}
