"""Part-of-speech tagging with universal tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.api.examples import Split, TaggingExample
from crosslift.lab.meaning import Meaning
from crosslift.lab.sampling import sample
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws

LABELS = ("ADJ", "ADP", "AUX", "DET", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "VERB")


class Pos(LabTask[Meaning]):
    """Part-of-speech tagging, one tag per word."""

    task_type = "tagging"
    labels = LABELS

    def problems(self, draws: Draws, split: Split) -> Iterator[Meaning]:
        """Yield meanings of the split."""
        while True:
            yield sample(draws, split=split)

    def example(self, problem: Meaning, identifier: str, speakers: Speakers) -> TaggingExample:
        """Return the words and their parts of speech."""
        sentence = speakers.language.say(problem)
        return TaggingExample(identifier, sentence.words, sentence.upos)
