#!/usr/bin/env python3
"""Odd numbers under every numeric flag of every command, and under the keys of experiment files.

    odd_numbers.py PROGRAM FOLDER COUNT SEED

The C library's strtod says what a word is worth, and Python's tomllib what a file says. A number is
taken with that value, which the written experiment file shows, or refused as its plain decimal
spelling is. A word that is no number is refused. A refusal names the flag or the file, the value and
what is accepted. No run crashes, hangs, or takes another value without a notice.
"""

import ctypes
import math
import random
import re
import shutil
import sys
import tempfile
import tomllib
from decimal import Decimal
from pathlib import Path

from support import Run, attack

ROOT = Path(__file__).resolve().parents[2]
BASE = "-default_F 100 -cell 70 80 90 -N 5 -detpixels 8 -pixel 1 -oversample 1 --device cpu".split()
# Names of values that are no numbers.
TEXTS = {"FILE", "LABEL", "DEVICE", "DIR", "PROGRAM", "LOG", "FLAGS"}
NUMERIC = re.compile(r"expected .*(number|angle|percentage|coordinate|correlation|index)")
ACCEPTED = re.compile(
    r"expected|must|at most|no more than|from .* to|leave|give|take|add|counted from|has \d+ |whose|it is for|check|too \w+ or"
)
KEYS = {
    "crystal": {"default_F": "100", "cell_A_deg": "[70, 80, 90]", "cells": "5"},
    "detector": {"pixels": "8", "pixel_mm": "1"},
    "sampling": {"oversample": "1"},
    "run": {"device": '"cpu"'},
}
# Spellings of TOML, and some that are none.
OF_TOML = [
    "inf", "-inf", "+inf", "nan", "-nan", "0x1F", "0o17", "0b11", "1_000", "1_0.5", "1e999", "-1e999",
    "9223372036854775808", "9" * 40, ".5", "5.", "1e", "01", "-01", "+-1", "0x", "1__0", "٣", "", "true",
    '"5"', "'-5'", "[]", "[[5]]", "{}", "1979-05-27", "07:32:00", '"random5"', "1e3.5", "0x1.8p3", "-0",
    "+0.0", "-0e0", "5e-324", "-5e-324", "1e-400",
]
# Words that are no numbers; those that begin with one dash and a letter are flags, and not here.
NO_NUMBERS = [
    "", " ", ".", "-", "+", "5x", "-5x", "-.5x", "1e", "-1e", "1e+", "-1e-", "+-5", "1,5", "-1,5",
    "1_000", "5 6", "٣", "½", "５", "−5", "1d3", "-1d3", "0x", "0xg", "-0xg", "0x1p", "0b1", "e5", ".e5",
    "true", "None", "1/2", "5%", "5mm", "1e5.5", "1..2", "1.2.3", "infx", "nanx", "in", "\u200b5",
    "5\u00a0", "5 ", "5\n", "1e5\t", "$((1))", "*", "%s%n", "\x1b[31m5", "5;6", "1e--5", "0x1.8p3.5",
    "infinit",
]
NOT_FINITE = [
    "inf", "-inf", "+inf", "INF", "infinity", "-infinity", "Infinity", "nan", "-nan", "NaN", "nan(1)",
    "-nan(0x7)", "1e309", "-1e309", "1e99999999999999999999", "-1e99999999999999999999", "0x1p1024", "9" *
    400, "7" * 100_000,
]
EXTREMES = [
    0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308,
    1e-12, -1e-12, 1e6, 1e15, 2.0**31, 2.0**32 - 1, 2.0**32, 2.0**53, 2.0**63, -(2.0**63), 1e19, -1.0,
    1.0, 360.0, 100.0, 90.0, 1024.0,
]

libc = ctypes.CDLL(None)
libc.strtod.restype = ctypes.c_double
libc.strtod.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p)]


def strtod(word):
    """The number that C's strtod makes of all of `word`; None where it leaves some of it."""
    text = word.encode()
    behind = ctypes.c_char_p()
    number = libc.strtod(text, ctypes.byref(behind))
    return number if text and not behind.value else None


