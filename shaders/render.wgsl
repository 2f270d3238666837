// Every pixel x layer x sub-pixel x source x orientation (PHYSICS §1), in float32 that can be
// trusted. docs/kernel.md explains how; kernel.wgsl holds the functions.
//
// A workgroup owns a tile of 8 x 8 pixels, or of 16 x 16 where float32 allows. Once per tile, source
// and orientation, one thread forms the Miller index of the tile's centre and leaves its fraction in
// workgroup memory; then every thread adds its own pixel's small offset.

const LANES: u32 = 64u;
const MOST_PIXELS: u32 = 4u; // of a thread

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
// Tile by tile: the sums so far, and what was not yet added to them. Both outlive a dispatch, so
// that numbers are added in one order however the render is cut.
@group(0) @binding(7) var<storage, read_write> photons: array<f32>;
@group(0) @binding(8) var<storage, read_write> pending: array<vec2<f32>>;

var<workgroup> whole: array<vec3<i32>, LANES>;
var<workgroup> fraction: array<vec3<f32>, LANES>;
var<workgroup> row_a: array<vec3<f32>, LANES>;
var<workgroup> row_b: array<vec3<f32>, LANES>;
var<workgroup> row_c: array<vec3<f32>, LANES>;

// Spots of Gaussian and top-hat crystals end; elsewhere their terms are zero and need no work.
override CULLS: bool = (SHAPE >= 2u) | (TOLERANT == 2u);
// The pixels of the first thread and of those at the ends of its row and column, and how far any
// thread's are from the plane through these, 1/Å; the latter as bits.
var<workgroup> corners: array<vec3<f32>, 3>;
var<workgroup> farthest: atomic<u32>;
// Of each thread: a bit for each orientation that may scatter to its pixels.
var<workgroup> candidates: array<atomic<u32>, 2u * LANES>;

// Puts a prepared orientation into place `place` of workgroup memory.
fn keep(prepared: Prepared, place: u32) {
    whole[place] = prepared.whole;
    fraction[place] = prepared.fraction;
    row_a[place] = prepared.row_a;
    row_b[place] = prepared.row_b;
    row_c[place] = prepared.row_c;
}

// The prepared orientation in place `place`.
fn kept(place: u32) -> Prepared {
    return Prepared(whole[place], fraction[place], row_a[place], row_b[place], row_c[place]);
}

// Finds, for every thread, the orientations of the batch whose spots may reach one of its pixels.
// A thread looks at all threads' pixels for the orientation that it has prepared, which it need
// not fetch; bits are set in any order, and read in one.
//
// Over a tile the scattering vector is nearly linear. So the threads' pixels are taken to lie on a
// plane through three corners of the tile, and how far any of them is from its place there is added
// to the spots' reach.
fn find_candidates(lane: u32, batch: u32, turned: array<vec3<f32>, MOST_PIXELS>) {
    var own = turned;
    var sum = vec3<f32>(0.0);
    for (var k = 0u; k < EDGE * EDGE; k++) {
        sum += own[k];
    }
    let middle = sum / f32(EDGE * EDGE);
    let column = lane % GROUP;
    let row = lane / GROUP;
    if lane == 0u {
        corners[0] = middle;
        atomicStore(&farthest, 0u);
    } else if lane == GROUP - 1u {
        corners[1] = middle;
    } else if lane == LANES - GROUP {
        corners[2] = middle;
    }
    atomicStore(&candidates[2u * lane], 0u);
    atomicStore(&candidates[2u * lane + 1u], 0u);
    workgroupBarrier();
    let along_row = (corners[1] - corners[0]) / f32(GROUP - 1u);
    let along_column = (corners[2] - corners[0]) / f32(GROUP - 1u);
    let place = corners[0] + f32(column) * along_row + f32(row) * along_column;
    var far = 0.0;
    for (var k = 0u; k < EDGE * EDGE; k++) {
        far = max(far, distance(own[k], place));
    }
    // Floats that are not negative are in the order of their bits.
    atomicMax(&farthest, bitcast<u32>(far));
    workgroupBarrier();
    if lane < batch {
        let prepared = kept(lane);
        let reach = index_reach(bitcast<f32>(atomicLoad(&farthest)));
        let row_step = index_step(prepared, along_row);
        let column_step = index_step(prepared, along_column);
        let start = index_rest(prepared, corners[0]);
        for (var j = 0u; j < GROUP; j++) {
            var rest = start + f32(j) * column_step;
            for (var i = 0u; i < GROUP; i++) {
                if may_scatter(rest, reach) {
                    let other = j * GROUP + i;
                    atomicOr(&candidates[2u * other + lane / 32u], 1u << (lane % 32u));
                }
                rest += row_step;
            }
        }
    }
    workgroupBarrier();
}

