//! What a point spread is made of: whole numbers, the same on the GPU as in Rust's own.

use nanobragg::gpu::spread_source;
use nanobragg::random::PhiloxStream;
use rand::RngExt;

use super::{any_words, check_words, inputs, log_uniform};
use crate::support::shader::Kernel;

/// The primes of `src/gpu/spread/field.rs`.
const PRIMES: [u64; 4] = [531_628_033, 493_879_297, 468_713_473, 459_276_289];
/// The one that tests of single primes take.
const PRIME: u64 = PRIMES[0];
const SET_PRIME: &str = "prime = vec4<u32>(531628033u);";

fn in_spread(body: &str) -> Kernel<'_> {
    Kernel::new(spread_source(), body)
}

/// The words of a uniform `Task` with these in their places.
fn task(set: &[(usize, u32)]) -> Vec<u32> {
    let mut words = vec![0; 48];
    words[..4].fill(PRIME as u32);
    set.iter().for_each(|&(place, word)| words[place] = word);
    words
}

const ORIGIN: usize = 31;
const EVEN: usize = 32;
const FIRST_LINE: usize = 33;
const END_LINE: usize = 34;
const DOWN: usize = 35;
const BITS: usize = 36;
const COUNT: usize = 37;
const BRANCHES: usize = 38;
const TABLES: usize = 41;
const POWERS: usize = 42;
const LINE_PITCH: usize = 43;
const PITCH: usize = 44;
const KERNEL_PITCH: usize = 46;
const ROW_HALF: usize = 47;

fn power(base: u64, exponent: u64) -> u64 {
    let base = u128::from(base);
    let square = |value: u128| value * value % u128::from(PRIME);
    let bits = (0..64).rev().map(|bit| exponent >> bit & 1);
    bits.fold(1u128, |value, bit| {
        square(value) * if bit == 1 { base } else { 1 } % u128::from(PRIME)
    }) as u64
}

fn part(value: u64) -> u32 {
    ((value << 32) / PRIME) as u32
}

fn below(rng: &mut PhiloxStream, end: u64) -> u32 {
    rng.random_range(0..end) as u32
}

fn residues<const COUNT: usize>(words: [u32; COUNT]) -> [u64; COUNT] {
    words.map(|word| u64::from(word) % PRIME)
}

/// Runs `kernel`, and has `right` judge each output.
fn judge<const IN: usize, const OUT: usize>(
    name: &str,
    kernel: Kernel,
    inputs: &[[u32; IN]],
    right: impl Fn([u32; IN], [u32; OUT]) -> bool,
) {
    let outputs = kernel.run(inputs.as_flattened(), IN, OUT);
    let (outputs, _) = outputs.as_chunks::<OUT>();
    assert_eq!(outputs.len(), inputs.len());
    for (input, found) in inputs.iter().zip(outputs) {
        assert!(right(*input, *found), "{name} of {input:?}: {found:?}");
    }
}

#[test]
fn products_of_words_are_exact() {
    let edges = vec![[0, 0], [u32::MAX; 2], [u32::MAX, 1], [0xffff, 0x10001]];
    let pairs = inputs(60, edges, any_words::<2>);
    let body = "put_word(0u, high_word(vec4<u32>(word(0u)), vec4<u32>(word(1u))).z);
        put_word(1u, nearly_high_word(vec4<u32>(word(0u)), vec4<u32>(word(1u))).y);";
    judge(
        "high words",
        in_spread(body),
        &pairs,
        |[a, b], [exact, nearly]| {
            let high = ((u64::from(a) * u64::from(b)) >> 32) as u32;
            exact == high && (0..=2).contains(&high.wrapping_sub(nearly))
        },
    );
}

