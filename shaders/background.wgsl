// Scattering by amorphous materials: the sum over layers, sub-pixels and sources in every pixel, once
// for all orientations (PHYSICS §10). This pass runs before the terms, which are added to its sums.

// Form factor of a material's molecule from one entry of its table to the next.
struct ProfilePiece {
    coefficients: vec4<f32>, // of the powers of the distance from the start, constant first
    start: f32, // sin(theta)/lambda, 1/Å
}

// An amorphous material.
struct Amorphous {
    first: u32, // of its pieces, which are in rising order
    count: u32, // of its pieces
    weight: f32, // its sign(F) F^2 is multiplied by this
}

@group(0) @binding(5) var<storage, read> pieces: array<ProfilePiece>;
@group(0) @binding(6) var<storage, read> materials: array<Amorphous>;

// Form factor F of a molecule at sin(theta)/lambda = `stol`, 1/Å.
fn molecular_form_factor(material: Amorphous, stol: f32) -> f32 {
    // The last piece that begins at or before it; the first begins at zero.
    var low = 0u;
    var high = material.count;
    while high - low > 1u {
        let middle = (low + high) / 2u;
        if pieces[material.first + middle].start <= stol {
            low = middle;
        } else {
            high = middle;
        }
    }
    let piece = pieces[material.first + low];
    return cubic(piece.coefficients, stol - piece.start);
}

// Sum over the materials of weight sign(F) F^2.
fn amorphous(stol: f32) -> f32 {
    var sum = 0.0;
    for (var m = 0u; m < arrayLength(&materials); m++) {
        let material = materials[m];
        sum += material.weight * signed_square(molecular_form_factor(material, stol));
    }
    return sum;
}

@compute @workgroup_size(GROUP, GROUP)
fn background(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile_index = tile_of(workgroup);
    if is_beyond(tile_index) {
        return;
    }
    let tile = tiles[tile_index];
    let panel = panels[tile.panel];
    let sub = panel.pixel_size_m / f32(scene.oversample);
    for (var k = 0u; k < EDGE * EDGE; k++) {
        let start = pixel_corner(panel, pixel_in_tile(lane, k));
        let thread = tile_index * GROUP * GROUP + lane;
        let sum = sum_place(thread, k);
        let group = group_place(thread, k);
        let chunk = chunk_place(thread, k);
        var total = photons[sum / 4u][sum % 4u];
        if slice.first != 0u {
            let first = first_factors(scene, tile, panel, start + 0.5 * sub, 0u);
            total = scene.background * first.x * first.y;
        }
        // A source's views are summed before they are added; a dispatch may take a part of them.
        var of_source = 0.0;
        if slice.view_start > 0u {
            of_source = pending[group / 4u][group % 4u];
        }
        for (var s = slice.source_start; s < slice.source_start + slice.source_count; s++) {
            let source = sources[s];
            for (var v = slice.view_start; v < slice.view_start + slice.view_count; v++) {
                let part = part_of(v, sub);
                let depth = layer_depth(tile, panel, start + part.along, part.layer);
                let seen = view(tile, offset(tile, panel, start + part.along, depth));
                let q = (seen.diffracted - source.incident) * source.inverse_wavelength;
                let geometry = own_solid_angle(panel, seen) * absorbed(panel, seen, part.layer);
                let factor = source.weight * geometry * own_polarisation(scene.kahn_factor, source, seen);
                of_source += factor * amorphous(0.5 * length(q));
            }
            if slice.view_start + slice.view_count == slice.views {
                total += of_source;
                of_source = 0.0;
            }
        }
        photons[sum / 4u][sum % 4u] = total;
        // The terms start with this group and an empty chunk.
        pending[group / 4u][group % 4u] = of_source;
        pending[chunk / 4u][chunk % 4u] = 0.0;
    }
}
