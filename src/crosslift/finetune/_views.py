"""Views of labelled examples: the sentences with other words, and the labels that go with them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import torch

from crosslift.encoder.heads import TaskModel
from crosslift.encoder.inputs import IGNORED, Tokens
from crosslift.finetune._method import FinetuneMethod
from crosslift.train.features import TaskItem
from crosslift.views.words import relabelled


class WordView(FinetuneMethod):
    """Base of views that exchange words: a tagged word keeps its tag, a sentence its label."""

    rewrites: ClassVar[bool] = True
    new_tokens: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset({"words"})
    kinds: ClassVar[tuple[str, ...]] = ("sentence", "pair", "tagging", "joint", "choice")

    @abstractmethod
    def view(self, model: TaskModel, item: TaskItem, generator: torch.Generator) -> Tokens:
        """Return the item's tokens with other words."""

    def rewrite(self, model: TaskModel, items: Sequence[TaskItem], generator: torch.Generator) -> Sequence[TaskItem]:
        """Return a view of each item."""
        return [_with_tokens(item, self.view(model, item, generator)) for item in items]


def _with_tokens(item: TaskItem, tokens: Tokens) -> TaskItem:
    if tokens is item.tokens:
        return item
    if not isinstance(item.label, tuple):
        return replace(item, tokens=tokens)
    return replace(item, tokens=tokens, label=relabelled(item.label, item.tokens, tokens, ignored=IGNORED))
