"""Randomized smoothing with words (RS-DA): each word is drawn anew from itself and its neighbours.

A view: it replaces the sentences, so training need not see the originals.  The neighbours come from a file (such as the
authors' `counterfitted_neighbors.json`), from word vectors, or from the lab.  The authors write `copies` perturbed
copies of each example into a new training file (3 for XNLI, 10 for PAWS-X) and train for that many more steps: a fair
baseline takes as many steps.
Paper: Huang et al. 2021, arXiv 2104.08645, section 3.2; the neighbours are Alzantot et al.'s, arXiv 1804.07998.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, PrivateAttr

from crosslift.augment.words import Span, WordCodec
from crosslift.data.word_neighbours import Neighbours, neighbour_files, open_neighbours
from crosslift.encoder.inputs import Tokens
from crosslift.finetune.bases.word_view import WordView
from crosslift.heads.task_model import TaskModel
from crosslift.train.task_items import TaskItem


class SynonymSmoothing(WordView):
    """A word with k neighbours is replaced with probability k / (k + 1), independently of other words.

    Equal to plain fine-tuning without neighbours.
    """

    paper: ClassVar[str] = "Huang et al. 2021, arXiv 2104.08645"

    neighbours: str = Field(
        "lab",
        description='JSON file {"word": ["neighbour", ...]}, file of word vectors, or "lab" ("lab:1": world seed 1): '
        "the other forms of a word",
    )
    count: int = Field(8, ge=0, description="maximum number of neighbours per word")
    min_cosine: float = Field(0.6, ge=-1, le=1, description="minimum cosine of neighbours found in word vectors")
    copies: int | None = Field(
        None, ge=1, description="number of fixed views per example; none: views are drawn anew at each step"
    )
    exact: bool = Field(
        True,
        description="look words up exactly as written, so that capitalised words and words with punctuation are never "
        "replaced, as in the released code; else without case and punctuation",
    )

    _written: WordCodec | None = PrivateAttr(None)

    def files(self) -> tuple[str, ...]:
        """Return the file of the neighbours."""
        return neighbour_files(self.neighbours)

    def view(self, model: TaskModel, item: TaskItem, generator: torch.Generator) -> Tokens:
        """Return the tokens with words drawn anew."""
        if self._written is None or self._written.encoder is not model.encoder:
            self._written = WordCodec(model.encoder)
        neighbours = open_neighbours(self.neighbours, count=self.count, min_cosine=self.min_cosine)
        spans = self._written.spans(item.tokens)
        draws = self._draws(item, len(spans), generator)
        chosen = (
            (span, self._drawn(span, item.tokens, neighbours, draw)) for span, draw in zip(spans, draws, strict=True)
        )
        return self._written.with_words(item.tokens, [(span, word) for span, word in chosen if word is not None])

    def _draws(self, item: TaskItem, count: int, generator: torch.Generator) -> list[float]:
        """Return one number of [0, 1) per word; the same ones for the same copy of an example."""
        fresh: list[float] = torch.rand(count + 1, generator=generator, dtype=torch.float64).tolist()
        if self.copies is None:
            return fresh[1:]
        copy = int(fresh[0] * self.copies)
        fixed: list[float] = np.random.default_rng((item.example, item.first_word, copy)).random(count).tolist()
        return fixed

    def _drawn(self, span: Span, tokens: Tokens, neighbours: Neighbours, draw: float) -> str | None:
        """Return the replacement of a word, or None where it stays."""
        others = neighbours.get(span.word, ())
        if self.exact and not _alone(span, tokens):
            return None
        if not self.exact and not others:
            others = neighbours.get(span.word.lower(), ())
        place = int(draw * (len(others) + 1))
        return others[place - 1] if place else None


def _alone(span: Span, tokens: Tokens) -> bool:
    """Return whether no punctuation is attached to a word."""
    assert tokens.words is not None
    word = (tokens.words[span.start], tokens.segments[span.start])
    before, after = span.start - 1, span.stop
    return not any(
        0 <= place < len(tokens) and (tokens.words[place], tokens.segments[place]) == word for place in (before, after)
    )
