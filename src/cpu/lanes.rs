//! Blocks of neighbouring pixels, one number a pixel.
//!
//! Theory: a processor does the same arithmetic on 2, 4 or 8 float64 at once, if it is given them
//! side by side. Practice: every quantity of [`LANES`] pixels in a row is one array, and a formula
//! is a loop over it that the compiler turns into such instructions. A lane never looks at its
//! neighbours, so a pixel has the same value in whatever block it falls.

use glam::DVec3;

/// Pixels of a block. Eight of the widest registers: enough to hide what a loop costs to start,
/// few enough for all quantities of a block to stay in the nearest cache.
pub const LANES: usize = 32;

/// A number for every pixel of a block.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub struct Lanes(pub [f64; LANES]);

impl Lanes {
    /// The same number for every pixel.
    #[inline(always)]
    pub fn splat(value: f64) -> Lanes {
        Lanes([value; LANES])
    }

    /// What `formula` gives for each lane.
    #[inline(always)]
    pub fn from_fn(formula: impl Fn(usize) -> f64) -> Lanes {
        let mut lanes = Lanes::splat(0.0);
        for lane in 0..LANES {
            lanes.0[lane] = formula(lane);
        }
        lanes
    }

    /// Whether every pixel's number is zero.
    #[inline(always)]
    pub fn all_zero(&self) -> bool {
        self.0
            .iter()
            .fold(true, |zero, &value| zero & (value == 0.0))
    }
}

/// A vector for every pixel of a block.
#[derive(Debug, Clone, Copy)]
pub struct Vectors {
    x: Lanes,
    y: Lanes,
    z: Lanes,
}

impl Vectors {
    /// Zero everywhere.
    pub const ZERO: Vectors = Vectors {
        x: Lanes([0.0; LANES]),
        y: Lanes([0.0; LANES]),
        z: Lanes([0.0; LANES]),
    };

    /// The vector of one pixel.
    #[inline(always)]
    pub fn get(&self, lane: usize) -> DVec3 {
        DVec3::new(self.x.0[lane], self.y.0[lane], self.z.0[lane])
    }

    /// Replaces the vector of one pixel.
    #[inline(always)]
    pub fn set(&mut self, lane: usize, vector: DVec3) {
        self.x.0[lane] = vector.x;
        self.y.0[lane] = vector.y;
        self.z.0[lane] = vector.z;
    }
}
