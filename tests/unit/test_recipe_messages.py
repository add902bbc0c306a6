"""Messages about wrong values of a recipe: key, what was found, what was expected, in the terms of TOML."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosslift import recipe as recipes
from crosslift.errors import RecipeError

LAB = Path(__file__).parents[2] / "recipes" / "lab_quick.toml"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("finetune.steps=many", "finetune.steps: found 'many'; expected a whole number"),
        ("finetune.steps=1.5", "finetune.steps: found 1.5; expected a whole number"),
        ("finetune.learning_rate=-1", "finetune.learning_rate: found -1; expected a number above 0"),
        ('finetune.adapter={kind="lora",rank=0}', "finetune.adapter.rank: found 0; expected a number of at least 1"),
        ("align.per_seed=3", "align.per_seed: found 3; expected true or false"),
        ("encoder.model=true", "encoder.model: found true; expected a string"),
        ("finetune=3", "finetune: found 3; expected a table"),
        ("evaluate=3", "evaluate: found 3; expected a list"),
        ('finetune.method=["plain"]', "finetune.method.0: found 'plain'; expected a table"),
        (
            "data.source=hubb",
            "data.source: found 'hubb'; expected 'hub', 'directory', 'lab' or 'files'; did you mean 'hub'?",
        ),
        ("evaluate.0.languages=qa", "evaluate.0.languages: found 'qa'; expected a list or 'all'"),
        ("evaluate.0.languages=[3]", "evaluate.0.languages.0: found 3; expected a string"),
        ("align.objective.0.mask_probability=x", "align.objective.0.mask_probability: found 'x'; expected a number"),
        ("name=a/b", r"name: found 'a/b'; expected a string that matches ^[\w.+-]+$"),
    ],
)
def test_a_wrong_value_is_reported_in_one_line(override: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipes.load(LAB, [override])
    assert str(caught.value) == f"{LAB}: {message}"


def test_incompatible_values_are_reported_with_their_table() -> None:
    with pytest.raises(RecipeError, match=r"finetune: .*not both"):
        recipes.load(LAB, ["finetune.steps=3", "finetune.epochs=1"])
