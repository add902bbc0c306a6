"""A study from its file to its verdicts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import tomli_w

from crosslift.errors import InputError
from crosslift.studies import Settings, execute, load, planned, study
from crosslift.studies.execute import Outcome
from crosslift.studies.result import read
from crosslift.studies.run import gather
from tests.unit.studies.conftest import definition


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Run jobs in this process: a process of its own takes seconds to start."""

    def run(jobs, _processes):
        yield from ((job, execute.run_one(job.recipe, job.directory, 1)) for job in jobs)

    monkeypatch.setattr(execute, "_on_machine", run)


def test_a_study_runs_judges_and_goes_on_where_it_was(tiny, tmp_path):
    told = []
    found = study(tiny, tmp_path / "out", seeds=2, on_end=lambda job, outcome: told.append((job.name, outcome.kind)))
    assert [name for name, _ in told][:3] == [f"{arm}, xnli, seed 0" for arm in ("plain", "longer", "noisy")]
    assert {kind for _, kind in told} == {"done"}
    assert len(told) == 6
    one, two, three = found.hypotheses
    assert one.verdict in ("confirmed", "refuted", "inconclusive")
    assert one.seeds == 2
    assert one.low <= one.effect <= one.high
    assert two.seeds == 2
    assert "agreement" in two.findings[0].text
    assert three.verdict == "recorded"
    assert three.test == "tests/unit::test"
    again = study(tiny, tmp_path / "out", seeds=2, on_end=lambda job, _: told.append((job.name, "again")))
    assert len(told) == 6  # nothing was run again
    assert (
        again.model_copy(update={"environment": {}}).model_dump_json()
        == found.model_copy(update={"environment": {}}).model_dump_json()
    )
    assert read(tmp_path / "out").model_dump_json() == again.model_dump_json()


def test_scores_and_costs_of_arms_are_those_of_their_runs(tiny, tmp_path):
    found = study(tiny, tmp_path / "out", seeds=1)
    results = json.loads((tmp_path / "out/runs/longer/xnli/seed-0/results.json").read_text())
    (mean,) = [s for s in found.scores if (s.arm, s.kind, s.over) == ("longer", "summary", "target mean")]
    (kept,) = [r["target_mean"] for r in results["summary"] if r["selection"] == "source-dev"]
    assert mean.values == (pytest.approx(kept, rel=1e-5),)
    plain, longer, _ = found.arms
    assert (plain.steps, longer.steps) == (6, 12)  # pre-training is shared, so no arm pays for it
    assert {grid.arm for grid in found.grids} == {"plain", "longer", "noisy"}
    assert found.source == "qaa"
    assert found.languages["qab"].resources == "artificial"
    pairs = [row for row in found.comparisons if row["generalized"]]
    assert {row["system"] for row in pairs} == {"longer", "noisy"}


def test_one_seed_decides_nothing(tiny, tmp_path):
    found = study(tiny, tmp_path / "out", seeds=1)
    assert {one.verdict for one in found.hypotheses if one.rule.startswith("noisy")} == {"inconclusive"}


def test_a_run_that_fails_is_reported_and_the_others_go_on(tiny, tmp_path, monkeypatch):
    run_one = execute.run_one

    def fail(recipe, directory, threads):
        return Outcome("failed", ("it collapsed",)) if recipe.name == "noisy" else run_one(recipe, directory, threads)

    monkeypatch.setattr(execute, "run_one", fail)
    found = study(tiny, tmp_path / "out", seeds=1)
    assert [(f.arm, f.kind, f.text) for f in found.failures if f.kind != "warning"] == [
        ("noisy", "failed", "it collapsed")
    ]
    assert found.hypotheses[0].verdict == "inconclusive"
    assert "no run of noisy on xnli" in found.hypotheses[0].reason
    assert {score.arm for score in found.scores} == {"plain", "longer"}


def test_warnings_of_runs_are_in_the_result(tiny, tmp_path):
    study(tiny, tmp_path / "out", seeds=1, arms=("plain",))
    path = tmp_path / "out/runs/plain/xnli/seed-0/results.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "warnings": ["the task was not learned"]}))
    found = study(tiny, tmp_path / "out", seeds=1, arms=("plain",))
    assert [(f.arm, f.kind, f.text) for f in found.failures] == [("plain", "warning", "the task was not learned")]


