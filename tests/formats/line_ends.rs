//! Lines of text end in `\n`, `\r\n` (Windows), `\r` (old Macintosh), or in all three: every reader
//! reads the same, and names the same line where something is wrong.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use nanobragg::document::Document;
use nanobragg::formats::profile_table::Abscissa;
use nanobragg::formats::source_list::Defaults;
use nanobragg::formats::{
    cbf, channel_list, coordinates, expt, geom, hkl, matrix, mmcif, pgm, profile_table,
    reflection_file, rotations, smv, source_list, trace_log,
};
use nanobragg::memory::Bytes;

const MOST: Bytes = Bytes(1 << 26);

/// What a reader makes of bytes, printed in full.
type Read = fn(&[u8]) -> String;

/// The two outcomes told apart, and the whole of each.
fn shown<T: Debug, E: Debug>(read: Result<T, E>) -> String {
    format!("{read:?}")
}

fn source_defaults() -> Defaults {
    Defaults {
        beam: glam::DVec3::X,
        wavelength_m: 1e-10,
    }
}

/// Every reader of text, and files that it reads: folders of seeds and golden inputs.
const TEXTS: &[(Read, &[&str])] = &[
    (
        |text| shown(channel_list::parse(text)),
        &["tests/seeds/channel_list"],
    ),
    (
        |text| shown(coordinates::parse(text, MOST)),
        &[
            "tests/seeds/coordinates/peptide.pdb",
            "tests/seeds/coordinates/peptide.cif",
            "golden/cases/coords_mtrix_generate.pdb",
        ],
    ),
    (
        |text| shown(expt::parse(text, 0, MOST)),
        &[
            "tests/seeds/expt",
            "golden/cases/expt_panel_beyond_90deg.expt",
        ],
    ),
    (
        |text| shown(geom::parse(text, Some(0.1), MOST)),
        &["tests/seeds/geom", "golden/cases/geom_fs_ss_rounded.geom"],
    ),
    (
        |text| shown(matrix::parse(text)),
        &["tests/seeds/matrix", "golden/triclinic.mat"],
    ),
    (
        |text| shown(mmcif::parse(text, None)),
        &["tests/seeds/mmcif", "golden/cases/cif_sg_I1211.cif"],
    ),
    (
        |text| shown(profile_table::parse(text, Abscissa::Stol)),
        &["tests/seeds/profile_table", "golden/liquid.stol"],
    ),
    (
        |text| shown(reflection_file::parse(text, None, MOST)),
        &[
            "tests/seeds/reflection_file/list.hkl",
            "tests/seeds/reflection_file/operators.cif",
            "golden/lysozyme_1aki_p1.hkl",
        ],
    ),
    (
        |text| shown(rotations::parse(text)),
        &["tests/seeds/rotations"],
    ),
    (
        |text| shown(source_list::parse(text, source_defaults())),
        &["tests/seeds/source_list", "golden/two_sources.txt"],
    ),
    (|text| shown(hkl::parse(text)), &["tests/seeds/text"]),
    (
        |text| shown(trace_log::parse(text)),
        &["tests/seeds/trace_log"],
    ),
];

/// `text` with its line ends replaced by `ends`, which take turns.
fn ended_by(text: &[u8], ends: &[&str]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text).replace("\r\n", "\n");
    let mut turns = ends.iter().cycle();
    let pieces = text
        .split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => format!("{line}{}", turns.next().unwrap()),
            None => line.to_string(),
        });
    pieces.collect::<String>().into_bytes()
}

/// The line ends, and a mixture in which none runs into the next.
const ENDS: [&[&str]; 4] = [&["\n"], &["\r\n"], &["\r"], &["\r", "\r\n", "\n"]];

/// The files at `path`, one or those of a folder.
fn files(path: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    match path.is_dir() {
        true => fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect(),
        false => vec![path],
    }
}

