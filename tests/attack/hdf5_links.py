#!/usr/bin/env python3
"""Tries what HDF5 files can lead a reader to: hdf5_links.py PROGRAM FOLDER

Writes an NXmx file of each kind into FOLDER (external links, soft links, virtual datasets, external
storage and chunks; of data that is missing, outside of the folder, cut off, of another kind, a pipe,
a device, a circle) and has PROGRAM convert it. The frames are read to the last bit, or the file is
refused with a line that names what is wrong; what stands for data that was never written is told; and
no try takes longer than ten seconds. Prints "tries N failures M", and fails if M is not 0.
"""
import os
import subprocess
import sys

import h5py
import numpy

SECONDS = 10
FRAMES = numpy.arange(4 * 6 * 5, dtype="u4").reshape(4, 6, 5) + 7
DATA = "entry/data/data"
KINDS = {}


def kind(function):
    KINDS[function.__name__] = function
    return function


class Refused:
    """The file is refused, and the line says these words."""

    def __init__(self, *words):
        self.words = words


class Told:
    """The frames are read, and a notice says these words."""

    def __init__(self, frames, *words):
        self.frames, self.words = frames, words


def source(path, frames=FRAMES, name=DATA, **options):
    """A data file."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with h5py.File(path, "w") as file:
        options = {"chunks": (1, *frames.shape[1:]), "compression": "gzip"} | options
        file.create_dataset(name, data=frames, **options)


def raw(path, frames=FRAMES):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    frames.astype("<u4").tofile(path)


def master(here):
    return h5py.File(f"{here}/m.h5", "w")


def external(here, target, path=DATA):
    with master(here) as file:
        file[DATA] = h5py.ExternalLink(target, path)


def numbered(here, target, path=DATA):
    """Data files as DECTRIS' detectors write them; the second is the one in question."""
    source(f"{here}/first.h5")
    with master(here) as file:
        file["entry/data/data_000001"] = h5py.ExternalLink("first.h5", DATA)
        file["entry/data/data_000002"] = h5py.ExternalLink(target, path)


def group(here, target, path=DATA):
    with master(here) as file:
        file["entry/data"] = h5py.ExternalLink(target, os.path.dirname(path))


def soft(here, target, path=DATA):
    """A soft link to an external link."""
    with master(here) as file:
        file["elsewhere"] = h5py.ExternalLink(target, path)
        file[DATA] = h5py.SoftLink("/elsewhere")


def virtual(here, target, path=DATA, shape=FRAMES.shape, **options):
    layout = h5py.VirtualLayout(shape, "u4")
    layout[:] = h5py.VirtualSource(target, path, shape)
    with master(here) as file:
        file.create_virtual_dataset(DATA, layout, **options)


def storage(here, target, path=None):
    with master(here) as file:
        size = FRAMES.nbytes
        file.create_dataset(DATA, FRAMES.shape, "u4", external=[(target, 0, size)])


WAYS = {
    "external": external,
    "numbered": numbered,
    "group": group,
    "soft": soft,
    "virtual": virtual,
    "storage": storage,
}


def put(way, path):
    raw(path) if way == "storage" else source(path)


def whole(way):
    return numpy.concatenate([FRAMES, FRAMES]) if way == "numbered" else FRAMES


