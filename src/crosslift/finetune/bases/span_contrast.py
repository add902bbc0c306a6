"""Contrast between the tagged spans, or the words, of sentences and of their views."""

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
"""Maps vectors (n, hidden) to those that are compared."""
Place = tuple[int, int, int]
"""Row, first token, and the one past the last token."""


@dataclass(frozen=True)
class Word:
    """A word of a tagged sentence: its place, its subwords, and its tag."""

    place: Place
    subwords: tuple[int, ...]
    tag: int


def words_of(done: Pass) -> list[list[Word]]:
    """Return the words of each row: each begins at a tagged token and ends before the next one or a special token.

    A special token with a label, which is an intent, begins no word.
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
    """Return the spans of BIO tags, (first word, the one past the last); without B- and I- each tagged word is one.

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
    """Return the mean state of each place, (places, hidden), given states (batch, length, hidden)."""
    return torch.stack([states[row, start:stop].mean(dim=0) for row, start, stop in places])


@dataclass(frozen=True)
class EncodedNegatives:
    """Encoded hard negatives."""

    states: Tensor
    """(batch, length, hidden)."""
    spans: Tensor
    """(batch, 3): number of the replaced span, its first token and the one past the last; -1 where there is none."""

    def of(self, numbers: Sequence[tuple[int, int]]) -> tuple[Tensor, Tensor]:
        """Return the mean states of the new values of spans, (n, hidden), and whether each has one, (n,) bool.

        Args:
            numbers: row and number of each span, (n, 2).
        """
        replaced = self.spans.tolist()
        there = [replaced[row][0] == number for row, number in numbers]
        places = [
            (row, *replaced[row][1:]) if here else (row, 0, 1) for (row, _), here in zip(numbers, there, strict=True)
        ]
        return means(self.states, places), torch.tensor(there, device=self.states.device)


def span_contrast(
    clean: Pass,
    view: Pass,
    labels: Sequence[str],
    *,
    temperature: float,
    project: Project | None = None,
    negatives: EncodedNegatives | None = None,
) -> Tensor:
    """Return InfoNCE between the spans of sentences and those of their views, a scalar; 0 without spans.

    Negatives are all other spans of the batch and of its views that have different subwords, and the value that
    replaces the span in its hard negative.

    Args:
        clean: the pass over the sentences.
        view: the pass over their views.
        labels: the names of the tags.
        temperature: divides the cosines.
        project: applied to the vectors before they are compared.
        negatives: hard negatives.
    """
    found: list[tuple[Place, Place, tuple[int, ...]]] = []
    numbers: list[tuple[int, int]] = []
    for words, others in zip(words_of(clean), words_of(view), strict=True):
        for number, (start, stop) in enumerate(spans_of([labels[word.tag] for word in words])):
            numbers.append((words[start].place[0], number))
            subwords = tuple(subword for word in words[start:stop] for subword in word.subwords)
            found.append((*(_over(side, start, stop) for side in (words, others)), subwords))  # type: ignore[arg-type]
    if not found:
        return clean.output.states.sum() * 0
    first = means(clean.output.states, [place for place, _, _ in found])
    second = means(view.output.states, [place for _, place, _ in found])
    same = [[one == other for _, _, other in found] for _, _, one in found]
    excluded = torch.tensor(same, device=first.device)
    hard = None if negatives is None else negatives.of(numbers)
    if project is not None:
        first, second = project(first), project(second)
        hard = None if hard is None else (project(hard[0]), hard[1])
    return info_nce(first, second, temperature=temperature, same_language_negatives=True, excluded=excluded, hard=hard)


def word_contrast(clean: Pass, view: Pass, *, temperature: float, project: Project | None = None) -> Tensor:
    """Return InfoNCE from each replaced word of a view to the original word, a scalar; 0 without replaced words.

    Negatives are the other words of the sentence.

    Args:
        clean: the pass over the sentences.
        view: the pass over their views.
        temperature: divides the cosines.
        project: applied to the vectors before they are compared.
    """
    losses = []
    for words, others in zip(words_of(clean), words_of(view), strict=True):
        changed = [place for place, (a, b) in enumerate(zip(words, others, strict=True)) if a.subwords != b.subwords]
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
