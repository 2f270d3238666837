//! A shader with the branches of one permutation only.
//!
//! wgpu puts `override` constants in their places but leaves the branches that they close. A driver
//! then inlines and simplifies the code of every crystal shape and interpolation before it finds
//! most of it dead: with Mesa, that was half of what building a pipeline took.

use std::collections::HashSet;

use wgpu::naga;

use naga::back::pipeline_constants::process_overrides;
use naga::compact::{KeepUnused, compact};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Arena, Block, Expression, Handle, Literal, Module, Statement};

use super::shaders::Permutation;

/// A parsed shader.
#[derive(Debug)]
pub struct Shader {
    module: Module,
    info: ModuleInfo,
}

impl Shader {
    /// Parses `source`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(source: &str) -> Result<Shader, String> {
        let module = naga::front::wgsl::parse_str(source).map_err(|error| error.to_string())?;
        let info = validator()
            .validate(&module)
            .map_err(|error| error.to_string())?;
        Ok(Shader { module, info })
    }

    /// What `permutation` leaves of it.
    ///
    /// # Errors
    /// What is wrong with the constants.
    pub fn specialised(&self, permutation: Permutation) -> Result<Module, String> {
        let overrides = self.module.overrides.iter();
        let own: HashSet<&str> = overrides
            .filter_map(|(_, own)| own.name.as_deref())
            .collect();
        // No shader has all.
        let constants = permutation.constants().into_iter();
        let constants = constants
            .filter(|(name, _)| own.contains(name))
            .map(|(name, value)| (name.to_string(), value))
            .collect();
        let processed = process_overrides(&self.module, &self.info, None, &constants);
        let (module, _) = processed.map_err(|error| error.to_string())?;
        let mut module = module.into_owned();
        let constant = |handle: Handle<naga::Constant>| module.constants[handle].init;
        let globals = &module.global_expressions;
        let known = |expressions: &Arena<Expression>, condition| match expressions[condition] {
            Expression::Literal(Literal::Bool(value)) => Some(value),
            Expression::Constant(handle) => match globals[constant(handle)] {
                Expression::Literal(Literal::Bool(value)) => Some(value),
                _ => None,
            },
            _ => None,
        };
        let functions = module.functions.iter_mut().map(|(_, function)| function);
        let entries = module
            .entry_points
            .iter_mut()
            .map(|entry| &mut entry.function);
        for function in functions.chain(entries) {
            let expressions = &function.expressions;
            let body = std::mem::take(&mut function.body);
            function.body = open_branches(body, &|condition| known(expressions, condition));
            // A name would keep what was in a branch that is gone.
            function.named_expressions.clear();
        }
        compact(&mut module, KeepUnused::No);
        Ok(module)
    }
}

/// Core WGSL, though not of every backend: pairs of f16 in a word.
pub fn validator() -> Validator {
    Validator::new(
        ValidationFlags::all(),
        Capabilities::SHADER_FLOAT16_IN_FLOAT32,
    )
}

/// `block` with the taken branch in place of each condition that is known.
fn open_branches(block: Block, known: &dyn Fn(Handle<Expression>) -> Option<bool>) -> Block {
    let mut opened = Block::with_capacity(block.len());
    for (statement, span) in block.span_into_iter() {
        match statement {
            Statement::If {
                condition,
                accept,
                reject,
            } => match known(condition) {
                Some(taken) => {
                    let branch = if taken { accept } else { reject };
                    opened.extend_block(open_branches(branch, known));
                }
                None => opened.push(
                    Statement::If {
                        condition,
                        accept: open_branches(accept, known),
                        reject: open_branches(reject, known),
                    },
                    span,
                ),
            },
            Statement::Loop {
                body,
                continuing,
                break_if,
            } => opened.push(
                Statement::Loop {
                    body: open_branches(body, known),
                    continuing: open_branches(continuing, known),
                    break_if,
                },
                span,
            ),
            Statement::Block(inner) => {
                opened.push(Statement::Block(open_branches(inner, known)), span);
            }
            other => opened.push(other, span),
        }
        // Nothing may follow what leaves the block.
        if opened.last().is_some_and(Statement::is_terminator) {
            break;
        }
    }
    opened
}
