"""Train a task on the source language and keep the weights of every selection rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from crosslift.adapters.languages import LanguageAdapters
from crosslift.api import registry
from crosslift.api.examples import Example, MultipleChoiceExample, PairExample, SentenceExample
from crosslift.encoder.encoder import Encoder
from crosslift.errors import RecipeError
from crosslift.finetune.bases.combined import Together
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.input_settings import WHOLE, InputSettings
from crosslift.heads.lora import Lora
from crosslift.heads.task_model import TaskModel
from crosslift.heads.trimmed_vocabulary import TrimmedVocabulary
from crosslift.pipeline.cached_stage import stage_progress, stage_record
from crosslift.pipeline.inputs.labelled import dev_items, dev_scores, training_items, training_views
from crosslift.pipeline.inputs.target_dev import target_items, target_scores
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.pipeline.objectives import training_steps
from crosslift.pipeline.trainable import choose_parts
from crosslift.recipe import FinetuneTable
from crosslift.runs.write import NOT_LEARNED, JsonLines
from crosslift.train.batches import Stream
from crosslift.train.loop import Loop, Objective
from crosslift.train.selection import Selector, Weights, evaluation_steps
from crosslift.train.task_items import Item, choices_of, default_length, rows_of

CHANCE_MARGIN = 2.0
"""Points above the majority class below which a task counts as not learned."""


@dataclass(frozen=True)
class Finetuned:
    """A task model, its weights by selection rule, and the stage's line for results.json."""

    model: TaskModel
    weights: dict[str, Weights]
    stage: dict[str, Any]
    warnings: list[str]
    adapter: tuple[Lora, dict[str, Weights]] | None = None
    """What was trained beside the encoder, if something was, and its weights by selection rule."""

    def save(self, directory: Path, rule: str) -> None:
        """Write the model of a rule, and the adapter that is part of it beside."""
        self.model.module.load_state_dict(self.weights[rule])
        self.model.save(directory)
        if self.adapter is not None:
            adapter, weights = self.adapter
            adapter.save(weights[rule], directory / "adapter")

    def twin(self, rule: str) -> str:
        """Return the first rule that chose the same weights as `rule`."""
        chosen = self.weights[rule]
        return next(other for other, weights in self.weights.items() if _same(weights, chosen))


def finetune(
    encoder: Encoder,
    table: FinetuneTable,
    data: TaskData,
    *,
    seed: int,
    states: Path,
    log: JsonLines,
    languages: LanguageAdapters | None = None,
) -> Finetuned:
    """Fine-tune the encoder; dev scores on the source language choose among checkpoints, never a target."""
    method = method_of(table, data)
    model = task_model(encoder, method, data, seed=seed, input_settings=input_settings_of(table, data))
    adapter = choose_parts(model, encoder, table, seed=seed, languages=languages)
    if model.adapters is not None:
        model.adapters.read(data.source)
    train = training_items(model, table, data, words="words" in method.requires)
    choices_of(train)  # an example with other choices shows now, not at the step that meets it
    method.begin(encoder, rows_of(train), training_views(model, table, data, words="words" in method.requires))
    objectives = [Objective("task", method, task_stream(table, method, train, data.train, seed))]
    steps = training_steps(table, objectives, default_epochs=2.0)
    selector = Selector(evaluation_steps(steps, table.evaluations), table.average_last)

    used = [*train, *dev_items(model, table, data), *target_items(model, data.target_dev, table)]
    vocabulary = None if method.new_tokens else trimmed(model, table, used)
    with stage_progress("finetune", steps) as advance:
        loop = Loop(
            model=model,
            module=model.module,
            objectives=objectives,
            table=table,
            steps=steps,
            seed=seed,
            stage="finetune",
            states=states,
            log=log,
            selector=selector,
            evaluate=lambda: dev_scores(model, table, data),
            oracle=partial(target_scores, model, data.target_dev, table),
            on_step=advance,
        )
        trained = loop.run()
    weights = trained.weights
    if vocabulary is not None:
        weights = {rule: vocabulary.whole(chosen, model.module) for rule, chosen in weights.items()}
        vocabulary.restore()
    if adapter is not None:
        weights = {rule: adapter.plain(chosen) for rule, chosen in weights.items()}
        adapter.detach()
    return Finetuned(
        model,
        weights,
        {**stage_record("finetune", trained), **data.languages_record, **data.baselines_record},
        _warnings(data, model.input_settings, selector.best_score if steps else None),
        None if adapter is None else (adapter, trained.weights),
    )


def _warnings(data: TaskData, input_settings: InputSettings, best: float | None) -> list[str]:
    """Say what scores do not mean; `best` is the best development score, None without training."""
    if input_settings.texts != WHOLE.texts:  # at chance is what one hopes for
        what = "choices" if data.task.task_type == "multiple_choice" else "second texts"
        return [f"{data.task.name}: the model reads {what} alone (read.texts): a baseline, for what they give away"]
    return [] if best is None else _at_chance(data, best)


def _same(first: Weights, second: Weights) -> bool:
    return all(torch.equal(value, second[name]) for name, value in first.items())


