//! Simulated frames of known truth, and how near a refinement comes to it.

use std::fmt;

use nanobragg::derivatives::{AXES, Parameter, Parametrisation};
use nanobragg::experiment::Experiment;
use nanobragg::geometry::UnitCell;
use nanobragg::image::Image;
use nanobragg::image::noise::{Noise, expose};
use nanobragg::refine::{
    Boxes, Counting, CrystalSystem, Frame, Refined, Start, Variable, Wish, predict,
};
use nanobragg::render::Renderer;

/// How the frames are simulated and refined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sampled domains, the same in both.
    Sampled,
    /// Ten thousand sampled domains in the data; the model integrates their spread in closed form.
    OtherDomains,
    /// Ten thousand sampled domains in the data; the model has a thousand of another seed.
    OtherSeed,
    /// Spots in closed form in both.
    Closed,
    /// The same of a monoclinic cell.
    Monoclinic,
    /// The same of a triclinic cell.
    Triclinic,
}

impl Kind {
    /// Angles of the cell, degrees.
    fn angles(self) -> [f64; 3] {
        match self {
            Kind::Monoclinic => [90.0, 104.0, 90.0],
            Kind::Triclinic => [82.0, 104.0, 95.0],
            _ => [90.0; 3],
        }
    }
}

/// How finely spots are seen, and how strong they are.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    /// Flags of the detector.
    pub detector: &'static str,
    /// Counts of the 14th strongest spot's highest pixel.
    pub peak: f64,
}

/// Spots of a few pixels to 2.7 Å, on a detector that is soon rendered.
pub const COARSE: Sight = Sight {
    detector: "-distance 100 -pixel 0.1 -detpixels 1000",
    peak: 500.0,
};

/// Spots of about fifty pixels to 2 Å.
pub const FINE: Sight = Sight {
    detector: "-distance 200 -pixel 0.05 -detpixels 2800",
    peak: 700.0,
};

/// A simulated frame, its truth, and a start that is off.
pub struct Scenario {
    pub start: Start,
    pub truth: Parametrisation,
    /// The scale of the data, where that of the start is 1.
    pub scale: f64,
    pub peak: f64,
}

/// Numbers between −1 and 1 that follow from a seed.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Draw {
        let mut draw = Draw(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d);
        // The first numbers of seeds that are alike are alike.
        (0..10).for_each(|_| {
            draw.next();
        });
        draw
    }

    pub fn next(&mut self) -> f64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        bits as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// Edges of lysozyme, Å, cells along each, and mosaicity, degrees.
const EDGES: [f64; 3] = [59.06, 68.45, 30.52];
const CELLS: f64 = 16.0;
const MOSAIC: f64 = 0.04;

/// The flags of a still of lysozyme.
pub fn words(sight: Sight, angles: [f64; 3], sampling: &str) -> Vec<String> {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
    let ([a, b, c], [alpha, beta, gamma]) = (EDGES, angles);
    let words = format!(
        "-hkl {golden}/lysozyme_1aki_p1.hkl -cell {a} {b} {c} {alpha} {beta} {gamma} -lambda 1.2 {} -gauss_xtal \
         --gauss-metric hkl -N {CELLS} -oversample 1 -mosaic {MOSAIC} --mosaic-model normal \
         -fluence 1e26 {sampling}",
        sight.detector
    );
    words.split_whitespace().map(String::from).collect()
}

/// Photons of the crystal of `experiment` in every pixel near a spot that may light up, and none
/// elsewhere, with the highest photons of each spot, the strongest first.
pub fn photons(renderer: &Renderer, experiment: &Experiment) -> (Vec<f64>, Vec<f64>) {
    let shapes: Vec<[usize; 2]> = experiment
        .panels()
        .iter()
        .map(|panel| panel.shape)
        .collect();
    let pixels = shapes.iter().map(|shape| shape[0] * shape[1]).sum();
    let blank = frame(experiment, vec![0.0; pixels], PLAIN);
    let spots = predict(experiment, 0.1f64.to_radians()).unwrap();
    let boxes = Boxes::about(spots, &blank, 30);
    let image = renderer
        .render(&boxes.cut(experiment).unwrap())
        .unwrap()
        .image;
    let (mut all, mut peaks) = (vec![0.0; pixels], vec![0f64; boxes.spots.len()]);
    for pixel in &boxes.pixels {
        let photons = f64::from(image.values()[pixel.place]);
        all[pixel.in_frame] = photons;
        peaks[pixel.of] = peaks[pixel.of].max(photons);
    }
    peaks.sort_by(|one, other| other.total_cmp(one));
    (all, peaks)
}

/// Poisson counts of photons.
pub fn counts(photons: &[f64], seed: u64) -> Vec<f64> {
    let image = Image::new(
        photons.len(),
        1,
        photons.iter().map(|&own| own as f32).collect(),
        None,
    );
    let noise = Noise {
        seed,
        ..Noise::default()
    };
    let counts = expose(&image, &noise, &[1]).unwrap();
    counts.values().iter().map(|&value| value.into()).collect()
}

