"""The contract of a fine-tuning method, which every file of the registry keeps on every family and head."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from crosslift.api import registry
from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError, RecipeError
from crosslift.pipeline import task_training
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.recipe import FinetuneTable
from tests.contracts import pages
from tests.contracts.cases import (
    TASK_TYPES,
    Checkpoint,
    extra_of,
    finetune_method,
    padded,
    task_batch,
    task_model,
    total,
)
from tests.tiny import BUILDERS, TEXT_TO_TEXT, WITHOUT_MASKED_HEAD

FINETUNE = pages.names("finetune")


@pytest.mark.parametrize("name", FINETUNE)
def test_facts_are_filled_in(name: str) -> None:
    entry, method = registry.entries("finetune")[name], registry.load("finetune", name)
    assert entry.summary.endswith((".", ";"))
    assert "arXiv" in method.paper
    assert "Paper:" in entry.documentation
    assert all(field.description for field in method.model_fields.values())
    assert set(method.task_types) <= set(TASK_TYPES)


@pytest.mark.parametrize("name", FINETUNE)
@pytest.mark.parametrize("task_type", TASK_TYPES)
@pytest.mark.parametrize("family", BUILDERS)
def test_methods_run_on_every_family_and_head(checkpoint: Checkpoint, family: str, task_type: Any, name: str) -> None:
    method, encoder = finetune_method(name, checkpoint(family)), Encoder.load(checkpoint(family))
    if task_type not in method.task_types:
        pytest.skip(f"not defined for {task_type}")
    if "own decoder" in (type(method).__doc__ or "") and family not in TEXT_TO_TEXT:
        with pytest.raises(CheckpointError, match=r"has no decoder"):
            task_model(method, encoder, task_type)
        return
    model = task_model(method, encoder, task_type)
    if family in WITHOUT_MASKED_HEAD and "Needs a masked-LM head" in (type(method).__doc__ or ""):
        with pytest.raises(CheckpointError, match="masked-LM head"):
            task_batch(method, model, encoder, family)
        return
    batch, auxiliary = task_batch(method, model, encoder, family), extra_of(method, model)
    loss = total(method, model, batch, auxiliary)
    assert torch.isfinite(loss)
    loss.backward()
    gradient = model.encoder.base.get_input_embeddings().weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
    assert all(parameter.grad is not None for name, parameter in model.module.named_parameters() if "classif" in name)
    longer = total(method, model, padded(batch, encoder), auxiliary)
    torch.testing.assert_close(longer, loss, atol=2e-5, rtol=1e-5)


TASK_OF = {task.task_type: task for name in registry.entries("task") if (task := registry.load("task", name)())}


@pytest.mark.parametrize("name", FINETUNE)
def test_tasks_that_a_method_is_not_for_are_refused(name: str) -> None:
    table = FinetuneTable.model_validate({"task": "xnli", "method": [{"use": name}]})
    for task_type in TASK_TYPES:
        data = TaskData(TASK_OF[task_type], "en", (), [], [])
        if task_type in registry.load("finetune", name).task_types:
            assert len(task_training.method_of(table, data).parts) == 1
            continue
        with pytest.raises(
            RecipeError, match=rf"finetune\.method\.0\.use: '{name}' is defined for .*'{task_type}' task"
        ):
            task_training.method_of(table, data)


@pytest.mark.parametrize("name", FINETUNE)
def test_chance_is_in_collate_alone(checkpoint: Checkpoint, name: str) -> None:
    family = "t5" if "own decoder" in (type(finetune_method(name, checkpoint("bert"))).__doc__ or "") else "bert"
    method = finetune_method(name, checkpoint(family))
    encoder = Encoder.load(checkpoint(family)).eval()
    model = task_model(method, encoder, "pair")
    auxiliary = extra_of(method, model)
    batches = [task_batch(method, model, encoder, "bert") for _ in range(2)]
    losses = [total(method, model, batch, auxiliary) for batch in (batches[0], *batches)]
    assert losses[0] == losses[1] == losses[2]
