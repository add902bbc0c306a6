"""A tiny task, a model for it, and a few steps of training with any methods."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from crosslift.api import registry
from crosslift.api.examples import (
    Example,
    IntentSlotExample,
    MultipleChoiceExample,
    PairExample,
    SentenceExample,
    TaggingExample,
)
from crosslift.encoder.encoder import Encoder
from crosslift.finetune.bases.batch import LabelledBatch
from crosslift.finetune.bases.combined import Combined
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.task_model import TaskModel
from crosslift.recipe import FinetuneTable
from crosslift.runs.write import JsonLines
from crosslift.train.batches import Stream
from crosslift.train.loop import Loop
from crosslift.train.objective import Objective
from crosslift.train.task_items import Item
from crosslift.train.tokenized_tasks import task_items
from tests.tiny import TEXTS

LABELS = ("yes", "no", "perhaps")
FRAMES = ("O", "B-a", "I-a", "B-b", "I-b", "go", "stop")
Methods = Sequence[tuple[str, dict[str, Any]]]


def examples(task_type: str = "pair") -> list[Example]:
    """Return eight examples; two of each premise among the pairs."""
    made: dict[str, list[Any]] = {
        "sentence": [SentenceExample(str(i), text, LABELS[i % 3]) for i, text in enumerate(TEXTS)],
        "pair": [PairExample(str(i), TEXTS[i // 2], text, LABELS[i % 3]) for i, text in enumerate(TEXTS)],
        "tagging": [
            TaggingExample(str(i), tuple(text.split()), tuple(LABELS[len(word) % 3] for word in text.split()))
            for i, text in enumerate(TEXTS)
        ],
        "intent_slot": [
            IntentSlotExample(str(i), tuple(text.split()), tuple(_slots(len(text.split()), i)), FRAMES[5 + i % 2])
            for i, text in enumerate(TEXTS)
        ],
        "multiple_choice": [
            MultipleChoiceExample(
                str(i), text, ("cause", "effect")[i % 2], (TEXTS[i - 1], TEXTS[i - 2], TEXTS[i - 3]), i % 3
            )
            for i, text in enumerate(TEXTS)
        ],
    }
    return made[task_type]


def _slots(count: int, number: int) -> list[str]:
    """Return tags with a slot of two words and one of one."""
    return ["O", "B-a", "I-a", "B-b" if number % 2 else "O", *["O"] * count][:count]


def labels_of(task_type: str) -> tuple[str, ...]:
    return FRAMES if task_type == "intent_slot" else LABELS


def model_of(directory: Path, task_type: Any = "pair") -> TaskModel:
    return TaskModel.create(Encoder.load(directory), task_type, labels_of(task_type), seed=0).eval()


def model_for(method: FinetuneMethod, directory: Path, task_type: Any = "pair") -> TaskModel:
    """Return a model with the head that a method is for."""
    encoder = Encoder.load(directory)
    head = method.head(encoder, task="task", task_type=task_type, labels=labels_of(task_type), seed=0)
    return TaskModel.create(encoder, task_type, labels_of(task_type), seed=0, head=head).eval()


def items_of(model: TaskModel, *, words: bool = True, max_length: int = 48) -> list[Item]:
    made = task_items(
        *(model.encoder, examples(model.task_type), model.task_type, labels_of(model.task_type)),
        max_length=max_length,
        language="en",
        words=words,
        prompt=model.prompt,
    )
    return list(made)


def batch_of(method: FinetuneMethod, model: TaskModel, *, seed: int = 0) -> LabelledBatch:
    """Return the batch of all examples; what asks the encoder asks the model's."""
    return method.collate(model, items_of(model), torch.Generator().manual_seed(seed))


def combined(*methods: tuple[str, dict[str, Any]]) -> Combined:
    return Combined.of([registry.load("finetune", name)(**settings) for name, settings in methods])


def trained(
    directory: Path,
    methods: Methods,
    states: Path,
    *,
    task_type: str = "pair",
    steps: int = 3,
    dropout: float | None = None,
    learning_rate: float = 1e-3,
    **settings: Any,
) -> dict[str, Tensor]:
    """Return the weights after some steps, with the encoder's own dropout by default."""
    method = combined(*methods)
    model = model_for(method, directory, task_type)
    if dropout is not None:
        for module in model.module.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = dropout
    items = items_of(model, words="words" in method.requires)
    method.begin(Encoder.load(directory), items, {})
    blocks = [method.block(examples(task_type)[item.example]) for item in items]
    stream = Stream(items, [len(i) for i in items], batch_size=4, seed=0, blocks=None if None in blocks else blocks)
    table = FinetuneTable(task="xnli", steps=steps, learning_rate=learning_rate, **settings)
    states.mkdir(parents=True, exist_ok=True)
    loop = Loop(
        model,
        model.module,
        [Objective("task", method, stream)],
        table,
        steps,
        0,
        "finetune",
        states,
        JsonLines(states / "log"),
    )
    return dict(loop.run().weights["last"])
