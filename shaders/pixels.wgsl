// The pixels of a thread of render.wgsl and diffuse.wgsl: EDGE x EDGE of them, side by side. The
// values of a pixel are components of vectors, or elements that are named by a constant and never by a
// loop's counter, so that every compiler keeps them in registers.

const MOST_PIXELS: u32 = 4u;

// A pixel of a thread.
struct Pixel {
    corner: vec2<f32>, // m along fast and slow from the tile's centre
    first: vec2<f32>, // its first_factors in the front layer
}

// One view of a pixel, for one source.
struct Sight {
    turned: vec3<f32>, // q - q_c, 1/Å
    factor: f32, // view_factor, which its terms are multiplied by
    distance: f32, // from the sample, m
}

// Sums of each pixel of a thread: the total, the group that is not yet added to it, and the chunk that
// is not yet added to the group.
struct Sums {
    total: vec4<f32>,
    group: vec4<f32>,
    chunk: vec4<f32>,
}

// What the flat background adds to the pixels of a thread.
fn background(background: f32, pixels: array<Pixel, MOST_PIXELS>) -> vec4<f32> {
    let x = vec4<f32>(pixels[0].first.x, pixels[1].first.x, pixels[2].first.x, pixels[3].first.x);
    let y = vec4<f32>(pixels[0].first.y, pixels[1].first.y, pixels[2].first.y, pixels[3].first.y);
    return background * x * y;
}

// The sums of the pixels of `thread` that an earlier dispatch stored.
fn load_sums(thread: u32) -> Sums {
    if EDGE == 2u {
        return Sums(photons[thread], pending[2u * thread], pending[2u * thread + 1u]);
    }
    let sum = sum_place(thread, 0u);
    let group = group_place(thread, 0u);
    let chunk = chunk_place(thread, 0u);
    var sums: Sums;
    sums.total.x = photons[sum / 4u][sum % 4u];
    sums.group.x = pending[group / 4u][group % 4u];
    sums.chunk.x = pending[chunk / 4u][chunk % 4u];
    return sums;
}

// `sums` after view `v` of batch number `batch_number`: what makes a chunk or a group is added up.
fn carried(sums: Sums, batch_number: u32, v: u32) -> Sums {
    var own = sums;
    // Counted over all sources, orientations and views, also those of earlier dispatches.
    let count = batch_number * slice.views + v + 1u;
    let is_last = batch_number == slice.last_batch && v == slice.views - 1u;
    if (count & (slice.chunk - 1u)) == 0u || is_last {
        own.group += own.chunk;
        own.chunk = vec4<f32>(0.0);
    }
    if (count & (slice.chunk * slice.chunk - 1u)) == 0u || is_last {
        own.total += own.group;
        own.group = vec4<f32>(0.0);
    }
    return own;
}

// Stores `sums` for the next dispatch.
fn store_sums(thread: u32, sums: Sums) {
    if EDGE == 2u {
        photons[thread] = sums.total;
        pending[2u * thread] = sums.group;
        pending[2u * thread + 1u] = sums.chunk;
    } else {
        let sum = sum_place(thread, 0u);
        let group = group_place(thread, 0u);
        let chunk = chunk_place(thread, 0u);
        photons[sum / 4u][sum % 4u] = sums.total.x;
        pending[group / 4u][group % 4u] = sums.group.x;
        pending[chunk / 4u][chunk % 4u] = sums.chunk.x;
    }
}

// Pixel `k` of thread `lane`.
fn pixel_of(tile: Tile, panel: Panel, lane: u32, k: u32) -> Pixel {
    let corner = pixel_corner(panel, pixel_in_tile(lane, k));
    let sub = panel.pixel_size_m / f32(scene.oversample);
    return Pixel(corner, first_factors(scene, tile, panel, corner + 0.5 * sub, 0u));
}

// The pixels of thread `lane`.
fn pixels_of(tile: Tile, panel: Panel, lane: u32) -> array<Pixel, MOST_PIXELS> {
    var pixels: array<Pixel, MOST_PIXELS>;
    pixels[0] = pixel_of(tile, panel, lane, 0u);
    if EDGE == 2u {
        pixels[1] = pixel_of(tile, panel, lane, 1u);
        pixels[2] = pixel_of(tile, panel, lane, 2u);
        pixels[3] = pixel_of(tile, panel, lane, 3u);
    }
    return pixels;
}

