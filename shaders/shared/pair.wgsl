// Numbers of some 46 bits: the sum of two float32, of which the second is what the first has no digits
// for. Builds on strict.wgsl; the algorithms are those of Dekker and Knuth.

// a + b, exactly.
fn exact_sum(a: f32, b: f32) -> vec2<f32> {
    let high = sum(a, b);
    let of_b = difference(high, a);
    let low = sum(difference(a, difference(high, of_b)), difference(b, of_b));
    return vec2<f32>(high, low);
}

// The upper half of the digits: products of halves are exact.
fn upper_half(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}

// a * b, exactly.
fn exact_product(a: f32, b: f32) -> vec2<f32> {
    let high = product(a, b);
    let a_upper = upper_half(a);
    let b_upper = upper_half(b);
    let a_lower = difference(a, a_upper);
    let b_lower = difference(b, b_upper);
    let first = difference(product(a_upper, b_upper), high);
    let second = sum(first, product(a_upper, b_lower));
    let third = sum(second, product(a_lower, b_upper));
    return vec2<f32>(high, sum(third, product(a_lower, b_lower)));
}

fn pair_sum(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
    let high = exact_sum(a.x, b.x);
    return exact_sum(high.x, sum(high.y, sum(a.y, b.y)));
}

fn pair_product(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
    let high = exact_product(a.x, b.x);
    return exact_sum(high.x, sum(high.y, sum(product(a.x, b.y), product(a.y, b.x))));
}

// 1 / sqrt(x): that of float32, and one step towards the root.
fn pair_inverse_root(x: vec2<f32>) -> vec2<f32> {
    let root = strict(inverseSqrt(x.x));
    let square = pair_product(x, exact_product(root, root));
    let excess = sum(difference(square.x, 1.0), square.y);
    return exact_sum(root, -root * excess * (0.5 - 0.375 * excess));
}

// The Factor nearest to x, whose digits may be one too large.
fn pair_factor(x: vec2<f32>) -> vec4<i32> {
    return float_factor(x.x) + float_factor(x.y);
}

// The Factor of a float32. Nothing is rounded: each rest is a float32 again.
fn float_factor(x: f32) -> vec4<i32> {
    let first = round(4096.0 * x);
    let first_rest = 4096.0 * difference(4096.0 * x, first);
    let second = round(first_rest);
    let second_rest = 4096.0 * difference(first_rest, second);
    let third = round(second_rest);
    let fourth = round(4096.0 * difference(second_rest, third));
    return vec4<i32>(vec4<f32>(first, second, third, fourth));
}
