#!/usr/bin/env python3
"""Terminal escapes in files, names and words: escapes.py PROGRAM FOLDER

Each try plants hostile characters in one place and looks for them in what the program prints.
Prints "tries N failures M"; the exit code is 1 if there are failures.
"""

import json
import os
import subprocess
import sys
import unicodedata

PROGRAM, FOLDER = os.path.abspath(sys.argv[1]), sys.argv[2]
os.makedirs(FOLDER, exist_ok=True)
os.chdir(FOLDER)

HOSTILE = [
    "\x1b[2J", "\x1b]0;owned\x07", "\x1bP1$r\x1b\\", "\x08\x08\x08", "\x7f", "\x9b31m", "\x9d0;x\x9c",
    "\u202e", "\u2066\u2069", "\u200b\ufeff",
]
SCENE = ["-default_F", "1", "-cell", "70", "-detpixels", "4", "--device", "cpu"]


def hidden(text):
    """The characters of text that steer a terminal or are not seen."""
    found = [c for c in text if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
    return "".join(found)


def write(name, content):
    with open(name, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    return name


def smv(entry):
    header = ("{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\n"
              "SIZE1=2;\nSIZE2=1;\n%s}\n" % entry).encode()
    return header.ljust(512) + b"\1\0\2\0"


def rendered(name):
    """An image of this name, rendered once."""
    if not os.path.exists(name):
        subprocess.run([PROGRAM, *SCENE, "--out", name, "--quiet"], check=True, capture_output=True)
    return open(name, "rb").read()


def patched(name, mark, escape):
    """The rendered image, with the escape over bytes behind the last mark."""
    content, escape = bytearray(rendered(name)), escape.encode()
    place = content.rindex(mark)
    content[place:place + len(escape)] = escape
    return bytes(content)


def places(number, e):
    """(what, command line, whether standard output is JSON) of every place for the escape e."""
    yield "SMV value", ["info", write("v%d.img" % number, smv("A=%s;\n" % e))], False
    yield "SMV key", ["info", write("k%d.img" % number, smv("A%s=1;\n" % e))], False
    yield "SMV, JSON", ["info", "v%d.img" % number, "--json"], True
    cbf = rendered("r.cbf").replace(b"# Detector:", b"# Detector: " + e.encode(), 1)
    yield "CBF header", ["info", write("c%d.cbf" % number, cbf)], False
    cbf = patched("r.cbf", b"cell_A", e)
    yield "CBF record", ["info", write("d%d.cbf" % number, cbf), "--config"], False
    yield "HDF5 string", ["info", write("n%d.h5" % number, patched("r.h5", b"nanobragg", e)), "--json"], True
    yield "name of a file", ["info", "missing%s.img" % e], False
    yield "experiment file", ["--config", write("b%d.toml" % number, '[beam]\n"x%s" = 1\n' % e)], False
    atoms = "CRYST1%s\nATOM  %s 1\n" % (e, e)
    yield "PDB", ["-coords", write("a%d.pdb" % number, atoms)], False
    cif = "data_%s\nloop_\n_atom_site.%s\n_cell.length_a %s\n" % (e, e, e)
    yield "mmCIF", ["-coords", write("a%d.cif" % number, cif)], False
    hkl = write("h%d.hkl" % number, "1 2 %s 4\n" % e)
    yield "reflections", ["-hkl", hkl, "-cell", "70"], False
    yield "geometry", [*SCENE, "-geom", write("g%d.geom" % number, "p0/%s = %s\n" % (e, e))], False
    yield "experiment list", [*SCENE, "-expt", write("x%d.expt" % number, '{"%s": %s}' % (e, e))], False
    yield "word", ["%s" % e], False
    yield "value of a flag", [*SCENE, "-lambda", e], False


tries = failures = 0
for number, escape in enumerate(HOSTILE):
    for what, line, is_json in places(number, escape):
        tries += 1
        run = subprocess.run([PROGRAM, *line], capture_output=True, timeout=60)
        out, err = run.stdout.decode(errors="replace"), run.stderr.decode(errors="replace")
        problem = None
        if run.returncode not in (0, 1, 2):
            problem = "exit code %d: %s" % (run.returncode, err)
        elif hidden(out) or hidden(err):
            problem = "printed %r" % (hidden(out) + hidden(err))
        elif not out and not err:
            problem = "printed nothing"
        elif is_json and run.returncode == 0:
            try:
                json.loads(out)
            except ValueError as error:
                problem = "no JSON: %s" % error
        if problem:
            failures += 1
            print("%s, %r: %s" % (what, escape, problem))
print("tries %d failures %d" % (tries, failures))
sys.exit(failures > 0)
