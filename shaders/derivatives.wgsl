// The derivatives of the sum of render.wgsl in every pixel, by all that moves a scene (PHYSICS §17). It goes
// through the terms as render.wgsl does, and builds on candidates.wgsl, pixels.wgsl, slice.wgsl,
// prepared.wgsl and slots.wgsl.
//
// All derivatives go through the slots of a pixel, which are sums as its photons are: their number does not
// grow with that of the parameters. weigh.wgsl multiplies them with directions, or with weights of pixels.

override AMPLITUDES: bool = false; // the weighted slopes to F are added up, for each reflection
// Each orientation has angular velocities of its own, by turns of the crystal at phi = 0.
override SCANS: bool = false;
override SPREADS: u32 = 0u; // spreads of the mosaicity that each orientation has angular velocities by

// What a view's terms come to: it is multiplied by how the view itself moves.
struct OfView {
    term: f32,
    q: vec3<f32>,
    seen: vec4<f32>,
}

// Tile by tile the rows of slots, each with its pixels in the order of sums.
@group(0) @binding(7) var<storage, read_write> slots: array<vec4<f32>>;
// For each reflection the sum of what is positive and that of what is negative, in units of 2^-32: the
// lower word of each and the upper one. Then the weight of each pixel in the order of sums, as bits.
@group(0) @binding(8) var<storage, read_write> weighted: array<atomic<u32>>;
// Where HALO, of each form of halos four matrices by columns, FORM_RATES in all: from squares and from
// products across to squares along the crystal's own axes, and from both to products across. Then of each
// orientation the angular velocities, rad/rad: where SCANS by the turns, and by the spreads.
@group(0) @binding(10) var<storage, read> rates: array<vec4<f32>>;

const FORM_RATES: u32 = 12u;

// A reflection whose weighted slope is not yet added to `weighted`.
struct Waiting {
    number: u32,
    sum: f32,
}

// The angular velocities of the orientation whose first is number `first`.
struct Velocities {
    turns: mat3x3<f32>,
    mosaic: mat3x3<f32>,
}

