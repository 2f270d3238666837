//! Files packed by gzip, which are unpacked as long as there is memory for what comes out.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::Problem;
use crate::memory::Bytes;

/// What a gzip file starts with.
pub(super) const MAGIC: &[u8] = &[0x1f, 0x8b];

/// Unpacks `bytes`, a gzip file of one member or several, to at most `most`.
///
/// # Errors
/// A [`Problem`] when the file is damaged, or holds more.
pub fn unpack(bytes: &[u8], most: Bytes) -> Result<Vec<u8>, Problem> {
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(most.0.saturating_add(1))
        .read_to_end(&mut unpacked)
        .map_err(|error| Problem::with_file(format!("not read as gzip: {error}")))?;
    if unpacked.len() as u64 > most.0 {
        return Err(Problem::with_file(format!(
            "a gzip file of more than the {most} that this machine has memory for"
        )));
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn members_are_unpacked_one_behind_the_other() {
        let two = [packed(b"1 2 3 4\n"), packed(b"2 3 4 5\n")].concat();
        assert_eq!(unpack(&two, Bytes(16)).unwrap(), b"1 2 3 4\n2 3 4 5\n");
    }

    #[test]
    fn a_bomb_is_an_error() {
        let bomb = packed(&vec![b'0'; 1 << 26]);
        assert!(bomb.len() < 1 << 17);
        let error = unpack(&bomb, Bytes(1 << 20)).unwrap_err();
        assert!(error.what.contains("more than the 1.0 MiB"), "{error}");
        assert!(unpack(&packed(b"12345"), Bytes(4)).is_err());
        assert!(unpack(&packed(b"1234"), Bytes(4)).is_ok());
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let whole = packed(b"1 2 3 4\n");
        for length in 0..whole.len() {
            assert!(unpack(&whole[..length], Bytes(100)).is_err(), "{length}");
        }
        let mut flipped = whole.clone();
        flipped[whole.len() - 6] ^= 1;
        assert!(unpack(&flipped, Bytes(100)).is_err());
    }
}
