// The derivatives of halos, added to the slots of every pixel after those of the terms: it goes through
// halos as diffuse.wgsl does, and builds on derivatives.wgsl and halo_slopes.wgsl.
//
// A halo follows the crystal's cell, its axes, and the widths of displacement and correlation through two
// quadratic forms alone. So the products of a reflection with itself and of an offset with itself, both
// along the crystal's own axes and weighted by the halo's slopes, are all that is summed.

// `Prepared.whole` of the batch: halos depend on the index whether F does or not.
var<workgroup> places: array<vec3<f32>, BATCH>;

// What one form's halos come to in a view, in indices.
struct HaloSums {
    displacement: Products,
    correlation: Products,
}

// The matrix whose columns are the three rows of `rates` from `first`.
fn matrix_at(first: u32) -> mat3x3<f32> {
    return mat3x3<f32>(rates[first].xyz, rates[first + 1u].xyz, rates[first + 2u].xyz);
}

// Products of indices as products along the crystal's own axes, 1/Å^2: the mean over the operators that
// share form number `number`.
fn along_own_axes(number: u32, indices: Products) -> Products {
    let first = FORM_RATES * number;
    return Products(
        matrix_at(first) * indices.squares + matrix_at(first + 3u) * indices.across,
        matrix_at(first + 6u) * indices.squares + matrix_at(first + 9u) * indices.across,
    );
}

// Adds the sums of form number `number` to the slots of a pixel.
fn add_halo_sums(own: ptr<function, Slots>, number: u32, sums: HaloSums) {
    let displaced = along_own_axes(number, sums.displacement);
    let correlated = along_own_axes(number, sums.correlation);
    (*own).displacement += vec4<f32>(displaced.squares, correlated.across.x);
    (*own).displacement_across += vec4<f32>(displaced.across, correlated.across.y);
    (*own).correlation += vec4<f32>(correlated.squares, correlated.across.z);
}

// Adds the halo of one form and one orientation, at the Miller index `rest` from that of `prepared` and of
// the reflection `step` away from the nearest one.
fn add_halo(
    own: ptr<function, Slots>, of_view: ptr<function, OfView>, sums: ptr<function, HaloSums>,
    waiting: ptr<function, Waiting>, weight: f32, model: Model, form: HaloForm, prepared: Prepared,
    moved: Velocities, q: vec3<f32>, rest: vec3<f32>, step: vec3<f32>, factor: f32,
) {
    let reflection = nearest_index(rest) + step;
    let place = prepared.whole + reflection;
    let index = vec3<f32>(vec3<i32>(place) + model.grid_origin);
    let away = rest - reflection;
    let f = reflection_structure_factor(model, place);
    let halo = halo_slopes(form, index, away);
    let strength = factor * f * f;
    var slopes: TermSlopes;
    slopes.term = strength * halo.value;
    let by_index = strength * halo.offset;
    slopes.index = outer_product(by_index, index_step(prepared, q));
    slopes.q = step_of_index(prepared, by_index);
    slopes.turn = cross(slopes.q, q);
    add_term(own, of_view, slopes, moved, false);
    let by_f = 2.0 * factor * f * halo.value;
    let listed = is_listed(model, place);
    if SIZE && !listed {
        // One F for all stands in front of terms, and so its slope is to the logarithm.
        (*own).size.w += select(by_f, by_f * f, STRUCTURE_FACTORS == 0u);
    }
    if AMPLITUDES && listed {
        add_to_reflection(waiting, reflection_number(model, place), weight * by_f);
    }
    (*sums).displacement =
        products_sum((*sums).displacement, products_of(index, strength * halo.displacement));
    (*sums).correlation =
        products_sum((*sums).correlation, products_of(away, strength * halo.correlation));
}

// Adds the halos of a batch of orientations, from number `first`, in one part of a pixel.
fn add_halos(
    own: ptr<function, Slots>, waiting: ptr<function, Waiting>, weight: f32, model: Model, tile: Tile,
    panel: Panel, source: Source, centre: vec3<f32>, pixel: Pixel, part: Part, step: vec3<f32>,
    first: u32, batch: u32,
) {
    let seen = sight(tile, panel, source, centre, pixel, part.along, part.layer);
    let q = centre + seen.turned;
    var of_view: OfView;
    for (var number = 0u; number < symmetry.form_count; number++) {
        let form = symmetry.forms[number];
        var sums: HaloSums;
        for (var next = 0u; next < batch; next++) {
            var prepared = kept(next);
            prepared.whole = places[next];
            add_halo(
                own, &of_view, &sums, waiting, weight, model, form, prepared,
                velocities(velocities_of(first + next)), q, index_rest(prepared, seen.turned), step,
                seen.factor,
            );
        }
        if HALO {
            add_halo_sums(own, number, sums);
        }
    }
    add_view(own, of_view, tile, panel, source, pixel.corner, part, q);
}

@compute @workgroup_size(GROUP, GROUP)
fn diffuse_derivatives(
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
    var a: Slots;
    var b: Slots;
    var c: Slots;
    var d: Slots;
    let a_weight = weight_of(model, thread, 0u);
    var b_weight = 0.0;
    var c_weight = 0.0;
    var d_weight = 0.0;
    if EDGE == 2u {
        b_weight = weight_of(model, thread, 1u);
        c_weight = weight_of(model, thread, 2u);
        d_weight = weight_of(model, thread, 3u);
    }
    var waiting: Waiting;

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
                add_halos(
                    &a, &waiting, a_weight, model, tile, panel, source, centre, pixels[0], part, step, o,
                    batch,
                );
                if EDGE == 2u {
                    add_halos(
                        &b, &waiting, b_weight, model, tile, panel, source, centre, pixels[1], part, step,
                        o, batch,
                    );
                    add_halos(
                        &c, &waiting, c_weight, model, tile, panel, source, centre, pixels[2], part, step,
                        o, batch,
                    );
                    add_halos(
                        &d, &waiting, d_weight, model, tile, panel, source, centre, pixels[3], part, step,
                        o, batch,
                    );
                }
            }
            workgroupBarrier();
        }
    }

    if AMPLITUDES {
        add_weighted(waiting.number, waiting.sum);
    }
    store_slots(tile_index, lane, 0u, a);
    if EDGE == 2u {
        store_slots(tile_index, lane, 1u, b);
        store_slots(tile_index, lane, 2u, c);
        store_slots(tile_index, lane, 3u, d);
    }
}
