//! What a renderer holds, and whose an error is.

use std::sync::Arc;
use std::thread;

use glam::{DMat3, DVec3};

use super::layout::MotionEntry;
use super::tiles::{TileSize, tile_places};
use super::{
    Adapter, DerivativeWatch, Dispatch, FrameUse, GpuError, GpuOptions, GpuRenderer, adapters,
};
use crate::experiment::{
    Beam, Crystal, Description, Experiment, MosaicModel, Mosaicity, Placement, Reflection,
    StructureFactors,
};
use crate::formats::encoding::Number;
use crate::geometry::UnitCell;
use crate::image::noise::Noise;
use crate::memory::Bytes;
use crate::scene::{PANEL_COUNT, Rates, Scene, SceneVector, slot};

/// The scene of a small image with this F.
pub fn scene(structure_factors: StructureFactors) -> Scene {
    let cell = UnitCell::from_parameters([7e-9, 8e-9, 9e-9], [1.5, 1.6, 1.7]).unwrap();
    let experiment = Experiment::new(Description {
        beam: Beam::default(),
        crystal: Crystal {
            cells: [5.0; 3],
            mosaicity: Mosaicity {
                model: MosaicModel::Cap { spread_rad: 0.01 },
                domains: 70,
                seed: 1,
            },
            ..Crystal::new(cell)
        },
        detector: Placement {
            pixels: [50, 35],
            ..Placement::default()
        }
        .place()
        .unwrap(),
        scan: Default::default(),
        sampling: Default::default(),
        structure_factors,
        background: Default::default(),
    });
    Scene::new(&experiment.unwrap()).unwrap()
}

fn renderer(options: GpuOptions) -> GpuRenderer {
    let adapters = adapters();
    let adapter = Adapter::choose(&adapters, "gpu").unwrap();
    GpuRenderer::new(adapter, options).unwrap()
}

#[test]
fn every_buffer_of_a_render_is_counted() {
    let list = [[0, 0, 1], [3, 1, 2]].map(|index| Reflection {
        index,
        amplitude: 7.0,
    });
    let lists = [
        StructureFactors::constant(100.0),
        StructureFactors::from_reflections(&list, 1.0, crate::memory::Bytes(1 << 24)).unwrap(),
    ];
    for (structure_factors, half_structure_factors) in lists
        .into_iter()
        .flat_map(|list| [(list.clone(), false), (list, true)])
    {
        let scene = scene(structure_factors);
        let noise = Noise {
            saturation: Some(9.0),
            ..Noise::default()
        };
        let uses = [
            (false, true, vec![]),
            (true, true, vec![]),
            (
                false,
                false,
                vec![(noise, Number::U16), (noise, Number::I32)],
            ),
        ];
        for (several, photons, readouts) in uses {
            let wanted = FrameUse {
                several,
                photons,
                readouts,
            };
            let gpu = renderer(GpuOptions {
                half_structure_factors,
                ..GpuOptions::default()
            });
            for _ in 0..2 {
                if gpu.leaves_places_to_host(&wanted) {
                    gpu.render(&scene, &mut |_| true).unwrap();
                } else {
                    let mut frame = gpu.frame(50, &[35], None, several).unwrap();
                    frame.add(&scene, None, &mut |_| true).unwrap();
                    match photons {
                        true => frame.send_photons().unwrap(),
                        false => frame.send_statistics().unwrap(),
                    }
                    for (noise, number) in &wanted.readouts {
                        frame.read_out(noise, *number).unwrap();
                    }
                    frame.land().take().unwrap();
                }
                let workspace = gpu.workspaces.lend(|_| true);
                let frame = gpu.frames.lend(|_| true);
                let held = workspace.buffers.size() + workspace.target.size();
                let held = held + frame.size() + gpu.readbacks.size();
                assert_eq!(gpu.memory(&scene, &wanted), Bytes(held), "{wanted:?}");
            }
        }
    }
}

