"""Saved models scored on all tasks of a directory, and in lower precision."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crosslift.encoder.encoder import Encoder
from crosslift.errors import InputError, RunExistsError
from crosslift.evaluation.evaluate import evaluate
from crosslift.heads.task_model import TaskModel
from crosslift.tasks.xnli import Xnli
from tests.tiny import TEXTS


@pytest.fixture(scope="module")
def model(checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("saved") / "model"
    TaskModel.create(Encoder.load(checkpoint("bert")), "pair", Xnli.labels, seed=0).save(place)
    return place


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two NLI benchmarks, sentences with tags, and parallel text."""
    folder = tmp_path_factory.mktemp("data")

    def write(name: str, rows: list[str]) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("".join(row + "\n" for row in rows), encoding="utf-8")

    pairs = [f"{text}\t{TEXTS[i - 1]}\t{Xnli.labels[i % 3]}" for i, text in enumerate(TEXTS)]
    for code in ("en", "de"):
        write(f"xnli/test-{code}.tsv", pairs)
        write(f"udpos/test-{code}.tsv", ["A\tDET", "man\tNOUN", ""])
    write("tatoeba/de-en.de", list(TEXTS[:4]))
    write("tatoeba/de-en.en", list(TEXTS[4:]))
    return folder


def test_all_scores_the_tasks_that_fit_and_lists_the_others(model: Path, data: Path, tmp_path: Path) -> None:
    content = evaluate(model, task="all", data=data, output=tmp_path / "out")
    assert {row["task"] for row in content["scores"]} == {"xnli", "tatoeba"}
    skipped = {row["task"]: row["reason"] for row in content["skipped"]}
    assert "are not those of udpos" in skipped["udpos"]
    assert "no test split of americasnli" in skipped["americasnli"]
    alone = evaluate(model, task="xnli", data=data)
    assert [row for row in content["scores"] if row["task"] == "xnli"] == alone["scores"]
    tasks = {
        row["task"]: row["all_mean"]
        for row in content["summary"]
        if row["metric"] in ("accuracy", "retrieval_accuracy")
    }
    assert content["benchmark"]["all"] == pytest.approx(sum(tasks.values()) / 2)
    assert (tmp_path / "out" / "predictions" / "tatoeba" / "de.jsonl").exists()
    assert json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8")) == content


def test_all_needs_local_data_and_a_task_that_fits(model: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="add --data DIRECTORY or --lab"):
        evaluate(model, task="all")
    with pytest.raises(InputError, match="cannot be combined with --generalized"):
        evaluate(model, task="all", data=data, generalized=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no task that it could be scored on") as raised:
        evaluate(model, task="all", data=tmp_path / "empty", output=tmp_path / "out")
    assert "tried; the first 3: americasnli: " in str(raised.value)
    assert "ecare" not in str(raised.value)
    assert not (tmp_path / "out").exists()
    with pytest.raises(RunExistsError):
        evaluate(model, task="all", data=data, output=tmp_path / "empty")


def test_a_missing_checkpoint_or_missing_data_is_reported_once(model: Path, data: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "modle"
    with pytest.raises(InputError) as raised:
        evaluate(wrong, task="all", data=data)
    assert str(raised.value) == f"{wrong}: no such directory; give a checkpoint directory or a hub id"
    with pytest.raises(InputError) as raised:
        evaluate(model, task="all", data=wrong)
    assert str(raised.value) == f"{wrong}: no such directory; name the folder that contains xnli/, udpos/ and so on"


def test_an_encoder_without_a_head_is_scored_only_on_retrieval(checkpoint: Callable[[str], Path], data: Path) -> None:
    content = evaluate(checkpoint("bert"), task="all", data=data)
    assert {row["task"] for row in content["scores"]} == {"tatoeba"}
    assert "xnli" in {row["task"] for row in content["skipped"]}


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_scores_in_lower_precision_are_labelled(model: Path, data: Path, precision: Any) -> None:
    for task in ("xnli", "tatoeba"):
        content = evaluate(model, task=task, data=data, precision=precision)
        assert {row["selection"] for row in content["scores"]} == {f"as saved, {precision}"}


def test_all_in_the_lab_scores_the_same_examples_once(model: Path) -> None:
    content = evaluate(model, task="all", data="lab", languages=["qab"])
    scored = {row["task"] for row in content["scores"]}
    assert len(scored & {"xnli", "mnli", "snli", "americasnli"}) == 1
    skipped = {row["task"]: row["reason"] for row in content["skipped"]}
    assert "has the same examples for it and for americasnli" in skipped["xnli"]


def test_all_scores_each_task_in_the_languages_that_it_has(model: Path, data: Path) -> None:
    content = evaluate(model, task="all", data=data, languages=["en", "de"])
    found = {
        task: {row["language"] for row in content["scores"] if row["task"] == task} for task in ("xnli", "tatoeba")
    }
    assert found == {"xnli": {"en", "de"}, "tatoeba": {"de"}}