def targets(way, make):
    """Where a link of one kind may lead."""

    def missing(here):
        make(here, "gone.h5")
        return Refused("gone.h5", "not there")

    def beside(here):
        put(way, f"{here}/beside.h5")
        make(here, "beside.h5")
        return whole(way)

    def below(here):
        put(way, f"{here}/a/b/below.h5")
        make(here, "a/b/below.h5")
        return whole(way)

    def absolute_inside(here):
        put(way, f"{here}/own.h5")
        make(here, f"{here}/own.h5")
        return whole(way)

    def moved(here):
        put(way, f"{here}/moved.h5")
        make(here, "/no/such/folder/moved.h5")
        return whole(way)

    def outside(here):
        put(way, f"{here}_outside/secret.h5")
        make(here, f"{here}_outside/secret.h5")
        return Refused("secret.h5", "outside", "--links-anywhere")

    def outside_allowed(here):
        put(way, f"{here}_outside/secret.h5")
        make(here, f"{here}_outside/secret.h5")
        return whole(way)

    def upwards(here):
        put(way, f"{here}_outside/secret.h5")
        make(here, f"../{os.path.basename(here)}_outside/secret.h5")
        return Refused("secret.h5", "outside")

    def up_and_down(here):
        put(way, f"{here}/own.h5")
        os.makedirs(f"{here}/a")
        make(here, f"a/../../{os.path.basename(here)}/own.h5")
        return whole(way)

    def symlink_outside(here):
        put(way, f"{here}_outside/secret.h5")
        os.symlink(f"{here}_outside/secret.h5", f"{here}/link.h5")
        make(here, "link.h5")
        return Refused("secret.h5", "outside")

    def symlinked_folder_outside(here):
        put(way, f"{here}_outside/secret.h5")
        os.symlink(f"{here}_outside", f"{here}/folder")
        make(here, "folder/secret.h5")
        return Refused("secret.h5", "outside")

    def symlink_inside(here):
        put(way, f"{here}/own.h5")
        os.symlink("own.h5", f"{here}/link.h5")
        make(here, "link.h5")
        return whole(way)

    def symlink_to_itself(here):
        os.symlink("link.h5", f"{here}/link.h5")
        make(here, "link.h5")
        return Refused("link.h5", "not there")

    def passwd(here):
        make(here, "/etc/passwd")
        return Refused("/etc/passwd", "outside")

    def zero(here):
        make(here, "/dev/zero")
        return Refused("/dev/zero", "outside")

    def zero_allowed(here):
        make(here, "/dev/zero")
        return Refused("/dev/zero", "no file")

    def pipe(here):
        os.mkfifo(f"{here}/pipe.h5")
        make(here, "pipe.h5")
        return Refused("pipe.h5", "no file")

    def folder(here):
        os.mkdir(f"{here}/folder.h5")
        make(here, "folder.h5")
        return Refused("folder.h5", "no file")

    def nothing(here):
        open(f"{here}/empty.h5", "w").close()
        make(here, "empty.h5")
        return Refused("empty.h5")

    def cut_off(here):
        put(way, f"{here}/cut.h5")
        os.truncate(f"{here}/cut.h5", os.path.getsize(f"{here}/cut.h5") - 100)
        make(here, "cut.h5")
        return Refused("cut.h5")

    def unreadable_text(here):
        with open(f"{here}/text.h5", "w") as file:
            file.write("no HDF5\n" * 10)
        make(here, "text.h5")
        return Refused("text.h5")

    yield from [
        missing, beside, below, absolute_inside, moved, outside, outside_allowed, upwards, up_and_down,
        symlink_outside, symlinked_folder_outside, symlink_inside, symlink_to_itself, passwd, zero,
        zero_allowed, pipe, folder, nothing, cut_off, unreadable_text,
    ]  # fmt: skip
    if way == "storage":
        return

    def no_such_name(here):
        source(f"{here}/other.h5", name="other/name")
        make(here, "other.h5")
        return Refused("other.h5", "not there") if way != "group" else Refused("not there")

    def circle(here):
        make(here, "m.h5", "entry/data/data_000002" if way == "numbered" else DATA)
        return Refused("circle") if way != "virtual" else Refused("itself")

    def texts(here):
        with h5py.File(f"{here}/texts.h5", "w") as file:
            file[DATA] = numpy.full(FRAMES.shape, b"text")
        make(here, "texts.h5")
        return Refused("expected whole numbers or floats") if way != "virtual" else Refused("frames of")

    yield from [no_such_name, circle, texts]


for way, make in WAYS.items():
    for target in targets(way, make):
        KINDS[f"{way}_{target.__name__}"] = target


@kind
def chunk_never_written(here):
    with master(here) as file:
        file.create_dataset(DATA, FRAMES.shape, "u4", chunks=(1, 6, 5))[:2] = FRAMES[:2]
    return Refused("frame 3", "never written")


@kind
def chunk_never_written_in_part(here):
    with master(here) as file:
        file.create_dataset(DATA, FRAMES.shape, "u4", chunks=(1, 3, 5))[:, :3] = FRAMES[:, :3]
    return Refused("frame 1", "never written")


@kind
def chunk_with_a_fill_value(here):
    with master(here) as file:
        data = file.create_dataset(DATA, FRAMES.shape, "u4", chunks=(1, 3, 5), fillvalue=9)
        data[:, :3] = FRAMES[:, :3]
    filled = FRAMES.copy()
    filled[:, 3:] = 9
    return Told(filled, f"{4 * 3 * 5} pixels", "fill value")


@kind
def newest_chunk_never_written(here):
    with h5py.File(f"{here}/m.h5", "w", libver="latest") as file:
        data = file.create_dataset(DATA, FRAMES.shape, "u4", chunks=(1, 6, 5), maxshape=(None, 6, 5))
        data[0] = FRAMES[0]
    return Refused("frame 2", "never written")


