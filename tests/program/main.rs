//! The program as its users meet it: flags, messages, subcommands, files and documentation.

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod command_line;
mod compare;
mod config;
mod devices_command;
mod dry_run;
mod escapes;
mod evidence;
mod figure;
mod flags;
mod gradient;
mod guide;
mod house;
#[cfg(target_os = "linux")]
mod limits;
mod on_disk;
mod refine;
mod security;
mod shell;
mod trace;
