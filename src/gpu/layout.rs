//! Doppelgangers of the WGSL structs in `shaders/kernel.wgsl` and the files of the entry points, byte
//! for byte.

use bytemuck::{Pod, Zeroable};

use crate::image::noise::Exposure;

/// Edge of a workgroup, threads.
pub const GROUP: usize = 8;
/// Orientations of a batch, which a workgroup works on together: one for each of its threads.
pub const BATCH: u32 = 64;

/// Doppelganger of the WGSL struct `Model`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct ModelUniform {
    pub cells: [f32; 3],
    pub fudge: f32,
    pub metric_h: [f32; 3],
    pub default_f: f32,
    pub metric_k: [f32; 3],
    pub padding_k: u32,
    pub metric_l: [f32; 3],
    pub padding_l: u32,
    pub edges: [f32; 3],
    pub padding_edges: u32,
    pub spot_reach: [f32; 3],
    pub padding_reach: u32,
    pub grid_min: [i32; 3],
    pub padding_min: u32,
    pub grid_shape: [i32; 3],
    pub padding_shape: u32,
}

/// Doppelganger of the WGSL struct `Scene`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct SceneUniform {
    pub model: ModelUniform,
    pub first_incident: [f32; 3],
    pub index_scale: f32,
    pub first_electric: [f32; 3],
    pub scattering_limit_squared: f32,
    pub first_magnetic: [f32; 3],
    pub kahn_factor: f32,
    pub background: f32,
    pub layers: u32,
    pub oversample: u32,
    pub padding: u32,
}

/// Doppelganger of the WGSL struct `Panel`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct PanelEntry {
    pub fast: [f32; 3],
    pub pixel_size_m: f32,
    pub slow: [f32; 3],
    pub close_distance_m: f32,
    pub normal: [f32; 3],
    pub solid_angle_unit: f32,
    pub curvature_m: f32,
    pub layer_depth_m: f32,
    pub optical_depth: f32,
    pub padding: u32,
}

/// Doppelganger of the WGSL struct `Tile`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct TileEntry {
    pub centre: [f32; 3],
    pub distance: f32,
    pub direction: [f32; 3],
    pub panel: u32,
    pub slow: [f32; 3],
    pub padding: u32,
    pub digits: [[u32; 2]; 3],
    pub more_padding: [u32; 2],
}

/// Doppelganger of the WGSL struct `Source`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct SourceEntry {
    pub incident: [f32; 3],
    pub inverse_wavelength: f32,
    pub electric: [f32; 3],
    pub weight: f32,
    pub magnetic: [f32; 3],
    pub padding: u32,
    /// Three words of each, and padding.
    pub digits: [[u32; 4]; 4],
}

/// Doppelganger of the WGSL struct `Orientation`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct OrientationEntry {
    /// Two words of each component, and padding.
    pub digits: [[u32; 2]; 10],
}

/// Doppelganger of the WGSL struct `Slice`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct SliceUniform {
    pub tile_start: u32,
    pub tile_count: u32,
    pub tiles_per_row: u32,
    pub source_start: u32,
    pub source_count: u32,
    pub orientation_start: u32,
    pub orientation_count: u32,
    pub view_start: u32,
    pub view_count: u32,
    pub views: u32,
    pub batch_base: u32,
    pub batches: u32,
    pub last_batch: u32,
    pub chunk: u32,
    pub first: u32,
}

/// Doppelganger of the WGSL struct `ProfilePiece`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct PieceEntry {
    pub coefficients: [f32; 4],
    pub start: f32,
    pub padding: [u32; 3],
}

/// Doppelganger of the WGSL struct `Amorphous`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct AmorphousEntry {
    pub first: u32,
    pub count: u32,
    pub weight: f32,
}

/// Doppelganger of the WGSL struct `Selected`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct SelectedUniform {
    pub pixel: [u32; 2],
    pub sub_pixel: [u32; 2],
    pub layer: u32,
    pub padding: u32,
}

/// Doppelganger of the WGSL struct `Traced`, where the members are described.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct TracedEntry {
    pub fast: [f32; 3],
    pub distance: f32,
    pub slow: [f32; 3],
    pub solid_angle: f32,
    pub normal: [f32; 3],
    pub polarisation: f32,
    pub position: [f32; 3],
    pub inverse_wavelength: f32,
    pub diffracted: [f32; 3],
    pub stol: f32,
    pub incident: [f32; 3],
    pub weight: f32,
    pub scattering_vector: [f32; 3],
    pub absorbed: f32,
    pub cell_a: [f32; 3],
    pub structure_factor: f32,
    pub cell_b: [f32; 3],
    pub lattice_factor: f32,
    pub cell_c: [f32; 3],
    pub term: f32,
    pub whole: [f32; 3],
    pub round_offset: f32,
    pub rest: [f32; 3],
    pub spread: f32,
    pub nearest: [f32; 3],
    pub padding: u32,
    pub axes: [f32; 3],
    pub more_padding: u32,
}

