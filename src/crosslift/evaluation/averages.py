"""Averages over groups of languages.  Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import mean
from typing import Any

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
