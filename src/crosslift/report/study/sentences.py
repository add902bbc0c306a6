"""Sentences of a study's page, all made from its data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crosslift.report.runs.differences import TARGETS
from crosslift.report.runs.sentences import FEW_SEEDS
from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study
    from crosslift.studies.result import Judged

VERDICTS = ("confirmed", "refuted", "inconclusive", "recorded")
MEANING = {
    "confirmed": "the 95% interval is on the claimed side, or what was measured is as stated",
    "refuted": "the interval is on the other side, or what was measured is not as stated",
    "inconclusive": "the study could not decide",
    "recorded": "a fact or setting that no experiment decides; crosslift does as stated, as a test shows",
}
STATED = 8
"""Verdicts up to which an abstract states each one."""


def abstract(study: Study) -> list[str]:
    """Return the abstract as paragraphs: the question, the method, and the results."""
    verdicts = _stated(study) if len(study.result.hypotheses) <= STATED else _listed(study)
    found = [" ".join(study.result.question.split()), f"{_method(study)} {_counts(study)}", " ".join(verdicts)]
    return [part for part in (*found, f"{_best(study)} {_missing(study)}".strip()) if part]


def _method(study: Study) -> str:
    found = study.result
    if not found.arms:
        return "No run is part of this study: its claims are judged by direct measurements, or recorded."
    controls = sum(arm.control for arm in found.arms)
    which = f", {controls} of them {'a control' if controls == 1 else 'controls'}," if controls else ""
    arms = fmt.plural(len(found.arms), "arm") + which
    verb = "was" if len(found.arms) == 1 else "were"
    tasks = fmt.joined(found.tasks) or "no task"
    return f"At scale {found.scale}, {arms} {verb} run on {tasks} with {fmt.plural(len(found.seeds), 'seed')} each."


def _counts(study: Study) -> str:
    counts = [(len(study.hypotheses(verdict)), verdict) for verdict in VERDICTS]
    parts = [f"{count} {'is' if count == 1 else 'are'} {verdict}" for count, verdict in counts if count]
    total = fmt.plural(len(study.result.hypotheses), "hypothesis")
    return f"Of {total}, each stated with its rule before the results, {fmt.joined(parts)}."


def _stated(study: Study) -> Iterator[str]:
    for verdict in VERDICTS:
        for one in study.hypotheses(verdict):
            yield f"{verdict.capitalize()} ({one.name}): {one.statement.rstrip('. ')}{_with_effect(one)}."


def _with_effect(one: Judged) -> str:
    if not math.isfinite(one.effect) or not math.isfinite(one.low):
        return ""
    seeds = fmt.plural(one.seeds, "seed")
    return f": {fmt.effect(one.effect, one.low, one.high)} {one.unit}, {seeds}"


def _listed(study: Study) -> Iterator[str]:
    for verdict in VERDICTS:
        names = [one.name for one in study.hypotheses(verdict)]
        if names:
            yield f"{verdict.capitalize()}: {fmt.joined(names)}."


def _best(study: Study) -> str:
    """Name the method and the control that gain most on the first task: the control may explain the method's gain."""
    if not study.views:
        return ""
    view = study.views[0]
    rows = {arm.name: row for arm in study.others if (row := study.against(arm.name, view, TARGETS))}
    finite = {name: row for name, row in rows.items() if math.isfinite(row.effect)}
    if not finite:
        return ""
    controls = {arm.name for arm in study.others if arm.control}
    methods = [name for name in finite if name not in controls]
    groups = {"methods": methods, "controls": [name for name in finite if name in controls]}
    tops = {noun: max(names, key=lambda name: finite[name].effect) for noun, names in groups.items() if names}
    gains = {name: fmt.effect(finite[name].effect, *finite[name].interval) for name in tops.values()}
    parts = [f"of the {noun}, {name} ({gains[name]} points)" for noun, name in tops.items()]
    return f"Highest target mean on {view.task}: {'; '.join(parts)}, against {study.result.baseline}."


def _missing(study: Study) -> str:
    missing = sum(one.kind == "missing" for one in study.result.failures)
    failed = sum(one.kind == "failed" for one in study.result.failures)
    parts = [*([f"{fmt.plural(failed, 'run')} failed"] if failed else [])]
    parts += [f"{fmt.plural(missing, 'run')} {'is' if missing == 1 else 'are'} missing"] if missing else []
    return f"{fmt.joined(parts)}: see below." if parts else ""


def grounds(one: Judged) -> str:
    """Return the grounds of a verdict in a few words."""
    if one.verdict == "recorded" and one.test:
        return f"Shown by {one.test}"
    if one.reason:
        return one.reason
    if not one.findings:
        return one.rule
    first = one.findings[0]
    parts = [first.text]
    if first.languages:
        parts.append(f"{first.agree} of {fmt.plural(first.languages, 'language')} agree")
    if math.isfinite(first.p):
        parts.append(fmt.p_value(first.p))
    if len(one.findings) > 1:
        parts.append(f"{fmt.plural(len(one.findings), 'finding')} in all")
    return "; ".join(parts)


def published(one: Judged) -> str:
    """Return the numbers that a claim's source reports."""
    return "; ".join(f"{name}: {fmt.number(value)}" for name, value in one.published.items())


def limitations(study: Study) -> list[str]:
    """Return the limitations that the study states, and those that its data shows."""
    return [*study.result.limitations, *_from_data(study)]


def _from_data(study: Study) -> Iterator[str]:
    found = study.result
    if found.arms and len(found.seeds) < FEW_SEEDS:
        seeds = fmt.plural(len(found.seeds), "seed")
        yield f"{seeds} per arm: the spread between runs is itself uncertain, and intervals are wide."
    if found.scale == "lab":
        yield (
            "The lab's languages are artificial and its encoder is small: it shows how methods differ; its numbers are "
            "not those of natural languages."
        )
    unscored = [task for task in found.tasks if not any(score.task == task for score in found.scores)]
    if unscored:
        yield f"No scores are recorded for {fmt.joined(unscored)}."
    with_warnings = {one.arm for one in found.failures if one.kind == "warning"}
    if with_warnings:
        yield f"Runs of {fmt.joined(sorted(with_warnings))} have warnings, listed under failures."


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text, which blank lines separate."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
