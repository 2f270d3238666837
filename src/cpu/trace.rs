//! The trace of one term of one pixel: every quantity behind it, from the functions that render it.

use glam::{DMat3, DVec3};
use rayon::prelude::*;

use super::block;
use super::lanes::LANES;
use super::pixel::{
    absorbed, amorphous_part, displacements, first_factors, own_polarisation, own_solid_angle,
    smeared_term, sub_pixel_view, sum_over_orientations,
};
use super::prepared::Prepared;
use crate::experiment::{Panel, Shape};
use crate::physics::closed_form::ClosedForm;
use crate::physics::debye_waller::debye_waller;
use crate::physics::lattice_factor::{round_offset, sincg, spot_offset_squared};
use crate::physics::term::{Term, term};
use crate::physics::view::View;
use crate::scene::{
    ELECTRON_RADIUS_SQUARED, Scene, SceneSource, TermPlace, put_photons, solid_angle_unit_name,
};
use crate::trace::{Name, Trace};
use crate::units::ANGSTROM_PER_METRE;

/// Every quantity behind the term at `place`, and behind its pixel.
pub fn trace(scene: &Scene, place: &TermPlace) -> Trace {
    let mut trace = Trace::default();
    let panel = &scene.panels[place.panel()];
    let vector = |trace: &mut Trace, name, v: DVec3| trace.put(name, v.to_array());
    vector(&mut trace, Name::Fast, panel.fast);
    vector(&mut trace, Name::Slow, panel.slow);
    vector(&mut trace, Name::Normal, panel.normal);
    vector(&mut trace, Name::Origin, panel.origin_m);

    let (view, source) = (view_of(scene, place), &scene.sources[place.index().source]);
    vector(&mut trace, Name::Position, view.position);
    trace.put_one(Name::Distance, view.distance);
    vector(&mut trace, Name::Diffracted, view.diffracted);
    vector(&mut trace, Name::Incident, source.incident);
    trace.put_one(Name::Wavelength, source.wavelength_m);
    let (first_solid_angle, first_polarisation) =
        first_factors(scene, panel, place.pixel(), place.index().layer);
    let solid_angle = if scene.solid_angle_per_subpixel {
        own_solid_angle(scene, panel, &view)
    } else {
        first_solid_angle
    };
    let unit = solid_angle_unit_name(scene);
    trace.put_in(Name::SolidAngle, unit, [solid_angle]);
    let polarisation = if scene.polarisation_per_subpixel {
        own_polarisation(scene, source, &view)
    } else {
        first_polarisation
    };
    trace.put_one(Name::Polarisation, polarisation);

    let q = source.scattering_vector(view.diffracted);
    vector(&mut trace, Name::ScatteringVector, q);
    trace.put_one(Name::Stol, q.length() / 2.0);
    if scene.b_factor != 0.0 {
        trace.put_one(Name::DebyeWaller, debye_waller(scene.b_factor, q));
    }
    let rows = scene.orientations[place.orientation()].index_of;
    let cell = rows.transpose() * ANGSTROM_PER_METRE;
    let star = dual(&rows) * (1.0 / ANGSTROM_PER_METRE);
    vector(&mut trace, Name::CellA, cell.x_axis);
    vector(&mut trace, Name::CellB, cell.y_axis);
    vector(&mut trace, Name::CellC, cell.z_axis);
    vector(&mut trace, Name::AStar, star.x_axis);
    vector(&mut trace, Name::BStar, star.y_axis);
    vector(&mut trace, Name::CStar, star.z_axis);

    put_term(scene, place, q, &mut trace);
    let absorbed = absorbed(scene, panel, &view, place.index().layer);
    trace.put_one(Name::Absorbed, absorbed);
    trace.put_one(Name::Weight, source.weight);
    trace.put_one(Name::Fluence, scene.fluence);
    trace.put_one(Name::ElectronRadiusSquared, ELECTRON_RADIUS_SQUARED);
    trace.put_one(Name::Steps, scene.steps);
    trace.put_one(Name::Scale, scene.scale);
    trace.put_one(Name::Background, scene.background);
    if !scene.amorphous.is_empty() {
        trace.put_one(Name::AmorphousSum, amorphous_sum(scene, place));
    }
    trace.put_one(Name::IntensitySum, intensity_sum(scene, place));
    put_photons(
        scene,
        rendered_photons(scene, panel, place.pixel()),
        &mut trace,
    );
    trace
}

