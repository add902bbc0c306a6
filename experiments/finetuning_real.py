"""Robust and label-aware fine-tuning on real text, from one small encoder, several seeds.

    python experiments/finetuning_real.py --encoder ENCODER --data DATA --seeds 3 --jobs 2 --output runs/finetuning-real

DATA has the layout of XTREME's download script, plus `nli_train/en.jsonl`, `bitext/{language}.tsv` and
`dictionaries/en-{language}.txt`.  4,000 English pairs, scored on XNLI dev in eight languages and in every ordered pair
of them.  RS-DA's neighbours are English words with at least two translations in common in the dictionaries.  The chain
from SocialIQA and COPA to XCOPA is the study `intermediate-multilingual` at scale mini.  Finished runs are kept.
Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from grid import Grid, by_language, paired, stage_seconds, table

from crosslift.studies.preparations.real_text import prepare

Arm = dict[str, Any]


def nli_arms(options: argparse.Namespace) -> dict[str, Arm]:
    """Return the values that each arm overrides in [finetune]."""
    switch = {"use": "code_switch", "lexicon": str(options.data / "dictionaries")}
    return {
        "plain": {},
        "adversarial, radius 0.1": {"method": [{"use": "adversarial", "radius": 0.1}]},
        "RS-RP": {"method": [{"use": "random_perturbation"}]},
        "RS-DA": {"method": [{"use": "synonym_smoothing", "neighbours": options.neighbours, "exact": False}]},
        "label_contrastive": {"method": [switch, {"use": "label_contrastive"}]},
    }


def recipe(options: argparse.Namespace, arm: str, seed: int, task: str) -> dict[str, Any]:
    """Return the recipe of an arm, a seed and a task."""
    finetune = {"task": task, "batch_size": 32, "learning_rate": 3e-4, "evaluations": 5, "average_last": 3}
    values: dict[str, Any] = {
        "name": "".join(letter if letter.isalnum() else "-" for letter in arm),
        "seed": seed,
        "encoder": {"model": str(options.encoder)},
        "data": {"source": "directory", "path": str(options.data)},
    }
    values["data"]["files"] = {"train": "nli_train/en.jsonl"}
    values["finetune"] = (
        finetune | {"train_limit": options.pairs, "epochs": 1, "dev_limit": 500} | nli_arms(options)[arm]
    )
    wanted = options.languages.split(",")
    table = {"task": "xnli", "split": "dev", "languages": wanted, "limit": options.limit, "generalized": True}
    values["evaluate"] = [table]
    return values


def measures(grid: Grid, arm: str, seed: int) -> dict[str, float]:
    """Return the measures of the run of one arm and seed."""
    (task,) = grid.tasks
    results = grid.results(arm, seed, task)
    found: dict[str, float] = {"seconds": stage_seconds(results, "finetune")}
    for rule in ("source-dev", "average"):
        scores: Mapping[str, float] = by_language(results, task, selection=rule)
        found[f"source, {rule}"] = scores["en"]
        found[f"targets, {rule}"] = statistics.mean(value for code, value in scores.items() if code != "en")
    for row in results["generalized"]:
        found |= {"all pairs": row["macro"], "off-diagonal": row["off_diagonal"]}
    for row in results["consistency"]:
        if row["selection"] == "source-dev":
            found["agreement"] = row["agreement"]
    return found


def main() -> None:
    """Run missing runs, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1, help="parallel runs, one thread each")
    parser.add_argument("--pairs", type=int, default=4000, help="English training pairs of NLI")
    parser.add_argument("--limit", type=int, default=60, help="XNLI examples per language")
    parser.add_argument(
        "--languages", default="en,ar,de,fr,ru,sw,tr,zh", help="languages, and all their pairs, in which XNLI is scored"
    )
    parser.add_argument("--output", type=Path, default=Path("runs/finetuning-real"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    options.neighbours = prepare(options.output, {"data": options.data})["neighbours"]
    grid = Grid(partial(recipe, options), list(nli_arms(options)), ["xnli"], options.seeds, options.output)
    grid.run(options.jobs)
    measure = partial(measures, grid)
    averages = ["targets, source-dev", "targets, average"]
    columns = ["source, source-dev", "source, average", "off-diagonal", *averages]
    found = grid.measured(measure)
    print(table(found, [*columns, "agreement", "seconds"]))
    print("\n" + paired(found, "plain", columns) + "\n")


if __name__ == "__main__":
    main()
