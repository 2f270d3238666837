//! Ranges divided into steps, with what is not given filled in (PHYSICS §7).

use super::ExperimentError;

/// More steps than this in one direction are a mistake, not a request.
const MOST_STEPS: f64 = (1u32 << 31) as f64;

/// What is known of a range and its division; the rest follows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StepRequest {
    /// Full width.
    pub range: Option<f64>,
    /// Distance between neighbours.
    pub step: Option<f64>,
    /// Number of points.
    pub count: Option<u32>,
}

/// Points spread evenly about zero: `step·j − range/2` for j below `count`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CentredSteps {
    /// Full width.
    pub range: f64,
    /// Distance between neighbours.
    pub step: f64,
    /// Number of points, at least one.
    pub count: u32,
}

impl CentredSteps {
    /// A single point at zero.
    pub const POINT: CentredSteps = CentredSteps {
        range: 0.0,
        step: 0.0,
        count: 1,
    };

    /// The points, in ascending order.
    pub fn values(self) -> impl Iterator<Item = f64> {
        (0..self.count).map(move |j| self.step * f64::from(j) - self.range / 2.0)
    }
}

impl StepRequest {
    /// The points of a divergence or dispersion named `quantity`; `unstated_range` stands for
    /// the range when only a count was given.
    ///
    /// # Errors
    /// [`ExperimentError::TooManySteps`] when a range holds more than 2³¹ steps.
    pub fn centred(
        self,
        quantity: &'static str,
        unstated_range: f64,
    ) -> Result<CentredSteps, ExperimentError> {
        let (range, step, count) = match (self.range, self.step, self.count) {
            (None, None, None) => (0.0, 0.0, 1),
            (Some(range), None, None) => (range, range, 2),
            (None, Some(step), None) => (step, step, 2),
            (Some(range), Some(step), None) => (range, step, count_of(quantity, range / step)?),
            (Some(range), None, Some(count)) => {
                let count = count.max(2);
                (range, range / f64::from(count - 1), count)
            }
            (None, None, Some(count)) => (unstated_range, unstated_range / f64::from(count), count),
            (None, Some(step), Some(count)) => {
                (step * f64::from(count.saturating_sub(1)), step, count)
            }
            (Some(range), Some(step), Some(count)) => (range, step, count),
        };
        if range == 0.0 {
            return Ok(CentredSteps::POINT);
        }
        Ok(CentredSteps { range, step, count })
    }

    /// Range, step and number of steps of a scan named `quantity` that starts at its first value;
    /// `unstated_range` stands for the range when only a count was given.
    ///
    /// # Errors
    /// [`ExperimentError::TooManySteps`] when the range holds more than 2³¹ steps.
    pub fn scan(
        self,
        quantity: &'static str,
        unstated_range: f64,
    ) -> Result<(f64, f64, u32), ExperimentError> {
        Ok(match (self.range, self.step, self.count) {
            (None | Some(0.0), None, None) => (0.0, 0.0, 1),
            // Steps of nothing are all alike.
            (None, Some(0.0), _) | (Some(0.0), None, Some(_)) => (0.0, 0.0, 1),
            (Some(range), None, None) => (range, range / 2.0, 2),
            (Some(range), Some(step), None) => (range, step, count_of(quantity, range / step)?),
            (Some(range), None, Some(count)) => (range, range / f64::from(count), count),
            (None, Some(step), None) => (step, step, 2),
            (None, None, Some(count)) => (unstated_range, unstated_range / f64::from(count), count),
            (None, Some(step), Some(count)) => (step * f64::from(count), step, count),
            (Some(range), Some(step), Some(count)) => (range, step, count),
        })
    }
}

/// `steps` rounded up to a count of at least one.
fn count_of(quantity: &'static str, steps: f64) -> Result<u32, ExperimentError> {
    let count = steps.ceil().max(1.0);
    // A plain `>=` would let NaN through.
    if count < MOST_STEPS {
        Ok(count as u32)
    } else {
        Err(ExperimentError::TooManySteps { quantity, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn centred(range: Option<f64>, step: Option<f64>, count: Option<u32>) -> Vec<f64> {
        let request = StepRequest { range, step, count };
        request.centred("test", 1.0).unwrap().values().collect()
    }

    #[test]
    fn what_is_not_given_follows() {
        assert_eq!(centred(None, None, None), [0.0]);
        assert_eq!(centred(Some(4.0), None, None), [-2.0, 2.0]);
        assert_eq!(centred(None, Some(4.0), None), [-2.0, 2.0]);
        assert_eq!(centred(Some(4.0), Some(1.5), None), [-2.0, -0.5, 1.0]);
        assert_eq!(centred(Some(4.0), None, Some(3)), [-2.0, 0.0, 2.0]);
        assert_eq!(
            centred(Some(4.0), None, Some(1)),
            [-2.0, 2.0],
            "at least two points"
        );
        assert_eq!(centred(None, None, Some(4)), [-0.5, -0.25, 0.0, 0.25]);
        assert_eq!(centred(None, Some(1.0), Some(3)), [-1.0, 0.0, 1.0]);
        assert_eq!(centred(Some(4.0), Some(1.0), Some(2)), [-2.0, -1.0]);
        assert_eq!(
            centred(Some(0.0), None, Some(5)),
            [0.0],
            "a zero range is one point"
        );
    }

    #[test]
    fn scans_start_at_their_first_value() {
        let scan = |range, step, count| {
            StepRequest { range, step, count }
                .scan("test", 1.0)
                .unwrap()
        };
        assert_eq!(scan(None, None, None), (0.0, 0.0, 1));
        assert_eq!(scan(Some(5.0), None, None), (5.0, 2.5, 2));
        assert_eq!(scan(Some(5.0), Some(2.0), None), (5.0, 2.0, 3));
        assert_eq!(scan(Some(5.0), None, Some(10)), (5.0, 0.5, 10));
        assert_eq!(scan(None, Some(0.5), None), (0.5, 0.5, 2));
        assert_eq!(scan(None, None, Some(4)), (1.0, 0.25, 4));
        assert_eq!(scan(None, Some(0.5), Some(4)), (2.0, 0.5, 4));
        assert_eq!(scan(Some(5.0), Some(0.5), Some(3)), (5.0, 0.5, 3));
    }

    #[test]
    fn too_many_steps_are_refused() {
        let request = StepRequest {
            range: Some(1.0),
            step: Some(1e-300),
            count: None,
        };
        assert!(request.centred("test", 1.0).is_err());
        assert!(request.scan("test", 1.0).is_err());
    }
}