#[test]
fn arithmetic_is_that_of_residues() {
    let largest = PRIME as u32 - 1;
    let edges = vec![[u32::MAX, largest], [0, largest], [u32::MAX, 0]];
    let pairs = inputs(61, edges, |rng| [any_words::<1>(rng)[0], below(rng, PRIME)]);
    let pairs: Vec<[u32; 3]> = pairs
        .iter()
        .map(|&[x, factor]| [x, factor, part(factor.into())])
        .collect();
    let body = format!(
        "{SET_PRIME} put_word(0u, times(vec4<u32>(word(0u)),
            Factor(vec4<u32>(word(1u)), vec4<u32>(word(2u)))).x);"
    );
    judge(
        "times",
        in_spread(&body),
        &pairs,
        |[x, factor, _], [found]| {
            let expected = u64::from(x) * u64::from(factor) % PRIME;
            u64::from(found) < 4 * PRIME && u64::from(found) % PRIME == expected
        },
    );
    let edges = [0, 1, 4, 7, 8].map(|k| [(k * PRIME).saturating_sub(1) as u32]);
    let below_eight = inputs(62, edges.to_vec(), |rng| [below(rng, 8 * PRIME)]);
    let body = format!(
        "{SET_PRIME} put_word(0u, reduced(vec4<u32>(word(0u))).w);
        put_word(1u, residue(vec4<u32>(word(0u))).w);"
    );
    judge(
        "reduced",
        in_spread(&body),
        &below_eight,
        |[x], [reduced, residue]| {
            let [expected] = residues([x]);
            u64::from(reduced) < 4 * PRIME
                && residues([reduced]) == [expected]
                && u64::from(residue) == expected
        },
    );
    let edges = vec![[(4 * PRIME - 1) as u32, largest]];
    let pairs = inputs(63, edges, |rng| [below(rng, 4 * PRIME), below(rng, PRIME)]);
    let body = format!(
        "{SET_PRIME} put_word(0u, multiplied(vec4<u32>(word(0u)), vec4<u32>(word(1u)),
            vec4<u32>({}u)).x);",
        (1 << 60) / PRIME
    );
    judge("multiplied", in_spread(&body), &pairs, |[a, b], [found]| {
        let expected = u64::from(a) * u64::from(b) % PRIME;
        u64::from(found) < 4 * PRIME && u64::from(found) % PRIME == expected
    });
}

#[test]
fn floats_become_whole_numbers_and_come_back() {
    let largest = 140u32;
    let edges = [
        0.0f32,
        1.0,
        1.5,
        f32::MIN_POSITIVE,
        1e-40,
        -8191.5,
        f32::INFINITY,
        f32::NAN,
    ];
    let bits = inputs(64, edges.map(|x| [x.to_bits()]).to_vec(), |rng| {
        let sign = u32::from(rng.random_bool(0.3)) << 31;
        [log_uniform(rng, 1e-15, 16_383.0).to_bits() | sign]
    });
    let body = format!(
        "let found = fixed(word(0u), {largest}u);
        put_word(0u, found.words.x); put_word(1u, found.words.y); put_word(2u, u32(found.negative));"
    );
    judge(
        "fixed",
        in_spread(&body),
        &bits,
        |[bits], [low, high, negative]| {
            let value = f64::from(f32::from_bits(bits));
            let expected = if value.is_finite() {
                // Halves go up.
                (value.abs() * 2f64.powi(182 - largest as i32) + 0.5).floor() as u64
            } else {
                0
            };
            u64::from(low) | u64::from(high) << 32 == expected && negative == bits >> 31
        },
    );

    let whole = |words: [u32; 4]| {
        let words = words.into_iter().rev();
        words.fold(0u128, |value, word| value << 32 | u128::from(word))
    };
    let words = |value: u128| [0, 32, 64, 96].map(|shift| (value >> shift) as u32);
    let any = inputs(
        65,
        vec![[0; 6], [u32::MAX, u32::MAX, u32::MAX, 7, 0, 0]],
        |rng| {
            let [x, y, z, w] = words(whole(any_words(rng)) >> rng.random_range(29..128));
            [x, y, z, w, below(rng, 1 << 29), below(rng, 1 << 29)]
        },
    );
    let body = "let found = scaled(vec4<u32>(word(0u), word(1u), word(2u), word(3u)), word(4u),
            word(5u));
        put_word(0u, found.x); put_word(1u, found.y); put_word(2u, found.z); put_word(3u, found.w);";
    check_words(
        "scaled",
        in_spread(body),
        &any,
        |[x, y, z, w, factor, added]| {
            words(whole([x, y, z, w]) * u128::from(factor) + u128::from(added))
        },
    );
    // Ties among them, whose even neighbour is right.
    let ties = [0x100_0001, 0x100_0003, 0x1ff_ffff, 0x180, 1].map(words);
    let more = ties.map(|[x, y, z, w]| [x, y, z, w, 0, 0]).to_vec();
    let any = [any, more].concat();
    let body =
        "put_word(0u, nearest_float(vec4<u32>(word(0u), word(1u), word(2u), word(3u)), 107));";
    check_words(
        "nearest_float",
        in_spread(body),
        &any,
        |[x, y, z, w, _, _]| {
            let value = whole([x, y, z, w]) as f32 * 2f32.powi(-20);
            [if value.is_normal() {
                value.to_bits()
            } else {
                0
            }]
        },
    );
}

