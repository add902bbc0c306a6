"""Designs: the tasks, metrics, languages and items that all runs share; notes say what is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from crosslift.api import registry
from crosslift.api.metric import Metric
from crosslift.comparison.records import Counts, read_counts
from crosslift.comparison.scored import Scored, ScoredRun
from crosslift.errors import InputError
from crosslift.runs.systems import System
from crosslift.tables import format as fmt

MEAN, PAIRS = "target mean", "mean of pairs"
"""Names of the means: over target languages, and over all ordered pairs of languages."""
_EVALUATED = re.compile(r"evaluate\.\d+\.task")
SHOWN_SYSTEMS = 4
"""Systems whose tasks an error lists."""
TOLERANCE = 0.05
"""Points that a score may differ from the one in results.json."""


@dataclass(frozen=True)
class Design:
    """One task and metric of all systems.

    Args:
        task: the name of the task.
        metric: the name of the metric.
        first: whether it is the task's first metric.
        selection: the selection rule, or the rules if systems differ.
        mean: the name of the mean.
        targets: the languages, or pairs of languages, that the mean is over.
        languages: every language scored, targets first.
        counts: by language, for the runs of all systems in order.
        joint: whether items of one id are resampled together in all languages.
    """

    task: str
    metric: str
    first: bool
    selection: str
    mean: str
    targets: tuple[str, ...]
    languages: tuple[str, ...]
    counts: Mapping[str, Counts]
    joint: bool


def designs(
    systems: Sequence[System], *, selection: str | None, generalized: bool, advance: Callable[[], None]
) -> tuple[list[Design], list[str]]:
    """Return the designs in the order of the baseline's recipe, and notes on what is left out.

    Args:
        systems: the baseline first.
        selection: a selection rule; None takes the weights that each run saved.
        generalized: whether pairs of languages are compared.
        advance: called when a language has been read.

    Raises:
        InputError: no task in common, a rule that a run lacks.
        DataError: predictions that are damaged or of other items.
    """
    by_system = {system.name: [ScoredRun(run, generalized) for run in system.runs] for system in systems}
    runs = [run for own in by_system.values() for run in own]
    tasks, notes = _shared("task", {run: run.tasks for run in runs}, "")
    if not tasks:
        raise InputError(_nothing_shared(by_system, generalized=generalized))
    found = []
    for task in sorted(tasks, key=_order(runs[0])):
        made, more = _task_designs(task, runs, selection, advance)
        found += made
        notes += more
    if not found:
        raise InputError(f"nothing is left to compare: {' '.join(notes)}")
    return found, notes


def languages_to_read(systems: Sequence[System], *, generalized: bool) -> int:
    """Return about how many languages `designs` will read."""
    first = ScoredRun(systems[0].runs[0], generalized)
    return len({(score.task, score.language) for score in first.scores})


def _nothing_shared(by_system: Mapping[str, Sequence[ScoredRun]], *, generalized: bool) -> str:
    """Return the error of runs without a common task, which lists the tasks of each system."""
    tasks = {name: dict.fromkeys(task for run in runs for task in run.tasks) for name, runs in by_system.items()}
    listed = [f"{name}: {', '.join(own) or 'none'}" for name, own in tasks.items()]
    rest = [f"and {len(listed) - SHOWN_SYSTEMS} more systems"] if len(listed) > SHOWN_SYSTEMS else []
    setting = " in the generalized setting" if generalized else ""
    scored = "; ".join([*listed[:SHOWN_SYSTEMS], *rest])
    return f"the runs have no task in common{setting} ({scored}), so there is nothing to compare"


def _order(run: ScoredRun) -> Callable[[str], int]:
    """Return a task's place in a recipe: the fine-tuned task, those evaluated, then any others."""
    settings = run.run.settings
    evaluated = [str(value) for key, value in settings.items() if _EVALUATED.fullmatch(key)]
    named = [str(settings.get("finetune.task")), *evaluated]
    return lambda task: named.index(task) if task in named else len(named)


