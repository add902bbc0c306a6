"""Detection of collapse in alignment: a collapsed encoder can have a falling loss and be useless.

A fixed probe of sentence pairs is measured at intervals.  A stage is stopped if

- sentences that are not translations have become similar (mean cosine over `ALIKE`, and higher than at step 0) while
  retrieval has fallen below half of its value at step 0, if that was high enough to fall (`ENOUGH_HITS`); or
- the sentence vectors have hardly more than one direction left (effective rank under `LOWEST_RANK`, and lower than at
  step 0).

High similarity alone is no collapse: the mean states of an untrained XLM-R have a cosine of about 0.99.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby

import torch
from torch import Tensor, nn
from torch.nn import functional

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair, Tokens

ALIKE = 0.98
"""Mean cosine of non-translations above which a drop of retrieval counts as collapse."""
LOWEST_RANK = 2.0
"""Effective rank below which the vectors have collapsed; 1 is a single point."""
ENOUGH_HITS = 20
"""Hits at step 0 from which a drop by half is not chance: 20 become 10 or fewer in one of a hundred draws."""
PROBE_PAIRS = 256
"""Largest number of pairs in the probe."""
FEWEST_PAIRS = 32
"""Smallest number of pairs in the probe; only a stage of a few steps spends more than `SHARE` on it."""
LOGGED_STEPS = 100
"""Approximate number of logged steps per stage."""
SHARE = 0.02
"""Share of a stage's computation that is spent on probes."""
_BATCH = 64

Measures = dict[str, float]


@dataclass
class Health:
    """Measures an encoder on a fixed probe.

    Args:
        encoder: the encoder in training.
        pairs: (pairs,), the probe, with the pairs of a language together.
        languages: (pairs,), source and target language of each pair.
        every: logged steps between measurements.
        stop: whether a collapse ends the stage.
    """

    encoder: Encoder
    pairs: Sequence[TokenPair]
    languages: Sequence[tuple[str, str]]
    every: int
    stop: bool = True
    first: Measures = field(default_factory=dict)
    """The measures at step 0; a resumed loop restores them."""

    def due(self, step: int, steps: int) -> bool:
        """Return whether to measure after `step` of `steps`."""
        return step in (0, steps) or (step > 1 and (step - 1) % (logged_every(steps) * self.every) == 0)

    def probes(self, steps: int) -> int:
        """Return the number of measurements in a stage of `steps`."""
        return sum(self.due(step, steps) for step in range(steps + 1))

    def measure(self) -> Measures:
        """Return the measures of the encoder now: cosine, effective rank, and two accuracies in percent."""
        source, target = (self._vectors([getattr(pair, side) for pair in self.pairs]) for side in ("source", "target"))
        blocks = self._blocks()
        hits = [retrieval_hits(source[block], target[block]) for block in blocks]
        alike = [off_diagonal_cosine(source[block], target[block]) for block in blocks]
        codes = [code for side in (0, 1) for code in (pair[side] for pair in self.languages)]
        return {
            "off_diagonal_cosine": sum(alike) / len(alike),
            "effective_rank": effective_rank(torch.cat([source, target])),
            "retrieval": 100 * sum(hits) / (2 * len(self.pairs)),
            "language_accuracy": 100 * language_accuracy(torch.cat([source, target]), codes),
        }

    def collapse(self, now: Measures) -> str | None:
        """Return a description of the collapse since step 0, or None if there is none."""
        then = self.first
        if now["effective_rank"] < min(LOWEST_RANK, then["effective_rank"]):
            return (
                f"the effective rank of sentence vectors is {now['effective_rank']:.2f} (at step 0: "
                f"{then['effective_rank']:.2f}), so they hardly differ from each other"
            )
        enough = then["retrieval"] / 100 * 2 * len(self.pairs) >= ENOUGH_HITS
        alike = now["off_diagonal_cosine"] > max(ALIKE, then["off_diagonal_cosine"])
        if alike and enough and now["retrieval"] < then["retrieval"] / 2:
            return (
                f"sentences that are not translations have a mean cosine of {now['off_diagonal_cosine']:.3f} (at step "
                f"0: {then['off_diagonal_cosine']:.3f}), and retrieval fell from {then['retrieval']:.1f} to "
                f"{now['retrieval']:.1f}"
            )
        return None

    def _blocks(self) -> list[slice]:
        """Return the rows of each language pair."""
        blocks, start = [], 0
        for _, rows in groupby(self.languages):
            stop = start + len(list(rows))
            blocks.append(slice(start, stop))
            start = stop
        return blocks

    @torch.no_grad()
    def _vectors(self, rows: Sequence[Tokens]) -> Tensor:
        """Return the normalised mean states of the last layer, (rows, hidden)."""
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        vectors = torch.empty(len(rows), self.encoder.hidden_size)
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            inputs = self.encoder.collate([rows[row] for row in chosen]).to(self.encoder.device)
            vectors[chosen] = self.encoder.pool(self.encoder.encode(inputs), inputs).float().cpu()
        return functional.normalize(vectors, dim=-1)


