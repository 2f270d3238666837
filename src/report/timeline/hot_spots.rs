//! Where the time of a timeline went, by kind of work.

use std::collections::BTreeMap;
use std::fmt;

use super::Timeline;

/// All spans of one name and category.
#[derive(Debug, Clone, PartialEq)]
struct HotSpot {
    name: String,
    category: String,
    calls: usize,
    /// Time of all its spans, s; time of several threads is added up.
    total_s: f64,
    /// Time of all its spans without the spans inside them, s.
    self_s: f64,
    /// Part of the runs' time during which it was being done.
    inclusive: f64,
}

/// Kinds of work, by the time that they took without the spans inside them; the longest first.
#[derive(Debug, Clone, PartialEq)]
pub struct HotSpots {
    spots: Vec<HotSpot>,
    /// What could not be recorded, and why.
    notes: Vec<String>,
}

/// The spans of one kind of work.
#[derive(Default)]
struct Kind {
    total_ns: u64,
    self_ns: u64,
    /// Begin and end of each span, ns.
    intervals: Vec<(u64, u64)>,
}

/// Lines of the table for people.
const TOP: usize = 12;

impl HotSpots {
    /// The hot spots of `timeline`. Percentages are of the time of all its runs.
    pub fn of(timeline: &Timeline) -> HotSpots {
        let runs = timeline.runs().map(|run| (run.start_ns, run.end_ns()));
        let whole = covered(runs.collect());
        let mut kinds = BTreeMap::<(&str, &str), Kind>::new();
        for (span, self_ns) in timeline.spans.iter().zip(timeline.self_ns()) {
            let kind = kinds.entry((&span.category, &span.name)).or_default();
            kind.total_ns += span.duration_ns;
            kind.self_ns += self_ns;
            kind.intervals.push((span.start_ns, span.end_ns()));
        }
        let spot = |((category, name), kind): ((&str, &str), Kind)| HotSpot {
            name: name.to_string(),
            category: category.to_string(),
            calls: kind.intervals.len(),
            total_s: kind.total_ns as f64 * 1e-9,
            self_s: kind.self_ns as f64 * 1e-9,
            inclusive: covered(kind.intervals) as f64 / whole.max(1) as f64,
        };
        let mut spots: Vec<HotSpot> = kinds.into_iter().map(spot).collect();
        spots.sort_by(|one, other| other.self_s.total_cmp(&one.self_s));
        HotSpots {
            spots,
            notes: timeline.notes.clone(),
        }
    }

    /// Headings of the columns that [`HotSpots::csv_rows`] writes behind its own.
    pub const CSV_HEADINGS: &str = "name,category,calls,total_s,self_s,inclusive_percent";

    /// The table as comma-separated values. Every row starts with the cells `before`.
    pub fn csv_rows(&self, before: &[&str]) -> String {
        let before: String = before.iter().map(|word| quoted(word) + ",").collect();
        let row = |spot: &HotSpot| {
            format!(
                "{before}{},{},{},{:.9},{:.9},{:.3}\n",
                quoted(&spot.name),
                spot.category,
                spot.calls,
                spot.total_s,
                spot.self_s,
                100.0 * spot.inclusive
            )
        };
        self.spots.iter().map(row).collect()
    }
}

/// Length of the union of `intervals`.
fn covered(mut intervals: Vec<(u64, u64)>) -> u64 {
    intervals.sort_unstable();
    let (mut total, mut reached) = (0, 0);
    for (start, end) in intervals {
        total += end.saturating_sub(start.max(reached));
        reached = reached.max(end);
    }
    total
}

/// A field of a CSV file (RFC 4180).
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_string()
    }
}

impl fmt::Display for HotSpots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "where the time went          calls   total ms    self ms  inclusive"
        )?;
        for spot in self.spots.iter().take(TOP) {
            writeln!(
                f,
                "{:27} {:6} {:10.3} {:10.3} {:9.1}%",
                format!("{}: {}", spot.category, spot.name),
                spot.calls,
                spot.total_s * 1e3,
                spot.self_s * 1e3,
                spot.inclusive * 100.0
            )?;
        }
        let more = self.spots.len().saturating_sub(TOP);
        if more > 0 {
            writeln!(f, "and {more} more")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::span;
    use super::*;

    fn spot(spans: Vec<super::super::Span>, category: &str) -> HotSpot {
        let timeline = Timeline {
            spans,
            ..Timeline::default()
        };
        let mut spots = HotSpots::of(&timeline).spots.into_iter();
        spots.find(|spot| spot.category == category).unwrap()
    }

    #[test]
    fn overlapping_rows_of_several_threads_cover_time_once() {
        let spans = vec![
            span(3, None, "row", 100, 400),
            span(4, None, "row", 200, 600),
            span(5, None, "row", 700, 800),
            span(2, Some(1), "simulation", 100, 800),
            span(1, None, "run", 0, 1000),
        ];
        let row = spot(spans.clone(), "row");
        assert_eq!((row.calls, row.inclusive), (3, 0.6));
        approx::assert_relative_eq!(row.total_s, 800e-9, max_relative = 1e-12);
        let run = spot(spans, "run");
        assert_eq!(run.inclusive, 1.0);
        approx::assert_relative_eq!(run.self_s, 300e-9, max_relative = 1e-12);
    }

    #[test]
    fn several_runs_are_one_whole() {
        let spans = vec![
            span(2, Some(1), "scene", 0, 50),
            span(1, None, "run", 0, 100),
            span(4, Some(3), "scene", 100, 150),
            span(3, None, "run", 100, 200),
        ];
        assert_eq!(spot(spans.clone(), "scene").inclusive, 0.5);
        assert_eq!(spot(spans, "run").inclusive, 1.0);
    }

    #[test]
    fn fields_with_commas_are_quoted() {
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("cpu"), "cpu");
    }
}
