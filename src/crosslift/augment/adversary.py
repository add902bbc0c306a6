"""Adversarial views: words are replaced where the replacement raises the model's loss most.

The increase of the loss is estimated from the gradient at the word embeddings, so one backward pass scores a whole
table of candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import torch
from pydantic import BaseModel, Field
from torch import Tensor
from torch.nn import functional

from crosslift.augment.candidates import Candidates, mean_embeddings
from crosslift.augment.words import WordCodec
from crosslift.data.lexicon import Lexicon
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs, Tokens
from crosslift.languages import same

_NONE = -1

Loss = Callable[[Inputs, Tensor], Tensor]
"""The loss to be raised, a scalar: a function of inputs and their word embeddings (batch, length, embedding)."""


class AdversarySettings(BaseModel):
    """Settings of the search for adversarial replacements."""

    replace_share: float = Field(0.15, ge=0, le=1, description="share of words per row that are replaced, rounded up")
    choice: Literal["worst", "random"] = Field(
        "worst", description="choice of words and candidates: by first-order gain of the loss, or at random"
    )
    passes: int | None = Field(
        None, ge=1, description="number of gradient passes to choose the words of a row; none: one per word"
    )
    min_similarity: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="minimum cosine of mean states with the original, which is kept below it; none: any",
    )


class Words(NamedTuple):
    """The words of a batch, (batch, words, ...); shorter rows are padded with zeros and -1."""

    spans: Tensor
    """(batch, words, 2): the first position of each word, and the one past its last."""
    entries: Tensor
    """(batch, words): row in the table of candidates, -1 for a word that is not in it."""
    languages: Tensor
    """(batch, words): index of the target language drawn for each word."""
    draws: Tensor
    """(batch, words, 2): uniform in (0, 1], for the random choice of a word and of a candidate."""

    @property
    def real(self) -> Tensor:
        """(batch, words) bool: False at padding."""
        return self.spans[..., 1] > 0


def find_words(rows: Sequence[Tokens], written: WordCodec, lexicon: Lexicon, generator: torch.Generator) -> Words:
    """Return the words of tokenized rows, and their rows in the table of candidates.

    Args:
        rows: with `Tokens.words`; only words of the lexicon's source language, or of an unknown one, are looked up.
        written: converts subwords to words.
        lexicon: its words are the rows of the table of candidates, and its languages the columns.
        generator: draws a language for each word, and the random choices.

    Returns:
        (batch, words, ...) fields.

    Raises:
        DataError: the tokens have no word indices.
    """
    table = lexicon.places
    spans = [written.spans(tokens) for tokens in rows]
    shape = (len(rows), max(1, *map(len, spans)))
    positions = torch.zeros(*shape, 2, dtype=torch.long)
    entries = torch.full(shape, _NONE)
    for row, words in enumerate(spans):
        for place, span in enumerate(words):
            positions[row, place] = torch.tensor((span.start, span.stop))
            if span.language is None or same(span.language, lexicon.source):
                entries[row, place] = table.get(span.word, table.get(span.word.lower(), _NONE))
    languages = torch.randint(len(lexicon.languages), shape, generator=generator)
    return Words(positions, entries, languages, 1 - torch.rand((*shape, 2), generator=generator))


@dataclass(frozen=True)
class Adversary:
    """Replaces words by the worst or by random candidates; see `AdversarySettings`."""

    settings: AdversarySettings
    encoder: Encoder
    candidates: Candidates

    def view(self, inputs: Inputs, words: Words, loss: Loss) -> Inputs:
        """Return the inputs with up to ``ceil(replace_share * words)`` words of each row replaced.

        The search is greedy: the replacements with the largest gains are made, the gradient is computed again, and so
        on.  No word is replaced that would lower the loss to first order.  The random choice takes words and candidates
        uniformly.  Replacements for which a row has no room are skipped.

        Args:
            inputs: (batch, length) fields.
            words: (batch, words, ...) fields.
            loss: the loss to be raised.

        Returns:
            (batch, new length) fields.
        """
        subwords = self.candidates(words.entries, words.languages)  # (batch, words, candidates, subwords)
        budget = torch.ceil(self.settings.replace_share * words.real.sum(dim=1)).long()
        passes = self._passes(budget)
        quota = torch.ceil(budget / max(1, passes)).long()
        chosen = torch.full_like(words.entries, _NONE)
        for number in range(passes):
            current, spans = spliced(inputs, words.spans, picked(subwords, chosen), self.encoder.pad_id)
            scores = self._scores(current, spans, subwords, words, loss).masked_fill(
                subwords[..., 0] == _NONE, -torch.inf
            )
            best, candidate = scores.masked_fill((chosen != _NONE).unsqueeze(-1), -torch.inf).max(dim=2)
            left = torch.minimum(quota, budget - number * quota)
            room = self.encoder.max_length - current.lengths
            taken = (best > 0) & _first(best, left, self._growth(spans, subwords, candidate), room)
            if not taken.any():
                break
            chosen = torch.where(taken, candidate, chosen)
        return self._accepted(inputs, words, subwords, chosen)

    def _passes(self, budget: Tensor) -> int:
        """Return the number of passes; random words are chosen in one."""
        most = int(budget.max())
        limit = 1 if self.settings.choice == "random" else self.settings.passes
        return most if limit is None else min(limit, most)

    def _scores(self, current: Inputs, spans: Tensor, subwords: Tensor, words: Words, loss: Loss) -> Tensor:
        """Return the score of each candidate, (batch, words, candidates); those above 0 are taken, highest first."""
        if self.settings.choice == "worst":
            return first_order_gains(self.encoder, current, spans, subwords, loss)
        count = (subwords[..., 0] != _NONE).sum(dim=-1)
        drawn = torch.ceil(words.draws[..., 1] * count).long() - 1
        taken = torch.arange(subwords.shape[2], device=drawn.device) == drawn.unsqueeze(-1)
        return words.draws[..., :1] * taken

    def _growth(self, spans: Tensor, subwords: Tensor, candidate: Tensor) -> Tensor:
        """Return the number of tokens that each replacement adds, (batch, words)."""
        sizes = (subwords != _NONE).sum(dim=-1).gather(2, candidate.unsqueeze(-1)).squeeze(-1)
        return sizes - (spans[..., 1] - spans[..., 0])

    def _accepted(self, inputs: Inputs, words: Words, subwords: Tensor, chosen: Tensor) -> Inputs:
        view, _ = spliced(inputs, words.spans, picked(subwords, chosen), self.encoder.pad_id)
        if self.settings.min_similarity is None:
            return view
        with torch.no_grad():
            before, after = (self.encoder.pool(self.encoder.encode(side), side) for side in (inputs, view))
        unlike = functional.cosine_similarity(before, after) < self.settings.min_similarity
        kept = chosen.masked_fill(unlike.unsqueeze(-1), _NONE)
        return spliced(inputs, words.spans, picked(subwords, kept), self.encoder.pad_id)[0]


def _first(scores: Tensor, count: Tensor, growth: Tensor, room: Tensor) -> Tensor:
    """Return which words are among the best `count` of their row and have room in it: (batch, words) bool.

    Args:
        scores: (batch, words).
        count: (batch,).
        growth: number of tokens that each word adds, (batch, words).
        room: number of tokens that may be added, (batch,).
    """
    order = scores.argsort(dim=1, descending=True, stable=True)
    rank = torch.arange(scores.shape[1], device=scores.device)
    fits = growth.gather(1, order).clamp(min=0).cumsum(dim=1) <= room.unsqueeze(1)
    return torch.zeros_like(fits).scatter(1, order, fits & (rank < count.unsqueeze(1)))


def first_order_gains(encoder: Encoder, inputs: Inputs, spans: Tensor, subwords: Tensor, loss: Loss) -> Tensor:
    """Return the increase of the loss by each replacement, to first order.

    It is ``(e(c) - e(w)) . g``, with e the mean of a word's subword embeddings and g the sum of the loss's gradients at
    the subwords of w, which is the gradient of moving all of them together.

    Args:
        encoder: embeds the tokens.
        inputs: (batch, length) fields.
        spans: (batch, words, 2).
        subwords: of the candidates, (batch, words, candidates, subwords), padded with -1.
        loss: the loss to be raised.

    Returns:
        (batch, words, candidates).
    """
    with torch.enable_grad():
        embeddings = encoder.embed(inputs.ids).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(inputs, embeddings), embeddings)
    places = torch.arange(inputs.ids.shape[1], device=spans.device)
    inside = ((places >= spans[..., :1]) & (places < spans[..., 1:])).to(gradient.dtype)  # (batch, words, length)
    with torch.no_grad():
        direction = inside @ gradient
        now = inside @ embeddings.to(gradient.dtype) / inside.sum(dim=-1, keepdim=True).clamp(min=1)
        change = mean_embeddings(encoder, subwords) - now.unsqueeze(2)
        return (change * direction.unsqueeze(2)).sum(dim=-1)


def picked(subwords: Tensor, chosen: Tensor) -> Tensor:
    """Return the subwords of the chosen candidates.

    Args:
        subwords: (batch, words, candidates, subwords), padded with -1.
        chosen: (batch, words), the candidate or -1.

    Returns:
        (batch, words, subwords), -1 where no candidate is chosen.
    """
    index = chosen.clamp(min=0)[..., None, None].expand(*chosen.shape, 1, subwords.shape[-1])
    return subwords.gather(2, index).squeeze(2).masked_fill((chosen == _NONE).unsqueeze(-1), _NONE)


def spliced(inputs: Inputs, spans: Tensor, subwords: Tensor, pad_id: int) -> tuple[Inputs, Tensor]:
    """Replace words by other subwords; rows become longer or shorter.

    The first new subword keeps the target of the word's first one; the others have no target.

    Args:
        inputs: (batch, length) fields.
        spans: of the words, (batch, words, 2).
        subwords: (batch, words, subwords): the replacements, padded with -1; all -1 for a word that stays.
        pad_id: id of the padding token.

    Returns:
        The new inputs, (batch, new length) fields, and the words' new spans, (batch, words, 2).
    """
    sizes = (subwords != _NONE).sum(dim=-1)  # (batch, words); 0 for a word that stays
    width = inputs.ids.shape[1]
    places = torch.arange(width, device=spans.device)
    moved = (sizes > 0).unsqueeze(-1)
    inside = (places >= spans[..., :1]) & (places < spans[..., 1:]) & moved  # (batch, words, length)
    head = (places == spans[..., :1]) & moved
    # The number of new positions for each old one: all new subwords come from the first position of a replaced word.
    counts = torch.where(inside.any(dim=1), (head * sizes.unsqueeze(-1)).sum(dim=1), inputs.mask)
    ends = counts.cumsum(dim=1)
    new = torch.arange(int(ends[:, -1].max()), device=spans.device).expand(len(ends), -1).contiguous()
    origin = torch.searchsorted(ends, new, right=True)  # (batch, new length): the old position
    real = origin < width
    origin = origin.clamp(max=width - 1)
    offset = new - (ends - counts).gather(1, origin)
    word = torch.where(head.any(dim=1), head.int().argmax(dim=1), _NONE).gather(1, origin)
    changed = (word != _NONE) & real
    flat = (word.clamp(min=0) * subwords.shape[-1] + offset).clamp(0, subwords.shape[1] * subwords.shape[2] - 1)
    fresh = subwords.flatten(1).gather(1, flat)
    view = _gathered(inputs, origin, real, pad_id)
    ids = torch.where(changed, fresh, view.ids)
    targets = view.targets if view.targets is None else view.targets.masked_fill(changed & (offset > 0), IGNORED)
    starts = (ends - counts).gather(1, spans[..., 0])
    stops = ends.gather(1, (spans[..., 1] - 1).clamp(min=0))
    known = spans[..., 1] > 0
    return replace(view, ids=ids, targets=targets), torch.stack([starts * known, stops * known], dim=-1)


def _gathered(inputs: Inputs, origin: Tensor, real: Tensor, pad_id: int) -> Inputs:
    """Return the columns `origin` (batch, new length) of each row, and padding where they are not `real`."""
    fill = {"ids": pad_id, "mask": 0, "special": True, "segments": 0, "languages": 0, "targets": IGNORED}
    columns: dict[str, Any] = {name: getattr(inputs, name) for name in fill}
    for name, value in columns.items():
        columns[name] = None if value is None else value.gather(1, origin).masked_fill(~real, fill[name])
    return Inputs(**columns)
