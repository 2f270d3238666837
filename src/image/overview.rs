//! The panels at their places: an overview of a detector.
//!
//! Panels are drawn where they stand in the plane at right angles to the beam, seen from the sample
//! along the beam, as diffractionists look at images. One pixel of the picture is one of the
//! finest panel, or more where the picture would be too large; it then shows the brightest of
//! what it covers, so that no spot is lost.

use glam::{DMat2, DVec2, DVec3};
use rayon::prelude::*;

use super::Image;
use crate::experiment::{Experiment, Panel};

/// Most pixels along either edge.
const LARGEST_EDGE: f64 = 4000.0;

/// Most pixels of an overview.
pub const LARGEST_OVERVIEW: u64 = (LARGEST_EDGE * LARGEST_EDGE) as u64;

/// Points along either edge of a pixel of the picture that are looked at. Only pictures of more
/// than
/// 64,000 pixels, or of panels far apart, would need more.
const MOST_SAMPLES: f64 = 16.0;

/// A panel in the plane of the picture.
struct Drawn<'a> {
    image: &'a Image,
    /// Place in the image of its first pixel.
    first: usize,
    shape: [usize; 2],
    /// Where its first pixel begins, pixels of the picture.
    origin: DVec2,
    /// From the picture's pixels to its own.
    to_own: DMat2,
    /// First row of the picture that the panel touches, and the row behind the last.
    rows: [f64; 2],
    /// First column of the picture that the panel touches, and the column behind the last.
    columns: [f64; 2],
}

/// The overview of `image`, which `experiment` made, with `up` up; NaN where there is no
/// panel and where pixels were not rendered.
/// Panels bent onto a sphere are drawn flat, and panels edge on not at all.
pub fn overview(image: &Image, experiment: &Experiment, up: DVec3) -> Image {
    let panels = &experiment.detector().panels;
    let beam = experiment.beam().direction.normalize();
    let right = beam
        .cross(up)
        .try_normalize()
        .unwrap_or_else(|| beam.any_orthonormal_vector());
    let down = beam.cross(right);
    let place = |point: DVec3| DVec2::new(point.dot(right), point.dot(down));

    let corners = panels.iter().flat_map(|panel| panel.corners_m(0.0));
    let (least, most) = corners.map(place).fold(
        (DVec2::INFINITY, DVec2::NEG_INFINITY),
        |(least, most), corner| (least.min(corner), most.max(corner)),
    );
    let finest = panels
        .iter()
        .map(|panel| panel.pixel_size_m)
        .fold(f64::MAX, f64::min);
    let extent = most - least;
    let pitch = finest.max(extent.max_element() / LARGEST_EDGE);
    let [width, height] = extent.to_array().map(|length| {
        // Rounding makes no further pixel.
        let pixels = (length / pitch - 1e-6).ceil();
        pixels.clamp(1.0, LARGEST_EDGE) as usize
    });
    let samples = (pitch / finest - 1e-6).ceil().clamp(1.0, MOST_SAMPLES) as usize;

    let mut first = 0;
    let mut drawn = Vec::new();
    for panel in panels {
        drawn.extend(Drawn::of(panel, image, first, |point| {
            (place(point) - least) / pitch
        }));
        first += panel.pixels();
    }
    let mut picture = vec![f32::NAN; width * height];
    picture
        .par_chunks_mut(width)
        .enumerate()
        .for_each(|(row, line)| {
            let touched =
                |panel: &&Drawn| panel.rows[0] < row as f64 + 1.0 && panel.rows[1] > row as f64;
            for panel in drawn.iter().filter(touched) {
                panel.draw(row, line, samples);
            }
        });
    Image::new(width, height, picture, None)
}

