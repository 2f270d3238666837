//! Peaks of an image, and which peak of one image is which of another.
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

/// A peak of the reference and its partner in the image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeakMatch {
    /// In the image.
    pub image: Peak,
    /// In the reference.
    pub reference: Peak,
}

impl PeakMatch {
    /// How far the image's peak lies beyond the reference's along fast and slow, pixels.
    pub fn shift(&self) -> [f64; 2] {
        [0, 1].map(|axis| self.image.at[axis] - self.reference.at[axis])
    }

    /// The length of [`PeakMatch::shift`], pixels.
    pub fn distance(&self) -> f64 {
        let [fast, slow] = self.shift();
        fast.hypot(slow)
    }

    /// The image's intensity over the reference's.
    pub fn ratio(&self) -> f64 {
        self.image.intensity / self.reference.intensity
    }
}

/// The highest peaks of two images, matched one to one.
#[derive(Debug, Clone, PartialEq)]
pub struct PeakMatches {
    /// Those of the reference that have a partner, highest first.
    pub matched: Vec<PeakMatch>,
    /// Those of the reference that have none.
    pub missing: Vec<Peak>,
    /// Those of the image that have none.
    pub extra: Vec<Peak>,
}

/// Matches the `count` highest of the peaks of `image` and of `reference`, both highest first. From
/// the highest down, each of the reference takes the nearest peak within `radius` pixels that is
/// still free.
///
/// Partners come from the 2·`count` highest on either side: peaks of nearly one height may change
/// ranks. Not from all, or a strong peak that is missing would be found in the ripples about
/// another.
pub fn match_peaks(image: &[Peak], reference: &[Peak], count: usize, radius: f64) -> PeakMatches {
    let candidates = |of: &[Peak]| of.len().min(count.saturating_mul(2));
    let image = &image[..candidates(image)];
    let reference = &reference[..candidates(reference)];
    let mut taken = vec![false; image.len()];
    let mut matches = PeakMatches {
        matched: Vec::new(),
        missing: Vec::new(),
        extra: Vec::new(),
    };
    for (rank, &sought) in reference.iter().enumerate() {
        let pair = |peak: Peak| PeakMatch {
            image: peak,
            reference: sought,
        };
        let nearest = (0..image.len())
            .filter(|&candidate| !taken[candidate])
            .map(|candidate| (candidate, pair(image[candidate]).distance()))
            .filter(|&(_, distance)| distance <= radius)
            .min_by(|one, other| one.1.total_cmp(&other.1));
        match nearest {
            Some((candidate, _)) => {
                taken[candidate] = true;
                if rank < count {
                    matches.matched.push(pair(image[candidate]));
                }
            }
            None if rank < count => matches.missing.push(sought),
            None => {}
        }
    }
    let highest = image.iter().zip(taken).take(count);
    matches.extra = highest
        .filter(|(_, taken)| !taken)
        .map(|(&peak, _)| peak)
        .collect();
    matches
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
        // Of the 3 × 3 pixels four lie 1 below the top and four 2 below.
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

    fn peak(fast: f64, height: f64) -> Peak {
        Peak {
            at: [fast, 0.0],
            height,
            intensity: height,
        }
    }

    #[test]
    fn peaks_are_matched_one_to_one_from_the_highest_down() {
        let reference = [peak(10.0, 9.0), peak(11.0, 8.0), peak(50.0, 7.0)];
        let image = [peak(10.4, 9.9), peak(90.0, 8.5), peak(12.0, 8.0)];
        let found = match_peaks(&image, &reference, 3, 2.0);
        let pairs: Vec<_> = found
            .matched
            .iter()
            .map(|pair| (pair.reference.at[0], pair.image.at[0]))
            .collect();
        assert_eq!(pairs, [(10.0, 10.4), (11.0, 12.0)]);
        assert_eq!(found.matched[1].shift(), [1.0, 0.0]);
        approx::assert_relative_eq!(found.matched[0].ratio(), 1.1, max_relative = 1e-15);
        assert_eq!((found.missing[0].at[0], found.extra[0].at[0]), (50.0, 90.0));
        assert_eq!((found.missing.len(), found.extra.len()), (1, 1));
    }

    #[test]
    fn peaks_that_change_ranks_are_not_missed() {
        let reference = [peak(10.0, 5.0), peak(30.0, 4.99)];
        let image = [peak(30.0, 5.0), peak(10.0, 4.99)];
        let found = match_peaks(&image, &reference, 1, 2.0);
        assert_eq!((found.matched.len(), found.missing.len()), (1, 0));
        assert_eq!(found.extra, []);
    }
}