/// Photons in a pixel, from the block of pixels that gives an image its value.
fn rendered_photons(scene: &Scene, panel: &Panel, [fast, slow]: [usize; 2]) -> f64 {
    let first = [fast / LANES * LANES, slow];
    // Never interrupted, so never `None`.
    let block = block::photons(&Prepared::new(scene), panel, first, &|| false);
    block.map_or(0.0, |block| block.0[fast % LANES])
}

/// The quantities that follow from the Miller index, from there to the term, as they would be if
/// the index of the term at `place` were `hkl`.
pub fn trace_at(scene: &Scene, place: &TermPlace, hkl: DVec3) -> Trace {
    let view = view_of(scene, place);
    let q = scene.sources[place.index().source].scattering_vector(view.diffracted);
    let orientation = &scene.orientations[place.orientation()];
    let moved = q + dual(&orientation.index_of) * (hkl - orientation.miller_index(q));
    let mut trace = Trace::default();
    put_term(scene, place, moved, &mut trace);
    trace
}

/// How sensitive the sum of the pixel at `place` is to the Miller indices: the sum over its terms
/// of the change of each when its index moves by `reach` along an axis, added over the axes, over
/// the sum of the terms. 0 where nothing scatters.
pub fn index_sensitivity(scene: &Scene, place: &TermPlace, reach: f64) -> f64 {
    let (mut sum, mut changes) = (0.0, 0.0);
    for (view, source) in views_and_sources(scene, place) {
        let q = source.scattering_vector(view.diffracted);
        let model = scene.model();
        let panel = &scene.panels[place.panel()];
        let form = scene.closed_form.as_ref();
        let displacements = form.map(|form| displacements(scene, form, panel, &view, source));
        let added: Vec<(f64, f64)> = scene
            .orientations
            .par_iter()
            .map(|orientation| {
                let intensity = |q| match (&scene.closed_form, &displacements) {
                    (Some(form), Some(steps)) => {
                        smeared_term(scene, form, orientation, q, steps).intensity(scene)
                    }
                    _ => term(&model, &orientation.index_of, q).intensity(),
                };
                let (here, star) = (intensity(q), dual(&orientation.index_of));
                let change = [star.x_axis, star.y_axis, star.z_axis].map(|axis| {
                    let either = [-reach, reach].map(|step| intensity(q + step * axis) - here);
                    either[0].abs().max(either[1].abs())
                });
                (here, change.into_iter().sum())
            })
            .collect();
        // Added in order: the sum does not depend on the number of threads.
        for (here, change) in added {
            sum += here;
            changes += change;
        }
    }
    if changes == 0.0 { 0.0 } else { changes / sum }
}

/// The quantities from the Miller index at the scattering vector `q` (1/m) to the term.
fn put_term(scene: &Scene, place: &TermPlace, q: DVec3, trace: &mut Trace) {
    let orientation = &scene.orientations[place.orientation()];
    if let Some(form) = &scene.closed_form {
        return put_smeared(scene, form, place, q, trace);
    }
    let term = term(&scene.model(), &orientation.index_of, q);
    trace.put(Name::Hkl, term.hkl.to_array());
    trace.put(Name::Nearest, term.nearest.to_array());
    let (lattice, delta) = (&scene.lattice, term.hkl - term.nearest);
    match lattice.shape {
        // One part of several.
        _ if !scene.symmetric_shape.is_empty() => {}
        Shape::Square => {
            let axes = [Name::FLattA, Name::FLattB, Name::FLattC];
            for (axis, name) in axes.into_iter().enumerate() {
                trace.put_one(name, sincg(lattice.cells[axis], delta[axis]));
            }
        }
        Shape::Round => trace.put_one(Name::RoundOffset, round_offset(lattice, delta)),
        Shape::Gauss | Shape::TopHat => {
            trace.put_one(Name::SpotDistance, spot_offset_squared(lattice, delta))
        }
    }
    trace.put_one(Name::FLatt, term.lattice_factor);
    trace.put_one(Name::FCell, term.structure_factor);
    put_halo(scene, &term, trace);
    let dropped = q.length() > scene.scattering_vector_limit;
    let counted = if dropped { 0.0 } else { term.intensity() };
    trace.put_one(Name::Term, counted);
}

