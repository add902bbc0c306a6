"""Sentence retrieval: the translation of a source-language sentence among all target sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.api.examples import RetrievalExample, Split
from crosslift.lab.meaning import Meaning
from crosslift.lab.sampling import sample
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws


class Retrieval(LabTask[Meaning]):
    """Sentence retrieval without repeated meanings, so each sentence has exactly one translation."""

    task_type = "retrieval"

    def problems(self, draws: Draws, split: Split) -> Iterator[Meaning]:
        """Yield different meanings of the split."""
        seen: set[Meaning] = set()
        while True:
            meaning = sample(draws, split=split)
            if meaning not in seen:
                seen.add(meaning)
                yield meaning

    def example(self, problem: Meaning, identifier: str, speakers: Speakers) -> RetrievalExample:
        """Return the sentence in the source language and in the language asked for."""
        source, target = speakers.source.say(problem), speakers.language.say(problem)
        return RetrievalExample(identifier, source.text, target.text)
