"""Whole runs in the lab: outputs, caching, resumption after a kill, and wrong input."""

from __future__ import annotations

import copy
import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from crosslift import recipe as recipes
from crosslift.api.examples import MultipleChoiceExample, PairExample
from crosslift.data.lexicon import Lexicon, open_lexicon
from crosslift.errors import CheckpointError, InputError, LanguageError, RecipeError, RunExistsError
from crosslift.pipeline.inputs.read import TaskData
from crosslift.pipeline.run import run
from crosslift.pipeline.stages.finetune import at_chance
from crosslift.runs.write import processor
from crosslift.tasks.bases.nli import LABELS as NLI_LABELS
from crosslift.tasks.copa import Copa
from crosslift.tasks.xnli import Xnli
from tests.runs import TINY


def recipe(**changes: Any) -> recipes.Recipe:
    return recipes.build({**copy.deepcopy(TINY), **changes}, where="test")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(recipe(), tmp_path_factory.mktemp("runs") / "whole")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def results(directory: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / "results.json").read_text())
    return content


def test_the_environment_records_processor_and_threads(whole: Path) -> None:
    facts = json.loads((whole / "environment.json").read_text())
    assert facts["threads"] == torch.get_num_threads()
    assert isinstance(facts["processor"], str)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "processor\t: 0\nmodel name\t: Chip 7\ncpu family\t: 25\nmodel\t\t: 17\n\n",
            "Chip 7, cpu family 25, model 17",
        ),
        ("processor\t: 0\nBogoMIPS\t: 50\n", ""),
    ],
)
def test_a_processor_has_its_family_and_model_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, expected: str
) -> None:
    monkeypatch.setattr("platform.processor", lambda: "")
    (tmp_path / "cpuinfo").write_text(lines)
    assert processor(tmp_path / "cpuinfo") == expected
    assert processor(tmp_path / "none") == ""


def test_a_run_directory_has_all_its_files(whole: Path) -> None:
    names = {path.name for path in whole.iterdir()}
    assert {"recipe.toml", "environment.json", "log.jsonl", "model", "predictions", "results.json"} <= names
    assert not {name for name in names if "unfinished" in name or name == "states"}
    assert {path.stem for path in (whole / "predictions" / "xnli").iterdir()} == {"qaa", "qab", "qaf"}
    content = results(whole)
    assert (content["schema"], content["recipe"], content["seed"]) == (1, "tiny", 0)
    assert [stage["stage"] for stage in content["stages"]] == ["pretrain", "align", "finetune"]
    assert {row["selection"] for row in content["scores"]} == {"source-dev", "last", "average"}
    assert {row["stage"] for row in content["probes"]} == {"pretrain", "align", "finetune"}
    log = [json.loads(line) for line in (whole / "log.jsonl").read_text().splitlines()]
    assert [line["stage"] for line in log if "terms" in line][-1] == "finetune"
    align = [line for line in log if line["stage"] == "align"]
    assert {"tlm", "sentence_contrastive"} <= set(next(line["terms"] for line in align if "terms" in line))
    assert [line["step"] for line in align if "health" in line] == [0, 2]


def test_a_model_has_a_card_with_the_scores_of_its_weights(whole: Path) -> None:
    card = (whole / "model" / "README.md").read_text(encoding="utf-8")
    header = yaml.safe_load(card.split("\n---\n")[0].removeprefix("---\n"))
    assert header["pipeline_tag"] == "text-classification"
    assert "base_model" not in header
    saved = [row for row in results(whole)["scores"] if row["selection"] == "source-dev"]
    told = header["model-index"][0]["results"]
    assert [row["dataset"]["config"] for row in told] == [row["language"] for row in saved]
    assert [row["metrics"][0]["value"] for row in told] == [round(row["value"], 2) for row in saved]
    assert "- Parallel sentences, aligned on (qaa, qab). Licence: the lab's, made by crosslift: none needed." in card
    assert "- align: tlm, sentence\\_contrastive" in card
    assert "CC BY-NC" not in card  # the lab's examples are not XNLI's


