//! The text of a miniCBF header: a line a fact, behind a `#`.

use super::super::image_header::ImageHeader;
use super::super::metadata::ANGSTROM;
use super::super::text::quoted;
use super::super::unit::{ev, si};
use super::super::{Problem, c_number};
use crate::experiment::photon_energy_to_wavelength;

/// The convention for detectors that are none of a maker's: readers then expect no modules of
/// theirs.
pub const CONVENTION: &str = "GENERIC_MINI";
/// Readers want a date, and a simulated image has none: the same flags give the same file.
const DATE: &str = "2000-01-01T00:00:00.000";
/// Readers want an exposure time, and the simulation knows only the fluence, s.
const EXPOSURE: &str = "1.0000000";

/// The header's lines for `header`.
pub fn contents(header: &ImageHeader) -> String {
    let number = c_number::precise;
    let degrees = |radians: f64| number(radians.to_degrees());
    let lines = [
        Some("Detector: GENERIC nanobragg, S/N 000".to_string()),
        Some(DATE.to_string()),
        header
            .pixel_size_m
            .map(number)
            .map(|size| format!("Pixel_size {size} m x {size} m")),
        header
            .sensor_thickness_m
            .map(|thickness| format!("Silicon sensor, thickness {} m", number(thickness))),
        Some(format!("Exposure_time {EXPOSURE} s")),
        Some(format!("Exposure_period {EXPOSURE} s")),
        Some(format!(
            "Count_cutoff {:.0} counts",
            header.count_cutoff.unwrap_or(i32::MAX.into()).floor()
        )),
        header
            .wavelength_m
            .map(|wavelength| format!("Wavelength {} A", number(wavelength * 1e10))),
        header
            .distance_m
            .map(|distance| format!("Detector_distance {} m", number(distance))),
        header
            .beam_centre_pixels
            .map(|centre| centre.map(number))
            .map(|[fast, slow]| format!("Beam_xy ({fast}, {slow}) pixels")),
        header
            .start_rad
            .map(|start| format!("Start_angle {} deg.", degrees(start))),
        header
            .range_rad
            .map(|range| format!("Angle_increment {} deg.", degrees(range))),
        header
            .two_theta_rad
            .map(|angle| format!("Detector_2theta {} deg.", degrees(angle))),
        header
            .start_rad
            .map(|start| format!("Phi {} deg.", degrees(start))),
    ];
    let lines = lines.into_iter().flatten();
    lines.map(|line| format!("# {line}\r\n")).collect()
}

/// Keys and values of the lines behind a `#` in `text`.
pub fn entries(text: &str) -> Vec<(String, String)> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| !line.starts_with('#'));
    let pairs = lines.map(str::trim).filter(|line| !line.is_empty());
    pairs
        .map(|line| match line.split_once(' ') {
            Some((key, value)) => (
                key.trim_matches([':', '=']).to_string(),
                value.trim_matches([' ', ':', '=']).to_string(),
            ),
            // The one fact without a name.
            None => ("Date".to_string(), line.to_string()),
        })
        .collect()
}

