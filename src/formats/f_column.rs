//! Which column of a reflection file is F: the one the user names, or else the only one or the
//! one that a list of habits puts first.

use super::Problem;
use super::text::quoted;

/// What the numbers of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// F.
    Amplitude,
    /// |F|².
    Intensity,
    /// F of one of the two Friedel mates.
    FriedelAmplitude,
    /// |F|² of one of the two.
    FriedelIntensity,
    /// Anything else: phases, standard deviations, flags.
    Other,
}

impl Kind {
    /// Whether the numbers are to be taken the root of.
    pub(super) fn is_intensity(self) -> bool {
        matches!(self, Kind::Intensity | Kind::FriedelIntensity)
    }

    fn is_of_one_mate(self) -> bool {
        matches!(self, Kind::FriedelAmplitude | Kind::FriedelIntensity)
    }
}

/// A column as the choice sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column<'a> {
    /// The name by which users ask for it.
    pub(super) label: &'a str,
    /// Kind of the numbers in the column.
    pub(super) kind: Kind,
}

/// The columns to read: their places in the list they were chosen from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// F of every index, or of the index itself where there is a column for Friedel mates.
    pub(super) plus: usize,
    /// F of the Friedel mate.
    pub(super) minus: Option<usize>,
    /// Other columns of F that might have been meant.
    pub(super) passed_over: Vec<String>,
}

impl Choice {
    /// Name of the chosen columns; `label` names the column at a place.
    pub(super) fn name<'a>(&self, label: impl Fn(usize) -> &'a str) -> String {
        match self.minus {
            None => label(self.plus).to_string(),
            Some(minus) => format!("{} and {}", label(self.plus), label(minus)),
        }
    }
}

/// Chooses among `columns`: the one called `wanted`; without a name the only one of amplitudes,
/// or of several the first that `habits` names. Intensities and columns of one Friedel mate are
/// chosen by name only, the latter together with their other half.
///
/// # Errors
/// A [`Problem`] that lists what there is.
pub(super) fn choose(
    columns: &[Column],
    wanted: Option<&str>,
    habits: &[&str],
) -> Result<Choice, Problem> {
    if let Some(wanted) = wanted {
        return named(columns, wanted);
    }
    let amplitudes: Vec<usize> = (0..columns.len())
        .filter(|&place| columns[place].kind == Kind::Amplitude)
        .collect();
    let habitual = |habit: &&str| {
        let mut places = amplitudes.iter().copied();
        places.find(|&place| columns[place].label.eq_ignore_ascii_case(habit))
    };
    let plus = match amplitudes[..] {
        [only] => Some(only),
        _ => habits.iter().find_map(habitual),
    };
    let Some(plus) = plus else {
        let what = match amplitudes.len() {
            0 => "no column holds amplitudes",
            _ => "several columns hold amplitudes",
        };
        return Err(refusal(columns, what));
    };
    let others = amplitudes.into_iter().filter(|&place| place != plus);
    Ok(Choice {
        plus,
        minus: None,
        passed_over: others.map(|place| columns[place].label.into()).collect(),
    })
}

/// The column called `wanted`, with that of the Friedel mates if it has one.
fn named(columns: &[Column], wanted: &str) -> Result<Choice, Problem> {
    let place_of = |label: &str| {
        let called = |place: &usize| columns[*place].label == label;
        let mut places = (0..columns.len()).filter(called);
        match (places.next(), places.next()) {
            (Some(_), Some(_)) => Err(refusal(columns, &format!("two columns are called {label}"))),
            (place, _) => Ok(place),
        }
    };
    let Some(place) = place_of(wanted)? else {
        let what = format!("there is no column {}", quoted(wanted));
        return Err(refusal(columns, &what));
    };
    let kind = columns[place].kind;
    let mut choice = Choice {
        plus: place,
        minus: None,
        passed_over: Vec::new(),
    };
    if kind == Kind::Other {
        let what = format!("column {wanted} holds neither amplitudes nor intensities");
        return Err(refusal(columns, &what));
    }
    if kind.is_of_one_mate() {
        let (label, is_plus) = other_half(wanted).unwrap_or_default();
        let other = place_of(&label)?.filter(|&other| columns[other].kind == kind);
        let Some(other) = other else {
            let what = format!(
                "column {wanted} is of one Friedel mate, and that of the other is not to be found"
            );
            return Err(refusal(columns, &what));
        };
        (choice.plus, choice.minus) = match is_plus {
            true => (other, Some(place)),
            false => (place, Some(other)),
        };
    }
    Ok(choice)
}

