#!/usr/bin/env python3
"""Draws docs/images/closed_form/convergence.svg: how sampled images converge to the closed form.

One spot of lysozyme, -16 -18 3 at 2.56 Å, is rendered in closed form, with more and more mosaic
domains, and with more and more steps of phi. Needs nothing but Python and cargo, and takes about a
minute. Prints the points of the plot.
"""

import array
import math
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target/release/nanobragg"
FIGURE = ROOT / "docs/images/closed_form/convergence.svg"

SPOT = (
    f"-hkl {ROOT}/golden/lysozyme_1aki_p1.hkl -cell 59.062 68.451 30.517 -misset 71 2 44 -N 100"
    " -gauss_xtal --gauss-metric hkl -lambda 1 -distance 1000 -pixel 0.025 -detpixels 60"
    " -Xbeam -347.55 -Ybeam 224.83 -oversample 1 --device cpu --quiet"
)
MOSAIC = f"{SPOT} -mosaic 0.02"
SCAN = f"{SPOT} -phi -0.05 -osc 0.1"

DOMAINS = [100, 300, 1000, 3000, 10_000, 30_000, 100_000]
SEEDS = 8
STEPS = [8, 16, 32, 64, 128, 256]
# Segments of the closed form that the steps are compared with.
SEGMENTS = 1024

# A panel, and the space about it for numbers and words, pixels.
WIDTH, HEIGHT, SPACE = 330, 300, 70


def rendered(flags):
    """The pixels of the image of these flags."""
    with tempfile.TemporaryDirectory() as folder:
        image = pathlib.Path(folder) / "image.bin"
        subprocess.run([PROGRAM, *flags.split(), "-floatfile", image], check=True)
        return array.array("f", image.read_bytes())


def nrmse(found, expected):
    """The rms of the difference over the rms of what is expected."""
    squares = sum((one - other) ** 2 for one, other in zip(found, expected))
    return math.sqrt(squares / sum(other * other for other in expected))


def of_domains():
    """Pairs of domains and the error, the rms over seeds."""
    expected = rendered(f"{MOSAIC} --analytic")
    for domains in DOMAINS:
        flags = f"{MOSAIC} --mosaic-model normal -mosaic_domains {domains}"
        errors = [
            nrmse(rendered(f"{flags} -mosaic_seed {seed}"), expected)
            for seed in range(1, SEEDS + 1)
        ]
        yield domains, math.sqrt(sum(error * error for error in errors) / SEEDS)


def of_steps():
    """Pairs of steps of phi and the error."""
    expected = rendered(f"{SCAN} -phisteps {SEGMENTS} --analytic")
    for steps in STEPS:
        flags = f"{SCAN} -phisteps {steps} --phi-sampling middle"
        yield steps, nrmse(rendered(flags), expected)


def power(exponent):
    """Ten to the power of `exponent`, in words."""
    digits = str(abs(exponent)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{'⁻' if exponent < 0 else ''}{digits}"


def panel(left, points, slope, words, law):
    """The marks of `points` on logarithmic axes, and the line of `slope` through the first."""
    ends = [
        (math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))))
        for values in zip(*points)
    ]

    def place(values):
        parts = [
            (math.log10(value) - low) / (high - low) for value, (low, high) in zip(values, ends)
        ]
        return left + parts[0] * WIDTH, SPACE / 2 + (1 - parts[1]) * HEIGHT

    bottom = SPACE / 2 + HEIGHT
    yield f'<rect x="{left}" y="{SPACE / 2}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#888"/>'
    for exponent in range(ends[0][0], ends[0][1] + 1):
        x, _ = place((10.0**exponent, 10.0 ** ends[1][0]))
        yield f'<line x1="{x:.1f}" y1="{SPACE / 2}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{power(exponent)}</text>'
    for exponent in range(ends[1][0], ends[1][1] + 1):
        _, y = place((10.0 ** ends[0][0], 10.0**exponent))
        yield f'<line x1="{left}" y1="{y:.1f}" x2="{left + WIDTH}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{left - 8}" y="{y + 5:.1f}" text-anchor="end">{power(exponent)}</text>'
    first, last = points[0], points[-1]
    end = last[0], first[1] * (last[0] / first[0]) ** slope
    (x1, y1), (x2, y2) = place(first), place(end)
    yield f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#999" stroke-dasharray="6 4"/>'
    for point in points:
        x, y = place(point)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="#0072b2"/>'
    yield f'<text x="{left + WIDTH / 2}" y="{bottom + 44}" text-anchor="middle">{words}</text>'
    yield f'<text x="{left + WIDTH - 14}" y="{SPACE / 2 + 26}" text-anchor="end">{law}</text>'


def main():
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT, check=True)
    domains, steps = list(of_domains()), list(of_steps())
    for name, points in (("domains", domains), ("steps", steps)):
        for count, error in points:
            print(f"{name} {count}: nrmse {error:.2e}")
    extent = 2 * (WIDTH + SPACE) + SPACE // 2, HEIGHT + SPACE + 30
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{extent[0]}" height="{extent[1]}"'
        f' viewBox="0 0 {extent[0]} {extent[1]}" font-family="sans-serif" font-size="15">',
        f'<rect width="{extent[0]}" height="{extent[1]}" fill="#fff"/>',
        f'<text x="{SPACE}" y="22">|sampled − closed form|, nrmse</text>',
        *panel(SPACE, domains, -0.5, "mosaic domains", "dashed: 1/√domains"),
        *panel(2 * SPACE + WIDTH, steps, -2, "steps of φ over 0.1°", "dashed: 1/steps²"),
        "</svg>",
    ]
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    FIGURE.write_text("\n".join(svg) + "\n")


if __name__ == "__main__":
    main()
