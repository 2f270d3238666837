//! Blocks of neighbouring pixels, one number a pixel.
//!
//! A processor does arithmetic on 2, 4 or 8 float64 at once (SIMD) if they are side by side. So
//! every quantity of [`LANES`] pixels in a row is one array, and a formula is a loop over it that
//! compiles to such instructions. A lane never reads its neighbours, so a pixel has the same value
//! in whatever block it falls.

use glam::DVec3;

/// Pixels of a block. Eight of the widest registers: enough to hide what a loop costs to start,
/// few enough for all quantities of a block to stay in the nearest cache.
pub const LANES: usize = 32;

/// A number for every pixel of a block.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub struct Lanes(pub [f64; LANES]);

impl Lanes {
    /// `value` for every pixel.
    #[inline(always)]
    pub fn splat(value: f64) -> Lanes {
        Lanes([value; LANES])
    }

    /// The value of `formula` for each lane.
    #[inline(always)]
    pub fn from_fn(formula: impl Fn(usize) -> f64) -> Lanes {
        let mut lanes = Lanes::splat(0.0);
        for lane in 0..LANES {
            lanes.0[lane] = formula(lane);
        }
        lanes
    }

    /// Adds `other` pixel by pixel.
    #[inline(always)]
    pub fn add(&mut self, other: &Lanes) {
        for lane in 0..LANES {
            self.0[lane] += other.0[lane];
        }
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

/// A quantity for every pixel of a block, whatever its kind.
pub trait PerLane {
    /// The quantity of one pixel.
    type One: Copy;

    /// Zero everywhere.
    const ZERO: Self;

    /// The quantity of the pixel of `lane`.
    fn get(&self, lane: usize) -> Self::One;

    /// Replaces the quantity of the pixel of `lane`.
    fn set(&mut self, lane: usize, one: Self::One);
}

impl PerLane for Lanes {
    type One = f64;

    const ZERO: Lanes = Lanes([0.0; LANES]);

    #[inline(always)]
    fn get(&self, lane: usize) -> f64 {
        self.0[lane]
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, number: f64) {
        self.0[lane] = number;
    }
}

impl PerLane for Vectors {
    type One = DVec3;

    const ZERO: Vectors = Vectors {
        x: Lanes::ZERO,
        y: Lanes::ZERO,
        z: Lanes::ZERO,
    };

    #[inline(always)]
    fn get(&self, lane: usize) -> DVec3 {
        DVec3::new(self.x.0[lane], self.y.0[lane], self.z.0[lane])
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, vector: DVec3) {
        self.x.0[lane] = vector.x;
        self.y.0[lane] = vector.y;
        self.z.0[lane] = vector.z;
    }
}
