//! `nanobragg devices`: what can render on this machine.

use clap::Parser;
use serde::Serialize;

use super::CliError;
use super::output::{print, print_json};
use crate::gpu::{Adapter, AdapterDescription, GpuError, adapters};

/// What can render on this machine, and which `--device auto` takes
#[derive(Parser)]
#[command(name = "nanobragg devices", bin_name = "nanobragg devices")]
pub struct DevicesFlags {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Devices {
    devices: Vec<AdapterDescription>,
    /// Index of the adapter that `auto` takes; none for the CPU.
    auto: Option<usize>,
    /// Indices of the adapters that `all` takes.
    all: Vec<usize>,
}

/// Lists the devices.
///
/// # Errors
/// [`CliError`] for wrong flags.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let flags: DevicesFlags = super::arguments::parse_own("nanobragg devices", words)?;
    let adapters = adapters();
    let auto = Adapter::best_real(&adapters).map(Adapter::index);
    let all = Adapter::choose_all(&adapters, "all").unwrap_or_default();
    let all: Vec<usize> = all.into_iter().map(Adapter::index).collect();
    let devices: Vec<_> = adapters.iter().map(Adapter::description).collect();
    if flags.json {
        let devices = Devices { devices, auto, all };
        return print_json(&devices);
    }
    let mut text: String = devices.iter().map(|device| format!("{device}\n")).collect();
    if devices.is_empty() {
        text.push_str(&format!("{}\n", GpuError::NoAdapter));
    }
    let chosen = auto.map_or_else(|| "the cpu".into(), |index| format!("device {index}"));
    text.push_str(&format!(
        "cpu the float64 reference path\n--device auto takes {chosen}\n"
    ));
    if !all.is_empty() {
        let all = all.iter().map(ToString::to_string).collect::<Vec<_>>();
        text.push_str(&format!("--device all takes {}\n", all.join(", ")));
    }
    print(&text)
}
