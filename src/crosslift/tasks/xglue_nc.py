"""News classification in 5 languages: the category of an article, one of ten.

Trained on English; title and body are joined to one text.  Only the hub and the later release have labels of the test
sets.  Paper: liang-etal-2020-xglue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crosslift.api.examples import SentenceExample
from crosslift.api.task import codes
from crosslift.tasks.bases import xglue

_LANGUAGES = codes("en de es fr ru")


class XglueNc(xglue.XglueTask):
    """XGLUE's news classification."""

    task_type = "sentence"
    labels = codes("foodanddrink sports travel finance lifestyle news entertainment health video autos")
    languages = _LANGUAGES
    metrics = ("accuracy", "macro_f1")
    hub = xglue.hub("nc")
    files: ClassVar = xglue.files("nc")
    columns = ("news_title", "news_body", "news_category")
    answers = ("news_category",)
    facts: ClassVar = {
        "train": {"en": 100_000},
        "dev": dict.fromkeys(_LANGUAGES, 10_000),
        "test": dict.fromkeys(_LANGUAGES, 10_000),
    }

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> SentenceExample:
        """Return the example of one row."""
        title, body = (self.text(row, column, where=where) for column in self.needed)
        return SentenceExample(str(index), f"{title} {body}".strip(), self.gold(row, features, where=where))
