from __future__ import annotations

import math

from crosslift.report.runs import sentences
from crosslift.report.runs.view import Report
from crosslift.runs.systems import read_systems


def report_of(runs):
    return Report.of(read_systems(runs))


def test_two_systems_are_summed_up_in_plain_words(two_systems):
    report = report_of(two_systems)
    assert sentences.title(report) == "aligned against unaligned"
    assert sentences.summary(report) == (
        "aligned raised the mean of 3 target languages on nli from 43.0 to 55.0 percent accuracy (3 seeds); the "
        "transfer gap fell from 46.0 to 34.0 points."
    )


def test_a_loss_is_called_a_loss(make_run):
    worse = {"src": 80.0, "near": 40.0, "far": 30.0, "rare": 30.0}
    text = sentences.summary(report_of([make_run(), make_run("worse", values=worse)]))
    assert "worse lowered the mean of 3 target languages on nli from 43.0 to 33.3" in text
    assert "the transfer gap grew from 45.0 to 46.7" in text
    assert text.endswith("By language, the change ranges from −12.0 in Near to −6.0 in Far.")


def test_no_change_is_called_no_change(make_run):
    text = sentences.summary(report_of([make_run(), make_run("same")]))
    assert "same left the mean of 3 target languages on nli at 43.0" in text
    assert "the transfer gap stayed at 45.0" in text


def test_one_system_is_described(make_run):
    assert sentences.summary(report_of([make_run()])) == (
        "Trained on Source only, unaligned reaches 88.0 percent accuracy on nli in Source and 43.0 on average in "
        "3 other languages (1 seed). The transfer gap is 45.0 points. By language, the score ranges from 36.0 in Far "
        "to 52.0 in Near."
    )


def test_a_run_without_a_summary_is_described(make_run):
    text = sentences.summary(report_of([make_run(change=lambda results: results.pop("summary"))]))
    assert text == "unaligned has scores of nli in 4 languages."


def test_a_run_without_scores_says_so(make_run):
    run = make_run(change=lambda results: results.update(scores=[], summary=[]))
    assert sentences.summary(report_of([run])) == "These runs have no scores."


def test_limitations_come_from_the_data(make_run):
    def change(results):
        results["scores"][1]["value"] = math.nan

    text = " ".join(sentences.limitations(report_of([make_run(change=change)])))
    assert "One seed says nothing about chance" in text
    assert "The lab is artificial" in text
    assert "600 examples" in text
    assert "± 4.0 points" in text
    assert "1 score is not a number" in text
    assert "unaligned has no accuracy of nli in Near" in text
    assert "not tested" not in text


def test_natural_languages_are_not_called_artificial(make_run):
    run = make_run()
    (run / "recipe.toml").write_text('[encoder]\nmodel = "xlm-roberta-base"\n', encoding="utf-8")
    assert not any("artificial" in item for item in sentences.limitations(report_of([run])))


def test_recipes_of_one_name_that_differ_are_two_systems(two_systems):
    assert not any("differ in more than the seed" in item for item in sentences.limitations(report_of(two_systems)))
    (two_systems[0] / "recipe.toml").write_text("seed = 0\nextra = 1\n", encoding="utf-8")
    items = sentences.limitations(report_of(two_systems))
    assert (
        "Recipes called unaligned differ in more than the seed (encoder.model, extra), so they are 2 systems." in items
    )
    assert any(item.startswith("Differences are not tested here") for item in items)
