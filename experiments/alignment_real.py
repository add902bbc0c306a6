"""Alignment on real text: Tatoeba, topics, part-of-speech tags and NLI from one small encoder, several seeds.

    python experiments/alignment_real.py --encoder ENCODER --data DATA --seeds 3 --jobs 2 --output runs/alignment-real

DATA has the layout of XTREME's download script, plus `bitext/{language}.tsv` (corpus, id, English, other) and
`nli_train/en.jsonl`.  In each of 14 languages 6,000 pairs are drawn with seed 0 and aligned word by word; `--pairs` of
them are written to OUTPUT/bitext with their links, and read by all arms.  All arms take the same number of steps of 32
pairs at one learning rate.  Finished runs are kept.  Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import statistics
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from grid import Grid, by_language, probe, stage_seconds, table

from crosslift import languages
from crosslift.io.text import existing, lines
from crosslift.wordalign import WordAligner

LANGUAGES = ("ar", "bg", "de", "el", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
SENTENCE = {"layers": [1, -1], "same_language_negatives": True, "projection": True, "mlm_weight": 0.1}
ARMS: dict[str, list[dict[str, Any]] | None] = {
    "none": None,
    "MLM, unpaired": [{"use": "mlm"}],
    "TLM": [{"use": "tlm"}],
    "WEAM": [{"use": "weam"}],
    "word_l2": [{"use": "word_l2"}],
    "CZ-snt": [{"use": "sentence_contrastive", "loss": "cz_nce", **SENTENCE}],
    "ML-CTL-CZ": [{"use": "ml_ctl", "loss": "cz_nce"}],
}
"""Objectives of each arm; None means no alignment."""
SHORTER = {
    "sib200": {"epochs": 3},
    "udpos": {"epochs": 1},
    "xnli": {"train_limit": 1000},
}
"""Changes to those recipes that save time; also, only the last weights are scored."""
LIMIT = {"sib200": 99, "udpos": 50, "xnli": 100}
"""Most examples scored per language."""
SIB200 = (
    *("eng_Latn", "arb_Arab", "bul_Cyrl", "deu_Latn", "ell_Grek", "spa_Latn", "fra_Latn", "hin_Deva", "rus_Cyrl"),
    *("swh_Latn", "tha_Thai", "tur_Latn", "urd_Arab", "vie_Latn", "zho_Hans", "ita_Latn", "por_Latn", "ron_Latn"),
    *("pol_Latn", "ukr_Cyrl", "fin_Latn", "est_Latn", "ind_Latn", "pes_Arab", "xho_Latn"),
)
"""English, the languages with bitext, and ten without."""
ALIGNED = 6000
"""Pairs per language that the word aligner learns from."""
GROUPS = ("source", "aligned", "others")
"""English, the languages with bitext, and those without."""
TASKS = {"sib200": "recipes/sib200.toml", "udpos": "recipes/udpos.toml", "xnli": "recipes/xnli.toml"}
"""The recipe whose fine-tuning and evaluation a task uses; XNLI's also scores Tatoeba."""


def recipe(options: argparse.Namespace, arm: str, seed: int, task: str) -> dict[str, Any]:
    """Return the recipe of an arm, a seed and a task."""
    from crosslift import recipe as recipes

    values = recipes.read(Path(__file__).parents[1] / TASKS[task])
    values |= {"name": "".join(letter if letter.isalnum() else "-" for letter in arm), "seed": seed}
    values["encoder"]["model"] = str(options.encoder)
    values["data"] = {**values.get("data", {}), "source": "directory", "path": str(options.data)}
    values["finetune"] |= {**SHORTER[task], "evaluations": 1, "average_last": 1}
    values["evaluate"][0]["limit"] = LIMIT[task]
    if task == "sib200":
        values["evaluate"][0]["languages"] = list(SIB200)
    objectives = ARMS[arm]
    if objectives is not None:
        values["align"] = {
            "objective": objectives,
            "bitext": {"path": str(options.output / "bitext"), "links": "given"},
            "steps": options.steps,
            "batch_size": 32,
            "max_length": 64,
            "learning_rate": options.learning_rate,
            "seed": seed,
        }
    return values


def draw_bitext(data: Path, output: Path, count: int) -> None:
    """Write `count` pairs per language and their word links, unless they exist already."""
    output.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        drawn = output / f"{language}.tsv"
        if drawn.exists():
            continue
        rows = [row for _, row in lines(existing(data / "bitext" / f"{language}.tsv"))]
        chosen = np.random.default_rng(0).permutation(len(rows))[:ALIGNED]
        words = [tuple(side.split() for side in rows[row].split("\t")[2:]) for row in chosen]
        found = list(WordAligner().fit_align(words, symmetrize="one-to-one"))
        links = [" ".join(f"{i}-{j}" for i, j in alignment.links) for alignment in found[:count]]
        drawn.with_suffix(".links").write_text("\n".join(links) + "\n", encoding="utf-8")
        drawn.write_text("".join(rows[row] + "\n" for row in chosen[:count]), encoding="utf-8")


def group_of(code: str) -> str:
    """Return the group of a language, whichever code the benchmark uses for it."""
    language = languages.get(code).code
    return "source" if language == "en" else "aligned" if language in LANGUAGES else "others"


def measures(grid: Grid, arm: str, seed: int) -> dict[str, float]:
    """Return the measures of the runs of one arm and seed."""
    found: dict[str, float] = {}
    for task in grid.tasks:
        results = grid.results(arm, seed, task)
        metric = "tagging_accuracy" if task == "udpos" else None
        scores = by_language(results, task, metric=metric, selection="last")
        for group in GROUPS:
            inside = [score for code, score in scores.items() if group_of(code) == group]
            found[f"{task} {group}"] = statistics.mean(inside)
        if task == "xnli":
            tatoeba = by_language(results, "tatoeba", selection="last")
            found["tatoeba"] = statistics.mean(tatoeba.values())
            found["align s"] = stage_seconds(results, "align")
            found["xnli retrieval"] = probe(results, "align" if ARMS[arm] else "start") or 0.0
    return found


def main() -> None:
    """Run missing runs, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1, help="parallel runs, one thread each")
    parser.add_argument("--steps", type=int, default=150, help="alignment steps of 32 pairs")
    parser.add_argument("--pairs", type=int, default=2000, help="most pairs per language")
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--output", type=Path, default=Path("runs/alignment-real"))
    options = parser.parse_args()
    draw_bitext(options.data, options.output / "bitext", options.pairs)
    grid = Grid(partial(recipe, options), list(ARMS), list(TASKS), options.seeds, options.output)
    grid.run(options.jobs)
    columns = ["tatoeba", "xnli retrieval", *(f"{task} {group}" for task in TASKS for group in GROUPS), "align s"]
    print(table(grid.measured(partial(measures, grid)), columns))


if __name__ == "__main__":
    main()
