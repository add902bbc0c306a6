"""Recall of the approximate search of mining on real text, by the number of lists and probes.

    python experiments/mining_recall.py --encoder ENCODER --bitext FOLDER --sizes 50000 200000 700000

FOLDER holds `{language}.tsv`, English and another language in the last two columns, each plain or with .gz.  A pool is
a number of distinct sentences in all those languages, drawn once; queries are English sentences.  Vectors are means of
the last layer unless `--pooling` says otherwise.  Recall is the share of the exact four nearest that the search finds,
`first` that of the nearest.  CPU seconds are for building the lists, which takes most of them, and for the queries.
Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from crosslift.data.bitext import Bitext
from crosslift.encoder.encoder import Encoder
from crosslift.retrieval.embedder import embedder
from crosslift.retrieval.exact import nearest_neighbours
from crosslift.retrieval.faiss import PROBES, inverted_lists
from crosslift.retrieval.vectors import Neighbours

COUNT = 4
SEED = 0
MAX_LENGTH = 128


def main() -> None:
    """Print the table."""
    options = _options()
    torch.set_num_threads(options.threads)
    _faiss_threads(options.threads)
    queries, pool = vectors(options)
    print(f"pool of {len(pool):,} vectors, {pool.shape[1]} wide; {len(queries):,} queries\n")
    print("| pool | lists | probes | recall | first | CPU s |\n| ---: | ---: | ---: | ---: | ---: | ---: |")
    for size in options.sizes:
        index = pool[:size]
        exact = nearest_neighbours(queries, index, COUNT)
        for times in options.lists:
            for probes in options.probes:
                lists = int(times * len(index) ** 0.5)
                start = time.process_time()
                found = inverted_lists(queries, index, COUNT, lists=lists, probes=probes, seed=SEED)
                seconds = time.process_time() - start
                all_four, first = shared(found, exact)
                cells = f"{len(index):,} | {lists:,} | {probes} | {all_four:.1f} | {first:.1f} | {seconds:.0f}"
                print(f"| {cells} |", flush=True)


def shared(found: Neighbours, exact: Neighbours) -> tuple[float, float]:
    """Return the share of the exact neighbours, and of the nearest ones, among those found, in percent."""
    hits = (exact.rows[:, :, None] == found.rows[:, None, :]).any(axis=2)
    return 100 * float(hits.mean()), 100 * float(hits[:, 0].mean())


def vectors(options: argparse.Namespace) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Return the vectors of queries and pool, computed once and kept in a file if one is named."""
    if options.kept and options.kept.is_file():
        kept = np.load(options.kept)
        return kept["queries"], kept["pool"]
    queries, pool = texts(options)
    embed = embedder(Encoder.load(options.encoder), "mining", options.pooling)
    made = [embed(side, language="en", max_length=MAX_LENGTH).astype(np.float16) for side in (queries, pool)]
    if options.kept:
        np.savez(options.kept, queries=made[0], pool=made[1])
    return made[0], made[1]


def texts(options: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return English sentences, and distinct sentences in all other languages, both in random order."""
    english, others = set(), set()
    for path in sorted(options.bitext.glob("*.tsv*")):
        for source, target in Bitext.read(path, ("en", path.name.split(".")[0])):
            english.add(source)
            others.add(target)
    generator = np.random.default_rng(SEED)
    sides = [sorted(english), sorted(others)]
    drawn = [generator.permutation(len(side)) for side in sides]
    wanted = options.queries, max(options.sizes)
    made = [[side[i] for i in order[:count]] for side, order, count in zip(sides, drawn, wanted, strict=True)]
    return made[0], made[1]


def _faiss_threads(threads: int) -> None:
    import faiss

    faiss.omp_set_num_threads(threads)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--bitext", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=4000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50_000, 200_000])
    parser.add_argument(
        "--lists",
        type=float,
        nargs="+",
        default=[4],
        help="numbers of lists, as multiples of the square root of the pool",
    )
    parser.add_argument("--probes", type=int, nargs="+", default=[PROBES])
    parser.add_argument("--pooling", default="mean", help="as in `crosslift evaluate`; benchmark: the first token")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--kept", type=Path, help="file to keep the vectors in, .npz")
    return parser.parse_args()


if __name__ == "__main__":
    main()
