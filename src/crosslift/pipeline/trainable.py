"""What of a task model is trained: all of it, all but a frozen head, or an adapter and the head."""

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
    """Check what can be known before anything is trained; `key` is the table's place in the recipe.

    Raises:
        CheckpointError: `head_from` names no model with a head for these labels.
        RecipeError: `adapter` needs a package that is not there.
    """
    if table.head_from:
        check_head(table.head_from, labels, where=f"{key}.head_from")
    if table.adapter and table.adapter.kind == "lora":
        require_peft(f"{key}.adapter")


def check_languages(recipe: Recipe, source: Source, tests: Sequence[TestSet], known: Sequence[str]) -> list[str]:
    """Check that every language that is read has a language adapter or a fallback; return what to warn of.

    Args:
        recipe: with language adapters and fine-tuning.
        source: where examples come from.
        tests: what is scored.
        known: languages with text for an adapter.

    Raises:
        LanguageError: a language without adapter, and no fallback.
        RecipeError: a fallback that is none of them.
    """
    table, tuned = recipe.language_adapters, recipe.finetune
    assert table is not None
    assert tuned is not None
    if table.fallback not in (None, NONE, *known):
        raise RecipeError(
            f"language_adapters.fallback: '{table.fallback}' is no language with an adapter"
            f'{nearest(str(table.fallback), known)} (available: {", ".join(known)}; or "{NONE}")'
        )
    task: Task = registry.load("task", tuned.task)()
    trained_on = tuned.source or source.source_language(task)
    read = {trained_on: f"finetune reads {task.name}"}
    for index, (test, scored) in enumerate(zip(tests, recipe.evaluate, strict=True)):
        if test.task.task_type != "retrieval" and scored.translate is None:
            read |= {code: f"evaluate.{index} reads {test.task.name}" for code in test.by_language if code not in read}
    return [_unspoken(code, where, table.fallback, known) for code, where in read.items() if code not in known]


def _unspoken(code: str, where: str, fallback: str | None, known: Sequence[str]) -> str:
    if fallback is None:
        raise LanguageError(f"{where} in '{code}': {no_adapter(code, known)}")
    stands_in = "none" if fallback == NONE else f"that of '{fallback}'"
    return f"'{code}' has no language adapter: it is read with {stands_in}"


def choose_parts(
    model: TaskModel,
    encoder: Encoder,
    table: FinetuneTable,
    *,
    seed: int,
    languages: LanguageAdapters | None = None,
) -> Lora | None:
    """Freeze what is not to be trained, and return the updates that are put into the model's layers, if they are.

    Bottlenecks become a part of the model, on top of those of `languages`.

    Raises:
        CheckpointError: the head of `head_from` does not fit.
        RecipeError: the adapter does not suit the model.
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
