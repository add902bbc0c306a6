"""The test sets of a task by language: read and checked before anything is predicted, then predicted one by one."""

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

    __test__ = False  # the name is the field's; pytest need not look

    task: Task
    split: Split
    by_language: dict[str, list[Example]]
    translated_into: str | None = None
    """The language that all texts were translated into (translate-test)."""
    notes: tuple[str, ...] = ()
    """What is worth saying about the data."""
    generalized: bool = False
    """Whether every ordered pair of languages is scored too."""

    dev: dict[str, list[Example]] = field(default_factory=dict)
    """What the threshold of a mining task is chosen on, where another split is scored."""
    candidates: list[Candidate] = field(default_factory=list)
    """The pool of a ranking task, in all languages that there are, scored or not."""

    def read_in(self, language: str) -> str:
        """Return the language that a model reads the examples of `language` in."""
        return self.translated_into or language


def read_test_set(
    source: Source, task: Task, split: Split, languages: Sequence[str] | None, limit: int | None = None
) -> TestSet:
    """Read the languages asked for, or all that are there, less those that the benchmark does not score itself.

    That is the source language for some, and for others what is scored on request.

    Raises:
        LanguageError: a language the data lacks; the message names the nearest.
        DataError: no such split, a row that is not as expected, labels that cannot be labels.
    """
    there = source.languages(task, split)
    for code in languages or ():
        if there and code not in there:
            raise LanguageError(
                f"{source}: {task.name} has no {split} data in '{code}'{nearest(code, there)} "
                f"(there is: {', '.join(there)})"
            )
    own = source.source_language(task)
    usual = [code for code in there if code not in task.on_request]
    scored = usual if task.source in task.languages else [code for code in usual if code != own]
    wanted = list(languages or scored or there) or [own]
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


def _unmatched(task: Task, split: Split, by_language: Mapping[str, Sequence[Example]]) -> list[str]:
    """Return a note on the languages of a parallel task that share no item with the others."""
    if not task.parallel or len(by_language) < 2:
        return []
    matched, _ = shared_ids({code: [example.id for example in rows] for code, rows in by_language.items()})
    alone = [code for code in by_language if code not in matched]
    if not alone:
        return []
    return [
        f"{task.name} {split}: no example of {', '.join(alone)} has the id of another language's; agreement, retrieval "
        "and rank distance are without"
    ]


def _has_threshold(task: Task, split: Split) -> bool:
    return task.task_type == "mining" and split != "dev"
