"""A frozen head taken from another task model.

Heads of different seeds do not match each other, so the average of two runs does not work.  Runs that train with the
same frozen head can be averaged (Schmidt et al. 2023, arXiv 2305.16834).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError
from crosslift.heads.checkpoints import described
from crosslift.heads.task_model import TaskModel


def head_parameters(model: TaskModel, encoder: Encoder) -> dict[str, nn.Parameter]:
    """Return the parameters outside the bare transformer, by their names in `model.module`.

    A pooler counts as a part of the head if `encoder`, which the task model was created from, has none: its weights
    were random like those of the head.
    """
    pooled = any(".pooler." in f".{name}" for name in encoder.state())
    inherited = {
        id(parameter)
        for name, parameter in model.encoder.base.named_parameters()
        if pooled or not name.startswith("pooler.")
    }
    return {name: parameter for name, parameter in model.module.named_parameters() if id(parameter) not in inherited}


def check_head(directory: str | Path, labels: Sequence[str], *, where: str) -> None:
    """Check that a saved task model has a head for these labels, without loading its weights.

    Raises:
        CheckpointError: not a checkpoint, no head, or other labels; the message begins with `where`.
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
    """Copy the head of another task model into `model`, and freeze it.

    Args:
        model: created from `encoder`.
        encoder: the encoder that the model starts from.
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
