"""All fine-tuning methods in the lab: NLI and paraphrase in eight languages and in all 64 ordered pairs of them.

    python experiments/finetuning_lab.py --seeds 5 --jobs 2 --output runs/finetuning

All arms start from one pre-trained and aligned encoder and take the same number of steps, except a control with twice
as many: arms that compare sentences with views read twice as much per step.  Finished runs are kept, so an interrupted
table can be continued.  Prints Markdown tables: mean and standard deviation over seeds, in percent, and the paired
difference from plain fine-tuning with a 95 % interval (Student's t over seeds), starred where Holm's adjusted p is
below 0.05; "pairs" is the mean over all ordered pairs of languages.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from grid import Grid, by_language, paired, table

SOURCE = "qaa"

Arm = dict[str, Any]
CODE_SWITCH = {"use": "code_switch", "lexicon": "lab"}
CONTRAST = {"use": "label_contrastive", "same_premise": True}


def _methods(*methods: Arm) -> Arm:
    return {"method": list(methods)}


def _translated(noise: float) -> Arm:
    return {"translate": {"by": "lab", "mix": "all", "noise": noise}}


ARMS: dict[str, Arm] = {
    "plain": {},
    "plain, twice the steps": {"times": 2},
    "adversarial": _methods({"use": "adversarial", "radius": 0.01}),
    "FreeLB": _methods({"use": "adversarial", "radius": 0.01, "update": "accumulate"}),
    "RS-RP": _methods({"use": "random_perturbation"}),
    "RS-DA": _methods({"use": "synonym_smoothing"}),
    "code_switch": _methods(CODE_SWITCH),
    "consistency": _methods(CODE_SWITCH, {"use": "consistency"}),
    "self_augment": _methods({"use": "self_augment"}),
    "label_contrastive": _methods(CODE_SWITCH, CONTRAST),
    "contrast_weight = 0": _methods(CODE_SWITCH, CONTRAST | {"contrast_weight": 0.0}),
    "positives = views": _methods(CODE_SWITCH, CONTRAST | {"positives": "views"}),
    "positives = shuffled": _methods(CODE_SWITCH, CONTRAST | {"positives": "shuffled"}),
    "translate-train, noise 0": _translated(0.0),
    "translate-train, noise 0.15": _translated(0.15),
    "translate-train, noise 0.3": _translated(0.3),
    "intermediate, source": {"intermediate": {}},
    "intermediate, multilingual": {"intermediate": {"translate": {"by": "lab", "mix": "one"}}},
}
"""The values that each arm overrides in the recipe's [finetune]."""
TASKS = {"xnli": 1600, "pawsx": 800}
"""Fine-tuning steps by task; intermediate arms learn the other one first."""


def recipe(limit: int, arm: str, seed: int, task: str) -> dict[str, Any]:
    """Return the recipe of an arm, a seed and a task, scored on a number of examples per language."""
    from crosslift import recipe as recipes

    values = recipes.read(recipes.LAB_RECIPE)
    values["align"] |= {"per_seed": False}
    changes = dict(ARMS[arm])
    first = changes.pop("intermediate", None)
    values["finetune"] |= {"task": task, "steps": TASKS[task] * changes.pop("times", 1), **changes}
    if first is not None:
        other = next(name for name in TASKS if name != task)
        values["intermediate"] = [{**values["finetune"], "task": other, "steps": TASKS[other], "seed": seed, **first}]
    name = "".join(letter if letter.isalnum() else "-" for letter in arm)
    evaluate = [{"task": task, "generalized": True, "limit": limit}]
    return {**values, "name": name, "seed": seed, "evaluate": evaluate}


def measures(grid: Grid, arm: str, seed: int) -> dict[str, float]:
    """Return the measures of the runs of one arm and seed."""
    found: dict[str, float] = {}
    for task in grid.tasks:
        results = grid.results(arm, seed, task)
        scores = by_language(results, task)
        pairs = results["generalized"][0]
        found[f"{task} source"] = scores[SOURCE]
        found[f"{task} targets"] = statistics.mean(value for code, value in scores.items() if code != SOURCE)
        found[f"{task} pairs"] = pairs["macro"]
        found[f"{task} off-diagonal"] = pairs["off_diagonal"]
        for row in results["consistency"]:  # for tasks whose test data is parallel
            if row["selection"] == "source-dev":
                found[f"{task} agreement"] = row["agreement"]
    return found


def main() -> None:
    """Run missing runs, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1, help="parallel runs, one thread each")
    parser.add_argument("--limit", type=int, default=600, help="test examples per language")
    parser.add_argument("--output", type=Path, default=Path("runs/finetuning"))
    parser.add_argument("--kept", type=Path, help="JSON with the numbers of earlier runs, which are not run again")
    arguments = parser.parse_args()
    make = partial(recipe, arguments.limit)
    grid = Grid(make, list(ARMS), list(TASKS), arguments.seeds, arguments.output, arguments.kept)
    replace(grid, arms=["plain"], seeds=1, kept=None).run(1)  # trains the encoder that all arms share
    grid.run(arguments.jobs)
    columns = [f"{task} {what}" for task in TASKS for what in ("source", "targets", "off-diagonal")]
    found = grid.measured(partial(measures, grid))
    print(table(found, [*columns, "xnli agreement"]))
    differences = [f"{task} {what}" for task in TASKS for what in ("source", "targets", "pairs")]
    print("\n" + paired(found, "plain", differences))


if __name__ == "__main__":
    main()
