// The trace of one term of one pixel, by the functions that render it. The buffers hold the pixel's
// tile, one source and one orientation.

// The term to trace.
struct Selected {
    pixel: vec2<u32>, // within its tile
    sub_pixel: vec2<u32>,
    layer: u32,
}

// The quantities that the term is made of, in the units of the device.
struct Traced {
    fast: vec3<f32>,
    distance: f32, // m
    slow: vec3<f32>,
    solid_angle: f32, // over the panel's unit
    normal: vec3<f32>,
    polarisation: f32,
    position: vec3<f32>, // m
    inverse_wavelength: f32, // 1/Å
    diffracted: vec3<f32>,
    stol: f32, // 1/Å
    incident: vec3<f32>,
    weight: f32,
    scattering_vector: vec3<f32>, // 1/Å
    absorbed: f32,
    cell_a: vec3<f32>, // Å
    structure_factor: f32, // times the scale of F
    cell_b: vec3<f32>,
    lattice_factor: f32, // over the number of cells
    cell_c: vec3<f32>,
    term: f32, // over the scale of terms
    whole: vec3<f32>, // of the Miller index at the tile's centre
    round_offset: f32,
    rest: vec3<f32>, // to be added to `whole`
    spread: f32, // 1/Å^2
    nearest: vec3<f32>, // to be added to `whole`
    damping: f32, // by the B factor
    axes: vec3<f32>, // the lattice factor of each axis, over its number of cells
    halo: f32, // over the scale of terms
    // The triangular factor of a spot in closed form, whitened, and the rest of it.
    factor_h: vec3<f32>,
    spot_rate: f32,
    factor_kl: vec3<f32>,
    spot_crossing: f32,
    spot_height: f32,
    spot_exponent: f32,
    displacement: f32, // x of the nearest reflection
}

@group(0) @binding(1) var<uniform> selected: Selected;
@group(0) @binding(7) var<storage, read_write> traced: Traced;
@group(0) @binding(8) var<uniform> symmetry: Symmetry;

@compute @workgroup_size(1)
fn trace() {
    let model = scene.model;
    no_bits = scene.no_bits;
    let tile = tiles[0];
    let panel = panels[tile.panel];
    let source = sources[0];
    let sub = panel.pixel_size_m / f32(scene.oversample);
    let start = pixel_corner(panel, selected.pixel);
    let first = first_factors(scene, tile, panel, start + 0.5 * sub, selected.layer);

    let qx = centre_component(tile, source, 0u);
    let qy = centre_component(tile, source, 1u);
    let qz = centre_component(tile, source, 2u);
    let prepared = prepare(orientations[0], scene.index_scale, model.grid_origin, qx, qy, qz);

    let along = start + (vec2<f32>(selected.sub_pixel) + 0.5) * sub;
    let p = offset(tile, panel, along, layer_depth(tile, panel, along, selected.layer));
    let seen = view(tile, p);
    let turned = seen.turned * source.inverse_wavelength;
    let q = centre_vector(scene.index_scale, qx, qy, qz) + turned;
    let applied = applied_factors(scene.kahn_factor, panel, source, seen, first);

    var index = Index(prepared.whole, index_rest(prepared, turned));
    if FINE {
        let steps = steps_to(
            tile, panel, scene.oversample, selected.pixel, selected.sub_pixel, selected.layer,
        );
        let fine = fine_vector(tile, source, steps);
        index = index_at(orientations[0], model.grid_origin, fine.x, fine.y, fine.z);
    }
    let rest = index.fraction;
    let nearest = nearest_index(rest);
    let delta = rest - nearest;

    traced.fast = panel.fast;
    traced.slow = panel.slow;
    traced.normal = panel.normal;
    traced.position = tile.centre + p;
    traced.distance = seen.distance;
    traced.solid_angle = applied.x;
    traced.polarisation = applied.y;
    traced.diffracted = seen.diffracted;
    traced.incident = source.incident;
    traced.inverse_wavelength = source.inverse_wavelength;
    traced.weight = source.weight;
    traced.scattering_vector = q;
    traced.stol = length(q) / 2.0;
    traced.damping = debye_waller(scene.damping, q);
    traced.cell_a = prepared.row_a;
    traced.cell_b = prepared.row_b;
    traced.cell_c = prepared.row_c;
    traced.whole = index.whole + vec3<f32>(model.grid_origin);
    traced.rest = rest;
    traced.nearest = nearest;
    traced.axes = vec3<f32>(
        sincg(model.cells.x, delta.x), sincg(model.cells.y, delta.y), sincg(model.cells.z, delta.z),
    );
    traced.round_offset = round_offset(model, delta);
    traced.spread = spot_exponent(model, delta) * (SPOT_WIDTH * LN_2);
    traced.lattice_factor = lattice_scale(model) * lattice_factor(model, delta);
    traced.structure_factor = structure_factor(model, index.whole, rest, nearest);
    if SYMMETRIC {
        traced.lattice_factor = lattice_scale(model) * sqrt(symmetric_square(model, delta));
    }
    var halos = 0.0;
    for (var number = 0u; number < symmetry.steps; number++) {
        halos += halo(model, index.whole, rest, halo_step(number));
    }
    traced.halo = halos;
    var strength = 0.0;
    for (var number = 0u; number < symmetry.form_count; number++) {
        let form = symmetry.forms[number];
        let reflection = vec3<f32>(vec3<i32>(index.whole + nearest) + model.grid_origin);
        traced.displacement += form.strength * displacement(form, reflection);
        strength += form.strength;
    }
    traced.displacement /= strength;
    let scattered = common_factor(model) * term_at(model, index.whole, rest, nearest) + halos;
    traced.term = select(scattered, 0.0, is_dropped(scene.scattering_limit_squared, q));
    traced.absorbed = absorbed(panel, seen, selected.layer);
    if CLOSED_FORM {
        let form = scene.closed_form;
        let factor = with_area(
            covariance_factor(form, prepared, source, q),
            form, prepared, panel, source, q, seen.distance,
        );
        let spot = smeared_spot(form, factor, delta, sweep(form, prepared, q));
        let smeared = common_factor(model) * smeared_term(
            model, form, prepared, panel, source, q, seen.distance, index.whole, rest,
        );
        traced.factor_h = factor.h;
        traced.factor_kl = factor.kl;
        traced.spot_height = spot.height;
        traced.spot_exponent = spot.exponent;
        traced.spot_rate = spot.rate;
        traced.spot_crossing = spot.crossing;
        traced.lattice_factor = sqrt(smeared_average(form, spot));
        traced.term = select(smeared + halos, 0.0, is_dropped(scene.scattering_limit_squared, q));
    }
}
