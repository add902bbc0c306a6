"""A study in the terminal: the table of means, and the spelling of effects."""

from __future__ import annotations

import pytest
from rich.console import Console

from crosslift.studies.result import ArmResult, Score, StudyResult
from crosslift.studies.terminal import means
from tests.unit.report import study_results


def result(arms: list[str], scores: dict[tuple[str, str, str], float]) -> StudyResult:
    """Return a study of arms whose summaries, by arm, task and what they are over, have one seed."""
    tasks = tuple(dict.fromkeys(task for _, task, _ in scores))
    summaries = tuple(
        Score(arm=arm, task=task, metric="accuracy", kind="summary", over=over, seeds=(0,), values=(value,))
        for (arm, task, over), value in scores.items()
    )
    found = StudyResult.model_validate(study_results.measured())
    shown = tuple(ArmResult(name=name, about="") for name in arms)
    return found.model_copy(update={"arms": shown, "tasks": tasks, "scores": summaries})


def lines(found: StudyResult) -> list[list[str]]:
    console = Console(width=80)
    with console.capture() as captured:
        console.print(means(found))
    return [line.split() for line in captured.get().splitlines()]


def test_more_tasks_than_arms_become_rows():
    over = ("source", "target mean")
    tasks = ("udpos", "panx", "sib200", "xnli", "xquad", "tatoeba", "sib200_retrieval", "ntrex")
    found = lines(result(["none"], {("none", task, what): 50.0 for task in tasks for what in over}))
    assert found[0] == ["task", "none"]
    assert found[1:] == [[task, *what.split(), "50.0"] for task in tasks for what in over]


def test_more_arms_than_tasks_become_rows():
    scores = {(arm, "xnli", "target mean"): value for arm, value in (("none", 40.0), ("aligned", 42.0))}
    assert lines(result(["none", "aligned"], scores)) == [
        ["arm", "xnli", "target", "mean"],
        ["none", "40.0"],
        ["aligned", "42.0"],
    ]


def test_what_no_arm_has_is_left_out():
    scores = {("none", "tatoeba", "source"): float("nan"), ("none", "tatoeba", "target mean"): 2.2}
    assert lines(result(["none"], scores)) == [["arm", "tatoeba", "target", "mean"], ["none", "2.2"]]


@pytest.mark.parametrize("arms", [["none"], ["none", "aligned"]])
def test_arms_without_scores_are_named(arms: list[str]):
    assert lines(result(arms, {})) == [["arm"], *([arm] for arm in arms)]
