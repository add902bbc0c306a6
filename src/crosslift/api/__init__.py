"""The public contracts of extensions: examples and records, tasks, metrics and sources.

    from crosslift.api import PairExample, Task

Imports no torch.  The contracts of methods work on tensors and are elsewhere: `crosslift.train.method` for alignment
objectives, `crosslift.finetune.bases.method` for fine-tuning methods.
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
from crosslift.api.records import RECORD_TYPE_OF, Record, RecordType
from crosslift.api.source import Source
from crosslift.api.task import HubData, Task, codes, counts

__all__ = [
    "EMBEDDING_TASKS",
    "RECORD_TYPE_OF",
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
    "RecordType",
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
