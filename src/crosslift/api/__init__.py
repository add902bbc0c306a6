"""What an extension is written against: examples, the task, metric and source contracts, and the registries.

    from crosslift.api import PairExample, Task

Imports no torch.  The contracts of methods work on tensors, so they are elsewhere: `crosslift.train.method` for
alignment objectives, `crosslift.finetune.bases.method` for fine-tuning methods.
"""

from crosslift.api.examples import (
    EMBEDDING_TASKS,
    Answer,
    Candidate,
    Example,
    ExtractiveQAExample,
    IntentSlotExample,
    MiningExample,
    MultipleChoiceExample,
    PairExample,
    RankingExample,
    RetrievalExample,
    SentenceExample,
    Split,
    TaggingExample,
    TaskType,
)
from crosslift.api.metric import Metric
from crosslift.api.records import Record
from crosslift.api.source import Source
from crosslift.api.task import HubData, Task, codes, counts

__all__ = [
    "EMBEDDING_TASKS",
    "Answer",
    "Candidate",
    "Example",
    "ExtractiveQAExample",
    "HubData",
    "IntentSlotExample",
    "Metric",
    "MiningExample",
    "MultipleChoiceExample",
    "PairExample",
    "RankingExample",
    "Record",
    "RetrievalExample",
    "SentenceExample",
    "Source",
    "Split",
    "TaggingExample",
    "Task",
    "TaskType",
    "codes",
    "counts",
]
