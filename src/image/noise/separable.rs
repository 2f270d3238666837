//! Convolution of a panel with a Gaussian that is narrow beside it, in float64: from pixel to pixel,
//! down and then across. A few products a pixel are less than transforms take.

use multiversion::multiversion;
use rayon::prelude::*;

use super::kernel::along;
use super::point_spread::Value;

/// Pixels to either side from which on transforms are faster.
const WIDE: usize = 64;
/// Parts of the light that are left out; transforms round to 1e-16 of the brightest pixel.
const NOTHING: f64 = 1e-20;
/// Rows of a panel that are one piece of work.
const BAND: usize = 64;
/// Columns whose sums stay in the nearest cache.
const COLUMNS: usize = 512;

/// The parts of the light of a Gaussian of this `sigma`, in pixels, at each distance along a row or
/// column; `None` if it is wide.
pub fn parts(sigma: f64) -> Option<Vec<f64>> {
    let parts = (0..=WIDE).map(|distance| along(sigma, distance));
    let parts: Vec<f64> = parts.take_while(|&part| part > NOTHING).collect();
    (parts.len() <= WIDE).then_some(parts)
}

/// Convolves `panel`, rows of `width` pixels, with a Gaussian of these [`parts`].
pub fn convolve<V: Value>(panel: &mut [V], width: usize, parts: &[f64]) {
    let reach = width * (parts.len() - 1);
    let rows = BAND.max(parts.len()) * width;
    // What a band needs of its neighbours, before they change.
    let borders: Vec<[Vec<V>; 2]> = (0..panel.len())
        .step_by(rows)
        .map(|first| {
            let last = (first + rows).min(panel.len());
            let above = first.saturating_sub(reach)..first;
            let below = last..(last + reach).min(panel.len());
            [panel[above].to_vec(), panel[below].to_vec()]
        })
        .collect();
    panel.par_chunks_mut(rows).zip(borders).for_each_init(
        Vec::new,
        |rows, (band, [above, below])| {
            rows.clear();
            rows.extend_from_slice(&above);
            rows.extend_from_slice(band);
            rows.extend_from_slice(&below);
            convolve_band(band, rows, above.len() / width, width, parts);
        },
    );
}

/// Writes into `band` what `rows`, of `width` pixels, become: those from number `first` on.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
fn convolve_band<V: Value>(band: &mut [V], rows: &[V], first: usize, width: usize, parts: &[f64]) {
    let reach = parts.len() - 1;
    let count = rows.len() / width;
    // Dark to both sides.
    let mut down = vec![0.0; width + 2 * reach];
    for (number, row) in band.chunks_exact_mut(width).enumerate() {
        let slow = first + number;
        let at = |slow: usize, start: usize, length: usize| &rows[slow * width + start..][..length];
        for start in (0..width).step_by(COLUMNS) {
            let length = COLUMNS.min(width - start);
            let sums = &mut down[reach + start..][..length];
            for (sum, &value) in sums.iter_mut().zip(at(slow, start, length)) {
                *sum = parts[0] * value.wide();
            }
            for (distance, &part) in parts.iter().enumerate().skip(1) {
                for other in [slow.checked_sub(distance), Some(slow + distance)] {
                    let Some(other) = other.filter(|&other| other < count) else {
                        continue;
                    };
                    for (sum, &value) in sums.iter_mut().zip(at(other, start, length)) {
                        *sum += part * value.wide();
                    }
                }
            }
        }
        for (start, pixels) in (0..).step_by(COLUMNS).zip(row.chunks_mut(COLUMNS)) {
            let mut sums = [0.0; COLUMNS];
            for (distance, &part) in parts.iter().enumerate() {
                let times = if distance == 0 { 0.5 } else { 1.0 };
                let before = &down[start + reach - distance..][..pixels.len()];
                let behind = &down[start + reach + distance..][..pixels.len()];
                for ((sum, before), behind) in sums.iter_mut().zip(before).zip(behind) {
                    *sum += times * part * (before + behind);
                }
            }
            for (pixel, sum) in pixels.iter_mut().zip(sums) {
                *pixel = V::of(sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::convolution::Convolution;
    use super::super::kernel::PixelKernel;
    use super::*;

    #[test]
    fn panels_become_what_transforms_make_of_them() {
        for (width, height) in [(1, 1), (7, 200), (1100, 131), (300, 64)] {
            for sigma in [0.1, 0.64, 3.0, 6.5] {
                let pixels = (0..width * height).map(|at| [0.0, 3.0, 1e6][at * 7919 % 101 % 3]);
                let mut found: Vec<f32> = pixels.collect();
                let mut expected = found.clone();
                Convolution::new(PixelKernel::Gauss(sigma), width, height).apply(&mut expected);
                convolve(&mut found, width, &parts(sigma).unwrap());
                for (found, expected) in found.into_iter().zip(expected) {
                    let tolerance = 2e-7 * expected.abs() + 1e-8;
                    assert!(
                        (found - expected).abs() <= tolerance,
                        "{sigma}: {found}, {expected}"
                    );
                }
            }
        }
        assert!(parts(12.0).is_none());
    }
}
