//! Every function of every shader is called by a test.

use std::collections::BTreeSet;
use std::path::Path;

use nanobragg::gpu::{
    background_source, derivatives_source, diffuse_derivatives_source, diffuse_source,
    noise_source, pack_source, place_source, render_source, spread_source, statistics_source,
    trace_source, weigh_source,
};

/// The test files of the shaders that render, of the one that adds noise, and of the one that spreads
/// light.
const RENDER_TESTS: [&str; 16] = [
    include_str!("amorphous.rs"),
    include_str!("closed_form.rs"),
    include_str!("culling.rs"),
    include_str!("diffuse.rs"),
    include_str!("factors.rs"),
    include_str!("fine.rs"),
    include_str!("fixed_point.rs"),
    include_str!("halo_slopes.rs"),
    include_str!("lattice_factor.rs"),
    include_str!("miller_index.rs"),
    include_str!("position.rs"),
    include_str!("slopes.rs"),
    include_str!("slots.rs"),
    include_str!("structure_factor.rs"),
    include_str!("sums.rs"),
    include_str!("term.rs"),
];
const NOISE_TESTS: [&str; 1] = [include_str!("noise.rs")];
/// The test files of the shaders that pass over pixels, and of pairs of float32.
const PIXEL_TESTS: [&str; 2] = [include_str!("fine.rs"), include_str!("pixels.rs")];
const SPREAD_TESTS: [&str; 1] = [include_str!("point_spread.rs")];

/// What is in quotes in Rust `source`: kernels are.
fn quoted(source: &str) -> String {
    let (mut quoted, mut inside) = (String::new(), false);
    let code = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    for letter in code.flat_map(|line| line.chars().chain(['\n'])) {
        if letter == '"' {
            inside = !inside;
            quoted.push('\n');
        } else if inside {
            quoted.push(letter);
        }
    }
    assert!(!inside, "a quotation mark that closes nothing");
    quoted
}

/// Whether WGSL among `code` calls `function`.
fn calls(code: &str, function: &str) -> bool {
    let call = format!("{function}(");
    let mut found = code.match_indices(&call);
    found.any(|(place, _)| {
        let before = code[..place].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
    })
}

/// Functions of `source` that no kernel of `tests` calls.
fn untested(source: &str, tests: &[&str]) -> BTreeSet<String> {
    let kernels: String = tests.iter().map(|test| quoted(test)).collect();
    let module = naga::front::wgsl::parse_str(source).unwrap();
    let names = module.functions.iter();
    let names = names.map(|(_, function)| function.name.clone().unwrap());
    names.filter(|name| !calls(&kernels, name)).collect()
}

#[test]
fn every_function_of_every_shader_is_called_by_a_test() {
    let shaders = [
        ("render", render_source(), &RENDER_TESTS[..]),
        ("background", background_source(), &RENDER_TESTS),
        ("diffuse", diffuse_source(), &RENDER_TESTS),
        ("trace", trace_source(), &RENDER_TESTS),
        ("derivatives", derivatives_source(), &RENDER_TESTS),
        (
            "diffuse_derivatives",
            diffuse_derivatives_source(),
            &RENDER_TESTS,
        ),
        ("weigh", weigh_source(), &RENDER_TESTS),
        ("noise", noise_source(), &NOISE_TESTS),
        ("pack", pack_source(), &PIXEL_TESTS),
        ("place", place_source(), &PIXEL_TESTS),
        ("statistics", statistics_source(), &PIXEL_TESTS),
        ("spread", spread_source(), &SPREAD_TESTS),
    ];
    for (name, source, tests) in &shaders {
        assert_eq!(
            untested(source, tests),
            BTreeSet::new(),
            "functions of the {name} shader that no test in shader_functions/ calls"
        );
    }
    // No file is left out of these shaders.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    for folder in [folder.clone(), folder.join("shared")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let file = std::fs::read_to_string(&path).unwrap();
                let held = shaders.iter().any(|(_, source, _)| source.contains(&file));
                assert!(held, "{} is in no shader that is tested", path.display());
            }
        }
    }
}

#[test]
fn a_function_without_a_test_is_found() {
    let planted = render_source() + "fn planted(x: f32) -> f32 { return sincg(x, x); }";
    let found = untested(&planted, &RENDER_TESTS);
    assert_eq!(found, BTreeSet::from(["planted".to_string()]));
}
