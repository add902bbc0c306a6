"""The view of runs that tables, figures and sentences share: systems, and their means and spreads over seeds."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TypeVar

from crosslift.errors import InputError, nearest
from crosslift.report.runs.differences import Compared, Differences
from crosslift.runs.systems import System, Systems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crosslift.runs.run import Run
    from crosslift.runs.schema import Language, LogLine, Probe, Score, Stage, Summary

Value = TypeVar("Value")

PREFERRED_SELECTION = "source-dev"
"""The selection rule of every table that does not compare rules: zero-shot, and not arbitrary."""
TARGET_DEV = "target-dev"
"""The selection rule that uses labels of the target languages."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A value over seeds: mean, sample standard deviation (NaN below two), seeds with a value, examples."""

    mean: float = math.nan
    spread: float = math.nan
    seeds: int = 0
    items: int = 0

    @classmethod
    def of(cls, values: Iterable[float], *, items: int = 0) -> Self:
        """Summarize one value per seed; values that are not finite are left out and not counted as seeds."""
        finite = [value for value in values if math.isfinite(value)]
        return cls(
            mean=statistics.fmean(finite) if finite else math.nan,
            spread=statistics.stdev(finite) if len(finite) > 1 else math.nan,
            seeds=len(finite),
            items=items,
        )


@dataclass(frozen=True, slots=True)
class View:
    """One task and metric under one selection rule; `languages` has the source first."""

    task: str
    metric: str
    selection: str
    source: str | None
    languages: tuple[str, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """All languages except the source."""
        return tuple(language for language in self.languages if language != self.source)


@dataclass(frozen=True)
class ScoredSystem(System):
    """A system with its means over seeds."""

    def score(self, view: View, language: str) -> Statistic:
        """Return the score of a language, in percent."""
        scores = [score for run in self.runs for score in run.results.scores if _is(score, view)]
        found = [score for score in scores if score.language == language]
        return Statistic.of((score.value for score in found), items=max((score.items for score in found), default=0))

    def summary(self, view: View, field: str) -> Statistic:
        """Return a number of the runs' summaries: `target_mean`, `transfer_gap`, `source_value`, ..."""
        return Statistic.of(getattr(entry, field) for entry in self.summaries(view))

    def summaries(self, view: View) -> list[Summary]:
        """Return the runs' summaries of a view, at most one per seed."""
        return [entry for run in self.runs for entry in run.results.summary if _is(entry, view)]


def _is(entry: Score | Summary, view: View) -> bool:
    return (entry.task, entry.metric, entry.selection) == (view.task, view.metric, view.selection)


@dataclass(frozen=True, slots=True)
class Report:
    """The input of a renderer: systems (the first is the baseline), views, facts about languages, and notes."""

    systems: tuple[ScoredSystem, ...]
    views: tuple[View, ...]
    languages: Mapping[str, Language]
    differences: Differences = field(default_factory=Differences)
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Systems, differences: Differences | None = None) -> Self:
        """Arrange systems.

        Args:
            found: at least one system.
            differences: the comparisons of the others with the first.
        """
        runs = found.runs
        known = {code: language for run in reversed(runs) for code, language in run.results.languages.items()}
        systems = tuple(ScoredSystem(system.name, system.runs) for system in found.systems)
        return cls(systems, tuple(_views(runs)), known, differences or Differences(), found.notes)

    @property
    def baseline(self) -> ScoredSystem:
        """The first system."""
        return self.systems[0]

    @property
    def others(self) -> tuple[ScoredSystem, ...]:
        """All systems except the baseline."""
        return self.systems[1:]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs of all systems."""
        return tuple(run for system in self.systems for run in system.runs)

    @property
    def stages(self) -> list[str]:
        """The stages of all runs in order; runs with more stages are asked first for the place of each."""
        longest = sorted(self.runs, key=lambda run: -len(run.results.stages))
        return _unique(stage for run in longest for stage in _stages(run))

    @property
    def warnings(self) -> list[str]:
        """The warnings of all runs, each once."""
        return _unique(warning for run in self.runs for warning in run.results.warnings)

    def language(self, code: str) -> str:
        """Return the name of a language, or its code if the name is not known."""
        return self.languages[code].name if code in self.languages else code

    def distance(self, code: str) -> float:
        """Return the distance of a language from the source, 0 to 1; NaN if it is not known."""
        return self.languages[code].distance if code in self.languages else math.nan

    def against(self, system: System, view: View, over: str) -> Compared | None:
        """Return the comparison of a system with the baseline, over "target mean" or a language, if there is one."""
        return self.differences.rows.get((system.name, view.task, view.metric, view.selection, over))

    def is_tested(self, view: View) -> bool:
        """Return whether the differences of a view have intervals."""
        shown = (view.task, view.metric, view.selection)
        return any((task, metric, rule) == shown for _, task, metric, rule, _ in self.differences.rows)

    def rules(self, view: View) -> list[View]:
        """Return `view` under every selection rule that has scores, the preferred one first."""
        found = _unique(
            score.selection
            for run in self.runs
            for score in run.results.scores
            if (score.task, score.metric) == (view.task, view.metric)
        )
        found.sort(key=lambda rule: rule != PREFERRED_SELECTION)
        return [View(view.task, view.metric, rule, view.source, view.languages) for rule in found]


def _stages(run: Run) -> list[str]:
    entries: list[Stage | Probe | LogLine] = [*run.results.stages, *run.results.probes, *run.log]
    return [entry.stage for entry in entries]


def _views(runs: Sequence[Run]) -> Iterator[View]:
    scores = [score for run in runs for score in run.results.scores]
    summaries = [entry for run in runs for entry in run.results.summary]
    for task, metric in _unique([*((s.task, s.metric) for s in summaries), *((s.task, s.metric) for s in scores)]):
        own = [score for score in scores if (score.task, score.metric) == (task, metric)]
        rules = _unique(score.selection for score in own)
        source = next((entry.source for entry in summaries if (entry.task, entry.metric) == (task, metric)), None)
        languages = sorted(_unique(score.language for score in own), key=lambda code: code != source)
        rule = PREFERRED_SELECTION if PREFERRED_SELECTION in rules else next(iter(rules), PREFERRED_SELECTION)
        yield View(task, metric, rule, source, tuple(languages))


def _unique(values: Iterable[Value]) -> list[Value]:
    return list(dict.fromkeys(values))


def with_baseline(found: Systems, baseline: str | None) -> Systems:
    """Return systems with the baseline first: the named one, otherwise the one with the fewest stages.

    Args:
        found: the systems.
        baseline: name of a system or of a recipe.

    Raises:
        InputError: no run has the recipe `baseline`.
    """
    names = _unique(name for system in found.systems for name in (system.recipe, system.name))
    if baseline is not None and baseline not in names:
        raise InputError(
            f"baseline: no run has the recipe '{baseline}'{nearest(baseline, names)} (available: {', '.join(names)})"
        )

    def order(system: System) -> tuple[bool, int]:
        named = baseline in (system.recipe, system.name)
        return not named, min(len(run.results.stages) for run in system.runs)

    return Systems(tuple(sorted(found.systems, key=order)), found.notes)
