//! What becomes of the values of a block: products with directions, or sums of weights times them.

use std::ops::Range;

use multiversion::multiversion;

use crate::cpu::lanes::{LANES, Lanes, PerLane};

/// Adds, to the pixels `of_block` of the row of each image, its derivative along a direction: its
/// `components` times the `values` at their places. Puts it there instead where it is the `first` of that
/// pixel: nothing is read, so that a page of memory that is new is touched once. Pixels that are not
/// `rendered` stay as they are, at 0.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
pub fn add_along(
    row: &mut [&mut [f64]],
    of_block: Range<usize>,
    components: &[Vec<(usize, f64)>],
    values: &[Lanes],
    rendered: &[bool; LANES],
    first: bool,
) {
    let all = *rendered == [true; LANES];
    for (image, components) in row.iter_mut().zip(components) {
        let mut sums = Lanes::ZERO;
        for (place, component) in components {
            let values = &values[*place];
            for lane in 0..LANES {
                sums.0[lane] += component * values.0[lane];
            }
        }
        if !all {
            for (sum, rendered) in sums.0.iter_mut().zip(rendered) {
                *sum = if *rendered { *sum } else { 0.0 };
            }
        }
        let pixels = &mut image[of_block.clone()];
        if first {
            pixels.copy_from_slice(&sums.0[..pixels.len()]);
            continue;
        }
        for (pixel, value) in pixels.iter_mut().zip(sums.0) {
            *pixel += value;
        }
    }
}

/// Adds the `weights` times the `values` at these `places` to `sums`, lane by lane.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
pub fn add_weighted(sums: &mut [Lanes], places: &[usize], values: &[Lanes], weights: &Lanes) {
    for &place in places {
        let (sums, values) = (&mut sums[place], &values[place]);
        for lane in 0..LANES {
            sums.0[lane] += weights.0[lane] * values.0[lane];
        }
    }
}
