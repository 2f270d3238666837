//! How scattering vectors meet the spot of a reflection while φ passes through a segment, and what
//! the spot is on average.

use crate::cpu::lanes::{Lanes, PerLane};
use crate::cpu::polynomial::{erf, exp_negative, mul_add};

/// Pixels of which all or none are evaluated, as many as the widest register holds: spots are
/// smaller than a block.
pub const FEW: usize = 8;

/// Up to this [`curvature`](Meeting::curvature) the average over the segment is a series.
const SHORT_SEGMENT: f64 = 1.0 / 16.0;

/// How a scattering vector meets the spot of the nearest reflection. While φ passes through the
/// segment from −1 to 1, ½δᵀC⁻¹δ is exponent + slope·φ + curvature·φ².
#[derive(Clone, Copy)]
pub struct Meeting {
    /// Infinite where the reflection has no spot or the spot has ended.
    pub exponent: f64,
    pub slope: f64,
    pub curvature: f64,
    /// det C₀/det C.
    pub shrinking: f64,
}

impl Meeting {
    /// Whether the exponent is less than `end` anywhere in the segment.
    #[inline(always)]
    pub fn reaches(&self, end: f64) -> bool {
        let Meeting {
            exponent,
            slope,
            curvature,
            ..
        } = *self;
        // The parabola's lowest value is exponent − slope²/(4·curvature), here without a division.
        let lowest_reaches = 4.0 * curvature * (exponent - end) < slope * slope;
        let nearer_end_reaches = exponent - slope.abs() + curvature < end;
        let lowest_is_beyond = slope.abs() >= 2.0 * curvature;
        if lowest_is_beyond {
            nearer_end_reaches
        } else {
            lowest_reaches
        }
    }

    #[inline(always)]
    fn shows(&self) -> bool {
        self.exponent < f64::INFINITY
    }

    #[inline(always)]
    fn is_short(&self) -> bool {
        self.curvature <= SHORT_SEGMENT
    }

    /// The average of F_latt²/N² over a segment that [`is_short`](Self::is_short), as a Taylor
    /// series in φ: one exponential, no root and no quotient, and no digits lost however short the
    /// segment is.
    ///
    /// With x² = slope²/(4·curvature) the term of order n is H₂ₙ(x)·curvatureⁿ/(2n + 1)!, and comes
    /// from the two before it as the Hermite polynomials do. Because |Hₙ(x)|·exp(−x²/2) is at most
    /// 1.09·√(2ⁿ·n!), the first term that is left out is below 1e-15 of the spot's height.
    #[inline(always)]
    fn short_average<const FUSED: bool>(&self) -> f64 {
        const ORDERS: u32 = 7;
        let square = self.slope * self.slope;
        let minus_square = -self.curvature * self.curvature;
        let (mut before, mut term, mut sum) = (0.0, 1.0, 1.0);
        for order in 0..ORDERS {
            let n = f64::from(order);
            let quotient = 1.0 / ((2.0 * n + 2.0) * (2.0 * n + 3.0));
            let of_before = 4.0 * (2.0 * n - 1.0) / (2.0 * n + 1.0) * quotient;
            let of_curvature = -(8.0 * n + 2.0) * quotient;
            let own = mul_add::<FUSED>(of_curvature, self.curvature, quotient * square);
            let next = mul_add::<FUSED>(own, term, of_before * minus_square * before);
            (before, term) = (term, next);
            sum += term;
        }
        self.shrinking.sqrt() * exp_negative::<FUSED>(self.exponent) * sum
    }

    /// The average of F_latt²/N² over any other segment.
    #[inline(always)]
    fn long_average<const FUSED: bool>(&self) -> f64 {
        const HALF_ROOT_PI: f64 = 0.886_226_925_452_758;
        let root = self.curvature.sqrt();
        let lowest = self.slope / (2.0 * self.curvature);
        let least = (self.exponent - lowest * self.slope / 2.0).max(0.0);
        let swept = erf::<FUSED>(root * (lowest + 1.0)) - erf::<FUSED>(root * (lowest - 1.0));
        let share = HALF_ROOT_PI * swept / (2.0 * root);
        self.shrinking.sqrt() * exp_negative::<FUSED>(least) * share
    }
}

/// The [`Meeting`] of every pixel of a block.
pub struct Meetings {
    exponents: Lanes,
    slopes: Lanes,
    curvatures: Lanes,
    shrinkings: Lanes,
}

impl Meetings {
    /// The averages of F_latt²/N² in [`FEW`] pixels from `first`, 0 where no spot shows; `None`
    /// where none shows in any of them.
    #[inline(always)]
    pub fn averages<const FUSED: bool>(&self, first: usize) -> Option<[f64; FEW]> {
        let any = |holds: fn(&Meeting) -> bool| {
            (first..first + FEW).fold(false, |any, lane| any | holds(&self.get(lane)))
        };
        let short = |meeting: &Meeting| meeting.shows() & meeting.is_short();
        let long = |meeting: &Meeting| meeting.shows() & !meeting.is_short();
        let (any_short, any_long) = (any(short), any(long));
        if !any_short & !any_long {
            return None;
        }
        let mut averages = [0.0; FEW];
        if any_short {
            for (place, own) in averages.iter_mut().enumerate() {
                let meeting = self.get(first + place);
                let average = meeting.short_average::<FUSED>();
                *own = if short(&meeting) { average } else { 0.0 };
            }
        }
        if any_long {
            for (place, own) in averages.iter_mut().enumerate() {
                let meeting = self.get(first + place);
                let average = meeting.long_average::<FUSED>();
                *own = if long(&meeting) { average } else { *own };
            }
        }
        Some(averages)
    }
}