def logged_every(steps: int) -> int:
    """Return the number of steps from one logged step to the next."""
    return max(1, steps // LOGGED_STEPS)


def probe_size(*, steps: int, batch_size: float, probes: int) -> int:
    """Return the number of pairs in the probe, such that probes take about `SHARE` of a stage's computation.

    A training step costs three passes over its pairs (one forward; backward counts as two), a probe one.

    Args:
        steps: steps of the stage.
        batch_size: pairs per step.
        probes: measurements in the stage.
    """
    affordable = SHARE * 3 * steps * batch_size / max(1, probes)
    return int(min(PROBE_PAIRS, max(FEWEST_PAIRS, affordable)))


def off_diagonal_cosine(source: Tensor, target: Tensor) -> float:
    """Return the mean cosine of sentences that are not translations of each other; 0 for a single pair.

    Args:
        source: (pairs, hidden), normalised.
        target: (pairs, hidden), normalised; row i is the translation of row i of `source`.
    """
    scores = source @ target.T
    others = scores.numel() - len(scores)
    return float((scores.sum() - scores.trace()) / others) if others else 0.0


def effective_rank(vectors: Tensor) -> float:
    """Return the exponential of the entropy of the normalised singular values: 1 for a point, at most the width.

    Args:
        vectors: (rows, hidden), not centred, so that one common direction counts as rank 1.

    Source: Roy & Vetterli 2007, "The effective rank", definition 1.
    """
    values = torch.linalg.svdvals(vectors.double())
    shares = values / values.sum()
    return math.exp(float(torch.special.entr(shares).sum()))


def retrieval_hits(source: Tensor, target: Tensor) -> int:
    """Return the number of sentences, of 2 x pairs, whose nearest neighbour is their translation.

    Args:
        source: (pairs, hidden), normalised.
        target: (pairs, hidden), normalised; row i is the translation of row i of `source`.
    """
    scores, gold = source @ target.T, torch.arange(len(source))
    return int((scores.argmax(dim=1) == gold).sum() + (scores.argmax(dim=0) == gold).sum())


def language_accuracy(vectors: Tensor, languages: Sequence[str]) -> float:
    """Return the accuracy, 0 to 1, of a linear probe for the language of a sentence, averaged over languages.

    The probe predicts the language of the nearest centroid; centroids are means of every other row, and the rest are
    tested.

    Args:
        vectors: (rows, hidden), normalised.
        languages: (rows,), codes.
    """
    codes = sorted(set(languages))
    labels = torch.tensor([codes.index(code) for code in languages])
    held_out = torch.zeros(len(labels), dtype=torch.bool)
    for label in range(len(codes)):
        held_out[(labels == label).nonzero().flatten()[1::2]] = True
    centroids = torch.stack([vectors[~held_out & (labels == label)].mean(dim=0) for label in range(len(codes))])
    right = torch.cdist(vectors, centroids).argmin(dim=1) == labels
    recalls = [right[held_out & (labels == label)] for label in range(len(codes))]
    shares = [float(recall.float().mean()) for recall in recalls if len(recall)]
    return sum(shares) / max(1, len(shares))


Gradients = Sequence[Tensor | None]
"""The gradient of each parameter, in its shape; None if a loss does not depend on it."""


def gradient_cosine(first: Gradients, second: Gradients) -> float:
    """Return the cosine of two losses' gradients: negative where a step for one increases the other; 0 if one is zero.

    Args:
        first: (parameters,), gradient of each parameter, in its shape.
        second: the same of the other loss.

    Source: Yu et al. 2020, arXiv 2001.06782, definition 1.
    """
    both = [(a.double(), b.double()) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    product = sum(float((a * b).sum()) for a, b in both)
    norms = math.prod(
        math.sqrt(sum(float(g.double().square().sum()) for g in side if g is not None)) for side in (first, second)
    )
    return product / norms if norms else 0.0


class GradientCosines:
    """Compares the gradients of objectives that are accumulated one after another.

    Args:
        parameters: parameters whose gradients are compared.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = parameters
        self._sum: Gradients = [None] * len(parameters)
        self._gradients: dict[str, Gradients] = {}

    def take(self, name: str) -> None:
        """Take the gradients that the objective `name` has just added."""
        total = [None if p.grad is None else p.grad.clone() for p in self._parameters]
        self._gradients[name] = list(map(_difference, total, self._sum))
        self._sum = total

    def cosines(self) -> dict[str, float]:
        """Return the cosine of the gradients of every two objectives."""
        pairs = combinations(self._gradients.items(), 2)
        return {f"{one}, {other}": gradient_cosine(first, second) for (one, first), (other, second) in pairs}


def _difference(now: Tensor | None, before: Tensor | None) -> Tensor | None:
    return now if now is None or before is None else now - before
