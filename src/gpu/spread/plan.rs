//! The passes of a point spread over a panel, as data: what each does, to which lines, modulo which
//! prime.

use std::ops::Range;

use super::axis::Axis;
use super::field::{PRIMES, factor, inverse, inverses};
use crate::gpu::layout::SpreadUniform;
use crate::memory::Bytes;

/// Threads of a workgroup. It has 16 numbers for each.
pub const GROUP: usize = 256;
/// Words between rows of transforms beside their own. Columns whose numbers are a power of two apart
/// would share few places of a cache.
const APART: usize = 16;

/// What a pass does: the entry points of `shaders/spread.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    FindLargest,
    Rows,
    Columns,
    RowsBack,
    Combine,
    KernelRows,
    KernelColumns,
}

impl Entry {
    /// Every one.
    pub const ALL: [Entry; 7] = [
        Entry::FindLargest,
        Entry::Rows,
        Entry::Columns,
        Entry::RowsBack,
        Entry::Combine,
        Entry::KernelRows,
        Entry::KernelColumns,
    ];

    /// The name of the entry point.
    pub fn name(self) -> &'static str {
        match self {
            Entry::FindLargest => "find_largest",
            Entry::Rows | Entry::KernelRows => "rows",
            Entry::Columns => "columns",
            Entry::RowsBack => "rows_back",
            Entry::Combine => "combine",
            Entry::KernelColumns => "kernel_columns",
        }
    }
}

/// A dispatch.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    pub entry: Entry,
    /// Number of the prime.
    pub prime: usize,
    /// Number of the pair of the rows' branches.
    pub pair: usize,
    /// What the shader is told.
    pub task: SpreadUniform,
    /// Workgroups.
    pub groups: u32,
    /// Numbers that are worked on.
    pub work: f64,
}

/// The size of a panel, and how its lines are transformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    row: Axis,
    column: Axis,
    /// Most numbers that a dispatch works on.
    per_dispatch: usize,
}

impl Plan {
    /// For a panel of `width` × `height` pixels; `None` if it is too long.
    pub fn of([width, height]: [usize; 2], per_dispatch: usize) -> Option<Plan> {
        Some(Plan {
            row: Axis::of(width)?,
            column: Axis::of(height)?,
            per_dispatch,
        })
    }

    /// Width and height of the panel.
    pub fn size(&self) -> [usize; 2] {
        [self.row.count, self.column.count]
    }

    /// Pixels of the panel.
    pub fn pixels(&self) -> usize {
        self.row.count * self.column.count
    }

    /// Pairs of branches of the rows.
    pub fn pairs(&self) -> usize {
        self.row.pairs()
    }

    /// Bytes of the rows of one branch.
    pub fn transform_bytes(&self) -> u64 {
        bytes(self.column.count, self.row_pitch())
    }

    /// Bytes of the panel modulo one prime.
    pub fn residue_bytes(&self) -> u64 {
        bytes(self.column.count, self.row.count)
    }

    /// Bytes of the kernel's values for one prime and a pair of the rows' branches.
    pub fn kernel_bytes(&self, pair: usize) -> u64 {
        bytes(self.column.whole() / 2, self.row.kept(pair))
    }

    /// The largest buffer.
    pub fn largest_buffer(&self) -> Bytes {
        let kernel = self.kernel_bytes(0);
        Bytes(self.transform_bytes().max(self.residue_bytes()).max(kernel))
    }

    /// All buffers but the small ones.
    pub fn memory(&self) -> Bytes {
        let kernel: u64 = (0..self.pairs()).map(|pair| self.kernel_bytes(pair)).sum();
        let of_prime = self.residue_bytes() + kernel;
        Bytes(2 * self.transform_bytes() + PRIMES.len() as u64 * of_prime)
    }

