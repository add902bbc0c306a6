"""Fine-tuning: train a task on the source language, and keep the weights of every selection rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from crosslift.adapters.languages import LanguageAdapters
from crosslift.api import registry
from crosslift.api.examples import MultipleChoiceExample, PairExample, SentenceExample
from crosslift.encoder.encoder import Encoder
from crosslift.heads.input_settings import WHOLE, InputSettings
from crosslift.heads.lora import Lora
from crosslift.heads.task_model import TaskModel
from crosslift.heads.trimmed_vocabulary import TrimmedVocabulary
from crosslift.pipeline.cached_stage import stage_progress, stage_row
from crosslift.pipeline.inputs.target_dev import target_items, target_scores
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.pipeline.inputs.task_inputs import dev_items, dev_scores
from crosslift.pipeline.lab_resources import with_lab_seed
from crosslift.pipeline.objectives import training_steps
from crosslift.pipeline.outcome import Outcome
from crosslift.pipeline.task_training import input_settings_of, method_of, task_model, training_stream, trimmed
from crosslift.pipeline.trainable import choose_parts
from crosslift.recipe import Recipe
from crosslift.runs.write import NOT_LEARNED, JsonLines
from crosslift.train.loop import Loop
from crosslift.train.objective import Objective
from crosslift.train.selection import Selector, Weights, evaluation_steps

EPOCHS = 2.0
"""Passes over the data, unless the table says otherwise."""


CHANCE_MARGIN = 2.0
"""Points above the majority class, by the task's first metric, below which a task counts as not learned."""


@dataclass(frozen=True)
class Finetuned:
    """A task model, its weights by selection rule, and what the stage adds to the results."""

    model: TaskModel
    weights: dict[str, Weights]
    outcome: Outcome
    adapter: tuple[Lora, dict[str, Weights]] | None = None
    """The low-rank updates, if they were trained instead of the encoder, and their weights by selection rule."""

    def save(self, directory: Path, rule: str) -> None:
        """Write the model of a rule, and its adapter into the folder `adapter`; the weights stay in the model."""
        self.model.module.load_state_dict(self.weights[rule])
        self.model.save(directory)
        if self.adapter is not None:
            adapter, weights = self.adapter
            adapter.save(weights[rule], directory / "adapter")

    def twin(self, rule: str) -> str:
        """Return the first rule that chose the same weights as `rule`."""
        chosen = self.weights[rule]
        return next(other for other, weights in self.weights.items() if _same(weights, chosen))


def check_finetune(recipe: Recipe, data: TaskData | None) -> None:
    """Check before any training that the methods and input settings suit the task.

    Raises:
        RecipeError: one does not.
    """
    if recipe.finetune and data:
        method_of(recipe.finetune, data)
        input_settings_of(recipe.finetune, data)


def finetune(
    encoder: Encoder, recipe: Recipe, data: TaskData, *, states: Path, languages: LanguageAdapters | None = None
) -> Finetuned:
    """Fine-tune the encoder; dev scores on the source language choose among checkpoints, never a target.

    Args:
        encoder: the encoder, which is trained in place.
        recipe: the recipe; its seed is that of the stage.
        data: the task.
        states: folder for the resumable state and the log.
        languages: language adapters below the adapter of the task.
    """
    assert recipe.finetune is not None
    table, seed = recipe.finetune, recipe.seed
    table = table.model_copy(update={"method": with_lab_seed(table.method, "finetune", recipe)})
    states.mkdir(exist_ok=True)
    log = JsonLines(states / "log.jsonl")

    method = method_of(table, data)
    model = task_model(encoder, method, data, seed=seed, input_settings=input_settings_of(table, data))
    adapter = choose_parts(model, encoder, table, seed=seed, languages=languages)
    if model.adapters is not None:
        model.adapters.read(data.source)
    stream, train = training_stream(encoder, model, method, table, data, seed=seed)
    objectives = [Objective("task", method, stream)]
    steps = training_steps(table, objectives, default_epochs=EPOCHS)
    selector = Selector(evaluation_steps(steps, table.evaluations), table.average_last)
    used = [*train, *dev_items(model, data), *target_items(model, data.target_dev)]
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
            evaluate=lambda: dev_scores(model, data),
            oracle=partial(target_scores, model, data.target_dev),
            on_step=advance,
        )
        trained = loop.run()
    row = {**stage_row("finetune", trained), **data.languages_record, **data.baselines_record, "cached": False}
    warnings = _warnings(data, model.input_settings, selector.best_score if steps else None)
    return Finetuned(
        model,
        _whole_weights(model, trained.weights, vocabulary, adapter),
        Outcome(stages=(row,), warnings=tuple(warnings), log=tuple(log)),
        None if adapter is None else (adapter, trained.weights),
    )


def _whole_weights(
    model: TaskModel,
    weights: dict[str, Weights],
    vocabulary: TrimmedVocabulary | None,
    adapter: Lora | None,
) -> dict[str, Weights]:
    """Return weights with all embeddings and with low-rank updates merged in, and restore the model to fit them."""
    if vocabulary is not None:
        weights = {rule: vocabulary.whole(chosen, model.module) for rule, chosen in weights.items()}
        vocabulary.restore()
    if adapter is not None:
        weights = {rule: adapter.plain(chosen) for rule, chosen in weights.items()}
        adapter.detach()
    return weights


def _same(first: Weights, second: Weights) -> bool:
    return all(torch.equal(value, second[name]) for name, value in first.items())


def _warnings(data: TaskData, input_settings: InputSettings, best: float | None) -> list[str]:
    """Return warnings about how to read the scores; `best` is the best dev score, None without training."""
    if input_settings.texts != WHOLE.texts:  # this baseline should be at chance
        texts = "choices" if data.task.task_type == "multiple_choice" else "second texts"
        return [f"{data.task.name}: the model reads only {texts} (input.texts): a hypothesis-only baseline"]
    return [] if best is None else at_chance(data, best)


def at_chance(data: TaskData, best: float) -> list[str]:
    """Return a warning if the task was not learned even in the source language: other scores mean nothing then."""
    if data.task.task_type not in ("sentence", "pair", "multiple_choice"):
        return []
    known = PairExample | SentenceExample | MultipleChoiceExample
    labelled = [example for example in data.dev if isinstance(example, known) and example.label is not None]
    most_frequent = Counter(example.label for example in labelled).most_common(1)
    constant = [
        {"id": one.id, "prediction": label, "gold": one.label} for label, _ in most_frequent for one in labelled
    ]
    majority = registry.load("metric", data.task.metrics[0])(data.labels)(constant)
    if best > majority + CHANCE_MARGIN:
        return []
    always = (
        "the most frequent position of the right choice"
        if data.task.task_type == "multiple_choice"
        else "the majority class"
    )
    return [
        f"{data.task.name}: the best {data.source} dev score, {best:.1f}, is not above {always} "
        f"({majority:.1f}): {NOT_LEARNED}, so scores in other languages say nothing"
    ]
