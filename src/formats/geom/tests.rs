use approx::assert_relative_eq;
use glam::DVec3;
use proptest::prelude::*;

use crate::formats::Problem;
use crate::formats::geometry::Geometry;
use crate::memory::Bytes;

fn parse(bytes: &[u8], clen_m: Option<f64>) -> Result<Geometry, Problem> {
    super::parse(bytes, clen_m, Bytes(1 << 24))
}

const FILE: &str = "\
; A detector of two panels
photon_energy = 9500 eV ; about
clen = 80.0 mm
res = 9090.91
data = /entry_1/data_1/data
dim0 = %
dim1 = ss
dim2 = fs
min_fs = 0
max_fs = 19
ss = +0.0x -1.0y
rigid_group_q0 = a,b
rigid_group_collection_quadrants = q0

a/min_ss = 0
a/max_ss = 9
a/fs = +1.0x +0.0y
a/corner_x = -25.0
a/corner_y = 5.5
a/no_index = 0

fs = -1.0x +0.0y
b/min_ss = 10
b/max_ss = 19
b/corner_x = 25
b/corner_y = 5.5
b/coffset = -0.001
b/mask_edge_pixels = 1
b/fs = -0.8x -0.6z

bad_corner/panel = a
bad_corner/min_fs = 0
bad_corner/max_fs = 3
bad_corner/min_ss = 8
bad_corner/max_ss = 30
";

fn read(text: &str) -> Geometry {
    parse(text.as_bytes(), None).unwrap()
}

fn said(text: &str) -> String {
    parse(text.as_bytes(), None).unwrap_err().to_string()
}

/// The error message for the file after `line` is replaced by `other`.
fn replaced(line: &str, other: &str) -> String {
    assert!(FILE.contains(line));
    said(&FILE.replacen(line, other, 1))
}

#[test]
fn a_file_is_read_in_si_units() {
    let geometry = read(FILE);
    let [a, b] = geometry.panels.as_slice() else {
        panic!("two panels")
    };
    assert_eq!((a.name.as_str(), b.name.as_str()), ("a", "b"));
    assert_eq!((a.shape, b.shape), ([20, 10], [20, 10]));
    assert_relative_eq!(a.pixel_size_m, 1.0 / 9090.91);
    let corner = DVec3::new(-25.0 / 9090.91, 5.5 / 9090.91, 0.08);
    assert!(a.origin_m.abs_diff_eq(corner, 1e-15), "{}", a.origin_m);
    assert_eq!((a.fast, a.slow), (DVec3::X, -DVec3::Y));
    assert_relative_eq!(b.origin_m.z, 0.079);
    assert!(b.fast.abs_diff_eq(DVec3::new(-0.8, 0.0, -0.6), 1e-15));
    assert_eq!((geometry.beam, geometry.polarisation), (DVec3::Z, DVec3::X));
    assert_relative_eq!(geometry.wavelength_m.unwrap(), 12398.42 / 9500.0 * 1e-10);
    assert_eq!(
        (
            geometry.cell,
            geometry.oscillation_rad,
            geometry.kahn_factor
        ),
        (None, None, None)
    );
    assert!(geometry.notices.is_empty(), "{:?}", geometry.notices);
    assert!(geometry.detector().is_ok());
}

#[test]
fn values_without_a_panel_are_those_of_panels_further_down() {
    let both = "clen = 0.1\nres = 1e4\nfs = x\nss = y\nmin_fs = 0\nmax_fs = 3\nmin_ss = 0\nmax_ss = 4\n\
                corner_x = 1\ncorner_y = 2\na/no_index = 0\ncorner_x = 30\nb/no_index = 0\n";
    let geometry = read(both);
    let x: Vec<f64> = geometry
        .panels
        .iter()
        .map(|panel| panel.origin_m.x * 1e4)
        .collect();
    assert_relative_eq!(x[0], 1.0, max_relative = 1e-12);
    assert_relative_eq!(x[1], 30.0, max_relative = 1e-12);
    // The place along the beam is that of the whole detector, wherever the line stands.
    let last = both.replacen("clen = 0.1\n", "", 1) + "clen = 0.1\n";
    assert_eq!(read(&last), geometry);
    let said = said(&both.replacen("corner_x = 1\n", "", 1));
    assert_eq!(
        said,
        ": panel \"a\": key corner_x is missing; expected a number, in pixels"
    );
}

