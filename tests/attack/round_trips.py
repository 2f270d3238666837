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


def number(rng, least, most):
    """A number between two, as people or programs spell it: often small, often with an exponent."""
    kind = rng.random()
    if kind < 0.3:
        value = round(rng.uniform(least, most), rng.randint(0, 3))
    elif kind < 0.6 or least > 0:
        value = rng.uniform(least, most)
    else:
        value = rng.choice([-1 if least < 0 else 1, 1]) * most * 10 ** rng.uniform(-9, 0)
    value = value or most
    plain = repr(value)
    bare = re.sub(r"^(-?)0\.", r"\1.", plain)
    return rng.choice([plain, f"{value:.17e}", bare, plain if value < 0 else f"+{plain}"])


def numbers(rng, count, least, most):
    """Some of them."""
    return [number(rng, least, most) for _ in range(count)]


def crystal(rng):
    """Flags of the crystal."""
    kind = rng.random()
    if kind < 0.15:
        flags = ["-hkl", "lysozyme_1aki_p1.hkl", "-mat", "lysozyme_1p2A.mat", "-lambda", "1.2"]
    elif kind < 0.3:
        flags = ["-hkl", "lysozyme_1aki.mtz"]
    else:
        cell = [*numbers(rng, 3, 30, 120), *[str(rng.uniform(70, 110)) for _ in range(rng.choice([0, 3]))]]
        flags = ["-default_F", number(rng, 1, 500), "-cell", *cell]
    shape = rng.choice(["", "-square_xtal", "-round_xtal", "-gauss_xtal", "-tophat_spots"])
    flags += [shape] if shape else []
    if shape in ("", "-square_xtal"):
        sizes = [str(rng.randint(1, 20)) for _ in range(3)]
    else:
        sizes = [repr(rng.uniform(1, 20)) for _ in range(3)]
    flags += rng.choice([["-N", sizes[0]], ["-Na", sizes[0], "-Nb", sizes[1], "-Nc", sizes[2]], ["-xtalsize", number(rng, 1e-5, 1e-4)]])
    flags += rng.choice([[], ["-misset", *numbers(rng, 3, -180, 180)], ["-misset", "random"]])
    flags += rng.choice([[], [], ["-misset_seed", str(rng.randint(-(2**40), 2**40))]])
    flags += rng.choice([[], ["-fudge", number(rng, 0.5, 2)], ["--gauss-metric", "hkl"], ["-interpolate"], ["-nointerpolate"]])
    if rng.random() < 0.4:
        flags += ["-mosaic", number(rng, 0, 2), "-mosaic_domains", str(rng.randint(1, 6)), "-mosaic_seed", str(rng.randint(1, 10**9))]
        flags += rng.choice([[], ["--mosaic-model", "gaussian"]])
    return flags


def beam(rng):
    """Flags of the beam, and of what stands in it."""
    flags = rng.choice([[], ["-lambda", repr(rng.uniform(0.5, 2.5))], ["-energy", repr(rng.uniform(5000, 20000))]])
    flags += rng.choice([[], ["-fluence", number(rng, 1e20, 1e28)], ["-flux", number(rng, 1e9, 1e13), "-exposure", number(rng, 1e-3, 10), "-beamsize", "0.03"]])
    flags += rng.choice([[], ["-polar", repr(rng.uniform(-1, 1))], ["-nopolar"]])
    if rng.random() < 0.3:
        flags += ["-dispersion", number(rng, 0, 5), "-dispsteps", str(rng.randint(1, 4))]
    if rng.random() < 0.3:
        flags += ["-hdivrange", number(rng, 0, 5), "-hdivsteps", str(rng.randint(1, 3)), *rng.choice([[], ["-square_div"]])]
    flags += rng.choice([[], ["-polar_vector", *numbers(rng, 3, -1, 1)], ["-water", number(rng, 0, 100)]])
    flags += rng.choice([[], [], ["--background", f"liquid.stol,thickness={number(rng, 0, 1)},density={number(rng, 0, 2)},mw=18"]])
    return flags


