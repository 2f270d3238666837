"""Reads NXmx files with h5py, and what they say with the package nxmx, which DIALS uses.

frames:   standard input has a line a file: file, file of the expected numbers (frames, little-endian,
          slow axis outermost), numpy's name of their type, frames, rows, columns. Prints how many
          files were the same, and fails at the first that was not.
stream:   writes the numbers of every frame of the file named next to standard output.
said:     prints what the files named next say, a list in JSON.
"""
import json
import sys

import h5py
import hdf5plugin  # noqa: F401, registers the filters
import numpy
import nxmx


def frames():
    count = 0
    for line in sys.stdin:
        path, expected, kind, *shape = line.split()
        shape = tuple(map(int, shape))
        expected = numpy.fromfile(expected, dtype=kind).reshape(shape)
        with h5py.File(path) as file:
            data = file["/entry/data/data"]
            said = f"{path}: {data.shape} of {data.dtype}, not {shape} of {kind}"
            assert data.shape == shape and data.dtype == numpy.dtype(kind), said
            assert data.chunks == (1, *shape[1:]), f"{path}: chunks of {data.chunks}"
            for number in range(shape[0]):
                same = data[number].tobytes() == expected[number].tobytes()
                assert same, f"{path}: other numbers in frame {number}"
        count += 1
    print(count)


def stream(path):
    with h5py.File(path) as file:
        data = file["/entry/data/data"]
        for number in range(data.shape[0]):
            sys.stdout.buffer.write(numpy.ascontiguousarray(data[number]))


def point(axis):
    """Where the chain of transformations from this axis on puts the origin, m."""
    chain = nxmx.get_dependency_chain(axis)
    return nxmx.get_cumulative_transformation(chain)[0][:3, 3] / 1e3


def said_by(path):
    with h5py.File(path) as file:
        entry = nxmx.NXmx(file).entries[0]
        instrument, sample = entry.instruments[0], entry.samples[0]
        detector, beam = instrument.detectors[0], instrument.beams[0]
        panels = []
        for module in detector.modules:
            origin = point(module.module_offset)
            rows, columns = (int(count) for count in module.data_size)
            fast, slow = (
                axis.vector * axis[()].to("m").magnitude[0]
                for axis in (module.fast_pixel_direction, module.slow_pixel_direction)
            )
            corners = [(0, 0), (columns, 0), (columns, rows), (0, rows)]
            panels.append(
                {
                    "origin": [int(count) for count in module.data_origin],
                    "size": [rows, columns],
                    "corners": [(origin + f * fast + s * slow).tolist() for f, s in corners],
                }
            )
        axes = nxmx.get_rotation_axes(nxmx.get_dependency_chain(sample.depends_on))
        omega = sample.depends_on
        mask = detector.pixel_mask
        return {
            "definition": entry.definition,
            "start_time": entry.start_time.isoformat(),
            "source": entry.source.name,
            "signal": entry.data[0].signal,
            "wavelength": float(beam.incident_wavelength.to("angstrom").magnitude),
            "material": detector.sensor_material,
            "thickness": float(detector.sensor_thickness.to("m").magnitude),
            "saturation": detector.saturation_value,
            "masked": None if mask is None else int(numpy.count_nonzero(mask[()])),
            "mask_bits": None if mask is None else int(numpy.max(mask[()])),
            "panels": panels,
            "axis": axes.axes[0].tolist(),
            "omega": omega[()].to("deg").magnitude.tolist(),
            "omega_end": omega.end[()].to("deg").magnitude.tolist(),
            "increments": omega.increment_set.to("deg").magnitude.tolist(),
        }


def said(*paths):
    print(json.dumps([said_by(path) for path in paths]))


{"frames": frames, "stream": stream, "said": said}[sys.argv[1]](*sys.argv[2:])
