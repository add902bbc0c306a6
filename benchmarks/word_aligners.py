"""Other word aligners as measured processes; shared by word_align.py and alignment_error_rate.py.

An aligner is used if its path is given.  It reads a file of `source ||| target` and leaves Pharaoh files in a folder:
`forward` and `reverse`, or `joined` alone.  Imports only the standard library: the memory that Linux reports for a
process is never less than that of the process that started it.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(r"\w+|[^\w\s]")
_SYSTRAN = r"""
import sys
import systran_align

corpus, folder, iterations = sys.argv[1], sys.argv[2], int(sys.argv[3])
tables = [f"{folder}/systran.{side}" for side in ("forward", "reverse")]
systran_align.generate_alignment_probabilities(
    corpus, *tables, iterations=iterations, favor_diagonal=True, optimize_tension=True, variational_bayes=True
)
aligner = systran_align.Aligner(*tables)


def flush(batch, out):
    for found in aligner.align_batch(*map(list, zip(*batch))):
        out.write(" ".join("%d-%d" % tuple(link) for link in found["alignments"]) + "\n")
    batch.clear()


batch = []
with open(corpus, encoding="utf-8", newline="\n") as pairs, open(f"{folder}/joined", "w") as out:
    for line in pairs:
        batch.append([side.split(" ") for side in line.rstrip("\n").split(" ||| ")])
        if len(batch) == 1000:
            flush(batch, out)
    if batch:
        flush(batch, out)
"""


@dataclass(frozen=True)
class Cost:
    """The cost of processes: wall and CPU seconds, and the peak memory of the largest."""

    seconds: float
    cpu_seconds: float
    megabytes: float

    def __add__(self, other: Cost) -> Cost:
        """Return the cost of both, one after the other."""
        return Cost(
            self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds, max(self.megabytes, other.megabytes)
        )


Aligner = Callable[[Path, Path, int, int], Cost]
"""Aligns (corpus, folder, iterations, threads)."""


def tokens(text: str) -> str:
    """Return text in lower case, words and punctuation separated by spaces."""
    return " ".join(_TOKEN.findall(text.replace("\u2019", "'").lower()))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that locate other aligners."""
    parser.add_argument("--fast-align", type=Path, metavar="DIR", help="folder with fast_align and atools")
    parser.add_argument("--eflomal", type=Path, metavar="FILE", help="the program eflomal-align")
    parser.add_argument("--systran-python", type=Path, metavar="FILE", help="a Python that has systran-align")


def given(options: argparse.Namespace) -> dict[str, Aligner]:
    """Return the aligners whose paths are given."""
    there: dict[str, Aligner] = {}
    if programs := options.fast_align:
        there["fast_align"] = lambda *args: _fast_align(programs, *args)
    if program := options.eflomal:
        there["eflomal"] = lambda *args: _eflomal(program, *args)
    if python := options.systran_python:
        there["systran-align"] = lambda *args: _systran(python, *args)
    return there


def run(command: Iterable[object], *, threads: int, output: Path | None = None) -> Cost:
    """Run a program to its end; its standard output goes to `output`."""
    words = [str(word) for word in command]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "NUMBA_NUM_THREADS": str(threads)}
    start = time.perf_counter()
    with (output or Path(os.devnull)).open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=subprocess.PIPE, env=environment)
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words[0]} failed ({process.returncode}): {said.decode(errors='replace')[-2000:]}")
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def join(programs: Path, folder: Path) -> Cost:
    """Make `joined` of `forward` and `reverse`, grow-diag-final-and, with the atools of fast_align."""
    command = [programs / "atools", "-i", folder / "forward", "-j", folder / "reverse", "-c", "grow-diag-final-and"]
    return run(command, threads=1, output=folder / "joined")


def _fast_align(programs: Path, corpus: Path, folder: Path, iterations: int, threads: int) -> Cost:
    command = [programs / "fast_align", "-i", corpus, "-d", "-o", "-v", "-I", iterations]
    return run(command, threads=threads, output=folder / "forward") + run(
        [*command, "-r"], threads=threads, output=folder / "reverse"
    )


def _eflomal(program: Path, corpus: Path, folder: Path, iterations: int, threads: int) -> Cost:
    """Align with eflomal's own number of iterations: it samples, so they do not correspond to passes of EM."""
    del iterations
    command = [program, "-i", corpus, "-f", folder / "forward", "-r", folder / "reverse", "--model", 3, "--overwrite"]
    return run(command, threads=threads)


def _systran(python: Path, corpus: Path, folder: Path, iterations: int, threads: int) -> Cost:
    return run([python, "-c", _SYSTRAN, corpus, folder, iterations], threads=threads)
