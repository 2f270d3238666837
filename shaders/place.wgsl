// Puts the sums of tiles in their places in the image, as photons, and adds those of several energy
// channels. Builds on shared/scaled.wgsl, shared/pair.wgsl and what that builds on.

struct Placing {
    // The dispatch's first tile in the band, and how many there are.
    first_tile: u32,
    tile_count: u32,
    tiles_per_row: u32,
    // 1 where a thread has two pixels along each axis, 0 where it has one.
    two: u32,
    // 1 if photons of other channels come on top, and 1 if some are there already.
    several: u32,
    adds: u32,
    // 1 if not all pixels are rendered.
    masked: u32,
    // What strict.wgsl wants: 0.
    no_bits: u32,
}

// A tile of the dispatch.
struct PlacedTile {
    first: u32, // place in the image of its first pixel
    panel: u32,
    columns: u32, // that lie on the panel
    rows: u32,
}

// What the sums of a panel are multiplied by to become photons.
struct PanelFactor {
    factor: Factor,
    width: u32, // pixels along fast
}

@group(0) @binding(0) var<uniform> placing: Placing;
// Floats as words: what is not a number goes through unharmed.
@group(0) @binding(1) var<storage, read> sums: array<u32>;
@group(0) @binding(2) var<storage, read> tiles: array<PlacedTile>;
@group(0) @binding(3) var<storage, read> panels: array<PanelFactor>;
// One bit for each pixel of the image.
@group(0) @binding(4) var<storage, read> rendered: array<u32>;
@group(0) @binding(5) var<storage, read_write> photons: array<u32>;
// What photons have no digits for, where there are several channels.
@group(0) @binding(6) var<storage, read_write> photons_low: array<f32>;

const GROUP = 8u;

@compute @workgroup_size(GROUP, GROUP)
fn place(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = workgroup.y * placing.tiles_per_row + workgroup.x;
    if own >= placing.tile_count {
        return;
    }
    no_bits = placing.no_bits;
    let tile = tiles[own];
    let panel = panels[tile.panel];
    let two = placing.two;
    let first = (((placing.first_tile + own) * GROUP * GROUP + lane) << two) << two;
    for (var k = 0u; k < 1u << (2u * two); k++) {
        let column = ((lane % GROUP) << two) + (k & two);
        let row = ((lane / GROUP) << two) + (k >> two);
        if column >= tile.columns || row >= tile.rows {
            continue;
        }
        let pixel = tile.first + row * panel.width + column;
        if placing.masked == 1u && ((rendered[pixel / 32u] >> (pixel % 32u)) & 1u) == 0u {
            continue;
        }
        add(pixel, scaled(sums[first + k], panel.factor));
    }
}

// Adds the photons with these `bits` to those of `pixel`.
fn add(pixel: u32, bits: u32) {
    if placing.adds == 0u {
        photons[pixel] = bits;
        if placing.several == 1u {
            photons_low[pixel] = 0.0;
        }
        return;
    }
    let high = exact_sum(bitcast<f32>(photons[pixel]), bitcast<f32>(bits));
    let all = exact_sum(high.x, sum(high.y, photons_low[pixel]));
    // What has no end has no digits below it.
    let ends = (bitcast<u32>(high.x) & 0x7f800000u) != 0x7f800000u;
    photons[pixel] = bitcast<u32>(select(high.x, all.x, ends));
    photons_low[pixel] = select(0.0, all.y, ends);
}
