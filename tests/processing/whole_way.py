#!/usr/bin/env python3
"""DIALS processes simulated images of lysozyme, and finds what was put in.

    whole_way.py NANOBRAGG GOLDEN FOLDER

NANOBRAGG is the program, GOLDEN the folder of structure factors and the A matrix. Images and the files
of DIALS are written into FOLDER. Prints a line for each figure with its bound, and exits with 1 if one
is beyond it. Needs DIALS 3.12 (Debian's packages dials and bitshuffle) and its Python.
"""

import math
import os
import pathlib
import subprocess
import sys

import numpy
from dials.array_family import flex
from dxtbx.model.experiment_list import ExperimentListFactory

nanobragg, golden, folder = (pathlib.Path(word).resolve() for word in sys.argv[1:])
folder.mkdir(parents=True, exist_ok=True)
missed = []

# Smooth spots: Gaussian ones of domains in pairs of opposite rotations, whose mean is the crystal's own
# orientation. The polarisation is that which DIALS assumes.
SCENE = [
    "-hkl", golden / "lysozyme_1aki_p1.hkl", "-mat", golden / "lysozyme_1p2A.mat",
    "-gauss_xtal", "--gauss-metric", "hkl", "-N", "15", "--mosaic-file", folder / "domains.txt",
    "-lambda", "1.2", "-polar", "0.998", "-flux", "8e18", "-exposure", "0.2", "-beamsize", "0.05",
    "-water", "10", "-detpixels", "1000", "-pixel", "0.1", "-distance", "100", "-oversample", "2",
    "--device", "cpu", "--quiet",
]  # fmt: skip


