//! Philox 4×32-10, a counter-based generator.
//!
//! Source: Salmon, Moraes, Dror & Shaw, *Parallel random numbers: as easy as 1, 2, 3*, SC11
//! (2011). A block of four words is a pure function of a counter and a key, so a pixel's
//! deviates depend on nothing but its own coordinates: not on the device, the tiling or the
//! number of threads.

use std::convert::Infallible;

use rand::rand_core::TryRng;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// The block of four random words at `counter` under `key`.
#[inline(always)]
pub fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let [low, high] = [
            u64::from(counter[0]) * u64::from(MULTIPLIERS[0]),
            u64::from(counter[2]) * u64::from(MULTIPLIERS[1]),
        ];
        counter = [
            (high >> 32) as u32 ^ counter[1] ^ key[0],
            high as u32,
            (low >> 32) as u32 ^ counter[3] ^ key[1],
            low as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// The words of one purpose of one pixel of one image, as a generator for `rand`'s
/// distributions.
#[derive(Debug, Clone)]
pub struct PhiloxStream {
    key: [u32; 2],
    /// Block within the stream, pixel, image, purpose.
    counter: [u32; 4],
    block: [u32; 4],
    used: usize,
}

impl PhiloxStream {
    /// The stream keyed by `seed`, image, pixel and purpose.
    pub fn new(seed: u64, image: u32, pixel: u32, purpose: u32) -> PhiloxStream {
        let key = [seed as u32, (seed >> 32) as u32];
        PhiloxStream {
            key,
            counter: [0, pixel, image, purpose],
            block: [0; 4],
            used: 4,
        }
    }

    fn next_word(&mut self) -> u32 {
        if self.used == self.block.len() {
            self.block = philox4x32(self.counter, self.key);
            self.counter[0] = self.counter[0].wrapping_add(1);
            self.used = 0;
        }
        let word = self.block[self.used];
        self.used += 1;
        word
    }
}

impl TryRng for PhiloxStream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next_word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let low = self.next_word();
        Ok(u64::from(low) | u64::from(self.next_word()) << 32)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.next_word().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors_come_out() {
        // Random123's known-answer file, kat_vectors, lines "philox4x32 10".
        let ones = u32::MAX;
        let vectors = [
            (
                [0; 4],
                [0; 2],
                [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
            ),
            (
                [ones; 4],
                [ones; 2],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in vectors {
            assert_eq!(philox4x32(counter, key), expected);
        }
    }

    #[test]
    fn streams_of_other_pixels_images_and_purposes_differ() {
        let first = |image, pixel, purpose| PhiloxStream::new(7, image, pixel, purpose).next_word();
        let words = [
            first(0, 0, 0),
            first(1, 0, 0),
            first(0, 1, 0),
            first(0, 0, 1),
        ];
        for (index, word) in words.iter().enumerate() {
            assert!(!words[..index].contains(word));
        }
    }
}
