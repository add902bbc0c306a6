"""`pooling` and `search` of embedding tasks in a recipe: as on the command line, and refused for other tasks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crosslift import recipe as recipes
from crosslift.errors import CheckpointError, RecipeError
from crosslift.evaluation.evaluate import evaluate
from crosslift.pipeline.run import run
from tests.tiny import TEXTS


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "tatoeba").mkdir()
    (tmp_path / "tatoeba/af-en.en").write_text("\n".join(TEXTS[:4]) + "\n", encoding="utf-8")
    (tmp_path / "tatoeba/af-en.af").write_text("\n".join(TEXTS[4:8]) + "\n", encoding="utf-8")
    return tmp_path


def recipe(encoder: Path | str, data: Path, *tables: dict[str, Any], **settings: Any) -> recipes.Recipe:
    values: dict[str, Any] = {
        "name": "vectors",
        "encoder": {"model": str(encoder)},
        "data": {"source": "directory", "path": str(data), **settings},
        "evaluate": [{"task": "tatoeba", **table} for table in tables or ({},)],
    }
    return recipes.build(values, where="test")


def records(directory: Path) -> list[dict[str, Any]]:
    lines = (directory / "predictions" / "tatoeba" / "af.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("pooling", ["first", "mean_no_special", None])
def test_a_run_pools_as_its_recipe_says(
    checkpoint: Callable[[str], Path], data: Path, tmp_path: Path, pooling: str | None
) -> None:
    table = {} if pooling is None else {"pooling": pooling, "search": "exact"}
    made = run(recipe(checkpoint("bert"), data, table), tmp_path / "run")
    output = tmp_path / "again"
    evaluate(made / "model", task="tatoeba", data=data, pooling=pooling or "benchmark", output=output)
    assert records(made) == records(output)
    other = tmp_path / "other"
    evaluate(made / "model", task="tatoeba", data=data, pooling="pooler", output=other)
    assert records(made) != records(other)


def test_approximate_search_is_warned_about(
    checkpoint: Callable[[str], Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches = []

    def looked_for(first: Any, second: Any, count: int, *, search: str) -> Any:
        searches.append(search)
        return both_ways(first, second, count, search="exact")

    from crosslift.retrieval import scorer

    both_ways = scorer.both_ways
    monkeypatch.setattr(scorer, "both_ways", looked_for)
    run(recipe(checkpoint("bert"), data, {"search": "faiss"}), tmp_path / "one")
    run(recipe(checkpoint("bert"), data), tmp_path / "other")
    assert searches == ["faiss", "auto"]


def test_a_checkpoint_without_the_pooling_is_refused_at_once(
    checkpoint: Callable[[str], Path], data: Path, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match="does not publish its pooling"):
        run(recipe(checkpoint("bert"), data, {"pooling": "native"}), tmp_path / "run")
    assert not any(path.name.startswith("run") for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            [{"task": "xnli", "pooling": "mean"}],
            "evaluate.0.pooling: it is for retrieval, mining and ranking tasks; 'xnli' is a 'pair' task; remove",
        ),
        ([{}, {"task": "udpos", "search": "auto"}], "evaluate.1.search: .*; 'udpos' is a 'tagging' task"),
        ([{"task": "lareqa", "search": "exact"}], "search: it is for retrieval and mining tasks; .* 'ranking' task"),
        ([{"task": "mine", "pooling": "first"}], "evaluate.0.pooling: .*; 'mine' is a 'sentence' task"),
        ([{"pooling": "frist"}], r"evaluate.0.pooling: found 'frist'; expected .*; did you mean 'first'"),
        (
            [{"languages": ["af"]}, {"pooling": "first"}],
            "evaluate.1: 'tatoeba' is scored by an earlier table with another `pooling`",
        ),
    ],
)
def test_mistakes_name_the_task_types_of_the_keys(tmp_path: Path, tables: list[dict[str, Any]], message: str) -> None:
    own = {"name": "mine", "task_type": "sentence", "files": {"test": "a.csv"}}
    with pytest.raises(RecipeError, match=message):
        recipe("m", tmp_path, *tables, task=[own])


def test_a_user_retrieval_task_has_the_keys(tmp_path: Path) -> None:
    own = {"name": "mine", "task_type": "retrieval", "files": {"test": "{language}.csv"}}
    made = recipe("m", tmp_path, {"task": "mine", "pooling": "first", "search": "exact"}, task=[own])
    assert (made.evaluate[0].pooling, made.evaluate[0].search) == ("first", "exact")
