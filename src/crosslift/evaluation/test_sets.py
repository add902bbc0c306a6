"""The test sets of a task by language: read and checked before anything is predicted, then predicted one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from crosslift.data import checks
from crosslift.data.sources import Source
from crosslift.errors import LanguageError, nearest
from crosslift.evaluation.predict import Record
from crosslift.progress import progress
from crosslift.tasks._task import Example, Split, Task


@dataclass(frozen=True)
class TestSet:
    """Examples of one task and split by language."""

    __test__ = False  # the name is the field's; pytest need not look

    task: Task
    split: Split
    by_language: dict[str, list[Example]]
    translated_into: str | None = None
    """The language that all texts were translated into (translate-test)."""
    generalized: bool = False
    """Whether every ordered pair of languages is scored too."""

    def read_in(self, language: str) -> str:
        """Return the language that a model reads the examples of `language` in."""
        return self.translated_into or language


def read_test_set(
    source: Source, task: Task, split: Split, languages: Sequence[str] | None, limit: int | None = None
) -> TestSet:
    """Read the languages asked for, or all that are there, less the source language where the benchmark skips it.

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
    scored = there if task.source in task.languages else [code for code in there if code != own]
    wanted = list(languages or scored or there) or [own]
    by_language = {code: source.examples(task, split, code)[:limit] for code in wanted}
    for code, examples in by_language.items():
        checks.placeholder_labels(examples, where=f"{task.name} {split} in '{code}'")
    return TestSet(task, split, by_language)


def predictions(
    test: TestSet, predict: Callable[[str, list[Example]], list[Record]], description: str
) -> Iterator[tuple[str, list[Record]]]:
    """Yield (language, records) under a progress bar."""
    with progress(f"evaluate {description}", len(test.by_language)) as advance:
        for done, (language, examples) in enumerate(test.by_language.items(), start=1):
            records = predict(language, examples)
            advance(done, {})
            yield language, records
