//! The WGSL structs of `shaders/kernel.wgsl` and of the files of the entry points, as Rust lays
//! them out: byte for byte.

use bytemuck::{Pod, Zeroable};

use super::derivatives::MOST_ROWS;
use crate::image::noise::Exposure;

/// Edge of a workgroup, threads.
pub const GROUP: usize = 8;
/// Rotations of the largest point group.
pub const MOST_OPERATORS: usize = 24;
/// Orientations of a batch, which a workgroup works on together: one for each of its threads.
pub const BATCH: u32 = 64;

/// Structs that the host fills. A row: the name in Rust, the name in WGSL, and the shader that has
/// it. Members called padding have no name in WGSL. A vector and the number that fills its 16 bytes
/// stand on one line.
macro_rules! wgsl_structs {
    ($($(#[$doc:meta])* $name:ident = $wgsl:literal of $source:ident {
        $($(#[$about:meta])* $member:ident: $type:ty,)*
    })*) => {
        $(
            #[doc = concat!("The WGSL struct `", $wgsl, "`.")]
            $(#[$doc])*
            #[repr(C)]
            #[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
            pub struct $name {
                $($(#[$about])* pub $member: $type,)*
            }
        )*

        /// Name, source, size, and members with their offsets of every struct.
        #[cfg(test)]
        const STRUCTS: &[(&str, fn() -> String, usize, &[(&str, usize)])] = &[$((
            $wgsl,
            super::shaders::$source,
            size_of::<$name>(),
            &[$((stringify!($member), std::mem::offset_of!($name, $member))),*],
        )),*];
    };
}

wgsl_structs! {
    ModelUniform = "Model" of render_source {
        cells: [f32; 3], fudge: f32,
        spot_h: [f32; 3], default_f: f32,
        spot_kl: [f32; 3], padding_spot: u32,
        edges: [f32; 3], padding_edges: u32,
        spot_reach: [f32; 3], padding_reach: u32,
        grid_last: [f32; 3], grid_row: u32,
        grid_inside: [f32; 3], grid_plane: u32,
        grid_origin: [i32; 3], grid_base: u32,
        least: [f32; 3], padding_least: u32,
    }
    TriangleUniform = "Triangle" of render_source {
        h: [f32; 3], padding_h: u32,
        kl: [f32; 3], padding_kl: u32,
    }
    ClosedFormUniform = "ClosedForm" of render_source {
        /// Three columns of each, of three numbers and padding.
        mosaic: [[[f32; 4]; 3]; 3],
        whitening: TriangleUniform,
        unwhitening: TriangleUniform,
        spindle: [f32; 3], bandwidth: f32,
        divergence: [f32; 2],
        half_segment: f32,
        sub_pixel: f32,
        turning: f32,
        padding: [u32; 3],
    }
    SceneUniform = "Scene" of render_source {
        model: ModelUniform,
        first_incident: [f32; 3], index_scale: f32,
        first_electric: [f32; 3], scattering_limit_squared: f32,
        first_magnetic: [f32; 3], kahn_factor: f32,
        background: f32,
        layers: u32,
        oversample: u32,
        no_bits: u32,
        damping: f32,
        padding: [u32; 3],
        closed_form: ClosedFormUniform,
    }
    PanelEntry = "Panel" of render_source {
        fast: [f32; 3], pixel_size_m: f32,
        slow: [f32; 3], close_distance_m: f32,
        normal: [f32; 3], solid_angle_unit: f32,
        curvature_m: f32,
        layer_thickness_m: f32,
        optical_depth: f32,
        padding: u32,
    }
    TileEntry = "Tile" of render_source {
        centre: [f32; 3], distance: f32,
        direction: [f32; 3], panel: u32,
        slow: [f32; 3], padding: u32,
        direction_low: [f32; 3], padding_low: u32,
        /// Three numbers of each, and padding.
        steps: [[f32; 4]; 3],
        steps_low: [[f32; 4]; 3],
        digits: [[u32; 2]; 3],
        more_padding: [u32; 2],
    }
    SourceEntry = "Source" of render_source {
        incident: [f32; 3], inverse_wavelength: f32,
        electric: [f32; 3], weight: f32,
        magnetic: [f32; 3], padding: u32,
        /// Three words of each, and padding.
        digits: [[u32; 4]; 4],
    }
    OrientationEntry = "Orientation" of render_source {
        /// Two words of each component, and padding.
        digits: [[u32; 2]; 10],
    }
    SliceUniform = "Slice" of render_source {
        tile_start: u32,
        tile_count: u32,
        tiles_per_row: u32,
        source_start: u32,
        source_count: u32,
        orientation_start: u32,
        orientation_count: u32,
        view_start: u32,
        view_count: u32,
        views: u32,
        batch_base: u32,
        batches: u32,
        last_batch: u32,
        chunk: u32,
        first: u32,
    }
    /// Numbers of three components, each with padding but the first.
    HaloFormEntry = "HaloForm" of render_source {
        displacement: [f32; 3], strength: f32,
        displacement_across: [f32; 3], padding: u32,
        correlation: [f32; 3], padding_correlation: u32,
        correlation_across: [f32; 3], padding_across: u32,
    }
    SymmetryUniform = "Symmetry" of render_source {
        /// Columns, with padding.
        operators: [[[f32; 4]; 3]; MOST_OPERATORS],
        forms: [HaloFormEntry; MOST_OPERATORS],
        operator_count: u32,
        form_count: u32,
        stencil: u32,
        steps: u32,
    }
    PieceEntry = "ProfilePiece" of background_source {
        coefficients: [f32; 4],
        start: f32,
        padding: [u32; 3],
    }
    AmorphousEntry = "Amorphous" of background_source {
        first: u32,
        count: u32,
        weight: f32,
    }
    SelectedUniform = "Selected" of trace_source {
        pixel: [u32; 2],
        sub_pixel: [u32; 2],
        layer: u32,
        padding: u32,
    }
    /// Its members are described there.
    TracedEntry = "Traced" of trace_source {
        fast: [f32; 3], distance: f32,
        slow: [f32; 3], solid_angle: f32,
        normal: [f32; 3], polarisation: f32,
        position: [f32; 3], inverse_wavelength: f32,
        diffracted: [f32; 3], stol: f32,
        incident: [f32; 3], weight: f32,
        scattering_vector: [f32; 3], absorbed: f32,
        cell_a: [f32; 3], structure_factor: f32,
        cell_b: [f32; 3], lattice_factor: f32,
        cell_c: [f32; 3], term: f32,
        whole: [f32; 3], round_offset: f32,
        rest: [f32; 3], spread: f32,
        nearest: [f32; 3], damping: f32,
        axes: [f32; 3], halo: f32,
        factor_h: [f32; 3], spot_rate: f32,
        factor_kl: [f32; 3], spot_crossing: f32,
        spot_height: f32,
        spot_exponent: f32,
        displacement: f32,
        padding: u32,
    }
    WeighingUniform = "Weighing" of weigh_source {
        tiles: u32,
        tiles_per_row: u32,
        first_weight: u32,
        padding: u32,
        /// Of each row and slot, the parts of four derivatives.
        directions: [[[f32; 4]; 4]; MOST_ROWS],
    }
    MotionEntry = "Motion" of weigh_source {
        shift: [[f32; 4]; 4],
        turn: [[f32; 4]; 4],
    }
    ExposureUniform = "Exposure" of noise_source {
        key: [u32; 2],
        calibration_key: [u32; 2],
        image: u32,
        brightness: f32,
        calibration: f32,
        gain: f32,
        offset: f32,
        readout: f32,
        saturation: f32,
        no_bits: u32,
        band: u32,
        first: u32,
        end: u32,
        padding: u32,
    }
    FactorEntry = "Factor" of place_source {
        high: u32,
        low: u32,
        exponent: i32,
    }
    PanelFactor = "PanelFactor" of place_source {
        factor: FactorEntry,
        width: u32,
    }
    PlacedTile = "PlacedTile" of place_source {
        first: u32,
        panel: u32,
        columns: u32,
        rows: u32,
    }
    PlacingUniform = "Placing" of place_source {
        first_tile: u32,
        tile_count: u32,
        tiles_per_row: u32,
        two: u32,
        several: u32,
        adds: u32,
        masked: u32,
        no_bits: u32,
    }
    PackingUniform = "Packing" of pack_source {
        first: u32,
        end: u32,
        pixels: u32,
        number: u32,
        masked: u32,
        saturates: u32,
        saturation: f32,
    }
    SummingUniform = "Summing" of statistics_source {
        first: u32,
        pixels: u32,
        masked: u32,
        no_bits: u32,
    }
    RunSums = "RunSums" of statistics_source {
        pixels: u32,
        not_finite: u32,
        largest: f32,
        largest_at: u32,
        exponent: i32,
        middle: f32,
        sum: f32,
        sum_low: f32,
        squares: f32,
        squares_low: f32,
        deviations: f32,
        deviations_low: f32,
    }
    #[derive(Default)]
    SpreadUniform = "Task" of spread_source {
        prime: [u32; 4],
        inverses: [[u32; 4]; 6],
        reciprocal: u32,
        scale: u32,
        scale_part: u32,
        origin: u32,
        even: u32,
        first_line: u32,
        end_line: u32,
        down: u32,
        bits: u32,
        count: u32,
        branches: u32,
        first_branch: u32,
        end_branch: u32,
        tables: u32,
        powers: u32,
        line_pitch: u32,
        pitch: u32,
        row_pitch: u32,
        kernel_pitch: u32,
        row_half: u32,
    }
}

impl FactorEntry {
    /// `factor`, which is no less than 0.
    pub fn of(factor: f64) -> FactorEntry {
        // Subnormal numbers have their first digit further down.
        let (normal, shift) = match factor.is_subnormal() {
            true => (factor * 2f64.powi(64), -64),
            false => (factor, 0),
        };
        let bits = normal.to_bits();
        let first_digit = u32::from(normal > 0.0) << 20;
        FactorEntry {
            high: first_digit | (bits >> 32) as u32 & 0xf_ffff,
            low: bits as u32,
            exponent: (bits >> 52) as i32 - 1023 + shift,
        }
    }
}

impl ExposureUniform {
    /// The parameters of `exposure`, for the pixels from `first` to before `end` of a band before
    /// which the image has `band` pixels.
    pub fn of(exposure: &Exposure, band: u32, [first, end]: [u32; 2]) -> ExposureUniform {
        ExposureUniform {
            key: exposure.key,
            calibration_key: exposure.calibration_key,
            image: exposure.image,
            brightness: exposure.brightness,
            calibration: exposure.calibration,
            gain: exposure.gain,
            offset: exposure.offset,
            readout: exposure.readout,
            saturation: exposure.saturation,
            no_bits: 0,
            band,
            first,
            end,
            padding: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_struct_is_laid_out_as_in_wgsl() {
        for (name, source, size, members) in STRUCTS {
            let module = naga::front::wgsl::parse_str(&source()).unwrap();
            let mut types = module.types.iter();
            let found = types.find(|(_, ty)| ty.name.as_deref() == Some(name));
            let inner = &found.unwrap().1.inner;
            let naga::TypeInner::Struct { members: own, span } = inner else {
                panic!("{name} is no struct");
            };
            let own = own
                .iter()
                .map(|own| (own.name.as_deref().unwrap(), own.offset as usize));
            let named = members
                .iter()
                .filter(|(member, _)| !member.contains("padding"));
            assert_eq!(
                own.collect::<Vec<_>>(),
                named.copied().collect::<Vec<_>>(),
                "{name}"
            );
            assert_eq!(*span as usize, *size, "{name}");
        }
    }
}
