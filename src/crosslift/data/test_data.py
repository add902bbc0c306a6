"""The test set of a task by language, read and checked before anything is predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crosslift.api.examples import Candidate, Example, Split
from crosslift.api.task import Task
from crosslift.data import checks
from crosslift.data.parallel import shared_ids
from crosslift.data.sources import Source
from crosslift.errors import LanguageError, nearest


@dataclass(frozen=True)
class TestSet:
    """Examples of one task and split by language."""

    __test__ = False  # not a test class of pytest

    task: Task
    split: Split
    by_language: dict[str, list[Example]]
    translated_into: str | None = None
    """The language that all texts were translated into (translate-test)."""
    notes: tuple[str, ...] = ()
    """Warnings about the data."""
    generalized: bool = False
    """Whether every ordered pair of languages is scored too."""

    dev: dict[str, list[Example]] = field(default_factory=dict)
    """Dev examples that the threshold of a mining task is chosen on, if another split is scored."""
    candidates: list[Candidate] = field(default_factory=list)
    """The pool of a ranking task, in all its languages, scored or not."""

    def read_in(self, language: str) -> str:
        """Return the language in which a model reads the examples of `language`."""
        return self.translated_into or language


def read_test_set(
    source: Source, task: Task, split: Split, languages: Sequence[str] | None, limit: int | None = None
) -> TestSet:
    """Read the given languages, or all except those that the benchmark does not score by default.

    Some benchmarks do not score the source language, and some have languages that are scored only on request.

    Raises:
        LanguageError: the data lacks a language; the message names the nearest.
        DataError: no such split, a malformed row, or labels that are placeholders.
    """
    wanted = _languages_to_score(source, task, split, languages)
    whole = {code: source.examples(task, split, code) for code in wanted}
    by_language = {code: examples[:limit] for code, examples in whole.items()}
    for code, examples in by_language.items():
        checks.placeholder_labels(examples, where=f"{task.name} {split} in '{code}'")
    dev = {code: source.examples(task, "dev", code) for code in wanted} if _has_threshold(task, split) else {}
    for code, examples in dev.items():
        checks.placeholder_labels(examples, where=f"{task.name} dev in '{code}'")
    candidates = source.candidates(task, split) if task.task_type == "ranking" else []
    notes = () if source.generated else tuple(checks.notes(task, split, whole))
    return TestSet(
        task, split, by_language, dev=dev, candidates=candidates, notes=(*notes, *_unmatched(task, split, by_language))
    )


def _languages_to_score(source: Source, task: Task, split: Split, languages: Sequence[str] | None) -> list[str]:
    there = source.languages(task, split)
    for code in languages or ():
        if there and code not in there:
            raise LanguageError(
                f"{source}: {task.name} has no {split} data in '{code}'{nearest(code, there)} "
                f"(available: {', '.join(there)})"
            )
    source_language = source.source_language(task)
    usual = [code for code in there if code not in task.on_request]
    scored = usual if task.source in task.languages else [code for code in usual if code != source_language]
    return list(languages or scored or there) or [source_language]


def _unmatched(task: Task, split: Split, by_language: Mapping[str, Sequence[Example]]) -> list[str]:
    """Return a warning about the languages of a parallel task that share no example with the others."""
    if not task.parallel or len(by_language) < 2:
        return []
    matched, _ = shared_ids({code: [example.id for example in rows] for code, rows in by_language.items()})
    alone = [code for code in by_language if code not in matched]
    if not alone:
        return []
    return [
        f"{task.name} {split}: no example of {', '.join(alone)} has the id of an example in another language; "
        "agreement, retrieval and rank distance leave them out"
    ]


def _has_threshold(task: Task, split: Split) -> bool:
    return task.task_type == "mining" and split != "dev"