def _task_designs(
    task: str, runs: Sequence[ScoredRun], selection: str | None, advance: Callable[[], None]
) -> tuple[list[Design], list[str]]:
    rules = {run: run.rule(task, selection) for run in runs}
    scored = {run: run.under(task, rules[run]) for run in runs}
    by_run = {run: [score.language for score in scores] for run, scores in scored.items()}
    languages, notes = _shared("language", by_run, f" of {task}")
    by_run = {run: [score.metric for score in scores] for run, scores in scored.items()}
    metrics, more = _shared("metric", by_run, f" of {task}")
    notes += more
    if not languages or not metrics:
        return [], [*notes, f"{task} is left out: no {'metric' if languages else 'language'} is common to all runs."]
    shown = " and ".join(dict.fromkeys(rules.values()))
    if len(set(rules.values())) > 1:
        notes.append(f"Checkpoints of {task} were selected by different rules ({shown}); --selection sets one for all.")
    generalized = runs[0].generalized
    summaries = () if generalized else [row for run in runs for row in run.run.results.summary if row.task == task]
    sources = {row.source for row in summaries}
    targets = tuple(language for language in languages if language not in sources)
    ordered = (*targets, *(language for language in languages if language in sources))
    makers = {name: partial(_metric, task, name) for name in metrics}
    read = {}
    for language in ordered:
        paths = [run.predictions(task, rules[run]) / f"{language}.jsonl" for run in runs]
        read[language] = read_counts(paths, makers, mined=_kind(task) == "mining")
        advance()
    counts = {metric: {language: read[language][metric] for language in ordered} for metric in metrics}
    joint = generalized or _joint(task, counts[metrics[0]].values())
    mean = PAIRS if generalized else MEAN
    notes += _disagreements(task, scored, counts)
    return [
        Design(task, name, name == metrics[0], shown, mean, targets, ordered, counts[name], joint) for name in metrics
    ], notes


def _kind(task: str) -> str | None:
    return str(registry.load("task", task).task_type) if task in registry.entries("task") else None


def _metric(task: str, name: str, labels: Sequence[str]) -> Metric:
    """Return a metric with the task's labels, or with those that occur if the data has others (the lab's)."""
    known = registry.load("task", task).labels if task in registry.entries("task") else ()
    metric: Metric = registry.load("metric", name)(known if set(labels) <= set(known) else labels)
    return metric


def _disagreements(
    task: str, scored: Mapping[ScoredRun, Sequence[Scored]], counts: Mapping[str, Mapping[str, Counts]]
) -> list[str]:
    """Return a note if predictions do not give the scores in results.json: one of the two was edited."""
    found = []
    for place, (run, scores) in enumerate(scored.items()):
        for score in scores:
            if score.language in counts.get(score.metric, {}):
                read = counts[score.metric][score.language]
                value = read.metric.score(read.counts[place].sum(axis=0, dtype=np.float64))
                if abs(value - score.value) > TOLERANCE:  # false if either is NaN
                    both = f"{fmt.score(score.value)} and {fmt.score(value)}"
                    found.append(f"{run.directory}: {task} {score.language} {both}")
    if not found:
        return []
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return [f"Scores in results.json and from the predictions differ; the latter are compared. {found[0]}{more}."]


def _joint(task: str, counts: Iterable[Counts]) -> bool:
    """Return whether items of one id are translations: the task says so, or all languages have the same ids.

    If items share ids by coincidence, resampling them together changes nothing: their counts are independent.
    """
    declared = task in registry.entries("task") and bool(registry.load("task", task).parallel)
    return declared or len({frozenset(one.ids) for one in counts}) == 1


def _shared(noun: str, found: Mapping[ScoredRun, Sequence[str]], of: str) -> tuple[list[str], list[str]]:
    """Return the names that all runs have, in the order of the first, and a note on each name that some lack."""
    unique = {run: list(dict.fromkeys(names)) for run, names in found.items()}
    everything = list(dict.fromkeys(name for names in unique.values() for name in names))
    lacking = {name: [run for run, names in unique.items() if name not in names] for name in everything}
    notes = [_lacks(noun, name, of, runs) for name, runs in lacking.items() if runs]
    return [name for name in everything if not lacking[name]], notes


def _lacks(noun: str, name: str, of: str, runs: Sequence[ScoredRun]) -> str:
    others = f" and {len(runs) - 1} other(s)" if len(runs) > 1 else ""
    return f"The {noun} {name}{of} is left out: {runs[0].directory}{others} has no scores for it."
