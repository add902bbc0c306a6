"""Base of views that replace words, and the labels of such views.

The words of an answer are never replaced; their positions may change.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import torch

from crosslift.api.examples import TaskType
from crosslift.augment.words import relabelled
from crosslift.encoder.inputs import IGNORED, Tokens
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.task_model import TaskModel
from crosslift.train.task_items import TaskItem


class WordView(FinetuneMethod):
    """Base of views that replace words: a tagged word keeps its tag, a sentence its label, a question its answer."""

    rewrites: ClassVar[bool] = True
    new_tokens: ClassVar[bool] = True
    moves: ClassVar[bool] = True
    requires: ClassVar[frozenset[str]] = frozenset({"words"})
    task_types: ClassVar[tuple[str, ...]] = (
        "sentence",
        "pair",
        "tagging",
        "intent_slot",
        "extractive_qa",
        "multiple_choice",
    )

    @abstractmethod
    def view(self, model: TaskModel, item: TaskItem, generator: torch.Generator) -> Tokens:
        """Return the tokens of an item with some words replaced."""

    def rewrite(self, model: TaskModel, items: Sequence[TaskItem], generator: torch.Generator) -> Sequence[TaskItem]:
        """Return a view of each item."""
        return [self._view(model, item, generator) for item in items]

    def _view(self, model: TaskModel, item: TaskItem, generator: torch.Generator) -> TaskItem:
        if model.task_type != "extractive_qa":
            return _with_tokens(item, self.view(model, item, generator))
        shielded = replace(item, tokens=shielded_tokens(item, model.task_type))
        return _with_answer(item, shielded.tokens, self.view(model, shielded, generator))


def _with_tokens(item: TaskItem, tokens: Tokens) -> TaskItem:
    if tokens is item.tokens:
        return item
    if not isinstance(item.label, tuple):
        return replace(item, tokens=tokens)
    return replace(item, tokens=tokens, label=relabelled(item.label, item.tokens, tokens, ignored=IGNORED))


def shielded_tokens(item: TaskItem, task_type: TaskType) -> Tokens:
    """Return the tokens of an item, with those of an answer's words marked as special so that no view replaces them."""
    tokens = item.tokens
    if task_type != "extractive_qa" or not isinstance(item.label, tuple) or IGNORED in item.label:
        return tokens
    start, end = item.label
    assert tokens.words is not None
    keys = list(zip(tokens.segments, tokens.words, strict=True))
    answer = {key for key in keys[start : end + 1] if key[1] >= 0}
    shielded = [key in answer or start <= place <= end for place, key in enumerate(keys)]
    return replace(
        tokens,
        special=tuple(one or other for one, other in zip(tokens.special, shielded, strict=True)),
        words=tuple(-1 if hidden else word for hidden, word in zip(shielded, tokens.words, strict=True)),
    )


def _with_answer(item: TaskItem, shielded: Tokens, view: Tokens) -> TaskItem:
    """Return the view of an item without the marks of `shielded_tokens`, and the answer's positions in it."""
    assert view.words is not None
    assert item.tokens.words is not None
    before, after = ([place for place, kept in enumerate(tokens.special) if kept] for tokens in (shielded, view))
    moved = dict(zip(before, after, strict=True))
    special, words = list(view.special), list(view.words)
    for old, new in moved.items():
        special[new], words[new] = item.tokens.special[old], item.tokens.words[old]
    assert isinstance(item.label, tuple)
    label = tuple(moved.get(place, place) for place in item.label)
    return replace(item, tokens=replace(view, special=tuple(special), words=tuple(words)), label=label)