def plain(number):
    """The decimal spelling of a finite number without an exponent."""
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def odd_spelling(rng, number):
    """A spelling of `number` that strtod takes."""
    digits = plain(abs(number))
    sign = "-" if math.copysign(1, number) < 0 else rng.choice(["", "+"])
    whole, _, fraction = digits.partition(".")
    shift = rng.randint(-8, 8)
    shifted = format(Decimal(digits).scaleb(-shift), "f")
    spellings = [
        repr(abs(number)),
        f"{abs(number):.17e}",
        f"{abs(number):.17E}",
        f"{rng.choice(['0', '000'])}{digits}",
        digits if fraction else f"{whole}.",
        f".{fraction}" if whole == "0" and fraction else f"{digits}e0",
        f"{shifted}e{shift}",
        f"{shifted}E{shift:+03d}",
        f"{digits}{'' if fraction else '.'}{'0' * 40}",
        abs(number).hex(),
        abs(number).hex().upper(),
    ]
    return sign + rng.choice(spellings)


def number_of(rng, whole):
    """A finite number such as people give, or at an end of what there is."""
    kind = rng.random()
    if kind < 0.2:
        number = rng.choice(EXTREMES)
    elif kind < 0.5:
        number = float(rng.randint(1, 40))
    elif kind < 0.7:
        number = round(rng.uniform(0, 200), rng.randint(0, 3))
    else:
        number = 10 ** rng.uniform(-7, 7)
    number *= rng.choice([1, 1, -1])
    return float(round(number)) if whole and rng.random() < 0.8 else number


def word_of(rng, whole):
    """A word for a numeric flag."""
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(NO_NUMBERS)
    if kind < 0.3:
        return rng.choice(NOT_FINITE)
    number = number_of(rng, whole)
    if whole and number == round(number) and abs(number) < 1e300 and rng.random() < 0.5:
        return f"{rng.choice(['', '+', '0', '00'])}{int(number)}" if number >= 0 else f"{int(number)}"
    return odd_spelling(rng, number)


class Flag:
    """A numeric flag of a command, as its help has it."""

    def __init__(self, command, name, values, expected):
        self.command, self.name, self.values, self.expected = command, name, values, expected
        self.whole = "whole number" in expected

    def line(self, words):
        """The flag with these values, as a command line has it."""
        return [self.name, *words]

    def sound(self):
        """Values that the flag takes, as many as it needs."""
        if self.name in ("-roi", "--roi"):
            return ["1", "5", "1", "5"]
        return ["2"] * self.values if self.whole else ["5", "4", "3"][: self.values]


class SlabNumber(Flag):
    """A number within the value of --background."""

    KEYS = {"thickness": "thickness_mm", "density": "density_g_per_cm3", "mw": "molar_mass_g_per_mol"}

    def __init__(self, name):
        super().__init__([], "--background", 1, "a number")
        self.key = self.KEYS[name]
        self.others = "".join(f",{other}=1" for other in self.KEYS if other != name)
        self.entry = name

    def line(self, words):
        return [self.name, f"liquid.stol{self.others},{self.entry}={words[0]}"]


def flags_of(program, command, folder, known):
    """The numeric flags of a command's help that are not `known` already."""
    text = Run([program, *command, "-h"], folder).out
    topic, entries = None, []
    for line in text.splitlines():
        if re.match(r"^\S.*:$", line):
            topic = line
        elif found := re.match(r"^ {6,7}(--?[\w-]+)(?: (\[?<.*?))?(?:  +(.*))?$", line):
            entries.append([topic, found[1], found[2] or "", found[3] or ""])
        elif entries and line.startswith("         "):
            entries[-1][3] += " " + line.strip()
    numeric = []
    for topic, name, values, about in entries:
        if not values or name in known or topic.startswith("Ignored") or "[possible values" in about:
            continue
        count = 3 if "x y z" in values else values.count("<")
        words = [program, *command, *([] if command else [*BASE, "--dry-run"]), name, *["x"] * count]
        said = Run(words, folder).err
        if NUMERIC.search(said) and f"{name} x" in said:
            numeric.append(Flag(command, name, count, said))
        elif not TEXTS & set(re.findall(r"\w+", values)):
            sys.exit(f"{name} {values}: is it a number? {said}")
    return numeric


