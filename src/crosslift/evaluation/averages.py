"""Averages over groups of languages, and the score of a whole benchmark.  Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any

QUESTION_ANSWERING = (("f1", "exact_match"), ("mlqa_f1", "mlqa_exact_match"))
"""Metrics whose mean is the score of a task that answers questions: by SQuAD's rule, and by MLQA's."""
GROUPINGS = ("family", "script", "resources")


def by_group(
    scores: Iterable[Mapping[str, Any]], facts: Mapping[str, Mapping[str, Any]], source: str
) -> list[dict[str, Any]]:
    """Return the means over target languages of one family, one script, or one level of resources.

    Args:
        scores: rows of results.json.
        facts: what is known of each language, by code; a language without a fact is in no group of that kind.
        source: the language trained on, which is in no group.

    Returns:
        Rows of (task, metric, selection, grouping, group, value in percent, languages).
    """
    groups: dict[tuple[str, str, str, str, str], dict[str, float]] = {}
    for row in scores:
        for grouping in GROUPINGS:
            group = facts.get(row["language"], {}).get(grouping)
            if group and row["language"] != source:
                key = (row["task"], row["metric"], row["selection"], grouping, group)
                groups.setdefault(key, {})[row["language"]] = row["value"]
    names = ("task", "metric", "selection", "grouping", "group")
    return [
        {**dict(zip(names, key, strict=True)), "value": mean(values.values()), "languages": list(values)}
        for key, values in groups.items()
    ]


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
        counted = next((both for both in QUESTION_ANSWERING if set(both) <= set(names)), names[:1])
        rows = [row for row in summary if row["task"] == task and row["metric"] in counted]
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
