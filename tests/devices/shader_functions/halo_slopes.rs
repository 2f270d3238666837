//! How halos change, `shaders/shared/halo_slopes.wgsl` and `shaders/diffuse_derivatives.wgsl`.

use glam::{DVec3, Vec3};
use nanobragg::experiment::Shape;
use nanobragg::gpu::diffuse_derivatives_source;
use nanobragg::physics::diffuse::Diffuse;
use rand::RngExt;

use super::diffuse::{crystal, indices, symmetry, with_halos};
use super::position::{PANEL, Place, READ, TILE};
use super::sums::scene;
use super::{check, inputs, joined, relative, vector};
use crate::support::shader::Kernel;

/// Error over the value: an index is rounded, and the square of what it is multiplied by.
const SLOPES: f64 = 3e-6;
/// Error over the sum of the sizes of what is added.
const SUMS: f64 = 3e-6;

#[test]
fn halo_slopes() {
    let body = "let form = symmetry.forms[1];
        let index = real3(0u);
        let away = real3(3u);
        let own = halo_slopes(form, index, away);
        put(0u, own.value);
        put(1u, own.displacement);
        put(2u, own.correlation);
        put3(3u, own.offset);
        put(6u, halo_density(form, index, away));
        put3(7u, form_slope(form.displacement, form.displacement_across, index));
        let both = products_sum(products_of(index, 2.0), products_of(away, -1.0));
        put3(10u, both.squares);
        put3(13u, both.across);";
    let crystal = crystal(Shape::Square);
    let diffuse = Diffuse::new(&crystal).unwrap();
    let form = diffuse.forms[1];
    let peak = crystal.cells.iter().product::<f64>().powi(2);
    let kernel = Kernel::new(diffuse_derivatives_source(), body).uniform(9, symmetry(&crystal));
    check(
        "halo_slopes",
        kernel,
        SLOPES,
        &indices(230),
        |input, found: [f64; 16]| {
            let [index, away] = [0, 3].map(|word| DVec3::from_slice(&input[word..]));
            if index == DVec3::ZERO {
                return 0.0;
            }
            let own = form.slopes(index, away);
            let three = |word: usize| DVec3::from_slice(&found[word..]);
            let steepest = own.correlation.abs() * (form.correlation * away).length() * 2.0;
            let by_index = 2.0 * (form.displacement * index);
            let size = form.displacement.determinant().abs().cbrt() * index.length();
            let product = |h: usize, k: usize| 2.0 * index[h] * index[k] - away[h] * away[k];
            let squares = DVec3::new(product(0, 0), product(1, 1), product(2, 2));
            let across = DVec3::new(product(1, 2), product(0, 2), product(0, 1));
            let largest = 2.0 * index.length_squared() + away.length_squared();
            [
                relative(found[0] * peak, own.value),
                relative(found[1] * peak, own.displacement),
                relative(found[2] * peak, own.correlation),
                (three(3) * peak - own.offset).length() / steepest,
                relative(found[6] * peak, own.value),
                (three(7) - by_index).length() / (by_index.length() + size),
                (three(10) - squares).length() / largest,
                (three(13) - across).length() / largest,
            ]
            .into_iter()
            .fold(0.0, f64::max)
        },
    );
}

/// A word of the rates of forms.
fn rate(word: usize) -> f32 {
    ((word * 7 % 23) as f32 - 11.0) / 8.0
}

/// What forms come to is taken to the axes of the crystal by four matrices each.
#[test]
fn products_along_own_axes() {
    let inputs: Vec<[f32; 12]> = inputs(231, Vec::new(), |rng| {
        std::array::from_fn(|_| rng.random_range(-1.0..1.0))
    });
    let body =
        "let sums = HaloSums(Products(real3(0u), real3(3u)), Products(real3(6u), real3(9u)));
        let own = along_own_axes(1u, sums.displacement);
        put3(0u, own.squares);
        put3(3u, own.across);
        var slots: Slots;
        add_halo_sums(&slots, 1u, sums);
        add_halo_sums(&slots, 1u, sums);
        put4(6u, slots.displacement);
        put4(10u, slots.displacement_across);
        put4(14u, slots.correlation);
        put3(18u, matrix_at(13u)[2]);
        put_word(21u, velocities_of(3u));";
    let words: Vec<u32> = (0..2 * 48).map(|word| rate(word).to_bits()).collect();
    let kernel = Kernel::new(diffuse_derivatives_source(), body)
        .constant("HALO", 1)
        .constant("SCANS", 1)
        .uniform(9, symmetry(&crystal(Shape::Square)))
        .storage(10, words);
    let forms = Diffuse::new(&crystal(Shape::Square)).unwrap().forms.len();
    check(
        "along_own_axes",
        kernel,
        SUMS,
        &inputs,
        |input, found: [f64; 22]| {
            // Element `to` of what the six numbers from `from` become.
            let own = |from: usize, to: usize| {
                let parts = (0..6).map(|part| {
                    let word = 48 + 4 * (6 * (to / 3) + part) + to % 3;
                    f64::from(rate(word)) * input[from + part]
                });
                parts.sum::<f64>()
            };
            let rows = [[0, 1, 2], [3, 4, 5]];
            let slots = [(0, rows[0], 3), (0, rows[1], 4), (6, rows[0], 5)];
            let slots = slots.into_iter().flat_map(|(from, along, last)| {
                let along = along.map(|to| 2.0 * own(from, to));
                along.into_iter().chain([2.0 * own(6, last)])
            });
            let expected = (0..6).map(|to| own(0, to)).chain(slots);
            let errors = expected.zip(&found).map(|(own, found)| (own - found).abs());
            for (axis, found) in found[18..21].iter().enumerate() {
                assert_eq!(*found, f64::from(rate(4 * 15 + axis)));
            }
            assert_eq!((found[21] as f32).to_bits() as usize, 12 * forms + 9);
            errors.fold(0.0, f64::max) / 12.0
        },
    );
}

