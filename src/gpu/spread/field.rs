//! The primes that light is counted modulo, and what `shaders/shared/modular.wgsl` needs of them.

/// Primes with 3·2²⁰ | p − 1, between 2²⁸ and 2²⁹. Their product is more than 2¹¹⁵.
pub const PRIMES: [u64; 4] = [531_628_033, 493_879_297, 468_713_473, 459_276_289];

/// A factor, and its part: the WGSL `Factor`.
pub type Factor = [u32; 2];

/// `value` modulo `prime` as a factor.
pub fn factor(value: u64, prime: u64) -> Factor {
    let value = value % prime;
    [value as u32, ((value << 32) / prime) as u32]
}

/// `base` to the power of `exponent`, modulo `prime`.
pub fn power(base: u64, mut exponent: u64, prime: u64) -> u64 {
    let (mut result, mut square) = (1, base % prime);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * square % prime;
        }
        square = square * square % prime;
        exponent >>= 1;
    }
    result
}

/// The inverse of `value` modulo `prime`.
pub fn inverse(value: u64, prime: u64) -> u64 {
    power(value, prime - 2, prime)
}

/// A number whose powers modulo `prime` come back to 1 after `order`, which is 2ᵃ or 3·2ᵃ and
/// divides `prime` − 1.
pub fn root_of_unity(order: u64, prime: u64) -> u64 {
    let primitive = |base: &u64| {
        let differs = |divisor| power(*base, (prime - 1) / divisor, prime) != 1;
        differs(2) && differs(3)
    };
    // One of three numbers is.
    let base = (2..prime).find(primitive).unwrap_or(2);
    power(base, (prime - 1) / order, prime)
}

/// For the first, second and third prime: its inverses modulo all, as the values of four factors
/// and their parts.
pub fn inverses() -> [[u32; 4]; 6] {
    let mut all = [[0; 4]; 6];
    for (first, &of) in PRIMES[..3].iter().enumerate() {
        for (place, &prime) in PRIMES.iter().enumerate().skip(first + 1) {
            let [value, part] = factor(inverse(of, prime), prime);
            all[2 * first][place] = value;
            all[2 * first + 1][place] = part;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_are_what_the_shader_counts_on() {
        let mut product = 1.0;
        for prime in PRIMES {
            assert!(
                (2..prime)
                    .take_while(|d| d * d <= prime)
                    .all(|d| prime % d > 0)
            );
            assert!(prime > 1 << 28 && prime < 1 << 29);
            for order in [64, 192, 3 << 18, 1 << 20, 3 << 20] {
                assert_eq!((prime - 1) % order, 0);
                let root = root_of_unity(order, prime);
                assert_eq!(power(root, order, prime), 1);
                assert_eq!(power(root, order / 2, prime), prime - 1);
                let third = power(root, order / 3, prime);
                assert!(order % 3 > 0 || third != 1);
            }
            assert_eq!(inverse(12_345, prime) * 12_345 % prime, 1);
            product *= prime as f64;
        }
        // Twice 2¹¹⁴, for numbers of either sign, and what rounding adds.
        assert!(product > 2f64.powi(115) * 1.001);
    }
}
