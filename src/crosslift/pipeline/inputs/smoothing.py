"""Which test sets are predicted with smoothing, and how."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.data.test_data import TestSet
from crosslift.errors import RecipeError
from crosslift.evaluation.smoothing import KINDS, Smoothing
from crosslift.pipeline.lab_resources import in_its_world
from crosslift.recipe import EvaluateTable, Recipe


def smoothing_of(table: EvaluateTable, recipe: Recipe) -> Smoothing | None:
    """Return how a test set's predictions are smoothed; None for plain ones."""
    if table.smooth is None:
        return None
    (smooth,) = in_its_world((table.smooth,), "finetune", recipe)
    return Smoothing.by(smooth.use, samples=smooth.samples, combine=smooth.combine, seed=smooth.seed, **smooth.settings)


def check_smoothing(recipe: Recipe, tests: Sequence[TestSet]) -> None:
    """Check that predictions can be smoothed where the recipe says so.

    Raises:
        RecipeError: a task of another form.
    """
    for index, (test, table) in enumerate(zip(tests, recipe.evaluate, strict=True)):
        if table.smooth is not None and test.task.task_type not in KINDS:
            raise RecipeError(
                f"evaluate.{index}.smooth: '{test.task.name}' is a '{test.task.task_type}' task, whose predictions "
                f"are not smoothed (task types: {', '.join(KINDS)})"
            )
