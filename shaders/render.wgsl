// The sum over layers, sub-pixels, sources and orientations in every pixel (PHYSICS §1), in float32
// whose error is bounded. docs/kernel.md explains how; pixels.wgsl holds what concerns the pixels of
// a thread, slice.wgsl the part of the work of one dispatch.
//
// A workgroup owns a tile of 8 x 8 pixels, or of 16 x 16 where float32 allows. Once per tile, source
// and orientation, one thread computes the Miller index of the tile's centre and stores its fraction
// in workgroup memory; then every thread adds the small offsets of its own pixels.

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
