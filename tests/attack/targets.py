"""Commands that write files, and what is true of their folder at any time.

`kills.py` and `signals.py` start these commands and end them at random times. A command is known by
two sets of files: those of an earlier run, the old ones, which are there before it starts, and its
own, the new ones. Whatever happens, each file is one or the other, to the last byte. Of a series in
HDF5 files, a part may be there, too: a master and data files that hold the first frames of the new
series, to the last bit.
"""

import os
import random
import re
import shutil
import subprocess
import time

SMALL = "-default_F 100 -cell 70 -N 5 -distance 100 -detpixels 120 --quiet"

# Name, command line, and what the old files differ in. IN is an image that lies outside of the
# folder; big.bin is one whose conversion takes seconds.
KINDS = [
    (
        "render",
        f"{SMALL} -floatfile f.bin -intfile i.img -noisefile n.img --png p.png --tiff t.tif "
        "--out o.cbf -seed 1 --write-config e.toml --write-expt e.expt",
        "-lambda 1.0",
        "-lambda 1.1",
    ),
    (
        "series",
        f"series --frames 6 -osc 1 {SMALL} --out s_####.cbf --out-noise n_####.img "
        "-seed 1 --write-expt s.expt",
        "-lambda 1.0",
        "-lambda 1.1",
    ),
    (
        "series in one file",
        f"series --frames 6 -osc 1 {SMALL} --out one.h5",
        "-lambda 1.0",
        "-lambda 1.1",
    ),
    (
        "series in data files",
        f"series --frames 6 -osc 1 {SMALL} --frames-per-file 2 --out a_master.h5",
        "-lambda 1.0",
        "-lambda 1.1",
    ),
    ("convert", "convert ../frames.h5 c_####.npy --quiet", "--type i32", "--type u16"),
    ("convert to one file", "convert ../frames.h5 c.nxs --quiet", "--type i32", "--type u16"),
    (
        "gradient",
        "gradient --of all --out g.npy --quiet -- -default_F 100 -cell 70 -N 5 -distance 100 "
        "-detpixels 120",
        "-lambda 1.0",
        "-lambda 1.1",
    ),
    ("noise", "noise ../image.bin n.cbf --size 120 120 --quiet", "--seed 1", "--seed 2"),
]
# The master that a series has until its last frame is there, and frames in a full data file.
PARTS = {"series in one file": ("one_partial.h5", 100), "series in data files": ("a_master.h5", 2)}
LONG = ("large image", "convert ../big.bin big.h5 --size 2500 2500 --quiet",
        "--compression bslz4", "--compression gzip")

ENVIRONMENT = dict(os.environ, NANOBRAGG_DEVICE="cpu", XDG_RUNTIME_DIR="/tmp")