/// Four `Factor`s in words: of the inverses of the first three primes.
fn inverses() -> String {
    let inverse = |of: u64, prime: u64| {
        // Fermat's.
        let (mut value, mut square, mut exponent) = (1, of % prime, prime - 2);
        while exponent > 0 {
            if exponent % 2 == 1 {
                value = value * square % prime;
            }
            square = square * square % prime;
            exponent /= 2;
        }
        value
    };
    let factors = (0..3).map(|own| {
        let values = PRIMES.map(|prime| inverse(PRIMES[own], prime));
        let parts = [0, 1, 2, 3].map(|place| (values[place] << 32) / PRIMES[place]);
        let vector = |words: [u64; 4]| {
            let words = words.map(|word| format!("{word}u")).join(", ");
            format!("vec4<u32>({words})")
        };
        format!("Factor({}, {})", vector(values), vector(parts))
    });
    factors.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_number_is_known_by_its_residues() {
    let half = PRIMES.iter().map(|&prime| prime as f64).product::<f64>() / 2.0;
    assert!(half > 2f64.powi(114));
    let edges: Vec<[u32; 5]> = vec![[0; 5], [1, 0, 0, 0, 1], [u32::MAX; 5]];
    let numbers = inputs(66, edges, any_words::<5>);
    let number = |[x, y, z, w, shift]: [u32; 5]| {
        let words = [w, z, y, x].into_iter();
        let value = words.fold(0i128, |value, word| value << 32 | i128::from(word));
        // Numbers of both signs, below 2^114.
        value >> (14 + shift % 110)
    };
    let cases: Vec<[u32; 9]> = numbers
        .iter()
        .map(|&words| {
            let value = number(words);
            let residues = PRIMES.map(|prime| value.rem_euclid(prime.into()) as u32);
            let mut case = [0; 9];
            case[..4].copy_from_slice(&residues);
            case[4..].copy_from_slice(&words);
            case
        })
        .collect();
    let [x, y, z, w] = PRIMES;
    let body = format!(
        "prime = vec4<u32>({x}u, {y}u, {z}u, {w}u);
        let residues = vec4<u32>(word(0u), word(1u), word(2u), word(3u));
        let found = digits(residues, {});
        put_word(0u, float_of_digits(found, 107));",
        inverses()
    );
    check_words("float_of_digits", in_spread(&body), &cases, |case| {
        let [.., a, b, c, d, e] = case;
        let value = number([a, b, c, d, e]) as f32 * 2f32.powi(-20);
        [if value.is_normal() {
            value.to_bits()
        } else {
            value.to_bits() & 1 << 31
        }]
    });
}

/// Roots of z^length - c, c = w^length for a root of unity, as the shader has them, and the inverse
/// ones behind them: words of vectors of four.
fn tables(length: usize, branches: usize) -> (Vec<u32>, Vec<u64>) {
    let order = 2 * length * branches;
    // 5 is no square and no third power.
    let unit = power(5, (PRIME - 1) / order as u64);
    assert_eq!(power(unit, order as u64 / 2), PRIME - 1);
    let mut exponents = vec![0; length];
    exponents[1] = length / 2;
    // At the end of the tree each node is a value of the polynomial.
    let mut leaves = vec![0; 2 * length];
    leaves[1] = length;
    for node in 2..2 * length {
        let parent = leaves[node / 2] / 2;
        leaves[node] = if node % 2 == 0 {
            parent
        } else {
            parent + order / 2
        };
        if node < length {
            exponents[node] = leaves[node] / 2;
        }
    }
    let mut words = Vec::new();
    for inverse in [false, true] {
        let exponents = exponents.iter().map(
            |&exponent| {
                if inverse { order - exponent } else { exponent }
            },
        );
        let values: Vec<u64> = exponents
            .map(|exponent| power(unit, exponent as u64))
            .collect();
        words.extend(values.iter().map(|&value| value as u32));
        words.extend(values.iter().map(|&value| part(value)));
    }
    let places = leaves[length..].iter();
    (
        words,
        places
            .map(|&exponent| power(unit, exponent as u64))
            .collect(),
    )
}

/// A body's function that has a thread's sixteen words, and one that writes as many.
const SIXTEEN: &str = "
fn given(k: u32) -> vec4<u32> {
    return vec4<u32>(word(k), word(k + 1u), word(k + 2u), word(k + 3u));
}
fn sixteen() -> Sixteen { return Sixteen(given(0u), given(4u), given(8u), given(12u)); }
fn put_four(k: u32, x: vec4<u32>) {
    put_word(k, x.x); put_word(k + 1u, x.y); put_word(k + 2u, x.z); put_word(k + 3u, x.w);
}
fn put_sixteen(x: Sixteen) {
    put_four(0u, x[0]); put_four(4u, x[1]); put_four(8u, x[2]); put_four(12u, x[3]);
}
";

#[test]
fn splits_are_those_of_polynomials_and_are_taken_back() {
    let (table, _) = tables(64, 2);
    let sixteens = inputs(67, vec![[0; 16]], |rng| {
        let [mut words] = [any_words::<16>(rng)];
        words.iter_mut().for_each(|word| *word %= 4 * PRIME as u32);
        words
    });
    let node = 3;
    let root = |inverse: usize, node: usize| u64::from(table[128 * inverse + node]);
    // Two splits of each four numbers that are 4 apart.
    let body = format!(
        "{SET_PRIME} let x = split(sixteen(), root(0u, 64u, {node}u), root(0u, 64u, {}u),
            root(0u, 64u, {}u));
        put_sixteen(x);",
        2 * node,
        2 * node + 1
    );
    let kernel = in_spread(&body).helpers(SIXTEEN).storage(2, table.clone());
    judge("split", kernel, &sixteens, |x, found: [u32; 16]| {
        let x = residues(x);
        (0..4).all(|place| {
            let halves =
                |a: u64, b: u64, w: u64| [(a + b * w) % PRIME, (a + b * (PRIME - w)) % PRIME];
            let [a, c] = halves(x[place], x[place + 8], root(0, node));
            let [b, d] = halves(x[place + 4], x[place + 12], root(0, node));
            let [first, second] = halves(a, b, root(0, 2 * node));
            let [third, fourth] = halves(c, d, root(0, 2 * node + 1));
            let expected = [first, second, third, fourth];
            let own = [0, 4, 8, 12].map(|k| found[place + k]);
            residues(own) == expected && own.iter().all(|&x| u64::from(x) < 8 * PRIME)
        })
    });
    let back = "let y = Sixteen(reduced(x[0]), reduced(x[1]), reduced(x[2]), reduced(x[3]));";
    let bodies = [
        (
            4,
            "let x = split(sixteen(), root(0u, 64u, 1u), root(0u, 64u, 2u), root(0u, 64u, 3u));",
            "join(y, root(32u, 64u, 1u), root(32u, 64u, 2u), root(32u, 64u, 3u))",
        ),
        (
            16,
            "let x = split_four_times(sixteen(), 0u, 64u, 2u);",
            "join_four_times(y, 32u, 64u, 2u)",
        ),
        (1, "let x = transposed(sixteen());", "transposed(y)"),
    ];
    for (times, there, join) in bodies {
        let body = format!("{SET_PRIME} {there} {back} put_sixteen({join});");
        let mut kernel = in_spread(&body).helpers(SIXTEEN);
        if times > 1 {
            kernel = kernel.storage(2, table.clone());
        }
        judge(join, kernel, &sixteens, |x, found: [u32; 16]| {
            let expected = residues(x).map(|x| times * x % PRIME);
            residues(found) == expected && found.iter().all(|&x| u64::from(x) < 4 * PRIME)
        });
    }
    let body = "let x = four_roots(32u, 64u, 3u + word(0u)); let y = four_roots(32u, 64u, 4u);
        put_four(0u, x.value); put_four(4u, x.part);
        put_four(8u, even_roots(x, y).value); put_four(12u, odd_roots(x, y).part);";
    let kernel = in_spread(body).helpers(SIXTEEN).storage(2, table.clone());
    check_words::<1, 16>("roots", kernel, &[[0]], |_| {
        let at = |place: usize| table[128 + place];
        let [value, part] = [12, 64 + 12];
        std::array::from_fn(|k| match k {
            0..4 => at(value + k),
            4..8 => at(part + k - 4),
            8..12 => at(value + 2 * (k - 8)),
            _ => at(part + 2 * (k - 12) + 1),
        })
    });
}

