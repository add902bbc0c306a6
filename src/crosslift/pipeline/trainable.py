"""The trainable parts of a task model: all of it, all but a frozen head, or an adapter and the head."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.adapters.bottleneck import Bottlenecks
from crosslift.adapters.languages import NONE, LanguageAdapters, no_adapter
from crosslift.api import registry
from crosslift.api.task import Task
from crosslift.data.sources import Source
from crosslift.data.test_data import TestSet
from crosslift.encoder.encoder import Encoder
from crosslift.errors import LanguageError, RecipeError, nearest
from crosslift.heads.frozen import check_head, freeze_head, head_parameters
from crosslift.heads.lora import Lora, require_peft
from crosslift.heads.task_model import TaskModel, add_adapters
from crosslift.recipe import FinetuneTable, Recipe


def check_parts(table: FinetuneTable, labels: tuple[str, ...], *, key: str) -> None:
    """Check the head and the adapter before anything is trained; `key` is the table's place in the recipe.

    Raises:
        CheckpointError: `head_from` is not a model with a head for these labels.
        RecipeError: `adapter` needs a package that is not installed.
    """
    if table.head_from:
        check_head(table.head_from, labels, where=f"{key}.head_from")
    if table.adapter and table.adapter.kind == "lora":
        require_peft(f"{key}.adapter")


def check_languages(recipe: Recipe, source: Source, tests: Sequence[TestSet], known: Sequence[str]) -> list[str]:
    """Check that every language that is read has an adapter or a fallback; return a warning per language without one.

    Args:
        recipe: a recipe with language adapters and fine-tuning.
        source: the source of the examples.
        tests: the test sets that are scored.
        known: languages with text for an adapter.

    Raises:
        LanguageError: a language has no adapter, and there is no fallback.
        RecipeError: the fallback has no adapter.
    """
    table, tuned = recipe.language_adapters, recipe.finetune
    assert table is not None
    assert tuned is not None
    if table.fallback not in (None, NONE, *known):
        raise RecipeError(
            f"language_adapters.fallback: '{table.fallback}' has no adapter"
            f'{nearest(str(table.fallback), known)} (available: {", ".join(known)}; or "{NONE}")'
        )
    task: Task = registry.load("task", tuned.task)()
    trained_on = tuned.source or source.source_language(task)
    read = {trained_on: f"finetune reads {task.name}"}
    for index, (test, scored) in enumerate(zip(tests, recipe.evaluate, strict=True)):
        if test.task.task_type != "retrieval" and scored.translate is None:
            read |= {code: f"evaluate.{index} reads {test.task.name}" for code in test.by_language if code not in read}
    return [_without_adapter(code, where, table.fallback, known) for code, where in read.items() if code not in known]


def _without_adapter(code: str, where: str, fallback: str | None, known: Sequence[str]) -> str:
    if fallback is None:
        raise LanguageError(f"{where} in '{code}': {no_adapter(code, known)}")
    used = "none" if fallback == NONE else f"that of '{fallback}'"
    return f"'{code}' has no language adapter: it is read with {used}"


def choose_parts(
    model: TaskModel,
    encoder: Encoder,
    table: FinetuneTable,
    *,
    seed: int,
    languages: LanguageAdapters | None = None,
) -> Lora | None:
    """Freeze the parts that are not trained, and add the adapter; return the low-rank updates, if there are any.

    Bottlenecks become part of the model, on top of those of `languages`.

    Raises:
        CheckpointError: the head of `head_from` does not fit.
        RecipeError: the adapter does not fit the model.
    """
    if table.head_from:
        freeze_head(model, encoder, table.head_from)
    if table.adapter is None:
        return None
    if table.adapter.kind == "bottleneck":
        task = Bottlenecks.of(encoder, reduction=table.adapter.reduction, seed=seed)
        add_adapters(model, head_parameters(model, encoder).values(), task, languages)
        return None
    return Lora(
        model,
        head_parameters(model, encoder).values(),
        rank=table.adapter.rank,
        alpha=table.adapter.alpha,
        dropout=table.adapter.dropout,
        modules=table.adapter.modules,
        seed=seed,
    )
