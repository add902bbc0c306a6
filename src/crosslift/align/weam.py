"""Word exchange: a masked word is also predicted from the state of its translation.

A pair is one sequence, as in `tlm`.  Masked words are predicted twice with one encoder pass and one head: from their
own states, and again after the last states of linked words have been swapped, so that a linked word is predicted from
its partner and an unlinked one from itself.
Paper: Yang et al. 2021, arXiv 2106.01732.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from crosslift.align.bases.linked_pairs import exchange, join_linked, pad_links, token_links
from crosslift.align.bases.masked import MaskedBatch, masked_loss
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair
from crosslift.encoder.masking import mask
from crosslift.train.method import Method, Terms


@dataclass(frozen=True)
class ExchangeBatch(MaskedBatch):
    """Masked joined pairs and the links between their positions."""

    links: Tensor
    """(batch, links, 2), one-to-one positions in the joined sequence."""
    weight: Tensor
    """(batch,), weight of a token's loss after the exchange; the same in all rows."""

    @property
    def partners(self) -> Tensor:
        """The position that each one is swapped with, (batch, length); itself where it has no link."""
        return exchange(self.links, self.inputs.ids.shape[1])

    @property
    def crossed(self) -> Tensor:
        """Whether each position is masked and has a partner, (batch, length) bool."""
        partners = self.partners
        return self.positions & (partners != torch.arange(partners.shape[1], device=partners.device))


class Weam(Method):
    """TLM, plus the same predictions after linked words have exchanged their states.

    Needs a masked-language-model head.  Equal to `tlm` at `exchange_weight` 0, and to `tlm` times 1 + `exchange_weight`
    on pairs without links.  The exchanged loss is a mean over all masked tokens, as in the paper's figure, unless
    `cp_only_aligned`.  Only one-to-one links are used.
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "bitext"
    requires: ClassVar[frozenset[str]] = frozenset({"links"})
    paper: ClassVar[str] = "Yang et al. 2021, arXiv 2106.01732"

    mask_probability: float = Field(0.3, gt=0, le=1, description="share of tokens that are predicted")
    exchange_weight: float = Field(1.0, ge=0, description="weight of the predictions from exchanged states (lambda)")
    cp_only_aligned: bool = Field(False, description="average the exchanged loss over linked masked tokens only")
    skip_identical: bool = Field(False, description="ignore links between equal tokens (digits, punctuation)")
    all_mask: bool = Field(False, description="replace every chosen token by [MASK] instead of 80/10/10")

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> ExchangeBatch:
        """Join each pair in random order, mask both sides, and move the links to the joined pair."""
        swapped = torch.rand(len(items), generator=generator) < 0.5  # drawn as in `tlm`, to be equal to it at weight 0
        joined = [
            join_linked(model, pair, token_links(pair, skip_identical=self.skip_identical), swap=swap)
            for pair, swap in zip(items, swapped.tolist(), strict=True)
        ]
        inputs = model.collate([tokens for tokens, _ in joined])
        masked = mask(inputs, model, self.mask_probability, all_mask=self.all_mask, generator=generator)
        unweighted = ExchangeBatch(masked, pad_links([links for _, links in joined]), torch.ones(len(items)))
        return replace(unweighted, weight=unweighted.weight * self._weight(unweighted))

    def num_targets(self, batch: ExchangeBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of masked tokens."""
        return int(batch.positions.sum())

    def loss(self, model: Encoder, batch: ExchangeBatch) -> Terms:  # type: ignore[override]
        """Return the mean cross-entropy of the masked tokens from their own and from exchanged states, scalars."""
        if self.exchange_weight == 0:
            return {"tlm": masked_loss(model, batch)}
        own, exchanged = _token_losses(model, model.encode(batch.inputs), batch)
        total = exchanged.sum()
        if not self.cp_only_aligned:
            # Without a partner the second prediction equals the first.
            total = total + own[~batch.crossed[batch.positions]].sum()
        count = max(1, len(own))
        return {"tlm": own.sum() / count, "exchange": batch.weight[0] * total / count}

    def _weight(self, batch: ExchangeBatch) -> float:
        """Return the weight of a token's exchanged loss, such that means add up over the parts of a step."""
        if not self.cp_only_aligned:
            return self.exchange_weight
        return self.exchange_weight * self.num_targets(batch) / max(1, int(batch.crossed.sum()))


def _token_losses(model: Encoder, states: Tensor, batch: ExchangeBatch) -> tuple[Tensor, Tensor]:
    """Return the losses of masked tokens from their own states, and of crossed ones from their partners', each (n,).

    The head is applied once per state: a masked word whose partner is masked too costs nothing more.
    """
    positions, crossed, targets = batch.positions, batch.crossed, batch.inputs.targets
    assert targets is not None
    needed = positions | crossed.gather(1, batch.partners)
    logits = model.masked_logits(states, needed).float()  # (needed, vocabulary)
    row = (needed.flatten().cumsum(0) - 1).view_as(needed)
    rows = torch.cat([row[positions], row.gather(1, batch.partners)[crossed]])
    wanted = torch.cat([targets[positions], targets[crossed]])
    losses = logits.logsumexp(dim=-1)[rows] - logits[rows, wanted]
    hidden = int(positions.sum())
    return losses[:hidden], losses[hidden:]
