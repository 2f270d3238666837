//! The WGSL sources and the permutations they are built in.

use super::accuracy::is_fine;
use super::derivatives::Rows;
use super::tiles::TileSize;
use crate::experiment::{LayerDepth, Shape};
use crate::scene::Scene;

/// The source of a file of `shaders/`.
macro_rules! wgsl {
    ($file:literal) => {
        include_str!(concat!("../../shaders/", $file, ".wgsl"))
    };
}

/// The scene on the device, and the functions that a term is made of.
const KERNEL: [&str; 21] = [
    wgsl!("kernel"),
    wgsl!("shared/absorption"),
    wgsl!("shared/closed_form"),
    wgsl!("shared/debye_waller"),
    wgsl!("shared/diffuse"),
    wgsl!("shared/erf"),
    wgsl!("shared/fine"),
    wgsl!("shared/fixed_point"),
    wgsl!("shared/interpolation"),
    wgsl!("shared/lattice_factor"),
    wgsl!("shared/miller_index"),
    wgsl!("shared/pair"),
    wgsl!("shared/polarisation"),
    wgsl!("shared/position"),
    wgsl!("shared/solid_angle"),
    wgsl!("shared/spot_reach"),
    wgsl!("shared/strict"),
    wgsl!("shared/structure_factor"),
    wgsl!("shared/symmetry"),
    wgsl!("shared/term"),
    wgsl!("shared/view"),
];

/// The source of the shader that renders.
pub fn render_source() -> String {
    through_terms() + wgsl!("render")
}

/// What goes through the terms of an image.
fn through_terms() -> String {
    KERNEL.concat() + wgsl!("slice") + wgsl!("pixels") + wgsl!("prepared") + wgsl!("candidates")
}

/// The source of the shader of derivatives.
pub fn derivatives_source() -> String {
    let slopes = [
        wgsl!("shared/closed_form_slopes"),
        wgsl!("shared/factor_slopes"),
        wgsl!("shared/interpolation_slopes"),
        wgsl!("shared/lattice_slopes"),
        wgsl!("shared/term_slopes"),
        wgsl!("slots"),
        wgsl!("derivatives"),
    ];
    through_terms() + &slopes.concat()
}

/// The source of the shader of the derivatives of diffuse scattering.
pub fn diffuse_derivatives_source() -> String {
    derivatives_source() + wgsl!("shared/halo_slopes") + wgsl!("diffuse_derivatives")
}

/// The source of the shader that multiplies derivatives with directions and weights.
pub fn weigh_source() -> String {
    [wgsl!("slots"), wgsl!("weigh")].concat()
}

/// The source of the shader of diffuse scattering.
pub fn diffuse_source() -> String {
    KERNEL.concat() + wgsl!("slice") + wgsl!("pixels") + wgsl!("prepared") + wgsl!("diffuse")
}

/// The source of the shader of what scatters beside the crystal.
pub fn background_source() -> String {
    KERNEL.concat() + wgsl!("slice") + wgsl!("shared/amorphous") + wgsl!("background")
}

/// The source of the shader that writes down how one term comes about.
pub fn trace_source() -> String {
    KERNEL.concat() + wgsl!("trace")
}

/// The source of the shader that adds noise.
pub fn noise_source() -> String {
    [
        wgsl!("shared/philox"),
        wgsl!("shared/strict"),
        wgsl!("shared/elementary"),
        wgsl!("shared/deviates"),
        wgsl!("shared/poisson"),
        wgsl!("noise"),
    ]
    .concat()
}

/// The source of the shader that puts sums in their places in an image.
pub fn place_source() -> String {
    [
        wgsl!("shared/strict"),
        wgsl!("shared/pair"),
        wgsl!("shared/scaled"),
        wgsl!("place"),
    ]
    .concat()
}

/// The source of the shader that makes the numbers of a file.
pub fn pack_source() -> String {
    wgsl!("pack").into()
}

/// The source of the shader that adds up the photons of an image.
pub fn statistics_source() -> String {
    [
        wgsl!("shared/strict"),
        wgsl!("shared/pair"),
        wgsl!("statistics"),
    ]
    .concat()
}

