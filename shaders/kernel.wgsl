// The scene as the device holds it, and the factors that a term is multiplied by. The entry points
// build on this file and on shared/: render.wgsl adds all terms of an image, background.wgsl what
// amorphous materials scatter, diffuse.wgsl halos, trace.wgsl writes down how one term comes about.
//
// Once per tile, source and orientation the Miller index of the tile's centre is formed in fixed
// point (shared/fixed_point.wgsl); every pixel then adds its own small offset, which is never a
// difference of two large numbers. docs/kernel.md explains the decomposition and its precision.
//
// A function gets what it needs of the scene as arguments, so that a test can call it with any
// values. Only functions that stand for a buffer, such as `stored_structure_factor`, read one.

override SHAPE: u32 = 0u; // 0 square, 1 round, 2 Gaussian, 3 top-hat
override STRUCTURE_FACTORS: u32 = 0u; // 0 one F everywhere, 1 nearest reflection, 2 tricubic
override HALF_GRID: bool = false; // structure factors are stored as pairs of f16
override POLARISED: bool = true;
override OWN_POLARISATION: bool = false; // every sub-pixel and source has its own P
override OWN_SOLID_ANGLE: bool = false; // every sub-pixel has its own solid angle
override POINT_PIXELS: bool = false;
// 0 no panel has a sensor; some has: 1 layers at their front faces, 2 at their mean depths
override SENSOR: u32 = 0u;
// What depends on the resolution alone: 0 nothing; 1 terms beyond a limit are dropped; 2 the others are
// damped by a B factor, too.
override RESOLUTION: u32 = 0u;
override CURVED: bool = false; // some panel is curved

// Spots are so sharp that each sub-pixel's Miller index has to come in fixed point.
override FINE: bool = false;

// Spots of Gaussian and top-hat crystals end. Where no spot reaches, terms are zero and are left out,
// if the host says that looking for them pays (src/gpu/culling.rs).
override CULLS: bool = false;

// A square crystal has so many cells that float32 may not hold the square of their number.
override LARGE: bool = false;

// The pixels of a thread are so near each other, and the spots such, that the reflection nearest to one
// may stand for all (src/gpu/shaders.rs).
override ONE_NEAREST: bool = false;

// F_latt^2 is averaged over the operators of the crystal's symmetry.
override SYMMETRIC: bool = false;

// Each orientation is the middle of a segment of phi, and a term the average over it and over all that
// smears the spots (PHYSICS §16).
override CLOSED_FORM: bool = false;

override EDGE: u32 = 1u; // a thread renders EDGE x EDGE pixels of its tile

const GROUP: u32 = 8u; // edge of a workgroup, threads

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
    no_bits: u32, // what strict.wgsl wants: 0
    damping: f32, // -B/(2 ln 2), Å^2
    closed_form: ClosedForm, // where CLOSED_FORM
}

struct Panel {
    fast: vec3<f32>,
    pixel_size_m: f32,
    slow: vec3<f32>,
    close_distance_m: f32,
    normal: vec3<f32>,
    solid_angle_unit: f32, // solid angles are divided by this
    curvature_m: f32, // radius of a curved panel, 0 for a flat one
    layer_thickness_m: f32,
    optical_depth: f32, // of a layer, 0 for a panel that stops every photon at its surface
}