#[test]
fn numbers_change_hands() {
    // Each thread puts down what another picks up; banks are a permutation.
    let body = "let x = vec4<u32>(lane, lane + 64u, lane + 128u, lane + 192u);
        let y = vec4<u32>(256u);
        put_down(Sixteen(x, x + y, x + 2u * y, x + 3u * y), lane, 64u);
        workgroupBarrier();
        put_sixteen(pick_up(16u * lane, 1u)); put_four(16u, four_of_line(word(0u), 64u));
        put_word(20u, bank(lane * 61u));";
    let lanes: Vec<[u32; 1]> = (0..64).map(|lane| [lane]).collect();
    let kernel = in_spread(body).helpers(SIXTEEN);
    check_words::<1, 21>("places", kernel, &lanes, |[lane]| {
        let place = lane * 61;
        std::array::from_fn(|k| match k as u32 {
            k @ 0..16 => 16 * lane + k,
            k @ 16..20 => lane + 64 * (k - 16),
            _ => place ^ ((place >> 4 ^ place >> 8) & 15),
        })
    });
    let places = inputs(68, vec![[0, 0, 0]], |rng| {
        let bits = [0, 4, 8][rng.random_range(0..3)];
        [4096 * below(rng, 4), below(rng, 256), bits]
    });
    let body = "put_word(0u, first_place(word(0u), word(1u), word(2u)));";
    check_words(
        "first_place",
        in_spread(body),
        &places,
        |[start, thread, bits]| {
            let stride = 1 << bits;
            [start + thread / stride * 16 * stride + thread % stride]
        },
    );
    let bits: Vec<[u32; 1]> = [6, 8, 10, 12].map(|bits| [bits]).to_vec();
    let body = "put_word(0u, u32(splits_left_over(word(0u))));";
    check_words("splits_left_over", in_spread(body), &bits, |[bits]| {
        [bits % 4 / 2]
    });
}

