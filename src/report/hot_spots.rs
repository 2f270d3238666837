//! Where the time of a profile went, kind of work by kind of work.

use std::fmt;

use serde::Serialize;

use crate::profile::{Profile, RUN, Span};

/// One kind of work: all spans of a name and category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HotSpot {
    /// What was done.
    pub name: String,
    /// Which part of a run it belongs to.
    pub category: String,
    /// How often.
    pub calls: usize,
    /// Time of all its spans, s; of several threads added up.
    pub total_s: f64,
    /// The same without the spans inside them, s.
    pub self_s: f64,
    /// The part of the run's time during which it was being done, what it contains included.
    pub inclusive: f64,
}

/// Where the time went, most of it first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HotSpots {
    /// The kinds of work, by the time that they took without what they contain.
    pub spots: Vec<HotSpot>,
    /// What is missing, and why.
    pub notes: Vec<String>,
}

/// Lines of the table for people.
const TOP: usize = 12;

impl HotSpots {
    /// Of `profile`, relative to the time of all its runs.
    pub fn of(profile: &Profile) -> HotSpots {
        let runs = profile.of(RUN).map(|run| (run.start_ns, run.end_ns()));
        let whole = covered(runs.collect());
        let mut kinds: Vec<(HotSpot, Vec<(u64, u64)>)> = Vec::new();
        for (span, self_ns) in profile.spans.iter().zip(profile.self_ns()) {
            let same = |spot: &HotSpot| spot.name == span.name && spot.category == span.category;
            let place = kinds.iter().position(|(spot, _)| same(spot));
            let place = place.unwrap_or_else(|| {
                kinds.push((HotSpot::new(span), Vec::new()));
                kinds.len() - 1
            });
            let (spot, intervals) = &mut kinds[place];
            spot.calls += 1;
            spot.total_s += span.duration_ns as f64 * 1e-9;
            spot.self_s += self_ns as f64 * 1e-9;
            intervals.push((span.start_ns, span.end_ns()));
        }
        let spots = kinds.into_iter().map(|(spot, intervals)| HotSpot {
            inclusive: covered(intervals) as f64 / whole.max(1) as f64,
            ..spot
        });
        let mut spots: Vec<HotSpot> = spots.collect();
        spots.sort_by(|one, other| other.self_s.total_cmp(&one.self_s));
        HotSpots {
            spots,
            notes: profile.notes.clone(),
        }
    }

    /// The table as comma-separated values, each row starting with the words in `before`, whose
    /// headings are in `headings`.
    pub fn csv_rows(&self, before: &[&str]) -> String {
        let mut text = String::new();
        for spot in &self.spots {
            for word in before {
                text.push_str(&quoted(word));
                text.push(',');
            }
            let HotSpot {
                name,
                category,
                calls,
                total_s,
                self_s,
                inclusive,
            } = spot;
            let (name, percent) = (quoted(name), 100.0 * inclusive);
            text.push_str(&format!(
                "{name},{category},{calls},{total_s:.9},{self_s:.9},{percent:.3}\n"
            ));
        }
        text
    }

    /// The headings of [`HotSpots::csv_rows`], behind those of its `before`.
    pub const CSV_HEADINGS: &str = "name,category,calls,total_s,self_s,inclusive_percent";
}

impl HotSpot {
    fn new(span: &Span) -> HotSpot {
        HotSpot {
            name: span.name.clone(),
            category: span.category.clone(),
            calls: 0,
            total_s: 0.0,
            self_s: 0.0,
            inclusive: 0.0,
        }
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
            let HotSpot {
                name,
                category,
                calls,
                total_s,
                self_s,
                inclusive,
            } = spot;
            let what = format!("{category}: {name}");
            let (total, own, percent) = (total_s * 1e3, self_s * 1e3, inclusive * 100.0);
            writeln!(
                f,
                "{what:27} {calls:6} {total:10.3} {own:10.3} {percent:9.1}%"
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
    use super::*;

    fn span(name: &str, id: u64, parent: Option<u64>, start: u64, end: u64) -> Span {
        Span {
            name: name.to_string(),
            category: if parent.is_none() && id == 1 {
                "run"
            } else {
                "simulation"
            }
            .to_string(),
            id,
            parent,
            lane: 0,
            start_ns: start,
            duration_ns: end - start,
        }
    }

    #[test]
    fn overlapping_rows_of_several_threads_cover_time_once() {
        let profile = Profile {
            spans: vec![
                span("row", 3, None, 100, 400),
                span("row", 4, None, 200, 600),
                span("row", 5, None, 700, 800),
                span("simulation", 2, Some(1), 100, 800),
                span("nanobragg", 1, None, 0, 1000),
            ],
            ..Profile::default()
        };
        let HotSpots { spots, .. } = HotSpots::of(&profile);
        let row = spots.iter().find(|spot| spot.name == "row").unwrap();
        assert_eq!((row.calls, row.inclusive), (3, 0.6));
        approx::assert_relative_eq!(row.total_s, 800e-9, max_relative = 1e-12);
        let run = spots.iter().find(|spot| spot.name == "nanobragg").unwrap();
        assert_eq!(run.inclusive, 1.0);
        approx::assert_relative_eq!(run.self_s, 300e-9, max_relative = 1e-12);
    }

    #[test]
    fn several_runs_are_one_whole() {
        let mut second = span("nanobragg", 3, None, 100, 200);
        second.category = "run".to_string();
        let profile = Profile {
            spans: vec![
                span("scene", 2, Some(1), 0, 50),
                span("nanobragg", 1, None, 0, 100),
                span("scene", 4, Some(3), 100, 150),
                second,
            ],
            ..Profile::default()
        };
        let HotSpots { spots, .. } = HotSpots::of(&profile);
        let shares: Vec<f64> = spots.iter().map(|spot| spot.inclusive).collect();
        assert_eq!(shares, [0.5, 1.0]);
    }

    #[test]
    fn fields_with_commas_are_quoted() {
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("cpu"), "cpu");
    }
}
