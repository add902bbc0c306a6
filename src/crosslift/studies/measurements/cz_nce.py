"""Effects of number formats on InfoNCE and CZ-NCE: losses near zero, wrong gradients, and the order of losses.

Cosines are drawn in float64: translations around 0.9, negatives lower by a gap, 2B - 2 per anchor.  Divided by
the temperature and rounded to a format, they are the logits.  Each form of a loss is computed in that format, and its
gradient is compared with that of the same form in float64 at the same rounded logits: only the arithmetic counts.

- plain: log-sum-exp of all logits less the positive's, as the formula of InfoNCE is written;
- cross-entropy: torch's, of the positive among all logits;
- softplus: `softplus(log-sum-exp of the negatives - positive)`, the same number as both; used in `crosslift.losses`;
- CZ: log-sum-exp of the negatives less the positive's, the CZ-NCE of `crosslift.losses`;
- CZ as released: the logarithm of a plain sum of exponentials.

Source: Chen et al. 2022, arXiv 2202.13083.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn import functional

ANCHORS = 1000
POSITIVE, POSITIVE_SPREAD, NEGATIVE_SPREAD = 0.9, 0.03, 0.1
TEMPERATURE = 0.07
GAP = 0.8
"""Difference between the cosines of translations and of negatives, well into training."""
SMALL_BATCH = 4
NEAR = 0.01
"""A loss closer to zero than this hardly changes the weights."""


def log_odds(positive: Tensor, negatives: Tensor) -> Tensor:
    """Return log-sum-exp of the negatives minus the positive, shape (anchors,)."""
    return negatives.logsumexp(dim=1) - positive


FORMS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "plain": lambda positive, negatives: torch.cat([positive[:, None], negatives], dim=1).logsumexp(dim=1) - positive,
    "cross-entropy": lambda positive, negatives: functional.cross_entropy(
        torch.cat([positive[:, None], negatives], dim=1), torch.zeros(len(positive), dtype=torch.long), reduction="none"
    ),
    "softplus": lambda positive, negatives: functional.softplus(log_odds(positive, negatives)),
    "CZ": log_odds,
    "CZ as released": lambda positive, negatives: negatives.exp().sum(dim=1).log() - positive,
}


def logits(batch_size: int, gap: float, temperature: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return the logits of positives (anchors,) and of negatives (anchors, 2 * batch_size - 2) in float64."""
    shape = (ANCHORS, 2 * batch_size - 2)
    positive = POSITIVE + POSITIVE_SPREAD * torch.randn(ANCHORS, generator=generator, dtype=torch.float64)
    negatives = POSITIVE - gap + NEGATIVE_SPREAD * torch.randn(shape, generator=generator, dtype=torch.float64)
    return positive.clamp(-1, 1) / temperature, negatives.clamp(-1, 1) / temperature


def loss_and_gradient(form: str, positive: Tensor, negatives: Tensor) -> tuple[Tensor, Tensor]:
    """Return the loss of each anchor, and its gradient with respect to all logits of the anchor."""
    leaves = [side.clone().requires_grad_() for side in (positive, negatives)]
    losses = FORMS[form](*leaves)
    of_positive, of_negatives = torch.autograd.grad(losses.sum(), leaves)
    return losses.detach(), torch.cat([of_positive[:, None], of_negatives], dim=1)


def zeros_and_error(form: str, positive: Tensor, negatives: Tensor) -> tuple[float, float]:
    """Return the share of losses that are exactly 0, and the gradient's median relative error."""
    losses, gradient = loss_and_gradient(form, positive, negatives)
    _, exact = loss_and_gradient(form, positive.double(), negatives.double())
    error = (gradient.double() - exact).norm(dim=1) / exact.norm(dim=1)
    return (losses == 0).double().mean().item(), error.nan_to_num(float("inf")).median().item()


def measure() -> dict[str, float]:
    """Return the numbers that judge the claims about CZ-NCE, for a small batch in half precision (fp16)."""
    exact = logits(SMALL_BATCH, GAP, TEMPERATURE, torch.Generator().manual_seed(0))
    near = {form: float((FORMS[form](*exact).abs() < NEAR).double().mean()) for form in ("softplus", "CZ")}
    half = [side.half() for side in exact]
    errors = {form: zeros_and_error(form, *half)[1] for form in ("plain", "softplus", "CZ")}
    correlation = spearmanr(FORMS["softplus"](*exact).numpy(), FORMS["CZ"](*exact).numpy()).statistic
    return {
        "fewer losses near zero": near["softplus"] - near["CZ"],
        "rank correlation with InfoNCE": float(correlation),
        "gradient error of InfoNCE over CZ-NCE's": errors["plain"] / errors["CZ"],
        "the same with InfoNCE through softplus": errors["softplus"] / errors["CZ"],
    }