#[test]
fn transforms_are_values_of_polynomials() {
    for (bits, branches) in [(6, 1), (8, 2), (10, 2)] {
        let length = 1usize << bits;
        let (table, places) = tables(length, branches);
        let threads = length / 16;
        let lines = 64 / threads;
        let mut rng = PhiloxStream::new(69, 0, bits, 0);
        let numbers: Vec<u32> = (0..64 * 16).map(|_| below(&mut rng, 4 * PRIME)).collect();
        // Thread by thread: its numbers are length / 16 apart.
        let mut words = Vec::new();
        for lane in 0..64 {
            let (line, thread) = (lane / threads, lane % threads);
            words.extend((0..16).map(|k| numbers[line * length + thread + k * threads]));
        }
        let common = format!(
            "{SET_PRIME} let own = lane % {threads}u; let start = lane / {threads}u * {length}u;
            let x = transform(sixteen(), 0u, {bits}u, own, start);"
        );
        let body = common.clone() + "put_sixteen(x);";
        let kernel = in_spread(&body).helpers(SIXTEEN).storage(2, table.clone());
        let found = kernel.run(&words, 16, 16);
        for line in 0..lines {
            let own = &numbers[line * length..][..length];
            for (value, &z) in found[line * length..][..length].iter().zip(&places) {
                let horner = |sum: u64, &number: &u32| (sum * z + u64::from(number)) % PRIME;
                assert_eq!(u64::from(*value) % PRIME, own.iter().rev().fold(0, horner));
            }
        }
        let body = common
            + &format!(
                "let y = Sixteen(reduced(x[0]), reduced(x[1]), reduced(x[2]), reduced(x[3]));
                put_sixteen(transform_back(y, {}u, {bits}u, own, start));",
                length / 2
            );
        let kernel = in_spread(&body).helpers(SIXTEEN).storage(2, table);
        let found = kernel.run(&words, 16, 16);
        for (found, number) in found.iter().zip(&words) {
            let expected = u64::from(*number) * length as u64 % PRIME;
            assert_eq!(u64::from(*found) % PRIME, expected);
            assert!(u64::from(*found) < 4 * PRIME);
        }
    }
}

