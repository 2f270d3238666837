//! Frames under bitshuffle with zstd, which `rust-hdf5` does not read.
//!
//! A chunk starts with its length and that of a block, in bytes, big-endian in 8 and 4 bytes. Each
//! block follows with its packed length in 4 bytes. What is unpacked has the lowest bits of all
//! numbers first, then the next bits, and so on; a block is of a multiple of eight numbers, and
//! what is left over of the last eight follows as it is.
//!
//! Source: bitshuffle's `bshuf_h5filter.c` and `bitshuffle_core.c`
//! (github.com/kiyo-masui/bitshuffle).

use rust_hdf5::{H5Dataset, Hdf5Error};
use rust_zstd::Decompressor;

use super::problem;
use crate::formats::Problem;

/// The number of bitshuffle among HDF5's filters, and of zstd among the packings behind it.
const BITSHUFFLE: u16 = 32008;
const ZSTD: u32 = 3;

/// Whether `error` is that of a chunk that was never written, which `rust-hdf5` has no kind for.
pub fn is_unwritten(error: &Hdf5Error) -> bool {
    error.to_string().contains("has not been written")
}

/// The bytes of frame `index` of `data`, of this `shape`; `None` unless it is under bitshuffle with
/// zstd and was written.
pub fn frame(data: &H5Dataset, index: usize, shape: &[usize]) -> Result<Option<Vec<u8>>, Problem> {
    let filters = data.filters().map_err(problem)?;
    let [filter] = filters.as_slice() else {
        return Ok(None);
    };
    if filter.id != BITSHUFFLE || filter.cd_values.get(4) != Some(&ZSTD) {
        return Ok(None);
    }
    let mut chunk = shape.to_vec();
    let mut place = vec![0; shape.len()];
    if shape.len() > 2 {
        (chunk[0], place[0]) = (1, index);
    }
    if data.chunk_dims().as_ref() != Some(&chunk) {
        return Err(Problem::with_file(
            "frames under bitshuffle with zstd whose chunks are not one frame each; only such are \
             read. h5repack -f GZIP=4 writes a file that is",
        ));
    }
    let (packed, mask) = match data.read_chunk_raw_at(&place) {
        Err(error) if is_unwritten(&error) => return Ok(None),
        read => read.map_err(problem)?,
    };
    let length = chunk.iter().product::<usize>() * data.element_size();
    let bytes = match mask {
        0 => unpacked(&packed, data.element_size(), length),
        // The filter was left out for this chunk.
        _ => Some(packed).filter(|bytes| bytes.len() == length),
    };
    let damaged = || Problem::with_file("a chunk under bitshuffle with zstd is damaged");
    bytes.ok_or_else(damaged).map(Some)
}

/// The `length` bytes that `packed` comes to, numbers of `each` bytes; `None` where it does not.
fn unpacked(packed: &[u8], each: usize, length: usize) -> Option<Vec<u8>> {
    let (header, mut rest) = packed.split_at_checked(12)?;
    let whole = u64::from_be_bytes(*header.first_chunk()?);
    let block = u32::from_be_bytes(*header.last_chunk()?) as usize;
    if whole != length as u64 || block == 0 || !block.is_multiple_of(8 * each) {
        return None;
    }
    let mut bytes = vec![0; length];
    let shuffled = length - length % (8 * each);
    let (blocks, leftover) = bytes.split_at_mut(shuffled);
    let mut zstd = Decompressor::new();
    let mut buffer = vec![0; block.min(shuffled)];
    for block in blocks.chunks_mut(block) {
        let (size, behind) = rest.split_first_chunk()?;
        let (frame, behind) = behind.split_at_checked(u32::from_be_bytes(*size) as usize)?;
        rest = behind;
        let buffer = &mut buffer[..block.len()];
        let (mut read, mut made) = (0, 0);
        let left = zstd.decompress_stream(frame, &mut read, buffer, &mut made);
        if left.ok()? != 0 || made != block.len() {
            return None;
        }
        unshuffle(buffer, each, block);
    }
    leftover.copy_from_slice(rest.get(..leftover.len())?);
    Some(bytes)
}

/// Puts the bits of `shuffled` where they belong, in numbers of `each` bytes that are zero.
fn unshuffle(shuffled: &[u8], each: usize, numbers: &mut [u8]) {
    let row = shuffled.len() / (8 * each);
    for (bit, row) in shuffled.chunks_exact(row).enumerate() {
        for (eight, numbers) in row.iter().zip(numbers.chunks_exact_mut(8 * each)) {
            for place in 0..8 {
                numbers[place * each + bit / 8] |= (eight >> place & 1) << (bit % 8);
            }
        }
    }
}
