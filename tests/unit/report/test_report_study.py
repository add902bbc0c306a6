"""The page of a study: what it says, in which order, and that nothing in a study's texts can run."""

from __future__ import annotations

import json
import math
import re

import pytest
from plotly.offline import get_plotlyjs

from crosslift import report
from crosslift.cli import app
from crosslift.errors import InputError
from crosslift.report.study import claims, figures, sentences, stages, tables
from crosslift.report.study.benchmark import benchmark
from crosslift.report.study.view import Study
from crosslift.studies.result import StudyResult
from crosslift.studies.terminal import effect
from tests.unit.report import study_results
from tests.unit.report.page import HOSTILE, Page


def result(**changes):
    return StudyResult.model_validate(study_results.study() | changes)


def arranged(**changes):
    return Study.of(result(**changes))


def page_of(values):
    return Page(report.study_html(StudyResult.model_validate(values)))


def sections(page):
    return [attributes.get("id") for tag, attributes in page.elements if tag == "section"]


@pytest.fixture(scope="module")
def page():
    return page_of(study_results.study())


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "study.json").write_text(json.dumps(study_results.study()), encoding="utf-8")
    return tmp_path


def test_it_reads_like_a_paper(page):
    assert sections(page) == [
        *("abstract", "question", "method", "results-0", "results-1", "curves", "maps", "probes", "cost", "claims"),
        *("failures", "limitations", "reproduce", "references"),
    ]


def test_the_abstract_says_verdicts_with_effects():
    text = " ".join(sentences.abstract(arranged()))
    assert text.startswith("How does label-aware contrastive learning")
    assert "6 arms, 3 of them controls, were run on xnli and pawsx with 5 seeds each" in text
    assert "Of 5 hypotheses, each stated with its rule before the results, 1 is confirmed, 1 is refuted" in text
    assert "Confirmed (H1): Label-aware contrast beats ordinary fine-tuning: +6.1 [4.9, 7.3] points, 5 seeds." in text
    assert "; of the controls, views (+" in text
    assert "1 run failed" in text


def test_the_abstract_says_a_control_of_one():
    found = study_results.study()
    for place, arm in enumerate(found["arms"]):
        arm["control"] = place == 1
    text = " ".join(sentences.abstract(Study.of(StudyResult.model_validate(found))))
    assert "6 arms, 1 of them a control, were run" in text


def test_a_number_that_was_measured_is_no_difference():
    text = " ".join(sentences.abstract(Study.of(StudyResult.model_validate(study_results.measured()))))
    assert "No run is part of this study" in text
    assert "Of 1 hypothesis" in text
    (claim,) = StudyResult.model_validate(study_results.measured()).hypotheses
    assert claims.effect_cell(claim).text("effect") == "0.00123"
    assert claims.findings(claim).rows[0][1].text("effect") == "0.00123"


def test_an_effect_in_another_unit_names_it():
    far = study_results.judged("H6", "Languages are nearer", "confirmed", -3.2, unit="places")
    (claim,) = StudyResult.model_validate(study_results.measured() | {"hypotheses": [far]}).hypotheses
    assert claims.effect_cell(claim).note == "places"
    assert effect(claim) == "−3.2 places"
    assert effect(claim.model_copy(update={"unit": "points"})) == "−3.2"


def test_two_languages_at_once_have_kappa():
    study = arranged()
    table = tables.pairs(study, study.views[0])
    assert table is not None
    assert [column.title for column in table.columns][-1] == "Fleiss’ kappa"
    assert all(0.3 < row[-1].value < 0.7 for row in table.rows)


def test_a_ledger_comes_first():
    found = page_of(study_results.ledger())
    assert sections(found)[:3] == ["abstract", "ledger", "question"]
    table = claims.ledger(Study.of(StudyResult.model_validate(study_results.ledger())))
    titles = [column.title for column in table.columns]
    assert titles == ["Claim", "Statement", "Verdict", "Effect", "Seeds", "Published", "Why"]
    assert len(table.rows) == 30
    assert [cell.text(column.kind) for cell, column in zip(table.rows[0], table.columns, strict=True)] == [
        "C01",
        "mBERT+TLM outperforms mBERT by a large margin in the zero-shot setting",
        "confirmed",
        "+3.4 [2.2, 4.6]",
        "5",
        "mBERT: 65.4; mBERT+TLM: 68.1",
        "label-aware − plain, the target mean of xnli; 6 of 7 languages agree; p = 0.004",
    ]


