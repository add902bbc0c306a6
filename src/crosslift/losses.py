"""Losses that several methods share, as pure functions of tensors.

The contrastive losses are functions of one number per anchor, the log-odds against its positive:
``z = log(sum over negatives of exp(s)) - s_positive``.  InfoNCE is ``softplus(z)``, CZ-NCE is ``z`` itself, and a
margin is added to ``z``.  So InfoNCE keeps its precision where a cross-entropy over all candidates rounds to 0.

Computations are in fp32 whatever the dtype of the inputs (fp64 stays fp64), also under autocast.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

Reduction = Literal["mean", "none"]

BLOCK_FROM = 4096
"""Number of candidates from which similarities are computed in blocks, and again in the backward pass."""
BLOCK = 512
"""Anchors per block."""


def info_nce(
    source: Tensor,
    target: Tensor,
    *,
    temperature: float | Tensor = 0.07,
    same_language_negatives: bool = False,
    symmetric: bool = True,
    reduction: Reduction = "mean",
    pool: tuple[Tensor, Tensor] | None = None,
    start: int = 0,
    excluded: Tensor | None = None,
    hard: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """InfoNCE over cosine similarities: row i of `target` is the positive of row i of `source`.

    With ``s_ij = cos(source_i, target_j) / temperature`` the loss of anchor i is
    ``-s_ii + logsumexp_j s_ij``; `same_language_negatives` adds ``cos(source_i, source_j) / temperature`` for j != i
    to the sum (Chen et al. 2022, arXiv 2202.13083: 2B - 2 negatives).

    Args:
        source: (batch, hidden), one language.
        target: (batch, hidden), its translations.
        temperature: divides the cosines, a number or a scalar tensor; small is sharp.
        same_language_negatives: whether the other sentences in the anchor's language are negatives too.
        symmetric: whether to average both directions; else only rows of `source` are anchors.
        reduction: "mean" returns a scalar, "none" returns (batch,).
        pool: sources and targets to compare with, (candidates, hidden) each, if there are more than the batch: the rows
            of all processes.
        start: index of the first row of the batch in `pool`.
        excluded: (batch, candidates) bool, True where neither a candidate nor its translation is a negative of the
            anchor.
        hard: (batch, hidden) and (batch,) bool: one more negative of each anchor, in both directions, and whether it
            exists.

    Returns:
        The loss, a scalar or (batch,); 0 for an anchor without negatives.

    Source: van den Oord et al. 2018, arXiv 1807.03748, equation 4.
    """
    odds = _Odds(source, target, pool=pool, start=start, excluded=excluded, scale=1 / temperature, hard=hard)
    return odds.mean(functional.softplus, same_language_negatives, symmetric, reduction)


def cz_nce(
    source: Tensor,
    target: Tensor,
    *,
    temperature: float = 0.07,
    same_language_negatives: bool = False,
    symmetric: bool = True,
    reduction: Reduction = "mean",
    pool: tuple[Tensor, Tensor] | None = None,
    start: int = 0,
    excluded: Tensor | None = None,
) -> Tensor:
    """CZ-NCE (it crosses zero): InfoNCE without the positive in the denominator.

    The loss of an anchor is ``-s_ii + logsumexp over negatives = log(exp(InfoNCE) - 1)``: it increases with InfoNCE, is
    0 where the positive weighs as much as all negatives together, and negative below.  Its gradient is that of InfoNCE
    divided by (1 - p), with p the probability of the positive, so it does not vanish as p approaches 1.  The authors'
    code takes the logarithm of a plain sum of exponentials, which overflows below a temperature of 1/88 in fp32 and of
    1/11 in fp16; otherwise the values are the same.

    Args:
        source: (batch, hidden), one language.
        target: (batch, hidden), its translations.
        temperature: as in `info_nce`.
        same_language_negatives: as in `info_nce`; the paper has them.
        symmetric: as in `info_nce`.
        reduction: "mean" returns a scalar, "none" returns (batch,).
        pool: as in `info_nce`.
        start: as in `info_nce`.
        excluded: as in `info_nce`.

    Returns:
        The loss, a scalar or (batch,); 0 for an anchor without negatives.

    Source: Chen et al. 2022, arXiv 2202.13083, equations 1 to 6; the same form is the decoupled contrastive loss of
    Yeh et al. 2021, arXiv 2110.06848.
    """
    odds = _Odds(source, target, pool=pool, start=start, excluded=excluded, scale=1 / temperature)
    return odds.mean(_zero_without_negatives, same_language_negatives, symmetric, reduction)


def additive_margin_softmax(
    source: Tensor,
    target: Tensor,
    *,
    margin: float = 0.3,
    scale: float = 20.0,
    reduction: Reduction = "mean",
    pool: tuple[Tensor, Tensor] | None = None,
    start: int = 0,
    excluded: Tensor | None = None,
) -> Tensor:
    """Additive margin softmax: a translation must be closer than any other sentence by a margin.

    ``-log exp(scale (s_ii - margin)) / (exp(scale (s_ii - margin)) + sum over j != i exp(scale s_ij))`` with cosines s,
    summed over both directions; without a margin it is twice the symmetric `info_nce` at temperature 1 / scale.

    Args:
        source: (batch, hidden), one language.
        target: (batch, hidden), its translations.
        margin: subtracted from the cosine of translations.
        scale: multiplies the cosines after the margin; the paper has none (1).
        reduction: "mean" returns a scalar, "none" returns (batch,).
        pool: as in `info_nce`.
        start: as in `info_nce`.
        excluded: as in `info_nce`.

    Returns:
        The loss, a scalar or (batch,).

    Source: Yang et al. 2019, arXiv 1902.08564, equations 3 to 5; Feng et al. 2022, arXiv 2007.01852, equation 1.
    """
    odds = _Odds(source, target, pool=pool, start=start, excluded=excluded, scale=scale)
    return 2 * odds.mean(lambda z: functional.softplus(z + scale * margin), False, True, reduction)


def supervised_contrastive(
    vectors: Tensor, labels: Tensor, *, temperature: float = 0.1, reduction: Reduction = "mean"
) -> Tensor:
    """Supervised contrastive loss: rows with the same label are positives of each other.

    ``-1/|P(i)| sum over p in P(i) of log(exp(s_ip) / sum over a != i of exp(s_ia))`` with P(i) the other rows with the
    label of i.  Two views of each example, with one label per example, give NT-Xent.

    Args:
        vectors: (rows, hidden).
        labels: (rows,), integers.
        temperature: divides the cosines.
        reduction: "mean" returns a scalar over the anchors that have a positive, 0 if none has; "none" returns (rows,),
            with 0 for anchors without a positive.

    Source: Khosla et al. 2020, arXiv 2004.11362, equation 2 (the sum outside the logarithm).
    """
    with torch.autocast(vectors.device.type, enabled=False):
        vectors = _unit(vectors)
        scores = vectors @ vectors.T / temperature  # (rows, rows)
        itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
        log_shares = scores - scores.masked_fill(itself, _lowest(scores)).logsumexp(dim=1, keepdim=True)
        positives = (labels[:, None] == labels[None]) & ~itself
        count = positives.sum(dim=1)
        losses = -log_shares.masked_fill(~positives, 0.0).sum(dim=1) / count.clamp(min=1)
    return losses if reduction == "none" else losses.sum() / count.count_nonzero().clamp(min=1)


class _Odds:
    """Log-odds against the positive of each anchor in a batch, (batch,), in both directions."""

    def __init__(
        self,
        source: Tensor,
        target: Tensor,
        *,
        pool: tuple[Tensor, Tensor] | None,
        start: int,
        excluded: Tensor | None,
        scale: float | Tensor,
        hard: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        self.source, self.target = _unit(source), _unit(target)
        self.pool = (self.source, self.target) if pool is None else (_unit(pool[0]), _unit(pool[1]))
        self.places = start + torch.arange(len(source), device=source.device)
        self.excluded, self.scale = excluded, scale
        self.hard = None if hard is None else (_unit(hard[0]), hard[1])

    def mean(
        self, loss: Callable[[Tensor], Tensor], same_language: bool, symmetric: bool, reduction: Reduction
    ) -> Tensor:
        """Return `loss` of the log-odds: averaged over directions, and over anchors (a scalar) or not (batch,)."""
        with torch.autocast(self.source.device.type, enabled=False):
            sources, targets = self.pool
            losses = loss(self._of(self.source, targets, sources if same_language else None))
            if symmetric:
                losses = (losses + loss(self._of(self.target, sources, targets if same_language else None))) / 2
        return losses.mean() if reduction == "mean" else losses

    def _of(self, anchor: Tensor, other: Tensor, own: Tensor | None) -> Tensor:
        """Return the log-odds, (batch,).

        Args:
            anchor: (batch, hidden).
            other: (candidates, hidden), with the translations of the anchors at `places`.
            own: (candidates, hidden), with the anchors themselves at `places`; None without same-language negatives.
        """
        rows = anchor * self.scale
        odds = self._in_batch(rows, other, own)
        if self.hard is None:
            return odds
        vectors, there = self.hard
        harder = torch.logaddexp(odds, (rows * (vectors - other[self.places])).sum(dim=1))
        return harder.where(there, odds)

    def _in_batch(self, rows: Tensor, other: Tensor, own: Tensor | None) -> Tensor:
        if len(other) < BLOCK_FROM:
            return _log_odds(rows, other, own, self.places, self.excluded)
        odds = []
        for begin in range(0, len(rows), BLOCK):
            block = slice(begin, begin + BLOCK)
            excluded = None if self.excluded is None else self.excluded[block]
            arguments = (rows[block], other, own, self.places[block], excluded)
            odds.append(checkpoint(_log_odds, *arguments, use_reentrant=False, preserve_rng_state=False))
        return torch.cat(odds)


def _log_odds(anchor: Tensor, other: Tensor, own: Tensor | None, places: Tensor, excluded: Tensor | None) -> Tensor:
    """Return log(sum over negatives of exp(score)) - score of the positive, (batch,); very low without negatives."""
    positive = (anchor * other[places]).sum(dim=1)
    negatives = _log_sum(anchor @ other.T, places, excluded)
    if own is not None:
        negatives = torch.logaddexp(negatives, _log_sum(anchor @ own.T, places, excluded))
    return negatives - positive


def _log_sum(scores: Tensor, places: Tensor, excluded: Tensor | None) -> Tensor:
    """Return the log-sum-exp over the negatives among a row's candidates, (batch,); overwrites `scores`."""
    # not minus infinity, which would make the gradient of a row without negatives NaN
    scores.scatter_(1, places[:, None], _lowest(scores))
    if excluded is not None:
        scores.masked_fill_(excluded, _lowest(scores))
    return scores.logsumexp(dim=1)


def _zero_without_negatives(odds: Tensor) -> Tensor:
    return odds.where(odds > _lowest(odds) / 2, 0.0)


def _lowest(tensor: Tensor) -> float:
    return torch.finfo(tensor.dtype).min


def _unit(vectors: Tensor) -> Tensor:
    return functional.normalize(vectors.to(torch.promote_types(vectors.dtype, torch.float32)), dim=-1)


def jensen_shannon(first: Tensor, second: Tensor) -> Tensor:
    """Return the Jensen-Shannon divergence between rows of logits in nats, a scalar: summed, 0 to log 2 per row.

    Args:
        first: (rows, classes), logits.
        second: (rows, classes), logits.

    Source: Lin 1991, "Divergence measures based on the Shannon entropy", section IV, with equal weights.
    """
    first, second = (functional.log_softmax(logits.float(), dim=-1) for logits in (first, second))
    middle = torch.logaddexp(first, second) - math.log(2)
    halves = [functional.kl_div(middle, side, reduction="sum", log_target=True) for side in (first, second)]
    return torch.stack(halves).sum() / 2
