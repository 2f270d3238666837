//! The summary of a render for people.

use std::fmt;

use super::super::noise::{at_the_ends, noise_in_words};
use super::super::six_digits;
use super::{CrystalSummary, Run, Summary};
use crate::image::Statistics;

impl fmt::Display for CrystalSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scatters {
            return writeln!(f, "crystal    none that scatters");
        }
        let [a, b, c] = self.cell_angstrom;
        let [alpha, beta, gamma] = self.cell_deg;
        let volume = self.volume_angstrom3;
        writeln!(
            f,
            "cell       {a:.3} {b:.3} {c:.3} Å, {alpha:.3} {beta:.3} {gamma:.3}°"
        )?;
        writeln!(f, "volume     {volume:.1} Å³")?;
        let [na, nb, nc] = self.cells;
        let [x, y, z] = self.edges_um;
        let shape = self.shape;
        writeln!(
            f,
            "crystal    {na} x {nb} x {nc} cells, {x:.4} x {y:.4} x {z:.4} µm, {shape}"
        )?;
        let factors = match (self.listed_indices, self.energy_channels) {
            (0, 0) => "the same F for every reflection".to_string(),
            (0, channels) => format!("by photon energy, {channels} channel(s)"),
            (count, _) => format!("a grid of {count} indices"),
        };
        let listed = self.listed_indices > 0 || self.energy_channels > 0;
        let interpolated = if self.interpolated && listed {
            ", interpolated"
        } else {
            ""
        };
        writeln!(f, "F          {factors}{interpolated}")
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary {
            crystal,
            beam,
            water_um,
            background,
            detector,
            sampling,
            image,
            run,
            ..
        } = self;
        crystal.fmt(f)?;
        if let Some(origin) = &run.reflections {
            writeln!(f, "           of {origin}")?;
        }
        let wavelength = beam.wavelength_angstrom;
        writeln!(
            f,
            "beam       {wavelength:.6} Å, {:.6e} photons/m²",
            beam.fluence_per_m2
        )?;
        if *water_um > 0.0 {
            writeln!(f, "background the C program's, of {water_um} µm of water")?;
        }
        for slab in background {
            writeln!(
                f,
                "background {} mm of {}, {:.4e} molecules in the beam",
                slab.thickness_mm, slab.name, slab.molecules
            )?;
        }
        let [fast, slow] = detector.pixels;
        let panels = match detector.panels {
            1 => String::new(),
            count => format!("{count} panels, stacked "),
        };
        write!(
            f,
            "detector   {panels}{fast} x {slow} pixels of {} mm, {} layer(s)",
            six_digits(detector.pixel_mm),
            detector.layers
        )?;
        match &run.geometry {
            Some(file) => writeln!(f, ", from {file}")?,
            None => writeln!(f)?,
        }
        let [spot_fast, spot_slow] = detector.beam_spot_mm;
        let distance = detector.distance_mm;
        match detector.panels {
            1 => writeln!(
                f,
                "           {distance:.3} mm away, beam at {spot_fast:.3} {spot_slow:.3} mm"
            )?,
            _ => writeln!(f, "           the nearest point {distance:.3} mm away")?,
        }
        writeln!(f, "steps      {sampling}")?;
        let [max_fast, max_slow] = image.max_at;
        writeln!(f, "max        {:.6e} at {max_fast} {max_slow}", image.max)?;
        let Statistics {
            mean,
            rms,
            rms_deviation,
            ..
        } = image;
        writeln!(
            f,
            "mean       {mean:.6e}, rms {rms:.6e}, rms deviation {rms_deviation:.6e}"
        )?;
        for file in &run.files {
            write!(f, "wrote      {}", file.path)?;
            if let Some(scale) = file.scale {
                write!(f, ", photons x {scale:.6}")?;
            }
            writeln!(f, "{}", at_the_ends(file.overloads, file.clipped_below))?;
        }
        if let Some(noise) = &run.noise {
            writeln!(f, "noise      {}", noise_in_words(noise))?;
        }
        writeln!(f, "seed       {}", run.seed)?;
        let Run {
            device,
            threads,
            seconds,
            ..
        } = run;
        let terms = sampling.terms;
        write!(
            f,
            "took       {seconds:.3} s on {device}, {threads} threads, {terms:.4e} terms"
        )
    }
}
