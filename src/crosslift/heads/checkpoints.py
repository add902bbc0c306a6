"""The task type and the output names that a saved checkpoint states, read without loading its weights."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from crosslift.api.examples import TaskType
from crosslift.compat import PretrainedConfig
from crosslift.encoder import loading
from crosslift.encoder.family import family_of
from crosslift.errors import CheckpointError
from crosslift.heads.label_words import LABEL_WORDS_FILE, read_wording
from crosslift.heads.linear import HEAD_FILE, read_description

TASK_TYPES: tuple[TaskType, ...] = ("sentence", "pair", "tagging", "intent_slot", "extractive_qa", "multiple_choice")
"""Task types that have a head."""
FIXED_OUTPUTS: dict[str, tuple[str, ...]] = {"extractive_qa": ("start", "end"), "multiple_choice": ("score",)}
"""Output names of the task types that have no labels."""
TASK_TYPE_KEY = "crosslift_task_type"
"""Key of config.json that holds the task type."""
_ENDINGS: dict[str, TaskType] = {
    "ForSequenceClassification": "sentence",
    "ForTokenClassification": "tagging",
    "ForQuestionAnswering": "extractive_qa",
    "ForQuestionAnsweringSimple": "extractive_qa",
    "ForMultipleChoice": "multiple_choice",
}
"""Task type of a checkpoint that crosslift did not write, by the ending of its architecture's name.

Pairs have the architecture of sentences."""


def described(directory: str | Path) -> tuple[TaskType, tuple[str, ...]] | None:
    """Return the task type and the output names of a saved model; None if it has no task head.

    Raises:
        CheckpointError: not a checkpoint of a supported family.
    """
    place = str(directory)
    config = loading.load_config(place)
    family_of(config, where=place)
    if (Path(place) / HEAD_FILE).is_file():
        return read_description(place)
    if (Path(place) / LABEL_WORDS_FILE).is_file():
        wording = read_wording(place)
        return wording.task_type, wording.labels
    task_type = _stated_task_type(config)
    return None if task_type is None else (task_type, outputs_of(config, task_type))


def task_type_of(config: PretrainedConfig, place: str) -> TaskType:
    """Return the task type of a checkpoint with a head of transformers.

    Args:
        config: the checkpoint's configuration.
        place: where it is, for the message.

    Raises:
        CheckpointError: it has no task head.
    """
    if task_type := _stated_task_type(config):
        return task_type
    found = ", ".join(config.architectures or ()) or "none named"
    raise CheckpointError(
        f"{place}: the checkpoint has no task head (architecture: {found}); fine-tune it on a task first"
    )


def outputs_of(config: PretrainedConfig, task_type: TaskType) -> tuple[str, ...]:
    """Return the output names of a head of transformers, in the order of the outputs."""
    if task_type in FIXED_OUTPUTS:
        return FIXED_OUTPUTS[task_type]
    names: dict[int, str] = config.id2label  # type: ignore[assignment]
    return tuple(names[number] for number in sorted(names))


def _stated_task_type(config: PretrainedConfig) -> TaskType | None:
    task_type = getattr(config, TASK_TYPE_KEY, None)
    if task_type in TASK_TYPES:
        return cast("TaskType", task_type)
    endings = ((architecture, *each) for architecture in config.architectures or () for each in _ENDINGS.items())
    return next((meant for architecture, ending, meant in endings if architecture.endswith(ending)), None)
