"""Tagging F1: micro-averaged F1 of chunks, by seqeval's default rule, as XTREME scores UD-POS and PAN-X.

Chunks follow the CoNLL-2000 rule that seqeval implements: a tag's first character is its position (B, I, E, S, O), the
rest its type.  On bare tags such as NOUN the first letter is read as a position and the rest as a type, so neighbouring
words with the same tag merge into one chunk; XTREME scores UD-POS this way, and so does this.  Implemented here because
seqeval warns at every bare tag and is not part of the base install.

Equal to `seqeval.metrics.f1_score` over a corpus, with one exception: seqeval concatenates sentences, so a sentence
that begins with the bare tag X continues a chunk of the previous one.  Here it begins a new chunk, as when seqeval is
given the sentence alone (a difference of thousandths of a point on UD-POS).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from crosslift.api.metric import Metric
from crosslift.api.records import RecordType

Chunk = tuple[str, int, int]


class TaggingF1(Metric):
    """F1 of chunks."""

    record_type: ClassVar[RecordType] = "tags"
    parts = ("correct", "predicted", "gold")

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (chunks in both, predicted chunks, gold chunks) of a sentence."""
        predicted, gold = set(chunks(record["prediction"])), set(chunks(record["gold"]))
        return float(len(predicted & gold)), float(len(predicted)), float(len(gold))

    def score(self, total: NDArray[np.float64]) -> float:
        """Return 200 * correct / (predicted + gold) of sums (parts,); 0 where there is no chunk."""
        return float(self.scores(total))

    def scores(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the same for many sums, (..., parts)."""
        found = totals[..., 1] + totals[..., 2]
        return 200 * totals[..., 0] / np.where(found > 0, found, 1)


def chunks(tags: Sequence[str]) -> list[Chunk]:
    """Return (type, first word, last word) of every chunk of a sentence.

    >>> chunks(["B-PER", "I-PER", "O", "B-LOC"])
    [('PER', 0, 1), ('LOC', 3, 3)]
    >>> chunks(["NOUN", "NOUN", "VERB"])
    [('OUN', 0, 1), ('ERB', 2, 2)]
    """
    found: list[Chunk] = []
    begin, before = 0, ("O", "")
    for place, tag in enumerate([*tags, "O"]):
        here = (tag[0], tag[1:].split("-", maxsplit=1)[-1] or "_")
        if _ends(before, here):
            found.append((before[1], begin, place - 1))
        if _starts(before, here):
            begin = place
        before = here
    return found


def _ends(before: tuple[str, str], here: tuple[str, str]) -> bool:
    (mark, chunk_type), (next_mark, next_type) = before, here
    if mark in "ES" or (mark in "BI" and next_mark in "BSO"):
        return True
    return mark not in "O." and chunk_type != next_type


def _starts(before: tuple[str, str], here: tuple[str, str]) -> bool:
    (last_mark, last_type), (mark, chunk_type) = before, here
    if mark in "BS" or (last_mark in "ESO" and mark in "EI"):
        return True
    return mark not in "O." and chunk_type != last_type
