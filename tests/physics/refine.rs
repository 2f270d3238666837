//! Refinement of simulated frames whose truth is known: what is found, what it costs, what is said where
//! the data do not tell, and that bad data have no result.

use std::sync::LazyLock;
use std::time::Instant;

use nanobragg::derivatives::{AXES, Parameter};
use nanobragg::refine::{
    Background, Counting, Likelihood, RefineError, Refined, STRONG, Start, Variable, Wish, refine,
    simulate_check,
};
use nanobragg::render::Renderer;

use crate::support::refinement::{
    COARSE, FINE, Kind, PLAIN, Recovery, Scenario, counts, frame, misorientation_deg, photons,
    scenario, wish, words,
};

static RENDERER: LazyLock<Renderer> = LazyLock::new(|| Renderer::cpu().unwrap());

fn refined(start: &Start, wish: &Wish) -> Result<Refined, RefineError> {
    refine(&RENDERER, std::slice::from_ref(start), wish, &())
}

/// Refines these frames. All must be near the truth as far as their uncertainties say, and all but
/// `beyond` as near as the issue asks.
fn recovered(kind: Kind, frames: std::ops::Range<u64>, beyond: usize, mean_square: f64) {
    // Angles and edges are told apart by many spots at high resolution.
    let oblique = matches!(kind, Kind::Monoclinic | Kind::Triclinic);
    let sight = if oblique { FINE } else { COARSE };
    let (mut pulls, mut missed) = (Vec::new(), 0);
    for number in frames {
        let scenario = scenario(&RENDERER, kind, sight, number);
        let started = Instant::now();
        let found = refined(&scenario.start, &wish(&scenario)).unwrap();
        let own = Recovery::of(&scenario, &found, started.elapsed().as_secs_f64());
        println!("{number} {own}");
        let near =
            own.orientation_deg < 0.003 && own.edges_angstrom < 0.010 && own.cells.abs() < 0.01;
        let near = near && own.angles_deg < 0.007;
        missed += usize::from(!near);
        // Every evaluation is an image with its derivatives.
        assert!(own.evaluations <= 30, "{own}");
        assert!((0.8..1.25).contains(&own.chi_squared), "{own}");
        assert!(oblique || found.certainty.undetermined.is_empty());
        pulls.extend(own.pulls);
    }
    assert!(
        missed <= beyond,
        "{missed} frames are farther from the truth"
    );
    let square = pulls.iter().map(|pull| pull * pull).sum::<f64>() / pulls.len() as f64;
    assert!(
        (1.0 / mean_square..mean_square).contains(&square),
        "mean square of pulls {square}"
    );
    assert!(pulls.iter().all(|pull| pull.abs() < 5.0), "{pulls:?}");
}

#[test]
fn noisy_frames_tell_what_they_were_simulated_with() {
    // The mean square of 72 unit deviates is 1 ± 0.17, and the variables are correlated.
    recovered(Kind::Closed, 0..8, 0, 1.8);
}

#[test]
fn angles_of_the_cell_are_found_as_well() {
    recovered(Kind::Monoclinic, 0..1, 0, 3.0);
    recovered(Kind::Triclinic, 0..2, 0, 3.0);
}

#[test]
fn sampled_domains_are_refined_as_well() {
    recovered(Kind::Sampled, 20..22, 0, 3.0);
}

#[test]
fn data_of_thousands_of_domains_are_refined_in_closed_form() {
    recovered(Kind::OtherDomains, 30..32, 1, 3.0);
}

/// The scenario of most tests of bad data.
fn good() -> Scenario {
    scenario(&RENDERER, Kind::Closed, COARSE, 3)
}

/// Why a start has no result.
fn refused(start: &Start, wish: &Wish) -> String {
    match refined(start, wish) {
        Err(error) => error.to_string(),
        Ok(found) => panic!("a result: {:?}", found.values),
    }
}

