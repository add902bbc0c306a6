"""Sentence pairs per second and peak memory of word aligners: forward, reverse, grow-diag-final-and.

    python benchmarks/word_align.py bitext.tsv --columns 2,3 --pairs 90000 --threads 1,2 --fast-align DIR
    python benchmarks/word_align.py bitext.tsv --columns 2,3 --resample 250000,500000,1000000 --models fast

Text is lower-cased and split into words and punctuation once; every aligner then reads the same file of
`source ||| target` and writes Pharaoh links, whose lines are counted.  The aligners run one by one, in their own
processes:

- crosslift: `WordAligner.fit_align` on the file.  Its clock starts when the functions are compiled, after a first run
  on a few pairs; the time until then, including Python's start, is the column `start`.  It does not depend on the
  amount of text, and is several times as long when the functions are compiled for the first time ever;
- fast_align: both directions one after the other, then atools; as built, with or without OpenMP;
- eflomal: its default settings, which determine the number of iterations; then atools where fast_align is given;
- systran-align: its Python binding, which aligns both directions and joins them.

Pairs per second and the first ratio use wall time; the second ratio uses CPU time, which other work on the machine
hardly changes.  Ratios are to fast_align with as many threads, or to the first aligner.  Peak memory is that of the
largest process.  Needs Linux for the memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import word_aligners

SEED = 0
FIRST = [("the house is small", "das haus ist klein"), ("a house", "ein haus"), ("small", "klein")] * 4


def main() -> None:
    """Measure and print a table for each amount of text."""
    options = _options()
    if options.child:
        {"prepare": prepare, "align": align}[options.child[0]](options, *options.child[1:])
        return
    amounts = [(size, True) for size in options.resample] or [(options.pairs, False)]
    rows = []
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        corpus = Path(folder) / "corpus"
        for size, drawn in amounts:
            pairs = _child("prepare", corpus, size or 0, int(drawn))["pairs"]
            rows += measured(options, corpus, pairs)
            show([row for row in rows if row["pairs"] == pairs], pairs)
    if options.json:
        settings = {"iterations": options.iterations, "rounds": options.rounds, "bitext": options.bitext.name}
        options.json.write_text(json.dumps({**settings, "rows": rows}, indent=2) + "\n", encoding="utf-8")


def prepare(options: argparse.Namespace, corpus: str, size: str, drawn: str) -> None:
    """Write the corpus: the first pairs, or pairs drawn with replacement."""
    from random import Random

    from crosslift.data.pairs import read_pairs

    made = []
    for pair in read_pairs(options.bitext, languages=("source", "target"), columns=options.columns):
        sides = [word_aligners.tokens(side) for side in pair[:2]]
        if all(sides):
            made.append(" ||| ".join(sides) + "\n")
        if int(size) == len(made) and not int(drawn):
            break
    with Path(corpus).open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(Random(SEED).choices(made, k=int(size)) if int(drawn) else made)
    print(json.dumps({"pairs": int(size) if int(drawn) else len(made)}))


def align(options: argparse.Namespace, model: str, threads: str, corpus: str, links: str) -> None:
    """Align the corpus with crosslift, in this process."""
    import resource

    from crosslift import WordAligner

    def run(pairs: Any, out: Path) -> None:
        aligner = WordAligner(model, threads=int(threads), iterations=options.iterations)
        with out.open("w", encoding="utf-8") as file:
            for alignment in aligner.fit_align(pairs):
                file.write(" ".join(f"{i}-{j}" for i, j in alignment.links) + "\n")

    run(FIRST, Path(links))
    before, start = time.process_time(), time.perf_counter()
    with Path(corpus).open(encoding="utf-8", newline="\n") as lines:
        run((line.rstrip("\n").split(" ||| ") for line in lines), Path(links))
    spent = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - before}
    print(json.dumps({**spent, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def measured(options: argparse.Namespace, corpus: Path, pairs: int) -> list[dict[str, Any]]:
    """Measure every aligner in turn, for several rounds; return the median of each."""
    found: dict[tuple[int, str], list[dict[str, float]]] = {}
    peers = word_aligners.given(options)
    names = [*peers, *(f"crosslift {model}" for model in options.models)]
    for _ in range(options.rounds):
        for threads in options.threads:
            for name in names:
                with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
                    joined = Path(folder) / "joined"
                    if name in peers:
                        spent = _peer(options, peers[name], corpus, joined, threads)
                    else:
                        spent = _own(name.split()[1], corpus, joined, threads)
                    _check(joined, name, pairs)
                found.setdefault((threads, name), []).append(spent)
    rows = [
        {"pairs": pairs, "threads": threads, "aligner": name}
        | {key: statistics.median(spent[key] for spent in several) for key in several[0]}
        for (threads, name), several in found.items()
    ]
    for row in rows:
        base = next(other for other in rows if (other["threads"], other["aligner"]) == (row["threads"], names[0]))
        row["ratio"] = base["seconds"] / row["seconds"]
        row["cpu_ratio"] = base["cpu_seconds"] / row["cpu_seconds"]
    return rows


def _own(model: str, corpus: Path, joined: Path, threads: int) -> dict[str, float]:
    start = time.perf_counter()
    output = joined.with_name("said")
    word_aligners.run(_command("align", model, threads, corpus, joined), threads=threads, output=output)
    spent: dict[str, float] = json.loads(output.read_text())
    return {**spent, "start_seconds": time.perf_counter() - start - spent["seconds"]}


def _peer(
    options: argparse.Namespace, aligner: word_aligners.Aligner, corpus: Path, joined: Path, threads: int
) -> dict[str, float]:
    cost = aligner(corpus, joined.parent, options.iterations, threads)
    if not joined.exists() and options.fast_align:
        cost += word_aligners.join(options.fast_align, joined.parent)
    return {**vars(cost), "start_seconds": 0.0}


def _check(joined: Path, name: str, pairs: int) -> None:
    """Stop if an aligner has left out lines."""
    links = joined if joined.exists() else joined.with_name("forward")
    with links.open("rb") as lines:
        count = sum(1 for _ in lines)
    if count != pairs:
        raise SystemExit(f"{name}: {count} lines of links for {pairs} pairs")


def _command(*what: object) -> list[object]:
    return [sys.executable, __file__, *sys.argv[1:], "--child", *what]


def _child(*what: object) -> dict[str, Any]:
    command = [str(word) for word in _command(*what)]
    made: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return made


def show(rows: list[dict[str, Any]], pairs: int) -> None:
    """Print a Markdown table."""
    print(f"\n{pairs:,} pairs\n")
    print("| threads | aligner | pairs per second | seconds | ratio | CPU seconds | ratio | peak MB | start |")
    print("|---:|:---|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        print(
            f"| {row['threads']} | {row['aligner']} | {row['pairs'] / row['seconds']:,.0f} | {row['seconds']:.2f} "
            f"| {row['ratio']:.1f} | {row['cpu_seconds']:.2f} | {row['cpu_ratio']:.1f} | {row['megabytes']:,.0f} "
            f"| {row['start_seconds']:.1f} |",
            flush=True,
        )


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _columns(text: str) -> tuple[int, int]:
    source, target = _numbers(text)
    return source, target


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bitext", type=Path, help="a file of parallel text, plain or with .gz")
    parser.add_argument("--columns", type=_columns, help="fields of source and target in a tsv file, from 0")
    parser.add_argument("--pairs", type=int, help="number of pairs, from the first on; all by default")
    parser.add_argument(
        "--resample", type=_numbers, default=[], help="numbers of pairs, drawn from all with replacement"
    )
    parser.add_argument("--threads", type=_numbers, default=[1])
    parser.add_argument("--models", type=lambda text: text.split(","), default=["fast", "hmm"])
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1, help="runs of each aligner")
    word_aligners.add_options(parser)
    parser.add_argument("--scratch", type=Path, help="folder for temporary files")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
