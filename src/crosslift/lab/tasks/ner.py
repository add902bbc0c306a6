"""Named entity recognition: people, places and companies, in BIO tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.api.examples import Split, TaggingExample
from crosslift.lab.meaning import Event
from crosslift.lab.sampling import sample_event
from crosslift.lab.splits import until
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws

LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG")


class Ner(LabTask[Event]):
    """Named entity recognition, one tag per word; names are frequent."""

    task_type = "tagging"
    labels = LABELS

    def problems(self, draws: Draws, split: Split) -> Iterator[Event]:
        """Yield events of the split."""
        while True:
            yield until(split, lambda: sample_event(draws, names=0.6))

    def example(self, problem: Event, identifier: str, speakers: Speakers) -> TaggingExample:
        """Return the words and their entity tags."""
        sentence = speakers.language.say(problem)
        return TaggingExample(identifier, sentence.words, sentence.entities)
