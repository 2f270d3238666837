// Every pixel x layer x sub-pixel x source x orientation (PHYSICS §1), in float32 that can be
// trusted. docs/kernel.md explains the decomposition and its precision.
//
// A workgroup owns a tile of 8 x 8 pixels, or of 16 x 16 where float32 allows. Once per tile, source and orientation, one thread
// forms the Miller index of the tile's centre in fixed point (shared/fixed_point.wgsl) and leaves
// its fraction in workgroup memory; then every thread adds its own pixel's small offset, which is
// never a difference of two large numbers.

override SHAPE: u32 = 0u; // 0 square, 1 round, 2 Gaussian, 3 top-hat
override FACTORS: u32 = 0u; // 0 the same F everywhere, 1 nearest reflection, 2 tricubic
override HALF_GRID: bool = false; // F is stored as pairs of f16
override POLARISED: bool = true;
override OWN_POLARISATION: bool = false;
override OWN_SOLID_ANGLE: bool = false;
override POINT_PIXELS: bool = false;
override SENSOR: bool = false;
override RESOLUTION_LIMIT: bool = false;

override EDGE: u32 = 1u; // a thread renders EDGE x EDGE pixels of its tile

const TAU: f32 = 6.2831855;
const GROUP: u32 = 8u; // edge of a workgroup, threads
const LANES: u32 = 64u;
const MOST_PIXELS: u32 = 4u; // of a thread

struct Scene {
    cells: vec3<f32>, // along a, b, c
    fudge: f32,
    a_star: vec3<f32>, // times the number of cells, in 1/Å
    kahn_factor: f32,
    b_star: vec3<f32>,
    default_f: f32, // F and F on the grid are over the largest of them
    c_star: vec3<f32>,
    background: f32, // over the same scale as a term
    first_incident: vec3<f32>, // of the first source
    index_scale: f32, // real-space vectors in Å over those of the orientations
    first_electric: vec3<f32>,
    scattering_limit_squared: f32, // 1/Å^2
    first_magnetic: vec3<f32>,
    layer_depth_m: f32,
    grid_min: vec3<i32>,
    layers: u32,
    grid_shape: vec3<i32>,
    oversample: u32,
    optical_depth: f32, // of a layer
}

struct Panel {
    fast: vec3<f32>,
    pixel_size_m: f32,
    slow: vec3<f32>,
    close_distance_m: f32,
    normal: vec3<f32>,
    solid_angle_unit: f32, // solid angles are over this
    curvature_m: f32, // radius of a curved panel, 0 for a flat one
}

struct Tile {
    centre: vec3<f32>, // m
    distance: f32, // m
    direction: vec3<f32>,
    panel: u32,
    slow: vec3<f32>, // of a curved panel: the slow axis as the panel's bend turns it here
    digits: array<u32, 6>, // of the direction, as Factors
}

struct Source {
    incident: vec3<f32>,
    inverse_wavelength: f32, // 1/Å
    electric: vec3<f32>,
    weight: f32,
    magnetic: vec3<f32>,
    channel: u32,
    // 1/wavelength and incident/wavelength as Wide numbers, five digits each.
    digits: array<u32, 12>,
}

// Rows a', b', c' over index_scale as Factors, four digits a component.
struct Orientation {
    digits: array<u32, 18>,
}

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

@group(0) @binding(0) var<uniform> scene: Scene;
@group(0) @binding(1) var<uniform> slice: Slice;
@group(0) @binding(2) var<storage, read> panels: array<Panel>;
@group(0) @binding(3) var<storage, read> tiles: array<Tile>;
@group(0) @binding(4) var<storage, read> sources: array<Source>;
@group(0) @binding(5) var<storage, read> orientations: array<Orientation>;
@group(0) @binding(6) var<storage, read> grid: array<u32>;
// Tile by tile: the sums so far, and what was not yet added to them. Both outlive a dispatch, so
// that numbers are added in one order however the render is cut.
@group(0) @binding(7) var<storage, read_write> photons: array<f32>;
@group(0) @binding(8) var<storage, read_write> pending: array<vec2<f32>>;

