#!/usr/bin/env python3
"""The figures of tests/compare.rs, from numpy: python3 tests/support/numpy_figures.py"""

import pathlib

import numpy

GOLDEN = pathlib.Path(__file__).parents[2] / "golden"
PAIRS = [
    ("nopolar", "polarized"),
    ("sources_weighted", "sources_equal"),
    ("shape_gauss", "shape_round"),
]
PERCENTS = [0, 1, 5, 25, 50, 75, 95, 99, 100]

for names in PAIRS:
    a, b = (
        numpy.fromfile(GOLDEN / f"{name}.bin", dtype="<f4").astype(float)
        for name in names
    )
    d = a - b
    some = b != 0
    relative = numpy.quantile(d[some] / b[some], numpy.array(PERCENTS) / 100)
    print(f"// {names[0]} against {names[1]}, {a.size} pixels")
    print("correlation", float(numpy.corrcoef(a, b)[0, 1]))
    print("nrmse", float(numpy.sqrt((d**2).mean() / (b**2).mean())))
    print("rmse", float(numpy.sqrt((d**2).mean())))
    print("worst", float(abs(d).max()), "at", int(abs(d).argmax()))
    print("sums", float(a.sum()), float(b.sum()))
    print("relative", int(some.sum()), relative.tolist())
