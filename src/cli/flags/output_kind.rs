//! What the files of a render hold.

use std::path::{Path, PathBuf};

use super::super::CliError;
use crate::experiment::Experiment;
use crate::formats::encoding::{Encoding, Number};
use crate::formats::format::{self, GeometryRoom};
use crate::series;

pub use crate::formats::format::extension;
pub use crate::series::OutputKind;

/// A file to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// What it holds.
    pub kind: OutputKind,
    /// The flag that names it.
    pub flag: &'static str,
    /// Where it goes.
    pub path: PathBuf,
}

impl Output {
    /// What is written where, whatever flag names it.
    pub fn plain(&self) -> series::Output {
        series::Output {
            kind: self.kind,
            path: self.path.clone(),
        }
    }
}

/// What the user should know of `outputs` whose headers have no room for the geometry.
pub fn geometry_notices(experiment: &Experiment, outputs: &[Output]) -> Vec<String> {
    let panels = &experiment.detector().panels;
    let flags = |rooms: &[GeometryRoom]| {
        let mut flags: Vec<&str> = Vec::new();
        for Output { kind, flag, .. } in outputs {
            let meant = kind.encoding().is_some() && rooms.contains(&kind.format().geometry);
            if meant && !flags.contains(flag) {
                flags.push(flag);
            }
        }
        flags.join(", ")
    };
    let mut notices = Vec::new();
    let one_panel = flags(&[GeometryRoom::Panel, GeometryRoom::UprightPanel]);
    if panels.len() > 1 && !one_panel.is_empty() {
        let format = match flags(&[GeometryRoom::UprightPanel]).is_empty() {
            true => "an SMV header",
            false => "a header",
        };
        notices.push(format!(
            "{one_panel}: {format} describes one panel; it is that of the first of {}, the image is \
             of all, stacked",
            panels.len()
        ));
    }
    /// Radians that a header's digits do not show.
    const UPRIGHT: f64 = 1e-6;
    let tilt = panels[0].normal.angle_between(experiment.beam().direction);
    let upright = flags(&[GeometryRoom::UprightPanel]);
    if tilt > UPRIGHT && !upright.is_empty() {
        notices.push(format!(
            "{upright}: a miniCBF header has no room for the {:.3} degrees that the panel leans from \
             upright to the beam; programs that read it take it for upright",
            tilt.to_degrees()
        ));
    }
    let bent = panels.iter().any(|panel| panel.curved_m.is_some());
    let written = outputs
        .iter()
        .find(|output| output.kind.format().geometry == GeometryRoom::Panels);
    if let Some(Output { flag, kind, .. }) = written.filter(|_| bent) {
        notices.push(format!(
            "{flag}: {} has no room for a detector that is bent onto a sphere; its panels are \
             described as flat",
            kind.format()
        ));
    }
    notices
}

/// What the user should know of `outputs` whose names promise another format than their flags stand
/// for.
pub fn name_notices(outputs: &[Output]) -> Vec<String> {
    let notice = |Output { kind, flag, path }: &Output| {
        let own = kind.format();
        let by_name = match kind {
            OutputKind::Noise { .. } => "--out-noise",
            _ => "--out",
        };
        let other = format::of_name(path)? != own;
        other.then(|| {
            format!(
                "{flag} {}: the file is {own}, whatever its name; {by_name} goes by the name",
                path.display()
            )
        })
    };
    outputs.iter().filter_map(notice).collect()
}

/// The format that the name `path` of `flag` stands for; names of `pictures` are taken elsewhere.
///
/// # Errors
/// [`CliError::Usage`] for a name that stands for none.
pub fn encoding(
    flag: &str,
    path: &Path,
    number: Number,
    pictures: bool,
) -> Result<Encoding, CliError> {
    Encoding::of_name(path, number).ok_or_else(|| {
        CliError::Usage(format!(
            "{flag} {}: expected a name that ends on {}",
            path.display(),
            format::endings(|format| pictures || !format.is_picture())
        ))
    })
}
