"""Scores of records: a value with its task, language, metric, number of items and selection rule.  Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any

import numpy as np

from crosslift.api import registry
from crosslift.api.task import Task


def scores(
    task: Task, labels: Sequence[str], language: str, records: Sequence[Mapping[str, Any]], *, selection: str
) -> list[dict[str, Any]]:
    """Return one row per metric of the task, in percent.

    If records have probabilities, rows also have their `calibration_error` in percentage points.

    Args:
        task: the task.
        labels: labels of the data (the lab's may differ from the task's).
        language: language of the records.
        records: predictions and gold labels.
        selection: selection rule, for the rows.
    """
    error = calibration_error(records)
    return [
        {
            "task": task.name,
            "language": language,
            "metric": metric,
            "value": registry.load("metric", metric)(labels)(records),
            "items": len(records),
            "selection": selection,
            **({} if error is None else {"calibration_error": error}),
        }
        for metric in task.metrics
    ]


def summary(rows: Iterable[Mapping[str, Any]], source: str) -> list[dict[str, Any]]:
    """Return averages over languages of every (task, metric, selection), in percent and percentage points.

    `target_mean` excludes the source; `all_mean` is for comparison with published tables; `transfer_gap` is the source
    score minus the target mean, None if the source was not scored.
    """
    groups: dict[tuple[str, str, str], dict[str, float]] = {}
    for row in rows:
        group = groups.setdefault((row["task"], row["metric"], row["selection"]), {})
        group[row["language"]] = row["value"]
    return [
        {
            "task": task,
            "metric": metric,
            "selection": selection,
            "source": source,
            **_averages(values, source),
        }
        for (task, metric, selection), values in groups.items()
    ]


def _averages(values: Mapping[str, float], source: str) -> dict[str, Any]:
    targets = {language: value for language, value in values.items() if language != source}
    mean = float(np.mean(list(targets.values()))) if targets else None
    worst = min(targets, key=targets.__getitem__, default=None)
    own = values.get(source)
    return {
        "source_value": own,
        "target_mean": mean,
        "all_mean": float(np.mean(list(values.values()))),
        "target_min": targets[worst] if worst is not None else None,
        "target_min_language": worst,
        "transfer_gap": own - mean if own is not None and mean is not None else None,
        "targets": len(targets),
    }


GROUPINGS = ("family", "script", "resources")


def by_group(
    scores: Iterable[Mapping[str, Any]], facts: Mapping[str, Mapping[str, Any]], source: str
) -> list[dict[str, Any]]:
    """Return means over the target languages of each family, script and level of resources.

    Args:
        scores: rows of results.json.
        facts: facts about each language, by code; a language without a fact is in no group of that grouping.
        source: the source language, which is in no group.

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


BINS = 15
"""Number of confidence bins of the calibration error."""


def calibration_error(records: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the expected calibration error in percentage points, or None if records have no probabilities.

    It is the mean, over 15 equally wide bins of confidence and weighted by their number of records, of the distance
    between accuracy and mean confidence.  An answer is right if it equals an accepted one exactly.  Paper: Guo et al.
    2017, arXiv 1706.04599, equation 3.
    """
    labelled = [record for record in records if record.get("gold") is not None and "probability" in record]
    if not labelled:
        return None
    confidence = np.array([record["probability"] for record in labelled])
    right = np.array([_is_right(record["prediction"], record["gold"]) for record in labelled], dtype=float)
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(100 * np.abs(gaps).sum() / len(labelled))


def _is_right(prediction: Any, gold: Any) -> bool:
    """Return whether a prediction equals the gold one, or one of several accepted answers."""
    return prediction in gold if isinstance(prediction, str) and isinstance(gold, list) else bool(prediction == gold)
