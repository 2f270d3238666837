// The slots of a pixel: the numbers that all derivatives of its photons go through (PHYSICS §17). Rows that
// no derivative asks for are left out.

override CRYSTAL: bool = true; // there are rows of the crystal's lattice and its orientation
override SIZE: bool = true; // of the crystal's size
override SPREAD: bool = true; // of its mosaicity
override PLACE: bool = true; // of the panels' places
override HALO: bool = false; // of what diffuse scattering is made of

struct Slots {
    // Always: photons of the crystal, and of the water; the logarithm of the wavelength; the square of q,
    // 1/Å^2, that an exponential damps.
    general: vec4<f32>,
    // CRYSTAL: columns of K, and a turn of the crystal about x, y and z.
    h: vec4<f32>,
    k: vec4<f32>,
    l: vec4<f32>,
    size: vec4<f32>, // SIZE: as LatticeSlopes, and F where it is the default one
    size_across: vec4<f32>, // and the logarithm of the bandwidth
    mosaic: vec4<f32>, // SPREAD: the spreads, and the logarithm of the first divergence
    shift: vec4<f32>, // PLACE: a shift of the panel, and the logarithm of the second divergence
    turn: vec4<f32>, // a turn of the panel about the sample, and nothing
    // HALO: along the crystal's own axes, 1/Å^2, the products of reflections with themselves, weighted by
    // the slopes to their displacement: squares; and yz, xz, xy.
    displacement: vec4<f32>,
    displacement_across: vec4<f32>,
    // HALO: products of offsets with themselves, weighted by the slopes to the correlation: squares; yz, xz
    // and xy are the fourth of each of these three rows.
    correlation: vec4<f32>,
}

// How many rows there are.
fn row_count() -> u32 {
    return 1u + select(0u, 3u, CRYSTAL) + select(0u, 2u, SIZE) + select(0u, 1u, SPREAD)
        + select(0u, 2u, PLACE) + select(0u, 3u, HALO);
}
