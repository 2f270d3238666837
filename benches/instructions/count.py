#!/usr/bin/env python3
"""Counts the instructions of innermost loops, per term.

    count.py amd LISTING TERMS    what RADV prints of a compiled kernel
    count.py nvidia LISTING       what `nvdisasm -c` prints of twin.cu; a reciprocal stands for a term

Every branch of a loop is counted as taken. AMD: `valu` runs at the full rate; `trans` and `slow` at a
quarter of it. NVIDIA: `all` start one a cycle, and `xu` runs at a quarter of the rate or less.
"""
import collections
import re
import sys

AMD = [
    ("trans", r"v_(rcp|rsq|sqrt|exp|log|sin|cos)_"),
    ("slow", r"v_(cvt|mul_lo|mul_hi|mad_u64|.*_f64)"),
    ("valu", r"v_"),
    ("lds", r"ds_"),
    ("load", r"(buffer|global|scratch|s_load|s_buffer)_"),
    ("scalar", r"s_"),
]
NVIDIA = [("xu", r"MUFU|FRND|F2I|I2F|F2F"), ("fp32", r"FFMA|FADD|FMUL"), ("lds", r"LDS"), ("other", r"")]


def amd(lines):
    """Labels and instructions, as (label, None) and (name, labels jumped to)."""
    for line in lines:
        repeated = re.match(r"\s*\(then repeated (\d+) times\)", line)
        code = line.split(";")[0].strip()
        if repeated:
            # The disassembler writes what follows itself but once.
            yield from [last] * int(repeated[1])
        elif re.match(r"BB\d+:", code):
            yield code.rstrip(":"), None
        elif re.match(r"[vs]_|ds_|buffer_|global_|scratch_", code):
            last = code.split()[0], re.findall(r"BB\d+", code)
            yield last


def nvidia(lines):
    for line in lines:
        label = re.match(r"\s*(\.L_x_\w+):", line)
        code = re.match(r"\s*/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z]\w*)(.*);", line)
        if label:
            yield label[1], None
        elif code:
            yield code[1], re.findall(r"\.L_x_\w+", code[2]) if code[1] == "BRA" else []


def inner_loops(items):
    """The instructions of each loop that holds no other."""
    items = list(items)
    places = {name: place for place, (name, targets) in enumerate(items) if targets is None}
    ends = {}
    for place, (_, targets) in enumerate(items):
        for target in targets or []:
            if places[target] <= place:
                ends[places[target]] = place
    for first, last in sorted(ends.items()):
        if not any(first < other and end < last for other, end in ends.items()):
            yield [name for name, targets in items[first : last + 1] if targets is not None]


def counted(names, kinds, terms):
    kind = lambda name: next((kind for kind, rule in kinds if re.match(rule, name)), "other")
    counts = collections.Counter(map(kind, names))
    parts = " ".join(f"{kind} {counts[kind] / terms:g}" for kind, _ in kinds if counts[kind])
    return f"{parts}, all {len(names) / terms:g}"


lines = open(sys.argv[2]).read().splitlines()
if sys.argv[1] == "amd":
    wanted = r"VGPRs|Spilled|Subgroups per SIMD|LDS size"
    print("   ", "; ".join(line for line in lines if re.match(wanted, line)))
    # The longest loop is that over orientations.
    loops = inner_loops(amd(lines))
    print("   ", counted(max(loops, key=len), AMD, float(sys.argv[3])))
else:
    for part in re.split(r"\.section\s+\.text\.", "\n".join(lines))[1:]:
        names = max(inner_loops(nvidia(part.splitlines())), key=len)
        name = re.match(r"_Z6renderI\d+(\w+?)Ev", part)
        print("   ", name[1], counted(names, NVIDIA, names.count("MUFU")))
