"""Reads images with the programs that people use, and holds them against bare numbers.

Standard input has a line an image: reader, file, file of the expected numbers (little-endian, slow
axis outermost), numpy's name of their type, rows, columns. Prints how many were the same, and fails
at the first that was not.
"""
import sys

import fabio
import numpy
import PIL.Image
import tifffile

READERS = {
    # Bare numbers say no shape, which is then what it should be.
    "bare": lambda path: numpy.fromfile(path, dtype="<f4"),
    "fabio": lambda path: fabio.open(path).data,
    "numpy": lambda path: numpy.load(path, allow_pickle=False),
    "pillow": lambda path: numpy.asarray(PIL.Image.open(path)),
    "tifffile": tifffile.imread,
}

count = 0
for line in sys.stdin:
    reader, path, expected, kind, rows, columns = line.split()
    expected = numpy.fromfile(expected, dtype=kind).reshape(int(rows), int(columns))
    found = READERS[reader](path)
    # tifffile leaves out axes of one pixel; nobody may change their number.
    if reader in ("tifffile", "bare"):
        found = numpy.reshape(found, expected.shape)
    said = f"{path} by {reader}: {found.shape} of {found.dtype}, not {expected.shape} of {kind}"
    assert found.shape == expected.shape, said
    # A reader may give a wider type, as fabio does; the numbers and their type's family count.
    assert found.dtype.kind == expected.dtype.kind or found.dtype.kind in "iu", said
    found = found.astype(kind)
    assert found.tobytes() == expected.tobytes(), f"{path} by {reader}: other numbers"
    count += 1
print(count)
