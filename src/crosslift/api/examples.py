"""What the examples of each task type hold.  Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Split = Literal["train", "dev", "test"]


TaskType = Literal[
    "sentence", "pair", "tagging", "intent_slot", "extractive_qa", "multiple_choice", "retrieval", "mining", "ranking"
]
"""Input forms: one text, two texts, words with tags, words with tags and an intent, an answer span, a choice, parallel
texts, two pools, a query."""


EMBEDDING_TASKS: frozenset[TaskType] = frozenset({"retrieval", "mining", "ranking"})
"""Forms that are scored with an encoder's sentence vectors, without a head."""


@dataclass(frozen=True, slots=True)
class SentenceExample:
    """One text and its label."""

    id: str
    text: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class PairExample:
    """Two texts and a label: premise and hypothesis, or two sentences."""

    id: str
    first: str
    second: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class TaggingExample:
    """Words and one tag a word."""

    id: str
    words: tuple[str, ...]
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class IntentSlotExample:
    """The words of an utterance, the tag of each in IOB2, and what the whole is meant to do."""

    id: str
    words: tuple[str, ...]
    tags: tuple[str, ...] | None = None
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it stands in the context; `start` counts characters from 0."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class ExtractiveQAExample:
    """A question, the context that answers it, and the accepted answers."""

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class MultipleChoiceExample:
    """A premise, a question about it, and the choices; `label` is the index of the right one."""

    id: str
    premise: str
    question: str
    choices: tuple[str, ...]
    label: int | None = None


@dataclass(frozen=True, slots=True)
class RetrievalExample:
    """A sentence in the task's source language and its translation in the target language."""

    id: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class MiningExample:
    """Two pools of (id, sentence), of which some are translations of each other: `gold` holds their ids."""

    id: str
    source: tuple[tuple[str, str], ...]
    target: tuple[tuple[str, str], ...]
    gold: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class RankingExample:
    """A query, and what the candidates that answer it name among their `answers`; the pool is the task's."""

    id: str
    query: str
    gold: str | None = None
    answer: Candidate | None = None
    """In training data, which have no pool: what answers it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One text of the pool that queries of all languages are ranked against."""

    id: str
    text: str
    language: str
    answers: tuple[str, ...] = ()
    """The golds of queries that it answers."""
    context: str | None = None
    """What is read after the text, as the second of a pair."""


Example = (
    SentenceExample
    | PairExample
    | TaggingExample
    | IntentSlotExample
    | ExtractiveQAExample
    | MultipleChoiceExample
    | RetrievalExample
    | MiningExample
    | RankingExample
)


EXAMPLE_OF: Mapping[TaskType, type[Any]] = {
    "sentence": SentenceExample,
    "pair": PairExample,
    "tagging": TaggingExample,
    "intent_slot": IntentSlotExample,
    "extractive_qa": ExtractiveQAExample,
    "multiple_choice": MultipleChoiceExample,
    "retrieval": RetrievalExample,
    "mining": MiningExample,
    "ranking": RankingExample,
}


def texts(example: Example) -> Sequence[str]:
    """Return the texts of an example, in order; used for overlap checks and embedding maps."""
    match example:
        case SentenceExample():
            return (example.text,)
        case PairExample():
            return (example.first, example.second)
        case TaggingExample() | IntentSlotExample():
            return (" ".join(example.words),)
        case ExtractiveQAExample():
            return (example.question, example.context)
        case MultipleChoiceExample():
            return (example.premise, *example.choices)
        case RetrievalExample():
            return (example.source, example.target)
        case MiningExample():
            return tuple(text for _, text in (*example.source, *example.target))
        case RankingExample():
            return (example.query,)


OUTSIDE = "O"
"""The IOB2 tag of a word that is in no slot."""


def is_tag(label: str) -> bool:
    """Return whether a label is a slot's tag and no intent.

    >>> is_tag("O"), is_tag("B-time"), is_tag("alarm_set")
    (True, True, False)
    """
    return label == OUTSIDE or (label[:2] in ("B-", "I-") and len(label) > 2)
