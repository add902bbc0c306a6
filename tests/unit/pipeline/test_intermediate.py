"""Intermediate stages: the encoder is carried over, heads are dropped, and stages are cached."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from crosslift import recipe as recipes
from crosslift.cache import cache_directory
from crosslift.errors import RecipeError, TrainingError
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline import cached_stage
from crosslift.pipeline.inputs.read import read
from crosslift.pipeline.run import run
from crosslift.pipeline.stages import intermediate
from crosslift.pipeline.stages.encoder import starting_encoder
from crosslift.pipeline.stages.pretrain import pretrain
from crosslift.runs.write import JsonLines
from crosslift.train.loop import Loop
from tests.runs import TINY

NLI = {"task": "xnli", "steps": 4, "batch_size": 8, "evaluations": 2, "max_length": 48, "learning_rate": 1e-3}
MASKED = {"text": {"languages": ["qaa", "qab"], "limit": 40}}
TAGS = {**NLI, "task": "udpos", "steps": 3}


def recipe(*intermediate: dict[str, Any], **changes: Any) -> recipes.Recipe:
    base = {key: value for key, value in copy.deepcopy(TINY).items() if key != "align"}
    base["evaluate"] = [{"task": "xnli", "languages": ["qaa", "qab"]}]
    values = {**base, "intermediate": list(intermediate), **changes}
    return recipes.build({key: value for key, value in values.items() if value is not None}, where="test")


def results(directory: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / "results.json").read_text())
    return content


def weights(directory: Path) -> dict[str, Tensor]:
    found: dict[str, Tensor] = load_file(directory / "model" / "model.safetensors")
    return found


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


def staged(*tables: dict[str, Any], **changes: Any) -> list[cached_stage.Staged]:
    """Return the encoder before the intermediate stages, and after each."""
    made = recipe(*tables, **changes)
    data = read(made)
    stages = [starting_encoder(made, data.text)]
    if data.text is not None:
        stages[0] = pretrain(stages[0], made, data.text)
    for index, tasks in enumerate(data.intermediate):
        # a stage trains its start in place, so it gets a copy
        stages.append(intermediate.intermediate(copy.deepcopy(stages[-1]), made, index, tasks))
    return stages


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(recipe(TAGS, NLI), tmp_path_factory.mktemp("runs") / "chain")


def test_a_chain_is_run_in_order(chain: Path) -> None:
    content = results(chain)
    names = ["pretrain", "intermediate", "intermediate-2", "finetune"]
    assert [stage["stage"] for stage in content["stages"]] == names
    assert [stage["steps"] for stage in content["stages"]][1:3] == [3, 4]
    assert {row["stage"] for row in content["probes"]} == set(names)
    log = [json.loads(line) for line in (chain / "log.jsonl").read_text().splitlines()]
    assert {line["stage"] for line in log} == set(names)
    assert [list(line["dev"]) for line in log if line["stage"] == "intermediate-2" and "dev" in line] == [
        ["accuracy"]
    ] * 2


def test_the_next_head_gets_the_stage_s_encoder_bit_for_bit() -> None:
    before, after = staged(NLI)
    model = TaskModel.create(after.encoder, "pair", ["entailment", "neutral", "contradiction"], seed=0)
    carried, trained, start = (each.base.state_dict() for each in (model.encoder, after.encoder, before.encoder))
    assert same(dict(carried), dict(trained))
    assert not same(dict(trained), dict(start))
    # the masked-LM head is as before the stage: it gets no part of the task's head
    state, old = after.encoder.state(), before.encoder.state()
    assert state.keys() == old.keys()
    assert torch.equal(state["head.dense.weight"], old["head.dense.weight"])


def test_the_trained_weights_are_carried_over(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[dict[str, Tensor]] = []
    table = {**NLI, "selection": "last", "seed": 11}

    def watched(self: Loop) -> Any:
        trained = whole(self)
        kept.append({name: value.clone() for name, value in trained.weights["last"].items()})
        return trained

    whole = Loop.run
    monkeypatch.setattr(Loop, "run", watched)
    after = staged(table)[-1].encoder.base.state_dict()
    trained = kept[-1]
    compared = [name for name in after if "embeddings" not in name]  # the vocabulary was trimmed in training
    assert len(compared) > 5
    assert all(torch.equal(trained[f"model.{name}"], after[name]) for name in compared)


def test_each_stage_has_its_own_head(monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[Tensor] = []
    create = TaskModel.create

    def watched(*arguments: Any, **settings: Any) -> TaskModel:
        model = create(*arguments, **settings)
        heads.append(model.module.state_dict()["classifier.weight"].clone())
        return model

    monkeypatch.setattr(TaskModel, "create", watched)
    run_twice = {**NLI, "seed": 21}
    stages = staged(run_twice, run_twice)
    TaskModel.create(stages[-1].encoder, "pair", ["entailment", "neutral", "contradiction"], seed=0)
    assert len(heads) == 3
    assert not any(torch.equal(heads[one], heads[other]) for one, other in ((0, 1), (0, 2), (1, 2)))


@pytest.mark.parametrize(
    "auxiliary", [{}, {"task": None, "tasks": ["xnli", "udpos"], "mlm": MASKED}], ids=["one", "several"]
)
def test_zero_steps_are_the_direct_baseline(chain: Path, tmp_path: Path, auxiliary: dict[str, Any]) -> None:
    table = {key: value for key, value in ({**NLI, "steps": 0} | auxiliary).items() if value is not None}
    direct, through = run(recipe(), tmp_path / "direct"), run(recipe(table), tmp_path / "through")
    assert same(weights(direct), weights(through))
    assert results(direct)["scores"] == results(through)["scores"]
    assert not same(weights(direct), weights(chain))


def test_seeds_share_the_stages_unless_per_seed(chain: Path, tmp_path: Path) -> None:
    assert results(chain)["stages"]
    other = run(recipe(TAGS, NLI, seed=1), tmp_path / "other")
    assert [stage["cached"] for stage in results(other)["stages"]] == [True, True, True, False]
    own = run(recipe(TAGS, {**NLI, "per_seed": True}, seed=1), tmp_path / "own")
    assert [stage["cached"] for stage in results(own)["stages"]] == [True, True, False, False]
    changed = run(recipe(TAGS, {**NLI, "train_limit": 50}), tmp_path / "changed")
    assert [stage["cached"] for stage in results(changed)["stages"]] == [True, True, False, False]


def test_a_stopped_stage_resumes_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {**NLI, "steps": 6, "seed": 31, "save_seconds": 0}
    whole = staged({**table, "save_seconds": 60})[-1].encoder.state()
    (stage,) = [path for path in (cache_directory() / "stages").iterdir() if stopped_at(path, 6)]
    stage.rename(stage.with_name("kept"))
    checkpoint = Loop._checkpoint

    def stop(self: Loop, step: int) -> None:
        checkpoint(self, step)
        if self.stage == "intermediate" and step == 5:
            raise TrainingError("stopped by the test")

    monkeypatch.setattr(Loop, "_checkpoint", stop)
    with pytest.raises(TrainingError, match="by the test"):
        staged(table)
    monkeypatch.undo()
    assert list((cache_directory() / "stages").glob("*.unfinished/states/*"))
    resumed = staged(table)[-1]
    log = [line for line in resumed.outcome.log if line["stage"] == "intermediate" and "terms" in line]
    assert log[-1]["step"] == 6
    assert same(dict(resumed.encoder.state()), dict(whole))


def stopped_at(path: Path, steps: int) -> bool:
    records = list(JsonLines(path / "stage.jsonl")) if path.is_dir() else []
    return any((record["stage"], record["steps"]) == ("intermediate", steps) for record in records)


def test_english_one_language_each_and_all(tmp_path: Path) -> None:
    """The three arms of the claim: English, one language per example, and every example in every language."""
    translate = {"by": "lab", "languages": ["qab", "qaf"], "mix": "one"}
    mixed = recipe({**NLI, "translate": translate})
    (stage,) = read(mixed).intermediate
    assert sum(stage.tasks[0].counts.values()) == 96
    (more,) = read(recipe({**NLI, "translate": {**translate, "mix": "all"}})).intermediate
    assert more.tasks[0].counts == {"qaa": 96, "qab": 96, "qaf": 96}
    content = results(run(mixed, tmp_path / "m"))
    assert content["stages"][1]["languages"] == stage.tasks[0].counts
    assert any("trained on translations (by the lab;" in warning for warning in content["warnings"])


def test_several_tasks_and_masked_words_train_one_encoder(tmp_path: Path) -> None:
    table = {key: value for key, value in NLI.items() if key != "task"}
    made = recipe({**table, "steps": 14, "tasks": ["xnli", "udpos"], "mlm": MASKED})
    content = results(run(made, tmp_path / "several"))
    assert content["stages"][1]["tasks"] == ["xnli", "udpos"]
    log = [json.loads(line) for line in (tmp_path / "several" / "log.jsonl").read_text().splitlines()]
    lines = [line for line in log if line["stage"] == "intermediate"]
    drawn = [name for line in lines if "terms" in line for name in line["terms"]]
    assert set(drawn) == {"tasks.xnli", "tasks.udpos", "tasks.mlm"}
    scores = next(line["dev"] for line in lines if "dev" in line)
    assert list(scores) == ["mean", "xnli", "udpos"]
    assert scores["mean"] == pytest.approx((scores["xnli"] + scores["udpos"]) / 2)


def test_the_masked_head_keeps_its_training() -> None:
    table = {key: value for key, value in NLI.items() if key != "task"}
    before, after = staged({**table, "steps": 8, "tasks": ["xnli"], "mlm": MASKED})
    name = "head.dense.weight"
    assert not torch.equal(before.encoder.state()[name], after.encoder.state()[name])


def test_checkpoints_with_a_pooler_keep_it(checkpoint: Callable[[str], Path]) -> None:
    table = {**NLI, "source": "qaa"}
    before, after = staged(table, encoder={"model": str(checkpoint("bert"))}, pretrain=None)
    assert before.encoder.pooler is not None
    assert after.encoder.pooler is not None
    assert not same(before.encoder.pooler.state_dict(), after.encoder.pooler.state_dict())
    model = TaskModel.create(after.encoder, "pair", ["a", "b"], seed=0)
    assert same(model.encoder.base.pooler.state_dict(), after.encoder.pooler.state_dict())


def test_an_encoder_without_a_masked_head_is_refused(checkpoint: Callable[[str], Path]) -> None:
    table = {key: value for key, value in NLI.items() if key != "task"}
    place = str(checkpoint("nllb"))
    with pytest.raises(RecipeError, match=r"intermediate\.0\.mlm: .*has no masked-LM head"):
        staged({**table, "tasks": ["xnli"], "mlm": MASKED}, encoder={"model": place}, pretrain=None)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"steps": 1}, "intermediate.0: give `task` or `tasks`"),
        ({"task": "xnli", "tasks": ["udpos"]}, "give `task` or `tasks`"),
        ({"tasks": ["udpos", "udpos"]}, "names a task twice"),
        ({"tasks": ["xnli", "udpso"]}, r"intermediate\.0\.tasks\.1: unknown task 'udpso'; did you mean 'udpos'"),
        ({"task": "xnil"}, r"intermediate\.0\.task: unknown task 'xnil'; did you mean 'xnli'"),
        ({"task": "xnli", "mlm": {"alfa": 1}}, r"unknown key 'intermediate\.0\.mlm\.alfa'; did you mean 'alpha'"),
        (
            {"task": "xnli", "method": [{"use": "plane"}]},
            r"intermediate\.0\.method\.0\.use: unknown finetune method",
        ),
        (
            {"task": "xnli", "method": [{"use": "adversarial", "radiu": 1}]},
            r"unknown key 'intermediate\.0\.method\.0\.radiu'; did you mean",
        ),
    ],
)
def test_mistakes_in_the_recipe_are_named(table: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe(table)


def test_settings_of_methods_are_spelled_out() -> None:
    made = recipe({**NLI, "method": [{"use": "random_perturbation"}]})
    assert made.intermediate[0].method[0].settings
    assert recipes.build(recipes.values(made), where="again") == made
