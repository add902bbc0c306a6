"""Task heads of transformers' own classes, created on an encoder or loaded with a checkpoint."""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from typing import Any

import torch

from crosslift.api.examples import TaskType
from crosslift.compat import (
    AutoModelForMultipleChoice,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PretrainedConfig,
    PreTrainedModel,
    quiet,
)
from crosslift.encoder import loading
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.seeding import seeded
from crosslift.errors import CheckpointError, RecipeError
from crosslift.heads.checkpoints import FIXED_OUTPUTS, TASK_TYPE_KEY, TASK_TYPES

log = logging.getLogger(__name__)

_CLASSES: dict[TaskType, Any] = {
    "sentence": AutoModelForSequenceClassification,
    "pair": AutoModelForSequenceClassification,
    "tagging": AutoModelForTokenClassification,
    "intent_slot": AutoModelForTokenClassification,
    "extractive_qa": AutoModelForQuestionAnswering,
    "multiple_choice": AutoModelForMultipleChoice,
}


def checked_outputs(task_type: TaskType, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the output names of a new head: the labels, or the fixed outputs of a task type without labels.

    Raises:
        RecipeError: the task type has no head, or labels are missing or repeated.
    """
    if task_type not in TASK_TYPES:
        raise RecipeError(
            f"a '{task_type}' task has no head to train; it is scored with the encoder's sentence vectors "
            f"(task types with a head: {', '.join(TASK_TYPES)})"
        )
    outputs = FIXED_OUTPUTS.get(task_type, tuple(labels))
    if not outputs or len(set(outputs)) < len(outputs):
        raise RecipeError(f"the head of a '{task_type}' task needs distinct label names, found {list(labels)}")
    return outputs


def create_module(encoder: Encoder, task_type: TaskType, outputs: tuple[str, ...], *, seed: int) -> PreTrainedModel:
    """Return a model with a random head and a copy of the encoder's weights, in fp32 and evaluation mode.

    Args:
        encoder: of a family that transformers has heads for.
        task_type: one of `TASK_TYPES`.
        outputs: names of the outputs.
        seed: seed of the head's weights.

    Raises:
        CheckpointError: the encoder lacks weights that the head builds on.
    """
    with seeded(seed), quiet():
        module: PreTrainedModel = _CLASSES[task_type].from_config(
            _config(encoder, task_type, outputs), dtype=torch.float32
        )
    _copy_weights(encoder, module)
    module.to(encoder.device).eval()  # type: ignore[arg-type]
    return module


def load_module(place: str, task_type: TaskType, *, family: str) -> PreTrainedModel:
    """Load a checkpoint with its head.

    Args:
        place: directory or hub id.
        task_type: the head's.
        family: name of the encoder's family, for the message.

    Raises:
        CheckpointError: weights of the head or the encoder are missing or do not match config.json.
    """
    loaded = loading.from_pretrained(_CLASSES[task_type], place)
    loading.check_weights(loaded, place)
    if loaded.lacks:
        raise CheckpointError(
            f"{place}: the head does not match config.json: {', '.join(sorted(loaded.lacks)[:3])} missing "
            f"(a {family} model for '{task_type}' tasks)"
        )
    return loaded.model


def _config(encoder: Encoder, task_type: TaskType, outputs: tuple[str, ...]) -> PretrainedConfig:
    config: PretrainedConfig = copy.deepcopy(encoder.base.config)
    setattr(config, TASK_TYPE_KEY, task_type)
    config.num_labels = 2  # start and end of a span; the encoder may come from a task with more labels
    if task_type not in FIXED_OUTPUTS:
        config.id2label = dict(enumerate(outputs))
        config.label2id = {label: number for number, label in enumerate(outputs)}
    return config


def _copy_weights(encoder: Encoder, module: PreTrainedModel) -> None:
    """Copy the encoder's weights into `module`.

    ModernBERT's task heads begin with a layer of its masked-LM head, which is copied too; another task's head never is.
    """
    weights = encoder.state()
    if encoder.base is encoder.model:
        weights = {f"{module.base_model_prefix}.{name}": value for name, value in weights.items()}
    wanted = module.state_dict()
    known = {
        name: value
        for name, value in weights.items()
        if name in wanted and (loading.in_base(module, name) or encoder.has_masked_language_model)
    }
    module.load_state_dict(known, strict=False)
    missing = sorted(name for name in wanted if loading.in_base(module, name) and name not in known)
    if any("pooler." not in name for name in missing):
        raise CheckpointError(f"{encoder.name} lacks weights that its task head builds on: {', '.join(missing[:3])}")
    if missing:
        log.info("%s has no pooler; the task head starts with a random one", encoder.name)
