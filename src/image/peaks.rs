//! Peaks of an image.
//!
//! A peak is a pixel, or a plateau of equal pixels that touch, above zero and higher than all its
//! neighbours, diagonal ones included. It needs all of them: a maximum at the edge of what was
//! rendered may be the flank of a spot outside, and is none.
//!
//! The position of a pixel comes from the parabola through it and its two neighbours, along each
//! axis on its own: v₋, v₀, v₊ peak at (v₋ − v₊)/2(v₋ − 2v₀ + v₊). Where two neighbours are equally
//! high it gives the place between them from either, so rounding, which may tip the balance, does
//! not move a peak. A plateau's position is the mean of its pixels.

use super::Image;

/// A local maximum of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Fast and slow coordinate in pixels, 0 at the middle of the first pixel.
    pub at: [f64; 2],
    /// The value of its highest pixel.
    pub height: f64,
    /// Sum over the 3 × 3 pixels about the highest one; for a plateau, about its middle.
    pub intensity: f64,
}

/// The peaks of the rendered part of `image`, highest first.
pub fn peaks(image: &Image) -> Vec<Peak> {
    let field = Field::of(image);
    let mut seen = vec![false; image.values.len()];
    let mut found = Vec::new();
    for slow in 1..image.height.saturating_sub(1) {
        for fast in 1..image.width.saturating_sub(1) {
            let index = slow * image.width + fast;
            if !seen[index] && field.is_crest(index) {
                found.extend(field.peak(index, &mut seen));
            }
        }
    }
    // Equal heights in the order of their places, so that the list is the same every time.
    found.sort_by(|one: &Peak, other| other.height.total_cmp(&one.height));
    found
}

/// An image as the search for peaks sees it.
struct Field<'a> {
    image: &'a Image,
    /// From a pixel's index to those of its neighbours.
    around: [isize; 8],
}

