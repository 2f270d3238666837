//! The solvent between the molecules.

use std::collections::HashSet;
use std::f64::consts::PI;

use super::atoms::{TestAtom, TestCell, cif};
use super::{TRICLINIC, atom, by_index, factors};
use nanobragg::structure::{Solvent, StructureFactor};

/// Points of the grid along the cell's edges: steps of half an ångström at most, in numbers that a
/// transform likes.
const COUNTS: [i32; 3] = [20, 24, 30];

/// All sets of three whole numbers within these ranges.
fn triples(ranges: [std::ops::Range<i32>; 3]) -> Vec<[i32; 3]> {
    let [us, vs, ws] = &ranges;
    let rows = us.clone().flat_map(|u| vs.clone().map(move |v| (u, v)));
    rows.flat_map(|(u, v)| ws.clone().map(move |w| [u, v, w]))
        .collect()
}

fn fractions(point: [i32; 3]) -> [f64; 3] {
    std::array::from_fn(|i| f64::from(point[i]) / f64::from(COUNTS[i]))
}

fn length(vector: [f64; 3]) -> f64 {
    vector.map(|x| x * x).iter().sum::<f64>().sqrt()
}

/// The distance of two points of a crystal, the nearest copies of them, Å.
fn distance(cell: &TestCell, one: [f64; 3], other: [f64; 3]) -> f64 {
    let lengths = triples([-1..2, -1..2, -1..2]).into_iter().map(|shift| {
        let copy = std::array::from_fn(|i| {
            let apart: f64 = one[i] - other[i];
            apart - apart.round() + f64::from(shift[i])
        });
        length(cell.cartesian(copy))
    });
    lengths.fold(f64::INFINITY, f64::min)
}

#[test]
fn solvent_is_at_every_point_where_the_rule_puts_it() {
    // With the probe of 1.1 Å.
    const CONTACTS: [(&str, f64); 3] = [("C", 1.775 + 1.1), ("O", 1.45 + 1.1), ("S", 1.8 + 1.1)];
    let places = [[0.1, 0.2, 0.3], [0.25, 0.31, 0.27], [0.95, 0.1, 0.4]];
    let atoms: Vec<TestAtom> = CONTACTS
        .iter()
        .zip(places)
        .map(|((element, _), place)| atom(element, place))
        .collect();
    let points = triples(COUNTS.map(|count| 0..count));
    let is_reached = |point: &[i32; 3]| {
        let mut pairs = CONTACTS.iter().zip(&atoms);
        pairs
            .all(|((_, contact), atom)| distance(&TRICLINIC, fractions(*point), atom.at) > *contact)
    };
    let reached: HashSet<[i32; 3]> = points.iter().copied().filter(is_reached).collect();
    let near: Vec<[i32; 3]> = triples([-4..5, -4..5, -4..5])
        .into_iter()
        .filter(|&step| length(TRICLINIC.cartesian(fractions(step))) <= 0.9)
        .collect();
    let is_solvent = |point: &[i32; 3]| {
        near.iter().any(|step| {
            let there = std::array::from_fn(|i| (point[i] + step[i]).rem_euclid(COUNTS[i]));
            reached.contains(&there)
        })
    };
    let solvent: Vec<[f64; 3]> = points
        .iter()
        .copied()
        .filter(is_solvent)
        .map(fractions)
        .collect();
    println!(
        "{} points, {} reached, {} solvent",
        points.len(),
        reached.len(),
        solvent.len()
    );
    assert!(reached.len() < solvent.len() && solvent.len() < points.len());

    let text = cif(&TRICLINIC, "P 1", &atoms);
    let bare = by_index(&factors(&text, 1.3, None));
    let kind = Solvent {
        density_per_m3: 0.4e30,
        b_m2: 30e-20,
    };
    let corner = TRICLINIC.cartesian([1.0, 1.0, 1.0])[2];
    let area = TRICLINIC.cartesian([1.0, 0.0, 0.0])[0] * TRICLINIC.cartesian([0.0, 1.0, 0.0])[1];
    let element = corner * area / points.len() as f64;
    for factor in factors(&text, 1.3, Some(&kind)) {
        let q = TRICLINIC.inverse_d_squared(factor.index);
        let contrast = 0.4 * (-30.0 * q / 4.0).exp() * element;
        let [h, k, l] = factor.index.map(f64::from);
        let phases = solvent
            .iter()
            .map(|[x, y, z]| 2.0 * PI * (h * x + k * y + l * z));
        let [a, b] = phases.fold([0.0, 0.0], |[a, b], phase| {
            [a + phase.cos(), b + phase.sin()]
        });
        let [c, d] = bare[&factor.index];
        let off = (factor.value.re - c - contrast * a).hypot(factor.value.im - d - contrast * b);
        assert!(off < 1e-9, "{:?}: {off:e}", factor.index);
    }
}

#[test]
fn solvent_is_the_same_however_fine_the_resolution() {
    let atoms = super::scattered(20, 13);
    let text = cif(&TRICLINIC, "P 1", &atoms);
    let solvent = Some(&Solvent::default());
    let added = |d_min: f64| -> Vec<([i32; 3], [f64; 2])> {
        let bare = by_index(&factors(&text, d_min, None));
        let with = factors(&text, d_min, solvent);
        let low = with
            .iter()
            .filter(|f| TRICLINIC.inverse_d_squared(f.index) < 1.0 / 16.0);
        low.map(|f| {
            let [a, b] = bare[&f.index];
            (f.index, [f.value.re - a, f.value.im - b])
        })
        .collect()
    };
    let (coarse, fine) = (added(3.0), added(0.7));
    for (index, [a, b]) in coarse {
        let (_, [c, d]) = *fine.iter().find(|f| f.0 == index).unwrap();
        assert!((a - c).hypot(b - d) < 1e-9, "{index:?}");
    }
}

#[test]
fn solvent_weakens_the_low_orders_of_a_packed_crystal_and_leaves_the_high_ones() {
    // A molecule of 200 atoms, on a lattice of its own, in the middle of a larger cell.
    let cell = TestCell([40.0, 40.0, 40.0, 90.0, 90.0, 90.0]);
    let atoms: Vec<TestAtom> = (0..216)
        .map(|n| {
            let place = [n / 36, n / 6 % 6, n % 6].map(|i| 0.3 + f64::from(i) * 0.07);
            atom(["C", "C", "N", "O"][n as usize % 4], place)
        })
        .collect();
    let text = cif(&cell, "P 1", &atoms);
    let with = factors(&text, 2.0, Some(&Solvent::default()));
    let without = by_index(&factors(&text, 2.0, None));
    let mean = |near: f64, far: f64, solvent: bool| {
        let shell = with.iter().filter(|f| {
            let d = cell.inverse_d_squared(f.index).sqrt().recip();
            (far..near).contains(&d)
        });
        let size = |f: &StructureFactor| match solvent {
            true => f.value.norm(),
            false => without[&f.index]
                .iter()
                .map(|part| part * part)
                .sum::<f64>()
                .sqrt(),
        };
        shell.map(size).sum::<f64>()
    };
    let low = mean(50.0, 12.0, true) / mean(50.0, 12.0, false);
    let high = mean(2.3, 2.0, true) / mean(2.3, 2.0, false);
    println!("solvent: low orders times {low:.2}, high orders times {high:.3}");
    assert!((0.1..0.7).contains(&low), "{low}");
    assert!((high - 1.0).abs() < 0.05, "{high}");
}
