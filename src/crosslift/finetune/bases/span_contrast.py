"""Contrast between a sentence and its view at the levels of tagged sentences: spans and words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from crosslift.encoder.inputs import IGNORED
from crosslift.finetune.bases.batch import Pass
from crosslift.losses import info_nce

Project = Callable[[Tensor], Tensor]
"""Vectors, (n, hidden), to those that are compared."""
Place = tuple[int, int, int]
"""Row, first token, and the one past the last."""


@dataclass(frozen=True)
class Word:
    """A word of a tagged sentence: where it stands, its pieces, and its tag."""

    place: Place
    pieces: tuple[int, ...]
    tag: int


def words_of(done: Pass) -> list[list[Word]]:
    """Return the words of each row: a tagged token begins one, which ends before the next one or a special token.

    A special token with a label, an intent, begins none.
    """
    ids, special, tags = (each.tolist() for each in (done.inputs.ids, done.inputs.special, done.labels))
    rows = []
    for row in range(len(ids)):
        starts = [place for place, tag in enumerate(tags[row]) if tag != IGNORED and not special[row][place]]
        words = []
        for start, following in zip(starts, [*starts[1:], len(ids[row])], strict=True):
            stop = next((place for place in range(start + 1, following) if special[row][place]), following)
            words.append(Word((row, start, stop), tuple(ids[row][start:stop]), tags[row][start]))
        rows.append(words)
    return rows


def spans_of(tags: Sequence[str]) -> list[tuple[int, int]]:
    """Return the spans of BIO tags, as first word and the one past the last; without B- and I-, each word is one.

    >>> spans_of(["O", "B-PER", "I-PER", "B-PER", "I-LOC"])
    [(1, 3), (3, 4), (4, 5)]
    """
    spans: list[tuple[int, int]] = []
    for place, tag in enumerate(tags):
        if tag == "O":
            continue
        inside = tag.startswith("I-") and place > 0 and tags[place - 1][2:] == tag[2:] and tags[place - 1] != "O"
        if inside and spans:
            spans[-1] = spans[-1][0], place + 1
        else:
            spans.append((place, place + 1))
    return spans


def means(states: Tensor, places: Sequence[Place]) -> Tensor:
    """Return the mean state of some places, (places, hidden), of states (batch, length, hidden)."""
    return torch.stack([states[row, start:stop].mean(dim=0) for row, start, stop in places])


@dataclass(frozen=True)
class Exchanged:
    """Hard negatives as the encoder reads them."""

    states: Tensor
    """(batch, length, hidden)."""
    spans: Tensor
    """(batch, 3): number of the span that is another one, where it begins, and where it ends; -1 where none is."""

    def of(self, numbers: Sequence[tuple[int, int]]) -> tuple[Tensor, Tensor]:
        """Return the mean state of the new value of each (row, number of a span), and whether that has one."""
        exchanged = self.spans.tolist()
        there = [exchanged[row][0] == number for row, number in numbers]
        places = [
            (row, *exchanged[row][1:]) if here else (row, 0, 1) for (row, _), here in zip(numbers, there, strict=True)
        ]
        return means(self.states, places), torch.tensor(there, device=self.states.device)


def span_contrast(
    clean: Pass,
    view: Pass,
    labels: Sequence[str],
    *,
    temperature: float,
    project: Project | None = None,
    exchanged: Exchanged | None = None,
) -> Tensor:
    """Return InfoNCE between the spans of the sentences and those of their views; 0 without spans.

    Negatives are all other spans of the batch and of its views, unless they are the same pieces, and what the span was
    exchanged for.
    """
    found: list[tuple[Place, Place, tuple[int, ...]]] = []
    numbers: list[tuple[int, int]] = []
    for words, others in zip(words_of(clean), words_of(view), strict=True):
        for number, (start, stop) in enumerate(spans_of([labels[word.tag] for word in words])):
            numbers.append((words[start].place[0], number))
            pieces = tuple(piece for word in words[start:stop] for piece in word.pieces)
            found.append((*(_over(side, start, stop) for side in (words, others)), pieces))  # type: ignore[arg-type]
    if not found:
        return clean.output.states.sum() * 0
    first = means(clean.output.states, [place for place, _, _ in found])
    second = means(view.output.states, [place for _, place, _ in found])
    same = [[one == other for _, _, other in found] for _, _, one in found]
    excluded = torch.tensor(same, device=first.device)
    hard = None if exchanged is None else exchanged.of(numbers)
    if project is not None:
        first, second = project(first), project(second)
        hard = None if hard is None else (project(hard[0]), hard[1])
    return info_nce(first, second, temperature=temperature, same_language_negatives=True, excluded=excluded, hard=hard)


def word_contrast(clean: Pass, view: Pass, *, temperature: float, project: Project | None = None) -> Tensor:
    """Return how far each exchanged word of a view is from the word that it stands for, among its sentence's words.

    Cross-entropy over the words of the sentence, a mean over exchanged words; 0 where none is.
    """
    losses = []
    for words, others in zip(words_of(clean), words_of(view), strict=True):
        changed = [place for place, (a, b) in enumerate(zip(words, others, strict=True)) if a.pieces != b.pieces]
        if not changed:
            continue
        anchors = means(view.output.states, [others[place].place for place in changed])
        candidates = means(clean.output.states, [word.place for word in words])
        if project is not None:
            anchors, candidates = project(anchors), project(candidates)
        scores = _unit(anchors) @ _unit(candidates).T / temperature
        losses.append(functional.cross_entropy(scores, torch.tensor(changed, device=scores.device), reduction="none"))
    return torch.cat(losses).mean() if losses else clean.output.states.sum() * 0


def _over(words: Sequence[Word], start: int, stop: int) -> Place:
    return words[start].place[0], words[start].place[1], words[stop - 1].place[2]


def _unit(vectors: Tensor) -> Tensor:
    return functional.normalize(vectors.float(), dim=-1)