#[test]
fn frames_without_a_usable_pixel_have_no_result() {
    let scenario = good();
    let wish = wish(&scenario);
    let pixels = scenario.start.frame.photons.clone();
    let experiment = scenario.start.parametrisation.experiment();
    let with = |counts: Vec<f64>, counting: Counting| Start {
        frame: frame(experiment, counts, counting),
        ..scenario.start.clone()
    };
    let saturation = Some(2.0);
    let said = refused(
        &with(
            pixels.clone(),
            Counting {
                saturation,
                ..PLAIN
            },
        ),
        &wish,
    );
    assert!(said.contains("saturated"), "{said}");
    let below = with(vec![-1.0; pixels.len()], PLAIN);
    let said = refused(&below, &wish);
    assert!(
        said.contains("none of its pixels") && said.contains("below"),
        "{said}"
    );
    let shapes = scenario.start.frame.panels.clone();
    let masked =
        nanobragg::refine::Frame::new("masked".into(), shapes, pixels.into_iter(), PLAIN, |_| true);
    let masked = Start {
        frame: masked.unwrap(),
        ..scenario.start.clone()
    };
    let said = refused(&masked, &wish);
    assert!(said.contains("masked: none of its pixels"), "{said}");
}

#[test]
fn saturated_spots_are_left_out() {
    let scenario = good();
    let start = Start {
        frame: frame(
            scenario.start.parametrisation.experiment(),
            scenario.start.frame.photons.clone(),
            Counting {
                saturation: Some(400.0),
                ..PLAIN
            },
        ),
        ..scenario.start.clone()
    };
    let found = refined(&start, &wish(&scenario)).unwrap();
    assert!(
        found.frames[0].boxes.saturated > 5,
        "{}",
        found.frames[0].boxes.saturated
    );
    assert!(
        found.frames[0]
            .measured
            .iter()
            .all(|own| own.photons < 400.0)
    );
    let own = Recovery::of(&scenario, &found, 0.0);
    assert!(
        own.orientation_deg < 0.01 && own.edges_angstrom < 0.03,
        "{own}"
    );
}

#[test]
fn empty_frames_have_no_result() {
    let scenario = good();
    let experiment = scenario.start.parametrisation.experiment();
    let pixels = scenario.start.frame.photons.len();
    for level in [0.0, 10.0] {
        let start = Start {
            frame: frame(experiment, counts(&vec![level; pixels], 5), PLAIN),
            ..scenario.start.clone()
        };
        let said = refused(&start, &wish(&scenario));
        assert!(said.contains("nothing is seen of the crystal"), "{said}");
    }
}

#[test]
fn what_is_wrong_beyond_repair_is_no_confident_result() {
    let scenario = good();
    let wish = wish(&scenario);
    let first = &scenario.start.parametrisation;
    let edges = AXES.map(Parameter::CellEdge);
    let [a, b, c] = edges.map(|edge| scenario.truth.value(edge).unwrap());
    let with = |values: [f64; 3]| {
        let moved: Vec<_> = edges.into_iter().zip(values).collect();
        first.with(&moved).unwrap()
    };
    let misset = AXES.map(Parameter::Misset);
    let other_f = {
        let words = words(COARSE, [90.0; 3], "--analytic -default_F 100");
        let keep =
            |own: &String| !own.ends_with("P1.hkl") && !own.ends_with("p1.hkl") && own != "-hkl";
        let flat: Vec<String> = words.into_iter().filter(keep).collect();
        let flat = nanobragg::cli::parametrisation(&flat).unwrap();
        let own = [
            Parameter::Mosaic,
            Parameter::Cells(AXES[0]),
            Parameter::Cells(AXES[1]),
        ];
        let own = own
            .into_iter()
            .chain([Parameter::Cells(AXES[2])])
            .chain(misset)
            .chain(edges);
        let values: Vec<_> = own.map(|own| (own, first.value(own).unwrap())).collect();
        flat.with(&values).unwrap()
    };
    let cases = [
        ("all edges 3 % longer", with([1.03 * a, 1.03 * b, 1.03 * c])),
        ("one edge 3 % longer", with([a, b, 1.03 * c])),
        ("one edge 3 % shorter", with([0.97 * a, b, c])),
        ("a and b exchanged", with([b, a, c])),
        ("a doubled", with([2.0 * a, b, c])),
        ("every F the same", other_f),
        (
            "the distance 3 % shorter",
            first.with(&[(Parameter::Distance, 97.0)]).unwrap(),
        ),
    ];
    for (name, parametrisation) in cases {
        let start = Start {
            parametrisation,
            ..scenario.start.clone()
        };
        match refined(&start, &wish) {
            Err(error) => println!("{name}: {error}"),
            Ok(found) => {
                let own = Recovery::of(&scenario, &found, 0.0);
                println!("{name}: {own} {:?}", found.notices);
                let is_true = own.orientation_deg < 0.005 && own.edges_angstrom < 0.02;
                assert!(is_true, "{name}: {own}, {:?}", found.notices);
            }
        }
    }
}

