//! How one term of one pixel comes about on the device, from the functions that render it there.

use glam::{DMat3, DVec3};

use super::entries::{orientation_entries, source_entries};
use super::kernel::Entry;
use super::layout::{SelectedUniform, TracedEntry};
use super::scaling::Scaling;
use super::submission::Pipelined;
use super::tiles::{TilePlace, TileSize, solid_angle_unit, tile_entries};
use super::workspace::Workspace;
use super::{GpuError, GpuRenderer};
use crate::experiment::{Region, Shape};
use crate::physics::closed_form::{ClosedForm, NARROW_SEGMENT};
use crate::scene::{Scene, TermPlace, put_photons, solid_angle_unit_name};
use crate::trace::{Name, Trace};
use crate::units::ANGSTROM_PER_METRE;

impl GpuRenderer {
    /// The quantities behind the term at `place`, and behind its pixel, as the device computes
    /// them, in the units of the CPU path's. What the device is given but does not compute, such
    /// as the panel's origin and the factor in front of the sum, is not there.
    ///
    /// # Errors
    /// As [`GpuRenderer::render`].
    pub fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, GpuError> {
        let (traced, scaling) = self.traced_term(scene, place)?;
        let mut trace = in_units(scene, place, &traced, &scaling);
        let photons = self.pixel(scene, place)?;
        put_photons(scene, photons, &mut trace);
        Ok(trace)
    }

    /// What the device writes down of the term at `place`.
    fn traced_term(
        &self,
        scene: &Scene,
        place: &TermPlace,
    ) -> Result<(TracedEntry, Scaling), GpuError> {
        let holds_most = |workspace: &Workspace| workspace.buffers.hold(scene);
        let (device, mut workspace) = (&self.device, self.workspaces.lend(holds_most));
        let size = TileSize::of(scene);
        let scaling = workspace.buffers.scaling(scene);
        let common = self.common_buffers(&mut workspace, scene, &scaling)?;
        let pixel = place.pixel();
        let tile = TilePlace {
            panel: place.panel(),
            first: pixel.map(|coordinate| coordinate / size.edge() * size.edge()),
        };
        let index = place.index();
        let selected = SelectedUniform {
            pixel: pixel.map(|coordinate| (coordinate % size.edge()) as u32),
            sub_pixel: index.sub_pixel,
            layer: index.layer,
            padding: 0,
        };
        let source = &scene.sources[index.source..=index.source];
        let orientation = &scene.orientations[place.orientation()..=place.orientation()];
        let tiles = tile_entries(scene, &[tile], size);
        let sources = source_entries(source, &scaling)?;
        let orientations = orientation_entries(orientation, &scaling);
        let (uniform, storage) = (wgpu::BufferUsages::UNIFORM, wgpu::BufferUsages::STORAGE);
        let selected = device.uploaded("the selection", &[selected], uniform)?;
        let tiles = device.uploaded("the tile", &tiles, storage)?;
        let sources = device.uploaded("the source", &sources, storage)?;
        let orientations = device.uploaded("the orientation", &orientations, storage)?;
        let empty: TracedEntry = bytemuck::Zeroable::zeroed();
        let written = storage | wgpu::BufferUsages::COPY_SRC;
        let traced = device.uploaded("the trace", &[empty], written)?;

        let kernel = self.kernels.kernel(device, Entry::Trace)?;
        let pipeline = kernel.pipeline(device, self.permutation(scene, size))?;
        let buffers = [
            &common.uniform,
            &selected,
            &common.panels,
            &tiles,
            &sources,
            &orientations,
            &common.grid,
            &traced,
            &common.symmetry,
        ];
        let bindings = kernel.bind(device, &buffers)?;
        let submission = device.submit("trace", Entry::Trace.span(), |commands| {
            let mut pass = commands.pass();
            pass.set_pipeline(&pipeline.compute);
            pass.set_bind_group(0, &bindings, &[]);
            pass.dispatch_workgroups(1, 1, 1);
        })?;
        let mut pipelined = Pipelined::default();
        pipelined.push(device, submission)?;
        let size = size_of::<TracedEntry>() as u64;
        let copy = self.send(&mut pipelined, &[(&traced, size)])?;
        pipelined.finish(device)?;
        let entry = self.receive(copy, bytemuck::pod_read_unaligned)?;
        Ok((entry, scaling))
    }

    /// Photons in the pixel of `place`, from the kernel that renders images.
    fn pixel(&self, scene: &Scene, place: &TermPlace) -> Result<f64, GpuError> {
        let [fast, slow] = place.pixel();
        let region = Region {
            fast: [fast; 2],
            slow: [slow; 2],
        };
        let alone = Scene {
            region: Some(region),
            ..scene.clone()
        };
        let image = self.render(&alone, &mut |_| true)?;
        let panels = &scene.panels[..place.panel()];
        let before: usize = panels.iter().map(|panel| panel.pixels()).sum();
        let width = scene.panels[place.panel()].shape[0];
        Ok(image[before + slow * width + fast].into())
    }
}