fn velocities(first: u32) -> Velocities {
    var own = Velocities(
        mat3x3<f32>(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
        mat3x3<f32>(vec3<f32>(0.0), vec3<f32>(0.0), vec3<f32>(0.0)),
    );
    var mosaic = first;
    if SCANS {
        own.turns = mat3x3<f32>(rates[first].xyz, rates[first + 1u].xyz, rates[first + 2u].xyz);
        mosaic += 3u;
    }
    if SPREADS > 0u {
        own.mosaic[0] = rates[mosaic].xyz;
    }
    if SPREADS == 3u {
        own.mosaic[1] = rates[mosaic + 1u].xyz;
        own.mosaic[2] = rates[mosaic + 2u].xyz;
    }
    return own;
}

// The place of the first angular velocity of orientation `o`.
fn velocities_of(o: u32) -> u32 {
    let own = o * (select(0u, 3u, SCANS) + SPREADS);
    if HALO {
        return FORM_RATES * symmetry.form_count + own;
    }
    return own;
}

// Adds a term to the slots of a pixel, and to what its view comes to.
fn add_term(
    own: ptr<function, Slots>, of_view: ptr<function, OfView>, slopes: TermSlopes,
    moved: Velocities, is_default: bool,
) {
    (*of_view).term += slopes.term;
    (*of_view).q += slopes.q;
    if CRYSTAL {
        let turn = slopes.turn * moved.turns;
        (*own).h += vec4<f32>(slopes.index[0], turn.x);
        (*own).k += vec4<f32>(slopes.index[1], turn.y);
        (*own).l += vec4<f32>(slopes.index[2], turn.z);
    }
    if SIZE {
        // A cubic through 64 times the same F is 36 times it.
        let by_default = select(1.0, 36.0, STRUCTURE_FACTORS == 2u) * slopes.amplitude;
        (*own).size += vec4<f32>(slopes.size, select(0.0, by_default, is_default));
        if SHAPE == 2u {
            (*own).size_across += vec4<f32>(slopes.size_across, slopes.bandwidth);
        }
    }
    if CLOSED_FORM {
        (*own).general.z += slopes.wavelength;
        (*of_view).seen += slopes.seen;
        if SPREAD {
            (*own).mosaic += vec4<f32>(slopes.mosaic, slopes.divergence.x);
        }
        if PLACE {
            (*own).shift.w += slopes.divergence.y;
            (*own).turn += vec4<f32>(slopes.edges, 0.0);
        }
    } else if SPREADS > 0u {
        (*own).mosaic += vec4<f32>(slopes.turn * moved.mosaic, 0.0);
    }
}

// A view's own derivatives by the place of a panel: a shift, and a turn about the sample.
struct PlaceSlopes {
    shift: vec3<f32>,
    turn: vec3<f32>,
}

// The derivatives by a panel's place of a quantity whose slope to the direction of a view is `direction`, and
// to the logarithms of the factors of this view, solid angle, polarisation and absorption, `factors`.
fn place_slopes(
    scene: Scene, tile: Tile, panel: Panel, incident: vec3<f32>, electric: vec3<f32>,
    magnetic: vec3<f32>, along: vec2<f32>, layer: u32, direction: vec3<f32>, factors: vec3<f32>,
) -> PlaceSlopes {
    var depth = 0.0;
    if SENSOR != 0u {
        depth = layer_depth(tile, panel, along, layer);
    }
    let seen = view(tile, offset(tile, panel, along, depth));
    let diffracted = seen.diffracted;
    let cosine = dot(diffracted, panel.normal);
    var turning = direction;
    if POLARISED {
        let value = polarisation(incident, electric, magnetic, diffracted, scene.kahn_factor);
        turning += factors.y / max(value, 1e-30)
            * polarisation_slope(incident, electric, magnetic, diffracted, scene.kahn_factor);
    }
    var leaning = turning;
    if SENSOR != 0u {
        if panel.optical_depth != 0.0 {
            leaning += factors.z * absorbed_slope(panel.optical_depth, layer, cosine) * panel.normal;
        }
    }
    var close = panel.close_distance_m;
    if SENSOR == 2u {
        if has_mean_depths(panel) {
            close = seen.distance * cosine;
        }
    }
    // What is across the direction, by two cross products: near the beam a difference of what is along it
    // would lose its digits.
    var shift = cross(diffracted, cross(leaning, diffracted)) / seen.distance
        + factors.x * solid_angle_slope(panel.normal, close, diffracted, seen.distance, POINT_PIXELS);
    if SENSOR == 2u {
        if has_mean_depths(panel) {
            // As the angle changes, so does the depth.
            let front = f32(layer) * panel.layer_thickness_m;
            let face = view(tile, offset(tile, panel, along, front));
            let face_cosine = dot(face.diffracted, panel.normal);
            let deeper = panel.layer_thickness_m * mean_depth_slope(panel.optical_depth, face_cosine);
            shift += dot(shift, panel.normal) * deeper / face.distance
                * (panel.normal - face.diffracted * face_cosine);
        }
    }
    return PlaceSlopes(shift, cross(diffracted, turning));
}

// Adds to the slots of a pixel `corner` m from the tile's centre what its first sub-pixel's factors, seen in
// `layer`, do to a quantity with the slopes `factors` to their logarithms.
fn add_first(
    own: ptr<function, Slots>, tile: Tile, panel: Panel, corner: vec2<f32>, layer: u32,
    factors: vec3<f32>,
) {
    var front = 0u;
    if SENSOR == 2u {
        if has_mean_depths(panel) {
            front = layer;
        }
    }
    let along = corner + 0.5 * panel.pixel_size_m / f32(scene.oversample);
    let moved = place_slopes(
        scene, tile, panel, scene.first_incident, scene.first_electric, scene.first_magnetic, along,
        front, vec3<f32>(0.0), factors,
    );
    (*own).shift += vec4<f32>(moved.shift, 0.0);
    (*own).turn += vec4<f32>(moved.turn, 0.0);
}

// Adds what moves a view of a pixel, in a part of it and at the scattering vector q, for one source.
fn add_view(
    own: ptr<function, Slots>, of_view: OfView, tile: Tile, panel: Panel, source: Source,
    corner: vec2<f32>, part: Part, q: vec3<f32>,
) {
    var by_q = of_view.q;
    if RESOLUTION == 2u {
        by_q += 2.0 * LN_2 * scene.damping * of_view.term * q;
    }
    let square = dot(q, q);
    (*own).general += vec4<f32>(of_view.term, 0.0, -dot(by_q, q), square * of_view.term);
    if !PLACE {
        return;
    }
    let all = vec3<f32>(of_view.term);
    let by_own = vec3<f32>(f32(OWN_SOLID_ANGLE), f32(OWN_POLARISATION), 1.0);
    let direction = by_q * source.inverse_wavelength;
    let along = corner + part.along;
    let moved = place_slopes(
        scene, tile, panel, source.incident, source.electric, source.magnetic, along, part.layer,
        direction, all * by_own,
    );
    (*own).turn += vec4<f32>(moved.turn, 0.0);
    (*own).shift += vec4<f32>(moved.shift, 0.0);
    if CLOSED_FORM {
        // An averaged area turns with its panel by itself, and shrinks with the distance.
        let diffracted = source.incident + q / source.inverse_wavelength;
        let seen = of_view.seen.xyz;
        let across = seen - diffracted * (dot(seen, diffracted) + of_view.seen.w);
        let distance = view(tile, offset(tile, panel, along, layer_depth(tile, panel, along, part.layer))).distance;
        (*own).shift += vec4<f32>(across / distance, 0.0);
    }
    if !OWN_SOLID_ANGLE || !OWN_POLARISATION {
        add_first(own, tile, panel, corner, part.layer, all * (vec3<f32>(1.0, 1.0, 1.0) - by_own));
    }
}

// Adds what the water scatters into a pixel.
fn add_water(
    own: ptr<function, Slots>, tile: Tile, panel: Panel, pixel: Pixel,
) {
    let water = scene.background * pixel.first.x * pixel.first.y;
    (*own).general.y += water;
    if PLACE {
        add_first(own, tile, panel, pixel.corner, 0u, vec3<f32>(water, water, 0.0));
    }
}

// Adds a row of the pixel at `place` to what earlier dispatches left; gives the place of the next row.
fn add_row(place: u32, row: vec4<f32>) -> u32 {
    if slice.first != 0u {
        slots[place] = row;
    } else {
        slots[place] += row;
    }
    return place + EDGE * EDGE * BATCH;
}

// Adds the slots of pixel `k` of thread `lane` to what earlier dispatches left.
fn store_slots(tile: u32, lane: u32, k: u32, own: Slots) {
    let first = tile * row_count() * EDGE * EDGE * BATCH + sum_place(lane, k);
    var place = add_row(first, own.general);
    if CRYSTAL {
        place = add_row(place, own.h);
        place = add_row(place, own.k);
        place = add_row(place, own.l);
    }
    if SIZE {
        place = add_row(place, own.size);
        place = add_row(place, own.size_across);
    }
    if SPREAD {
        place = add_row(place, own.mosaic);
    }
    if PLACE {
        place = add_row(place, own.shift);
        place = add_row(place, own.turn);
    }
    if HALO {
        place = add_row(place, own.displacement);
        place = add_row(place, own.displacement_across);
        place = add_row(place, own.correlation);
    }
}

// Reflections of the list along h, k and l.
fn listed(model: Model) -> vec3<u32> {
    return vec3<u32>(model.grid_last - first_listed());
}

// The number of the reflection at `place`, in the order of the list: l innermost.
fn reflection_number(model: Model, place: vec3<f32>) -> u32 {
    let along = vec3<u32>(place - first_listed());
    let extents = listed(model);
    return (along.x * extents.y + along.y) * extents.z + along.z;
}

// Adds to the weighted sum of a reflection, in fixed point: whole numbers, added in any order, come to the
// same.
fn add_weighted(number: u32, value: f32) {
    let size = abs(value);
    let whole = floor(size);
    let low = u32((size - whole) * 0x1p32);
    var high = u32(whole);
    let place = 4u * number + select(0u, 2u, value < 0.0);
    if low != 0u {
        let before = atomicAdd(&weighted[place], low);
        high += select(0u, 1u, before + low < before);
    }
    if high != 0u {
        atomicAdd(&weighted[place + 1u], high);
    }
}

// Adds the weighted slope `value` of a term to its structure factor, to those of the reflections that this
// is made of. What belongs to one reflection, term after term, is added at once.
fn add_amplitude(
    waiting: ptr<function, Waiting>, model: Model, whole: vec3<f32>, rest: vec3<f32>, value: f32,
) {
    if STRUCTURE_FACTORS == 2u {
        let base = floor(rest);
        if is_interpolated(model, whole + base) {
            add_neighbours(model, whole + base, rest - base, value);
            return;
        }
    }
    if takes_default(model, whole, rest) {
        return;
    }
    let number = reflection_number(model, whole + nearest_index(rest));
    add_to_reflection(waiting, number, select(1.0, 36.0, STRUCTURE_FACTORS == 2u) * value);
}

// Adds `value` to the weighted sum of a reflection, together with what follows of the same one.
fn add_to_reflection(waiting: ptr<function, Waiting>, number: u32, value: f32) {
    if number != (*waiting).number {
        add_weighted((*waiting).number, (*waiting).sum);
        *waiting = Waiting(number, 0.0);
    }
    (*waiting).sum += value;
}

// Adds `value` to the 64 reflections about an index, each by its weight: `t` from that at `place`.
fn add_neighbours(model: Model, place: vec3<f32>, t: vec3<f32>, value: f32) {
    let h = lagrange_weights(t.x);
    let k = lagrange_weights(t.y);
    // The cubics along l are not over six.
    let l = lagrange_weights(t.z) / 6.0;
    let extents = listed(model);
    var plane = reflection_number(model, place - 1.0);
    for (var a = 0u; a < 4u; a++) {
        var row = plane;
        for (var b = 0u; b < 4u; b++) {
            let own = value * h[a] * k[b];
            add_weighted(row, own * l.x);
            add_weighted(row + 1u, own * l.y);
            add_weighted(row + 2u, own * l.z);
            add_weighted(row + 3u, own * l.w);
            row += extents.z;
        }
        plane += extents.y * extents.z;
    }
}

// The weight of pixel `k` of a thread.
fn weight_of(model: Model, thread: u32, k: u32) -> f32 {
    if !AMPLITUDES {
        return 0.0;
    }
    let extents = listed(model);
    let behind = 4u * extents.x * extents.y * extents.z;
    return bitcast<f32>(atomicLoad(&weighted[behind + sum_place(thread, k)]));
}

// Adds the term of one orientation, at the Miller index `rest` from that of the place `whole`, in one view.
fn add_orientation(
    own: ptr<function, Slots>, of_view: ptr<function, OfView>, waiting: ptr<function, Waiting>,
    weight: f32, model: Model, form: ClosedForm, prepared: Prepared, moved: Velocities, panel: Panel,
    source: Source, centre: vec3<f32>, sight: Sight, whole: vec3<f32>, rest: vec3<f32>,
) {
    let q = centre + sight.turned;
    let factor = sight.factor;
    var slopes: TermSlopes;
    if CLOSED_FORM {
        slopes = smeared_slopes(
            model, form, prepared, panel, source, q, sight.distance, whole, rest, factor,
        );
    } else {
        slopes = term_slopes(model, prepared, q, whole, rest, factor);
    }
    var is_default = false;
    if SIZE {
        is_default = takes_default(model, whole, rest);
    }
    add_term(own, of_view, slopes, moved, is_default);
    if AMPLITUDES {
        add_amplitude(waiting, model, whole, rest, weight * slopes.amplitude);
    }
}

// sight, whose factor has all that terms have in common, too.
fn whole_sight(
    model: Model, tile: Tile, panel: Panel, source: Source, centre: vec3<f32>, pixel: Pixel, part: Part,
) -> Sight {
    let own = sight(tile, panel, source, centre, pixel, part.along, part.layer);
    return Sight(own.turned, common_factor(model) * own.factor, own.distance);
}

@compute @workgroup_size(GROUP, GROUP)
fn derivatives(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile_index = tile_of(group);
    if is_beyond(tile_index) {
        return;
    }
    let model = scene.model;
    let form = scene.closed_form;
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
    if slice.first != 0u {
        add_water(&a, tile, panel, pixels[0]);
        if EDGE == 2u {
            add_water(&b, tile, panel, pixels[1]);
            add_water(&c, tile, panel, pixels[2]);
            add_water(&d, tile, panel, pixels[3]);
        }
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
            if lane < batch {
                let orientation = orientations[o + lane];
                let origin = scene.model.grid_origin;
                keep(prepare(orientation, scene.index_scale, origin, qx, qy, qz), lane);
            }
            workgroupBarrier();
            for (var v = slice.view_start; v < last_view; v++) {
                let part = part_of(v, sub);
                var sights: array<Sight, MOST_PIXELS>;
                sights[0] = whole_sight(model, tile, panel, source, centre, pixels[0], part);
                if EDGE == 2u {
                    sights[1] = whole_sight(model, tile, panel, source, centre, pixels[1], part);
                    sights[2] = whole_sight(model, tile, panel, source, centre, pixels[2], part);
                    sights[3] = whole_sight(model, tile, panel, source, centre, pixels[3], part);
                }
                // A bit for each orientation to be added.
                var bits = vec2<u32>(0xffffffffu);
                if CULLS {
                    find_candidates(model, form, panel, source, centre, lane, batch, sights);
                    bits = vec2<u32>(
                        atomicLoad(&candidates[2u * lane]), atomicLoad(&candidates[2u * lane + 1u]),
                    );
                }
                var fine: Fine;
                if FINE {
                    let row = v / scene.oversample;
                    let sub_pixel = vec2<u32>(v % scene.oversample, row % scene.oversample);
                    let pixel = pixel_in_tile(lane, 0u);
                    let steps = steps_to(tile, panel, scene.oversample, pixel, sub_pixel, part.layer);
                    fine = fine_vector(tile, source, steps);
                }
                var a_view: OfView;
                var b_view: OfView;
                var c_view: OfView;
                var d_view: OfView;
                for (var next = 0u; next < batch; next++) {
                    if CULLS {
                        if !any(bits != vec2<u32>(0u)) {
                            break;
                        }
                        next = lowest(bits);
                        bits = without_lowest(bits);
                    }
                    let prepared = kept(next);
                    let moved = velocities(velocities_of(o + next));
                    var index = Index(prepared.whole, index_rest(prepared, sights[0].turned));
                    if FINE {
                        index = index_at(orientations[o + next], model.grid_origin, fine.x, fine.y, fine.z);
                    }
                    add_orientation(
                        &a, &a_view, &waiting, a_weight, model, form, prepared, moved, panel, source,
                        centre, sights[0], index.whole, index.fraction,
                    );
                    if EDGE == 2u {
                        let whole = prepared.whole;
                        add_orientation(
                            &b, &b_view, &waiting, b_weight, model, form, prepared, moved, panel, source,
                            centre, sights[1], whole, index_rest(prepared, sights[1].turned),
                        );
                        add_orientation(
                            &c, &c_view, &waiting, c_weight, model, form, prepared, moved, panel, source,
                            centre, sights[2], whole, index_rest(prepared, sights[2].turned),
                        );
                        add_orientation(
                            &d, &d_view, &waiting, d_weight, model, form, prepared, moved, panel, source,
                            centre, sights[3], whole, index_rest(prepared, sights[3].turned),
                        );
                    }
                }
                let corner = pixels[0].corner;
                add_view(&a, a_view, tile, panel, source, corner, part, centre + sights[0].turned);
                if EDGE == 2u {
                    add_view(&b, b_view, tile, panel, source, pixels[1].corner, part, centre + sights[1].turned);
                    add_view(&c, c_view, tile, panel, source, pixels[2].corner, part, centre + sights[2].turned);
                    add_view(&d, d_view, tile, panel, source, pixels[3].corner, part, centre + sights[3].turned);
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