def places():
    """The section, key and axis that each flag of a render gives, from the table of docs/config.md."""
    found, section = {}, None
    for line in (ROOT / "docs/config.md").read_text().splitlines():
        if heading := re.match(r"### \[(\w+)\]", line):
            section = heading[1]
        elif row := re.match(r"\| `(\w+)` \| (.*?) \| (.*) \|", line):
            names = re.findall(r"`(\S+)`", row[2])
            axes = "a table of some of" in row[3]
            for place, name in enumerate(names):
                found[name] = (section, row[1], place - 1 if axes and place else None)
    return found


AXES = {3: ["a", "b", "c"], 2: ["fast", "slow"]}


def written(text, place):
    """The numbers that a written experiment file has at `place`, behind a # or not; None for none."""
    section, key, axis = place
    uncommented = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.M)
    # A key may stand twice, the second time behind a #: the word, and what came of it.
    lines, seen, current = [], set(), ""
    for line in uncommented.splitlines():
        name = line.split(" = ")[0]
        current = line if line.startswith("[") else current
        if " = " not in line or (current, name) not in seen:
            lines.append(line)
        seen.add((current, name))
    value = tomllib.loads("\n".join(lines)).get(section, {}).get(key)
    if value is None or axis is None:
        return value if value is None or isinstance(value, list) else [value]
    if isinstance(value, dict):
        names = next(names for names in AXES.values() if set(value) <= set(names))
        return [value[names[axis]]] if names[axis] in value else None
    return [value[axis]] if isinstance(value, list) else [value]


def finite(number):
    """Whether this is a finite number, and no word or truth."""
    return isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number)


def complaint(run, word, number, names, quantity):
    """What is wrong with a refusal of a word, which stands for a finite `number` or not; None for
    nothing. It has to hold one of `names`; of a number that does not go together with others the
    words of a `quantity` will do.
    """
    said = run.err.strip()
    if len(said) > 1500:
        return "a refusal of many bytes"
    if "no such flag" in said or "expected a flag" in said:
        return "a value is taken for a flag"
    known = [*names, *(part for part in quantity.split("_") if len(part) > 3 and number)]
    if not any(name in said for name in known):
        return "a refusal that does not name the flag"
    shown = re.findall(r"\w+", word)
    if shown and shown[0][:6] not in said and not number:
        return "a refusal that does not name the value"
    if not ACCEPTED.search(said):
        return "a refusal that does not say what is accepted"
    return None


def is_told(run, *names):
    """Whether a notice names the flag or key."""
    words = [re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])") for name in names]
    notices = [line for line in run.err.splitlines() if "note:" in line]
    return any(word.search(line) for word in words for line in notices)


