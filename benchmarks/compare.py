"""The time to compare two systems of a million predictions, against json and scipy's bootstrap.

    python benchmarks/compare.py --seeds 5 --languages 20 --items 5000

Two systems, each with one run per seed and one record per prediction, as `crosslift run` writes them.  Methods:

- scipy: each file line by line through `json`, then `scipy.stats.bootstrap` of the paired differences, mean over seeds,
  for each language and for their mean, with as many draws as crosslift; percentile intervals, nothing for seeds;
- crosslift: `crosslift.compare`, from the run directories to intervals over items, languages and seeds, adjusted
  p-values, exact randomisation, and the smallest detectable effect.

Each method runs in its own process; seconds are its CPU seconds, imports included, so other work hardly matters.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SEED = 0
LABELS = ("entailment", "neutral", "contradiction")
SYSTEMS = {"plain": 0.60, "better": 0.61}
"""Share of correct predictions."""


def main() -> None:
    """Measure and print a table."""
    options = _options()
    if options.child:
        print(json.dumps(WAYS[options.child](options.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for place, (name, accuracy) in enumerate(SYSTEMS.items()):
            for seed in range(options.seeds):
                write_run(Path(folder) / name / f"seed-{seed}", name, seed, accuracy, options, place)
        found = {way: _child(way, folder) for way in WAYS}
    show(found, len(SYSTEMS) * options.seeds * options.languages * options.items)


def write_run(
    directory: Path, recipe: str, seed: int, accuracy: float, options: argparse.Namespace, place: int
) -> None:
    """Write a run whose predictions are right at random, with a given accuracy."""
    from crosslift.runs.write import results, write_json, write_records

    rng = np.random.default_rng([SEED, place, seed])
    scores = []
    for language in (f"q{i:02}" for i in range(options.languages)):
        right = rng.random(options.items) < accuracy
        gold = np.arange(options.items) % 3
        given = (gold + ~right) % 3
        records = (
            {"id": str(i), "prediction": LABELS[given[i]], "gold": LABELS[gold[i]], "probability": 0.5}
            for i in range(options.items)
        )
        write_records(directory / "predictions" / "xnli" / f"{language}.jsonl", records)
        row = {"task": "xnli", "language": language, "metric": "accuracy", "selection": "last"}
        scores.append({**row, "value": 100 * float(right.mean()), "items": options.items})
    values = {"source_value": 0.0, "target_mean": 0.0, "transfer_gap": 0.0, "targets": options.languages - 1}
    summary = [{"task": "xnli", "metric": "accuracy", "selection": "last", "source": "q00", **values}]
    write_json(
        directory / "results.json",
        results(recipe, seed, scores=scores, summary=summary, stages=[], probes=[], languages={}, warnings=[]),
    )
    (directory / "recipe.toml").write_text(f'name = "{recipe}"\nseed = {seed}\n', encoding="utf-8")


def by_crosslift(folder: Path) -> dict[str, Any]:
    """Compare the two systems with crosslift; return the difference of their means."""
    import crosslift

    rows = crosslift.compare([folder / name for name in SYSTEMS]).values()["comparisons"]
    (mean,) = [row for row in rows if row["over"] == "target mean"]
    assert "torch" not in sys.modules
    return {"seconds": time.process_time(), **{name: mean[name] for name in ("low", "effect", "high")}}


def by_scipy(folder: Path) -> dict[str, Any]:
    """Compare them by a bootstrap of items in each target language, and of their mean."""
    from scipy.stats import bootstrap

    from crosslift.comparison import DRAWS

    def interval(sample: Any) -> Any:
        rng = np.random.default_rng(SEED)
        drawn = bootstrap((sample,), np.mean, n_resamples=DRAWS, method="percentile", batch=100, random_state=rng)
        return drawn.confidence_interval

    first, second = (_right(folder / name) for name in SYSTEMS)
    differences = 100 * (second - first)[1:]
    for language in differences:
        interval(language)
    low, high = interval(differences.mean(axis=0))
    return {"seconds": time.process_time(), "low": low, "effect": float(differences.mean()), "high": high}


def _right(system: Path) -> Any:
    """Return the share of seeds that get an item right: (languages, items)."""
    runs = []
    for run in sorted(system.iterdir()):
        files = sorted((run / "predictions" / "xnli").glob("*.jsonl"))
        lines = ([json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] for file in files)
        runs.append([[row["prediction"] == row["gold"] for row in rows] for rows in lines])
    return np.mean(runs, axis=0)


WAYS = {"scipy": by_scipy, "crosslift": by_crosslift}


def show(found: dict[str, dict[str, Any]], records: int) -> None:
    """Print the table."""
    print(f"{records:,} records")
    print(f"{'method':<12}{'CPU s':>8}{'ratio':>8}  target mean, points")
    for way, row in found.items():
        ratio = found["scipy"]["seconds"] / row["seconds"]
        print(
            f"{way:<12}{row['seconds']:>8.1f}{ratio:>8.2f}  {row['effect']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        )


def _child(way: str, folder: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", way, "--folder", folder]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(ran.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="runs per system")
    parser.add_argument("--languages", type=int, default=20, help="number of languages; the first is the source")
    parser.add_argument("--items", type=int, default=5000, help="predictions per language")
    parser.add_argument("--child", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
