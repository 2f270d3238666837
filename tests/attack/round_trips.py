#!/usr/bin/env python3
"""Random experiments there and back.

    round_trips.py PROGRAM FOLDER COUNT SEED

The experiment file of a run gives the same files, and is written again as the same text. The record in
an image gives the same image, to the last byte; so does that of a series, whole or in numbered files.
"""

import os
import random
import re
import shutil
import sys
import tempfile
from pathlib import Path

from support import Run, attack

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
INPUTS = ["lysozyme_1aki_p1.hkl", "lysozyme_1p2A.mat", "lysozyme_1aki.mtz", "liquid.stol"]
WITH_RECORD = ["cbf", "tif", "nxs", "h5", "png"]


# Flags of a small experiment: of every line one alternative, where 0..1 is a number and #1..6 a whole
# one. The lines come in any order.
EXPERIMENT = """
-hkl lysozyme_1aki_p1.hkl -mat lysozyme_1p2A.mat | -hkl lysozyme_1aki.mtz | -default_F 1..500 -cell 30..120
    | -default_F 1..500 -cell 30..120 40..90 50..100 | -default_F 9 -cell 30..90 40..90 50..90 70..99 80..99 75..99
-N #1..20 | -square_xtal -Na #1..20 -Nb #1..20 -Nc #1..20 | -round_xtal -N 1..20 | -gauss_xtal -Na 1..20 -Nb 1..20
    | -tophat_spots -N 1..20 | -round_xtal -xtalsize 1e-5..1e-4 -fudge 0.5..2 | -gauss_xtal -N 4 --gauss-metric hkl
| -misset -180..180 -180..180 -180..180 | -misset random | -misset random -misset_seed #-1000000000000..1000000000000
| -interpolate | -nointerpolate
| | -mosaic 0..2 -mosaic_domains #1..6 -mosaic_seed #1..1000000000 | -mosaic 0..1 --mosaic-model gaussian
| -lambda 0.5..2.5 | -energy 5000..20000
| -fluence 1e20..1e28 | -flux 1e9..1e13 -exposure 1e-3..10 -beamsize 0.03
| -polar -1..1 | -nopolar | -polar_vector -1..1 -1..1 -1..1
| | -dispersion 0..5 -dispsteps #1..4 | -hdivrange 0..5 -hdivsteps #1..3 | -divergence 0..5 -square_div -divsteps 4
| | -water 0..100 | --background liquid.stol,thickness=0..1,density=0..2,mw=18
-pixel 0.05..2 -detpixels #3..12 | -pixel 0.05..2 -detpixels_f #3..12 -detpixels_s #3..12
| -mosflm | -xds | -adxv | -denzo | -dials
| -distance 50..300 | -close_distance 50..300
| -Xbeam -3..3 -Ybeam -3..3 | -ORGX -9..9 -ORGY -9..9
| | -detector_rotx -20..20 | -detector_roty -20..20 -detector_rotz -20..20
| | -twotheta -20..20 | -twotheta -20..20 -pivot sample | -twotheta_axis -1..1 -1..1 -1..1 -twotheta -9..9
| | -curved_det | -point_pixel | -spindle_axis -1..1 -1..1 -1..1
| | -detector_thick 1..500 -detector_abs 1..500 -thicksteps #1..3 | -detector_thick 1..500 --layer-depth mean
| | -roi 1 2 0 2 | -dmin 0..5
-oversample 1 | -oversample #1..3 | -oversample 2 -oversample_omega | -oversample 2 -oversample_polar
| -seed #-4000000000000000000..4000000000000000000
| | --flicker 0..10 | --calibration 0..10 --calibration-seed #0..1000000000 | --readout 0..5 --gain 0.1..4
| | -adc -9..60 | -scale 0.1..100 | --psf gauss --psf-fwhm 0.1..2 | --psf fiber --psf-fwhm 0.1..2
| --saturation #100..60000 | --out-type f32 | --out-type u16 | --out-type u32 | --out-type i32
| --compression bslz4 | --compression gzip | --compression none
| --png-scale log | --png-percentile 50..100 | --colormap viridis | --png-depth 16
--device cpu --quiet
"""
SCAN = "-phi -180..180 -osc 0..2 -phisteps #1..3"
RANDOM = "--random-orientations | --random-orientations " + SCAN


def number(rng, least, most):
    """A number between two, as people or programs spell it: often small, often with an exponent."""
    kind = rng.random()
    if kind < 0.3:
        value = round(rng.uniform(least, most), rng.randint(1, 3))
    elif kind < 0.6 or least > 0:
        value = rng.uniform(least, most)
    else:
        value = rng.choice([-1 if least < 0 else 1, 1]) * most * 10 ** rng.uniform(-9, 0)
    value = value or most
    plain = repr(value)
    bare = re.sub(r"^(-?)0\.", r"\1.", plain)
    return rng.choice([plain, f"{value:.17e}", bare, plain if value < 0 else f"+{plain}"])


def drawn(rng, line):
    """The flags of one of the alternatives of `line`."""

    def fill(range_of):
        whole, least, most = range_of.groups()
        return str(rng.randint(int(least), int(most))) if whole else number(rng, float(least), float(most))

    one = rng.choice(line.split("|"))
    value = r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)"
    return re.sub(rf"(#?){value}\.\.{value}", fill, one).split()


def experiment(rng):
    """Flags of a random experiment on the CPU path, without a scan."""
    lines = EXPERIMENT.replace("\n   ", "").strip().splitlines()
    rng.shuffle(lines)
    return [word for line in lines for word in drawn(rng, line)]


