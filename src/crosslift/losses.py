"""Pure tensor functions that several methods share."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Reduction = Literal["mean", "none"]


def info_nce(
    source: Tensor,
    target: Tensor,
    *,
    temperature: float = 0.07,
    same_language_negatives: bool = False,
    symmetric: bool = True,
    reduction: Reduction = "mean",
) -> Tensor:
    """InfoNCE over cosine similarities: row i of `target` is the positive of row i of `source`.

    With ``s_ij = cos(source_i, target_j) / temperature`` the loss of anchor i is
    ``-s_ii + logsumexp_j s_ij``; `same_language_negatives` adds ``cos(source_i, source_j) / temperature`` for j != i
    to the sum (Chen et al. 2022, arXiv 2202.13083: 2B - 2 negatives).

    Args:
        source: (batch, hidden), one language.
        target: (batch, hidden), its translations.
        temperature: divides the cosines; small is sharp.
        same_language_negatives: whether the other sentences of the anchor's own language are negatives too.
        symmetric: average of both directions; else only `source` anchors.
        reduction: "mean" gives a scalar, "none" gives (batch,).

    Source: van den Oord et al. 2018, arXiv 1807.03748, equation 4.
    """
    source, target = (functional.normalize(side.float(), dim=-1) for side in (source, target))
    losses = _info_nce_of(source, target, temperature, same_language_negatives)
    if symmetric:
        losses = (losses + _info_nce_of(target, source, temperature, same_language_negatives)) / 2
    return losses.mean() if reduction == "mean" else losses


def _info_nce_of(anchor: Tensor, other: Tensor, temperature: float, same_language: bool) -> Tensor:
    scores = anchor @ other.T / temperature  # (batch, batch); the diagonal holds the translations
    positives = scores.diagonal()
    if same_language:
        own = (anchor @ anchor.T / temperature).fill_diagonal_(float("-inf"))
        scores = torch.cat([scores, own], dim=1)
    return scores.logsumexp(dim=1) - positives