impl<'a> Drawn<'a> {
    /// `panel`, whose pixels start at `first` of `image`, and whose points are at their `place` in
    /// the picture.
    fn of(
        panel: &Panel,
        image: &'a Image,
        first: usize,
        place: impl Fn(DVec3) -> DVec2,
    ) -> Option<Drawn<'a>> {
        /// Least part of a pixel's area that is seen: a panel that is turned farther away is edge
        /// on.
        const EDGE_ON: f64 = 1e-6;
        let at = |fast, slow| place(panel.point_m([fast, slow]));
        let origin = at(0.0, 0.0);
        let steps = DMat2::from_cols(at(1.0, 0.0) - origin, at(0.0, 1.0) - origin);
        let area = steps.x_axis.length() * steps.y_axis.length();
        if area == 0.0 || steps.determinant().abs() < EDGE_ON * area {
            return None;
        }
        let corners = panel.corners_m(0.0).map(place);
        let range = |axis: usize| {
            let along = corners.map(|corner| corner[axis]);
            let least = along.into_iter().fold(f64::MAX, f64::min);
            [least, along.into_iter().fold(f64::MIN, f64::max)]
        };
        Some(Drawn {
            image,
            first,
            shape: panel.shape,
            origin,
            to_own: steps.inverse(),
            rows: range(1),
            columns: range(0),
        })
    }

    /// Puts what it has into a row of the picture: of `samples` × `samples` points of every pixel
    /// the brightest.
    fn draw(&self, row: usize, line: &mut [f32], samples: usize) {
        let first = (self.columns[0].floor().max(0.0) as usize).min(line.len());
        let last = (self.columns[1].ceil().max(0.0) as usize).min(line.len());
        let within = |sample: usize| (sample as f64 + 0.5) / samples as f64;
        for (column, shown) in line[..last].iter_mut().enumerate().skip(first) {
            for point in 0..samples * samples {
                let x = column as f64 + within(point % samples);
                let y = row as f64 + within(point / samples);
                let own = self.to_own * (DVec2::new(x, y) - self.origin);
                let [fast, slow] = own.floor().to_array();
                let [width, height] = self.shape;
                if fast >= 0.0 && slow >= 0.0 && fast < width as f64 && slow < height as f64 {
                    // The larger of two numbers, and of a number and none the number.
                    let pixel = self.first + slow as usize * width + fast as usize;
                    if self.image.renders(pixel) {
                        *shown = shown.max(self.image.values[pixel]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Crystal, Description, Detector, StructureFactors};
    use crate::geometry::UnitCell;

    /// A panel of pixels of 0.1 mm, 100 mm along z, whose first corner is at these pixels.
    fn panel(x: f64, y: f64, fast: DVec3, slow: DVec3, shape: [usize; 2]) -> Panel {
        Panel {
            name: String::new(),
            origin_m: DVec3::new(x * 1e-4, y * 1e-4, 0.1),
            fast,
            slow,
            normal: DVec3::Z,
            pixel_size_m: 1e-4,
            shape,
            curved_m: None,
            sensor: None,
            mask: None,
        }
    }

    /// The overview, with y up and the beam along z, of an image whose values count up.
    fn drawn(panels: Vec<Panel>) -> Vec<String> {
        drawn_without(panels, &[])
    }

    /// An overview of an image, of which these pixels are not rendered.
    fn drawn_without(panels: Vec<Panel>, left_out: &[usize]) -> Vec<String> {
        let cell = UnitCell::from_parameters([7e-9; 3], [1.5; 3]).unwrap();
        let (width, height) = (panels[0].shape[0], panels.iter().map(|p| p.shape[1]).sum());
        let experiment = Experiment::new(Description {
            beam: crate::experiment::Beam {
                direction: DVec3::Z,
                polarisation_axis: DVec3::X,
                ..Default::default()
            },
            crystal: Crystal::new(cell),
            detector: Detector::of_panels(panels, DVec3::Z).unwrap(),
            scan: Default::default(),
            sampling: Default::default(),
            structure_factors: StructureFactors::constant(1.0),
            background: Default::default(),
        })
        .unwrap();
        let values = (0..width * height).map(|place| place as f32).collect();
        let rendered = (0..width * height).map(|place| !left_out.contains(&place));
        let image = Image::new(width, height, values, Some(rendered.collect()));
        let picture = overview(&image, &experiment, DVec3::Y);
        let letter = |value: &f32| match value.is_nan() {
            true => '.',
            false => char::from(b'a' + *value as u8),
        };
        picture
            .values()
            .chunks(picture.width())
            .map(|row| row.iter().map(letter).collect())
            .collect()
    }

    #[test]
    fn panels_are_seen_along_the_beam_with_y_up() {
        // Along z with y up, x runs to the left.
        let one = panel(0.0, 0.0, -DVec3::X, -DVec3::Y, [3, 2]);
        assert_eq!(drawn(vec![one.clone()]), ["abc", "def"]);
        let mirrored = panel(0.0, 0.0, DVec3::X, DVec3::Y, [3, 2]);
        assert_eq!(drawn(vec![mirrored]), ["fed", "cba"]);
        let below = panel(-4.0, -3.0, -DVec3::X, -DVec3::Y, [3, 2]);
        let expected = ["abc....", "def....", ".......", "....ghi", "....jkl"];
        assert_eq!(drawn(vec![one.clone(), below]), expected);
        // Turned by a quarter: fast runs down, slow to the left.
        let turned = panel(-6.0, 0.0, -DVec3::Y, DVec3::X, [3, 2]);
        assert_eq!(drawn(vec![one, turned]), ["abc.jg", "def.kh", "....li"]);
    }

    #[test]
    fn pixels_that_are_not_rendered_are_gaps() {
        let upper = panel(0.0, 0.0, -DVec3::X, -DVec3::Y, [3, 2]);
        let lower = panel(0.0, -2.0, -DVec3::X, -DVec3::Y, [3, 1]);
        let picture = drawn_without(vec![upper, lower], &[0, 4, 8]);
        assert_eq!(picture, [".bc", "d.f", "gh."]);
    }

    #[test]
    fn large_pixels_cover_more_of_the_picture() {
        let fine = panel(0.0, 0.0, -DVec3::X, -DVec3::Y, [2, 1]);
        let coarse = Panel {
            pixel_size_m: 2e-4,
            ..panel(-3.0, 0.0, -DVec3::X, -DVec3::Y, [2, 1])
        };
        assert_eq!(drawn(vec![fine, coarse]), ["ab.ccdd", "...ccdd"]);
    }

    #[test]
    fn a_large_picture_keeps_every_spot() {
        let cell = UnitCell::from_parameters([7e-9; 3], [1.5; 3]).unwrap();
        let parts = Description {
            beam: Default::default(),
            crystal: Crystal::new(cell),
            detector: crate::experiment::Placement {
                pixels: [9000, 3],
                ..Default::default()
            }
            .place()
            .unwrap(),
            scan: Default::default(),
            sampling: Default::default(),
            structure_factors: StructureFactors::constant(1.0),
            background: Default::default(),
        };
        let experiment = Experiment::new(parts).unwrap();
        let mut values = vec![0.0; 27_000];
        let bright = [0, 4567, 9001, 20_000, 26_999];
        for place in bright {
            values[place] = 1.0;
        }
        let up = -experiment.detector().panels[0].slow;
        let picture = overview(&Image::new(9000, 3, values, None), &experiment, up);
        assert_eq!([picture.width(), picture.height()], [4000, 2]);
        let lit = picture.values().iter().filter(|&&value| value == 1.0);
        assert!(lit.count() >= bright.len());
    }
}
