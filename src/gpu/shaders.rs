//! The WGSL sources and the permutations they are built in.

use super::tiles::TileSize;
use crate::experiment::Shape;
use crate::scene::Scene;

/// Functions that `shaders/kernel.wgsl` builds on, by file: each mirrors one of the CPU path.
pub const SHARED: [(&str, &str); 12] = [
    (
        "amorphous",
        include_str!("../../shaders/shared/amorphous.wgsl"),
    ),
    (
        "fixed_point",
        include_str!("../../shaders/shared/fixed_point.wgsl"),
    ),
    (
        "polarisation",
        include_str!("../../shaders/shared/polarisation.wgsl"),
    ),
    (
        "solid_angle",
        include_str!("../../shaders/shared/solid_angle.wgsl"),
    ),
    (
        "absorption",
        include_str!("../../shaders/shared/absorption.wgsl"),
    ),
    (
        "lattice_factor",
        include_str!("../../shaders/shared/lattice_factor.wgsl"),
    ),
    (
        "structure_factor",
        include_str!("../../shaders/shared/structure_factor.wgsl"),
    ),
    ("philox", include_str!("../../shaders/shared/philox.wgsl")),
    ("strict", include_str!("../../shaders/shared/strict.wgsl")),
    (
        "elementary",
        include_str!("../../shaders/shared/elementary.wgsl"),
    ),
    (
        "deviates",
        include_str!("../../shaders/shared/deviates.wgsl"),
    ),
    ("poisson", include_str!("../../shaders/shared/poisson.wgsl")),
];

/// Those that `shaders/noise.wgsl` builds on; the kernel builds on the others.
pub const OF_NOISE: [&str; 5] = ["philox", "strict", "elementary", "deviates", "poisson"];

/// The whole source of the shader that renders.
pub(super) fn render_source() -> String {
    with_kernel(&[
        SLICE,
        include_str!("../../shaders/pixels.wgsl"),
        include_str!("../../shaders/render.wgsl"),
    ])
}

/// The whole source of the shader of what scatters beside the crystal.
pub(super) fn background_source() -> String {
    with_kernel(&[SLICE, include_str!("../../shaders/background.wgsl")])
}

/// The whole source of the shader that writes down how one term comes about.
pub(super) fn trace_source() -> String {
    with_kernel(&[include_str!("../../shaders/trace.wgsl")])
}

/// The whole source of the shader that adds noise.
pub(super) fn noise_source() -> String {
    shared(true)
        .chain([include_str!("../../shaders/noise.wgsl")])
        .collect()
}

/// What the entry points of a render share.
const SLICE: &str = include_str!("../../shaders/slice.wgsl");

/// The entry point in `entry`, behind all it builds on.
fn with_kernel(entry: &[&'static str]) -> String {
    shared(false)
        .chain([include_str!("../../shaders/kernel.wgsl")])
        .chain(entry.iter().copied())
        .collect()
}

/// What noise builds on, or what the kernel does.
fn shared(of_noise: bool) -> impl Iterator<Item = &'static str> {
    SHARED
        .iter()
        .filter(move |(name, _)| OF_NOISE.contains(name) == of_noise)
        .map(|(_, source)| *source)
}

/// What the kernel is built for: its `override` constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permutation {
    edge: u8,
    shape: u8,
    factors: u8,
    half_grid: bool,
    polarised: bool,
    own_polarisation: bool,
    own_solid_angle: bool,
    point_pixels: bool,
    sensor: bool,
    resolution_limit: bool,
    curved: bool,
}

impl Permutation {
    /// What `scene` needs in tiles of `size`, with its grid as f16 where `half_grid`.
    pub fn of(scene: &Scene, size: TileSize, half_grid: bool) -> Permutation {
        let listed = scene.grid.is_some();
        Permutation {
            edge: size.per_thread as u8,
            shape: match scene.lattice.shape {
                Shape::Square => 0,
                Shape::Round => 1,
                Shape::Gauss => 2,
                Shape::TopHat => 3,
            },
            factors: match (listed, scene.interpolate) {
                (false, _) => 0,
                (true, false) => 1,
                (true, true) => 2,
            },
            half_grid: half_grid && listed,
            polarised: scene.kahn_factor.is_some(),
            own_polarisation: scene.polarisation_per_subpixel,
            own_solid_angle: scene.solid_angle_per_subpixel,
            point_pixels: scene.point_pixels,
            sensor: scene.panels.iter().any(|panel| panel.sensor.is_some()),
            resolution_limit: scene.scattering_vector_limit.is_finite(),
            curved: scene.panels.iter().any(|panel| panel.curved_m.is_some()),
        }
    }

    /// What of it bears on what scatters beside the crystal: other scenes share its pipeline.
    pub fn of_background(self) -> Permutation {
        Permutation {
            edge: self.edge,
            polarised: self.polarised,
            point_pixels: self.point_pixels,
            sensor: self.sensor,
            curved: self.curved,
            ..Permutation::default()
        }
    }

    /// The values of the `override` constants by name.
    pub fn constants(&self) -> [(&'static str, f64); 11] {
        let flag = |set: bool| f64::from(u8::from(set));
        [
            ("EDGE", self.edge.into()),
            ("SHAPE", self.shape.into()),
            ("FACTORS", self.factors.into()),
            ("HALF_GRID", flag(self.half_grid)),
            ("POLARISED", flag(self.polarised)),
            ("OWN_POLARISATION", flag(self.own_polarisation)),
            ("OWN_SOLID_ANGLE", flag(self.own_solid_angle)),
            ("POINT_PIXELS", flag(self.point_pixels)),
            ("SENSOR", flag(self.sensor)),
            ("RESOLUTION_LIMIT", flag(self.resolution_limit)),
            ("CURVED", flag(self.curved)),
        ]
    }
}

/// Every permutation there is.
pub fn permutations() -> impl Iterator<Item = Permutation> {
    (0..4).flat_map(|shape| {
        (0..3).flat_map(move |factors| {
            (0..512u16).map(move |switches| Permutation {
                edge: 1 + (switches >> 8 & 1) as u8,
                shape,
                factors,
                half_grid: switches & 1 != 0,
                polarised: switches & 2 != 0,
                own_polarisation: switches & 4 != 0,
                own_solid_angle: switches & 8 != 0,
                point_pixels: switches & 16 != 0,
                sensor: switches & 32 != 0,
                resolution_limit: switches & 64 != 0,
                curved: switches & 128 != 0,
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::specialised::{Shader, validator};

    #[test]
    fn the_noise_shader_is_valid_without_a_device() {
        let module = naga::front::wgsl::parse_str(&noise_source()).unwrap();
        validator().validate(&module).unwrap();
    }

    #[test]
    fn every_permutation_is_valid_without_a_device() {
        for source in [render_source(), background_source(), trace_source()] {
            let shader = Shader::new(&source).unwrap();
            for permutation in permutations() {
                let valid = shader.specialised(permutation).and_then(|module| {
                    let checked = validator().validate(&module);
                    checked.map_err(|error| error.to_string())
                });
                valid.unwrap_or_else(|error| panic!("{permutation:?}: {error}"));
            }
        }
    }
}
