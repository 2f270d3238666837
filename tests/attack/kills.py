"""kills.py PROGRAM FOLDER COUNT SEED: kills runs at random times (SIGKILL).

Afterwards every file is whole, old or new; the next run of the same command leaves the new files and
nothing else, whatever the dead one had left.
"""

import random
import sys
import time

import targets


def main():
    program, folder, count, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    chance = random.Random(seed)
    commands = targets.commands(program, folder)
    failures = []
    for number in range(count):
        command = commands[number % len(commands)]
        before = command.lay_out(chance.random() < 0.5)
        running = command.start()
        time.sleep(targets.moment(command, chance))
        running.kill()
        running.communicate()
        wrong, _ = command.wrong(before)
        said = targets.said(command.start())
        if said:
            wrong.append(f"the next run says {said!r}")
        _, new = command.wrong({})
        if new != command.new.keys():
            wrong.append("the next run does not leave the new files")
        if targets.leftovers(command.folder):
            wrong.append(f"{targets.leftovers(command.folder)} is left over")
        if wrong:
            failures.append(f"try {number}, {command.name}: {'; '.join(wrong)}")
    return targets.told(count, failures)


if __name__ == "__main__":
    sys.exit(main())
