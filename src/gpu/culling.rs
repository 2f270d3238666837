//! Whether the render kernel looks for the orientations whose spots reach a pixel, and leaves out the
//! others' terms, which are zero. The image has the same bits either way.

use glam::DVec3;

use super::AdapterKind;
use super::accuracy::is_fine;
use super::entries::finite_reach;
use super::layout::BATCH;
use super::scaling::cell_edges;
use super::tiles::TileSize;
use crate::experiment::{Panel, Shape};
use crate::scene::Scene;
use crate::units::ANGSTROM_PER_METRE;

/// Where more is left, the search does not pay: on a card it costs some eight instructions a term, and
/// a term that is left 36 instead of 31 (docs/kernel.md).
const MOST_SHARE: f64 = 0.5;
/// Panels that the share is estimated on, at most.
const PANELS: usize = 16;

/// Whether the search saves more than it costs on a device of `kind`, or as `forced` says where there
/// is a choice.
///
/// Terms in fixed point cost more than any search. A software device branches for few pixels at a
/// time. A GPU's threads wait for the one of them that has the most candidates.
pub fn pays(scene: &Scene, size: TileSize, kind: AdapterKind, forced: Option<bool>) -> bool {
    let has_end = matches!(scene.lattice.shape, Shape::Gauss | Shape::TopHat);
    // A term in closed form costs ten times what looking for it does.
    let saves = || {
        kind == AdapterKind::Software
            || scene.closed_form.is_some()
            || largest_share(scene, size) < MOST_SHARE
    };
    has_end && (is_fine(scene) || forced.unwrap_or_else(saves))
}

/// The share of a batch's orientations that the thread with the most candidates is likely to have,
/// mean over the image. That thread is at a spot. There, the Miller indices of orientations that
/// differ much, as in a powder, lie anywhere, and few are near whole numbers; those of mosaic domains
/// that differ little all are.
fn largest_share(scene: &Scene, size: TileSize) -> f64 {
    let batch = &scene.orientations[..scene.orientations.len().min(BATCH as usize)];
    let source = &scene.first_source;
    let reach = finite_reach(scene).map(f64::from);
    let edges = cell_edges(scene);
    let every = scene.panels.len().div_ceil(PANELS).max(1);
    let shares = scene.panels.iter().step_by(every).flat_map(|panel| {
        points(panel).map(|point| {
            let q = source.scattering_vector(point.normalize());
            let indices = batch.iter().map(|orientation| orientation.miller_index(q));
            let none = (DVec3::INFINITY, DVec3::NEG_INFINITY);
            let (low, high) =
                indices.fold(none, |(low, high), index| (low.min(index), high.max(index)));
            // From the middle of a thread's pixels to the outermost, 1/Å.
            let pixels = (size.per_thread - 1) as f64 / 2.0 * panel.pixel_size_m;
            let step = pixels / (point.length() * source.wavelength_m * ANGSTROM_PER_METRE);
            let share = |axis: usize| {
                let near = 2.0 * (reach[axis] + edges[axis] * step);
                let width = (high - low)[axis].min(1.0);
                if near < width { near / width } else { 1.0 }
            };
            share(0) * share(1) * share(2)
        })
    });
    let (sum, count) = shares.fold((0.0, 0.0), |(sum, count), share| (sum + share, count + 1.0));
    sum / f64::max(count, 1.0)
}

/// Nine points of `panel`, m.
fn points(panel: &Panel) -> impl Iterator<Item = DVec3> {
    let [width, height] = panel.shape.map(|pixels| pixels as f64);
    let parts = [1.0, 3.0, 5.0].map(|part| part / 6.0);
    parts
        .into_iter()
        .flat_map(move |slow| parts.map(|fast| panel.point_m([fast * width, slow * height])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{
        Beam, Crystal, Description, Experiment, MosaicModel, Mosaicity, Placement, StructureFactors,
    };
    use crate::geometry::UnitCell;

    /// A crystal of domains that differ by up to `spread_rad`.
    fn scene(shape: Shape, cells: f64, spread_rad: f64) -> Scene {
        let cell = UnitCell::from_parameters([1e-8; 3], [std::f64::consts::FRAC_PI_2; 3]).unwrap();
        let experiment = Experiment::new(Description {
            beam: Beam::default(),
            crystal: Crystal {
                shape,
                cells: [cells; 3],
                mosaicity: Mosaicity {
                    model: MosaicModel::Cap { spread_rad },
                    domains: 64,
                    seed: 1,
                },
                ..Crystal::new(cell)
            },
            detector: Placement::default().place().unwrap(),
            scan: Default::default(),
            sampling: Default::default(),
            structure_factors: StructureFactors::constant(100.0),
            background: Default::default(),
        });
        Scene::new(&experiment.unwrap()).unwrap()
    }

    #[test]
    fn a_gpu_looks_for_candidates_where_few_are_expected() {
        use AdapterKind::{Discrete, Software};
        let pays_as = |scene: &Scene, kind, forced| pays(scene, TileSize::of(scene), kind, forced);
        let pays = |scene: &Scene, kind| pays_as(scene, kind, None);
        let alike = scene(Shape::Gauss, 20.0, 1e-3);
        let powder = scene(Shape::Gauss, 20.0, 3.0);
        assert_eq!(
            [pays(&alike, Discrete), pays(&alike, Software)],
            [false, true]
        );
        assert_eq!(
            [pays(&powder, Discrete), pays(&powder, Software)],
            [true, true]
        );
        let forced = pays_as(&alike, Discrete, Some(true));
        assert!(forced && !pays_as(&powder, Discrete, Some(false)));
        assert!(largest_share(&alike, TileSize::of(&alike)) > 0.9);
        // Spots without an end show everywhere; those in fixed point are never all worked out.
        assert!(!pays(&scene(Shape::Square, 10.0, 3.0), Software));
        assert!(pays(&scene(Shape::TopHat, 10.0, 1e-3), Discrete));
    }
}
