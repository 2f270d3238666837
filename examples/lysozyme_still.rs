//! A still of hen egg-white lysozyme through the library: describe it, render it, write it.
//!
//! `cargo run --release --example lysozyme_still`

use std::path::Path;

use nanobragg::experiment::{
    Beam, Crystal, Description, Distance, Experiment, Placement, StructureFactors,
};
use nanobragg::formats::png::{Colormap, Depth};
use nanobragg::formats::{file_limit, hkl, matrix, png, raw, write_whole};
use nanobragg::geometry::UnitCell;
use nanobragg::image::{Statistics, ToneMap, ToneScale};
use nanobragg::memory::Bytes;
use nanobragg::render::Renderer;

fn main() -> anyhow::Result<()> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let wavelength_m = 1.2e-10;
    let memory = Bytes::available();
    let most = file_limit(memory);

    // MOSFLM's matrix is the reciprocal cell in 1/Å times the wavelength in Å.
    let a_matrix = matrix::read(&golden.join("lysozyme_1p2A.mat"), most)?.matrix;
    let cell = UnitCell::from_reciprocal(a_matrix * (1.0 / wavelength_m))?;
    let reflections = hkl::read(&golden.join("lysozyme_1aki_p1.hkl"), most)?;
    let placement = Placement {
        distance: Distance::AlongBeam(0.08),
        ..Placement::default()
    };
    let experiment = Experiment::new(Description {
        beam: Beam {
            wavelength_m,
            ..Beam::default()
        },
        crystal: Crystal {
            cells: [12.0; 3],
            ..Crystal::new(cell)
        },
        detector: placement.place()?,
        structure_factors: StructureFactors::from_reflections(&reflections, 0.0, memory)?,
        scan: Default::default(),
        sampling: Default::default(),
        background: Default::default(),
    })?;

    // The renderer is worth keeping: it renders any number of experiments.
    let image = Renderer::cpu()?.render(&experiment)?.image;

    let Statistics { max, max_at, .. } = Statistics::of(&image);
    println!("the brightest pixel, {max_at:?}, holds {max:.0} photons");
    write_whole(Path::new("lysozyme.bin"), &raw::encode(&image))?;
    let tone = ToneMap::of(&image, ToneScale::Sqrt, 99.5);
    let picture = png::encode(&image, &tone, Colormap::Grey, Depth::Eight)?;
    write_whole(Path::new("lysozyme.png"), &picture)?;
    Ok(())
}
