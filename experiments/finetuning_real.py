"""Robust and label-aware fine-tuning on real text, and chains of tasks, from one small encoder, several seeds.

    python experiments/finetuning_real.py --encoder ENCODER --data DATA --seeds 3 --jobs 2 --output runs/finetuning-real

DATA is laid out as XTREME's download script does it, with `nli_train/en.jsonl`, `siqa/`, `copa/`, `xcopa/` and
`dictionaries/en-{language}.txt` beside.  NLI: 4,000 English pairs, scored on XNLI dev in eight languages and in every
ordered pair of them.  RS-DA's neighbours are English words with two translations or more in common in
the dictionaries.  Choices: COPA, after SocialIQA or not, scored on XCOPA validation; nothing translates SocialIQA here,
so the multilingual arm predicts masked words of bitext's other languages beside it.
Finished runs are kept.  Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import partial
from itertools import combinations, islice
from pathlib import Path
from typing import Any

from grid import Grid, by_language, paired, stage_seconds

from crosslift.data.text import existing, lines

Arm = dict[str, Any]
LANGUAGES = ("ar", "bg", "de", "el", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
NEIGHBOURS = 8
"""Neighbours a word, at most: the released file has 8."""


def nli_arms(options: argparse.Namespace) -> dict[str, Arm]:
    """Return what each arm lays over [finetune]."""
    switch = {"use": "code_switch", "lexicon": str(options.data / "dictionaries")}
    neighbours = str(options.output / "neighbours.json")
    return {
        "plain": {},
        "adversarial, radius 0.1": {"method": [{"use": "adversarial", "radius": 0.1}]},
        "RS-RP": {"method": [{"use": "random_perturbation"}]},
        "RS-DA": {"method": [{"use": "synonym_smoothing", "neighbours": neighbours, "exact": False}]},
        "label_contrastive": {"method": [switch, {"use": "label_contrastive"}]},
    }


def choice_arms(options: argparse.Namespace) -> dict[str, Arm | None]:
    """Return the intermediate stage of each arm."""
    text = {"path": str(options.output / "text"), "limit": 3000}
    return {
        "COPA": None,
        "SIQA, COPA": {},
        "SIQA and MLM, COPA": {"mlm": {"text": text}},
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
    if task == "xnli":
        values["data"]["files"] = {"train": "nli_train/en.jsonl"}
        values["finetune"] = (
            finetune | {"train_limit": options.pairs, "epochs": 1, "dev_limit": 500} | nli_arms(options)[arm]
        )
        wanted = options.languages.split(",")
        table = {"task": "xnli", "split": "dev", "languages": wanted, "limit": options.limit, "generalized": True}
        values["evaluate"] = [table]
        return values
    values["finetune"] = finetune | {"batch_size": 16, "steps": 75, "learning_rate": 1e-4}
    values["evaluate"] = [{"task": "xcopa", "split": "dev"}]
    first = choice_arms(options)[arm]
    if first is not None:
        values["intermediate"] = [finetune | {"task": "siqa", "batch_size": 16, "steps": 100, "per_seed": True} | first]
    return values


def write_neighbours(data: Path, output: Path) -> None:
    """Write the English words that share two translations or more, most in common first, as RS-DA's file has them."""
    common: Counter[tuple[str, str]] = Counter()
    for language in LANGUAGES:
        sources: defaultdict[str, list[str]] = defaultdict(list)
        for _, line in lines(existing(data / "dictionaries" / f"en-{language}.txt")):
            word, translation = line.split()[:2]
            sources[translation].append(word)
        for words in sources.values():
            common.update(combinations(sorted(set(words)), 2))
    found: defaultdict[str, list[str]] = defaultdict(list)
    for (one, other), count in common.most_common():
        if count >= 2:
            found[one].append(other)
            found[other].append(one)
    neighbours = {word: others[:NEIGHBOURS] for word, others in sorted(found.items())}
    output.write_text(json.dumps(neighbours, ensure_ascii=False), encoding="utf-8")


def write_text(data: Path, output: Path) -> None:
    """Write the first sentences of bitext in other languages, for masked language modelling."""
    output.mkdir(exist_ok=True)
    for language in LANGUAGES:
        rows = (row.split("\t")[3] for _, row in lines(existing(data / "bitext" / f"{language}.tsv")))
        (output / f"{language}.txt").write_text("".join(row + "\n" for row in islice(rows, 3000)), encoding="utf-8")


def measures(grid: Grid, arm: str, seed: int) -> dict[str, float]:
    """Return what the run of an arm and a seed gave."""
    (task,) = grid.tasks
    results = grid.results(arm, seed, task)
    found: dict[str, float] = {"seconds": stage_seconds(results, "finetune")}
    for rule in ("source-dev", "average"):
        scores: Mapping[str, float] = by_language(results, "xcopa" if task == "copa" else task, selection=rule)
        if "en" in scores:
            found[f"source, {rule}"] = scores["en"]
        found[f"targets, {rule}"] = statistics.mean(value for code, value in scores.items() if code != "en")
    for row in results["generalized"]:
        found |= {"all pairs": row["macro"], "off-diagonal": row["off_diagonal"]}
    for row in results["consistency"]:
        if row["selection"] == "source-dev":
            found["agreement"] = row["agreement"]
    return found


def main() -> None:
    """Run what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side, one thread each")
    parser.add_argument("--pairs", type=int, default=4000, help="English pairs that NLI is learned from")
    parser.add_argument("--limit", type=int, default=60, help="XNLI examples a language")
    parser.add_argument("--languages", default="en,ar,de,fr,ru,sw,tr,zh", help="that XNLI is scored in, and all pairs")
    parser.add_argument("--output", type=Path, default=Path("runs/finetuning-real"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    write_neighbours(options.data, options.output / "neighbours.json")
    write_text(options.data, options.output / "text")
    nli = Grid(partial(recipe, options), list(nli_arms(options)), ["xnli"], options.seeds, options.output)
    choices = Grid(partial(recipe, options), list(choice_arms(options)), ["copa"], options.seeds, options.output)
    averages = ["targets, source-dev", "targets, average"]
    for grid, baseline, extra in (
        (nli, "plain", ["source, source-dev", "source, average", "off-diagonal", "agreement"]),
        (choices, "COPA", []),
    ):
        grid.run(options.jobs)
        measure = partial(measures, grid)
        print(grid.table([*extra, *averages, "seconds"], measure))
        print("\n" + paired(grid, baseline, [*extra, *averages], measure) + "\n")


if __name__ == "__main__":
    main()
