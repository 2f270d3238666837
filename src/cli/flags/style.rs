//! Flags of a render that other commands share: noise, and how pictures look.

use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};

use super::super::CliError;
use super::given::{Spelling, section};
use super::table::{NOISE, PICTURES};
use super::{Flag, augmented};
use crate::document::{Choice, NoiseSection, PictureSection, key};
use crate::formats::encoding::Number;
use crate::formats::nxmx::Compression;
use crate::formats::png::{Colormap, Depth};
use crate::image::ToneScale;
use crate::image::noise::Noise;

/// Flags of a detector's noise.
#[derive(Debug, Clone, Default)]
pub struct NoiseFlags(pub NoiseSection);

impl NoiseFlags {
    /// The noise, of this seed, around `offset` counts.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a number that makes no sense.
    pub fn noise(&self, seed: u64, offset: f64) -> Result<Noise, CliError> {
        let noise = self.0.noise(seed, offset);
        noise.map_err(|error| Spelling::default().error(error))
    }

    /// A line for every flag that is without effect on the `noise` made of them.
    pub fn idle(&self, noise: &Noise) -> Vec<String> {
        let idle = self.0.idle(noise);
        let spelling = Spelling::default();
        idle.iter().map(|message| spelling.of(message)).collect()
    }
}

/// Flags of how pictures look.
#[derive(Debug, Clone, Default)]
pub struct StyleFlags(pub PictureSection);

/// How a PNG is to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PictureStyle {
    /// How photons become shades.
    pub scale: ToneScale,
    /// Percentage of pixels below the darkest shade.
    pub percentile: f64,
    /// Colours.
    pub colormap: Colormap,
    /// Bits per channel.
    pub depth: Depth,
}

impl StyleFlags {
    /// Whether any of them was given.
    pub fn given(&self) -> bool {
        self.0 != PictureSection::default()
    }

    /// Whether rings are to be drawn.
    pub fn asks_for_rings(&self) -> bool {
        self.0.rings.is_some()
    }

    /// Resolutions of the rings to draw, m, none for some that fit; `None` for no rings at all.
    ///
    /// # Errors
    /// [`CliError::Usage`] with pictures of 16 bits.
    pub fn rings_m(&self) -> Result<Option<Vec<f64>>, CliError> {
        if self.asks_for_rings() && self.style().depth == Depth::Sixteen {
            return Err(CliError::usage(
                "--png-rings and --png-depth 16: rings are drawn in colours of 8 bits; leave one out",
            ));
        }
        let rings = self.0.rings.as_ref();
        Ok(rings.map(|rings| rings.iter().map(|angstrom| angstrom * 1e-10).collect()))
    }

    /// How a PNG is to look.
    pub fn style(&self) -> PictureStyle {
        PictureStyle {
            scale: self.0.scale.unwrap_or_default(),
            percentile: self.0.percentile.unwrap_or(99.5),
            colormap: self.0.colormap.unwrap_or_default(),
            depth: self.0.bits.unwrap_or_default(),
        }
    }
}

/// The flags of how PNGs look.
fn of_style() -> impl Iterator<Item = &'static Flag> {
    PICTURES.iter().filter(|flag| {
        let key = flag.key();
        key.is_some_and(|key| key.section == key::picture::scale.section)
    })
}

impl Args for NoiseFlags {
    fn augment_args(command: Command) -> Command {
        augmented(command, &[NOISE])
    }

    fn augment_args_for_update(command: Command) -> Command {
        NoiseFlags::augment_args(command)
    }
}

impl FromArgMatches for NoiseFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<NoiseFlags, clap::Error> {
        section(matches, NOISE, |document| NoiseFlags(document.noise))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = NoiseFlags::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for StyleFlags {
    fn augment_args(command: Command) -> Command {
        command.args(of_style().map(Flag::arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        StyleFlags::augment_args(command)
    }
}

impl FromArgMatches for StyleFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<StyleFlags, clap::Error> {
        section(matches, PICTURES, |document| StyleFlags(document.picture))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = StyleFlags::from_arg_matches(matches)?;
        Ok(())
    }
}

macro_rules! value_enum {
    ($($(#[$about:meta])* $name:ident($of:ty);)*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $name(pub $of);

        impl ValueEnum for $name {
            fn value_variants<'a>() -> &'a [$name] {
                const LENGTH: usize = <$of as Choice>::VALUES.len();
                static VARIANTS: std::sync::LazyLock<[$name; LENGTH]> =
                    std::sync::LazyLock::new(|| {
                        std::array::from_fn(|place| $name(<$of as Choice>::VALUES[place]))
                    });
                &*VARIANTS
            }

            fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
                Some(clap::builder::PossibleValue::new(self.0.word()))
            }
        }

        impl From<$name> for $of {
            fn from(name: $name) -> $of {
                name.0
            }
        }
    )*};
}

value_enum! {
    /// Kinds of numbers.
    NumberName(Number);
    /// Ways to compress.
    CompressionName(Compression);
}
