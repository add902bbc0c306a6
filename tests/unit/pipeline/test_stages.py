"""Stages: one word for the table and the file of a stage, and what stages return adds up."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path

import pytest

from crosslift.pipeline import stages
from crosslift.pipeline.outcome import Outcome
from crosslift.recipe import PretrainTable, Recipe, tables

STAGES = sorted(path for path in Path(stages.__path__[0]).glob("*.py") if path.stem != "__init__")
NO_STAGE = {"name", "seed", "data", "evaluate"}
"""Keys of a recipe that nothing is trained for."""


def test_the_stages_are_the_keys_of_a_recipe() -> None:
    assert {path.stem for path in STAGES} == set(Recipe.model_fields) - NO_STAGE


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.stem)
def test_a_stage_has_a_table_of_its_name(path: Path) -> None:
    assert (Path(tables.__path__[0]) / path.name).exists()


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.stem)
def test_no_stage_imports_another(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [module for module in modules if module.startswith("crosslift.pipeline.stages")]


def test_outcomes_add_up_in_order() -> None:
    names = [field.name for field in fields(Outcome)]
    first, second = (Outcome(**{name: ({"from": number},) for name in names}) for number in (1, 2))  # type: ignore[arg-type]
    assert first + second == Outcome(**{name: ({"from": 1}, {"from": 2}) for name in names})  # type: ignore[arg-type]
    assert Outcome() + first == first + Outcome() == first


def test_a_stage_has_its_own_seed_or_one_per_seed_of_the_recipe() -> None:
    shared, single = PretrainTable(seed=5), PretrainTable(seed=5, per_seed=True)
    assert [shared.seed_for(seed) for seed in (0, 1)] == [5, 5]
    assert [single.seed_for(seed) for seed in (0, 1)] == [1005, 2005]
