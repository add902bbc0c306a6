"""Logits as they are compared with labels: which classes are possible, and which are not."""

from __future__ import annotations

import pytest
import torch

from crosslift.api.examples import is_tag
from crosslift.encoder.encoder import Encoder
from crosslift.finetune.bases.batch import ModelInput, Pass, possible
from crosslift.finetune.plain import Plain
from crosslift.heads.task_model import TaskModel
from tests.contracts.cases import FRAMES, LABELS, TASK_TYPES, Checkpoint, task_batch


def done(checkpoint: Checkpoint, task_type: str) -> tuple[TaskModel, Pass]:
    encoder = Encoder.load(checkpoint("bert"))
    labels = FRAMES if task_type == "intent_slot" else LABELS
    model = TaskModel.create(encoder, task_type, labels, seed=0).eval()  # type: ignore[arg-type]
    method = Plain()
    batch = task_batch(method, model, encoder, "bert")
    return model, method.run_pass(model, batch, ModelInput(batch.inputs))  # type: ignore[arg-type]


@pytest.mark.parametrize("task_type", sorted(set(TASK_TYPES) - {"extractive_qa", "intent_slot"}))
def test_every_class_is_possible(checkpoint: Checkpoint, task_type: str) -> None:
    _, reached = done(checkpoint, task_type)
    assert all(possible(logits).all() for _, logits, _ in reached.predictions)


def test_padding_is_no_answer(checkpoint: Checkpoint) -> None:
    _, reached = done(checkpoint, "extractive_qa")
    ((_, logits, labels),) = reached.predictions
    allowed = possible(logits).view(len(reached.inputs), 2, -1)
    assert torch.equal(allowed, reached.inputs.mask.bool().unsqueeze(1).expand_as(allowed))
    assert not allowed.all()
    assert labels.shape == (2 * len(reached.inputs),)


def test_sentence_tokens_have_intents_and_words_have_tags(checkpoint: Checkpoint) -> None:
    model, reached = done(checkpoint, "intent_slot")
    tags = torch.tensor([is_tag(label) for label in model.labels])
    (_, intents, _), (_, words, _) = reached.predictions
    assert (possible(intents) == ~tags).all()
    assert (possible(words) == tags).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_what_is_impossible_stays_so_in_any_precision(checkpoint: Checkpoint, dtype: torch.dtype) -> None:
    _, reached = done(checkpoint, "extractive_qa")
    ((_, logits, _),) = reached.predictions
    assert torch.equal(possible(logits.to(dtype).float()), possible(logits))
    assert (logits.softmax(dim=-1)[~possible(logits)] == 0).all()
