"""nDCG: normalised discounted cumulative gain of the pages of each query, ranked by their predicted labels.

A record's id is `QUERY.PLACE`; consecutive records of one query are its pages.  The gain of a page is the index of its
gold label among the task's labels, and a page at rank i, from 1, is discounted by log2(i + 1).  Pages with the same
predicted label share the mean discount of their ranks, so the order in the file does not matter.  Queries with one page
are left out.

Equal to the benchmark script of XGLUE, which uses scikit-learn's `ndcg_score`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.api.metric import Metric


class Ndcg(Metric):
    """Mean nDCG of the queries; needs the task's labels, the least relevant first."""

    record_type = "label"
    worst = None  # the worst order of the pages has some gain too
    needs_labels = True
    parts = ("ndcg", "queries")

    def units(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Return one unit per query: the predicted and the gold labels of its pages."""
        pages = [list(group) for _, group in groupby(records, key=lambda record: str(record["id"]).rpartition(".")[0])]
        return [
            {key: [record[key] for record in group] for key in ("prediction", "gold")}
            for group in pages
            if len(group) > 1
        ]

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (nDCG of a query, 1)."""
        predicted, gold = (
            np.array([self.label_index(label) for label in record[key]], dtype=np.float64)
            for key in ("prediction", "gold")
        )
        ideal = _gain_of(gold, gold)
        return (_gain_of(predicted, gold) / ideal if ideal else 0.0), 1.0

    def score(self, total: NDArray[np.float64]) -> float:
        """Return the mean over queries of a sum (parts,), in percent; 0 where there is none."""
        gain, queries = total
        return float(100 * gain / queries) if queries else 0.0


def _gain_of(scores: NDArray[np.float64], gold: NDArray[np.float64]) -> float:
    """Return the discounted gain of pages in the order of their scores, ties averaged (McSherry and Najork 2008)."""
    discounts = 1 / np.log2(np.arange(len(scores)) + 2)
    ranked = np.argsort(-scores, kind="stable")
    total = 0.0
    for score in np.unique(scores):
        places = scores[ranked] == score
        total += float(discounts[places].sum() * gold[scores == score].mean())
    return total