/// The halos of `term`, where the crystal has any.
fn put_halo(scene: &Scene, term: &Term, trace: &mut Trace) {
    if let Some(diffuse) = &scene.diffuse {
        trace.put_one(Name::Beta, diffuse.beta);
        let nearest = diffuse.halo(term.nearest, term.hkl);
        trace.put_one(Name::Displacement, nearest.x);
        trace.put_one(Name::Halo, term.halo);
    }
}

/// The quantities of [`put_term`] in closed form.
fn put_smeared(scene: &Scene, form: &ClosedForm, place: &TermPlace, q: DVec3, trace: &mut Trace) {
    let (panel, index) = (&scene.panels[place.panel()], place.index());
    let (view, source) = (view_of(scene, place), &scene.sources[index.source]);
    let steps = displacements(scene, form, panel, &view, source);
    let orientation = &scene.orientations[place.orientation()];
    let smeared = smeared_term(scene, form, orientation, q, &steps);
    trace.put(Name::Hkl, smeared.middle.hkl.to_array());
    trace.put(Name::Nearest, smeared.middle.nearest.to_array());
    let c = smeared.covariance;
    trace.put(
        Name::SpotCovariance,
        [
            c.x_axis.x, c.y_axis.y, c.z_axis.z, c.x_axis.y, c.x_axis.z, c.y_axis.z,
        ],
    );
    let spot = &smeared.spot;
    trace.put_one(Name::SpotHeight, spot.height);
    trace.put_one(Name::SpotSweep, spot.kappa);
    trace.put_one(Name::SpotCrossing, spot.crossing_rad);
    trace.put_one(Name::SpotExponent, spot.exponent);
    trace.put_one(Name::FLatt, smeared.lattice_factor(scene));
    trace.put_one(Name::FCell, smeared.middle.structure_factor);
    put_halo(scene, &smeared.middle, trace);
    let dropped = q.length() > scene.scattering_vector_limit;
    let counted = if dropped {
        0.0
    } else {
        smeared.intensity(scene)
    };
    trace.put_one(Name::Term, counted);
}

/// Scattering of the amorphous materials in the pixel's sum; the resolution limit does not cut it.
fn amorphous_sum(scene: &Scene, place: &TermPlace) -> f64 {
    let panel = &scene.panels[place.panel()];
    views(scene, place)
        .map(|(view, layer)| {
            let sources = scene.sources.iter();
            let scattered =
                sources.map(|source| amorphous_part(scene, panel, &view, layer, source));
            scattered.sum::<f64>()
        })
        .sum()
}

/// ΣF_cell²·F_latt² of the pixel, without weights.
fn intensity_sum(scene: &Scene, place: &TermPlace) -> f64 {
    views_and_sources(scene, place)
        .map(|(view, source)| {
            sum_over_orientations(scene, &scene.panels[place.panel()], &view, source)
        })
        .sum()
}

/// Every view of the pixel, and its layer.
fn views<'s>(scene: &'s Scene, place: &TermPlace) -> impl Iterator<Item = (View, u32)> + use<'s> {
    let (panel, pixel) = (&scene.panels[place.panel()], place.pixel());
    (0..scene.layers).flat_map(move |layer| {
        let edge = scene.oversample;
        let sub_pixels = (0..edge).flat_map(move |slow| (0..edge).map(move |fast| [fast, slow]));
        sub_pixels
            .map(move |sub_pixel| (sub_pixel_view(scene, panel, pixel, sub_pixel, layer), layer))
    })
}

/// Every view of the pixel with every source, but for those beyond the resolution limit.
fn views_and_sources<'s>(
    scene: &'s Scene,
    place: &TermPlace,
) -> impl Iterator<Item = (View, &'s SceneSource)> {
    let pairs = views(scene, place)
        .flat_map(|(view, _)| scene.sources.iter().map(move |source| (view, source)));
    pairs.filter(|(view, source)| {
        source.scattering_vector(view.diffracted).length() <= scene.scattering_vector_limit
    })
}

fn view_of(scene: &Scene, place: &TermPlace) -> View {
    let panel: &Panel = &scene.panels[place.panel()];
    let index = place.index();
    sub_pixel_view(scene, panel, place.pixel(), index.sub_pixel, index.layer)
}

/// The columns a*, b*, c* dual to the rows a′, b′, c′.
fn dual(rows: &DMat3) -> DMat3 {
    rows.inverse()
}