/// The geometry in `entries`. Numbers have the units that stand behind them; without one, lengths
/// are in m, angles in degrees, the wavelength in Å and energies in eV.
///
/// # Errors
/// A [`Problem`] for a value that is no number where one is expected, and for a unit that is not
/// known.
pub fn header(entries: &[(String, String)]) -> Result<ImageHeader, Problem> {
    let text = |key: &str| {
        let mut found = entries.iter().rev().filter(|(name, _)| name == key);
        found.next().map(|(_, value)| value.as_str())
    };
    let quantities = |key: &str, units: &Units| match text(key) {
        Some(value) => quantities_of(key, value, units).map(Some),
        None => Ok(None),
    };
    let first =
        |key: &str, units: &Units| Ok::<_, Problem>(quantities(key, units)?.map(|all| all[0]));
    let pixel_sizes = quantities("Pixel_size", &LENGTH)?;
    if let Some(&[fast, slow, ..]) = pixel_sizes.as_deref()
        && (fast - slow).abs() > SQUARE * fast
    {
        return Err(Problem::with_file(format!(
            "header entry Pixel_size is {fast} m by {slow} m; expected square pixels"
        )));
    }
    let pixel_size_m = pixel_sizes.map(|all| all[0]);
    // A centre in pixels, or as a length.
    let in_pixels = |name: &str| match (name.starts_with("pixel"), pixel_size_m) {
        (true, _) => Some(1.0),
        (false, Some(pixel_m)) => Some((LENGTH.factor)(name)? / pixel_m),
        (false, None) => None,
    };
    let pixels = Units {
        factor: &in_pixels,
        unstated: 1.0,
        expected: "pixels, or m or mm beside a Pixel_size",
    };
    let centre = quantities("Beam_xy", &pixels)?;
    let energy = || {
        let energies = ["Energy", "Photon_energy"].map(|key| first(key, &ENERGY));
        let [one, other] = energies;
        Ok::<_, Problem>(one?.or(other?).map(photon_energy_to_wavelength))
    };
    let wavelength_m = match first("Wavelength", &WAVELENGTH)? {
        None => energy()?,
        given => given,
    };
    let thickness = text("Silicon").or(text("CdTe")).map(|value| {
        // "sensor, thickness 0.000320 m".
        let number = value.rsplit(',').next().unwrap_or(value);
        let number = number.trim_start().trim_start_matches("thickness");
        quantities_of("thickness", number, &LENGTH)
    });
    Ok(ImageHeader {
        pixel_size_m,
        distance_m: first("Detector_distance", &LENGTH)?,
        beam_centre_pixels: centre.and_then(|all| Some([*all.first()?, *all.get(1)?])),
        wavelength_m,
        start_rad: first("Start_angle", &ANGLE)?,
        range_rad: first("Angle_increment", &ANGLE)?,
        two_theta_rad: first("Detector_2theta", &ANGLE)?,
        sensor_thickness_m: thickness.transpose()?.map(|all| all[0]),
        count_cutoff: first("Count_cutoff", &COUNT)?,
    })
}

/// Largest difference of a pixel's edges, as a part of them.
const SQUARE: f64 = 1e-6;

/// The units of a quantity.
struct Units<'f> {
    /// What a number of a unit is multiplied by; `None` for a unit that is not known.
    factor: &'f dyn Fn(&str) -> Option<f64>,
    /// What one without a unit is multiplied by.
    unstated: f64,
    /// The units in words.
    expected: &'static str,
}

const LENGTH: Units = Units {
    factor: &|name| si(name).filter(|_| !is_angle(name)),
    unstated: 1.0,
    expected: "m, cm, mm, um, nm or A",
};

const WAVELENGTH: Units = Units {
    unstated: ANGSTROM,
    ..LENGTH
};

const ANGLE: Units = Units {
    factor: &|name| si(name).filter(|_| is_angle(name)),
    unstated: std::f64::consts::PI / 180.0,
    expected: "deg. or rad",
};

const ENERGY: Units = Units {
    factor: &ev,
    unstated: 1.0,
    expected: "eV or keV",
};

const COUNT: Units = Units {
    factor: &|name| (name == "counts").then_some(1.0),
    unstated: 1.0,
    expected: "counts",
};

/// Whether a unit is one of angles.
fn is_angle(name: &str) -> bool {
    name.starts_with("deg") || name.starts_with("rad") || name == "°"
}

