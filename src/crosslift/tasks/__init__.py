"""The tasks shelf: one file a task; here are the forms of examples they are made of."""

from crosslift.tasks._task import (
    Answer,
    ChoiceExample,
    Example,
    MiningExample,
    PairExample,
    RetrievalExample,
    SentenceExample,
    SpanExample,
    TaggingExample,
    Task,
)

__all__ = [
    "Answer",
    "ChoiceExample",
    "Example",
    "MiningExample",
    "PairExample",
    "RetrievalExample",
    "SentenceExample",
    "SpanExample",
    "TaggingExample",
    "Task",
]
