"""What the parts of the attack share: runs of the program, and the count of tries and failures."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

WORKERS = os.cpu_count() or 1
# A run of a tiny image takes milliseconds: one that lasts this long hangs.
HANGS_S = 30


class Run:
    """One run of the program: its exit code, and what it said."""

    def __init__(self, words, folder, timeout=HANGS_S):
        self.words = [str(word) for word in words]
        try:
            done = subprocess.run(
                self.words,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
            self.code, out, err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as slow:
            self.code, out, err = None, slow.stdout or b"", slow.stderr or b""
        self.out, self.err = out.decode(errors="replace"), err.decode(errors="replace")

    def done(self):
        """Whether the work was done."""
        return self.code == 0

    def fault(self):
        """What no run may do, whatever it is given; None where nothing is wrong."""
        if self.code is None:
            return "hangs"
        if self.code not in (0, 1, 2) or "panicked" in self.err:
            return f"crashes, exit code {self.code}"
        if self.code != 0 and not self.err.strip():
            return f"fails without a message, exit code {self.code}"
        return None

    def __str__(self):
        shown = " ".join(word if word and " " not in word else repr(word) for word in self.words[1:])
        return f"{shown[:300]}\n    {self.err.strip()[:300]}"


class Tally:
    """The tries of a part, and those that failed."""

    SHOWN = 20

    def __init__(self):
        self.tries, self.failures = 0, []

    def count(self, problem, of):
        """One more try; `problem` says what is wrong with it, None for nothing."""
        self.tries += 1
        if problem is not None:
            self.failures.append(f"{problem}: {of}")

    def close(self):
        """Prints the failures and the count, and ends the part."""
        for failure in self.failures[: self.SHOWN]:
            print(failure)
        print(f"tries {self.tries} failures {len(self.failures)}")
        sys.exit(1 if self.failures else 0)


def attack(tries):
    """Runs `tries`, functions that give a problem or None and what was tried, several at once."""
    tally = Tally()
    with ThreadPoolExecutor(WORKERS) as workers:
        for problem, of in workers.map(lambda function: function(), tries):
            tally.count(problem, of)
    tally.close()
