//! `nanobragg man`: the manual pages, for `man` and its like.

use std::io;

use clap::Parser;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::CliError;
use super::commands::{Described, Subcommand, named, subcommands};
use super::output::print;
use crate::version;

/// Print a manual page, in roff: that of the program, or of one of its commands
#[derive(Parser)]
#[command(
    name = "nanobragg man",
    bin_name = "nanobragg man",
    after_help = "To read it: nanobragg man > nanobragg.1; man ./nanobragg.1. To install it: \
                  nanobragg man > ~/.local/share/man/man1/nanobragg.1, and the page of a command \
                  beside it, nanobragg man noise > ~/.local/share/man/man1/nanobragg-noise.1.",
    term_width = 100
)]
pub struct ManFlags {
    /// The command
    #[arg(value_name = "COMMAND", value_parser = names())]
    command: Option<String>,
}

/// The commands that have a page.
fn names() -> Vec<&'static str> {
    subcommands().map(|command| command.name).collect()
}

/// What the files are called that a render writes unless it is told.
const FILES: [(&str, &str); 5] = [
    (
        "floatimage.bin",
        "Photons, bare float32, the slow axis outermost (-floatfile).",
    ),
    ("intimage.img", "SMV image without noise (-intfile)."),
    ("image.pgm", "PGM picture (-pgmfile)."),
    (
        "noiseimage.img",
        "SMV image with photon noise (-noisefile).",
    ),
    ("image.png", "PNG picture (--png)."),
];

/// What the program's exit codes mean.
const EXIT_CODES: [(&str, &str); 4] = [
    ("0", "Done."),
    (
        "1",
        "The work failed, an input file is bad, or a comparison fell short of what was asked for.",
    ),
    (
        "2",
        "Wrong usage: a flag, a value, or flags that contradict each other.",
    ),
    ("130", "Interrupted; no file was written."),
];

/// The variables that the program looks at.
const ENVIRONMENT: [(&str, &str); 6] = [
    (
        "NANOBRAGG_DEVICE",
        "What renders where --device does not say: auto, cpu, gpu, a GPU's index or part of its \
         name; several GPUs: all, or a list with commas between.",
    ),
    (
        "NANOBRAGG_CACHE",
        "The folder in which compiled shaders of a GPU are kept, or off for none. Without it, \
         nanobragg in the user's folder of caches (XDG_CACHE_HOME, or .cache at home). It may be \
         deleted at any time.",
    ),
    (
        "NB_C_BIN",
        "The program that nanobragg compare renders with where --reference does not say.",
    ),
    (
        "NO_COLOR",
        "Set to anything, it keeps help without colours.",
    ),
    ("CLICOLOR", "Set to 0, it does the same."),
    (
        "CLICOLOR_FORCE",
        "Set to 1, it keeps colours even where the output is no terminal.",
    ),
];

/// Command lines to start from.
const EXAMPLES: [&str; 5] = [
    "nanobragg -default_F 100 -cell 70 80 90 -N 20 -mosaic 0.5 -detpixels 512",
    "nanobragg -hkl P1.hkl -mat A.mat -lambda 0.98 -N 30 -osc 0.5 -phisteps 10 -noisefile frame.img",
    "nanobragg -hkl P1.hkl -mat A.mat -N 300 --dry-run",
    "nanobragg noise floatimage.bin noisy.img --header intimage.img --readout 3",
    "nanobragg trace --pixel 60 40 -- -default_F 100 -cell 100 -N 5",
];

/// Prints a page.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let flags: ManFlags = super::arguments::parse_own("nanobragg man", words)?;
    print(&match flags.command.as_deref().and_then(named) {
        Some(command) => page_of(command)?,
        None => page()?,
    })
}

/// The page of the program.
pub(super) fn page() -> io::Result<String> {
    let Described { command, spellings } = Described::render();
    // The forms of the usage that are no commands: those have a section.
    let usage = command.get_overridden_usage().map(ToString::to_string);
    let usage = usage.unwrap_or_default();
    let is_command = |form: &&str| form.split_whitespace().nth(1).and_then(named).is_some();
    let forms: Vec<&str> = usage.lines().filter(|form| !is_command(form)).collect();
    let notes = command.get_after_help().map(ToString::to_string);
    let mut command = command
        .override_usage(forms.join("\n"))
        .subcommand_help_heading("COMMANDS")
        .disable_help_subcommand(true);
    for own in subcommands() {
        let about = own.described().command.get_about().cloned();
        command = command.subcommand(clap::Command::new(own.name).about(about.unwrap_or_default()));
    }
    let man = titled(Man::new(in_full(command)), "nanobragg");
    let mut roff = head(&man, &notes.unwrap_or_default())?;
    text(
        &mut roff,
        "Flags that the C program nanoBragg has take one dash or two, those that are new take two.",
    )?;
    man.render_options_section(&mut roff)?;
    man.render_subcommands_section(&mut roff)?;
    section(&mut roff, "FILES", &FILES)?;
    section(&mut roff, "EXIT STATUS", &EXIT_CODES)?;
    section(&mut roff, "ENVIRONMENT", &ENVIRONMENT)?;
    let mut examples = Roff::new();
    examples.control("SH", ["EXAMPLES"]).control("nf", []);
    EXAMPLES.into_iter().for_each(|line| {
        examples.text([roman(line)]);
    });
    examples.control("fi", []);
    examples.to_writer(&mut roff)?;
    Ok(finished(&roff, |roff| spellings.single_dashed(roff)))
}

