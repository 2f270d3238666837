//! PNG and PGM, written and read: shades are what the image's numbers make them, to the last bit, for
//! this program and for Pillow. Bare float32, which says no size, for this program and for numpy.

use std::fs;

use nanobragg::formats::encoding::Number;
use nanobragg::formats::png::{self, Colormap, Depth};
use nanobragg::formats::raster::{Pixels, Raster};
use nanobragg::formats::{pgm, raw};
use nanobragg::image::{Image, ToneMap, ToneScale};

use super::command::{output, pixels};
use super::{FILLINGS, Filling, Outside, SIZES, noise, raster, read_back};

/// An image of whole numbers up to `highest` that is filled so.
fn image([width, height]: [usize; 2], highest: u16, filling: Filling, seed: u64) -> Image {
    let fill = |bits: u64| match filling {
        Filling::Zero => 0.0,
        Filling::Saturated => f32::from(highest),
        Filling::Negative => -((bits % 999) as f32),
        Filling::Anything => (bits % (u64::from(highest) + 1)) as f32,
        Filling::Photons => (bits % 40) as f32,
    };
    let mut values: Vec<f32> = noise(seed).take(width * height).map(fill).collect();
    // The last shade of a linear picture is the largest number's: so that shades are the numbers.
    if matches!(filling, Filling::Anything | Filling::Photons) {
        values[0] = f32::from(highest);
    }
    Image::new(width, height, values, None)
}

/// The shades that `shade` makes of the numbers of `image`.
fn shades(image: &Image, depth: Depth, shade: impl Fn(f32) -> u16) -> Raster {
    let shades = image.values().iter().map(|&value| shade(value));
    let pixels = match depth {
        Depth::Eight => Pixels::U8(shades.map(|shade| shade.try_into().unwrap()).collect()),
        Depth::Sixteen => Pixels::U16(shades.collect()),
    };
    Raster {
        width: image.width(),
        height: image.height(),
        pixels,
    }
}

#[test]
fn pictures_hold_the_shades_they_should() {
    let mut outside = Outside::none();
    for size in SIZES {
        for filling in FILLINGS {
            for (depth, highest) in [(Depth::Eight, 255), (Depth::Sixteen, 65535)] {
                let image = image(size, highest, filling, outside.count());
                let tone = ToneMap::of(&image, ToneScale::Linear, 100.0);
                let file = png::encode(&image, &tone, Colormap::Grey, depth).unwrap();
                // Dark spots on white.
                let expected = shades(&image, depth, |value| highest - value.max(0.0) as u16);
                assert_eq!(read_back(file.clone()), expected, "{size:?} {filling:?}");
                outside.add(&file, "png", &expected, &["pillow"]);
            }
            let image = image(size, 300, filling, outside.count());
            let file = pgm::encode(&image, 0.9);
            let expected = shades(&image, Depth::Eight, |value| {
                (f64::from(value) * 0.9).clamp(0.0, 255.0) as u16
            });
            assert_eq!(read_back(file.clone()), expected, "{size:?} {filling:?}");
            outside.add(&file, "pgm", &expected, &["pillow"]);
        }
    }
    outside.check();
}

#[test]
fn bare_numbers_come_back_to_the_last_bit() {
    let mut outside = Outside::none();
    for size in SIZES {
        for filling in FILLINGS {
            let raster = raster(size, Number::F32, filling, outside.count());
            let Pixels::F32(values) = &raster.pixels else {
                panic!("floats")
            };
            let image = Image::new(size[0], size[1], values.clone(), None);
            let file = raw::encode(&image).into_owned();
            let found = raw::decode(&file, size).unwrap();
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(found.values()), bits(values));
            outside.add(&file, "bin", &raster, &["bare"]);
        }
    }
    outside.check();
}

#[test]
fn a_render_s_pictures_are_its_photons() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = "-default_F 100 -cell 70 80 90 -N 5 -lambda 1.25 -detpixels_f 60 -detpixels_s 44 \
                -pixel 0.1 --device cpu --quiet -floatfile f.bin -pgmfile p.pgm -pgmscale 0.4 \
                --png g.png --png-depth 16 --png-percentile 100 --out q.pgm";
    output(here, line);
    output(here, "convert f.bin f.tif --size 60 44 --quiet");
    let photons = pixels(&here.join("f.tif"));
    let of_pgm = photons.values().map(|value| (value * 0.4).min(255.0) as u8);
    assert_eq!(pixels(&here.join("p.pgm")), Pixels::U8(of_pgm.collect()));
    assert!(fs::read(here.join("p.pgm")).unwrap() == fs::read(here.join("q.pgm")).unwrap());
    let largest = photons.values().fold(0.0, f64::max);
    let Pixels::U16(shades) = pixels(&here.join("g.png")) else {
        panic!("16 bits")
    };
    for (shade, value) in shades.iter().zip(photons.values()) {
        let expected = 65535.0 * (1.0 - value / largest);
        assert!(
            (f64::from(*shade) - expected).abs() < 0.51,
            "{shade} {expected}"
        );
    }
}
