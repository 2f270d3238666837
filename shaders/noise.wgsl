// Noise, pixel by pixel. Mirrors src/image/noise/exposure.rs, to the last bit; builds on
// shared/poisson.wgsl and what that builds on.

struct Exposure {
    key: vec2<u32>,
    calibration_key: vec2<u32>,
    image: u32,
    brightness: f32,
    calibration: f32,
    gain: f32,
    offset: f32,
    readout: f32,
    saturation: f32,
    // What strict.wgsl wants: 0.
    no_bits: u32,
    // Number in the image of the band's first pixel.
    band: u32,
    // The dispatch's first pixel in the band, and what is behind its last.
    first: u32,
    end: u32,
}

const PHOTONS = 0u;
const CALIBRATION = 2u;
const READOUT = 3u;
const WHOLE = 8388608.0;

@group(0) @binding(0) var<uniform> exposure: Exposure;
// Floats as words: what is not a number goes through unharmed.
@group(0) @binding(1) var<storage, read_write> values: array<u32>;

@compute @workgroup_size(64)
fn count(@builtin(global_invocation_id) thread: vec3<u32>) {
    let place = exposure.first + thread.x;
    if place >= exposure.end {
        return;
    }
    no_bits = exposure.no_bits;
    let photons = counted(bitcast<f32>(values[place]), exposure.band + place);
    values[place] = bitcast<u32>(photons);
}

@compute @workgroup_size(64)
fn read(@builtin(global_invocation_id) thread: vec3<u32>) {
    let place = exposure.first + thread.x;
    if place >= exposure.end {
        return;
    }
    no_bits = exposure.no_bits;
    let counts = read_out(bitcast<f32>(values[place]), exposure.band + place);
    values[place] = bitcast<u32>(counts);
}

fn counted(mean: f32, pixel: u32) -> f32 {
    let stream = Stream(pixel, exposure.image, PHOTONS, exposure.key);
    let photons = poisson(product(mean, exposure.brightness), stream);
    if exposure.calibration == 0.0 {
        return photons;
    }
    let of_the_detector = Stream(pixel, 0u, CALIBRATION, exposure.calibration_key);
    return product(photons, sum(1.0, product(exposure.calibration, normal(of_the_detector))));
}

fn read_out(photons: f32, pixel: u32) -> f32 {
    var count = sum(product(photons, exposure.gain), exposure.offset);
    if exposure.readout != 0.0 {
        let stream = Stream(pixel, exposure.image, READOUT, exposure.key);
        count = sum(count, product(exposure.readout, normal(stream)));
    }
    return min(rounded(count), exposure.saturation);
}

fn rounded(count: f32) -> f32 {
    if abs(count) >= WHOLE {
        return count;
    }
    let below = floor(count);
    return select(below, sum(below, 1.0), difference(count, below) >= 0.5);
}
