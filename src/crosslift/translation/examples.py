"""The texts of an example that are translated.  Labels never change.  Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from crosslift.api.examples import (
    Example,
    IntentSlotExample,
    MultipleChoiceExample,
    PairExample,
    SentenceExample,
    TaggingExample,
)
from crosslift.errors import DataError

TEXT_TASKS = ("sentence", "pair", "multiple_choice")
"""Task types whose labels are of whole texts, so that they hold for translations too."""


def texts(example: Example) -> tuple[str, ...]:
    """Return the texts to translate, without the question of a multiple-choice example ("cause" or "effect").

    Raises:
        DataError: an example whose labels belong to positions in its text.
    """
    match example:
        case SentenceExample():
            return (example.text,)
        case PairExample():
            return (example.first, example.second)
        case MultipleChoiceExample():
            return (example.premise, *example.choices)
        case _:
            raise DataError(
                f"example {example.id}: the labels of a {type(example).__name__} belong to positions in a text"
            )


def with_texts(example: Example, translations: Sequence[str]) -> Example:
    """Return the example with translations of `texts(example)`; id and label stay."""
    match example:
        case SentenceExample():
            return replace(example, text=translations[0])
        case PairExample():
            return replace(example, first=translations[0], second=translations[1])
        case MultipleChoiceExample():
            return replace(example, premise=translations[0], choices=tuple(translations[1:]))
        case _:
            raise DataError(
                f"example {example.id}: the labels of a {type(example).__name__} belong to positions in a text"
            )


def translated(examples: Sequence[Example], translate: Callable[[list[str]], list[str]]) -> list[Example]:
    """Return the examples with every text translated, in one call."""
    translations = iter(translate([text for example in examples for text in texts(example)]))
    return [with_texts(example, list(islice(translations, len(texts(example))))) for example in examples]


def matched(examples: Sequence[Example], translations: Sequence[Example], *, where: str) -> list[Example]:
    """Return the examples with the texts of those translations that have the same ids.

    Tagged sentences and questions keep the labels of the translation, since these belong to positions in it.

    Raises:
        DataError: an example has no translation, or one with another label, which means that rows are in another order.
    """
    by_id = {example.id: example for example in translations}
    missing = [example.id for example in examples if example.id not in by_id]
    if missing:
        raise DataError(
            f"{where}: {len(missing):,} of {len(examples):,} examples have no translation, the first being "
            f"'{missing[0]}'; translations must be rows of the same ids, or in the same order, as the originals"
        )
    return [_with_translation(example, by_id[example.id], where) for example in examples]


def _with_translation(example: Example, translation: Example, where: str) -> Example:
    if isinstance(example, SentenceExample | PairExample | MultipleChoiceExample):
        _check_label(example, translation, where)
        return with_texts(example, texts(translation))
    return translation


def _check_label(example: Example, translation: Example, where: str) -> None:
    label, other = (getattr(each, "label", None) for each in (example, translation))
    if other is not None and label is not None and other != label:
        raise DataError(
            f"{where}: example '{example.id}' has the label '{other}', its original '{label}'; translations must be "
            "rows of the same ids, or in the same order, as the originals"
        )


def word_rows(example: Example) -> Iterator[tuple[str, ...]]:
    """Yield the words of each text to translate, or of a tagged sentence."""
    if isinstance(example, TaggingExample | IntentSlotExample):
        yield example.words
    else:
        yield from (tuple(text.split()) for text in texts(example))


def with_words(example: Example, rows: Sequence[Sequence[tuple[str, int]]]) -> Example:
    """Return the example with other words; each comes with the index of an old word, whose tag it gets."""
    if isinstance(example, TaggingExample | IntentSlotExample):
        tags = None if example.tags is None else tuple(example.tags[index] for _, index in rows[0])
        return replace(example, words=tuple(word for word, _ in rows[0]), tags=tags)
    return with_texts(example, [" ".join(word for word, _ in row) for row in rows])
