//! The geometry that SMV headers give, in the terms of every format.

use super::super::Problem;
use super::super::c_number::general;
use super::super::image_header::{ImageHeader, NearestPoint};
use super::read::number;

/// The geometry in `entries`, the keys and values of the SMV header of an image of `height` rows.
///
/// The beam centre is that of the DENZO or ADXV entries, else BEAM_CENTER_X and Y as MOSFLM has
/// them: along slow and fast, from the centre of the first pixel (PHYSICS §13).
///
/// # Errors
/// A [`Problem`] for a value that is no number where one is expected.
pub fn geometry(entries: &[(String, String)], height: usize) -> Result<ImageHeader, Problem> {
    let number = |key: &str| number(entries, key);
    let pair = |x: &str, y: &str| Ok::<_, Problem>(number(x)?.zip(number(y)?));
    let metres = |key: &str| Ok::<_, Problem>(number(key)?.map(|mm| mm * 1e-3));
    let radians = |key: &str| Ok::<_, Problem>(number(key)?.map(f64::to_radians));
    let pixel_mm = number("PIXEL_SIZE")?.filter(|&size| size > 0.0);
    let denzo = pair("DENZO_X_BEAM", "DENZO_Y_BEAM")?;
    let adxv = pair("ADXV_CENTER_X", "ADXV_CENTER_Y")?;
    let mosflm = pair("BEAM_CENTER_X", "BEAM_CENTER_Y")?;
    let centre = pixel_mm.and_then(|pixel| {
        let pixels = |(x, y): (f64, f64)| (x / pixel, y / pixel);
        let denzo = denzo.map(pixels).map(|(slow, fast)| [fast, slow]);
        let adxv = adxv.map(pixels);
        let adxv = adxv.map(|(fast, up)| [fast, height as f64 - up]);
        let mosflm = mosflm.map(pixels);
        let mosflm = mosflm.map(|(slow, fast)| [fast + 0.5, slow + 0.5]);
        denzo.or(adxv).or(mosflm)
    });
    Ok(ImageHeader {
        pixel_size_m: metres("PIXEL_SIZE")?,
        distance_m: metres("DISTANCE")?,
        beam_centre_pixels: centre,
        wavelength_m: number("WAVELENGTH")?.map(|angstrom| angstrom * 1e-10),
        start_rad: radians("OSC_START")?.or(radians("PHI")?),
        range_rad: radians("OSC_RANGE")?,
        two_theta_rad: radians("TWOTHETA")?,
        sensor_thickness_m: None,
        count_cutoff: number("CCD_IMAGE_SATURATION")?,
    })
}

/// The point nearest to the sample, of the entries of an SMV header that tell it: CLOSE_DISTANCE
/// and XDS_ORGX and Y, as the C program writes them.
///
/// # Errors
/// A [`Problem`] for a value that is no number.
pub fn nearest_point(entries: &[(String, String)]) -> Result<Option<NearestPoint>, Problem> {
    let origin = number(entries, "XDS_ORGX")?.zip(number(entries, "XDS_ORGY")?);
    let distance = number(entries, "CLOSE_DISTANCE")?.filter(|&mm| mm > 0.0);
    let point = origin.zip(distance).map(|((fast, slow), mm)| NearestPoint {
        // ORGX counts pixels from the middle of the first, which is number 1.
        pixels: [fast - 0.5, slow - 0.5],
        distance_m: mm * 1e-3,
    });
    Ok(point)
}

/// The entries of an SMV header that say what `header` says of an image of `height` rows, in the
/// terms of [`geometry`] and of the C program's conventions.
pub fn geometry_entries(header: &ImageHeader, height: usize) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let mut say = |key: &str, value: Option<f64>| {
        entries.extend(value.map(|value| (key.to_string(), general(value))));
    };
    let mm = |metres: Option<f64>| metres.map(|metres| metres * 1e3);
    let degrees = |radians: Option<f64>| radians.map(f64::to_degrees);
    say("PIXEL_SIZE", mm(header.pixel_size_m));
    say("DISTANCE", mm(header.distance_m));
    say(
        "WAVELENGTH",
        header.wavelength_m.map(|metres| metres * 1e10),
    );
    if let Some((pixel, [fast, slow])) = mm(header.pixel_size_m).zip(header.beam_centre_pixels) {
        say("BEAM_CENTER_X", Some((slow - 0.5) * pixel));
        say("BEAM_CENTER_Y", Some((fast - 0.5) * pixel));
        say("ADXV_CENTER_X", Some(fast * pixel));
        say("ADXV_CENTER_Y", Some((height as f64 - slow) * pixel));
        say("DENZO_X_BEAM", Some(slow * pixel));
        say("DENZO_Y_BEAM", Some(fast * pixel));
    }
    say("PHI", degrees(header.start_rad));
    say("OSC_START", degrees(header.start_rad));
    say("OSC_RANGE", degrees(header.range_rad));
    say("TWOTHETA", degrees(header.two_theta_rad));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect()
    }

    #[test]
    fn every_convention_gives_the_same_centre() {
        for centre in [
            [("DENZO_X_BEAM", "30"), ("DENZO_Y_BEAM", "20")],
            [("ADXV_CENTER_X", "20"), ("ADXV_CENTER_Y", "70")],
            [("BEAM_CENTER_X", "29.9"), ("BEAM_CENTER_Y", "19.9")],
        ] {
            let header = [("PIXEL_SIZE", "0.2"), centre[0], centre[1]];
            let found = geometry(&entries(&header), 500).unwrap();
            let [fast, slow] = found.beam_centre_pixels.unwrap();
            assert!((fast - 100.0).abs() < 1e-9 && (slow - 150.0).abs() < 1e-9);
        }
        assert!(geometry(&entries(&[("DISTANCE", "far")]), 1).is_err());
    }

    #[test]
    fn what_is_said_is_read() {
        let header = ImageHeader {
            pixel_size_m: Some(1e-4),
            distance_m: Some(0.125),
            beam_centre_pixels: Some([12.5, 100.25]),
            wavelength_m: Some(1e-10),
            start_rad: Some(10_f64.to_radians()),
            range_rad: Some(1_f64.to_radians()),
            two_theta_rad: Some(0.0),
            sensor_thickness_m: None,
            count_cutoff: None,
        };
        assert_eq!(
            geometry(&geometry_entries(&header, 77), 77).unwrap(),
            header
        );
    }
}
