"""Dual encoders: vectors are trained on questions and answers, and scored with the pooling of their training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift import recipe as recipes
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.pooling import trained_pooling
from crosslift.errors import CheckpointError, RecipeError
from crosslift.evaluation.evaluate import evaluate
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline import run as run_module
from crosslift.pipeline.run import run
from crosslift.retrieval.embedder import embedder
from tests.tiny import TEXTS

SENTENCES = [text.replace(".", "") + "." for text in TEXTS]
QUESTIONS = [f"{text.split()[-1]} {text.split()[1]} ?" for text in TEXTS]
"""The words of each sentence that its questions consist of."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SQuAD and XQuAD-R files about the same paragraph."""
    folder = tmp_path_factory.mktemp("data")
    context = " ".join(SENTENCES)
    starts = [context.index(text) for text in SENTENCES]
    questions = [
        {"id": f"q{number}", "question": text, "answers": [{"text": "x", "answer_start": start}]}
        for number, (text, start) in enumerate(zip(QUESTIONS, starts, strict=True))
    ]
    breaks = [[start, start + len(text)] for start, text in zip(starts, SENTENCES, strict=True)]
    paragraph = {"context": context, "qas": questions, "sentence_breaks": breaks}
    content = json.dumps({"data": [{"paragraphs": [paragraph]}]})
    for name in ("squad/train-v1.1.json", "lareqa/xquad-r/en.json", "lareqa/xquad-r/de.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def recipe(encoder: Path, data: Path, **table: Any) -> recipes.Recipe:
    values = {
        "name": "dual",
        "encoder": {"model": str(encoder)},
        "data": {"source": "directory", "path": str(data)},
        "dual_encoder": {"task": "lareqa", "steps": 400, "batch_size": 8, "learning_rate": 1e-3, **table},
        "evaluate": [{"task": "lareqa"}],
    }
    return recipes.build(values, where="test")


def scores(directory: Path) -> dict[str, float]:
    content = json.loads((directory / "results.json").read_text(encoding="utf-8"))
    rows = [row for row in content["scores"] if row["metric"] == "mean_average_precision"]
    return {row["language"]: row["value"] for row in rows}


@pytest.mark.parametrize("objective", [{"use": "dual_encoder", "pooler": True}, {"use": "labse", "pooling": "first"}])
def test_ranking_uses_the_trained_vectors(
    checkpoint: Callable[[str], Path], data: Path, tmp_path: Path, objective: dict[str, Any]
) -> None:
    how = "pooler" if objective.get("pooler") else "first"
    trained = run(recipe(checkpoint("bert"), data, objective=[objective]), tmp_path / "trained")
    untrained = run(recipe(checkpoint("bert"), data, objective=[objective], steps=0), tmp_path / "untrained")
    assert scores(trained)["de"] > scores(untrained)["de"] + 20
    encoder = Encoder.load(trained / "model")
    assert trained_pooling(encoder.base.config) == how
    assert embedder(encoder, "ranking").pooling == how
    assert embedder(encoder, "retrieval").pooling == "mean"
    again = evaluate(trained / "model", task="lareqa", data=data)
    found = {row["language"]: row["value"] for row in again["scores"] if row["metric"] == "mean_average_precision"}
    assert found == scores(trained)
    (stage,) = json.loads((trained / "results.json").read_text(encoding="utf-8"))["stages"]
    assert (stage["stage"], stage["steps"]) == ("dual_encoder", 400)


def test_the_pooler_is_trained_and_saved(checkpoint: Callable[[str], Path], data: Path, tmp_path: Path) -> None:
    objective = [{"use": "dual_encoder", "pooler": True}]
    trained = run(recipe(checkpoint("bert"), data, objective=objective, steps=2), tmp_path / "trained")
    before, after = (Encoder.load(place).pooler for place in (checkpoint("bert"), trained / "model"))
    assert before is not None
    assert after is not None
    assert not torch.equal(before.dense.weight, after.dense.weight)  # type: ignore[union-attr, arg-type]


def test_fine_tuning_resets_the_pooling(checkpoint: Callable[[str], Path], data: Path, tmp_path: Path) -> None:
    trained = run(recipe(checkpoint("bert"), data, steps=1), tmp_path / "trained")
    encoder = Encoder.load(trained / "model")
    assert trained_pooling(encoder.base.config) == "mean"
    TaskModel.create(encoder, "pair", ("a", "b"), seed=0).save(tmp_path / "model")
    assert trained_pooling(Encoder.load(tmp_path / "model").base.config) is None
    assert trained_pooling(encoder.base.config) == "mean"


def test_training_questions_in_the_test_set_are_warned_about(
    checkpoint: Callable[[str], Path], data: Path, tmp_path: Path
) -> None:
    trained = run(recipe(checkpoint("bert"), data, steps=1), tmp_path / "trained")
    warnings = json.loads((trained / "results.json").read_text(encoding="utf-8"))["warnings"]
    assert any("lareqa test in 'de': 8 of 8 test examples occur" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"task": "xnli"}, r"dual_encoder.task: 'xnli' is a 'pair' task; expected a ranking task.*\(lareqa, mewslix\)"),
        ({"task": "larequa"}, "dual_encoder.task: unknown task 'larequa'; did you mean 'lareqa'"),
        ({"objective": [{"use": "tlm"}]}, "dual_encoder.objective.0.use: 'tlm' does not train vectors"),
        ({"objective": [{"use": "dual_encoder", "scael": 1}]}, "unknown key 'dual_encoder.objective.0.scael'"),
        ({"pooling": "mean"}, "unknown key 'dual_encoder.pooling'"),
    ],
)
def test_mistakes(
    checkpoint: Callable[[str], Path], data: Path, tmp_path: Path, table: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        run(recipe(checkpoint("bert"), data, **table), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_without_a_pooler_is_refused_before_alignment(
    checkpoint: Callable[[str], Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bitext").mkdir()
    (tmp_path / "bitext" / "de.tsv").write_text("A cat sleeps.\tEine Katze schläft.\n", encoding="utf-8")
    values = recipes.values(recipe(checkpoint("t5"), data, objective=[{"use": "dual_encoder", "pooler": True}]))
    align = {"bitext": {"path": str(tmp_path / "bitext")}, "steps": 1, "objective": [{"use": "sentence_contrastive"}]}
    monkeypatch.setattr(run_module, "align", lambda *_: pytest.fail("the encoder was aligned"))
    with pytest.raises(CheckpointError, match="has no pooler"):
        run(recipes.build({**values, "align": align}, where="test"), tmp_path / "run")
