//! Structure factors from files, as a library reads them and as a user gives them.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::support::mtz_file::MtzFile;
use crate::support::{golden, golden_path, program, unwrapped};
use flate2::Compression;
use flate2::write::GzEncoder;
use nanobragg::experiment::{Reflection, ReflectionGrid, StructureFactors};
use nanobragg::formats::packed::unpacked;
use nanobragg::formats::reflection_file::{self, ReflectionFile};
use nanobragg::formats::{Problem, mtz};
use nanobragg::memory::Bytes;

/// What a file of a test may be unpacked to.
const MOST: Bytes = Bytes(1 << 26);

fn parse(bytes: &[u8], f_column: Option<&str>) -> Result<ReflectionFile, Problem> {
    reflection_file::parse(&unpacked(bytes, MOST)?, f_column, MOST)
}

/// F of every reflection of a file, by index.
fn listed(file: &ReflectionFile) -> Vec<([i32; 3], f64)> {
    let list = &file.reflections.list;
    let mut found: Vec<_> = list.iter().map(|r| (r.index, r.amplitude)).collect();
    found.sort_by_key(|found| found.0);
    found
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn grid(bytes: &[u8]) -> std::sync::Arc<ReflectionGrid> {
    let file = parse(bytes, None).unwrap();
    let factors =
        StructureFactors::from_symmetric(&file.reflections, 0.0, nanobragg::memory::Bytes(1 << 30))
            .unwrap();
    factors.grid().unwrap().clone()
}

#[test]
fn the_unique_reflections_of_lysozyme_make_the_grid_of_all_of_them() {
    let all = grid(&golden("lysozyme_1aki_p1.hkl"));
    let mtz = golden("lysozyme_1aki.mtz");
    for bytes in [mtz.clone(), gzipped(&mtz)] {
        let unique = grid(&bytes);
        assert_eq!((unique.min(), unique.shape()), (all.min(), all.shape()));
        let pairs = || unique.amplitudes().iter().zip(all.amplitudes());
        let squares: f64 = all.amplitudes().iter().map(|f| f * f).sum();
        let differences: f64 = pairs().map(|(one, other)| (one - other).powi(2)).sum();
        let nrmse = (differences / squares).sqrt();
        assert!(nrmse < 1e-5, "{nrmse}");
        // The list has three decimals.
        let worst = pairs()
            .map(|(one, other)| (one - other).abs())
            .fold(0.0, f64::max);
        assert!(worst < 6e-4, "{worst}");
    }
    let file = parse(&mtz, None).unwrap();
    assert_eq!((file.origin.listed, file.origin.in_p1), (8843, 64_584));
    assert_eq!(file.origin.column.as_deref(), Some("FC"));
    let edges = file
        .cell
        .unwrap()
        .lengths_m()
        .map(|edge| (edge * 1e13).round());
    assert_eq!(edges, [59_062.0, 68_451.0, 30_517.0]);
}

#[test]
fn missing_values_are_left_out() {
    for (record, missing) in [
        ("VALM NAN", f32::NAN),
        ("VALM -999.0", -999.0),
        ("VALM -999", f32::NAN),
    ] {
        let values = vec![0.0, 0.0, 2.0, missing, 1.0, 0.0, 0.0, 5.0];
        let mut file = MtzFile::new(values);
        file.records = vec![record.into()];
        let read = parse(&file.bytes(), None).unwrap();
        assert_eq!(
            listed(&read),
            [([-1, 0, 0], 5.0), ([1, 0, 0], 5.0)],
            "{record}"
        );
        assert!(read.notices[0].contains("1 reflections have no value in column F"));
    }
    let none = MtzFile::new(vec![0.0, 0.0, 2.0, f32::NAN]);
    let said = parse(&none.bytes(), None).unwrap_err().what;
    assert!(
        said.contains("no reflection has an F in column F"),
        "{said}"
    );
}

#[test]
fn both_byte_orders_and_far_headers_are_read() {
    let sound = MtzFile::new(vec![1.0, -2.0, 3.0, 4.5]);
    let expected = listed(&parse(&sound.bytes(), None).unwrap());
    assert_eq!(expected, [([-1, 2, -3], 4.5), ([1, -2, 3], 4.5)]);
    for big_endian in [false, true] {
        for far_header in [false, true] {
            for stamp in [None, Some([0; 4])] {
                let file = MtzFile {
                    big_endian,
                    far_header,
                    stamp,
                    ..sound.clone()
                };
                let read = parse(&file.bytes(), None).unwrap();
                assert_eq!(
                    listed(&read),
                    expected,
                    "{big_endian} {far_header} {stamp:?}"
                );
            }
        }
    }
    let vax = MtzFile {
        stamp: Some([0x22, 0x41, 0, 0]),
        ..sound
    };
    assert!(
        parse(&vax.bytes(), None)
            .unwrap_err()
            .what
            .contains("stamp 22 41")
    );
}

#[test]
fn intensities_are_read_by_name_only_and_their_roots_taken() {
    let columns = [("IMEAN", 'J', 0)];
    let values = vec![1.0, 0.0, 0.0, f32::NAN, 9.0, 0.0, 1.0, 0.0, 2.0, -4.0];
    let file = MtzFile::new(values).with_columns(&columns).bytes();
    assert_eq!(listed(&parse(&file, None).unwrap()).len(), 2);
    let read = parse(&file, Some("IMEAN")).unwrap();
    let expected = [
        ([-1, 0, 0], 3.0),
        ([0, -1, 0], 0.0),
        ([0, 1, 0], 0.0),
        ([1, 0, 0], 3.0),
    ];
    assert_eq!(listed(&read), expected);
    assert!(
        read.notices[0].contains("1 are negative"),
        "{:?}",
        read.notices
    );
}

#[test]
fn friedel_mates_have_the_f_of_their_own_column() {
    let columns = [("F(+)", 'G', 0), ("F(-)", 'G', 0)];
    let mut file = MtzFile::new(vec![
        1.0,
        2.0,
        3.0,
        7.0,
        5.0,
        6.0,
        0.0,
        2.0,
        1.0,
        7.0,
        8.0,
        f32::NAN,
    ]);
    file.operators.push("-X,Y,-Z".into());
    let bytes = file.with_columns(&columns).bytes();
    let read = parse(&bytes, Some("F(-)")).unwrap();
    let expected = [
        ([-1, -2, -3], 6.0),
        ([-1, 2, -3], 5.0),
        ([0, -2, -1], 8.0),
        ([0, -2, 1], 8.0),
        ([0, 2, -1], 8.0),
        ([0, 2, 1], 8.0),
        ([1, -2, 3], 6.0),
        ([1, 2, 3], 5.0),
    ];
    assert_eq!(listed(&read), expected);
    assert_eq!(listed(&parse(&bytes, Some("F(+)")).unwrap()), expected);
}

#[test]
fn the_cell_is_that_of_the_columns_data_set() {
    let file = MtzFile::new(vec![1.0, 0.0, 0.0, 5.0, 6.0])
        .with_columns(&[("FC", 'F', 2)])
        .with_record("CELL 10 20 30 90 90 90")
        .with_record("DCELL 1 1 1 1 90 90 90")
        .with_record("DCELL 2 11 21 31 90 90 90");
    let edge = |f_column| {
        let cell = parse(&file.bytes(), Some(f_column)).unwrap().cell.unwrap();
        (cell.lengths_m()[0] * 1e10).round()
    };
    assert_eq!((edge("F"), edge("FC")), (10.0, 11.0));
}

/// A sound file with a change, and what must be said of it.
fn refused(change: impl Fn(&mut MtzFile), piece: &str) {
    let mut file = MtzFile::new(vec![1.0, 2.0, 3.0, 4.0]);
    change(&mut file);
    let said = parse(&file.bytes(), None).unwrap_err().what;
    assert!(said.contains(piece), "{said}");
}

#[test]
fn headers_that_lie_are_refused() {
    refused(
        |file| file.counts = Some([4, 2, 0]),
        "counts 2 reflections of 4 columns",
    );
    refused(
        |file| file.counts = Some([4, i64::MAX, 0]),
        "reflections of 4 columns",
    );
    refused(
        |file| file.counts = Some([5, 1, 0]),
        "counts 5 columns and describes 4",
    );
    refused(|file| file.counts = Some([4, -1, 0]), "makes no sense");
    refused(|file| file.counts = Some([4, 1, 3]), "unmerged");
    refused(|file| file.columns[3] = ("BATCH", 'B', 0), "unmerged");
    // A merged file may have M/ISYM; this one has no F beside it.
    refused(
        |file| file.columns[3] = ("M/ISYM", 'Y', 0),
        "no column holds amplitudes",
    );
    refused(
        |file| file.columns[2] = ("X", 'R', 0),
        "2 columns of Miller indices",
    );
    refused(|file| file.values[1] = 2.5, "has K = 2.5");
    refused(|file| file.values[1] = f32::NAN, "has K = NaN");
    refused(|file| file.values[1] = 1e7, "out of reach");
    refused(
        |file| file.operators = vec!["X,Y,Q".into()],
        "no symmetry operator",
    );
    refused(|file| file.operators = vec!["-Y,X,Z".into()], "no group");
    refused(
        |file| file.records.push("CELL 1 2 3 4 5".into()),
        "makes no sense",
    );
    refused(
        |file| file.records.push("CELL 1 2 3 10 10 90".into()),
        "no cell has the angles",
    );
    refused(|file| file.records.push("BATCH 1".into()), "unmerged");
    refused(
        |file| {
            file.operators.clear();
            (file.space_group, file.number) = ("P 21/z".into(), 0);
        },
        "is not known by name or number",
    );
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    let whole = MtzFile::new(vec![1.0, 2.0, 3.0, 4.0]).bytes();
    let end = whole.windows(4).position(|four| four == b"END ").unwrap();
    for length in 4..=end {
        assert!(
            mtz::parse(&whole[..length], None).is_err(),
            "{length} bytes"
        );
    }
    assert!(mtz::parse(&whole[..end + 3], None).is_ok());
}

#[test]
fn columns_to_choose_from_are_listed() {
    let file = |columns: &[(&'static str, char, i32)]| {
        let values = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        MtzFile::new(values).with_columns(columns)
    };
    let mut two = file(&[("FB", 'F', 0), ("SIGFB", 'Q', 0)]);
    two.columns[3].0 = "FA";
    let said = parse(&two.bytes(), None).unwrap_err().what;
    assert!(
        said.contains("several columns hold amplitudes; name one with --f-column: FA (F), FB (F)"),
        "{said}"
    );
    two.columns[4].0 = "FC";
    let read = parse(&two.bytes(), None).unwrap();
    assert_eq!(read.origin.column.as_deref(), Some("FC"));
    assert!(
        read.notices[0].contains("--f-column takes another: FA"),
        "{:?}",
        read.notices
    );
}

/// A CIF with two items of amplitudes, one of intensities, missing values and quotes.
const CIF: &str = "data_r1abcsf
_cell.length_a 59.1
_cell.length_b 68.5
_cell.length_c 30.5
_cell.angle_alpha 90
_cell.angle_beta 90.00(2)
_cell.angle_gamma 90
_symmetry.space_group_name_H-M \"P 1 21 1\"
loop_
_refln.index_h
_refln.index_k
_refln.index_l
_refln.status
_refln.F_meas_au
_refln.F_calc
_refln.intensity_meas
1 2 3 o 45.5 40.0(1) 4
0 2 0 '?' ? 7 .
0 3 0 x 5 5 -1
# end
";

#[test]
fn a_cif_is_read_with_its_cell_and_symmetry() {
    let read = parse(CIF.as_bytes(), None).unwrap();
    assert_eq!(read.origin.column.as_deref(), Some("_refln.F_meas_au"));
    assert!(
        read.notices
            .iter()
            .any(|told| told.contains("F is that of column _refln.F_meas_au")
                && told.contains("takes another: F_calc"))
    );
    assert_eq!(listed(&read)[0], ([-1, -2, -3], 45.5));
    let read = parse(CIF.as_bytes(), Some("F_calc")).unwrap();
    assert_eq!(read.origin.column.as_deref(), Some("_refln.F_calc"));
    let calculated = [
        ([-1, -2, -3], 40.0),
        ([-1, 2, -3], 40.0),
        ([0, -2, 0], 7.0),
        ([0, 2, 0], 7.0),
        ([1, -2, 3], 40.0),
        ([1, 2, 3], 40.0),
    ];
    assert_eq!(listed(&read), calculated);
    assert!(
        read.notices
            .iter()
            .any(|told| told.contains("1 of the reflections") && told.contains("absent"))
    );
    for name in ["F_meas_au", "_refln.F_meas_au", "_REFLN.F_meas_au"] {
        let measured = parse(CIF.as_bytes(), Some(name)).unwrap();
        assert_eq!(measured.origin.listed, 2, "{name}");
    }
    let intensities = parse(CIF.as_bytes(), Some("intensity_meas")).unwrap();
    assert_eq!(listed(&intensities)[0], ([-1, -2, -3], 2.0));
    let deg = read.cell.unwrap().angles_rad().map(f64::to_degrees);
    assert!((deg[1] - 90.0).abs() < 1e-9);
}

#[test]
fn a_cif_that_does_not_say_enough_is_refused() {
    let said = |from: &str, to: &str| {
        let changed = CIF.replace(from, to);
        assert_ne!(changed, CIF, "{from}");
        parse(changed.as_bytes(), Some("F_calc"))
            .unwrap_err()
            .to_string()
    };
    assert!(said("P 1 21 1", "P 21/z").contains("'P 21/z' is not known by name or number"));
    assert!(said("_symmetry.space_group_name_H-M", "_x").contains("does not say its symmetry"));
    assert!(said("_refln.index_h", "_refln.x").contains("without reflections"));
    assert!(said("_refln.index_l", "_refln.x").contains("no _refln.index_l"));
    assert!(said("1 2 3 o", "1 2.5 3 o").contains("line 17: '2.5' is not an integer"));
    assert!(said("40.0(1)", "much").contains("line 17: 'much' is not a number"));
    assert!(said(" 5 5 -1", " 5 5").contains("line 9: a loop of 7 items and 20 values"));
    assert!(said("59.1", "wide").contains("_cell.length_a is 'wide'"));
    assert!(said("59.1", "0").contains("edge"));
}

#[test]
fn intensities_that_look_like_a_list_are_refused() {
    let xds = b"!FORMAT=XDS_ASCII    MERGE=TRUE\n!ITEM_H=1\n 1 2 3 4.5E+01 1.0E+00\n";
    let items = b"!H,K,L,IOBS,SIGMA\r!END_OF_HEADER\r 1 2 3 4.5E+01 1.0E+00\r";
    let integrated = golden("cases/hkl_xds_integrate.HKL");
    for bytes in [&xds[..], items, &integrated] {
        assert!(parse(bytes, None).unwrap_err().what.contains("XDS"));
    }
    // Comments are no header of XDS.
    assert!(parse(b"!H K L F\n 1 2 3 4.5\n", None).is_ok());
}

#[test]
fn merged_files_may_keep_m_isym() {
    let merged = parse(&golden("cases/mtz_merged_with_isym.mtz"), None).unwrap();
    assert_eq!(merged.origin.column.as_deref(), Some("F"));
    let text = parse(&golden("cases/mtz_merged_with_isym_expected_p1.hkl"), None).unwrap();
    let pairs = listed(&merged).into_iter().zip(listed(&text));
    assert_eq!(merged.origin.in_p1, text.origin.in_p1);
    assert!(
        pairs
            .into_iter()
            .all(|(one, other)| one.0 == other.0 && (one.1 - other.1).abs() < 1e-5)
    );
    // Observations have several rows an index, or batches.
    let rows = |second: f32| vec![1.0, 0.0, 0.0, 3.0, 1.0, second, 0.0, 0.0, 3.1, 2.0];
    let isym = [("M/ISYM", 'Y', 0)];
    let said = |file: MtzFile| parse(&file.bytes(), None).unwrap_err().what;
    assert!(parse(&MtzFile::new(rows(2.0)).with_columns(&isym).bytes(), None).is_ok());
    assert!(said(MtzFile::new(rows(1.0)).with_columns(&isym)).contains("unmerged"));
    let batch = [("BATCH", 'B', 0)];
    assert!(said(MtzFile::new(rows(2.0)).with_columns(&batch)).contains("unmerged"));
}

#[test]
fn f_with_solvent_comes_before_measured_f_and_that_before_f_without() {
    let chosen = |labels: [&str; 2]| {
        let text = format!(
            "data_a\n_symmetry.Int_Tables_number 1\nloop_\n_refln.index_h\n_refln.index_k\n\
             _refln.index_l\n_refln.{}\n_refln.{}\n1 2 3 4 5\n",
            labels[0], labels[1]
        );
        parse(text.as_bytes(), None).unwrap().origin.column.unwrap()
    };
    let with = chosen(["F_meas_au", "pdbx_F_calc_with_solvent"]);
    assert_eq!(with, "_refln.pdbx_F_calc_with_solvent");
    assert_eq!(chosen(["F_calc_au", "F_meas"]), "_refln.F_meas");
    let mut file = MtzFile::new(vec![1.0, 2.0, 3.0, 4.0, 5.0]).with_columns(&[("FP", 'F', 0)]);
    for (calculated, expected) in [("FC", "FP"), ("FC_ALL", "FC_ALL"), ("F-model", "F-model")] {
        file.columns[3].0 = calculated;
        let read = parse(&file.bytes(), None).unwrap();
        assert_eq!(read.origin.column.as_deref(), Some(expected));
        assert!(read.notices[0].contains(&format!("F is that of column {expected}")));
    }
}

#[test]
fn friedel_mates_that_symmetry_makes_equivalent_are_averaged() {
    let columns = [("F(+)", 'G', 0), ("F(-)", 'G', 0)];
    let file = MtzFile {
        operators: vec!["X,Y,Z".into(), "-X,Y,-Z".into()],
        space_group: "P 1 2 1".into(),
        // h 0 l is centric; 0 k 0 and h k l are not.
        ..MtzFile::new(vec![
            1.0, 0.0, 2.0, 9.0, 3.0, 5.0, 1.0, 1.0, 2.0, 9.0, 3.0, 5.0,
        ])
    };
    let read = parse(&file.with_columns(&columns).bytes(), Some("F(+)")).unwrap();
    let found = listed(&read);
    let f_of = |index| found.iter().find(|(own, _)| *own == index).unwrap().1;
    assert_eq!([f_of([1, 0, 2]), f_of([-1, 0, -2])], [4.0; 2]);
    assert_eq!([f_of([1, 1, 2]), f_of([-1, -1, -2])], [3.0, 5.0]);
    assert!(read.notices[0].starts_with("1 reflections are equivalent to their own Friedel"));
    // A column of intensities gives the mean of the intensities, not of F.
    let cif = "data_a\n_symmetry.space_group_name_H-M 'P 2 2 2'\nloop_\n_refln.index_h\n\
               _refln.index_k\n_refln.index_l\n_refln.pdbx_I_plus\n_refln.pdbx_I_minus\n\
               1 2 0 9 41\n1 2 3 16 36\n";
    let read = parse(cif.as_bytes(), Some("pdbx_I_plus")).unwrap();
    assert_eq!(listed(&read)[0], ([-1, -2, -3], 6.0));
    assert!(listed(&read).contains(&([1, 2, 0], 5.0)));
    assert_eq!(
        read.notices[0],
        "F is the root of the intensities in column _refln.pdbx_I_plus and _refln.pdbx_I_minus"
    );
}

#[test]
fn one_of_several_wavelengths_is_chosen() {
    let mad = golden("cases/cif_mad_three_wavelengths.cif");
    let said = parse(&mad, None).unwrap_err().what;
    assert_eq!(
        said,
        "the reflections are of several wavelengths; choose one with --f-column F_meas_au@ID: its \
         wavelength_id is 1 or 2 or 3"
    );
    let read = parse(&mad, Some("@2")).unwrap();
    assert_eq!(read.origin.column.as_deref(), Some("_refln.F_meas_au@2"));
    assert_eq!(read.origin.listed, 2);
    assert!(listed(&read).contains(&([1, 2, 3], 104.0)));
    // What the summary and an experiment file say is understood again.
    let again = parse(&mad, read.origin.column.as_deref()).unwrap();
    assert_eq!(again, read);
    let said = parse(&mad, Some("F_meas_au@4")).unwrap_err().what;
    assert!(
        said.contains("no reflections of wavelength_id '4'"),
        "{said}"
    );
    // One wavelength needs no name, whatever it is called.
    let single = golden("cases/cif_sg_I1211.cif");
    assert_eq!(parse(&single, None).unwrap().origin.listed, 2);
    let said = parse(CIF.as_bytes(), Some("F_calc@1")).unwrap_err().what;
    assert!(said.contains("is not in this file"), "{said}");
}

#[test]
fn space_groups_are_known_in_every_setting_or_by_number() {
    let read = parse(&golden("cases/cif_sg_I1211.cif"), None).unwrap();
    assert_eq!(read.origin.space_group.as_deref(), Some("I 1 21 1"));
    assert_eq!(read.origin.operators, Some(4));
    let numbered = CIF.replace(
        "_symmetry.space_group_name_H-M \"P 1 21 1\"",
        "_symmetry.space_group_name_H-M 'P 1 21 unheard'\n_symmetry.Int_Tables_number 4",
    );
    let read = parse(numbered.as_bytes(), Some("F_calc")).unwrap();
    assert_eq!(read.origin.space_group.as_deref(), Some("P 1 21 1"));
    assert!(
        read.notices
            .iter()
            .any(|told| told.contains("that of its number, 4"))
    );
    let mut file = MtzFile::new(vec![1.0, 2.0, 3.0, 4.0]);
    (file.operators, file.space_group) = (Vec::new(), "unheard".into());
    // The number in SYMINF is 1.
    let read = parse(&file.bytes(), None).unwrap();
    assert_eq!(read.origin.space_group.as_deref(), Some("P 1"));
    assert!(read.notices[0].contains("that of its number, 1"));
}

#[test]
fn symmetry_that_the_cell_has_not_is_refused() {
    let cubic = CIF.replace("P 1 21 1", "P 4 2 2");
    let said = parse(cubic.as_bytes(), None).unwrap_err().what;
    assert!(
        said.contains("the symmetry operator -y,-x,-z does not fit the cell"),
        "{said}"
    );
    // The cell may come from a flag, and then contradicts as well.
    let bare: Vec<&str> = cubic
        .lines()
        .filter(|line| !line.starts_with("_cell"))
        .collect();
    let bare = bare.join("\n");
    let line = format!("-hkl a.cif {SMALL} -cell");
    let (code, said) = run(
        &[("a.cif", bare.as_bytes())],
        &format!("{line} 50 50 60 90 90 90"),
    );
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(
        &[("a.cif", bare.as_bytes())],
        &format!("{line} 50 51 60 90 90 90"),
    );
    assert!(
        code != 0 && said.contains("a.cif: the symmetry operator -y,-x,-z"),
        "{said}"
    );
}

#[test]
fn lines_may_end_in_carriage_returns_alone() {
    let read = |text: &str| parse(text.as_bytes(), None).unwrap();
    let list = "# h k l F\n1 2 3 4\n2 0 0 5.5\n";
    for text in [list, CIF] {
        let expected = read(text);
        assert!(expected.origin.listed > 1);
        for ends in ["\r", "\r\n", "\r\r\n"] {
            assert_eq!(read(&text.replace('\n', ends)), expected, "{ends:?}");
        }
    }
    let said = parse(b"1 2 3 4\r1 2 x 4\r", None).unwrap_err().to_string();
    assert!(said.starts_with(", line 2: 'x'"), "{said}");
}

#[test]
fn every_input_may_be_packed() {
    let packed = |bytes: &[u8]| {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        encoder.write_all(bytes).unwrap();
        [gzipped(bytes), encoder.finish().unwrap()]
    };
    let inputs: [(&str, &[u8]); 6] = [
        ("-hkl", b"0 0 1 5\n1 0 0 6\n"),
        ("-mat", b"0.02 0 0\n0 0.02 0\n0 0 0.02\n"),
        ("-sourcefile", b"-10 0 0 1 1.2e-10\n"),
        ("--mosaic-file", b"0 0 0.1\n"),
        ("--config", b"[crystal]\nfudge = 1.5\n"),
        ("--pdb", include_bytes!("../seeds/coordinates/peptide.pdb")),
    ];
    for (flag, bytes) in inputs {
        let others = match flag {
            "-hkl" => "-cell 50",
            "--pdb" => "",
            "-mat" => "-default_F 5",
            _ => "-default_F 5 -cell 50",
        };
        let image = |bytes: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("input"), bytes).unwrap();
            let line = format!("{flag} input {others} {SMALL}");
            let output = program()
                .current_dir(folder.path())
                .args(line.split_whitespace())
                .output()
                .unwrap();
            assert!(output.status.success(), "{flag} {output:?}");
            fs::read(folder.path().join("f.bin")).unwrap()
        };
        let [gzip, bzip2] = packed(bytes);
        let plain = image(bytes);
        assert!(plain == image(&gzip) && plain == image(&bzip2), "{flag}");
    }
    // Images: as inputs of a render, and of other commands.
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let run = |line: &str| {
        let output = program()
            .current_dir(here)
            .args(line.split_whitespace())
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    };
    run(&format!(
        "-default_F 5 -cell 50 {SMALL} -intfile i.img --out i.cbf --out i.npy"
    ));
    for name in ["i.img", "i.cbf", "i.npy"] {
        for packed in packed(&fs::read(here.join(name)).unwrap()) {
            fs::write(here.join("packed"), packed).unwrap();
            run(&format!("convert {name} plain.npy"));
            run("convert packed unpacked.npy");
            let [plain, unpacked] =
                ["plain.npy", "unpacked.npy"].map(|name| fs::read(here.join(name)).unwrap());
            assert!(plain == unpacked, "{name}");
            if name == "i.img" {
                run("-default_F 5 -cell 50 -N 5 -img packed -mask packed -floatfile g.bin");
            }
        }
    }
}