def detector(rng):
    """Flags of a small detector."""
    edge = rng.randint(3, 12)
    flags = ["-pixel", number(rng, 0.05, 2), *rng.choice([["-detpixels", str(edge)], ["-detpixels_f", str(edge), "-detpixels_s", str(rng.randint(3, 12))]])]
    flags += rng.choice([[], ["-mosflm"], ["-xds"], ["-adxv"], ["-denzo"], ["-dials"]])
    flags += rng.choice([[], ["-distance", repr(rng.uniform(50, 300))], ["-close_distance", repr(rng.uniform(50, 300))]])
    flags += rng.choice([[], ["-Xbeam", number(rng, -3, 3), "-Ybeam", number(rng, -3, 3)], ["-ORGX", number(rng, -9, 9), "-ORGY", number(rng, -9, 9)]])
    for turn in ("-detector_rotx", "-detector_roty", "-detector_rotz", "-twotheta"):
        flags += rng.choice([[], [], [turn, number(rng, -20, 20)]])
    flags += rng.choice([[], [], ["-pivot", "sample"], ["-pivot", "beam"]])
    flags += rng.choice([[], [], ["-curved_det"], ["-point_pixel"], ["-spindle_axis", *numbers(rng, 3, -1, 1)], ["-twotheta_axis", *numbers(rng, 3, -1, 1)]])
    if rng.random() < 0.3:
        flags += ["-detector_thick", number(rng, 1, 500), "-detector_abs", number(rng, 1, 500), "-thicksteps", str(rng.randint(1, 3))]
        flags += rng.choice([[], ["--layer-depth", "mean"], ["--layer-depth", "front"]])
    flags += rng.choice([[], [], ["-roi", "1", "2", "0", "2"], ["-dmin", number(rng, 0, 5)]])
    return flags


def counts(rng):
    """Flags of noise, counts and pictures."""
    flags = rng.choice([[], ["-seed", str(rng.randint(-(2**62), 2**62))]])
    for flag, most in (("--flicker", 10), ("--calibration", 10), ("--readout", 5), ("--gain", 4), ("-adc", 60), ("-scale", 100)):
        flags += rng.choice([[], [], [flag, number(rng, 0, most)]])
    flags += rng.choice([[], [], ["--psf", rng.choice(["gauss", "fiber"]), "--psf-fwhm", number(rng, 0.1, 2)]])
    flags += rng.choice([[], ["--image-number", str(rng.randint(0, 2**32 - 9))], ["--calibration-seed", str(rng.randint(0, 10**9))]])
    flags += rng.choice([[], ["--saturation", str(rng.randint(100, 60000))], ["--out-type", rng.choice(["f32", "u16", "u32", "i32"])]])
    flags += rng.choice([[], ["--compression", rng.choice(["bslz4", "gzip", "none"])]])
    flags += rng.choice([[], ["--png-scale", "log"], ["--png-percentile", number(rng, 50, 100)], ["--colormap", "viridis"], ["--png-depth", "16"]])
    return flags


def experiment(rng):
    """Flags of a random experiment on the CPU path, without a scan."""
    parts = [crystal(rng), beam(rng), detector(rng), counts(rng)]
    rng.shuffle(parts)
    flags = [word for part in parts for word in part]
    subpixels = rng.choice([["-oversample", str(rng.randint(1, 3))], ["-oversample", "1"]])
    return [*flags, *subpixels, *rng.choice([[], ["-oversample_omega"], ["-oversample_polar"]]), "--device", "cpu", "--quiet"]


def scan(rng):
    """Flags of a scan."""
    return ["-phi", number(rng, -180, 180), "-osc", number(rng, 0, 2), "-phisteps", str(rng.randint(1, 3))]


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
            run = self.run(made, [*flags, "--out", "p.npy", "--out-noise", "n.img", *out, "--write-config", "a.toml"])
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
            run = self.run(made, ["series", "--frames", str(frames), *flags, *out, "--image-number", str(first)])
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
            noise = rng.random() < 0.5
            if rng.random() < 0.7:
                flags += rng.choice([[], scan(rng)])
                kind = rng.choice(["cbf", "tif", "nxs", "h5", "npy", "img", *([] if noise else ["png"])])
                problem, of = self.single(flags, kind, noise)
            else:
                if "--image-number" in flags:
                    del flags[flags.index("--image-number") : flags.index("--image-number") + 2]
                flags += rng.choice([scan(rng), ["--random-orientations", *rng.choice([[], scan(rng)])]])
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
