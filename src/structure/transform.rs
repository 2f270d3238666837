//! The Fourier transform of a real grid.

use rayon::prelude::*;
use realfft::RealFftPlanner;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use super::grid::wrapped;

/// The transform of a grid: the mean of its values times exp(2πi h·x).
pub(super) struct Transform {
    shape: [usize; 3],
    /// By l from 0 to half its range, k, and innermost h.
    values: Vec<Complex<f64>>,
}

impl Transform {
    /// Transforms a grid of this shape.
    pub(super) fn of(shape: [usize; 3], grid: Vec<f64>) -> Transform {
        let sections = along_rows_and_sections(shape, &grid);
        drop(grid);
        let [nu, nv, nw] = shape;
        let half = nw / 2 + 1;
        let mut values = vec![Complex::default(); sections.len()];
        let transform = FftPlanner::new().plan_fft_forward(nu);
        values
            .par_chunks_mut(nu)
            .enumerate()
            .for_each_init(Vec::new, |scratch, (line, values)| {
                for (u, value) in values.iter_mut().enumerate() {
                    *value = sections[u * nv * half + line];
                }
                scratch.resize(transform.get_inplace_scratch_len(), Complex::default());
                transform.process_with_scratch(values, scratch);
            });
        Transform { shape, values }
    }

    /// The mean of the grid's values times exp(2πi h·x).
    #[inline]
    pub(super) fn at(&self, [h, k, l]: [i32; 3]) -> Complex<f64> {
        let [nu, nv, nw] = self.shape;
        // The machine's transform has the other sign, and the half of it that is kept is that of
        // the index or of its Friedel mate.
        let mate = l < 0;
        let [h, k, l] = if mate { [-h, -k, -l] } else { [h, k, l] };
        let line = wrapped(l.into(), nw) * nv + wrapped(k.into(), nv);
        let value = self.values[line * nu + wrapped(h.into(), nu)] / (nu * nv * nw) as f64;
        if mate { value } else { value.conj() }
    }
}

/// Transforms every section's rows, and then across them: by section, l and innermost k.
fn along_rows_and_sections([nu, nv, nw]: [usize; 3], grid: &[f64]) -> Vec<Complex<f64>> {
    let half = nw / 2 + 1;
    let mut sections = vec![Complex::default(); nu * nv * half];
    let row_transform = RealFftPlanner::new().plan_fft_forward(nw);
    let transform = FftPlanner::new().plan_fft_forward(nv);
    sections
        .par_chunks_mut(nv * half)
        .zip(grid.par_chunks(nv * nw))
        .for_each(|(section, values)| {
            let mut row = row_transform.make_input_vec();
            let mut transformed = row_transform.make_output_vec();
            for (v, values) in values.chunks_exact(nw).enumerate() {
                row.copy_from_slice(values);
                // It fails only for buffers of a wrong length.
                let done = row_transform.process(&mut row, &mut transformed);
                debug_assert!(done.is_ok());
                for (l, value) in transformed.iter().enumerate() {
                    section[l * nv + v] = *value;
                }
            }
            transform.process(section);
        });
    sections
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn it_is_the_sum_that_it_says_it_is() {
        for shape in [[4, 6, 5], [3, 5, 8], [1, 2, 4]] {
            let [nu, nv, nw] = shape;
            let grid: Vec<f64> = (0..nu * nv * nw)
                .map(|i| f64::from((i * i) as u32 % 17))
                .collect();
            let transform = Transform::of(shape, grid.clone());
            for index in [
                [0, 0, 0],
                [1, 0, 0],
                [0, -1, 0],
                [0, 0, 1],
                [-1, 1, -2],
                [1, 2, 1],
            ] {
                let mut sum = Complex::default();
                for (place, value) in grid.iter().enumerate() {
                    let turns = f64::from(index[0]) * (place / (nv * nw)) as f64 / nu as f64
                        + f64::from(index[1]) * (place / nw % nv) as f64 / nv as f64
                        + f64::from(index[2]) * (place % nw) as f64 / nw as f64;
                    sum += Complex::from_polar(*value, TAU * turns);
                }
                let error = transform.at(index) - sum / grid.len() as f64;
                assert!(error.norm() < 1e-12, "{shape:?} {index:?}: {error}");
            }
        }
    }
}
