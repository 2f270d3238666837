//! What noise is made of: the same bits on the GPU as on the CPU.

use nanobragg::gpu::noise_source;
use nanobragg::image::noise::Exposure;
use nanobragg::image::noise::deviates::{
    Stream, fine_uniform, normal, polynomial, uniform, upper_normal,
};
use nanobragg::image::noise::elementary::{
    falling_exponential, logarithm, reciprocal, square_root,
};
use nanobragg::image::noise::poisson::{
    deviance, few, log_over_probability, many, poisson, stirling_error,
};
use nanobragg::random::philox4x32;
use rand::RngExt;

use super::{any_words, check_words, inputs, log_uniform};
use crate::support::shader::Kernel;

/// Asserts that `body`, from the words of each input, writes the bits of `expected`.
fn same_bits<const IN: usize>(
    name: &str,
    body: &str,
    inputs: &[[u32; IN]],
    expected: impl Fn([u32; IN]) -> f32,
) {
    same_bits_with(name, body, Vec::new(), inputs, expected);
}

/// [`same_bits`], with `uniform` in the shader's uniform where `body` reads that.
fn same_bits_with<const IN: usize>(
    name: &str,
    body: &str,
    uniform: Vec<u32>,
    inputs: &[[u32; IN]],
    expected: impl Fn([u32; IN]) -> f32,
) {
    // The bits that are never set come from the inputs: no compiler knows them.
    let words: Vec<u32> = inputs
        .iter()
        .flat_map(|input| input.iter().copied().chain([0]))
        .collect();
    let body = format!("no_bits = word({IN}u); put(0u, {body});");
    let mut kernel = Kernel::new(noise_source(), &body);
    if !uniform.is_empty() {
        kernel = kernel.uniform(0, uniform);
    }
    let found = kernel.run(&words, IN + 1, 1);
    assert_eq!(found.len(), inputs.len());
    for (input, bits) in inputs.iter().zip(found) {
        let expected = expected(*input);
        assert_eq!(
            bits,
            expected.to_bits(),
            "{name} of {input:x?}: {} and not {expected}",
            f32::from_bits(bits)
        );
    }
    println!("{name:20} the same bits for {} inputs", inputs.len());
}

/// Positive floats between 10^-`decades` and 10^`decades`, and those near 1.
fn floats(stream: u32, decades: i32) -> Vec<[u32; 1]> {
    let edges = [1.0f32, 2.0, 0.5, 1.0 + f32::EPSILON, 0.999_999_94];
    let edges = edges.map(|x| [x.to_bits()]).to_vec();
    let (low, high) = (10f32.powi(-decades), 10f32.powi(decades));
    inputs(stream, edges, |rng| {
        let x = match rng.random_range(0..3) {
            0 => rng.random_range(0.5f32..2.0),
            _ => log_uniform(rng, low, high),
        };
        [x.to_bits()]
    })
}

fn of_float(found: fn(f32) -> f32) -> impl Fn([u32; 1]) -> f32 {
    move |[bits]| found(f32::from_bits(bits))
}

#[test]
fn elementary_functions_have_the_same_bits() {
    let wide = floats(20, 25);
    same_bits(
        "reciprocal",
        "reciprocal(real(0u))",
        &wide,
        of_float(reciprocal),
    );
    same_bits(
        "square_root",
        "square_root(real(0u))",
        &wide,
        of_float(square_root),
    );
    same_bits(
        "logarithm",
        "logarithm(real(0u))",
        &wide,
        of_float(logarithm),
    );
    let short = inputs(21, vec![[0], [80f32.to_bits()]], |rng| {
        [rng.random_range(0f32..80.0).to_bits()]
    });
    same_bits(
        "falling_exponential",
        "falling_exponential(real(0u))",
        &short,
        of_float(falling_exponential),
    );
}

#[test]
fn deviates_have_the_same_bits() {
    let words = inputs(22, vec![[0, 0], [u32::MAX, 0], [65_535, 65_536]], |rng| {
        let shift = rng.random_range(0..32);
        [
            rng.random_range(0..=u32::MAX) >> shift,
            rng.random_range(0..=u32::MAX),
        ]
    });
    same_bits(
        "uniform",
        "uniform_deviate(word(0u))",
        &words,
        |[word, _]| uniform(word),
    );
    let body = "fine_uniform(word(0u), word(1u))";
    same_bits("fine_uniform", body, &words, |[high, low]| {
        fine_uniform(high, low)
    });
    let tails = inputs(23, vec![[0.5f32.to_bits()], [0.075f32.to_bits()]], |rng| {
        let tail = match rng.random_range(0..2) {
            0 => rng.random_range(0.05f32..0.5),
            _ => log_uniform(rng, 1e-15, 0.5),
        };
        [tail.to_bits()]
    });
    let body = "upper_normal(real(0u))";
    same_bits("upper_normal", body, &tails, of_float(upper_normal));
    let streams = inputs(24, vec![[0; 5], [u32::MAX; 5]], any_words::<5>);
    let body = "normal(Stream(word(0u), word(1u), word(2u), vec2<u32>(word(3u), word(4u))))";
    same_bits(
        "normal",
        body,
        &streams,
        |[pixel, image, purpose, low, high]| normal(&stream([pixel, image, purpose, low, high])),
    );
}

