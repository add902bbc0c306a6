"""Slot filling in commands to a voice assistant, in BIO tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.api.examples import Split, TaggingExample
from crosslift.lab.tasks.command import SLOTS, Command, commands, slot_tags
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws


class Slots(LabTask[Command]):
    """Slot filling, on the commands of the lab task intent."""

    task_type = "tagging"
    labels = ("O", *(f"{begin}-{slot}" for slot in SLOTS for begin in "BI"))

    def problems(self, draws: Draws, split: Split) -> Iterator[Command]:
        """Yield commands of the split."""
        return commands(draws, split)

    def example(self, problem: Command, identifier: str, speakers: Speakers) -> TaggingExample:
        """Return the words of the command and their slots."""
        sentence = speakers.language.say(problem.event)
        return TaggingExample(identifier, sentence.words, slot_tags(sentence))
