"""Results of studies made by hand: one with everything a page can show, and a ledger of claims."""

from __future__ import annotations

from typing import Any

import numpy as np

LANGUAGES = {
    "qaa": ("Sadoran", "Latn", 0.0),
    "qab": ("Velian", "Latn", 0.1),
    "qac": ("Morish", "Latn", 0.25),
    "qad": ("Thelian", "Grek", 0.4),
    "qae": ("Ozgur", "Cyrl", 0.5),
    "qaf": ("Pelasi", "Arab", 0.65),
    "qag": ("Nandic", "Deva", 0.8),
    "qah": ("Yukan", "Hang", 0.95),
}
ARMS = {
    "plain": (0.0, False, "Fine-tuning on labels of the source language alone"),
    "plain-twice": (1.2, True, "The same for twice the steps, as much text as the arms with views"),
    "views": (5.0, True, "Sentences and their code-switched views, contrast at weight 0"),
    "shuffled-labels": (4.6, True, "As label-aware contrast, with labels shuffled before the contrast"),
    "label-aware": (6.1, False, "Cross-entropy on sentences and views, and supervised contrast over labels"),
    "adversarial": (-2.0, False, "The worst perturbation of the embeddings within a small radius"),
}
TASKS = {"xnli": 61.0, "pawsx": 72.0}
SEEDS = (0, 1, 2, 3, 4)
SOURCE = "qaa"


def study(*, arms: int = 6, tasks: int = 2, distances: bool = True, maps: bool = True) -> dict[str, Any]:
    """Return study.json of a whole study: random numbers of a fixed seed, gains larger in distant languages."""
    rng = np.random.default_rng(0)
    chosen = dict(list(ARMS.items())[:arms])
    found: dict[str, Any] = {"scores": [], "comparisons": [], "grids": [], "curves": []}
    for task, level in list(TASKS.items())[:tasks]:
        for arm, (gain, _, _) in chosen.items():
            _measure(found, rng, arm, task, level, gain)
    return {
        "schema": 1,
        "study": "label-aware-xnli",
        "title": "Label-aware contrast for zero-shot inference",
        "question": "How does label-aware contrastive learning change zero-shot performance on XNLI?",
        "background": "Label-aware contrast pulls sentences of one label together.\n\nControls see the same views.",
        "scale": "lab",
        "about": "Encoder `lab` (2 layers x 128), pre-trained by MLM for 3,500 steps; 600 test pairs a language.",
        "baseline": "plain",
        "source": SOURCE,
        "seeds": list(SEEDS),
        "tasks": list(TASKS)[:tasks],
        "arms": [_arm(name, place) for place, name in enumerate(chosen)],
        **found,
        "test": "95% intervals by hierarchical bootstrap; adjusted p (Holm): over the target means.",
        "hypotheses": hypotheses(),
        "maps": [_map(rng, arm) for arm in ("plain", "label-aware")] if maps else [],
        "languages": {
            code: {"name": name, "script": script, "family": "lab", "resources": "artificial"}
            | ({"distance": distance} if distances else {})
            for code, (name, script, distance) in LANGUAGES.items()
        },
        "failures": [
            {"arm": "adversarial", "task": "pawsx", "seed": 4, "kind": "failed", "text": "the loss is not finite"},
            *(
                {
                    "arm": "adversarial",
                    "task": "xnli",
                    "seed": seed,
                    "kind": "warning",
                    "text": "at chance on the source",
                }
                for seed in (0, 1)
            ),
        ],
        "notes": ["agreement is not scored in pawsx"],
        "limitations": ["The lab's lexicon is exact; real ones are not."],
        "references": ["Khosla et al. 2020, Supervised Contrastive Learning, arXiv 2004.11362"],
        "environment": {"crosslift": "0.1.0", "python": "3.11.7", "packages": {"torch": "2.13.0"}},
        "command": "crosslift study label-aware-xnli --scale lab",
        "definition": 'title = "Label-aware contrast"\n[[arm]]\nname = "plain"\n',
        "definition_hash": "b62375134e927704",
    }