// The view of `pixel` at `along` m from its corner in one layer, for one source.
fn sight(
    tile: Tile, panel: Panel, source: Source, centre: vec3<f32>,
    pixel: Pixel, along: vec2<f32>, layer: u32,
) -> Sight {
    var depth = 0.0;
    if SENSOR != 0u {
        depth = layer_depth(tile, panel, pixel.corner + along, layer);
    }
    let seen = view(tile, offset(tile, panel, pixel.corner + along, depth));
    let turned = seen.turned * source.inverse_wavelength;
    var first = pixel.first;
    if SENSOR == 2u {
        if has_mean_depths(panel) {
            let sub = panel.pixel_size_m / f32(scene.oversample);
            first = first_factors(scene, tile, panel, pixel.corner + 0.5 * sub, layer);
        }
    }
    let factor = view_factor(scene, panel, source, seen, centre + turned, first, layer);
    return Sight(turned, factor, seen.distance);
}

// The closed form's term of one orientation in a sub-pixel; `centre` is q_c.
fn smeared_term_of(
    model: Model, form: ClosedForm, prepared: Prepared, panel: Panel, source: Source,
    centre: vec3<f32>, sight: Sight,
) -> f32 {
    let rest = index_rest(prepared, sight.turned);
    return smeared_term(
        model, form, prepared, panel, source, centre + sight.turned, sight.distance,
        prepared.whole, rest,
    );
}

// The terms of one orientation in the pixels of a thread.
fn terms_of(
    model: Model, form: ClosedForm, prepared: Prepared, panel: Panel, source: Source,
    centre: vec3<f32>, sights: array<Sight, MOST_PIXELS>,
) -> vec4<f32> {
    if CLOSED_FORM {
        var terms = vec4<f32>(0.0);
        terms.x = smeared_term_of(model, form, prepared, panel, source, centre, sights[0]);
        if EDGE == 2u {
            terms.y = smeared_term_of(model, form, prepared, panel, source, centre, sights[1]);
            terms.z = smeared_term_of(model, form, prepared, panel, source, centre, sights[2]);
            terms.w = smeared_term_of(model, form, prepared, panel, source, centre, sights[3]);
        }
        return terms;
    }
    if EDGE == 1u {
        return vec4<f32>(term(model, prepared, sights[0].turned), 0.0, 0.0, 0.0);
    }
    if ONE_NEAREST {
        let first = index_rest(prepared, sights[0].turned);
        let nearest = nearest_index(first);
        return vec4<f32>(
            term_at(model, prepared.whole, first, nearest),
            term_at(model, prepared.whole, index_rest(prepared, sights[1].turned), nearest),
            term_at(model, prepared.whole, index_rest(prepared, sights[2].turned), nearest),
            term_at(model, prepared.whole, index_rest(prepared, sights[3].turned), nearest),
        );
    }
    return vec4<f32>(
        term(model, prepared, sights[0].turned), term(model, prepared, sights[1].turned),
        term(model, prepared, sights[2].turned), term(model, prepared, sights[3].turned),
    );
}

// The factors that the terms in the pixels of a thread are multiplied by.
fn factors_of(sights: array<Sight, MOST_PIXELS>) -> vec4<f32> {
    if EDGE == 1u {
        return vec4<f32>(sights[0].factor, 0.0, 0.0, 0.0);
    }
    return vec4<f32>(sights[0].factor, sights[1].factor, sights[2].factor, sights[3].factor);
}

// The mean of q - q_c over the pixels of a thread.
fn middle_of(sights: array<Sight, MOST_PIXELS>) -> vec3<f32> {
    if EDGE == 1u {
        return sights[0].turned;
    }
    return (sights[0].turned + sights[1].turned + sights[2].turned + sights[3].turned) / 4.0;
}

// The largest distance, 1/Å, of a pixel of a thread from its place in the tile's plane: there, threads
// are `step` apart along rows and `row_step` along columns, and this one is at `place`.
fn farthest_from(
    place: vec3<f32>, step: vec3<f32>, row_step: vec3<f32>, sights: array<Sight, MOST_PIXELS>,
) -> f32 {
    if EDGE == 1u {
        return sqrt(squared_length(sights[0].turned - place));
    }
    let along = (step + row_step) / 4.0;
    let across = (step - row_step) / 4.0;
    let first = squared_length(sights[0].turned - (place - along));
    let second = squared_length(sights[1].turned - (place + across));
    let third = squared_length(sights[2].turned - (place - across));
    let fourth = squared_length(sights[3].turned - (place + along));
    return sqrt(max(max(first, second), max(third, fourth)));
}

fn squared_length(v: vec3<f32>) -> f32 {
    return dot(v, v);
}
