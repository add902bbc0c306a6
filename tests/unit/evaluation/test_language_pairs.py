"""The generalized setting: the examples of a language pair, and their predictions."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift import recipe as recipes
from crosslift.api.examples import Example, PairExample
from crosslift.data.test_data import TestSet
from crosslift.encoder.encoder import Encoder
from crosslift.errors import DataError, RecipeError
from crosslift.evaluation import language_pairs
from crosslift.evaluation.evaluate import evaluate
from crosslift.evaluation.predict import predict, predict_items
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline.run import run
from crosslift.tasks.xnli import Xnli
from tests.runs import TINY
from tests.tiny import TEXTS

LABELS = ("entailment", "neutral", "contradiction")
ONES: list[Example] = [PairExample(str(i), text, TEXTS[i - 1], LABELS[i % 3]) for i, text in enumerate(TEXTS)]
OTHERS: list[Example] = [PairExample(str(i), TEXTS[i - 3], TEXTS[i - 2], LABELS[i % 3]) for i in range(len(TEXTS))]


def set_of(**by_language: Sequence[Example]) -> TestSet:
    return TestSet(Xnli(), "test", {code: list(examples) for code, examples in by_language.items()})


def model_of(directory: Path) -> TaskModel:
    model = TaskModel.create(Encoder.load(directory), "pair", LABELS, seed=0)
    with torch.no_grad():
        for name, weight in model.module.named_parameters():
            weight.mul_(10 if "classifier" in name or "score" in name else 1)  # so that predictions differ
    return model.eval()


def grid_of(model: TaskModel, test: TestSet, **settings: Any) -> dict[tuple[str, str], list[Any]]:
    standard = {code: predict(model, rows, language=code, max_length=24) for code, rows in test.by_language.items()}
    return dict(language_pairs.predict_grid(model, test, standard, max_length=24, **settings))


@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "xlm", "modernbert"])
def test_pairs_are_predicted_as_if_tokenized_together(checkpoint: Callable[[str], Path], family: str) -> None:
    model = model_of(checkpoint(family))
    # The same texts under another code, so that language embeddings know it: off the diagonal is on the diagonal.
    same = grid_of(model, set_of(en=ONES, de=ONES))
    if model.encoder.languages is None:
        assert same["en", "de"] == same["en", "en"] == same["de", "en"]
    grid = grid_of(model, set_of(en=ONES, de=OTHERS))
    assert list(grid) == [("en", "en"), ("de", "de"), ("en", "de"), ("de", "en")]
    if model.encoder.languages is None:
        mixed = [
            replace(one, second=other.second)
            for one, other in zip(ONES, OTHERS, strict=True)
            if isinstance(one, PairExample) and isinstance(other, PairExample)
        ]
        direct = predict(model, mixed, language="en", max_length=24)
        assert grid["en", "de"] == direct
        assert grid["en", "de"] != grid["en", "en"]


def test_each_text_of_a_pair_has_its_own_language(checkpoint: Callable[[str], Path]) -> None:
    grid = grid_of(model_of(checkpoint("xlm")), set_of(en=ONES, de=ONES))
    assert grid["en", "de"] != grid["en", "en"]
    assert grid["en", "de"] != grid["de", "en"]


def test_predictions_do_not_depend_on_the_batch(checkpoint: Callable[[str], Path]) -> None:
    model = model_of(checkpoint("bert"))
    test = set_of(en=ONES, de=OTHERS)
    one_by_one, together = grid_of(model, test, batch_tokens=1), grid_of(model, test)
    for pair, records in together.items():
        assert [row["prediction"] for row in records] == [row["prediction"] for row in one_by_one[pair]]


def test_a_language_pair_has_the_examples_that_both_languages_have_with_the_same_label() -> None:
    lacking = [row for row in OTHERS if row.id != "3"]
    other_label = [replace(row, label="neutral") if row.id == "0" else row for row in lacking]  # type: ignore[type-var]
    (cell, back) = language_pairs.cells({"en": ONES, "de": other_label})
    assert [row.id for row in cell.examples] == [row.id for row in ONES if row.id not in ("0", "3")]
    assert all(row.first == TEXTS[int(row.id)] and row.second == TEXTS[int(row.id) - 2] for row in cell.examples)
    assert all(row.second == TEXTS[int(row.id) - 1] and row.first == TEXTS[int(row.id) - 3] for row in back.examples)


def test_languages_without_a_common_example_are_refused() -> None:
    language_pairs.check_languages({"en": ONES, "de": OTHERS[3:]}, "evaluate.generalized")
    with pytest.raises(DataError, match=r"evaluate\.generalized: 'en' and 'de' have no example"):
        language_pairs.check_languages({"en": ONES[:3], "de": OTHERS[3:]}, "evaluate.generalized")


def test_averages() -> None:
    def records(right: int, wrong: int) -> list[Any]:
        return [
            {"prediction": "neutral", "gold": "neutral" if i < right else "entailment"} for i in range(right + wrong)
        ]

    grid = {
        ("en", "en"): records(4, 0),
        ("de", "de"): records(2, 2),
        ("en", "de"): records(1, 1),
        ("de", "en"): records(0, 2),
    }
    (row,) = language_pairs.scores(Xnli(), LABELS, grid, selection="last")
    assert row["macro"] == pytest.approx(50)
    assert row["micro"] == pytest.approx(100 * 7 / 12)
    assert (row["diagonal"], row["off_diagonal"], row["pairs"]) == (75, 25, 4)
    assert row["cells"][2] == {"first": "en", "second": "de", "value": 50, "items": 2}


def test_a_run_scores_the_grid_and_evaluate_does_the_same(tmp_path: Path) -> None:
    values = {key: value for key, value in TINY.items() if key != "align"}
    table = {"task": "xnli", "languages": ["qaa", "qab", "qaf"], "generalized": True}
    folder = run(recipes.build({**values, "evaluate": [table]}, where="test"), tmp_path / "run")
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    (row,) = results["generalized"]
    assert row["pairs"] == 9
    standard = {
        score["language"]: score["value"] for score in results["scores"] if score["selection"] == row["selection"]
    }
    diagonal = {cell["first"]: cell["value"] for cell in row["cells"] if cell["first"] == cell["second"]}
    assert diagonal == standard
    mine = folder / "predictions"
    assert (mine / "xnli.generalized" / "qab-qab.jsonl").read_bytes() == (mine / "xnli" / "qab.jsonl").read_bytes()
    scored = evaluate(
        folder / "model",
        task="xnli",
        languages=["qaa", "qab", "qaf"],
        data="lab",
        output=tmp_path / "scored",
        generalized=True,
    )
    assert scored["generalized"][0]["pairs"] == 9
    assert len(list((tmp_path / "scored" / "predictions" / "xnli.generalized").iterdir())) == 9
    assert {cell["items"] for cell in scored["generalized"][0]["cells"]} == {1200}


def test_only_pairs_of_texts_have_a_grid() -> None:
    values = {**TINY, "finetune": {**TINY["finetune"], "task": "udpos"}}
    values["evaluate"] = [{"task": "udpos", "generalized": True}]
    with pytest.raises(RecipeError, match=r"evaluate.generalized: 'udpos' is a 'tagging' task"):
        run(recipes.build(values, where="test"), "never")
    with pytest.raises(RecipeError, match=r"--generalized: 'sib200' is a 'sentence' task"):
        evaluate("never", task="sib200", generalized=True)


def test_cells_of_a_language_share_batches(checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    model, sizes = model_of(checkpoint("bert")), []

    def counted(model: TaskModel, examples: Sequence[Example], *rest: Any, **named: Any) -> list[Any]:
        sizes.append(len(examples))
        return predict_items(model, examples, *rest, **named)

    monkeypatch.setattr(language_pairs, "predict_items", counted)
    grid = grid_of(model, set_of(en=ONES, de=OTHERS, fr=ONES))
    assert sizes == [2 * len(ONES)] * 3
    assert [record["id"] for record in grid["de", "fr"]] == [str(place) for place in range(len(TEXTS))]
    assert grid["de", "en"] == grid["de", "fr"]
