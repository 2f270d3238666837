// The pixels of a thread of render.wgsl: EDGE x EDGE of them, side by side. What a thread keeps of
// each is a component of a vector or an element that is named by a constant, never by a loop's
// counter: so every compiler keeps it in registers.

const MOST_PIXELS: u32 = 4u;

// A pixel of a thread: its corner, m along fast and slow from the tile's centre, and its first
// factors.
struct Pixel {
    corner: vec2<f32>,
    first: vec2<f32>,
}

// What a pixel of a thread sees in one view: q - q_c in 1/Å, and what its terms are multiplied by.
struct Sight {
    turned: vec3<f32>,
    factor: f32,
}

// Of each pixel of a thread: what is summed, and what is not yet added to that.
struct Sums {
    total: vec4<f32>,
    group: vec4<f32>,
    run: vec4<f32>,
}

// The background of the pixels of a thread.
fn background(background: f32, pixels: array<Pixel, MOST_PIXELS>) -> vec4<f32> {
    let x = vec4<f32>(pixels[0].first.x, pixels[1].first.x, pixels[2].first.x, pixels[3].first.x);
    let y = vec4<f32>(pixels[0].first.y, pixels[1].first.y, pixels[2].first.y, pixels[3].first.y);
    return background * x * y;
}

// What an earlier dispatch left of the pixels of `thread`.
fn sums_so_far(thread: u32) -> Sums {
    if EDGE == 2u {
        return Sums(photons[thread], pending[2u * thread], pending[2u * thread + 1u]);
    }
    let sum = sum_place(thread, 0u);
    let group = group_place(thread, 0u);
    let run = run_place(thread, 0u);
    var sums: Sums;
    sums.total.x = photons[sum / 4u][sum % 4u];
    sums.group.x = pending[group / 4u][group % 4u];
    sums.run.x = pending[run / 4u][run % 4u];
    return sums;
}

// Leaves `sums` there for the next one.
fn leave(thread: u32, sums: Sums) {
    if EDGE == 2u {
        photons[thread] = sums.total;
        pending[2u * thread] = sums.group;
        pending[2u * thread + 1u] = sums.run;
    } else {
        let sum = sum_place(thread, 0u);
        let group = group_place(thread, 0u);
        let run = run_place(thread, 0u);
        photons[sum / 4u][sum % 4u] = sums.total.x;
        pending[group / 4u][group % 4u] = sums.group.x;
        pending[run / 4u][run % 4u] = sums.run.x;
    }
}

// Pixel `k` of thread `lane`.
fn pixel_of(tile: Tile, panel: Panel, lane: u32, k: u32) -> Pixel {
    let corner = pixel_corner(panel, pixel_in_tile(lane, k));
    let sub = panel.pixel_size_m / f32(scene.oversample);
    return Pixel(corner, first_factors(scene, tile, panel, corner + 0.5 * sub));
}

// `pixel` at `along` m from its corner, in one layer.
fn sight(
    tile: Tile, panel: Panel, source: Source, centre: vec3<f32>,
    pixel: Pixel, along: vec2<f32>, layer: u32,
) -> Sight {
    let depth = f32(layer) * panel.layer_depth_m;
    let seen = view(tile, offset(tile, panel, pixel.corner + along, depth));
    let turned = seen.turned * source.inverse_wavelength;
    let factor = view_factor(scene, panel, source, seen, centre + turned, pixel.first, layer);
    return Sight(turned, factor);
}

// The terms of one orientation at the pixels of a thread.
fn terms_of(model: Model, prepared: Prepared, sights: array<Sight, MOST_PIXELS>) -> vec4<f32> {
    if EDGE == 1u {
        return vec4<f32>(term(model, prepared, sights[0].turned), 0.0, 0.0, 0.0);
    }
    return vec4<f32>(
        term(model, prepared, sights[0].turned), term(model, prepared, sights[1].turned),
        term(model, prepared, sights[2].turned), term(model, prepared, sights[3].turned),
    );
}

// What the terms at the pixels of a thread are multiplied by.
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

// How far any pixel of a thread is from where it would be, 1/Å, if the threads' pixels lay `step` apart
// along rows, `row_step` along columns, and this thread's about `place`.
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
