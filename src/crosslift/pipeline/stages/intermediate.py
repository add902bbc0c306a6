"""Intermediate stages: the encoder learns a task with a head of its own, the head is dropped, the encoder goes on.

A module of the pipeline and no shelf: what a stage trains with are the methods of fine-tuning and masked language
modelling, which have shelves already; what is new is how several tasks share a step, and what is carried over.
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
from crosslift.heads.multitask import carry_over, share, with_masked_head
from crosslift.heads.task_model import TaskModel
from crosslift.heads.trimmed_vocabulary import TrimmedVocabulary
from crosslift.pipeline.cached_stage import Plan, Staged, stage
from crosslift.pipeline.inputs.corpora import Text
from crosslift.pipeline.inputs.labelled import dev_items, dev_scores, training_items, training_views
from crosslift.pipeline.inputs.read import Tasks
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.pipeline.inputs.tokenized import text_feed
from crosslift.pipeline.lab_resources import in_its_world
from crosslift.pipeline.objectives import training_steps
from crosslift.pipeline.stage_seed import stage_seed
from crosslift.pipeline.stages.finetune import input_settings_of, method_of, task_model, task_stream, trimmed
from crosslift.recipe import IntermediateTable, MaskedTable, Recipe, content_hash
from crosslift.train import processes
from crosslift.train.batches import Stream
from crosslift.train.loop import Objective, Trained
from crosslift.train.method import Method
from crosslift.train.mixed_batches import Mixture, shares
from crosslift.train.multitask import Several
from crosslift.train.selection import Selector, evaluation_steps
from crosslift.train.task_items import default_length, rows_of

EPOCHS = 2.0
"""Passes over the data, where a table says nothing."""


def intermediate(start: Staged, recipe: Recipe, index: int, data: Tasks) -> Staged:
    """Train an intermediate stage of the recipe, and return the encoder without its head.

    Raises:
        RecipeError: masked language modelling is asked of an encoder that has no head for it.
    """
    table = recipe.intermediate[index]
    table = table.model_copy(update={"method": in_its_world(table.method, "finetune", recipe)})
    seed = stage_seed(table, recipe.seed)
    name = f"intermediate-{index + 1}" if index else "intermediate"

    def plan(encoder: Encoder) -> Plan:
        # Without the key, a stage that trains what an earlier one did would start with the very head of that one.
        own = int(content_hash([name, start.key, seed])[:8], 16)
        make = _several if table.several else _one
        return make(encoder, table, data, _Place(f"intermediate.{index}", own))

    return stage(name, start, table, seed, data.fingerprint, plan)


@dataclass(frozen=True)
class _Place:
    """Where a stage stands: its key in the recipe, and the seed of its heads and orders."""

    key: str
    seed: int


def _one(encoder: Encoder, table: IntermediateTable, data: Tasks, place: _Place) -> Plan:
    (task,) = data.tasks
    method = method_of(table, task, key=place.key)
    input_settings = input_settings_of(table, task, key=place.key)
    model = task_model(encoder, method, task, seed=place.seed, input_settings=input_settings, key=place.key)
    train = training_items(model, table, task, words="words" in method.requires)
    method.begin(encoder, rows_of(train), training_views(model, table, task, words="words" in method.requires))
    objectives = [Objective("task", method, task_stream(table, method, train, task.train, place.seed))]
    steps = training_steps(table, objectives, default_epochs=EPOCHS)
    known = [*train, *dev_items(model, table, task)]
    vocabulary = None if method.new_tokens else trimmed(model, table, known)

    def finish(trained: Trained) -> None:
        _finish(encoder, model.encoder, model.module, _chosen(table, trained), vocabulary)

    return Plan(
        objectives,
        steps,
        model=model,
        module=model.module,
        selector=Selector(evaluation_steps(steps, table.evaluations), table.average_last),
        evaluate=lambda: dev_scores(model, table, task),
        finish=finish,
        record=task.languages_record,
    )


def _several(encoder: Encoder, table: IntermediateTable, data: Tasks, place: _Place) -> Plan:
    """Plan for several tasks, masked language modelling among them: as many heads on one transformer."""
    if table.mlm is not None:
        _check_masked(encoder, place)
    models = [
        TaskModel.create(
            encoder,
            task.task.task_type,
            task.labels,
            seed=place.seed + number,
            input_settings=input_settings_of(table, task, key=place.key),
        )
        for number, task in enumerate(data.tasks)
    ]
    share(models)
    parts = [_part(encoder, model, table, task, place) for model, task in zip(models, data.tasks, strict=True)]
    trained_encoder = models[0].encoder
    if table.mlm is not None and data.text is not None:
        trained_encoder = with_masked_head(encoder, trained_encoder)
        parts.append(_masked(trained_encoder, table, table.mlm, data.text, place))
    stream = Mixture(
        [part.stream for part in parts],
        shares([part.size for part in parts], table.size_cap),
        seed=place.seed,
        counted=len(models),
        processes=processes.count(),
    )
    together = Several.of(*zip(*((part.method, part.name, part.weight) for part in parts), strict=True))
    objectives = [Objective("tasks", together, stream)]
    steps = training_steps(table, objectives, default_epochs=EPOCHS)
    module = nn.ModuleList([model.module for model in models])
    if table.mlm is not None:
        module.append(trained_encoder.model)

    def finish(trained: Trained) -> None:
        _finish(encoder, trained_encoder, module, _chosen(table, trained), None)

    return Plan(
        objectives,
        steps,
        model=[part.model for part in parts],
        module=module,
        selector=Selector(evaluation_steps(steps, table.evaluations), table.average_last),
        evaluate=lambda: _mean_scores(models, table, data.tasks),
        finish=finish,
        record={"tasks": list(table.names), **_languages(data.tasks)},
    )


@dataclass(frozen=True)
class _Part:
    """One of several tasks."""

    name: str
    model: Any
    method: Method
    stream: Stream
    size: int
    weight: float = 1.0


def _part(encoder: Encoder, model: TaskModel, table: IntermediateTable, task: TaskData, place: _Place) -> _Part:
    method = method_of(table, task, key=place.key)
    if method.makes_head:
        raise RecipeError(
            f"{place.key}.method: a method of the table makes the head out of the encoder, and heads of several tasks "
            "share one; give such a method a stage with one task"
        )
    train = training_items(model, table, task, words="words" in method.requires)
    method.begin(encoder, rows_of(train), training_views(model, table, task, words="words" in method.requires))
    order = place.seed + int(content_hash(task.task.name)[:8], 16)
    return _Part(task.task.name, model, method, task_stream(table, method, train, task.train, order), len(task.train))


def _masked(encoder: Encoder, table: IntermediateTable, mlm: MaskedTable, text: Text, place: _Place) -> _Part:
    method = Mlm()
    items, groups = text_feed(encoder, text, table.max_length or default_length("sentence"))(0, method)
    stream = Stream(
        items,
        [len(item) for item in items],
        batch_size=mlm.batch_size,
        groups=groups,
        temperature=1 / mlm.alpha,
        seed=place.seed,
    )
    return _Part("mlm", encoder, method, stream, len(items), mlm.weight)


def _check_masked(encoder: Encoder, place: _Place) -> None:
    if not (encoder.has_masked_language_model or is_text_to_text(encoder)):
        raise RecipeError(
            f"{place.key}.mlm: {encoder.name} has no masked-LM head, which masked language modelling needs; remove the "
            "table, or start from a checkpoint with such a head"
        )


def _mean_scores(models: Sequence[TaskModel], table: IntermediateTable, tasks: Sequence[TaskData]) -> dict[str, float]:
    """Return the mean of the tasks' first metrics on source development data, then each one's."""
    rows = {
        task.task.name: next(iter(dev_scores(model, table, task).values()))
        for model, task in zip(models, tasks, strict=True)
    }
    return {"mean": sum(rows.values()) / len(rows), **rows}


def _languages(tasks: Sequence[TaskData]) -> dict[str, Any]:
    found = {task.task.name: task.counts for task in tasks if task.translated_by}
    return {"languages": found} if found else {}


def _chosen(table: IntermediateTable, trained: Trained) -> dict[str, Any]:
    """Return the weights that the table's rule chose."""
    return trained.weights[table.selection]


def _finish(
    encoder: Encoder,
    trained: Encoder,
    module: nn.Module,
    weights: dict[str, Any],
    vocabulary: TrimmedVocabulary | None,
) -> None:
    """Carry the chosen weights over, into the encoder that the stage started with."""
    if vocabulary is not None:
        weights = vocabulary.whole(weights, module)
        vocabulary.restore()
    module.load_state_dict(weights)
    carry_over(trained, encoder)
