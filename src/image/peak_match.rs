//! Which peak of one image is which of another.

use super::Peak;

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
    /// Peaks of the reference that have a partner, highest first.
    pub matched: Vec<PeakMatch>,
    /// Peaks of the reference that have no partner.
    pub missing: Vec<Peak>,
    /// Peaks of the image that have no partner.
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
