//! Several devices share the work: the same adapter, opened more than once.

use nanobragg::image::noise::Noise;
use nanobragg::render::{Device, RenderOptions, Renderer};

use crate::support::{experiment, golden_path};

pub fn on(device: &str) -> Renderer {
    let device = Device::Gpu(device.into());
    let options = RenderOptions {
        device,
        ..RenderOptions::default()
    };
    Renderer::new(&options).unwrap()
}

#[test]
fn the_bytes_are_those_of_one_device() {
    let (one, two, three) = (on("gpu"), on("gpu,gpu"), on("gpu, gpu ,gpu"));
    let name = one.device_name();
    assert_eq!(two.device_name(), format!("2 x {name}"));
    assert_eq!(three.device_name(), format!("3 x {name}"));
    assert_eq!([one.shots_at_once(), two.shots_at_once()], [1, 4]);
    let base = "-default_F 100 -cell 70 80 90 75 85 95 -misset 10 20 30 -pixel 0.2 -N 8";
    // F of two energies: each device reads both.
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("channels.txt");
    let hkl = golden_path("lysozyme_1aki_p1.hkl");
    let channel = |angstrom| format!("{angstrom} {}\n", hkl.display());
    std::fs::write(&list, channel(0.99) + &channel(1.01)).unwrap();
    let channels = format!(
        "-detpixels 200 -dispersion 3 -dispsteps 4 -oversample 1 --hkl-channels {}",
        list.display()
    );
    // Several strips along slow and along fast, one alone, and regions that leave some empty.
    for line in [
        "-detpixels_f 150 -detpixels_s 333 -oversample 1 -water 1e-4",
        "-detpixels_f 333 -detpixels_s 150 -oversample 2 -mosaic 1 -mosaic_domains 20",
        "-detpixels 60 -gauss_xtal -mosaic 1 -mosaic_domains 100",
        "-detpixels 100 -gauss_xtal --gauss-metric hkl --analytic -mosaic 0.3 --bandwidth 0.2 -osc 5 \
         -phisteps 90 --pixel-average",
        "-detpixels 300 -roi 70 200 100 270 -tophat_spots",
        "-detpixels 280 -hkl lysozyme_1aki_p1.hkl -interpolate -oversample 1",
        "-detpixels 200 -N 2000 -mosaic 0.1 -mosaic_domains 5 -oversample 1",
        &channels,
    ] {
        let experiment = experiment(&format!("{base} {line}"));
        let expected = one.render(&experiment).unwrap().image;
        assert!(expected.values().iter().any(|&photons| photons > 0.0));
        let noise = Noise {
            seed: 5,
            readout: 2.0,
            ..Noise::default()
        };
        let panels = [expected.height()];
        let counts = one.expose(&expected, &noise, &panels).unwrap().image;
        for several in [&two, &three] {
            let rendered = several.render(&experiment).unwrap();
            assert!(rendered.image == expected, "{line}");
            assert_eq!(rendered.device, several.device_name());
            let exposed = several.expose(&expected, &noise, &panels).unwrap();
            assert!(exposed.image == counts, "{line}");
        }
    }
}

#[test]
fn a_list_that_names_no_device_is_refused() {
    for (wanted, told) in [
        ("gpu,nonesuch", "'nonesuch'"),
        ("gpu,", "''"),
        ("gpu,99", "'99'"),
        ("gpu,cpu", "'cpu'"),
        ("nonesuch", "'nonesuch'"),
    ] {
        let options = RenderOptions {
            device: Device::from(wanted),
            ..RenderOptions::default()
        };
        let refused = Renderer::new(&options).unwrap_err().to_string();
        assert!(refused.contains(&format!("no device {told}")), "{refused}");
        assert!(refused.contains("several with commas between"), "{refused}");
    }
}