pub const PLAIN: Counting = Counting {
    gain: 1.0,
    offset: 0.0,
    readout: 0.0,
    least: Some(0.0),
    saturation: None,
};

/// The frame of these counts for the detector of `experiment`.
pub fn frame(experiment: &Experiment, counts: Vec<f64>, counting: Counting) -> Frame {
    let shapes = experiment
        .panels()
        .iter()
        .map(|panel| panel.shape)
        .collect();
    Frame::new(
        "simulated".into(),
        shapes,
        counts.into_iter(),
        counting,
        |_| false,
    )
    .unwrap()
}

/// Frame number `number`: a random orientation, and a start that is off by as much as the issue says.
pub fn scenario(renderer: &Renderer, kind: Kind, sight: Sight, number: u64) -> Scenario {
    let mut draw = Draw::new(number + 1);
    let [data, model] = match kind {
        Kind::Sampled => ["-mosaic_dom 40"; 2],
        Kind::OtherDomains => ["-mosaic_dom 10000 -mosaic_seed 7", "--analytic"],
        Kind::OtherSeed => [
            "-mosaic_dom 10000 -mosaic_seed 7",
            "-mosaic_dom 1000 -mosaic_seed 11",
        ],
        Kind::Closed | Kind::Monoclinic | Kind::Triclinic => ["--analytic"; 2],
    }
    .map(|sampling| {
        nanobragg::cli::parametrisation(&words(sight, kind.angles(), sampling)).unwrap()
    });
    let misset = AXES.map(Parameter::Misset);
    let angles = [180.0 * draw.next(), 60.0 * draw.next(), 180.0 * draw.next()];
    let turned: Vec<_> = misset.into_iter().zip(angles).collect();
    let (data, model) = (data.with(&turned).unwrap(), model.with(&turned).unwrap());
    let (crystal, peaks) = photons(renderer, data.experiment());
    let bright = sight.peak / peaks[13];
    let expected: Vec<f64> = crystal.iter().map(|own| 10.0 + bright * own).collect();
    let frame = frame(data.experiment(), counts(&expected, number + 1000), PLAIN);

    let mut axis = glam::DVec3::new(draw.next(), draw.next(), draw.next()).normalize();
    axis *= 0.15 * draw.next();
    let mut off: Vec<(Parameter, f64)> = Vec::new();
    off.extend((0..3).map(|place| (misset[place], angles[place] + axis[place])));
    let edges = AXES.map(Parameter::CellEdge).into_iter().zip(EDGES);
    off.extend(edges.map(|(edge, length)| (edge, length * (1.0 + 0.005 * draw.next()))));
    let free = AXES.into_iter().zip(kind.angles());
    for (axis, angle) in free.filter(|(_, angle)| *angle != 90.0) {
        off.push((Parameter::CellAngle(axis), angle + 0.25 * draw.next()));
    }
    let cells = CELLS * 1.6f64.powf(draw.next());
    off.extend(AXES.map(|axis| (Parameter::Cells(axis), cells)));
    off.push((Parameter::Mosaic, MOSAIC * (1.0 + 0.3 * draw.next())));
    // The fluence of the start is off by up to ten times.
    let wrong = 10f64.powf(draw.next());
    off.push((Parameter::Scale, bright * wrong));
    Scenario {
        start: Start {
            frame,
            parametrisation: model.with(&off).unwrap(),
        },
        truth: data,
        scale: 1.0 / wrong,
        peak: bright * peaks[0],
    }
}

/// What the issue asks to refine.
pub fn wish(scenario: &Scenario) -> Wish {
    let cell = &scenario.truth.experiment().crystal().cell;
    let mut variables: Vec<Variable> = AXES
        .map(|axis| Variable::of(Parameter::Misset(axis)))
        .to_vec();
    variables.extend(CrystalSystem::of(cell).variables(cell));
    variables.push(Variable::tied(
        AXES.map(|axis| (Parameter::Cells(axis), 1.0)).to_vec(),
    ));
    variables.push(Variable::of(Parameter::Mosaic));
    variables.push(Variable::scale());
    Wish {
        variables,
        ..Wish::default()
    }
}

/// The angle between the orientations of two cells, degrees.
pub fn misorientation_deg(one: &UnitCell, other: &UnitCell) -> f64 {
    let frame = |cell: &UnitCell| {
        let upright = UnitCell::from_parameters(cell.lengths_m(), cell.angles_rad()).unwrap();
        *cell.real() * upright.reciprocal().transpose()
    };
    let turn = frame(one) * frame(other).transpose();
    let sine = 0.5
        * glam::DVec3::new(
            turn.y_axis.z - turn.z_axis.y,
            turn.z_axis.x - turn.x_axis.z,
            turn.x_axis.y - turn.y_axis.x,
        )
        .length();
    sine.min(1.0).asin().to_degrees()
}

