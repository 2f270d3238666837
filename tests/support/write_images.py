"""Writes images with the programs that people use, for this program to read.

Arguments: a folder. Every file `name` has beside it `name.expected`, its numbers as float64.
"""
import os
import sys

import fabio.adscimage
import fabio.cbfimage
import numpy
import PIL.Image
import tifffile

os.chdir(sys.argv[1])
random = numpy.random.default_rng(7)


def keep(name, numbers):
    numpy.asarray(numbers, dtype="<f8").tofile(f"{name}.expected")


counts = random.integers(-300, 70000, (17, 23), dtype=numpy.int32)
counts[0, :4] = [2**31 - 1, 0, -(2**31) + 1, 5]
fabio.cbfimage.CbfImage(data=counts).write("fabio.cbf")
keep("fabio.cbf", counts)
words = random.integers(0, 65536, (5, 300), dtype=numpy.uint16)
fabio.adscimage.AdscImage(data=words).write("fabio.img")
keep("fabio.img", words)
for kind in ["<i8", ">i2", ">f4", "<f8", "|u1", "<u4", "|b1"]:
    name = f"numpy_{kind.strip('<>|')}.npy"
    numbers = (100 * random.random((3, 7))).astype(kind)
    numpy.save(name, numbers)
    keep(name, numbers)
for kind, packing in [("u2", "zlib"), ("i4", None), ("f8", None), ("u4", None)]:
    name = f"tifffile_{kind}.tif"
    numbers = (1000 * random.random((40, 9))).astype(kind)
    tifffile.imwrite(name, numbers, compression=packing)
    keep(name, numbers)
PIL.Image.fromarray(words).save("pillow.png")
keep("pillow.png", words)
PIL.Image.fromarray(words.astype("f4")).save("pillow.tif")
keep("pillow.tif", words)
