"""QA matching in 3 languages: whether a passage answers a question.

Trained on English.  Paper: liang-etal-2020-xglue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crosslift.api.examples import PairExample
from crosslift.api.task import codes
from crosslift.tasks.bases import xglue

_LANGUAGES = codes("en de fr")


class XglueQam(xglue.XglueTask):
    """XGLUE's QA matching."""

    task_type = "pair"
    labels = ("False", "True")
    languages = _LANGUAGES
    metrics = ("accuracy", "macro_f1")
    hub = xglue.hub("qam")
    files: ClassVar = xglue.files("qam")
    columns = ("question", "answer", "label")
    answers = ("label",)
    numbered = True
    facts: ClassVar = {
        "train": {"en": 100_000},
        "dev": dict.fromkeys(_LANGUAGES, 10_000),
        "test": dict.fromkeys(_LANGUAGES, 10_000),
    }

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> PairExample:
        """Return the example of one row."""
        question, answer = (self.text(row, column, where=where) for column in self.needed)
        return PairExample(str(index), question, answer, self.gold(row, features, where=where))
