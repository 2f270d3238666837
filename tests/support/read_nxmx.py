"""Reads NXmx files with h5py, and what they say with the package nxmx, which DIALS uses.

frames:   standard input has a line a file: file, file of the expected numbers (frames, little-endian,
          slow axis outermost), numpy's name of their type, frames, rows, columns. Prints how many
          files were the same, and fails at the first that was not.
stream:   writes the numbers of every frame of the file named next to standard output.
parts:    prints how many frames the master named next has in its data files, read one by one, and as one
          dataset.
said:     prints what the files named next say, a list in JSON.
neggia:   prints the counts of the last frame of the files named next, after every check that DECTRIS'
          plugin neggia, with which XDS reads HDF5, makes of a file (github.com/dectris/neggia 1.2).
foreign:  writes files as other programs do into the folder named next, each with its numbers as float64
          beside it.
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


def parts(path):
    with h5py.File(path) as file:
        group = file["/entry/data"]
        each = [frame for name in sorted(group) for frame in group[name][()]]
        together = file["/entry/all_frames/data"][()]
        assert len(together) == len(each) == len(file["/entry/nanobragg/reciprocal_axes"])
        assert all((one == other).all() for one, other in zip(each, together))
        print(len(each))


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


def rotation(axis, degrees):
    return {
        "transformation_type": "rotation",
        "units": "deg",
        "vector": numpy.array(axis, dtype=float),
    }, degrees


def foreign(folder):
    random = numpy.random.default_rng(5)

    def counts(shape, kind):
        end = min(numpy.iinfo(kind).max, 2**50)
        return random.integers(0, end, shape, dtype=numpy.dtype(kind).newbyteorder("="))

    def expected(name, data):
        data.astype("<f8").tofile(f"{folder}/{name}.expected")

    # A master file with links to files of a few frames each, as DECTRIS' detectors write.
    frames = counts((5, 30, 20), "u4")
    with h5py.File(f"{folder}/dectris_master.h5", "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        detector = entry.create_group("instrument/detector")
        for name, value, unit in [
            ("beam_center_x", numpy.float32(10.5), "pixel"),
            ("beam_center_y", numpy.float32(12.25), "pixel"),
            ("detector_distance", numpy.float32(0.25), "m"),
            ("x_pixel_size", numpy.float32(75e-6), "m"),
        ]:
            detector[name] = value
            detector[name].attrs["units"] = unit
        wavelength = entry.create_dataset("instrument/beam/incident_wavelength", data=0.976)
        wavelength.attrs["units"] = numpy.bytes_("angstrom")
        for number, part in enumerate([frames[:3], frames[3:]], start=1):
            name = f"dectris_data_{number:06}.h5"
            with h5py.File(f"{folder}/{name}", "w") as linked:
                linked.create_dataset(
                    "entry/data/data", data=part, chunks=(1, 30, 20), **hdf5plugin.Bitshuffle()
                )
            data[f"data_{number:06}"] = h5py.ExternalLink(name, "entry/data/data")
    expected("dectris_master.h5", frames)
    # A detector on a two-theta arm in mm, its steps named relative to their groups, newest HDF5.
    frames = counts((3, 16, 24), ">i2")
    with h5py.File(f"{folder}/arm.nxs", "w", libver="latest") as file:
        entry = file.create_group("scan")
        entry.attrs["NX_class"] = numpy.bytes_("NXentry")
        entry["definition"] = "NXmx"
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "data"})
        data.create_dataset("data", data=frames, dtype=">i2", chunks=(2, 8, 24), compression="gzip",
                            shuffle=True, fletcher32=True)
        beam = entry.create_group("instrument/beam")
        beam["incident_wavelength"] = 0.1
        beam["incident_wavelength"].attrs["units"] = "nm"
        detector = entry["instrument"].create_group("detector")
        axes = detector.create_group("transformations")
        attributes, value = rotation([-1, 0, 0], 20.0)
        axes["two_theta"] = value
        axes["two_theta"].attrs.update(attributes | {"depends_on": "."})
        axes["det_z"] = 150
        translation = {"transformation_type": "translation", "units": "mm"}
        axes["det_z"].attrs.update(
            translation | {"vector": numpy.array([0, 0, 1]), "depends_on": "two_theta"}
        )
        module = detector.create_group("panel")
        module.attrs["NX_class"] = "NXdetector_module"
        module["data_origin"] = numpy.array([0, 0], dtype="u8")
        module["data_size"] = numpy.array([16, 24], dtype="i4")
        steps = [
            ("module_offset", 0.0, [1, 0, 0], "../transformations/det_z", [1.5, 0.9, 0]),
            ("fast_pixel_direction", 0.1, [-1, 0, 0], "module_offset", [0, 0, 0]),
            ("slow_pixel_direction", 0.1, [0, -1, 0], "module_offset", [0, 0, 0]),
        ]
        for name, value, vector, depends_on, offset in steps:
            module[name] = value
            module[name].attrs.update(
                translation
                | {
                    "vector": numpy.array(vector, dtype=float),
                    "depends_on": depends_on,
                    "offset": numpy.array(offset, dtype=float),
                    "offset_units": "mm",
                }
            )
        sample = entry.create_group("sample")
        sample["depends_on"] = "transformations/phi"
        axes = sample.create_group("transformations")
        attributes, value = rotation([1, 0, 0], [1.0, 1.5, 2.0])
        axes["phi"] = value
        axes["phi"].attrs.update(attributes | {"depends_on": "chi"})
        axes["phi_end"] = [1.5, 2.0, 2.5]
        attributes, value = rotation([0, 0, 1], 45.0)
        axes["chi"] = value
        axes["chi"].attrs.update(attributes | {"depends_on": "."})
    expected("arm.nxs", frames)
    # Frames of several panels, and numbers of many kinds, where little else is said.
    for name, shape, kind, filters in [
        ("panels.h5", (2, 3, 8, 10), "u2", {"chunks": (1, 3, 8, 10), **hdf5plugin.LZ4()}),
        ("plain.h5", (4, 9, 7), "u1", {}),
        ("one.h5", (9, 7), "u8", {"chunks": (4, 4)}),
        ("signed.h5", (1, 9, 7), "i1", {"chunks": (1, 9, 7), "compression": "gzip"}),
    ]:
        frames = counts(shape, kind)
        with h5py.File(f"{folder}/{name}", "w") as file:
            file.create_dataset("entry/data/data", data=frames, **filters)
        expected(name, frames)
    frames = random.normal(size=(2, 9, 7))
    for name, kind in [("double.h5", ">f8"), ("half.h5", "<f2")]:
        with h5py.File(f"{folder}/{name}", "w") as file:
            file.create_dataset("entry/instrument/detector/data", data=frames.astype(kind))
        expected(name, frames.astype(kind))


def neggia(*paths):
    for path in paths:
        with h5py.File(path) as file:
            detector = file["/entry/instrument/detector"]
            # H5ToXds.cpp, setXPixelSize: floats, of 4 or 8 bytes.
            assert detector["x_pixel_size"].dtype.kind == detector["y_pixel_size"].dtype.kind == "f"
            specific = detector["detectorSpecific"]
            # setPixelMask: whole numbers on two axes. Dataset.cpp, chunkDataSize: a chunk has three.
            mask = specific["pixel_mask"]
            assert mask.dtype.kind in "iu" and mask.ndim == 2 and mask.chunks is None
            # getNumberOfImages and getNumberOfTriggers: whole numbers above 0.
            images, triggers = specific["nimages"], specific["ntrigger"]
            assert images.dtype.kind == triggers.dtype.kind == "u"
            assert images[()] > 0 and triggers[()] == 1
            # setNFramesPerDataset: data_000001, else data, of whole numbers, a frame a chunk; the first
            # says how many frames are in each.
            group = file["/entry/data"]
            names = sorted(name for name in group if name.startswith("data_"))
            parts = [group[name] for name in names] or [group["data"]]
            each = parts[0].shape[0]
            for name in names:
                link = group.get(name, getlink=True)
                # H5LinkMsg.cpp: a relative name is looked for beside the master.
                assert isinstance(link, h5py.ExternalLink) and "/" not in link.filename
            for part in parts:
                assert part.dtype.kind in "iu" and part.dtype.itemsize in (1, 2, 4)
                assert part.chunks == (1, *mask.shape) and part.shape[1:] == mask.shape
                assert part.shape[0] == each or part is parts[-1]
                # Dataset.cpp, parseDataSymbolTable and read: one filter at most, LZ4 (32004) or
                # bitshuffle (32008) with LZ4, which is 2 in its fifth value.
                filters = part.id.get_create_plist()
                assert filters.get_nfilters() <= 1
                if filters.get_nfilters():
                    code, _, values, _ = filters.get_filter(0)
                    assert code == 32004 or (code == 32008 and values[4] == 2), (code, values)
            assert sum(part.shape[0] for part in parts) == images[()]
            frame = parts[-1][-1].astype("i8")
            print(int(numpy.where(mask[()] != 0, 0, frame).sum()))


{
    "frames": frames,
    "stream": stream,
    "parts": parts,
    "said": said,
    "foreign": foreign,
    "neggia": neggia,
}[sys.argv[1]](*sys.argv[2:])
