"""The predictions of a test set, language after language, under a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from crosslift.api.examples import Example
from crosslift.api.records import Record
from crosslift.data.test_data import TestSet
from crosslift.progress import progress


def predictions(
    test: TestSet, predict: Callable[[str, list[Example]], list[Record]], description: str
) -> Iterator[tuple[str, list[Record]]]:
    """Yield (language, records) under a progress bar."""
    with progress(f"evaluate {description}", len(test.by_language)) as advance:
        for done, (language, examples) in enumerate(test.by_language.items(), start=1):
            records = predict(language, examples)
            advance(done, {})
            yield language, records