def test_seeds_come_first_so_that_mistakes_show_early(tiny, tmp_path):
    jobs = planned(load(tiny), tmp_path / "out", Settings())
    assert [job.seed for job in jobs] == [0, 0, 0, 1, 1, 1]
    assert jobs[1].recipe.finetune.steps == 12
    assert jobs[2].recipe.finetune.method[0].use == "random_perturbation"


def test_embedding_tasks_are_not_fine_tuned(tmp_path):
    values = definition()
    values["scale"]["lab"]["tasks"] = {"tatoeba": {}, "both": {"evaluate": [{"task": "tatoeba"}, {"task": "xnli"}]}}
    values["scale"]["lab"]["recipe"]["finetune"] |= {"task": "xnli"}
    values["arm"] = [arm for arm in values["arm"] if arm["name"] != "noisy"]
    values["hypothesis"] = values["hypothesis"][2:]
    (tmp_path / "study.toml").write_text(tomli_w.dumps(values), encoding="utf-8")
    jobs = planned(load(tmp_path / "study.toml"), tmp_path / "out", Settings(seeds=1))
    trained = {(job.arm, job.task): job.recipe.finetune for job in jobs}
    assert trained["plain", "tatoeba"] is trained["longer", "tatoeba"] is None
    assert trained["plain", "both"].task == "xnli"


def test_a_part_is_planned_and_a_hypothesis_keeps_its_task(tmp_path):
    """The scale's first task, which a rule means where it names none, is not the first of the part."""
    values = definition()
    values["scale"]["lab"]["tasks"] |= {"tatoeba": {}}
    values["arm"] = [arm for arm in values["arm"] if arm["name"] != "noisy"]
    values["hypothesis"] = values["hypothesis"][:1]
    values["hypothesis"][0]["rule"]["difference"] = [{"system": "longer", "over": "plain"}]
    (tmp_path / "study.toml").write_text(tomli_w.dumps(values), encoding="utf-8")
    found, settings = load(tmp_path / "study.toml"), Settings(seeds=1, tasks=("tatoeba",))
    jobs = planned(found, tmp_path / "out", settings)
    assert {(job.arm, job.task) for job in jobs} == {("plain", "tatoeba"), ("longer", "tatoeba")}
    result = gather(found, settings, jobs, {})
    assert result.tasks == ("tatoeba",)
    assert [(one.verdict, "no run of" in one.reason and "on xnli" in one.reason) for one in result.hypotheses] == [
        ("inconclusive", True)
    ]