#[test]
fn threads_and_branches_have_their_places() {
    let threads: Vec<[u32; 2]> = (0..512).map(|index| [index / 256, index % 256]).collect();
    for (down, bits) in [(0, 8), (1, 8), (1, 12), (0, 6)] {
        let words = task(&[(FIRST_LINE, 7), (DOWN, down), (BITS, bits)]);
        let body = "let own = seat_of(word(0u), word(1u));
            put_word(0u, own.line); put_word(1u, own.thread); put_word(2u, own.start);";
        let kernel = in_spread(body).storage(0, words);
        check_words("seat_of", kernel, &threads, |[group, thread]| {
            let (of_line, lines) = (1 << bits >> 4, 4096 >> bits);
            let [line, own] = if down == 1 {
                [thread % lines, thread / lines]
            } else {
                [thread / of_line, thread % of_line]
            };
            [7 + group * lines + line, own, line << bits]
        });
    }
    for branches in [1, 2, 3, 6] {
        let words = task(&[(BITS, 6), (BRANCHES, branches), (TABLES, 100), (POWERS, 2)]);
        let rows: Vec<u32> = (0..400).collect();
        let numbers: Vec<[u32; 1]> = (0..branches).map(|number| [number]).collect();
        let body = "let own = branch_of(word(0u));
            put_word(0u, own.pair); put_word(1u, own.conjugate); put_word(2u, u32(own.single));
            put_word(3u, table_of(own, 0u)); put_word(4u, table_of(own, 1u));
            put_word(5u, power(own, 0u, 3u).x); put_word(6u, power(own, 1u, 3u).w);";
        let kernel = in_spread(body).storage(0, words).storage(2, rows);
        check_words("branch_of", kernel, &numbers, |[number]| {
            let other = branches - 1 - number;
            let (pair, conjugate) = (number.min(other), u32::from(number > other));
            let table = |inverse| 2 * pair + (conjugate + inverse) % 2;
            let power = |inverse| 4 * (2 + table(inverse) * branches + 3);
            [
                pair,
                conjugate,
                u32::from(number == other),
                100 + 32 * table(0),
                100 + 32 * table(1),
                power(0),
                power(1) + 3,
            ]
        });
    }
    let places = inputs(70, vec![[0, 0]], |rng| {
        [below(rng, 4096), [0, 2, 8, 128][rng.random_range(0..4)]]
    });
    let body = "put_word(0u, without_bit(word(0u), word(1u)));";
    check_words("without_bit", in_spread(body), &places, |[place, half]| {
        [if half == 0 {
            place
        } else {
            place % half + place / (2 * half) * half
        }]
    });
}

/// Branches with c, c^2 and their parts, which stand at 0 in the table of powers.
fn powers(c: u64, branches: u64) -> Vec<u32> {
    let unit = 1u64 << 32;
    let inverse = power(c, PRIME - 2);
    let of = |c: u64| {
        (0..branches).flat_map(move |k| {
            let value = power(c, k);
            let high = (u128::from(value) * u128::from(unit) % u128::from(PRIME)) as u64;
            [value as u32, part(value), high as u32, part(high)]
        })
    };
    of(c).chain(of(inverse)).collect()
}

