"""What dxtbx makes of image files: prints a line for each way in which a file is not as expected.

Standard input is a JSON list. An entry has the file's `path`; `places`, pixels along fast and slow on
the first panel; the angles there, in radians, to the beam (`two_theta`) and to the spindle (`spindle`,
which may be missing); the largest difference (`tolerance`); `counts`, a numpy file of every frame
stacked; and `said`, values of the models by name, which may be missing.
"""

import json
import math
import sys

import dxtbx
import numpy
from dxtbx import flumpy


def angle(one, other):
    """The angle between two vectors, radians."""
    cross = numpy.linalg.norm(numpy.cross(one, other))
    return math.atan2(cross, numpy.dot(one, other))


def frames(image, panels):
    """Every frame, its panels stacked along slow."""
    try:
        count = image.get_num_images()
    except AttributeError:
        count = None
    for index in range(count or 1):
        raw = image.get_raw_data() if count is None else image.get_raw_data(index)
        raw = raw if isinstance(raw, tuple) else (raw,)
        yield numpy.concatenate([flumpy.to_numpy(panel) for panel in raw])


def look(entry):
    path = entry["path"]
    image = dxtbx.load(path)
    detector, beam = image.get_detector(), image.get_beam()
    scan, goniometer = image.get_scan(), image.get_goniometer()
    panel = detector[0]
    wide, high = panel.get_pixel_size()
    away = -numpy.array(beam.get_sample_to_source_direction())
    for place, two_theta, spindle in zip(entry["places"], entry["two_theta"], entry["spindle"]):
        # On the sensor's face: what dxtbx adds for its depth is tested by itself.
        ray = numpy.array(panel.get_lab_coord((place[0] * wide, place[1] * high)))
        found = angle(ray, away)
        if abs(found - two_theta) > entry["tolerance"]:
            yield f"two-theta at {place} is {found}, expected {two_theta}"
        if spindle is not None:
            found = angle(ray, numpy.array(goniometer.get_rotation_axis()))
            if abs(found - spindle) > entry["tolerance"]:
                yield f"angle to the spindle at {place} is {found}, expected {spindle}"
    expected = numpy.load(entry["counts"])
    found = numpy.concatenate(list(frames(image, len(detector))))
    if found.shape != expected.shape or (found != expected).any():
        yield f"counts of {found.shape}, expected {expected.shape}, differ"
    known = {
        "wavelength": beam.get_wavelength(),
        "polarisation": beam.get_polarization_fraction(),
        "oscillation": list(scan.get_oscillation()) if scan else None,
        "exposure": scan.get_exposure_times()[0] if scan else None,
        "trusted": panel.get_trusted_range()[1],
        "thickness": panel.get_thickness(),
        "panels": len(detector),
        "gain": panel.get_gain(),
        "masked": masked(image),
    }
    for name, value in entry["said"].items():
        if not numpy.allclose(known[name], value, rtol=1e-9, atol=1e-12):
            yield f"{name} is {known[name]}, expected {value}"


def masked(image):
    """Pixels that the file's own mask leaves out."""
    try:
        mask = image.get_static_mask()
    except AttributeError:
        mask = None
    return sum(panel.count(False) for panel in mask) if mask else 0


for entry in json.load(sys.stdin):
    try:
        complaints = list(look(entry))
    except Exception as error:  # every error of a reader is a finding
        complaints = [f"{type(error).__name__}: {error}"]
    for complaint in complaints:
        print(f"{entry['path']}: {complaint}")
