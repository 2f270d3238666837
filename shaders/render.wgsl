// The sum over layers, sub-pixels, sources and orientations in every pixel (PHYSICS §1), in float32
// whose error is bounded. docs/kernel.md explains how; pixels.wgsl holds what concerns the pixels of
// a thread, slice.wgsl the part of the work of one dispatch.
//
// A workgroup owns a tile of 8 x 8 pixels, or of 16 x 16 where float32 allows. Once per tile, source
// and orientation, one thread computes the Miller index of the tile's centre and stores its fraction
// in workgroup memory; then every thread adds the small offsets of its own pixels.

// What finds the orientations that may scatter, where CULLS asks for it.
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

// The terms in the pixel of a thread, seen at `sight`, of the orientations from `first` on whose bits are
// set.
fn fine_terms(
    model: Model, form: ClosedForm, tile: Tile, panel: Panel, source: Source, centre: vec3<f32>,
    sight: Sight, lane: u32, view: u32, first: u32, candidates: vec2<u32>,
) -> f32 {
    var terms = 0.0;
    var bits = candidates;
    if any(bits != vec2<u32>(0u)) {
        let row = view / scene.oversample;
        let sub_pixel = vec2<u32>(view % scene.oversample, row % scene.oversample);
        let layer = row / scene.oversample;
        let pixel = pixel_in_tile(lane, 0u);
        let steps = steps_to(tile, panel, scene.oversample, pixel, sub_pixel, layer);
        let q = fine_vector(tile, source, steps);
        while any(bits != vec2<u32>(0u)) {
            let place = lowest(bits);
            let orientation = orientations[first + place];
            if CLOSED_FORM {
                let index = index_at(orientation, model.grid_origin, q.x, q.y, q.z);
                terms += smeared_term(
                    model, form, kept(place), panel, source, centre + sight.turned, sight.distance,
                    index.whole, index.fraction,
                );
            } else {
                terms += fine_term(model, orientation, q);
            }
            bits = without_lowest(bits);
        }
    }
    return terms;
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
    // Copied before the loops: inside them a software device reads a uniform for each lane of a
    // vector by itself.
    let model = scene.model;
    let form = scene.closed_form;
    no_bits = scene.no_bits;
    let tile = tiles[tile_index];
    let panel = panels[tile.panel];
    let sub = panel.pixel_size_m / f32(scene.oversample);

    let pixels = pixels_of(tile, panel, lane);
    let thread = tile_index * BATCH + lane;
    var sums = Sums(background(scene.background, pixels), vec4<f32>(0.0), vec4<f32>(0.0));
    if slice.first == 0u {
        sums = load_sums(thread);
    }

    let last_source = slice.source_start + slice.source_count;
    let last_orientation = slice.orientation_start + slice.orientation_count;
    let last_view = slice.view_start + slice.view_count;
    for (var s = slice.source_start; s < last_source; s++) {
        let source = sources[s];
        let qx = centre_component(tile, source, 0u);
        let qy = centre_component(tile, source, 1u);
        let qz = centre_component(tile, source, 2u);
        let centre = centre_vector(scene.index_scale, qx, qy, qz);

        for (var o = slice.orientation_start; o < last_orientation; o += BATCH) {
            let batch = min(BATCH, last_orientation - o);
            let batch_number = slice.batch_base + s * slice.batches + o / BATCH;
            if lane < batch {
                let orientation = orientations[o + lane];
                // Not of `model`: a register would hold it through the loops.
                let origin = scene.model.grid_origin;
                keep(prepare(orientation, scene.index_scale, origin, qx, qy, qz), lane);
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
                    find_candidates(model, form, panel, source, centre, lane, batch, sights);
                    var bits = vec2<u32>(
                        atomicLoad(&candidates[2u * lane]), atomicLoad(&candidates[2u * lane + 1u]),
                    );
                    if FINE {
                        terms.x = fine_terms(
                            model, form, tile, panel, source, centre, sights[0], lane, v, o, bits,
                        );
                    } else {
                        while any(bits != vec2<u32>(0u)) {
                            terms += terms_of(
                                model, form, kept(lowest(bits)), panel, source, centre, sights,
                            );
                            bits = without_lowest(bits);
                        }
                    }
                } else {
                    for (var next = 0u; next < batch; next++) {
                        terms += terms_of(
                            model, form, kept(next), panel, source, centre, sights,
                        );
                    }
                }
                sums.chunk += common_factor(model) * factors_of(sights) * terms;
                sums = carried(sums, batch_number, v);
            }
            workgroupBarrier();
        }
    }

    store_sums(thread, sums);
}
