"""The view of a study's result that its page uses: look-ups by arm, task, metric and language."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from crosslift.errors import InputError
from crosslift.report.charts.colours import HUES, Style, hue
from crosslift.report.runs.differences import Compared
from crosslift.report.runs.view import PREFERRED_SELECTION, Statistic, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crosslift.studies.result import ArmResult, Grid, Judged, Map, Score, StudyResult

PAIRS = "mean of pairs"
SYMBOLS = ("circle", "diamond", "square", "triangle-up")
DASHES = ("solid", "dash", "dot", "dashdot")
MANY = 8
"""Hypotheses beyond which a study is a ledger: the table of verdicts comes first."""


@dataclass(frozen=True)
class Study:
    """A result, with look-ups for its page."""

    result: StudyResult
    compared: tuple[Compared, ...]

    @classmethod
    def of(cls, result: StudyResult) -> Self:
        """Arrange a result.

        Raises:
            InputError: a comparison, a grid or a map is malformed.
        """
        _check(result)
        return cls(result, tuple(_compared(result.comparisons)))

    @property
    def is_ledger(self) -> bool:
        """Whether verdicts come first: there are many, or nothing was run."""
        return len(self.result.hypotheses) > MANY or not self.result.arms

    @property
    def others(self) -> list[ArmResult]:
        """All arms except the baseline."""
        return [arm for arm in self.result.arms if arm.name != self.result.baseline]

    @property
    def baseline(self) -> ArmResult | None:
        """The baseline, if it was run."""
        return next((arm for arm in self.result.arms if arm.name == self.result.baseline), None)

    @property
    def arms(self) -> list[ArmResult]:
        """All arms, the baseline first."""
        return [*filter(None, [self.baseline]), *self.others]

    @cached_property
    def styles(self) -> Mapping[str, Style]:
        """Colour, symbol and dash by arm: grey for the baseline; colours repeat with another symbol and dash."""
        found = {self.result.baseline: Style(hue(0))}
        hues = len(HUES) - 1
        for place, arm in enumerate(self.others):
            turn = place // hues % len(SYMBOLS)
            symbol = f"{SYMBOLS[turn]}-open" if arm.control else SYMBOLS[turn]
            found[arm.name] = Style(hue(1 + place % hues), symbol, DASHES[turn])
        return found

    @property
    def hues(self) -> dict[str, str]:
        """Colours of the arms, by name."""
        return {arm.name: self.styles[arm.name].colour for arm in self.arms}

    def language(self, code: str) -> str:
        """Return the name of a language, or its code if the name is not known."""
        return self.result.languages[code].name if code in self.result.languages else code

    @cached_property
    def views(self) -> tuple[View, ...]:
        """Every task and metric that has scores, tasks in the study's order."""
        scored = [score for score in self.result.scores if score.kind in ("language", "summary")]
        tasks = [*self.result.tasks, *(score.task for score in scored)]
        pairs = dict.fromkeys((task, s.metric) for task in dict.fromkeys(tasks) for s in scored if s.task == task)
        return tuple(self._view(task, metric, scored) for task, metric in pairs)

    def _view(self, task: str, metric: str, scored: Iterable[Score]) -> View:
        own = [score for score in scored if (score.task, score.metric) == (task, metric)]
        source = self.result.source
        codes = dict.fromkeys(score.over for score in own if score.kind == "language")
        languages = sorted(codes, key=lambda code: code != source)
        rule = next((score.selection for score in own if score.selection), PREFERRED_SELECTION)
        return View(task, metric, rule, source if source in codes else None, tuple(languages))

    def is_main(self, view: View) -> bool:
        """Whether a view shows the first metric of its task."""
        return view == next(other for other in self.views if other.task == view.task)

    def arms_of(self, view: View) -> list[ArmResult]:
        """Return the arms that have scores of a view, the baseline first."""
        names = {score.arm for score in self.result.scores if (score.task, score.metric) == (view.task, view.metric)}
        return [arm for arm in self.arms if arm.name in names]

    @cached_property
    def _values(self) -> Mapping[tuple[str, str, str, str, str], Statistic]:
        found: dict[tuple[str, str, str, str, str], Statistic] = {}
        for score in self.result.scores:
            key = (score.arm, score.task, score.metric, score.kind, score.over)
            found.setdefault(key, Statistic.of(score.values))
        return found

    def score(self, arm: str, view: View, kind: str, over: str) -> Statistic:
        """Return a number of an arm over seeds; see `crosslift.studies.result.Score` for `kind` and `over`."""
        return self._values.get((arm, view.task, view.metric, kind, over), Statistic())

    def any_of(self, arm: str, view: View, kind: str) -> Statistic:
        """Return the one number of a kind that an arm has on a task, whatever it is over."""
        found = (
            value
            for (name, task, metric, its_kind, _), value in self._values.items()
            if (name, task, its_kind) == (arm, view.task, kind) and metric in (view.metric, kind)
        )
        return next(found, Statistic())

    def against(self, arm: str, view: View, over: str, *, generalized: bool = False) -> Compared | None:
        """Return the comparison of an arm with the baseline, if there is one."""
        wanted = (arm, view.task, view.metric, over, generalized)
        rows = (row for row in self.compared if row.baseline in ("", self.result.baseline))
        return next((r for r in rows if (r.system, r.task, r.metric, r.over, r.generalized) == wanted), None)

    def gains(self, arm: str, view: View) -> list[tuple[str, Compared]]:
        """Return (language, comparison) of every target language in which an arm was compared."""
        found = ((code, self.against(arm, view, code)) for code in view.targets)
        return [(code, row) for code, row in found if row and math.isfinite(row.effect)]

    def distance(self, code: str) -> float:
        """Return the distance of a language from the source, 0 to 1; NaN if it is not known."""
        return self.result.languages[code].distance if code in self.result.languages else math.nan

    def grids(self, view: View) -> list[Grid]:
        """Return the grids of a view in the order of the arms."""
        order = [arm.name for arm in self.arms]
        own = [g for g in self.result.grids if (g.task, g.metric) == (view.task, view.metric) and g.arm in order]
        return sorted(own, key=lambda grid: order.index(grid.arm))

    def hypotheses(self, verdict: str) -> list[Judged]:
        """Return the hypotheses with a verdict."""
        return [one for one in self.result.hypotheses if one.verdict == verdict]


def _compared(rows: Iterable[Mapping[str, Any]]) -> Iterator[Compared]:
    for place, row in enumerate(rows):
        try:
            yield Compared.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise InputError(f"study.json: comparisons.{place}.{key}: {first['msg']}") from error


def _check(result: StudyResult) -> None:
    for place, grid in enumerate(result.grids):
        size = len(grid.languages)
        if [len(row) for row in grid.cells] != [size] * size:
            raise InputError(
                f"study.json: grids.{place}.cells: expected {size} rows of {size} numbers, one per language"
            )
    for place, drawn in enumerate(result.maps):
        lengths = _lengths(drawn)
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{count} in {name}" for name, count in lengths.items())
            raise InputError(f"study.json: maps.{place}: expected equal lengths, one entry per sentence; found {found}")


def _lengths(drawn: Map) -> dict[str, int]:
    names = ("languages", "meanings", "tsne", "pca", *(("texts",) if drawn.texts else ()))
    return {name: len(getattr(drawn, name)) for name in names}