def test_a_study_without_runs_is_a_page_too():
    found = page_of(study_results.measured())
    assert sections(found)[:2] == ["abstract", "ledger"]
    assert "results-0" not in sections(found)


def test_results_compare_with_the_baseline():
    study = arranged()
    table = tables.results(study, study.views[0])
    rows = {row[0].value: [cell.text(c.kind) for cell, c in zip(row, table.columns, strict=True)] for row in table.rows}
    assert [row[0].mark for row in table.rows][:3] == ["baseline", "control", "control"]
    assert re.fullmatch(r"\+5\.\d \[\d\.\d, \d\.\d\]", rows["label-aware"][3])
    assert rows["plain"][3:6] == ["baseline", "–", "–"]
    assert rows["views"][4:6] == ["0.060", "5/1/1"]
    means = [row[2] for row in table.rows]
    assert [cell.mark for cell in means].count("best") == 1
    assert max(means, key=lambda cell: cell.value).mark == "best"


def test_a_score_of_fewer_seeds_says_so():
    scores = study_results.study()["scores"]
    for score in scores:
        if score["arm"] == "views":
            score["values"][3:] = [None, float("nan")]
    study = arranged(scores=scores)
    table = tables.results(study, study.views[0])
    assert next(row[2].note for row in table.rows if row[0].value == "views") == "3 of 5 seeds"


def test_gain_is_drawn_against_distance():
    study = arranged()
    figure = figures.distance(study, study.views[0])
    assert figure is not None
    assert figure.title == "Gain against language distance"
    assert list(figure.figure.data[0].x) == [0.1, 0.25, 0.4, 0.5, 0.65, 0.8, 0.95]
    assert "label-aware 1.00" in figure.note
    assert [name for name, _ in figure.picks] == [arm.name for arm in study.others]


def test_unknown_distances_are_said_and_the_baselines_scores_stand_in():
    study = Study.of(StudyResult.model_validate(study_results.study(distances=False)))
    figure = figures.distance(study, study.views[0])
    assert figure is not None
    assert "Distances are not known here" in figure.note
    assert "correlation" not in figure.note  # the baseline's chance is on both axes
    baseline = [study.score("plain", study.views[0], "language", code).mean for code in study.views[0].targets]
    assert list(figure.figure.data[0].x) == baseline


def test_cost_has_interval_bars_and_the_baseline_at_zero():
    study = arranged()
    figure = figures.cost(study, study.views[0])
    assert figure is not None
    plain, twice, *_ = figure.figure.data
    assert (plain.x[0], plain.y[0]) == (95.0, 0.0)
    row = study.against("plain-twice", study.views[0], "target mean")
    assert row is not None
    assert twice.error_y.array[0] == pytest.approx(row.high - row.effect)
    assert twice.error_y.arrayminus[0] == pytest.approx(row.effect - row.low)


def test_maps_have_silhouettes_and_retrieval():
    first, _ = figures.maps(arranged())
    assert re.search(r"Silhouette by meaning 0\.41, by language −0\.05; retrieval \d\d\.\d percent", first.note)


def test_verdicts_are_words_and_not_colours_alone(page):
    badges = [attributes for _, attributes in page.elements if (attributes.get("class") or "").startswith("badge ")]
    assert len(badges) > 10
    for verdict in ("confirmed", "refuted", "inconclusive", "recorded"):
        assert page.text.count(verdict) > 2


def test_every_figure_has_a_description(page):
    plots = [attributes for _, attributes in page.elements if attributes.get("class") == "plot"]
    assert len(plots) == 2 * 2 + 1 + 2 + 2 + 1  # gap and distance a task; cost, curves, maps, verdicts
    assert all(plot["role"] == "img" and len(plot["aria-label"] or "") > 40 for plot in plots)


def test_a_task_without_scores_is_named():
    assert not any("No scores" in item for item in sentences.limitations(arranged()))
    items = sentences.limitations(arranged(tasks=["xnli", "pawsx", "translate-train"]))
    assert "No scores are recorded for translate-train." in items


def test_limitations_come_from_the_study_and_from_its_data():
    items = sentences.limitations(arranged(seeds=[0, 1]))
    assert items[0] == "The lab's lexicon is exact; real ones are not."
    assert any(item.startswith("2 seeds per arm") for item in items)
    assert "Runs of adversarial have warnings, listed under failures." in items


def test_failures_of_one_text_are_one_row():
    table = stages.failures(arranged())
    assert table is not None
    assert [[cell.value for cell in row] for row in table.rows] == [
        ["adversarial", "pawsx", "4", "failed", "the loss is not finite"],
        ["adversarial", "xnli", "0, 1", "warning", "at chance on the source"],
    ]


