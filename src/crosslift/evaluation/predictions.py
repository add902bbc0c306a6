"""Predictions for a test set, language by language, with a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from crosslift.api.examples import Example
from crosslift.api.records import Record
from crosslift.data.test_data import TestSet
from crosslift.progress import progress


def predictions(
    test: TestSet, predict: Callable[[str, list[Example]], list[Record]], description: str
) -> Iterator[tuple[str, list[Record]]]:
    """Yield (language, records), with a progress bar.

    Args:
        test: the test set.
        predict: returns the records of examples in a language.
        description: the task, for the progress bar.
    """
    with progress(f"evaluate {description}", len(test.by_language)) as advance:
        for done, (language, examples) in enumerate(test.by_language.items(), start=1):
            records = predict(language, examples)
            advance(done, {})
            yield language, records
