//! Units as files spell them.

use super::metadata::ANGSTROM;

/// What a length or an angle of this `unit` is multiplied by to be in metres or radians; 1 for
/// pixels and numbers without a unit. `None` for a unit that is not known.
pub(super) fn si(unit: &str) -> Option<f64> {
    const UNITS: &[(&[&str], f64)] = &[
        (&["m", "metre", "meter", "metres", "meters"], 1.0),
        (&["cm", "centimetre", "centimeter"], 1e-2),
        (&["mm", "millimetre", "millimeter"], 1e-3),
        (
            &[
                "um",
                "µm",
                "μm",
                "micron",
                "microns",
                "micrometre",
                "micrometer",
            ],
            1e-6,
        ),
        (&["nm", "nanometre", "nanometer"], 1e-9),
        (&["angstrom", "angstroms", "Angstrom", "Å", "A"], ANGSTROM),
        (&["rad", "radian", "radians"], 1.0),
        (
            &["deg", "deg.", "degree", "degrees", "°"],
            std::f64::consts::PI / 180.0,
        ),
        (&["pixel", "pixels", "counts", "", "1"], 1.0),
    ];
    factor(UNITS, unit)
}

/// What an energy of this `unit` is multiplied by to be in eV; `None` for a unit that is not known.
pub(super) fn ev(unit: &str) -> Option<f64> {
    const UNITS: &[(&[&str], f64)] = &[(&["eV", "ev"], 1.0), (&["keV", "kev"], 1e3)];
    factor(UNITS, unit)
}

fn factor(units: &[(&[&str], f64)], unit: &str) -> Option<f64> {
    let found = units.iter().find(|(names, _)| names.contains(&unit));
    found.map(|&(_, factor)| factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_known_by_several_names() {
        assert_eq!(si("mm"), Some(1e-3));
        assert_eq!(si("Å"), si("angstrom"));
        assert_eq!(si("furlong"), None);
        assert_eq!([ev("eV"), ev("keV"), ev("J")], [Some(1.0), Some(1e3), None]);
    }
}
