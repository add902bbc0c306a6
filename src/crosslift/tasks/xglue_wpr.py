"""Web page ranking in 7 languages: the relevance of a page to a query, on a scale of five.

Trained on English as classification; scored by the nDCG of the pages of each query in the order of their predicted
labels, as in the benchmark's script.  Title and snippet of a page are joined to one text.  Paper:
liang-etal-2020-xglue.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, ClassVar

from crosslift.api.examples import PairExample
from crosslift.api.task import codes, counts
from crosslift.tasks.bases import xglue


class XglueWpr(xglue.XglueTask):
    """XGLUE's web page ranking."""

    task_type = "pair"
    labels = ("Bad", "Fair", "Good", "Excellent", "Perfect")
    languages = codes("en de es fr it pt zh")
    metrics = ("ndcg", "accuracy")
    hub = xglue.hub("wpr", {"relevance_label": "relavance_label"})
    files: ClassVar = xglue.files("wpr")
    columns = ("query", "web_page_title", "web_page_snippet", "relevance_label")
    answers = ("relevance_label",)
    numbered = True
    facts: ClassVar = {
        "train": {"en": 99_997},
        "dev": counts("de 10004 en 10008 es 10004 fr 10005 it 10003 pt 10001 zh 10002"),
        "test": counts("de 9997 en 10004 es 10006 fr 10020 it 10001 pt 10015 zh 9999"),
    }

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> PairExample:
        """Return the example of one row; its id is `QUERY.PLACE`, by which nDCG finds the pages of a query."""
        query, title, snippet = (self.text(row, column, where=where) for column in self.needed)
        key = blake2b(query.encode(), digest_size=6).hexdigest()
        label = self.gold(row, features, where=where)
        return PairExample(f"{key}.{index}", query, f"{title} {snippet}".strip(), label)