REFUSED = "refused"


def refused(run):
    """Whether a run that failed did so because the experiment makes no sense."""
    if "no such flag" in run.err or "expected a flag" in run.err:
        return "a number is taken for a flag"
    return run.fault() or REFUSED


class Trips:
    """Round trips in a folder."""

    def __init__(self, program, folder):
        self.program, self.folder = program, Path(folder)
        for name in INPUTS:
            shutil.copy(GOLDEN / name, self.folder)

    def run(self, folder, words):
        """A run in a folder of its own."""
        return Run([self.program, *words], folder)

    def new(self, part):
        """A new folder with the input files: paths start from the folder of a run."""
        made = Path(tempfile.mkdtemp(prefix=part, dir=self.folder))
        for name in INPUTS:
            os.link(self.folder / name, made / name)
        return made

    def differing(self, one, other):
        """A file that two folders do not have alike; None if there is none."""
        names = {path.name for folder in (one, other) for path in folder.iterdir()}
        for name in sorted(names):
            if not all((folder / name).is_file() for folder in (one, other)):
                return f"{name} is there once"
            if (one / name).read_bytes() != (other / name).read_bytes():
                return f"{name} differs"
        return None

    def recorded(self, made, name, words, flags):
        """The problem with the record in the file `name` of the folder `made`, of the run of `flags`.

        `words` are those that say where the file goes.
        """
        told = self.run(made, ["info", name, "--config"])
        if not told.done():
            return f"the record of {name} is not told", f"{flags}: {told}"
        again = self.new("record")
        try:
            (again / "record.toml").write_text(told.out)
            command = re.search(r"nanobragg (.*)--config FILE", told.out)
            command = command[1].split() if command else []
            run = self.run(again, [*command, "--config", "record.toml", *words, "--device", "cpu", "--quiet"])
            if not run.done():
                return f"the record of {name} is not read", f"{flags}: {run}"
            for path in again.glob("*"):
                if path.name != "record.toml" and path.read_bytes() != (made / path.name).read_bytes():
                    return f"the record of {name} gives another image", f"{flags}: {run}"
            if not (again / name).is_file():
                return f"the record of {name} gives no such file", f"{flags}: {run}"
        finally:
            shutil.rmtree(again)
        return None, ""

    def single(self, flags, kind, noise):
        """The round trips of a render: its experiment file, and the record in one of its files."""
        made, again = self.new("made"), self.new("again")
        shown = " ".join(flags)
        try:
            out = ["--out-noise" if noise else "--out", f"x.{kind}"]
            run = self.run(
                made, [*flags, "--out", "p.npy", "--out-noise", "n.img", *out, "--write-config", "a.toml"]
            )
            if not run.done():
                return refused(run), run
            shutil.copy(made / "a.toml", again / "a.toml")
            run = self.run(again, ["--config", "a.toml", "--write-config", "b.toml"])
            if not run.done():
                return "the experiment file is not read", f"{shown}: {run}"
            if (made / "a.toml").read_text() != (again / "b.toml").read_text():
                return "the experiment file is written again as another text", shown
            (again / "b.toml").unlink()
            if problem := self.differing(made, again):
                return f"the experiment file gives other files: {problem}", shown
            if kind not in WITH_RECORD:
                run = self.run(made, ["info", f"x.{kind}", "--config"])
                told = not run.done() and f"x.{kind}" in run.err
                return None if told else "a record is told of a file that has none", f"{shown}: {run}"
            return self.recorded(made, f"x.{kind}", out, shown)
        finally:
            shutil.rmtree(made)
            shutil.rmtree(again)

    def series(self, flags, frames, name, noise, first):
        """The round trip of the record of a series, in a file of all frames or of one."""
        made = self.new("series")
        shown = f"series --frames {frames} {' '.join(flags)} {name}"
        try:
            out = ["--out-noise" if noise else "--out", name]
            run = self.run(
                made, ["series", "--frames", str(frames), *flags, *out, "--image-number", str(first)]
            )
            if not run.done():
                return refused(run), run
            if "#" not in name:
                return self.recorded(made, name, out, shown)
            one = name.replace("####", f"{first + frames - 1:04}")
            return self.recorded(made, one, [out[0], one], shown)
        finally:
            shutil.rmtree(made)

    def one(self, seed):
        """One try, drawn again as long as the program refuses the experiment, with a reason."""
        rng = random.Random(seed)
        for _ in range(30):
            flags = experiment(rng)
            noise, image = rng.random() < 0.5, rng.random() < 0.7
            if image:
                flags += drawn(rng, "| --image-number #0..4294967295")
                flags += drawn(rng, "|" + SCAN)
                kind = rng.choice(["cbf", "tif", "nxs", "h5", "npy", "img", *([] if noise else ["png"])])
                problem, of = self.single(flags, kind, noise)
            else:
                flags += drawn(rng, SCAN + "|" + RANDOM)
                name = rng.choice(["s.nxs", "s.h5", "s_master.h5", "s_####.cbf", "s_####.tif"])
                problem, of = self.series(flags, rng.randint(1, 4), name, noise, rng.randint(1, 9000))
            if problem != REFUSED:
                return problem, of
        return "thirty experiments are refused", of


def main():
    program, folder, count, seed = sys.argv[1:]
    trips = Trips(str(Path(program).resolve()), folder)
    tries = [random.Random(f"{seed} {place}").getrandbits(60) for place in range(int(count))]
    attack([lambda seed=seed: trips.one(seed) for seed in tries])


if __name__ == "__main__":
    main()
