// Uniform and normal deviates. Mirrors src/image/noise/deviates.rs; builds on philox.wgsl,
// strict.wgsl and elementary.wgsl.

struct Stream {
    pixel: u32,
    image: u32,
    purpose: u32,
    key: vec2<u32>,
}

fn stream_words(stream: Stream, block: u32) -> vec4<u32> {
    return philox4x32(vec4<u32>(block, stream.pixel, stream.image, stream.purpose), stream.key);
}

fn uniform_deviate(word: u32) -> f32 {
    let high = f32(word >> 16u);
    let low = sum(f32(word & 0xffffu), 0.5);
    return sum(product(high, TO_MINUS_16), product(low, TO_MINUS_32));
}

fn fine_uniform(high: u32, low: u32) -> f32 {
    if high >= 65536u {
        return uniform_deviate(high);
    }
    return product(uniform_deviate((high << 16u) | (low >> 16u)), TO_MINUS_16);
}

const TO_MINUS_16 = 1.0 / 65536.0;
const TO_MINUS_32 = 1.0 / 4294967296.0;

fn normal(stream: Stream) -> f32 {
    let words = stream_words(stream, 0u);
    let size = upper_normal(product(0.5, fine_uniform(words.x, words.y)));
    return select(-size, size, (words.z & 1u) == 0u);
}

fn upper_normal(tail: f32) -> f32 {
    let q = difference(0.5, tail);
    if q <= 0.425 {
        let r = difference(0.180625, product(q, q));
        let above = polynomial(r, vec4<f32>(59.109375, 159.29113, 50.43427, 3.3871327));
        let below = polynomial(r, vec4<f32>(67.18756, 78.75776, 17.895170, 1.0));
        return product(product(q, above), reciprocal(below));
    }
    let root = square_root(-logarithm(tail));
    if root <= 5.0 {
        let r = difference(root, 1.6);
        let above = polynomial(r, vec4<f32>(0.17023821, 1.3067285, 2.7568154, 1.4234373));
        let below = polynomial(r, vec4<f32>(0.0, 0.12021133, 0.73700164, 1.0));
        return product(above, reciprocal(below));
    }
    let r = difference(root, 5.0);
    let above = polynomial(r, vec4<f32>(0.017337205, 0.42868294, 3.0812264, 6.657905));
    let below = polynomial(r, vec4<f32>(0.0, 0.012258203, 0.24197894, 1.0));
    return product(above, reciprocal(below));
}

fn polynomial(x: f32, coefficients: vec4<f32>) -> f32 {
    let quadratic = sum(product(coefficients.x, x), coefficients.y);
    return sum(product(sum(product(quadratic, x), coefficients.z), x), coefficients.w);
}
