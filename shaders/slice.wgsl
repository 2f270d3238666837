// The part of a render's work that one dispatch does, and the sums that it adds to.

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
    // The sums of so many batches make a chunk, as many chunks a group, and groups are added to the
    // pixel: adding few numbers at each level keeps the digits that adding many would lose.
    chunk: u32, // a power of two
    first: u32, // 1 if nothing was added before, and sums start from the background
}

@group(0) @binding(1) var<uniform> slice: Slice;
// The totals, tile by tile, thread by thread and pixel by pixel; and in the same order each thread's
// groups, and then its chunks. Both outlive a dispatch, so that numbers are added in one order however
// the render is cut. Four to an element, as a thread mostly has four pixels: software devices store
// four words in little more time than one.
@group(0) @binding(7) var<storage, read_write> photons: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read_write> pending: array<vec4<f32>>;

@group(0) @binding(9) var<uniform> symmetry: Symmetry;

// Place of the total of pixel `k` of a thread.
fn sum_place(thread: u32, k: u32) -> u32 {
    return EDGE * EDGE * thread + k;
}

// Place of the group of pixel `k` of a thread.
fn group_place(thread: u32, k: u32) -> u32 {
    return 2u * EDGE * EDGE * thread + k;
}

// Place of the chunk of pixel `k` of a thread.
fn chunk_place(thread: u32, k: u32) -> u32 {
    return group_place(thread, k) + EDGE * EDGE;
}

// Number of a workgroup's tile; workgroups beyond the slice's end have none.
fn tile_of(group: vec3<u32>) -> u32 {
    return slice.tile_start + group.x + group.y * slice.tiles_per_row;
}

// Whether the slice ends before tile `index`.
fn is_beyond(index: u32) -> bool {
    return index >= slice.tile_start + slice.tile_count;
}

// Coordinates of pixel `k` of thread `lane` within its tile.
fn pixel_in_tile(lane: u32, k: u32) -> vec2<u32> {
    return EDGE * vec2<u32>(lane % GROUP, lane / GROUP) + vec2<u32>(k % EDGE, k / EDGE);
}

// A part of a pixel: a sub-pixel in one layer.
struct Part {
    along: vec2<f32>, // from the pixel's corner to its centre, m along fast and slow
    layer: u32,
}

// The part that view number `v` is of; sub-pixels have an edge of `sub` m.
fn part_of(v: u32, sub: f32) -> Part {
    let row = v / scene.oversample;
    let corner = vec2<f32>(f32(v % scene.oversample), f32(row % scene.oversample));
    return Part((corner + 0.5) * sub, row / scene.oversample);
}