fn stream([pixel, image, purpose, low, high]: [u32; 5]) -> Stream {
    Stream {
        pixel,
        image,
        purpose,
        key: [low, high],
    }
}

#[test]
fn poisson_deviates_have_the_same_bits() {
    let special = [
        0.0f32,
        -0.0,
        -1.0,
        1e-40,
        1e-20,
        0.25,
        11.999_999,
        12.0,
        8_388_607.5,
        16_777_217.0,
        7e16,
        7.3e16,
        1e30,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    let edges = special.map(|mean| [mean.to_bits(), 1, 2]);
    let drawn = inputs(25, edges.to_vec(), |rng| {
        let mean = match rng.random_range(0..4) {
            0 => log_uniform(rng, 1e-9, 12.0),
            1 => rng.random_range(0.2f32..30.0),
            2 => log_uniform(rng, 12.0, 1e7),
            _ => log_uniform(rng, 1e3, 1e17),
        };
        let [pixel, key] = any_words(rng);
        [mean.to_bits(), pixel, key]
    });
    // Ten times as many of what every image is made of.
    let mut means = drawn.clone();
    for shift in 1..10u32 {
        let more = drawn
            .iter()
            .map(|&[mean, pixel, key]| [mean, pixel ^ shift << 20, key]);
        means.extend(more);
    }
    let body = "poisson(real(0u), Stream(word(1u), 5u, 6u, vec2<u32>(word(2u), 7u)))";
    same_bits("poisson", body, &means, |[mean, pixel, key]| {
        poisson(f32::from_bits(mean), &stream([pixel, 5, 6, key, 7]))
    });
}

#[test]
fn parts_of_probabilities_have_the_same_bits() {
    let counts = inputs(26, vec![[1f32.to_bits()], [2f32.to_bits()]], |rng| {
        [log_uniform(rng, 1.0, 1e9).floor().to_bits()]
    });
    let body = "stirling_error(real(0u))";
    same_bits("stirling_error", body, &counts, of_float(stirling_error));
    let triples = inputs(27, vec![[12f32, 0.0, 12.0].map(f32::to_bits)], |rng| {
        let mean = log_uniform(rng, 12.0, 1e9);
        let from_mean = (rng.random_range(-0.9f32..3.0) * mean).floor();
        [mean + from_mean, from_mean, mean].map(f32::to_bits)
    });
    let body = "deviance(real(0u), real(1u), real(2u))";
    same_bits("deviance", body, &triples, |words| {
        let [count, from_mean, mean] = words.map(f32::from_bits);
        deviance(count, from_mean, mean)
    });
}

#[test]
fn arithmetic_has_the_bits_of_ieee_754() {
    let pairs = inputs(120, Vec::new(), |rng| {
        [(); 2].map(|()| (rng.random_range(-1.0f32..1.0) * log_uniform(rng, 1e-9, 1e9)).to_bits())
    });
    let real = |words: [u32; 2]| words.map(f32::from_bits);
    same_bits("strict", "strict(real(0u))", &pairs, |words| real(words)[0]);
    same_bits("sum", "sum(real(0u), real(1u))", &pairs, |words| {
        let [a, b] = real(words);
        a + b
    });
    same_bits(
        "difference",
        "difference(real(0u), real(1u))",
        &pairs,
        |words| {
            let [a, b] = real(words);
            a - b
        },
    );
    same_bits("product", "product(real(0u), real(1u))", &pairs, |words| {
        let [a, b] = real(words);
        a * b
    });
    let fives = inputs(121, Vec::new(), |rng| {
        [(); 5].map(|()| rng.random_range(-3.0f32..3.0).to_bits())
    });
    let body = "polynomial(real(0u), vec4<f32>(real3(1u), real(4u)))";
    same_bits("polynomial", body, &fives, |words| {
        let [x, a, b, c, d] = words.map(f32::from_bits);
        polynomial(x, [a, b, c, d])
    });
}

#[test]
fn philox() {
    let edges = [0, 1, u32::MAX, 1 << 31].map(|word| [word; 6]);
    let inputs = inputs(11, edges.to_vec(), any_words::<6>);
    let block = "for (var k = 0u; k < 4u; k++) { put_word(k, block[k]); }";
    let body = "let block = philox4x32(
            vec4<u32>(word3(0u), word(3u)), vec2<u32>(word(4u), word(5u))); ";
    let body = [body, block].concat();
    let kernel = Kernel::new(noise_source(), &body);
    check_words("philox4x32", kernel, &inputs, |[a, b, c, d, e, f]| {
        philox4x32([a, b, c, d], [e, f])
    });
    let body = "let stream = Stream(word(0u), word(1u), word(2u), vec2<u32>(word(3u), word(4u)));
        let block = stream_words(stream, word(5u)); ";
    let body = [body, block].concat();
    let kernel = Kernel::new(noise_source(), &body);
    check_words("stream_words", kernel, &inputs, |[a, b, c, d, e, block]| {
        stream([a, b, c, d, e]).words(block)
    });
    let body = "let wide = wide_product(word(0u), word(1u));
        put_word(0u, wide.x); put_word(1u, wide.y);";
    let kernel = Kernel::new(noise_source(), body);
    check_words("wide_product", kernel, &inputs, |[a, b, ..]| {
        let wide = u64::from(a) * u64::from(b);
        [(wide >> 32) as u32, wide as u32]
    });
}

