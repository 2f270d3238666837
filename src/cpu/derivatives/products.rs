//! Products of vectors whose sums are [`mul_add`]: half the instructions of a term's derivatives are
//! these.

use glam::{DMat3, DVec3};

use crate::cpu::polynomial::mul_add;

/// a·b + c.
#[inline(always)]
pub fn dot<const FUSED: bool>(a: DVec3, b: DVec3, c: f64) -> f64 {
    mul_add::<FUSED>(
        a.x,
        b.x,
        mul_add::<FUSED>(a.y, b.y, mul_add::<FUSED>(a.z, b.z, c)),
    )
}

/// a × b.
#[inline(always)]
pub fn cross<const FUSED: bool>(a: DVec3, b: DVec3) -> DVec3 {
    DVec3::new(
        mul_add::<FUSED>(a.y, b.z, -(a.z * b.y)),
        mul_add::<FUSED>(a.z, b.x, -(a.x * b.z)),
        mul_add::<FUSED>(a.x, b.y, -(a.y * b.x)),
    )
}

/// mᵀ·v + c.
#[inline(always)]
pub fn transposed_times<const FUSED: bool>(m: &DMat3, v: DVec3, c: DVec3) -> DVec3 {
    DVec3::new(
        dot::<FUSED>(m.x_axis, v, c.x),
        dot::<FUSED>(m.y_axis, v, c.y),
        dot::<FUSED>(m.z_axis, v, c.z),
    )
}
