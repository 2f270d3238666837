//! How the lines along one axis of a panel are transformed: lengths, branches, tables of roots.

use super::field::{factor, root_of_unity};

/// Most numbers of a line in workgroup memory: 16 KiB, which every device has.
const LONGEST: usize = 4096;
/// Fewest: a thread has 16 of them, and one of them shall tell conjugates apart.
const SHORTEST: usize = 64;
/// Most pixels of a line. There are roots for more; but a thread of llvmpipe must not loop longer
/// than over the branches of this one ([`crate::gpu::slices`]).
pub const MOST_PIXELS: usize = 3 << 16;

/// Lines of `count` pixels, as polynomials modulo zᴺ + 1 with N = `branches` · `length`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// Pixels of a line.
    pub count: usize,
    /// Numbers of a line in workgroup memory: 64, 256, 1024 or 4096.
    pub length: usize,
    /// Polynomials modulo z^`length` − c that stand for a line.
    pub branches: usize,
}

impl Axis {
    /// For lines of `count` pixels; `None` for more than [`MOST_PIXELS`].
    pub fn of(count: usize) -> Option<Axis> {
        if count > MOST_PIXELS {
            return None;
        }
        // Light from the one end to the other, and none that comes back.
        let least = (2 * count).max(SHORTEST);
        let power = least.next_power_of_two();
        let three_fourths = 3 * power / 4;
        let whole = if three_fourths >= least && power >= 4 * SHORTEST {
            three_fourths
        } else {
            power
        };
        let bits = whole.trailing_zeros().min(LONGEST.trailing_zeros()) & !1;
        Some(Axis {
            count,
            length: 1 << bits,
            branches: whole >> bits,
        })
    }

    /// N: numbers with which a line and the whole kernel are transformed.
    pub fn whole(self) -> usize {
        self.branches * self.length
    }

    /// Pairs of conjugate branches, and the branch that is its own conjugate.
    pub fn pairs(self) -> usize {
        self.branches.div_ceil(2)
    }

    /// Whether branch number `branch` is its own conjugate.
    pub fn is_single(self, branch: usize) -> bool {
        2 * branch + 1 == self.branches
    }

    /// Values of the kernel that are kept of branch number `branch`.
    pub fn kept(self, branch: usize) -> usize {
        if self.is_single(branch) {
            self.length / 2
        } else {
            self.length
        }
    }

    /// Vectors of the tables of roots: of each pair the roots and the inverse roots.
    pub fn roots_size(self) -> usize {
        self.pairs() * self.length
    }

    /// Vectors of all tables modulo one prime.
    pub fn tables_size(self) -> usize {
        self.roots_size() + 2 * self.pairs() * self.branches
    }

    /// The tables of roots modulo `prime`, then those of the powers of c: vectors of four words.
    pub fn tables(self, prime: u64) -> Vec<[u32; 4]> {
        let (order, length) = (2 * self.whole(), self.length);
        let root = root_of_unity(order as u64, prime);
        let mut powers = vec![1u64; order];
        for place in 1..order {
            powers[place] = powers[place - 1] * root % prime;
        }
        let factor_of = |exponent: usize| factor(powers[exponent % order], prime);
        let conjugate = |exponent: usize| order - exponent % order;
        let mut roots = Vec::with_capacity(self.tables_size());
        let mut powers_of_c = Vec::new();
        for pair in 0..self.pairs() {
            let c = length * (2 * pair + 1);
            let exponents = self.exponents(pair);
            for inverse in [false, true] {
                let own = |exponent| {
                    if inverse {
                        conjugate(exponent)
                    } else {
                        exponent
                    }
                };
                let factors = exponents.iter().map(|&exponent| factor_of(own(exponent)));
                let factors: Vec<[u32; 2]> = factors.collect();
                for part in [0, 1] {
                    let words = factors.chunks(4);
                    roots.extend(words.map(|four| [0, 1, 2, 3].map(|place| four[place][part])));
                }
                powers_of_c.extend((0..self.branches).map(|k| {
                    let [value, part] = factor_of(own(k * c));
                    let [high, high_part] = factor(u64::from(value) << 32, prime);
                    [value, part, high, high_part]
                }));
            }
        }
        roots.extend(powers_of_c);
        roots
    }

    /// The exponents of the roots of `pair`, node by node, to the base of the root of unity.
    fn exponents(self, pair: usize) -> Vec<usize> {
        let order = 2 * self.whole();
        let mut exponents = vec![0; self.length];
        exponents[1] = self.length * (2 * pair + 1) / 2;
        for node in 2..self.length {
            let parent = exponents[node / 2];
            // The first child is modulo z^n − w, the second modulo z^n + w.
            exponents[node] = (parent + (node % 2) * self.whole()) / 2;
            // The second half of a branch that is its own conjugate has the conjugates of the first.
            let bits = node.ilog2();
            if self.is_single(pair) && node >> (bits - 1) == 3 {
                exponents[node] = order - exponents[node - (1 << (bits - 1))];
            }
        }
        exponents
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::{PRIMES, power};
    use super::*;

    #[test]
    fn lines_hold_all_light_and_not_much_more() {
        for count in (1..3000).chain([4096, 4371, 100_000, MOST_PIXELS]) {
            let axis = Axis::of(count).unwrap();
            assert!(axis.whole() >= 2 * count - 1, "{count}");
            assert!(
                axis.whole() < 3 * count + SHORTEST,
                "{count}: {}",
                axis.whole()
            );
            assert!([64, 256, 1024, 4096].contains(&axis.length));
            let kept: usize = (0..axis.pairs()).map(|pair| axis.kept(pair)).sum();
            assert_eq!(2 * kept, axis.whole());
        }
        assert_eq!(Axis::of(MOST_PIXELS + 1), None);
    }

    #[test]
    fn roots_split_polynomials_and_halves_are_conjugates() {
        for count in [30, 100, 200, 300, 5000] {
            let axis = Axis::of(count).unwrap();
            let prime = PRIMES[1];
            let order = 2 * axis.whole();
            let root = root_of_unity(order as u64, prime);
            let at = |exponent: usize| power(root, exponent as u64, prime);
            for pair in 0..axis.pairs() {
                let exponents = axis.exponents(pair);
                // c to the power of the branches is -1.
                let c = power(at(2 * exponents[1]), axis.branches as u64, prime);
                assert_eq!(c, prime - 1);
                for node in 2..axis.length {
                    let parent = at(exponents[node / 2]);
                    let own = if node % 2 == 0 {
                        parent
                    } else {
                        prime - parent
                    };
                    assert_eq!(at(2 * exponents[node]), own, "{count} {pair} {node}");
                }
                if axis.is_single(pair) {
                    for place in 0..axis.length / 4 {
                        let [one, other] = [0, 1].map(|half| {
                            at(exponents[axis.length / 2 + half * axis.length / 4 + place])
                        });
                        assert_eq!(one * other % prime, 1);
                    }
                }
            }
        }
    }
}
