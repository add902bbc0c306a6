"""Zero-shot cross-lingual transfer: train on one language, serve the others, and know which method is better.

A recipe has stages, and each stage is a table of the recipe and a package:

- `pretrain`, `align`: train an encoder, and align its languages (`crosslift.align`);
- `finetune`: learn a task from labels in the source language (`crosslift.finetune`);
- `evaluate`: score it in every language (`crosslift.evaluation`).

Results are read by three more:

- `compare`: test which system is better, over items, languages and seeds (`crosslift.comparison`);
- `study`: answer a research question with arms, controls and verdicts (`crosslift.studies`);
- `report`: write a page about runs or a study (`crosslift.report`).

The main classes are `Encoder`, `TaskModel`, `Bitext`, `Lexicon`, `WordAligner`, `Recipe`, and the lab's `World`.
Importing crosslift imports no torch; names are loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from crosslift.version import __version__

if TYPE_CHECKING:
    from crosslift import lab, losses
    from crosslift.comparison import compare
    from crosslift.data.bitext import Bitext
    from crosslift.data.lexicon import Lexicon
    from crosslift.encoder.encoder import Encoder
    from crosslift.evaluation.evaluate import evaluate
    from crosslift.evaluation.predict import predict
    from crosslift.heads.task_model import TaskModel
    from crosslift.merging.merge import merge
    from crosslift.pipeline.run import run
    from crosslift.recipe import Recipe
    from crosslift.studies import study
    from crosslift.wordalign.aligner import WordAligner

__all__ = [
    "Bitext",
    "Encoder",
    "Lexicon",
    "Recipe",
    "TaskModel",
    "WordAligner",
    "__version__",
    "compare",
    "evaluate",
    "lab",
    "losses",
    "merge",
    "predict",
    "run",
    "study",
]

_HOMES = {
    "Bitext": "crosslift.data.bitext",
    "Encoder": "crosslift.encoder.encoder",
    "Lexicon": "crosslift.data.lexicon",
    "Recipe": "crosslift.recipe",
    "TaskModel": "crosslift.heads.task_model",
    "WordAligner": "crosslift.wordalign.aligner",
    "compare": "crosslift.comparison",
    "evaluate": "crosslift.evaluation.evaluate",
    "merge": "crosslift.merging.merge",
    "predict": "crosslift.evaluation.predict",
    "run": "crosslift.pipeline.run",
    "study": "crosslift.studies",
}


def __getattr__(name: str) -> Any:
    if name in ("lab", "losses"):
        return importlib.import_module(f"crosslift.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'crosslift' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
