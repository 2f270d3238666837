//! Convolution of a panel with a point spread, by Fourier transforms in float64.
//!
//! Kernel and panel are padded with as many zeros as the panel has pixels: what leaves it does not
//! come back at the other side. Rows are transformed first, and only those that the panel has;
//! columns then one by one, so that nothing is ever padded in both directions.

use std::sync::Arc;

use rayon::prelude::*;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};

use super::kernel::{PixelKernel, along};
use super::point_spread::Value;
use crate::memory::Bytes;

/// Rows between two turns from rows to columns: enough that a column gets a few cache lines.
const STRIP: usize = 64;
/// What a transform of the plan's own lengths cannot miss.
const FITS: &str = "buffers have the plan's lengths";

/// Memory that the transforms of a panel of `width` × `height` pixels take.
pub fn memory(kernel: PixelKernel, [width, height]: [usize; 2]) -> Bytes {
    let of_kernel = match kernel {
        PixelKernel::Gauss(_) => 0,
        PixelKernel::Fiber(_) => size_of::<f64>(),
    };
    let frequencies = padded(width) / 2 + 1;
    let values = (height as u64 + STRIP as u64).saturating_mul(frequencies as u64);
    Bytes(values.saturating_mul((size_of::<Complex<f64>>() + of_kernel) as u64))
}

/// A length for transforms of `length` values convolved with as many to either side: even, and a
/// product of small primes.
fn padded(length: usize) -> usize {
    let smooth = |&candidate: &usize| {
        let mut left = candidate;
        for prime in [2, 3, 5, 7] {
            while left.is_multiple_of(prime) {
                left /= prime;
            }
        }
        left == 1
    };
    let even = (2 * length).next_multiple_of(2);
    (even..).step_by(2).find(smooth).unwrap_or(even)
}

/// A convolution with a kernel on panels of one size.
pub struct Convolution {
    kernel: PixelKernel,
    width: usize,
    height: usize,
    /// Transform of a padded row, and back.
    row: Arc<dyn RealToComplex<f64>>,
    row_back: Arc<dyn ComplexToReal<f64>>,
    /// Transform of a padded column, and back.
    column: Arc<dyn Fft<f64>>,
    column_back: Arc<dyn Fft<f64>>,
    /// Transform of a column of the kernel.
    kernel_column: Arc<dyn RealToComplex<f64>>,
}

/// The kernel's transform along its rows: even rows have real transforms.
enum KernelRows {
    /// Transform of the middle row; each row is the middle one times its own part.
    Separable {
        transform: Vec<f64>,
        parts: Vec<f64>,
    },
    /// Column after column.
    Columns(Vec<f64>),
}

impl Convolution {
    /// With `kernel`, on panels of `width` × `height` pixels.
    pub fn new(kernel: PixelKernel, width: usize, height: usize) -> Convolution {
        let (across, down) = (padded(width), padded(height));
        let mut real = RealFftPlanner::new();
        let mut complex = FftPlanner::new();
        Convolution {
            kernel,
            width,
            height,
            row: real.plan_fft_forward(across),
            row_back: real.plan_fft_inverse(across),
            column: complex.plan_fft_forward(down),
            column_back: complex.plan_fft_inverse(down),
            kernel_column: real.plan_fft_forward(down),
        }
    }

    /// Convolves `panel`.
    pub fn apply<V: Value>(&self, panel: &mut [V]) {
        let kernel = self.kernel_rows();
        let mut columns = vec![Complex::default(); self.frequencies() * self.height];
        self.transform_rows(
            &mut columns,
            |row, slow| {
                let pixels = &panel[slow * self.width..][..self.width];
                for (place, &value) in row.iter_mut().zip(pixels) {
                    *place = value.wide();
                }
            },
            |value| value,
        );
        self.convolve_columns(&mut columns, &kernel);
        self.transform_rows_back(&columns, panel);
    }

    fn frequencies(&self) -> usize {
        self.row.complex_len()
    }

    fn kernel_rows(&self) -> KernelRows {
        match self.kernel {
            PixelKernel::Gauss(sigma) => {
                let parts = |count: usize| (0..count).map(move |at| along(sigma, at));
                let mut row = self.row.make_input_vec();
                let mut transform = self.row.make_output_vec();
                let form: Vec<f64> = parts(self.width).collect();
                mirrored(&mut row, |at| form.get(at).copied());
                self.row.process(&mut row, &mut transform).expect(FITS);
                KernelRows::Separable {
                    transform: transform.iter().map(|value| value.re).collect(),
                    parts: parts(self.height).collect(),
                }
            }
            PixelKernel::Fiber(_) => {
                let mut columns = vec![0.0; self.frequencies() * self.height];
                let fill = |row: &mut [f64], slow: usize| {
                    mirrored(row, |at| {
                        (at < self.width).then(|| self.kernel.part(at, slow))
                    });
                };
                self.transform_rows(&mut columns, fill, |value| value.re);
                KernelRows::Columns(columns)
            }
        }
    }

