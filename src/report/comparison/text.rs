//! The summary of a comparison as a table to read.

use std::fmt;

use super::{Both, ComparedImage, ComparisonSummary, Peaks, ProgramTimes, Quantile, Worst};

impl fmt::Display for ComparisonSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ComparedImage { name, format } = &self.image;
        writeln!(f, "A            {name} ({format})")?;
        let ComparedImage { name, format } = &self.reference;
        writeln!(f, "B            {name} ({format}), the reference")?;
        writeln!(
            f,
            "pixels       {} of {} x {}",
            self.pixels, self.width, self.height
        )?;
        let Both { image, reference } = self.non_finite;
        if image + reference > 0 {
            writeln!(
                f,
                "not finite   {image} of A, {reference} of B, in no figure"
            )?;
        }
        let off = 1.0 - self.correlation;
        if off != 0.0 && off.abs() < 1e-3 {
            writeln!(f, "correlation  1 - {off:.3e}")?;
        } else {
            writeln!(f, "correlation  {:.6}", self.correlation)?;
        }
        writeln!(f, "nrmse        {:.3e}, rms(A - B)/rms(B)", self.nrmse)?;
        writeln!(f, "rmse         {:.6e}", self.rmse)?;
        let Worst { difference, at } = self.worst;
        writeln!(f, "worst        {difference:.6e} at {} {}", at[0], at[1])?;
        let Both { image, reference } = self.sum;
        writeln!(f, "sums         {image:.6e} of A, {reference:.6e} of B")?;
        writeln!(f, "A/B of sums  {:.6}", self.sum_ratio)?;
        if let Some(relative) = &self.relative_difference {
            write!(f, "A/B - 1     ")?;
            for Quantile { percent, .. } in &relative.quantiles {
                let heading = match *percent {
                    0.0 => "min".into(),
                    100.0 => "max".into(),
                    percent => format!("{percent} %"),
                };
                write!(f, " {heading:>9}")?;
            }
            write!(f, "\n            ")?;
            for Quantile { value, .. } in &relative.quantiles {
                write!(f, " {:>9}", format!("{value:.2e}"))?;
            }
            writeln!(f)?;
        }
        self.peaks.fmt(f)?;
        if let Some(times) = &self.times {
            let ProgramTimes {
                reference_seconds,
                set_up_seconds,
                render_seconds,
                device,
            } = times;
            write!(
                f,
                "\ntimes        {render_seconds:.3} s of A on {device}, after {set_up_seconds:.3} s of \
                 set-up; {reference_seconds:.3} s of B"
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Peaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "peaks        {} of the {} highest of B found within {} pixels; {} of A not in B",
            self.matched, self.sought, self.radius, self.extra
        )?;
        let Some(agreement) = &self.agreement else {
            return Ok(());
        };
        let [fast, slow] = agreement.mean_shift;
        write!(
            f,
            "\n  shift      {fast:+.3} {slow:+.3} pixels along fast and slow in the mean\n  \
             distance   {:.3} pixels in the mean, {:.3} at most\n  \
             intensity  A/B {:.6} in the mean, {:.6} to {:.6}",
            agreement.mean_distance,
            agreement.max_distance,
            agreement.mean_intensity_ratio,
            agreement.min_intensity_ratio,
            agreement.max_intensity_ratio
        )
    }
}