def test_scores_follow_from_the_predictions(whole: Path) -> None:
    for row in results(whole)["scores"]:
        folder = "predictions" if row["selection"] == "source-dev" else f"predictions.{row['selection']}"
        lines = (whole / folder / "xnli" / f"{row['language']}.jsonl").read_text().splitlines()
        records = [json.loads(line) for line in lines]
        correct = sum(record["prediction"] == record["gold"] for record in records)
        assert row["value"] == pytest.approx(100 * correct / len(records))
        assert row["items"] == len(records)


def test_each_rule_is_scored_with_its_own_weights(tmp_path: Path) -> None:
    finetune = TINY["finetune"] | {"learning_rate": 3e-3, "steps": 12, "evaluations": 6}
    on_dev = [{"task": "xnli", "languages": ["qaa"], "split": "dev"}]
    done = run(recipe(finetune=finetune, evaluate=on_dev, align=None), tmp_path / "run")
    lines = [json.loads(line) for line in (done / "log.jsonl").read_text().splitlines()]
    logged = [line["dev"]["accuracy"] for line in lines if "dev" in line]
    assert logged[-1] < max(logged)
    found = {row["selection"]: row["value"] for row in results(done)["scores"]}
    assert found["source-dev"] == pytest.approx(max(logged))
    assert found["last"] == pytest.approx(logged[-1])


def test_summary_leaves_the_source_out(whole: Path) -> None:
    content = results(whole)
    values = {row["language"]: row["value"] for row in content["scores"] if row["selection"] == "last"}
    summary = next(row for row in content["summary"] if row["selection"] == "last")
    assert summary["target_mean"] == pytest.approx((values["qab"] + values["qaf"]) / 2)
    assert summary["transfer_gap"] == pytest.approx(values["qaa"] - summary["target_mean"])


def test_stored_recipe_reproduces_the_run(whole: Path, tmp_path: Path) -> None:
    again = run(recipes.load(whole / "recipe.toml"), tmp_path / "again")
    assert digest(again / "model" / "model.safetensors") == digest(whole / "model" / "model.safetensors")
    assert results(again)["scores"] == results(whole)["scores"]
    assert [stage["cached"] for stage in results(again)["stages"]] == [True, True, False]


def test_seeds_share_stages_unless_per_seed(whole: Path, tmp_path: Path) -> None:
    other = run(recipe(seed=1), tmp_path / "other")
    assert [stage["cached"] for stage in results(other)["stages"]] == [True, True, False]
    own = run(recipe(seed=1, align={**TINY["align"], "per_seed": True}), tmp_path / "own")
    assert [stage["cached"] for stage in results(own)["stages"]] == [True, False, False]


def test_a_changed_lexicon_changes_the_cached_stage(whole: Path, tmp_path: Path) -> None:
    lexicon = tmp_path / "qaa-qab.txt"
    align = {**TINY["align"], "objective": [{"use": "code_switch", "lexicon": str(lexicon)}]}

    def cached(name: str) -> bool:
        stages = results(run(recipe(align=align), tmp_path / name))["stages"]
        return next(bool(stage["cached"]) for stage in stages if stage["stage"] == "align")

    lexicon.write_text("bigbi hivud\n")
    assert [cached("first"), cached("again")] == [False, True]
    lexicon.write_text("bigbi vovi\n")
    open_lexicon.cache_clear()
    assert not cached("changed")


def test_the_lab_lexicon_is_that_of_the_recipe_s_world(tmp_path: Path) -> None:
    align = {**TINY["align"], "objective": [{"use": "code_switch"}]}
    data = {**TINY["data"], "seed": 3}
    asked: list[str] = []

    def watched(where: str, languages: tuple[str, ...] | None = None) -> Lexicon:
        asked.append(where)
        return open_lexicon(where, languages)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crosslift.augment.code_switching.open_lexicon", watched)
        run(recipe(align=align, data=data), tmp_path / "run")
    assert set(asked) == {"lab:3"}