#[test]
fn wavelengths_are_told_in_several_ways() {
    let with =
        |line: &str| read(&FILE.replacen("photon_energy = 9500 eV ; about", line, 1)).wavelength_m;
    assert_eq!(with("wavelength = 1.3e-10 m"), Some(1.3e-10));
    assert_eq!(with("wavelength = 1.3 A"), Some(1.3 * 1e-10));
    assert_relative_eq!(
        with("photon_energy = 9.5 keV").unwrap(),
        1.3050968e-10,
        max_relative = 1e-6
    );
    assert_eq!(with("photon_energy = /LCLS/photon_energy_eV"), None);
    assert_eq!(with(""), None);
}

#[test]
fn bad_regions_and_edges_are_masked() {
    let geometry = read(FILE);
    let masked = |panel: usize, fast: usize, slow: usize| {
        geometry.panels[panel]
            .mask
            .as_ref()
            .is_some_and(|mask| !mask.renders(fast, slow))
    };
    assert!(masked(0, 0, 8) && masked(0, 3, 9) && !masked(0, 4, 9) && !masked(0, 3, 7));
    assert!(
        masked(1, 0, 5)
            && masked(1, 19, 5)
            && masked(1, 7, 0)
            && masked(1, 7, 9)
            && !masked(1, 1, 1)
    );
    // Without a panel's name, a region in the data is one of all panels there.
    let text = FILE.replacen("bad_corner/panel = a\n", "", 1).replacen(
        "mask_edge_pixels = 1",
        "no_index = 0",
        1,
    );
    let geometry = read(&text);
    let mask = geometry.panels[1].mask.as_ref().unwrap();
    assert!(!mask.renders(3, 9) && mask.renders(4, 9) && !mask.renders(0, 0));
}

#[test]
fn a_bad_region_in_the_laboratory_holds_pixels_whose_centres_lie_in_it() {
    let region =
        "badbeam/min_x = -23\nbadbeam/max_x = -12\nbadbeam/min_y = -3\nbadbeam/max_y = 4.1\n";
    let turned = FILE.replacen(
        "a/fs = +1.0x +0.0y",
        "a/fs = +0.8x +0.6y\na/ss = +0.6x -0.8y",
        1,
    );
    for text in [FILE, turned.as_str()] {
        let geometry = read(&format!("{text}{region}"));
        let panel = &geometry.panels[0];
        let mask = panel.mask.as_ref().unwrap();
        let mut masked = 0;
        for slow in 0..8 {
            for fast in 4..20 {
                let centre = panel.point_m([fast as f64 + 0.5, slow as f64 + 0.5]) * 9090.91;
                let inside =
                    (-23.0..=-12.0).contains(&centre.x) && (-3.0..=4.1).contains(&centre.y);
                assert_eq!(mask.renders(fast, slow), !inside, "{fast} {slow}");
                masked += usize::from(inside);
            }
        }
        assert!(masked > 0);
    }
}

#[test]
fn a_distance_in_a_data_file_needs_a_number_instead() {
    let text = FILE.replacen("clen = 80.0 mm", "clen = /LCLS/detector_1/EncoderValue", 1);
    assert_eq!(
        said(&text),
        ", line 3: panel \"a\": key clen stands in a data file; write a number of metres, or give --clen"
    );
    let geometry = parse(text.as_bytes(), Some(0.2)).unwrap();
    assert_relative_eq!(geometry.panels[1].origin_m.z, 0.199);
    let none = said(&FILE.replacen("clen = 80.0 mm", "", 1));
    assert_eq!(
        none,
        ": panel \"a\": key clen is missing; expected a number of metres, or --clen"
    );
}