#[test]
fn a_cif_of_one_long_line_is_no_trap() {
    let values = "'a' ".repeat(1 << 19);
    let long = format!("data_a loop_ _refln.index_h {values}");
    let started = std::time::Instant::now();
    assert!(parse(long.as_bytes(), None).is_err());
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn a_bomb_costs_no_memory() {
    let bomb = gzipped(&vec![b' '; 1 << 27]);
    let said = parse(&bomb, None).unwrap_err().what;
    assert!(said.contains("more than the 64.0 MiB"), "{said}");
}

/// Runs the program on files in a folder of its own; gives the exit code and standard error.
fn run(files: &[(&str, &[u8])], line: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let lysozyme = golden_path("lysozyme_1aki.mtz");
    let line = line.replace("LYSOZYME", lysozyme.to_str().unwrap());
    let output = program()
        .current_dir(folder.path())
        .args(line.split_whitespace())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let code = output.status.code().unwrap();
    assert_eq!(
        Path::new(&folder.path().join("f.bin")).exists(),
        code == 0,
        "{said}"
    );
    (code, said)
}

/// A detector and a crystal that go with any structure factors.
const SMALL: &str = "-lambda 1.2 -N 5 -detpixels 16 -floatfile f.bin";

#[test]
fn the_cell_comes_from_the_file() {
    let (code, said) = run(&[], &format!("-hkl LYSOZYME {SMALL}"));
    assert_eq!(code, 0, "{said}");
    let cell = "cell angstrom 59.062 68.451 30.517, cell deg 90 90 90";
    assert!(said.contains(cell), "{said}");
    let read = "reflections  format MTZ, column FC, space group P 21 21 21, operators 4, listed 8843, in \
                p1 64584";
    assert!(unwrapped(&said).contains(read), "{said}");
    let mat = golden_path("lysozyme_1p2A.mat");
    let (code, said) = run(
        &[],
        &format!("-hkl LYSOZYME -mat {} {SMALL}", mat.display()),
    );
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_summary_tells_programs_what_was_read() {
    let mtz = golden_path("lysozyme_1aki.mtz");
    let folder = tempfile::tempdir().unwrap();
    let output = program()
        .current_dir(folder.path())
        .args(SMALL.split_whitespace())
        .args(["--json", "-hkl", mtz.to_str().unwrap()])
        .output()
        .unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = serde_json::json!({
        "format": "MTZ",
        "column": "FC",
        "space_group": "P 21 21 21",
        "operators": 4,
        "listed": 8843,
        "in_p1": 64_584,
    });
    assert_eq!(summary["reflections"], expected);
}

#[test]
fn a_cell_that_contradicts_the_file_is_refused() {
    let within = "-hkl LYSOZYME -cell 59.3 68.451 30.517 90 90 90.4";
    assert_eq!(run(&[], &format!("{within} {SMALL}")).0, 0);
    for cell in [
        "59.4 68.451 30.517",
        "59.062 68.451 30.517 90 90 90.6",
        "68.451 59.062 30.517",
    ] {
        let (code, said) = run(&[], &format!("-hkl LYSOZYME -cell {cell} {SMALL}"));
        assert_eq!(code, 2, "{said}");
        for piece in [
            "lysozyme_1aki.mtz",
            "59.062 68.451 30.517",
            "contradicts -cell",
            "0.5 %",
        ] {
            assert!(said.contains(piece), "{piece}: {said}");
        }
    }
    // A matrix that is taken for another wavelength makes another cell.
    let mat = golden_path("lysozyme_1p2A.mat");
    let line = format!("-hkl LYSOZYME -mat {} {SMALL} -lambda 1.0", mat.display());
    let (code, said) = run(&[], &line);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("contradicts -mat"), "{said}");
}

#[test]
fn channels_are_files_of_any_format() {
    let cif = gzipped(CIF.as_bytes());
    let files: [(&str, &[u8]); 3] = [
        ("list", b"1.2 a.cif.gz\n1.3 b.hkl\n"),
        ("a.cif.gz", &cif),
        ("b.hkl", b"1 2 3 4\n"),
    ];
    let (code, said) = run(&files, &format!("--hkl-channels list {SMALL}"));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("cell angstrom 59.1 68.5 30.5"), "{said}");
    let measured = format!("--hkl-channels list --f-column F_none {SMALL}");
    let (code, said) = run(&files, &measured);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("a.cif.gz: there is no column 'F_none'"),
        "{said}"
    );
    let other = MtzFile::new(vec![1.0, 2.0, 3.0, 4.0]);
    let other = other.with_record("CELL 60 70 30 90 90 90").bytes();
    let files = [files[0], files[1], ("b.hkl", &other[..])];
    let (code, said) = run(&files, &format!("--hkl-channels list {SMALL}"));
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("b.hkl: the cell 60.000 70.000 30.000"),
        "{said}"
    );
}

