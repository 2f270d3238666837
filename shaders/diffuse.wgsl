// Diffuse scattering: the sum of halos over layers, sub-pixels, sources and orientations in every pixel.
// This pass runs before the terms, which are added to its sums; it goes through them as render.wgsl does
// through the terms, and builds on pixels.wgsl, slice.wgsl and prepared.wgsl.
//
// The views of a slice are those of the pixel, each once for every reflection whose halo counts.

// `Prepared.whole` of the batch: halos depend on the index whether F does or not.
var<workgroup> places: array<vec3<f32>, BATCH>;

// The halos of one orientation, at `place` of the grid, in the pixels of a thread.
fn halos_of(
    model: Model, place: vec3<f32>, prepared: Prepared, sights: array<Sight, MOST_PIXELS>,
    step: vec3<f32>,
) -> vec4<f32> {
    var halos = vec4<f32>(0.0);
    halos.x = halo(model, place, index_rest(prepared, sights[0].turned), step);
    if EDGE == 2u {
        halos.y = halo(model, place, index_rest(prepared, sights[1].turned), step);
        halos.z = halo(model, place, index_rest(prepared, sights[2].turned), step);
        halos.w = halo(model, place, index_rest(prepared, sights[3].turned), step);
    }
    return halos;
}

@compute @workgroup_size(GROUP, GROUP)
fn diffuse(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile_index = tile_of(group);
    if is_beyond(tile_index) {
        return;
    }
    let model = scene.model;
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
                let prepared = prepare(
                    orientations[o + lane], scene.index_scale, model.grid_origin, qx, qy, qz,
                );
                keep(prepared, lane);
                places[lane] = prepared.whole;
            }
            workgroupBarrier();
            for (var v = slice.view_start; v < last_view; v++) {
                let part = part_of(v / symmetry.steps, sub);
                let step = halo_step(v % symmetry.steps);
                var sights: array<Sight, MOST_PIXELS>;
                sights[0] = sight(tile, panel, source, centre, pixels[0], part.along, part.layer);
                if EDGE == 2u {
                    sights[1] = sight(tile, panel, source, centre, pixels[1], part.along, part.layer);
                    sights[2] = sight(tile, panel, source, centre, pixels[2], part.along, part.layer);
                    sights[3] = sight(tile, panel, source, centre, pixels[3], part.along, part.layer);
                }
                var halos = vec4<f32>(0.0);
                for (var next = 0u; next < batch; next++) {
                    halos += halos_of(model, places[next], kept(next), sights, step);
                }
                sums.chunk += factors_of(sights) * halos;
                sums = carried(sums, batch_number, v);
            }
            workgroupBarrier();
        }
    }

    store_sums(thread, sums);
}
