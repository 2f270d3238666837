//! Files packed by gzip or bzip2, which are unpacked as long as there is memory for what comes out.

use std::borrow::Cow;
use std::io::Read;

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;

use super::Problem;
use crate::memory::Bytes;

/// The program that packed a file which starts with `start`, if one did. The bytes that tell are
/// so many that no float image starts with them by chance.
pub(super) fn packer(start: &[u8]) -> Option<&'static str> {
    match start {
        // Deflate is the only method of gzip, and the upper three flags are reserved.
        [0x1f, 0x8b, 8, flags, ..] if flags >> 5 == 0 => Some("gzip"),
        // The size of blocks, and the mark of the first block, or of the end.
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Some("bzip2"),
        _ => None,
    }
}

/// What `bytes` are unpacked to, if it is at most `most`; a packed file may have several members.
/// Bytes that are not packed are handed back.
///
/// # Errors
/// A [`Problem`] when the file is damaged, or holds more.
pub fn unpacked(bytes: &[u8], most: Bytes) -> Result<Cow<'_, [u8]>, Problem> {
    let Some(packer) = packer(bytes) else {
        return Ok(bytes.into());
    };
    let decoder: Box<dyn Read> = match packer {
        "gzip" => Box::new(MultiGzDecoder::new(bytes)),
        _ => Box::new(MultiBzDecoder::new(bytes)),
    };
    let mut unpacked = Vec::new();
    decoder
        .take(most.0.saturating_add(1))
        .read_to_end(&mut unpacked)
        .map_err(|error| Problem::with_file(format!("not read as {packer}: {error}")))?;
    if unpacked.len() as u64 > most.0 {
        return Err(Problem::with_file(format!(
            "a {packer} file of more than the {most} that this machine has memory for"
        )));
    }
    Ok(unpacked.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bzip2::write::BzEncoder;
    use flate2::write::GzEncoder;
    use std::io::Write;

    /// `bytes` packed by each program.
    fn packed(bytes: &[u8]) -> [Vec<u8>; 2] {
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::best());
        let mut bzip2 = BzEncoder::new(Vec::new(), bzip2::Compression::best());
        gzip.write_all(bytes).unwrap();
        bzip2.write_all(bytes).unwrap();
        [gzip.finish().unwrap(), bzip2.finish().unwrap()]
    }

    #[test]
    fn members_are_unpacked_one_behind_the_other() {
        let (first, second) = (packed(b"1 2 3 4\n"), packed(b"2 3 4 5\n"));
        for (first, second) in first.into_iter().zip(second) {
            let two = [first, second].concat();
            let expected: &[u8] = b"1 2 3 4\n2 3 4 5\n";
            assert_eq!(*unpacked(&two, Bytes(16)).unwrap(), *expected);
        }
        assert!(unpacked(&packed(b"")[1], Bytes(4)).unwrap().is_empty());
    }

    #[test]
    fn what_is_not_packed_stays_as_it_is() {
        for bytes in [&b""[..], b"BZh1 is no start", &[0x1f, 0x8b, 0x30, 0x41]] {
            assert_eq!(*unpacked(bytes, Bytes(0)).unwrap(), *bytes);
        }
    }

    #[test]
    fn a_bomb_is_an_error() {
        for bomb in packed(&vec![b'0'; 1 << 26]) {
            assert!(bomb.len() < 1 << 17);
            let error = unpacked(&bomb, Bytes(1 << 20)).unwrap_err();
            assert!(error.what.contains("more than the 1.0 MiB"), "{error}");
        }
        for packed in packed(b"12345") {
            assert!(unpacked(&packed, Bytes(4)).is_err());
            assert!(unpacked(&packed, Bytes(5)).is_ok());
        }
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        /// Bytes that tell either program.
        const TOLD: usize = 8;
        for whole in packed(b"1 2 3 4\n") {
            for length in TOLD..whole.len() {
                assert!(unpacked(&whole[..length], Bytes(100)).is_err(), "{length}");
            }
            let mut flipped = whole.clone();
            flipped[whole.len() - 6] ^= 1;
            assert!(unpacked(&flipped, Bytes(100)).is_err());
        }
    }
}