#[test]
fn a_column_named_in_vain_gets_a_notice() {
    let text: [(&str, &[u8]); 1] = [("list.hkl", b"1 2 3 4\n")];
    let (code, said) = run(
        &text,
        &format!("-hkl list.hkl -cell 50 --f-column FC {SMALL}"),
    );
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("list.hkl: --f-column has no effect on a list in text"),
        "{said}"
    );
    let (code, said) = run(&[], &format!("-default_F 9 -cell 50 --f-column FC {SMALL}"));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("--f-column has no effect: no -hkl"), "{said}");
    let (code, said) = run(&[], &format!("-hkl LYSOZYME -f-column FC {SMALL}"));
    assert_eq!(code, 2, "{said}");
}

#[test]
fn absences_stay_dark_under_a_default_f() {
    let listed: Vec<Reflection> = parse(&golden("lysozyme_1aki.mtz"), None)
        .unwrap()
        .reflections
        .list;
    assert!(
        !listed
            .iter()
            .any(|reflection| reflection.index == [0, 0, 1])
    );
    let file = parse(&golden("lysozyme_1aki.mtz"), None).unwrap();
    let factors = StructureFactors::from_symmetric(
        &file.reflections,
        100.0,
        nanobragg::memory::Bytes(1 << 30),
    )
    .unwrap();
    let grid = factors.grid().unwrap();
    let f = |index| grid.amplitudes()[grid.offset_of(index).unwrap()];
    assert_eq!((f([0, 0, 1]), f([0, -3, 0]), f([5, 0, 0])), (0.0, 0.0, 0.0));
    assert_eq!(f([29, 34, 15]), 100.0);
}
