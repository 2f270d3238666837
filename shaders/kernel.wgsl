// What the entry points share: the scene as the device has it, and the functions that make up one
// term. render.wgsl adds all terms of an image, trace.wgsl writes down how one of them came about.
//
// Once per tile, source and orientation the Miller index of the tile's centre is formed in fixed
// point (shared/fixed_point.wgsl); every pixel then adds its own small offset, which is never a
// difference of two large numbers. docs/kernel.md explains the decomposition and its precision.

override SHAPE: u32 = 0u; // 0 square, 1 round, 2 Gaussian, 3 top-hat
override FACTORS: u32 = 0u; // 0 the same F everywhere, 1 nearest reflection, 2 tricubic
override HALF_GRID: bool = false; // F is stored as pairs of f16
override POLARISED: bool = true;
override OWN_POLARISATION: bool = false;
override OWN_SOLID_ANGLE: bool = false;
override POINT_PIXELS: bool = false;
override SENSOR: bool = false;
override RESOLUTION_LIMIT: bool = false;
override CURVED: bool = false; // some panel is
override EDGE: u32 = 1u; // a thread renders EDGE x EDGE pixels of its tile

const TAU: f32 = 6.2831855;
const GROUP: u32 = 8u; // edge of a workgroup, threads

// What the terms have in common: the spots and where F is.
struct Model {
    cells: vec3<f32>, // along a, b, c
    fudge: f32,
    metric_h: vec3<f32>, // g of Gaussian and top-hat spots is |delta . metric|^2
    default_f: f32, // F and F on the grid are over the largest of them
    metric_k: vec3<f32>,
    metric_l: vec3<f32>,
    edges: vec3<f32>, // of the cell, Å
    spot_reach: vec3<f32>, // how far from a reflection its spot is not zero, along each axis
    grid_min: vec3<i32>,
    grid_shape: vec3<i32>,
}

struct Scene {
    model: Model,
    first_incident: vec3<f32>, // of the first source
    index_scale: f32, // real-space vectors in Å over those of the orientations
    first_electric: vec3<f32>,
    scattering_limit_squared: f32, // 1/Å^2
    first_magnetic: vec3<f32>,
    kahn_factor: f32,
    background: f32, // over the same scale as a term
    layers: u32,
    oversample: u32,
}

struct Panel {
    fast: vec3<f32>,
    pixel_size_m: f32,
    slow: vec3<f32>,
    close_distance_m: f32,
    normal: vec3<f32>,
    solid_angle_unit: f32, // solid angles are over this
    curvature_m: f32, // radius of a curved panel, 0 for a flat one
    layer_depth_m: f32,
    optical_depth: f32, // of a layer, 0 for a panel that stops every photon at its surface
}

struct Tile {
    centre: vec3<f32>, // m
    distance: f32, // m
    direction: vec3<f32>,
    panel: u32,
    slow: vec3<f32>, // of a curved panel: the slow axis as the panel's bend turns it here
    digits: array<vec2<u32>, 3>, // of the direction, as Factors
}

struct Source {
    incident: vec3<f32>,
    inverse_wavelength: f32, // 1/Å
    electric: vec3<f32>,
    weight: f32,
    magnetic: vec3<f32>,
    // 1/wavelength and incident/wavelength as Wide numbers.
    digits: array<vec3<u32>, 4>,
}

// Rows a', b', c' over index_scale as Factors, two components to an element: software devices load
// four words in little more time than one.
struct Orientation {
    digits: array<vec4<u32>, 5>,
}

@group(0) @binding(0) var<uniform> scene: Scene;
@group(0) @binding(2) var<storage, read> panels: array<Panel>;
@group(0) @binding(3) var<storage, read> tiles: array<Tile>;
@group(0) @binding(4) var<storage, read> sources: array<Source>;
@group(0) @binding(5) var<storage, read> orientations: array<Orientation>;
@group(0) @binding(6) var<storage, read> grid: array<u32>;

// scene.model, which an entry point copies before its loops: inside of them a software device reads
// a uniform for each lane of a vector by itself.
var<private> model: Model;

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
    if !CURVED {
        return flat;
    }
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
    // Three divisions: a reciprocal's rounding would show, as all terms of a pixel share it.
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
    let place = index - model.grid_min;
    if any(place < vec3<i32>(0)) || any(place >= model.grid_shape) {
        return model.default_f;
    }
    let at = vec3<u32>(place);
    let shape = vec3<u32>(model.grid_shape);
    return amplitude((at.x * shape.y + at.y) * shape.z + at.z);
}

