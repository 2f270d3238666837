// What becomes of the slots that derivatives.wgsl has left for a band of tiles: derivatives along directions,
// four at a time, or the gradient of a weighted sum of pixels. A workgroup owns a tile.

override EDGE: u32 = 1u; // a thread has EDGE x EDGE pixels of its tile

const GROUP: u32 = 8u;
const BATCH: u32 = 64u;
const MOST_ROWS: u32 = 12u;

struct Weighing {
    tiles: u32,
    tiles_per_row: u32,
    first_weight: u32, // the place of the first pixel's weight
    // Factors of the slots, row by row in the order of Slots: a column for each of four derivatives.
    directions: array<mat4x4<f32>, MOST_ROWS>,
}

// Factors of the two rows of a panel's place, which each panel has beside those that all share.
struct Motion {
    shift: mat4x4<f32>,
    turn: mat4x4<f32>,
}

@group(0) @binding(0) var<uniform> weighing: Weighing;
@group(0) @binding(1) var<storage, read> slots: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> motions: array<Motion>; // of each panel
@group(0) @binding(3) var<storage, read> panel_of: array<u32>; // of each tile
@group(0) @binding(4) var<storage, read> weights: array<f32>; // of the pixels, in the order of sums
@group(0) @binding(5) var<storage, read_write> outcome: array<vec4<f32>>;

var<workgroup> partial: array<vec4<f32>, MOST_ROWS * BATCH>;

// The slots in row `row` of pixel `pixel` of a tile.
fn row_of(tile: u32, row: u32, pixel: u32) -> vec4<f32> {
    return slots[(tile * row_count() + row) * EDGE * EDGE * BATCH + pixel];
}

// The derivatives of a pixel along four directions.
fn along_directions(tile: u32, pixel: u32, motion: Motion) -> vec4<f32> {
    var sum = weighing.directions[0] * row_of(tile, 0u, pixel);
    var row = 1u;
    if CRYSTAL {
        sum += weighing.directions[1] * row_of(tile, 1u, pixel);
        sum += weighing.directions[2] * row_of(tile, 2u, pixel);
        sum += weighing.directions[3] * row_of(tile, 3u, pixel);
        row = 4u;
    }
    if SIZE {
        sum += weighing.directions[4] * row_of(tile, row, pixel);
        sum += weighing.directions[5] * row_of(tile, row + 1u, pixel);
        row += 2u;
    }
    if SPREAD {
        sum += weighing.directions[6] * row_of(tile, row, pixel);
        row += 1u;
    }
    if PLACE {
        sum += (weighing.directions[7] + motion.shift) * row_of(tile, row, pixel);
        sum += (weighing.directions[8] + motion.turn) * row_of(tile, row + 1u, pixel);
        row += 2u;
    }
    if HALO {
        sum += weighing.directions[9] * row_of(tile, row, pixel);
        sum += weighing.directions[10] * row_of(tile, row + 1u, pixel);
        sum += weighing.directions[11] * row_of(tile, row + 2u, pixel);
    }
    return sum;
}

fn follow_pixel(tile: u32, pixel: u32, motion: Motion) {
    outcome[tile * EDGE * EDGE * BATCH + pixel] = along_directions(tile, pixel, motion);
}

// The tile of a workgroup. Those beyond the last one do its work again: behind an early return a software
// device would read uniforms for each thread by itself, as it does in loops and branches.
fn own_tile(group: vec3<u32>) -> u32 {
    return min(group.x + group.y * weighing.tiles_per_row, weighing.tiles - 1u);
}

@compute @workgroup_size(GROUP, GROUP)
fn follow(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = own_tile(group);
    var motion: Motion;
    if PLACE {
        motion = motions[panel_of[tile]];
    }
    follow_pixel(tile, lane, motion);
    if EDGE == 2u {
        follow_pixel(tile, BATCH + lane, motion);
        follow_pixel(tile, 2u * BATCH + lane, motion);
        follow_pixel(tile, 3u * BATCH + lane, motion);
    }
}

@compute @workgroup_size(GROUP, GROUP)
fn weigh(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = own_tile(group);
    let count = row_count();
    for (var row = 0u; row < count; row++) {
        var sum = vec4<f32>(0.0);
        for (var k = 0u; k < EDGE * EDGE; k++) {
            let pixel = k * BATCH + lane;
            let weight = weights[weighing.first_weight + tile * EDGE * EDGE * BATCH + pixel];
            sum += weight * row_of(tile, row, pixel);
        }
        partial[row * BATCH + lane] = sum;
    }
    workgroupBarrier();
    if lane < count {
        var sum = vec4<f32>(0.0);
        for (var other = 0u; other < BATCH; other++) {
            sum += partial[lane * BATCH + other];
        }
        outcome[tile * count + lane] = sum;
    }
}
