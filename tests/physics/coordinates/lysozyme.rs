//! PDB entry 1AKI against the structure factors that another program computed from it.

use std::collections::HashMap;

use super::factors;
use crate::support::golden;
use nanobragg::formats::reflection_file;
use nanobragg::memory::Bytes;
use nanobragg::structure::Solvent;

/// The list's resolution, Å.
const D_MIN: f64 = 2.0;

/// How `golden/lysozyme_1aki.mtz` was computed: without waters, and with this solvent, its history
/// says.
const SOLVENT: Solvent = Solvent {
    density_per_m3: 0.35e30,
    b_m2: 46.5e-20,
};

/// The entry as the archive has it.
pub fn entry() -> String {
    String::from_utf8(golden("1aki.pdb")).unwrap()
}

/// The entry without its waters, the only atoms beside the protein's.
fn protein() -> String {
    let lines = entry();
    let kept = lines.lines().filter(|line| !line.starts_with("HETATM"));
    kept.map(|line| format!("{line}\n")).collect()
}

/// Ends of shells, Å.
const SHELLS: [f64; 8] = [100.0, 12.0, 8.0, 6.0, 4.0, 3.0, 2.5, 1.99];

/// A reflection of the list: 1/d² in Å⁻², |F| there and here.
struct Pair {
    inverse_d_squared: f64,
    listed: f64,
    found: f64,
}

fn pairs(text: &str, solvent: Option<&Solvent>) -> Vec<Pair> {
    let own: HashMap<[i32; 3], f64> = factors(text, D_MIN - 1e-4, solvent)
        .iter()
        .map(|factor| (factor.index, factor.value.norm()))
        .collect();
    let file = reflection_file::parse(&golden("lysozyme_1aki.mtz"), None, Bytes(1 << 26)).unwrap();
    let list = file.reflections.list.iter();
    list.map(|reflection| Pair {
        inverse_d_squared: {
            let [h, k, l] = reflection.index.map(f64::from);
            (h / 59.062).powi(2) + (k / 68.451).powi(2) + (l / 30.517).powi(2)
        },
        listed: reflection.amplitude,
        found: own[&reflection.index],
    })
    .collect()
}

/// Σ |F listed − k F found| / Σ F listed.
fn r(pairs: &[&Pair], k: f64) -> f64 {
    let off: f64 = pairs.iter().map(|p| (p.listed - k * p.found).abs()).sum();
    off / pairs.iter().map(|p| p.listed).sum::<f64>()
}

/// Those between two spacings, Å.
fn shell<'a>(pairs: &'a [Pair], ends: &[f64]) -> Vec<&'a Pair> {
    let spacings = ends[1]..ends[0];
    let within = |pair: &&Pair| spacings.contains(&pair.inverse_d_squared.sqrt().recip());
    pairs.iter().filter(within).collect()
}

/// The scale of least squares.
fn scale(pairs: &[&Pair]) -> f64 {
    let product: f64 = pairs.iter().map(|p| p.listed * p.found).sum();
    product / pairs.iter().map(|p| p.found.powi(2)).sum::<f64>()
}

fn correlation(pairs: &[&Pair]) -> f64 {
    let count = pairs.len() as f64;
    let mean = |of: fn(&Pair) -> f64| pairs.iter().map(|p| of(p)).sum::<f64>() / count;
    let [x, y] = [mean(|p| p.listed), mean(|p| p.found)];
    let sum = |of: &dyn Fn(&Pair) -> f64| pairs.iter().map(|p| of(p)).sum::<f64>();
    sum(&|p| (p.listed - x) * (p.found - y))
        / (sum(&|p| (p.listed - x).powi(2)) * sum(&|p| (p.found - y).powi(2))).sqrt()
}

#[test]
fn lysozyme_has_the_f_that_another_program_computed() {
    // The list's solvent, and the one that is usual here, whose B is 46 Å².
    for (what, solvent, gate) in [
        ("as the list", SOLVENT, 1e-4),
        ("by default", Solvent::default(), 1e-3),
    ] {
        let pairs = pairs(&protein(), Some(&solvent));
        let all: Vec<&Pair> = pairs.iter().collect();
        assert_eq!(all.len(), 64_584);
        let (absolute, k) = (r(&all, 1.0), scale(&all));
        println!(
            "1AKI {what}: R {absolute:.1e}, {:.1e} with k = {k:.6}, correlation {:.9}",
            r(&all, k),
            correlation(&all)
        );
        // On the absolute scale: nothing is fitted.
        assert!(absolute < gate, "{what}: {absolute:e}");
        for ends in SHELLS.windows(2) {
            let shell = shell(&pairs, ends);
            let own = r(&shell, 1.0);
            println!(
                "    {:>5} to {:>3} Å: {:>5} F, R {own:.1e}",
                ends[0],
                ends[1],
                shell.len()
            );
            // Low orders are small differences of atoms and solvent.
            assert!(own < 10.0 * gate, "{what}, {ends:?}: {own:e}");
        }
    }
}

#[test]
fn waters_and_solvent_count() {
    // What the list left out, and what it has: R tells one from the other.
    let whole = pairs(&entry(), Some(&SOLVENT));
    let bare = pairs(&protein(), None);
    for (what, pairs, expected) in [
        ("waters", whole, 0.10..0.17),
        ("no solvent", bare, 0.06..0.10),
    ] {
        let all: Vec<&Pair> = pairs.iter().collect();
        let found = r(&all, 1.0);
        let low = r(&shell(&pairs, &[100.0, 12.0]), 1.0);
        println!("1AKI with {what}: R {found:.3}, beyond 12 Å {low:.2}");
        assert!(expected.contains(&found), "{what}: {found}");
        if what == "no solvent" {
            // A flat solvent is gone at high orders.
            assert!(low > 1.0);
            assert!(r(&shell(&pairs, &[2.2, 1.99]), 1.0) < 0.02);
        }
    }
}