/// What the device wrote, with the factors that were taken out on its account put back.
fn in_units(scene: &Scene, place: &TermPlace, traced: &TracedEntry, scaling: &Scaling) -> Trace {
    let mut trace = Trace::default();
    let scaled = |values: [f32; 3], factor: f64| values.map(|value| f64::from(value) * factor);
    let panel = &scene.panels[place.panel()];
    trace.put(Name::Fast, scaled(traced.fast, 1.0));
    trace.put(Name::Slow, scaled(traced.slow, 1.0));
    trace.put(Name::Normal, scaled(traced.normal, 1.0));
    trace.put(Name::Position, scaled(traced.position, 1.0));
    trace.put_one(Name::Distance, traced.distance.into());
    let solid_angle = f64::from(traced.solid_angle) * solid_angle_unit(panel, scene.point_pixels);
    let unit = solid_angle_unit_name(scene);
    trace.put_in(Name::SolidAngle, unit, [solid_angle]);
    trace.put(Name::Diffracted, scaled(traced.diffracted, 1.0));
    trace.put(Name::Incident, scaled(traced.incident, 1.0));
    let wavelength = 1.0 / (f64::from(traced.inverse_wavelength) * ANGSTROM_PER_METRE);
    trace.put_one(Name::Wavelength, wavelength);
    let q = scaled(traced.scattering_vector, ANGSTROM_PER_METRE);
    trace.put(Name::ScatteringVector, q);
    trace.put_one(Name::Stol, f64::from(traced.stol) * ANGSTROM_PER_METRE);
    if scene.b_factor != 0.0 {
        trace.put_one(Name::DebyeWaller, traced.damping.into());
    }
    trace.put_one(Name::Polarisation, traced.polarisation.into());
    trace.put(Name::CellA, scaled(traced.cell_a, 1.0));
    trace.put(Name::CellB, scaled(traced.cell_b, 1.0));
    trace.put(Name::CellC, scaled(traced.cell_c, 1.0));
    // The digits behind the point that float32 would lose beside those before it.
    let from_centre = |rest: [f32; 3]| {
        let [h, k, l] = [0, 1, 2].map(|axis| f64::from(traced.whole[axis]) + f64::from(rest[axis]));
        [h, k, l]
    };
    trace.put(Name::Hkl, from_centre(traced.rest));
    trace.put(Name::Nearest, from_centre(traced.nearest));
    let lattice = &scene.lattice;
    match lattice.shape {
        // One part of several.
        _ if !scene.symmetric_shape.is_empty() => {}
        Shape::Square => {
            let axes = [Name::FLattA, Name::FLattB, Name::FLattC];
            for (axis, name) in axes.into_iter().enumerate() {
                let value = f64::from(traced.axes[axis]) * lattice.cells[axis].max(1.0);
                trace.put_one(name, value);
            }
        }
        Shape::Round => trace.put_one(Name::RoundOffset, traced.round_offset.into()),
        Shape::Gauss | Shape::TopHat => match &scene.closed_form {
            Some(form) => put_spot(form, traced, &mut trace),
            None => trace.put_one(Name::SpotDistance, traced.spread.into()),
        },
    }
    let lattice_factor = f64::from(traced.lattice_factor) * lattice.total;
    trace.put_one(Name::FLatt, lattice_factor);
    let structure_factor = f64::from(traced.structure_factor) / scaling.amplitude;
    trace.put_one(Name::FCell, structure_factor);
    if scene.diffuse.is_some() {
        trace.put_one(Name::Displacement, traced.displacement.into());
        trace.put_one(Name::Halo, f64::from(traced.halo) * scaling.intensity);
    }
    trace.put_one(Name::Term, f64::from(traced.term) * scaling.intensity);
    trace.put_one(Name::Absorbed, traced.absorbed.into());
    trace.put_one(Name::Weight, traced.weight.into());
    trace
}

/// A spot in closed form.
fn put_spot(form: &ClosedForm, traced: &TracedEntry, trace: &mut Trace) {
    let [a, b, c] = traced.factor_h.map(f64::from);
    let [d, e, f] = traced.factor_kl.map(f64::from);
    let whitened = DMat3::from_cols(
        DVec3::new(a, 0.0, 0.0),
        DVec3::new(b, d, 0.0),
        DVec3::new(c, e, f),
    );
    let factor = whitened * form.whitening.inverse().transpose();
    let [h, k, l] = [factor.x_axis, factor.y_axis, factor.z_axis];
    let covariance = [h.dot(h), k.dot(k), l.dot(l), h.dot(k), h.dot(l), k.dot(l)];
    trace.put(Name::SpotCovariance, covariance);
    trace.put_one(Name::SpotHeight, traced.spot_height.into());
    let [rate, crossing] = [traced.spot_rate, traced.spot_crossing].map(f64::from);
    trace.put_one(Name::SpotSweep, rate * rate);
    let crossing_rad = if rate > 0.0 { crossing / rate } else { 0.0 };
    trace.put_one(Name::SpotCrossing, crossing_rad);
    // Where a segment has no width to speak of, what φ would spare does not count.
    let is_narrow = rate * form.segment_rad < NARROW_SEGMENT;
    let spared = if is_narrow { crossing * crossing } else { 0.0 };
    trace.put_one(Name::SpotExponent, f64::from(traced.spot_exponent) + spared);
}