#[test]
fn lines_are_folded_and_unfolded() {
    // Three lines of 100 pixels in branches of 64 numbers; c is any number here.
    let (bits, count, branches, c) = (6u32, 100u32, 4u32, 123_456_789u64);
    let fields = |origin: u32, even: u32| {
        task(&[
            (ORIGIN, origin),
            (EVEN, even),
            (END_LINE, 3),
            (BITS, bits),
            (COUNT, count),
            (BRANCHES, branches),
            (LINE_PITCH, count),
            (PITCH, 1),
        ])
    };
    let mut rng = PhiloxStream::new(71, 0, 0, 0);
    let first = 5;
    let floats: Vec<f32> = (0..first + 3 * count)
        .map(|index| {
            if index % 7 == 0 {
                -3.0
            } else {
                below(&mut rng, 1000) as f32
            }
        })
        .collect();
    let pixels: Vec<u32> = floats.iter().map(|value| value.to_bits()).collect();
    let words: Vec<u32> = (0..3 * count).map(|_| below(&mut rng, 1 << 29)).collect();
    let largest = 1000f32.to_bits();
    let exponent = largest >> 23;
    let whole = |line: u32, at: u32| {
        let value = f64::from(floats[(first + line * count + at) as usize]);
        (value * 2f64.powi(182 - exponent as i32)) as i128
    };
    let parts = |line: u32, at: u32| {
        let place = (line * count + at) as usize;
        i128::from(pixels[place]) | i128::from(words[place]) << 32
    };
    let length = branches << bits;
    // The line as a polynomial: an even one goes on before its start, where z^N is -1.
    let number = |origin: u32, even: u32, line: u32, at: u32| -> i128 {
        let (at, sign) = if even == 1 && at >= count {
            (length - at, -1)
        } else {
            (at, 1)
        };
        if line >= 3 || at >= count {
            return 0;
        }
        sign * match origin {
            0 => whole(line, at),
            1 => parts(line, at),
            _ => i128::from(words[(line * count + at) as usize]),
        }
    };
    for (origin, even) in [(0, 0), (1, 1), (2, 0), (2, 1)] {
        let places = inputs(72, vec![[0, 0], [2, 99], [3, 5]], |rng| {
            [below(rng, 4), below(rng, length.into())]
        });
        let bound = |kernel: Kernel<'static>| {
            kernel
                .storage(0, fields(origin, even))
                .storage(1, pixels.clone())
                .storage(3, words.clone())
                .storage(6, vec![largest, first])
        };
        let body = "let x = number(word(0u), word(1u));
            put_word(0u, x.words.x); put_word(1u, x.words.y); put_word(2u, u32(x.negative));
            put_word(3u, largest_exponent());";
        check_words("number", bound(in_spread(body)), &places, |[line, at]| {
            let value = number(origin, even, line, at);
            let size = value.unsigned_abs();
            // Zero may have either sign; here nothing is.
            [
                size as u32,
                (size >> 32) as u32,
                u32::from(value < 0),
                exponent,
            ]
        });
        let seats: Vec<[u32; 2]> = (0..3)
            .flat_map(|line| (0..4).map(move |u| [line, u]))
            .collect();
        let body = "prime = task.prime;
            put_sixteen(numbers(Seat(word(0u), word(1u), 0u), branch_of(0u)));
            put_four(16u, folded(vec4<u32>(1u), word(0u), word(1u), power(branch_of(0u), 0u, 1u)));";
        let kernel = bound(in_spread(body))
            .helpers(SIXTEEN)
            .storage(2, powers(c, branches.into()));
        judge(
            "folded",
            kernel,
            &seats,
            |[line, thread], found: [u32; 20]| {
                let modulo = |value: i128| value.rem_euclid(PRIME.into()) as u64;
                let folded = |at: u32| {
                    (0..branches).fold(0, |sum, k| {
                        let term = modulo(number(origin, even, line, at + (k << bits)));
                        let beyond = even == 0 && k > 1;
                        (sum + if beyond {
                            0
                        } else {
                            term * power(c, k.into()) % PRIME
                        }) % PRIME
                    })
                };
                let found = residues(found);
                let one =
                    |k: u32| 1 + modulo(number(origin, even, line, thread + 4 * k)) * c % PRIME;
                (0..16).all(|k| found[k as usize] == folded(thread + 4 * k))
                    && (0..4).all(|k| found[16 + k as usize] == one(k) % PRIME)
            },
        );
    }
    // Unfolded: every chunk of a line gets the numbers times a power of 1 / c.
    let seats: Vec<[u32; 18]> = (0..4)
        .map(|thread| {
            let mut words = [0; 18];
            words[..16].fill_with(|| below(&mut rng, 4 * PRIME));
            words[16..].copy_from_slice(&[1, thread]);
            words
        })
        .collect();
    let body = "prime = task.prime; let seat = Seat(word(16u), word(17u), 0u);
        unfold(sixteen(), seat, branch_of(0u), true);
        unfold(sixteen(), seat, branch_of(0u), false);
        add_four(vec4<u32>(1u, 2u, 3u, 4u), seat.line, seat.thread, false);
        add_number(5u, seat.line, seat.thread, false);
        for (var k = 0u; k < 32u; k++) {
            put_word(k, outcome[100u + min(seat.thread + 4u * k, 99u)]);
        }";
    let kernel = in_spread(body)
        .helpers(SIXTEEN)
        .storage(0, fields(2, 0))
        .storage(2, powers(c, branches.into()))
        .storage(4, vec![0; 300]);
    let inverse = power(c, PRIME - 2);
    judge("unfold", kernel, &seats, |words, found: [u32; 32]| {
        (0..32).filter(|k| words[17] + 4 * k < count).all(|k| {
            let own = u64::from(words[(k % 16) as usize]) * power(inverse, (k / 16).into()) % PRIME;
            let added = if k < 4 { k + 1 } else { 0 } + if k == 0 { 5 } else { 0 };
            u64::from(found[k as usize]) % PRIME == (2 * own + u64::from(added)) % PRIME
        })
    });
}

