//! Every reader of files, on sound ones, damaged ones and none at all.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::number;
use super::readers::{READERS, Reader, take};

/// A sound file, and who reads it.
#[derive(Debug)]
struct Seed {
    name: String,
    /// The reader's name.
    of: &'static str,
    reader: Reader,
    bytes: Vec<u8>,
}

/// Sound files of every format, those that fuzzing starts from: a folder a reader.
fn seeds() -> &'static [Seed] {
    static SEEDS: OnceLock<Vec<Seed>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds");
        let of_reader = |&(name, reader): &(&'static str, Reader)| {
            let folder = fs::read_dir(folder.join(name));
            let files = folder.unwrap_or_else(|_| panic!("{name} has no seeds"));
            let seed = move |entry: std::io::Result<fs::DirEntry>| {
                let path = entry.unwrap().path();
                Seed {
                    name: path.display().to_string(),
                    of: name,
                    reader,
                    bytes: fs::read(path).unwrap(),
                }
            };
            files.map(seed)
        };
        READERS.iter().flat_map(of_reader).collect()
    })
}

/// Gives `bytes` to every reader, each of which panics where it takes what is not sound.
fn read_all(bytes: &[u8]) {
    for (_, reader) in READERS {
        take(*reader, bytes);
    }
}

#[test]
fn sound_files_are_read() {
    for Seed {
        name,
        reader,
        bytes,
        ..
    } in seeds()
    {
        // A bomb is sound gzip, and no file; colours are a sound PNG, and no image.
        let refused = ["bomb.gz", "viridis.png"];
        let expected = !refused.iter().any(|refused| name.ends_with(refused));
        assert_eq!(take(*reader, bytes), expected, "{name}");
    }
}

#[test]
fn a_mark_of_the_byte_order_before_a_text_is_no_part_of_it() {
    let texts = [
        "channel_list",
        "expt",
        "geom",
        "matrix",
        "mmcif",
        "profile_table",
        "rotations",
        "source_list",
        "text",
        "trace_log",
    ];
    for text in texts {
        let mut found = 0;
        for seed in seeds().iter().filter(|seed| seed.of == text) {
            let marked = ["\u{feff}".as_bytes(), &seed.bytes].concat();
            assert!(take(seed.reader, &marked), "{}", seed.name);
            found += 1;
        }
        assert!(found > 0, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_damage_to_a_file_is_survived(
        seed in any::<Index>(),
        damage in vec((any::<Index>(), damage()), 0..6),
    ) {
        let Seed { reader, bytes, .. } = seed.get(seeds());
        take(*reader, &damaged(bytes.clone(), damage));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_are_a_file_or_an_error(
        start in select(vec![
            "", "{HEADER_BYTES=9;", "II*\0", "MM\0*", "P5 ", "P5 2 2 255 ", "###CBF: ", "MTZ ",
            "data_", "loop_", "data_a loop_ _refln.index_h ", "{\"", "TRACE_C: ", "\u{feff}",
        ]),
        bytes in vec(any::<u8>(), 0..300),
    ) {
        read_all(&[start.as_bytes(), &bytes].concat());
    }

    #[test]
    fn any_text_is_a_file_or_an_error(lines in vec(vec(number(), 0..7), 0..12)) {
        let lines: Vec<String> = lines.iter().map(|words| words.join(" ")).collect();
        read_all(lines.join("\n").as_bytes());
    }
}

/// Something that happens to a file.
#[derive(Debug, Clone)]
enum Damage {
    Flip(u8),
    Truncate,
    Remove(usize),
    Insert(Vec<u8>),
    Repeat(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<u8>().prop_map(Damage::Flip),
        Just(Damage::Truncate),
        (1usize..9).prop_map(Damage::Remove),
        vec(any::<u8>(), 1..9).prop_map(Damage::Insert),
        "[-0-9.e;={}#\n ]{1,9}".prop_map(|text| Damage::Insert(text.into_bytes())),
        (1usize..40).prop_map(Damage::Repeat),
    ]
}

impl Damage {
    fn apply(self, bytes: &mut Vec<u8>, place: Index) {
        if bytes.is_empty() {
            return;
        }
        let place = place.index(bytes.len());
        let until = |length: usize| (place + length).min(bytes.len());
        match self {
            Damage::Flip(mask) => bytes[place] ^= mask,
            Damage::Truncate => bytes.truncate(place),
            Damage::Remove(length) => drop(bytes.drain(place..until(length))),
            Damage::Insert(more) => drop(bytes.splice(place..place, more)),
            Damage::Repeat(length) => {
                let again = bytes[place..until(length)].to_vec();
                bytes.splice(place..place, again);
            }
        }
    }
}

/// `bytes` after all that happens to them.
fn damaged(mut bytes: Vec<u8>, damage: Vec<(Index, Damage)>) -> Vec<u8> {
    for (place, damage) in damage {
        damage.apply(&mut bytes, place);
    }
    bytes
}
