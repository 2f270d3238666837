//! What `--refine` and `--share` name.

use super::super::CliError;
use super::{COMMAND, RefineFlags};
use crate::derivatives::{AXES, Parameter, Parametrisation};
use crate::refine::{CrystalSystem, Variable};

/// The name of F of every reflection that is fitted.
const AMPLITUDES: &str = "F";

impl RefineFlags {
    /// The variables that --refine names, and what the user should know of them.
    pub(super) fn variables(
        &self,
        start: &Parametrisation,
    ) -> Result<(Vec<Variable>, Vec<String>), CliError> {
        let usage = |error: &dyn std::fmt::Display| {
            CliError::Usage(format!("{COMMAND}: --refine {}: {error}", self.refine))
        };
        let mut notices = Vec::new();
        let mut variables: Vec<Variable> = Vec::new();
        for name in Parameter::words(&self.refine).filter(|name| *name != AMPLITUDES) {
            let own = self.named("refine", name, start, &mut notices)?;
            variables.extend(own);
        }
        let shared = match &self.share {
            None => Vec::new(),
            Some(names) => {
                let named = |name| self.named("share", name, start, &mut Vec::new());
                let all = Parameter::words(names).map(named);
                all.collect::<Result<Vec<_>, _>>()?
                    .into_iter()
                    .flatten()
                    .collect()
            }
        };
        for variable in &mut variables {
            start
                .value(variable.first())
                .map_err(|error| usage(&error))?;
            if shared.iter().any(|own| own.first() == variable.first()) {
                variable.own = false;
            }
        }
        let refined = |own: &Variable| variables.iter().any(|all| all.first() == own.first());
        if let Some(other) = shared.iter().find(|own| !refined(own)) {
            return Err(CliError::Usage(format!(
                "{COMMAND}: --share: {other} is not refined; name it behind --refine, too, or leave it \
                 out"
            )));
        }
        let mut driven: Vec<Parameter> = Vec::new();
        for (parameter, _) in variables.iter().flat_map(|own| &own.drives) {
            if driven.contains(parameter) {
                return Err(usage(&format!("{parameter} is named twice")));
            }
            driven.push(*parameter);
        }
        match variables.is_empty() && !self.refines_amplitudes() {
            true => Err(usage(&"nothing is named; try misset,cell,scale")),
            false => Ok((variables, notices)),
        }
    }

    /// The variables that one name in the list of `flag` stands for.
    fn named(
        &self,
        flag: &str,
        name: &str,
        start: &Parametrisation,
        notices: &mut Vec<String>,
    ) -> Result<Vec<Variable>, CliError> {
        let usage = |error: String| CliError::Usage(format!("{COMMAND}: --{flag} {name}: {error}"));
        let crystal = start.experiment().crystal();
        match name {
            "misset" => Ok(AXES
                .map(|axis| Variable::of(Parameter::Misset(axis)))
                .to_vec()),
            "cell" => {
                let system = match &self.system {
                    None => {
                        let system = CrystalSystem::of(&crystal.cell);
                        notices.push(format!(
                            "the cell is refined as {}, as its edges and angles are; --system names \
                             another",
                            system.name()
                        ));
                        system
                    }
                    Some(name) => named_system(name)?,
                };
                match system.fits(&crystal.cell) {
                    true => Ok(system.variables(&crystal.cell)),
                    false => Err(CliError::Usage(format!(
                        "{COMMAND}: --system {}: the cell of the start is no such one",
                        system.name()
                    ))),
                }
            }
            "N" => {
                let cells = crystal.cells;
                let drives =
                    AXES.map(|axis| (Parameter::Cells(axis), cells[axis as usize] / cells[0]));
                Ok(vec![Variable::tied(drives.to_vec())])
            }
            _ => {
                let parameter = name
                    .parse::<Parameter>()
                    .map_err(|error| usage(error.to_string()))?;
                match parameter {
                    Parameter::Water | Parameter::Slab(_) => Err(usage(
                        "a smooth background is fitted anyway, and no material is told by it; leave \
                         it out"
                            .into(),
                    )),
                    other => Ok(vec![Variable::of(other)]),
                }
            }
        }
    }

    /// Whether F of every fitted reflection is refined.
    pub(super) fn refines_amplitudes(&self) -> bool {
        Parameter::words(&self.refine).any(|name| name == AMPLITUDES)
    }
}

fn named_system(name: &str) -> Result<CrystalSystem, CliError> {
    let known = CrystalSystem::NAMES
        .iter()
        .find(|(known, _)| *known == name);
    known.map(|(_, system)| *system).ok_or_else(|| {
        let names: Vec<&str> = CrystalSystem::NAMES.iter().map(|(name, _)| *name).collect();
        CliError::Usage(format!(
            "{COMMAND}: --system {name}: expected one of {}",
            names.join(", ")
        ))
    })
}
