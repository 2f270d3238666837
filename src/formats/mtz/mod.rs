//! Structure factors from MTZ, the binary format of CCP4: merged reflections, a row of float32 a
//! reflection, columns and symmetry named in a header behind them.
//!
//! Source: the MTZ format as CCP4 documents it (ccp4i2 manual "mtzformat").

mod header;

use std::collections::HashSet;
use std::ops::Range;

use super::Problem;
use super::f_column::{Choice, Column, Kind, choose};
use super::merged_list::{Amplitudes, MergedList};
use header::{ColumnRecord, Header, unmerged};

/// What an MTZ file starts with.
pub(super) const MAGIC: &[u8] = b"MTZ ";

/// Bytes in front of the data.
const DATA: usize = 80;

/// Columns of amplitudes in the order in which they are taken where a file has several: those
/// calculated with bulk solvent, then observed ones, then calculated ones, which may lack the
/// solvent. Coefficients of maps are none of them.
pub const HABITS: [&str; 14] = [
    "F-model",
    "FMODEL",
    "FC_ALL",
    "FCTOT",
    "FP",
    "F",
    "F-obs-filtered",
    "F-obs",
    "FOBS",
    "FMEAN",
    "FO",
    "FC",
    "FCALC",
    "F_calc",
];

/// The merged reflections in `bytes`, an MTZ file: those of the column `f_column`, or of the
/// usual one.
///
/// # Errors
/// A [`Problem`] when the file is damaged or unmerged, when its header contradicts itself or the
/// file's length, and when no column can be chosen.
pub fn parse(bytes: &[u8], f_column: Option<&str>) -> Result<MergedList, Problem> {
    let order = ByteOrder::of(bytes)?;
    let place = order.header_place(bytes)?;
    let header = Header::parse(&bytes[place..])?;
    let (space_group, notice) = header.space_group()?;
    let candidates: Vec<Column> = header.columns.iter().map(candidate).collect();
    let choice = choose(&candidates, f_column, &HABITS)?;
    let columns = header.columns.len();
    let needed = header.reflections.checked_mul(columns as u64 * 4);
    if needed.is_none_or(|needed| needed > (place - DATA) as u64) {
        return Err(Problem::with_file(format!(
            "the MTZ header counts {} reflections of {columns} columns, more than the {} bytes of \
             data hold; the file is damaged",
            header.reflections,
            place - DATA
        )));
    }
    let chosen = &candidates[choice.plus];
    let gathered = Amplitudes::of(
        &space_group,
        header.reflections as usize,
        chosen.kind.is_intensity(),
    );
    let amplitudes = order.amplitudes(&bytes[DATA..place], &header, &choice, gathered)?;
    Ok(MergedList {
        column: choice.name(|place| candidates[place].label),
        passed_over: choice.passed_over,
        intensities: chosen.kind.is_intensity(),
        amplitudes,
        space_group,
        cell: header.cell_of(header.columns[choice.plus].dataset),
        notices: notice.into_iter().collect(),
    })
}

fn candidate<'a>(column: &ColumnRecord<'a>) -> Column<'a> {
    let kind = match column.kind {
        'F' => Kind::Amplitude,
        'J' => Kind::Intensity,
        'G' => Kind::FriedelAmplitude,
        'K' => Kind::FriedelIntensity,
        _ => Kind::Other,
    };
    Column {
        label: column.label,
        kind,
    }
}

