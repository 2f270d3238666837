// Philox 4x32-10, a counter-based generator. Mirrors src/random/philox.rs.

// The high and low word of the 64-bit product: WGSL has no wide multiplication.
fn wide_product(a: u32, b: u32) -> vec2<u32> {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let low = a_low * b_low;
    let middle = a_high * b_low + (low >> 16u);
    let carried = a_low * b_high + (middle & 0xffffu);
    return vec2<u32>(a_high * b_high + (middle >> 16u) + (carried >> 16u), a * b);
}

fn philox4x32(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    var block = counter;
    var round_key = key;
    for (var turn = 0; turn < 10; turn++) {
        let low = wide_product(block.x, 0xd2511f53u);
        let high = wide_product(block.z, 0xcd9e8d57u);
        block = vec4<u32>(
            high.x ^ block.y ^ round_key.x,
            high.y,
            low.x ^ block.w ^ round_key.y,
            low.y,
        );
        round_key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
    }
    return block;
}
