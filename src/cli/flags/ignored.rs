//! Flags of the C program that its own renderer ignores.

use clap::Args;

use super::super::CliError;

#[derive(Args)]
#[command(next_help_heading = "Ignored, as by the C program")]
pub struct IgnoredFlags {
    /// Amorphous scattering against sin θ/λ
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    stol: Option<Option<String>>,
    /// The same against 4 sin θ/λ
    #[arg(long = "4stol", value_name = "FILE", num_args = 0..=1)]
    four_stol: Option<Option<String>>,
    /// The same against 4π sin θ/λ
    #[arg(long = "Q", value_name = "FILE", num_args = 0..=1)]
    q: Option<Option<String>>,
    /// A table to write
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    stolout: Option<Option<String>>,
    /// A cache of structure factors
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    dump: Option<Option<String>>,
    /// Density of the amorphous material
    #[arg(long, value_name = "G/CM3", num_args = 0..=1)]
    density: Option<Option<String>>,
    /// Its molecular weight
    #[arg(long = "MW", value_name = "G/MOL", num_args = 0..=1)]
    mw: Option<Option<String>>,
    /// Not supported: terms are always added by intensity
    #[arg(long)]
    coherent: bool,
}

impl IgnoredFlags {
    /// A line for each that was given.
    ///
    /// # Errors
    /// [`CliError::Usage`] for `-coherent`, which would have to change the image.
    pub fn notices(&self) -> Result<Vec<String>, CliError> {
        if self.coherent {
            return Err(CliError::usage(
                "-coherent is not supported: sources, orientations and sub-pixels are added by \
                 intensity; leave the flag out",
            ));
        }
        let amorphous =
            "a material in the beam is --background FILE,thickness=MM,density=G_CM3,mw=G_MOL";
        let given = [
            ("-stol", &self.stol, amorphous),
            ("-4stol", &self.four_stol, amorphous),
            ("-Q", &self.q, amorphous),
            ("-stolout", &self.stolout, "no such table is written"),
            (
                "-dump",
                &self.dump,
                "structure factors are read from -hkl every time",
            ),
            ("-density", &self.density, amorphous),
            ("-MW", &self.mw, amorphous),
        ];
        let ignored = given.into_iter().filter(|(_, value, _)| value.is_some());
        Ok(ignored
            .map(|(flag, _, instead)| format!("{flag} is ignored: {instead}"))
            .collect())
    }
}