/// How a file's machine wrote numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The order that the machine stamp tells.
    fn of(bytes: &[u8]) -> Result<ByteOrder, Problem> {
        let (Some(stamp), true) = (bytes.get(8..12), bytes.starts_with(MAGIC)) else {
            return Err(Problem::with_file("too short for an MTZ file"));
        };
        // Two hexadecimal digits tell how reals are written, the third how integers are.
        match (stamp[0] >> 4, stamp[1] >> 4) {
            (4, 4) => Ok(ByteOrder::Little),
            (1, 1) => Ok(ByteOrder::Big),
            // Some programs leave the stamp out.
            _ if stamp == [0; 4] => Ok(match ByteOrder::Little.header_place(bytes) {
                Ok(_) => ByteOrder::Little,
                Err(_) => ByteOrder::Big,
            }),
            _ => Err(Problem::with_file(format!(
                "an MTZ file of a machine that is not known (stamp {:02x} {:02x}); expected IEEE \
                 numbers, little-endian (44 41) or big-endian (11 11)",
                stamp[0], stamp[1]
            ))),
        }
    }

    fn float(self, bytes: [u8; 4]) -> f32 {
        match self {
            ByteOrder::Little => f32::from_le_bytes(bytes),
            ByteOrder::Big => f32::from_be_bytes(bytes),
        }
    }

    /// Where the header starts. The file counts in words of four bytes, from 1; where that does
    /// not fit in 32 bits it says -1, and the number follows in 64.
    fn header_place(self, bytes: &[u8]) -> Result<usize, Problem> {
        let field = |range: Range<usize>| bytes.get(range).unwrap_or(&[0; 8][..]);
        let (mut short, mut long) = ([0; 4], [0; 8]);
        short.copy_from_slice(&field(4..8)[..4]);
        long.copy_from_slice(&field(12..20)[..8]);
        let [short, long] = match self {
            ByteOrder::Little => [i32::from_le_bytes(short).into(), i64::from_le_bytes(long)],
            ByteOrder::Big => [i32::from_be_bytes(short).into(), i64::from_be_bytes(long)],
        };
        let word = if short == -1 { long } else { short };
        let place = word.checked_sub(1).and_then(|words| words.checked_mul(4));
        place
            .and_then(|place| usize::try_from(place).ok())
            .filter(|place| (DATA..bytes.len()).contains(place))
            .ok_or_else(|| {
                Problem::with_file(format!(
                    "the MTZ header should stand at word {word}, which a file of {} bytes does not \
                     have; the file is cut short or damaged",
                    bytes.len()
                ))
            })
    }

    /// The chosen columns of the rows in `data`, added to `amplitudes`.
    fn amplitudes(
        self,
        data: &[u8],
        header: &Header,
        choice: &Choice,
        mut amplitudes: Amplitudes,
    ) -> Result<Amplitudes, Problem> {
        let columns = header.columns.len();
        let index_columns = index_columns(&header.columns)?;
        let reflections = header.reflections as usize;
        // M/ISYM stands in merged files too; of observations there are several an index.
        let mut seen = header.has_column('Y').then(HashSet::new);
        for (row, bytes) in data.chunks_exact(columns * 4).take(reflections).enumerate() {
            let value = |column: usize| {
                let at = column * 4;
                self.float([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
            };
            let mut index = [0; 3];
            for (component, column) in index.iter_mut().zip(index_columns) {
                *component = whole(value(column)).ok_or_else(|| {
                    Problem::with_file(format!(
                        "reflection {} of the MTZ file has {} = {}; a Miller index is a whole number",
                        row + 1,
                        header.columns[column].label,
                        value(column)
                    ))
                })?;
            }
            if seen.as_mut().is_some_and(|seen| !seen.insert(index)) {
                return Err(unmerged());
            }
            let f_of = |column: usize| {
                let value = value(column);
                let is_missing = value.is_nan() || header.missing == Some(value);
                (!is_missing).then_some(f64::from(value))
            };
            amplitudes.push(index, f_of(choice.plus), choice.minus.map(f_of));
        }
        Ok(amplitudes)
    }
}

/// The columns of h, k and l: those so called, or else the first three of their type.
fn index_columns(columns: &[ColumnRecord]) -> Result<[usize; 3], Problem> {
    let of_type: Vec<usize> = (0..columns.len())
        .filter(|&place| columns[place].kind == 'H')
        .collect();
    let called = |name: &str| {
        let mut places = of_type.iter().copied();
        places.find(|&place| columns[place].label.eq_ignore_ascii_case(name))
    };
    match ([called("H"), called("K"), called("L")], &of_type[..]) {
        ([Some(h), Some(k), Some(l)], _) | (_, &[h, k, l, ..]) => Ok([h, k, l]),
        _ => Err(Problem::with_file(format!(
            "an MTZ file with {} columns of Miller indices (type H); expected H, K and L",
            of_type.len()
        ))),
    }
}

/// The whole number that a float32 stands for, if it does.
#[inline]
fn whole(value: f32) -> Option<i32> {
    /// Up to here every whole number has its own float32.
    const LARGEST: f32 = 16_777_216.0;
    let whole = value as i32;
    (value.abs() <= LARGEST && whole as f32 == value).then_some(whole)
}