def _arm(name: str, place: int) -> dict[str, Any]:
    _, control, about = ARMS[name]
    seconds = 95.0 + 41 * place
    stages = [
        {"task": "xnli", "stage": stage, "seconds": seconds / 2, "steps": 800, "tokens": 400_000}
        for stage in ("align", "finetune")
    ]
    costs = {"seconds": seconds, "steps": 1600 + 300 * place, "tokens": 800_000 + 90_000 * place, "stages": stages}
    return {"name": name, "about": about, "control": control, **costs}


def _measure(found: dict[str, Any], rng: np.random.Generator, arm: str, task: str, level: float, gain: float) -> None:
    run = rng.normal(0, 0.8, len(SEEDS))
    values = {
        code: level + 20 * (code == SOURCE) - 18 * distance + gain * (0.4 + distance) + run + rng.normal(0, 0.7, 5)
        for code, (_, _, distance) in LANGUAGES.items()
    }
    mean = np.mean([values[code] for code in LANGUAGES if code != SOURCE], axis=0)
    rows = [("language", "accuracy", code, value) for code, value in values.items()]
    rows += [("summary", "accuracy", "target mean", mean), ("summary", "accuracy", "source", values[SOURCE])]
    rows += [("summary", "accuracy", "transfer gap", values[SOURCE] - mean)]
    rows += [("probe", "retrieval", stage, 40 + gain + 9 * n + run) for n, stage in enumerate(("align", "finetune"))]
    if task == "xnli":
        rows += [
            ("pairs", "accuracy", "mean of pairs", mean - 4),
            ("off-diagonal", "accuracy", "two languages", mean - 5),
        ]
        rows += [("agreement", "agreement", "pairs of languages", mean - 9)]
        rows += [("fleiss_kappa", "fleiss_kappa", "all languages", (mean - 9) / 100)]
        found["grids"].append(_grid(rng, arm, task, values))
    found["scores"] += [
        {"arm": arm, "task": task, "metric": metric, "kind": kind, "over": over, "seeds": list(SEEDS),
         "values": np.round(value, 3).tolist(), "selection": "source-dev"}
        for kind, metric, over, value in rows
    ]  # fmt: skip
    steps = list(range(100, 1601, 100))
    curve = [80 - 45 * float(np.exp(-step / 400)) + gain / 4 for step in steps]
    found["curves"].append({"arm": arm, "task": task, "steps": steps, "values": curve})
    if arm != "plain":
        _compare(found, rng, arm, task, gain)


def _compare(found: dict[str, Any], rng: np.random.Generator, arm: str, task: str, gain: float) -> None:
    overs = [
        ("target mean", 0.9, False),
        *((code, distance + 0.4, False) for code, (*_, distance) in LANGUAGES.items()),
    ]
    overs += [("mean of pairs", 1.0, True)] if task == "xnli" else []
    for over, share, generalized in overs:
        effect, half = gain * share + float(rng.normal(0, 0.3)), float(rng.uniform(1, 2.6))
        found["comparisons"].append(
            {"baseline": "plain", "system": arm, "task": task, "metric": "accuracy", "first_metric": True, "over": over,
             "effect": effect, "low": effect - half, "high": effect + half, "p": 0.03, "p_adjusted": 0.06, "wins": 5,
             "ties": 1, "losses": 1, "seeds": 5, "agree": 6, "generalized": generalized}
        )  # fmt: skip


def _grid(rng: np.random.Generator, arm: str, task: str, values: dict[str, Any]) -> dict[str, Any]:
    means = np.array([value.mean() for value in values.values()])
    cells = (means[:, None] + means[None]) / 2 - 4 * (1 - np.eye(len(means))) + rng.normal(0, 0.5, (len(means),) * 2)
    return {"arm": arm, "task": task, "metric": "accuracy", "languages": list(values), "cells": cells.round(2).tolist()}


