//! Flags of a render that other commands share: noise, and how pictures look.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::super::CliError;
use super::given::{Spelling, section};
use super::table::{NOISE, PICTURES};
use super::{Flag, augmented};
use crate::document::{Choice, Document, NoiseSection, PictureSection};
use crate::formats::png::{Colormap, Depth};
use crate::image::ToneScale;
use crate::image::noise::Noise;

/// Flags that are a section of a document, for clap's derived commands.
macro_rules! sections {
    ($($(#[$about:meta])* $name:ident($section:ident) = $topic:ident.$field:ident, $augmented:expr;)*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Default)]
        pub struct $name(pub $section);

        impl Args for $name {
            fn augment_args(command: Command) -> Command {
                $augmented(command)
            }

            fn augment_args_for_update(command: Command) -> Command {
                $name::augment_args(command)
            }
        }

        impl FromArgMatches for $name {
            fn from_arg_matches(matches: &ArgMatches) -> Result<$name, clap::Error> {
                section(matches, $topic, |document| $name(document.$field))
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                *self = $name::from_arg_matches(matches)?;
                Ok(())
            }
        }
    )*};
}

sections! {
    /// Flags of a detector's noise.
    NoiseFlags(NoiseSection) = NOISE.noise, |command| augmented(command, &[NOISE]);
    /// Flags of how pictures look.
    StyleFlags(PictureSection) = PICTURES.picture, |command: Command| {
        let of_style = PICTURES.iter().filter(|flag| {
            flag.key().is_some_and(|key| key.section == "picture")
        });
        command.args(of_style.map(Flag::arg))
    };
}

impl NoiseFlags {
    /// The noise, of this seed, around `offset` counts.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a number that makes no sense.
    pub fn noise(&self, seed: u64, offset: f64) -> Result<Noise, CliError> {
        let noise = self.0.noise(seed, offset);
        noise.map_err(|error| Spelling::default().error(error))
    }

    /// The flags as a document, with the seed and the offset of the `noise` made of them.
    pub fn document(&self, noise: &Noise) -> Document {
        let mut document = Document {
            noise: self.0.clone(),
            ..Document::default()
        };
        document.noise.seed = Some(noise.seed as i64);
        document.counts.offset = Some(noise.offset);
        document
    }

    /// A line for every flag that is without effect on the `noise` made of them.
    pub fn idle(&self, noise: &Noise) -> Vec<String> {
        let idle = self.0.idle(noise);
        let spelling = Spelling::default();
        idle.iter().map(|message| spelling.of(message)).collect()
    }
}

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

/// What clap reads the words of `C` with.
pub fn choice<C: Choice + Send + Sync>() -> impl TypedValueParser<Value = C> {
    let words = PossibleValuesParser::new(C::WORDS);
    words.try_map(|word| C::of_word(&word).ok_or("no such word"))
}