def _at_chance(data: TaskData, best: float) -> list[str]:
    """Say so if the task was not learned even in the source language: no target score means anything then."""
    if data.task.task_type not in ("sentence", "pair", "multiple_choice"):
        return []
    labelled = PairExample | SentenceExample | MultipleChoiceExample
    counts = Counter(example.label for example in data.dev if isinstance(example, labelled))
    majority = 100 * max(counts.values(), default=0) / max(1, counts.total())
    if best > majority + CHANCE_MARGIN:
        return []
    always = (
        "the commonest place of the right choice" if data.task.task_type == "multiple_choice" else "the majority class"
    )
    return [
        f"{data.task.name}: the best {data.source} dev score, {best:.1f}, is not above {always} "
        f"({majority:.1f}): {NOT_LEARNED}, so scores in other languages say nothing"
    ]


def method_of(table: FinetuneTable, data: TaskData, *, key: str = "finetune") -> Together:
    """Return the recipe's methods as one; `key` is the table's place in the recipe.

    Raises:
        RecipeError: methods that do not go together, or one that is not defined for the task's form.
    """
    methods = [registry.load("finetune", method.use).model_validate(method.settings) for method in table.method]
    for index, (made, method) in enumerate(zip(methods, table.method, strict=True)):
        if data.task.task_type not in made.task_types:
            reason = made.reasons.get(data.task.task_type)
            raise RecipeError(
                f"{key}.method.{index}.use: '{method.use}' is defined for {', '.join(made.task_types)} tasks; "
                f"'{data.task.name}' is a '{data.task.task_type}' task{f' ({reason})' if reason else ''}"
            )
    _check_positions(methods, table, data, key)
    return Together.of(methods, [method.weight for method in table.method])


def _check_positions(methods: Sequence[FinetuneMethod], table: FinetuneTable, data: TaskData, key: str) -> None:
    """Check that predictions about positions are compared only where positions stay what they are."""
    names = [method.use for method in table.method]
    moving = next((index for index, made in enumerate(methods) if made.moves), None)
    comparing = next((index for index, made in enumerate(methods) if made.compares), None)
    if data.task.task_type == "extractive_qa" and moving is not None and comparing is not None:
        raise RecipeError(
            f"{key}.method.{moving} and {key}.method.{comparing}: '{names[moving]}' moves the tokens of a context, and "
            f"'{names[comparing]}' compares predictions position by position; use a view that leaves them where they "
            "are (self_augment, embedding_mixup, random_perturbation, adversarial)"
        )


def input_settings_of(table: FinetuneTable, data: TaskData, *, key: str = "finetune") -> InputSettings:
    """Return what of an example the model reads.

    Raises:
        RecipeError: a setting that means nothing for the task's form; `key` is the table's place.
    """
    task_type = data.task.task_type
    stride = table.doc_stride if task_type == "extractive_qa" else None
    input_settings = InputSettings(
        **table.input.model_dump(), max_length=table.max_length or default_length(task_type), doc_stride=stride
    )
    task_types = {"texts": ("pair", "multiple_choice"), "subwords": ("tagging",), "vote": ("tagging",)}
    for name, known in task_types.items():
        if getattr(input_settings, name) != getattr(WHOLE, name) and task_type not in known:
            raise RecipeError(
                f"{key}.input.{name}: it is for {' and '.join(known)} tasks; '{data.task.name}' is a '{task_type}' task"
            )
    return input_settings


def task_model(
    encoder: Encoder,
    method: Together,
    data: TaskData,
    *,
    seed: int,
    input_settings: InputSettings = WHOLE,
    key: str = "finetune",
) -> TaskModel:
    """Return the model that is trained, with the head of the method that makes one, else the family's own.

    Raises:
        RecipeError: the method's settings do not suit the task or the encoder; `key` is the table's place.
    """
    try:
        head = method.head(encoder, task=data.task.name, task_type=data.task.task_type, labels=data.labels, seed=seed)
    except RecipeError as error:
        raise RecipeError(f"{key}.{error}") from error
    if head is not None and input_settings.texts != WHOLE.texts:
        raise RecipeError(f"{key}.input.texts: a method of the table puts texts into a prompt, which needs all of them")
    return TaskModel.create(
        encoder, data.task.task_type, data.labels, seed=seed, head=head, input_settings=input_settings
    )


def task_stream(
    table: FinetuneTable, method: Together, items: Sequence[Item], examples: Sequence[Example], seed: int
) -> Stream:
    """Return the stream of a task's items, what a method keeps together in one batch."""
    blocks = [method.block(examples[item.example]) for item in items]
    if None not in blocks and table.batch_tokens is not None:
        raise RecipeError(
            "finetune.batch_tokens: a method of the recipe keeps examples together, so that batches are counted in "
            "examples; give `batch_size` instead"
        )
    return Stream(
        items,
        [len(item) for item in items],
        batch_size=table.batch_size,
        batch_tokens=table.batch_tokens,
        seed=seed,
        blocks=None if None in blocks else blocks,
    )


def trimmed(model: TaskModel, table: FinetuneTable, items: Sequence[Item]) -> TrimmedVocabulary | None:
    """Train only the embedding rows the source language uses; weight decay would change the others, so not with it.

    Beside an adapter no row is trained at all.
    """
    if table.weight_decay > 0 or table.adapter is not None:
        return None
    return TrimmedVocabulary(model.encoder, {token for row in rows_of(items) for token in row.tokens.ids})
