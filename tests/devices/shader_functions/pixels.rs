//! What passes over the pixels of an image: places, numbers of a file, statistics.

use nanobragg::formats::encoding::{Counts, Number};
use nanobragg::formats::raster::Pixels;
use nanobragg::gpu::{pack_source, place_source, statistics_source};
use nanobragg::image::Image;
use rand::RngExt;

use super::{check_words, inputs};
use crate::support::shader::Kernel;

/// The words of a float64 above 0 that is normal: digits, and the exponent.
fn factor(value: f64) -> [u32; 3] {
    let bits = value.to_bits();
    let high = 1 << 20 | (bits >> 32) as u32 & 0xf_ffff;
    [high, bits as u32, (bits >> 52) as u32 - 1023]
}

#[test]
fn scaled() {
    // Values and factors of few digits, whose products lie between two numbers, and near there.
    let few = |rng: &mut nanobragg::random::PhiloxStream, digits: u32| {
        let mask = u64::MAX << rng.random_range(0..digits);
        rng.random_range(0..=u64::MAX) & mask
    };
    let edges = [0.0, -0.0, f32::INFINITY, f32::from_bits(1), f32::MAX, 1.0];
    let edges = edges.into_iter().flat_map(|value| {
        [
            1.0,
            2f64.powi(-149),
            2f64.powi(-150),
            1e300,
            1e-300,
            1e38,
            1.0 + 2f64.powi(-24),
        ]
        .map(|by| (value, by))
    });
    let inputs: Vec<[u32; 4]> = inputs(300, edges.collect(), |rng| {
        let value = f32::from_bits(few(rng, 24) as u32);
        let exponent = rng.random_range(1023 - 160..1023 + 160u64);
        let digits = few(rng, 53) ^ u64::from(rng.random_range(0..4u32) == 0);
        (value, f64::from_bits(exponent << 52 | digits >> 12))
    })
    .into_iter()
    .filter(|(value, _)| !value.is_nan())
    .map(|(value, by)| {
        let [high, low, exponent] = factor(by);
        [value.to_bits(), high, low, exponent]
    })
    .collect();
    let body =
        "put_word(0u, scaled(word(0u), Factor(word(1u), word(2u), bitcast<i32>(word(3u)))));";
    let kernel = Kernel::new(place_source(), body);
    check_words("scaled", kernel, &inputs, |[value, high, low, exponent]| {
        let bits = u64::from(exponent.wrapping_add(1023)) << 52
            | u64::from(high & 0xf_ffff) << 32
            | u64::from(low);
        let product = f64::from(f32::from_bits(value)) * f64::from_bits(bits);
        [(product as f32).to_bits()]
    });
    let body = "put_word(0u, scaled(word(0u), Factor(0u, 0u, -1023)));";
    let kernel = Kernel::new(place_source(), body);
    check_words(
        "scaled by 0",
        kernel,
        &[[1.5f32.to_bits()], [0x8012_3456]],
        |[value]| [value & 0x8000_0000],
    );
}

#[test]
fn channels_are_added_with_the_digits_of_float64() {
    const CHANNELS: usize = 100;
    let inputs: Vec<[f32; CHANNELS]> = inputs(301, Vec::new(), |rng| {
        std::array::from_fn(|_| 10f32.powf(rng.random_range(-3.0..3.0)))
    });
    // As many as fill workgroups: others would add what is not theirs.
    let inputs = &inputs[..512];
    // First, several, and more of them.
    let body = "let pixel = word(100u);
        no_bits = word(101u);
        for (var c = 0u; c < 100u; c++) { add(pixel, word(c)); }
        put_word(0u, photons[pixel]); put(1u, photons_low[pixel]);";
    let zeros = vec![0; inputs.len()];
    let kernel = Kernel::new(place_source(), body)
        .uniform(0, vec![0, 0, 0, 0, 1, 1, 0, 0])
        .storage(5, zeros.clone())
        .storage(6, zeros);
    let words: Vec<u32> = inputs
        .iter()
        .enumerate()
        .flat_map(|(pixel, values)| {
            let values = values.iter().map(|value| value.to_bits());
            // The bits that are never set come from the inputs: no compiler knows them.
            values.chain([pixel as u32, 0])
        })
        .collect();
    let found = kernel.run(&words, CHANNELS + 2, 2);
    for (values, found) in inputs.iter().zip(found.chunks(2)) {
        let expected: f64 = values.iter().copied().map(f64::from).sum();
        let [high, low] = [0, 1].map(|place| f64::from(f32::from_bits(found[place])));
        assert_eq!(high as f32, expected as f32);
        assert!((high + low - expected).abs() < 1e-12 * expected);
    }
    // What has no end stays so.
    let kernel = Kernel::new(
        place_source(),
        "no_bits = word(2u); add(0u, word(0u)); add(0u, word(1u)); put_word(0u, photons[0]);",
    )
    .uniform(0, vec![0, 0, 0, 0, 1, 1, 0, 0])
    .storage(5, vec![0])
    .storage(6, vec![0]);
    let endless = f32::INFINITY.to_bits();
    let found = kernel.run(&[endless, 1.0f32.to_bits(), 0], 3, 1);
    assert_eq!(found, [endless]);
}

