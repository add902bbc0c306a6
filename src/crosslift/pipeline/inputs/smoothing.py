"""The smoothing of a test set's predictions, as the recipe asks for it."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.data.test_data import TestSet
from crosslift.errors import RecipeError
from crosslift.evaluation.smoothing import TASK_TYPES, Smoothing
from crosslift.pipeline.lab_resources import with_lab_seed
from crosslift.recipe import EvaluateTable, Recipe


def smoothing_of(table: EvaluateTable, recipe: Recipe) -> Smoothing | None:
    """Return the smoothing of a test set's predictions; None for plain prediction."""
    if table.smooth is None:
        return None
    (smooth,) = with_lab_seed((table.smooth,), "finetune", recipe)
    return Smoothing.by(smooth.use, samples=smooth.samples, combine=smooth.combine, seed=smooth.seed, **smooth.settings)


def check_smoothing(recipe: Recipe, tests: Sequence[TestSet]) -> None:
    """Check that predictions can be smoothed where the recipe asks for it.

    Raises:
        RecipeError: a task type without smoothing.
    """
    for index, (test, table) in enumerate(zip(tests, recipe.evaluate, strict=True)):
        if table.smooth is not None and test.task.task_type not in TASK_TYPES:
            raise RecipeError(
                f"evaluate.{index}.smooth: '{test.task.name}' is a '{test.task.task_type}' task, whose predictions "
                f"are not smoothed (task types: {', '.join(TASK_TYPES)})"
            )
