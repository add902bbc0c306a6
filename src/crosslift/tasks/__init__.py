"""The tasks shelf: one file a task; here are the forms of examples they are made of."""

from crosslift.api.examples import (
    Answer,
    Candidate,
    ChoiceExample,
    Example,
    MiningExample,
    PairExample,
    RankingExample,
    RetrievalExample,
    SentenceExample,
    SpanExample,
    TaggingExample,
)
from crosslift.api.task import Task

__all__ = [
    "Answer",
    "Candidate",
    "ChoiceExample",
    "Example",
    "MiningExample",
    "PairExample",
    "RankingExample",
    "RetrievalExample",
    "SentenceExample",
    "SpanExample",
    "TaggingExample",
    "Task",
]
