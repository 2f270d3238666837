// Every pixel x layer x sub-pixel x source x orientation (PHYSICS §1), in float32 that can be
// trusted. docs/kernel.md explains how; kernel.wgsl holds the functions, slice.wgsl the sums.
//
// A workgroup owns a tile of 8 x 8 pixels, or of 16 x 16 where float32 allows. Once per tile, source
// and orientation, one thread forms the Miller index of the tile's centre and leaves its fraction in
// workgroup memory; then every thread adds its own pixel's small offset.

const LANES: u32 = 64u;

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
fn find_candidates(lane: u32, batch: u32, sights: array<Sight, MOST_PIXELS>) {
    let middle = middle_of(sights);
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
    // Floats that are not negative are in the order of their bits.
    atomicMax(&farthest, bitcast<u32>(farthest_from(place, sights)));
    workgroupBarrier();
    if lane < batch {
        let prepared = kept(lane);
        let reach = index_reach(bitcast<f32>(atomicLoad(&farthest)));
        let row_step = index_step(prepared, along_row);
        let column_step = index_step(prepared, along_column);
        let start = index_rest(prepared, corners[0]);
        for (var half = 0u; half < 2u; half++) {
            // First a bit for each thread that is reached, then the few threads are told.
            var reached = 0u;
            for (var j = 0u; j < GROUP / 2u; j++) {
                var rest = start + f32(half * GROUP / 2u + j) * column_step;
                for (var i = 0u; i < GROUP; i++) {
                    reached |= u32(may_scatter(rest, reach)) << (j * GROUP + i);
                    rest += row_step;
                }
            }
            while reached != 0u {
                let other = 32u * half + firstTrailingBit(reached);
                atomicOr(&candidates[2u * other + lane / 32u], 1u << (lane % 32u));
                reached &= reached - 1u;
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
    let tile_index = tile_of(group);
    if is_beyond(tile_index) {
        return;
    }
    let tile = tiles[tile_index];
    let panel = panels[tile.panel];
    let sub = panel.pixel_size_m / f32(scene.oversample);

    var pixels: array<Pixel, MOST_PIXELS>;
    pixels[0] = pixel_of(tile, panel, lane, 0u);
    if EDGE == 2u {
        pixels[1] = pixel_of(tile, panel, lane, 1u);
        pixels[2] = pixel_of(tile, panel, lane, 2u);
        pixels[3] = pixel_of(tile, panel, lane, 3u);
    }
    let place = tile_index * EDGE * EDGE * LANES + lane;
    var sums = Sums(background(pixels), vec4<f32>(0.0), vec4<f32>(0.0));
    if slice.first == 0u {
        sums = sums_so_far(place);
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
                let part = part_of(v, sub);
                var sights: array<Sight, MOST_PIXELS>;
                sights[0] = sight(tile, panel, source, centre, pixels[0], part.along, part.layer);
                if EDGE == 2u {
                    sights[1] = sight(tile, panel, source, centre, pixels[1], part.along, part.layer);
                    sights[2] = sight(tile, panel, source, centre, pixels[2], part.along, part.layer);
                    sights[3] = sight(tile, panel, source, centre, pixels[3], part.along, part.layer);
                }
                var terms = vec4<f32>(0.0);
                if CULLS {
                    find_candidates(lane, batch, sights);
                    for (var half = 0u; half < 2u; half++) {
                        var bits = atomicLoad(&candidates[2u * lane + half]);
                        while bits != 0u {
                            let next = 32u * half + firstTrailingBit(bits);
                            terms += terms_of(kept(next), sights);
                            bits &= bits - 1u;
                        }
                    }
                } else {
                    for (var next = 0u; next < batch; next++) {
                        terms += terms_of(kept(next), sights);
                    }
                }
                sums.run += factors_of(sights) * terms;
                // Counted over all sources, orientations and views, those dispatched before included.
                let count = batch_number * slice.views + v + 1u;
                let is_last = batch_number == slice.last_batch && v == slice.views - 1u;
                if count % slice.run == 0u || is_last {
                    sums.group += sums.run;
                    sums.run = vec4<f32>(0.0);
                }
                if count % (slice.run * slice.run) == 0u || is_last {
                    sums.total += sums.group;
                    sums.group = vec4<f32>(0.0);
                }
            }
            workgroupBarrier();
        }
    }

    leave(place, sums);
}
