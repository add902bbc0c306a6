"""Text-to-text models, from the alignment of their encoder to predictions of the saved model."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from crosslift import recipe as recipes
from crosslift.data.sources import open_source
from crosslift.data.test_data import read_test_set
from crosslift.errors import CheckpointError, RecipeError
from crosslift.evaluation.evaluate import evaluate
from crosslift.evaluation.predict import predict
from crosslift.evaluation.predict_file import predict_file
from crosslift.heads.label_words import LabelWords
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline.run import run
from crosslift.tasks.xnli import Xnli
from tests.runs import TINY

Checkpoint = Callable[[str], Path]
METHODS = [
    {"use": "text_to_text", "label_words": {"entailment": "red cat", "neutral": "a man", "contradiction": "a book"}},
    {"use": "label_contrastive", "pooling": "mean_no_special", "same_premise": True},
    {"use": "code_switch"},
]


def recipe(model: Path, methods: list[dict[str, Any]], **changes: Any) -> recipes.Recipe:
    table = copy.deepcopy(TINY)
    del table["pretrain"]
    table["encoder"] = {"model": str(model)}
    table["align"] |= {"objective": [{"use": "sentence_contrastive"}], "steps": 1, "max_length": 32}
    table["finetune"] |= {"method": methods, "max_length": 64, "steps": 3}
    return recipes.build({**table, **changes}, where="test")


@pytest.fixture(scope="module", params=["t5", "mt5"])
def whole(request: Any, checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(recipe(checkpoint(request.param), METHODS), tmp_path_factory.mktemp("runs") / "text-to-text")


def test_a_run_scores_and_its_model_scores_the_same(whole: Path) -> None:
    content = json.loads((whole / "results.json").read_text())
    chosen = {row["language"]: row["value"] for row in content["scores"] if row["selection"] == "source-dev"}
    assert set(chosen) == {"qaa", "qab", "qaf"}
    log = [json.loads(line) for line in (whole / "log.jsonl").read_text().splitlines()]
    terms = [line["terms"] for line in log if line["stage"] == "finetune" and "terms" in line]
    assert set(terms[-1]) == {"task", "task.view", "task.label_contrastive"}
    model = TaskModel.load(whole / "model")
    assert isinstance(model.module, LabelWords)
    assert model.module.wording.words == ("red cat", "a man", "a book")
    assert model.input_settings.max_length == 64
    written = [json.loads(line) for line in (whole / "predictions" / "xnli" / "qab.jsonl").read_text().splitlines()]
    stored = recipes.load(whole / "recipe.toml")
    test = read_test_set(open_source(stored.data), Xnli(), "test", ["qab"])
    again = predict(model, test.by_language["qab"], language="qab", max_length=64)
    assert [record["prediction"] for record in again] == [record["prediction"] for record in written]


def test_the_decoder_is_that_of_the_checkpoint_and_the_encoder_the_aligned_one(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    base = TINY["finetune"] | {"method": METHODS[:1], "max_length": 64, "steps": 0, "selection": "last"}
    made = run(recipe(checkpoint("t5"), METHODS, finetune=base, evaluate=[]), tmp_path / "made")
    before, after = (
        transformers.AutoModelForSeq2SeqLM.from_pretrained(place).state_dict()
        for place in (checkpoint("t5"), made / "model")
    )
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert not {name for name in changed if name.startswith("decoder.block.")}
    assert "encoder.block.0.layer.0.SelfAttention.q.weight" in changed


def test_commands_accept_the_model_like_any_other(whole: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (whole / "predictions" / "xnli" / "qab.jsonl").read_text().splitlines()]
    scored = evaluate(whole / "model", task="xnli", languages=["qab"], data="lab", max_length=64)
    assert scored["scores"][0]["items"] > len(rows)
    source = tmp_path / "pairs.tsv"
    source.write_text("premise\thypothesis\nThe cat sleeps.\tA man reads.\n", encoding="utf-8")
    assert predict_file(whole / "model", source, output=tmp_path / "out.jsonl") == 1
    record = json.loads((tmp_path / "out.jsonl").read_text())
    assert record["prediction"] in ("entailment", "neutral", "contradiction")


def test_an_intermediate_stage_trains_the_encoder_alone(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """The decoder is dropped with the head; fine-tuning starts from the decoder of the checkpoint."""
    stage = {"task": "xnli", "method": METHODS[:1], "steps": 1, "batch_size": 4, "max_length": 64, "selection": "last"}
    tuned = TINY["finetune"] | {"method": METHODS[:1], "max_length": 64, "steps": 0, "selection": "last"}
    changes: dict[str, Any] = {"align": None, "evaluate": [], "finetune": tuned, "intermediate": [stage]}
    made = run(recipe(checkpoint("mt5"), METHODS, **changes), tmp_path / "made")
    before, after = (
        transformers.AutoModelForSeq2SeqLM.from_pretrained(place).state_dict()
        for place in (checkpoint("mt5"), made / "model")
    )
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert not {name for name in changed if name.startswith("decoder.block.")}
    assert "encoder.block.0.layer.0.SelfAttention.q.weight" in changed
    changes["intermediate"] = [{**stage, "task": None, "tasks": ["xnli"], "mlm": {}}]
    with pytest.raises(RecipeError, match=r"intermediate.0.method: .* a stage with one task"):
        run(recipe(checkpoint("mt5"), METHODS, **changes), tmp_path / "several")


@pytest.mark.parametrize(
    ("family", "task", "methods", "error", "message"),
    [
        ("bert", "xnli", METHODS, CheckpointError, "has no decoder"),
        ("t5", "udpos", [{"use": "text_to_text"}], RecipeError, "method.0.use: .*defined for sentence, pair tasks"),
        (
            "t5",
            "xnli",
            [{"use": "plain"}, {"use": "text_to_text", "prompt": "{first}"}],
            RecipeError,
            "method.1.prompt",
        ),
        ("t5", "xnli", [{"use": "text_to_text", "loss": "words"}], RecipeError, "method.0.loss"),
    ],
)
def test_unsuitable_recipes_leave_nothing(
    checkpoint: Checkpoint, tmp_path: Path, family: str, task: str, methods: Any, error: Any, message: str
) -> None:
    table = TINY["finetune"] | {"method": methods, "task": task}
    with pytest.raises(error, match=message):
        run(recipe(checkpoint(family), methods, finetune=table, evaluate=[], align=None), tmp_path / "out")
    assert not list(tmp_path.iterdir())