class Command:
    """A command, and the files that it leaves."""

    def __init__(self, program, folder, kind):
        self.name, line, old, new = kind
        self.program, self.folder = program, folder
        self.words = [line.split() + change.split() for change in (old, new)]
        self.old, _ = self.completed(0)
        self.new, self.seconds = self.completed(1)
        self.part, self.full = PARTS.get(self.name, (None, 0))
        self.frames = []
        if self.part:
            self.frames = self.read(next(name for name in self.new if "_data_" not in name))
        assert self.old.keys() == self.new.keys(), self.name
        assert all(self.old[name] != self.new[name] for name in self.old), self.name

    def completed(self, which):
        """The files of a run that nobody disturbs, and how long it takes."""
        emptied(self.folder)
        started = time.monotonic()
        message = said(self.start(which))
        assert message == "", (self.name, message)
        return contents(self.folder), time.monotonic() - started

    def start(self, which=1, prepare=None):
        return subprocess.Popen(
            [self.program] + self.words[which],
            cwd=self.folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=prepare,
        )

    def lay_out(self, some):
        """The old files, or without `some` none."""
        emptied(self.folder)
        for name, content in (self.old if some else {}).items():
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(content)
        return self.old if some else {}

    def wrong(self, before):
        """What is wrong with the folder where the files `before` were, and which files are new."""
        there, new, wrong = contents(self.folder), set(), []
        for name, content in there.items():
            if content == self.new.get(name) or (content != before.get(name) and self.is_part(name)):
                new.add(name)
            elif content != before.get(name):
                wrong.append(f"{name} is neither the old file nor the new one")
        # The master of an earlier series goes before the first of its data files is replaced.
        going = self.part if any("_data_" in name for name in new) else None
        wrong += [f"{name} is gone" for name in before if name not in there and name != going]
        return wrong, new

    def is_part(self, name):
        """Whether the file `name` holds a part of the new series."""
        if not self.part:
            return False
        first = 0
        if name != self.part:
            stem = self.part.removesuffix("_master.h5").removesuffix(".h5")
            number = re.fullmatch(re.escape(stem) + r"_data_(\d{6})\.h5", name)
            if not number:
                return False
            first = (int(number[1]) - 1) * self.full
        frames = self.read(name)
        return bool(frames) and frames == self.frames[first : first + len(frames)]

    def kept(self):
        """How many frames of the new series the master of its part leads to; None without one."""
        if not self.part or not os.path.exists(os.path.join(self.folder, self.part)):
            return None
        return len(self.read(self.part)) if self.is_part(self.part) else None

    def read(self, name):
        """The frames of the HDF5 file `name`, none if it cannot be read."""
        outside = self.folder + "_read"
        emptied(outside)
        line = ["convert", name, os.path.join(outside, "####.npy"), "--quiet"]
        words = [self.program] + line
        subprocess.run(words, cwd=self.folder, env=ENVIRONMENT, capture_output=True, check=False)
        frames = contents(outside)
        return [frames[name] for name in sorted(frames)]


def commands(program, folder, long=False):
    """Every command, with a folder of its own in `folder`."""
    program = os.path.abspath(program)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(os.path.join(folder, "big.bin"), "wb") as file:
        # Exponents of floats between 1 and 4, so that no pixel is odd.
        values = bytearray(random.Random(1).randbytes(2500 * 2500 * 4 if long else 4))
        values[3::4] = b"\x40" * (len(values) // 4)
        file.write(values)
    for line in (
        f"{SMALL} -lambda 1 -floatfile image.bin",
        f"series --frames 6 -osc 1 {SMALL} -lambda 1 --out frames.h5",
    ):
        subprocess.run([program] + line.split(), cwd=folder, env=ENVIRONMENT, check=True)
    kinds = KINDS + [LONG] * long
    return [Command(program, os.path.join(folder, kind[0].replace(" ", "_")), kind) for kind in kinds]


def said(running, timeout=60):
    """The messages of a process that comes to its end, without notices."""
    try:
        text = running.communicate(timeout=timeout)[1].decode()
    except subprocess.TimeoutExpired:
        running.kill()
        text = running.communicate()[1].decode() + "it does not end\n"
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("nanobragg: note: "))


def emptied(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)


def contents(folder):
    """The bytes of every file that a user sees."""
    files = {}
    for name in os.listdir(folder):
        if not name.startswith("."):
            with open(os.path.join(folder, name), "rb") as file:
                files[name] = file.read()
    return files


def leftovers(folder):
    """Every name that a user does not see."""
    return [name for name in os.listdir(folder) if name.startswith(".")]


def moment(command, chance):
    """A time at which to end `command`: any, and its last quarter, in which files are, as often."""
    first = chance.choice([0, 0.75])
    return command.seconds * chance.uniform(first, 1.05)


def told(tries, failures):
    """Prints what came of the tries, and gives the exit code."""
    for failure in failures[:20]:
        print(failure)
    print(f"tries {tries} failures {len(failures)}")
    return 1 if failures else 0