/// The label of the other half of a pair, `F(-)` for `F(+)`, and whether it is the plus.
fn other_half(label: &str) -> Option<(String, bool)> {
    let signs = [
        ("+", "-", false),
        ("plus", "minus", false),
        ("minus", "plus", true),
        ("-", "+", true),
    ];
    signs.iter().find_map(|&(from, to, is_plus)| {
        // The sign stands at the end of a label, which may have others in front.
        let place = label.rfind(from)?;
        let mut other = label.to_string();
        other.replace_range(place..place + from.len(), to);
        Some((other, is_plus))
    })
}

/// The error `what`, with the columns that `--f-column` takes.
fn refusal(columns: &[Column], what: &str) -> Problem {
    /// Columns that a message lists at most.
    const LISTED: usize = 40;
    let kinds = |column: &Column| match column.kind {
        Kind::Amplitude => Some("F"),
        Kind::Intensity => Some("intensity"),
        Kind::FriedelAmplitude => Some("F of one Friedel mate, read in pairs"),
        Kind::FriedelIntensity => Some("intensity of one Friedel mate, read in pairs"),
        Kind::Other => None,
    };
    let usable: Vec<String> = columns
        .iter()
        .filter_map(|column| Some(format!("{} ({})", column.label, kinds(column)?)))
        .take(LISTED)
        .collect();
    let advice = match usable.is_empty() {
        true => "it has no column of amplitudes or intensities at all".to_string(),
        false => format!("name one with --f-column: {}", usable.join(", ")),
    };
    Problem::with_file(format!("{what}; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns<'a>(described: &[(&'a str, Kind)]) -> Vec<Column<'a>> {
        let column = |&(label, kind)| Column { label, kind };
        described.iter().map(column).collect()
    }

    #[test]
    fn the_only_column_of_amplitudes_needs_no_name() {
        let columns = columns(&[
            ("PHIC", Kind::Other),
            ("IMEAN", Kind::Intensity),
            ("whatever", Kind::Amplitude),
        ]);
        assert_eq!(choose(&columns, None, &[]).unwrap().plus, 2);
        assert_eq!(choose(&columns, Some("IMEAN"), &[]).unwrap().plus, 1);
    }

    #[test]
    fn of_several_the_habitual_one_is_taken_and_the_others_are_told() {
        let columns = columns(&[("FP", Kind::Amplitude), ("fc", Kind::Amplitude)]);
        let choice = choose(&columns, None, &["FC", "FP"]).unwrap();
        assert_eq!((choice.plus, choice.passed_over), (1, vec!["FP".into()]));
        let said = choose(&columns, None, &["F"]).unwrap_err().what;
        assert!(said.contains("--f-column: FP (F), fc (F)"), "{said}");
    }

    #[test]
    fn friedel_mates_are_read_in_pairs() {
        let pair = [
            ("F-obs(-)", Kind::FriedelAmplitude),
            ("F-obs(+)", Kind::FriedelAmplitude),
            ("I(+)", Kind::FriedelIntensity),
            ("_refln.pdbx_F_plus", Kind::FriedelAmplitude),
            ("_refln.pdbx_F_minus", Kind::FriedelAmplitude),
        ];
        let columns = columns(&pair);
        let chosen =
            |label| choose(&columns, Some(label), &[]).map(|choice| (choice.plus, choice.minus));
        assert_eq!(chosen("F-obs(+)").unwrap(), (1, Some(0)));
        assert_eq!(chosen("F-obs(-)").unwrap(), (1, Some(0)));
        assert_eq!(chosen("_refln.pdbx_F_minus").unwrap(), (3, Some(4)));
        assert!(chosen("I(+)").unwrap_err().what.contains("not to be found"));
        assert!(choose(&columns, None, &["F-obs(+)"]).is_err());
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let columns = columns(&[
            ("FP", Kind::Amplitude),
            ("FP", Kind::Amplitude),
            ("SIGFP", Kind::Other),
        ]);
        let said = |label| choose(&columns, Some(label), &[]).unwrap_err().what;
        assert!(said("FC").contains("no column 'FC'; name one with --f-column: FP (F)"));
        assert!(said("SIGFP").contains("neither amplitudes nor intensities"));
        assert!(said("FP").contains("two columns are called FP"));
    }
}
