"""The weights of a task's head: which they are, and another model's put in their place and frozen.

Heads drawn by different seeds do not fit each other, so the mean of two runs is no model.  Runs that all train under
one and the same frozen head can be averaged (Schmidt et al. 2023, arXiv 2305.16834).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError
from crosslift.heads.task_model import TaskModel, described


def head_parameters(model: TaskModel, encoder: Encoder) -> dict[str, nn.Parameter]:
    """Return the parameters outside the bare transformer, by their names in `model.module`.

    A pooler that `encoder`, from which the task model was made, did not have was drawn at random like a head, and
    counts as one.
    """
    pooled = any(".pooler." in f".{name}" for name in encoder.state())
    inherited = {
        id(parameter)
        for name, parameter in model.encoder.base.named_parameters()
        if pooled or not name.startswith("pooler.")
    }
    return {name: parameter for name, parameter in model.module.named_parameters() if id(parameter) not in inherited}


def check_head(directory: str | Path, labels: Sequence[str], *, where: str) -> None:
    """Check, without loading its weights, that a task model has a head for the labels.

    Raises:
        CheckpointError: no checkpoint, no head, or other labels; the message begins with `where`.
    """
    try:
        found = described(directory)
    except CheckpointError as error:
        raise CheckpointError(f"{where}: {error}") from error
    if found is None or found[1] != tuple(labels):
        has = "no task head" if found is None else f"a head for the labels {', '.join(found[1])}"
        raise CheckpointError(
            f"{where}: {directory} has {has}; expected a head for the labels {', '.join(labels)}, in this order"
        )


def freeze_head(model: TaskModel, encoder: Encoder, donor: str | Path) -> None:
    """Give `model` the head of another task model, and keep it from being trained.

    Args:
        model: made from `encoder`.
        encoder: where the model started.
        donor: checkpoint of a model of the same family, width and labels.

    Raises:
        CheckpointError: the head does not fit; the message names the first weight that does not.
    """
    check_head(donor, model.labels, where="finetune.head_from")
    given = dict(TaskModel.load(donor).module.named_parameters())
    for name, parameter in head_parameters(model, encoder).items():
        found = tuple(given[name].shape) if name in given else "missing"
        if found != tuple(parameter.shape):
            raise CheckpointError(
                f"finetune.head_from: {donor}: its head does not fit {encoder.name}: '{name}' is {found}, expected "
                f"{tuple(parameter.shape)}"
            )
        with torch.no_grad():
            parameter.copy_(given[name])
        parameter.requires_grad_(False)
