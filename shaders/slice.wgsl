// A dispatch of a render: its part of the work, the sums it adds to, and the way through both.

// The part of the sum that one dispatch adds.
struct Slice {
    tile_start: u32,
    tile_count: u32,
    tiles_per_row: u32,
    source_start: u32,
    source_count: u32,
    orientation_start: u32,
    orientation_count: u32,
    view_start: u32, // layers, and sub-pixels within
    view_count: u32,
    views: u32, // in all
    batch_base: u32, // number of the first batch on the device
    batches: u32, // of a source, on the device
    last_batch: u32, // number of the last batch of all
    // A batch's sums are added in runs of this many, runs in groups of as many runs, and groups to
    // the pixel: adding few numbers at each level keeps the digits that adding many would lose.
    run: u32,
    first: u32, // whether nothing was added before: start from the background
}

@group(0) @binding(1) var<uniform> slice: Slice;
// Tile by tile, thread by thread and pixel by pixel: the sums so far; and what was not yet added to
// them, a thread's groups and then its runs. Both outlive a dispatch, so that numbers are added in one
// order however the render is cut. Four to an element, as a thread has mostly four pixels: software
// devices store these in little more time than one.
@group(0) @binding(7) var<storage, read_write> photons: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read_write> pending: array<vec4<f32>>;

// Where pixel `k` of a thread has its sum; its waiting group, and run.
fn sum_place(thread: u32, k: u32) -> u32 {
    return EDGE * EDGE * thread + k;
}

fn group_place(thread: u32, k: u32) -> u32 {
    return 2u * EDGE * EDGE * thread + k;
}

fn run_place(thread: u32, k: u32) -> u32 {
    return group_place(thread, k) + EDGE * EDGE;
}

// The tile of a workgroup; there is none from the slice's end on.
fn tile_of(group: vec3<u32>) -> u32 {
    return slice.tile_start + group.x + group.y * slice.tiles_per_row;
}

// Whether the slice ends before tile `index`.
fn is_beyond(index: u32) -> bool {
    return index >= slice.tile_start + slice.tile_count;
}

// Pixel `k` of thread `lane`, within its tile.
fn pixel_in_tile(lane: u32, k: u32) -> vec2<u32> {
    return EDGE * vec2<u32>(lane % GROUP, lane / GROUP) + vec2<u32>(k % EDGE, k / EDGE);
}

// What is looked at by itself: a sub-pixel in one layer.
struct Part {
    along: vec2<f32>, // from the pixel's corner to its centre, m along fast and slow
    layer: u32,
}

// The part of view `v`, of sub-pixels whose edge is `sub` m.
fn part_of(v: u32, sub: f32) -> Part {
    let row = v / scene.oversample;
    let corner = vec2<f32>(f32(v % scene.oversample), f32(row % scene.oversample));
    return Part((corner + 0.5) * sub, row / scene.oversample);
}