#[test]
fn mistakes_are_found_with_their_panel_and_key() {
    for (found, expected) in [
        (
            replaced("a/fs = +1.0x +0.0y", ""),
            ": panel \"a\": key fs is missing; expected a vector",
        ),
        (
            replaced("a/corner_y = 5.5", ""),
            ": panel \"a\": key corner_y is missing",
        ),
        (
            replaced("b/max_ss = 19", ""),
            ": panel \"b\": key max_ss is missing",
        ),
        (
            replaced("res = 9090.91", ""),
            ": panel \"a\": key res is missing",
        ),
        (
            replaced("a/fs = +1.0x +0.0y", "a/fs = 1.0"),
            ", line 17: panel \"a\": key fs: '1.0'; expected a vector",
        ),
        (
            replaced("a/fs = +1.0x +0.0y", "a/fs = 0x"),
            ": panel \"a\": keys fs, ss: a vector of no length",
        ),
        (
            replaced("a/fs = +1.0x +0.0y", "a/fs = 1.2y"),
            ": panel \"a\": keys fs, ss: they are at 180.0000° to each other",
        ),
        (
            replaced("b/max_ss = 19", "b/max_ss = 3"),
            ": panel \"b\": keys min_ss, max_ss: 10 to 3",
        ),
        (
            replaced("b/max_ss = 19", "b/max_ss = 19.5"),
            ", line 24: panel \"b\": key max_ss: 19.5; expected a whole",
        ),
        (
            replaced("b/max_ss = 19", "b/max_ss = -1"),
            "key max_ss: -1; expected a whole",
        ),
        (
            replaced("b/corner_x = 25", "b/corner_x = inf"),
            "panel \"b\": inf is not a finite number",
        ),
        (
            replaced("res = 9090.91", "res = 0"),
            ", line 4: key res: 0; expected a positive number",
        ),
        (
            replaced("photon_energy = 9500 eV", "photon_energy = -1"),
            "key photon_energy: -1",
        ),
        (
            replaced("photon_energy = 9500 eV", "electron_voltage = 200 kV"),
            "electrons are not simulated",
        ),
        (
            replaced("clen = 80.0 mm", "clen = 80.0 in"),
            ", line 3: key clen: the unit 'in'; expected m or mm",
        ),
        (
            replaced("bad_corner/panel = a", "bad_corner/panel = c"),
            "bad region \"bad_corner\": key panel: 'c' is no panel",
        ),
        (
            replaced("bad_corner/max_ss = 30", ""),
            "bad region \"bad_corner\": key max_ss is missing",
        ),
        (
            replaced("bad_corner/max_ss = 30", "bad_corner/max_ss = 7"),
            "bad region \"bad_corner\": keys min_ss, max_ss: the first is above the second",
        ),
        (
            replaced("bad_corner/max_ss = 30", "bad_corner/max_x = 3"),
            "edges in fs and ss and in x and y",
        ),
        (
            replaced("clen = 80.0 mm", "clen 80.0 mm"),
            ", line 3: 'clen 80.0 mm'; expected a CrystFEL geometry file",
        ),
        (
            replaced(
                "a/no_index = 0",
                &format!("{}/no_index = 0", "a".repeat(101)),
            ),
            "a…'; expected one of at most 100 bytes",
        ),
        (said(""), ": no panels; expected lines of panel/key = value"),
    ] {
        assert!(
            found.contains(expected),
            "{found}\n  should hold\n{expected}"
        );
    }
    assert!(parse(&[0xff], None).unwrap_err().what.contains("not text"));
}

#[test]
fn what_is_not_minded_is_told_once() {
    let text = FILE.replacen(
        "res = 9090.91",
        "res = 9090.91\nmask_file = m.h5\nbandwidth = 0.01\nsplines = 3\na/splines = 4\na/no_index = 1",
        1,
    );
    // The panel is first mentioned above what it should inherit.
    let text =
        text.replacen("a/no_index = 1", "", 1)
            .replacen("a/no_index = 0", "a/no_index = 1", 1);
    let text = text.replacen("a/splines = 4", "", 1) + "a/splines = 4\n";
    let notices = read(&text).notices;
    assert_eq!(notices.len(), 4, "{notices:?}");
    assert_eq!(notices[3], "keys that are not known here: 'splines'");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes, None);
    }

    #[test]
    fn no_damage_makes_it_panic(
        start in any::<prop::sample::Index>(),
        length in 0..40usize,
        patch in prop::sample::select(vec![
            "", "1e308", "-1e308", "1e999", "nan", "/", "=", "\n", "bad/x = 1\n", "4294967294", "x", "é",
            "bad/min_x = -1e300\nbad/max_x = 1e300\nbad/min_y = -1e300\nbad/max_y = 1e300\n",
        ]),
        cut in prop::bool::ANY,
    ) {
        let start = start.index(FILE.len());
        let end = (start + length).min(FILE.len());
        let rest = if cut { "" } else { &FILE[end..] };
        let _ = parse(format!("{}{patch}{rest}", &FILE[..start]).as_bytes(), None)
            .map(|geometry| geometry.detector());
    }
}
