// Statistics of the photons of an image: each thread adds up a run of pixels, in pairs of float32 and
// over a power of two, so that neither squares nor small numbers leave float32. The host adds up the
// runs. Builds on shared/pair.wgsl and what that builds on.

struct Summing {
    // The dispatch's first workgroup.
    first: u32,
    // Pixels of the image.
    pixels: u32,
    // 1 if not all pixels are rendered.
    masked: u32,
    // What strict.wgsl wants: 0.
    no_bits: u32,
}

// Sums over the rendered pixels of a run. Those that are no finite number are in none but `not_finite`
// and, if infinite, in `largest`.
struct RunSums {
    pixels: u32,
    not_finite: u32,
    largest: f32,
    largest_at: u32, // the first of them
    exponent: i32, // sums are of values over 2^exponent
    middle: f32, // deviations are from here
    sum: f32,
    sum_low: f32,
    squares: f32,
    squares_low: f32,
    deviations: f32,
    deviations_low: f32,
}

@group(0) @binding(0) var<uniform> summing: Summing;
// Floats as words.
@group(0) @binding(1) var<storage, read> values: array<u32>;
// One bit for each pixel of the image.
@group(0) @binding(2) var<storage, read> rendered: array<u32>;
@group(0) @binding(3) var<storage, read_write> runs: array<RunSums>;

const GROUP = 64u;
// Pixels of a run, GROUP apart.
const RUN = 256u;
const INFINITE_BITS = 0x7f800000u;

@compute @workgroup_size(GROUP)
fn statistics(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    no_bits = summing.no_bits;
    let group = summing.first + workgroup.x;
    let start = group * RUN * GROUP + lane;
    var run = RunSums();
    // The bits of numbers in their order, all below those of the first pixel.
    var most = 0u;
    var most_finite = 0u;
    for (var i = 0u; i < RUN; i++) {
        let pixel = start + i * GROUP;
        if !counts(pixel) {
            continue;
        }
        let bits = values[pixel];
        let magnitude = bits & 0x7fffffffu;
        run.pixels += 1u;
        if magnitude >= INFINITE_BITS {
            run.not_finite += 1u;
        } else {
            most_finite = max(most_finite, magnitude);
        }
        let order = select(bits | 0x80000000u, ~bits, bits != magnitude);
        if magnitude <= INFINITE_BITS && order > most {
            most = order;
            run.largest = bitcast<f32>(bits);
            run.largest_at = pixel;
        }
    }
    run.exponent = clamp(i32(most_finite >> 23u) - 127, -100, 126);
    let scale = bitcast<f32>(u32(127 - run.exponent) << 23u);
    var total = vec2<f32>();
    var squares = vec2<f32>();
    for (var i = 0u; i < RUN; i++) {
        let value = finite(start + i * GROUP, scale);
        total = pair_sum(total, vec2<f32>(value, 0.0));
        squares = pair_sum(squares, exact_product(value, value));
    }
    let count = f32(run.pixels - run.not_finite);
    run.middle = total.x / max(count, 1.0);
    var deviations = vec2<f32>();
    for (var i = 0u; i < RUN; i++) {
        let pixel = start + i * GROUP;
        if counts(pixel) && (values[pixel] & 0x7fffffffu) < INFINITE_BITS {
            let apart = exact_sum(finite(pixel, scale), -run.middle);
            deviations = pair_sum(deviations, pair_product(apart, apart));
        }
    }
    run.sum = total.x;
    run.sum_low = total.y;
    run.squares = squares.x;
    run.squares_low = squares.y;
    run.deviations = deviations.x;
    run.deviations_low = deviations.y;
    runs[group * GROUP + lane] = run;
}

// Whether `pixel` is one of the image that was rendered.
fn counts(pixel: u32) -> bool {
    if pixel >= summing.pixels {
        return false;
    }
    return summing.masked == 0u || ((rendered[pixel / 32u] >> (pixel % 32u)) & 1u) == 1u;
}

// The value of `pixel` times `scale`, or 0 where it has none or none that is finite.
fn finite(pixel: u32, scale: f32) -> f32 {
    if !counts(pixel) {
        return 0.0;
    }
    let bits = values[pixel];
    return select(0.0, product(bitcast<f32>(bits), scale), (bits & 0x7fffffffu) < INFINITE_BITS);
}
