"""Base of intent_slot tasks: rows of words, tags and intent, and labels taken from the training data.

Tags are in IOB2: "O", or "B-" or "I-" before the name of a slot.  One list of labels holds tags and intents; a label
that is not a tag is an intent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crosslift.api.examples import OUTSIDE, Example, IntentSlotExample, is_tag
from crosslift.api.task import Task
from crosslift.errors import DataError


class IntentSlotTask(Task):
    """Base of tasks with the intent and the slots of an utterance.

    The benchmarks publish no list of labels, so labels are taken from the training data.  A label that occurs only in a
    test set is never predicted and counts as an error, as in the benchmarks' scripts.
    """

    task_type = "intent_slot"
    open_labels = True
    metrics = ("frame_accuracy", "intent_accuracy", "slot_f1")
    columns: ClassVar[tuple[str, ...]] = ("words", "tags", "intent")
    answers: ClassVar[tuple[str, ...]] = ("tags", "intent")
    lab_task = "joint"

    def labels_in(self, examples: Sequence[Example]) -> tuple[str, ...]:
        """Return "O", both tags of each slot, and the intents; slots and intents are sorted."""
        utterances = [example for example in examples if isinstance(example, IntentSlotExample)]
        slots = {tag[2:] for example in utterances for tag in example.tags or () if tag != OUTSIDE}
        intents = {example.intent for example in utterances if example.intent is not None}
        if not utterances:
            return ()
        return (OUTSIDE, *(f"{mark}-{slot}" for slot in sorted(slots) for mark in "BI"), *sorted(intents))

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> IntentSlotExample:
        """Return the example of one row; words and tags are lists, or texts to split at spaces."""
        words = listed(row["words"], "words", where=where)
        intent = self._intent(row.get("intent"), where, (features or {}).get("intent"))
        identifier = str(row.get("id") or index)
        if row.get("tags") is None:
            return IntentSlotExample(identifier, words, None, intent)
        tags = listed(row["tags"], "tags", where=where)
        check_tags(words, tags, where=where)
        return IntentSlotExample(identifier, words, tags, intent)

    @staticmethod
    def _intent(value: Any, where: str, feature: Any) -> str | None:
        """Return the intent of a value: a name, a number of the hub's feature, or nothing (None, "" or -1)."""
        if value is None or value in ("", -1):
            return None
        intent = str(feature.int2str(value) if isinstance(value, int) and feature is not None else value)
        if is_tag(intent):
            raise DataError(f"{where}: the intent '{intent}' looks like the tag of a slot; expected another name")
        return intent


def listed(value: Any, column: str, *, where: str) -> tuple[str, ...]:
    """Return the words of a list, or of a text split at spaces.

    Raises:
        DataError: the value is neither, or it is empty.
    """
    several = value.split() if isinstance(value, str) else value
    if not isinstance(several, list | tuple):
        raise DataError(f"{where}: column '{column}' contains a value of type {type(value).__name__}; expected a list")
    if not several:
        raise DataError(f"{where}: column '{column}' is empty; expected at least one word")
    return tuple(map(str, several))


def check_tags(words: Sequence[str], tags: Sequence[str], *, where: str) -> None:
    """Check that there is one IOB2 tag per word.

    Raises:
        DataError: a wrong number of tags or a wrong tag; the message names the word.
    """
    if len(tags) != len(words):
        raise DataError(f"{where}: {len(words)} words but {len(tags)} tags; expected one tag per word")
    for place, tag in enumerate(tags, start=1):
        if not is_tag(tag):
            raise DataError(f"{where}, word {place}: '{tag}' is not an IOB2 tag (O, B-name or I-name)")


def iob2(spans: Sequence[tuple[int, int, str]], count: int) -> list[str]:
    """Return the tags of `count` words, given spans (first word, the one past the last, name).

    >>> iob2([(1, 3, "time"), (3, 4, "time")], 5)
    ['O', 'B-time', 'I-time', 'B-time', 'O']
    """
    tags = [OUTSIDE] * count
    for start, stop, name in spans:
        tags[start:stop] = [f"{'I' if place else 'B'}-{name}" for place in range(stop - start)]
    return tags
