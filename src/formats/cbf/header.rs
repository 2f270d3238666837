//! The text of a miniCBF header: a line a fact, behind a `#`.

use super::super::image_header::ImageHeader;
use super::super::text::quoted;
use super::super::{Problem, c_number};

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

/// The geometry in `entries`, in which lengths are in m, angles in degrees, the wavelength in Å.
///
/// # Errors
/// A [`Problem`] for a value that is no number where one is expected.
pub fn header(entries: &[(String, String)]) -> Result<ImageHeader, Problem> {
    let text = |key: &str| {
        let mut found = entries.iter().rev().filter(|(name, _)| name == key);
        found.next().map(|(_, value)| value.as_str())
    };
    let numbers = |key: &str| -> Result<Option<Vec<f64>>, Problem> {
        let Some(value) = text(key) else {
            return Ok(None);
        };
        let words = value.split([' ', ',', '(', ')']);
        let numbers = words.filter_map(|word| word.parse::<f64>().ok());
        let numbers: Vec<f64> = numbers.filter(|number| number.is_finite()).collect();
        if numbers.is_empty() {
            return Err(Problem::with_file(format!(
                "header entry {key} is {}; expected a finite number",
                quoted(value)
            )));
        }
        Ok(Some(numbers))
    };
    let first = |key: &str| Ok(numbers(key)?.and_then(|all| all.first().copied()));
    let angle = |key: &str| Ok(first(key)?.map(f64::to_radians));
    let thickness = text("Silicon").map(|_| first("Silicon")).transpose()?;
    let centre = numbers("Beam_xy")?;
    Ok(ImageHeader {
        pixel_size_m: first("Pixel_size")?,
        distance_m: first("Detector_distance")?,
        beam_centre_pixels: centre.and_then(|all| Some([*all.first()?, *all.get(1)?])),
        wavelength_m: first("Wavelength")?.map(|angstrom| angstrom * 1e-10),
        start_rad: angle("Start_angle")?,
        range_rad: angle("Angle_increment")?,
        two_theta_rad: angle("Detector_2theta")?,
        sensor_thickness_m: thickness.flatten(),
        count_cutoff: first("Count_cutoff")?,
    })
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