/// Values of counts, and which were rendered.
fn counts() -> (Vec<f32>, Vec<bool>) {
    let edges = [
        0.0,
        -0.0,
        -1.0,
        65_535.0,
        65_536.0,
        2147483520.0,
        2147483648.0,
        4294967040.0,
        4294967296.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        40.0,
    ];
    let mut values = inputs(302, edges.to_vec(), |rng| {
        10f32.powf(rng.random_range(-1.0..12.0)).floor()
            * [1.0, -1.0][usize::from(rng.random_bool(0.1))]
    });
    values.truncate(2001);
    let rendered = (0..values.len()).map(|place| place % 7 != 3).collect();
    (values, rendered)
}

fn bits(flags: &[bool]) -> Vec<u32> {
    let word = |flags: &[bool]| {
        let places = flags.iter().enumerate();
        places.fold(0, |word, (place, &flag)| word | u32::from(flag) << place)
    };
    flags.chunks(32).map(word).collect()
}

#[test]
fn numbers_of_a_file() {
    let (values, rendered) = counts();
    let image = Image::new(values.len(), 1, values.clone(), Some(rendered.clone()));
    let words: Vec<u32> = values.iter().map(|value| value.to_bits()).collect();
    for (kind, number) in [Number::F32, Number::U16, Number::U32, Number::I32]
        .into_iter()
        .enumerate()
    {
        let saturation = 40_000f32;
        let uniform = vec![
            0,
            0,
            values.len() as u32,
            kind as u32,
            1,
            1,
            saturation.to_bits(),
        ];
        let body = "put_word(0u, number_of(word(0u)));
            put_word(1u, found.x); put_word(2u, found.y); put_word(3u, found.z); put_word(4u, found.w);";
        let kernel = Kernel::new(pack_source(), body)
            .uniform(0, uniform)
            .storage(1, words.clone())
            .storage(2, bits(&rendered));
        let places: Vec<u32> = (0..values.len() as u32 + 1).collect();
        let found = kernel.run(&places, 1, 5);
        let numbers = found.chunks(5).map(|found| found[0]);
        let mut sums = [0; 4];
        for found in found.chunks(5) {
            for (sum, count) in sums.iter_mut().zip(&found[1..]) {
                *sum += *count as usize;
            }
        }
        let (expected, clipped) = number.counted(&image, Counts::AS_THEY_ARE);
        let expected: Vec<u32> = match expected {
            None => values
                .iter()
                .zip(&rendered)
                .map(|(value, &flag)| if flag { value.to_bits() } else { 0 })
                .collect(),
            Some(Pixels::U16(all)) => all.into_iter().map(u32::from).collect(),
            Some(Pixels::U32(all)) => all,
            Some(Pixels::I32(all)) => all.into_iter().map(|number| number as u32).collect(),
            Some(other) => panic!("{}", other.kind()),
        };
        // Behind the last pixel there is none.
        assert!(numbers.eq(expected.into_iter().chain([0])), "{number:?}");
        let saturated = image
            .rendered()
            .filter(|(_, value)| *value >= saturation)
            .count();
        let expected = [clipped.above, clipped.below, clipped.no_number, saturated];
        assert_eq!(sums, expected, "{number:?}");
    }
}

#[test]
fn values_that_count() {
    let (values, rendered) = counts();
    let words: Vec<u32> = values.iter().map(|value| value.to_bits()).collect();
    let kernel = Kernel::new(
        statistics_source(),
        "no_bits = word(1u); put_word(0u, u32(counts(word(0u)))); put(1u, finite(word(0u), 0.5));",
    )
    .uniform(0, vec![0, values.len() as u32, 1, 0])
    .storage(1, words)
    .storage(2, bits(&rendered));
    let places: Vec<[u32; 2]> = (0..values.len() as u32 + 3)
        .map(|place| [place, 0])
        .collect();
    check_words("values that count", kernel, &places, |[place, _]| {
        let place = place as usize;
        let counted = rendered.get(place).copied().unwrap_or(false);
        let value = values
            .get(place)
            .filter(|value| counted && value.is_finite());
        [
            u32::from(counted),
            value.map_or(0.0, |value| 0.5 * value).to_bits(),
        ]
    });
}
