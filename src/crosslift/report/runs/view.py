"""Runs as systems: means and spreads over seeds."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TypeVar

from crosslift.errors import InputError, nearest
from crosslift.report.runs.differences import Compared, Differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crosslift.runs.schema import Language, LogLine, Probe, Run, Score, Stage, Summary

Value = TypeVar("Value")

PREFERRED_SELECTION = "source-dev"
"""The checkpoint rule of every table that does not compare rules: zero-shot, and not arbitrary."""
ORACLE = "target-dev"
"""The rule that sees labels of the target languages."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A value over seeds: mean, sample standard deviation (NaN below two), seeds with a value, examples."""

    mean: float = math.nan
    spread: float = math.nan
    seeds: int = 0
    items: int = 0

    @classmethod
    def of(cls, values: Iterable[float], *, items: int = 0) -> Self:
        """Summarise one value a seed; values that are not finite are left out and not counted as seeds."""
        finite = [value for value in values if math.isfinite(value)]
        return cls(
            mean=statistics.fmean(finite) if finite else math.nan,
            spread=statistics.stdev(finite) if len(finite) > 1 else math.nan,
            seeds=len(finite),
            items=items,
        )


@dataclass(frozen=True, slots=True)
class View:
    """One task and metric under one checkpoint rule; `languages` has the source first."""

    task: str
    metric: str
    selection: str
    source: str | None
    languages: tuple[str, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """The languages but the source."""
        return tuple(language for language in self.languages if language != self.source)


@dataclass(frozen=True, slots=True)
class System:
    """A recipe without its seed: its runs, ordered by seed."""

    name: str
    runs: tuple[Run, ...]

    def score(self, view: View, language: str) -> Statistic:
        """Return the score of a language, in percent."""
        scores = [score for run in self.runs for score in run.results.scores if _is(score, view)]
        found = [score for score in scores if score.language == language]
        return Statistic.of((score.value for score in found), items=max((score.items for score in found), default=0))

    def summary(self, view: View, field: str) -> Statistic:
        """Return a number of the runs' summaries: ``target_mean``, ``transfer_gap``, ``source_value``, ..."""
        return Statistic.of(getattr(entry, field) for entry in self.summaries(view))

    def summaries(self, view: View) -> list[Summary]:
        """Return the runs' summaries of a view, at most one a seed."""
        return [entry for run in self.runs for entry in run.results.summary if _is(entry, view)]

    @property
    def seeds(self) -> int:
        """How many runs there are."""
        return len(self.runs)


def _is(entry: Score | Summary, view: View) -> bool:
    return (entry.task, entry.metric, entry.selection) == (view.task, view.metric, view.selection)


@dataclass(frozen=True, slots=True)
class Report:
    """What a renderer needs: systems (the first is the baseline), views, and facts about languages."""

    systems: tuple[System, ...]
    views: tuple[View, ...]
    languages: Mapping[str, Language]
    differences: Differences = field(default_factory=Differences)

    @classmethod
    def of(cls, runs: Sequence[Run], differences: Differences | None = None) -> Self:
        """Group runs, keeping the order in which their recipes first appear.

        Args:
            runs: at least one.
            differences: what `crosslift compare` says of them.
        """
        groups: dict[str, list[Run]] = {}
        for run in runs:
            groups.setdefault(run.results.recipe, []).append(run)
        systems = tuple(
            System(name, tuple(sorted(group, key=lambda run: run.results.seed))) for name, group in groups.items()
        )
        known = {code: language for run in reversed(runs) for code, language in run.results.languages.items()}
        return cls(systems, tuple(_views(runs)), known, differences or Differences())

    @property
    def baseline(self) -> System:
        """The first system."""
        return self.systems[0]

    @property
    def others(self) -> tuple[System, ...]:
        """The systems but the baseline."""
        return self.systems[1:]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs of every system."""
        return tuple(run for system in self.systems for run in system.runs)

    @property
    def stages(self) -> list[str]:
        """Stages of all runs in their order; a run with more stages knows better where each one stands."""
        longest = sorted(self.runs, key=lambda run: -len(run.results.stages))
        return _unique(stage for run in longest for stage in _stages(run))

    @property
    def warnings(self) -> list[str]:
        """What the runs warn of, each thing once."""
        return _unique(warning for run in self.runs for warning in run.results.warnings)

    def language(self, code: str) -> str:
        """Return the name of a language, or its code where the name is not known."""
        return self.languages[code].name if code in self.languages else code

    def distance(self, code: str) -> float:
        """Return how far a language is from the source, 0 to 1; not a number where it is not known."""
        return self.languages[code].distance if code in self.languages else math.nan

    def against(self, system: System, view: View, over: str) -> Compared | None:
        """Return the comparison of a system with the baseline, over "target mean" or in a language, if there is one."""
        return self.differences.rows.get((system.name, view.task, view.metric, view.selection, over))

    def is_tested(self, view: View) -> bool:
        """Return whether the differences that a view shows come with intervals."""
        shown = (view.task, view.metric, view.selection)
        return any((task, metric, rule) == shown for _, task, metric, rule, _ in self.differences.rows)

    def rules(self, view: View) -> list[View]:
        """Return `view` under every checkpoint rule that has scores, the preferred one first."""
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


def _views(runs: Sequence[Run]) -> Iterable[View]:
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


def with_baseline(runs: Sequence[Run], baseline: str | None) -> list[Run]:
    """Order runs so that the baseline comes first: the named recipe, else the one with the fewest stages.

    Raises:
        InputError: no run has the recipe `baseline`.
    """
    names = _unique(run.results.recipe for run in runs)
    if baseline is not None and baseline not in names:
        raise InputError(
            f"baseline: no run has the recipe '{baseline}'{nearest(baseline, names)} (available: {', '.join(names)})"
        )
    return sorted(runs, key=lambda run: (run.results.recipe != baseline, len(run.results.stages)))