class Attack:
    """The tries: a word under a flag, or under a key of an experiment file."""

    def __init__(self, program, folder):
        self.program, self.folder = program, Path(folder)
        self.places = places()
        self.prepare()
        self.flags = flags_of(program, [], folder, set()) + [SlabNumber(name) for name in SlabNumber.KEYS]
        render = {flag.name for flag in self.flags}
        unseen = [name for name in render if name not in self.places and name != "-trace_pixel"]
        if len(render) < 80 or unseen:
            sys.exit(f"{len(render)} numeric flags of a render; not in docs/config.md: {unseen}")
        # A series takes the flags of a render: it is tried with its own.
        for command in ["series", "noise", "convert", "compare", "info", "bench", "trace"]:
            self.flags += flags_of(program, [command], folder, render if command == "series" else set())

    def prepare(self):
        """The files that commands work on."""
        files = ["--out", "x.bin", "--out", "x.npy", "--out", "x.cbf"]
        render = Run([self.program, *BASE, "--quiet", *files], self.folder)
        shutil.copy(ROOT / "golden/liquid.stol", self.folder)
        frames = [self.program, "series", "--frames", "2", "-osc", "1", *BASE, "--out", "s.nxs"]
        for run in (render, Run(frames, self.folder)):
            if not run.done():
                sys.exit(f"the commands to attack cannot be prepared: {run}")

    def line(self, flag, words, folder):
        """A command line that gives `flag` these words, and leaves what it makes in `folder`."""
        if flag.command == []:
            # What is printed of a pixel is no part of an experiment, and no dry run prints it.
            seen = ["--dry-run", "--write-config", f"{folder}/a.toml"]
            work = ["--quiet", "--out", f"{folder}/a.bin"] if flag.name.endswith("_pixel") else seen
            return [self.program, *BASE, *work, *flag.line(words)]
        if flag.command == ["series"]:
            scan = ["series", "-osc", "1", *BASE, "--dry-run", "--out", f"{folder}/s.nxs"]
            return [self.program, *scan, *flag.line(words)]
        of_many = flag.name == "--frame"
        bare = flag.name == "--size"
        size = [] if bare or of_many else ["--size", "8", "8"]
        picture = "png" if "png" in flag.name else "cbf"
        own = {
            "noise": ["x.bin", f"{folder}/n.cbf", "--device", "cpu", "-seed", "1", *size],
            "convert": ["s.nxs" if of_many else "x.bin" if bare else "x.cbf", f"{folder}/c.{picture}"],
            "compare": ["x.bin" if bare else "x.npy", "x.npy", "--json"],
            "info": ["s.nxs" if of_many else "x.bin", "--json", *size],
            "bench": [
                "--sizes",
                "8",
                "--iterations",
                "1",
                "--device",
                "cpu",
                "--out",
                f"{folder}/b",
                "--json",
            ],
            "trace": ["--pixel", "1", "1", "--device", "cpu"],
        }[flag.command[0]]
        behind = {"trace": ["--", *BASE[:-2]], "bench": ["--", *BASE[:6]]}.get(flag.command[0], [])
        return [self.program, *flag.command, *own, *flag.line(words), *behind]

    def outcome(self, flag, words):
        """The run with these words, and what it made: files and standard output, without times."""
        with tempfile.TemporaryDirectory(dir=self.folder) as made:
            made = Path(made)
            run = Run(self.line(flag, words, made.name), self.folder)
            files = sorted(path for path in made.rglob("*") if path.is_file())
            if flag.command in ([], ["bench"]) and not flag.name.endswith("_pixel"):
                text = (made / "a.toml").read_text() if (made / "a.toml").is_file() else None
                return run, text
            printed = re.sub(r'"(seconds|path|\w*bytes)": .*|' + re.escape(made.name), "", run.out)
            return run, (printed, [path.read_bytes() for path in files])

    def judge(self, flag, words, at):
        """The problem with one try of a flag, whose word `at` is odd."""
        word = words[at]
        number = strtod(word)
        run, made = self.outcome(flag, words)
        if fault := run.fault():
            return fault, run
        if not run.done():
            quantity = self.place(flag)[1] if not flag.command else ""
            problem = complaint(run, word, finite(number), [flag.name], quantity)
            if problem and self.outcome(flag, flag.sound())[0].err != run.err:
                return problem, run
            if finite(number) and not flag.whole:
                words = [*words[:at], plain(number), *words[at + 1 :]]
                if self.outcome(flag, words)[0].done():
                    return "a number is refused that is taken in plain decimals", run
            return None, run
        if number is None:
            return "a word that is no number is taken", run
        if not finite(number) and (number != math.inf or flag.name != "-detector_abs"):
            return "a number is taken that is not finite", run
        told = is_told(run, flag.name)
        if not flag.command and not flag.name.endswith("_pixel"):
            values = written(made, self.place(flag))
            if isinstance(flag, SlabNumber):
                values = [values[0][flag.key]]
            given = [strtod(text) for text in words]
            if told or (values is not None and [float(value) for value in values[: len(given)]] == given):
                return None, run
            return f"another value is taken, {values}", run
        if math.isinf(number):
            return None, run
        other, made_of_plain = self.outcome(flag, [*words[:at], plain(number), *words[at + 1 :]])
        if flag.command != ["bench"] and (not other.done() or made != made_of_plain):
            return "another value is taken than that of the plain decimals", run
        return None, run

    def place(self, flag):
        """Where a flag of a render stands in experiment files."""
        return self.places["-printout_pixel" if flag.name == "-trace_pixel" else flag.name]

    def judge_key(self, flag, text):
        """The problem with `text` as the value of a key."""
        section, key, _ = place = self.place(flag)
        values = [text, *flag.sound()[1:]]
        value = text if flag.values == 1 else f"[{', '.join(values)}]"
        content = {**KEYS, section: {**KEYS.get(section, {}), key: value}}
        text_of = "".join(
            f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
            for name, keys in content.items()
        )
        try:
            meant = tomllib.loads(text_of)[section][key]
        except tomllib.TOMLDecodeError:
            meant = None
        with tempfile.TemporaryDirectory(dir=self.folder) as made:
            made = Path(made)
            (made / "k.toml").write_text(text_of)
            run = Run([self.program, "--config", "k.toml", "--dry-run", "--write-config", "a.toml"], made)
            taken = written((made / "a.toml").read_text(), place) if run.done() else None
        if fault := run.fault():
            return fault, f"{key} = {value}: {run}"
        if not run.done() and meant is None:
            line = text_of.split(f"\n{key} = ")[0].count("\n") + 2
            said = f"k.toml, line {line}: " in run.err
            return None if said else "a refusal that does not name the line", f"{key} = {value}: {run}"
        meant = meant if isinstance(meant, list) else [meant]
        numbers = all(finite(number) or number == math.inf for number in meant) and meant
        if not run.done():
            return complaint(run, text, numbers, ["k.toml"], key), f"{key} = {value}: {run}"
        told = is_told(run, key, flag.name)
        if not numbers and not (flag.name == "--png-rings" and meant == []):
            return "what is no number is taken", f"{key} = {value}: {run}"
        if not told and [float(number) for number in taken or []][: len(meant)] != [
            float(number) for number in meant
        ]:
            return f"another value is taken, {taken}", f"{key} = {value}: {run}"
        return None, run

    def one(self, rng):
        """One try."""
        flag = rng.choice(self.flags)
        keyed = not flag.command and self.place(flag)[2] is None and not flag.name.endswith("_pixel")
        if keyed and not isinstance(flag, SlabNumber) and rng.random() < 0.25:
            text = rng.choice(OF_TOML)
            if rng.random() < 0.6:
                number = number_of(rng, flag.whole)
                spelt = str(int(number)) if flag.whole else repr(number)
                text = rng.choice([repr(number), f"{number:.17e}", f"{number:+.17E}", spelt])
            return lambda: self.judge_key(flag, text)
        words = flag.sound()
        at = rng.randrange(len(words))
        word = word_of(rng, flag.whole)
        if flag.command == ["bench"] and strtod(word) is not None:
            # What bench takes it renders, as often and as large as it is told.
            parts = ["0.5", ".5", "-.5", "5e-1", "+5E-01", "0x.8p0"]
            word = rng.choice(["2", "+2", "02", "3"] if flag.whole else parts)
        if flag.name in ("--background", "--sizes"):
            # Commas part the words of these.
            word = word.replace(",", "x")
        words[at] = word
        return lambda: self.judge(flag, words, at)


def main():
    program, folder, count, seed = sys.argv[1:]
    rng = random.Random(int(seed))
    odd = Attack(str(Path(program).resolve()), folder)
    attack([odd.one(rng) for _ in range(int(count))])


if __name__ == "__main__":
    main()
