"""What pairs with what: tasks, rules, metrics, languages and items that all runs share; what is left out is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from crosslift.api import registry
from crosslift.api.metric import Metric
from crosslift.comparison.records import Counts, read_counts
from crosslift.errors import InputError
from crosslift.runs.systems import Run, System

MEAN, PAIRS = "target mean", "mean of pairs"
"""What a mean is called: over target languages, or over all ordered pairs of languages."""
_EVALUATED = re.compile(r"evaluate\.\d+\.task")
TOLERANCE = 0.05
"""Points that a score may lie from the one in results.json."""


@dataclass(frozen=True)
class Design:
    """One task and metric of all systems.

    Args:
        task: its name.
        metric: its name.
        first: it is the task's first metric.
        selection: the checkpoint rule, or the rules where systems differ.
        mean: what the mean is called.
        targets: the languages, or pairs of them, that it is over.
        languages: every language scored, targets first.
        counts: by language; runs stand one system after another.
        joint: items of one id are resampled together in all languages.
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
    systems: Sequence[System], *, selection: str | None, advance: Callable[[], None]
) -> tuple[list[Design], list[str]]:
    """Return what can be compared, in the order of the baseline's recipe, and what is left out.

    Args:
        systems: the baseline first.
        selection: a checkpoint rule; None takes the weights that each run kept.
        advance: called when a language has been read.

    Raises:
        InputError: no task in common, a rule that a run lacks.
        DataError: predictions that are damaged or of other items.
    """
    runs = [run for system in systems for run in system.runs]
    setting = " in the generalized setting" if runs[0].generalized else ""
    tasks, notes = _shared("task", {run: [score.task for score in run.scores] for run in runs}, "")
    if not tasks:
        scored = "; ".join(f"{system.name}: {', '.join(_tasks(system)) or 'none'}" for system in systems[:4])
        rest = f"; and {len(systems) - 4} more systems" if len(systems) > 4 else ""
        raise InputError(f"the runs have no task in common{setting} ({scored}{rest}), so there is nothing to compare")
    found = []
    for task in sorted(tasks, key=_order(runs[0])):
        made, more = _task_designs(task, runs, selection, advance)
        found += made
        notes += more
    if not found:
        raise InputError(f"no comparison is left: {' '.join(notes)}")
    return found, notes


def languages_to_read(systems: Sequence[System]) -> int:
    """Return about how many languages `designs` will read."""
    return len({(score.task, score.language) for score in systems[0].runs[0].scores})


def _order(run: Run) -> Callable[[str], int]:
    """Return a task's place in a recipe: the one fine-tuned, those evaluated, and what it does not name."""
    evaluated = [str(value) for key, value in run.settings.items() if _EVALUATED.fullmatch(key)]
    named = [str(run.settings.get("finetune.task")), *evaluated]
    return lambda task: named.index(task) if task in named else len(named)


def _tasks(system: System) -> list[str]:
    return list(dict.fromkeys(score.task for run in system.runs for score in run.scores))


def _task_designs(
    task: str, runs: Sequence[Run], selection: str | None, advance: Callable[[], None]
) -> tuple[list[Design], list[str]]:
    rules = {run: run.rule(task, selection) for run in runs}
    languages, notes = _shared("language", {run: _scored(run, task, rules[run]) for run in runs}, f" of {task}")
    metrics, more = _shared("metric", {run: _metrics(run, task, rules[run]) for run in runs}, f" of {task}")
    notes += more
    if not languages or not metrics:
        return [], [*notes, f"{task} is left out: no {'metric' if languages else 'language'} is common to all runs."]
    shown = " and ".join(dict.fromkeys(rules.values()))
    if len(set(rules.values())) > 1:
        notes.append(f"Checkpoints of {task} were chosen by different rules ({shown}); --selection names one for all.")
    sources = {row.source for run in runs for row in run.results.summary if row.task == task and not run.generalized}
    targets = tuple(language for language in languages if language not in sources)
    ordered = (*targets, *(language for language in languages if language in sources))
    makers = {name: partial(_metric, task, name) for name in metrics}
    read = {}
    for language in ordered:
        paths = [run.predictions(task, rules[run]) / f"{language}.jsonl" for run in runs]
        read[language] = read_counts(paths, makers, mined=_kind(task) == "mining")
        advance()
    counts = {metric: {language: read[language][metric] for language in ordered} for metric in metrics}
    joint = runs[0].generalized or _joint(task, counts[metrics[0]].values())
    mean = PAIRS if runs[0].generalized else MEAN
    notes += _disagreements(task, runs, rules, counts)
    return [
        Design(task, name, name == metrics[0], shown, mean, targets, ordered, counts[name], joint) for name in metrics
    ], notes


def _kind(task: str) -> str | None:
    return str(registry.load("task", task).task_type) if task in registry.entries("task") else None


def _metric(task: str, name: str, labels: Sequence[str]) -> Metric:
    """Return a metric that knows the task's labels, or those that occur where the data has others (the lab's)."""
    known = registry.load("task", task).labels if task in registry.entries("task") else ()
    made: Metric = registry.load("metric", name)(known if set(labels) <= set(known) else labels)
    return made


def _disagreements(
    task: str, runs: Sequence[Run], rules: Mapping[Run, str], counts: Mapping[str, Mapping[str, Counts]]
) -> list[str]:
    """Return a note if predictions do not give the scores that stand beside them: one of the two was edited."""
    found = []
    for place, run in enumerate(runs):
        for score in run.scores:
            if (score.task, score.selection) == (task, rules[run]) and score.language in counts.get(score.metric, {}):
                read = counts[score.metric][score.language]
                value = read.metric.score(read.counts[place].sum(axis=0, dtype=np.float64))
                if abs(value - score.value) > TOLERANCE:  # never of NaN, which says nothing
                    found.append(f"{run.directory}: {task} {score.language} {score.value:.1f} and {value:.1f}")
    if not found:
        return []
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return [f"Scores of results.json and of the predictions differ; the latter are compared. {found[0]}{more}."]


def _joint(task: str, counts: Iterable[Counts]) -> bool:
    """Return whether items of one id are translations: the task says so, or all languages hold the same ids.

    Items that share ids by chance lose nothing by it, since their counts are then independent in every draw.
    """
    declared = task in registry.entries("task") and bool(registry.load("task", task).parallel)
    return declared or len({frozenset(one.ids) for one in counts}) == 1


def _scored(run: Run, task: str, rule: str) -> list[str]:
    return [score.language for score in run.scores if (score.task, score.selection) == (task, rule)]


def _metrics(run: Run, task: str, rule: str) -> list[str]:
    return [score.metric for score in run.scores if (score.task, score.selection) == (task, rule)]


def _shared(noun: str, found: Mapping[Run, Sequence[str]], of: str) -> tuple[list[str], list[str]]:
    """Return what all runs have, in the order of the first, and a note on each that some lack."""
    unique = {run: list(dict.fromkeys(names)) for run, names in found.items()}
    everything = list(dict.fromkeys(name for names in unique.values() for name in names))
    lacking = {name: [run for run, names in unique.items() if name not in names] for name in everything}
    notes = [_lacks(noun, name, of, runs) for name, runs in lacking.items() if runs]
    return [name for name in everything if not lacking[name]], notes


def _lacks(noun: str, name: str, of: str, runs: Sequence[Run]) -> str:
    others = f" and {len(runs) - 1} other(s)" if len(runs) > 1 else ""
    return f"The {noun} {name}{of} is left out: {runs[0].directory}{others} has no scores of it."
