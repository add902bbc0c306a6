"""Joint intent classification and slot filling of commands to a voice assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.api.examples import IntentSlotExample, Split
from crosslift.lab.tasks.command import INTENTS, SLOTS, Command, commands, slot_tags
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws


class Joint(LabTask[Command]):
    """Intent and slots, on the commands of the lab tasks intent and slots."""

    task_type = "intent_slot"
    labels = ("O", *(f"{begin}-{slot}" for slot in SLOTS for begin in "BI"), *INTENTS)

    def problems(self, draws: Draws, split: Split) -> Iterator[Command]:
        """Yield commands of the split."""
        return commands(draws, split)

    def example(self, problem: Command, identifier: str, speakers: Speakers) -> IntentSlotExample:
        """Return the words of the command, their slots, and the intent."""
        sentence = speakers.language.say(problem.event)
        return IntentSlotExample(identifier, sentence.words, slot_tags(sentence), problem.intent)