@kind
def dark_chunks_are_no_fill_values(here):
    with master(here) as file:
        file.create_dataset(DATA, data=0 * FRAMES, chunks=(1, 3, 5), compression="gzip")
    return 0 * FRAMES


@kind
def contiguous_never_written(here):
    with master(here) as file:
        file.create_dataset(DATA, (4, 60, 50), "u4")
    return Refused("never written")


@kind
def raw_file_too_short(here):
    raw(f"{here}/short.bin", FRAMES[:3])
    storage(here, "short.bin")
    return Refused("short.bin", "bytes")


@kind
def raw_files_one_behind_the_other(here):
    raw(f"{here}/one.bin", FRAMES[:1])
    raw(f"{here}/rest.bin", FRAMES)
    with master(here) as file:
        size = FRAMES[0].nbytes
        parts = [("one.bin", 0, size), ("rest.bin", size, 3 * size)]
        file.create_dataset(DATA, FRAMES.shape, "u4", external=parts)
    return FRAMES


@kind
def virtual_gap(here):
    source(f"{here}/s.h5", FRAMES[:, :4])
    layout = h5py.VirtualLayout(FRAMES.shape, "u4")
    layout[:, :4] = h5py.VirtualSource("s.h5", DATA, (4, 4, 5))
    with master(here) as file:
        file.create_virtual_dataset(DATA, layout, fillvalue=3)
    filled = FRAMES.copy()
    filled[:, 4:] = 3
    return Told(filled, f"{4 * 2 * 5} pixels", "fill value")


@kind
def virtual_frame_of_no_source(here):
    source(f"{here}/s.h5", FRAMES[:2])
    layout = h5py.VirtualLayout(FRAMES.shape, "u4")
    layout[:2] = h5py.VirtualSource("s.h5", DATA, (2, 6, 5))
    with master(here) as file:
        file.create_virtual_dataset(DATA, layout)
    return Refused("frame 3", "never written")


@kind
def virtual_source_of_fewer_frames(here):
    source(f"{here}/s.h5", FRAMES[:3])
    virtual(here, "s.h5")
    return Refused("s.h5", "missing")


@kind
def virtual_source_never_written(here):
    with h5py.File(f"{here}/s.h5", "w") as file:
        file.create_dataset(DATA, FRAMES.shape, "u4", chunks=(1, 6, 5))[1:] = FRAMES[1:]
    virtual(here, "s.h5")
    return Refused("frame 1", "never written")


@kind
def virtual_modules(here):
    source(f"{here}/upper.h5", FRAMES[:, :3])
    source(f"{here}/lower.h5", FRAMES[:, 3:].astype("u2"))
    layout = h5py.VirtualLayout(FRAMES.shape, "u4")
    layout[:, :3] = h5py.VirtualSource("upper.h5", DATA, (4, 3, 5))
    layout[:, 3:] = h5py.VirtualSource("lower.h5", DATA, (4, 3, 5), "u2")
    with master(here) as file:
        file.create_virtual_dataset(DATA, layout)
    return FRAMES


@kind
def virtual_frames_in_turn(here):
    source(f"{here}/even.h5", FRAMES[::2])
    source(f"{here}/odd.h5", FRAMES[1::2])
    layout = h5py.VirtualLayout(FRAMES.shape, "u4")
    layout[::2] = h5py.VirtualSource("even.h5", DATA, (2, 6, 5))
    layout[1::2] = h5py.VirtualSource("odd.h5", DATA, (2, 6, 5))
    with master(here) as file:
        file.create_virtual_dataset(DATA, layout)
    return FRAMES


@kind
def virtual_single_frames(here):
    layout = h5py.VirtualLayout(FRAMES.shape, "u4")
    for number, frame in enumerate(FRAMES):
        with h5py.File(f"{here}/{number}.h5", "w") as file:
            file[DATA] = frame
        layout[number] = h5py.VirtualSource(f"{number}.h5", DATA, (6, 5))
    with master(here) as file:
        file.create_virtual_dataset(DATA, layout)
    return FRAMES


@kind
def virtual_without_end(here):
    source(f"{here}/s.h5", maxshape=(None, 6, 5))
    layout = h5py.VirtualLayout(FRAMES.shape, "u4", maxshape=(None, 6, 5))
    layout[: h5py.h5s.UNLIMITED] = h5py.VirtualSource("s.h5", DATA, FRAMES.shape, maxshape=(None, 6, 5))[
        : h5py.h5s.UNLIMITED
    ]
    with master(here) as file:
        file.create_virtual_dataset(DATA, layout)
    return FRAMES


@kind
def virtual_without_end_missing(here):
    virtual_without_end(here)
    os.remove(f"{here}/s.h5")
    return Refused("s.h5", "not there")


