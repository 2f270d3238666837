// How far from a reflection its spot can show: what leaves out terms that are zero. Mirrors
// src/physics/spot_reach.rs.

// How far from whole numbers the Miller index at the middle of a region may be, at most, for a spot
// to show anywhere in the region: all scattering vectors within `radius` 1/Å of some whose indices
// are within `index` of the middle's. A step of `radius` changes an index by no more than the radius
// times the cell's edge.
fn index_reach(model: Model, radius: f32, index: vec3<f32>) -> vec3<f32> {
    // More than rounding can take away.
    return 1.001 * (index + radius * model.edges + model.spot_reach) + vec3<f32>(1e-5);
}

// The fraction of a Miller index above the whole number below it, in units of 2^-32. Integers wrap
// around, so whole numbers drop out of sums of such fractions.
fn fixed_fraction(index: vec3<f32>) -> vec3<u32> {
    return vec3<u32>((index - floor(index)) * 0x1p32);
}

// The Miller indices about a whole number where a spot may show, in units of 2^-32.
struct Window {
    below: vec3<u32>, // from its lower end to the whole number
    width: vec3<u32>,
}

// The window of indices within `reach` of a whole number.
fn window(reach: vec3<f32>) -> Window {
    let whole = reach >= vec3<f32>(0.499);
    let below = vec3<u32>(min(reach, vec3<f32>(0.5)) * 0x1p32);
    return Window(below, select(2u * below, vec3<u32>(0xffffffffu), whole));
}

// Whether a spot may show at the index that is `from_below` above the lower end of `window`.
fn may_scatter(from_below: vec3<u32>, window: Window) -> bool {
    return all(from_below <= window.width);
}
