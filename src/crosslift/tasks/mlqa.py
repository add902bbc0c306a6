"""Question answering in 7 languages, also with question and context in different languages: 49 pairs.

Trained on English SQuAD.  `en-de` means English contexts and German questions; `de` means both in German.  XTREME
scores the seven single languages, as the mean of F1 and exact match; the other 42 (group `pairs`) are scored only if
they are requested by name.  Answers are compared by MLQA's rule for the language of the context.
Papers: lewis-etal-2020-mlqa, hu-etal-2020-xtreme.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData, codes, counts
from crosslift.tasks.bases.extractive_qa import ExtractiveQATask

_XTREME = codes("ar de en es hi vi zh")
_PAIRS = tuple(f"{context}-{question}" for context in _XTREME for question in _XTREME if context != question)
_LANGUAGES = (*_XTREME, *_PAIRS)
_DEV = counts(
    """
    ar 517 de 512 en 1148 es 500 hi 507 vi 511 zh 504 ar-de 207 ar-en 517 ar-es 161 ar-hi 186 ar-vi 163 ar-zh 188
    de-en 512 de-es 196 de-hi 163 de-vi 182 de-zh 190 en-es 500 en-hi 507 en-vi 511 en-zh 504 es-hi 187 es-vi 189
    es-zh 161 hi-vi 177 hi-zh 189 vi-zh 184
    """
)
"""A pair of languages has the same number in both orders."""


class Mlqa(ExtractiveQATask):
    """MLQA."""

    languages = _LANGUAGES
    on_request = _PAIRS
    groups: ClassVar = {"xtreme": _XTREME, "pairs": _PAIRS}
    metrics = ("mlqa_f1", "mlqa_exact_match")
    hub = HubData(
        "facebook/mlqa",
        config="mlqa.{language}",
        splits={"dev": "validation", "test": "test"},
        languages={code: code.replace("-", ".") if "-" in code else f"{code}.{code}" for code in _LANGUAGES},
    )
    file_codes: ClassVar = {
        code: code.replace("-", "-question-") if "-" in code else f"{code}-question-{code}" for code in _LANGUAGES
    }
    files: ClassVar = {
        "train": ("squad/train-v1.1.json",),
        "dev": ("mlqa/MLQA_V1/dev/dev-context-{language}.json",),
        "test": ("mlqa/MLQA_V1/test/test-context-{language}.json",),
    }
    facts: ClassVar = {
        "train": {"en": 87_599},
        "dev": {"-".join(code.split("-")[::turn]): count for code, count in _DEV.items() for turn in (1, -1)},
        "test": counts("ar 5335 de 4517 en 11590 es 5253 hi 4918 vi 5495 zh 5137"),
    }
    citation = (
        "Lewis, Oğuz, Rinott, Riedel and Schwenk (2020): MLQA: Evaluating Cross-lingual Extractive Question Answering. "
        "ACL."
    )
    licence = "CC BY-SA 3.0"
