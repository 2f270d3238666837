//! Smooth lines and discs on a canvas.

use super::canvas::{Canvas, Colour};

/// A place on a canvas, in pixels; the first pixel's centre is at 0, 0.
pub type Place = [f64; 2];

impl Canvas {
    /// A straight line, `width` pixels wide, with round ends.
    pub fn line(&mut self, from: Place, to: Place, width: f64, colour: Colour) {
        let along = [to[0] - from[0], to[1] - from[1]];
        let square = along[0] * along[0] + along[1] * along[1];
        let distance = |place: Place| {
            let offset = [place[0] - from[0], place[1] - from[1]];
            let part = (offset[0] * along[0] + offset[1] * along[1]) / square.max(1e-12);
            let part = part.clamp(0.0, 1.0);
            (offset[0] - part * along[0]).hypot(offset[1] - part * along[1])
        };
        self.cover([from, to], width / 2.0, colour, distance);
    }

    /// A line through `places`, broken into dashes of `dash` pixels and gaps as long again.
    pub fn dashed(&mut self, places: &[Place], width: f64, dash: f64, colour: Colour) {
        // Where on the line, in pixels from its start, the segment at hand starts.
        let mut start = 0.0;
        for pair in places.windows(2) {
            let [from, to] = [pair[0], pair[1]];
            let length = (to[0] - from[0]).hypot(to[1] - from[1]);
            let at = |way: f64| {
                let part = (way - start) / length.max(1e-12);
                [0, 1].map(|axis| from[axis] + part * (to[axis] - from[axis]))
            };
            // Dashes start at every other multiple of their length.
            let mut number = (start / (2.0 * dash)).floor();
            while 2.0 * dash * number < start + length {
                let ends = [2.0 * dash * number, (2.0 * number + 1.0) * dash];
                let [begin, end] = ends.map(|way| way.clamp(start, start + length));
                if end > begin {
                    self.line(at(begin), at(end), width, colour);
                }
                number += 1.0;
            }
            start += length;
        }
    }

    /// A filled circle.
    pub fn disc(&mut self, centre: Place, radius: f64, colour: Colour) {
        let distance = |place: Place| (place[0] - centre[0]).hypot(place[1] - centre[1]);
        self.cover([centre; 2], radius, colour, distance);
    }

    /// Covers the pixels whose `distance` from a shape is less than `reach`, those at its edge in
    /// part. The shape's core lies in the rectangle between two `corners`.
    fn cover(
        &mut self,
        corners: [Place; 2],
        reach: f64,
        colour: Colour,
        distance: impl Fn(Place) -> f64,
    ) {
        let extent = self.extent();
        let range = |axis: usize| {
            let ends = corners.map(|corner| corner[axis]);
            // Casts saturate: what lies outside the canvas has no pixels.
            let first = (ends[0].min(ends[1]) - reach - 1.0).floor().max(0.0) as usize;
            let last = (ends[0].max(ends[1]) + reach + 2.0).ceil().max(0.0) as usize;
            first..last.min(extent[axis])
        };
        for y in range(1) {
            for x in range(0) {
                let part = reach + 0.5 - distance([x as f64, y as f64]);
                if part > 0.0 {
                    self.blend(x, y, colour, part.min(1.0));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns of row 10 in which there is more ink than paper.
    fn inked(draw: impl Fn(&mut Canvas)) -> Vec<u32> {
        let mut canvas = Canvas::new(40, 20, [255; 3]);
        draw(&mut canvas);
        let picture = ::image::load_from_memory(&canvas.to_png().unwrap()).unwrap();
        let picture = picture.into_luma8();
        (0..40)
            .filter(|&x| picture.get_pixel(x, 10)[0] < 128)
            .collect()
    }

    #[test]
    fn lines_and_discs_are_where_they_are_put() {
        let line = inked(|canvas| canvas.line([5.0, 10.0], [20.0, 10.0], 3.0, [0; 3]));
        assert_eq!(line, (4..=21).collect::<Vec<_>>());
        let disc = inked(|canvas| canvas.disc([30.0, 10.0], 4.2, [0; 3]));
        assert_eq!(disc, (26..=34).collect::<Vec<_>>());
        let outside = inked(|canvas| canvas.line([-50.0, 10.0], [2.0, 10.0], 1.0, [0; 3]));
        assert_eq!(outside, [0, 1, 2]);
        assert!(inked(|canvas| canvas.disc([1e9, -1e9], 4.0, [0; 3])).is_empty());
    }

    #[test]
    fn dashes_go_on_around_corners() {
        let places = [[0.0, 10.0], [6.0, 10.0], [39.0, 10.0]];
        let dashed = inked(|canvas| canvas.dashed(&places, 1.0, 4.0, [0; 3]));
        let expected = |x: &u32| x % 8 <= 4;
        assert_eq!(dashed, (0..40).filter(expected).collect::<Vec<_>>());
    }
}
