//! What an SMV header says of an experiment.

use super::super::c_number::general;
use crate::experiment::Experiment;

/// Headers are a multiple of this many bytes.
const BLOCK: usize = 512;

/// The header of an image of `experiment`, padded to 512 bytes, or a multiple where long numbers
/// need more.
///
/// `size`, width and height, is the whole image's, the geometry that of the first panel.
pub fn describe(experiment: &Experiment, size: [usize; 2]) -> String {
    carry_over(&entries(experiment), size)
}

/// The header of an image of `width` and `height` that says what else `entries`, of another image's
/// header, say: keys and values.
pub fn carry_over(entries: &[(String, String)], size: [usize; 2]) -> String {
    let own = own_entries(size, 0).map(|(key, _)| key);
    let others = entries
        .iter()
        .filter(|(key, _)| !own.contains(&key.as_str()));
    let text: String = others
        .map(|(key, value)| format!("{key}={value};\n"))
        .collect();
    padded(size, &text)
}

/// A header with `entries` behind those of every image.
fn padded(size: [usize; 2], entries: &str) -> String {
    let mut bytes = BLOCK;
    loop {
        let own = own_entries(size, bytes).map(|(key, value)| format!("{key}={value};\n"));
        let header = format!("{{\n{}{entries}}}\n\x0c\n", own.concat());
        if header.len() <= bytes {
            return format!("{header:<bytes$}");
        }
        bytes += BLOCK;
    }
}

/// What the header of every image says.
fn own_entries([width, height]: [usize; 2], header_bytes: usize) -> [(&'static str, String); 6] {
    [
        ("HEADER_BYTES", header_bytes.to_string()),
        ("DIM", "2".into()),
        ("BYTE_ORDER", "little_endian".into()),
        ("TYPE", "unsigned_short".into()),
        ("SIZE1", width.to_string()),
        ("SIZE2", height.to_string()),
    ]
}

/// Keys and values of a header that describes `experiment`, beside those of every image.
pub fn entries(experiment: &Experiment) -> Vec<(String, String)> {
    let detector = experiment.detector();
    let header = detector.header;
    let panel = &detector.panels[0];
    let scan = experiment.scan();
    let pixel = panel.pixel_size_m;
    let size_slow = panel.shape[1] as f64 * pixel;
    let [beam_fast, beam_slow] = header.beam_spot_m;
    let origin = panel.origin_m;

    let mm = |metres: f64| general(metres * 1e3);
    let degrees = |radians: f64| general(radians.to_degrees());
    let pixels = |metres: f64| general(metres / pixel + 0.5);
    let rows = [
        ("PIXEL_SIZE", mm(pixel)),
        ("DISTANCE", mm(header.distance_m)),
        ("WAVELENGTH", general(experiment.beam().wavelength_m * 1e10)),
        ("BEAM_CENTER_X", mm(header.beam_centre_m[0])),
        ("BEAM_CENTER_Y", mm(header.beam_centre_m[1])),
        ("ADXV_CENTER_X", mm(beam_fast)),
        ("ADXV_CENTER_Y", mm(size_slow - beam_slow)),
        ("MOSFLM_CENTER_X", mm(beam_slow - pixel / 2.0)),
        ("MOSFLM_CENTER_Y", mm(beam_fast - pixel / 2.0)),
        ("DENZO_X_BEAM", mm(beam_slow)),
        ("DENZO_Y_BEAM", mm(beam_fast)),
        (
            "DIALS_ORIGIN",
            [mm(origin.z), mm(origin.y), mm(-origin.x)].join(","),
        ),
        ("XDS_ORGX", pixels(header.near_point_m[0])),
        ("XDS_ORGY", pixels(header.near_point_m[1])),
        ("CLOSE_DISTANCE", mm(header.close_distance_m)),
        ("PHI", degrees(scan.start_rad)),
        ("OSC_START", degrees(scan.start_rad)),
        ("OSC_RANGE", degrees(scan.range_rad)),
        ("TWOTHETA", degrees(header.two_theta_rad)),
        ("DETECTOR_SN", "000".into()),
    ];
    rows.map(|(key, value)| (key.to_string(), value)).into()
}