var<workgroup> whole: array<vec3<i32>, LANES>;
var<workgroup> fraction: array<vec3<f32>, LANES>;
var<workgroup> row_a: array<vec3<f32>, LANES>;
var<workgroup> row_b: array<vec3<f32>, LANES>;
var<workgroup> row_c: array<vec3<f32>, LANES>;

// An orientation at the tile's centre: its Miller index, and the rows that carry it away.
struct Prepared {
    whole: vec3<i32>,
    fraction: vec3<f32>,
    row_a: vec3<f32>,
    row_b: vec3<f32>,
    row_c: vec3<f32>,
}

// A sub-pixel of one layer, seen from the sample.
struct View {
    distance: f32, // m
    diffracted: vec3<f32>,
    turned: vec3<f32>, // its difference from the tile's direction
}

// The offset in m from the tile's centre to the sub-pixel `along` the fast and slow axes, m, at
// `depth`.
fn offset(tile: Tile, panel: Panel, along: vec2<f32>, depth: f32) -> vec3<f32> {
    let flat = along.x * panel.fast + along.y * panel.slow + depth * panel.normal;
    if panel.curvature_m == 0.0 {
        return flat;
    }
    // The panel is turned about its slow and then its fast axis by the flat position's y and z
    // over the radius; from the tile's centre on, by the differences of these angles.
    let angle = flat.zy / panel.curvature_m;
    let first = turn(tile.centre, tile.slow, angle.y);
    return first + turn(tile.centre + first, panel.fast, angle.x);
}

// sin and 1 - cos of an angle, with relative accuracy near zero, which the hardware's lack: series
// of a quarter of it, doubled twice.
fn sine_and_versine(angle: f32) -> vec2<f32> {
    let x = (angle - TAU * round(angle / TAU)) / 4.0;
    let square = x * x;
    let sine = x * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0
        * (1.0 - square / 72.0 * (1.0 - square / 110.0)))));
    let versine = square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0
        * (1.0 - square / 56.0 * (1.0 - square / 90.0))));
    let half_sine = 2.0 * sine * (1.0 - versine);
    let half_versine = 2.0 * sine * sine;
    return vec2<f32>(2.0 * half_sine * (1.0 - half_versine), 2.0 * half_sine * half_sine);
}

// What a rotation about `axis` by `angle` adds to `vector`.
fn turn(vector: vec3<f32>, axis: vec3<f32>, angle: f32) -> vec3<f32> {
    let parts = sine_and_versine(angle);
    let across = cross(axis, vector);
    return parts.x * across + parts.y * cross(axis, across);
}

// The view of a sub-pixel `p` m from the tile's centre. R - R_c comes from R^2 - R_c^2, and d - d_c
// from both, so that no digits cancel.
fn view(tile: Tile, p: vec3<f32>) -> View {
    let squares = 2.0 * dot(p, tile.centre) + dot(p, p);
    let distance = sqrt(tile.distance * tile.distance + squares);
    let farther = squares / (distance + tile.distance);
    let turned = (p - tile.direction * farther) / distance;
    return View(distance, tile.direction + turned, turned);
}

fn own_solid_angle(panel: Panel, seen: View) -> f32 {
    return solid_angle(panel.pixel_size_m, panel.close_distance_m, seen.distance, POINT_PIXELS)
        / panel.solid_angle_unit;
}

fn amplitude(place: u32) -> f32 {
    if HALF_GRID {
        return unpack2x16float(grid[place / 2u])[place % 2u];
    }
    return bitcast<f32>(grid[place]);
}

fn nearest_amplitude(index: vec3<i32>) -> f32 {
    let place = index - scene.grid_min;
    if any(place < vec3<i32>(0)) || any(place >= scene.grid_shape) {
        return scene.default_f;
    }
    let at = vec3<u32>(place);
    let shape = vec3<u32>(scene.grid_shape);
    return amplitude((at.x * shape.y + at.y) * shape.z + at.z);
}