def _map(rng: np.random.Generator, arm: str) -> dict[str, Any]:
    codes = list(LANGUAGES)
    meanings = np.repeat(np.arange(25), len(codes))
    places = {name: rng.normal(size=(25, 2))[meanings] + rng.normal(0, 0.1, (len(meanings), 2)) for name in ("t", "p")}
    return {
        "arm": arm,
        "stage": "finetune",
        "seed": 0,
        "languages": codes * 25,
        "meanings": [f"m{meaning}" for meaning in meanings],
        "texts": [f"sentence {meaning} in {code}" for meaning, code in zip(meanings, codes * 25, strict=True)],
        "tsne": places["t"].round(3).tolist(),
        "pca": places["p"].round(3).tolist(),
        "silhouette_meaning": 0.41,
        "silhouette_language": -0.05,
    }


def finding(text: str, effect: float, *, verdict: str = "confirmed") -> dict[str, Any]:
    """Return a difference that was found, with an interval of 1.2 points to both sides."""
    known = {
        "effect": effect,
        "low": effect - 1.2,
        "high": effect + 1.2,
        "p": 0.004,
        "seeds": 5,
        "languages": 7,
        "agree": 6,
    }
    return {"text": text, "verdict": verdict, **known}


def judged(name: str, statement: str, verdict: str, effect: float | None = None, **more: Any) -> dict[str, Any]:
    """Return a hypothesis with its verdict, and one finding where there is an effect."""
    found = (
        [finding("label-aware − plain, the target mean of xnli", effect, verdict=verdict)] if effect is not None else []
    )
    ends = {key: found[0][key] for key in ("effect", "low", "high", "seeds")} if found else {}
    rule = "label-aware − plain, the target mean is above 0"
    return {"name": name, "statement": statement, "rule": rule, "verdict": verdict, "findings": found, **ends, **more}


def hypotheses() -> list[dict[str, Any]]:
    """Return one of each verdict, and one that numbers cannot decide."""
    return [
        judged("H1", "Label-aware contrast beats ordinary fine-tuning", "confirmed", 6.1, published={"XLM-R": 1.9}),
        judged("H2", "The label-aware term itself helps", "inconclusive", 0.4),
        judged("H3", "Adversarial training helps", "refuted", -2.0, source="Huang et al. 2021"),
        judged("H4", "It serves zero-shot transfer", "recorded", test="tests/unit/test_recipe.py::test_it"),
        judged(
            "H5", "It helps in real languages", "inconclusive", reason="Not decided: the lab has no real languages."
        ),
    ]


def ledger() -> dict[str, Any]:
    """Return study.json of thirty claims, of which many are not decided by runs."""
    verdicts = ("confirmed", "refuted", "inconclusive", "recorded")
    statements = (
        "mBERT+TLM outperforms mBERT by a large margin in the zero-shot setting",
        "mBERT+WEAM significantly outperforms both mBERT+TLM and word-aligned mBERT on XNLI",
        "learning rate 5e-5, batch size 32, maximum length 128, 2 pre-training epochs, lambda 1",
    )
    claims = []
    for place in range(30):
        verdict = verdicts[place % 4]
        effect = None if verdict == "recorded" else round(3.4 - 0.3 * place, 2)
        more: dict[str, Any] = {"source": "Yang et al. 2021, arXiv 2106.01732"}
        if place % 5 == 0:
            more["published"] = {"mBERT": 65.4, "mBERT+TLM": 68.1}
        if verdict == "recorded":
            more["test"] = "tests/unit/align/test_weam.py::test_settings"
        claims.append(judged(f"C{place + 1:02}", statements[place % 3], verdict, effect, **more))
    return study(arms=5, tasks=1, maps=False) | {"title": "Thirty claims", "study": "claims", "hypotheses": claims}


def measured() -> dict[str, Any]:
    """Return study.json of a study without runs."""
    nothing = {
        key: [] for key in ("arms", "scores", "comparisons", "grids", "curves", "maps", "failures", "tasks", "seeds")
    }
    number = judged("C24", "CZ-NCE alleviates floating-point error", "confirmed") | {"effect": 0.00123, "unit": ""}
    number["findings"] = [{"text": "ratio is 0.00123", "effect": 0.00123, "unit": "", "verdict": "confirmed"}]
    return study() | nothing | {"hypotheses": [number], "languages": {}}