/// The source of the shader that spreads light.
pub fn spread_source() -> String {
    [
        wgsl!("shared/modular"),
        wgsl!("shared/transform"),
        wgsl!("shared/residues"),
        wgsl!("spread"),
    ]
    .concat()
}

/// Cells of a square crystal that sums of F_latt² fit float32 with.
const MOST_CELLS: f64 = 1e15;

/// A permutation of the kernel: the values of its `override` constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permutation {
    edge: u8,
    shape: u8,
    structure_factors: u8,
    half_grid: bool,
    polarised: bool,
    own_polarisation: bool,
    own_solid_angle: bool,
    point_pixels: bool,
    sensor: u8,
    resolution: u8,
    curved: bool,
    fine: bool,
    culls: bool,
    one_nearest: bool,
    large: bool,
    symmetric: bool,
    closed_form: bool,
    derivatives: DerivativePart,
}

/// What the shaders of derivatives depend on beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DerivativePart {
    /// The rows of slots.
    pub rows: Rows,
    /// Whether the weighted slopes to F are added up for each reflection.
    pub amplitudes: bool,
    /// Whether turns of the crystal at φ = 0 have angular velocities in each orientation.
    pub scans: bool,
    /// Spreads by which each orientation has angular velocities: none, one or three.
    pub spreads: u8,
}

impl Permutation {
    /// The permutation for `scene` in tiles of `size`, with its grid as f16 where `half_grid`; one
    /// that leaves terms out that are zero where `culls`.
    pub fn of(scene: &Scene, size: TileSize, half_grid: bool, culls: bool) -> Permutation {
        let listed = scene.grid.is_some();
        Permutation {
            edge: size.per_thread as u8,
            shape: match scene.lattice.shape {
                Shape::Square => 0,
                Shape::Round => 1,
                Shape::Gauss => 2,
                Shape::TopHat => 3,
            },
            structure_factors: match (listed, scene.interpolate) {
                (false, _) => 0,
                (true, false) => 1,
                (true, true) => 2,
            },
            half_grid: half_grid && listed,
            polarised: scene.kahn_factor.is_some(),
            own_polarisation: scene.polarisation_per_subpixel,
            own_solid_angle: scene.solid_angle_per_subpixel,
            point_pixels: scene.point_pixels,
            sensor: match scene.layer_depth {
                _ if scene.panels.iter().all(|panel| panel.sensor.is_none()) => 0,
                LayerDepth::Front => 1,
                LayerDepth::Mean => 2,
            },
            resolution: match scene.scattering_vector_limit {
                _ if scene.b_factor != 0.0 => 2,
                limit => u8::from(limit.is_finite()),
            },
            curved: scene.panels.iter().any(|panel| panel.curved_m.is_some()),
            fine: is_fine(scene),
            culls,
            one_nearest: has_one_nearest(scene, size),
            large: scene.lattice.shape == Shape::Square && scene.lattice.total > MOST_CELLS,
            symmetric: !scene.symmetric_shape.is_empty(),
            closed_form: scene.closed_form.is_some(),
            derivatives: DerivativePart::default(),
        }
    }

    /// That of the derivatives.
    pub fn with_derivatives(self, derivatives: DerivativePart) -> Permutation {
        Permutation {
            one_nearest: false,
            derivatives,
            ..self
        }
    }

    /// The constants that what is done with derivatives depends on; the others as by default.
    pub fn of_weighing(self) -> Permutation {
        Permutation {
            edge: self.edge,
            derivatives: DerivativePart {
                rows: self.derivatives.rows,
                ..DerivativePart::default()
            },
            ..Permutation::default()
        }
    }

    /// The constants that the shader of diffuse scattering depends on; the others as by default.
    pub fn of_diffuse(self) -> Permutation {
        Permutation {
            shape: 0,
            fine: false,
            culls: false,
            one_nearest: false,
            large: false,
            symmetric: false,
            closed_form: false,
            ..self
        }
    }

