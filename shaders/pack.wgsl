// Counts as the numbers of a file. Mirrors Number::counted of src/formats/encoding.rs for whole counts,
// without a scale or an offset.

struct Packing {
    // The dispatch's first word, and what is behind its last.
    first: u32,
    end: u32,
    // Pixels of the image.
    pixels: u32,
    // FLOAT, U16, U32 or I32.
    number: u32,
    // 1 if not all pixels are rendered.
    masked: u32,
    // 1 if counts end at `saturation`.
    saturates: u32,
    saturation: f32,
}

const FLOAT = 0u;
const U16 = 1u;
const U32 = 2u;
const I32 = 3u;

@group(0) @binding(0) var<uniform> packing: Packing;
// Floats as words.
@group(0) @binding(1) var<storage, read> values: array<u32>;
// One bit for each pixel of the image.
@group(0) @binding(2) var<storage, read> rendered: array<u32>;
// Two numbers of 16 bits a word, or one of 32.
@group(0) @binding(3) var<storage, read_write> packed: array<u32>;
// Pixels above and below the numbers, without a number, and at the saturation.
@group(0) @binding(4) var<storage, read_write> counters: array<atomic<u32>, 4>;

const GROUP = 64u;
// Words of a thread: one for each counter that it adds to.
const WORDS = 16u;
const INFINITE_BITS = 0x7f800000u;

var<private> found: vec4<u32>;

@compute @workgroup_size(GROUP)
fn pack(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    for (var i = 0u; i < WORDS; i++) {
        let word = packing.first + (workgroup.x * WORDS + i) * GROUP + lane;
        if word >= packing.end {
            break;
        }
        if packing.number == U16 {
            packed[word] = number_of(2u * word) | (number_of(2u * word + 1u) << 16u);
        } else {
            packed[word] = number_of(word);
        }
    }
    for (var k = 0u; k < 4u; k++) {
        if found[k] > 0u {
            atomicAdd(&counters[k], found[k]);
        }
    }
}

fn number_of(pixel: u32) -> u32 {
    if pixel >= packing.pixels {
        return 0u;
    }
    let without_value = select(0u, 0xffffffffu, packing.number == I32);
    if packing.masked == 1u && ((rendered[pixel / 32u] >> (pixel % 32u)) & 1u) == 0u {
        return without_value;
    }
    let bits = values[pixel];
    let magnitude = bits & 0x7fffffffu;
    let negative = bits != magnitude;
    let is_number = magnitude <= INFINITE_BITS;
    // Numbers above 0 are in the order of their bits, infinity too.
    let at_saturation = !negative && bits >= bitcast<u32>(packing.saturation);
    found.w += u32(packing.saturates == 1u && is_number && at_saturation);
    if packing.number == FLOAT {
        return bits;
    }
    if !is_number {
        found.z += 1u;
        return without_value;
    }
    if negative {
        // -0.5 rounds to 0.
        found.y += u32(magnitude > 0x3f000000u);
        return 0u;
    }
    // 2^16, 2^32 and 2^31.
    let ends = vec4<u32>(0u, 0x47800000u, 0x4f800000u, 0x4f000000u);
    if bits >= ends[packing.number] {
        found.x += 1u;
        return vec4<u32>(0u, 0xffffu, 0xffffffffu, 0x7fffffffu)[packing.number];
    }
    return u32(bitcast<f32>(bits));
}
