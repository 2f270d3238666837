//! The generator behind the C program's orientations.
//!
//! Park & Miller's minimal standard, x ← 16807·x mod (2³¹ − 1), behind a 32-entry Bays–Durham
//! shuffle (PHYSICS §11). Kept for images that match the C program's, not for its quality.

const MODULUS: i64 = (1 << 31) - 1;
const MULTIPLIER: i64 = 16807;
const TABLE: usize = 32;
/// Draws made before the first output; the last [`TABLE`] of them fill the table.
const WARM_UP: usize = 40;

/// A stream of uniform deviates that repeats the C program's for the same seed.
#[derive(Debug, Clone)]
pub struct ParkMiller {
    state: i64,
    previous: i64,
    table: [i64; TABLE],
}

impl ParkMiller {
    /// The stream that starts at `seed`. Zero, which the recurrence would never leave, counts
    /// as one; the sign is dropped.
    pub fn new(seed: i64) -> ParkMiller {
        let state = (seed.unsigned_abs() % MODULUS.unsigned_abs()).max(1) as i64;
        let mut generator = ParkMiller {
            state,
            previous: 0,
            table: [0; TABLE],
        };
        for draw in (0..WARM_UP).rev() {
            let value = generator.advance();
            if draw < TABLE {
                generator.table[draw] = value;
            }
        }
        generator.previous = generator.table[0];
        generator
    }

    fn advance(&mut self) -> i64 {
        self.state = self.state * MULTIPLIER % MODULUS;
        self.state
    }

    /// The next deviate, uniform in (0, 1), with the float32 rounding of the C program.
    pub fn uniform(&mut self) -> f32 {
        let fresh = self.advance();
        let slot = (self.previous / (1 + (MODULUS - 1) / TABLE as i64)) as usize;
        self.previous = std::mem::replace(&mut self.table[slot], fresh);
        let deviate = (self.previous as f64 / MODULUS as f64) as f32;
        deviate.min(1.0 - 1.2e-7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recurrence_is_the_minimal_standard() {
        // Park & Miller (1988): from 1, the 10,000th value is 1043618065.
        let mut generator = ParkMiller {
            state: 1,
            previous: 0,
            table: [0; TABLE],
        };
        let last = (0..10_000).map(|_| generator.advance()).last();
        assert_eq!(last, Some(1_043_618_065));
    }

    #[test]
    fn any_seed_gives_deviates_inside_the_open_interval() {
        for seed in [0, 1, -1, 12345678, MODULUS, i64::MIN, i64::MAX] {
            let mut generator = ParkMiller::new(seed);
            for _ in 0..1000 {
                let deviate = generator.uniform();
                assert!(deviate > 0.0 && deviate < 1.0, "seed {seed} gave {deviate}");
            }
        }
    }
}
