"""Alignment error rates of word aligners on gold links.

    python benchmarks/alignment_error_rate.py GOLD --bitext BITEXT --pairs de-en,ro-en --fast-align DIR
    python benchmarks/alignment_error_rate.py --lab

A gold set is three files in a folder, `{pair}.src`, `{pair}.tgt` and `{pair}.gold`, tokenised, plain or with .gz; links
are `i-j` (sure) or `i?j` (possible), from 0.  Aligners learn from `{xx}.tsv` (corpus, id, en, xx) of the bitext folder,
lower-cased and split into words and punctuation, with the gold sentences at its end, and are scored on those.

    AER = 1 - (|A & S| + |A & P|) / (|A| + |S|), in percent        (Och & Ney 2003, equation 8)

for links A, sure gold links S and possible ones P, a superset of S.  crosslift symmetrizes the two directions of every
aligner in the same way; systran-align gives one alignment, which it symmetrizes itself.  Rates on little training text
are high; compare aligners only on the same text.

With --lab the text comes from crosslift's lab, whose artificial languages have known links; all links are sure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import word_aligners

from crosslift import WordAligner
from crosslift.data.pairs import read_pairs
from crosslift.io.text import existing, lines
from crosslift.lab.world import World
from crosslift.wordalign import symmetrize
from crosslift.wordalign.symmetrization import Symmetrization

Set = set[tuple[int, int]]
METHODS: tuple[Symmetrization, ...] = ("forward", "reverse", "intersection", "grow-diag-final-and")
LAB_PAIRS = (1_000, 3_000, 10_000)


class Gold:
    """Sure and possible links of some sentences."""

    def __init__(self, sure: list[Set], possible: list[Set]) -> None:
        self.sure = sure
        self.possible = [a | b for a, b in zip(sure, possible, strict=True)]

    def scores(self, found: Iterable[Iterable[tuple[int, int]]]) -> dict[str, float]:
        """Return precision, recall and alignment error rate in percent."""
        links = right = good = 0
        for made, sure, possible in zip(map(set, found), self.sure, self.possible, strict=True):
            links += len(made)
            right += len(made & sure)
            good += len(made & possible)
        sures = sum(map(len, self.sure))
        return {
            "precision": 100 * good / max(1, links),
            "recall": 100 * right / sures,
            "aer": 100 * (1 - (right + good) / (links + sures)),
        }


def main() -> None:
    """Score and print a table."""
    options = _options()
    rows = lab_rows(options) if options.lab else [row for pair in options.pairs for row in gold_rows(options, pair)]
    if not options.lab:
        rows += means(rows)
        show_gold(rows)
    if options.json:
        options.json.write_text(json.dumps({"iterations": options.iterations, "rows": rows}, indent=2) + "\n")


def gold_rows(options: argparse.Namespace, pair: str) -> list[dict[str, Any]]:
    """Return the rates of every aligner on a gold set."""
    gold = read_gold(options.gold / f"{pair}.gold")
    tested = [tuple(text.lower().split()) for _, text in lines(options.gold / f"{pair}.src")]
    answers = [tuple(text.lower().split()) for _, text in lines(options.gold / f"{pair}.tgt")]
    test = [(" ".join(a), " ".join(b)) for a, b in zip(tested, answers, strict=True)]
    rows = []
    with tempfile.TemporaryDirectory(dir=options.scratch) as name:
        corpus = Path(name) / "corpus"
        count = write_corpus(corpus, [*training(options, pair), *test])
        links: dict[str, dict[str, list[Any]]] = {}
        for peer, align in word_aligners.given(options).items():
            folder = Path(name) / peer
            folder.mkdir()
            align(corpus, folder, options.iterations, options.threads)
            links[peer] = peer_links(folder, count - len(test))
        for model in options.models:
            aligner = WordAligner(model, threads=options.threads, iterations=options.iterations).fit(
                read_corpus(corpus)
            )
            links[f"crosslift {model}"] = {method: list(aligner.align(test, symmetrize=method)) for method in METHODS}
    for aligner_name, found in links.items():
        rates = {method: gold.scores(found[method]) for method in METHODS if method in found}
        rows.append({"set": pair, "sentences": len(test), "pairs": count, "aligner": aligner_name, "scores": rates})
    return rows


def training(options: argparse.Namespace, pair: str) -> Iterator[tuple[str, str]]:
    """Yield the bitext of a pair, source first."""
    source, target = pair.split("-")[:2]
    other, columns = (source, (3, 2)) if target == "en" else (target, (2, 3))
    path = existing(options.bitext / f"{other}.tsv")
    for found in read_pairs(path, languages=(source, target), columns=columns):
        sides = word_aligners.tokens(found.source), word_aligners.tokens(found.target)
        if all(sides):
            yield sides


def write_corpus(path: Path, pairs: Iterable[tuple[str, str]]) -> int:
    """Write lines of `source ||| target`; return their number."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for count, pair in enumerate(pairs, start=1):  # noqa: B007  # the last one is the number of pairs
            out.write(" ||| ".join(pair) + "\n")
    return count


