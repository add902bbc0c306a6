"""Records, the lines of a predictions file: one type per kind of answer, and the type that each task type yields.

A record whose `gold` is None belongs to unlabelled data and cannot be scored; in mined pairs it means that a sentence
has no translation.  Imports no torch.
"""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

from crosslift.api.examples import TaskType

Record = dict[str, Any]
"""One line of a predictions file; `RECORDS` says which keys the records of a type have."""

RecordType = Literal["label", "tags", "intent_slot", "answers", "retrieval", "mining", "ranking"]
"""Kinds of answers: one label per example, one tag per word, an intent with tags, a text and the accepted ones, the id
of a translation, the id of a mined partner, a ranked list of ids."""


class LabelRecord(TypedDict):
    """One label per example: the label's name, or the index of a choice.

    Tasks that rank texts by their labels give ids such as `QUERY.PLACE`; records of one query are neighbours.
    """

    id: str
    prediction: str | int
    gold: str | int | None
    probability: NotRequired[float]


class TagsRecord(TypedDict):
    """One tag per word."""

    id: str
    prediction: list[str]
    gold: list[str] | None


class IntentSlots(TypedDict):
    """The intent of an utterance, and one tag per word in IOB2."""

    intent: str
    slots: list[str]


class IntentSlotRecord(TypedDict):
    """An intent and tags."""

    id: str
    prediction: IntentSlots
    gold: IntentSlots | None
    intent_probability: NotRequired[float]


class AnswersRecord(TypedDict):
    """A text cut from a context, and the accepted answers; `language` is that of the context."""

    id: str
    prediction: str
    gold: list[str] | None
    language: str
    start: NotRequired[int]
    score: NotRequired[float]
    probability: NotRequired[float]


class RetrievalRecord(TypedDict):
    """The id of the nearest target sentence (`prediction`) and, the other way, of the nearest source (`reverse`)."""

    id: str
    prediction: str
    gold: str
    reverse: NotRequired[str]
    cosine: NotRequired[float]


class MiningRecord(TypedDict):
    """The ids of the mined partner and of the gold partner of a sentence; None where it has none."""

    id: str
    prediction: str | None
    gold: str | None
    score: NotRequired[float]


class RankingRecord(TypedDict):
    """The ids of the first candidates, best first, those of the right ones, and the rank of each of these from 1."""

    id: str
    prediction: list[str]
    gold: list[str]
    ranks: list[int]


RECORDS: Mapping[RecordType, type[Any]] = {
    "label": LabelRecord,
    "tags": TagsRecord,
    "intent_slot": IntentSlotRecord,
    "answers": AnswersRecord,
    "retrieval": RetrievalRecord,
    "mining": MiningRecord,
    "ranking": RankingRecord,
}
"""The keys of each record type, as a TypedDict."""

RECORD_TYPE_OF: Mapping[TaskType, RecordType] = {
    "sentence": "label",
    "pair": "label",
    "tagging": "tags",
    "intent_slot": "intent_slot",
    "extractive_qa": "answers",
    "multiple_choice": "label",
    "retrieval": "retrieval",
    "mining": "mining",
    "ranking": "ranking",
}
"""The record type that predictions of each task type have; a task's metrics take it."""