// F at `whole_index` + `rest`.
fn tricubic_amplitude(whole_index: vec3<i32>, rest: vec3<f32>) -> f32 {
    let base = floor(rest);
    let first = whole_index + vec3<i32>(base) - vec3<i32>(1) - model.grid_min;
    if any(first < vec3<i32>(0)) || any(first + vec3<i32>(3) >= model.grid_shape) {
        return nearest_amplitude(whole_index + vec3<i32>(ceil(rest - 0.5)));
    }
    let t = rest - base;
    let along_h = lagrange_weights(t.x);
    let along_k = lagrange_weights(t.y);
    let along_l = lagrange_weights(t.z);
    let corner = vec3<u32>(first);
    let shape = vec3<u32>(model.grid_shape);
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

// sqrt(fudge sum (N delta)^2), of a round crystal.
fn round_offset(delta: vec3<f32>) -> f32 {
    let scaled = delta * model.cells;
    return sqrt(model.fudge * dot(scaled, scaled));
}

// fudge g, of Gaussian and top-hat spots.
fn spread(delta: vec3<f32>) -> f32 {
    let away = delta.x * model.metric_h + delta.y * model.metric_k + delta.z * model.metric_l;
    return model.fudge * dot(away, away);
}

// F_latt over the number of cells.
fn lattice_factor(delta: vec3<f32>) -> f32 {
    if SHAPE == 0u {
        return square(model.cells, delta);
    }
    if SHAPE == 1u {
        return ROUND_SCALE * sinc3(round_offset(delta));
    }
    let g = spread(delta);
    if SHAPE == 2u {
        return gauss(g);
    }
    return select(0.0, 1.0, g < SPOT_WIDTH * SPOT_WIDTH);
}

// The Miller index of one orientation, less the whole numbers of the tile's centre, `turned` 1/Å
// from there.
fn index_rest(prepared: Prepared, turned: vec3<f32>) -> vec3<f32> {
    return prepared.fraction + index_step(prepared, turned);
}

// What a step of `turned` 1/Å changes of the Miller index of one orientation.
fn index_step(prepared: Prepared, turned: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(
        dot(prepared.row_a, turned), dot(prepared.row_b, turned), dot(prepared.row_c, turned),
    );
}

// The nearest reflection, less the same whole numbers.
fn nearest_rest(rest: vec3<f32>) -> vec3<f32> {
    return ceil(rest - 0.5);
}

fn cell_factor(whole_index: vec3<i32>, rest: vec3<f32>, nearest: vec3<f32>) -> f32 {
    if FACTORS == 1u {
        return nearest_amplitude(whole_index + vec3<i32>(nearest));
    }
    if FACTORS == 2u {
        return tricubic_amplitude(whole_index, rest);
    }
    return model.default_f;
}

// How far from whole numbers a Miller index may be, for a spot to reach anywhere within `radius` 1/Å
// of scattering vectors whose indices are off by `index`: from there, the index is off by no more than
// the radius times the cell's edge; and where a spot is not zero, its index is off whole numbers by no
// more than its reach.
fn index_reach(radius: f32, index: vec3<f32>) -> vec3<f32> {
    // Rounding never makes up for this much.
    return 1.001 * (index + radius * model.edges + model.spot_reach) + vec3<f32>(1e-5);
}

// What is between a Miller index and the whole numbers below it, in units of 2^-32: with integers
// that wrap around, whole numbers take care of themselves.
fn fixed_fraction(index: vec3<f32>) -> vec3<u32> {
    return vec3<u32>((index - floor(index)) * 0x1p32);
}

// The Miller indices about a whole number where a spot may show, in units of 2^-32.
struct Window {
    below: vec3<u32>, // from its lower end to the whole number
    width: vec3<u32>,
}

// All within `reach`.
fn window(reach: vec3<f32>) -> Window {
    let whole = reach >= vec3<f32>(0.499);
    let below = vec3<u32>(min(reach, vec3<f32>(0.5)) * 0x1p32);
    return Window(below, select(2u * below, vec3<u32>(0xffffffffu), whole));
}

// Whether a spot may show `from_below` the lower end of `window`.
fn may_scatter(from_below: vec3<u32>, window: Window) -> bool {
    return all(from_below <= window.width);
}

// F_cell^2 F_latt^2 of one orientation, `turned` 1/Å from the tile's centre.
fn term(prepared: Prepared, turned: vec3<f32>) -> f32 {
    let rest = index_rest(prepared, turned);
    let nearest = nearest_rest(rest);
    let f = cell_factor(prepared.whole, rest, nearest);
    // Missing reflections: neighbouring pixels have theirs in common.
    if FACTORS != 0u && f == 0.0 {
        return 0.0;
    }
    let delta = rest - nearest;
    let scattered = f * lattice_factor(delta);
    return scattered * scattered;
}

// The Factor whose four digits two words hold.
fn factor(words: vec2<u32>) -> vec4<i32> {
    return vec4<i32>(halves(words.x), halves(words.y));
}

// The Wide number whose five digits three words hold.
fn wide(words: vec3<u32>) -> Wide {
    return Wide(factor(words.xy), halves(words.z).x);
}

// q_c of the tile's centre along one axis, times index_scale.
fn centre_component(tile: Tile, source: Source, axis: u32) -> Wide {
    let along = product(factor(tile.digits[axis]), wide(source.digits[0]));
    return difference(along, wide(source.digits[1u + axis]));
}

// Orientation `index`, for the tile whose centre is at the Wide scattering vector q.
fn prepared_at(index: u32, qx: Wide, qy: Wide, qz: Wide) -> Prepared {
    let digits = orientations[index].digits;
    let ax = factor(digits[0].xy);
    let ay = factor(digits[0].zw);
    let az = factor(digits[1].xy);
    let bx = factor(digits[1].zw);
    let by = factor(digits[2].xy);
    let bz = factor(digits[2].zw);
    let cx = factor(digits[3].xy);
    let cy = factor(digits[3].zw);
    let cz = factor(digits[4].xy);
    let h = fixed_dot(ax, ay, az, qx, qy, qz);
    let k = fixed_dot(bx, by, bz, qx, qy, qz);
    let l = fixed_dot(cx, cy, cz, qx, qy, qz);
    let a = vec3<f32>(factor_value(ax), factor_value(ay), factor_value(az));
    let b = vec3<f32>(factor_value(bx), factor_value(by), factor_value(bz));
    let c = vec3<f32>(factor_value(cx), factor_value(cy), factor_value(cz));
    return Prepared(
        vec3<i32>(h.whole, k.whole, l.whole),
        vec3<f32>(h.fraction, k.fraction, l.fraction),
        scene.index_scale * a,
        scene.index_scale * b,
        scene.index_scale * c,
    );
}

// The scattering vector in 1/Å of the tile's centre.
fn centre_vector(qx: Wide, qy: Wide, qz: Wide) -> vec3<f32> {
    return vec3<f32>(wide_value(qx), wide_value(qy), wide_value(qz)) / scene.index_scale;
}

// From the tile's centre to the corner of its pixel `pixel`, m along fast and slow.
fn pixel_corner(panel: Panel, pixel: vec2<u32>) -> vec2<f32> {
    return (vec2<f32>(pixel) - f32(GROUP * EDGE) / 2.0) * panel.pixel_size_m;
}

// P for X-rays of `source`.
fn own_polarisation(source: Source, seen: View) -> f32 {
    if !POLARISED {
        return 1.0;
    }
    return polarisation(
        source.incident, source.electric, source.magnetic, seen.diffracted, scene.kahn_factor,
    );
}

// Omega and P that a term is multiplied by: its own, or those of the pixel's first sub-pixel.
fn applied_factors(panel: Panel, source: Source, seen: View, first: vec2<f32>) -> vec2<f32> {
    var applied = first;
    if OWN_SOLID_ANGLE {
        applied.x = own_solid_angle(panel, seen);
    }
    if OWN_POLARISATION {
        applied.y = own_polarisation(source, seen);
    }
    return applied;
}

// A of a layer; the front layer of a panel without a sensor stops every photon.
fn absorbed(panel: Panel, seen: View, layer: u32) -> f32 {
    if !SENSOR || panel.optical_depth == 0.0 {
        return select(0.0, 1.0, layer == 0u);
    }
    return absorbed_fraction(panel.optical_depth, layer, dot(seen.diffracted, panel.normal));
}

// Whether the resolution limit drops terms at q.
fn is_dropped(q: vec3<f32>) -> bool {
    return RESOLUTION_LIMIT && dot(q, q) > scene.scattering_limit_squared;
}

// Omega P A w of a view, 0 beyond the resolution limit.
fn view_factor(panel: Panel, source: Source, seen: View, q: vec3<f32>, first: vec2<f32>, layer: u32) -> f32 {
    if is_dropped(q) {
        return 0.0;
    }
    let applied = applied_factors(panel, source, seen, first);
    return source.weight * applied.x * applied.y * absorbed(panel, seen, layer);
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
