"""What a comparison of runs finds, checked by hand and by scipy."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from scipy import stats

import crosslift
from crosslift.comparison import Comparisons
from crosslift.errors import InputError
from crosslift.runs.write import write_records
from tests.unit.comparison.conftest import records, write_run

BETTER = {"en": 0.82, "de": 0.75, "sw": 0.68}


@pytest.fixture
def five(make_run):
    """Five seeds of a baseline and of a better system."""
    runs = [make_run("tlm", seed) for seed in range(5)]
    return [*runs, *(make_run("weam", seed, scores=BETTER) for seed in range(5))]


def means(found: Comparisons):
    return [row for row in found.comparisons if row.over == "target mean"]


def test_the_target_mean_comes_first_then_every_language(five):
    rows = crosslift.compare(five).comparisons
    assert [row.over for row in rows] == ["target mean", "de", "sw", "en"]
    first = rows[0]
    assert (first.baseline, first.system, first.task, first.metric, first.seeds) == (
        "tlm",
        "weam",
        "xnli",
        "accuracy",
        5,
    )
    assert first.effect == pytest.approx(np.mean([row.effect for row in rows[1:3]]))
    assert first.effect == pytest.approx(first.system_score - first.baseline_score)
    assert first.low < first.effect < first.high
    assert (first.wins, first.ties, first.losses, first.agree) == (2, 0, 0, 2)


def test_a_clear_difference_is_called_one(five):
    found = crosslift.compare(five)
    assert found.sentences[0].startswith("weam beats tlm by ")
    assert found.sentences[0].endswith("on the mean of 2 languages, 5 seeds; 2 languages better, 0 worse.")
    reversed_ = crosslift.compare([*five[5:], *five[:5]])
    assert reversed_.sentences[0].startswith("tlm is worse than weam by ")
    assert means(reversed_)[0].effect == pytest.approx(-means(found)[0].effect)
    assert means(reversed_)[0].p == pytest.approx(means(found)[0].p, rel=1e-6)


def test_no_significant_difference(make_run):
    runs = [make_run(name, seed) for name in ("tlm", "mlm") for seed in range(3)]
    found = crosslift.compare(runs)
    assert means(found)[0].p > 0.05
    assert "No significant difference between mlm and tlm on" in found.sentences[0]
    assert f"A true difference of {means(found)[0].detectable:.1f} points" in found.sentences[0]


def test_a_system_and_its_copy_do_not_differ(make_run, tmp_path):
    runs = [make_run("tlm", seed) for seed in range(2)]
    copies = [make_run("copy", seed) for seed in range(2)]
    for run, copy in zip(runs, copies, strict=True):
        shutil.rmtree(copy / "predictions")
        shutil.copytree(run / "predictions", copy / "predictions")
    row = crosslift.compare([*runs, *copies]).comparisons[0]
    assert (row.effect, row.low, row.high, row.p, row.p_randomisation) == (0, 0, 0, 1, 1)
    assert (row.wins, row.ties, row.losses) == (0, 2, 0)
    assert "the same score in every run" in crosslift.compare([*runs, *copies]).sentences[0]


def test_the_task_that_was_fine_tuned_comes_first(make_run):
    runs = [make_run(name, settings="[finetune]\ntask = 'xnli'\n") for name in ("a", "b")]
    for run in runs:
        content = json.loads((run / "results.json").read_text())
        other = [{**row, "task": "pawsx"} for row in content["scores"]]
        (run / "results.json").write_text(json.dumps({**content, "scores": [*other, *content["scores"]]}))
        shutil.copytree(run / "predictions" / "xnli", run / "predictions" / "pawsx")
    assert [row.task for row in means(crosslift.compare(runs))] == ["xnli", "pawsx"]


def test_one_seed_is_a_paired_test_of_two_models_on_their_items(make_run):
    runs = [
        make_run("tlm", scores={"en": 0.8, "de": 0.6}, items=800),
        make_run("weam", scores={"en": 0.8, "de": 0.64}, items=800),
    ]
    found = crosslift.compare(runs, draws=4000)
    right = [[line["prediction"] == line["gold"] for line in records_of(run, "de")] for run in runs]
    wanted = stats.ttest_rel(*np.array(right, dtype=float)[::-1])
    row = found.comparisons[0]
    assert row.p == pytest.approx(wanted.pvalue, rel=0.2)
    assert (row.low, row.high) == pytest.approx([100 * end for end in wanted.confidence_interval()], abs=0.15)
    second_alone, first_alone = (
        int(sum(a and not b for a, b in zip(*way, strict=True))) for way in (right[::-1], right)
    )
    exact = stats.binomtest(second_alone, second_alone + first_alone).pvalue  # McNemar's
    assert row.p_randomisation == pytest.approx(exact, abs=0.01)
    assert "With one seed each" in found.sentences[0]
    assert "this says nothing about the recipes" in found.sentences[0]


def records_of(run, language):
    return [json.loads(line) for line in (run / "predictions" / "xnli" / f"{language}.jsonl").read_text().splitlines()]


def test_parallel_items_are_drawn_together(make_run):
    """Languages with the same answers are as uncertain together as each alone; independent ones would not be."""

    def runs(task):
        return [
            make_run(
                f"{name}-{task}",
                scores={"en": 0.9, "de": same, "sw": [{**r, "id": prefix + r["id"]} for r in same]},
                task=task,
            )
            for name, same in (("a", records(120, 0.5)), ("b", records(120, 0.6, seed=5)))
        ]

    prefix = ""
    joint = crosslift.compare(runs("xnli")).comparisons
    assert joint[0].standard_error == pytest.approx(joint[1].standard_error)
    assert joint[0].items == 120
    prefix = "sw-"
    apart = crosslift.compare(runs("pawsx")).comparisons
    assert apart[0].standard_error == pytest.approx(apart[1].standard_error / np.sqrt(2), rel=0.1)
    assert apart[0].items == 240


def test_seeds_that_both_have_are_paired_and_others_are_not(make_run):
    runs = [make_run("tlm", seed) for seed in range(3)]
    same = crosslift.compare([*runs, *(make_run("weam", seed, scores=BETTER) for seed in range(3))])
    other = crosslift.compare([*runs, *(make_run("xlco", seed, scores=BETTER) for seed in range(5, 9))])
    assert means(same)[0].paired
    assert means(same)[0].arrangements == 8
    assert not means(other)[0].paired
    assert means(other)[0].arrangements == 35
    assert "3 and 4 seeds" in other.sentences[0]


def test_items_may_stand_in_another_order(make_run, tmp_path):
    runs = [make_run("tlm"), make_run("weam", scores=BETTER)]
    found = crosslift.compare(runs)
    path = runs[1] / "predictions" / "xnli" / "de.jsonl"
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
    assert crosslift.compare(runs) == found


def test_a_folder_stands_for_its_runs_and_the_first_run_names_the_baseline(five, tmp_path):
    assert crosslift.compare([tmp_path / "tlm", tmp_path / "weam"]) == crosslift.compare(five)
    assert crosslift.compare([tmp_path / "weam", tmp_path]).comparisons[0].baseline == "weam"


def test_it_comes_out_the_same_again(make_run):
    runs = [make_run("tlm"), make_run("weam")]
    assert crosslift.compare(runs) == crosslift.compare(runs)
    assert crosslift.compare(runs, seed=1) != crosslift.compare(runs)


def test_p_values_are_adjusted_for_all_systems(five, make_run):
    third = [make_run("xlco", seed, scores={"en": 0.8, "de": 0.62, "sw": 0.55}) for seed in range(5)]
    rows = means(crosslift.compare([*five, *third]))
    assert len(rows) == 2
    smaller, larger = sorted(rows, key=lambda row: row.p)
    assert smaller.p_adjusted == pytest.approx(2 * smaller.p)
    assert larger.p_adjusted == pytest.approx(max(larger.p, smaller.p_adjusted))


def test_metrics_of_classes_and_of_chunks(make_run):
    runs = [make_run(name, seed, metrics=("accuracy", "macro_f1")) for name in ("a", "b") for seed in range(2)]
    rows = means(crosslift.compare(runs))
    assert [row.metric for row in rows] == ["accuracy", "macro_f1"]
    assert [row.p_adjusted for row in rows] == [row.p for row in rows]  # families of one
    tags = [
        {"id": str(i), "prediction": ["B-PER", "O", "B-LOC"], "gold": ["B-PER", "O", "O" if i % 2 else "B-LOC"]}
        for i in range(40)
    ]
    worse = [{**line, "prediction": ["O", "O", "B-LOC"]} if int(line["id"]) % 4 == 0 else line for line in tags]
    runs = [
        make_run(name, scores={"en": tags, "de": lines}, task="udpos", metrics=("tagging_f1",))
        for name, lines in (("c", worse), ("d", tags))
    ]
    row = crosslift.compare(runs).comparisons[0]
    assert row.system_score == pytest.approx(100 * 2 * 60 / (80 + 60))
    assert row.low > 0


def test_f1_has_the_spread_of_a_jackknife(make_run):
    rng = np.random.default_rng(0)
    tags = [
        {
            "id": str(i),
            "prediction": rng.choice(["B-PER", "O"], 6).tolist(),
            "gold": rng.choice(["B-PER", "O"], 6).tolist(),
        }
        for i in range(150)
    ]
    perfect = [{**line, "prediction": line["gold"]} for line in tags]
    runs = [
        make_run(name, scores={"en": tags, "de": lines}, task="udpos", metrics=("tagging_f1",))
        for name, lines in (("a", perfect), ("b", tags))
    ]
    metric = crosslift.api.registry.load("metric", "tagging_f1")()
    left_out = np.array([metric(tags[:i] + tags[i + 1 :]) for i in range(150)])
    wanted = np.sqrt(149 / 150 * ((left_out - left_out.mean()) ** 2).sum())
    assert crosslift.compare(runs).comparisons[0].standard_error == pytest.approx(wanted, rel=0.08)


def test_pairs_of_languages(make_run):
    runs = [make_run("tlm"), make_run("weam", scores=BETTER)]
    for run, accuracy in zip(runs, (0.5, 0.7), strict=True):
        cells = []
        for first, second in (("en", "en"), ("en", "de"), ("de", "en"), ("de", "de")):
            lines = records(120, accuracy, seed=len(cells))
            path = run / "predictions" / "xnli.generalized" / f"{first}-{second}.jsonl"
            write_records(path, lines)
            share = 100 * sum(line["prediction"] == line["gold"] for line in lines) / 120
            cells.append({"first": first, "second": second, "value": share, "items": 120})
        content = json.loads((run / "results.json").read_text())
        grid = {"task": "xnli", "metric": "accuracy", "selection": "source-dev", "cells": cells}
        (run / "results.json").write_text(json.dumps({**content, "generalized": [grid]}))
    found = crosslift.compare(runs, generalized=True)
    assert [row.over for row in found.comparisons] == ["mean of pairs", "en-en", "en-de", "de-en", "de-de"]
    assert found.comparisons[0].items == 120
    assert "on the mean of 4 language pairs, 1 seed; " in found.sentences[0]
    assert not found.notes


def test_no_pairs_of_languages(make_run):
    with pytest.raises(InputError, match=r"no task in common in the generalized setting \(tlm: none; weam: none\)"):
        crosslift.compare([make_run("tlm"), make_run("weam")], generalized=True)


def test_seeds_within_a_recipe_are_seeds_too(make_run):
    runs = [make_run("tlm", seed, settings=f"[align.bitext]\nseed = {seed}") for seed in range(2)]
    assert crosslift.compare([*runs, make_run("weam")]).comparisons[0].most_seeds == 2


def test_mined_pairs_may_lack_a_partner(make_run):
    def lines(right, order):
        gold = {f"s{i}": f"t{i}" if i < 30 else None for i in range(60)}
        found = {one: partner if int(one[1:]) % 10 < right else None for one, partner in gold.items()}
        twice = [
            {"id": "x", "prediction": None, "gold": order[0]},
            {"id": "x (2)", "prediction": None, "gold": order[1]},
        ]
        return [{"id": one, "prediction": found[one], "gold": gold[one]} for one in gold] + twice

    runs = [
        make_run(name, scores={"de": lines(right, order)}, task="bucc2018", metrics=("mining_f1",))
        for name, right, order in (("a", 4, "pq"), ("b", 7, "qp"))
    ]
    row = crosslift.compare(runs).comparisons[0]
    assert (row.baseline_score, row.system_score) == pytest.approx((200 * 12 / (12 + 32), 200 * 21 / (21 + 32)))
    assert row.items == 32
    assert row.low > 0


def test_queries_are_drawn_whole(make_run):
    rng = np.random.default_rng(0)
    grades = ("Bad", "Fair", "Good", "Excellent", "Perfect")
    ids = [f"{i // 4}.{i % 4}" for i in range(80)]
    pages = [{"id": one, "prediction": str(rng.choice(grades)), "gold": str(rng.choice(grades))} for one in ids]
    perfect = [{**page, "prediction": page["gold"]} for page in pages]
    metric = crosslift.api.registry.load("metric", "ndcg")
    by_query = [metric(grades)(pages[start : start + 4]) for start in range(0, 80, 4)]
    runs = [write_ranked(make_run, name, lines, grades) for name, lines in (("a", perfect), ("b", pages))]
    row = crosslift.compare(runs, draws=4000).comparisons[0]
    assert row.items == 20
    assert row.standard_error == pytest.approx(np.std(by_query) / np.sqrt(20), rel=0.05)


def write_ranked(make_run, name, lines, grades):
    run = make_run(name, scores={"de": lines}, task="xglue_wpr", metrics=("accuracy",))
    content = json.loads((run / "results.json").read_text())
    content["scores"][0] |= {"metric": "ndcg", "value": None}
    (run / "results.json").write_text(json.dumps(content))
    return run


def test_the_rule_can_be_chosen(make_run):
    runs = [make_run("tlm"), make_run("weam", scores=BETTER)]
    for run, shown in zip(runs, ({"en": 0.8, "de": 0.5}, {"en": 0.8, "de": 0.9}), strict=True):
        add_rule(run, "last", shown)
    kept = crosslift.compare(runs)
    assert kept.comparisons[0].selection == "source-dev"
    last = crosslift.compare(runs, selection="last")
    assert (last.comparisons[0].selection, [row.over for row in last.comparisons]) == (
        "last",
        ["target mean", "de", "en"],
    )
    assert last.comparisons[0].effect > kept.comparisons[0].effect


def add_rule(run, rule, scores):
    """Score a run under another rule as well."""
    aside = write_run(
        run.parent / f"{rule}-{run.name}", {code: records(120, value) for code, value in scores.items()}, recipe="x"
    )
    shutil.move(aside / "predictions", run / f"predictions.{rule}")
    content = json.loads((run / "results.json").read_text())
    content["scores"] += [
        {**row, "selection": rule} for row in json.loads((aside / "results.json").read_text())["scores"]
    ]
    (run / "results.json").write_text(json.dumps(content))
    shutil.rmtree(aside)


def evaluated(make_run, recipe, folder, *, model, task, **more):
    """Write what `crosslift evaluate` makes of a model and a task."""
    run = make_run(recipe, task=task, **more)
    content = json.loads((run / "results.json").read_text(encoding="utf-8"))
    (run / "results.json").write_text(json.dumps({**content, "evaluated": {"model": model}}), encoding="utf-8")
    return run.rename(run.parent / folder)


def test_tasks_of_one_model_scored_apart_are_one_system(make_run):
    runs = [evaluated(make_run, name, task, model=name, task=task) for name in ("a", "b") for task in ("xnli", "cola")]
    found = crosslift.compare(runs)
    assert {(row.baseline, row.system, row.seeds) for row in found.comparisons} == {("a", "b", 1)}
    assert {row.task for row in found.comparisons} == {"xnli", "cola"}
    assert found.notes == crosslift.compare(runs[::-1]).notes
    alone = crosslift.compare([runs[1], runs[3]]).comparisons
    values = {(row.task, row.over): row.effect for row in found.comparisons}
    assert {(row.task, row.over): row.effect for row in alone}.items() <= values.items()


@pytest.mark.parametrize(("model", "task"), [("a", "xnli"), ("elsewhere", "cola")])
def test_one_task_twice_or_two_models_are_not_one_system(make_run, model, task):
    runs = [evaluated(make_run, "a", "one", model="a", task="xnli"), make_run("b")]
    runs.append(evaluated(make_run, "a", "two", model=model, task=task))
    with pytest.raises(InputError, match=r"two: recipe 'a' with seed 0 is also in .*one; expected each seed"):
        crosslift.compare(runs)
