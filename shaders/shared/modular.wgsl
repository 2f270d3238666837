// Arithmetic modulo primes between 2^28 and 2^29, four numbers at once: exact on every device.
//
// A number stands for its residue. It may be as large as 8 primes, which fit a word; what a
// function takes and gives is said in primes. A factor that is known beforehand comes with its
// part, floor(factor * 2^32 / prime): the quotient of a product by the prime is then the high word
// of a product (Shoup), here to within 2.

// The modulus of each of the four numbers. An entry point sets it first.
var<private> prime: vec4<u32>;

// A factor below the prime, and its part.
struct Factor {
    value: vec4<u32>,
    part: vec4<u32>,
}

// The high words of products.
fn high_word(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let low_a = a & vec4<u32>(0xffffu);
    let low_b = b & vec4<u32>(0xffffu);
    let high_a = a >> vec4<u32>(16u);
    let high_b = b >> vec4<u32>(16u);
    let one = low_a * high_b;
    let other = high_a * low_b + ((low_a * low_b) >> vec4<u32>(16u)) + (one & vec4<u32>(0xffffu));
    return high_a * high_b + (one >> vec4<u32>(16u)) + (other >> vec4<u32>(16u));
}

// The high words of products, or up to 2 less.
fn nearly_high_word(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let high_a = a >> vec4<u32>(16u);
    let high_b = b >> vec4<u32>(16u);
    return high_a * high_b
        + ((high_a * (b & vec4<u32>(0xffffu))) >> vec4<u32>(16u))
        + (((a & vec4<u32>(0xffffu)) * high_b) >> vec4<u32>(16u));
}

// Any words times a factor: below 4 primes.
fn times(x: vec4<u32>, factor: Factor) -> vec4<u32> {
    return x * factor.value - nearly_high_word(x, factor.part) * prime;
}

// From below 8 primes to below 4. What is subtracted from a smaller number wraps around and is no
// minimum.
fn reduced(x: vec4<u32>) -> vec4<u32> {
    return min(x, x - 4u * prime);
}

// From below 8 primes to the residue itself.
fn residue(x: vec4<u32>) -> vec4<u32> {
    let below_two = min(reduced(x), reduced(x) - 2u * prime);
    return min(below_two, below_two - prime);
}

// The product of two numbers that are not known beforehand, `a` below 4 primes and `b` below one:
// below 4 primes. `reciprocal` is floor(2^60 / prime) (Barrett).
fn multiplied(a: vec4<u32>, b: vec4<u32>, reciprocal: vec4<u32>) -> vec4<u32> {
    let low = a * b;
    let top = (high_word(a, b) << vec4<u32>(4u)) | (low >> vec4<u32>(28u));
    return reduced(low - nearly_high_word(top, reciprocal) * prime);
}