#[test]
fn parts_of_poisson_deviates_have_the_same_bits() {
    let rare = inputs(122, vec![[0.2f32, 0.1], [11.9, 1e-18]].map_bits(), |rng| {
        [log_uniform(rng, 1e-3, 12.0), log_uniform(rng, 1e-18, 1.0)].map(f32::to_bits)
    });
    same_bits("few", "few(real(0u), real(1u))", &rare, |words| {
        let [mean, v] = words.map(f32::from_bits);
        few(mean, v)
    });
    let often = inputs(123, Vec::new(), |rng| {
        let [pixel, key] = any_words(rng);
        [log_uniform(rng, 12.0, 1e12).to_bits(), pixel, key]
    });
    let body = "many(real(0u), Stream(word(1u), 5u, 6u, vec2<u32>(word(2u), 7u)))";
    same_bits("many", body, &often, |[mean, pixel, key]| {
        many(f32::from_bits(mean), &stream([pixel, 5, 6, key, 7]))
    });
    let ratios = inputs(124, vec![[0.3f32, 0.0, -12.0, 12.0]].map_bits(), |rng| {
        let mean = log_uniform(rng, 12.0, 1e9);
        let from_mean = (rng.random_range(-0.9f32..3.0) * mean).floor();
        let height = log_uniform(rng, 1e-9, 1.0);
        [height, mean + from_mean, from_mean, mean].map(f32::to_bits)
    });
    let body = "log_over_probability(real(0u), real(1u), real(2u), real(3u))";
    same_bits("log_over_probability", body, &ratios, |words| {
        let [height, count, from_mean, mean] = words.map(f32::from_bits);
        log_over_probability(height, count, from_mean, mean)
    });
}

/// The words of inputs that are given as floats.
trait MapBits<const N: usize> {
    fn map_bits(self) -> Vec<[u32; N]>;
}

impl<const N: usize> MapBits<N> for Vec<[f32; N]> {
    fn map_bits(self) -> Vec<[u32; N]> {
        self.into_iter()
            .map(|floats| floats.map(f32::to_bits))
            .collect()
    }
}

#[test]
fn a_pixel_s_noise_has_the_same_bits() {
    let plain = Exposure {
        key: [1, 2],
        calibration_key: [3, 4],
        image: 5,
        brightness: 1.03,
        calibration: 0.0,
        gain: 1.5,
        offset: 40.0,
        readout: 0.0,
        saturation: 65535.0,
    };
    let full = Exposure {
        calibration: 0.02,
        readout: 3.0,
        ..plain
    };
    let pixels = inputs(125, vec![[0, 0], [1e9f32.to_bits(), 1]], |rng| {
        let [pixel] = any_words(rng);
        [log_uniform(rng, 1e-3, 1e6).to_bits(), pixel]
    });
    for exposure in [plain, full] {
        let numbers = [
            exposure.brightness,
            exposure.calibration,
            exposure.gain,
            exposure.offset,
            exposure.readout,
            exposure.saturation,
        ];
        let keys = exposure.key.into_iter().chain(exposure.calibration_key);
        let words = keys
            .chain([exposure.image])
            .chain(numbers.map(f32::to_bits));
        let words: Vec<u32> = words.chain([0; 5]).collect();
        let body = "counted(real(0u), word(1u))";
        same_bits_with("counted", body, words.clone(), &pixels, |[mean, pixel]| {
            let mut one = [f32::from_bits(mean)];
            exposure.count(&mut one, pixel);
            one[0]
        });
        let body = "read_out(real(0u), word(1u))";
        same_bits_with("read_out", body, words, &pixels, |[photons, pixel]| {
            let mut one = [f32::from_bits(photons)];
            exposure.read_out(&mut one, pixel);
            one[0]
        });
    }
    let halves = [
        0.5f32,
        1.5,
        2.5,
        0.499_999_97,
        8_388_607.5,
        8_388_609.0,
        1e30,
    ];
    let counts = inputs(126, halves.map(|x| [x.to_bits()]).to_vec(), |rng| {
        [(rng.random_range(-1.0f32..1.0) * log_uniform(rng, 1.0, 1e8)).to_bits()]
    });
    same_bits("rounded", "rounded(real(0u))", &counts, |[count]| {
        let count = f32::from_bits(count);
        // To the nearest, halves up.
        if count.abs() >= 8_388_608.0 {
            return count;
        }
        let below = count.floor();
        if count - below >= 0.5 {
            below + 1.0
        } else {
            below
        }
    });
}
