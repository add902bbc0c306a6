"""Query-ad matching in 3 languages: whether an advertisement is relevant to a query.

Trained on English; title and description of an ad are joined to one text.  Paper: liang-etal-2020-xglue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crosslift.api.examples import PairExample
from crosslift.api.task import codes
from crosslift.tasks.bases import xglue

_LANGUAGES = codes("en de fr")


class XglueQadsm(xglue.XglueTask):
    """XGLUE's query-ad matching."""

    task_type = "pair"
    labels = ("Bad", "Good")
    languages = _LANGUAGES
    metrics = ("accuracy", "macro_f1")
    hub = xglue.hub("qadsm")
    files: ClassVar = xglue.files("qadsm")
    columns = ("query", "ad_title", "ad_description", "relevance_label")
    answers = ("relevance_label",)
    facts: ClassVar = {
        "train": {"en": 100_000},
        "dev": dict.fromkeys(_LANGUAGES, 10_000),
        "test": dict.fromkeys(_LANGUAGES, 10_000),
    }

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> PairExample:
        """Return the example of one row."""
        query, title, description = (self.text(row, column, where=where) for column in self.needed)
        label = self.gold(row, features, where=where)
        return PairExample(str(index), query, f"{title} {description}".strip(), label)
