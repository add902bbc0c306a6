"""Whether alignment still aligns: a collapsed encoder can have a falling loss and no use.

A fixed probe of sentence pairs is measured now and then.  Stopped is a stage in which

- sentences that are no translations have become alike (mean cosine over `ALIKE`, and higher than at step 0) while
  retrieval has fallen under half of what it was at step 0, where it was enough to fall (`ENOUGH_HITS`); or
- the sentence vectors have hardly more than one direction left (effective rank under `LOWEST_RANK`, and lower than at
  step 0).

Similarity alone is no collapse: XLM-R's mean states have a cosine of about 0.99 as they come.
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
"""Mean cosine of sentences that are no translations, from which on a fall of retrieval counts as collapse."""
LOWEST_RANK = 2.0
"""Effective rank under which nothing is left: 1 is a single point."""
ENOUGH_HITS = 20
"""Hits at step 0 from which half as many is more than chance: 20 is 10 or fewer once in a hundred draws."""
PROBE_PAIRS = 256
"""Pairs of the probe, at most."""
FEWEST_PAIRS = 32
"""Pairs of the probe, at least; only a stage of a few steps then spends more than `SHARE` on it."""
LOGGED_STEPS = 100
"""A stage logs about so many steps, however long it is."""
SHARE = 0.02
"""Share of a stage's computation that goes into probes."""
_BATCH = 64

Measures = dict[str, float]


@dataclass
class Health:
    """Measures an encoder on a fixed probe.

    Args:
        encoder: the encoder in training.
        pairs: the probe: pairs of like language together.
        languages: (pairs,) (source, target) language of each pair.
        every: logged steps between measurements.
        stop: whether a collapse ends the stage.
    """

    encoder: Encoder
    pairs: Sequence[TokenPair]
    languages: Sequence[tuple[str, str]]
    every: int
    stop: bool = True
    first: Measures = field(default_factory=dict)
    """What was measured at step 0; a resumed loop brings it back."""

    def due(self, step: int, steps: int) -> bool:
        """Return whether to measure after `step` of `steps`."""
        return step in (0, steps) or (step > 1 and (step - 1) % (logged_every(steps) * self.every) == 0)

    def probes(self, steps: int) -> int:
        """Return how often a stage of `steps` is measured."""
        return sum(self.due(step, steps) for step in range(steps + 1))

    def measure(self) -> Measures:
        """Return the measures of the encoder as it is; nothing is drawn at random."""
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
        """Return what has collapsed since step 0, in words, or None."""
        then = self.first
        if now["effective_rank"] < min(LOWEST_RANK, then["effective_rank"]):
            return (
                f"the effective rank of sentence vectors is {now['effective_rank']:.2f} (at step 0: "
                f"{then['effective_rank']:.2f}), so they hardly differ any more"
            )
        enough = then["retrieval"] / 100 * 2 * len(self.pairs) >= ENOUGH_HITS
        alike = now["off_diagonal_cosine"] > max(ALIKE, then["off_diagonal_cosine"])
        if alike and enough and now["retrieval"] < then["retrieval"] / 2:
            return (
                f"sentences that are no translations have a mean cosine of {now['off_diagonal_cosine']:.3f} (at step "
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
        """Return (rows, hidden) normalised mean states of the last layer."""
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        vectors = torch.empty(len(rows), self.encoder.hidden_size)
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            inputs = self.encoder.collate([rows[row] for row in chosen]).to(self.encoder.device)
            vectors[chosen] = self.encoder.pool(self.encoder.encode(inputs), inputs).float().cpu()
        return functional.normalize(vectors, dim=-1)


def logged_every(steps: int) -> int:
    """Return how many steps apart logged ones are."""
    return max(1, steps // LOGGED_STEPS)


def probe_size(*, steps: int, batch_size: float, probes: int) -> int:
    """Return how many pairs to probe, so that probes take about `SHARE` of a stage.

    A training step costs three passes over its pairs (forward, and twice that backward), a probe one.
    """
    affordable = SHARE * 3 * steps * batch_size / max(1, probes)
    return int(min(PROBE_PAIRS, max(FEWEST_PAIRS, affordable)))


def off_diagonal_cosine(source: Tensor, target: Tensor) -> float:
    """Return the mean cosine of pairs that are no translations of each other; 0 for a single pair.

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
    """Return how many of both sides have their translation as nearest neighbour; of 2 x pairs.

    Args:
        source: (pairs, hidden), normalised.
        target: (pairs, hidden), normalised.
    """
    scores, gold = source @ target.T, torch.arange(len(source))
    return int((scores.argmax(dim=1) == gold).sum() + (scores.argmax(dim=0) == gold).sum())


def language_accuracy(vectors: Tensor, languages: Sequence[str]) -> float:
    """Return how often a linear probe tells the language of a sentence, averaged over languages.

    The probe is the nearest of the languages' centroids, which are taken of every other row and tested on the rest.

    Args:
        vectors: (rows, hidden), normalised.
        languages: (rows,) codes.
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
"""The gradient of each parameter; None where a loss does not reach it."""


def gradient_cosine(first: Gradients, second: Gradients) -> float:
    """Return the cosine of two losses' gradients: negative where a step for one undoes the other; 0 if one is zero.

    Source: Yu et al. 2020, arXiv 2001.06782, definition 1.
    """
    both = [(a.double(), b.double()) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    product = sum(float((a * b).sum()) for a, b in both)
    norms = math.prod(
        math.sqrt(sum(float(g.double().square().sum()) for g in side if g is not None)) for side in (first, second)
    )
    return product / norms if norms else 0.0


class GradientCosines:
    """Compares the gradients of objectives that are added up one after the other.

    Args:
        parameters: what the gradients are of.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = parameters
        self._sum: Gradients = [None] * len(parameters)
        self._gradients: dict[str, Gradients] = {}

    def take(self, name: str) -> None:
        """Take what the objective `name` has just added to the gradients."""
        total = [None if p.grad is None else p.grad.clone() for p in self._parameters]
        self._gradients[name] = list(map(_difference, total, self._sum))
        self._sum = total

    def cosines(self) -> dict[str, float]:
        """Return the cosine of every two objectives."""
        pairs = combinations(self._gradients.items(), 2)
        return {f"{one}, {other}": gradient_cosine(first, second) for (one, first), (other, second) in pairs}


def _difference(now: Tensor | None, before: Tensor | None) -> Tensor | None:
    return now if now is None or before is None else now - before