impl PerLane for Meetings {
    type One = Meeting;

    const ZERO: Meetings = Meetings {
        exponents: Lanes::ZERO,
        slopes: Lanes::ZERO,
        curvatures: Lanes::ZERO,
        shrinkings: Lanes::ZERO,
    };

    #[inline(always)]
    fn get(&self, lane: usize) -> Meeting {
        Meeting {
            exponent: self.exponents.0[lane],
            slope: self.slopes.0[lane],
            curvature: self.curvatures.0[lane],
            shrinking: self.shrinkings.0[lane],
        }
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, one: Meeting) {
        self.exponents.0[lane] = one.exponent;
        self.slopes.0[lane] = one.slope;
        self.curvatures.0[lane] = one.curvature;
        self.shrinkings.0[lane] = one.shrinking;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spots whose exponent is lowest at φ = −`lowest`, where it is `least`.
    fn meetings(curvature: f64) -> impl Iterator<Item = Meeting> {
        let places = (0..150).flat_map(|place| [f64::from(place) / 20.0, f64::from(-place) / 20.0]);
        let places = places.flat_map(|place| [0.0, 0.3, 30.0].map(|least| (place, least)));
        places.map(move |(place, least)| Meeting {
            // The place in units in which the exponent is its square.
            exponent: least + place * place,
            slope: 2.0 * place * curvature.sqrt(),
            curvature,
            shrinking: 1.0,
        })
    }

    /// The mean of the exponential by Gauss's and Legendre's rule of five points in each of many
    /// parts.
    fn mean(meeting: &Meeting) -> f64 {
        const POINTS: [(f64, f64); 3] = [
            (0.0, 0.568_888_888_888_888_9),
            (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
            (0.906_179_845_938_664, 0.236_926_885_056_189_08),
        ];
        let parts = (8.0 * (1.0 + meeting.curvature.sqrt())) as i32 * 4;
        let half = 1.0 / f64::from(parts);
        let value = |phi: f64| {
            (-(meeting.exponent + phi * (meeting.slope + phi * meeting.curvature))).exp()
        };
        let part = |part: i32| {
            let middle = (2.0 * f64::from(part) + 1.0) * half - 1.0;
            let pairs = POINTS.map(|(place, weight)| match place {
                0.0 => weight * value(middle),
                _ => weight * (value(middle - place * half) + value(middle + place * half)),
            });
            pairs.iter().sum::<f64>() * half / 2.0
        };
        (0..parts).map(part).sum()
    }

    #[test]
    fn an_average_is_the_mean_over_the_segment() {
        for curvature in [0.0, 1e-300, 1e-9, 1e-3, 0.03, SHORT_SEGMENT] {
            for meeting in meetings(curvature) {
                let expected = mean(&meeting);
                let found = [
                    meeting.short_average::<true>(),
                    meeting.short_average::<false>(),
                ];
                for found in found {
                    let error = (found - expected).abs();
                    assert!(error < 2e-15, "{curvature}, {}: {error:e}", meeting.slope);
                }
            }
        }
        for curvature in [SHORT_SEGMENT.next_up(), 0.5, 3.0, 40.0] {
            for meeting in meetings(curvature) {
                let expected = mean(&meeting);
                let found = [
                    meeting.long_average::<true>(),
                    meeting.long_average::<false>(),
                ];
                for found in found {
                    let error = (found - expected).abs();
                    assert!(error < 3e-15, "{curvature}, {}: {error:e}", meeting.slope);
                }
            }
        }
    }

    #[test]
    fn a_spot_reaches_as_far_as_its_lowest_exponent_in_the_segment() {
        for curvature in [0.0, 1e-3, 0.3, 3.0] {
            for meeting in meetings(curvature) {
                let exponents = (-1000..=1000).map(|step| {
                    let phi = f64::from(step) / 1000.0;
                    meeting.exponent + phi * (meeting.slope + phi * meeting.curvature)
                });
                let least = exponents.fold(f64::INFINITY, f64::min);
                for (end, reaches) in [(least + 1e-4, true), (least - 1e-4, false)] {
                    assert_eq!(
                        meeting.reaches(end),
                        reaches,
                        "{curvature}, {}",
                        meeting.slope
                    );
                }
            }
        }
    }

    #[test]
    fn only_pixels_that_a_spot_reaches_are_evaluated() {
        let ended = Meeting {
            exponent: f64::INFINITY,
            slope: f64::INFINITY,
            curvature: 0.0,
            shrinking: f64::NAN,
        };
        let mut all = Meetings::ZERO;
        for lane in 0..16 {
            all.set(lane, ended);
        }
        assert!(all.averages::<false>(0).is_none());
        let short = Meeting {
            exponent: 0.5,
            slope: 0.1,
            curvature: 0.01,
            shrinking: 0.25,
        };
        let long = Meeting {
            curvature: 1.0,
            ..short
        };
        all.set(9, short);
        all.set(12, long);
        let found = all.averages::<false>(8).unwrap();
        let mut expected = [0.0; FEW];
        expected[1] = short.short_average::<false>();
        expected[4] = long.long_average::<false>();
        assert_eq!(found, expected);
    }
}
