"""Runs with language adapters: each language is read with its own, by the run and by the saved model."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift import recipe as recipes
from crosslift.adapters.languages import FOLDER
from crosslift.errors import InputError, LanguageError, RecipeError
from crosslift.evaluation.evaluate import evaluate
from crosslift.evaluation.predict import predict
from crosslift.heads.task_model import TaskModel
from crosslift.lab import World
from crosslift.pipeline.run import run
from tests.runs import TINY

TASK = {"kind": "bottleneck", "reduction": 4}


def recipe(
    *, languages: Any = ("qaa", "qab", "qaf"), adapters: Any = None, generalized: bool = False, **finetune: Any
) -> recipes.Recipe:
    values = copy.deepcopy(TINY)
    del values["align"]
    values["evaluate"][0] |= {"split": "dev", "generalized": generalized}
    text = {"languages": list(languages), "limit": 60}
    table = {"text": text, "steps": 4, "batch_size": 8, "max_length": 32, "learning_rate": 5e-2}
    values["language_adapters"] = table | (adapters or {})
    values["finetune"] |= {"learning_rate": 3e-2, "adapter": TASK} | finetune
    return recipes.build(values, where="test")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(recipe(), tmp_path_factory.mktemp("madx") / "run")


def content(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / "results.json").read_text())
    return found


def records(directory: Path, code: str) -> list[dict[str, Any]]:
    lines = (directory / "predictions" / "xnli" / f"{code}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_each_language_is_read_with_its_own_adapter(done: Path) -> None:
    model = TaskModel.load(done / "model")
    assert model.adapters is not None
    assert model.adapters.languages is not None
    own = model.adapters.languages.by_language
    assert list(own) == ["qaa", "qab", "qaf"]
    assert not torch.equal(own["qaa"].state_dict()["layers.0.up.weight"], own["qab"].state_dict()["layers.0.up.weight"])
    examples = World().examples("nli", "qab", "dev", 24)
    read = {code: predict(model, examples, language=code, max_length=48) for code in own}
    written = [row["probability"] for row in records(done, "qab")]
    assert [row["probability"] for row in read["qab"]] == pytest.approx(written, abs=2e-6)
    for other in ("qaa", "qaf"):
        assert [row["probability"] for row in read[other]] != pytest.approx(written, abs=1e-4)


def test_a_saved_model_switches_adapters_too(done: Path) -> None:
    scored = evaluate(done / "model", task="xnli", languages=["qaf", "qab"], split="dev", data="lab")
    found = {row["language"]: row["value"] for row in scored["scores"]}
    rows = [row for row in content(done)["scores"] if row["selection"] == "source-dev"]
    assert found == pytest.approx({row["language"]: row["value"] for row in rows if row["language"] != "qaa"})
    with pytest.raises(RecipeError, match=r"two language adapters in one pass"):
        evaluate(done / "model", task="xnli", languages=["qaf", "qab"], split="dev", data="lab", generalized=True)
    with pytest.raises(LanguageError, match=r"no language adapter for 'qac'.*language_adapters\.fallback"):
        evaluate(done / "model", task="xnli", languages=["qac"], split="dev", data="lab")


def test_the_encoder_stays_as_it_was(done: Path, tmp_path: Path) -> None:
    values = recipes.values(recipe(steps=0))
    del values["language_adapters"], values["finetune"]["adapter"]
    plain = TaskModel.load(run(recipes.build(values, where="test"), tmp_path / "plain") / "model")
    adapted = TaskModel.load(done / "model")
    wanted = plain.encoder.base.state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in adapted.encoder.base.state_dict().items())


def test_costs_are_recorded_and_adapters_are_cached(done: Path, tmp_path: Path) -> None:
    stages = content(done)["stages"]
    assert [row["stage"] for row in stages][1:] == [f"language_adapter.{code}" for code in ("qaa", "qab", "qaf")] + [
        "finetune"
    ]
    other = run(recipe(languages=("qab", "qaa"), adapters={"fallback": "qaa"}, steps=1), tmp_path / "other")
    found = content(other)
    assert [(row["stage"], row.get("cached")) for row in found["stages"]][1:3] == [
        ("language_adapter.qab", True),
        ("language_adapter.qaa", True),
    ]
    assert "'qaf' has no language adapter: it is read with that of 'qaa'" in found["warnings"]
    changed = run(recipe(adapters={"reduction": 4}, steps=1), tmp_path / "changed")
    assert [row["cached"] for row in content(changed)["stages"]] == [True, False, False, False, False]


def test_each_language_may_have_an_invertible_adapter(tmp_path: Path) -> None:
    made = run(recipe(languages=("qaa", "qab"), adapters={"fallback": "none", "invertible": True}), tmp_path / "run")
    model = TaskModel.load(made / "model")
    assert model.adapters is not None
    ids = torch.arange(5, 9)[None]
    plain = model.encoder.embed(ids)
    found = []
    for code in ("qaa", "qab", "qaf"):
        with model.in_language(code):
            found.append(model.encoder.embed(ids))
    assert torch.equal(found[2], plain)
    assert not torch.equal(found[0], plain)
    assert not torch.equal(found[0], found[1])


def test_training_reads_the_source_language_whatever_is_scored_in_between(done: Path, tmp_path: Path) -> None:
    with_oracle = TaskModel.load(run(recipe(oracle=True), tmp_path / "oracle") / "model").module.state_dict()
    without = TaskModel.load(done / "model").module.state_dict()
    assert all(torch.equal(value, without[name]) for name, value in with_oracle.items())


def test_a_task_adapter_alone(tmp_path: Path) -> None:
    values = recipes.values(recipe())
    del values["language_adapters"]
    alone = run(recipes.build(values, where="test"), tmp_path / "alone")
    assert sorted(path.name for path in (alone / "model" / FOLDER).iterdir()) == ["adapters.json", "task.safetensors"]
    examples = World().examples("nli", "qac", "dev", 4)
    assert len(predict(TaskModel.load(alone / "model"), examples, language="qac", max_length=48)) == 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"languages": ("qaa", "qab")}, r"evaluate\.0 reads xnli in 'qaf': no language adapter for 'qaf'"),
        ({"languages": ("qab", "qaf")}, r"finetune reads xnli in 'qaa': no language adapter"),
        ({"adapters": {"fallback": "qa"}}, r"language_adapters\.fallback: 'qa' has no adapter.*\"none\""),
    ],
)
def test_a_language_without_adapter_is_an_error_before_training(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run(recipe(**settings), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"adapter": {"kind": "lora"}}, r"language_adapters: a task adapter is trained on top"),
        (
            {"adapter": {"kind": "bottleneck", "rank": 4}},
            r"`rank` is a setting of 'lora'; 'bottleneck' has reduction",
        ),
        (
            {"adapter": {"kind": "lora", "reduction": 4}},
            r"`reduction` is a setting of 'bottleneck'; 'lora' has rank",
        ),
        ({"translate": {"by": "lab"}}, r"finetune\.translate: a batch would mix languages"),
        ({"generalized": True}, r"evaluate\.generalized: a pair of texts in two languages"),
        ({"adapters": {"objective": [{"use": "tlm"}]}}, r"'tlm' reads bitext, but \[language_adapters\] has unpaired"),
        ({"adapters": {"reductoin": 4}}, r"unknown key 'language_adapters\.reductoin'; did you mean 'reduction'"),
    ],
)
def test_mistakes_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe(**settings)
