"""Every alignment objective in the lab, at equal steps: NLI, POS and retrieval in eight languages, several seeds.

    python experiments/alignment_objectives.py --seeds 5 --jobs 2 --output runs/objectives

All arms start from one pre-trained encoder, read the same bitext and take the same number of steps; each arm and seed
then learns NLI, and separately POS, from source-language labels.  Finished runs are kept, so an interrupted table goes
on where it was.  Prints a Markdown table: mean and standard deviation over seeds, in percent.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

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
"""Objectives of each arm; None: no alignment at all."""
TASKS = {"xnli": 2000, "udpos": 300}
"""Fine-tuning steps by task."""


def recipe(arm: str, seed: int, task: str, steps: int) -> dict[str, Any]:
    """Return the recipe of an arm, a seed and a task."""
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


def run_one(arm: str, seed: int, steps: int, output: Path) -> None:
    """Run both tasks of an arm and a seed, unless they are there."""
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    import crosslift
    from crosslift import recipe as recipes

    torch.set_num_threads(1)
    for task in TASKS:
        directory = output / arm.replace(" ", "_") / task / f"seed-{seed}"
        if not directory.exists():
            crosslift.run(recipes.build(recipe(arm, seed, task, steps), where=arm), directory, resume=True)


def measures(arm: str, seed: int, output: Path) -> dict[str, float]:
    """Return what the runs of an arm and a seed gave."""
    found: dict[str, float] = {}
    for task in TASKS:
        directory = output / arm.replace(" ", "_") / task / f"seed-{seed}"
        results = json.loads((directory / "results.json").read_text(encoding="utf-8"))
        rows = [row for row in results["scores"] if row["selection"] == "source-dev"]
        metric = rows[0]["metric"]
        for row in rows:
            if row["metric"] == metric:
                found[f"{task} {row['language']}"] = row["value"]
        targets = [value for key, value in found.items() if key.startswith(f"{task} ") and not key.endswith(" qaa")]
        found[f"{task} targets"] = statistics.mean(targets)
        aligned = [stage for stage in results["stages"] if stage["stage"] == "align"]
        found["seconds"] = aligned[0]["seconds"] if aligned else 0.0
        after = "align" if aligned else "pretrain"
        probes = [row["value"] for row in results["probes"] if (row["metric"], row["stage"]) == ("retrieval", after)]
        if probes:  # taken by the task that has translations to score
            found["retrieval"] = statistics.mean(probes)
    return found


def table(arms: list[str], seeds: int, output: Path) -> str:
    """Return the Markdown table."""
    languages = [f"xnli qa{letter}" for letter in "abcdefgh"]
    columns = [*languages, "xnli targets", "udpos targets", "retrieval", "seconds"]
    lines = ["| objective | " + " | ".join(columns) + " |", "| --- |" + " --- |" * len(columns)]
    for arm in arms:
        runs = [measures(arm, seed, output) for seed in range(seeds)]
        cells = []
        for column in columns:
            values = [run[column] for run in runs]
            spread = statistics.stdev(values) if seeds > 1 else 0.0
            cells.append(f"{statistics.mean(values):.1f} ± {spread:.1f}")
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side, one thread each")
    parser.add_argument("--steps", type=int, default=400, help="alignment steps of 64 pairs")
    parser.add_argument("--arms", default=",".join(ARMS), help="comma-separated (a comma inside a name is kept)")
    parser.add_argument("--output", type=Path, default=Path("runs/objectives"))
    arguments = parser.parse_args()
    arms = [arm for arm in ARMS if arm in arguments.arms]
    work = [(arm, seed) for seed in range(arguments.seeds) for arm in arms]
    run_one("none", 0, arguments.steps, arguments.output)  # pre-trains the encoder that all share
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.jobs, mp_context=context) as pool:
        futures = {
            pool.submit(run_one, arm, seed, arguments.steps, arguments.output): (arm, seed) for arm, seed in work
        }
        for future, (arm, seed) in futures.items():
            if future.exception() is not None:
                print(f"{arm}, seed {seed}: {future.exception()}")
    print(table(arms, arguments.seeds, arguments.output))


if __name__ == "__main__":
    main()