def test_a_recipe_file_has_a_default_directory(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = run(str(whole / "recipe.toml"))
    assert made == Path("runs/tiny/seed-0")
    assert results(made)["scores"] == results(whole)["scores"]


def test_nothing_is_overwritten(whole: Path, tmp_path: Path) -> None:
    before = digest(whole / "results.json")
    with pytest.raises(RunExistsError, match="never overwritten"):
        run(recipe(), whole)
    assert run(recipe(), whole, resume=True) == whole
    assert digest(whole / "results.json") == before
    with pytest.raises(RunExistsError, match="started with a different recipe"):
        run(recipe(seed=7), whole, resume=True)
    (tmp_path / "half.unfinished").mkdir()
    with pytest.raises(RunExistsError, match="--resume"):
        run(recipe(), tmp_path / "half")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"evaluate": [{"task": "xnli", "languages": ["qax"]}]}, LanguageError, r"no test data in 'qax'; did you mean"),
        ({"encoder": {"model": "no/where"}}, CheckpointError, "no/where"),
        ({"evaluate": [{"task": "udpos"}]}, RecipeError, r"evaluate.0.task: .*'xnli'.*cannot be scored on 'udpos'"),
        (
            {"evaluate": [{"task": "xcopa"}]},
            RecipeError,
            r"'xnli' \(pair, labels .*cannot be scored on 'xcopa' \(multiple_choice\)",
        ),
        ({"encoder": {"model": "scratch:lob", "vocabulary_size": 400}}, RecipeError, "did you mean 'lab'"),
        ({"data": {"source": "directory", "path": "nowhere"}}, InputError, "no such directory"),
    ],
)
def test_wrong_input_leaves_nothing(
    tmp_path: Path, changes: dict[str, Any], error: type[InputError], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(recipe(**changes), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_overlap_and_chance_are_warned_about(tmp_path: Path) -> None:
    data = tmp_path / "data" / "xnli"
    data.mkdir(parents=True)
    rows = [f"a {i}\tb {i}\t{('entailment', 'neutral', 'contradiction')[i % 3]}\n" for i in range(30)]
    for name in ("train-en", "test-en"):
        (data / f"{name}.tsv").write_text("".join(rows))
    # One text with every label: no model can do better than the majority.
    (data / "dev-en.tsv").write_text("".join(f"a\tb\t{row.split()[-1]}\n" for row in rows))
    made = recipe(
        data={"source": "directory", "path": str(data.parent)},
        finetune={"task": "xnli", "steps": 1},
        evaluate=[{"task": "xnli"}],
        pretrain={"steps": 1, "text": {"path": str(text_folder(tmp_path))}},
        align=TINY["align"] | {"bitext": {"path": str(bitext_folder(tmp_path)), "source": "en"}, "steps": 1},
    )
    warnings = results(run(made, tmp_path / "out"))["warnings"]
    assert any("30 of 30 test examples occur in the training data" in warning for warning in warnings)
    assert any("not above the majority class" in warning for warning in warnings)
    assert "xnli test: another number of examples than published: en 30 for 5,010" in warnings
    assert "xnli dev: examples that repeat an earlier one: en 29" in warnings
    assert "xnli dev: repeated examples with another answer than before: en 20" in warnings
    assert any("hypotheses) that are second texts of training examples: en 30 of 30" in warning for warning in warnings)


def test_multiple_choice_is_trained_and_scored(tmp_path: Path) -> None:
    languages = ["qaa", "qab", "qaf"]
    methods = [{"use": "code_switch"}, {"use": "consistency"}, {"use": "random_perturbation"}]
    made = recipe(
        finetune={**TINY["finetune"], "task": "copa", "method": methods, "micro_batch_tokens": 300},
        evaluate=[{"task": "xcopa"}, {"task": "copa", "languages": languages}],
    )
    out = run(made, tmp_path / "out")
    content = results(out)
    assert {(row["task"], row["metric"]) for row in content["scores"]} == {("xcopa", "accuracy"), ("copa", "accuracy")}
    assert "qaa" not in {row["language"] for row in content["scores"] if row["task"] == "xcopa"}
    assert {"qab", "qaf"} < {row["language"] for row in content["scores"] if row["task"] == "xcopa"}
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    terms = next(line["terms"] for line in log if line["stage"] == "finetune")
    assert terms["task"] > 0
    assert terms["task.consistency"] > 0
    records = [json.loads(line) for line in (out / "predictions" / "xcopa" / "qab.jsonl").read_text().splitlines()]
    assert len(records) == 24
    assert {row["gold"] for row in records} == {0, 1}
    assert {row["prediction"] for row in records} <= {0, 1}
    assert all(0.5 <= row["probability"] <= 1 for row in records)


@pytest.mark.parametrize(("best", "warned"), [(50.0, True), (61.9, True), (62.1, False)])
def test_always_the_same_choice_is_chance(best: float, warned: bool) -> None:
    dev: list[Any] = [MultipleChoiceExample(str(i), "p", "cause", ("a", "b"), int(i < 6)) for i in range(10)]
    warnings = at_chance(TaskData(Copa(), "en", (), [], dev), best)
    assert len(warnings) == warned
    assert all("not above the most frequent position of the right choice (60.0)" in text for text in warnings)


class MacroXnli(Xnli):
    metrics = ("macro_f1",)


def test_chance_is_that_of_the_first_metric() -> None:
    dev: list[Any] = [PairExample(str(i), "p", "h", NLI_LABELS[i % 3]) for i in range(9)]
    (warning,) = at_chance(TaskData(MacroXnli(), "en", NLI_LABELS, [], dev), 18.0)
    assert "not above the majority class (16.7)" in warning  # one class has an F1 of 50, the others 0
    assert at_chance(TaskData(MacroXnli(), "en", NLI_LABELS, [], dev), 19.0) == []


def test_a_method_without_multiple_choice_is_refused(tmp_path: Path) -> None:
    method = [{"use": "label_contrastive"}]
    with pytest.raises(RecipeError, match=r"finetune.method.0.use: 'label_contrastive' is defined for"):
        run(
            recipe(finetune={"task": "copa", "steps": 1, "method": method}, evaluate=[{"task": "xcopa"}]),
            tmp_path / "o",
        )
    assert not list(tmp_path.iterdir())


def text_folder(folder: Path) -> Path:
    (folder / "text").mkdir()
    (folder / "text" / "en.txt").write_text("".join(f"the cat sees {i} dogs and a bird\n" for i in range(50)))
    return folder / "text"


def bitext_folder(folder: Path) -> Path:
    (folder / "bitext").mkdir()
    rows = [f"the cat sees {i} dogs\tdie Katze sieht {i} Hunde\n" for i in range(20)]
    (folder / "bitext" / "de.tsv").write_text("".join(rows))
    return folder / "bitext"


@pytest.mark.slow
def test_killed_runs_resume_to_the_same_bits(whole: Path, tmp_path: Path) -> None:
    """Kill -9 at several moments of the run, resume each time, and compare the weights."""
    path = tmp_path / "recipe.toml"
    changed = copy.deepcopy(TINY)
    changed["finetune"] |= {"steps": 60, "save_seconds": 0}
    path.write_text(recipes.to_toml(recipes.build(changed, where="test")))

    def command(output: Path, *more: str) -> list[str]:
        return [sys.executable, "-m", "crosslift", "run", str(path), "--output", str(output), *more]

    subprocess.run(command(tmp_path / "straight"), check=True, capture_output=True)
    wanted = digest(tmp_path / "straight" / "model" / "model.safetensors")
    for number, seconds in enumerate((4.0, 5.0, 6.0)):
        output = tmp_path / f"killed-{number}"
        process = subprocess.Popen(command(output), stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        subprocess.run(command(output, "--resume"), check=True, capture_output=True)
        assert digest(output / "model" / "model.safetensors") == wanted


def test_fine_tuning_for_no_steps_scores_the_initial_model(tmp_path: Path) -> None:
    directory = run(recipe(finetune={**TINY["finetune"], "steps": 0}), tmp_path / "untrained")
    rows = results(directory)["scores"]
    assert {row["selection"] for row in rows} == {"source-dev", "last", "average"}
    assert len({row["value"] for row in rows if row["language"] == "qaa" and row["metric"] == "accuracy"}) == 1
