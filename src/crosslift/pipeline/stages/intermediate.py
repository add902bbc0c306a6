"""Intermediate training: train other tasks first, drop their heads, and continue with the encoder.

It has no separate registry: a task is trained with the methods of fine-tuning, and masked language modelling with its
alignment objective.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from crosslift.align.mlm import Mlm
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.text_to_text import is_text_to_text
from crosslift.errors import RecipeError
from crosslift.heads.input_settings import default_length
from crosslift.heads.multitask import carry_over, share, with_masked_head
from crosslift.heads.task_model import TaskModel
from crosslift.heads.trimmed_vocabulary import TrimmedVocabulary
from crosslift.pipeline.cached_stage import Plan, Staged, cached_stage
from crosslift.pipeline.inputs.corpora import Text
from crosslift.pipeline.inputs.read import IntermediateData
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.pipeline.inputs.task_inputs import dev_items, dev_scores
from crosslift.pipeline.inputs.tokenized import text_feed
from crosslift.pipeline.lab_resources import with_lab_seed
from crosslift.pipeline.objectives import training_steps
from crosslift.pipeline.task_training import input_settings_of, method_of, task_model, training_stream, trimmed
from crosslift.recipe import IntermediateTable, MaskedTable, Recipe, content_hash
from crosslift.train import processes
from crosslift.train.batches import Stream
from crosslift.train.loop import Trained
from crosslift.train.method import Method
from crosslift.train.mixed_batches import Mixture, shares
from crosslift.train.multitask import Multitask
from crosslift.train.objective import Objective
from crosslift.train.selection import Selector, evaluation_steps

EPOCHS = 2.0
"""Passes over the data, unless the table says otherwise."""


def intermediate(start: Staged, recipe: Recipe, index: int, data: IntermediateData) -> Staged:
    """Train the intermediate stage number `index` of the recipe; return the encoder without its head.

    Raises:
        RecipeError: masked language modelling with an encoder that has no head for it.
    """
    table = recipe.intermediate[index]
    table = table.model_copy(update={"method": with_lab_seed(table.method, "finetune", recipe)})
    seed = table.seed_for(recipe.seed)
    name = f"intermediate-{index + 1}" if index else "intermediate"

    def plan(encoder: Encoder) -> Plan:
        # The key is part of the seed: a second stage on the same task starts with another head than the first.
        heads = int(content_hash([name, start.key, seed])[:8], 16)
        make = _several_tasks if table.several else _one_task
        return make(encoder, table, data, _Stage(f"intermediate.{index}", heads))

    return cached_stage(name, start, table, seed, data.fingerprint, plan)


@dataclass(frozen=True)
class _Stage:
    """The key of the stage in the recipe, and the seed of its heads and orders."""

    key: str
    seed: int


def _one_task(encoder: Encoder, table: IntermediateTable, data: IntermediateData, stage: _Stage) -> Plan:
    (task,) = data.tasks
    method = method_of(table, task, key=stage.key)
    input_settings = input_settings_of(table, task, key=stage.key)
    model = task_model(encoder, method, task, seed=stage.seed, input_settings=input_settings, key=stage.key)
    stream, train = training_stream(encoder, model, method, table, task, seed=stage.seed)
    objectives = [Objective("task", method, stream)]
    steps = training_steps(table, objectives, default_epochs=EPOCHS)
    known = [*train, *dev_items(model, task)]
    vocabulary = None if method.new_tokens else trimmed(model, table, known)

    def finish(trained: Trained) -> None:
        _finish(encoder, model.encoder, model.module, trained.weights[table.selection], vocabulary)

    return Plan(
        objectives,
        steps,
        model=model,
        module=model.module,
        selector=Selector(evaluation_steps(steps, table.evaluations), table.average_last),
        evaluate=lambda: dev_scores(model, task),
        finish=finish,
        record=task.languages_record,
    )


def _several_tasks(encoder: Encoder, table: IntermediateTable, data: IntermediateData, stage: _Stage) -> Plan:
    """Plan the training of several heads on one encoder, masked language modelling among them."""
    if table.mlm is not None:
        _check_masked(encoder, stage)
    models = [
        TaskModel.create(
            encoder,
            task.task.task_type,
            task.labels,
            seed=stage.seed + number,
            input_settings=input_settings_of(table, task, key=stage.key),
        )
        for number, task in enumerate(data.tasks)
    ]
    share(models)
    parts = [_task_part(encoder, model, table, task, stage) for model, task in zip(models, data.tasks, strict=True)]
    trained_encoder = models[0].encoder
    if table.mlm is not None and data.text is not None:
        trained_encoder = with_masked_head(encoder, trained_encoder)
        parts.append(_masked_part(trained_encoder, table, table.mlm, data.text, stage))
    stream = Mixture(
        [part.stream for part in parts],
        shares([part.size for part in parts], table.size_cap),
        seed=stage.seed,
        counted=len(models),
        processes=processes.count(),
    )
    method = Multitask.of(*zip(*((part.method, part.name, part.weight) for part in parts), strict=True))
    objectives = [Objective("tasks", method, stream)]
    steps = training_steps(table, objectives, default_epochs=EPOCHS)
    module = nn.ModuleList([model.module for model in models])
    if table.mlm is not None:
        module.append(trained_encoder.model)

    def finish(trained: Trained) -> None:
        _finish(encoder, trained_encoder, module, trained.weights[table.selection], None)

    return Plan(
        objectives,
        steps,
        model=[part.model for part in parts],
        module=module,
        selector=Selector(evaluation_steps(steps, table.evaluations), table.average_last),
        evaluate=lambda: _mean_scores(models, data.tasks),
        finish=finish,
        record={"tasks": list(table.names), **_languages(data.tasks)},
    )


@dataclass(frozen=True)
class _Part:
    """One of several tasks that are trained in turn."""

    name: str
    model: Any
    method: Method
    stream: Stream
    size: int
    weight: float = 1.0


def _task_part(encoder: Encoder, model: TaskModel, table: IntermediateTable, task: TaskData, stage: _Stage) -> _Part:
    method = method_of(table, task, key=stage.key)
    if method.makes_head:
        raise RecipeError(
            f"{stage.key}.method: a method of the table makes the head from the encoder, but the heads of several "
            "tasks share one encoder; use the method in a stage with one task"
        )
    order = stage.seed + int(content_hash(task.task.name)[:8], 16)
    stream, _ = training_stream(encoder, model, method, table, task, seed=order)
    return _Part(task.task.name, model, method, stream, len(task.train))


def _masked_part(encoder: Encoder, table: IntermediateTable, mlm: MaskedTable, text: Text, stage: _Stage) -> _Part:
    method = Mlm()
    items, groups = text_feed(encoder, text, table.max_length or default_length("sentence"))(0, method)
    stream = Stream(
        items,
        [len(item) for item in items],
        batch_size=mlm.batch_size,
        groups=groups,
        temperature=1 / mlm.alpha,
        seed=stage.seed,
    )
    return _Part("mlm", encoder, method, stream, len(items), mlm.weight)


def _check_masked(encoder: Encoder, stage: _Stage) -> None:
    if not (encoder.has_masked_language_model or is_text_to_text(encoder)):
        raise RecipeError(
            f"{stage.key}.mlm: {encoder.name} has no masked-LM head, which masked language modelling needs; remove the "
            "table, or start from a checkpoint with such a head"
        )


def _mean_scores(models: Sequence[TaskModel], tasks: Sequence[TaskData]) -> dict[str, float]:
    """Return the mean of the tasks' first metrics on source dev data, then the metric of each task."""
    rows = {
        task.task.name: next(iter(dev_scores(model, task).values())) for model, task in zip(models, tasks, strict=True)
    }
    return {"mean": sum(rows.values()) / len(rows), **rows}


def _languages(tasks: Sequence[TaskData]) -> dict[str, Any]:
    counts = {task.task.name: task.counts for task in tasks if task.translated_by}
    return {"languages": counts} if counts else {}


def _finish(
    encoder: Encoder,
    trained: Encoder,
    module: nn.Module,
    weights: dict[str, Any],
    vocabulary: TrimmedVocabulary | None,
) -> None:
    """Copy the chosen weights into the encoder that the stage started with."""
    if vocabulary is not None:
        weights = vocabulary.whole(weights, module)
        vocabulary.restore()
    module.load_state_dict(weights)
    carry_over(trained, encoder)