def run(*words):
    """Runs a program in the folder; what it says is shown if it fails."""
    words = [str(word) for word in words]
    # dials.stills_process imports an extension that Debian leaves out and that no step here calls.
    environment = {**os.environ, "PYTHONPATH": str(folder / "left_out")}
    done = subprocess.run(words, cwd=folder, text=True, capture_output=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")


def show(name, figure, bound, at_least=False):
    """Prints a figure and the bound that it has to keep."""
    kept = figure >= bound if at_least else figure <= bound
    sign = ">=" if at_least else "<="
    print(f"{name:56} {figure:8.5g}   {sign} {bound:g}{'' if kept else '   MISSED'}", flush=True)
    if not kept:
        missed.append(name)


def load(name):
    return ExperimentListFactory.from_json_file(str(folder / name), check_format=False)


def matrix_of(crystal):
    """A, the columns of which are a*, b* and c*, 1/angstrom."""
    return numpy.array(crystal.get_A()).reshape(3, 3)


def compare(found, truth):
    """Holds a crystal against the true one: the change of indices between the two, the largest relative
    difference of the axes, and the angle between the orientations, degrees."""
    change = numpy.rint(numpy.linalg.inv(matrix_of(truth)) @ matrix_of(found))
    assert round(abs(numpy.linalg.det(change))) == 1, "the lattice is another"
    expected = matrix_of(truth) @ change
    # The rotation that is nearest to the distortion from one to the other.
    left, _, right = numpy.linalg.svd(matrix_of(found) @ numpy.linalg.inv(expected))
    turn = left @ right
    sine = numpy.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    axes = [numpy.linalg.norm(axis) for axis in numpy.linalg.inv(expected)]
    apart = [abs(b / a - 1) for a, b in zip(axes, found.get_unit_cell().parameters())]
    return change, max(apart), math.degrees(math.asin(min(1.0, numpy.linalg.norm(sine) / 2)))


def scan():
    run(nanobragg, "series", "--frames", "60", "-osc", "0.5", "-phisteps", "6", *SCENE,
        "--out-noise", "scan_master.h5", "--frames-per-file", "25", "-seed", "1",
        "--write-expt", "truth.expt")  # fmt: skip
    run("dials.import", "scan_master.h5")
    run("dials.find_spots", "imported.expt", "nproc=2")
    run("dials.index", "imported.expt", "strong.refl")
    run("dials.refine_bravais_settings", "indexed.expt", "indexed.refl", "nproc=2")
    # Solution 5 is the primitive orthorhombic lattice.
    run("dials.refine", "bravais_setting_5.expt", "indexed.refl", "scan_varying=False")
    run("dials.integrate", "refined.expt", "refined.refl", "nproc=2")

    spots = flex.reflection_table.from_file(str(folder / "indexed.refl"))
    part = (spots["id"] >= 0).count(True) / len(spots)
    show("scan: part of the spots that is indexed", part, 0.97, at_least=True)
    change, apart, angle = compare(load("refined.expt")[0].crystal, load("truth.expt")[0].crystal)
    show("scan: cell, largest relative difference of an axis", apart, 3e-4)
    show("scan: orientation, degrees", angle, 0.01)
    pixels(angle)

    rows = numpy.loadtxt(golden / "lysozyme_1aki_p1.hkl", usecols=(0, 1, 2, 3))
    put_in = {tuple(row[:3].astype(int)): row[3] for row in rows}
    found = flex.reflection_table.from_file(str(folder / "integrated.refl"))
    found = found.select(found.get_flags(found.flags.integrated_prf) & (found["partiality"] > 0.99))
    value = numpy.array(found["intensity.prf.value"])
    strong = value > 10 * numpy.sqrt(found["intensity.prf.variance"])
    amplitudes = numpy.sqrt(numpy.where(strong, value * found["lp"], 0.0))
    indices = numpy.array(list(found["miller_index"])) @ change.T
    expected = [put_in.get(tuple(index.astype(int)), 0.0) for index in indices]
    both = strong & (numpy.array(expected) > 0.0)
    figure = numpy.corrcoef(amplitudes[both], numpy.array(expected)[both])[0, 1]
    show(f"scan: correlation of {both.sum()} amplitudes", figure, 0.98, at_least=True)


def pixels(of_dials):
    """Refines the scan from where DIALS leaves it, pixel by pixel, and holds the orientation against
    that of DIALS, which is so many degrees off."""
    # The setting of the structure factors.
    run("dials.reindex", "refined.expt", "change_of_basis_op=b,c,a")
    # Only the spindle tells how crystal and detector stand about the beam; it takes all frames.
    run(nanobragg, "refine", "scan_master.h5", "--share", "misset,N,mosaic", "--max-spots", "60",
        "--refine", "misset,cell,N,mosaic,scale,distance,Xbeam,Ybeam,detector_rotz",
        "--out", "pixels", "--device", "cpu", "--quiet", "--",
        "-hkl", golden / "lysozyme_1aki_p1.hkl", "--expt", "reindexed.expt", "-detector_thick", "0",
        "-gauss_xtal", "--gauss-metric", "hkl", "-N", "15", "--analytic", "--mosaic-model", "normal",
        "-mosaic", "0.03", "-phisteps", "6", "-oversample", "2", "-polar", "0.998",
        "-flux", "8e18", "-exposure", "0.2", "-beamsize", "0.05")  # fmt: skip
    truth, found = load("truth.expt")[0], load("pixels.expt")[0]
    show("scan: frames in the list of the pixels' refinement", len(found.scan), 60, at_least=True)
    _, apart, angle = compare(found.crystal, truth.crystal)
    show("scan: pixels refined, cell, as above", apart, 1e-5)
    show("scan: pixels refined, orientation, part of DIALS's", angle / of_dials, 0.5)
    distance = [one.detector[0].get_directed_distance() for one in (found, truth)]
    show("scan: pixels refined, distance, mm", abs(distance[0] - distance[1]), 0.0015)


def stills():
    run(nanobragg, "series", "--frames", "10", "--random-orientations", *SCENE,
        "--out-noise", "stills_master.h5", "-seed", "5", "--write-expt", "stills.expt")  # fmt: skip
    (folder / "left_out").mkdir(exist_ok=True)
    (folder / "left_out" / "xfel_mono_sim_ext.py").touch()
    run("dials.stills_process", "stills_master.h5", "indexing.known_symmetry.space_group=P222",
        "indexing.known_symmetry.unit_cell=30.517,59.062,68.451,90,90,90", "mp.nproc=1")  # fmt: skip
    truths = load("stills.expt")
    angles = {}
    for experiment in load("idx-0000_refined.expt"):
        index = experiment.imageset.indices()[0]
        angles[index] = compare(experiment.crystal, truths[index].crystal)[2]
    show("stills: indexed, of 10", len(angles), 10, at_least=True)
    show("stills: orientation, the largest angle, degrees", max(angles.values(), default=180.0), 0.1)


draw = numpy.random.default_rng(1).normal(0, 0.04, (8, 3))
numpy.savetxt(folder / "domains.txt", numpy.concatenate([draw, -draw]))
scan()
stills()
sys.exit(1 if missed else 0)