/// The numbers of `value`, each with the unit behind it, or with that of a later one.
fn quantities_of(key: &str, value: &str, units: &Units) -> Result<Vec<f64>, Problem> {
    let wrong = |what: String| Problem::with_file(format!("header entry {key} is {what}"));
    let words = value
        .split([' ', ',', '(', ')'])
        .filter(|word| !matches!(*word, "" | "x"));
    let mut numbers: Vec<f64> = Vec::new();
    let mut without_unit = 0;
    for word in words {
        match word.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                numbers.push(number);
                without_unit += 1;
            }
            Ok(_) => {
                return Err(wrong(format!(
                    "{}; expected a finite number",
                    quoted(value)
                )));
            }
            Err(_) if numbers.is_empty() => break,
            Err(_) => {
                let Some(factor) = (units.factor)(word) else {
                    let expected = units.expected;
                    return Err(wrong(format!(
                        "{}, of the unit {}; expected {expected}",
                        quoted(value),
                        quoted(word)
                    )));
                };
                let start = numbers.len() - without_unit;
                numbers[start..]
                    .iter_mut()
                    .for_each(|number| *number *= factor);
                without_unit = 0;
            }
        }
    }
    if numbers.is_empty() {
        return Err(wrong(format!(
            "{}; expected a finite number",
            quoted(value)
        )));
    }
    let start = numbers.len() - without_unit;
    numbers[start..]
        .iter_mut()
        .for_each(|number| *number *= units.unstated);
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_makers_header_is_read() {
        let text = "###CBF: VERSION 1.5\r\n# Detector: PILATUS 6M, S/N 60\r\n\
                    # 2013-11-24T20:26:04.601\r\n# Pixel_size 172e-6 m x 172e-6 m\r\n\
                    # Silicon sensor, thickness 0.000320 m\r\n# Tau = 199.1e-09 s\r\n\
                    # Count_cutoff 1385515 counts\r\n# Wavelength 1.03320 A\r\n\
                    # Detector_distance 0.25 m\r\n# Beam_xy (1277.00, 1246.50) pixels\r\n\
                    # Start_angle 90.0000 deg.\r\n# Angle_increment 0.1000 deg.\r\n";
        let found = header(&entries(text)).unwrap();
        assert_eq!(found.pixel_size_m, Some(172e-6));
        assert_eq!(found.sensor_thickness_m, Some(0.00032));
        assert_eq!(found.beam_centre_pixels, Some([1277.0, 1246.5]));
        assert_eq!(found.start_rad, Some(90_f64.to_radians()));
        assert_eq!(found.count_cutoff, Some(1385515.0));
        assert_eq!(found.two_theta_rad, None);
        let wavelength = found.wavelength_m.unwrap();
        assert!((wavelength - 1.0332e-10).abs() < 1e-20);
        let tau = entries(text).into_iter().find(|(key, _)| key == "Tau");
        assert_eq!(tau.unwrap().1, "199.1e-09 s");
    }

    #[test]
    fn numbers_have_the_units_that_stand_behind_them() {
        let read = |text: &str| header(&entries(text));
        let text = "# Pixel_size 172 um x 172 um\n# Detector_distance 150 mm\n\
                    # Silicon sensor, thickness 320 um\n# Energy 12.398420 keV\n\
                    # Beam_xy (1.72, 3.44) mm\n# Start_angle 0.5 rad\n# Angle_increment 0.5";
        let found = read(text).unwrap();
        let near = |found: Option<f64>, expected: f64| {
            assert!(
                (found.unwrap() / expected - 1.0).abs() < 1e-12,
                "{found:?} {expected}"
            );
        };
        near(found.pixel_size_m, 172e-6);
        near(found.distance_m, 0.15);
        near(found.sensor_thickness_m, 320e-6);
        near(found.wavelength_m, 1e-10);
        near(found.beam_centre_pixels.map(|[fast, _]| fast), 10.0);
        near(found.beam_centre_pixels.map(|[_, slow]| slow), 20.0);
        near(found.start_rad, 0.5);
        near(found.range_rad, 0.5_f64.to_radians());
        near(
            read("# Wavelength 0.09795 nm").unwrap().wavelength_m,
            0.9795e-10,
        );
        near(
            read("# Wavelength 0.9795").unwrap().wavelength_m,
            0.9795e-10,
        );
        for (text, said) in [
            (
                "# Wavelength 1 parsec",
                "of the unit 'parsec'; expected m, cm, mm",
            ),
            ("# Detector_distance 3 deg.", "of the unit 'deg.'"),
            ("# Start_angle 3 mm", "expected deg. or rad"),
            ("# Beam_xy (3, 4) mm", "beside a Pixel_size"),
            ("# Pixel_size 1e-4 m x 2e-4 m", "expected square pixels"),
            ("# Energy 12 J", "expected eV or keV"),
        ] {
            let found = read(text).unwrap_err().what;
            assert!(found.contains(said), "{found}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let given = ImageHeader {
            pixel_size_m: Some(75e-6),
            distance_m: Some(0.2),
            beam_centre_pixels: Some([10.25, -3.5]),
            wavelength_m: Some(0.97934e-10),
            start_rad: Some(30_f64.to_radians()),
            range_rad: Some(0.5_f64.to_radians()),
            two_theta_rad: Some(0.0),
            sensor_thickness_m: Some(450e-6),
            count_cutoff: Some(65000.0),
        };
        let found = header(&entries(&contents(&given))).unwrap();
        let wavelength = found.wavelength_m.unwrap();
        assert!((wavelength / 0.97934e-10 - 1.0).abs() < 1e-12);
        assert_eq!(
            found,
            ImageHeader {
                wavelength_m: found.wavelength_m,
                ..given
            }
        );
        assert!(header(&entries("# Wavelength unset A")).is_err());
    }
}