def test_failures_of_one_text_are_one_row_over_arms():
    def warned(*arms):
        failures = [
            {"arm": arm, "task": "xnli", "seed": seed, "kind": "warning", "text": "repeated"}
            for seed in (1, 0)
            for arm in arms
        ]
        table = stages.failures(arranged(failures=failures))
        assert table is not None
        return [[cell.value for cell in row[:3]] for row in table.rows]

    names = [arm.name for arm in result().arms]
    assert warned(*names) == [[f"all {len(names)} arms", "xnli", "0, 1"]]
    assert warned(*names[:2]) == [[", ".join(names[:2]), "xnli", "0, 1"]]


def test_nothing_is_loaded_and_it_is_small():
    text = report.study_html(result())
    assert len(text.encode()) < 8_000_000
    own = text.replace(get_plotlyjs(), "")
    assert not re.search(r"https?://|@import|url\(", own)
    assert all((a.get("href") or "#").startswith("#") and "src" not in a for _, a in Page(text).elements)


def test_write_and_the_command_choose_by_what_a_directory_holds(directory, make_run):
    assert "crosslift study" in Page(report.write(directory).read_text(encoding="utf-8")).text
    assert report.is_study(directory / "study.json")
    assert not report.is_study(make_run())
    assert report.study_html(directory) == report.study_html(directory / "study.json")


@pytest.mark.parametrize("form", ["html", "md"])
def test_the_command_writes_both_forms(directory, form):
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, ["report", str(directory), "--format", form, "--output", str(directory / "out")])
    assert done.exit_code == 0
    assert "Label-aware contrast for zero-shot inference" in (directory / "out").read_text(encoding="utf-8")


def test_markdown_holds_the_same_tables():
    text = report.study_markdown(result())
    assert text.startswith("# Label-aware contrast for zero-shot inference\n\nHow does")
    assert "| H1 | Label-aware contrast beats ordinary fine-tuning | confirmed | +6.1 \\[4.9, 7.3\\] | 5 |" in text
    for title in ("Arms", "Every arm in every language", "Two languages at once", "Pairs of languages: views"):
        assert f"### {title}\n\n| " in text
    for title in ("Limitations", "References", "How to reproduce"):
        assert f"## {title}\n\n- " in text


