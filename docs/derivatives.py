#!/usr/bin/env python3
"""Draws docs/images/derivatives.png: spots of lysozyme and their derivatives.

Needs nothing but Python and cargo, and takes some seconds.
"""

import array
import json
import math
import pathlib
import struct
import subprocess
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target/release/nanobragg"
FIGURE = ROOT / "docs/images/derivatives.png"

SIDE = 96
SCENE = (
    f"-hkl {ROOT}/golden/lysozyme_1aki_p1.hkl -cell 59.062 68.451 30.517 -misset 71 2 44 -N 12"
    " -gauss_xtal --gauss-metric hkl -mosaic 0.8 -mosaic_domains 100 -lambda 1 -distance 200"
    f" -pixel 0.2 -detpixels {SIDE} -Xbeam -60 -Ybeam 40 -oversample 2"
)
# The image itself comes first.
NAMES = "scale,misset_x,misset_y,misset_z,cell_a,lambda,distance,Na,mosaic"
COLUMNS, ENLARGED, GAP = 3, 3, 6


def derivatives():
    """The derivative images, in the order of NAMES."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "d.npy"
        words = f"{PROGRAM} gradient --of {NAMES} --out {out} --device cpu --quiet -- {SCENE}"
        subprocess.run(words.split(), check=True)
        count, slow, fast = json.loads(out.with_suffix(".json").read_text())["shape"]
        content = out.read_bytes()
        numbers = array.array("d", content[-8 * count * slow * fast :])
    size = slow * fast
    return [numbers[place * size : (place + 1) * size] for place in range(count)]


def shades(image, signed):
    """The colours of an image: blue below zero and red above, or black on white."""
    most = max(abs(value) for value in image) or 1.0
    for value in image:
        part = math.copysign(math.sqrt(abs(value) / most), value)
        fade = round(255 * (1 - abs(part)))
        if not signed:
            yield (fade, fade, fade)
        else:
            yield (255, fade, fade) if part > 0 else (fade, fade, 255)


def png(rows):
    """A PNG of rows of colours."""

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    data = b"".join(b"\0" + bytes(part for pixel in row for part in pixel) for row in rows)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(data, 9))
        + chunk(b"IEND", b"")
    )


def main():
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], check=True, cwd=ROOT)
    images = derivatives()
    side = SIDE * ENLARGED
    lines = -(-len(images) // COLUMNS)
    width, height = COLUMNS * (side + GAP) - GAP, lines * (side + GAP) - GAP
    canvas = [[(120, 120, 120)] * width for _ in range(height)]
    for number, image in enumerate(images):
        colours = list(shades(image, signed=number > 0))
        left = number % COLUMNS * (side + GAP)
        top = number // COLUMNS * (side + GAP)
        for y in range(side):
            row = colours[y // ENLARGED * SIDE :][:SIDE]
            canvas[top + y][left : left + side] = [row[x // ENLARGED] for x in range(side)]
    FIGURE.write_bytes(png(canvas))
    print(", ".join(NAMES.split(",")))


if __name__ == "__main__":
    main()