/// The start of `scenario` turned about the beam and across it.
fn turned(scenario: &Scenario, degrees: f64) -> Start {
    let misset = AXES.map(Parameter::Misset);
    let truth = misset.map(|angle| scenario.truth.value(angle).unwrap());
    let off = glam::DVec3::new(0.5, 0.7, -0.5).normalize() * degrees;
    let angles = [0, 1, 2].map(|place| (misset[place], truth[place] + off[place]));
    Start {
        parametrisation: scenario.start.parametrisation.with(&angles).unwrap(),
        ..scenario.start.clone()
    }
}

#[test]
fn a_start_two_degrees_off_has_no_result_and_one_degree_is_found_by_a_search() {
    let scenario = good();
    let near = wish(&scenario);
    let unsearched = Wish {
        search_rad: 0.0,
        ..near.clone()
    };
    let said = refused(&turned(&scenario, 2.0), &unsearched);
    assert!(said.contains("too far off"), "{said}");
    // The search follows spots beyond its angle; what it finds there has to be the truth.
    if let Ok(found) = refined(&turned(&scenario, 2.0), &near) {
        let own = Recovery::of(&scenario, &found, 0.0);
        assert!(own.orientation_deg < 0.005, "{own}");
    }
    let wide = Wish {
        search_rad: 1.5f64.to_radians(),
        ..near
    };
    let found = refined(&turned(&scenario, 1.0), &wide).unwrap();
    let own = Recovery::of(&scenario, &found, 0.0);
    assert!(own.orientation_deg < 0.003, "{own}");
}

#[test]
fn a_wrong_model_has_no_result() {
    let scenario = good();
    // Four counts a photon, taken for photons. Noise that is stronger than expected passes for
    // spots; what is looked at here is the fit.
    let near = wish(&scenario);
    let any_spots = Wish {
        least_explained: 0.0,
        ..near.clone()
    };
    let start = Start {
        frame: frame(
            scenario.start.parametrisation.experiment(),
            scenario
                .start
                .frame
                .photons
                .iter()
                .map(|own| 4.0 * own)
                .collect(),
            PLAIN,
        ),
        ..scenario.start.clone()
    };
    let said = refused(&start, &any_spots);
    assert!(
        said.contains("chi-squared") && said.contains("gain"),
        "{said}"
    );
    let gain = Start {
        frame: frame(
            scenario.start.parametrisation.experiment(),
            scenario
                .start
                .frame
                .photons
                .iter()
                .map(|own| 4.0 * own + 40.0)
                .collect(),
            Counting {
                gain: 4.0,
                offset: 40.0,
                ..PLAIN
            },
        ),
        ..scenario.start
    };
    refined(&gain, &near).unwrap();
}

#[test]
fn what_one_still_does_not_tell_is_said() {
    let scenario = good();
    let mut wish = wish(&scenario);
    wish.variables
        .retain(|own| !matches!(own.first(), Parameter::CellEdge(_)));
    // One factor on all edges, with the distance.
    let cell = AXES.map(|axis| {
        let edge = Parameter::CellEdge(axis);
        (edge, scenario.truth.value(edge).unwrap())
    });
    let first = cell[0].1;
    let off = cell.map(|(edge, own)| (edge, 1.003 * own));
    let start = Start {
        parametrisation: scenario.start.parametrisation.with(&off).unwrap(),
        ..scenario.start
    };
    let tied = cell.map(|(edge, own)| (edge, own / first)).to_vec();
    wish.variables.push(Variable::tied(tied));
    wish.variables.push(Variable::of(Parameter::Distance));
    let alone = Wish {
        variables: wish.variables[..wish.variables.len() - 1].to_vec(),
        ..wish.clone()
    };
    let found = refined(&start, &wish).unwrap();
    let place = |wanted: Parameter| {
        found
            .values
            .iter()
            .position(|own| own.variable.first() == wanted)
            .unwrap()
    };
    let (edge, distance) = (place(cell[0].0), place(Parameter::Distance));
    let rho = found.certainty.correlations[(edge, distance)];
    assert!(rho.abs() > STRONG, "{rho}");
    // That combination is known far worse than its parts: it is named.
    let named = found.certainty.undetermined.iter().any(|own| {
        let parts: Vec<usize> = own.parts.iter().map(|(place, _)| *place).collect();
        parts.contains(&edge) && parts.contains(&distance)
    });
    assert!(
        named,
        "correlation {rho}, {:?}",
        found.certainty.undetermined
    );
    // Uncertainties are honest: the truth lies within a few of them, and each is larger than alone.
    let truth = [(edge, 59.06), (distance, 100.0)];
    for (place, truth) in truth {
        let own = &found.values[place];
        assert!((own.value - truth).abs() < 5.0 * own.sigma, "{own:?}");
    }
    let alone = refined(&start, &alone).unwrap();
    let sigma = alone
        .values
        .iter()
        .find(|own| own.variable.first() == cell[0].0)
        .unwrap()
        .sigma;
    assert!(found.values[edge].sigma > 2.0 * sigma, "{sigma}");
}