#[test]
fn every_text_reads_the_same_whatever_ends_its_lines() {
    for (read, paths) in TEXTS {
        for path in paths.iter().flat_map(|path| files(path)) {
            let text = fs::read(&path).unwrap();
            // A broken last line is named by its number, which has to stay.
            for text in [
                text.clone(),
                [&text[..], b"\n\n;no line of ) {any] format 1e\n"].concat(),
            ] {
                let [expected, others @ ..] = ENDS.map(|ends| read(&ended_by(&text, ends)));
                for (found, ends) in others.iter().zip(&ENDS[1..]) {
                    assert!(
                        *found == expected,
                        "{path:?}, {ends:?}:\n{found}\n{expected}"
                    );
                }
            }
            assert!(read(&text).starts_with("Ok"), "{path:?}: {}", read(&text));
        }
    }
}

#[test]
fn experiment_files_read_the_same_whatever_ends_their_lines() {
    let text =
        "[beam] # a comment\nwavelength_A = 1.2\n\n[crystal]\ncells = [\n  5, # a\n  6,\n  7,\n]\n";
    let wrong = format!("{text}colour = 3\n");
    let read = |text: &str, ends| {
        let bytes = ended_by(text.as_bytes(), ends);
        Document::from_toml(&String::from_utf8(bytes).unwrap())
    };
    let expected = read(text, ENDS[0]).unwrap();
    let json = expected.to_json().unwrap();
    let json_cut = json.as_bytes()[..json.len() - 4].to_vec();
    let cut_refused = Document::from_json(&json[..json.len() - 4]).unwrap_err();
    for ends in ENDS {
        assert_eq!(read(text, ends).unwrap(), expected, "{ends:?}");
        let refused = read(&wrong, ends).unwrap_err().to_string();
        assert!(refused.contains("line 10"), "{ends:?}: {refused}");
        let json = String::from_utf8(ended_by(json.as_bytes(), ends)).unwrap();
        assert_eq!(Document::from_json(&json).unwrap(), expected, "{ends:?}");
        let cut = String::from_utf8(ended_by(&json_cut, ends)).unwrap();
        let refused = Document::from_json(&cut).unwrap_err();
        assert_eq!(refused, cut_refused, "{ends:?}");
    }
}

/// A file whose header is text: that text with other line ends, and what is behind it.
fn with_header_ended_by(file: &[u8], header: usize, ends: &[&str]) -> Vec<u8> {
    [ended_by(&file[..header], ends), file[header..].to_vec()].concat()
}

fn place_of(part: &[u8], file: &[u8]) -> usize {
    file.windows(part.len())
        .position(|window| window == part)
        .unwrap()
}

#[test]
fn headers_of_images_read_the_same_whatever_ends_their_lines() {
    for ends in ENDS {
        for path in files("tests/seeds/smv") {
            let file = fs::read(&path).unwrap();
            let header = place_of(b"}", &file);
            let mut other = with_header_ended_by(&file, header, ends);
            // Blanks before the pixels make up for longer line ends.
            let longer = other.len() - file.len();
            let blanks = other.drain(512..512 + longer);
            assert!(blanks.into_iter().all(|byte| byte == b' '), "{path:?}");
            assert_eq!(
                shown(smv::parse(&other)),
                shown(smv::parse(&file)),
                "{path:?} {ends:?}"
            );
        }
        for path in files("tests/seeds/cbf") {
            let file = fs::read(&path).unwrap();
            let numbers = place_of(&[0x0c, 0x1a, 0x04, 0xd5], &file);
            let other = with_header_ended_by(&file, numbers, ends);
            let expected = cbf::parse(&file).unwrap();
            assert!(expected.entries.len() > 3);
            assert_eq!(cbf::parse(&other).unwrap(), expected, "{path:?} {ends:?}");
        }
        for path in files("tests/seeds/pgm") {
            let file = fs::read(&path).unwrap();
            let raster = pgm::decode(&file).unwrap();
            let wide = if path.ends_with("sixteen_bits.pgm") {
                2
            } else {
                1
            };
            let header = file.len() - wide * raster.pixels.len();
            let other = with_header_ended_by(&file, header, ends);
            assert_eq!(
                shown(pgm::decode(&other)),
                shown(Ok::<_, ()>(raster)),
                "{path:?} {ends:?}"
            );
        }
    }
}
