"""Measurements that need no training: each is a file of `crosslift.studies.measurements` with a function `measure`."""

from __future__ import annotations

from collections.abc import Iterable

from crosslift.studies.plugins import module
from crosslift.studies.rules import Measured, Rule


def measure(rules: Iterable[Rule]) -> dict[str, dict[str, float]]:
    """Return the numbers of every measurement that rules need, by its name.

    Raises:
        RecipeError: there is no such measurement.
    """
    wanted = dict.fromkeys(rule.measurement for rule in rules if isinstance(rule, Measured))
    return {name: module("measurements", name).measure() for name in wanted}