#[test]
fn frames_share_what_is_shared() {
    // Three orientations of one crystal.
    let scenarios: Vec<Scenario> = (40..43)
        .map(|number| scenario(&RENDERER, Kind::Closed, COARSE, number))
        .collect();
    let starts: Vec<Start> = scenarios.iter().map(|own| own.start.clone()).collect();
    let mut wish = wish(&scenarios[0]);
    for variable in &mut wish.variables {
        let first = variable.first();
        if matches!(first, Parameter::Cells(_) | Parameter::Mosaic) {
            variable.own = false;
        }
    }
    let found = refine(&RENDERER, &starts, &wish, &()).unwrap();
    // Three edges, N and mosaicity once, orientation and scale of each.
    assert_eq!(found.values.len(), 5 + 3 * 4);
    let [one, two, three] = [0, 1, 2].map(|place| {
        found.frames[place]
            .parametrisation
            .experiment()
            .crystal()
            .cell
            .lengths_m()
    });
    for axis in 0..3 {
        assert!((one[axis] - two[axis]).abs() < 1e-18 && (one[axis] - three[axis]).abs() < 1e-18);
    }
    for (own, scenario) in found.frames.iter().zip(&scenarios) {
        let cells = [
            own.parametrisation.experiment(),
            scenario.truth.experiment(),
        ];
        let [found, truth] = cells.map(|experiment| experiment.crystal().cell);
        assert!(misorientation_deg(&found, &truth) < 0.003);
    }
}

#[test]
fn other_backgrounds_and_likelihoods_find_the_same() {
    let scenario = good();
    for (background, likelihood) in [
        (Background::Radial(6), Likelihood::Poisson),
        (Background::Planes, Likelihood::LeastSquares),
    ] {
        let wish = Wish {
            background,
            likelihood,
            ..wish(&scenario)
        };
        let found = refined(&scenario.start, &wish).unwrap();
        let own = Recovery::of(&scenario, &found, 0.0);
        println!("{background:?} {likelihood:?} {own}");
        assert!(
            own.orientation_deg < 0.003 && own.edges_angstrom < 0.01,
            "{own}"
        );
    }
}

#[test]
fn a_simulation_at_the_solution_is_refined_again() {
    let scenario = good();
    let wish = wish(&scenario);
    let starts = [scenario.start];
    let found = refine(&RENDERER, &starts, &wish, &()).unwrap();
    let pulls = simulate_check(&RENDERER, &starts, &found, &wish, 3, &()).unwrap();
    assert_eq!(pulls.len(), found.values.len());
    assert!(pulls.iter().all(|own| own.pull.abs() < 4.5), "{pulls:?}");
    assert!(pulls.iter().any(|own| own.pull.abs() > 0.1), "{pulls:?}");
}

#[test]
fn photons_of_the_support_are_those_of_a_render() {
    let scenario = good();
    let (near, peaks) = photons(&RENDERER, scenario.truth.experiment());
    let whole = RENDERER.render(scenario.truth.experiment()).unwrap().image;
    let missed = near
        .iter()
        .zip(whole.values())
        .map(|(near, &all)| (near - f64::from(all)).abs());
    assert!(missed.fold(0.0, f64::max) < 1e-3 * peaks[0]);
}
