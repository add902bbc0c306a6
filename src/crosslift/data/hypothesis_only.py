"""The hypothesis-only baseline: labels of pairs predicted from the second text alone.  Imports no torch.

Hypotheses of inference data were written for a label, and words such as "not" reveal it (Gururangan et al. 2018, arXiv
1803.02324; Poliak et al. 2018, arXiv 1805.01042).  Naive Bayes on words and word bigrams takes seconds;
`[finetune.input] texts = "second"` trains the encoder itself on second texts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from crosslift.api.examples import Example, PairExample

LIMIT = 50_000
"""Maximum number of training examples; the first ones are used."""


MARGIN = 5.0
"""Points above the most frequent label from which the baseline counts as high."""


@dataclass(frozen=True)
class HypothesisOnly:
    """Accuracy without the first text, in percent."""

    accuracy: float
    """Naive Bayes on second texts."""
    most_frequent: float
    """Always the most frequent label of the examples."""

    @property
    def high(self) -> bool:
        """Whether second texts reveal many labels."""
        return self.accuracy >= self.most_frequent + MARGIN


def hypothesis_only(train: Sequence[Example], dev: Sequence[Example]) -> HypothesisOnly | None:
    """Return the baseline on the dev examples, or None if there are no labelled pairs."""
    train_texts, dev_texts = _labelled(train[:LIMIT]), _labelled(dev)
    if not train_texts or not dev_texts:
        return None
    bayes = NaiveBayes(train_texts)
    correct = sum(bayes.label(text) == label for text, label in dev_texts)
    _, most_frequent = Counter(label for _, label in dev_texts).most_common(1)[0]
    return HypothesisOnly(100 * correct / len(dev_texts), 100 * most_frequent / len(dev_texts))


def _labelled(examples: Sequence[Example]) -> list[tuple[str, str]]:
    pairs = (example for example in examples if isinstance(example, PairExample))
    return [(pair.second, pair.label) for pair in pairs if pair.label is not None]


def features(text: str) -> set[str]:
    """Return the words and word pairs of a text, case folded."""
    words = text.casefold().split()
    return {*words, *(" ".join(pair) for pair in pairwise(words))}


class NaiveBayes:
    """Multinomial naive Bayes on the set of words and bigrams of a text, add-one smoothed; unknown ones are ignored."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        self._labels = Counter(label for _, label in texts)
        self._counts: dict[str, Counter[str]] = {label: Counter() for label in self._labels}
        for text, label in texts:
            self._counts[label].update(features(text))
        self._known = set[str]().union(*self._counts.values())
        self._totals = {label: counts.total() + len(self._known) for label, counts in self._counts.items()}

    def label(self, text: str) -> str:
        """Return the most likely label of a text."""
        known = features(text) & self._known
        return max(self._labels, key=lambda label: self._log_likelihood(known, label))

    def _log_likelihood(self, found: set[str], label: str) -> float:
        counts, total = self._counts[label], math.log(self._totals[label])
        return math.log(self._labels[label]) + sum(math.log(counts[each] + 1) - total for each in found)
