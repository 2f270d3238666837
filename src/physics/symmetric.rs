//! Symmetric matrices by their six numbers: arithmetic that compiles to vector instructions.

use std::ops::{Add, Mul};

use glam::{DMat3, DVec3};

/// A symmetric matrix.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Symmetric {
    /// On the diagonal.
    pub xx: f64,
    /// On the diagonal.
    pub yy: f64,
    /// On the diagonal.
    pub zz: f64,
    /// Beside it.
    pub xy: f64,
    /// Beside it.
    pub xz: f64,
    /// Beside it.
    pub yz: f64,
}

impl Symmetric {
    /// `matrix`, which is symmetric.
    #[inline(always)]
    pub fn of(matrix: &DMat3) -> Symmetric {
        let [x, y, z] = [matrix.x_axis, matrix.y_axis, matrix.z_axis];
        Symmetric {
            xx: x.x,
            yy: y.y,
            zz: z.z,
            xy: x.y,
            xz: x.z,
            yz: y.z,
        }
    }

    /// This matrix plus v·vᵀ.
    #[inline(always)]
    pub fn plus_square(self, v: DVec3) -> Symmetric {
        Symmetric {
            xx: self.xx + v.x * v.x,
            yy: self.yy + v.y * v.y,
            zz: self.zz + v.z * v.z,
            xy: self.xy + v.x * v.y,
            xz: self.xz + v.x * v.z,
            yz: self.yz + v.y * v.z,
        }
    }

    /// The matrix whose product with this one is the determinant, and the determinant.
    #[inline(always)]
    pub fn adjugate(self) -> (Symmetric, f64) {
        let Symmetric {
            xx,
            yy,
            zz,
            xy,
            xz,
            yz,
        } = self;
        let adjugate = Symmetric {
            xx: yy * zz - yz * yz,
            yy: xx * zz - xz * xz,
            zz: xx * yy - xy * xy,
            xy: xz * yz - xy * zz,
            xz: xy * yz - xz * yy,
            yz: xy * xz - yz * xx,
        };
        let determinant = xx * adjugate.xx + xy * adjugate.xy + xz * adjugate.xz;
        (adjugate, determinant)
    }

    /// ½(v·wᵀ + w·vᵀ).
    #[inline(always)]
    pub fn product(v: DVec3, w: DVec3) -> Symmetric {
        Symmetric {
            xx: v.x * w.x,
            yy: v.y * w.y,
            zz: v.z * w.z,
            xy: 0.5 * (v.x * w.y + v.y * w.x),
            xz: 0.5 * (v.x * w.z + v.z * w.x),
            yz: 0.5 * (v.y * w.z + v.z * w.y),
        }
    }

    /// This matrix times the vector `v`.
    #[inline(always)]
    pub fn times(&self, v: DVec3) -> DVec3 {
        DVec3::new(
            self.xx * v.x + self.xy * v.y + self.xz * v.z,
            self.xy * v.x + self.yy * v.y + self.yz * v.z,
            self.xz * v.x + self.yz * v.y + self.zz * v.z,
        )
    }

    /// The trace of the product with `other`: how the function whose slope one is changes along the
    /// other.
    #[inline(always)]
    pub fn dot(&self, other: &Symmetric) -> f64 {
        let beside = self.xy * other.xy + self.xz * other.xz + self.yz * other.yz;
        self.xx * other.xx + self.yy * other.yy + self.zz * other.zz + 2.0 * beside
    }

    /// The numbers, in the order of the fields.
    #[inline(always)]
    pub fn to_array(&self) -> [f64; 6] {
        let Symmetric {
            xx,
            yy,
            zz,
            xy,
            xz,
            yz,
        } = *self;
        [xx, yy, zz, xy, xz, yz]
    }

    /// What the numbers of another matrix count in [`dot`](Symmetric::dot), in the order of the fields.
    pub fn to_dot(&self) -> [f64; 6] {
        let [xx, yy, zz, xy, xz, yz] = self.to_array();
        [xx, yy, zz, 2.0 * xy, 2.0 * xz, 2.0 * yz]
    }
}

impl Add for Symmetric {
    type Output = Symmetric;

    #[inline(always)]
    fn add(self, other: Symmetric) -> Symmetric {
        Symmetric {
            xx: self.xx + other.xx,
            yy: self.yy + other.yy,
            zz: self.zz + other.zz,
            xy: self.xy + other.xy,
            xz: self.xz + other.xz,
            yz: self.yz + other.yz,
        }
    }
}

impl Mul<f64> for Symmetric {
    type Output = Symmetric;

    #[inline(always)]
    fn mul(self, factor: f64) -> Symmetric {
        Symmetric {
            xx: self.xx * factor,
            yy: self.yy * factor,
            zz: self.zz * factor,
            xy: self.xy * factor,
            xz: self.xz * factor,
            yz: self.yz * factor,
        }
    }
}