@kind
def virtual_of_as_many_files_as_there_are(here):
    with master(here) as file:
        space = h5py.h5s.create_simple((0, 6, 5), (h5py.h5s.UNLIMITED, 6, 5))
        space.select_hyperslab((0, 0, 0), (h5py.h5s.UNLIMITED, 1, 1), (1, 1, 1), (1, 6, 5))
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        frame = h5py.h5s.create_simple((6, 5))
        properties.set_virtual(space, b"frame_%b.h5", DATA.encode(), frame)
        file.create_group("entry/data")
        h5py.h5d.create(file.id, DATA.encode(), h5py.h5t.NATIVE_UINT32, space, properties)
    return Refused("frame_%b.h5", "as many sources")


@kind
def virtual_of_a_virtual_one(here):
    source(f"{here}/s.h5")
    virtual(here, "s.h5")
    os.rename(f"{here}/m.h5", f"{here}/inner.h5")
    virtual(here, "inner.h5")
    return FRAMES


@kind
def virtual_of_a_missing_virtual_one(here):
    virtual_of_a_virtual_one(here)
    os.remove(f"{here}/s.h5")
    return Refused("s.h5", "not there")


@kind
def virtual_two_files_in_a_circle(here):
    virtual(here, "m.h5")
    os.rename(f"{here}/m.h5", f"{here}/other.h5")
    virtual(here, "other.h5")
    return Refused("itself")


@kind
def virtual_of_a_step(here):
    source(f"{here}/s.h5")
    with master(here) as file:
        space = h5py.h5s.create_simple(FRAMES.shape)
        space.select_hyperslab((0, 0, 0), (4, 2, 2))
        space.select_hyperslab((0, 2, 0), (4, 2, 4), op=h5py.h5s.SELECT_OR)
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_virtual(space, b"s.h5", DATA.encode(), space)
        file.create_group("entry/data")
        whole = h5py.h5s.create_simple(FRAMES.shape)
        h5py.h5d.create(file.id, DATA.encode(), h5py.h5t.NATIVE_UINT32, whole, properties)
    return Refused("no grid")


@kind
def soft_link_to_nothing(here):
    with master(here) as file:
        file[DATA] = h5py.SoftLink("/no/where")
    return Refused("no/where", "not there")


@kind
def soft_link_to_itself(here):
    with master(here) as file:
        file[DATA] = h5py.SoftLink(f"/{DATA}")
    return Refused("circle")


@kind
def soft_links_in_a_circle(here):
    with master(here) as file:
        file[DATA] = h5py.SoftLink("/one")
        file["one"] = h5py.SoftLink("/two")
        file["two"] = h5py.SoftLink("/one")
    return Refused("circle")


@kind
def soft_links_in_a_row(here):
    with master(here) as file:
        file["kept/frames"] = FRAMES
        file[DATA] = h5py.SoftLink("next")
        file["entry/data/next"] = h5py.SoftLink("/alias/frames")
        file["alias"] = h5py.SoftLink("/kept")
    return FRAMES


@kind
def hard_links(here):
    with master(here) as file:
        file["kept/frames"] = FRAMES
        file["alias"] = file["kept"]
        file["entry/data/data"] = file["alias/frames"]
    return FRAMES


@kind
def external_links_in_a_row(here):
    source(f"{here}/9.h5")
    for number in range(9):
        with h5py.File(f"{here}/{number}.h5", "w") as file:
            file[DATA] = h5py.ExternalLink(f"{number + 1}.h5", DATA)
    external(here, "0.h5")
    return FRAMES


@kind
def external_links_in_a_circle(here):
    with h5py.File(f"{here}/other.h5", "w") as file:
        file[DATA] = h5py.ExternalLink("m.h5", DATA)
    external(here, "other.h5")
    return Refused("circle")


@kind
def external_link_that_leads_on_outside(here):
    source(f"{here}_outside/secret.h5")
    with h5py.File(f"{here}/other.h5", "w") as file:
        file[DATA] = h5py.ExternalLink(f"{here}_outside/secret.h5", DATA)
    external(here, "other.h5")
    return Refused("secret.h5", "outside")


@kind
def external_link_from_below_to_beside_the_master(here):
    source(f"{here}/beside.h5")
    os.mkdir(f"{here}/below")
    with h5py.File(f"{here}/below/other.h5", "w") as file:
        file[DATA] = h5py.ExternalLink("../beside.h5", DATA)
    external(here, "below/other.h5")
    return FRAMES


