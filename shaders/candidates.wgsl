// What finds the orientations whose spots may reach a thread's pixels, where CULLS asks for it. Builds on
// spot_reach.wgsl, pixels.wgsl and prepared.wgsl.

// q - q_c at the pixels of the threads in the tile's corners, 1/Å.
var<workgroup> corners: array<vec3<f32>, 4>;
// How far the pixels of any thread are from the plane through the first three corners, 1/Å, as bits.
var<workgroup> farthest: atomic<u32>;
// For each thread, a bit for each orientation that may scatter to its pixels.
var<workgroup> candidates: array<atomic<u32>, 2u * BATCH>;

// The number of the lowest bit that is set in two words, one of which is not zero.
fn lowest(bits: vec2<u32>) -> u32 {
    return select(32u + firstTrailingBit(bits.y), firstTrailingBit(bits.x), bits.x != 0u);
}

// Two words without the lowest bit that is set in them.
fn without_lowest(bits: vec2<u32>) -> vec2<u32> {
    let fewer = bits & (bits - 1u);
    return select(vec2<u32>(0u, fewer.y), vec2<u32>(fewer.x, bits.y), bits.x != 0u);
}

// A bit for each thread of a row whose pixels a spot may reach. The first thread's pixels are at
// `first`, the next one's a step further. No loop, as a loop costs more than what is in it.
fn reached_in_row(first: vec3<u32>, step: vec3<u32>, window: Window) -> u32 {
    return u32(may_scatter(first, window))
        | u32(may_scatter(first + step, window)) << 1u
        | u32(may_scatter(first + 2u * step, window)) << 2u
        | u32(may_scatter(first + 3u * step, window)) << 3u
        | u32(may_scatter(first + 4u * step, window)) << 4u
        | u32(may_scatter(first + 5u * step, window)) << 5u
        | u32(may_scatter(first + 6u * step, window)) << 6u
        | u32(may_scatter(first + 7u * step, window)) << 7u;
}

// A bit for each thread of four rows whose pixels a spot may reach.
fn reached_in_rows(
    first: vec3<u32>, step: vec3<u32>, row_step: vec3<u32>, window: Window,
) -> u32 {
    return reached_in_row(first, step, window)
        | reached_in_row(first + row_step, step, window) << 8u
        | reached_in_row(first + 2u * row_step, step, window) << 16u
        | reached_in_row(first + 3u * row_step, step, window) << 24u;
}

// Finds, for every thread, the orientations of the batch whose spots may reach one of its pixels.
// A thread tests all threads' pixels for the one orientation that it has prepared. Bits are set in
// any order, and read in one order.
//
// Over a tile the scattering vector is nearly linear. So the threads' pixels are taken to lie on a
// plane through three corners of the tile, and the largest distance of any pixel from its place in
// that plane is added to the reach of the spots.
fn find_candidates(
    model: Model, form: ClosedForm, panel: Panel, source: Source, centre: vec3<f32>, lane: u32,
    batch: u32, sights: array<Sight, MOST_PIXELS>,
) {
    let middle = middle_of(sights);
    let column = lane % GROUP;
    let row = lane / GROUP;
    if lane == 0u {
        atomicStore(&farthest, 0u);
    }
    if column % (GROUP - 1u) == 0u && row % (GROUP - 1u) == 0u {
        corners[column / (GROUP - 1u) + 2u * (row / (GROUP - 1u))] = middle;
    }
    atomicStore(&candidates[2u * lane], 0u);
    atomicStore(&candidates[2u * lane + 1u], 0u);
    workgroupBarrier();
    let part = 1.0 / f32(GROUP - 1u);
    let along_row = (corners[1] - corners[0]) * part;
    let along_column = (corners[2] - corners[0]) * part;
    let place = corners[0] + f32(column) * along_row + f32(row) * along_column;
    // Floats that are not negative have the order of their bits.
    atomicMax(&farthest, bitcast<u32>(farthest_from(place, along_row, along_column, sights)));
    workgroupBarrier();
    if lane < batch {
        let prepared = kept(lane);
        let index_step_along_row = index_step(prepared, along_row);
        let index_step_along_column = index_step(prepared, along_column);
        // Change of the index from the middle of a thread's pixels to the outermost.
        let own = f32(EDGE - 1u) / f32(2u * EDGE)
            * (abs(index_step_along_row) + abs(index_step_along_column));
        let radius = bitcast<f32>(atomicLoad(&farthest));
        var spots = model;
        if CLOSED_FORM {
            // From the tile's centre to its outermost pixel, at most.
            let corner = max(
                max(length(corners[0]), length(corners[1])),
                max(length(corners[2]), length(corners[1] + corners[2] - corners[0])),
            );
            let extent = corner + length(along_row) + length(along_column) + radius;
            spots.spot_reach = smeared_reach(model, form, prepared, panel, source, centre, extent);
        }
        let window = window(index_reach(spots, radius, own));
        let step = fixed_fraction(index_step_along_row);
        let row_step = fixed_fraction(index_step_along_column);
        let start = fixed_fraction(index_rest(prepared, corners[0])) + window.below;
        // All bits first, then one atomic operation for each of the few threads that are reached.
        var reached = vec2<u32>(
            reached_in_rows(start, step, row_step, window),
            reached_in_rows(start + 4u * row_step, step, row_step, window),
        );
        while any(reached != vec2<u32>(0u)) {
            let other = lowest(reached);
            atomicOr(&candidates[2u * other + lane / 32u], 1u << (lane % 32u));
            reached = without_lowest(reached);
        }
    }
    workgroupBarrier();
}
