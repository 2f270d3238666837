//! The derivatives of spots in closed form in one pixel: the scalar reference.

use super::{DEFAULT_F, numbers};
use crate::cpu::derivatives::pixel::factor_slopes;
use crate::cpu::derivatives::sums::TermSums;
use crate::cpu::pixel::displacements;
use crate::experiment::Panel;
use crate::physics::closed_form::ClosedForm;
use crate::physics::closed_form::slopes::{FrameSlopes, PixelArea, SpotSlopes, Spreads};
use crate::physics::miller_index::nearest_index;
use crate::physics::view::View;
use crate::scene::{Scene, SceneSource};

/// Adds the spots of all orientations in a view, of X-rays of a source, to the numbers `all` and to `sums`, and their derivatives
/// with respect to F of the grid to `amplitudes`.
pub fn add_spots(
    scene: &Scene,
    form: &ClosedForm,
    (panel, seen, source): (&Panel, &View, &SceneSource),
    all: &mut [f64],
    sums: &mut TermSums<f64>,
    amplitudes: &mut Vec<(usize, f64)>,
) {
    let SceneSource {
        electric,
        magnetic,
        wavelength_m,
        ..
    } = *source;
    let q = source.scattering_vector(seen.diffracted);
    let steps = displacements(scene, form, panel, seen, source);
    let peak = scene.lattice.total * scene.lattice.total;
    for orientation in scene.orientations.iter() {
        let index_of = &orientation.index_of;
        let hkl = orientation.miller_index(q);
        let nearest = nearest_index(hkl);
        let to_frame = form.frame * *index_of;
        let spreads = Spreads::new(form, &to_frame, [electric, magnetic], wavelength_m);
        let area = form.pixel_average.then(|| PixelArea {
            edges: [panel.fast, panel.slow].map(|edge| to_frame * edge),
            diffracted: to_frame * seen.diffracted,
            scale: panel.pixel_size_m
                / (f64::from(scene.oversample) * 12f64.sqrt() * seen.distance * wavelength_m),
        });
        let spot = SpotSlopes::of_reflection(form, index_of, q, nearest, &steps);
        let own = FrameSlopes::new(&spot, to_frame * q, nearest, &spreads, area.as_ref());
        let f = factor_slopes(scene, hkl, nearest);
        let square = f.value * f.value;
        for (sum, number) in all.iter_mut().zip(numbers(&own)) {
            *sum += square * number;
        }
        let weight = peak * square;
        sums.intensity += weight * own.average;
        let to_lab = to_frame.transpose();
        let of_lab = [
            (&mut sums.q, own.q),
            (&mut sums.direction, own.area.diffracted),
            (&mut sums.turn, own.area.edges),
        ];
        for (sum, slope) in of_lab {
            for (sum, slope) in sum.iter_mut().zip((to_lab * slope).to_array()) {
                *sum += weight * slope;
            }
        }
        sums.distance -= weight * own.area.size / seen.distance;
        let by_f = 2.0 * f.value * own.average;
        match f.weights {
            None => all[DEFAULT_F] += by_f,
            Some(places) => {
                let by_f = peak * by_f;
                amplitudes.extend(places.into_iter().map(|(at, own)| (at, own * by_f)));
            }
        }
    }
}