/// Along all that the crystal and its detector move by, and along nothing but the photons.
#[test]
fn every_buffer_of_derivatives_is_counted() {
    let list = [[0, 0, 1], [3, 1, 2]].map(|index| Reflection {
        index,
        amplitude: 7.0,
    });
    let listed = StructureFactors::from_reflections(&list, 1.0, Bytes(1 << 24)).unwrap();
    let mut all = SceneVector::zero(1, 0);
    all.slots = [1.0; slot::COUNT];
    all.panels = vec![[1.0; PANEL_COUNT]];
    let directions = [
        vec![SceneVector::zero(1, 0)],
        vec![all.clone(), SceneVector::zero(1, 0)],
    ];
    for (structure_factors, on_device) in
        [(StructureFactors::constant(100.0), true), (listed, false)]
    {
        let scene = scene(structure_factors);
        let rates = Rates {
            turns: Arc::new([DMat3::IDENTITY]),
            mosaic: vec![vec![DVec3::X; scene.orientations.len()].into()],
        };
        let made = || {
            renderer(GpuOptions {
                derivatives_on_device: Some(on_device),
                ..GpuOptions::default()
            })
        };
        let held = |gpu: &GpuRenderer| {
            let workspace = gpu.workspaces.lend(|_| true);
            workspace.buffers.size() + workspace.derivatives.size() + gpu.readbacks.size()
        };
        let tiles = tile_places(&scene, TileSize::of(&scene)).len();
        // Buffers that a dispatch takes along.
        let passing = match on_device {
            true => (tiles * size_of::<u32>() + size_of::<MotionEntry>()) as u64,
            false => 0,
        };
        let mut told = |_: &Dispatch| true;
        let mut watch = DerivativeWatch {
            dispatched: &mut told,
            interrupted: &|| false,
        };
        for directions in &directions {
            let gpu = made();
            let mut image = vec![0.0; 50 * 35];
            let mut derivatives = vec![image.clone(); directions.len()];
            gpu.derivative_images(
                &scene,
                &rates,
                directions,
                &mut image,
                &mut derivatives,
                &mut watch,
            )
            .unwrap();
            let expected = gpu.derivative_images_memory(&scene, &rates, directions);
            assert_eq!(expected, Bytes(held(&gpu) + passing));
        }
        for amplitudes in [false, true] {
            let gpu = made();
            let mut gradient = SceneVector::zero(1, 0);
            let grid = scene.grid.iter().flat_map(|grid| grid.amplitudes());
            gradient.amplitudes = vec![vec![0.0; if amplitudes { grid.count() } else { 0 }]];
            let weights = vec![1.0; 50 * 35];
            gpu.gradient(&scene, &rates, &weights, (&mut gradient, 0), &mut watch)
                .unwrap();
            let expected = gpu.gradient_memory(&scene, &rates, amplitudes);
            assert_eq!(expected, Bytes(held(&gpu) + passing), "{amplitudes}");
        }
    }
}

#[test]
fn an_error_belongs_to_the_job_that_made_it() {
    let scene = scene(StructureFactors::constant(100.0));
    let gpu = renderer(GpuOptions::default());
    let expected = gpu.render(&scene, &mut |_| true).unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let mut job = gpu.job(&scene).unwrap();
                    job.spoil();
                    let error = job.step().unwrap_err();
                    assert!(matches!(error, GpuError::Refused { .. }), "{error}");
                    assert!(error.to_string().contains("refused render"), "{error}");
                }
            });
        }
        for _ in 0..20 {
            let image = gpu.render(&scene, &mut |_| true);
            assert_eq!(image.unwrap(), expected);
        }
    });
    assert_eq!(gpu.render(&scene, &mut |_| true).unwrap(), expected);
}

#[test]
fn a_lost_device_is_lost_for_all() {
    let scene = scene(StructureFactors::constant(100.0));
    let gpu = renderer(GpuOptions::default());
    let mut job = gpu.job(&scene).unwrap();
    gpu.device.lose("pulled out");
    let lost = |error| matches!(error, GpuError::Lost { reason, .. } if reason == "pulled out");
    for _ in 0..2 {
        assert!(lost(job.step().unwrap_err()));
        assert!(lost(gpu.job(&scene).unwrap_err()));
    }
}
