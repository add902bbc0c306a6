"""Time and memory of margin mining in two pools of sentence vectors, against the whole matrix in numpy.

    python benchmarks/mining.py --sizes 20000 --large 100000 --threads 1 --json results.json

Half of the sentences of each pool have a translation in the other: the same vector with noise.  Vectors form clusters,
as sentences on similar topics do, and share one direction, as encoders' vectors do.  Methods:

- naive: all cosines in one matrix, numpy's argpartition of it and of its transpose, then the ratio margin, k = 4;
- exact: `crosslift.retrieval.mining.mine` with search "exact", one pass in blocks for both directions;
- faiss: the same with search "faiss", inverted lists in half precision, one direction after the other.

The naive method runs for `--sizes` only; `--large` is for the others, since a matrix of a million times a million
sentences would take 4 terabytes, and `--ways faiss` leaves out the exact search, which takes hours there.  Seconds are
CPU seconds of the process, so other work on the machine hardly matters; with one thread they are wall seconds of an
idle machine.  Extra memory is the peak of resident memory above that with both pools loaded; total is the peak itself.
F1 is of the planted pairs, with the best threshold, and shows what approximate search misses.  Each row has its own
process.  Needs Linux, and faiss-cpu for the last method.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

NEIGHBOURS = 4
SEED = 0
CLUSTER = 20
"""Sentences of a pool about one topic."""
NOISE = 1.2
"""Of a translation, against 0.7 between sentences about one topic: some pairs are lost by any search."""


def main() -> None:
    """Measure and print a table."""
    options = _options()
    if options.child:
        print(json.dumps(measured(options, options.child[0], int(options.child[1]))))
        return
    ways = [way for way in options.ways if way != "faiss" or importlib.util.find_spec("faiss") is not None]
    cells = [(way, size) for size in options.sizes for way in ("naive", *ways)]
    cells += [(way, size) for size in options.large for way in ways]
    rows = [_child(way, size, options.threads) for way, size in cells]
    with_ratios(rows)
    show(rows, options)
    if options.json:
        settings = {name: value for name, value in vars(options).items() if name not in ("json", "child")}
        options.json.write_text(json.dumps({**settings, "rows": rows}, indent=2) + "\n", encoding="utf-8")


def measured(options: argparse.Namespace, way: str, size: int) -> dict[str, Any]:
    """Mine with one method; return its cost and its F1."""
    import torch

    from crosslift.retrieval import mining

    torch.set_num_threads(options.threads)
    first, second = pools(size, options.width, options.half)
    small = first[:64], second[:64]
    mine = naive if way == "naive" else lambda x, y: mining.mine(x, y, search=way)
    if way == "faiss":
        import faiss

        faiss.omp_set_num_threads(options.threads)
    mine(*small)  # imports and one-time set-up
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before, start, wall = _resident("VmRSS"), time.process_time(), time.perf_counter()
    found = mine(first, second)
    return {
        "way": way,
        "size": size,
        "cpu_seconds": time.process_time() - start,
        "wall_seconds": time.perf_counter() - wall,
        "extra_megabytes": (_resident("VmHWM") - before) / 1024,
        "total_megabytes": _resident("VmHWM") / 1024,
        "pairs": len(found.scores),
        "f1": best_f1(found, size // 2),
    }


def pools(size: int, width: int, half: bool) -> tuple[Any, Any]:
    """Return two pools, made in chunks, whose rows i < size / 2 are translations of each other."""
    precision = np.float16 if half else np.float32
    sides = np.empty((size, width), precision), np.empty((size, width), precision)
    rng = np.random.default_rng(SEED)
    common = rng.standard_normal(width)
    topics = rng.standard_normal((-(-size // CLUSTER), width))
    for start in range(0, size, 8192):
        rows = np.arange(start, min(start + 8192, size))
        about = common + topics[rows % len(topics)]
        meaning = about + 0.7 * rng.standard_normal((len(rows), width))
        other = np.where((rows < size // 2)[:, None], meaning, about + 0.7 * rng.standard_normal((len(rows), width)))
        for side, mean in zip(sides, (meaning, other), strict=True):
            noisy = mean + NOISE * rng.standard_normal((len(rows), width))
            side[rows] = noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
    return sides


def naive(first: Any, second: Any) -> Any:
    """Mine with one matrix of all cosines."""
    from crosslift.retrieval.mining import Mined

    cosine = first.astype(np.float32) @ second.astype(np.float32).T
    ahead = np.argpartition(-cosine, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    back = np.argpartition(-cosine.T, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    near, far = np.take_along_axis(cosine, ahead, 1), np.take_along_axis(cosine.T, back, 1)
    means = near.mean(axis=1), far.mean(axis=1)
    forward, backward = (
        near / ((means[0][:, None] + means[1][ahead]) / 2),
        far / ((means[1][:, None] + means[0][back]) / 2),
    )
    places = np.arange(len(first)), np.arange(len(second))
    best = forward.argmax(axis=1), backward.argmax(axis=1)
    rows = np.concatenate((places[0], back[places[1], best[1]]))
    columns = np.concatenate((ahead[places[0], best[0]], places[1]))
    scores = np.concatenate((forward.max(axis=1), backward.max(axis=1))).astype(np.float64)
    used: tuple[set[int], set[int]] = set(), set()
    kept = []
    for place in np.argsort(-scores, kind="stable").tolist():
        row, column = int(rows[place]), int(columns[place])
        if row not in used[0] and column not in used[1]:
            used[0].add(row)
            used[1].add(column)
            kept.append(place)
    return Mined(rows[kept], columns[kept], scores[kept])


def best_f1(found: Any, gold: int) -> float:
    """Return the F1 of the planted pairs at the best threshold, in percent."""
    right = np.cumsum((found.first == found.second) & (found.first < gold))
    return float(100 * np.max(2 * right / (np.arange(1, len(right) + 1) + gold)))


def with_ratios(rows: list[dict[str, Any]]) -> None:
    """Add the ratios of time and memory to the naive method at the same size, where it was measured."""
    naive_rows = {row["size"]: row for row in rows if row["way"] == "naive"}
    for row in rows:
        peer = naive_rows.get(row["size"])
        row["speed_ratio"] = peer["cpu_seconds"] / row["cpu_seconds"] if peer else None
        row["memory_ratio"] = row["extra_megabytes"] / peer["extra_megabytes"] if peer else None


def show(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Print the table."""
    precision = "half" if options.half else "single"
    print(f"margin mining, {options.width} wide, {precision} precision, {options.threads} thread(s)\n")
    heads = ("sentences per side", "method", "CPU s", "times naive", "extra MB", "of naive", "total MB", "pairs", "F1")
    print("| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads))
    for row in rows:
        speed, memory = ("" if row[key] is None else f"{row[key]:.2f}" for key in ("speed_ratio", "memory_ratio"))
        cells = (
            f"{row['size']:,}", row["way"], f"{row['cpu_seconds']:.1f}", speed,
            f"{row['extra_megabytes']:,.0f}", memory,
            f"{row['total_megabytes']:,.0f}", f"{row['pairs']:,}", f"{row['f1']:.2f}",
        )  # fmt: skip
        print("| " + " | ".join(cells) + " |")


def _child(way: str, size: int, threads: int) -> dict[str, Any]:
    command = [sys.executable, __file__, *sys.argv[1:], "--child", way, str(size)]
    variables = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **variables})
    if done.returncode:
        raise SystemExit(f"{way} with {size:,} sentences failed:\n{done.stderr}")
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def _resident(key: str) -> float:
    """Return a line of this process's status, in kilobytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"{key}:")))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=[10_000, 20_000], help="sentences per side, all methods"
    )
    parser.add_argument("--large", type=int, nargs="*", default=[100_000], help="sentences per side, without naive")
    parser.add_argument(
        "--ways", nargs="*", choices=("exact", "faiss"), default=["exact", "faiss"], help="methods besides naive"
    )
    parser.add_argument("--width", type=int, default=768, help="width of the vectors")
    parser.add_argument("--half", action="store_true", help="keep the pools in half precision")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