def hostile(value):
    """Return a value with every text but those that the schema fixes replaced."""
    fixed = {"kind", "verdict", "over", "colour"}
    if isinstance(value, dict):
        return {key: inner if key in fixed else hostile(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [hostile(inner) for inner in value]
    return f"{value}{HOSTILE}" if isinstance(value, str) else value


@pytest.mark.parametrize("make", [study_results.study, study_results.ledger, study_results.measured])
def test_hostile_texts_are_text(make):
    values = hostile(make())
    values["languages"] = {f"{code}{HOSTILE}": fact for code, fact in values["languages"].items()}
    for row in [*values["scores"], *values["comparisons"]]:
        row["over"] = f"{row['over']}{HOSTILE}" if row["over"] in study_results.LANGUAGES else row["over"]
    values["environment"] = {HOSTILE: {HOSTILE: HOSTILE}}
    values["hypotheses"][0]["published"] = {HOSTILE: 1.5}
    found = page_of(values)
    assert found.harmless()
    assert [kind for kind, _ in found.scripts].count(None) == 2
    assert found.text.count(HOSTILE) > 10
    assert found.text.count("{{7*7}}") == found.text.count(HOSTILE)  # no text is taken for a template
    for kind, text in found.scripts:
        assert kind is None or not set("<>&") & set(text)
    markdown = report.study_markdown(StudyResult.model_validate(values))
    assert not re.search(r"(?<!\\)<(script|img|b)", markdown)


def test_missing_numbers_are_dashes():
    def without(value):
        if isinstance(value, dict):
            return {key: without(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [without(inner) for inner in value]
        return math.nan if isinstance(value, float) else value

    found = page_of(without(study_results.study()))
    assert not re.search(r"\bnan\b|\binf\b", found.text, flags=re.IGNORECASE)
    assert "NaN" not in "".join(text for kind, text in found.scripts if kind)
    assert "results-0" in sections(found)


def test_infinite_numbers_give_a_page():
    values = json.loads(json.dumps(study_results.study()).replace("95.0,", "Infinity,"))
    assert "results-0" in sections(page_of(values))


def test_missing_languages_and_arms_give_a_page():
    values = study_results.study()
    values["scores"] = [score for score in values["scores"] if score["over"] not in ("qab", "target mean")]
    values["languages"] = {}
    values["arms"] = [arm for arm in values["arms"] if arm["name"] != "plain"]
    assert "results-0" in sections(page_of(values))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, r"study\.json: written in schema 2, .* reads schemas up to 1"),
        ({"hypotheses": [{"name": "H1"}]}, r"hypotheses\.0\.statement: Field required"),
        ({"comparisons": [{"system": "views", "effect": "large"}]}, r"comparisons\.0\.task: Field required"),
        ({"grids": [{"arm": "a", "task": "t", "metric": "m", "languages": ["x", "y"], "cells": [[1]]}]}, "2 rows of 2"),
        (
            {
                "maps": [
                    {"arm": "a", "stage": "s", "seed": 0, "languages": ["x"], "meanings": [], "tsne": [], "pca": []}
                ]
            },
            "1 in languages, 0 in meanings",
        ),
    ],
)
def test_what_cannot_be_read_is_named(directory, change, message):
    (directory / "study.json").write_text(json.dumps(study_results.study() | change), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        report.study_html(directory)
    with pytest.raises(InputError, match=message):
        report.study_markdown(directory)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_named_and_the_old_page_stays(directory, share):
    path = report.write(directory)
    before = path.read_text(encoding="utf-8")
    whole = (directory / "study.json").read_text(encoding="utf-8")
    (directory / "study.json").write_text(whole[: int(len(whole) * share)], encoding="utf-8")
    with pytest.raises(InputError, match=r"study\.json: incomplete JSON"):
        report.write(directory)
    assert path.read_text(encoding="utf-8") == before


def several(*tasks, metrics=("accuracy",)):
    """Return a study of one seed: 60 in the source, 40 and 50 in two targets, ten less for the second arm."""
    scores = [
        {"arm": arm, "task": task, "metric": metric, "kind": kind, "over": over, "seeds": [0], "values": [value - less]}
        for task in tasks
        for metric in metrics
        for arm, less in (("plain", 0), ("views", 10))
        for kind, over, value in (
            *(("language", code, number) for code, number in (("qaa", 60.0), ("qab", 40.0), ("qac", 50.0))),
            ("summary", "target mean", 45.0),
        )
    ]
    return arranged(scores=scores, comparisons=[], grids=[], curves=[], tasks=list(tasks))


def test_several_tasks_are_one_table():
    table = benchmark(several("udpos", "xnli", "xnli: americasnli"))
    assert [column.title for column in table.columns] == [
        *("Arm", "udpos", "xnli", "americasnli", "Mean", "Targets"),
    ]
    rows = {row[0].value: [cell.value for cell in row[1:]] for row in table.rows}
    assert rows["plain"] == [50, 50, 50, 50, 45]
    assert rows["views"] == [40, 40, 40, 40, 35]
    assert benchmark(several("udpos", "xnli")) is None


def test_a_run_that_is_scored_on_two_benchmarks_is_one_run():
    rows = tables.arms(several("udpos", "xnli", "xnli: americasnli")).rows
    assert [row[3].value for row in rows if row[0].value in ("plain", "views")] == [2, 2]


def test_a_language_with_two_codes_is_named_once():
    study = several("udpos")
    facts = {
        **study.result.languages,
        "qab_Latn": study.result.languages["qab"],
        "qaa_Latn": study.result.languages["qaa"],
    }
    named = report.study_html(study.result.model_copy(update={"languages": facts}))
    assert "Velian, Morish, Thelian, Ozgur, Pelasi, Nandic, Yukan<" in named


def test_an_arm_that_lacks_a_task_has_no_mean():
    study = several("udpos", "xnli", "panx")
    kept = tuple(s for s in study.result.scores if (s.arm, s.task) != ("views", "panx"))
    rows = benchmark(Study.of(study.result.model_copy(update={"scores": kept}))).rows
    assert [cell.value for cell in rows[0][1:]] == [50, 50, 50, 50, 45]
    lacking = [cell.value for cell in rows[1][1:]]
    assert lacking[:2] == [40, 40]
    assert all(math.isnan(value) for value in lacking[2:])


def test_the_table_of_all_tasks_is_on_the_page_and_in_markdown():
    found = several("udpos", "xnli", "panx", metrics=("f1", "exact_match")).result
    assert "benchmark" in sections(Page(report.study_html(found)))
    assert "All tasks" in report.study_markdown(found)
