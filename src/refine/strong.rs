//! Strong spots of a measured frame, which are found without a model: they tell a search where to
//! look, and afterwards how much of the frame the refined crystal explains.

use rayon::prelude::*;

use super::frame::Frame;

/// A spot that stands out of its surroundings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strong {
    /// Place of its panel among the detector's.
    pub panel: usize,
    /// Centre of gravity on the panel, pixels from the outer corner of the first.
    pub at: [f64; 2],
    /// Photons above the background.
    pub photons: f64,
}

/// Half the edge of the square whose photons are summed.
const SPOT: usize = 1;
/// Half the edge of the square that tells the background, without that of the spot.
const AROUND: usize = 9;
/// Half the edge of what is left out of the background about a spot.
const GAP: usize = 5;
/// A spot stands out by so many standard deviations, and so many photons.
const SIGNIFICANT: f64 = 7.0;
const LEAST: f64 = 12.0;

/// The strong spots of `frame`, the strongest first. Saturated pixels are taken as they are: their
/// spots are there.
pub fn strong(frame: &Frame) -> Vec<Strong> {
    let mut found = Vec::new();
    let mut first = 0;
    for (panel, shape) in frame.panels.iter().enumerate() {
        let pixels = shape[0] * shape[1];
        let sums = Sums::of(frame, first, *shape);
        found.extend(sums.strong(panel));
        first += pixels;
    }
    found.sort_by(|one: &Strong, other| other.photons.total_cmp(&one.photons));
    found
}

/// Sums over rectangles of a panel (a summed-area table).
struct Sums<'a> {
    frame: &'a Frame,
    first: usize,
    shape: [usize; 2],
    /// Sums of counts and numbers of good pixels before each row and column.
    table: Vec<[f64; 2]>,
}

impl<'a> Sums<'a> {
    fn of(frame: &'a Frame, first: usize, [width, height]: [usize; 2]) -> Sums<'a> {
        let mut table = vec![[0.0; 2]; (width + 1) * (height + 1)];
        for slow in 0..height {
            let mut row = [0.0; 2];
            for fast in 0..width {
                let pixel = first + slow * width + fast;
                if frame.is_seen(pixel) {
                    row[0] += frame.photons[pixel];
                    row[1] += 1.0;
                }
                let above = table[slow * (width + 1) + fast + 1];
                table[(slow + 1) * (width + 1) + fast + 1] = [above[0] + row[0], above[1] + row[1]];
            }
        }
        Sums {
            frame,
            first,
            shape: [width, height],
            table,
        }
    }

    /// Photons and pixels of the square of `half` an edge about a pixel, as far as it is there.
    fn square(&self, [fast, slow]: [usize; 2], half: usize) -> [f64; 2] {
        let [width, height] = self.shape;
        let (left, right) = (fast.saturating_sub(half), (fast + half + 1).min(width));
        let (top, bottom) = (slow.saturating_sub(half), (slow + half + 1).min(height));
        let at = |slow: usize, fast: usize| self.table[slow * (width + 1) + fast];
        [0, 1].map(|part| {
            at(bottom, right)[part] - at(top, right)[part] - at(bottom, left)[part]
                + at(top, left)[part]
        })
    }

    /// Photons above the background about a pixel, their standard deviation, and the background of
    /// a pixel.
    fn above(&self, place: [usize; 2]) -> Option<[f64; 3]> {
        let [sum, count] = self.square(place, SPOT);
        let [around, pixels] = self.square(place, AROUND);
        let [inner, inner_pixels] = self.square(place, GAP);
        let pixels = pixels - inner_pixels;
        if count < 9.0 || pixels < 40.0 {
            return None;
        }
        let level = ((around - inner) / pixels).max(0.0);
        let expected = level * count;
        let noise = count * (level + self.frame.readout) + expected * count / pixels;
        Some([sum - expected, noise.max(1.0).sqrt(), level])
    }

    fn strong(&self, panel: usize) -> Vec<Strong> {
        let [width, height] = self.shape;
        let sum = |fast: usize, slow: usize| self.square([fast, slow], SPOT)[0];
        let row = |slow: usize| {
            (SPOT..width.saturating_sub(SPOT)).filter_map(move |fast| {
                let own = sum(fast, slow);
                let beside = [
                    (fast - 1, slow),
                    (fast + 1, slow),
                    (fast, slow - 1),
                    (fast, slow + 1),
                ];
                // Most pixels are no peak, which is soon seen.
                if beside.into_iter().any(|(fast, slow)| sum(fast, slow) > own) {
                    return None;
                }
                let [photons, sigma, level] = self.above([fast, slow])?;
                if photons < SIGNIFICANT * sigma || photons < LEAST {
                    return None;
                }
                let mut near = (slow.saturating_sub(3)..(slow + 4).min(height)).flat_map(|row| {
                    (fast.saturating_sub(3)..(fast + 4).min(width)).map(move |column| (column, row))
                });
                // Of equal sums the first counts.
                let is_highest = near.all(|(column, row)| {
                    let other = sum(column, row);
                    other < own || (other == own && (row, column) >= (slow, fast))
                });
                is_highest.then(|| self.measured(panel, [fast, slow], level))
            })
        };
        (SPOT..height.saturating_sub(SPOT))
            .into_par_iter()
            .flat_map_iter(row)
            .collect()
    }

    /// The spot whose highest square is about a pixel.
    fn measured(&self, panel: usize, [fast, slow]: [usize; 2], level: f64) -> Strong {
        let [width, height] = self.shape;
        let (mut sum, mut moment) = (0.0, [0.0; 2]);
        for row in slow.saturating_sub(3)..(slow + 4).min(height) {
            for column in fast.saturating_sub(3)..(fast + 4).min(width) {
                let pixel = self.first + row * width + column;
                let above = self.frame.photons[pixel] - level;
                // What is no more than noise would pull the centre to the middle.
                if self.frame.is_seen(pixel) && above > (level + self.frame.readout).sqrt() {
                    sum += above;
                    moment[0] += above * (column as f64 + 0.5);
                    moment[1] += above * (row as f64 + 0.5);
                }
            }
        }
        let middle = [fast as f64 + 0.5, slow as f64 + 0.5];
        Strong {
            panel,
            at: if sum > 0.0 {
                moment.map(|moment| moment / sum)
            } else {
                middle
            },
            photons: sum,
        }
    }
}
