#!/usr/bin/env python3
"""DIALS processes simulated images of lysozyme, and finds what was put in.

    whole_way.py NANOBRAGG GOLDEN FOLDER

NANOBRAGG is the program, GOLDEN the folder of structure factors and the A matrix. Images and the files
of DIALS are written into FOLDER. Prints a line for each figure and its bound, and exits with 1 if one is
beyond it. Needs DIALS 3.12 and Python's dxtbx (Debian: dials, hdf5-filter-plugin).
"""

import math
import pathlib
import subprocess
import sys

import numpy
from cctbx import sgtbx
from cctbx.array_family import flex  # noqa: F401, registers the types of reflection tables
from dials.array_family import flex as tables
from dxtbx.model.experiment_list import ExperimentListFactory
from scitbx import matrix

nanobragg, golden, folder = (pathlib.Path(word).resolve() for word in sys.argv[1:])
folder.mkdir(parents=True, exist_ok=True)
failures = []

# Smooth spots: Gaussian, oversampled, of domains in pairs of opposite rotations, whose mean is the
# crystal's own orientation. The polarisation is that which DIALS assumes.
CRYSTAL = [
    "-hkl", golden / "lysozyme_1aki_p1.hkl", "-mat", golden / "lysozyme_1p2A.mat",
    "-gauss_xtal", "-N", "40", "--mosaic-file", folder / "domains.txt",
    "-lambda", "1", "-polar", "0.998", "-flux", "4e12", "-exposure", "0.2", "-beamsize", "0.05",
    "-oversample", "3", "-detector_abs", "130", "-detector_thick", "450",
    "-detector_thicksteps", "4", "--layer-depth", "mean",
    "-water", "20", "--quiet",
]  # fmt: skip
DETECTOR = ["-detpixels", "900", "-pixel", "0.172", "-distance", "130"]


def run(*words, **more):
    """Runs a program in the folder; its output is shown if it fails."""
    done = subprocess.run([str(word) for word in words], cwd=folder, text=True,
                          capture_output=True, **more)  # fmt: skip
    if done.returncode:
        sys.exit(f"{' '.join(str(word) for word in words)}\n{done.stdout}{done.stderr}")
    return done.stdout


def show(name, figure, bound, at_least=False):
    """A figure and the bound that it has to keep."""
    good = figure >= bound if at_least else figure <= bound
    print(f"{name:52} {figure:.5g} ({'>=' if at_least else '<='} {bound:g}) {'' if good else 'FAILED'}")
    if not good:
        failures.append(name)


def domains(path, sigma_deg, pairs):
    """Rotation vectors, degrees, in pairs of opposite ones."""
    draw = numpy.random.default_rng(1).normal(0, sigma_deg, (pairs, 3))
    numpy.savetxt(path, numpy.concatenate([draw, -draw]))


def load(name):
    return ExperimentListFactory.from_json_file(str(folder / name), check_format=False)


def rotation_between(found, truth):
    """The angle, degrees, between two crystals of one lattice, by the nearest of its indexings."""
    best = 180.0
    lattice = sgtbx.space_group_info("P422").group()
    a_truth, a_found = matrix.sqr(truth.get_A()), matrix.sqr(found.get_A())
    for operator in lattice.all_ops():
        turn = matrix.sqr(operator.r().as_double())
        rotation = (a_found * turn) * a_truth.inverse()
        # The nearest rotation: the polar part.
        u, _, v = numpy.linalg.svd(numpy.array(rotation).reshape(3, 3))
        proper = u @ v
        if numpy.linalg.det(proper) < 0:
            continue
        cosine = (numpy.trace(proper) - 1) / 2
        best = min(best, math.degrees(math.acos(max(-1.0, min(1.0, cosine)))))
    return best


def intensities():
    """F² of the file, by index."""
    rows = numpy.loadtxt(golden / "lysozyme_1aki_p1.hkl", usecols=(0, 1, 2, 3))
    return {tuple(int(index) for index in row[:3]): row[3] ** 2 for row in rows}


def scan():
    run(nanobragg, "series", "--frames", "60", "-osc", "0.5", "-phisteps", "8", *CRYSTAL, *DETECTOR,
        "--out-noise", "scan_master.h5", "-seed", "1", "--write-expt", "truth.expt")  # fmt: skip
    run("dials.import", "scan_master.h5")
    run("dials.find_spots", "imported.expt", "nproc=2")
    run("dials.index", "imported.expt", "strong.refl")
    run("dials.refine_bravais_settings", "indexed.expt", "indexed.refl", "nproc=2")
    run("dials.reindex", "indexed.refl", "change_of_basis_op=a,b,c")
    run("dials.refine", "bravais_setting_9.expt", "indexed.refl", "scan_varying=False")
    run("dials.integrate", "refined.expt", "refined.refl", "nproc=2")

    spots = tables.reflection_table.from_file(str(folder / "indexed.refl"))
    indexed = (spots["id"] >= 0).count(True)
    show("scan: part of the spots indexed", indexed / len(spots), 0.97, at_least=True)
    truth, refined = load("truth.expt")[0].crystal, load("refined.expt")[0].crystal
    cell = zip(truth.get_unit_cell().parameters()[:3], refined.get_unit_cell().parameters()[:3])
    # Axes of the tetragonal lattice may have changed places.
    apart = max(abs(b / a - 1) for a, b in zip(*map(sorted, zip(*cell))))
    show("scan: cell, relative", apart, 3e-4)
    show("scan: orientation, degrees", rotation_between(refined, truth), 0.01)

    known = intensities()
    found = tables.reflection_table.from_file(str(folder / "integrated.refl"))
    found = found.select(found.get_flags(found.flags.integrated_prf))
    value, variance = found["intensity.prf.value"], found["intensity.prf.variance"]
    strong = found.select(value > 10 * flex.sqrt(variance))
    lp = strong["lp"] / strong["qe"]
    pairs = [
        (math.sqrt(i * f), math.sqrt(known[hkl]))
        for i, f, hkl in zip(strong["intensity.prf.value"], lp, strong["miller_index"])
        if hkl in known
    ]
    print(f"scan: {len(pairs)} strong reflections")
    figure = numpy.corrcoef(numpy.array(pairs).T)[0, 1]
    show("scan: correlation of amplitudes with those put in", figure, 0.98, at_least=True)


def stills():
    run(nanobragg, "series", "--frames", "10", "--random-orientations", *CRYSTAL, *DETECTOR,
        "--out-noise", "stills_master.h5", "-seed", "5", "--write-expt", "stills.expt")  # fmt: skip
    run("dials.stills_process", "stills_master.h5", "indexing.known_symmetry.space_group=P422",
        "indexing.known_symmetry.unit_cell=77.25,77.25,38.66,90,90,90", "mp.nproc=2",
        "output.composite_output=True", "indexing.stills.refine_all_candidates=True")  # fmt: skip
    truths = load("stills.expt")
    found = {}
    for path in sorted(folder.glob("idx-*_refined.expt")):
        for experiment in ExperimentListFactory.from_json_file(str(path), check_format=False):
            index = experiment.imageset.indices()[0]
            found[index] = rotation_between(experiment.crystal, truths[index].crystal)
    show("stills: indexed, of 10", len(found), 10, at_least=True)
    show("stills: worst orientation, degrees", max(found.values(), default=180.0), 0.1)


domains(folder / "domains.txt", 0.05, 20)
scan()
stills()
sys.exit(1 if failures else 0)