def read_corpus(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the pairs of `source ||| target`."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            source, target = line.rstrip("\n").split(" ||| ")
            yield source, target


def read_gold(path: Path) -> Gold:
    """Read gold links."""
    sure, possible = [], []
    for _, line in lines(path):
        for found, mark in ((sure, "-"), (possible, "?")):
            found.append({(int(a), int(b)) for a, b in (link.split(mark) for link in line.split() if mark in link)})
    return Gold(sure, possible)


def peer_links(folder: Path, skipped: int) -> dict[str, list[Any]]:
    """Return the links of the last sentences, by method."""
    joined = folder / "joined"
    if joined.exists():
        return {"grow-diag-final-and": read_links(joined, skipped)}
    sides = [read_links(folder / name, skipped) for name in ("forward", "reverse")]
    return {method: [symmetrize(*pair, method) for pair in zip(*sides, strict=True)] for method in METHODS}


def read_links(path: Path, skipped: int) -> list[Set]:
    """Read a Pharaoh file from a line on."""
    with path.open(encoding="ascii") as file:
        return [
            {(int(i), int(j)) for i, j in (link.split("-") for link in line.split())}
            for number, line in enumerate(file)
            if number >= skipped
        ]


def means(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the mean rates of each aligner over all sets."""
    sets = {row["set"] for row in rows}
    made = []
    for aligner in dict.fromkeys(row["aligner"] for row in rows):
        own = [row["scores"] for row in rows if row["aligner"] == aligner]
        rates = {
            method: {key: statistics.mean(scores[method][key] for scores in own) for key in own[0][method]}
            for method in own[0]
        }
        made.append({"set": f"mean of {len(sets)}", "aligner": aligner, "scores": rates})
    return made if len(sets) > 1 else []


def lab_rows(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Score and print the lab's languages, by amount of text."""
    print("| language | pairs | model | precision | recall | AER |\n|:---|---:|:---|---:|---:|---:|")
    world, rows = World(options.seed), []
    languages = options.languages or [language.code for language in world.targets]
    for language in languages:
        every = world.bitext(world.source.code, language, max(options.lab_pairs))
        for size in options.lab_pairs:
            pairs = every[:size]
            gold = Gold([set(pair.links) for pair in pairs], [set() for _ in pairs])
            for model in options.models:
                aligner = WordAligner(model, threads=options.threads, iterations=options.iterations)
                made = aligner.fit_align([(pair.source, pair.target) for pair in pairs], symmetrize=options.symmetrize)
                scores = gold.scores(alignment.links for alignment in made)
                rows.append({"language": language, "pairs": size, "model": model, **scores})
                cells = " | ".join(f"{scores[name]:.1f}" for name in ("precision", "recall", "aer"))
                print(f"| {language} | {size:,} | {model} | {cells} |", flush=True)
    return rows


def show_gold(rows: list[dict[str, Any]]) -> None:
    """Print a Markdown table of alignment error rates."""
    print(f"| set | aligner | {' | '.join(METHODS)} |\n|:---|:---|{'---:|' * len(METHODS)}")
    for row in rows:
        cells = (f"{row['scores'][name]['aer']:.2f}" if name in row["scores"] else "-" for name in METHODS)
        print(f"| {row['set']} | {row['aligner']} | {' | '.join(cells)} |")


def _words(text: str) -> list[str]:
    return text.split(",")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path, nargs="?", help="folder of gold sets")
    parser.add_argument("--bitext", type=Path, help="folder of training text")
    parser.add_argument("--pairs", type=_words, default=["de-en", "en-fr", "ro-en", "en-cs"], help="gold sets")
    parser.add_argument("--lab", action="store_true", help="score the lab's languages instead")
    parser.add_argument("--languages", type=_words, help="lab languages; all by default")
    parser.add_argument("--lab-pairs", type=lambda text: [*map(int, _words(text))], default=LAB_PAIRS)
    parser.add_argument(
        "--symmetrize", choices=METHODS, default=METHODS[-1], help="how the lab's links are symmetrized"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the lab")
    parser.add_argument("--models", type=_words, default=["fast", "hmm"])
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    word_aligners.add_options(parser)
    parser.add_argument("--scratch", type=Path, help="folder for temporary files")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    if not options.lab and not (options.gold and options.bitext):
        parser.error("a folder of gold sets and --bitext are needed, or --lab")
    return options


if __name__ == "__main__":
    main()
