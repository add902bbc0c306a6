"""All alignment objectives in the lab, at equal steps: NLI, POS and retrieval in eight languages, several seeds.

    python experiments/alignment_objectives.py --seeds 5 --jobs 2 --output runs/objectives

All arms start from one pre-trained encoder, read the same bitext and take the same number of steps; each arm and seed
then learns NLI, and separately POS, from source-language labels.  Finished runs are kept, so an interrupted table can
be continued.  Prints a Markdown table: mean and standard deviation over seeds, in percent.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from grid import Grid, by_language, probe, stage_seconds, table

SOURCE = "qaa"

MASK = {"mask_probability": 0.2}
SENTENCE = {"layers": [1, -1], "same_language_negatives": True, "projection": True, "mlm_weight": 0.1}
ARMS: dict[str, list[dict[str, Any]] | None] = {
    "none": None,
    "MLM, unpaired": [{"use": "mlm", **MASK}],
    "TLM": [{"use": "tlm", **MASK}],
    "WEAM": [{"use": "weam"}],
    "WEAM, links shuffled": [{"use": "weam", "bitext": {"shuffle_links": True}}],
    "word_l2": [{"use": "word_l2"}],
    "word_contrastive": [{"use": "word_contrastive", "projection": None, "skip_identical": False}],
    "info-snt": [{"use": "sentence_contrastive", "loss": "info_nce", **SENTENCE}],
    "CZ-snt": [{"use": "sentence_contrastive", "loss": "cz_nce", **SENTENCE}],
    "ML-CTL": [{"use": "ml_ctl", "loss": "info_nce"}],
    "ML-CTL-CZ": [{"use": "ml_ctl", "loss": "cz_nce"}],
    "LaBSE": [{"use": "labse"}],
    "hybrid 0": [{"use": "hybrid_batch", "alpha": 0.0}],
    "hybrid 0.5": [{"use": "hybrid_batch", "alpha": 0.5}],
    "hybrid 1": [{"use": "hybrid_batch", "alpha": 1.0}],
    "code_switch": [{"use": "code_switch", "lexicon": "lab", **MASK}],
    "synthetic_adversarial": [{"use": "synthetic_adversarial", "lexicon": "lab", "passes": 1, **MASK}],
    "translation": [{"use": "translation", "layers": 1}],
}
"""Objectives of each arm; None means no alignment."""
TASKS = {"xnli": 2000, "udpos": 300}
"""Fine-tuning steps by task."""


def recipe(steps: int, arm: str, seed: int, task: str) -> dict[str, Any]:
    """Return the recipe of an arm, a seed and a task, aligned for a number of steps."""
    from crosslift import recipe as recipes

    values = recipes.read(recipes.LAB_RECIPE)
    objectives = ARMS[arm]
    if objectives is None:
        del values["align"]
    else:
        values["align"] |= {"objective": objectives, "steps": steps, "batch_size": 64, "seed": seed, "per_seed": False}
    values["finetune"] |= {"task": task, "steps": TASKS[task]}
    name = "".join(letter if letter.isalnum() else "-" for letter in arm)
    return {**values, "name": name, "seed": seed, "evaluate": [{"task": task}]}


def measures(grid: Grid, arm: str, seed: int) -> dict[str, float]:
    """Return the measures of the runs of one arm and seed."""
    found: dict[str, float] = {}
    for task in grid.tasks:
        results = grid.results(arm, seed, task)
        scores = by_language(results, task)
        found |= {f"{task} {language}": value for language, value in scores.items()}
        found[f"{task} targets"] = statistics.mean(value for language, value in scores.items() if language != SOURCE)
        found["seconds"] = stage_seconds(results, "align")
        after = probe(results, "align" if ARMS[arm] else "pretrain")
        if after is not None:  # measured by the task whose test data is parallel
            found["retrieval"] = after
    return found


def main() -> None:
    """Run missing runs, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1, help="parallel runs, one thread each")
    parser.add_argument("--steps", type=int, default=400, help="alignment steps of 64 pairs")
    parser.add_argument("--arms", default=",".join(ARMS), help="comma-separated (a comma inside a name is kept)")
    parser.add_argument("--output", type=Path, default=Path("runs/objectives"))
    arguments = parser.parse_args()
    arms = [arm for arm in ARMS if arm in arguments.arms]
    grid = Grid(partial(recipe, arguments.steps), arms, list(TASKS), arguments.seeds, arguments.output)
    replace(grid, arms=["none"], seeds=1).run(1)  # pre-trains the encoder that all arms share
    grid.run(arguments.jobs)
    languages = [f"xnli qa{letter}" for letter in "abcdefgh"]
    columns = [*languages, "xnli targets", "udpos targets", "retrieval", "seconds"]
    print(table(grid.measured(partial(measures, grid)), columns))


if __name__ == "__main__":
    main()