@kind
def external_link_to_raw_bytes_outside(here):
    storage(here, "/etc/passwd")
    os.rename(f"{here}/m.h5", f"{here}/other.h5")
    external(here, "other.h5")
    return Refused("/etc/passwd", "outside")


@kind
def external_link_to_a_group(here):
    source(f"{here}/other.h5")
    external(here, "other.h5", "entry/data")
    return Refused("no data set")


@kind
def numbered_files_with_a_gap(here):
    source(f"{here}/s.h5")
    with master(here) as file:
        for number in [1, 3]:
            file[f"entry/data/data_{number:06}"] = h5py.ExternalLink("s.h5", DATA)
    return Refused("missing")


@kind
def numbered_file_of_another_size(here):
    source(f"{here}/other.h5", FRAMES[:, 1:])
    numbered(here, "other.h5")
    return Refused("other.h5", "another size")


@kind
def numbered_file_of_fewer_frames(here):
    source(f"{here}/other.h5")
    numbered(here, "other.h5")
    source(f"{here}/first.h5", FRAMES[:3])
    return Refused("first.h5", "3 frames", "missing")


@kind
def fewer_frames_than_the_master_says(here):
    source(f"{here}/other.h5", FRAMES[:3])
    numbered(here, "other.h5")
    with h5py.File(f"{here}/m.h5", "a") as file:
        file["entry/instrument/detector/detectorSpecific/nimages"] = numpy.uint32(8)
    return Refused("other.h5", "frame 7 of 8", "missing")


@kind
def no_array(here):
    with master(here) as file:
        file[DATA] = 7
    return Refused("frames x slow x fast")


@kind
def empty_dataspace(here):
    with master(here) as file:
        file[DATA] = h5py.Empty("u4")
    return Refused("frames x slow x fast")


@kind
def master_cut_off(here):
    source(f"{here}/m.h5")
    os.truncate(f"{here}/m.h5", os.path.getsize(f"{here}/m.h5") - 1)
    return Refused("cut off")


@kind
def master_behind_a_symlink(here):
    source(f"{here}/real/s.h5")
    external(here, "s.h5")
    os.rename(f"{here}/m.h5", f"{here}/real/m.h5")
    os.symlink("real/m.h5", f"{here}/m.h5")
    return FRAMES


@kind
def mask_behind_a_missing_link(here):
    source(f"{here}/m.h5")
    with h5py.File(f"{here}/m.h5", "a") as file:
        file["entry/instrument/detector/pixel_mask"] = h5py.ExternalLink("gone.h5", "mask")
    return Told(FRAMES, "pixel_mask", "gone.h5", "left out")


@kind
def wavelength_of_bytes_outside(here):
    source(f"{here}/m.h5")
    with h5py.File(f"{here}/m.h5", "a") as file:
        file.create_dataset(
            "entry/instrument/beam/incident_wavelength", (1,), "f8", external=[("/etc/passwd", 0, 8)]
        )
    return Told(FRAMES, "incident_wavelength", "left out")


def complaint(program, here, expected, name):
    """What is wrong with what `program` makes of the file in `here`; None if nothing is."""
    words = [program, "convert", f"{here}/m.h5", f"{here}/out_###.npy", "--quiet"]
    if name.endswith("_allowed"):
        words.append("--links-anywhere")
    try:
        run = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, cwd=os.sep)
    except subprocess.TimeoutExpired:
        return f"it took more than {SECONDS} s"
    said = run.stderr.strip()
    if isinstance(expected, Refused):
        lacking = [word for word in expected.words if word not in said]
        if run.returncode != 1 or len(said.splitlines()) != 1 or lacking:
            return f"exit code {run.returncode}, expected a line with {expected.words}: {said}"
        return None
    told = isinstance(expected, Told)
    frames, words = (expected.frames, expected.words) if told else (expected, ())
    lacking = [word for word in words if word not in said]
    if run.returncode != 0 or lacking or bool(said) != told:
        return f"exit code {run.returncode}, expected {words}: {said}"
    for number, frame in enumerate(frames, start=1):
        found = numpy.load(f"{here}/out_{number:03}.npy")
        if found.shape != frame.shape or not (found == frame).all():
            return f"frame {number} is another"
    return f"frame {number + 1}" if os.path.exists(f"{here}/out_{number + 1:03}.npy") else None


def main(program, folder):
    program, folder = os.path.abspath(program), os.path.realpath(folder)
    failures = 0
    for name, write in KINDS.items():
        here = f"{folder}/{name}"
        os.makedirs(here)
        wrong = complaint(program, here, write(here), name)
        if wrong:
            failures += 1
            print(f"{name}: {wrong}")
    print(f"tries {len(KINDS)} failures {failures}")
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
