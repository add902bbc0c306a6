"""Records -> scores: a number with its task, language, metric, items and selection.  Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from crosslift import _shelf
from crosslift.evaluation.calibration import calibration_error
from crosslift.tasks._task import Task


def scores(
    task: Task, labels: Sequence[str], language: str, records: Sequence[Mapping[str, Any]], *, selection: str
) -> list[dict[str, Any]]:
    """Return one row a metric of the task, in percent; `labels` are those the data has (the lab's may differ).

    Where records have probabilities, a row says in percentage points how far they are from being right that often.
    """
    error = calibration_error(records)
    return [
        {
            "task": task.name,
            "language": language,
            "metric": metric,
            "value": _shelf.load("metric", metric)(labels)(records),
            "items": len(records),
            "selection": selection,
            **({} if error is None else {"calibration_error": error}),
        }
        for metric in task.metrics
    ]


def summary(rows: Iterable[Mapping[str, Any]], source: str) -> list[dict[str, Any]]:
    """Return averages over languages of every (task, metric, selection), in percent and percentage points.

    `target_mean` leaves the source out; `all_mean` is for comparison with published tables; `transfer_gap` is source
    minus target mean, None where the source was not scored.
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