/// How near a refinement came.
#[derive(Debug, Clone)]
pub struct Recovery {
    pub orientation_deg: f64,
    pub edges_angstrom: f64,
    pub angles_deg: f64,
    pub cells: f64,
    pub mosaic: f64,
    pub scale: f64,
    pub chi_squared: f64,
    pub spots: usize,
    pub evaluations: usize,
    pub seconds: f64,
    pub pulls: Vec<f64>,
    pub peak: f64,
}

impl Recovery {
    pub fn of(scenario: &Scenario, refined: &Refined, seconds: f64) -> Recovery {
        let own = &refined.frames[0];
        let truth = &scenario.truth;
        let cells =
            [own.parametrisation.experiment(), truth.experiment()].map(|e| e.crystal().cell);
        let [found, put_in] = cells.map(|cell| cell.lengths_m());
        let edges = found
            .iter()
            .zip(put_in)
            .map(|(one, other)| (one - other).abs() * 1e10);
        let [found, put_in] = cells.map(|cell| cell.angles_rad().map(f64::to_degrees));
        let angles = found
            .iter()
            .zip(put_in)
            .map(|(one, other)| (one - other).abs());
        let part = |parameter: Parameter| {
            own.parametrisation.value(parameter).unwrap() / truth.value(parameter).unwrap() - 1.0
        };
        let pulls = refined.values.iter().map(|value| {
            let truth = match value.variable.is_scale() {
                true => scenario.scale,
                false => truth.value(value.variable.first()).unwrap(),
            };
            (value.value - truth) / value.sigma
        });
        let strong = own.boxes.spots.iter().enumerate();
        let spots = strong.filter(|(of, _)| {
            let pixels = own.boxes.pixels.iter().zip(&own.crystal);
            pixels
                .filter(|(pixel, _)| pixel.of == *of)
                .any(|(_, &photons)| photons > 10.0)
        });
        Recovery {
            orientation_deg: misorientation_deg(&cells[0], &cells[1]),
            edges_angstrom: edges.fold(0.0, f64::max),
            angles_deg: angles.fold(0.0, f64::max),
            cells: part(Parameter::Cells(AXES[0])),
            mosaic: part(Parameter::Mosaic),
            scale: own.scale / scenario.scale - 1.0,
            chi_squared: own.quality.chi_squared_of_spots,
            spots: spots.count(),
            evaluations: refined.evaluations,
            seconds,
            pulls: pulls.collect(),
            peak: scenario.peak,
        }
    }
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.5} deg  {:.4} A {:.4} deg  N {:+.4}  mosaic {:+.4}  scale {:+.4}  chi2 {:.3}  {} spots  peak \
             {:.0}  {} evaluations  {:.2} s  pulls",
            self.orientation_deg,
            self.edges_angstrom,
            self.angles_deg,
            self.cells,
            self.mosaic,
            self.scale,
            self.chi_squared,
            self.spots,
            self.peak,
            self.evaluations,
            self.seconds
        )?;
        self.pulls
            .iter()
            .try_for_each(|pull| write!(f, " {pull:+.1}"))
    }
}

/// The value that a part of 95 % of `values` does not exceed.
pub fn percentile(values: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.map(f64::abs).collect();
    all.sort_by(f64::total_cmp);
    let place = (0.95 * all.len() as f64).ceil() as usize;
    all.get(place.max(1) - 1).copied().unwrap_or(f64::NAN)
}

pub fn print_statistics(all: &[Recovery], tried: usize) {
    let figure = |name: &str, of: &dyn Fn(&Recovery) -> f64| {
        println!("95 %: {name:30} {:.5}", percentile(all.iter().map(of)));
    };
    println!("{} of {tried} frames", all.len());
    figure("orientation, degrees", &|own| own.orientation_deg);
    figure("edges, A", &|own| own.edges_angstrom);
    figure("angles, degrees", &|own| own.angles_deg);
    figure("N, relative", &|own| own.cells);
    figure("mosaicity, relative", &|own| own.mosaic);
    figure("scale, relative", &|own| own.scale);
    figure("evaluations", &|own| own.evaluations as f64);
    let most = all.iter().map(|own| own.evaluations).max();
    println!("at most {} evaluations", most.unwrap_or(0));
    figure("seconds", &|own| own.seconds);
    let count = all.first().map_or(0, |own| own.pulls.len());
    for place in 0..count {
        let pulls = || all.iter().map(|own| own.pulls[place]);
        let n = pulls().count() as f64;
        let mean = pulls().sum::<f64>() / n;
        let variance = pulls().map(|pull| (pull - mean).powi(2)).sum::<f64>() / (n - 1.0);
        println!("pull {place}: mean {mean:+.2}, variance {variance:.2}");
    }
    let pulls: Vec<f64> = all.iter().flat_map(|own| own.pulls.clone()).collect();
    let square = pulls.iter().map(|pull| pull * pull).sum::<f64>() / pulls.len() as f64;
    println!("all pulls: mean square {square:.3}");
}
