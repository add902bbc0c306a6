"""The score of a whole benchmark, as XTREME averages it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

QUESTION_ANSWERING = (("f1", "exact_match"), ("mlqa_f1", "mlqa_exact_match"))
"""Metrics whose mean is the score of a task that answers questions: by SQuAD's rule, and by MLQA's."""


def counted(metrics: Sequence[str]) -> Sequence[str]:
    """Return those of a task's metrics that a benchmark's score is made of: the first, or F1 and exact match."""
    return next((both for both in QUESTION_ANSWERING if set(both) <= set(metrics)), metrics[:1])


def benchmark_score(
    summary: Sequence[Mapping[str, Any]], metrics: Mapping[str, Sequence[str]]
) -> dict[str, Any] | None:
    """Return the score of several tasks as XTREME averages them: the plain mean over tasks of means over languages.

    Means over languages include the source, as published; `targets` leaves it out.  A task that answers questions
    counts as the mean of F1 and exact match.  Paper: Hu et al. 2020, arXiv 2003.11080.

    Args:
        summary: rows of results.json of one selection rule.
        metrics: the metrics of each task, the one that averages are made of first.

    Returns:
        None if there is no task.
    """
    tasks: dict[str, dict[str, float]] = {}
    for task, names in metrics.items():
        rows = [row for row in summary if row["task"] == task and row["metric"] in counted(names)]
        if rows:
            targets = [row["target_mean"] for row in rows if row["target_mean"] is not None]
            tasks[task] = {"all": mean(row["all_mean"] for row in rows)} | (
                {"targets": mean(targets)} if targets else {}
            )
    if not tasks:
        return None
    targets = [values["targets"] for values in tasks.values() if "targets" in values]
    return {
        "all": mean(values["all"] for values in tasks.values()),
        "targets": mean(targets) if targets else None,
        "tasks": tasks,
    }