@compute @workgroup_size(GROUP, GROUP)
fn render(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let in_slice = group.x + group.y * slice.tiles_per_row;
    if in_slice >= slice.tile_count {
        return;
    }
    let tile_index = slice.tile_start + in_slice;
    let tile = tiles[tile_index];
    let panel = panels[tile.panel];
    let sub = panel.pixel_size_m / f32(scene.oversample);

    // From the tile's centre to the corners of this thread's pixels, and their first factors.
    var start: array<vec2<f32>, MOST_PIXELS>;
    var first: array<vec2<f32>, MOST_PIXELS>;
    var total: array<f32, MOST_PIXELS>;
    var group_sum: array<f32, MOST_PIXELS>;
    var run_sum: array<f32, MOST_PIXELS>;
    for (var k = 0u; k < EDGE * EDGE; k++) {
        let pixel = EDGE * vec2<u32>(lane % GROUP, lane / GROUP) + vec2<u32>(k % EDGE, k / EDGE);
        start[k] = pixel_corner(panel, pixel);
        first[k] = first_factors(tile, panel, start[k] + 0.5 * sub);
        let place = (tile_index * EDGE * EDGE + k) * LANES + lane;
        if slice.first != 0u {
            total[k] = scene.background * first[k].x * first[k].y;
            group_sum[k] = 0.0;
            run_sum[k] = 0.0;
        } else {
            total[k] = photons[place];
            group_sum[k] = pending[place].x;
            run_sum[k] = pending[place].y;
        }
    }

    let last_source = slice.source_start + slice.source_count;
    let last_orientation = slice.orientation_start + slice.orientation_count;
    let last_view = slice.view_start + slice.view_count;
    for (var s = slice.source_start; s < last_source; s++) {
        let source = sources[s];
        let inverse_wavelength = source_wide(s, 0u);
        let qx = centre_component(tile_index, s, 0u, inverse_wavelength);
        let qy = centre_component(tile_index, s, 1u, inverse_wavelength);
        let qz = centre_component(tile_index, s, 2u, inverse_wavelength);
        let centre = centre_vector(qx, qy, qz);

        for (var o = slice.orientation_start; o < last_orientation; o += LANES) {
            let batch = min(LANES, last_orientation - o);
            let batch_number = slice.batch_base + s * slice.batches + o / LANES;
            if lane < batch {
                keep(prepared_at(o + lane, qx, qy, qz), lane);
            }
            workgroupBarrier();
            for (var v = slice.view_start; v < last_view; v++) {
                let row = v / scene.oversample;
                let layer = row / scene.oversample;
                let depth = f32(layer) * panel.layer_depth_m;
                let corner = vec2<f32>(f32(v % scene.oversample), f32(row % scene.oversample));
                var turned: array<vec3<f32>, MOST_PIXELS>;
                var factors: array<f32, MOST_PIXELS>;
                var terms: array<f32, MOST_PIXELS>;
                for (var k = 0u; k < EDGE * EDGE; k++) {
                    let seen = view(tile, offset(tile, panel, start[k] + (corner + 0.5) * sub, depth));
                    turned[k] = seen.turned * source.inverse_wavelength;
                    factors[k] =
                        view_factor(panel, source, seen, centre + turned[k], first[k], layer);
                    terms[k] = 0.0;
                }
                if CULLS {
                    find_candidates(lane, batch, turned);
                    for (var half = 0u; half < 2u; half++) {
                        var bits = atomicLoad(&candidates[2u * lane + half]);
                        while bits != 0u {
                            let prepared = kept(32u * half + firstTrailingBit(bits));
                            for (var k = 0u; k < EDGE * EDGE; k++) {
                                terms[k] += term(prepared, turned[k]);
                            }
                            bits &= bits - 1u;
                        }
                    }
                } else {
                    for (var place = 0u; place < batch; place++) {
                        let prepared = kept(place);
                        for (var k = 0u; k < EDGE * EDGE; k++) {
                            terms[k] += term(prepared, turned[k]);
                        }
                    }
                }
                for (var k = 0u; k < EDGE * EDGE; k++) {
                    run_sum[k] += factors[k] * terms[k];
                }
                // Counted over all sources, orientations and views, those dispatched before included.
                let count = batch_number * slice.views + v + 1u;
                let is_last = batch_number == slice.last_batch && v == slice.views - 1u;
                if count % slice.run == 0u || is_last {
                    for (var k = 0u; k < EDGE * EDGE; k++) {
                        group_sum[k] += run_sum[k];
                        run_sum[k] = 0.0;
                    }
                }
                if count % (slice.run * slice.run) == 0u || is_last {
                    for (var k = 0u; k < EDGE * EDGE; k++) {
                        total[k] += group_sum[k];
                        group_sum[k] = 0.0;
                    }
                }
            }
            workgroupBarrier();
        }
    }

    for (var k = 0u; k < EDGE * EDGE; k++) {
        let place = (tile_index * EDGE * EDGE + k) * LANES + lane;
        photons[place] = total[k];
        pending[place] = vec2<f32>(group_sum[k], run_sum[k]);
    }
}