impl<'a> Field<'a> {
    fn of(image: &'a Image) -> Field<'a> {
        let row = image.width as isize;
        let around = [-row - 1, -row, -row + 1, -1, 1, row - 1, row, row + 1];
        Field { image, around }
    }

    /// The neighbours of a pixel that is not on the image's edge.
    fn neighbours(&self, index: usize) -> impl Iterator<Item = usize> {
        let around = self.around;
        around
            .into_iter()
            .map(move |step| index.wrapping_add_signed(step))
    }

    fn inside(&self, index: usize) -> bool {
        let (fast, slow) = (index % self.image.width, index / self.image.width);
        (1..self.image.width - 1).contains(&fast) && (1..self.image.height - 1).contains(&slow)
    }

    /// The value of a pixel that is rendered and finite.
    fn value(&self, index: usize) -> Option<f32> {
        let rendered = self
            .image
            .rendered
            .as_ref()
            .is_none_or(|flags| flags[index]);
        let value = self.image.values[index];
        (rendered && value.is_finite()).then_some(value)
    }

    /// Whether a pixel within the image is above zero and no neighbour is higher or missing.
    fn is_crest(&self, index: usize) -> bool {
        let here = self.value(index).filter(|&value| value > 0.0);
        here.is_some_and(|here| {
            self.neighbours(index)
                .all(|near| self.value(near).is_some_and(|value| value <= here))
        })
    }

    /// The peak that the crest at `index` is or is part of; `None` where its plateau goes on to
    /// something higher or to an edge.
    fn peak(&self, index: usize, seen: &mut [bool]) -> Option<Peak> {
        let height = self.value(index)?;
        seen[index] = true;
        let mut plateau = vec![index];
        let mut next = 0;
        let mut is_peak = true;
        while let Some(&pixel) = plateau.get(next) {
            next += 1;
            if !self.inside(pixel) || !self.is_crest(pixel) {
                // All of the plateau is still walked over, so that it is looked at once only.
                is_peak = false;
            }
            if !self.inside(pixel) {
                continue;
            }
            for near in self.neighbours(pixel) {
                if self.value(near) == Some(height) && !seen[near] {
                    seen[near] = true;
                    plateau.push(near);
                }
            }
        }
        is_peak.then(|| self.measured(height, &plateau))
    }

    fn measured(&self, height: f32, plateau: &[usize]) -> Peak {
        let place = |index: usize| [index % self.image.width, index / self.image.width];
        let count = plateau.len() as f64;
        let mean =
            |axis: usize| plateau.iter().map(|&p| place(p)[axis] as f64).sum::<f64>() / count;
        let middle = [mean(0), mean(1)];
        let off_middle = |index: usize| {
            let [fast, slow] = place(index);
            (fast as f64 - middle[0]).powi(2) + (slow as f64 - middle[1]).powi(2)
        };
        let centre = plateau
            .iter()
            .copied()
            .min_by(|&one, &other| off_middle(one).total_cmp(&off_middle(other)))
            .unwrap_or_default();
        let value = |index: usize| f64::from(self.image.values[index]);
        let at = if plateau.len() == 1 {
            let [left, right] = [value(centre - 1), value(centre + 1)];
            let below = value(centre - self.image.width);
            let above = value(centre + self.image.width);
            let top = f64::from(height);
            [
                middle[0] + (left - right) / (2.0 * (left - 2.0 * top + right)),
                middle[1] + (below - above) / (2.0 * (below - 2.0 * top + above)),
            ]
        } else {
            middle
        };
        let around: f64 = self.neighbours(centre).map(value).sum();
        Peak {
            at,
            height: height.into(),
            intensity: around + value(centre),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: usize, values: &[f32]) -> Image {
        Image::new(width, values.len() / width, values.to_vec(), None)
    }

    /// A parabola of height 10 that falls by `d`² at distance d, cut off at 0.
    fn mound(size: usize, [fast, slow]: [f64; 2], height: f64) -> Image {
        let values = (0..size * size).map(|index| {
            let off = [(index % size) as f64 - fast, (index / size) as f64 - slow];
            (height - off[0].powi(2) - off[1].powi(2)).max(0.0) as f32
        });
        image(size, &values.collect::<Vec<_>>())
    }

    #[test]
    fn a_parabola_is_found_where_it_is() {
        for at in [
            [4.0, 4.0],
            [4.3, 3.75],
            [3.5, 4.0],
            [4.5, 3.5],
            [4.499, 3.501],
        ] {
            let found = peaks(&mound(9, at, 10.0));
            let [peak] = found.as_slice() else {
                panic!("{at:?}: {found:?}")
            };
            for axis in [0, 1] {
                approx::assert_abs_diff_eq!(peak.at[axis], at[axis], epsilon = 1e-5);
            }
        }
        // Around the top, four of the 3 × 3 pixels lie 1 below it and four 2 below it.
        assert_eq!(peaks(&mound(9, [4.0, 4.0], 10.0))[0].intensity, 90.0 - 12.0);
    }

    #[test]
    fn a_plateau_is_one_peak_in_its_middle() {
        #[rustfmt::skip]
        let clipped = image(7, &[
            0., 0., 0., 0., 0., 0., 0.,
            0., 1., 2., 2., 1., 0., 0.,
            0., 2., 9., 9., 9., 1., 0.,
            0., 1., 2., 2., 1., 0., 0.,
            0., 0., 0., 0., 0., 0., 0.,
        ]);
        let found = peaks(&clipped);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].at, found[0].height), ([3.0, 2.0], 9.0));
        assert_eq!(found[0].intensity, 27.0 + 10.0);
    }

    #[test]
    fn flat_images_slopes_and_edges_have_no_peaks() {
        assert_eq!(peaks(&image(4, &[0.0; 16])), []);
        assert_eq!(peaks(&image(4, &[3.0; 16])), []);
        let slope: Vec<f32> = (0..25).map(|index| (index % 5) as f32).collect();
        assert_eq!(peaks(&image(5, &slope)), []);
        assert_eq!(peaks(&mound(9, [0.0, 4.0], 10.0)), []);
        // A plateau with a higher pixel at its far end.
        #[rustfmt::skip]
        let step = image(6, &[
            0., 0., 0., 0., 0., 0.,
            0., 5., 5., 5., 6., 0.,
            0., 0., 0., 0., 0., 0.,
        ]);
        let found = peaks(&step);
        assert_eq!((found.len(), found[0].height), (1, 6.0));
        for size in 0..3 {
            assert_eq!(peaks(&image(size.max(1), &vec![1.0; size * size])), []);
        }
    }

    #[test]
    fn a_peak_needs_all_its_neighbours() {
        let spot = mound(9, [4.0, 4.0], 10.0);
        let mut flags = vec![true; 81];
        flags[4 * 9 + 5] = false;
        let masked = Image::new(9, 9, spot.values().to_vec(), Some(flags));
        assert_eq!(peaks(&masked), []);
        let mut values = spot.values().to_vec();
        values[4 * 9 + 5] = f32::NAN;
        assert_eq!(peaks(&image(9, &values)), []);
    }
}