/// The page of a command.
pub(super) fn page_of(command: &Subcommand) -> io::Result<String> {
    let Described {
        command: clap,
        spellings,
    } = command.described();
    let notes = clap.get_after_help().map(ToString::to_string);
    let name = format!("nanobragg-{}", command.name);
    let clap = in_full(clap.display_name(&name).version(version::NUMBER));
    let man = titled(Man::new(clap), &name);
    let mut roff = head(&man, &notes.unwrap_or_default())?;
    man.render_options_section(&mut roff)?;
    let mut other = Roff::new();
    other.control("SH", ["SEE ALSO"]);
    other.text([bold("nanobragg"), roman("(1)")]);
    other.to_writer(&mut roff)?;
    Ok(finished(&roff, |roff| spellings.single_dashed(roff)))
}

/// `command`, whose flags tell their synonyms and values behind their help, as `-h` does.
fn in_full(command: clap::Command) -> clap::Command {
    command.mut_args(|flag| {
        let mut help = flag.get_help().map(ToString::to_string).unwrap_or_default();
        let synonyms = flag.get_visible_aliases().unwrap_or_default();
        let synonyms: Vec<String> = synonyms.iter().map(|name| format!("--{name}")).collect();
        match synonyms.as_slice() {
            [] => {}
            [one] => help.push_str(&format!(" [alias: {one}]")),
            more => help.push_str(&format!(" [aliases: {}]", more.join(", "))),
        }
        let values = flag.get_possible_values();
        let values: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
        if !values.is_empty() && flag.get_action().takes_values() {
            help.push_str(&format!(" [possible values: {}]", values.join(", ")));
        }
        flag.help(help).hide_possible_values(true)
    })
}

/// What a page starts with; `notes` are part of the description.
fn head(man: &Man, notes: &str) -> io::Result<Vec<u8>> {
    let mut roff = Vec::new();
    man.render_title(&mut roff)?;
    man.render_name_section(&mut roff)?;
    man.render_synopsis_section(&mut roff)?;
    man.render_description_section(&mut roff)?;
    text(&mut roff, notes)?;
    Ok(roff)
}

fn titled(man: Man, name: &str) -> Man {
    man.title(name)
        .section("1")
        .date(version::DAY)
        .source(format!("nanobragg {}", version::NUMBER))
        .manual("nanobragg")
}

/// Paragraphs of help, whose indented lines are kept as they are.
fn text(roff: &mut Vec<u8>, help: &str) -> io::Result<()> {
    let mut page = Roff::new();
    for paragraph in help.split("\n\n").filter(|part| !part.trim().is_empty()) {
        page.control("PP", []);
        let listed = paragraph.lines().any(|line| line.starts_with("  "));
        if listed {
            page.control("nf", []);
        }
        for line in paragraph.lines() {
            page.text([roman(line)]);
        }
        if listed {
            page.control("fi", []);
        }
    }
    page.to_writer(roff)
}

/// A section of names with their meanings.
fn section(roff: &mut Vec<u8>, heading: &str, entries: &[(&str, &str)]) -> io::Result<()> {
    let mut page = Roff::new();
    page.control("SH", [heading]);
    for &(name, meaning) in entries {
        page.control("TP", []);
        page.text([bold(name)] as [Inline; 1]);
        page.text([roman(meaning)]);
    }
    page.to_writer(roff)
}

/// The page with the dashes that flags have, in ASCII: roff's own names for other characters are
/// understood everywhere.
fn finished(roff: &[u8], single_dashed: impl Fn(&str) -> String) -> String {
    let plain = String::from_utf8_lossy(roff).replace("\\-", "-");
    let mut page = String::new();
    for line in single_dashed(&plain).lines() {
        // The day in the title is no text.
        let dash = if line.starts_with(".TH") { "-" } else { "\\-" };
        for character in line.chars() {
            match character {
                '-' => page.push_str(dash),
                ascii if ascii.is_ascii() => page.push(ascii),
                other => page.push_str(&format!("\\[u{:04X}]", u32::from(other))),
            }
        }
        page.push('\n');
    }
    page
}
