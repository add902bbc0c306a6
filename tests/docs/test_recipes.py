"""Shipped recipes, and the recipes on pages, are valid."""

from __future__ import annotations

import tomllib

import pytest

from crosslift import recipe
from crosslift.demo import demo_recipes
from crosslift.studies.tables import Arm, Study
from tests.docs.conftest import PAGES, ROOT, Block, blocks

SHIPPED = sorted((ROOT / "recipes").glob("*.toml"))
SHOWN = [block for page in PAGES for block in blocks(page, "toml")]
FRAME = {
    "name": "shown",
    "encoder": {"model": "path/to/encoder"},
    "evaluate": [{"task": "xnli"}],
}
"""The keys that complete a part of a recipe."""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_loads(path):
    assert recipe.load(path).evaluate


@pytest.mark.parametrize("block", SHOWN, ids=str)
def test_a_shown_recipe_or_study_is_valid(block: Block):
    values = tomllib.loads(block.text)
    if "hypothesis" in values:
        Study.model_validate(values)
    elif "arm" in values:
        assert [Arm.model_validate(arm) for arm in values["arm"]]
    else:
        recipe.build({**FRAME, **values}, where=str(block))


def test_the_recipe_of_the_readme_is_that_of_the_demo():
    (shown,) = blocks(ROOT / "README.md", "toml")
    assert recipe.build(tomllib.loads(shown.text), where=str(shown)) == demo_recipes()["aligned"]


def test_the_labs_recipe_is_that_of_the_demo():
    shipped, demo = (recipe.read(path) for path in (ROOT / "recipes" / "lab_quick.toml", recipe.LAB_RECIPE))
    assert shipped == demo