struct Tile {
    centre: vec3<f32>, // m
    distance: f32, // m
    direction: vec3<f32>,
    panel: u32,
    slow: vec3<f32>, // slow axis of the panel; of a curved one, as its bend turns it here
    direction_low: vec3<f32>, // what `direction` has no digits for
    // Half a sub-pixel along fast and slow, and a layer along the normal, over `distance`; and what
    // these have no digits for.
    steps: array<vec3<f32>, 3>,
    steps_low: array<vec3<f32>, 3>,
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
// For each place h, l, k (the last innermost) the structure factor over the largest of them; or, for
// interpolation, the coefficients of a cubic along l. As pairs of f16 with HALF_GRID.
@group(0) @binding(6) var<storage, read> grid: array<vec4<u32>>;

// Whether the layers of `panel` stop photons at their mean depths, and each has an Omega and P of
// its own. A curved panel's layers all lie on its sphere. Callers ask for SENSOR first: the branch then
// goes when the kernel is specialised.
fn has_mean_depths(panel: Panel) -> bool {
    return panel.optical_depth != 0.0 && panel.curvature_m == 0.0;
}

// Depth in the sensor, m, at which `layer` stops photons that come `along` m from the tile's centre.
fn layer_depth(tile: Tile, panel: Panel, along: vec2<f32>, layer: u32) -> f32 {
    let front = f32(layer) * panel.layer_thickness_m;
    if SENSOR != 2u {
        return front;
    }
    if !has_mean_depths(panel) {
        return front;
    }
    let seen = view(tile, offset(tile, panel, along, front));
    let within = mean_depth(panel.optical_depth, dot(seen.diffracted, panel.normal));
    return (f32(layer) + within) * panel.layer_thickness_m;
}

// Solid angle of a pixel, over the panel's unit.
fn own_solid_angle(panel: Panel, seen: View) -> f32 {
    var close = panel.close_distance_m;
    if SENSOR == 2u {
        if has_mean_depths(panel) {
            // The distance of the plane in which the layer stops photons.
            close = seen.distance * dot(seen.diffracted, panel.normal);
        }
    }
    return solid_angle(panel.pixel_size_m, close, seen.distance, POINT_PIXELS)
        / panel.solid_angle_unit;
}

// P for X-rays of `source`; 1 where polarisation is switched off.
fn own_polarisation(kahn_factor: f32, source: Source, seen: View) -> f32 {
    if !POLARISED {
        return 1.0;
    }
    return polarisation(
        source.incident, source.electric, source.magnetic, seen.diffracted, kahn_factor,
    );
}

// Omega and P that a term is multiplied by: its own, or those of the pixel's first sub-pixel.
fn applied_factors(
    kahn_factor: f32, panel: Panel, source: Source, seen: View, first: vec2<f32>,
) -> vec2<f32> {
    var applied = first;
    if OWN_SOLID_ANGLE {
        applied.x = own_solid_angle(panel, seen);
    }
    if OWN_POLARISATION {
        applied.y = own_polarisation(kahn_factor, source, seen);
    }
    return applied;
}

// A of a layer; the front layer of a panel without a sensor stops every photon.
fn absorbed(panel: Panel, seen: View, layer: u32) -> f32 {
    if SENSOR == 0u || panel.optical_depth == 0.0 {
        return select(0.0, 1.0, layer == 0u);
    }
    return absorbed_fraction(panel.optical_depth, layer, dot(seen.diffracted, panel.normal));
}

// Whether the resolution limit drops terms at the scattering vector q.
fn is_dropped(limit_squared: f32, q: vec3<f32>) -> bool {
    return RESOLUTION != 0u && dot(q, q) > limit_squared;
}

// Omega P A w of a view at the scattering vector q, damped by the B factor; 0 beyond the resolution
// limit.
fn view_factor(
    scene: Scene, panel: Panel, source: Source, seen: View, q: vec3<f32>, first: vec2<f32>,
    layer: u32,
) -> f32 {
    if is_dropped(scene.scattering_limit_squared, q) {
        return 0.0;
    }
    let applied = applied_factors(scene.kahn_factor, panel, source, seen, first);
    var factor = source.weight * applied.x * applied.y * absorbed(panel, seen, layer);
    if RESOLUTION == 2u {
        factor *= debye_waller(scene.damping, q);
    }
    return factor;
}

// Omega and P of a pixel's first sub-pixel, `along` m from the tile's centre, for the first source; in
// `layer` where layers have their own, else in the front layer.
fn first_factors(
    scene: Scene, tile: Tile, panel: Panel, along: vec2<f32>, layer: u32,
) -> vec2<f32> {
    var depth = 0.0;
    if SENSOR == 2u {
        if has_mean_depths(panel) {
            depth = layer_depth(tile, panel, along, layer);
        }
    }
    let first = view(tile, offset(tile, panel, along, depth));
    var polarised = 1.0;
    if POLARISED {
        polarised = polarisation(
            scene.first_incident, scene.first_electric, scene.first_magnetic,
            first.diffracted, scene.kahn_factor,
        );
    }
    return vec2<f32>(own_solid_angle(panel, first), polarised);
}
