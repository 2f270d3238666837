//! The physics: reference images, closed forms and properties, from structure factors to noise.

#[path = "../support/mod.rs"]
mod support;

mod cells;
mod closed_form;
mod convergence;
mod coordinates;
mod derivatives;
mod derivatives_closed_form;
mod diffuse;
mod exposure;
mod golden;
mod gradients;
mod noise;
mod panels;
mod properties;
mod refine;
mod sampling;
mod space_groups;
mod structure_factors;