/// Doppelganger of the WGSL struct `Exposure`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct ExposureUniform {
    pub key: [u32; 2],
    pub calibration_key: [u32; 2],
    pub image: u32,
    pub brightness: f32,
    pub calibration: f32,
    pub gain: f32,
    pub offset: f32,
    pub readout: f32,
    pub saturation: f32,
    pub no_bits: u32,
    pub band: u32,
    pub first: u32,
    pub end: u32,
    pub padding: u32,
}

impl ExposureUniform {
    /// Of `exposure`, for the pixels from `first` to before `end` of a band before which the image
    /// has `band` pixels.
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
    use std::mem::{offset_of, size_of};

    use super::*;
    use crate::gpu::shaders;

    /// Asserts that the WGSL struct `name` has these members at these offsets, and this size.
    fn assert_layout(name: &str, size: usize, members: &[(&str, usize)]) {
        let source = match name {
            "Selected" | "Traced" => shaders::trace_source(),
            "ProfilePiece" | "Amorphous" => shaders::background_source(),
            "Exposure" => shaders::noise_source(),
            _ => shaders::render_source(),
        };
        let module = naga::front::wgsl::parse_str(&source).unwrap();
        let found = module
            .types
            .iter()
            .find(|(_, ty)| ty.name.as_deref() == Some(name));
        let naga::TypeInner::Struct {
            members: declared,
            span,
        } = &found.unwrap().1.inner
        else {
            panic!("{name} is no struct");
        };
        let declared: Vec<(&str, usize)> = declared
            .iter()
            .map(|member| (member.name.as_deref().unwrap(), member.offset as usize))
            .collect();
        assert_eq!(declared, members, "{name}");
        assert_eq!(*span as usize, size, "{name}");
    }

    /// The members of a doppelganger, but for its padding.
    macro_rules! members {
        ($type:ty: $($member:ident),*) => { &[$((stringify!($member), offset_of!($type, $member))),*] };
    }

    #[test]
    fn every_struct_is_its_wgsl_doppelganger() {
        assert_layout(
            "Model",
            size_of::<ModelUniform>(),
            members!(ModelUniform:
            cells, fudge, metric_h, default_f, metric_k, metric_l, edges,
            spot_reach, grid_min, grid_shape),
        );
        assert_layout(
            "Scene",
            size_of::<SceneUniform>(),
            members!(SceneUniform:
            model, first_incident, index_scale, first_electric, scattering_limit_squared,
            first_magnetic, kahn_factor, background, layers, oversample),
        );
        assert_layout(
            "Panel",
            size_of::<PanelEntry>(),
            members!(PanelEntry:
            fast, pixel_size_m, slow, close_distance_m, normal, solid_angle_unit, curvature_m,
            layer_depth_m, optical_depth),
        );
        assert_layout(
            "Tile",
            size_of::<TileEntry>(),
            members!(TileEntry:
            centre, distance, direction, panel, slow, digits),
        );
        assert_layout(
            "Source",
            size_of::<SourceEntry>(),
            members!(SourceEntry:
            incident, inverse_wavelength, electric, weight, magnetic, digits),
        );
        assert_layout(
            "Orientation",
            size_of::<OrientationEntry>(),
            members!(OrientationEntry: digits),
        );
        assert_layout(
            "Slice",
            size_of::<SliceUniform>(),
            members!(SliceUniform:
            tile_start, tile_count, tiles_per_row, source_start, source_count, orientation_start,
            orientation_count, view_start, view_count, views, batch_base, batches, last_batch, chunk, first),
        );
        assert_layout(
            "ProfilePiece",
            size_of::<PieceEntry>(),
            members!(PieceEntry: coefficients, start),
        );
        assert_layout(
            "Amorphous",
            size_of::<AmorphousEntry>(),
            members!(AmorphousEntry: first, count, weight),
        );
        assert_layout(
            "Exposure",
            size_of::<ExposureUniform>(),
            members!(ExposureUniform:
            key, calibration_key, image, brightness, calibration, gain, offset, readout, saturation,
            no_bits, band, first, end),
        );
        assert_layout(
            "Selected",
            size_of::<SelectedUniform>(),
            members!(SelectedUniform: pixel, sub_pixel, layer),
        );
        assert_layout(
            "Traced",
            size_of::<TracedEntry>(),
            members!(TracedEntry:
            fast, distance, slow, solid_angle, normal, polarisation, position, inverse_wavelength,
            diffracted, stol, incident, weight, scattering_vector, absorbed, cell_a, structure_factor,
            cell_b, lattice_factor, cell_c, term, whole, round_offset, rest, spread, nearest, axes),
        );
    }
}