def test_given_values_override_those_of_the_scale(tiny, tmp_path):
    jobs = planned(load(tiny), tmp_path, Settings(values={"noise": "self_augment"}))
    assert jobs[2].recipe.finetune.method[0].use == "self_augment"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": "labb"}, r"no scale 'labb'; did you mean 'lab'\? \(available: lab\)"),
        ({"arms": ("noise",)}, r"--arms: unknown arm 'noise'; did you mean 'noisy'"),
        ({"tasks": ("xnil",)}, r"--tasks: unknown task 'xnil'; did you mean 'xnli'\? \(available: xnli\)"),
    ],
)
def test_wrong_settings_name_the_nearest(tiny, tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        planned(load(tiny), tmp_path, replace(Settings(), **changes))


def test_a_value_that_is_missing_is_asked_for(tmp_path):
    values = definition()
    del values["scale"]["lab"]["values"]
    path = tmp_path / "wrong.toml"
    path.write_text(tomli_w.dumps(values), encoding="utf-8")
    with pytest.raises(InputError, match=r"arm noisy, task xnli: '\$noise' needs a value for 'noise'"):
        planned(load(path), tmp_path, Settings())


def test_every_mistake_of_a_study_is_listed(tmp_path):
    values = definition(baseline="plane")
    values["hypothesis"][0]["rule"]["difference"][0] |= {"system": "noise", "task": "xnil"}
    path = tmp_path / "wrong.toml"
    path.write_text(tomli_w.dumps(values), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        load(path)
    message = str(raised.value)
    assert "baseline: unknown arm 'plane'; did you mean 'plain'?" in message
    assert "hypothesis H1: unknown arm 'noise'; did you mean 'noisy'?" in message
    assert "hypothesis H1: unknown task 'xnil'; did you mean 'xnli'?" in message


def test_only_what_is_measured_after_each_stage_takes_a_stage(tmp_path):
    values = definition()
    values["hypothesis"][0]["rule"]["difference"][0] |= {"of": "retrieva", "stage": "align"}
    path = tmp_path / "wrong.toml"
    path.write_text(tomli_w.dumps(values), encoding="utf-8")
    with pytest.raises(InputError, match=r"stage = 'align' needs a probe.*did you mean 'retrieval'"):
        load(path)


def test_an_unknown_study_names_the_nearest():
    with pytest.raises(InputError, match=r"unknown study 'claim'; did you mean 'claims'\?"):
        load("claim")


def test_two_tasks_of_a_study_may_be_scored_on_one_benchmark(tmp_path):
    values = definition()
    longer = {"finetune": {"task": "xnli", "steps": 8}, "evaluate": [{"task": "xnli"}]}
    values["scale"]["lab"]["tasks"]["longer-training"] = longer
    path = tmp_path / "two.toml"
    path.write_text(tomli_w.dumps(values), encoding="utf-8")
    found = study(path, tmp_path / "out", seeds=1, arms=("plain", "noisy"))
    assert {score.task for score in found.scores} == {"xnli", "longer-training"}
    assert {row["task"] for row in found.comparisons} == {"xnli", "longer-training"}


def test_a_hypothesis_may_ask_that_its_task_be_learned(tmp_path):
    values = definition()
    values["hypothesis"][0]["rule"]["difference"][0]["source_at_least"] = 99.0  # no tiny run is as good
    path = tmp_path / "asking.toml"
    path.write_text(tomli_w.dumps(values), encoding="utf-8")
    found = study(path, tmp_path / "out", seeds=2).hypotheses[0]
    assert found.verdict == "inconclusive"
    assert "2 of 2 runs of plain on xnli did not learn it (the rule requires 99)" in found.reason


def test_what_is_measured_before_fine_tuning_does_not_ask_that_the_task_be_learned(tmp_path):
    values = definition()
    before = {"of": "retrieval", "stage": "pretrain", "source_at_least": 99.0}
    values["hypothesis"][0]["rule"]["difference"][0] |= before
    path = tmp_path / "before.toml"
    path.write_text(tomli_w.dumps(values), encoding="utf-8")
    found = study(path, tmp_path / "out", seeds=2).hypotheses[0]
    assert found.findings[0].effect == 0  # one encoder in both arms
    assert "did not learn" not in found.reason


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"titel": "x"}, "unknown key 'titel'; did you mean 'title'?"),
        (
            {"arm": [{"name": "plain", "about": "x", "contorl": True}]},
            "unknown key 'arm.0.contorl'; did you mean 'control'?",
        ),
        ({"scale": {"lab": {**definition()["scale"]["lab"], "seed": 1}}}, "'scale.lab.seed'; did you mean 'seeds'?"),
        (
            {"hypothesis": [{"name": "H1", "statement": "x", "rule": {"use": "sme", "difference": []}}]},
            "hypothesis.0.rule.use: unknown name 'sme'; did you mean 'some'?",
        ),
        (
            {
                "hypothesis": [
                    {"name": "H1", "statement": "x", "rule": {"use": "within", "low": 0, "high": 1, "lo": 1}},
                ]
            },
            "unknown key 'hypothesis.0.rule.within.lo'; did you mean 'low'?",
        ),
    ],
)
def test_a_wrong_key_of_a_study_names_the_nearest(tmp_path, changes, message):
    path = tmp_path / "mine.toml"
    path.write_text(tomli_w.dumps(definition(**changes)), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        load(path)
    assert message in str(raised.value)
