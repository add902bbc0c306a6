"""Base of metrics that compare a predicted answer with the accepted ones; the best agreement counts."""

from __future__ import annotations

import re
import unicodedata
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping
from functools import cache
from string import punctuation
from typing import Any

from crosslift.metrics.bases.ratio import Ratio

_ENGLISH = r"\b(?:a|an|the)\b"
_ARTICLES = {
    "en": _ENGLISH,
    "es": r"\b(?:un|una|unos|unas|el|la|los|las)\b",
    "vi": r"\b(?:của|là|cái|chiếc|những)\b",
    "de": r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "ar": "ال",  # anywhere, also inside words, as in the released script
}
"""Articles by MLQA's rule; Hindi and Chinese have none."""
_IDEOGRAPH = re.compile("([\u4e00-\u9fa5])")


class ExtractiveQAMetric(Ratio):
    """Mean over examples of the best agreement with an accepted answer."""

    record_type = "answers"
    parts = ("agreement", "total")

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (best agreement, from 0 to 1; 1)."""
        prediction = self.normalised(record["prediction"], record)
        accepted = [self.normalised(answer, record) for answer in record["gold"]]
        return max((self.agreement(prediction, answer) for answer in accepted), default=0.0), 1.0

    @abstractmethod
    def agreement(self, prediction: str, answer: str) -> float:
        """Return the agreement of two normalised texts, from 0 to 1."""

    def normalised(self, text: str, record: Mapping[str, Any]) -> str:
        """Return a text normalised for comparison, by SQuAD's rule."""
        del record
        return squad_normalised(text)


class MlqaNormalised(ExtractiveQAMetric):
    """Base with MLQA's normalisation, in the language of the context."""

    def normalised(self, text: str, record: Mapping[str, Any]) -> str:
        """Return a text normalised for comparison."""
        return mlqa_normalised(text, record["language"])


def same(prediction: str, answer: str) -> float:
    """Return 1 for equal texts, else 0."""
    return float(prediction == answer)


def word_f1(prediction: str, answer: str) -> float:
    """Return the F1 of two texts as bags of words; 0 where they share none.

    >>> word_f1("in 1920", "1920")
    0.6666666666666666
    """
    words, wanted = prediction.split(), answer.split()
    common = (Counter(words) & Counter(wanted)).total()
    return 2 * common / (len(words) + len(wanted)) if common else 0.0


def squad_normalised(text: str) -> str:
    """Return a text in lower case, without ASCII punctuation or English articles, with single spaces.

    >>> squad_normalised("The  U.S., an island?")
    'us island'
    """
    bare = "".join(character for character in text.lower() if character not in punctuation)
    return " ".join(re.sub(_ENGLISH, " ", bare).split())


def mlqa_normalised(text: str, language: str) -> str:
    """Return a text in lower case, without punctuation or articles of the language, with single spaces.

    Each Chinese ideograph is a word.  Languages that MLQA lacks have no articles and are split at spaces.

    >>> mlqa_normalised("Die «Brücke»!", "de"), mlqa_normalised("在1990年。", "zh")
    ('brücke', '在 1990 年')
    """
    bare = "".join(character for character in text.lower() if not _is_punctuation(character))
    if language in _ARTICLES:
        bare = re.sub(_ARTICLES[language], " ", bare)
    if language == "zh":
        bare = _IDEOGRAPH.sub(r" \1 ", bare)
    return " ".join(bare.split())


@cache
def _is_punctuation(character: str) -> bool:
    return character in punctuation or unicodedata.category(character).startswith("P")
