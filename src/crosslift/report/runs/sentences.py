"""Sentences made from the data: the title, the summary, the findings, and the limitations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from crosslift.report.runs.differences import TARGETS
from crosslift.report.runs.view import PREFERRED_SELECTION, Report, ScoredSystem, View
from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW_SEEDS = 5
FEW_ITEMS = 1000
LAB_VALUES = ("lab", "scratch:mini")
"""Values of a recipe that say its languages or its encoder come from the lab."""


def title(report: Report) -> str:
    """Return the title of the page."""
    first = report.baseline.name
    if len(report.systems) == 1:
        return first
    return f"{report.others[0].name} against {first}" if len(report.systems) == 2 else f"{len(report.systems)} systems"


def summary(report: Report) -> str:
    """Return the result of the first task in plain words."""
    if not report.views:
        return "These runs have no scores."
    view = report.views[0]
    if not report.baseline.summaries(view):
        return f"{report.baseline.name} has scores of {view.task} in {fmt.plural(len(view.languages), 'language')}."
    sentences = [_change(report, view, system) for system in report.others] or [_single(report, view)]
    return " ".join([*sentences, _extremes(report, view)]).strip()


def findings(report: Report, view: View) -> list[str]:
    """Return a sentence per system whose target mean was tested, and the test; nothing if none was."""
    rows = [report.against(system, view, TARGETS) for system in report.others]
    sentences = [row.sentence for row in rows if row]
    return [*sentences, report.differences.test] if sentences else []


def _single(report: Report, view: View) -> str:
    system = report.baseline
    source, mean, gap = (_mean(system, view, field) for field in ("source_value", "target_mean", "transfer_gap"))
    return (
        f"Trained on {_source(report, view)} only, {system.name} reaches {source} percent {fmt.words(view.metric)} on "
        f"{view.task} in {_source(report, view)} and {mean} on average in "
        f"{fmt.plural(len(view.targets), 'other language')} ({fmt.plural(len(system.seeds), 'seed')}). "
        f"The transfer gap is {gap} points."
    )


def _change(report: Report, view: View, system: ScoredSystem) -> str:
    before, after = (s.summary(view, "target_mean").mean for s in (report.baseline, system))
    gap_before, gap_after = (s.summary(view, "transfer_gap").mean for s in (report.baseline, system))
    if not all(map(math.isfinite, (before, after))):
        return f"{system.name} and {report.baseline.name} have no target mean in common on {view.task}."
    seeds = fmt.seeds(len(report.baseline.seeds), len(system.seeds))
    verb, fell = _verb(after - before, "raised", "lowered"), _verb(gap_after - gap_before, "grew", "fell")
    return (
        f"{system.name} {verb} the mean of {fmt.plural(len(view.targets), 'target language')} on {view.task} "
        f"{_from_to(before, after)} percent {fmt.words(view.metric)} ({seeds}); "
        f"the transfer gap {fell} {_from_to(gap_before, gap_after)} points."
    )


def _verb(change: float, up: str, down: str) -> str:
    if not math.isfinite(change) or abs(change) < 0.05:
        return "left" if up == "raised" else "stayed"
    return up if change > 0 else down


def _from_to(before: float, after: float) -> str:
    first, second = fmt.score(before), fmt.score(after)
    return f"at {first}" if first == second else f"from {first} to {second}"


def _extremes(report: Report, view: View) -> str:
    """Name the targets at both ends: of the score of one system, or of the change between two."""
    if len(report.systems) > 2:
        return ""
    values = {code: report.systems[-1].score(view, code).mean for code in view.targets}
    if report.others:
        values = {code: value - report.baseline.score(view, code).mean for code, value in values.items()}
    finite = {code: value for code, value in values.items() if math.isfinite(value)}
    if not finite:
        return ""
    write = fmt.difference if report.others else fmt.score
    ends = [choose(finite, key=lambda code: finite[code]) for choose in (min, max)]
    if write(finite[ends[0]]) == write(finite[ends[1]]):
        return ""
    low, high = (f"{write(finite[code])} in {report.language(code)}" for code in ends)
    return f"By language, the {'change' if report.others else 'score'} ranges from {low} to {high}."


def _mean(system: ScoredSystem, view: View, field: str) -> str:
    return fmt.score(system.summary(view, field).mean)


def _source(report: Report, view: View) -> str:
    return report.language(view.source) if view.source else "the source language"


def limitations(report: Report) -> list[str]:
    """Return the limitations that the runs themselves show."""
    return [*report.notes, *_seed_limits(report), *_lab_limits(report), *_data_limits(report)]


def _seed_limits(report: Report) -> Iterator[str]:
    fewest = min(len(system.seeds) for system in report.systems)
    if fewest == 1:
        yield "One seed says nothing about chance: another seed of the same recipe may differ by several points."
    elif fewest < FEW_SEEDS:
        yield (
            f"{fewest} seeds give only a rough idea of the spread; the standard deviations here are themselves "
            "uncertain."
        )
    untested = [view.task for view in report.views if not report.is_tested(view)]
    if report.others and untested:
        where = "" if len(untested) == len(report.views) else f" on {fmt.joined(list(dict.fromkeys(untested)))}"
        why = f" ({report.differences.reason})" if report.differences.reason else ""
        yield (
            f"Differences{where} are not tested here{why}. The command crosslift compare tests them over examples, "
            "languages and seeds; a difference smaller than the spread is not a finding."
        )


def _lab_limits(report: Report) -> Iterator[str]:
    if any(_has_value(run.values, LAB_VALUES) for run in report.runs):
        yield (
            "The lab is artificial: its languages are generated, and its encoder is small and trained from scratch. It "
            "shows how methods differ; its numbers are not those of natural languages."
        )


def _data_limits(report: Report) -> Iterator[str]:
    scores = [score for run in report.runs for score in run.results.scores]
    fewest = min((score.items for score in scores if score.items), default=FEW_ITEMS)
    if fewest < FEW_ITEMS:
        half_width = fmt.score(196 * math.sqrt(0.25 / fewest))
        yield (
            f"The smallest test set has {fmt.plural(fewest, 'example')}: by the choice of examples alone, a proportion "
            f"near 50 percent is uncertain by ± {half_width} points (95 percent, normal approximation)."
        )
    missing = sum(not math.isfinite(score.value) for score in scores)
    if missing:
        verb = "is not a number and was" if missing == 1 else "are not numbers and were"
        yield f"{fmt.plural(missing, 'score')} {verb} left out of the means."
    for view in report.views:
        yield from _coverage(report, view)


def _coverage(report: Report, view: View) -> Iterator[str]:
    for system in report.systems:
        lacking = [report.language(code) for code in view.languages if not system.score(view, code).seeds]
        if lacking:
            yield (
                f"{system.name} has no {fmt.words(view.metric)} of {view.task} in {fmt.joined(lacking)}; a mean over "
                "fewer languages is not comparable."
            )
    if view.selection != PREFERRED_SELECTION:
        yield (
            f"{view.task} was not scored at the checkpoint that source development data selects; shown: "
            f"{view.selection}."
        )


def _has_value(value: Any, wanted: tuple[str, ...]) -> bool:
    if isinstance(value, dict):
        return any(_has_value(inner, wanted) for inner in value.values())
    if isinstance(value, list):
        return any(_has_value(inner, wanted) for inner in value)
    return value in wanted
