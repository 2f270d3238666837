//! Beam, goniometer, scan and crystal.

use glam::{DMat3, DVec3};

use super::super::Problem;
use super::node::Node;
use crate::geometry::{UnitCell, rotation_about};

/// The beam.
pub struct Beam {
    /// Direction in which the photons travel, a unit vector.
    pub direction: DVec3,
    /// Direction of the electric field, a unit vector.
    pub polarisation: DVec3,
    /// Kahn's factor.
    pub kahn_factor: f64,
    pub wavelength_m: f64,
    /// Whether the beam changes during a scan.
    pub varies: bool,
}

/// Reads a beam. `direction` points from the sample to the source; the electric field is at right
/// angles to the beam and to `polarization_normal`, and of all photons the part
/// `polarization_fraction` is polarised so, the rest across.
pub fn beam(node: Node) -> Result<Beam, Problem> {
    let object = node.object([
        "direction",
        "wavelength",
        "polarization_normal",
        "polarization_fraction",
        "s0_at_scan_points",
        "probe",
    ])?;
    // As newer versions of dxtbx write it; older ones know X-rays only.
    if let Some(probe) = object.optional("probe") {
        let kind = probe.string(100)?;
        if kind != "x-ray" {
            return Err(probe.wrong(format!("{kind}s are not simulated, only X-rays")));
        }
    }
    let direction = object.required("direction", "three numbers, from the sample to the source")?;
    let direction = -direction.direction()?;
    let expected = "a positive number, Å";
    let wavelength = object.required("wavelength", expected)?;
    let angstrom = wavelength.number(expected)?;
    if angstrom <= 0.0 {
        return Err(wavelength.wrong(format!("{angstrom}; expected {expected}")));
    }
    // Defaults of the format.
    const NORMAL: DVec3 = DVec3::Y;
    const FRACTION: f64 = 0.999;
    let normal = object.optional("polarization_normal");
    let normal = normal.map_or(Ok(NORMAL), |normal| normal.direction())?;
    let Some(polarisation) = normal.cross(direction).try_normalize() else {
        return Err(object
            .node()
            .wrong("key polarization_normal lies along the beam's direction"));
    };
    let fraction = match object.optional("polarization_fraction") {
        None => FRACTION,
        Some(node) => {
            let expected = "a number from 0 to 1";
            let fraction = node.number(expected)?;
            if !(0.0..=1.0).contains(&fraction) {
                return Err(node.wrong(format!("{fraction}; expected {expected}")));
            }
            fraction
        }
    };
    Ok(Beam {
        direction,
        polarisation,
        kahn_factor: 2.0 * fraction - 1.0,
        wavelength_m: angstrom * 1e-10,
        varies: object.optional("s0_at_scan_points").is_some(),
    })
}

/// A goniometer: at φ it turns the crystal by setting·rot(axis, φ)·fixed.
pub struct Goniometer {
    /// The axis before the setting rotation, a unit vector.
    pub axis: DVec3,
    pub fixed: DMat3,
    pub setting: DMat3,
    /// Whether the setting changes during a scan.
    pub varies: bool,
}

/// Reads a goniometer: of one axis, or of several from the crystal to the base, of which one scans.
pub fn goniometer(node: Node) -> Result<Goniometer, Problem> {
    let object = node.object([
        "rotation_axis",
        "fixed_rotation",
        "setting_rotation",
        "axes",
        "angles",
        "scan_axis",
        "setting_rotation_at_scan_points",
    ])?;
    let varies = object.optional("setting_rotation_at_scan_points").is_some();
    let Some(axes) = object.optional("axes") else {
        let axis = object.required("rotation_axis", "three numbers, a direction")?;
        let rotation = |key| {
            let given = object.optional(key);
            given.map_or(Ok(DMat3::IDENTITY), |node| node.rotation())
        };
        return Ok(Goniometer {
            axis: axis.direction()?,
            fixed: rotation("fixed_rotation")?,
            setting: rotation("setting_rotation")?,
            varies,
        });
    };
    /// No goniometer has as many.
    const MOST_AXES: usize = 1000;
    let directions = axes.list(MOST_AXES)?;
    let directions: Vec<DVec3> = directions
        .iter()
        .map(Node::direction)
        .collect::<Result<_, _>>()?;
    let count = directions.len();
    let angles = object.required("angles", "a list of degrees")?;
    let degrees = angles.numbers("a list of degrees")?;
    if degrees.len() != count {
        return Err(angles.wrong(format!("{} angles for {count} axes", degrees.len())));
    }
    let scan_axis = object.required("scan_axis", "the number of an axis")?;
    let scanned = scan_axis.index("the number of an axis")?;
    let Some(&axis) = directions.get(scanned) else {
        return Err(scan_axis.wrong(format!("{scanned}; there are {count} axes, from 0")));
    };
    // The first is nearest to the crystal and turns it first.
    let turned = |axes: std::ops::Range<usize>| {
        axes.fold(DMat3::IDENTITY, |turn, number| {
            rotation_about(directions[number], degrees[number].to_radians()) * turn
        })
    };
    Ok(Goniometer {
        axis,
        fixed: turned(0..scanned),
        setting: turned(scanned + 1..count),
        varies,
    })
}

/// Start and range of the first image of a scan, radians; `None` for stills.
pub fn oscillation(node: Node) -> Result<Option<[f64; 2]>, Problem> {
    let object = node.object(["oscillation", "properties"])?;
    let expected = "two numbers, start and range in degrees";
    if let Some(both) = object.optional("oscillation") {
        let degrees: [f64; 2] = both.array(expected)?;
        return Ok(Some(degrees.map(f64::to_radians)));
    }
    // Newer files list the start of each image, and the range of one that is alone.
    let Some(properties) = object.optional("properties") else {
        return Ok(None);
    };
    let properties = properties.object(["oscillation", "oscillation_width"])?;
    let numbers = |key| {
        let list = properties.optional(key);
        list.map_or(Ok(Vec::new()), |list| list.numbers("a list of degrees"))
    };
    let (starts, widths) = (numbers("oscillation")?, numbers("oscillation_width")?);
    let width = match starts.as_slice() {
        [] => return Ok(None),
        [first, second, ..] => second - first,
        [_] => widths.first().copied().unwrap_or(0.0),
    };
    Ok(Some([starts[0], width].map(f64::to_radians)))
}

/// Reads a crystal: its cell where the goniometer is at zero, and whether it changes during a scan.
pub fn crystal(node: Node) -> Result<(UnitCell, bool), Problem> {
    let object = node.object([
        "real_space_a",
        "real_space_b",
        "real_space_c",
        "A_at_scan_points",
    ])?;
    let edge = |key| {
        let expected = "three numbers, Å";
        object.required(key, expected)?.vector(expected)
    };
    let edges = DMat3::from_cols(
        edge("real_space_a")?,
        edge("real_space_b")?,
        edge("real_space_c")?,
    );
    let reciprocal = (edges * 1e-10).inverse().transpose();
    let cell = UnitCell::from_reciprocal(reciprocal).map_err(|_| {
        let what = "real_space_a, real_space_b and real_space_c lie in one plane";
        object.node().wrong(what)
    })?;
    Ok((cell, object.optional("A_at_scan_points").is_some()))
}
