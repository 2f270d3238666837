//! MTZ files made for tests, sound ones and others.

#![allow(dead_code, reason = "benches compile this too and use a part of it")]

/// What an MTZ file is to hold. The columns are H, K and L unless they are set.
#[derive(Debug, Clone)]
pub struct MtzFile {
    pub big_endian: bool,
    /// The machine stamp, if it is not to be that of the byte order.
    pub stamp: Option<[u8; 4]>,
    /// Whether the place of the header is told in 64 bits.
    pub far_header: bool,
    /// Label, type and data set.
    pub columns: Vec<(&'static str, char, i32)>,
    /// The values of all rows, one behind the other.
    pub values: Vec<f32>,
    /// SYMM records and the name in SYMINF.
    pub operators: Vec<String>,
    pub space_group: String,
    /// The number in SYMINF.
    pub number: u8,
    /// Further records: CELL, DCELL, VALM…
    pub records: Vec<String>,
    /// Columns, reflections and batches that the header counts, if other than there are.
    pub counts: Option<[i64; 3]>,
}

impl MtzFile {
    /// A little-endian file of the columns H, K, L and F, in P 1 and without a cell.
    pub fn new(values: Vec<f32>) -> MtzFile {
        MtzFile {
            big_endian: false,
            stamp: None,
            far_header: false,
            columns: vec![("H", 'H', 0), ("K", 'H', 0), ("L", 'H', 0), ("F", 'F', 0)],
            values,
            operators: vec!["X,Y,Z".into()],
            space_group: "P 1".into(),
            number: 1,
            records: vec!["VALM NAN".into()],
            counts: None,
        }
    }

    /// With further columns behind the first four.
    pub fn with_columns(mut self, columns: &[(&'static str, char, i32)]) -> MtzFile {
        self.columns.extend(columns);
        self
    }

    /// With a further record in the header.
    pub fn with_record(mut self, record: &str) -> MtzFile {
        self.records.push(record.into());
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let header_word = 21 + self.values.len() as i64;
        let stamp = match self.big_endian {
            true => [0x11, 0x11, 0, 0],
            false => [0x44, 0x41, 0, 0],
        };
        let mut bytes = b"MTZ ".to_vec();
        let short = if self.far_header {
            -1
        } else {
            header_word as i32
        };
        bytes.extend(self.ordered(short.to_le_bytes()));
        bytes.extend(self.stamp.unwrap_or(stamp));
        bytes.extend(self.ordered(header_word.to_le_bytes()));
        bytes.resize(80, 0);
        for value in &self.values {
            bytes.extend(self.ordered(value.to_le_bytes()));
        }
        let records = self.header();
        bytes.extend(
            records
                .iter()
                .flat_map(|record| format!("{record:<80}").into_bytes()),
        );
        bytes
    }

    /// Bytes of a number in the file's order.
    fn ordered<const N: usize>(&self, mut little_endian: [u8; N]) -> [u8; N] {
        if self.big_endian {
            little_endian.reverse();
        }
        little_endian
    }

    fn header(&self) -> Vec<String> {
        let columns = self.columns.len();
        let rows = self.values.len() / columns;
        let [columns, rows, batches] = self.counts.unwrap_or([columns as i64, rows as i64, 0]);
        let mut records = vec![
            "VERS MTZ:V1.1".to_string(),
            "TITLE made for a test".into(),
            format!("NCOL {columns:8} {rows:12} {batches:8}"),
            format!(
                "SYMINF {:3} 1 P {:5} '{}' PG1",
                self.operators.len(),
                self.number,
                self.space_group
            ),
        ];
        records.extend(
            self.operators
                .iter()
                .map(|operator| format!("SYMM {operator}")),
        );
        records.extend(self.columns.iter().map(|(label, kind, dataset)| {
            format!("COLUMN {label:<30} {kind} 0.0 1.0 {dataset:4}")
        }));
        records.extend(self.records.iter().cloned());
        records.push("END".into());
        records.push("MTZENDOFHEADERS".into());
        records
    }
}
