//! A logarithmic axis: its range, its ticks, and where a value lies on it.

/// Axes with more labelled powers leave every other one out, or more.
const MOST_POWERS: i32 = 8;
/// Labels at these multiples of a power of ten: the first of these that makes enough of them.
const MULTIPLES: [&[f64]; 3] = [&[1.0], &[1.0, 2.0, 5.0], &[1.0, 2.0, 3.0, 5.0, 7.0]];
const ENOUGH: usize = 3;
/// Part of the range that is left free at either end, and the least factor.
const MARGIN: (f64, f64) = (0.05, 1.15);

/// The steps of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// Powers of ten, for what has any value.
    Tens,
    /// Powers of two, for what people double.
    Twos,
}

/// A range of positive values, on a logarithmic scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    steps: Steps,
    low: f64,
    high: f64,
}

impl Axis {
    /// An axis with room for `values`; none where none of them is positive and finite.
    pub fn around(values: impl IntoIterator<Item = f64>, steps: Steps) -> Option<Axis> {
        let shown = values.into_iter().filter(|&value| drawable(value));
        let (low, high) = shown.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            return None;
        }
        let margin = (high / low).powf(MARGIN.0).max(MARGIN.1);
        let mut axis = Axis {
            steps,
            low: low / margin,
            high: high * margin,
        };
        if axis.ticks().len() < 2 {
            // Out to the next ticks: one number alone tells no scale.
            let around = axis.ladder();
            let below = around.iter().rev().find(|&&tick| tick <= axis.low);
            let above = around.iter().find(|&&tick| tick >= axis.high);
            axis.low = below.copied().unwrap_or(axis.low);
            axis.high = above.copied().unwrap_or(axis.high);
        }
        Some(axis)
    }

    /// Where `value` lies: 0 at the low end, 1 at the high one.
    pub fn part(&self, value: f64) -> f64 {
        (value / self.low).ln() / (self.high / self.low).ln()
    }

    /// The values with a label.
    pub fn ticks(&self) -> Vec<f64> {
        let mut ticks = self.ladder();
        ticks.retain(|tick| self.holds(*tick));
        ticks
    }

    /// The values with a mark only, those with a label among them.
    pub fn marks(&self) -> Vec<f64> {
        let marks = match self.steps {
            Steps::Tens if self.stride() == 1 => {
                self.multiples(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
            }
            _ => self.ladder(),
        };
        marks.into_iter().filter(|mark| self.holds(*mark)).collect()
    }

    fn holds(&self, value: f64) -> bool {
        // Powers are off by their rounding.
        value >= self.low * (1.0 - 1e-9) && value <= self.high * (1.0 + 1e-9)
    }

    fn base(&self) -> f64 {
        match self.steps {
            Steps::Tens => 10.0,
            Steps::Twos => 2.0,
        }
    }

    /// The powers of the base at or below either end.
    fn powers(&self) -> [i32; 2] {
        [self.low, self.high].map(|end| (end.ln() / self.base().ln() + 1e-9).floor() as i32)
    }

    /// Powers from one label to the next.
    fn stride(&self) -> i32 {
        let [first, last] = self.powers();
        ((last - first) / MOST_POWERS + 1).max(1)
    }

    /// The labelled values in the range, and at least one on either side of it.
    fn ladder(&self) -> Vec<f64> {
        if self.steps == Steps::Twos {
            return self.multiples(MULTIPLES[0]);
        }
        let held = |ladder: &Vec<f64>| ladder.iter().filter(|&&tick| self.holds(tick)).count();
        let mut ladders = MULTIPLES
            .map(|multiples| self.multiples(multiples))
            .into_iter();
        let mut ladder = ladders.next().unwrap_or_default();
        for finer in ladders {
            if held(&ladder) >= ENOUGH {
                break;
            }
            ladder = finer;
        }
        ladder
    }

    fn multiples(&self, factors: &[f64]) -> Vec<f64> {
        let (base, stride) = (self.base(), self.stride());
        let [first, last] = self.powers();
        let first = first.div_euclid(stride) * stride;
        let powers = (first..=last + stride).step_by(stride as usize);
        let of_power = |power: i32| factors.iter().map(move |factor| factor * base.powi(power));
        powers.flat_map(of_power).collect()
    }
}