#[test]
fn values_are_kept_and_found() {
    let fields = |row_half: u32| {
        task(&[
            (END_LINE, 40),
            (BITS, 6),
            (BRANCHES, 3),
            (KERNEL_PITCH, 50),
            (ROW_HALF, row_half),
        ])
    };
    // The third branch is the first one's conjugate, the second its own.
    let seats: Vec<[u32; 3]> = (0..3 * 40 * 4)
        .map(|index| [index % 3, index / 3 % 40, index / 120])
        .collect();
    for row_half in [0, 4] {
        let place = move |[branch, line, thread]: [u32; 3], k: u32| {
            let without = |place: u32, half: u32| place % half + place / (2 * half) * half;
            let row = thread + 4 * k;
            let row = if branch == 1 { without(row, 2) } else { row };
            let line = if row_half == 0 {
                line
            } else {
                without(line, row_half)
            };
            (branch.min(2 - branch) * 64 + row) * 50 + line
        };
        let body = "let own = branch_of(word(0u)); let seat = Seat(word(1u), word(2u), 0u);
            put_word(0u, kernel_place(seat, own, 5u)); put_four(1u, kernel_four(seat, own, 8u));
            put_four(5u, kernel_four(Seat(40u, 0u, 0u), own, 0u));";
        let kernel = in_spread(body)
            .helpers(SIXTEEN)
            .storage(0, fields(row_half))
            .storage(5, (0..6400).map(|place| 3 * place).collect());
        check_words::<3, 9>("kernel_four", kernel, &seats, |seat| {
            std::array::from_fn(|k| match k as u32 {
                0 => place(seat, 5),
                k @ 1..5 => 3 * place(seat, 7 + k),
                _ => 0,
            })
        });
        let body = "let own = branch_of(word(0u)); let seat = Seat(word(1u), word(2u), 0u);
            keep_kernel_four(vec4<u32>(6u, 7u, 8u, 9u), seat, own, 4u);
            put_word(0u, outcome[kernel_place(seat, own, 6u)]);";
        let kernel = in_spread(body)
            .storage(0, fields(row_half))
            .storage(4, vec![0; 6400]);
        // No two threads write to one place here, unless they write the same.
        check_words("keep_kernel_four", kernel, &seats[..1], |_| [8]);
    }
    let places: Vec<[u32; 1]> = (0..4).map(|thread| [thread]).collect();
    let body = "keep_four(vec4<u32>(1u, 2u, 3u, 4u) + 10u * word(0u), word(0u));
        put_four(0u, vec4<u32>(outcome[word(0u)], outcome[word(0u) + 4u], outcome[word(0u) + 8u],
            outcome[word(0u) + 12u]));
        put_four(4u, kept_four(word(0u)));";
    let kernel = in_spread(body)
        .helpers(SIXTEEN)
        .storage(0, fields(0))
        .storage(4, vec![0; 16])
        .storage(3, (0..16).collect());
    check_words::<1, 8>("keep_four", kernel, &places, |[thread]| {
        std::array::from_fn(|k| match k as u32 {
            k @ 0..4 => k + 1 + 10 * thread,
            k => thread + 4 * (k - 4),
        })
    });
}