    /// The tables of all primes: of the rows, and of the columns.
    pub fn tables(&self) -> Vec<[u32; 4]> {
        let axes = [self.row, self.column];
        let all = PRIMES
            .iter()
            .flat_map(|&prime| axes.map(|axis| axis.tables(prime)));
        all.flatten().collect()
    }

    /// The passes that work out the kernel's values of its parts.
    pub fn of_kernel(&self) -> Vec<Pass> {
        let mut passes = Vec::new();
        for prime in 0..PRIMES.len() {
            for pair in 0..self.pairs() {
                passes.extend(self.rows(Entry::KernelRows, prime, pair));
                passes.extend(self.columns(Entry::KernelColumns, prime, pair));
            }
        }
        passes
    }

    /// The passes that spread the light of a panel.
    pub fn of_panel(&self) -> Vec<Pass> {
        let mut passes = self.pixels_of(Entry::FindLargest);
        for prime in 0..PRIMES.len() {
            for branch in 0..self.row.branches {
                passes.extend(self.rows(Entry::Rows, prime, branch));
                passes.extend(self.columns(Entry::Columns, prime, branch));
                passes.extend(self.rows(Entry::RowsBack, prime, branch));
            }
        }
        passes.extend(self.pixels_of(Entry::Combine));
        passes
    }

    fn row_pitch(&self) -> usize {
        self.row.length + APART
    }

    /// What passes modulo a prime are told of it, and of the tables of the lines along `axis`.
    fn task(&self, prime: usize, axis: Axis) -> SpreadUniform {
        let modulus = PRIMES[prime];
        let sizes = [self.row, self.column].map(|axis| axis.tables_size());
        let behind_rows = if axis == self.row { 0 } else { sizes[0] };
        let tables = prime * (sizes[0] + sizes[1]) + behind_rows;
        let wholes = self.row.whole() as u64 * self.column.whole() as u64;
        let [scale, scale_part] = factor(inverse(wholes % modulus, modulus), modulus);
        SpreadUniform {
            prime: [modulus as u32; 4],
            reciprocal: ((1 << 60) / modulus) as u32,
            scale,
            scale_part,
            bits: axis.length.trailing_zeros(),
            count: axis.count as u32,
            branches: axis.branches as u32,
            tables: tables as u32,
            powers: (tables + axis.roots_size()) as u32,
            row_pitch: self.row_pitch() as u32,
            ..SpreadUniform::default()
        }
    }

    /// Passes over the rows of the panel or the kernel, for one of their branches.
    fn rows(&self, entry: Entry, prime: usize, branch: usize) -> Vec<Pass> {
        let own = branch as u32;
        let task = SpreadUniform {
            origin: u32::from(entry == Entry::KernelRows),
            even: u32::from(entry == Entry::KernelRows),
            first_branch: own,
            end_branch: own + 1,
            line_pitch: self.row.count as u32,
            pitch: 1,
            ..self.task(prime, self.row)
        };
        let pass = self.pass(entry, prime, branch, task);
        sliced(pass, self.row, self.column.count, self.per_dispatch)
    }

    /// Passes over the columns of one of the rows' branches.
    fn columns(&self, entry: Entry, prime: usize, branch: usize) -> Vec<Pass> {
        let of_kernel = entry == Entry::KernelColumns;
        let branches = if of_kernel {
            self.column.pairs()
        } else {
            self.column.branches
        };
        let single = self.row.is_single(branch);
        let task = SpreadUniform {
            origin: 2,
            even: u32::from(of_kernel),
            end_branch: branches as u32,
            down: 1,
            line_pitch: 1,
            pitch: self.row_pitch() as u32,
            kernel_pitch: self.row.kept(branch) as u32,
            row_half: if single {
                self.row.length as u32 / 32
            } else {
                0
            },
            ..self.task(prime, self.column)
        };
        let pass = self.pass(entry, prime, branch, task);
        sliced(pass, self.column, self.row.length, self.per_dispatch)
    }

