"""Poolings as settings of methods."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from crosslift.api import registry
from crosslift.recipe.tables.evaluate import EvaluateTable

METHODS = [
    pytest.param(stage, name, id=f"{stage}-{name}")
    for stage in ("align", "finetune")
    for name in registry.entries(stage)
    if "pooling" in registry.load(stage, name).model_fields
]


@pytest.mark.parametrize(("stage", "name"), METHODS)
def test_an_old_pooling_of_a_method_is_answered_with_the_new_one(stage: str, name: str) -> None:
    with pytest.raises(ValidationError, match="'mean_words' is now 'mean_no_special'"):
        registry.load(stage, name)(pooling="mean_words")
    assert registry.load(stage, name)(pooling="mean_no_special").pooling == "mean_no_special"


def test_an_evaluation_takes_the_poolings_of_states() -> None:
    assert EvaluateTable(task="tatoeba", pooling="mean_no_special").pooling == "mean_no_special"