// F at `whole_index` + `rest`.
fn tricubic_amplitude(whole_index: vec3<i32>, rest: vec3<f32>) -> f32 {
    let base = floor(rest);
    let first = whole_index + vec3<i32>(base) - vec3<i32>(1) - scene.grid_min;
    if any(first < vec3<i32>(0)) || any(first + vec3<i32>(3) >= scene.grid_shape) {
        return nearest_amplitude(whole_index + vec3<i32>(ceil(rest - 0.5)));
    }
    let t = rest - base;
    let along_h = lagrange_weights(t.x);
    let along_k = lagrange_weights(t.y);
    let along_l = lagrange_weights(t.z);
    let corner = vec3<u32>(first);
    let shape = vec3<u32>(scene.grid_shape);
    var sum = 0.0;
    for (var i = 0u; i < 4u; i++) {
        for (var j = 0u; j < 4u; j++) {
            let row = ((corner.x + i) * shape.y + corner.y + j) * shape.z + corner.z;
            let values = vec4<f32>(
                amplitude(row), amplitude(row + 1u), amplitude(row + 2u), amplitude(row + 3u),
            );
            sum += along_h[i] * along_k[j] * dot(along_l, values);
        }
    }
    return sum;
}

// F_latt over the number of cells.
fn lattice_factor(delta: vec3<f32>) -> f32 {
    if SHAPE == 0u {
        return square(scene.cells, delta);
    }
    if SHAPE == 1u {
        let scaled = delta * scene.cells;
        return ROUND_SCALE * sinc3(sqrt(scene.fudge * dot(scaled, scaled)));
    }
    let away = delta.x * scene.a_star + delta.y * scene.b_star + delta.z * scene.c_star;
    let g = scene.fudge * dot(away, away);
    if SHAPE == 2u {
        return gauss(g);
    }
    return select(0.0, 1.0, g < SPOT_WIDTH * SPOT_WIDTH);
}

// F_cell^2 F_latt^2 of one orientation, `turned` 1/Å from the tile's centre.
fn term(prepared: Prepared, turned: vec3<f32>) -> f32 {
    let rest = prepared.fraction + vec3<f32>(
        dot(prepared.row_a, turned), dot(prepared.row_b, turned), dot(prepared.row_c, turned),
    );
    let nearest = ceil(rest - 0.5);
    var f = scene.default_f;
    if FACTORS == 1u {
        f = nearest_amplitude(prepared.whole + vec3<i32>(nearest));
    } else if FACTORS == 2u {
        f = tricubic_amplitude(prepared.whole, rest);
    }
    let scattered = f * lattice_factor(rest - nearest);
    return scattered * scattered;
}

fn factor(low: u32, high: u32) -> vec4<i32> {
    return vec4<i32>(halves(low), halves(high));
}

fn orientation_factor(index: u32, component: u32) -> vec4<i32> {
    return factor(
        orientations[index].digits[2u * component],
        orientations[index].digits[2u * component + 1u],
    );
}

// Digit `place` of a source's packed digits.
fn source_digit(index: u32, place: u32) -> i32 {
    return halves(sources[index].digits[place / 2u])[place % 2u];
}

fn source_wide(index: u32, start: u32) -> Wide {
    return Wide(
        vec4<i32>(
            source_digit(index, start),
            source_digit(index, start + 1u),
            source_digit(index, start + 2u),
            source_digit(index, start + 3u),
        ),
        source_digit(index, start + 4u),
    );
}

// q_c of the tile's centre along one axis, times index_scale.
fn centre_component(tile_index: u32, source: u32, axis: u32, inverse_wavelength: Wide) -> Wide {
    let direction =
        factor(tiles[tile_index].digits[2u * axis], tiles[tile_index].digits[2u * axis + 1u]);
    return difference(product(direction, inverse_wavelength), source_wide(source, 5u + 5u * axis));
}