    /// The constants that the background shader depends on; the others as by default, so that
    /// scenes share its pipeline.
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
    pub fn constants(&self) -> [(&'static str, f64); 25] {
        let flag = |set: bool| f64::from(u8::from(set));
        [
            ("EDGE", self.edge.into()),
            ("SHAPE", self.shape.into()),
            ("STRUCTURE_FACTORS", self.structure_factors.into()),
            ("HALF_GRID", flag(self.half_grid)),
            ("POLARISED", flag(self.polarised)),
            ("OWN_POLARISATION", flag(self.own_polarisation)),
            ("OWN_SOLID_ANGLE", flag(self.own_solid_angle)),
            ("POINT_PIXELS", flag(self.point_pixels)),
            ("SENSOR", self.sensor.into()),
            ("RESOLUTION", self.resolution.into()),
            ("CURVED", flag(self.curved)),
            ("FINE", flag(self.fine)),
            ("CULLS", flag(self.culls)),
            ("ONE_NEAREST", flag(self.one_nearest)),
            ("LARGE", flag(self.large)),
            ("SYMMETRIC", flag(self.symmetric)),
            ("CLOSED_FORM", flag(self.closed_form)),
            ("CRYSTAL", flag(self.derivatives.rows.crystal)),
            ("SIZE", flag(self.derivatives.rows.size)),
            ("SPREAD", flag(self.derivatives.rows.spread)),
            ("PLACE", flag(self.derivatives.rows.place)),
            ("HALO", flag(self.derivatives.rows.halo)),
            ("AMPLITUDES", flag(self.derivatives.amplitudes)),
            ("SCANS", flag(self.derivatives.scans)),
            ("SPREADS", self.derivatives.spreads.into()),
        ]
    }
}

/// Whether the reflection nearest to one pixel of a thread may stand for those of the others: with a
/// whole number of cells the interference of a square crystal is as good about any reflection that
/// is less than an index away. Where F of the nearest reflection counts, each pixel needs its own.
fn has_one_nearest(scene: &Scene, size: TileSize) -> bool {
    /// Indices between the pixels of a thread, at most; the nearest reflection is half a one away.
    const FARTHEST: f64 = 0.25;
    let lattice = &scene.lattice;
    let is_whole = lattice.cells.into_iter().all(|cells| cells.fract() == 0.0);
    // From the corner pixel of a thread to the opposite one, over the tile's half diagonal.
    let part = (size.per_thread - 1) as f64 / (size.edge() as f64 / 2.0);
    size.per_thread > 1
        && lattice.shape == Shape::Square
        && is_whole
        && (scene.grid.is_none() || scene.interpolate)
        && part * size.turns(scene, [1.0; 3]) <= FARTHEST
}

/// Every permutation there is.
pub fn permutations() -> impl Iterator<Item = Permutation> {
    (0..4)
        .flat_map(|shape| (0..3).map(move |structure_factors| (shape, structure_factors)))
        .flat_map(|(shape, structure_factors)| {
            (0..3).flat_map(move |resolution| {
                (0..2304u16).map(move |switches| Permutation {
                    edge: 1 + (switches >> 5 & 1) as u8,
                    shape,
                    structure_factors,
                    half_grid: switches & 1 != 0,
                    polarised: switches & 2 != 0,
                    own_polarisation: switches & 4 != 0,
                    own_solid_angle: switches & 8 != 0,
                    point_pixels: switches & 16 != 0,
                    sensor: ((switches % 384) >> 7) as u8,
                    fine: switches / 384 == 1,
                    culls: (1..3).contains(&(switches / 384)),
                    one_nearest: switches / 384 == 3,
                    large: shape == 0 && structure_factors == 0 && switches / 384 == 4,
                    symmetric: switches / 384 == 5,
                    resolution,
                    curved: switches & 64 != 0,
                    closed_form: false,
                    derivatives: DerivativePart::default(),
                })
            })
        })
        .flat_map(|own| {
            // Gaussian spots of one shape, with an F for each reflection.
            let gauss = own.shape == 2 && !own.symmetric;
            let may = gauss && own.structure_factors < 2 && !own.one_nearest;
            [false, true]
                .into_iter()
                .filter(move |form| may || !form)
                .map(move |closed_form| Permutation { closed_form, ..own })
        })
        .filter(|own| !own.half_grid || own.structure_factors > 0)
        .filter(|own| !own.fine || (own.edge == 1 && !own.curved))
        .filter(|own| !own.culls || own.shape >= 2)
        .filter(|own| !own.one_nearest || (own.shape == 0 && own.edge == 2))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rayon::prelude::*;

    use super::*;
    use crate::experiment::StructureFactors;
    use crate::gpu::specialised::{Shader, validator};
    use crate::gpu::tests::scene;

    #[test]
    fn pixels_share_a_nearest_reflection_where_any_will_do() {
        let shares = |scene: &Scene| has_one_nearest(scene, TileSize::of(scene));
        let square = scene(StructureFactors::constant(100.0));
        assert!(shares(&square));
        let changed = |change: fn(&mut Scene)| {
            let mut scene = square.clone();
            change(&mut scene);
            shares(&scene)
        };
        assert!(!changed(|scene| scene.lattice.cells[1] = 5.5));
        assert!(!changed(|scene| scene.lattice.shape = Shape::Gauss));
        // Pixels at twice the distance from each other.
        assert!(!changed(|scene| {
            let panels = scene.panels.iter().cloned().map(|mut panel| {
                panel.pixel_size_m *= 2.0;
                panel
            });
            scene.panels = panels.collect();
        }));
    }

    #[test]
    fn shaders_of_pixels_are_valid_without_a_device() {
        let sources = [
            noise_source,
            place_source,
            pack_source,
            spread_source,
            statistics_source,
        ];
        for source in sources {
            let module = naga::front::wgsl::parse_str(&source()).unwrap();
            validator().validate(&module).unwrap();
        }
    }

    /// With every slot, and half of what the factors of a view depend on.
    fn all_derivatives(own: Permutation) -> Permutation {
        let part = DerivativePart {
            rows: Rows::ALL,
            amplitudes: own.structure_factors > 0,
            scans: true,
            spreads: if own.closed_form { 0 } else { 3 },
        };
        Permutation {
            half_grid: false,
            own_polarisation: own.point_pixels,
            own_solid_angle: own.point_pixels,
            resolution: 2,
            ..own.with_derivatives(part)
        }
    }

    /// With as few slots as there may be.
    fn few_derivatives(own: Permutation) -> Permutation {
        all_derivatives(own).with_derivatives(DerivativePart::default())
    }

    /// With every second kind of slots, one spread, and F as it may be stored.
    fn some_derivatives(own: Permutation) -> Permutation {
        let part = DerivativePart {
            rows: Rows {
                size: false,
                place: false,
                ..Rows::ALL
            },
            spreads: if own.closed_form { 0 } else { 1 },
            ..DerivativePart::default()
        };
        Permutation {
            half_grid: own.half_grid,
            ..all_derivatives(own).with_derivatives(part)
        }
    }

    #[test]
    fn every_permutation_is_valid_without_a_device() {
        /// What a shader depends on of a permutation.
        type Own = fn(Permutation) -> Permutation;
        let whole: Own = |own| own;
        let shaders = [
            (render_source(), whole),
            (background_source(), Permutation::of_background),
            (diffuse_source(), Permutation::of_diffuse),
            (trace_source(), whole),
            (derivatives_source(), all_derivatives),
            (derivatives_source(), some_derivatives),
            (derivatives_source(), few_derivatives),
            (diffuse_derivatives_source(), |own| {
                all_derivatives(own).of_diffuse()
            }),
            (diffuse_derivatives_source(), |own| {
                few_derivatives(own).of_diffuse()
            }),
            (weigh_source(), |own| all_derivatives(own).of_weighing()),
            (weigh_source(), |own| some_derivatives(own).of_weighing()),
            (weigh_source(), |own| few_derivatives(own).of_weighing()),
        ];
        for (source, own) in shaders {
            let shader = Shader::new(&source).unwrap();
            let all: HashSet<Permutation> = permutations().map(own).collect();
            all.into_par_iter().for_each(|permutation| {
                let valid = shader.specialised(permutation).and_then(|module| {
                    let checked = validator().validate(&module);
                    checked.map_err(|error| error.to_string())
                });
                valid.unwrap_or_else(|error| panic!("{permutation:?}: {error}"));
            });
        }
    }
}
