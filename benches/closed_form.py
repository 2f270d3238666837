#!/usr/bin/env python3
"""Times one image as a sum of samples and in closed form, and compares them with 10⁵ samples.

    benches/closed_form.py PROGRAM

PROGRAM is a release build of nanobragg. The image: lysozyme, 30 × 30 × 30 cells, mosaicity 0.2°,
bandwidth 0.2 %, 0.1° of rotation, 1024 × 1024 pixels. Its sum has 100 domains × 25 wavelengths ×
5 steps for each pixel. The 10⁵ samples are 25 wavelengths × 10 steps × 400 domains, the domains of
each wavelength and step drawn for themselves, and are rendered for the quarter of the image about
the beam. Needs Python alone; on two cores it takes a few minutes, nearly all of them for samples.
"""

import array
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
IMAGE = (
    f"-hkl {ROOT}/golden/lysozyme_1aki_p1.hkl -cell 59.062 68.451 30.517 -misset 71 2 44 -N 30"
    " -gauss_xtal --gauss-metric hkl -mosaic 0.2 -distance 100 -pixel 0.1 -detpixels 1024"
    " -oversample 1 --device cpu --quiet"
)
ANALYTIC = "-lambda 1 --analytic --bandwidth 0.2 -osc 0.1"
BANDWIDTH, RANGE_DEG = 0.002, 0.1
EDGE = 1024
# First and last pixel of the quarter, along either axis.
QUARTER = 256, 767
# Wavelengths across three standard deviations to either side, and their weights.
DEVIATES = [6 * (place + 0.5) / 25 - 3 for place in range(25)]
WEIGHTS = [math.exp(-deviate * deviate / 2) for deviate in DEVIATES]
STEPS, DOMAINS = 10, 400


def rendered(program, folder, flags):
    """The pixels of the image of these flags, the simulation's seconds and the whole process's."""
    image, profile = folder / "image.bin", folder / "profile.json"
    command = [program, *IMAGE.split(), *flags.split()]
    subprocess.run([*command, "-floatfile", image, "--profile", profile], check=True)
    events = json.loads(profile.read_text())["traceEvents"]
    spans = {event["name"]: event["dur"] * 1e-6 for event in events if event.get("ph") == "X"}
    pixels = array.array("f", image.read_bytes())
    return pixels, spans["simulation"], spans["nanobragg"]


def quarter(pixels):
    """The pixels of the quarter."""
    first, last = QUARTER
    rows = (pixels[row * EDGE + first : row * EDGE + last + 1] for row in range(first, last + 1))
    return [value for row in rows for value in row]


def nrmse(found, expected):
    """The rms of the difference over the rms of what is expected."""
    squares = sum((one - other) ** 2 for one, other in zip(found, expected))
    return math.sqrt(squares / sum(other * other for other in expected))


def samples(program, folder):
    """The quarter of the image as the mean of 10⁵ samples."""
    region = f"-roi {QUARTER[0]} {QUARTER[1]} {QUARTER[0]} {QUARTER[1]}"
    mean, seed = [0.0] * (QUARTER[1] - QUARTER[0] + 1) ** 2, 0
    for deviate, weight in zip(DEVIATES, WEIGHTS):
        share = weight / sum(WEIGHTS) / STEPS
        for step in range(STEPS):
            seed += 1
            wavelength, phi = 1 + BANDWIDTH * deviate, RANGE_DEG * (step + 0.5) / STEPS
            flags = (
                f"{region} -lambda {wavelength:.12f} -phi {phi:.6f} --mosaic-model normal"
                f" -mosaic_domains {DOMAINS} -mosaic_seed {seed}"
            )
            pixels, _, _ = rendered(program, folder, flags)
            mean = [sum + share * value for sum, value in zip(mean, quarter(pixels))]
    return mean


def main():
    [program] = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        closed = {}
        for kind, flags in (("one segment, as chosen", ""), ("two segments", "-phisteps 2")):
            runs = [rendered(program, folder, f"{ANALYTIC} {flags}") for _ in range(25)]
            closed[kind] = [runs[0][0]] + [
                statistics.median(run[place] for run in runs) for place in (1, 2)
            ]
        pulse = folder / "pulse.txt"
        lines = zip(DEVIATES, WEIGHTS)
        pulse.write_text(
            "".join(f"-10 0 0 {w:.9f} {1e-10 * (1 + BANDWIDTH * x):.15e}\n" for x, w in lines)
        )
        flags = (
            f"-lambda 1 -sourcefile {pulse} --mosaic-model normal -mosaic_domains 100 -osc 0.1"
            " -phisteps 5 --phi-sampling middle"
        )
        sampled, sampled_s, sampled_whole_s = rendered(program, folder, flags)
        print(f"sampled, 12500 terms a pixel: {sampled_s:.2f} s (process {sampled_whole_s:.2f} s)")
        expected = samples(program, folder)
        print(f"sampled: nrmse {nrmse(quarter(sampled), expected):.4f} against 10⁵ samples")
        for kind, (pixels, seconds, whole_s) in closed.items():
            print(
                f"closed form, {kind}: {seconds:.4f} s (process {whole_s:.4f} s),"
                f" {sampled_s / seconds:.0f} times (process {sampled_whole_s / whole_s:.0f});"
                f" nrmse {nrmse(quarter(pixels), expected):.4f}"
            )


if __name__ == "__main__":
    main()