/// Whether a logarithmic axis has a place for `value`.
pub fn drawable(value: f64) -> bool {
    // Room for a margin is left within what float64 holds.
    (1e-100..=1e100).contains(&value)
}

/// A number of things: plain up to a million.
pub fn count_label(count: f64) -> String {
    if (1.0..1e6).contains(&count) {
        format!("{count:.0}")
    } else {
        format!("{count:e}")
    }
}

/// A time, given in seconds, in the unit that makes it short.
pub fn time_label(seconds: f64) -> String {
    for (unit, name) in [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")] {
        if seconds >= unit * 0.999 && seconds < 1e6 {
            return format!("{:.0} {name}", seconds / unit);
        }
    }
    format!("{seconds:.0e} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], steps: Steps, label: fn(f64) -> String) -> Vec<String> {
        let axis = Axis::around(values.iter().copied(), steps).unwrap();
        axis.ticks().into_iter().map(label).collect()
    }

    #[test]
    fn ticks_are_at_sensible_powers() {
        let times = |values: &[f64]| labels(values, Steps::Tens, time_label);
        assert_eq!(times(&[3e-4, 2.0]), ["1 ms", "10 ms", "100 ms", "1 s"]);
        assert_eq!(times(&[0.031, 0.25]), ["50 ms", "100 ms", "200 ms"]);
        assert_eq!(
            times(&[0.06, 0.07]),
            ["50 ms", "70 ms", "100 ms"],
            "widened"
        );
        let twos = |values: &[f64]| labels(values, Steps::Twos, count_label);
        assert_eq!(twos(&[256.0, 2048.0]), ["256", "512", "1024", "2048"]);
        assert_eq!(twos(&[1.0, 6.0]), ["1", "2", "4"]);
        assert_eq!(twos(&[100.0, 120.0]), ["64", "128", "256"]);
        let tens = labels(&[1.0, 1000.0], Steps::Tens, count_label);
        assert_eq!(tens, ["1", "10", "100", "1000"]);
    }

    #[test]
    fn labels_stay_few_and_at_least_two() {
        for (low, factor) in [
            (1e-9, 1e3),
            (0.37, 1.0),
            (1e-90, 1e180),
            (7.0, 1.1),
            (999.0, 2.5),
        ] {
            for steps in [Steps::Tens, Steps::Twos] {
                let axis = Axis::around([low, low * factor], steps).unwrap();
                let ticks = axis.ticks().len();
                assert!(
                    (2..=10).contains(&ticks),
                    "{low} × {factor}: {ticks} {steps:?}"
                );
            }
        }
    }

    #[test]
    fn values_have_their_places() {
        let axis = Axis {
            steps: Steps::Tens,
            low: 0.1,
            high: 1000.0,
        };
        for (value, part) in [(0.1, 0.0), (1.0, 0.25), (10.0, 0.5), (1000.0, 1.0)] {
            assert!((axis.part(value) - part).abs() < 1e-12, "{value}");
        }
        let axis = Axis::around([2.0, 50.0], Steps::Tens).unwrap();
        assert!(axis.part(2.0) > 0.02 && axis.part(50.0) < 0.98);
        assert_eq!(
            axis.marks().len(),
            13,
            "2 to 9, 10 to 50: {:?}",
            axis.marks()
        );
        assert_eq!(
            Axis::around([0.0, f64::NAN, -1.0, f64::INFINITY], Steps::Tens),
            None
        );
    }

    #[test]
    fn times_have_units() {
        let all = [2e-9, 1e-6, 5e-4, 0.1, 1.0, 1000.0].map(time_label);
        assert_eq!(all, ["2 ns", "1 µs", "500 µs", "100 ms", "1 s", "1000 s"]);
        assert_eq!(time_label(1e-12), "1e-12 s");
        assert_eq!([1e6, 0.5].map(count_label), ["1e6", "5e-1"]);
    }
}