/// What is added of one halo, and of all of a pixel, is what its slopes say.
#[test]
fn halos_of_a_pixel() {
    let cases = inputs(232, Vec::new(), |rng| {
        let place = Place::draw(rng, false);
        joined::<{ PANEL + TILE + 3 }>(&[&place.words(0.0), &(0.4 * vector(rng)).to_array()])
    });
    let body = "let panel = panel_at(0u);
        let tile = tile_at(14u);
        let model = grid_model();
        var source: Source;
        source.incident = scene.first_incident;
        source.inverse_wavelength = 1.0;
        source.weight = 1.5;
        let pixel = Pixel(vec2<f32>(0.0), vec2<f32>(1.0, 0.5));
        let part = Part(vec2<f32>(0.5) * panel.pixel_size_m, 0u);
        let centre = tile.direction - source.incident;
        let seen = sight(tile, panel, source, centre, pixel, part.along, part.layer);
        let whole = place_of(vec3<i32>(2, -1, 1));
        var prepared = Prepared(
            whole, real3(24u), vec3<f32>(1.0, 0.2, 0.0), vec3<f32>(0.0, 1.0, 0.0), vec3<f32>(0.0, 0.5, 1.0));
        places[lane] = whole;
        keep(prepared, lane);
        workgroupBarrier();
        let step = vec3<f32>(0.0, 1.0, 0.0);
        let q = centre + seen.turned;
        let rest = index_rest(prepared, seen.turned);
        let reflection = nearest_index(rest) + step;
        let f = reflection_structure_factor(model, whole + reflection);
        put(0u, select(0.0, 1.0, is_listed(model, whole + reflection)));
        let moved = Velocities(
            mat3x3<f32>(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
            mat3x3<f32>(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0));
        var own: Slots;
        var of_view: OfView;
        var sums: HaloSums;
        var waiting: Waiting;
        let form = symmetry.forms[0];
        add_halo(
            &own, &of_view, &sums, &waiting, 3.0, model, form, prepared, moved, q, rest, step, 2.0);
        let index = vec3<f32>(vec3<i32>(whole + reflection) + model.grid_origin);
        let slopes = halo_slopes(form, index, rest - reflection);
        let strength = 2.0 * f * f;
        let size = max(strength * slopes.value, 1e-30);
        put(1u, of_view.term / size - 1.0);
        let by_index = strength * slopes.offset;
        let steep = max(length(by_index), 1e-30);
        put3(2u, (own.k.xyz - by_index * dot(prepared.row_b, q)) / steep);
        put3(5u, (of_view.q - step_of_index(prepared, by_index)) / steep);
        put3(8u, (vec3<f32>(own.h.w, own.k.w, own.l.w) - cross(of_view.q, q)) / steep);
        put3(11u, (sums.displacement.squares - strength * slopes.displacement * index * index)
            / (strength * slopes.displacement));
        let away = rest - reflection;
        put3(14u, (sums.correlation.squares - strength * slopes.correlation * away * away)
            / min(strength * slopes.correlation, -1e-30));
        let by_f = 4.0 * f * slopes.value;
        var expected = 3.0 * by_f;
        if !is_listed(model, whole + reflection) {
            expected = 0.0;
            put(17u, own.size.w / max(by_f, 1e-30) - 1.0);
        } else {
            put(17u, own.size.w);
        }
        put(18u, (waiting.sum - expected) / size);
        var after = Waiting(5u, 1.0);
        add_to_reflection(&after, 5u, 2.0);
        put(19u, after.sum - 3.0);
        // All forms of one orientation: the halo as it is without derivatives.
        var all: Slots;
        add_halos(
            &all, &waiting, 0.0, model, tile, panel, source, centre, pixel, part, step, 0u, 1u);
        let density = halo(model, places[0], index_rest(kept(0u), seen.turned), step);
        put(20u, all.general.x / max(seen.factor * density, 1e-30) - 1.0);";
    let fields = [Vec3::X, Vec3::Z, Vec3::NEG_Y];
    let kernel = Kernel::new(diffuse_derivatives_source(), body)
        .helpers(READ)
        .constant("AMPLITUDES", 1)
        .constant("PLACE", 0)
        .uniform(0, scene(fields, 0.75, 1))
        .storage(8, vec![0; 1 << 16])
        .storage(10, vec![0; 4]);
    check(
        "add_halos",
        with_halos(kernel, 1),
        SUMS,
        &cases,
        |_, found: [f64; 21]| {
            let all = found[1..].iter().map(|apart| apart.abs());
            all.fold(0.0, f64::max)
        },
    );
}
