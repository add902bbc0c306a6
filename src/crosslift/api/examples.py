"""The task types, and the examples of each.  Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Split = Literal["train", "dev", "test"]


TaskType = Literal[
    "sentence", "pair", "tagging", "intent_slot", "extractive_qa", "multiple_choice", "retrieval", "mining", "ranking"
]
"""Types of tasks: label one text, or two; tag words; tag words and label the utterance; cut an answer from a context;
choose an answer; find a translation; mine translations in two pools; rank candidates for a query."""


EMBEDDING_TASKS: frozenset[TaskType] = frozenset({"retrieval", "mining", "ranking"})
"""Task types that are scored with sentence vectors, without a head."""


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
    """Words with one tag each."""

    id: str
    words: tuple[str, ...]
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class IntentSlotExample:
    """The words of an utterance, one IOB2 tag per word, and its intent."""

    id: str
    words: tuple[str, ...]
    tags: tuple[str, ...] | None = None
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, copied from the context; `start` is its first character, from 0."""

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
    """A premise, a question about it, and the choices; `label` is the index of the correct one."""

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
    """Two pools of (id, sentence); `gold` holds the pairs of ids (source, target) that are translations."""

    id: str
    source: tuple[tuple[str, str], ...]
    target: tuple[tuple[str, str], ...]
    gold: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class RankingExample:
    """A query; `gold` is the key that the candidates which answer it have among their `answers`."""

    id: str
    query: str
    gold: str | None = None
    answer: Candidate | None = None
    """The candidate that answers the query, in training data, which has no pool."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One text of the pool, which is the same for queries in all languages."""

    id: str
    text: str
    language: str
    answers: tuple[str, ...] = ()
    """The `gold` keys of the queries that it answers."""
    context: str | None = None
    """A text to encode after it, as the second of a pair."""


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
"""The example class of each task type."""


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
"""The IOB2 tag of a word outside all slots."""


def is_tag(label: str) -> bool:
    """Return whether a label is the tag of a slot, not an intent.

    >>> is_tag("O"), is_tag("B-time"), is_tag("alarm_set")
    (True, True, False)
    """
    return label == OUTSIDE or (label[:2] in ("B-", "I-") and len(label) > 2)
