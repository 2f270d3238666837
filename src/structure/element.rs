//! The elements: their symbols, and how much room their atoms take.
//!
//! Source of the radii: those that the solvent's probe was fitted with in the program cctbx, the
//! figures taken from gemmi (0.7.5).

/// An element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Element {
    /// Symbol of the element, such as `Zn`.
    pub symbol: &'static str,
    /// Van der Waals radius, Å.
    radius_angstrom: f64,
}

impl Element {
    /// The element of a symbol, whatever its capitals; D is hydrogen.
    pub fn of_symbol(symbol: &str) -> Option<(u8, &'static Element)> {
        let symbol = if symbol.eq_ignore_ascii_case("D") {
            "H"
        } else {
            symbol
        };
        let place = ELEMENTS
            .iter()
            .position(|known| known.symbol.eq_ignore_ascii_case(symbol))?;
        Some((place as u8 + 1, &ELEMENTS[place]))
    }

    /// The element of an atomic number, from 1 to 98.
    pub fn of_number(atomic_number: u8) -> Option<&'static Element> {
        ELEMENTS.get(usize::from(atomic_number).checked_sub(1)?)
    }

    /// Van der Waals radius, m.
    pub fn radius_m(&self) -> f64 {
        self.radius_angstrom * 1e-10
    }
}

const fn row(symbol: &'static str, radius_angstrom: f64) -> Element {
    Element {
        symbol,
        radius_angstrom,
    }
}

/// By atomic number, hydrogen first.
#[rustfmt::skip]
static ELEMENTS: [Element; 98] = [
    row("H", 1.2), row("He", 1.4), row("Li", 1.82), row("Be", 0.63),
    row("B", 1.75), row("C", 1.775), row("N", 1.5), row("O", 1.45),
    row("F", 1.47), row("Ne", 1.54), row("Na", 2.27), row("Mg", 1.73),
    row("Al", 1.5), row("Si", 2.1), row("P", 1.9), row("S", 1.8),
    row("Cl", 1.75), row("Ar", 1.88), row("K", 2.75), row("Ca", 1.95),
    row("Sc", 1.32), row("Ti", 1.95), row("V", 1.06), row("Cr", 1.13),
    row("Mn", 1.19), row("Fe", 1.26), row("Co", 1.13), row("Ni", 1.63),
    row("Cu", 1.4), row("Zn", 1.39), row("Ga", 1.87), row("Ge", 1.48),
    row("As", 0.83), row("Se", 1.9), row("Br", 1.85), row("Kr", 2.02),
    row("Rb", 2.65), row("Sr", 2.02), row("Y", 1.61), row("Zr", 1.42),
    row("Nb", 1.33), row("Mo", 1.75), row("Tc", 2.0), row("Ru", 1.2),
    row("Rh", 1.22), row("Pd", 1.63), row("Ag", 1.72), row("Cd", 1.58),
    row("In", 1.93), row("Sn", 2.17), row("Sb", 1.12), row("Te", 1.26),
    row("I", 1.98), row("Xe", 2.16), row("Cs", 3.01), row("Ba", 2.41),
    row("La", 1.83), row("Ce", 1.86), row("Pr", 1.62), row("Nd", 1.79),
    row("Pm", 1.76), row("Sm", 1.74), row("Eu", 1.96), row("Gd", 1.69),
    row("Tb", 1.66), row("Dy", 1.63), row("Ho", 1.61), row("Er", 1.59),
    row("Tm", 1.57), row("Yb", 1.54), row("Lu", 1.53), row("Hf", 1.4),
    row("Ta", 1.22), row("W", 1.26), row("Re", 1.3), row("Os", 1.58),
    row("Ir", 1.22), row("Pt", 1.72), row("Au", 1.66), row("Hg", 1.55),
    row("Tl", 1.96), row("Pb", 2.02), row("Bi", 1.73), row("Po", 1.21),
    row("At", 1.12), row("Rn", 2.3), row("Fr", 3.24), row("Ra", 2.57),
    row("Ac", 2.12), row("Th", 1.84), row("Pa", 1.6), row("U", 1.75),
    row("Np", 1.71), row("Pu", 1.67), row("Am", 1.66), row("Cm", 1.65),
    row("Bk", 1.64), row("Cf", 1.63),
];
