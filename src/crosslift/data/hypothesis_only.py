"""What second texts give away: how often a label can be told without the first text.

Hypotheses of inference data were written to a label, and words such as "not" tell it (Gururangan et al. 2018, arXiv
1803.02324; Poliak et al. 2018, arXiv 1805.01042).  Here naive Bayes reads their words and pairs of words, which takes
seconds; `[finetune.input] texts = "second"` trains the encoder itself that way.  Imports no torch.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from crosslift.api.examples import Example, PairExample

MOST = 50_000
"""Training examples that are read, at most: the first ones."""
MARGIN = 5.0
"""Points above the commonest label from which second texts count as giving labels away."""


@dataclass(frozen=True)
class HypothesisOnly:
    """Shares of right labels, in percent, without the first text."""

    second: float
    """Naive Bayes on second texts."""
    commonest: float
    """The commonest label of the examples, always."""

    @property
    def much(self) -> bool:
        """Whether second texts give labels away."""
        return self.second >= self.commonest + MARGIN


def hypothesis_only(train: Sequence[Example], dev: Sequence[Example]) -> HypothesisOnly | None:
    """Return how well labels of pairs are told by their second texts, or None where there are no labelled pairs."""
    learned, scored = _labelled(train[:MOST]), _labelled(dev)
    if not learned or not scored:
        return None
    bayes = _NaiveBayes(learned)
    right = sum(bayes.label(text) == label for text, label in scored)
    _, commonest = Counter(label for _, label in scored).most_common(1)[0]
    return HypothesisOnly(100 * right / len(scored), 100 * commonest / len(scored))


def _labelled(examples: Sequence[Example]) -> list[tuple[str, str]]:
    pairs = (example for example in examples if isinstance(example, PairExample))
    return [(pair.second, pair.label) for pair in pairs if pair.label is not None]


def _features(text: str) -> set[str]:
    words = text.casefold().split()
    return {*words, *(" ".join(pair) for pair in pairwise(words))}


class _NaiveBayes:
    """Multinomial naive Bayes on the words and pairs of words that a text has: add-one smoothed, new ones left out."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        self._labels = Counter(label for _, label in texts)
        self._counts: dict[str, Counter[str]] = {label: Counter() for label in self._labels}
        for text, label in texts:
            self._counts[label].update(_features(text))
        self._known = set[str]().union(*self._counts.values())
        self._totals = {label: counts.total() + len(self._known) for label, counts in self._counts.items()}

    def label(self, text: str) -> str:
        """Return the likeliest label of a text."""
        features = _features(text) & self._known
        return max(self._labels, key=lambda label: self._log_likelihood(features, label))

    def _log_likelihood(self, features: set[str], label: str) -> float:
        counts, total = self._counts[label], math.log(self._totals[label])
        return math.log(self._labels[label]) + sum(math.log(counts[each] + 1) - total for each in features)