// Orientation `index`, for the tile whose centre is at the Wide scattering vector q: into place
// `place` of workgroup memory.
fn prepare(index: u32, place: u32, qx: Wide, qy: Wide, qz: Wide) {
    let ax = orientation_factor(index, 0u);
    let ay = orientation_factor(index, 1u);
    let az = orientation_factor(index, 2u);
    let bx = orientation_factor(index, 3u);
    let by = orientation_factor(index, 4u);
    let bz = orientation_factor(index, 5u);
    let cx = orientation_factor(index, 6u);
    let cy = orientation_factor(index, 7u);
    let cz = orientation_factor(index, 8u);
    let h = fixed_dot(ax, ay, az, qx, qy, qz);
    let k = fixed_dot(bx, by, bz, qx, qy, qz);
    let l = fixed_dot(cx, cy, cz, qx, qy, qz);
    whole[place] = vec3<i32>(h.whole, k.whole, l.whole);
    fraction[place] = vec3<f32>(h.fraction, k.fraction, l.fraction);
    let a = vec3<f32>(factor_value(ax), factor_value(ay), factor_value(az));
    let b = vec3<f32>(factor_value(bx), factor_value(by), factor_value(bz));
    let c = vec3<f32>(factor_value(cx), factor_value(cy), factor_value(cz));
    row_a[place] = scene.index_scale * a;
    row_b[place] = scene.index_scale * b;
    row_c[place] = scene.index_scale * c;
}

// Omega P A w of a view, 0 beyond the resolution limit.
fn view_factor(panel: Panel, source: Source, seen: View, q: vec3<f32>, first: vec2<f32>, layer: u32) -> f32 {
    if RESOLUTION_LIMIT && dot(q, q) > scene.scattering_limit_squared {
        return 0.0;
    }
    var product = source.weight;
    if OWN_SOLID_ANGLE {
        product *= own_solid_angle(panel, seen);
    } else {
        product *= first.x;
    }
    if !OWN_POLARISATION {
        product *= first.y;
    } else if POLARISED {
        product *= polarisation(
            source.incident, source.electric, source.magnetic, seen.diffracted, scene.kahn_factor,
        );
    }
    if SENSOR {
        let cos_normal = dot(seen.diffracted, panel.normal);
        product *= absorbed_fraction(scene.optical_depth, layer, cos_normal);
    }
    return product;
}

// Omega and P of a pixel's first sub-pixel, front layer and first source.
fn first_factors(tile: Tile, panel: Panel, along: vec2<f32>) -> vec2<f32> {
    let first = view(tile, offset(tile, panel, along, 0.0));
    var polarised = 1.0;
    if POLARISED {
        polarised = polarisation(
            scene.first_incident, scene.first_electric, scene.first_magnetic,
            first.diffracted, scene.kahn_factor,
        );
    }
    return vec2<f32>(own_solid_angle(panel, first), polarised);
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
        let pixel = vec2<u32>(lane % GROUP, lane / GROUP) + GROUP * vec2<u32>(k % EDGE, k / EDGE);
        start[k] = (vec2<f32>(pixel) - f32(GROUP * EDGE) / 2.0) * panel.pixel_size_m;
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
        let centre = vec3<f32>(wide_value(qx), wide_value(qy), wide_value(qz)) / scene.index_scale;

        for (var o = slice.orientation_start; o < last_orientation; o += LANES) {
            let batch = min(LANES, last_orientation - o);
            let batch_number = slice.batch_base + s * slice.batches + o / LANES;
            if lane < batch {
                prepare(o + lane, lane, qx, qy, qz);
            }
            workgroupBarrier();
            for (var v = slice.view_start; v < last_view; v++) {
                let row = v / scene.oversample;
                let layer = row / scene.oversample;
                let depth = f32(layer) * scene.layer_depth_m;
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
                for (var place = 0u; place < batch; place++) {
                    let prepared = Prepared(
                        whole[place], fraction[place], row_a[place], row_b[place], row_c[place],
                    );
                    for (var k = 0u; k < EDGE * EDGE; k++) {
                        terms[k] += term(prepared, turned[k]);
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
