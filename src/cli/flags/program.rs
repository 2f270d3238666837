//! Options of the program itself.

use clap::Args;

use super::super::values;

/// Options that do not change the image.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Program")]
pub struct ProgramFlags {
    /// What renders: auto or cpu [default: auto]
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// Threads of the CPU path [default: one per core]
    #[arg(long, value_name = "COUNT", value_parser = values::threads)]
    pub threads: Option<u32>,
    /// Print nothing but warnings and errors
    #[arg(long)]
    pub quiet: bool,
    /// Print the summary as one JSON document on standard output
    #[arg(long)]
    pub json: bool,
    /// Print this help
    #[arg(short = 'h', long)]
    pub help: bool,
    /// Print the version
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    pub version: (),
}

/// The device that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The best there is.
    Auto,
    /// The float64 reference path.
    Cpu,
}

impl ProgramFlags {
    /// The device asked for.
    ///
    /// # Errors
    /// What is accepted, when it is something else.
    pub fn device(&self) -> Result<DeviceChoice, String> {
        match self.device.as_deref() {
            None | Some("auto") => Ok(DeviceChoice::Auto),
            Some("cpu") => Ok(DeviceChoice::Cpu),
            Some(other) => Err(format!(
                "--device {other}: this version renders on the CPU only; expected auto or cpu"
            )),
        }
    }
}
