"""results.json has one schema: what is written is known to it, and what it knows is written."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from crosslift import recipe as recipes
from crosslift.evaluation.evaluate import evaluate
from crosslift.evaluation.smoothing import Smoothing
from crosslift.pipeline.inputs.read import facts_of
from crosslift.pipeline.run import run
from crosslift.runs import schema
from crosslift.runs.read import read_results
from crosslift.runs.schema import Results
from crosslift.runs.write import results, write_json
from tests.runs import TINY

SCORE = {"task": "xnli", "language": "de", "metric": "accuracy", "value": 50.0, "items": 10, "selection": "last"}
ROWS: dict[str, Any] = {
    "scores": [{**SCORE, "calibration_error": 3.5}, {**SCORE, "value": None}],
    "summary": [
        {
            "task": "xnli",
            "metric": "accuracy",
            "selection": "last",
            "source": "en",
            "source_value": None,
            "target_mean": 50.0,
            "all_mean": 50.0,
            "target_min": 50.0,
            "target_min_language": "de",
            "transfer_gap": None,
            "targets": 1,
        }
    ],
    "stages": [
        {"stage": "finetune", "seconds": 1.5, "tokens": 10, "steps": 2, "languages": {"de": 5}, "cached": False}
    ],
    "probes": [{"stage": "finetune", "language": "de", "metric": "retrieval", "value": 0.1, "items": 5}],
    "languages": {"de": {"name": "German", "script": "Latn", "tokenizer": {"unknown": 0.0}}},
    "warnings": ["few examples"],
}


def written(**changes: Any) -> dict[str, Any]:
    return results("tlm", 3, **{**copy.deepcopy(ROWS), **changes})


def test_rows_are_written_as_they_are():
    content = written()
    assert list(content) == ["schema", "recipe", "seed", *ROWS, "generalized", "consistency", "groups"]
    assert (content["schema"], content["recipe"], content["seed"]) == (schema.SCHEMA, "tlm", 3)
    assert json.dumps({name: content[name] for name in ROWS}) == json.dumps(ROWS)


@pytest.mark.parametrize("field", ["scores", "summary", "stages", "probes"])
def test_a_field_that_the_schema_does_not_name_cannot_be_written(field: str):
    rows = [{**ROWS[field][0], "colour": "red"}]
    with pytest.raises(ValidationError, match=rf"{field}\.0\n.*has no field colour; add it to crosslift\.runs\.schema"):
        written(**{field: rows})


def test_a_nested_or_new_field_cannot_be_written():
    with pytest.raises(ValidationError, match=r"languages\.de\.tokenizer\n.*Fertility has no field colour"):
        written(languages={"de": {"name": "German", "tokenizer": {"colour": 1}}})
    with pytest.raises(ValidationError, match="Results has no field colour"):
        written(colour="red")


def test_a_reader_ignores_what_a_newer_version_wrote(tmp_path: Path):
    content = written()
    content["scores"][0]["colour"] = "red"
    write_json(tmp_path / "results.json", content | {"colour": "red"})
    found = read_results(tmp_path / "results.json")
    assert found.scores[0].value == 50.0
    assert math.isnan(found.scores[1].value)


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return results of a run with all that a run can record, and of evaluations of its model."""
    base = {key: value for key, value in copy.deepcopy(TINY).items() if key != "align"}
    translate = {"by": "lab", "languages": ["qab"]}
    stage = {"tasks": ["xnli", "udpos"], "steps": 2, "batch_size": 8, "max_length": 32, "translate": translate}
    test = {"task": "xnli", "languages": ["qaa", "qab", "qaf"], "generalized": True}
    recipe = recipes.build({**base, "intermediate": [stage], "evaluate": [test]}, where="test")
    directory = run(recipe, tmp_path_factory.mktemp("runs") / "whole")
    of_run = json.loads((directory / "results.json").read_text(encoding="utf-8"))
    model, smooth = str(directory / "model"), Smoothing.by("random_perturbation", radius=0.1, samples=2)
    return [
        of_run,
        {"languages": {"de": facts_of("de", object())}},  # the lab has no levels of resources
        evaluate(model, task="all", data="lab", languages=["qaa", "qab"]),
        evaluate(model, task="xnli", data="lab", languages=["qaa", "qab"], max_length=16, smooth=smooth),
    ]


def test_whatever_is_known_is_written(contents: list[dict[str, Any]]):
    found = {field for content in contents for field in fields_in(Results, content)}
    assert set(fields_of(Results)) - found == set()


def fields_of(model: type[BaseModel]) -> Iterator[str]:
    """Yield `Model.field` of a model and of all models in it."""
    for name, field in model.model_fields.items():
        yield f"{model.__name__}.{field.alias or name}"
        for inner in models_in(field.annotation):
            yield from fields_of(inner)


def fields_in(model: type[BaseModel], values: dict[str, Any]) -> Iterator[str]:
    """Yield `Model.field` of the fields that a file has."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in values:
            yield f"{model.__name__}.{key}"
            for inner in models_in(field.annotation):
                for part in parts_of(field.annotation, values[key]):
                    yield from fields_in(inner, part)


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models_in(argument)]


def parts_of(annotation: Any, value: Any) -> list[dict[str, Any]]:
    """Return the values of models in a field: those of a list or a dictionary, or the one itself."""
    if isinstance(value, list):
        return value
    if getattr(annotation, "__origin__", None) is dict:
        return list(value.values())
    return [value] if value else []