    /// Passes over the pixels.
    fn pixels_of(&self, entry: Entry) -> Vec<Pass> {
        let task = SpreadUniform {
            prime: PRIMES.map(|prime| prime as u32),
            inverses: inverses(),
            ..SpreadUniform::default()
        };
        let pass = self.pass(entry, 0, 0, task);
        let slices = slices(self.pixels(), self.per_dispatch);
        slices
            .map(|lines| of_lines(&pass, lines, GROUP, 1))
            .collect()
    }

    fn pass(&self, entry: Entry, prime: usize, branch: usize, task: SpreadUniform) -> Pass {
        Pass {
            entry,
            prime,
            pair: branch.min(self.row.branches - 1 - branch),
            task,
            groups: 0,
            work: 0.0,
        }
    }
}

/// `pass` over all `lines` along `axis`, in dispatches that are not too long.
fn sliced(pass: Pass, axis: Axis, lines: usize, per_dispatch: usize) -> Vec<Pass> {
    let branches = pass.task.end_branch - pass.task.first_branch;
    let numbers = axis.length * branches as usize;
    // Workgroups are full but for the last one.
    let of_group = GROUP * 16 / axis.length;
    let per_slice = (per_dispatch / numbers)
        .next_multiple_of(of_group)
        .max(of_group);
    let slices = slices(lines, per_slice);
    slices
        .map(|lines| of_lines(&pass, lines, of_group, numbers))
        .collect()
}

/// `pass` over the lines of a slice, of which a group takes `of_group`, of so many numbers each.
fn of_lines(pass: &Pass, lines: Range<usize>, of_group: usize, numbers: usize) -> Pass {
    let task = SpreadUniform {
        first_line: lines.start as u32,
        end_line: lines.end as u32,
        ..pass.task
    };
    Pass {
        task,
        groups: lines.len().div_ceil(of_group) as u32,
        work: (lines.len() * numbers) as f64,
        ..pass.clone()
    }
}

/// The numbers before `count` in slices of `size`.
fn slices(count: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count)
        .step_by(size)
        .map(move |first| first..count.min(first + size))
}

/// Bytes of `rows` rows of `words` words.
fn bytes(rows: usize, words: usize) -> u64 {
    (rows as u64).saturating_mul(words as u64).saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_in_exactly_one_dispatch_of_a_pass() {
        for (size, per_dispatch) in [([100, 37], 1 << 12), ([4150, 4371], 1 << 20)] {
            let plan = Plan::of(size, per_dispatch).unwrap();
            let dispatches = [plan.of_panel(), plan.of_kernel()].concat();
            let mut left = dispatches.as_slice();
            while let Some(first) = left.first() {
                let whole = match first.entry {
                    Entry::FindLargest | Entry::Combine => size[0] * size[1],
                    Entry::Rows | Entry::RowsBack | Entry::KernelRows => size[1],
                    Entry::Columns | Entry::KernelColumns => plan.row.length,
                };
                let mut behind = 0;
                while behind < whole as u32 {
                    let pass = &left[0];
                    assert_eq!((pass.entry, pass.prime), (first.entry, first.prime));
                    assert_eq!(pass.task.first_line, behind);
                    behind = pass.task.end_line;
                    let of_group = match first.entry {
                        Entry::FindLargest | Entry::Combine => 256,
                        _ => 4096 >> pass.task.bits,
                    };
                    let lines = behind - pass.task.first_line;
                    assert_eq!(pass.groups, lines.div_ceil(of_group));
                    assert!(pass.groups <= 65_535);
                    left = &left[1..];
                }
                assert_eq!(behind, whole as u32);
            }
        }
    }

    #[test]
    fn a_large_panel_fits_the_smallest_bindings() {
        let plan = Plan::of([4096, 4096], 1 << 24).unwrap();
        assert!(plan.largest_buffer() <= Bytes(128 << 20));
        assert_eq!(plan.memory().to_string(), "640.5 MiB");
        assert!(Plan::of([1, 200_000], 1 << 24).is_none());
    }
}