    /// Transforms rows that `fill` writes, and keeps what `keep` does of them, column after column.
    fn transform_rows<T: Copy + Send + Sync + Default>(
        &self,
        columns: &mut [T],
        fill: impl Fn(&mut [f64], usize) + Sync,
        keep: impl Fn(Complex<f64>) -> T + Sync,
    ) {
        let (frequencies, height) = (self.frequencies(), self.height);
        let mut strip = vec![T::default(); STRIP * frequencies];
        for first in (0..height).step_by(STRIP) {
            let rows = STRIP.min(height - first);
            strip[..rows * frequencies]
                .par_chunks_mut(frequencies)
                .enumerate()
                .for_each_init(
                    || {
                        let row = self.row.make_input_vec();
                        (row, self.row.make_output_vec(), self.row.make_scratch_vec())
                    },
                    |(row, transform, scratch), (index, kept)| {
                        row.fill(0.0);
                        fill(row, first + index);
                        self.row
                            .process_with_scratch(row, transform, scratch)
                            .expect(FITS);
                        for (place, value) in kept.iter_mut().zip(transform) {
                            *place = keep(*value);
                        }
                    },
                );
            columns
                .par_chunks_mut(height)
                .enumerate()
                .for_each(|(frequency, column)| {
                    for (index, place) in column[first..first + rows].iter_mut().enumerate() {
                        *place = strip[index * frequencies + frequency];
                    }
                });
        }
    }

    fn convolve_columns(&self, columns: &mut [Complex<f64>], kernel: &KernelRows) {
        let height = self.height;
        let down = self.column.len();
        let scratch = self.column.get_inplace_scratch_len();
        let scratch = scratch.max(self.column_back.get_inplace_scratch_len());
        let scale = 1.0 / (self.row.len() * down) as f64;
        columns.par_chunks_mut(height).enumerate().for_each_init(
            || {
                let kernel = &self.kernel_column;
                let padded = vec![Complex::default(); down];
                let scratch = vec![Complex::default(); scratch];
                let own = (kernel.make_input_vec(), kernel.make_output_vec());
                (padded, scratch, own, kernel.make_scratch_vec())
            },
            |(padded, scratch, (form, transform), own_scratch), (frequency, column)| {
                mirrored(form, |at| match kernel {
                    KernelRows::Separable { transform, parts } => {
                        parts.get(at).map(|part| part * transform[frequency])
                    }
                    KernelRows::Columns(columns) => {
                        columns[frequency * height..][..height].get(at).copied()
                    }
                });
                self.kernel_column
                    .process_with_scratch(form, transform, own_scratch)
                    .expect(FITS);
                padded[..height].copy_from_slice(column);
                padded[height..].fill(Complex::default());
                self.column.process_with_scratch(padded, scratch);
                for (place, value) in padded.iter_mut().enumerate() {
                    *value *= transform[place.min(down - place)].re * scale;
                }
                self.column_back.process_with_scratch(padded, scratch);
                column.copy_from_slice(&padded[..height]);
            },
        );
    }

    fn transform_rows_back<V: Value>(&self, columns: &[Complex<f64>], panel: &mut [V]) {
        let back = &self.row_back;
        let last = self.frequencies() - 1;
        panel.par_chunks_mut(self.width).enumerate().for_each_init(
            || {
                let row = (back.make_input_vec(), back.make_output_vec());
                (row, back.make_scratch_vec())
            },
            |((transform, row), scratch), (slow, pixels)| {
                for (frequency, place) in transform.iter_mut().enumerate() {
                    *place = columns[frequency * self.height + slow];
                }
                // The transform of a real row is real at both ends, but for the last digits.
                transform[0].im = 0.0;
                transform[last].im = 0.0;
                back.process_with_scratch(transform, row, scratch)
                    .expect(FITS);
                for (pixel, value) in pixels.iter_mut().zip(row) {
                    *pixel = V::of(*value);
                }
            },
        );
    }
}

/// Writes what `part` gives for a distance at that distance from the row's start, and before it:
/// the row goes round.
fn mirrored(row: &mut [f64], part: impl Fn(usize) -> Option<f64>) {
    row.fill(0.0);
    let length = row.len();
    for distance in 0..=length / 2 {
        let Some(value) = part(distance) else {
            break;
        };
        row[distance] = value;
        row[(length - distance) % length] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transforms_are_as_long_as_they_must_be_and_of_small_primes() {
        for length in [1, 2, 3, 100, 511, 2527, 4096, 4371] {
            let padded = padded(length);
            assert!(padded >= 2 * length && padded.is_multiple_of(2));
            assert!((padded as f64) < 2.1 * length as f64 + 8.0, "{length}");
        }
        let memory = memory(PixelKernel::Fiber(1.0), [4096, 4096]);
        assert_eq!(memory.to_string(), "390.1 MiB");
    }
}
