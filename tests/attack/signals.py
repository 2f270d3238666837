"""signals.py PROGRAM FOLDER COUNT SEED: interrupts runs at random times.

A signal that was ignored when the program started changes nothing. One that was not ends the
program within a second with exit code 130 and one message, which tells the truth about the files;
a program that was done before ends as always. In any case nothing is left over, and each file is
whole, old or new.
"""

import random
import re
import signal
import sys
import time

import targets

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def named(said):
    """The files that the message `said` names as whole, where it is a message."""
    if "no file was written" in said:
        return set()
    if match := re.search(r"; (\d+) files are whole and stay", said):
        return int(match[1])
    if match := re.search(r"; (.*) (?:is|are) whole and stay", said):
        return set(match[1].split(", "))
    return None


def what_is_wrong(command, before, running, ignored, started):
    """What is wrong after the signal was sent at the time `started`."""
    said = targets.said(running, timeout=20)
    seconds, code = time.monotonic() - started, running.returncode
    wrong, new = command.wrong(before)
    if targets.leftovers(command.folder):
        wrong.append(f"{targets.leftovers(command.folder)} is left over")
    if ignored or code == 0:
        if code != 0 or said or new != command.new.keys():
            wrong.append(f"exit code {code}, {said!r}, {len(new)} new files")
        return wrong
    if seconds > 1:
        wrong.append(f"it takes {seconds:.2f} s to end")
    if code < 0:
        # The program had not come to the point where it takes signals, let alone writes.
        if new or said or before != targets.contents(command.folder):
            wrong.append(f"ended by signal {-code} with {len(new)} new files, {said!r}")
        return wrong
    files = named(said)
    kept = re.search(r"(\S+) has the first (\d+)", said)
    if kept and (kept[1], int(kept[2])) == (command.part, command.kept()):
        # The part of a series is one thing, whatever files it is in.
        files = new
    if code != 130 or said.count("\n") != 1 or "interrupted" not in said:
        wrong.append(f"exit code {code}, {said!r}")
    elif files != (len(new) if isinstance(files, int) else new):
        wrong.append(f"it says {said!r}, and {sorted(new)} are new")
    return wrong


def main():
    program, folder, count, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    chance = random.Random(seed)
    commands = targets.commands(program, folder, long=True)
    long = commands.pop()
    failures = []
    for number in range(count):
        # One in twenty is in the middle of work that takes longer than a second.
        command = long if number % 20 == 19 else commands[number % len(commands)]
        before = command.lay_out(chance.random() < 0.5)
        sent = chance.choice(SIGNALS)
        ignored = command is not long and chance.random() < 0.25
        prepare = (lambda: signal.signal(sent, signal.SIG_IGN)) if ignored else None
        running = command.start(prepare=prepare)
        time.sleep(targets.moment(command, chance))
        started = time.monotonic()
        running.send_signal(sent)
        wrong = what_is_wrong(command, before, running, ignored, started)
        if wrong:
            what = f"{sent.name}{', ignored' if ignored else ''}"
            failures.append(f"try {number}, {command.name}, {what}: {'; '.join(wrong)}")
    return targets.told(count, failures)


if __name__ == "__main__":
    sys.exit(main())
